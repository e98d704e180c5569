"""Runs recorded comparisons again: the same two scans, the outlines that were compared then, the interval of then.

A registration and its pairs come from one run, made once a replay. Records nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.record import Record, is_axis, of_prior
from agent.toolset.anatomy import share
from agent.toolset.beside import dice
from agent.toolset.change import method
from agent.toolset.desk import Desk
from agent.toolset.scores import apart
from tools.change import sum_of_diameters
from tools.evidence import Evidence
from tools.quantity import Quantity
from tools.scan import Scan

if TYPE_CHECKING:
    from tools.compare import Comparison, Pair, TimePoint


@dataclass
class Comparisons:
    """Comparisons of one replay, each made once."""

    desk: Desk
    record: Record
    made: dict[str, Comparison] = field(default_factory=dict)

    def differs(self, item: Evidence) -> str:
        """Return what comes out differently, or nothing."""
        kind = item.inputs.get("kind")
        if kind == "registration":
            return differences(item, self._again(item).registration.quality)
        if kind == "outlines":
            a, b = (self.desk.evidence.mask(self.record.by_id[n]) for n in item.inputs["outlines"])
            return differences(item, (dice(a, b),))
        if kind == "scores":
            one, other = (self.record.by_id[n].quantities for n in item.inputs["classifications"])
            return differences(item, apart(one, other))
        if kind == "lobe":
            lesion, place = (self.desk.evidence.mask(self.record.by_id[n]) for n in item.parents)
            return differences(item, (Quantity("lobe_share", 100 * share(lesion, place), "%", ""),))
        return self._sum(item) if kind == "sum" else self._pair(item)

    def _pair(self, item: Evidence) -> str:
        first = next((e for p in item.parents if _is_registration(e := self.record.by_id[p])), None)
        if first is None:
            return "the registration it belongs to is not in the record"
        mine = () if item.inputs.get("only_before") else tuple(item.inputs.get("lesions") or ())
        theirs = tuple(item.inputs.get("prior_lesions") or ())
        found = next((p for p in self._again(first).pairs if (p.current, p.prior) == (mine, theirs)), None)
        if found is None:
            return "its lesions are not matched like that any more"
        return _told_otherwise(item, found) or differences(item, found.quantities, without=("interval",))

    def _sum(self, item: Evidence) -> str:
        nodes, targets = item.inputs.get("nodes") or (), item.inputs["targets"]
        parents = [self.record.by_id[p] for p in item.parents]
        sizes = {
            e.inputs["lesion"]: e.quantities
            for e in parents
            if (e.kind == "measurement" or is_axis(e)) and of_prior(e) is None
        }
        if set(sizes) != set(targets):
            return "the measurements it adds up are not in the record"
        now = sum_of_diameters(sizes, nodes)
        held = item.quantity("current_sum_of_diameters")
        return differences(item, [Quantity("current_sum_of_diameters", now.value, now.unit, now.method)],
                           only=("current_sum_of_diameters",)) if held else "it holds no sum"  # fmt: skip

    def _again(self, first: Evidence) -> Comparison:
        if first.id not in self.made:
            number, interval = first.inputs["prior"], first.inputs.get("interval")
            held = self.record.by_id[interval] if interval else None
            days = None if held is None else held.quantity("interval") or held.quantity("prior_interval")
            current = self._point(self.desk.need_scan(), first.inputs["current_outlines"], "lesion")
            prior = self._point(self._scan(number), first.inputs["prior_outlines"], "prior_lesion")
            self.made[first.id] = self.desk.compare(current, prior, None if days is None else round(days.value))
        return self.made[first.id]

    def _point(self, scan: Scan, outlines: Iterable[str], number: str) -> TimePoint:
        from tools.compare import TimePoint

        items = {int(e.inputs[number]): e for name in outlines for e in (self.record.by_id[name],)}
        masks = {n: self.desk.evidence.mask(e) for n, e in items.items()}
        return TimePoint(scan, masks, {n: method(e) for n, e in items.items()})

    def _scan(self, number: int) -> Scan:
        item = next(e for e in self.record.items if e.kind == "scan" and of_prior(e) == number)
        return scan_called(self.desk, str(item.scan_id))


def scan_called(desk: Desk, scan_id: str) -> Scan:
    """Return a scan of the case by its id: the one that is open, or a prior."""
    if desk.scan is not None and desk.scan.id == scan_id:
        return desk.scan
    return next(s for s in desk.workspace.cases.scans(desk.case_id, "prior") if s.id == scan_id)


def _is_registration(item: Evidence) -> bool:
    return item.kind == "comparison" and item.inputs.get("kind") == "registration"


def _told_otherwise(item: Evidence, found: Pair) -> str:
    was, now = item.inputs.get("kind"), found.kind
    if was != now and not (was == "unmatched" and now in ("new", "gone")):
        return f"the lesion was {was} and is {now}"
    if item.inputs.get("within_readers_noise") != found.within_readers_noise:
        return "whether it changed within what readers differ by came out otherwise"
    if item.inputs.get("growth_allowed") and not found.growth_allowed:
        return "growth could be judged and cannot any more"
    return ""


SAME = 1e-6
"""Relative difference below which two runs of the same code gave the same number."""


def differences(
    item: Evidence, now: Iterable[Quantity], *, without: tuple[str, ...] = (), only: tuple[str, ...] = ()
) -> str:
    """Return the first quantity of the evidence that comes out differently, in words, or nothing.

    Args:
        item: what is on record.
        now: what came out.
        without: names that are not compared.
        only: names that alone are compared; none: all.
    """
    held = {q.name: q for q in now}
    for was in item.quantities:
        if was.name in without or (only and was.name not in only):
            continue
        new = held.get(was.name)
        if new is None or new.unit != was.unit:
            return f"{was.name} is not measured any more"
        if abs(new.value - was.value) > SAME * max(1.0, abs(was.value)):
            return f"{was.name} was {was.value:g} {was.unit} and is {new.value:g}"
    return ""
