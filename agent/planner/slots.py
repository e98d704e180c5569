"""What a clause says in figures and terms: lesion numbers, sides, lobes, thresholds, places, planes, windows, days.

Reads English and Chinese from plain text (`reading.plain`). Knows no case: what "it" means is `refer`'s matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SMALL = "one two three four five six seven eight nine ten eleven twelve".split()
_ORDINAL = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_ZH_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_NOUN = r"(?:lesions?|nodules?|mass(?:es)?|tumou?rs?|candidates?|findings?|targets?|spots?|opacit(?:y|ies)|nodes?)"
_NOUN_ZH = r"(?:病灶|结节|肿块|肿物|候选|目标|淋巴结|病变|团块)"
_NUM = rf"(?:\d{{1,3}}|{'|'.join(_SMALL)})"
_ZH_NUM = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3})"
_NOT_SIZE = r"(?!\s*(?:mm|cm|%|毫米|厘米|个|\.\d|x|×|-?\s*(?:day|week|month|year)))(?![\d.]*\d)"

_NUMBERED = re.compile(
    rf"\b{_NOUN}\s*(?:no\.?|number|#|nr\.?)?\s*({_NUM}(?:\s*(?:,|and|&|to)\s*(?:{_NOUN}\s*)?{_NUM})*)\b{_NOT_SIZE}"
    rf"|\b(?:no\.|number|nr\.?|#)\s*({_NUM})\b{_NOT_SIZE}|#\s*(\d{{1,3}})|\bl(\d{{1,2}})\b(?!\s*(?:vertebra|spine))", re.ASCII
)
_NUMBERED_ZH = re.compile(
    rf"(?:第\s*)?({_ZH_NUM})\s*号(?:{_NOUN_ZH})?|{_NOUN_ZH}\s*(?:编号)?\s*({_ZH_NUM}(?:\s*[和、,与及]\s*{_ZH_NUM})*)"
    rf"(?!\s*(?:mm|cm|%|毫米|厘米|个|枚|[.\d]|时|次|年|月|天))", re.ASCII
)
_PLACE_IN_LIST = re.compile(
    rf"\b({'|'.join(_ORDINAL)}|(\d{{1,2}})(?:st|nd|rd|th))\b(?!\s*(?:time|slice|axis|report|measurement|scan|ct|third))", re.ASCII
)
_PLACE_IN_LIST_ZH = re.compile(rf"第\s*({_ZH_NUM})\s*(?:个|枚|处|颗|块|只)|第\s*({_ZH_NUM})\s*{_NOUN_ZH}", re.ASCII)
_LAST = re.compile(
    rf"\b(?:last|final|newest|latest|most recent) (?:one|{_NOUN})\b|最后(?:一)?(?:个|枚|处)|最新的?(?:一)?(?:个|{_NOUN_ZH})", re.ASCII
)
_BIGGER = re.compile(
    r"\b(?:bigger|biggest|larger|largest|greater|dominant|main)\b|(?:更|较|最|比较)大(?:的|那个|一个|病灶|结节|者)|大(?:的)?那个|大的那", re.ASCII
)
_SMALLER = re.compile(r"\b(?:smaller|smallest|tiniest)\b|(?:更|较|最|比较)小(?:的|那个|一个|病灶|结节|者)|小(?:的)?那个|小的那", re.ASCII)
_OTHER = re.compile(rf"\b(?:the )?other (?:one|{_NOUN})\b|另(?:外)?一?(?:个|枚|处)|其他那个", re.ASCII)
_OTHER_LUNG = re.compile(r"\b(?:other|opposite|contralateral) (?:lung|side)\b|对侧|另(?:一)?(?:侧|边|个肺)|另外一侧", re.ASCII)
_ALL = re.compile(
    rf"\b(?:all|every|each|both)\b(?!\s*(?:right|of a sudden))|\ball (?:the )?{_NOUN}|所有|全部|每(?:一)?(?:个|枚|处)|都(?:量|测|分割)|各个|两个都", re.ASCII
)
_POINTER = re.compile(
    rf"\b(?:it|its|it's|(?:this|that)(?! (?:patient|scan|ct|case|image|exam|study|film|x-?ray|picture|report|man|woman|time))|the same(?: one)?)\b|\b(?:the|this|that) (?:[\w-]+ )?{_NOUN}\b|"
    rf"它|这个|那个|该{_NOUN_ZH}|这枚|这处|同一个|刚才那个", re.ASCII
)
_CLICKED = re.compile(r"\b(?:click|clicked|selected|selection|marked|pointed|box(?:ed)?|here|cursor|crosshair)\b|点(?:击|的|选|中)|选中|框|这里|此处|标记的", re.ASCII)

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
    "coronal": r"\b(?:coronal|frontal view)\b|冠状",
    "sagittal": r"\b(?:sagittal|side view)\b|矢状",
}
WINDOWS = {
    "lung": r"\blung(?:s'?)? (?:window|settings?|view|preset)\b|\bwindow (?:to )?lung|肺窗",
    "mediastinum": r"\bmediastin\w+(?: (?:window|settings?|view|preset))?|纵隔窗?",
    "bone": r"\bbon[ey]s?(?: (?:window|settings?|view|preset))?|骨窗",
    "brain": r"\bbrain (?:window|settings?|view|preset)|脑窗",
    "soft tissue": r"\bsoft[- ]tissues?(?: (?:window|settings?|view|preset))?|软组织窗?",
}
GUIDELINES = {
    "fleischner-2017": r"fleischner|弗莱施纳|费莱施纳|弗莱舍纳",
    "lung-rads-2022": r"lung[- ]?rads",
    "bts-2015": r"\bbts\b|british thoracic",
    "recist-1.1": r"\b(?<!i)(?<!m)recist",
}
"""Guidelines that have a name to be called by; whether one is at hand is the toolset's to say."""

