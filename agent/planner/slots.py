"""What a clause says in figures and terms: sides, lobes, thresholds, places, planes, windows, days.

Reads English and Chinese from plain text (`reading.plain`). Knows no case: what "it" means is `refer`'s matter.
"""

from __future__ import annotations

import re

_SMALL = "one two three four five six seven eight nine ten eleven twelve".split()
SMALL_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_ZH_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
NUM = rf"(?:\d{{1,3}}|{'|'.join(_SMALL)})"
ZH_NUM = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3})"

_OTHER_LUNG = re.compile(r"\b(?:other|opposite|contralateral) (?:lung|side)\b|对侧|另(?:一)?(?:侧|边|个肺)|另外一侧", re.ASCII)

LOBES = {
    "right upper lobe": r"\brul\b|right upper lobe|右肺?上叶|右上肺叶?",
    "right middle lobe": r"\brml\b|middle lobe|右肺?中叶|右中肺叶?",
    "right lower lobe": r"\brll\b|right lower lobe|右肺?下叶|右下肺叶?",
    "left upper lobe": r"\blul\b|left upper lobe|左肺?上叶|左上肺叶?",
    "left lower lobe": r"\blll\b|left lower lobe|左肺?下叶|左下肺叶?",
    "lingula": r"\blingula\w*|舌段|舌叶",
}
"""The lobes' names, and how they are typed."""

PLANES = {
    "axial": r"\b(?:axial|transverse|transaxial)\b|横断|轴位|横轴|轴状",
    "coronal": r"\b(?:coronal|frontal view)\b|冠状|\bcor(?=\b(?! lesion)|位)",
    "sagittal": r"\b(?:sagittal|side view)\b|矢状|\bsag(?=\b|位)",
}
WINDOWS = {
    "lung": r"\blung(?:s'?)? (?:windows?|wndw|wdw|settings?|view|preset)\b|\bwindow (?:to )?lung|肺窗",
    "mediastinum": r"\bmediast(?:in\w+|\.)(?: (?:windows?|settings?|view|preset))?|纵[隔膈]窗?",
    "bone": r"\bbon[ey]s?(?: (?:windows?|settings?|view|preset))?|骨窗",
    "brain": r"\bbrain (?:windows?|settings?|view|preset)|脑窗",
    "soft tissue": r"\bsoft[- ]tissues?(?: (?:windows?|settings?|view|preset))?|软组织窗?",
}
GUIDELINES = {
    "fleischner-2017": r"fleischner|弗莱施纳|费莱施纳|弗莱舍纳",
    "lung-rads-2022": r"lung[- ]?rads|\blr (?:cat\b|category|score)",
    "bts-2015": r"\bbts(?:\b|(?=\d))|british thoracic",
    "recist-1.1": r"\b(?<!i)(?<!m)recist",
    "brock": r"\bbrock\b",
    "mayo": r"\bmayo\b",
}
"""Guidelines that have a name to be called by; whether one is at hand is the toolset's to say."""

