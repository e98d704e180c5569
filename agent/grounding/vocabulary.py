"""The words that claim something about a patient, English and Chinese, and the words that are never said.

Each claim has one canonical name and one pattern a language; the patterns are joined here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping


def _pattern(words: str) -> re.Pattern[str]:
    """Compile; ASCII, so that an English word ends where a Chinese one begins."""
    return re.compile(words, re.IGNORECASE | re.ASCII)


_PART = r"(?:lung )?(?:third|zone|part|portion|half|region|field)s?\b"
"""What a lung is cut into, beside its lobes."""

NEGATION = _pattern(
    r"\b(?:no|not|without|never|non|neither|nor|denies|negative for|free of|absence of|absent|isn't|aren't|wasn't)\b[- ]?"
    r"|无|没有|没|未见|未|不是|不|非|否认|排除"
)
NEGATION_REACH = 22
"""Characters before a term in which a negation still governs it."""

SIDES: Mapping[str, re.Pattern[str]] = {
    "right": _pattern(r"\b(?:Rt|R)\.?(?= (?:lung|side|upper|middle|lower|hemithorax|chest)\b)|\bright(?:[- ]sided)?\b(?! (?:now|away|reading))|\bR[UML]L\b|右(?!键|侧面板)|双侧|两侧|\bbilateral"),
    "left": _pattern(r"\b(?:Lt|L)\.?(?= (?:lung|side|upper|lower|hemithorax|chest)\b)|\bleft(?:[- ]sided)?\b(?! (?:out|open|blank|empty|as it|over|alone|to))|\bL[UL]L\b|左(?!键|右)|双侧|两侧|\bbilateral"),
}
"""Sides of the patient; a bilateral finding is on both."""
NOT_A_SIDE = _pattern(r"\b(?:that'?s|all|you'?re|is that|quite) right\b|\bright[- ]angle[ds]?\b|\bleft or right\b|\bright or left\b|左右|左还是右|右还是左")

PLACES: Mapping[str, re.Pattern[str]] = {
    "upper": _pattern(
        rf"\b(?:upper(?:most)?|top|superior|cranial)[- ]{_PART}|上(?:三分之一|1/3|肺?野|部(?!分)|段)|\bapical\b|\bapex\b|\bapices\b|肺尖|顶部"
    ),
    "middle": _pattern(rf"\b(?:middle|mid|central)[- ]{_PART}|\bmid-?lung\b|中(?:三分之一|1/3|肺?野|部(?!分))"),
    "lower": _pattern(
        rf"\b(?:lower(?:most)?|basal|bottom|inferior|caudal|basilar)[- ]{_PART}|下(?:三分之一|1/3|肺?野|部(?!分)|段)|\bbasal\b|\bbasilar\b"
        r"|\b(?:lung )bases?\b|\bbases?\b of the lung|肺底|底部"
    ),
    "right upper lobe": _pattern(r"\bright upper lobe\b|\bRUL\b|右肺?上叶|右上肺叶?"),
    "right middle lobe": _pattern(r"\b(?:right )?middle lobe\b|\bRML\b|右?肺?中叶|右中肺叶?"),
    "right lower lobe": _pattern(r"\bright lower lobe\b|\bRLL\b|右肺?下叶|右下肺叶?"),
    "left upper lobe": _pattern(r"\bleft upper lobe\b|\bLUL\b|左肺?上叶|左上肺叶?"),
    "left lower lobe": _pattern(r"\bleft lower lobe\b|\bLLL\b|左肺?下叶|左下肺叶?"),
    "lingula": _pattern(r"\blingula\w*|舌段|舌叶"),
    "upper lobe": _pattern(r"(?<!right )(?<!left )\bupper lobes?\b|(?<![左右])(?<![左右]肺)上叶"),
    "lower lobe": _pattern(r"(?<!right )(?<!left )\blower lobes?\b|(?<![左右])(?<![左右]肺)下叶"),
    "hilar": _pattern(r"\bhil(?:um|ar|a)\b|肺门"),
    "pleural": _pattern(r"\b(?:sub|juxta)pleural\b|胸膜下"),
}

QUALIFIERS: Mapping[str, re.Pattern[str]] = {
    "spiculated": _pattern(r"\bspiculat\w*|毛刺"),
    "lobulated": _pattern(r"\blobulat\w*|分叶"),
    "calcified": _pattern(r"\bcalcif\w*|钙化"),
    "cavitary": _pattern(r"\bcavit\w*|空洞"),
    "part-solid": _pattern(r"\bpart(?:ly|ially|ial)?[- ]?solid\b|\bsemi-?solid\b|部分实性|混合(?:性|密度)?磨玻璃"),
    "ground-glass": _pattern(r"\bground[- ]?glass\b|\bGG[NO]\b|\bnon-?solid\b|(?<!混合)(?<!混合性)(?<!混合密度)磨玻璃|毛玻璃"),
    "subsolid": _pattern(r"\bsub-?solid\b|亚实性"),
    "solid": _pattern(r"(?<!sub)(?<!sub-)(?<!part)(?<!part-)(?<!part )(?<!partly )(?<!non-)(?<!non)(?<!semi)\bsolid\b|(?<!部分)(?<!亚)(?<!非)实性"),
    "necrotic": _pattern(r"\bnecro\w+|坏死"),
    "enhancing": _pattern(r"\benhanc(?:ing|ement)\b|强化"),
    "fatty": _pattern(r"\bfat(?:ty)?[- ]contain\w*|\bfatty\b|含脂肪|脂肪密度"),
    "smooth": _pattern(r"\bsmooth\w*|边缘光滑|光整"),
    "irregular": _pattern(r"\birregular\w*|不规则"),
    "ill-defined": _pattern(r"\bill[- ]defined\b|边界不清"),
    "well-defined": _pattern(r"\bwell[- ](?:defined|circumscribed)\b|边界清"),
    "perifissural": _pattern(r"\bperifissural\b|叶间裂旁|intrapulmonary lymph node|肺内淋巴结"),
    "of low or high density": _pattern(
        r"\b(?:low|high)[- ](?:density|attenuation)\b(?! (?:threshold|is|of|was))|\b(?:hypo|hyper|iso)(?:dense|attenuating)\b|[低高等]密度(?!值)"
    ),
    "single": _pattern(
        r"\bsolitary\b|\bsingle\b(?! (?:axial |ct |transverse )?(?:click|point|slice|picture|image|scan|outline|measurement|step|plane|section|line|number|value))|单发|孤立"
    ),
    "multiple": _pattern(r"\bmultiple\b|多发"),
    "immunosuppressed": _pattern(r"\bimmuno-?(?:suppress|compromis|deficien)\w*|免疫(?:抑制|低下|缺陷)"),
    "immunocompetent": _pattern(r"\bimmuno-?competent\b|免疫(?:功能)?正常"),
    "high risk": _pattern(r"\bhigh(?:er)?[- ]risk\b|\brisk(?: is|:)? high\b|高危|高风险|风险[::]?高"),
    "low risk": _pattern(r"\blow(?:er)?[- ]risk\b|\brisk(?: is|:)? low\b|低危|低风险|风险[::]?低"),
    "smoker": _pattern(r"\bsmok(?:er|es|ing|ed)\b|吸烟"),
    "former smoker": _pattern(
        r"\b(?:ex|former|past|prior|previous)(?:ly)?(?: or current)?[- ]smok\w*|\b(?:quit|stopped|gave up) smoking\b|戒烟|(?:曾|既往|过去)吸烟(?!史)"
    ),
    "current smoker": _pattern(
        r"\b(?:current|active|ongoing|present)(?:ly)?(?: or (?:former|past|ex))?[- ]smok\w*|\bstill smok\w*|(?:目前|现在?|仍在?|正在)吸烟"
    ),
    "screening": _pattern(r"\bscreening\b|筛查"),
    "incidental": _pattern(r"\bincidental\w*|偶发|偶然发现"),
}

INPUT_VALUES: Mapping[str, Mapping[str, str]] = {
    "risk": {"high risk": "high", "low risk": "low"},
    "count": {"single": "single", "multiple": "multiple"},
    "type": {"solid": "solid", "part-solid": "part-solid", "ground-glass": "ground-glass"},
    "setting": {"screening": "screening", "incidental": "incidental"},
}
"""Qualifiers that are the values of a criterion's input, by input."""

