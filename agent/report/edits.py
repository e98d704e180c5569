"""The clinician's edits of a report: recorded like everything a reader states, and laid over every later composition.

A changed sentence, an added one, a deleted one. The words are the clinician's and marked so; they rest on the evidence
that records them. A number in them that the tools did not measure is pointed out and left as it is. When what a
sentence rests on has changed since it was edited, the edit stands and that is told. Knows no file.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent import grounding
from agent.grounding.claims import claims
from agent.grounding.clauses import bare
from agent.record import Record
from agent.report.material import Material
from agent.report.model import Section, Statement
from agent.report.phrases import phrase
from agent.report.terms import plain
from tools.evidence import Evidence

WHAT = "report_edit"
CLINICIAN = "clinician"
LONGEST = 2000
"""Characters of one edit: a paragraph; a report of pages is not an edit."""
EDITABLE = (
    "about", "context", "technique", "comparison", "targets", "findings", "impression", "recommendation",
    "not_assessed",
)  # fmt: skip
"""Sections whose sentences can be changed: where everything came from is not the clinician's to word."""
_POINTED_OUT = ("held by nothing", "is not the side", "there is no lesion", "is not what the cited evidence counts")
_OF_LESION = re.compile(r"\.(\d+(?:-\d+)*)(?:~\d+)?$")


@dataclass(frozen=True)
class Applied:
    """Sections with the edits in them, sentences for the provenance, and what is to be settled."""

    sections: tuple[Section, ...]
    removed: tuple[Statement, ...]
    problems: tuple[str, ...]


def edits_of(record: Record) -> list[Evidence]:
    """Return the edits in force, oldest first."""
    found = [e for e in record.live if e.kind == "stated" and e.inputs.get("what") == WHAT]
    return [e for e in found if e.inputs.get("act") != "restore"]


def apply(material: Material, sections: Iterable[Section]) -> Applied:
    """Lay the clinician's edits over composed sections."""
    work = _Work(material, list(sections))
    for item in edits_of(material.record):
        if item.inputs["act"] == "add":
            work.add(item)
        else:
            work.change(item)
    return Applied(tuple(work.sections), work.removed(), tuple(work.problems))


