"""Pack-years told in two halves: packs a day and years, in either order, in one sentence. Never guessed from one half.

Years with a "more than" to them ("thirty-odd years", 三十多年) are none. Knows no case.
"""

from __future__ import annotations

import re

from agent.stated import words as said

_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_PACKS = r"(\d{1,2}(?:\.\d{1,2})?|一|两|二|三|半)\s*包(?!年|[·/ ]年)(半)?"
_YEARS = r"(\d{1,2}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九])\s*年"
_DAILY = r"(?:每天|每日|一天|一日|天天)\s*(?:抽|吸)?\s*"
_ZH = (
    re.compile(rf"{_DAILY}{_PACKS}[,、 ]{{0,2}}(?:抽|吸|烟龄|抽烟|吸烟)?(?:了|过)?\s*(?P<years>{_YEARS})"),
    re.compile(rf"(?:抽烟|吸烟|抽|吸|烟龄)(?:了|过)?\s*(?P<years>{_YEARS})[,、 ]{{0,2}}{_DAILY}{_PACKS}"),
)
_EN = re.compile(
    r"\bsmok\w+ (?:for )?(?:about )?(?P<years>\d{1,2}) (?:years?|yrs?)[, ]{1,2}(?:at |about )?(?P<packs>\d{1,2}(?:\.\d{1,2})?|an?|one|two|half a)(?: and a (?P<half>half))? packs? (?:a|per) day"
)
_UNSURE = re.compile(r"\?|吗|\bif\b|如果|若")
_DENIED = re.compile(r"\bnot\b|\bnever\b|没|未|不")
_NEAR = 4
"""Signs before the two halves in which a "not" is of them."""


def pack_years_of(text: str) -> tuple[float, str] | None:
    """Return pack-years and the words that state them, or None.

    >>> pack_years_of("抽烟45年,每天一包"), pack_years_of("每天一包半,抽了二十年")
    ((45.0, '抽烟45年,每天一包'), (30.0, '每天一包半,抽了二十年'))
    >>> pack_years_of("smoked for 30 years, two packs a day"), pack_years_of("父亲抽烟45年,每天一包")
    ((60.0, 'smoked for 30 years, two packs a day'), None)
    """
    for sentence in said.SENTENCE.findall(text.translate(said.WIDE).lower()):
        if _UNSURE.search(sentence) or re.search(said.OTHERS, sentence):
            continue
        for pattern in (_EN, *_ZH):
            found = pattern.search(sentence)
            if found is not None and not _DENIED.search(sentence[max(0, found.start() - _NEAR) : found.end()]):
                return round(_packs(found) * _number(found["years"].rstrip("年 ")), 2), found[0]
    return None


def _packs(found: re.Match[str]) -> float:
    """Return the packs a day of a match."""
    if found.re is _EN:
        return _number(found["packs"]) + (0.5 if found["half"] else 0.0)
    daily = re.search(_PACKS, found[0])
    assert daily is not None
    return _number(daily[1]) + (0.5 if daily[2] else 0.0)


def _number(word: str) -> float:
    if re.fullmatch(r"\d+(?:\.\d+)?", word):
        return float(word)
    if word in said.PACK_WORDS or word == "an":
        return said.PACK_WORDS.get(word, 1.0)
    if "十" in word:
        tens, _, ones = word.partition("十")
        return float(_DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0))
    return float(_DIGITS[word])
