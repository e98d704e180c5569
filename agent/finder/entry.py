"""What the catalogue holds of a case: the scan, the lesions, sentences of report and reader, and all its words.

Made from the record alone, so that it can be made anew at any time. Holds what the record holds: no header, no name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.events import AgentError
from agent.finder.terms import both, terms
from agent.grounding.clauses import bare
from agent.record import LesionRecord, Record
from tools.evidence import Evidence

if TYPE_CHECKING:
    from agent.cases import Case
    from agent.report.model import Report
    from agent.workspace import Workspace

FORMAT = 1
"""Counted up when an entry is made in another way: every case is then read again."""
UNSEARCHED = ("not_assessed", "provenance", "about")
"""Sections that say the same of every case: a search for what they name would find all."""
_CHANGE = "change_volume_percent"


@dataclass(frozen=True)
class Facts:
    """What filters look at: of the scan modality, body part, slices, each may be None; of each lesion number, label,
    side, third, size in mm, whether it grew. Rejected lesions are not there."""

    scan: dict[str, Any]
    lesions: tuple[dict[str, Any], ...]

    def to_json(self) -> str:
        """Return them as JSON that `from_json` reads back."""
        return json.dumps({"scan": self.scan, "lesions": self.lesions}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Facts:
        """Read them back."""
        held = json.loads(text)
        return cls(held["scan"], tuple(held["lesions"]))


@dataclass(frozen=True)
class Entry:
    """One case as it is searched.

    Attributes:
        stamp: what it was made from; another stamp means that the case has moved on.
        facts: what filters look at.
        sentences: what is looked through and shown.
        words: everything's words, one space between and around.
    """

    stamp: str
    facts: Facts
    sentences: tuple[str, ...]
    words: str


def stamp(evidence: int, case: Case) -> str:
    """Return what an entry of a case as it stands would be made from: pieces of evidence, the report's version."""
    report = case.state.get("report") or {}
    return f"{FORMAT}.{evidence}.{report.get('version', 0)}.{report.get('status', '')}"


def make_entry(workspace: Workspace, case: Case, made_from: str) -> Entry:
    """Return a case's entry as its record and its last report have it now."""
    record = Record.of(workspace.evidence.case(case.id))
    lesions = tuple(_lesion(record, x) for x in record.lesions if x.status != "rejected")
    sentences = tuple(dict.fromkeys([*_sentences(_report(workspace, case)), *_said(record)]))
    scan = _scan(record.scan)
    words = [t for text in (*_facts(scan, lesions), *sentences) for t in terms(text)]
    return Entry(made_from, Facts(scan, lesions), sentences, f" {' '.join(words)} ")


def _scan(item: Evidence | None) -> dict[str, Any]:
    if item is None:
        return {"modality": None, "body_part": None, "slices": None}
    slices = item.quantity("slices")
    facts = {name: item.inputs.get(name) for name in ("modality", "body_part")}
    return {**facts, "slices": int(slices.value) if slices else None}


def _lesion(record: Record, lesion: LesionRecord) -> dict[str, Any]:
    size = lesion.measurement.quantity("axial_long_axis") if lesion.measurement else None
    return {
        "lesion": lesion.number, "label": lesion.label, "status": lesion.status, "outlined": lesion.outlined,
        "side": lesion.side, "third": lesion.third,
        "size_mm": round(size.value, 1) if size is not None and size.unit == "mm" else None,
        "grown": any(_grew(e) for e in record.comparisons if lesion.number in (e.inputs.get("lesions") or ())),
    }  # fmt: skip


def _grew(pair: Evidence) -> bool:
    """Whether a comparison may be called growth: comparable slices, the same method, more than readers differ by."""
    change = pair.quantity(_CHANGE)
    told = pair.inputs.get("growth_allowed") is True and pair.inputs.get("within_readers_noise") is False
    return told and change is not None and change.value > 0


def _facts(scan: dict[str, Any], lesions: tuple[dict[str, Any], ...]) -> Iterator[str]:
    """Yield what is known of scan and lesions in words of both languages."""
    for value in (scan["modality"], scan["body_part"]):
        if value:
            yield both(str(value).lower())
    for lesion in lesions:
        for key in ("label", "side", "third", "status"):
            if lesion[key]:
                yield both(str(lesion[key]).lower())
        if lesion["grown"]:
            yield both("grown")


def _sentences(report: Report | None) -> Iterator[str]:
    for section in report.sections if report else ():
        if section.key not in UNSEARCHED:
            for statement in section.statements:
                yield re.sub(r" (?=[.,;:])", "", " ".join(bare(statement.text).split()))


def _said(record: Record) -> Iterator[str]:
    """Yield what the reader stated, as it was kept: known identifiers are replaced there."""
    for item in record.live:
        if item.kind == "stated" and item.text.strip():
            yield " ".join(item.text.split())


def _report(workspace: Workspace, case: Case) -> Report | None:
    """Return the last report, or None where there is none that can be read."""
    from agent.report import last_report
    from agent.toolset.desk import Desk

    if not case.state.get("report"):
        return None
    try:
        return last_report(Desk(workspace, case.id, case.owner, None, workspace.evidence.case(case.id)))
    except AgentError:
        return None
