"""The words that a search compares: the knowledge's own word cutting, English and Chinese side by side.

What is looked for in one language is found in the other where the trade's glossary, or the fixed words of a case's
facts, have both. Knows no case.
"""

from __future__ import annotations

import re

from knowledge.words import glossary, words

_CHINESE = re.compile(r"[\u3400-\u9fff]")
BOTH: dict[str, str] = {
    "nodule": "结节", "mass": "肿块", "lesion": "病灶", "right": "右 右侧 右肺", "left": "左 左侧 左肺",
    "upper": "上 上叶 上肺 上三分之一", "middle": "中 中叶 中三分之一", "lower": "下 下叶 下肺 下三分之一",
    "accepted": "接受 已接受", "candidate": "候选", "grown": "增大 增长", "chest": "胸部 胸", "head": "头部 头颅",
    "brain": "脑 颅脑", "abdomen": "腹部", "ct": "ct", "mr": "mr 磁共振", "dx": "dx 胸片 平片",
}  # fmt: skip
"""What the facts of a case are called, English to the Chinese words for it."""
_OF_CHINESE = {zh: en for en, all_of_it in BOTH.items() for zh in all_of_it.split()}
_SHORT = re.compile(r"[右左上中下胸]")
"""Single characters that say a place; the word cutting takes single characters for noise."""


def terms(text: str) -> list[str]:
    """Return the words of a text, repeats too: English ones by their stems, Chinese ones as they are cut."""
    chinese = _CHINESE.search(text) is not None
    return words(text, "zh" if chinese else "en")


def both(fact: str) -> str:
    """Return a fact's word in both languages.

    >>> both("right")
    'right 右 右侧 右肺'
    """
    return f"{fact} {BOTH[fact]}" if fact in BOTH else fact


def asked(text: str) -> list[frozenset[str]]:
    """Return what a search looks for: a set a word, any of which will do."""
    found: list[frozenset[str]] = []
    for word in dict.fromkeys([*terms(text), *_SHORT.findall(text)]):
        english = [glossary()["zh"].get(word, ""), _OF_CHINESE.get(word, "")]
        meant = {word, *(t for gloss in english for t in words(gloss, "en"))}
        if not any(word != w and word in w and _CHINESE.search(word) for held in found for w in held):
            found.append(frozenset(meant))
    return found