SCOPES: Mapping[str, re.Pattern[str]] = {
    "screening": _pattern(
        r"\bfor (?:use in )?(?:lung[- ]cancer )?screening\b|(?:仅|只|专)?(?:限于?|用于|适用于|针对|面向|供)(?:肺癌)?筛查"
    ),
}
"""How a guideline's own scope is told, which is no word about this patient."""
SMOKED = _pattern(r"\bsmoking history\b|\bhistory of smoking\b|\bpack[- ]?years of smoking\b|吸烟史")

TRUE_OR_NOT: Mapping[str, str] = {"immunosuppressed": "immunosuppressed", "perifissural": "perifissural"}
"""Qualifiers that are a criterion's input by themselves, true or not."""

FINDINGS: Mapping[str, re.Pattern[str]] = {
    "effusion": _pattern(r"\beffusions?\b|积液"),
    "pneumothorax": _pattern(r"\bpneumothora\w+|气胸"),
    "consolidation": _pattern(r"\bconsolidat\w+|实变"),
    "atelectasis": _pattern(r"\batelecta\w+|肺不张"),
    "emphysema": _pattern(r"\bemphysema\w*|肺气肿"),
    "fibrosis": _pattern(r"\bfibro(?:sis|tic)\b|纤维化"),
    "fracture": _pattern(r"\bfractur\w+|骨折"),
    "lymph nodes": _pattern(r"\blymphadenopath\w+|\benlarged (?:lymph )?nodes?|淋巴结肿大"),
    "lymph node": _pattern(r"\blymph nodes?\b|淋巴结"),
    "cardiomegaly": _pattern(r"\bcardiomegal\w+|心影增大|心脏增大"),
    "oedema": _pattern(r"\bo?edema\b|水肿"),
    "embolism": _pattern(r"\bembol\w+|栓塞"),
    "cyst": _pattern(r"\bcysts?\b|囊肿"),
    "pneumonia": _pattern(r"\bpneumonia\b|肺炎"),
    "infection": _pattern(r"\binfect\w+|感染"),
    "tuberculosis": _pattern(r"\btubercul\w+|结核"),
    "abscess": _pattern(r"\babscess\w*|脓肿"),
    "aneurysm": _pattern(r"\baneurysm\w*|动脉瘤"),
    "haemorrhage": _pattern(r"\bh(?:a)?emorrhag\w+|出血"),
    "granuloma": _pattern(r"\bgranulom\w+|肉芽肿"),
    "hamartoma": _pattern(r"\bhamartom\w+|错构瘤"),
    "bronchiectasis": _pattern(r"\bbronchiecta\w+|支气管扩张"),
    "metastasis": _pattern(r"\bmetasta\w+|转移"),
    "cancer": _pattern(
        r"\b(?:cancers?|carcinomas?|adenocarcinomas?|malignan\w+|lymphomas?|melanomas?|sarcomas?|neoplas\w+|tumou?rs?)\b"
        r"|癌|恶性|淋巴瘤|黑色素瘤|肉瘤|肿瘤(?!科)"
    ),
    "benign": _pattern(r"\bbenign\w*|良性"),
    "family history": _pattern(r"\bfamily history\b|家族史"),
    "asbestos": _pattern(r"\basbestos\b|石棉"),
}