TIGHTER = re.compile(
    r"\b(?:tight(?:er|en|ly)?|shrink|smaller (?:mask|outline|contour|region)|(?:mask|outline|contour|it|that)(?:'s| is)? "
    r"(?:too (?:big|large|loose|wide|generous)|leak\w*|bleed\w*|spill\w*)|leak\w*|too (?:loose|generous)|over-?segment\w*|"
    r"(?:higher|raise|increase)(?: the| a)? (?:threshold|cut-?off)|higher threshold|less generous|more conservative|"
    r"exclud\w+|leave out|cut off the vessel|trim\w*|erode)\b"
    r"|紧(?:一点|一些|些|点|凑)?|收(?:紧|缩|小)|缩小|(?:更高|提高|调高|高一点|升高)(?:的)?阈值|阈值(?:调|提|再)?高|太(?:大|松|宽)|"
    r"(?:溢|漏|渗)(?:出|到|进)|排除|去掉|剔除|过分割", re.ASCII
)
LOOSER = re.compile(
    r"\b(?:loos(?:e|er|en|ely)|wider|grow the (?:mask|outline)|expand|(?:bigger|larger|wider) (?:mask|outline|contour|region)|"
    r"(?:mask|outline|contour|it|that)(?:'s| is)? (?:too (?:small|tight|narrow)|miss\w*)|too tight|under-?segment\w*|"
    r"(?:lower|reduce|decrease|drop)(?: the| a)? (?:threshold|cut-?off)|lower threshold|more generous|less conservative|"
    r"include (?:more|the (?:edge|rim|halo|margin))|misses? (?:the|some|part)|dilate)\b"
    r"|松(?:一点|一些|些|点)?|放(?:宽|松|大)|扩(?:大|张|展)|(?:更低|降低|调低|低一点)(?:的)?阈值|阈值(?:调|降|再)?低|太(?:小|紧|窄)|"
    r"漏(?:掉|了)|包(?:括|含)(?:更多|边缘|晕)|欠分割", re.ASCII
)

