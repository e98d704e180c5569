"""Numbers of lesions that only earlier scans have: one number a lesion, whichever and however many priors show it.

Two priors' lesions are the same where registration lays them on one place of the current scan. Compares nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agent.record import PriorRecord
from agent.toolset.desk import Desk
from tools.compare import Comparison
from tools.evidence import Evidence
from tools.mask import Mask

SAME_PLACE_MM = 8.0
"""Beside half of both radii, places laid over from two priors may lie this far apart: each registration is good to a
cell or two, and neither follows the breath where the lesion is gone."""


def gone_numbers(desk: Desk, prior: PriorRecord, result: Comparison) -> dict[tuple[int, ...], int]:
    """Return a lesion number of this case for each lesion that only the prior has, by its numbers there.

    The one it had before for this prior, else that of the same place on another prior, else the next free one.
    """
    alone = [pair.prior for pair in result.pairs if not pair.current]
    known = _known(desk, prior.number)
    found = {numbers: known[numbers] for numbers in alone if numbers in known}
    elsewhere = _elsewhere(desk, prior.number)
    after = desk.record.next_number()
    for numbers in alone:
        if numbers in found:
            continue
        masks = [desk.evidence.mask(prior.outlines[n]) for n in numbers]
        number = _same(masks, result.registration.matrix, elsewhere, set(found.values()))
        found[numbers] = after if number is None else number
        after += number is None
    return found


def _known(desk: Desk, prior: int) -> dict[tuple[int, ...], int]:
    return {
        tuple(e.inputs.get("prior_lesions") or ()): int(e.inputs["lesion"])
        for e in desk.record.items
        if _only_before(e) and e.inputs.get("prior") == prior
    }


def _only_before(item: Evidence) -> bool:
    return item.kind == "comparison" and bool(item.inputs.get("only_before"))


Place = tuple[np.ndarray[Any, Any], float]
"""Where a lesion lies on the current scan, RAS mm, and its radius."""


def _elsewhere(desk: Desk, prior: int) -> dict[int, list[Place]]:
    """Return the places of lesions that another prior alone has, by their number in this case."""
    record = desk.record
    outlines: Mapping[int, Mapping[int, Evidence]] = {p.number: p.outlines for p in record.priors}
    found: dict[int, list[Place]] = {}
    for item in record.live:
        first = next((e for p in item.parents if (e := record.by_id[p]).inputs.get("kind") == "registration"), None)
        other = item.inputs.get("prior")
        if not _only_before(item) or other == prior or first is None or "matrix" not in first.inputs:
            continue
        there = outlines.get(int(other or 0), {})
        masks = [desk.evidence.mask(there[n]) for n in item.inputs.get("prior_lesions") or () if n in there]
        found.setdefault(int(item.inputs["lesion"]), []).extend(_place(m, first.inputs["matrix"]) for m in masks)
    return found


def _place(mask: Mask, matrix: Sequence[Sequence[float]]) -> Place:
    volume = mask.count * abs(float(np.linalg.det(mask.grid_affine[:3, :3])))
    at = np.linalg.solve(np.asarray(matrix, dtype=np.float64), np.array([*mask.centre_mm, 1.0]))[:3]
    return at, (3 * volume / (4 * math.pi)) ** (1 / 3)


def _same(
    masks: Sequence[Mask], matrix: Sequence[Sequence[float]], elsewhere: Mapping[int, Sequence[Place]], taken: set[int]
) -> int | None:
    """Return the number of the nearest lesion elsewhere that lies at the place of one of the masks."""
    near: list[tuple[float, int]] = []
    for mask in masks:
        at, radius = _place(mask, matrix)
        for number, places in elsewhere.items():
            gaps = [float(np.linalg.norm(at - p)) - (radius + r) / 2 for p, r in places]
            near += [(gap, number) for gap in gaps if gap <= SAME_PLACE_MM and number not in taken]
    return min(near)[1] if near else None