_OF_ONE = r"(?! (?:of (?:its|the|both) (?:two )?)?(?:diameters?|ax[ei]s|dimensions?)\b)"
"""Behind a comparative: what follows compares two lengths of one lesion, not two times."""
_SINCE = r"(?:before|last time|previously|earlier|the (?:prior|last|previous|former)|in the past|formerly|it was)"

COMPARISONS: Mapping[str, re.Pattern[str]] = {
    "larger": _pattern(
        rf"\b(?:larger|bigger|bulkier|grown|grew|growing|growth|increas\w+|enlarg(?:ed|ing|ement)|progress\w*|swollen|swelled|"
        rf"doubles|triples|expanded(?! outline))\b{_OF_ONE}|\b(?:wider|thicker|longer) than {_SINCE}|\bgain(?:ed|ing)? (?:in )?(?:size|volume|bulk|\d)|"
        r"\b(?:up|risen|rise|rose) in (?:size|volume|diameter)\b|\b(?:rose|rises|risen|climbed|(?:went|gone|going) up)\b(?= (?:by|from|over)\b)|\b(?:twice|double|triple|\w+ times) (?:its|the|as) "
        r"|\b(?:has |have |having )?(?:doubled|tripled|trebled)\b|\b(?:two|three|four)fold\b"
        r"|\b(?:rises?|rose|climb(?:s|ed)?|jump(?:s|ed)?|balloon(?:s|ed)?|swells?|progressed) to\b"
    r"|增大|变大|增长|进展|长大|增加|增至|升至|升到|增幅|扩大|翻(?:倍|番)|[两二三四五六\d]倍(?!增)|比(?:上次|以前|之前|前|原来)[^,。]{0,4}大|较前(?:略|稍|明显|有所)?大|大了"
    ),
    "smaller": _pattern(
        rf"\b(?:smaller|shr[aiu]nk\w*|decreas\w+|regress\w*|reduc\w+|diminish\w*|contracted|halve[ds])\b{_OF_ONE}|\bless bulky\b"
        rf"|\b(?:narrower|thinner|shorter) than {_SINCE}|\b(?:lost|losing|loss) (?:in|of) (?:size|volume|bulk)\b"
        r"|\b(?:down|fallen) in (?:size|volume|diameter)\b|\b(?:fell|falls|fallen|dropped|declined|(?:went|gone) down)\b(?= (?:by|from)\b)|\bhalf (?:its|the) (?:former|previous|earlier|size)\b"
        r"|\b(?:falls?|fell|drop(?:s|ped)?|declin(?:es|ed)|reced(?:es|ed)|dwindl(?:es|ed)|dips?|dipped) to\b"
    r"|缩小|变小|降至|降到|降幅|减小|减少|减至|缩至|回缩|减半|比(?:上次|以前|之前|前|原来)[^,。]{0,4}小|较前(?:略|稍|明显|有所)?小|小了"
    ),
    "unchanged": _pattern(
        r"\b(?:unchanged|stable|stability|no (?:\w+ ){0,2}change|much the same|not (?:changed|grown|moved|budged)|same size|steady)\b|\bwithout (?:any )?(?:significant )?change\b"
        rf"|\b(?:the )?same (?:size )?as {_SINCE}|\bidentical (?:to|with) (?:the )?(?:prior|last|previous|before)|\bas (?:large|big|small|wide) as {_SINCE}"
        rf"|\bconstant (?:in )?(?:size|volume)\b|\bno different (?:from|to|than) {_SINCE}|\bremain(?:s|ed) (?:as it was|the same|constant)\b"
        r"|\bpersist(?:s|ed|ing|ence|ent)\b|\b(?:remain|stay|hold)(?:s|ed|ing)? (?:at|around)\b"
        r"|稳定|无(?:明显|显著)?变化|未(?:见)?(?:明显|显著)?(?:变化|变)|没有(?:明显)?变化|不变|变化不大|相仿|同前|如前|一样大"
    ),
    "new": _pattern(
        r"\bnew(?:ly)?\b(?! (?:measurement|outline|size|value|case|scan|report|one|mask|segmentation))"
        rf"|\bnot (?:seen|visible|present|there) (?:on |at )?{_SINCE}|\bfirst seen now\b|\b(?:has |have |having )?appeared since\b"
        rf"|\babsent (?:on |at )?{_SINCE}|新发|新出现|新增|(?:此前|之前|以前|上次|既往)(?:未见|没有|无)|首次出现"
    ),
    "resolved": _pattern(
        r"\bresol(?:ved|ution)\b|\bdisappear\w*|\bvanish\w*|\bno longer (?:seen|visible|present|there)\b|消失|吸收|不再可见"
    ),
    "doubling time": _pattern(r"\bdoubling time\b|倍增时间"),
}

