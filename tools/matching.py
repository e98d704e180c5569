"""Which lesion of one scan is which of the other: by overlap and distance after alignment, one to one, then groups.

Knows masks, places and an alignment; measures nothing and says nothing about growth.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tools.mask import FloatArray, Mask
from tools.register import Alignment, local_shift

REACH_MM = 4.0
"""Beside half their radii, the centres of two outlines of one lesion may lie this far apart: two outlines differ and
the local fit is good to a cell or two."""
LEAST_SCORE = 0.3
"""Pairs that score less are not the same lesion. Centres a reach apart without overlap score 0.37."""
SLACK_MM = 2.0
"""A voxel this near to an outline counts as inside it when merging and splitting are judged: the fit's own error."""
INSIDE = 0.5
"""A lesion with this share inside another's outline has become part of it, or came out of it."""
MOST_POINTS = 4000
"""More voxels than this are thinned before they are looked up: a share is then good to 2 %."""


@dataclass(frozen=True)
class Match:
    """Lesions that are the same through time: numbers of the current and of the prior scan, and how sure it is."""

    current: tuple[int, ...]
    prior: tuple[int, ...]
    confidence: float


@dataclass(frozen=True, eq=False)
class Matching:
    """Everything the matching found.

    Attributes:
        matches: which lesions are the same.
        alone_current, alone_prior: for each lesion without a match, how sure that is (1: nothing is near).
        shifts: the local shift in mm around each current lesion, in the prior's frame.
    """

    matches: tuple[Match, ...]
    alone_current: Mapping[int, float]
    alone_prior: Mapping[int, float]
    shifts: Mapping[int, FloatArray]


@dataclass(frozen=True, eq=False)
class _Outline:
    """A mask ready to be asked: its voxel centres and radius, and the distance of any place around it."""

    mask: Mask
    points: FloatArray
    centre: FloatArray
    radius_mm: float
    outside_mm: FloatArray
    margin: FloatArray

    @classmethod
    def of(cls, mask: Mask) -> _Outline:
        from scipy.ndimage import distance_transform_edt

        steps = np.linalg.norm(mask.grid_affine[:3, :3], axis=0)
        margin = np.ceil(SLACK_MM / steps).astype(int) + 1
        padded = np.pad(mask.box, [(int(m), int(m)) for m in margin])
        index = np.argwhere(mask.box)
        points = index @ mask.box_affine[:3, :3].T + mask.box_affine[:3, 3]
        volume = len(index) * abs(float(np.linalg.det(mask.grid_affine[:3, :3])))
        radius = (3 * volume / (4 * math.pi)) ** (1 / 3)
        thinned = points[:: max(1, len(points) // MOST_POINTS)]
        outside = distance_transform_edt(~padded, sampling=steps)
        return cls(mask, thinned, points.mean(axis=0), radius, outside, margin)

    def share_of(self, points: FloatArray, slack_mm: float = 0.0) -> float:
        """Return the share of RAS positions that lie in the outline, or within a slack of it."""
        affine = self.mask.box_affine
        index = np.rint((points - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T).astype(int) + self.margin
        valid = ((index >= 0) & (index < self.outside_mm.shape)).all(axis=1)
        return float((self.outside_mm[tuple(index[valid].T)] <= slack_mm).sum()) / max(1, len(points))


def match(current: Mapping[int, Mask], prior: Mapping[int, Mask], alignment: Alignment) -> Matching:
    """Return which of the current lesions is which of the prior's. No mask may be empty."""
    from scipy.optimize import linear_sum_assignment

    mine, theirs = sorted(current), sorted(prior)
    now = [_Outline.of(current[n]) for n in mine]
    then = [_Outline.of(prior[n]) for n in theirs]
    shifts = [local_shift(alignment, outline.mask) for outline in now]
    scores = np.zeros((len(now), len(then)))
    for r, c in itertools.product(range(len(now)), range(len(then))):
        scores[r, c] = _score(now[r], then[c], shifts[r], alignment)
    rows, columns = linear_sum_assignment(-np.where(scores >= LEAST_SCORE, scores, 0.0))
    pairs = [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if scores[r, c] >= LEAST_SCORE]
    groups = _groups(pairs, now, then, shifts, alignment)
    used_rows, used_columns = {r for g, _ in groups for r in g}, {c for _, g in groups for c in g}
    return Matching(
        tuple(
            Match(tuple(mine[r] for r in sorted(a)), tuple(theirs[c] for c in sorted(b)), _confidence(scores, a, b))
            for a, b in groups
        ),
        {n: 1.0 - float(scores[r].max(initial=0.0)) for r, n in enumerate(mine) if r not in used_rows},
        {n: 1.0 - float(scores[:, c].max(initial=0.0)) for c, n in enumerate(theirs) if c not in used_columns},
        dict(zip(mine, shifts, strict=True)),
    )


def _confidence(scores: FloatArray, rows: set[int], columns: set[int]) -> float:
    """Return the least score of a group's members, less half of the best score that leads out of the group."""
    r, c = sorted(rows), sorted(columns)
    within = scores[np.ix_(r, c)]
    least = min(float(within.max(axis=1).min()), float(within.max(axis=0).min()))
    rest = scores.copy()
    rest[np.ix_(r, c)] = 0.0
    rival = max(float(rest[r].max(initial=0.0)), float(rest[:, c].max(initial=0.0)))
    return min(1.0, max(0.0, least * (1.0 - 0.5 * min(1.0, rival / max(least, 1e-9)))))


def _score(mine: _Outline, theirs: _Outline, shift: FloatArray, alignment: Alignment) -> float:
    """Return how far two outlines look like one lesion, 0 to 1: the larger of their overlap and nearness."""
    gap = float(np.linalg.norm(alignment.to_prior(mine.centre[None], shift)[0] - theirs.centre))
    if gap > mine.radius_mm + theirs.radius_mm + 3 * REACH_MM and gap > 2 * max(_extent(mine), _extent(theirs)):
        return 0.0
    reach = REACH_MM + (mine.radius_mm + theirs.radius_mm) / 2
    overlaps = (
        theirs.share_of(alignment.to_prior(mine.points, shift)),
        mine.share_of(alignment.to_current(theirs.points, shift)),
    )
    return max(*overlaps, math.exp(-((gap / reach) ** 2)))


def _extent(outline: _Outline) -> float:
    return float(np.linalg.norm(np.ptp(outline.points, axis=0)))


Group = tuple[set[int], set[int]]


def _groups(
    pairs: Sequence[tuple[int, int]], now: Sequence[_Outline], then: Sequence[_Outline], shifts: Sequence[FloatArray],
    alignment: Alignment,
) -> list[Group]:
    """Return the pairs, each with the lesions that merged into it or split from it."""
    groups: list[Group] = [({r}, {c}) for r, c in pairs]
    for c in sorted(set(range(len(then))) - {c for _, c in pairs}):
        inside = [now[r].share_of(alignment.to_current(then[c].points, shifts[r]), SLACK_MM) for r, _ in pairs]
        if inside and max(inside) >= INSIDE:
            groups[int(np.argmax(inside))][1].add(c)
    for r in sorted(set(range(len(now))) - {r for r, _ in pairs}):
        inside = [then[c].share_of(alignment.to_prior(now[r].points, shifts[r]), SLACK_MM) for _, c in pairs]
        if inside and max(inside) >= INSIDE:
            groups[int(np.argmax(inside))][0].add(r)
    return groups
