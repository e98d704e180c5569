"""The words in which lesions are compared with each other, English and Chinese. Knows no evidence and no lesion."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_UP = "larger|bigger|longer|greater|higher|wider|taller|thicker|denser|bulkier|more"
_DOWN = "smaller|shorter|lower|less|fewer|narrower|thinner"
_OF_THAT = r"(?= (?:that|those|the \w+(?: \w+)? of)\b)"
_UP_VERBS = rf"exceeds?|exceeding|surpass(?:es)?|outmeasures?|tops|(?:is|are|lies|stays) above{_OF_THAT}"
_DOWN_VERBS = rf"(?:is|are|lies|stays) below{_OF_THAT}|falls? short of|trails"
_A_PLACE = r"(?![- ](?:third|lobe|zone|part|half|portion|lung|left|right|limit|field|level)s?\b)"
_ZH_UP = "大(?![小约于致概])|长(?![径轴短于])|高(?![度于])|多(?![发于少])|宽(?![度于])|密(?!度)"
_ZH_DOWN = "小(?![数于])|短(?![径轴于])|低(?!于)|少(?!于)|窄(?!于)"
_ZH_UP_VERBS, _ZH_DOWN_VERBS = "(?:大|长|高|多|宽|密)于|(?<![不未])超过|胜过", "(?:小|短|低|少|窄)于|不及|不如"
ORDER = _pattern(
    rf"\b(?:(?P<up>{_UP})\b(?! (?:likely|suspicious))|(?P<down>{_DOWN})\b{_A_PLACE}|(?P<upverb>{_UP_VERBS})\b|(?P<downverb>{_DOWN_VERBS})\b)"
    rf"|(?P<upsign>>)|(?P<downsign><)"
    rf"|(?P<zhupverb>{_ZH_UP_VERBS})|(?P<zhdownverb>{_ZH_DOWN_VERBS})|(?<!最)(?:(?P<zhup>{_ZH_UP})|(?P<zhdown>{_ZH_DOWN}))"
)
"""A word of order. Chinese has it behind the other lesion (比病灶2大) or before it (大于病灶2)."""
_NO_VERB = r"(?!\b(?:is|are|was|has|have|and|but|while|whereas|measures)\b)"
_OF = r"\d+(?:\.\d+)?\s*(?:mm|cm|hu|ml)?[²³23]?\s*(?:of|in|for)\b"
_GAP = rf"(?:{_NO_VERB}[^,;。\d]|{_OF})"
_INSIDE = r"(?:(?:lesion|nodule)s? \d{1,3}|[^,;。\d]|\d+(?:\.\d+)?\s*(?:mm|hu)[²³]?)"
_ADJECTIVE = _pattern(rf"{_INSIDE}{{0,60}}?,? ?\b(?:than|compared (?:with|to)|relative to)\b{_GAP}{{0,60}}")
_VERB, _ZH_VERB, _NOTHING = _pattern(rf"\s+{_GAP}{{0,40}}"), _pattern(r"[^,;。\d]{0,6}"), _pattern(r"(?!)")
JOINS: Mapping[str, re.Pattern[str]] = {
    "up": _ADJECTIVE, "down": _ADJECTIVE, "upverb": _VERB, "downverb": _VERB, "zhupverb": _ZH_VERB, "zhdownverb": _ZH_VERB,
    "upsign": _pattern(r"\s*"), "downsign": _pattern(r"\s*"), "zhup": _NOTHING, "zhdown": _NOTHING,
}  # fmt: skip
"""What may stand between a word of order and the lesion that is held against, by the word's kind."""
UPWARD = ("up", "upverb", "upsign", "zhup", "zhupverb")
HELD_BEFORE = tuple(
    (_pattern(before), _pattern(after))
    for before, after in (
        (r"\b(?:compared (?:with|to)|relative to|in contrast (?:to|with)|than)(?: the| that of)? $", r"[,\s][^;。]{0,90}"),
        (r"[比较]\s*$", r"(?:[^,;。\d]|\d+(?:\.\d+)?\s*(?:mm|hu)?[²³]?){0,14}"),
        (r"[与和同跟]\s*$", r"(?:相比|比较|相较|比起来|比)[,\s]?[^;。]{0,30}"),
    )
)
"""What stands before a lesion that another is held against, and what may stand from it to the word of order."""
ASIDE = _pattern(r"\s*\([^()]*\)")
_SHARES = r"half|twice|double|triple|(?:a|one) (?:third|quarter)"
FACTORS: Mapping[str, Decimal] = {
    "half": Decimal("0.5"), "twice": Decimal(2), "double": Decimal(2), "triple": Decimal(3), "a third": 1 / Decimal(3),
    "one third": 1 / Decimal(3), "a quarter": Decimal("0.25"), "one quarter": Decimal("0.25"), "一半": Decimal("0.5"),
}  # fmt: skip
FACTOR = _pattern(rf"\b(?P<n>{_SHARES})\b")
TIMES = _pattern(
    r"(?:\b(?:about|roughly|approximately|nearly|almost|around|some|just)\s+)?"
    rf"(?P<n>\b(?:{_SHARES})\b|\b\d+(?:\.\d+)?(?=\s*(?:times|-?fold)\b)|\b(?:two|three|four|five|six|seven|eight|nine|ten)(?= times\b))(?:\s*times)?"
)
OF_IT = _pattern(rf"(?:(?!\bthan\b){_GAP}){{0,40}}")
TIMES_ZH = _pattern(r"(?P<n>\d+(?:\.\d+)?(?=\s*倍)|[一二两三四五六七八九十](?=\s*倍)|一半|[二三四五六七八九十]分之[一二三四五六七八九])(?:\s*倍)?")
OF_IT_ZH = _pattern(r"的?[^,;。\d]{0,6}")
MOST = _pattern(
    r"\b(?:(?P<up>largest|biggest|longest|greatest|highest|densest|widest|tallest|dominant(?= (?:nodule|lesion|one)\b)|(?<=the )(?:larger|bigger|longer|greater|higher|denser)(?![^;,]{0,40}\bthan\b))"
    rf"|(?P<down>smallest|shortest|lowest|narrowest|thinnest|least(?! one)|(?<=the )(?:smaller|shorter|lower){_A_PLACE}(?![^;,]{{0,40}}\bthan\b)))\b"
    r"|(?P<zhup>最[大长高多宽]|[较更][大长高](?=[者的一]))|(?P<zhdown>最[小短低少窄]|[较更][小短低](?=[者的一]))"
)
IS_A_NAME = _pattern(
    r"\w+[ -](?:[a-z0-9-]+ ){0,3}?(?:diameter|extent|dimension|distance|values?|hu|attenuation|axis|length|size)\b"
    r"(?:(?: (?:of|in|for|within|inside|found in|from) (?:the )?(?:lesion|nodule|it\b))|,? (?:\w+ ){0,2}\d)"
    r"|最[大长高小短低](?:的?(?:直|长|短|横)?径|的?CT|值|的?密度|三维|的?层|长度|间)"
)
"""A most that names a measure of one lesion: "the longest diameter of lesion 1", 最大CT值."""
AMONG = _pattern(r"\bof (?:the|all|these)(?: the)? (?:two|three|four|five|\d+)\b|\bamong\b|\bof all\b|[两三四五][个枚]?(?:病灶|结节|者)")
IS = _pattern(r"\b(?:is|are|being)\b|:|是|为|以")
FOLLOWED = _pattern(r"\b(?:followed by|then comes?)\b|其次|依次|然后")
ALIKE = _pattern(r"(?P<un>\b(?:different|differs?|unequal|unlike)\b(?! (?:by|from)\b)|不(?:相?同|等|一致|一样|相等))|\b(?:the same|equal|identical|alike|as (?:large|big|long|small) as)\b|相同|一样|相等|一致|等大")
SAME_SIZE = _pattern(r"\bthe same (?:size )?as\b|\bas (?:large|big|long|small) as\b|\b(?:equal|identical) to\b|大小(?:相同|一样|相等|一致)|等大")
NOT = _pattern(r"\b(?:not|never|neither|nor)\b|n't\b|\bno(?= (?:larger|bigger|longer|higher|more|smaller|shorter|lower|less)\b)|不(?![及如足到同等])|并非|(?<!从)未|没有")
IN_A_ROW = _pattern(
    r"\b(?P<up>(?:from (?:the )?)?(?:smallest|shortest|lowest)(?: first| to (?:the )?(?:largest|longest|highest))|(?:ascending|increasing|rising) order)\b"
    r"|\b(?:from (?:the )?)?(?:largest|longest|highest)(?: first| to (?:the )?(?:smallest|shortest|lowest))\b|\b(?:descending|decreasing|falling) order\b"
    r"|(?:从|由)(?:大到小|长到短|高到低)|(?P<zhup>(?:从|由)(?:小到大|短到长|低到高))"
)
"""How lesions are told in a row, from one end to the other."""
UNLIKE = _pattern(r"(?:\bnot|n't|never)[^,;]{0,8}$|[不非未]$")
ALL = _pattern(r"\b(?:both|all)\b|[两三]个|均|都")
APART = _pattern(r"\bdiffer(?:s|ed|ence)?\b[^;,.\d]{0,50}?\b(?:by|is|of)\b(?: about)?\s*|相差(?:约|为)?\s*|差[值距异](?:约|为|是)+\s*")
BY = _pattern(r"\s*,?\s*by(?: about)?\s+")
BY_ZH = _pattern(r"(?:了|出|约|出约)?\s*")
_LONG, _DENSE = (("axial_long_axis",),), (("hu_mean", "intensity_mean"),)
BY_WORD: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "denser": _DENSE, "densest": _DENSE, "longer": _LONG, "shorter": _LONG, "longest": _LONG, "shortest": _LONG,
    "taller": (("craniocaudal_extent",),), "tallest": (("craniocaudal_extent",),), "长于": _LONG, "短于": _LONG,
}  # fmt: skip
"""What a word of order is of by itself."""
THEN = _pattern(r"\b(?:prior|previous(?:ly)?|before|earlier|formerly|last (?:time|scan)|was|were)\b|前片|上次|此前|之前|既往")
NOW = _pattern(r"\b(?:now|current(?:ly)?|at present|today|this scan)\b|目前|现在|本次|当前")