DENIES = _pattern(
    r"\b(?:(?:does|do|did|is|are|was|were|has|have) not|(?:does|do|did|is|are|was|were|has|have)n't)\s+(?:really |actually |quite )?"
    r"(?:lie|lies|sit|sits|in|at|on|within|located|found|measure|reach|extend|have|called|call|long|wide|large|\d)"
    r"|(?:并)?(?:不|未|没有?|非)(?:位于|处于|在(?=[左右上中下])|测得|达到?(?=\s*\d)|是(?=\s*[\d左右上中下])|称)|(?:[长短直平均]径|体积|大小|CT值|密度)[^,。;\d]{0,3}(?:不是|并非|没有(?!变)|不为)"
)
"""A place or a size that is told not to be."""

NEVER_STATED = _pattern(
    r"\b(?:you|the (?:reader|clinician|user)) (?:did not|didn't|have not|haven't|never|do not|don't) (?:\w+ )?(?:call|called|state|stated|say|said|describe|described|mention|mentioned)\b"
    r"|您(?:并)?(?:没有|没|未|不曾|从未)(?:曾|有)?(?:称|说|陈述|提到|描述)"
)
"""That the reader did not state what is cited as stated."""

PAST = _pattern(
    r"\b(?:(?:was|were|had)\b(?! not)|before|previous\w*|earlier|prior|former\w*|first|until|history|superseded|replac\w+|old|used to|"
    r"instead of|changed from|withdrawn?|no longer|withdr\w+)\b|之前|上次|原来|先前|原为|此前|曾|旧|撤回|取代|历史|不再"
)
"""A clause about what was may cite what is no longer current."""

