"""Words that are nobody's name, and Chinese surnames: what `identifiers` weighs a word against. Knows nothing else."""

from __future__ import annotations

from agent.privacy.known import COMMON

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许邓韩冯曹彭曾萧肖田董潘袁蔡蒋余杜叶程魏苏吕丁沈任姚卢"
    "傅钟姜崔谭廖范汪陆金戴贾韦邱邹熊孟秦薛侯雷龙郝邵万顾武钱严覃洪赖贺龚樊莫尤毕"
)
"""Common surnames, without those that are rather a word of reports: 高 (high), 左 (left), 史 (history), 石 (stone)."""
COMPOUND_SURNAMES = ("欧阳", "司马", "上官", "诸葛", "司徒", "夏侯", "皇甫", "慕容")
NO_NAMES = (
    "结", "肺", "叶", "灶", "瘤", "癌", "性", "胸", "腔", "扩", "任何", "何时", "何处", "范围", "金属", "程度", "龙骨",
    "万能", "余下", "周围", "周期", "陈旧", "严重", "任意", "无", "的", "是", "有", "请", "由", "与", "和", "让", "把", "给",
    "月", "年", "日", "岁", "及", "未", "吸烟", "戒烟", "主任", "医", "已", "经", "曾经", "曾有", "曾患", "曾吸", "武汉", "许可",
)  # fmt: skip
"""Beginnings and parts of words that begin with a surname's character and name nobody."""

_PLAIN = frozenset(
    """
    a an the he she it they we you i his her hers its their our your my this these those who what which where when
    why how is are was were be been being am has have had do does did done can could will would shall should may might
    must and or but if then than so as at by in into of off on onto out over to up with within without about after
    again all also any both each few more most other same some such only very just not no yes per via please thanks
    thank dear hello hi kind regards sincerely best wishes yours faithfully truly colleague doctor sir madam team
    said says say told tells tell asked asks ask wrote writes write thinks think thought wants want wanted needs need
    agrees agree agreed saw sees see seen showed shows show shown measured measures noted notes note reported reports
    report reviewed reviews review read reads reading referred refers refer called calls call named names name
    age aged sex gender date birth dob mrn id nhs tel phone mobile fax email e-mail address number no hospital ward
    male female man woman boy girl lady gentleman baby child adult elderly infant former current never ex smoker
    smoked smokes smoking nonsmoker non-smoker alive dead well unwell asymptomatic symptomatic known unknown stable
    immunosuppressed immunocompetent diabetic hypertensive asthmatic pregnant healthy obese frail fit unfit incidental
    yo y year years old month months week weeks day days today yesterday tomorrow now earlier later before
    one two three four five six seven eight nine ten first second third last next previous prior new old another
    finding findings impression technique comparison indication history conclusion clinical details exam examination
    procedure recommendation recommendations summary opinion diagnosis result results background question request
    lung lungs lobe lobes lobar segment segments segmental upper middle lower left right bilateral lingula lingular
    hilum hilar hila pleura pleural effusion pericardial mediastinum mediastinal node nodes lymph nodal airway bronchus
    bronchial bronchi trachea carina fissure fissural apex apical basal base rib ribs sternum spine spinal vertebra
    vertebral thoracic lumbar cervical sacral shoulder knee hip ankle wrist elbow hand foot leg arm skull orbit
    sinuses brain cerebral cerebellar heart cardiac aorta aortic coronary artery arteries vein
    veins liver hepatic spleen kidney kidneys renal adrenal pancreas bowel colon stomach bladder prostate uterus ovary
    breast thyroid neck head chest abdomen abdominal pelvis pelvic bone bones skin muscle joint cartilage urogram
    nodule nodules lesion lesions mass masses opacity opacities cyst cysts calcification calcified granuloma emphysema
    fibrosis atelectasis consolidation pneumonia pneumothorax tumour tumor metastasis metastases metastatic malignancy
    cancer carcinoma adenocarcinoma lymphoma sarcoma melanoma benign malignant solid part-solid subsolid ground-glass
    ground glass spiculated lobulated smooth irregular round oval cavitary cavitating enlarged enlarging growing grown
    unchanged bigger smaller larger largest smallest biggest long short axis diameter volume density threshold size
    measure measurement outline contour mask slice slices image images scan scans series study studies film films
    ct mr mri pet xr cxr us ultrasound xray x-ray radiograph dicom axial coronal sagittal contrast plain enhanced
    protocol sequence sequences signal imaging angiography angio spectroscopy arthrogram safety compatible conditional
    suite list tool tools model function file folder guideline guidelines criteria category score fleischner recist
    bts lung-rads rads brock mayo screening surveillance follow follow-up followup baseline interval growth doubling
    time months biopsy resection surgery lobectomy chemotherapy radiotherapy treatment therapy staging restaging
    trauma emergency routine urgent cough dyspnoea dyspnea haemoptysis hemoptysis fever pain weight loss infection
    tb tuberculosis covid asbestos exposure family copd asthma hiv transplant pack packs risk high low moderate
    radiologist radiology physician surgeon oncologist oncology consultant registrar respiratory pulmonary pulmonologist
    thoracics surgeons colleagues patients patient pt anonymous anonymised anonymized none withheld test phantom demo
    compare find segment classify assess export open load save add change delete remove accept reject make give get
    take keep put let look check confirm help want draft shorten edit answer ok okay using use used should
    from for until till since during between among against above below near under over left-sided right-sided
    mdt panel board meeting clinic gp team department service unit ward centre center
    """.split()
)
"""Words of every day and of the trade, in small letters: none is taken for a name, whatever stands before it."""


def everyday(word: str) -> bool:
    """Return whether a word in small letters is one of the trade or of every day.

    >>> everyday("nodule"), everyday("quimby")
    (True, False)
    """
    return word in COMMON or word in _PLAIN or (word.endswith("s") and word[:-1] in _PLAIN)