TIGHTER = re.compile(
    r"\b(?:(?<!too )tight(?:er|en|ly)?|make (?:it|that|this|\w+ \d+) more (?:small|tight|narrow)|shrink|(?:threshold|cut[- ]?off)(?: a (?:bit|little|touch))? (?:up|higher)|(?:bump|turn|crank) (?:the |up the )?(?:threshold|cut[- ]?off)(?! down)|"
    r"smaller (?:mask|outline|contour|region)|(?:mask|outline|contour|it|that)(?:'s| is)? "
    r"(?:too (?:big|large|loose|wide|generous)|leak\w*|bleed\w*|spill\w*)|leak\w*|too (?:loose|generous)|over-?segment\w*|"
    r"(?:higher|raise|increase)(?: the| a)? (?:threshold|cut-?off)|higher threshold|less generous|more conservative|strict(?:er|ly)?|more stringent|narrower|closer to the (?:edge|nodule|lesion)|"
    r"exclud\w+|leave out|(?:leave|keep|take|cut) (?:the |that |this )?(?:\w+ )?\w+ out|don't include|do not include|not include|cut off the vessel|make (?:it|that|this|\w+ \d+|the (?:\w+ )?(?:mask|outline|contour|segmentation|one)) (?:a (?:bit|little|touch) )?(?:smaller|narrower)|(?:spill|leak|bleed)ing|(?:pull|bring|move|draw|take) in (?:on )?(?:the |that |its )?(?:borders?|edges?|outline|contour|boundar\w+|margins?)|(?:cut|shave|trim|peel|carve) (?:the |that |this )?(?:\w+ )?\w+ off|(?:pull|bring|move|draw|take) (?:the |that |its )?(?:borders?|edges?|outline|contour|boundar\w+|margins?|line) (?:back |further |a \w+ )?in(?:ward)?s?|cut the \w+ out|trim\w*|erode)\b"
    r"|(?:更|再)?严(?:格)?(?:一点|一些|些|点)|(?<!太)(?<!得)窄(?:一点|一些|些|点)|(?<!太)(?<!得)(?<!偏)紧(?:一点|一些|些|点|凑)?|收(?:紧|缩|小|一?点|一些|一收)|缩(?:小|一?点|一些)|(?:再)?小(?:一圈|一点)|往(?:里|内)|(?:更高|提高|调高|高一点|升高)(?:的)?阈值|阈值(?:调|提|再)?高|太(?:大|松|宽)|偏(?:大|松|宽)|内收|"
    r"(?:溢|漏|渗)(?:出|到|进)|(?:勾|画|包|圈|分割)到[^,。]{0,6}(?:里|外|上|进)|(?:轮廓|边界|边缘|范围|掩膜|勾画?得?|画得?|mask)[^,。]{0,4}(?:(?:跑|伸|延伸?|越|超)(?:到|进|出|了|过|界)|(?:太|过|偏|得|有点|有些|稍)(?:大|胖|宽|多))|排除|去掉|剔(?:除|出|掉)|抠(?:掉|出|除)|过分割|[画勾包圈描]大了|[画勾圈描](?:得)?(?:太|有点|有些|偏)?(?:肥|胖)|(?:别|不要|不)(?:把[^,。]{1,6})?包(?:进|含|括)|(?:别|不要)把[^,。]{1,8}(?:算|划|分|勾)进|(?:血管|胸壁|胸膜|肋骨|气管|膈)[^,。]{0,3}(?:别|不要|不该|不)(?:算|划|勾|画)(?:进|在)|\btoo much (?:chest wall|vessel|pleura|wall|background)\b", re.ASCII
)
LOOSER = re.compile(
    r"\b(?:(?<!too )loos(?:e|er|en|ely)|make (?:it|that|this|\w+ \d+) more (?:big|large|loose|wide)|(?:threshold|cut[- ]?off)(?: a (?:bit|little|touch))? (?:down|lower)|(?:drop|reduce|lower|decrease|turn down) (?:the |a )?(?:threshold|cut[- ]?off)|wide[rn]|make (?:it|that|this|\w+ \d+|the (?:\w+ )?(?:mask|outline|contour|segmentation|one)) (?:a (?:bit|little|touch) )?(?:bigger|larger)|"
    r"grow the (?:mask|outline)|expand|(?:bigger|larger|wider) (?:mask|outline|contour|region)|"
    r"(?:mask|outline|contour|it|that)(?:'s| is)? (?:too (?:small|tight|narrow)|miss\w*)|too tight|under-?segment\w*|"
    r"(?:lower|reduce|decrease|drop)(?: the| a)? (?:threshold|cut-?off)|lower threshold|more generous|less conservative|more lenient|less strict|"
    r"include (?:more|the (?:edge|rim|halo|margin))|(?:push|bring|move|take) (?:the |that |its )?(?:borders?|edges?|outline|contour|boundar\w+|margins?|line) (?:a \w+ )?out(?:ward)?s?|misses? (?:the|some|part)|dilate|you (?:cut off|missed|left out))\b"
    r"|(?<!太)(?<!得)(?<!偏)[松宽](?:一点|一些|些|点)|(?<!太)(?<!得)(?<!偏)松|放(?:宽|松|大)|(?:再)?大(?:一圈|一点)(?!的)|往外|扩(?:大|张|展)|外扩|(?:更低|降低|调低|低一点)(?:的)?阈值|阈值(?:调|降|再)?低|太(?:小|紧|窄)|偏(?:小|紧|窄)|"
    r"漏(?:掉|了)|包(?:括|含)(?:更多|边缘|晕)|没(?:有)?(?:包|勾|画|圈)(?:全|住|完|进)|(?:包|勾|画|圈)得?不(?:全|够)|(?:轮廓|边界|边缘|范围|掩膜|勾得|画得|mask)[^,。]{0,4}(?:太|过|偏|得|有点|有些|稍)(?:小|少|窄|瘦)|欠分割|[画勾包圈描]小了|[画勾圈描](?:得)?(?:太|有点|有些|偏)?瘦", re.ASCII
)

