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

    @property
    def label(self) -> str:
        """What it is called: nodule, mass, lesion."""
        return str(self.mask_evidence.inputs.get("label") or "lesion")

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
        return self._last("scan")

    @property
    def search(self) -> Evidence | None:
        """The last search."""
        return self._last("search")

    @cached_property
    def lesions(self) -> list[LesionRecord]:
        """Every lesion that has a current mask, by number, rejected ones too."""
        found: dict[int, LesionRecord] = {}
        for item in self.live:
            number = item.inputs.get("lesion")
            if item.kind in ("mask", "drawn") and item.array and isinstance(number, int):
                found[number] = self._lesion(number, item)
        return [found[n] for n in sorted(found)]

    def lesion(self, number: int) -> LesionRecord | None:
        """Return a lesion, or None."""
        return next((x for x in self.lesions if x.number == number), None)

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

    def history(self, number: int | None, kind: str = "measurement") -> list[Evidence]:
        """Return every piece of evidence of a kind about a lesion (None: all), superseded ones too, oldest first."""
        return [e for e in self.items if e.kind == kind and number in (None, e.inputs.get("lesion"))]

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
            measurement=next((e for e in reversed(mine) if e.kind == "measurement"), None),
            rating=next((e for e in reversed(mine) if e.kind == "classification"), None),
            category=next((e for e in reversed(mine) if e.kind == "category"), None),
            stated={str(e.inputs["field"]): e for e in mine if e.kind == "stated"},
        )

    def _last(self, kind: str) -> Evidence | None:
        return next((e for e in reversed(self.live) if e.kind == kind), None)
