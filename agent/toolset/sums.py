"""The sum of the diameters of targets that the reader chose, now and on a prior. Adds up and judges nothing.

The long axis of a lesion, the short axis of one that the reader says is a lymph node, as RECIST 1.1 counts them. No
response follows from a sum.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from agent.record import LesionRecord, is_axis
from agent.toolset.desk import Desk
from agent.toolset.measuring import measure_one
from tools.change import difference, named, percent_change, sum_of_diameters
from tools.contract import NotApplicable
from tools.evidence import Evidence
from tools.quantity import Quantity

PRODUCER, VERSION = "sum-of-targets", "1.1.0"
NODE_MM = 10.0
"""A lymph node under this in its short axis is normal (RECIST 1.1: Eisenhauer 2009, doi 10.1016/j.ejca.2008.10.026)."""


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
    """Record the sum of the targets' diameters now, and before where a prior holds each of them; return it."""
    for lesion in _of(desk, numbers):
        if lesion.measurement is None:
            measure_one(desk, lesion)
    lesions = _of(desk, numbers)
    nodes = [x.number for x in lesions if is_node(x)]
    sizes = {x.number: x.measurement for x in lesions if x.measurement is not None}
    now = sum_of_diameters({n: e.quantities for n, e in sizes.items()}, nodes)
    quantities = [dataclasses.replace(now, name="current_sum_of_diameters")]
    # A reader's own axis now against a tool's before would be two methods: then no sum before is given.
    before = {} if any(is_axis(e) for e in sizes.values()) else _before(desk, numbers, prior, nodes)
    if before:
        then = sum_of_diameters({n: (b.axis,) for n, b in before.items()}, nodes)
        quantities += [
            dataclasses.replace(then, name="prior_sum_of_diameters"),
            difference(now, then),
            percent_change(now, then, "change_sum_percent"),
        ]
    small = [n for n in nodes if named(sizes[n].quantities, "axial_short_axis").value < NODE_MM]
    if small:
        quantities.append(Quantity("node_limit", NODE_MM, "mm", "RECIST 1.1: a node under this is normal"))
    said = [x.stated["lymph_node"].id for x in lesions if x.number in nodes]
    parents = [e.id for e in sizes.values()] + [name for b in before.values() for name in b.parents] + said
    parents += _statement(desk, numbers)
    pairs = [b.pair for b in before.values()]
    reasons = list(dict.fromkeys(r for e in pairs for r in e.inputs.get("reasons") or ()))
    inputs = {
        "kind": "sum", "targets": list(numbers), "lesions": list(numbers), "nodes": nodes, "small_nodes": small,
        "growth_allowed": False, "of_prior": prior if pairs else None, "reasons": reasons,
    }  # fmt: skip
    return _recorded(desk, inputs, quantities, tuple(dict.fromkeys(parents)))


def is_node(lesion: LesionRecord) -> bool:
    """Return whether the reader says that a lesion is a lymph node."""
    item = lesion.stated.get("lymph_node")
    return item is not None and item.inputs.get("value") is True


@dataclasses.dataclass(frozen=True)
class _Then:
    """A target on the prior: the pair it is in, the axis that counts, and what that rests on."""

    pair: Evidence
    axis: Quantity
    parents: tuple[str, ...]


def _before(desk: Desk, numbers: Sequence[int], prior: int | None, nodes: Sequence[int]) -> dict[int, _Then]:
    """Return every target on the prior by its number; none unless each is there by one matched pair with its axis."""
    pairs = {
        e.inputs["lesion"]: e
        for e in desk.record.comparisons
        if e.inputs.get("prior") == prior and e.inputs.get("kind") == "matched"
    }
    found = {}
    for number in numbers:
        pair = pairs.get(number)
        then = None if pair is None else _then(desk, pair, node=number in nodes)
        if then is None:
            return {}
        found[number] = then
    return found


def _then(desk: Desk, pair: Evidence, *, node: bool) -> _Then | None:
    if not node:
        held = pair.quantity("prior_axial_long_axis")
        return None if held is None else _Then(pair, dataclasses.replace(held, name="axial_long_axis"), (pair.id,))
    there = next((p for p in desk.record.priors if p.number == pair.inputs.get("prior")), None)
    numbers: list[int] = pair.inputs.get("prior_lesions") or []
    measured = there.measurements.get(numbers[0]) if there is not None and len(numbers) == 1 else None
    held = measured.quantity("axial_short_axis") if measured is not None else None
    if measured is None or held is None:
        return None
    return _Then(pair, held, (pair.id, measured.id))


def _recorded(desk: Desk, inputs: dict[str, Any], quantities: list[Quantity], parents: tuple[str, ...]) -> Evidence:
    held = desk.record.sums
    same = next((e for e in held if e.inputs == inputs and e.parents == parents), None)
    return same or desk.evidence.add(
        "comparison", PRODUCER, VERSION, scan_id=desk.need_scan().id, inputs=inputs, quantities=tuple(quantities),
        parents=parents, supersedes=tuple(e.id for e in held),
    )  # fmt: skip


def _of(desk: Desk, numbers: Sequence[int]) -> list[LesionRecord]:
    return [x for n in numbers if (x := desk.record.lesion(n)) is not None]


def _statement(desk: Desk, numbers: Sequence[int]) -> tuple[str, ...]:
    item = desk.record.context.get("targets")
    stated = [int(n) for n in re.findall(r"\d+", str(item.inputs.get("value")))] if item else []
    return (item.id,) if item is not None and stated == list(numbers) else ()
