"""Every version of a case's report, kept for good: one blob a version, written once and never again.

A signed version is read back only while it is what was signed. Two versions can be compared sentence by sentence.
Knows no template and no picture.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from agent.events import AgentError
from agent.grounding.clauses import bare
from agent.report.model import Form, Report, Status
from agent.toolset.desk import Desk
from tools.blobs import BlobError, Blobs, StoreDown, TakenBlob
from tools.evidence import CaseEvidence, Evidence
from tools.quantity import Language

FOLDER = "reports"


@dataclass(frozen=True)
class Version:
    """One kept version, briefly; `reader` is who signed it."""

    version: int
    status: Status
    language: Language
    form: Form
    template: str
    composed: str
    reader: str | None
    edited: int


@dataclass(frozen=True)
class Change:
    """One sentence that two versions do not share: the section's key, and the sentence before and after."""

    section: str
    before: str | None
    after: str | None


def keep_report(desk: Desk, report: Report) -> None:
    """Keep a report as a version of its case, and what it is in the case's state. Raises AgentError."""
    text = json.dumps(report.to_json(), ensure_ascii=False)
    try:
        _kept(desk).put(_name(report.version), text.encode(), new=True)
    except TakenBlob as error:
        raise AgentError(f"Version {report.version} of the report is there already; ask again.") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        told = f"The report could not be kept ({reason}). Make room in the data folder and ask again."
        raise AgentError(told) from error
    desk.keep(
        report={
            "version": report.version, "language": report.language, "form": report.form, "status": report.status,
            "composed": report.composed, "problems": len(report.problems),
        }
    )  # fmt: skip


def next_version(desk: Desk) -> int:
    """Return the number of the next version."""
    return max((*_numbers(desk), 0)) + 1


def last_report(desk: Desk) -> Report | None:
    """Return the case's last report, or None. Raises AgentError when its file is damaged."""
    numbers = _numbers(desk)
    return load_report(desk, numbers[-1]) if numbers else None


def load_report(desk: Desk, version: int) -> Report:
    """Return a version. Raises AgentError: there is none, its file is damaged, or it is not what was signed."""
    numbers = _numbers(desk)
    if version not in numbers:
        there = f"1 to {numbers[-1]}" if numbers else "none yet"
        raise AgentError(f"There is no version {version} of this report. Versions: {there}.")
    try:
        report = Report.from_json(json.loads(_kept(desk).get(_name(version))))
    except StoreDown:
        raise
    except (BlobError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AgentError(f"Version {version} of the report cannot be read; write the report again.") from error
    _check_seal(desk, report)
    return report


def last_signed(desk: Desk) -> Report | None:
    """Return the last signed version that is still what was signed, or None."""
    return next((r for v in reversed(_signed(desk)) if (r := _intact(desk, v)) is not None), None)


def altered(desk: Desk) -> list[int]:
    """Return the signed versions that are missing or are not what was signed."""
    return [v for v in _signed(desk) if _intact(desk, v) is None]


def _signed(desk: Desk) -> list[int]:
    """Return the versions that signatures were recorded for, oldest first."""
    found = [e.inputs.get("kept_as") for e in desk.evidence.current("stated") if e.inputs.get("what") == "signature"]
    return [v for v in found if isinstance(v, int)]


def _intact(desk: Desk, version: int) -> Report | None:
    try:
        report = load_report(desk, version)
    except AgentError:
        return None
    return report if report.signature is not None else None


def versions(desk: Desk) -> list[Version]:
    """Return every version that can be read, oldest first."""
    found = []
    for number in _numbers(desk):
        try:
            found.append(_brief(load_report(desk, number)))
        except AgentError:
            continue
    return found


def _brief(report: Report) -> Version:
    edited = sum(1 for s in report.sections for x in s.statements if x.by)
    reader = report.signature.reader if report.signature else None
    return Version(
        report.version, report.status, report.language, report.form, report.template, report.composed, reader, edited
    )


def compare_reports(before: Report, after: Report) -> list[Change]:
    """Return what two versions do not share, section by section; a table's rows count as sentences."""
    old, new = _lines(before), _lines(after)
    changed = [
        Change(section, old.get((section, name)), text)
        for (section, name), text in new.items()
        if old.get((section, name)) != text
    ]
    return [*changed, *(Change(k[0], text, None) for k, text in old.items() if k not in new)]


def _lines(report: Report) -> dict[tuple[str, str], str]:
    found = {}
    for section in report.sections:
        if section.key in ("provenance", "addendum"):
            continue
        for number, statement in enumerate(section.statements):
            found[section.key, statement.id or f"line {number}"] = " ".join(bare(statement.text).split())
        for row in section.table.rows if section.table else ():
            found[section.key, f"row {row.cells[0]}"] = " | ".join(row.cells)
    return found


def as_of(desk: Desk, report: Report) -> Desk:
    """Return the desk as it was when a report was signed, so that what was signed is written out from its evidence."""
    if report.signature is None:
        return desk
    return dataclasses.replace(desk, evidence=_Until(desk.evidence, int(report.signature.evidence[1:])))


class _Until(CaseEvidence):
    """A case's evidence up to one piece of it."""

    def __init__(self, evidence: CaseEvidence, last: int) -> None:
        super().__init__(evidence.store, evidence.case_id)
        self._last = last

    def all(self) -> list[Evidence]:
        """Return what was recorded up to then."""
        return [e for e in super().all() if e.number <= self._last]


def _check_seal(desk: Desk, report: Report) -> None:
    signature = report.signature
    if signature is None:
        return
    item = next((e for e in desk.evidence.all() if e.id == signature.evidence), None)
    recorded = None if item is None else item.inputs.get("seal")
    if not recorded == signature.seal == report.seal:
        raise AgentError(
            f"Version {report.version} of the report was altered after it was signed, and is not shown. Write the "
            "report again and have it signed."
        )


def _kept(desk: Desk) -> Blobs:
    return desk.workspace.cases.files(desk.case_id).under(FOLDER)


def _name(version: int) -> str:
    return f"{version:05d}.json"


def _numbers(desk: Desk) -> list[int]:
    stems = (name.removesuffix(".json") for name in _kept(desk).names() if name.endswith(".json"))
    return sorted(int(stem) for stem in stems if stem.isdigit())
