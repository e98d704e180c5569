"""The words in which a reader states something, English and Chinese: what `statements` looks for, and nothing it does.

Patterns are for text in lower case with full-width signs made plain. Knows no message.
"""

from __future__ import annotations

import re

WIDE = {c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x2019: 0x27, 0x2018: 0x27, 0x2010: 0x2D,
                                                         0x2011: 0x2D, 0x2013: 0x2D}  # fmt: skip
SENTENCE = re.compile(r"[^.!?。\n;]*(?:\.(?=\d|\w\.)[^.!?。\n;]*|\.(?=[a-z]/)[^.!?。\n;]*)*[.!?。\n;]?")
CLAUSE = re.compile(r"(?:[^,、]|,(?=\d{3}\b))+")
QUOTED = re.compile(r"[\"“”「『][^\"“”」』]*[\"“”」』]")
TAG = re.compile(r"[,\s]*(?:right|correct|is(?:n't| it not)|yes|ok(?:ay)?|对吧|对吗|是吧|是不是|没错吧)\s*\?\s*$")
ASKS = re.compile(
    r"^(?:and |or |but |so |then |please |also |ok(?:ay)?,? )*"
    r"(?:(?:what|which|how|when|where|who|why|whose|(?:does|do|did)(?! not\b)|can|could|should|would|will|may|might|shall|if|"
    r"suppose|assuming|imagine|in case|unless|whether|say|for an?|in an?)\b"
    r"|(?:is|are|was|were) (?:it|she|he|they|there|the|this|that|these|those|an?|any|my|his|her|we|you|i|lesions?|nodules?|"
    r"patients?|pt)\b|(?:has|have|had) (?:it|she|he|they|there|the|this|that|these|any|my|his|her|we|you|i|patients?|pt)\b)"
    r"|吗|呢|是否|有没有|有无|怎么|怎样|如何|什么|多大|多少|哪|几个?月|如果|假如|假设|要是|若是?|会不会|能不能|可否|是不是"
)
ORDERS = re.compile(
    r"^(?:and |then |please |now |can you |could you |also |just |let'?s |ok(?:ay)?,? |so )*"
    r"(?:find|search|look|show|segment|outline|contour|delineate|measure|re-?\w+e|classify|rate|compare|assess|apply|"
    r"tell|give|get|cite|quote|write|draft|generate|make|create|export|send|save|screen|check|rule|exclude|explain|"
    r"report|summari[sz]e|go|zoom|switch|display|list|recall|use|run|add (?!that|:)|put|change|update|highlight|mark|"
    r"need|want|i need|i want|i'd like|we need)\b"
    r"|^(?:请|帮我?|再|然后|并|先|把|给我?|麻烦)*(?:分割|勾画|测|量|查|找|搜|写|出|生成|导出|发|显示|看|比较|对比|评估|分类|"
    r"告诉|列出|总结|更新|重新|检索|引用|打开|切换|按照?|根据)"
)
RULES = re.compile(r"\b(?:guidelines?|criteria|fleischner|lung-?rads|recist|bts|according to|textbook)\b|指南|标准", re.ASCII)
"""What speaks of a rule speaks of no patient."""
THEN_STATES = re.compile(r"\band (?=(?:she|he|(?:the )?patient|pt|this is|it is|it's)\b)")
UNSURE = (
    r"suspect|suspicio|possib|probab|likely|maybe|perhaps|might|could|rule|r/o|exclude|concern|worr|query|screen|"
    r"risk of|risk for|cancer risk|fear|unsure|unknown|not sure|don't know|do not know|unclear|differential|\bvs\b|"
    r"怀疑|可疑|可能|疑似|排除|考虑|担心|筛查|风险|不清楚|不确定|不知道|待查|待排|鉴别"
)
KIN = (
    r"family|mother|father|mom|mum|dad|sister|brother|aunt|uncle|grand|parent|relative|sibling|cousin|wife|husband|"
    r"\bson\b|daughter|家族|父|母|爸|妈|兄|弟|姐|妹|爷|奶奶|外公|外婆|姑|舅|叔|亲属|丈夫|妻子|儿子|女儿"
)
OTHERS = (
    r"mother|father|mom|mum|dad|sister|brother|aunt|uncle|grand\w+|parents?|relative|sibling|cousin|wife|husband|\bson\b|"
    r"daughter|母|父|爸|妈|兄|弟|姐|妹|爷|奶奶|外公|外婆|姑|舅|叔|亲属|丈夫|妻子|儿子|女儿"
)
"""People other than the patient: what follows is said of them."""
CANCER = (
    r"(?:cancers?|carcinomas?|adenocarcinomas?|malignanc(?:y|ies)|lymphomas?|leuk(?:a)?emia|melanomas?|sarcomas?|"
    r"myeloma|metasta\w+|\bmets\b|malignant (?:neoplasm|tumou?r|disease)|oncolog\w+ history|onc history|"
    r"\b(?:nsclc|sclc|rcc|hcc|crc)\b|"
    r"\b(?:prostate|breast|colon|colorectal|rectal|bladder|thyroid|lung|renal|kidney|ovarian|gastric|cervical|endometrial|pancreatic|o?esophageal) ca\b)"
)
CANCER_ZH = r"(?:癌|恶性肿瘤|肿瘤|淋巴瘤|白血病|黑色素瘤|肉瘤|骨髓瘤)"
NO_CANCER = re.compile(
    rf"\b(?:no|without|denies|negative for|never had|nil|not any|hasn't had|has not had|has no|had no|zero)\b"
    rf"(?: (?:any|a|an|known|prior|previous|personal|past|other|primary|active|history of|hx of|h/o|history|of))*"
    rf" {CANCER}"
    rf"|\b(?:cancer|malignancy|oncologic)(?: history)?(?: is)?\s*(?::|=|-)?\s*(?:none|negative|no|nil)\b|^(?:not )?(?:a )?no cancers?\b"
    rf"|(?:无|没有|否认|没得过|未患过?|从未得过|没患过)(?:任何|已知|明确|既往|原发|的|其他|有)*"
    rf"(?:恶性肿瘤|肿瘤|癌症|癌)(?:疾?病史|史|病)?$"
)
HAD_CANCER = re.compile(
    rf"(?:\b(?:had|has|have|with|history of|hx of|h/o|hx|known|prior|previous|prev|past|s/p|status post|treated for|"
    rf"treatment for|diagnosed with|remission from|resected|operated for|pmhx?|suffers from|developed|after|post|for)\b"
    rf"[^.]{{0,60}}?{CANCER}|{CANCER}[^.]{{0,20}}\b(?:patient|survivor|history|in (?:19|20)\d\d|(?:19|20)\d\d|"
    rf"\d+ years? ago|resect|treated|diagnosed)|^(?:an? |yes |yeah )?[a-z]+ (?:cancer|carcinoma|ca)$|^{CANCER}$)"
)
HAD_CANCER_ZH = re.compile(
    rf"(?:有|曾患|患有|患过|得过|查出|检出|患上|既往|确诊|诊断|因|已知|(?:19|20)\d\d年|年前)[^,。]{{0,16}}{CANCER_ZH}"
    rf"|{CANCER_ZH}[^,。]{{0,4}}(?:病史|史|术后|切除|切了|治疗|患者|病人|化疗|放疗|幸存|缓解|没复发)|^[乳肺肝胃肾肠结直前列腺甲状胰宫颈食管膀胱卵巢]+癌$"
)
NO = r"\b(?:no|not|neither|without|denies|never|nor|non|isn't|is not|wasn't|negative for)\b|无|没有|否认|非|不|未"
LISTED_NO = re.compile(r"^(?:(no|denies|without|negative for)\b|(无|没有|否认|未见?|未患))")
"""A negation at the head of a list: "no cancer, emphysema or fibrosis", "无肿瘤、免疫抑制"."""
OWN_WORD = re.compile(r"^(?:and |but |或者?)*(?:no|not|never|denies|without|has|had|have|is|was|on|with|known|she|he|it|\d)\b|^\W*\d|^(?:无|没|否认|不|未|有|是|曾|已|患)")
LOBES = {
    "right upper lobe": r"\brul\b|right upper lobe|右肺?上叶|右上肺叶?",
    "right middle lobe": r"\brml\b|(?:right )?middle lobe|右肺?中叶|右中肺叶?",
    "right lower lobe": r"\brll\b|right lower lobe|右肺?下叶|右下肺叶?",
    "left upper lobe": r"\blul\b|left upper lobe|左肺?上叶|左上肺叶?",
    "left lower lobe": r"\blll\b|left lower lobe|左肺?下叶|左下肺叶?",
    "lingula": r"\blingula\b|舌段|舌叶",
}
MODALITIES = {"CT": r"\bct\b", "MR": r"\bmri?\b|磁共振|核磁", "DX": r"x-?ray|radiograph|chest film|平片|胸片|x线|x光",
               "PT": r"\bpet\b", "US": r"ultrasound|超声"}  # fmt: skip