_THRESHOLD = re.compile(
    r"(?:threshold|cut[- ]?off|probability|level|阈值|概率)\D{0,12}?(?<![\d.])(0?\.\d+|[01](?:\.\d+)?(?!\d)|\d{1,3}(?:\.\d+)?\s*%|\d{2}(?![\d.]))"
    r"|(?<![\d.])(0?\.\d+)\s*(?:threshold|cut[- ]?off|probability|的?阈值)|(\d{1,2}(?:\.\d+)?)\s*(?:%|percent|per cent)(?!\s*(?:smaller|bigger|larger|tighter|looser|narrower|wider|less|more))"
    r"|(?:百分之\s*([一二三四五六七八九十]{1,3}|\d{1,2})|([一二三四五六七八九]|(?<!\d)[1-9])成(?!功|[员分像为]))|(?:at|with|using|to|try|用|以|到|为)\s*(0?\.\d+)(?![\d.]*\s*(?:mm|cm))", re.ASCII
)
_NUMBER = r"[-+−]?\d{1,4}(?:\.\d+)?"
_POINT = re.compile(
    rf"(?:^|(?<![\d\s,/])\s*[\s(\[(at点标在于处到::=为]|[a-z]\s+)({_NUMBER})\s*[,,/ ]\s*({_NUMBER})\s*[,,/ ]\s*({_NUMBER})(?!\s*[,,/ ]?\s*\d)(?:\s*mm)?", re.ASCII
)
_TWO_OF_THREE = re.compile(
    rf"(?:\b(?:points?|coordinates?|position)|坐标|位置|点)\s*(?:at|is|为|是|在|[::=])?\s*[(\[(]?\s*({_NUMBER})\s*[,,]\s*({_NUMBER})(?!\s*[,,/]?\s*\d)(?!\.\d)", re.ASCII
)
_TWO_MORE = rf"[,,/;\s]+({_NUMBER})[,,/;\s]+({_NUMBER})"
_BOX = re.compile(rf"({_NUMBER}){_TWO_MORE}(?:\s*(?:to|-|至|到|and|,|;)\s*|[\s,;]+)({_NUMBER}){_TWO_MORE}", re.ASCII)
_SIZE = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d+)?)\s*-?\s*(mm|cm|millimet\w+|centimet\w+|毫米|厘米|公分)(?![²³23\w])", re.ASCII)
_SLICE = re.compile(r"\b(?:slice|image|section)\s*(?:no\.?|number|#)?\s*(\d{1,4})\b|(?:第|到|看|切|跳|翻|转|回)\s*(\d{1,4})\s*(?:层|张|幅)|(?:层面|层)\s*(\d{1,4})|^(?:跳|翻|转|滚|拉)(?:到|至)\s*(\d{1,4})$|(?<![\d.第])(\d{1,4})\s*层(?!厚)", re.ASCII)
_TIME = re.compile(
    rf"(?<![\d.])(\d{{1,4}}|\b(?:{'|'.join(_SMALL)})\b|\ban?\b(?=\s*(?:week|month|year)s? (?:ago|apart|before|earlier|back)))[\s-]*(days?|weeks?|months?|years?)(?:\s*(?:ago|apart|before|earlier|back|between|interval|old(?! (?:man|woman|patient)))|\b)"
    r"|(\d{1,4}|[一二两三四五六七八九十]{1,3})\s*(天|日|周(?!期)|个月|月(?=之?前)|年)(?:前|之前|间隔)?", re.ASCII
)
OWN_LINE = re.compile(
    r"\bmy (?:own |hand-?drawn |drawn |manual )?(?:lines?|ruler|cal+iper(?:s| line)?)\b(?! (?:in|of) the report)|\b(?:use|take|keep|prefer|with|by|apply|count)\b[^.;]{0,12}\b(?:(?:my|own|the reader's)(?: \w+){0,2} (?:lines?|ax[ie]s|ruler|calipers?|measurements?|"
    r"diameters?)\b|mine\b|(?:what|the one) i drew\b)"
    r"|\b(?:along|on|from|of|my own) (?:my )?(?:own )?(?:cal+iper|ruler|drawn|measuring)(?:'s)? (?:line|track|distance)s?\b|\bthe (?:line|axis) (?:that )?i (?:drew|made|set)\b|(?:用|以|按|采用)我(?:自己)?(?:画|量|测|划|拉)?(?:的|出的)?(?:那条|这条)?(?:线|轴|径|尺|测量)|(?:以|按|用)(?:它|这条|那条)(?:线)?为准|(?:这|那)条线是我|按我(?:的|这条|那条)(?:来)?(?:算|量)|线(?:我)?(?:都|已经?)?(?:拉|画)好|我(?:自己)?(?:画|拉)了(?:一)?条(?:直)?线", re.ASCII
)
SUM = re.compile(
    r"\bsums?\b[^.;]{0,24}\b(?:targets?|diameters?|ax[ie]s|longest)\b|\bsld\b|\btargets?\b[^.;]{0,24}\b(?:sums?|add (?:them|these|it) up|total)\b|\b(?:add|total)(?: up)?\b[^.;]{0,16}\b(?:targets?|diameters?)\b|\btarget sum\b|\b(?:ax[ie]s|diameters?)\b[^.;]{0,40}\b(?:come to|amount to|add up to|make together|in total|together)\b"
    r"|(?:靶病灶|靶灶|长径|直径|径线)[^,。]{0,6}(?:总和|之和|合计|加起来|求和)", re.ASCII
)
_SUMMED = re.compile(r"\d{1,3}(?:\s*(?:,|and|&|\+|、|和|与)\s*\d{1,3})+(?=\s*(?:as (?:the |my )?(?:recist )?targets?|(?:作为?|当|是)靶病灶))|(?:targets?|lesions?|nodules?|靶病灶|靶灶|病灶)\D{0,10}?\d{1,3}(?:\s*(?:,|and|&|\+|、|和|与)\s*(?:(?:lesion|nodule|病灶)\s*)?\d{1,3})*(?!\s*(?:mm|cm|毫米))")
_HALF_YEAR = re.compile(r"\bhalf a year\b|半年", re.ASCII)
_AGO = re.compile(r"\bago\b|\bback\b|\bapart\b|\b(?:prior|previous|last|earlier|old)\b|前|间隔|相隔|相距", re.ASCII)
_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25, "天": 1.0, "日": 1.0, "周": 7.0, "月": 30.4375, "年": 365.25}
_MOST = re.compile(
    rf"\b(?:find|search for|look for) (?:me )?(?:the )?(\d{{1,6}}|{NUM}) (?:candidates?|suspects?)\b|(?:找|搜索?)(?:出|到)?\s*({ZH_NUM})\s*个候选|\b(?:top|up to|at most|maximum(?: of)?|max|first|best|no more than|(?:keep|show|list|give me) (?:only|just) (?:the )?)\s*({NUM})\b(?!\s*(?:mm|cm|%))|\b({NUM})(?: of them| candidates| nodules| lesions)? (?:at (?:the )?most|max(?:imum)?|tops|is enough|will do)\b|({ZH_NUM})\s*个(?:以内|就行|就够|足够|为限|封顶)|\b({NUM}) (?:most|best|top|likeliest)\b|(?:前|头|最好的?|最像的?|最可疑的?|最多|至多|不超过)\s*(?:找|列出?|给|保留|要)?\s*({ZH_NUM})\s*个?", re.ASCII
)
_FOLDER = re.compile(r"(?<![\w/])((?:~|\.{1,2}|[a-z]:)?[/\\][\w./\\-]{1,250})", re.ASCII)


