"""What a question is about, by its words alone: for a caller that has to tell it from a question about a scan.

Knows no index: quick enough for every message.
"""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.criteria import criteria_names
from knowledge.cues import NOT_COVERED, cues_of, not_held
from knowledge.library import language_of, shipped
from knowledge.words import spelled_out, words

_CHEST = {"lung", "chest", "thorax"}


@dataclass(frozen=True)
class Subject:
    """What a question is about.

    Attributes:
        elsewhere: another part of the body that a guideline covers, and not the lungs.
        names_tabled: a guideline that is applied in code; names_untabled: one that is only quoted, or not held.
        names_alone: the name and hardly a word beside it.
    """

    elsewhere: bool
    names_tabled: bool
    names_untabled: bool
    names_alone: bool


def named_in(question: str) -> tuple[str, ...]:
    """Return the names of the guidelines that a question names."""
    return tuple(sorted(cues_of(question, shipped()).named - {NOT_COVERED}))


def subject_of(question: str) -> Subject:
    """Return what a question is about.

    >>> subject_of("Thyroid nodule, TR4, 1.2 cm?").elsewhere
    True
    """
    tabled = set(criteria_names())
    cues = cues_of(spelled_out(question), shipped())
    named = cues.named - {NOT_COVERED}
    return Subject(
        elsewhere=bool(cues.parts) and not _CHEST & set(cues.parts or ()),
        names_tabled=bool(named & tabled),
        names_untabled=bool(named - tabled) or bool(not_held(question, shipped())),
        names_alone=len(set(words(question, language_of(question)))) <= 3,
    )
