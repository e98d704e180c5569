"""What a case currently says, read from its evidence: the scan, the lesions, what was stated, what was advised.

The one derivation that case card, functions, report and app all use. It computes nothing that is not recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tools.evidence import CaseEvidence, Evidence, current_ids


@dataclass(frozen=True)
class LesionRecord:
    """One lesion as the record has it now."""

    number: int
    mask_evidence: Evidence
    status: str = "candidate"
    reason: str = ""
    measurement: Evidence | None = None
    rating: Evidence | None = None
    category: Evidence | None = None
    stated: Mapping[str, Evidence] = field(default_factory=dict)
    lobe_by_tool: Evidence | None = None
    """The comparison with outlined lobes that says which one it lies in."""

    @property
    def label(self) -> str:
        """What it is called: nodule, mass, lesion."""
        return str(self.mask_evidence.inputs.get("label") or "lesion")

    @property
    def from_search(self) -> bool:
        """Whether nobody pointed at it: a search's rough region, or the outline that was made of one."""
        return not self.outlined or self.mask_evidence.inputs.get("origin") == "search"

    @property
    def unconfirmed(self) -> bool:
        """Whether it comes from a search and no reader has accepted it."""
        return self.from_search and self.status != "accepted"

    @property
    def side(self) -> str | None:
        """``right`` or ``left`` from geometry, or None."""
        return self.mask_evidence.inputs.get("side")

    @property
    def third(self) -> str | None:
        """``upper``, ``middle`` or ``lower`` third of the lung, or None."""
        return self.mask_evidence.inputs.get("third")

    @property
    def where(self) -> str:
        """Side and third in words."""
        return str(self.mask_evidence.inputs.get("where") or "")

    @property
    def outlined(self) -> bool:
        """Whether it has an outline by a segmenter or a reader, not only a search's rough region."""
        return bool(self.mask_evidence.inputs.get("outlined", True))


@dataclass(frozen=True)
class PriorRecord:
    """One earlier scan of the case as the record has it now.

    Attributes:
        number: 1 for the first that was added, then counted up.
        scan: its geometry, whether its headers name the same patient, and its interval where the headers give one.
        outlines: masks on its own grid, by the number each had there.
        measurements: of those outlines, by the same number.
        stated: the interval as the reader stated it, where the headers give none.
    """

    number: int
    scan: Evidence
    outlines: Mapping[int, Evidence] = field(default_factory=dict)
    measurements: Mapping[int, Evidence] = field(default_factory=dict)
    stated: Evidence | None = None

    @property
    def interval(self) -> Evidence | None:
        """The evidence that holds the interval, or None where it is unknown."""
        return self.scan if self.scan.quantity("interval") is not None else self.stated

    @property
    def days(self) -> int | None:
        """Days from this scan to the current one, or None."""
        held = self.interval
        found = None if held is None else held.quantity("interval") or held.quantity("prior_interval")
        return None if found is None else round(found.value)

    @property
    def verified(self) -> bool:
        """Whether the headers of both scans name the same patient."""
        return bool(self.scan.inputs.get("identity_verified"))


def is_axis(item: Evidence) -> bool:
    """Return whether evidence is a lesion's axis drawn by the reader, which stands in place of a measurement."""
    return item.kind == "drawn" and item.inputs.get("what") == "axis"


def of_prior(item: Evidence) -> int | None:
    """Return the number of the prior scan that evidence is of; None for the current scan and for the patient."""
    number = item.inputs.get("prior")
    return number if isinstance(number, int) and item.kind in _OF_A_SCAN else None


_NOT_PAIRS = ("registration", "sum", "outlines", "scores", "lobe")
"""Comparisons that say nothing of a lesion then and now."""
_OF_A_SCAN = ("scan", "mask", "drawn", "measurement")


