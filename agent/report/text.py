"""A report as plain text for a RIS: headings in capitals, one sentence a line, a table row as a line. No markup.

Knows no evidence: what it is given has passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from agent.report.model import Made, Report, Section, Table
from agent.report.phrases import EMPTY_CELL

if TYPE_CHECKING:
    from agent.report.material import Material
    from agent.toolset.desk import Desk


def write(desk: Desk, report: Report, material: Material, made: Mapping[str, bytes]) -> Made:
    """Return report.txt."""
    return Made({"report.txt": to_text(report).encode()}, {})


def to_text(report: Report) -> str:
    """Return the report as plain text, ending in a newline."""
    lines = [report.title.upper(), *report.notices]
    for section in report.sections:
        lines += ["", section.title.upper(), *_section(section, report.language)]
    return "\n".join(lines) + "\n"


def _section(section: Section, language: str) -> Iterator[str]:
    for statement in section.statements:
        yield statement.text
    if section.table is not None:
        yield from _rows(section.table, language)


def _rows(table: Table, language: str) -> Iterator[str]:
    mark, stop, space = ("; ", ".", " ") if language == "en" else (";", "。", "")
    for row in table.rows:
        cells = [f"{head} {cell}" for head, cell in zip(table.heads, row.cells, strict=False) if cell != EMPTY_CELL]
        yield f"{mark.join(cells)}{space}[{', '.join(row.cites)}]{stop}"
