"""Fit the lines of a target on training patients, and estimate each of them by lines that saw nothing of the patient.

Knows no files and no held-out patient: it is handed cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tools.models.nodule_rating.cases import Cases
from tools.models.nodule_rating.features import NAMES
from tools.models.nodule_rating.ordinal import Ordinal, Scale, shares_of, surprise
from tools.models.nodule_rating.targets import Target

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

LOOSENESS = (0.003, 0.01, 0.03, 0.1)
"""Inverse ridge penalties that are tried, by cross-validation over training patients."""
FREE = 1000.0
"""A single feature needs no penalty."""
FOLDS = 10
SEED = 7


def folds(patient: npt.NDArray[np.str_], count: int = FOLDS) -> Iterator[tuple[Rows, Rows]]:
    """Give rows to learn from and rows left out, no patient in both."""
    from sklearn.model_selection import GroupKFold

    yield from GroupKFold(count, shuffle=True, random_state=SEED).split(patient, groups=patient)


def columns(names: Sequence[str]) -> list[int]:
    """Return the places of features."""
    return [NAMES.index(name) for name in names]


def spread_out(model: Ordinal, used: Sequence[int]) -> Ordinal:
    """Return lines over some of the features as lines over all of them."""
    weights = np.zeros((len(model.weights), len(NAMES)))
    weights[:, list(used)] = model.weights
    return Ordinal(weights, model.bias, model.slope)


def fitted(cases: Cases, target: Target, used: Sequence[int], looseness: float) -> tuple[Scale, Ordinal]:
    """Return the scale and the lines of a target on all rows of the cases."""
    scale = Scale.of(cases.x)
    z = scale(cases.x)[:, list(used)]
    return scale, spread_out(Ordinal.fit(z, cases.level(target), target.levels, looseness), used)


def left_out(cases: Cases, target: Target, used: Sequence[int], looseness: float, count: int = FOLDS) -> Array:
    """Return the logits of the scored rows, each by lines that saw nothing of its patient."""
    scored = cases.scored
    logits = np.zeros((len(scored.patient), target.levels - 1))
    for seen, left in folds(scored.patient, count):
        learning = cases.where(np.isin(cases.patient, scored.patient[seen]))
        scale, model = fitted(learning, target, used, looseness)
        logits[left] = model.logits(scale(scored.x[left]))
    return logits


def chosen_looseness(cases: Cases, target: Target, used: Sequence[int]) -> tuple[float, Array]:
    """Return the looseness whose left-out shares surprise least, and those logits."""
    level = cases.scored.level(target)
    tried = {c: left_out(cases, target, used, c) for c in LOOSENESS}
    best = min(tried, key=lambda c: surprise(shares_of(tried[c]), level))
    return best, tried[best]
