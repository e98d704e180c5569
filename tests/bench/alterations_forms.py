"""Numbers, sides, zones, dates and changes made false and written otherwise: glued, spelled out, in other signs.

Each form is one a reader understands at once and a checker may overlook. Nothing here uses the checker's code.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

_MARK = re.compile(r"(?<![\w.\[{-])(\d+(?:\.\d+)?)(\s?)(mm³|mm²|mm|cm|HU|毫米|厘米)(?![A-Za-z])")
_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_ZH = "零一二三四五六七八九"
_UNITS_EN = {"mm": "millimetres", "cm": "centimetres", "毫米": "millimetres", "厘米": "centimetres"}
_UNITS_ZH = {"mm": "毫米", "cm": "厘米", "毫米": "毫米", "厘米": "厘米"}
_SPELLED_TO = 1000
_ROMAN = ((50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
_SIDES = {
    "en": (("right", ("left-hand", "left-sided", "Lt", "L")), ("left", ("right-hand", "right-sided", "Rt", "R"))),
    "zh": (("右", ("左侧", "左边的")), ("左", ("右侧", "右边的"))),
}
_ZONES = {
    "en": (("upper third", ("basal third", "bottom third", "lower part", "caudal third", "inferior third")),
           ("lower third", ("apical third", "top third", "upper part", "cranial third", "superior third")),
           ("middle third", ("basal third", "top third", "apical part"))),
    "zh": (("上三分之一", ("底部", "下部", "下野", "下段")), ("下三分之一", ("顶部", "上部", "上野", "肺尖")),
           ("中三分之一", ("上部", "底部", "下野"))),
}  # fmt: skip
DATES = {
    "en": ("as on 14 May 2023", "as on May 14th, 2023", "compared with 02/11/2022", "seen on 14.05.2023",
           "as in November 2022", "compared with 2022/11/02", "as on the 2nd of November 2022", "as on 20230514"),
    "zh": ("见于2023年5月14日", "与2022年11月2日相比", "见于2022年11月", "与2022.11.02相比", "见于二〇二三年五月", "见于2023/05/14"),
}  # fmt: skip
CHANGES = {
    "en": {
        "larger": ("bigger than it was", "having gained in size", "up in size since the prior", "swollen since last time",
                   "bulkier than before", "wider than last time", "risen in volume", "twice its former size", "having doubled in size"),
        "smaller": ("reduced since last time", "less bulky than before", "having lost in size", "down in size since the prior",
                    "halved since the prior", "diminished since last time", "contracted since the last scan"),
        "same": ("the same as before", "identical to the last scan", "as large as before", "without any change", "constant in size",
                 "not changed since the prior", "steady since last time", "no different from before"),
        "new": ("not seen before", "first seen now", "having appeared since the last scan", "absent on the prior"),
    },
    "zh": {
        "larger": ("比上次大了", "较前长大", "体积有所增加", "较前扩大", "比以前大", "较前翻倍", "是上次的两倍"),
        "smaller": ("比上次小了", "较前回缩", "较前减小", "比以前小", "较前减半"),
        "same": ("与前相仿", "和上次一样大", "较前无明显变化", "同前", "大小如前", "变化不大"),
        "new": ("此前未见", "上次没有", "首次出现"),
    },
}  # fmt: skip


def numbers(text: str, language: str, other: str, at: re.Match[str], rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield kind and text of a clause in which the number found is replaced by another, written otherwise."""
    unit, value = at[3], float(other)
    short = unit in ("mm", "cm", "毫米", "厘米")

    def put(words: str) -> str:
        before = text[: at.start()]
        return before + words + text[at.end() :]

    yield "glued", put(rng.choice(("x", "size", "about", "d", "approx")) + other + at[2] + unit)
    yield "glued", put(rng.choice(("≈", "~", "约", ">", "=", "±0.1/")) + other + unit)
    wide = other.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789."})
    odd = rng.choice((wide, other.translate({ord(c): 0x1D7CE + int(c) for c in "0123456789"}), other.replace(".", "·")))
    yield "full-width", put((odd if odd != other else wide) + at[2] + unit)
    if len(other.replace(".", "")) > 1 and other[1].isdigit():
        yield "glued", put(other[0] + rng.choice((" ", "\u2009", "\u00a0", "\u200b")) + other[1:] + at[2] + unit)
    if short and 0 < value < _SPELLED_TO:
        if language == "en":
            yield "spelled", put(english(other) + " " + _UNITS_EN[unit])
            if value == int(value) and value < 40:
                yield "spelled", put(roman(int(value)) + " " + unit)
        else:
            yield "spelled", put(chinese(other) + _UNITS_ZH[unit])
    if short and language == "en" and not 4.5 <= _in_mm(at) < 5.5:
        yield "spelled", put(rng.choice(("half a centimetre", "half a cm", "half a centimeter")))
    if short and language == "zh" and not 4.5 <= _in_mm(at) < 5.5:
        yield "spelled", put(rng.choice(("半厘米", "半公分")))


