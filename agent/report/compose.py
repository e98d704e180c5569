"""Composes a report from a case's current evidence: drafts are filled in, checked, and only then let in.

What its evidence does not carry goes to the report's problems with the reason and is not in the report. The embedded
composer: no language model is asked. Knows no file and no Markdown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime

from agent import grounding
from agent.events import UngroundedAnswer
from agent.grounding.clauses import bare
from agent.privacy import Redactor
from agent.report import closing, comparison, findings, opening
from agent.report.guidance import guidance
from agent.report.material import Draft, Material, RowDraft
from agent.report.model import Form, Report, Row, Section, Statement, Table
from agent.toolset.desk import Desk
from tools.quantity import Language

SHORT = ("about", "impression", "measurements", "recommendation", "not_assessed", "provenance")
"""Sections of a shortened report: what must be said in any, and nothing that only describes."""


def material_of(desk: Desk, language: Language) -> Material:
    """Return what a report of this case is made of."""
    return Material(
        record=desk.record,
        language=language,
        clean=Redactor(desk.workspace.cases.sources(desk.case_id)).clean,
        guidance=guidance(desk),
        composed=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def compose(material: Material, *, version: int = 1, form: Form = "full") -> Report:
    """Return the report of a case as it stands."""
    gate = Gate(material)
    drafted: dict[str, list[Draft]] = {
        "about": opening.about(material),
        "context": opening.context(material),
        "technique": opening.technique(material),
        "comparison": comparison.comparison(material),
        "findings": findings.findings(material),
        "measurements": [],
        "impression": findings.impression(material, brief=form == "brief"),
        "recommendation": closing.recommendation(material),
        "not_assessed": closing.not_assessed(material),
    }
    sections = []
    for key, drafts in drafted.items():
        if form != "short" or key in SHORT:
            table = gate.table(findings.heads(material), findings.rows(material)) if key == "measurements" else None
            section = Section(key, material.phrase(key), gate.admit(drafts), table)
            if section.statements or section.table:
                sections.append(section)
    if gate.problems:
        last = sections.pop()
        noted = (*last.statements, *gate.admit([material.say("left_out.sentences")]))
        sections.append(dataclasses.replace(last, statements=noted))
    cited = {name for section in sections for name in section.cites}
    origin = tuple(Statement(d.text) for d in closing.provenance(material, cited))
    sections.append(Section("provenance", material.phrase("provenance"), origin))
    return Report(
        version=version, language=material.language, form=form, composed=material.composed,
        evidence_count=len(material.record.items), title=material.phrase("title"),
        notices=(material.phrase("draft"), material.phrase("notice")),
        sections=tuple(sections), problems=tuple(dict.fromkeys((*gate.problems, *contradictions(material)))),
    )  # fmt: skip


def contradictions(material: Material) -> list[str]:
    """Return what in the record does not agree with itself and a reader should settle."""
    return [
        f"Lesion {x.number}: the lobe stated is {x.stated['lobe'].inputs.get('value')}, but the outline lies in the "
        f"{x.side} lung."
        for x in material.kept
        if findings.sides_differ(x)
    ]


class Gate:
    """Lets in what the evidence carries, and keeps the reason for what it does not."""

    def __init__(self, material: Material) -> None:
        self._material = material
        self.problems: list[str] = []

    def admit(self, drafts: Iterable[Draft]) -> tuple[Statement, ...]:
        """Return the drafts that pass, filled in."""
        admitted = []
        for draft in drafts:
            text, problems = self._judged(draft.text, strict=True)
            if problems:
                self.problems.append(f"Left out, {'; '.join(problems)}: {draft.text}")
            else:
                admitted.append(Statement(text, grounding.cites_of(text)))
        return tuple(admitted)

    def table(self, heads: tuple[str, ...], rows: Iterable[RowDraft]) -> Table | None:
        """Return the table of the rows whose every cell passes; None when no row does."""
        admitted = []
        for row in rows:
            cites = f"[{', '.join(row.cites)}]"
            cells, problems = [], []
            for head, cell in zip(heads, row.cells, strict=False):
                text, found = self._judged(f"{head} {cell} {cites}")
                cells.append(bare(text)[len(head) :].strip())
                problems += found
            if problems:
                self.problems.append(f"Row left out, {'; '.join(problems)}: {' | '.join(row.cells)} {cites}")
            else:
                admitted.append(Row(tuple(cells), row.cites))
        return Table(heads, tuple(admitted)) if admitted else None

    def _judged(self, draft: str, *, strict: bool = False) -> tuple[str, list[str]]:
        """Return a draft filled in, and what is wrong with it; strict: a citation that carries nothing, too."""
        record = self._material.record
        try:
            text = grounding.fill(draft, record.by_id, self._material.language)
        except UngroundedAnswer as error:
            return draft, [str(error)]
        problems = []
        for clause in grounding.split_clauses(text):
            problems += grounding.check(clause, record.by_id, current=record.current, strict=strict)
        return text, problems
