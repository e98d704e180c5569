"""What LIDC readers rated of a nodule, and which single figure each estimate must beat before it is shipped.

Names, levels and words; knows no weights and no data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

CALCIFICATION_ABSENT = 6
"""The readers' code for no calcification; 1 to 5 are kinds of it."""


@dataclass(frozen=True)
class Target:
    """One thing that readers rated.

    Attributes:
        name: of the quantity, e.g. ``lidc_spiculation``.
        column: in the table of the crops.
        low, high: the levels up to `low` and from `high` on are told apart in an AUC; those between are left out.
        beside: the single features, one of which the estimate must beat; the best one by cross-validation is taken.
        levels: how many there are.
        called: what is rated, in words.
        meaning: the ends of the scale, in words.
        level: the readers' code as a level.
    """

    name: str
    column: str
    low: int
    high: int
    beside: tuple[str, ...]
    levels: int
    called: str
    meaning: str
    level: Callable[[int], int] = lambda code: code


def _calcified(code: int) -> int:
    return 1 if code == CALCIFICATION_ABSENT else 2


RATING = Target(
    "lidc_rating", "Malignancy_value", 2, 4, ("log mean diameter",), 5,
    "nodule", "1 to 5 as readers rated it: opinion, not pathology",
)  # fmt: skip
TEXTURE = Target(
    "lidc_texture", "Texture_value", 4, 5, ("log mean diameter", "HU mean", "HU p50"), 5,
    "texture", "1 ground glass, 2 to 4 part-solid, 5 solid",
)  # fmt: skip
SPICULATION = Target(
    "lidc_spiculation", "Spiculation_value", 2, 3, ("log mean diameter",), 5,
    "spiculation", "1 none, 5 marked",
)  # fmt: skip
MARGIN = Target(
    "lidc_margin", "Margin_value", 3, 4, ("log mean diameter", "HU mean"), 5,
    "margin", "1 poorly defined, 5 sharp",
)  # fmt: skip
CALCIFICATION = Target(
    "lidc_calcification", "Calcification_value", 1, 2, ("log mean diameter", "HU p95", "densest HU"), 2,
    "calcification", "1 absent, 2 present", _calcified,
)  # fmt: skip

TARGETS: Mapping[str, Target] = {t.name: t for t in (RATING, TEXTURE, SPICULATION, MARGIN, CALCIFICATION)}