def number(word: str) -> int | None:
    """Return the whole number that a word or figure stands for.

    >>> number("twelve"), number("十二"), number("7")
    (12, 12, 7)
    """
    word = word.strip()
    if word.isascii() and word.isdigit():
        return int(word)
    if word in _SMALL:
        return _SMALL.index(word) + 1
    if "十" in word:
        tens, _, ones = word.partition("十")
        return (_ZH_DIGITS.get(tens, 1) if tens else 1) * 10 + (_ZH_DIGITS.get(ones, 0) if ones else 0)
    return _ZH_DIGITS.get(word)


def side(text: str) -> str | None:
    """Return ``left`` or ``right`` when one of them is said."""
    right = re.search(r"\bright\b(?!\s+(?:now|away|here|there|click|answer|after))(?<!all right)|\brll\b|\brul\b|\brml\b|右", text, re.ASCII)
    left = re.search(r"\bleft\b(?!\s+(?:over|out|to do))|\blul\b|\blll\b|\blingula|左", text, re.ASCII)
    if right and left:
        sought = re.findall(r"\b(?:search|look (?:in|at|through)|check|scan|find|do|examine)\b[^.;,]{0,20}?\b(right|left)\b", text)
        return sought[-1] if len(set(sought)) == 1 else None
    if bool(right) == bool(left):
        return None
    return "right" if right else "left"