LOOKED_AT = _pattern(
    r"\b(?:was|were|is|are|been) (?:fully |also )?(?:assessed|searched|examined|evaluated|checked|reviewed)\b|(?<!未)(?<!没有)(?:已|均已|已经)(?:评估|检查|评价|搜索)"
)
"""That something was looked at: only a search says so."""

LIMITS = _pattern(
    r"\bnot (?:been )?(?:assessed|searched|examined|evaluated|determined|established|applied|looked (?:at|for)|covered|"
    r"measured|stated|known|checked|re-?measured)\b|\b(?:did|do|does|can|could|cannot|can't|don't|doesn't|didn't|am not|is not)\s*"
    r"(?:not )?(?:able to |made to )?(?:assess|search|look|examine|evaluate|determine|tell|say|judge|answer|apply|detect|name|"
    r"call|rule|diagnos\w*|give|decide|do)\b|\bunable to\b|\bnot made for\b|\bout of scope\b|\boutside\b|\bnot apply\b"
    r"|未(?:经)?(?:评估|检查|评价|搜索|确定|说明|提供|测量|陈述)|无法|不能|不会|不做|不适用|没有(?:评估|检查|确定)|不提供|超出|并非"
)
"""A clause about what was not looked at, or cannot be said, may name what it is."""

VAGUE = _pattern(
    r"\b(?:several|(?:a )?few|some|many|a couple of|couple of|dozens? of|multiple)\s+(?:mm|cm|millimet(?:er|re)s?|centimet(?:er|re)s?)\b"
    r"|\b(?:within|in|over|after|for) (?:a|the) (?:single )?(?:day|week|month|year)\b"
    r"|\b(?:twice|thrice|double|triple|half)(?= (?:its|the|as)\b)|[两二三四五六七八九十\d]倍(?!增)"
    r"|(?:好几|几|数|多)个?(?:毫米|厘米|公分)|[一二两三四五六七八九十半\d]\s*(?:寸|英寸|尺(?!寸|度))"
    r"|\b(?:last|past|previous) (?:week|month|year|spring|summer|autumn|fall|winter)\b|\byesterday\b"
    r"|\b(?:last|this|since|early|mid|late) (?:jan(?:uary)?|feb(?:ruary)?|march|april|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
    r"|上个?[周月]|去年|前年|昨[天日]|今年"
)
"""A size or a time that is told without a number: nothing that is cited can hold it, unless it says the same."""

