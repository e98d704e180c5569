"""The sum of the diameters of targets that the reader chose, now and on a prior. Adds up and judges nothing.

Long axes alone: a lymph node counts by its short axis in RECIST, which the reader has to say. No response follows
from a sum.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from agent.record import LesionRecord, is_axis
from agent.toolset.desk import Desk
from agent.toolset.vision import measure_one
from tools.change import difference, percent_change, sum_of_diameters
from tools.contract import NotApplicable
from tools.evidence import Evidence
from tools.quantity import Quantity

PRODUCER, VERSION = "sum-of-targets", "1.0.0"


def wanted_targets(desk: Desk, given: Sequence[int] | None, asked: bool) -> list[int]:
    """Return the targets' numbers: as given, else as the reader stated; none where no sum is wanted.

    Raises:
        NotApplicable: a sum is asked for and no targets are chosen, or one is no lesion of this case.
    """
    numbers = list(dict.fromkeys(given or ())) or [
        int(n) for n in re.findall(r"\d+", str(desk.record.stated("targets") or ""))
    ]
    if not numbers and asked:
        raise NotApplicable(
            'Which lesions are the targets? The reader chooses them: say for example "targets are lesions 1 and 2".'
        )
    there = {x.number for x in desk.record.lesions if x.status != "rejected"}
    strangers = [n for n in numbers if n not in there]
    if strangers and (given or asked):
        held = ", ".join(str(n) for n in sorted(there)) or "none"
        raise NotApplicable(f"There is no lesion {strangers[0]} to be a target. Lesions: {held}.")
    return [] if strangers else numbers


def sum_of_targets(desk: Desk, numbers: Sequence[int], prior: int | None) -> Evidence:
    """Record the sum of the targets' long axes now, and before where a prior holds each of them; return it."""
    for lesion in _of(desk, numbers):
        if lesion.measurement is None:
            measure_one(desk, lesion)
    sizes = {x.number: x.measurement for x in _of(desk, numbers) if x.measurement is not None}
    now = sum_of_diameters({n: e.quantities for n, e in sizes.items()})
    quantities = [dataclasses.replace(now, name="current_sum_of_diameters")]
    # A reader's own axis now against a tool's before would be two methods: then no sum before is given.
    pairs = [] if any(is_axis(e) for e in sizes.values()) else _pairs(desk, numbers, prior)
    if pairs:
        before = sum_of_diameters({e.inputs["lesion"]: (_before(e),) for e in pairs})
        quantities += [
            dataclasses.replace(before, name="prior_sum_of_diameters"),
            difference(now, before),
            percent_change(now, before, "change_sum_percent"),
        ]
    parents = (*(e.id for e in sizes.values()), *(e.id for e in pairs), *_statement(desk, numbers))
    return _recorded(desk, numbers, prior, quantities, parents, pairs)


def _before(pair: Evidence) -> Quantity:
    """Return the long axis on the prior, under the name that a sum takes."""
    held = next(q for q in pair.quantities if q.name == "prior_axial_long_axis")
    return dataclasses.replace(held, name="axial_long_axis")


def _recorded(
    desk: Desk, numbers: Sequence[int], prior: int | None, quantities: list[Quantity], parents: tuple[str, ...],
    pairs: Sequence[Evidence],
) -> Evidence:  # fmt: skip
    reasons = list(dict.fromkeys(r for e in pairs for r in e.inputs.get("reasons") or ()))
    inputs = {
        "kind": "sum", "targets": list(numbers), "lesions": list(numbers), "growth_allowed": False,
        "of_prior": prior if pairs else None, "reasons": reasons,
    }  # fmt: skip
    held = desk.record.sums
    same = next((e for e in held if e.inputs == inputs and e.parents == parents), None)
    return same or desk.evidence.add(
        "comparison", PRODUCER, VERSION, scan_id=desk.need_scan().id, inputs=inputs, quantities=tuple(quantities),
        parents=parents, supersedes=tuple(e.id for e in held),
    )  # fmt: skip


def _of(desk: Desk, numbers: Sequence[int]) -> list[LesionRecord]:
    return [x for n in numbers if (x := desk.record.lesion(n)) is not None]


def _pairs(desk: Desk, numbers: Sequence[int], prior: int | None) -> list[Evidence]:
    """Return one matched pair for each target with its size on the prior; none unless every target has one."""
    found = {
        e.inputs["lesion"]: e
        for e in desk.record.comparisons
        if e.inputs.get("prior") == prior
        and e.inputs.get("kind") == "matched"
        and e.quantity("prior_axial_long_axis") is not None
    }
    return [found[n] for n in numbers] if all(n in found for n in numbers) else []


def _statement(desk: Desk, numbers: Sequence[int]) -> tuple[str, ...]:
    item = desk.record.context.get("targets")
    stated = [int(n) for n in re.findall(r"\d+", str(item.inputs.get("value")))] if item else []
    return (item.id,) if item is not None and stated == list(numbers) else ()
