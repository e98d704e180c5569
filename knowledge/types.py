"""What the guideline side hands over: passages, assessments, and its errors.

    KnowledgeError
    ├── UnknownGuideline   no criteria or guideline of that name
    ├── BadInput           a criterion's input is of the wrong kind or out of range
    ├── BrokenStore        the index cannot be read and could not be rebuilt
    └── EmbedderDown       the chosen embedder cannot be loaded or does not answer

Knows no scan and no torch model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Language = Literal["en", "zh"]


class KnowledgeError(Exception):
    """Something about guidelines went wrong. The message says what was seen and what to do next."""


class UnknownGuideline(KnowledgeError):
    """No guideline or criteria of that name."""


class BadInput(KnowledgeError):
    """A criterion's input is of the wrong kind or out of range."""


class BrokenStore(KnowledgeError):
    """The index cannot be read and could not be rebuilt."""


class EmbedderDown(KnowledgeError):
    """The chosen embedder cannot be loaded or does not answer."""


@dataclass(frozen=True)
class Passage:
    """A guideline passage in our own words.

    Attributes:
        id: stable id, e.g. ``fleischner-2017/solid-single/en``.
        text: what a reader sees; every number in it stands in a fact of the guideline's file.
        guideline, edition, section: e.g. ``Fleischner Society``, ``2017``, ``Single solid nodule``.
        source: title, year and DOI or address of what it rests on.
        language: of the text.
        page: for ingested documents, else None.
        confidence: ``high`` or ``medium`` (marked in the text shown).
        score: calibrated 0 to 1 when it came from a search, else 0.
    """

    id: str
    text: str
    guideline: str
    edition: str
    section: str
    source: str
    language: Language
    page: int | None = None
    confidence: str = "high"
    score: float = 0.0


@dataclass(frozen=True)
class Need:
    """One input a criterion still needs, and the question that asks for it in both languages."""

    name: str
    question: dict[Language, str]


@dataclass(frozen=True)
class Assessment:
    """What a guideline's table says for stated inputs.

    Exactly one of three holds: `row` is set (category and action follow from it), `needs` is not empty,
    or `out_of_scope` says why the guideline does not apply.

    Attributes:
        guideline: the criteria's name, e.g. ``fleischner-2017``.
        category: short name of what applied, e.g. ``solid, single, 6 to 8 mm, high risk``.
        action: what the guideline would have a reader consider, in both languages.
        row: id of the row that fired.
        cites: ids of passages that hold the row.
        needs: what is missing.
        out_of_scope: why it does not apply, in both languages; empty when it does.
        caveats: what limits the answer (slice thickness…), in both languages.
        used: the inputs the row rests on.
    """

    guideline: str
    category: str | None = None
    action: dict[Language, str] = field(default_factory=dict)
    row: str | None = None
    cites: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    out_of_scope: dict[Language, str] = field(default_factory=dict)
    caveats: tuple[dict[Language, str], ...] = ()
    used: dict[str, Any] = field(default_factory=dict)