def other_lung(text: str) -> bool:
    """Return whether the other lung is meant."""
    return _OTHER_LUNG.search(text) is not None


def lobe(text: str) -> str | None:
    """Return the one lobe that is named."""
    named = [name for name, pattern in LOBES.items() if re.search(pattern, text, re.ASCII)]
    return named[0] if len(named) == 1 else None


def threshold(text: str) -> float | None:
    """Return a threshold strictly between 0 and 1.

    >>> threshold("at 40 %"), threshold("阈值0.3")
    (0.4, 0.3)
    """
    found = _THRESHOLD.search(text)
    if not found:
        return None
    raw = next(g for g in found.groups() if g).strip()
    if found[5]:
        return (number(found[5]) or 0) / 10
    if "%" in raw or found[3] or found[4]:
        whole = float(raw.rstrip("% ")) if raw[0].isdigit() else float(number(raw) or 0)
        value = whole / 100
    else:
        value = float(raw)
        value = value / 100 if value >= 2 else value
    return round(value, 4) if 0 < value < 1 else None


_THRESHOLD_SAID = re.compile(
    r"(?:threshold|cut[- ]?off|阈值|概率)\s*(?:value|level|值)?\s*(?:(?:up|down)\s+)?(?:to|of|at|is|=|:|设(?:为|成|到)|调(?:到|成|为)|改(?:为|成|到)|提高到|降(?:低)?到|为|用|是|到)?\s*([-−]?\d+(?:\.\d+)?)(?![\d.])\s*(%|percent|per cent)?"
    r"|(?<![\d.])([-−]?\d+(?:\.\d+)?)\s*(?:%|percent|per cent)|百分之\s*(\d{3,})"
    r"|(?:at|with|using|use|用|以)\s+([-−]\d*\.\d+)(?![\d.]*\s*(?:mm|cm|[,\s]\s*[-−]?\d))", re.ASCII
)


def threshold_beyond(text: str) -> bool:
    """Return whether a threshold is said that none can be: not strictly between 0 and 1.

    >>> threshold_beyond("segment at 150%"), threshold_beyond("阈值1.5"), threshold_beyond("threshold -0.2")
    (True, True, True)
    >>> threshold_beyond("threshold 40"), threshold_beyond("阈值0.4"), threshold_beyond("which threshold for lesion 1")
    (False, False, False)
    """
    for found in _THRESHOLD_SAID.finditer(text):
        said = _float(next(g for g in (found[1], found[3], found[4], found[5]) if g))
        share = said / 100 if found[2] or found[3] or found[4] or (said >= 2 and said.is_integer()) else said
        if not 0 < share < 1:
            return True
    return False


_SHARE = re.compile(r"(?<![\d.])0?\.\d{1,3}(?![\d.%]|\s*(?:mm|cm|ml|hu|毫米|厘米))", re.ASCII)


