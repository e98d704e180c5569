"""What a clinician does to a report: change a sentence, add one, delete one, take an edit back.

Each act is recorded with the case's known identifiers replaced, and the report is composed again with it. Knows no
conversation: `wishes` reads acts out of what was typed.
"""

from __future__ import annotations

from typing import Any

from agent.grounding.clauses import bare
from agent.privacy import Redactor
from agent.report.edits import EDITABLE, LONGEST, WHAT, edits_of, sentences
from agent.report.kept import last_report
from agent.report.model import Report, Statement
from agent.report.refresh import rewritten
from agent.toolset.desk import Desk
from tools.contract import NotApplicable


def edit_report(desk: Desk, statement: str, text: str) -> Report:
    """Put the clinician's words in a sentence's place and return the report with them.

    Raises:
        NotApplicable: no such sentence, no words, or too many.
        AgentError: there is no report yet, or it could not be kept.
    """
    found = _statement(desk, statement)
    if found.id.partition("/")[2].startswith("added."):
        _replace_added(desk, found, _words(text))
    else:
        _record(desk, "change", found, _words(text))
    return rewritten(desk)


def delete_from_report(desk: Desk, statement: str) -> Report:
    """Leave a sentence out of the report and of every later one; return the report. See `edit_report` for errors."""
    found = _statement(desk, statement)
    item = _added(desk, found)
    if item is not None:
        _take_back(desk, item.id)
    else:
        _record(desk, "delete", found, "")
    return rewritten(desk)


def add_to_report(desk: Desk, text: str, section: str = "findings") -> Report:
    """Add the clinician's words to a section and return the report with them.

    Raises:
        NotApplicable: a section that does not take additions, no words, or too many.
        AgentError: there is no report yet, or it could not be kept.
    """
    if section not in EDITABLE:
        raise NotApplicable(f"Nothing can be added to {section!r}. Sections that can be: {', '.join(EDITABLE)}.")
    words = _words(text)
    _last(desk)
    _add(desk, {"act": "add", "section": section}, words)
    return rewritten(desk)


def restore_in_report(desk: Desk, evidence: str) -> Report:
    """Take an edit back, by the evidence that records it; return the report. Raises NotApplicable, AgentError."""
    held = [e.id for e in edits_of(desk.record)]
    if evidence not in held:
        raise NotApplicable(f"{evidence} is no edit in force. Edits: {', '.join(held) or 'none'}.")
    _take_back(desk, evidence)
    return rewritten(desk)


def _record(desk: Desk, act: str, found: Statement, words: str) -> None:
    old = [e for e in edits_of(desk.record) if e.inputs.get("statement") == _whole(found.id)]
    was = {k: old[-1].inputs[k] for k in ("was", "was_cites", "language")} if old else {
        "was": bare(found.text).strip(), "was_cites": list(found.cites), "language": _last(desk).language,
    }  # fmt: skip
    inputs = {"act": act, "statement": _whole(found.id), "section": found.id.partition("/")[0], **was}
    _add(desk, inputs, words, tuple(e.id for e in old))


def _whole(name: str) -> str:
    """Return the id of the composed sentence that a clinician's several sentences stand for."""
    return name.rpartition("~")[0] if "~" in name and "/added." not in name else name


def _replace_added(desk: Desk, found: Statement, words: str) -> None:
    item = _added(desk, found)
    assert item is not None
    _add(desk, {"act": "add", "section": item.inputs["section"]}, words, (item.id,))


def _added(desk: Desk, found: Statement) -> Any:
    """Return the evidence of an added sentence, or None for one that was composed."""
    name = found.id.partition("/")[2]
    if not name.startswith("added."):
        return None
    wanted = name.removeprefix("added.").partition("~")[0]
    return next((e for e in edits_of(desk.record) if e.id == wanted), None)


def _take_back(desk: Desk, evidence: str) -> None:
    _add(desk, {"act": "restore", "of": evidence}, "", (evidence,))


def _add(desk: Desk, inputs: dict[str, Any], words: str, supersedes: tuple[str, ...] = ()) -> None:
    clean = Redactor(desk.workspace.cases.sources(desk.case_id)).clean
    desk.evidence.add(
        "stated", "reader", "1", text=clean(words), scan_id=desk.scan.id if desk.scan else None,
        inputs={"what": WHAT, **inputs, "sentences": sentences(clean(words))}, supersedes=supersedes,
    )  # fmt: skip


def _statement(desk: Desk, name: str) -> Statement:
    report = _last(desk)
    found = report.statement(name)
    if found is None or name.partition("/")[0] not in EDITABLE:
        raise NotApplicable(
            f"There is no sentence {name!r} in the report that can be edited. Sentences have ids such as "
            "'findings/finding.size.1'; a row of the table says what was measured, and is not edited."
        )
    return found


def _last(desk: Desk) -> Report:
    report = last_report(desk)
    if report is None:
        raise NotApplicable('There is no report in this case yet. Ask for it first: "write the report".')
    return report


def _words(text: str) -> str:
    words = " ".join(text.split())
    if not sentences(words):
        raise NotApplicable("The edit has no words. Say what the sentence should be, or delete it.")
    if len(words) > LONGEST:
        raise NotApplicable(f"The edit has {len(words)} characters; up to {LONGEST} are taken. Add it in parts.")
    return words
