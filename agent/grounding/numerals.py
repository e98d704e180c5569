"""Numbers as people write them beside plain figures: in words, in Chinese or Roman numerals, glued to letters, in other
signs.

What a clause says in such a number is read like any other; what cannot be read is named, so that nothing with a number
in it passes unread. Knows no unit and no evidence.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
_DIGIT = "|".join(_ONES[:10])
_BELOW_100 = rf"(?:(?:{'|'.join(_TENS)})(?:[\s-]+(?:{'|'.join(_ONES[1:10])}))?|{'|'.join(sorted(_ONES, key=len, reverse=True))})"
_WHOLE = rf"(?:(?:a|{_BELOW_100})[\s-]+(?:hundred|thousand)(?:[\s-]+(?:and[\s-]+)?{_BELOW_100})?|{_BELOW_100})"
_HALF = r"(?:half(?: an?)?(?= (?:milli|centi|mm\b|cm\b|inch|year))|an? (?:half|quarter) (?=(?:milli|centi|mm\b|cm\b|inch))|a quarter of an?)"
ENGLISH = rf"(?:{_HALF}|{_WHOLE}(?:[\s-]+and[\s-]+a[\s-]+half|[\s-]+point(?:[\s-]+(?:{_DIGIT}))+)?|an?(?= (?:centimet|millimet|inch|dozen)))"
_ZH_ONES = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_ZH_PLACES = {"十": 10, "百": 100, "千": 1000}
_ZH_DIGITS = "".join(_ZH_ONES) + "".join(_ZH_PLACES)
CHINESE = rf"(?:[{_ZH_DIGITS}]+(?:点[{_ZH_DIGITS}]+)?|半)"
ROMAN = r"(?-i:M{0,2}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))"
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_SIMPLE = str.maketrans("點兩壹贰貳叁參肆伍陆陸柒捌玖拾佰", "点两一二二三三四五六六七八九十百")
_POINT = re.compile(r"(?<=\d)[·・‧∙٫](?=\d)")
_GAP = re.compile(r"(?<=\d)[\u00a0\u2000-\u200f\u202a-\u202f\u205f\u2060\u3000\ufeff](?=\d)")
_SUPERSCRIPT = "²³"
_MARKS = str.maketrans("\uff0c\uff1b\uff1a\uff1f\uff01\uff08\uff09\uff1c\uff1e\uff1d\uff5e\uff0f\uff05", ",;:?!()<>=~/%")


def folded(text: str) -> str:
    """Return the text with every decimal digit and point as a plain one, position by position.

    >>> folded("43·7 mm³, 8.5")
    '43.7 mm³, 8.5'
    """
    if text.isascii():
        return text
    plain = "".join(_plain(c) for c in text.translate(_SIMPLE))
    # A sign of no width inside a number hides that it is one: the halves are told apart, and neither will be held.
    return _GAP.sub(" ", _POINT.sub(".", plain))


def marked(text: str) -> str:
    """Return the text with full-width commas, colons, brackets and the like as plain ones, position by position.

    >>> marked("\u957f\u5f84\uff1a14.2 mm\uff0c\u7a33\u5b9a")
    '\u957f\u5f84:14.2 mm,\u7a33\u5b9a'
    """
    return text if text.isascii() else text.translate(_MARKS)


def _plain(sign: str) -> str:
    if sign.isascii():
        return sign
    digit = unicodedata.decimal(sign, None)
    if digit is not None:
        return str(digit)
    return chr(ord(sign) - 0xFEE0) if sign in "\uff0e\uff05\uff0d" else sign


def unread(text: str) -> list[str]:
    """Return the signs of a text that are numbers of a kind that is not read: ½, Ⅻ, ⑭.

    >>> unread("a size of ⑭ mm, 512 mm³")
    ['⑭']
    """
    return [c for c in text if not c.isascii() and c not in _SUPERSCRIPT and unicodedata.category(c) in ("No", "Nl")]


def value_of(written: str) -> Decimal:
    """Return the number that figures, words or numerals stand for.

    >>> [str(value_of(x)) for x in ("1,234.5", "forty-three point seven", "一百二十三点五", "XIV", "half a", "两")]
    ['1234.5', '43.7', '123.5', '14', '0.5', '2']
    """
    low = written.strip().lower()
    if low[:1].isdigit() or low[:1] == ".":
        return Decimal(re.sub(r",(?=\d{3}(?!\d))", "", low).replace(",", "."))
    if low[:1] in _ZH_DIGITS + "半":
        return _chinese(low)
    if re.fullmatch(ROMAN, written.strip()) and written.strip():
        return Decimal(_roman(written.strip()))
    return _english(low)


def _english(words: str) -> Decimal:
    if words.startswith("half") or words.startswith("a half") or words.startswith("an half"):
        return Decimal("0.5")
    if "quarter" in words:
        return Decimal("0.25")
    half = re.search(r"[\s-]+and[\s-]+a[\s-]+half$", words)
    whole, _, rest = (words[: half.start()] if half else words).partition("point")
    value = Decimal(_whole(whole)) + (Decimal("0.5") if half else 0)
    places = "".join(str(_ONES.index(w)) for w in re.split(r"[\s-]+", rest.strip()) if w)
    return value + Decimal(f"0.{places}") if places else value


def _whole(words: str) -> int:
    total = 0
    for word in re.split(r"[\s-]+", words.strip()):
        if word in ("a", "an"):
            total += 1
        elif word in ("hundred", "thousand"):
            total *= 100 if word == "hundred" else 1000
        elif word in _TENS:
            total += _TENS[word]
        elif word in _ONES:
            total += _ONES.index(word)
    return total


def _chinese(written: str) -> Decimal:
    if written == "半":
        return Decimal("0.5")
    whole, _, rest = written.partition("点")
    places = "".join(str(_ZH_ONES.get(c, 0)) for c in rest)
    return Decimal(f"{_zh_whole(whole)}.{places}" if places else _zh_whole(whole))


def _zh_whole(written: str) -> int:
    if not any(c in _ZH_PLACES for c in written):
        return int("".join(str(_ZH_ONES[c]) for c in written) or 0)
    total, digit = 0, 0
    for sign in written:
        if sign in _ZH_PLACES:
            total += (digit or 1) * _ZH_PLACES[sign]
            digit = 0
        else:
            digit = _ZH_ONES[sign]
    return total + digit


def _roman(written: str) -> int:
    values = [_ROMAN_VALUES[c] for c in written]
    return sum(-v if any(v < later for later in values[n + 1 : n + 2]) else v for n, v in enumerate(values))
