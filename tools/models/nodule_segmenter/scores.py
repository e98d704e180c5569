"""How an outline compares with the readers' consensus, and what many such scores say, with intervals over patients.

Knows no network and no prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.measure import measure_box
from tools.models.nodule_segmenter.data import Nodule

Bool = npt.NDArray[np.bool_]

RESAMPLES = 2000
SEED = 7
CONTACT_SHARE, CONTACT_HU, CONTACT_PX = 0.25, -400.0, (1, 3)
"""A nodule lies on pleura or vessels when this share of what surrounds it in the plane is denser than this: no label
says so. Free nodules have under a tenth."""

TAIL_MM = 2.0
"""What of an outline is narrower in the plane is a tail: a pleural tag or a vessel that readers follow or do not."""


@dataclass(frozen=True)
class Score:
    """One nodule under one kind of prompt. Errors are None when the tool refused."""

    patient: str
    texture: str
    dice: float
    diameter_error_mm: float | None
    volume_error_percent: float | None
    diameter_bias_mm: float | None = None
    """The same error with its sign: above zero is too long."""


def texture_of(nodule: Nodule) -> str:
    """Return the readers' texture: 5 is solid, 1 is ground glass, between is part-solid."""
    return {"5": "solid", "1": "ground-glass"}.get(nodule.row["Texture_value"], "part-solid")


def touches(nodule: Nodule) -> bool:
    """Return whether a nodule lies on pleura or vessels, by what surrounds the readers' mask."""
    from scipy.ndimage import binary_dilation

    plane = np.zeros((3, 3, 3), bool)
    plane[1] = True
    near, far = (binary_dilation(nodule.mask, plane, iterations=n) for n in CONTACT_PX)
    shell = nodule.image[far & ~near]
    return bool(shell.size and (shell > CONTACT_HU).mean() >= CONTACT_SHARE)


def without_tails(mask: Bool, spacing: Sequence[float]) -> Bool:
    """Return a mask (slice, row, column) opened slice by slice with a disc of `TAIL_MM`; one that is all tail as it is.

    `spacing` is in mm along the same axes.
    """
    from scipy.ndimage import distance_transform_edt

    kept = np.zeros_like(mask)
    for whole, part in zip(np.pad(mask, ((0, 0), (2, 2), (2, 2))), kept, strict=True):
        core = distance_transform_edt(whole, sampling=spacing[1:]) > TAIL_MM / 2
        if core.any():
            near = distance_transform_edt(~core, sampling=spacing[1:]) <= TAIL_MM / 2
            part[:] = (near & whole)[2:-2, 2:-2]
    return kept if kept.any() else mask


def score(nodule: Nodule, answer: Bool | None) -> Score:
    """Return how an answer compares with the readers' consensus."""
    if answer is None or not answer.any():
        return Score(nodule.patient, texture_of(nodule), 0.0, None, None)
    dice = 2.0 * float((answer & nodule.mask).sum()) / float(answer.sum() + nodule.mask.sum())
    bias = longest_mm(answer, nodule) - longest_mm(nodule.mask, nodule)
    volume = 100.0 * abs(float(answer.sum()) / float(nodule.mask.sum()) - 1.0)
    return Score(nodule.patient, texture_of(nodule), dice, abs(bias), volume, bias)


def longest_mm(mask: Bool, nodule: Nodule) -> float:
    """Return the longest axial diameter of a mask on a nodule's grid."""
    quantities = measure_box(np.moveaxis(mask, 0, 2), nodule.affine)
    return float(next(q.value for q in quantities if q.name == "axial_long_axis"))


def with_interval(
    scores: Sequence[Score], values: Sequence[float], statistic: Callable[[Any], Any]
) -> tuple[float, float, float]:
    """Return a statistic and its 95 % interval, patients (not nodules) drawn again with replacement."""
    rng = np.random.default_rng(SEED)
    groups: dict[str, list[float]] = {}
    for s, value in zip(scores, values, strict=True):
        groups.setdefault(s.patient, []).append(value)
    lists = [np.array(v) for v in groups.values()]
    drawn = [
        float(statistic(np.concatenate([lists[n] for n in rng.integers(len(lists), size=len(lists))])))
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(statistic(np.array(values))), float(low), float(high)


def summary(scores: Sequence[Score]) -> dict[str, Any]:
    """Return the figures of one kind of prompt. A refusal counts as Dice 0; size errors are over the answers."""
    answered = [s for s in scores if s.diameter_error_mm is not None]
    dice = [s.dice for s in scores]
    wide = [float(s.diameter_error_mm or 0.0) for s in answered]
    signed = [float(s.diameter_bias_mm or 0.0) for s in answered]
    volume = [float(s.volume_error_percent or 0.0) for s in answered]
    figures: dict[str, Any] = {"nodules": len(scores), "refused": len(scores) - len(answered)}
    for name, who, values, statistic in (
        ("dice_mean", scores, dice, np.mean),
        ("dice_median", scores, dice, np.median),
        ("diameter_error_mm_median", answered, wide, np.median),
        ("diameter_error_mm_mean", answered, wide, np.mean),
        ("diameter_bias_mm_median", answered, signed, np.median),
        ("volume_error_percent_median", answered, volume, np.median),
    ):
        value, low, high = with_interval(who, values, statistic)
        figures[name] = {"value": round(value, 3), "low": round(low, 3), "high": round(high, 3)}
    return figures
