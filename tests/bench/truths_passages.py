"""True clauses over guideline passages: each sentence as it stands, and each row told in words of our own.

Nothing here uses the checker's code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import alterations_rows

from knowledge.library import shipped
from tools.evidence import Evidence, EvidenceStore

_SENTENCE = {"en": re.compile(r"(?<=\.)\s+(?=[A-Z(])"), "zh": re.compile(r"(?<=。)")}
_RESPONSE = re.compile(r"\b(?:response|disease)\b|缓解|进展|稳定")
LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Cited:
    """A passage as it is cited in a case: its evidence, its text, and sentences that are true of it."""

    evidence: Evidence
    name: str
    language: str
    true: tuple[str, ...]


def cited(home: Path) -> Iterator[Cited]:
    """Yield every shipped passage that has a number, in both languages."""
    book = EvidenceStore(home).case("passages")
    for guideline in shipped():
        for section in guideline.sections:
            for language in LANGUAGES:
                if language not in section.texts or not re.search(r"\d", section.texts[language]):
                    continue
                passage = guideline.passage(section, language)
                item = book.add(
                    "passage", "guidelines", passage.edition, text=passage.text,
                    inputs={"passage": passage.id, "guideline": passage.guideline, "edition": passage.edition,
                            "section": passage.section, "source": passage.source, "language": language},
                )  # fmt: skip
                name = f"{passage.guideline} {passage.edition}"
                yield Cited(item, name, language, tuple(_true(passage.text, name, language)))


def _true(text: str, name: str, language: str) -> Iterator[str]:
    for sentence in _SENTENCE[language].split(text):
        if re.search(r"\d", sentence):
            yield sentence.strip().rstrip(".。")
    for way, (condition, answer) in enumerate(alterations_rows.rows(text, language)):
        if _RESPONSE.search(condition + answer):
            continue  # a response is never told in other words than the guideline's: DESIGN's never-list
        yield alterations_rows.told(condition, answer, name, language, way % 3)
