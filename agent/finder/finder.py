"""Looks through the cases that a reader may see, in a catalogue that is brought up to date before each look.

The catalogue is one table, made from the cases' own records: whatever changes them, by whatever process, is found in
it at the next search, and it can be thrown away and made anew. A case that is deleted leaves it at once. What is
read of it grows with the cases that a reader may see: 10,000 of them take half a second of one core.
Knows no user interface.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agent.events import UnknownCase
from agent.finder.entry import Entry, Facts, make_entry, stamp
from agent.finder.query import Hit, Hits, Query, best_sentence, rarity, score
from tools.contract import StateDown, ToolError
from tools.database import Files, Schema
from tools.scan import ScanError

if TYPE_CHECKING:
    from agent.cases import Case
    from agent.workspace import Workspace

_SCHEMA = Schema(
    "catalogue",
    "CREATE TABLE IF NOT EXISTS catalogue (case_id TEXT PRIMARY KEY, stamp TEXT NOT NULL, facts TEXT NOT NULL, "
    "words TEXT NOT NULL, sentences TEXT NOT NULL);\n",
)
_AT_ONCE = 400
"""Ids in one statement: databases take some thousand values at most."""
_PUT = (
    "INSERT INTO catalogue (case_id, stamp, facts, words, sentences) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (case_id) DO UPDATE SET stamp = excluded.stamp, facts = excluded.facts, words = excluded.words, "
    "sentences = excluded.sentences"
)

Told = Callable[[int, int], None]


class Finder:
    """The archive search of one workspace. Safe for several threads and processes."""

    def __init__(self, workspace: Workspace) -> None:
        """Open the catalogue where the workspace's record lies."""
        self._workspace = workspace
        places = Files({"catalogue": workspace.settings.home / "catalogue.sqlite"})
        self._db = (workspace.state.databases or places).open(_SCHEMA)

    def close(self) -> None:
        """Close the catalogue."""
        self._db.close()

    def search(self, query: Query, reader: str) -> Hits:
        """Return the cases that a reader may see and that have what is asked, the best first."""
        cases = {case.id: case for case in self._workspace.cases.visible_to(reader)}
        unread = self._bring_up_to_date(list(cases.values()))
        words = query.words
        looked = _Looked(words)
        for name, facts, text in self._rows(list(cases), "facts, words" if words else "facts, ''"):
            held = Facts.from_json(facts)
            if query.takes(held, cases[name].created):
                looked.add(name, held, text)
        ranked = looked.ranked({name: case.created for name, case in cases.items()})
        said = dict(self._rows(ranked[: query.most], "sentences")) if words else {}
        hits = tuple(_hit(query, cases[n], looked, json.loads(said.get(n, "[]"))) for n in ranked[: query.most])
        return Hits(hits, len(ranked), looked.every_word, tuple(unread))

    def note(self, case_id: str, owner: str) -> None:
        """Take a case into the catalogue as it stands, so that the next search need not. Raises UnknownCase."""
        self._bring_up_to_date([self._workspace.cases.get(case_id, owner, need="read")])

    def forget(self, case_id: str) -> None:
        """Take a case out of the catalogue for good: nothing of it is left in the file."""
        if self._db.row("SELECT 1 FROM catalogue WHERE case_id = ?", (case_id,)) is not None:
            with self._db.writing(alone=("catalogue",)):
                self._db.execute("DELETE FROM catalogue WHERE case_id = ?", (case_id,))
        self._db.forget()

    def rebuild(self, reader: str, told: Told = lambda done, total: None) -> int:
        """Make a reader's part of the catalogue anew from the cases' records; return how many cases it holds."""
        cases = self._workspace.cases.visible_to(reader)
        with self._db.writing(alone=("catalogue",)):
            for case in cases:
                self._db.execute("DELETE FROM catalogue WHERE case_id = ?", (case.id,))
        self._bring_up_to_date(cases, told)
        return len(cases)

    def _rows(self, ids: Sequence[str], wanted: str) -> Iterator[tuple[Any, ...]]:
        """Yield a case's id and the wanted columns, for the cases that are in the catalogue."""
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(part))
            yield from self._db.rows(
                f"SELECT case_id, {wanted} FROM catalogue WHERE case_id IN ({marks})",  # noqa: S608 - our own columns
                part,
            )

    def _bring_up_to_date(self, cases: Sequence[Case], told: Told = lambda done, total: None) -> list[str]:
        """Read the cases again that have moved on since they were last read; return those that cannot be read."""
        counts = self._workspace.evidence.counts()
        now = {case.id: stamp(counts.get(case.id, 0), case) for case in cases}
        held = dict(self._rows(list(now), "stamp"))
        stale = [case for case in cases if held.get(case.id) != now[case.id]]
        unread = []
        for done, case in enumerate(stale, start=1):
            try:
                self._keep(case, make_entry(self._workspace, case, now[case.id]))
            except StateDown:
                raise
            except (ToolError, ScanError, ValueError, KeyError, TypeError):
                unread.append(case.id)
            told(done, len(stale))
        return unread

    def _keep(self, case: Case, entry: Entry) -> None:
        with self._db.writing(alone=("catalogue",)):
            said = json.dumps(entry.sentences, ensure_ascii=False)
            self._db.execute(_PUT, (case.id, entry.stamp, entry.facts.to_json(), entry.words, said))
        try:
            self._workspace.cases.get(case.id, case.owner, need="read")
        except UnknownCase:  # deleted meanwhile: it must not come back
            self.forget(case.id)


class _Looked:
    """The cases that passed the filters, and how often each has each word."""

    def __init__(self, words: Sequence[frozenset[str]]) -> None:
        self._words = words
        self._all = 0
        self.facts: dict[str, Facts] = {}
        self._counts: dict[str, list[int]] = {}
        self.scores: dict[str, float] = {}
        self.every_word = True

    def add(self, name: str, facts: Facts, text: str) -> None:
        """Take a case in, if it has any of the words."""
        self._all += 1
        counts = [sum(text.count(f" {word} ") for word in meant) for meant in self._words]
        if not self._words or any(counts):
            self.facts[name], self._counts[name] = facts, counts

    def ranked(self, created: dict[str, str]) -> list[str]:
        """Return the cases with every word, or else those with some: the best first, then the newest."""
        whole = [n for n, counts in self._counts.items() if all(counts)]
        self.every_word = bool(whole) or not self._counts
        having = [sum(bool(c[at]) for c in self._counts.values()) for at in range(len(self._words))]
        weights = [rarity(self._all, count) for count in having]
        self.scores = {n: score(self._counts[n], weights) for n in whole or self._counts}
        newest = sorted(self.scores, key=lambda name: created[name], reverse=True)
        return sorted(newest, key=lambda name: -self.scores[name])

    def best(self, sentences: Sequence[str]) -> str:
        """Return the sentence with most of the words."""
        return best_sentence(self._words, sentences)


def _hit(query: Query, case: Case, looked: _Looked, sentences: Sequence[str]) -> Hit:
    facts = looked.facts[case.id]
    lesions = tuple(query.lesions(facts) if query.of_lesions else facts.lesions)
    return Hit(
        case.id, case.created, case.level, facts.scan, lesions, looked.best(sentences), looked.scores[case.id]
    )  # fmt: skip