NEVER: Mapping[str, re.Pattern[str]] = {
    "a lesion is called benign or malignant": _pattern(
        r"\b(?:is|are|looks?|appears?|seems?|likely|probably|consistent with|suspicious for|suggest\w*|compatible with|"
        r"represents?|indicat\w+|favou?rs?|concerning for|diagnos\w+ (?:of|is|as))\s+(?:(?!not\b|no\b|never\b|known\b)\w+[\s-]+){0,3}"
        r"(?:malignan\w*|benign|cancer\w*|carcinoma\w*|adenocarcinoma\w*|metasta\w*|lymphoma\w*|neoplas\w*|tumou?r)\b"
        r"|\b(?:malignan\w+|benign|cancerous) (?:lesion|nodule|mass)"
        r"|(?:考虑|提示|符合|可能(?:是|为)|疑似|倾向于?|诊断为|属于|[是为])[^。,,]{0,6}(?:癌|恶性|良性|转移|肿瘤)"
    ),
    "a probability of cancer": _pattern(
        r"(?:probability|risk|likelihood|chance|odds)\s+(?:of|for)\s+(?:\w+\s+){0,2}(?:cancer|malignan\w*)\s*(?:is|of|:|=|at)"
        r"|\d+(?:\.\d+)?\s*%\s*(?:\w+\s+){0,3}(?:cancer|malignan\w*)|恶性(?:概率|风险|可能性)(?:为|是|约|:|:)"
    ),
    "a negative read": _pattern(
        r"\bno (?:other |further |additional |suspicious |pulmonary |lung |focal |significant |evidence of )*"
        r"(?:nodules?|lesions?|mass(?:es)?|abnormalit\w+|findings?|disease|cancer on)\b(?! (?:is|was|has been|are|were) "
        r"(?:outlined|measured|open|selected|in focus|numbered)| (?:outlined|measured|selected|yet|in this case|in the record)"
        r"| (?:can|could) be)"
        r"|\b(?:unremarkable|otherwise (?:clear|normal))\b|\bno others\b|\bnothing else (?:is|was|of)\b"
        r"|\bthe (?:only|sole) (?:\w+ )?(?:nodule|lesion|mass|finding|abnormality)\b(?! (?:that (?:is|was) )?(?:outlined|measured|selected|numbered|in (?:this case|the record)))"
        r"|唯一的?(?:结节|病灶|异常)(?!已)"
        r"|\b(?:lungs?|scan|ct|chest|image|study|exam\w*) (?:is|are|looks?|appears?) (?:entirely |otherwise )?(?:clear|normal|negative)\b"
        r"|未见(?!超过|高于|候选)[^。,,]{0,8}(?:结节|病灶|肿块|异常|病变)|余肺|(?:双肺|肺部|扫描|影像)[^。,,]{0,4}(?:正常|清晰)|无(?:其他)?异常|没有(?:其他)?(?:结节|异常)"
    ),
    "a stage or response": _pattern(
        r"(?<![A-Za-z0-9-])[cpy]?T[1-4][a-d]\b|\bstage\s+(?:[IV]+[ABC]?\d?|[0-4][ABC]?)\b|\bT[1-4][abc]?N[0-3]|\b(?:complete|partial) response\b|\b(?:stable|progressive) disease\b"
        r"|[ⅠⅡⅢⅣ]期|完全缓解|部分缓解"
    ),
    "follow-up is called off": _pattern(
        r"\bno (?:further |routine |more |additional |other )*(?:follow[- ]?up|imaging|scans?|work-?up|action|treatment)\b[^.;]{0,20}"
        r"\b(?:needed|necessary|required|indicated|warranted)\b"
        r"|\bfollow[- ]?up (?:is|are) (?:not (?:needed|necessary|required|indicated|warranted)|unnecessary)\b"
        r"|\b(?:needs?|requires?|warrants?|deserves?) no (?:further |routine |more |additional |other )*(?:follow[- ]?up|imaging|scans?|work-?up|action|treatment)\b"
        r"|(?:无需|不需要|不必|无须)(?:再|进一步)?(?:随访|复查|处理|治疗)"
    ),
    "an order": _pattern(
        r"\b(?:must|needs? to|has to|have to|should)\s+(?:be|have|undergo|get)\s+(?:an? |the )?(?:biops\w*|resect\w*|surg\w*|operat\w*|chemo\w*)"
        r"|\bmust biops\w*|必须(?:活检|手术|切除|穿刺)|应(?:当)?立即(?:活检|手术|切除)"
    ),
    "a claim about the product": _pattern(
        r"\bradiologist[- ]level\b|\b(?:fda|ce)[- ](?:cleared|approved|marked)\b|\bclinically validated\b|\bcleared for clinical\b|专家级|已获批"
    ),
    "contrast": _pattern(r"\b(?:contrast[- ]enhanced|with (?:iv |intravenous )?contrast|post[- ]contrast|non-?contrast|unenhanced|without contrast)\b|增强扫描|增强CT|平扫"),
}
"""What DESIGN.md forbids whoever writes it. Contrast alone may be carried: by a scan that says so."""

