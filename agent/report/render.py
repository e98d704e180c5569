"""A report as Markdown: every line one sentence with its citations, one table, identifiers in code spans.

Knows no evidence: what it is given has passed.
"""

from __future__ import annotations

from agent.report.model import Report, Section, Table


def to_markdown(report: Report) -> str:
    """Return the report as Markdown, ending in a newline."""
    lines = [f"# {report.title}", ""]
    for number, notice in enumerate(report.notices):
        lines += [f"**{notice}**" if number == 0 else notice, ""]
    for section in report.sections:
        lines += _section(section)
    return "\n".join(lines).rstrip() + "\n"


def _section(section: Section) -> list[str]:
    lines = [f"## {section.title}", ""]
    lines += [f"- {statement.text}" for statement in section.statements]
    if section.statements:
        lines.append("")
    if section.table is not None:
        lines += [*_table(section.table), ""]
    return lines


def _table(table: Table) -> list[str]:
    rows = [table.heads, ("---",) * len(table.heads)]
    rows += [(*row.cells, f"[{', '.join(row.cites)}]") for row in table.rows]
    return [f"| {' | '.join(cells)} |" for cells in rows]
