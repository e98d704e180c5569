"""Edits that a reader asks for in a message, carried out; the rest of the message is a wish about language and form.

Only what the reader typed in this message is put in, whatever a model asks for: words in a report that are marked as
the clinician's must be the clinician's. What is not understood is handed back, never guessed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from agent.grounding.clauses import bare
from agent.report import edit_acts
from agent.report.edit_words import Said, read_edit
from agent.report.edits import EDITABLE, edits_of
from agent.report.instruction import Wish, read_wish
from agent.report.kept import last_report
from agent.report.model import Report, Statement
from agent.report.terms import plain
from agent.toolset.desk import Desk
from tools.contract import NotApplicable


@dataclass(frozen=True)
class Done:
    """What became of an instruction: evidence of edits made, the rest of the wish, notes, what was not understood."""

    wish: Wish
    edited: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    not_understood: tuple[str, ...] = ()


def carry_out(desk: Desk, instruction: str | None, last: Report | None) -> Done:
    """Carry out the edits that an instruction asks for and return what is left of it as a wish.

    In a conversation the edit is read from what the reader typed and not from the instruction: see the module.
    """
    said = read_edit(desk.said if desk.said is not None else instruction or "")
    if said is None:
        asked = read_edit(instruction or "")
        if asked is not None:  # a model's own idea of an edit
            return Done(Wish(), not_understood=(plain(instruction or ""),))
        wish = read_wish(instruction)
        return Done(wish, not_understood=tuple(plain(p) for p in wish.not_understood))
    if said.act == "sign":
        raise NotApplicable(
            "A report is signed by a logged-in reader, with the app's own button and not by a message, which anyone "
            "can type."
        )
    wish = dataclasses.replace(read_wish(said.before), not_understood=())
    before = len(desk.evidence.all())
    if last is None:
        _first(desk)
    _act(desk, said)
    made = tuple(e.id for e in desk.evidence.all()[before:] if e.inputs.get("what") == "report_edit")
    return Done(wish, edited=made)


def _first(desk: Desk) -> None:
    """Compose the report that an edit is asked of, where there is none yet."""
    from agent.report.compose import material_of
    from agent.report.refresh import refresh

    refresh(desk, material_of(desk, "en"))


def _act(desk: Desk, said: Said) -> None:
    if said.act == "add":
        edit_acts.add_to_report(desk, said.text, said.section)
    elif said.act == "undo":
        held = edits_of(desk.record)
        if not held:
            raise NotApplicable("There is no edit of the report to take back.")
        edit_acts.restore_in_report(desk, held[-1].id)
    else:
        statement = _meant(desk, said)
        if said.act == "delete":
            edit_acts.delete_from_report(desk, statement.id)
        else:
            edit_acts.edit_report(desk, statement.id, said.text)


def _meant(desk: Desk, said: Said) -> Statement:
    """Return the sentence that is meant. Raises NotApplicable where it is not one sentence."""
    report = last_report(desk)
    section = report.section(said.section) if report is not None else None
    if section is None or said.section not in EDITABLE:
        raise NotApplicable(f"The report has no section {said.section!r} to edit.")
    lines: Sequence[Statement] = [x for x in section.statements if x.id]
    if said.about:
        found = [x for x in lines if said.about.lower() in bare(x.text).lower()]
        if len(found) != 1:
            raise NotApplicable(
                f"{len(found) or 'No'} sentences of {section.title} are about {said.about!r}. Say which one by its "
                'number: "the second sentence".'
            )
        return found[0]
    if said.number is None and len(lines) > 1:
        raise NotApplicable(f"Which sentence of {section.title}? There are {len(lines)}: say its number.")
    place = len(lines) if said.number == -1 else said.number or 1
    if not 1 <= place <= len(lines):
        raise NotApplicable(f"{section.title} has {len(lines)} sentences; there is no sentence {place}.")
    return lines[place - 1]