BODY = {"CHEST": r"chest|thora|lungs?\b|胸", "ABDOMEN": r"abdom|liver|腹", "HEAD": r"head|brain|头|颅|脑",
         "PELVIS": r"pelvi|盆", "NECK": r"\bneck\b|颈"}  # fmt: skip
THIS_IS = re.compile(r"\b(?:this|it|image|scan|file|volume)(?:'s| is| was| are)\s+(?:an? |the |from )?|这(?:是|个是|张是)|这份是")
# Field, value, what says so. Each pattern is read inside one clause; the first that fits a field wins.
PLAIN: tuple[tuple[str, str | bool, str], ...] = (
    ("setting", "screening", r"screening|筛查"),
    ("setting", "incidental", r"incidental|by chance|偶然|偶发|意外发现|无意中"),
    ("setting", "oncology", r"(?<!for )(?<!to )(?<!with )\boncolog(?:y|ic)(?! history)(?! (?:\w+ )?(?:keeps?|is|are|was|has|ask\w*|wants?|needs?|team|call\w*|rang|rings?|people|nurse|says?|said|meeting|conference|board|mdt|letter|report))|\b(?:re)?staging\b|cancer follow|肿瘤(?:患者)?(?:随访|复查)|分期"),
    ("setting", "follow-up", r"follow[- ]?up (?:(?:ct|scan|study|exam)(?! (?:in|at|after) \d)|of (?:a |the )?known)|surveillance|known nodule|"
                             r"已知结节|结节(?:的)?(?:随访|复查)|^(?:at |on )?follow[- ]?up$|^(?:结节)?(?:随访|复查)$"),
    ("sex", "female", r"\b(?:woman|female|lady|girl)\b|\b\d{2,3}(?: ?yo? ?)?f\b(?!\s*(?:follow|ct\b|scan|interval))|\bf ?\d{2}\b|女(?!儿)"),
    ("sex", "male", r"\b(?:man|male|gentleman|boy)\b|\b\d{2,3}(?: ?yo? ?)?m\b(?!\s*(?:follow|ct\b|scan|interval|later|ago|prior))|\bm ?\d{2}\b|男"),
    ("smoking", "never", r"never[- ]?(?:a )?smok|non-?smok|no (?:history of )?smoking|never smoked|no tobacco|has never smoked|"
                         r"从不(?:吸|抽)烟|从未(?:吸|抽)烟|不(?:吸|抽)烟|无(?:吸|抽)烟史?|没有(?:吸|抽)(?:过)?烟|没(?:吸|抽)过烟|否认吸烟"),
    ("smoking", "former", r"\b(?:ex|former|previous|past|prior)[- ]?smok|\bquit\b|stopped smoking|no longer smok|used to smoke|gave up smoking|"
                          r"戒烟|曾(?:经)?(?:吸|抽)烟|既往(?:吸|抽)烟|以前(?:吸|抽)烟"),
    ("smoking", "current", r"(?:current|active|heavy|still|ongoing|chain|daily)[- ](?:a )?smok|\bsmokes\b|\bsmoker\b|"
                           r"(?:目前|现在|仍|还在|正在|长期)(?:吸|抽)烟|(?:吸|抽)烟者|烟民"),
    ("risk", "high", r"high[- ]risk(?! (?:nodule|lesion|feature|finding|plaque))|risk(?: is|:|=)? ?high|高危|高风险|风险(?:较)?高"),
    ("risk", "low", r"low[- ]risk(?! (?:nodule|lesion|feature|finding))|risk(?: is|:|=)? ?low|低危|低风险|风险(?:较)?低"),
    ("nodule_type", "part-solid", r"part(?:ly|ial|ially)?[- ]?solid|semi-?solid|mixed ground[- ]?glass|部分实性|混合(?:性|密度)?磨玻璃"),
    ("nodule_type", "ground-glass", r"ground[- ]?glass|\bggo\b|\bggn\b|non-?solid|磨玻璃|毛玻璃"),
    ("nodule_type", "solid", r"(?<!sub)(?<!sub-)\bsolid\b(?! (?:component|part|portion|core))|(?<!亚)(?<!部分)(?<!非)实性(?!成分|部分)"),
    ("count", "multiple", r"multiple(?! (?:myeloma|sclerosis|times|slices|scans))|several nodules|many nodules|more than one|(?:two|three|four|five) nodules|多发(?!性?骨髓瘤)|多个(?!月|小时)|好几个"),
    ("count", "single", r"\b(?:single|solitary)\b(?! (?:slice|window|scan|ct|pack|dose|lung|image|view|phase))|only one|just one|one nodule|only nodule|单发|单个|只有一个|仅一个|孤立"),
    ("perifissural", True, r"perifissural|intrapulmonary lymph node|叶间裂旁|肺内淋巴结"),
    ("emphysema", True, r"emphysema|肺气肿"),
    ("fibrosis", True, r"pulmonary fibrosis|lung fibrosis|\bipf\b|肺纤维化"),
    ("asbestos", True, r"asbestos|石棉"),
)  # fmt: skip
NEGATABLE = {"perifissural", "emphysema", "fibrosis", "asbestos"}
OF_PATIENT = {"sex", "smoking", "risk", "emphysema", "fibrosis", "asbestos"}
REACH = 80
"""Characters before a word in which a negation can still govern it."""
OF_LESION = {"nodule_type", "perifissural", "lobe", "prior_size", "solid_component"}
COMPETENT = re.compile(
    r"immuno-?competent|immune[- ]competent|not? (?:\w+ )?immuno-?(?:suppress|compromis)|immun\w* (?:system |status )?"
    r"(?:is )?(?:fine|normal|intact|ok)|免疫(?:功能|系统|状态|力)?(?:都)?(?:正常|没问题|没毛病|健全|良好)|(?:无|没有|非|不是?|未)(?:使用)?免疫(?:抑制|低下|缺陷|受损)"
)
SUPPRESSED = re.compile(
    r"immuno-?suppress|immuno-?compromis|immuno-?deficien|\b(?:on|receiving|undergoing|getting|under) (?:\w+ )?"
    r"(?:chemo\w*|immunosuppress\w*|methotrexate|tacrolimus|ciclosporin|cyclosporine|high-dose steroids|mycophenolate)|"
    r"transplant (?:recipient|patient)|\w+ transplant\b|hiv(?: |-)?(?:positive|\+)|\baids\b|"
    r"免疫抑制|免疫(?:功能)?(?:低下|缺陷|受损)|(?:正在|接受|目前)[^,。]{0,4}化疗|化疗中|移植(?:后|术后|患者)|hiv阳性|艾滋"
)
AGE = re.compile(
    r"(?<![\d.])(\d{1,3})(?: ?-? ?(?:years?|yrs?|y)(?:[- ]?old|[ /.]?o\b)|[- ]?y\.? ?/?o\.?\b|yo\b|(?:f|m)\b(?!\s*(?:follow|ct\b|scan|interval|later|ago|prior))| years of age| 岁|岁|周岁)"
    r"|(?:\b(?:aged?|age:|age is|age of)|年龄(?:是|为)?)\s*:?\s*(\d{1,3})\b(?! ?(?:mm|cm|%))"
    r"|\b(?:she|he|patient|pt)(?:'s| is| was)(?: now| about| actually| only)?\s+(\d{1,3})$"
    r"|\b(?:f|m) ?(\d{2})$",
    re.ASCII,
)
BARE_AGE = re.compile(r"^(?:she is |he is |it's |its |是|她|他|大约|约)?(\d{1,3})(?: ?(?:years?|yrs?|岁))?$")
PACK_YEARS = re.compile(r"(?<![\d.])(\d{1,4}(?:\.\d+)?)[- ]?(?:pack[- ]?(?:years?|yrs?)|pk-?yrs?|p-?y\b|包[·/ ]?年)")
PACKS = re.compile(
    r"(?:(?<![\d.])(\d{1,2}(?:\.\d{1,2})?|\ba|\bone|\btwo|\bhalf a)\s*packs?\s*(?:a|per|/)\s*day|(?:每天|每日|一天)\s*(\d{1,2}(?:\.\d{1,2})?|一|两|二|半)\s*包)"
    r"\D{0,12}?(\d{1,2})\s*(?:years?|yrs?|年)"
)
PACK_WORDS = {"a": 1.0, "one": 1.0, "two": 2.0, "half a": 0.5, "一": 1.0, "两": 2.0, "二": 2.0, "半": 0.5}
SIZE = re.compile(r"(?<![\d.])(\d{1,4}(?:\.\d{1,4})?)\s*-?(mm|cm|millimet\w+|centimet\w+|毫米|厘米)")
SOLID_PART = re.compile(r"solid (?:component|part|portion|core)|实性(?:成分|部分)")
BARE_SIZE = re.compile(r"^(?:it is |it's |about |约|大约|是)?[\d.]+\s*-?(?:mm|cm|millimet\w+|centimet\w+|毫米|厘米)$")
BEFORE = re.compile(
    r"(?:outside|prior|previous|old|earlier|last|referring|external)\b(?:[^.]|\.\d){0,25}(?:report|ct|scan|study|exam|film|imaging|hospital)|"
    r"\b(?:was|measured|used to be|were)\b(?:[^.]|\.\d){0,40}(?:ago|last (?:year|month|time)|in (?:19|20)\d\d|previously|before)|"
    r"(?:外院|以前|之前|上次|去年|前年|原来|既往|当时|\d{1,3} ?(?:年|个?月)前|[一两二三四五六]年前|半年前)"
)
YES = re.compile(r"^(?:yes|yeah|yep|yup|correct|right|true|affirmative|是的?|有的?|对的?|嗯)$")
NAY = re.compile(r"^(?:no|nope|none|nah|negative|not|never|false|否|没有?|无|没|不是|不)$")
NEITHER = re.compile(r"^(?:no to (?:both|all|either)|neither|none of (?:them|those|these|the above)|both no|都没有|均无|都无|都不是)$")
TRUTHS = {"known_cancer", "immunosuppressed", "perifissural"}
LESION_NAMED = re.compile(
    r"(?:lesion|nodule|mass|no\.?|number|病灶|结节|肿块)\s*#?(\d{1,2})(?! ?(?:mm|cm|毫米|厘米|\.\d))\b|#(\d{1,2})\b|"
    r"(?<![\d.])(\d{1,2})号(?:病灶|结节)",
    re.ASCII,
)
