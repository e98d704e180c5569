"""What may be told of a model's impression of pictures, which rests on nothing: no size, disease or negative read.

Knows no evidence: whatever it lets pass is still no statement about the case.
"""

from __future__ import annotations

from agent.grounding import vocabulary as words
from agent.grounding.claims import claims_of

_DISEASES = ("cancer", "benign", "metastasis", "tuberculosis", "pneumonia", "infection", "granuloma", "hamartoma")
"""Findings that name what a lesion is, not what is seen."""
_COUNTED = ("slice", "")
"""Units that measure nothing of the patient."""


def measures(text: str) -> bool:
    """Return whether a text gives a size, a density, a share or a time.

    >>> measures("about 12 mm across"), measures("seen on two slices")
    (True, False)
    """
    return any(amount.unit not in _COUNTED for amount in claims_of(text).amounts)


def never_said(text: str) -> bool:
    """Return whether a text names a disease or says what is never said.

    >>> never_said("This is likely malignant."), never_said("A round opacity at the pleura.")
    (True, False)
    """
    patterns = (*words.NEVER.values(), *(words.FINDINGS[name] for name in _DISEASES))
    return any(pattern.search(text) for pattern in patterns)
