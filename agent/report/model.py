"""What a report is: sections of statements, each with the evidence it rests on, and a table whose rows do too.

Plain values that read back identical from JSON. Knows nothing of how a report is composed or rendered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tools.quantity import Language

Form = Literal["full", "short", "brief"]
"""Whole; only impression, table, recommendation and what must never be left out; whole with a brief impression."""


@dataclass(frozen=True)
class Statement:
    """One sentence, digits filled in, its citations written in it; `cites` lists them."""

    text: str
    cites: tuple[str, ...] = ()


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
        problems: sentences that their evidence did not carry and that are therefore not in it, and contradictions
            found in the record; one line each.
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
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Report:
        """Build a report from `to_json`'s dictionary."""
        return cls(
            version=int(data["version"]), language=data["language"], form=data["form"], composed=data["composed"],
            evidence_count=int(data["evidence_count"]), title=data["title"],
            notices=tuple(data["notices"]), problems=tuple(data["problems"]),
            sections=tuple(_section_from_json(s) for s in data["sections"]),
        )  # fmt: skip


def _section_to_json(section: Section) -> dict[str, Any]:
    data: dict[str, Any] = {
        "key": section.key,
        "title": section.title,
        "statements": [{"text": s.text, "cites": list(s.cites)} for s in section.statements],
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
        statements=tuple(Statement(s["text"], tuple(s["cites"])) for s in data["statements"]),
        table=None
        if table is None
        else Table(
            tuple(table["heads"]), tuple(Row(tuple(r["cells"]), tuple(r["cites"])) for r in table["rows"])
        ),
    )
