"""What a report is: sections of statements, each with the evidence it rests on, and a table whose rows do too.

Plain values that read back identical from JSON. Knows nothing of how a report is composed or rendered.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tools.quantity import Language

Form = Literal["full", "short", "brief"]
"""Whole; only impression, table, recommendation and what must never be left out; whole with a brief impression."""
Status = Literal["draft", "signed", "amended draft", "amended"]
"""Not signed; signed; a change of a signed one, not signed; such a change, signed."""


KEY_SECTIONS = ("impression", "recommendation")
"""Sections that stand out: what is read first."""


@dataclass(frozen=True)
class Made:
    """What a report is written out as: files by name, and the reason for each that could not be made."""

    files: Mapping[str, bytes]
    absent: Mapping[str, str]


@dataclass(frozen=True)
class Statement:
    """One sentence, digits filled in, its citations written in it; `cites` lists them.

    Attributes:
        id: ``impression/impression.measured.1``: section, sentence and lesion; the same in every composition and
            language, so that an edit finds its sentence again. Empty where nothing can be edited.
        by: ``clinician`` for the clinician's own words; empty for what was composed.
    """

    text: str
    cites: tuple[str, ...] = ()
    id: str = ""
    by: str = ""


@dataclass(frozen=True)
class Row:
    """One row of a table: cells as a reader sees them, without the last one, which is `cites`."""

    cells: tuple[str, ...]
    cites: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table: column heads (the last one is of the citations) and rows."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Section:
    """One section: its key (``findings``…), its title in the report's language, what it says."""

    key: str
    title: str
    statements: tuple[Statement, ...] = ()
    table: Table | None = None

    @property
    def cites(self) -> Iterator[str]:
        """Every evidence id cited, in order, repeats too."""
        for statement in self.statements:
            yield from statement.cites
        for row in self.table.rows if self.table else ():
            yield from row.cites


@dataclass(frozen=True)
class Signature:
    """Who signed a report and when, by the evidence that records it; `seal` is the hash of what was signed."""

    reader: str
    signed: str
    evidence: str
    seal: str


@dataclass(frozen=True)
class Report:
    """A composed report.

    Attributes:
        version: 1 for a case's first, then counted up.
        language: ``en`` or ``zh``.
        form: ``full``, ``short`` or ``brief``.
        composed: UTC, ISO 8601.
        evidence_count: pieces of evidence the case held then.
        title, notices: what stands above the sections, the same in every report.
        sections: in reading order.
        problems: sentences that their evidence did not carry and that are therefore not in it, contradictions found
            in the record, and edits that do not agree with the evidence; one line each.
        template: name of the template it follows.
        signature: who signed this version; None for a draft.
        amends: the version of the signed report that this one is an addendum to, or None.
    """

    version: int
    language: Language
    form: Form
    composed: str
    evidence_count: int
    title: str
    notices: tuple[str, ...]
    sections: tuple[Section, ...]
    problems: tuple[str, ...] = ()
    template: str = "general"
    signature: Signature | None = None
    amends: int | None = None

    @property
    def status(self) -> Status:
        """Draft or signed, and whether it amends a signed one."""
        if self.amends is None:
            return "signed" if self.signature else "draft"
        return "amended" if self.signature else "amended draft"

    @property
    def seal(self) -> str:
        """SHA-256 of what the report says, whoever signed it and whatever stands above it."""
        said = {k: v for k, v in self.to_json().items() if k not in ("version", "notices", "signature", "problems")}
        return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    def statement(self, name: str) -> Statement | None:
        """Return a statement by its id, or None."""
        return next((x for s in self.sections for x in s.statements if x.id == name), None)

    def section(self, key: str) -> Section | None:
        """Return a section by its key, or None."""
        return next((s for s in self.sections if s.key == key), None)

    @property
    def cites(self) -> tuple[str, ...]:
        """Evidence ids that the report cites, each once, by number."""
        names = {name for section in self.sections for name in section.cites}
        return tuple(sorted(names, key=lambda name: int(name[1:])))

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary that `from_json` reads back identical."""
        return {
            "version": self.version, "language": self.language, "form": self.form, "composed": self.composed,
            "evidence_count": self.evidence_count, "title": self.title, "notices": list(self.notices),
            "problems": list(self.problems), "sections": [_section_to_json(s) for s in self.sections],
            "template": self.template, "amends": self.amends,
            "signature": dataclasses.asdict(self.signature) if self.signature else None,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Report:
        """Build a report from `to_json`'s dictionary."""
        return cls(
            version=int(data["version"]), language=data["language"], form=data["form"], composed=data["composed"],
            evidence_count=int(data["evidence_count"]), title=data["title"],
            notices=tuple(data["notices"]), problems=tuple(data["problems"]),
            sections=tuple(_section_from_json(s) for s in data["sections"]),
            template=data.get("template", "general"), amends=data.get("amends"),
            signature=Signature(**data["signature"]) if data.get("signature") else None,
        )  # fmt: skip


def _section_to_json(section: Section) -> dict[str, Any]:
    data: dict[str, Any] = {
        "key": section.key,
        "title": section.title,
        "statements": [
            {"text": s.text, "cites": list(s.cites), "id": s.id, "by": s.by} for s in section.statements
        ],
    }
    if section.table is not None:
        data["table"] = {
            "heads": list(section.table.heads),
            "rows": [{"cells": list(r.cells), "cites": list(r.cites)} for r in section.table.rows],
        }
    return data


def _section_from_json(data: dict[str, Any]) -> Section:
    table = data.get("table")
    return Section(
        key=data["key"],
        title=data["title"],
        statements=tuple(
            Statement(s["text"], tuple(s["cites"]), s.get("id", ""), s.get("by", "")) for s in data["statements"]
        ),
        table=None
        if table is None
        else Table(
            tuple(table["heads"]), tuple(Row(tuple(r["cells"]), tuple(r["cites"])) for r in table["rows"])
        ),
    )
