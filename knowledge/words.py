"""Text to words for the lexical index, and questions put into the words the index holds.

English: lower case, plural endings off, no bare numbers. Chinese: jieba, with the trade's terms of
``glossary.yaml`` as words of their own. The types of a nodule are one word each in both languages, so that "part-solid"
does not speak for a solid nodule. A Chinese question is also put into English term by term, for embedders
that read English only: a gloss, not a translation. Knows no index.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from knowledge.embed import quiet_libraries
from knowledge.facts import read_yaml
from knowledge.types import Language

_LATIN = re.compile(r"[a-z0-9]+(?:[-.+/][a-z0-9]+)*")
_NUMBER = re.compile(r"[0-9.,/+-]+(?:mm3?|cm|hu|y|yo|yr|mo|s|h|d)?$")
_CHINESE = re.compile(r"[\u3400-\u9fff]+")
_UNITS = frozenset({"mm", "cm", "mm3", "hu", "ml", "min", "mg", "dl", "mmol"})
EVERYDAY = frozenset(
    """a about all also an and any anything are as at be been but by can cat could did do does each ever find for from
    get give had has have he her here his how i if in into is it its just let like long look many may me more much my
    need not now of off on one only or our out over per please say says she should show so some such tell than that
    the their them then there these they this those to up us use used very was we were what when where which who why
    will with would year years you your patient patients old woman man male female month months week weeks day days
    under above below found mean""".split()
)
_STOP_ZH = frozenset("的 了 吗 呢 是 在 有 和 与 或 及 要 需要 需 该 应 应该 请 请问 这个 那个 这 那 我 他 她 你 您 怎么 什么 多少 "
                     "多 几 如何 怎样 可以 能 能否 是否 算 做 做吗 岁 个 年 月 后 前 按 对 被 把 将 就 都 也 还 不 没有 无 现在 患者 "
                     "病人 建议 时 者 为 到 从 以 并 中 上 下 大 小 最 更 很 多大 多久 哪些 哪个 各项 项".split())


_JOINED = (
    (r"\b(?:part(?:ly|ially)?|semi)[\s-]*solid\b|\bmixed[\s-]+(?:ground[\s-]?glass|ggns?|ggo)\b|部分实性|半实性|混合(?:性)?磨玻璃", "partsolid"),
    (r"\bsub[\s-]?solid\b|亚实性", "subsolid"),
    (r"\b(?:pure[\s-]+)?ground[\s-]?glass\b|\bnon[\s-]?solid\b|\bpure ggns?\b|纯?磨玻璃|非实性", "groundglass"),
    (r"\bsolid[\s-]+(?:component|part|portion|bit|core)s?\b|实性(?:成分|部分)", "solidpart"),
)
"""How a nodule's types are written, and the one word that each becomes."""
TYPES = frozenset({"solid", "partsolid", "subsolid", "groundglass"})


def joined(text: str) -> str:
    """Return the text in lower case with each type of a nodule as one word.

    >>> joined("Part-solid nodule, solid part 4 mm")
    ' partsolid  nodule,  solidpart  4 mm'
    """
    text = text.lower()
    for pattern, word in _joined_patterns():
        text = pattern.sub(f" {word} ", text)
    return text


@lru_cache(maxsize=1)
def _joined_patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), word) for pattern, word in _JOINED)


@lru_cache(maxsize=1)
def glossary() -> dict[str, dict[str, str]]:
    """Return the trade's terms: ``zh`` Chinese to English, ``en`` shorthand spelled out, ``as`` Chinese as typed."""
    raw: dict[str, dict[str, str]] = read_yaml(
        Path(__file__).with_name("glossary.yaml").read_text(encoding="utf-8")
    )
    return raw


@lru_cache(maxsize=1)
def _jieba() -> Any:
    with quiet_libraries():
        import jieba

    jieba.setLogLevel(logging.WARNING)
    cutter = jieba.Tokenizer()
    for term in glossary()["zh"]:
        cutter.add_word(term)
    return cutter


@lru_cache(maxsize=1)
def _chinese_terms() -> re.Pattern[str]:
    terms = sorted(glossary()["zh"], key=len, reverse=True)
    return re.compile("|".join(map(re.escape, terms)))


def words(text: str, language: Language) -> list[str]:
    """Return the words of `text` as the index of that language holds them."""
    lower = joined(text)
    latin = [_stem(word) for word in _LATIN.findall(lower) if _kept(word)]
    if language == "en":
        return latin
    chinese = [
        word
        for run in _CHINESE.findall(lower)
        for word in _jieba().cut_for_search(run)
        if word not in _STOP_ZH and (len(word) > 1 or word in glossary()["zh"])
    ]
    return latin + chinese


def _kept(word: str) -> bool:
    return not (_NUMBER.fullmatch(word) and word != "1.1") and word not in _UNITS and word not in EVERYDAY


def _stem(word: str) -> str:
    """Take the commonest English endings off, so that nodules, nodule and screening, screen meet."""
    for ending, least in (("ies", 5), ("ing", 6), ("es", 6), ("ed", 6), ("s", 4)):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def spelled_out(question: str) -> str:
    """Return an English question with its shorthand followed by what it stands for."""
    found = [glossary()["en"][word] for word in _LATIN.findall(question.lower()) if word in glossary()["en"]]
    return " ".join([question, *dict.fromkeys(found)])


def in_english(question: str) -> str:
    """Return the known Chinese terms of a question in English, in order, with what it says in Latin letters."""

    def gloss(found: re.Match[str]) -> str:
        return f" {glossary()['zh'][found.group()]} "

    return " ".join(re.sub(r"[^\x00-\x7f]+", " ", _chinese_terms().sub(gloss, question)).split())
