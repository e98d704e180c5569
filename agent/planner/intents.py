"""Which intent a clause has, learned from example sentences; fitted at first use, again when they change.

The examples are this folder's own files, one intent a file, and the sentences that every installed tool brings along
for its task; so a new tool is routed to without a change here. What is fitted is kept in memory by the hash of all
examples, never on disk.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from threading import Lock

from agent.planner.learned import Guess, Learned, lines_of, shape

log = logging.getLogger(__name__)

KEPT = 4
"""Fitted routers kept in memory: one is a few megabytes."""
SELDOM = 0.1
"""What the margins of questions of the record and of talk are lowered by: they are a third of the examples, so that each
is learned, and a tenth of what is typed."""
NEAR, NEARER = 0.35, 0.08
"""A clause is a tool's when it is at least this near to one of its sentences, and nearer than to any shipped one."""
NEAR_BY_WORD = 0.1
"""The same where the clause has a word that only tools' sentences have ("agatston")."""
_WORD = re.compile(r"[a-z][a-z-]{4,}")
_BLOCKS = 2.0
"""The two kinds of n-grams are of length one each, so their product runs to two."""
TOOL_WEIGHT = 1.5
"""A tool's own sentences are few beside ours, and are meant for it."""

Utterances = Mapping[str, Sequence[str]]

_fitted: OrderedDict[str, Router] = OrderedDict()
_lock = Lock()


@lru_cache(maxsize=1)
def examples() -> dict[str, tuple[str, ...]]:
    """Return the shipped example sentences by intent."""
    return lines_of("examples")


def router(utterances: Utterances) -> Router:
    """Return the router fitted from the shipped examples and these sentences by task."""
    key = _hash(utterances)
    with _lock:
        if key not in _fitted:
            _fitted[key] = Router(utterances)
            while len(_fitted) > KEPT:
                _fitted.popitem(last=False)
        _fitted.move_to_end(key)
        return _fitted[key]


class Router:
    """What was learned from the shipped examples and from tools' own sentences."""

    def __init__(self, utterances: Utterances) -> None:
        sentences, labels, weights = [], [], []
        for intent, lines in examples().items():
            sentences += [shape(line) for line in lines]
            labels += [intent] * len(lines)
            weights += [1.0] * len(lines)
        shipped = len(sentences)
        for task in sorted(utterances.keys() & examples().keys()):
            sentences += [shape(line) for line in utterances[task]]
            labels += [task] * len(utterances[task])
            weights += [TOOL_WEIGHT] * len(utterances[task])
        lowered = {intent: SELDOM for intent in examples() if intent.startswith(("recall.", "talk."))}
        self._learned = Learned(sentences, labels, weights, lowered)
        matrix = self._learned.matrix
        self._shipped, self._own, self._tasks = matrix[:shipped], matrix[shipped:], labels[shipped:]
        known = {word for sentence in sentences[:shipped] for word in _WORD.findall(sentence)}
        own = {word for sentence in sentences[shipped:] for word in _WORD.findall(sentence)}
        self._words = own - known
        log.debug("the planner was fitted from %d sentences in %d intents", len(sentences), len(set(labels)))

    def guess(self, clause: str, most: int = 3) -> list[Guess]:
        """Return the likeliest intents of a plain clause, best first."""
        return list(self._learned.guess(shape(clause))[:most])

    def own(self, clause: str) -> str | None:
        """Return the task of the tool whose own sentence a clause is nearest to; None when a shipped one is as near."""
        if not self._tasks:
            return None
        seen = self._learned.features.transform([shape(clause)])
        ours = (self._shipped @ seen.T).toarray().ravel() / _BLOCKS
        tools = (self._own @ seen.T).toarray().ravel() / _BLOCKS
        best = int(tools.argmax())
        if tools[best] >= NEAR_BY_WORD and not self._words.isdisjoint(_WORD.findall(shape(clause))):
            return self._tasks[best]
        return self._tasks[best] if tools[best] >= max(NEAR, float(ours.max()) + NEARER) else None


def _hash(utterances: Utterances) -> str:
    digest = hashlib.sha256()
    for source in (examples(), utterances):
        for intent in sorted(source):
            digest.update("\0".join((intent, *source[intent], "\1")).encode())
    return digest.hexdigest()
