"""One score, 0 to 1, from what speaks for a section: a logistic function with fitted weights.

The weights and the threshold lie in ``calibration.json``. They are fitted by ``tests/bench/knowledge.py --fit`` on one
part of our own questions and reported on the other. Knows no index and no question.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from pathlib import Path

CALIBRATION = Path(__file__).with_name("calibration.json")


@dataclass(frozen=True)
class Signs:
    """What speaks for one section as the answer to one question.

    Attributes:
        text, ask: level of similarity to its text, and to a way of asking for it (0: like anything, 1: like itself).
        behind: how far its better one lies behind the best section's; 0 or less.
        bm25, share: BM25, and BM25 against the best section's, 0 to 1.
        covered: share of the question's words that it holds, by rarity, 0 to 1.
        named, part, setting: 1 when the question names its guideline, body part or setting, -1 when it names another.
        type, count: 1 when its title names the question's type of nodule, or several as it does, -1 when another.
        usual: 0 for a guideline that people mean only when they name it, and they have not, else 1.
        known: share of the question's words that any passage holds, by rarity; the same for every section.
        domain: 1 when the question is about imaging that is held here, -1 about a part of the body that is not; the
            same for every section.
    """

    text: float
    ask: float
    behind: float
    bm25: float
    share: float
    covered: float
    named: float
    part: float
    setting: float
    type: float
    count: float
    usual: float
    known: float
    domain: float

    def row(self) -> tuple[float, ...]:
        """Return the signs in the order of the weights; BM25 without bounds is brought below 1."""
        return tuple(
            value / (value + BM25_HALF) if name == "bm25" else value
            for name, value in ((f.name, getattr(self, f.name)) for f in fields(self))
        )


BM25_HALF = 6.0
"""BM25 that counts half: a question with some rare words of a passage."""
NAMES = tuple(f.name for f in fields(Signs))


def _calibration() -> tuple[dict[str, float], float]:
    raw = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    return {name: float(raw["weights"].get(name, 0.0)) for name in ("intercept", *NAMES)}, float(raw["threshold"])


WEIGHTS, THRESHOLD = _calibration()
"""Fitted weights (a sign that was not fitted yet counts nothing), and the score below which a passage is not shown."""


def score(signs: Signs, weights: dict[str, float] = WEIGHTS) -> float:
    """Return the calibrated score, 0 to 1."""
    x = weights["intercept"] + sum(weights[name] * value for name, value in zip(NAMES, signs.row(), strict=True))
    return 1 / (1 + math.exp(-x))
