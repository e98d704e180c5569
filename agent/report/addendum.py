"""What has changed since a report was signed: the addendum's own section, each changed sentence before and now.

Knows no file: it is given both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.grounding.clauses import bare
from agent.report.material import Material
from agent.report.model import Report, Section, Statement

_STANDING = ("addendum", "provenance")
"""Sections that tell of the report and not of the case."""


def addendum(material: Material, signed: Report, sections: Sequence[Section]) -> Section:
    """Return the section that says which signed report this amends, and what it says otherwise."""
    signature = signed.signature
    assert signature is not None
    reader = signature.reader.replace(".", "")
    lead = material.phrase("addendum.lead", reader=reader, signed=signature.signed)
    stop = "。" if material.language == "zh" else "."
    lines = [Statement(f"{lead} [{signature.evidence}]{stop}", (signature.evidence,))]
    for before, now in changes(signed, sections, same_language=signed.language == material.language):
        if before is not None:
            lines.append(_with(material.phrase("addendum.before"), before))
        if now is not None:
            lines.append(_with(material.phrase("addendum.now"), now))
    return Section("addendum", material.phrase("addendum"), tuple(lines))


def _with(word: str, statement: Statement) -> Statement:
    return Statement(f"{word}{statement.text}", statement.cites, by=statement.by)


def changes(
    signed: Report, sections: Iterable[Section], *, same_language: bool = True
) -> list[tuple[Statement | None, Statement | None]]:
    """Return the sentences that differ, each as it was signed and as it is now; None where there was or is none."""
    then, now = _by_name(signed.sections), _by_name(sections)
    found: list[tuple[Statement | None, Statement | None]] = []
    for name, statement in now.items():
        old = then.get(name)
        same = old is not None and (
            bare(old.text) == bare(statement.text) if same_language else old.cites == statement.cites
        )
        if not same:
            found.append((old, statement))
    return [*found, *((old, None) for name, old in then.items() if name not in now)]


def _by_name(sections: Iterable[Section]) -> dict[str, Statement]:
    """Return the sentences that tell of the case, by id."""
    return {x.id: x for s in sections if s.key not in _STANDING for x in s.statements if x.id}