@dataclass(frozen=True)
class Record:
    """A case's evidence at one moment."""

    items: tuple[Evidence, ...]

    @classmethod
    def of(cls, case: CaseEvidence) -> Record:
        """Read a case."""
        return cls(tuple(case.all()))

    @cached_property
    def by_id(self) -> dict[str, Evidence]:
        """All evidence by id."""
        return {e.id: e for e in self.items}

    @cached_property
    def current(self) -> frozenset[str]:
        """Ids that are current."""
        return frozenset(current_ids(self.items))

    @cached_property
    def live(self) -> list[Evidence]:
        """Current evidence, oldest first."""
        return [e for e in self.items if e.id in self.current]

    @property
    def scan(self) -> Evidence | None:
        """The current scan's geometry."""
        return next((e for e in reversed(self.live) if e.kind == "scan" and of_prior(e) is None), None)

    @property
    def search(self) -> Evidence | None:
        """The last search."""
        return self._last("search")

    @cached_property
    def lesions(self) -> list[LesionRecord]:
        """Every lesion that has a current mask on the current scan, by number, rejected ones too."""
        found: dict[int, LesionRecord] = {}
        for item in self.live:
            number = item.inputs.get("lesion")
            here = item.kind in ("mask", "drawn") and of_prior(item) is None
            if here and item.array and isinstance(number, int):
                found[number] = self._lesion(number, item)
        return [found[n] for n in sorted(found)]

    def lesion(self, number: int) -> LesionRecord | None:
        """Return a lesion, or None."""
        return next((x for x in self.lesions if x.number == number), None)

    @cached_property
    def priors(self) -> list[PriorRecord]:
        """Every earlier scan of the case, in the order they were added."""
        scans = {n: e for e in self.live if e.kind == "scan" and (n := of_prior(e)) is not None}
        return [self._prior(n, scans[n], alone=len(scans) == 1) for n in sorted(scans)]

    @cached_property
    def comparisons(self) -> list[Evidence]:
        """Current comparisons of lesions, oldest first, without those of lesions that the reader rejected."""
        rejected = {x.number for x in self.lesions if x.status == "rejected"}
        found = [e for e in self.live if e.kind == "comparison" and e.inputs.get("kind") not in _NOT_PAIRS]
        return [e for e in found if not rejected & set(e.inputs.get("lesions") or ())]

    @cached_property
    def sums(self) -> list[Evidence]:
        """Current sums of the diameters of chosen targets, oldest first."""
        return [e for e in self.live if e.kind == "comparison" and e.inputs.get("kind") == "sum"]

    @cached_property
    def lines(self) -> list[Evidence]:
        """Current lines that the reader drew, oldest first."""
        return [e for e in self.live if e.kind == "drawn" and e.inputs.get("what") == "line"]

    @cached_property
    def context(self) -> dict[str, Evidence]:
        """What the reader stated about the patient, by field."""
        return {
            str(e.inputs["field"]): e
            for e in self.live
            if e.kind == "stated" and "field" in e.inputs and e.inputs.get("lesion") is None
        }

    def stated(self, name: str) -> Any:
        """Return a stated value, or None."""
        item = self.context.get(name)
        return None if item is None else item.inputs.get("value")

    @cached_property
    def places(self) -> list[Evidence]:
        """Current outlines of places that lesions lie in."""
        return [e for e in self.live if e.kind == "mask" and e.array and isinstance(e.inputs.get("anatomy"), str)]

    def alternatives(self, number: int) -> list[Evidence]:
        """Return other tools' current outlines of a lesion, in the order they were drawn; none is the lesion's own."""
        return [e for e in self.live if e.kind == "mask" and e.inputs.get("alternative_to") == number]

    def history(self, number: int | None, kind: str = "measurement") -> list[Evidence]:
        """Return every piece of evidence of a kind about a lesion (None: all), superseded ones too, oldest first."""
        mine = [e for e in self.items if of_prior(e) is None and "alternative_to" not in e.inputs]
        found = [e for e in mine if number in (None, e.inputs.get("lesion"))]
        return [e for e in found if e.kind == kind or (kind == "measurement" and is_axis(e))]

    def next_number(self) -> int:
        """Return the next lesion number; numbers are never used again."""
        used = [e.inputs["lesion"] for e in self.items if isinstance(e.inputs.get("lesion"), int)]
        return max(used, default=0) + 1

    def _lesion(self, number: int, mask: Evidence) -> LesionRecord:
        mine = [e for e in self.live if e.inputs.get("lesion") == number]
        verdicts = [e for e in mine if e.kind == "stated" and e.inputs.get("field") == "status"]
        return LesionRecord(
            number=number,
            mask_evidence=mask,
            status=str(verdicts[-1].inputs["value"]) if verdicts else "candidate",
            reason=str(verdicts[-1].inputs.get("reason", "")) if verdicts else "",
            measurement=next((e for e in reversed(mine) if e.kind == "measurement" or is_axis(e)), None),
            rating=next((e for e in reversed(mine) if e.kind == "classification"), None),
            category=next((e for e in reversed(mine) if e.kind == "category"), None),
            stated={str(e.inputs["field"]): e for e in mine if e.kind == "stated"},
            lobe_by_tool=next((e for e in reversed(mine) if e.inputs.get("kind") == "lobe"), None),
        )

    def _prior(self, number: int, scan: Evidence, *, alone: bool) -> PriorRecord:
        mine = [e for e in self.live if of_prior(e) == number and isinstance(e.inputs.get("prior_lesion"), int)]
        said = [e for e in self.live if e.kind == "stated" and e.inputs.get("field") == "prior_interval"]
        meant = (number, None) if alone else (number,)
        stated = [e for e in said if e.inputs.get("of_prior") in meant]
        return PriorRecord(
            number=number,
            scan=scan,
            outlines={e.inputs["prior_lesion"]: e for e in mine if e.array},
            measurements={e.inputs["prior_lesion"]: e for e in mine if e.kind == "measurement"},
            stated=stated[-1] if stated else None,
        )

    def _last(self, kind: str) -> Evidence | None:
        return next((e for e in reversed(self.live) if e.kind == kind), None)
