"""What a cited passage says, put together falsely: one row's answer under another row's condition.

Every word and every number of such a clause stands in the passage. Nothing here uses the checker's code.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

_ROW = {"en": re.compile(r"^\s*([^:;]{3,120}?):\s*(.+)$", re.DOTALL), "zh": re.compile(r"^\s*([^:;]{2,60}?):\s*(.+)$", re.DOTALL)}
_SENTENCE = {"en": re.compile(r"(?<=\.)\s+(?=[A-Z0-9(])"), "zh": re.compile(r"(?<=。)")}
_TURNED = {
    "en": (("Under ", "Over "), ("under ", "over "), ("Over ", "Under "), ("over ", "under "), (" or more", " or less"),
           ("more than ", "less than "), ("less than ", "more than "), ("at low risk", "at high risk"),
           ("at high risk", "at low risk"), ("at least ", "at most ")),
    "zh": (("小于", "大于"), ("大于", "小于"), ("或以上", "或以下"), ("达到或超过", "低于"), ("超过", "不足"), ("低于", "高于"),
           ("低危", "高危"), ("高危", "低危")),
}  # fmt: skip
_TIME = re.compile(r"\d+(?:\s?(?:to|–|-|至|and|,)\s?\d+)*\s?(?:months?|years?|days?|个月|年|天)")
_DIGIT = re.compile(r"\d")


def rows(text: str, language: str) -> list[tuple[str, str]]:
    """Return condition and answer of each sentence of a passage that has both, with a number in it."""
    found = []
    for sentence in _SENTENCE[language].split(text):
        row = _ROW[language].match(sentence.strip().rstrip(".。"))
        if row and _DIGIT.search(sentence) and "confidence" not in sentence and "可信度" not in sentence:
            found.append((row[1].strip(), row[2].strip()))
    return found


def told(condition: str, answer: str, name: str, language: str, way: int) -> str:
    """Return condition and answer in a sentence of our own; one of three ways."""
    if language == "zh":
        return (f"按{name},{condition}:{answer}", f"{name}对{condition}者:{answer}", f"{condition}时,{name}为:{answer}")[way]
    low = condition[0].lower() + condition[1:] if condition[1:2].islower() else condition
    return (f"By {name}, {low}: {answer}", f"For {low} {name} has: {answer}", f"When {low}, the advice of {name} is: {answer}")[way]


def swapped(text: str, language: str, name: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield kind and text of clauses that a passage does not say though it holds every word of them."""
    held = rows(text, language)
    for number, (condition, answer) in enumerate(held):
        for other, (_, foreign) in enumerate(held):
            if other != number and _TIME.findall(foreign) and _TIME.findall(foreign) != _TIME.findall(answer):
                yield "row swap", told(condition, foreign, name, language, rng.randrange(3))
        for old, new in _TURNED[language]:
            if f"不{old}" in condition + answer:
                continue  # "no more than" turned word by word is no sentence
            if old in condition or old in answer:
                whole = told(condition.replace(old, new), answer, name, language, rng.randrange(3)) if old in condition else None
                if whole is None and "risk" not in old and "危" not in old:
                    continue
                if whole is None:
                    if old in answer and new in answer and _same_of_both(answer, old, new):
                        continue
                    whole = told(condition, answer.replace(old, new, 1), name, language, rng.randrange(3))
                if not _stands(whole, held, language, name):
                    yield "limit turned", whole
                break


def _same_of_both(answer: str, old: str, new: str) -> bool:
    """Return whether a passage says the same of both risks, or leaves it open which piece is whose."""
    return answer.count(old) != 1 or answer.count(new) != 1 or len(set(_TIME.findall(answer))) < 1 or (
        len(_TIME.findall(answer)) != 1 and len(set(_TIME.findall(answer))) < 3
    )


def _stands(whole: str, held: list[tuple[str, str]], language: str, name: str) -> bool:
    """Return whether a turned sentence is by chance one that the passage has."""
    return any(whole == told(c, a, name, language, way) for c, a in held for way in range(3))