_THRESHOLD = re.compile(
    r"(?:threshold|cut-?off|probability|level|阈值|概率)\D{0,12}?(?<![\d.])(0?\.\d+|[01](?:\.\d+)?(?!\d)|\d{1,3}(?:\.\d+)?\s*%|\d{2}(?![\d.]))"
    r"|(?<![\d.])(0?\.\d+)\s*(?:threshold|cut-?off|probability|的?阈值)|(\d{1,2}(?:\.\d+)?)\s*(?:%|percent|per cent)"
    r"|百分之\s*([一二三四五六七八九十]{1,3}|\d{1,2})|(?:at|with|using|to|用|以|到|为)\s*(0\.\d+)(?![\d.]*\s*(?:mm|cm))", re.ASCII
)
_NUMBER = r"[-+−]?\d{1,4}(?:\.\d+)?"
_POINT = re.compile(
    rf"(?:^|[\s(\[(at点::=为])({_NUMBER})\s*[,,/ ]\s*({_NUMBER})\s*[,,/ ]\s*({_NUMBER})(?!\s*[,,/ ]?\s*\d)(?:\s*mm)?", re.ASCII
)
_TWO_MORE = rf"[,,/;\s]+({_NUMBER})[,,/;\s]+({_NUMBER})"
_BOX = re.compile(rf"({_NUMBER}){_TWO_MORE}(?:\s*(?:to|-|至|到|and|,|;)\s*|[\s,;]+)({_NUMBER}){_TWO_MORE}", re.ASCII)
_SIZE = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d+)?)\s*-?\s*(mm|cm|millimet\w+|centimet\w+|毫米|厘米|公分)(?![²³23\w])", re.ASCII)
_SLICE = re.compile(r"\b(?:slice|image|section)\s*(?:no\.?|number|#)?\s*(\d{1,4})\b|第\s*(\d{1,4})\s*(?:层|张|幅)|(?:层面|层)\s*(\d{1,4})", re.ASCII)
_TIME = re.compile(
    r"(?<![\d.])(\d{1,4})[\s-]*(days?|weeks?|months?|years?)(?:\s*(?:ago|apart|before|earlier|between|interval|old(?! (?:man|woman|patient)))|\b)"
    r"|(\d{1,4}|[一二两三四五六七八九十]{1,3})\s*(天|周|个?月|年)(?:前|之前|间隔)?", re.ASCII
)
_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25, "天": 1.0, "周": 7.0, "月": 30.4375, "年": 365.25}
_MOST = re.compile(
    rf"\b(?:top|up to|at most|maximum(?: of)?|max|first|best|no more than)\s*({_NUM})\b(?!\s*(?:mm|cm|%))|(?:前|最多|至多|不超过)\s*(?:找|列|给|保留)?\s*({_ZH_NUM})\s*个?", re.ASCII
)
_FOLDER = re.compile(r"(?<![\w/])((?:~|\.{1,2}|[a-z]:)?[/\\][\w./\\-]{1,250})", re.ASCII)


@dataclass(frozen=True)
class Reference:
    """Which lesion a clause speaks of, in its own words.

    Attributes:
        numbers: lesion numbers said (``lesion 2``, ``三号``).
        place: place in the list (``the second one``): 1 is the first, -1 the last.
        by_size: ``bigger`` or ``smaller``.
        other: the one that is not in focus.
        every: all of them.
        side, lobe, third, size_mm, group: what it is told apart by.
        pointer: "it", "the nodule": the one in focus, or the only one.
        clicked: what the reader clicked or boxed.
    """

    numbers: tuple[int, ...] = ()
    place: int | None = None
    by_size: str | None = None
    other: bool = False
    every: bool = False
    side: str | None = None
    lobe: str | None = None
    third: str | None = None
    size_mm: float | None = None
    group: str | None = None
    pointer: bool = False
    clicked: bool = False