def marks(text: str) -> Iterator[re.Match[str]]:
    """Yield the numbers of a clause that `numbers` can write otherwise."""
    yield from _MARK.finditer(text)


def places(text: str, language: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield kind and text of a clause with its side or third replaced by another one, by a synonym."""
    if not re.search(r"stated|陈述|“", text):
        for name, others in _SIDES[language]:
            opposite = next(n for n, _ in _SIDES[language] if n != name)
            if name in text and opposite not in text:
                lung = re.search(rf"\b{name}(?= (?:lung|side))" if language == "en" else rf"{name}(?=肺)|{name}侧", text)
                if lung:
                    yield "side synonym", text[: lung.start()] + rng.choice(others) + text[lung.end() :]
    for name, others in _ZONES[language]:
        if name in text:
            yield "zone synonym", text.replace(name, rng.choice(others), 1)
            break


def denied(text: str, language: str) -> Iterator[str]:
    """Yield a clause that denies the place or the size that it gives."""
    for old, new in (
        ((" lies in ", " does not lie in "), (" is in ", " is not in "), (" measures ", " does not measure "),
         (" has a ", " does not have a "), (" lies in ", " isn't in "), ("You called it", "You did not call it"))
        if language == "en"
        else (("肺位于", "肺不位于"), ("位于", "并不在"), ("长径为", "长径不是"), ("大小为", "大小不是"), ("您称其为", "您没有称其为"))
    ):  # fmt: skip
        if old in text and "not " not in text and "未" not in text:
            yield text.replace(old, new, 1)


def english(number: str) -> str:
    """Return a number in English words.

    >>> english("43.7")
    'forty-three point seven'
    """
    whole, _, rest = number.partition(".")
    words = _english(int(whole))
    return words + (" point " + " ".join(_ONES[int(c)] for c in rest) if rest else "")


def _english(value: int) -> str:
    if value < 20:
        return _ONES[value]
    if value < 100:
        return _TENS[value // 10] + (f"-{_ONES[value % 10]}" if value % 10 else "")
    return f"{_ONES[value // 100]} hundred" + (f" and {_english(value % 100)}" if value % 100 else "")


def chinese(number: str) -> str:
    """Return a number in Chinese numerals.

    >>> chinese("43.7")
    '四十三点七'
    """
    whole, _, rest = number.partition(".")
    return _chinese(int(whole)) + ("点" + "".join(_ZH[int(c)] for c in rest) if rest else "")


def _chinese(value: int) -> str:
    if value < 10:
        return _ZH[value]
    if value < 100:
        return (_ZH[value // 10] if value >= 20 else "") + "十" + (_ZH[value % 10] if value % 10 else "")
    return _ZH[value // 100] + "百" + (("零" if value % 100 < 10 else "") + (_chinese(value % 100) if value % 100 else "") if value % 100 else "")


def roman(value: int) -> str:
    """Return a whole number in Roman numerals."""
    said = ""
    for size, letters in _ROMAN:
        while value >= size:
            said, value = said + letters, value - size
    return said


def _in_mm(at: re.Match[str]) -> float:
    return float(at[1]) * (10.0 if at[3] in ("cm", "厘米") else 1.0)