class _Work:
    def __init__(self, material: Material, sections: list[Section]) -> None:
        self.material = material
        self.sections = sections
        self.problems: list[str] = []
        self._removed: list[str] = []
        self._rejected = {x.number for x in material.record.lesions if x.status == "rejected"}

    def add(self, item: Evidence) -> None:
        """Add the clinician's sentences at the end of their section, unless they are about a rejected lesion."""
        rejected = sorted(claims(item.text).lesions & self._rejected)
        if rejected:
            self._tell(f"An added sentence is about lesion {rejected[0]}, which is rejected; it is left out", item.text)
            return
        key = str(item.inputs.get("section"))
        self._append(key, self._worded(item, "edit.added", f"{key}/added.{item.id}", ()))

    def change(self, item: Evidence) -> None:
        """Change or delete a sentence; one that is no longer composed stays as the clinician left it."""
        name = str(item.inputs.get("statement"))
        where = next((n for n, s in enumerate(self.sections) if any(x.id == name for x in s.statements)), None)
        if where is None:
            self._gone(item, name)
            return
        section = self.sections[where]
        statement = next(x for x in section.statements if x.id == name)
        self._compare(item, statement)
        instead: tuple[Statement, ...] = ()
        if item.inputs["act"] == "delete":
            self._removed.append(item.id)
        else:
            instead = self._worded(item, "edit.changed", name, statement.cites)
        lines = [y for x in section.statements for y in (instead if x.id == name else (x,))]
        self.sections[where] = dataclasses.replace(section, statements=tuple(lines))

    def removed(self) -> tuple[Statement, ...]:
        """Say that sentences were removed, and by which evidence."""
        if not self._removed:
            return ()
        ids = self.material.listed(f"`{x}`" for x in self._removed)
        return (Statement(self.material.say("edit.removed", ids=ids).text),)

    def _gone(self, item: Evidence, name: str) -> None:
        """Keep an edit whose sentence is not composed any more, unless its lesion was rejected."""
        numbers = _OF_LESION.search(name)
        about = {int(n) for n in numbers[1].split("-")} if numbers else set()
        about |= set(claims(item.text).lesions)
        if about & self._rejected:
            if item.inputs["act"] != "delete":
                self._tell(f"An edit is about lesion {min(about & self._rejected)}, which is rejected", item.text)
            return
        if item.inputs["act"] == "change":
            self._tell("The sentence that the clinician changed is no longer composed; the wording stands", item.text)
            key = name.partition("/")[0]
            self._append(key, self._worded(item, "edit.changed", name, ()))

    def _compare(self, item: Evidence, now: Statement) -> None:
        """Point out that a sentence reads otherwise now than when it was edited."""
        if item.inputs.get("language") == self.material.language:
            same = item.inputs.get("was") == bare(now.text).strip()
        else:
            same = item.inputs.get("was_cites") == list(now.cites)
        if not same:
            what = "Since the clinician's edit the evidence has changed; without it the report would now say"
            self._tell(what, now.text)

    def _worded(self, item: Evidence, key: str, name: str, cites: Sequence[str]) -> tuple[Statement, ...]:
        """Return the clinician's words as sentences, marked, each resting on the evidence that records them."""
        found = []
        for number, sentence in enumerate(sentences(item.text), start=1):
            wrong = disagreements(sentence, cites, self.material.record)
            if wrong:
                self._tell(f"In the clinician's words, {'; '.join(wrong)}", sentence)
            mark = phrase(f"{key}.not_measured" if wrong else key, self.material.language)
            words = self.material.clean(sentence)
            space = " " if self.material.language == "en" else ""
            text = self.material.sentence(f"{words}{space}{mark}", item.id)
            found.append(Statement(text.text, (item.id,), name if number == 1 else f"{name}~{number}", CLINICIAN))
        return tuple(found)

    def _append(self, key: str, statements: tuple[Statement, ...]) -> None:
        where = next((n for n, s in enumerate(self.sections) if s.key == key), None)
        if where is None:
            self.sections.insert(_place(key, self.sections), Section(key, self.material.phrase(key), statements))
            return
        section = self.sections[where]
        self.sections[where] = dataclasses.replace(section, statements=(*section.statements, *statements))

    def _tell(self, what: str, text: str) -> None:
        self.problems.append(f"{what}: {self.material.clean(bare(text)).strip()}")


def sentences(text: str) -> list[str]:
    """Return a clinician's words as sentences, without signs that a report would read as its own.

    >>> sentences("No effusion. Heart size normal!")
    ['No effusion', 'Heart size normal']
    """
    parts = [plain(part, LONGEST) for part in grounding.split_clauses(" ".join(text.split()))]
    return [p for p in parts if any(c.isalnum() for c in p)]


def disagreements(text: str, cites: Sequence[str], record: Record) -> list[str]:
    """Return which numbers, sides and lesions of a clinician's sentence the evidence does not hold."""
    said = claims(text)
    if not (said.amounts or said.dates or said.sides or said.lesions):
        return []
    ids = [c for c in cites if c in record.current and record.by_id[c].inputs.get("what") != WHAT]
    ids = ids or _about(record, said.lesions) or [e.id for e in record.live if e.kind in _MEASURED]
    cited = f"{text} [{', '.join(ids)}]" if ids else text
    found = [p for clause in grounding.split_clauses(cited) for p in
             grounding.check(clause, record.by_id, current=record.current)]  # fmt: skip
    return [p for p in found if any(word in p for word in _POINTED_OUT)]


_MEASURED = ("scan", "mask", "drawn", "measurement", "comparison")


def _about(record: Record, lesions: Iterable[int]) -> list[str]:
    wanted = set(lesions)
    return [e.id for e in record.live if e.kind in _MEASURED and e.inputs.get("lesion") in wanted] if wanted else []


def _place(key: str, sections: Sequence[Section]) -> int:
    """Return where a section that was not composed belongs."""
    after = EDITABLE[: EDITABLE.index(key)] if key in EDITABLE else ()
    return max((n + 1 for n, s in enumerate(sections) if s.key in after), default=0)