def reference(text: str) -> Reference:
    """Return what a clause says about which lesion is meant."""
    sizes = lengths_mm(text)
    return Reference(
        numbers=_numbers(text),
        place=_place(text),
        by_size="bigger" if _BIGGER.search(text) else "smaller" if _SMALLER.search(text) else None,
        other=_OTHER.search(text) is not None,
        every=_ALL.search(text) is not None,
        side=side(text),
        lobe=lobe(text),
        third=_third(text),
        size_mm=sizes[0] if len(sizes) == 1 else None,
        group="mass" if re.search(r"\bmass\b|肿块", text, re.ASCII) else None,
        pointer=_POINTER.search(text) is not None or re.search(_NOUN_ZH, text, re.ASCII) is not None,
        clicked=_CLICKED.search(text) is not None,
    )


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
    if "%" in raw or found[3] or found[4]:
        whole = float(raw.rstrip("% ")) if raw[0].isdigit() else float(number(raw) or 0)
        value = whole / 100
    else:
        value = float(raw)
        value = value / 100 if value >= 2 else value
    return round(value, 4) if 0 < value < 1 else None


def change(text: str) -> str | None:
    """Return ``tighter`` or ``looser``; None when neither or both are said."""
    tighter, looser = TIGHTER.search(text) is not None, LOOSER.search(text) is not None
    if tighter == looser:
        return None
    return "tighter" if tighter else "looser"


def contradicts(text: str) -> bool:
    """Return whether a clause asks for tighter and looser at once."""
    return bool(
        re.search(r"\btighter\b.*\blooser\b|\blooser\b.*\btighter\b|(?:紧|收紧).*(?:松|放宽)|(?:松|放宽).*(?:紧|收紧)", text, re.ASCII)
    )


def point(text: str) -> list[float] | None:
    """Return three coordinates in mm, when exactly three stand together."""
    found = None if box(text) else _POINT.search(text)
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
    """Return the window preset that is named."""
    return next((name for name, pattern in WINDOWS.items() if re.search(pattern, text, re.ASCII)), None)


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
    found = _TIME.search(text)
    if not found:
        return None
    amount = number(found[1] or found[3])
    unit = (found[2] or "").rstrip("s") or (found[4] or "").lstrip("个")
    return None if not amount or unit not in _DAYS else max(1, round(amount * _DAYS[unit]))


def most(text: str) -> int | None:
    """Return how many are wanted at most."""
    found = _MOST.search(text)
    return number(next(g for g in found.groups() if g)) if found else None


def folder(text: str) -> str | None:
    """Return a path that is named. Takes the text as typed: paths keep their capitals."""
    found = re.search(_FOLDER.pattern, text, re.IGNORECASE)
    return found[1].rstrip(".,") if found else None


def _numbers(text: str) -> tuple[int, ...]:
    found: list[int] = []
    for match in (*_NUMBERED.finditer(text), *_NUMBERED_ZH.finditer(text)):
        said = next((g for g in match.groups() if g), "")
        parts = [n for p in re.findall(rf"{_NUM}|{_ZH_NUM}", said) if (n := number(p)) is not None]
        if " to " in said and len(parts) == 2:
            parts = list(range(parts[0], parts[1] + 1))
        found += [n for n in parts if n not in found and n > 0]
    return tuple(found[:20])


def _place(text: str) -> int | None:
    if _LAST.search(text):
        return -1
    found = _PLACE_IN_LIST.search(text)
    if found:
        return int(found[2]) if found[2] else _ORDINAL.index(found[1]) + 1
    found = _PLACE_IN_LIST_ZH.search(text)
    return number(found[1] or found[2]) if found else None


def _third(text: str) -> str | None:
    named = [
        third
        for third, pattern in (("upper", r"\b(?:upper|apical|apex)\b|上(?:叶|肺|部|野|三分之一)|肺尖"),
                               ("middle", r"\b(?:middle|mid)\b|中(?:叶|野|部|三分之一)"),
                               ("lower", r"\b(?:lower|basal|base)\b|下(?:叶|肺|部|野|三分之一)|肺底"))
        if re.search(pattern, text, re.ASCII)
    ]  # fmt: skip
    return named[0] if len(named) == 1 else None


def _float(said: str) -> float:
    return float(said.replace("−", "-"))