def lone_share(text: str) -> float | None:
    """Return the one number between 0 and 1 that stands without a unit: in an order to outline it is a threshold.

    >>> lone_share("use .25 for lesion 1"), lone_share("0.3 or 0.4")
    (0.25, None)
    """
    found = {float(m[0]) for m in _SHARE.finditer(text)}
    value = found.pop() if len(found) == 1 else 0.0
    return value if 0 < value < 1 else None


def change(text: str) -> str | None:
    """Return ``tighter`` or ``looser``; None when neither or both are said."""
    tighter, looser = TIGHTER.search(text) is not None, LOOSER.search(text) is not None
    if tighter == looser:
        return None
    return "tighter" if tighter else "looser"


_LEFT_OUT = re.compile(
    r"\b(?:exclud\w+|leave out|cut out|(?:leave|keep|take|cut) (?:the |that |this )?(?:\w+ )?\w+ out|(?:don't|do not|not) include|without (?:the|this|that) "
    r"(?:vessel|wall|rib|bronchus|airway)|separate (?:it|this|the \w+) from|remove (?:the |this |that )?(?:vessel|wall|rib|bronchus|airway|part|bit))\b"
    r"|排除|去掉|剔除|去除|抠掉|(?:别|不要|不)(?:把[^,。]{1,6})?包(?:进|含|括)|(?:别|不要)(?:把[^,。]{1,8})?(?:算|划|分|勾|圈|画)(?:进|在内)", re.ASCII
)
_TAKEN_IN = re.compile(
    r"\b(?:include|add|take in|cover|extend (?:it )?to|reach)\b.{0,24}\b(?:point|here|there|this (?:bit|part|spot|area|bump)|voxel|coordinates?|what i(?:'ve)? clicked|click)\b|\bmiss(?:es|ed|ing)\b|\bbelongs? to (?:it|the (?:lesion|nodule|mass))\b"
    r"|(?:把|将)[^,。]{0,8}(?:点|处|这|那)[^,。]{0,6}(?:加|包|算|划|勾)(?:进|入|上|在内)|(?:加|包|算)(?:进|入)(?:去|来)|漏(?:了|掉)", re.ASCII
)


def takes_in(text: str) -> bool:
    """Return whether a clause asks for a place to be taken into an outline.

    >>> takes_in("include the point 12, -30, -145"), takes_in("segment the point 12, -30, -145")
    (True, False)
    """
    return _TAKEN_IN.search(text) is not None


def leaves_out(text: str) -> bool:
    """Return whether a clause asks for something to be left out of an outline: a vessel, the chest wall.

    >>> leaves_out("leave the vessel out"), leaves_out("把血管排除掉")
    (True, True)
    """
    return _LEFT_OUT.search(text) is not None


def contradicts(text: str) -> bool:
    """Return whether a clause asks for tighter and looser at once."""
    return bool(
        re.search(r"\btighter\b.*\blooser\b|\blooser\b.*\btighter\b|(?<!太)紧.*(?:(?<!太)松|放宽)|(?:(?<!太)松|放宽).*(?<!太)紧", text, re.ASCII)
    )


def point(text: str) -> list[float] | None:
    """Return three coordinates in mm, when exactly three stand together; two, when a point is named with no more."""
    if box(text):
        return None
    bare = re.sub(r"\b[xyz]\s*[=:]\s*", "", text)
    found = _POINT.search(bare) or _TWO_OF_THREE.search(bare)
    return [_float(g) for g in found.groups()] if found else None


def box(text: str) -> list[float] | None:
    """Return six coordinates in mm, when six stand together."""
    found = _BOX.search(text)
    return [_float(g) for g in found.groups()] if found else None


def lengths_mm(text: str) -> list[float]:
    """Return every length in mm.

    >>> lengths_mm("a 1.2 cm nodule, 8毫米")
    [12.0, 8.0]
    """
    return [round(float(m[1]) * (10.0 if m[2][0] in "c厘公" else 1.0), 3) for m in _SIZE.finditer(text)]


def plane(text: str) -> str | None:
    """Return the plane that is named."""
    return next((name for name, pattern in PLANES.items() if re.search(pattern, text, re.ASCII)), None)


