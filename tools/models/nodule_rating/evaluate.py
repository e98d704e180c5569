"""Figures of an estimate beside those of a single feature, on the same cases, with paired intervals over patients.

Knows no model: shares of levels come in, figures go out. Nothing here looks at training data by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.models.nodule_rating.ordinal import clear_share, expected
from tools.models.nodule_rating.targets import Target

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

RESAMPLES = 2000
SEED = 7
STEPS = 25
"""Newton steps of a calibration slope; it has settled after a handful."""
STEEPEST = 30.0
"""A slope beyond this has run away: it is that of cases parted without a mistake."""


@dataclass(frozen=True)
class Seen:
    """One estimate of one target on some cases: what readers chose, the line it orders by, and its clear share."""

    order: Array
    share: Array

    @classmethod
    def of(cls, shares: Array, target: Target) -> Seen:
        """Return an estimate from shares of levels, shape (cases, levels)."""
        return cls(expected(shares), clear_share(shares, target.low, target.high))


def area(score: Array, positive: npt.NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve; not a number where one kind alone is there."""
    from scipy.stats import rankdata

    count = int(positive.sum())
    if count in (0, len(positive)):
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(positive) - count)))


def rank_correlation(score: Array, level: npt.NDArray[Any]) -> float:
    """Return Spearman's rho; not a number where all are alike."""
    from scipy.stats import rankdata

    if np.ptp(score) == 0 or np.ptp(level) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(score), rankdata(level))[0, 1])


def brier(share: Array, positive: npt.NDArray[np.bool_]) -> float:
    """Return the mean squared distance of shares from what readers chose."""
    return float(((share - positive) ** 2).mean())


def calibration_slope(share: Array, positive: npt.NDArray[np.bool_]) -> float:
    """Return the slope of the readers' choice on the logit of the share: 1 is calibrated, below is overconfident.

    Not a number where the shares part the two kinds without a mistake: then no slope fits best.
    """
    z = np.log(share / (1 - share))
    x, coefficients = np.stack([np.ones_like(z), z], axis=1), np.array([0.0, 1.0])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ coefficients, -30, 30)))
        curve = x.T @ (x * (p * (1 - p))[:, None]) + 1e-9 * np.eye(2)
        coefficients = coefficients + np.linalg.solve(curve, x.T @ (positive - p))
    return float(coefficients[1]) if abs(coefficients[1]) < STEEPEST else float("nan")


def redrawn(patient: npt.NDArray[np.str_], times: int = RESAMPLES) -> list[Rows]:
    """Return row indices of patients drawn again with replacement."""
    rng = np.random.default_rng(SEED)
    groups = [np.flatnonzero(patient == p) for p in sorted(set(patient))]
    return [np.concatenate([groups[n] for n in rng.integers(len(groups), size=len(groups))]) for _ in range(times)]


def with_interval(statistic: Callable[[Rows], float], count: int, draws: list[Rows]) -> dict[str, float]:
    """Return a statistic of rows with its 95 % interval over redrawn rows."""
    value = statistic(np.arange(count))
    low, high = np.nanpercentile([statistic(rows) for rows in draws], [2.5, 97.5])
    return {"value": round(value, 3), "low": round(float(low), 3), "high": round(float(high), 3)}


def paired(
    target: Target,
    level: npt.NDArray[np.int_],
    patient: npt.NDArray[np.str_],
    ours: Seen,
    alone: Seen,
    times: int = RESAMPLES,
) -> dict[str, Any]:
    """Return AUC, rank correlation and Brier score of an estimate and a single feature, with their differences."""
    draws, count = redrawn(patient, times), len(level)
    clear = (level <= target.low) | (level >= target.high)
    positive = level >= target.high

    def on_clear(measure: Callable[[Array, Any], float], values: Array) -> Callable[[Rows], float]:
        return lambda rows: measure(values[rows[clear[rows]]], positive[rows[clear[rows]]])

    def of_all(values: Array) -> Callable[[Rows], float]:
        return lambda rows: rank_correlation(values[rows], level[rows])

    figures: dict[str, Any] = {
        "cases": count, "clear": int(clear.sum()), "positive": int(positive.sum()), "patients": len(set(patient)),
    }  # fmt: skip
    for name, mine, theirs in (
        ("auc", on_clear(area, ours.order), on_clear(area, alone.order)),
        ("brier", on_clear(brier, ours.share), on_clear(brier, alone.share)),
        ("spearman", of_all(ours.order), of_all(alone.order)),
    ):
        figures[name] = with_interval(mine, count, draws)
        figures[f"{name}_alone"] = with_interval(theirs, count, draws)
        figures[f"{name}_difference"] = with_interval(lambda r, a=mine, b=theirs: a(r) - b(r), count, draws)  # type: ignore[misc]
    figures["calibration_slope"] = with_interval(on_clear(calibration_slope, ours.share), count, draws)
    return figures


def by_class(shares: Array, level: npt.NDArray[np.int_], classes: dict[str, tuple[int, int]]) -> dict[str, Any]:
    """Return for each class how many there are, how many were told so, and the AUC against the rest.

    Args:
        shares: of the levels, shape (cases, levels).
        level: what readers chose.
        classes: first and last level of each class.
    """
    parts = np.stack([shares[:, a - 1 : b].sum(axis=1) for a, b in classes.values()], axis=1)
    told = np.argmax(parts, axis=1)
    found = {}
    for n, (name, (a, b)) in enumerate(classes.items()):
        truly = (level >= a) & (level <= b)
        found[name] = {
            "cases": int(truly.sum()), "told so": int((told == n).sum()), "rightly": int((truly & (told == n)).sum()),
            "auc": round(area(parts[:, n], truly), 3),
        }  # fmt: skip
    return found
