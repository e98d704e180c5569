"""Composes a report from a case's current evidence: drafts are filled in, checked, and only then let in.

What its evidence does not carry goes to the report's problems with the reason and is not in the report. The embedded
composer: no language model is asked. Knows no file and no Markdown.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from agent import grounding
from agent.events import UngroundedAnswer
from agent.grounding.clauses import bare
from agent.privacy import Redactor
from agent.report import advice, closing, comparison, edits, findings, opening, targets
from agent.report.addendum import addendum
from agent.report.guidance import guidance
from agent.report.material import Draft, Material, RowDraft
from agent.report.model import Form, Report, Row, Section, Statement, Table
from agent.report.template import Part, choose
from agent.toolset.desk import Desk
from tools.quantity import Language

SHORT = ("about", "addendum", "impression", "measurements", "recommendation", "not_assessed", "provenance")
"""Sections of a shortened report: what must be said in any, and nothing that only describes."""


def material_of(desk: Desk, language: Language) -> Material:
    """Return what a report of this case is made of."""
    return Material(
        record=desk.record,
        language=language,
        clean=Redactor(desk.workspace.cases.sources(desk.case_id)).clean,
        guidance=guidance(desk),
        composed=datetime.now(UTC).isoformat(timespec="seconds"),
        specs={s.name: s for s in desk.workspace.registry.specs},
        templates=desk.workspace.settings.home / "templates",
    )


def compose(
    material: Material,
    *,
    version: int = 1,
    form: Form = "full",
    template: str | None = None,
    signed: Report | None = None,
) -> Report:
    """Return the report of a case as it stands, the clinician's edits in it.

    Args:
        version: its number.
        form: full, short, or with a brief impression.
        template: by name; None takes the one that fits what is stated.
        signed: the signed report that this one is an addendum to.

    Raises:
        BadTemplate: there is no such template, or it is not valid.
    """
    layout = choose(template, material.record, material.templates)
    gate = Gate(material)
    drafted = _drafted(material, form)
    sections = []
    for part in layout.parts:
        if part.key in drafted and (form != "short" or part.key in SHORT):
            section = _section(gate, part, drafted[part.key])
            if section.statements or section.table:
                sections.append(section)
    if gate.problems:
        sections = _noted(gate, sections)
    edited = edits.apply(material, sections)
    edited_sections = list(edited.sections)
    amends = None
    if signed is not None:
        amends = signed.version
        edited_sections.insert(0, addendum(material, signed, edited_sections))
    cited = {name for section in edited_sections for name in section.cites}
    origin = (*(Statement(d.text) for d in closing.provenance(material, cited)), *edited.removed)
    place = next((p for p in layout.parts if p.key == "provenance"), Part("provenance"))
    edited_sections.append(Section("provenance", _title(material, place), origin))
    problems = (*gate.problems, *contradictions(material), *edited.problems)
    return Report(
        version=version, language=material.language, form=form, composed=material.composed,
        evidence_count=len(material.record.items), title=layout.title[material.language],
        notices=(material.phrase("draft" if amends is None else "amended"), material.phrase("notice")),
        sections=tuple(edited_sections), problems=tuple(dict.fromkeys(problems)), template=layout.name, amends=amends,
    )  # fmt: skip


def _drafted(material: Material, form: Form) -> dict[str, list[Draft]]:
    return {
        "about": opening.about(material),
        "context": opening.context(material),
        "technique": opening.technique(material),
        "comparison": comparison.comparison(material),
        "targets": [],
        "findings": findings.findings(material),
        "measurements": [],
        "impression": findings.impression(material, brief=form == "brief"),
        "recommendation": advice.recommendation(material),
        "not_assessed": closing.not_assessed(material),
    }


_TABLES = {"measurements": (findings.heads, findings.rows), "targets": (targets.heads, targets.rows)}
"""Sections that are a table."""


def _section(gate: Gate, part: Part, drafts: list[Draft]) -> Section:
    material = gate.material
    fixed = [Draft(text, f"fixed.{n}") for n, text in enumerate(part.text.get(material.language, ()), start=1)]
    table = None
    if part.key in _TABLES:
        heads, rows = _TABLES[part.key]
        table = gate.table(heads(material), rows(material))
    return Section(part.key, _title(material, part), gate.admit([*drafts, *fixed], part.key), table)


def _title(material: Material, part: Part) -> str:
    return part.title.get(material.language) or material.phrase(part.key)


def _noted(gate: Gate, sections: list[Section]) -> list[Section]:
    """Say in the report that sentences were left out."""
    told = gate.admit([gate.material.say("left_out.sentences")], "not_assessed")
    return [
        dataclasses.replace(s, statements=(*s.statements, *told)) if s.key == "not_assessed" else s for s in sections
    ]


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
        self.material = material
        self.problems: list[str] = []

    def admit(self, drafts: Iterable[Draft], section: str = "") -> tuple[Statement, ...]:
        """Return the drafts that pass, filled in, each with an id: section, sentence, and which one of several."""
        admitted = []
        seen: Counter[str] = Counter()
        for draft in drafts:
            text, problems = self._judged(draft.text, strict=True)
            seen[draft.key] += 1
            if problems:
                self.problems.append(f"Left out, {'; '.join(problems)}: {draft.text}")
                continue
            which = f"~{seen[draft.key]}" if seen[draft.key] > 1 else ""
            name = f"{section}/{draft.key}{which}" if section and draft.key else ""
            admitted.append(Statement(text, grounding.cites_of(text), name))
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
        record = self.material.record
        try:
            text = grounding.fill(draft, record.by_id, self.material.language)
        except UngroundedAnswer as error:
            return draft, [str(error)]
        problems = []
        for clause in grounding.split_clauses(text):
            problems += grounding.check(clause, record.by_id, current=record.current, strict=strict)
        return text, problems
