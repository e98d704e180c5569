"""A whole report against its evidence.json: every line is held to the same check as a sentence in the chat.

Works on the two files alone, so that a report can be verified on another machine, without the case.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.events import UngroundedAnswer
from agent.grounding.check import check
from agent.grounding.clauses import CITE, split_clauses
from tools.evidence import Evidence, current_ids

_CODE = re.compile(r"`([^`]*)`")
_RULE = re.compile(r"^\s*(?:\|?[\s:|-]+\|?|[-*_]{3,})\s*$")
_MARK = re.compile(r"^\s*(?:#{1,6}\s+|[-*+]\s+|>\s?|\d+[.)]\s+)*")
_NOT_EVIDENCE = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError)
"""What a check raises where a value is of a kind that was never recorded: the file was made by somebody else."""
_SHORT = 8
"""Characters of a hash from which on its beginning may stand for it."""


def verify(markdown: str, evidence: Mapping[str, Any]) -> list[str]:
    """Return what in a report its evidence does not hold, one line a problem; nothing: an empty list.

    Args:
        markdown: the text of report.md.
        evidence: the content of evidence.json.

    Raises:
        UngroundedAnswer: the evidence is not of the form that `export` writes.
    """
    book = _Book.read(evidence)
    problems = list(book.altered())
    cited = False
    for number, line in enumerate(_lines(markdown), start=1):
        try:
            problems += [f"line {number}: {problem}: {_shown(clause)}" for clause, problem in _line(line, book)]
        except _NOT_EVIDENCE as error:
            problems.append(f"line {number}: not checked, the evidence holds what none holds ({type(error).__name__})")
        cited = cited or CITE.search(line.text) is not None
    if not cited:
        problems.append("the report cites no evidence at all")
    return problems


@dataclass(frozen=True)
class _Book:
    items: Mapping[str, Evidence]
    current: Collection[str]
    extra: frozenset[str]

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> _Book:
        try:
            items = [Evidence.from_json(e) for e in data["evidence"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UngroundedAnswer(
                f"The evidence file is not one that Scanwright wrote ({type(error).__name__}: {error}). "
                "Give the evidence.json that was exported with the report."
            ) from error
        extra = frozenset(str(v) for v in data.values() if isinstance(v, (str, int)) and not isinstance(v, bool))
        return cls({e.id: e for e in items}, frozenset(current_ids(items)), extra)

    def altered(self) -> Iterator[str]:
        """Say which evidence is not what was recorded: each hash is derived again."""
        for item in self.items.values():
            parents = [self.items[p].hash if p in self.items else "" for p in item.parents]
            if item.digest(parents) != item.hash:
                yield f"evidence.json: {item.id} was altered after it was recorded"

    def literals(self, found: list[str]) -> Iterator[str]:
        """Say which literals of a line do not fit: beside evidence ids, the others must be those items' own."""
        named = [self.items[x] for x in found if x in self.items]
        for literal in found:
            if literal not in self.items and not self.knows(literal, named or list(self.items.values())):
                yield f"`{literal}` is no tool, version, time or hash of the evidence it stands beside"
        strangers = [e.id for e in named if len(found) > len(named) and e.producer not in found]
        if strangers:
            yield f"`{strangers[0]}` was not produced by what it is told to be produced by"

    def knows(self, literal: str, items: Collection[Evidence]) -> bool:
        """Return whether a literal in backticks is an identifier of this evidence, or the start of a hash."""
        if literal in self.extra:
            return True
        for item in items:
            if literal in (item.id, item.producer, item.version, item.created, f"{item.producer} {item.version}"):
                return True
            hashes = (item.weights or "", item.scan_id or "", item.hash, item.array or "")
            if len(literal) >= _SHORT and any(h.startswith(literal) for h in hashes):
                return True
            if literal and item.created.startswith(literal) and len(literal) >= len("2026-01-01"):
                return True
        return any(len(literal) >= _SHORT and e.startswith(literal) for e in self.extra)


@dataclass(frozen=True)
class _Line:
    text: str
    header: tuple[str, ...] = ()


def _lines(markdown: str) -> Iterator[_Line]:
    """Yield the lines, table rows with the cells of their table's header."""
    header: tuple[str, ...] = ()
    lines = markdown.splitlines()
    for at, line in enumerate(lines):
        if not line.lstrip().startswith("|"):
            header = ()
            yield _Line(line)
            continue
        if not header:
            header = tuple(_cells(line))
            yield _Line("")
            continue
        yield _Line("" if _RULE.match(line) and at else line, header)


def _line(line: _Line, book: _Book) -> Iterator[tuple[str, str]]:
    text = line.text
    if not text.strip() or _RULE.match(text):
        return
    if line.header:
        yield from _row(line, book)
        return
    yield from ((text, problem) for problem in book.literals(_CODE.findall(text)))
    text = _CODE.sub(" ", _MARK.sub("", text))
    for clause in split_clauses(text.replace("**", "")):
        for problem in check(clause, book.items, current=book.current, strict=True):
            yield clause, problem


def _row(line: _Line, book: _Book) -> Iterator[tuple[str, str]]:
    """Check a table row cell by cell, each as ``header: cell`` with the row's citations."""
    cells = _cells(line.text)
    cites = " ".join(m[0] for m in CITE.finditer(line.text))
    whole = []
    for name, cell in zip(line.header, cells, strict=False):
        body = CITE.sub(" ", cell).strip()
        if not body:
            continue
        clause = f"{name} {body} {cites}"
        whole.append(f"{name} {body}")
        for problem in check(clause, book.items, current=book.current):
            yield clause, problem
    if not cites and re.search(r"\d", line.text):
        yield line.text, "a table row with numbers cites nothing"
    if len(cells) != len(line.header):
        yield line.text, f"the row has {len(cells)} cells where the table has {len(line.header)}"
    for problem in check(f"{'; '.join(whole)} {cites}", book.items, current=book.current, strict=True):
        if "carries nothing" in problem:
            yield line.text, problem


def _cells(line: str) -> list[str]:
    return [c.strip() for c in line.strip().strip("|").split("|")]


def _shown(clause: str) -> str:
    plain = " ".join(clause.split())
    return plain if len(plain) <= 120 else plain[:117] + "..."