def window(text: str) -> str | None:
    """Return the window preset that is named; of several the last: "not the lung window, the bone one".

    >>> window("lung windows please"), window("肺窗不看了,调成纵隔窗")
    ('lung', 'mediastinum')
    """
    named = [(found.start(), name) for name, pattern in WINDOWS.items() for found in re.finditer(pattern, text, re.ASCII)]
    return max(named)[1] if named else None


def slice_number(text: str) -> int | None:
    """Return the slice that is named."""
    found = _SLICE.search(text)
    return int(next(g for g in found.groups() if g)) if found else None


def guideline(text: str) -> str | None:
    """Return the guideline that is named."""
    return next((name for name, pattern in GUIDELINES.items() if re.search(pattern, text, re.ASCII)), None)


def days(text: str) -> int | None:
    """Return an interval in days.

    >>> days("6 weeks apart"), days("三个月前")
    (42, 91)
    """
    half = _HALF_YEAR.search(text)
    found = _TIME.search(text)
    if half and not found:
        return round(_DAYS["year"] / 2)
    if not found:
        return None
    amount = 1 if found[1] in ("a", "an") else number(found[1] or found[3])
    unit = (found[2] or "").rstrip("s") or (found[4] or "").lstrip("个")
    return None if not amount or unit not in _DAYS else max(1, round(amount * _DAYS[unit]))


def days_between(text: str) -> int | None:
    """Return the interval in days where a text says that it lies between two scans.

    >>> days_between("prior was 120 days ago"), days_between("follow-up in 6 months")
    (120, None)
    """
    return days(text) if _AGO.search(text) else None


def own_line(text: str) -> bool:
    """Return whether the reader's own line is to count."""
    return OWN_LINE.search(text) is not None


_WHICH = re.compile(
    r"\b(?:from|of|in|the|last)\s+(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*\b|\b(?:19|20)\d\d\b|\bago\b|"
    r"\b(?:oldest|earliest|first|baseline|latest|newest|most recent|last|previous) (?:prior|scan|ct|study|exam|one)\b|"
    r"\bprior (?:scan )?(?:[a-h]|\d)\b|月(?:份)?的|年前|月前|周前|天前|最早|首次|最近一次|上一?次|既往(?:扫描)?[a-h\d]", re.ASCII
)


def which_prior(text: str) -> bool:
    """Return whether one earlier scan of several is named: by month, age, order or number."""
    return _WHICH.search(text) is not None


_PRIOR_NUMBER = re.compile(
    r"\bprior\s*(?:scan|ct|study|exam)?\s*(?:no\.?|number|#)?\s*(\d{1,2})\b(?!\s*(?:mm|cm|days?|weeks?|months?|years?|%))"
    r"|(?:既往|前片|旧片|老片)(?:扫描|检查|片|ct)?\s*(?:第|编号|#)?(\d{1,2})(?!\d|\s*(?:天|日|周|个?月|年|mm|毫米|cm|厘米))|第\s*(\d{1,2})\s*(?:个|份|张|次)?(?:既往|前片|旧片|老片|旧ct|老ct)", re.ASCII
)


def prior_number(text: str) -> int | None:
    """Return the number of the earlier scan that is named by one.

    >>> prior_number("line it up against prior 2"), prior_number("与既往1对比"), prior_number("prior 90 days ago")
    (2, 1, None)
    """
    found = _PRIOR_NUMBER.search(text)
    return int(found[1] or found[2] or found[3]) if found else None


def sum_wanted(text: str) -> bool:
    """Return whether diameters of targets are to be added up."""
    return SUM.search(text) is not None


def targets(text: str) -> list[int]:
    """Return the lesions that are named as targets.

    >>> targets("sum of target lesions 1 and 3")
    [1, 3]
    """
    found = _SUMMED.search(text)
    return list(dict.fromkeys(int(n) for n in re.findall(r"\d+", found[0]))) if found else []


def most(text: str) -> int | None:
    """Return how many are wanted at most."""
    found = _MOST.search(text)
    return number(next(g for g in found.groups() if g)) if found else None


def folder(text: str) -> str | None:
    """Return a path that is named. Takes the text as typed: paths keep their capitals."""
    found = re.search(_FOLDER.pattern, text, re.IGNORECASE | re.ASCII)
    return found[1].rstrip(".,") if found else None


def _float(said: str) -> float:
    return float(said.replace("−", "-"))