NAMED_LESION = _pattern(
    r"\b(?:lesions?|nodules?|mass(?:es)?|candidates?|targets?)\s+(?:\(?(?:no\.?\s*|number(?:ed)?\s*|#))?"
    r"(\d{1,3}(?:\s*,\s*\d{1,3})*(?:\s*,?\s*(?:and|&|or|to|-)\s*\d{1,3})*)(?![\d.]|\s*(?:%|-?\s*(?:mm|cm|hu|slices?|months?|days?|years?|ml)\b|[x×]|[-–~]\s*\d+\s*(?:mm|cm|months?)))"
    r"|(?:病灶|结节|肿块|候选|靶灶)\s*(?:\(?编号)?#?\s*(\d{1,3}(?:\s*(?:,|,|和|与|、|或)\s*\d{1,3})*)(?![\d.]|\s*(?:[-–~至到]\s*\d+(?:\.\d+)?\s*)?(?:%|毫米|厘米|mm|cm|个月|岁|年|天|层))"
    r"|\b(?:lesion|nodule|mass)\b[^.;,\d]{0,12},? number(?:ed)? (\d{1,3})\b(?![\d.]|\s*(?:%|-?\s*(?:mm|cm|hu|slices?)\b))"
    r"|编号(?:为|是)\s*(\d{1,3})(?![\d.])"
    r"|(?<![\d.])(\d{1,3})\s*号(?:病灶|结节|肿块|候选)"
    r"|(?<![\w-])L(\d{1,2})(?=\s*[:,]|\s+(?:and|vs|is|has|lies|in|on|at|volume|long|short|mean|measures|size|diameter)\b)"
)
LIDC_SCALE = _pattern(r"(?:LIDC[^.。;;]{0,40}?)(?:1\s*(?:-|–|to|到|至)\s*5)(?:\s*(?:分|scale))?|\b(?:scale|rated|rating|score[ds]?)\b[^.;]{0,60}?\b(?:of|from) 1 (?:-|–|to) 5\b|\b1[- ]to[- ]5 scale\b|1\s*[-–~至到]\s*5\s*分|满分5分?|(?<=\d) of 5\b(?! (?:\w+ )?(?:lesion|nodule|slice))|\bout of (?:5|five)\b(?! (?:\w+ )?(?:lesion|nodule|slice))")
DIMENSION = re.compile(r"\b[23][- ]?D\b|\b(?:5|50|95)th\b(?=(?: and 95th)? percentile)|第\s*(?:5|50|95)\s*(?=(?:[和与及、]第?\s*95\s*)?百分位)|(?<=第5[和与及、])95(?=百分位)", re.IGNORECASE)
"""A digit that counts dimensions, or names a percentile, and measures nothing."""
