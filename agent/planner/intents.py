"""The learned part: which intent a clause has, from example sentences; fitted at first use, again when they change.

Character n-grams with a linear model. The examples are this folder's own files, one intent a file, and the sentences
that every installed tool brings along for its task; so a new tool is routed to without a change here. What is
fitted is kept in memory by the hash of all examples, never on disk.
"""

from __future__ import annotations

import hashlib
import logging
import math
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from threading import Lock
from typing import Any

from agent.planner.reading import plain

log = logging.getLogger(__name__)

READ = 240
"""Characters of a clause that are classified; longer ones dilute what they ask with what they tell."""
KEPT = 4
"""Fitted routers kept in memory: one is about a megabyte."""
STRENGTH = 0.5
"""Inverse regularisation of the linear model (a margin). Examples by other people than it was fitted from: the same from
0.3 to 1. Weights that balance the intents cost 0.01 and each example twice, bare and wrapped in "please" and the like, gained
nothing once the examples were many."""
SHARPNESS = 6.0
"""What margins are multiplied by before they become shares of one: with it the shares are probabilities, near enough. Of
examples by other people 0.97 were right at shares over 0.9, 0.63 at 0.6 to 0.7, 0.22 at 0.2 to 0.3."""
SELDOM = 0.1
"""What the margins of questions of the record and of talk are lowered by: they are a third of the examples, so that each
is learned, and a tenth of what is typed."""
REMEMBERED = 512
"""Clauses whose guess is kept: one message asks for the same clause several times."""
NEAR, NEARER = 0.35, 0.08
"""A clause is a tool's when it is at least this near to one of its sentences, and nearer than to any shipped one."""
NEAR_BY_WORD = 0.1
"""The same where the clause has a word that only tools' sentences have ("agatston")."""
_ANY_WORD = re.compile(r"[a-z'#]+|[\u3400-\u9fff]")
_WORD = re.compile(r"[a-z][a-z-]{4,}")
_BLOCKS = 2.0
"""The two kinds of n-grams are of length one each, so their product runs to two."""
TOOL_WEIGHT = 1.5
"""A tool's own sentences are few beside ours, and are meant for it."""

Utterances = Mapping[str, Sequence[str]]

_fitted: OrderedDict[str, Router] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class Guess:
    """An intent and how sure the linear model is, 0 to 1."""

    intent: str
    share: float


@lru_cache(maxsize=1)
def examples() -> dict[str, tuple[str, ...]]:
    """Return the shipped example sentences by intent."""
    found = {}
    for file in sorted(resources.files("agent.planner").joinpath("examples").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".txt"):
            lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
            found[file.name[:-4]] = tuple(line for line in lines if line and not line.startswith("#"))
    return found


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
    """A linear model over character n-grams of a clause."""

    def __init__(self, utterances: Utterances) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_union
        from sklearn.svm import LinearSVC

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
        self._features: Any = make_union(
            TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, min_df=2),
            TfidfVectorizer(
                token_pattern=_ANY_WORD.pattern,
                ngram_range=(1, 2),
                sublinear_tf=True,
            ),
        )
        matrix = self._features.fit_transform(sentences)
        self._model: Any = LinearSVC(C=STRENGTH, random_state=0)
        self._model.fit(matrix, labels, sample_weight=weights)
        self._vocabulary = {word for sentence in sentences for word in _ANY_WORD.findall(sentence)}
        self._lowered = [SELDOM * name.startswith(("recall.", "talk.")) for name in self._model.classes_]
        self._guess = lru_cache(maxsize=REMEMBERED)(self._ranked)
        self._shipped, self._own, self._tasks = matrix[:shipped], matrix[shipped:], labels[shipped:]
        known = {word for sentence in sentences[:shipped] for word in _WORD.findall(sentence)}
        own = {word for sentence in sentences[shipped:] for word in _WORD.findall(sentence)}
        self._words = own - known
        log.debug("the planner was fitted from %d sentences in %d intents", len(sentences), len(set(labels)))

    def guess(self, clause: str, most: int = 3) -> list[Guess]:
        """Return the likeliest intents of a plain clause, best first; with no known word none is likelier than another."""
        return list(self._guess(shape(clause))[:most])

    def _ranked(self, shaped: str) -> tuple[Guess, ...]:
        if not any(word in self._vocabulary for word in _ANY_WORD.findall(shaped)):
            return tuple(Guess(str(name), 1 / len(self._model.classes_)) for name in self._model.classes_)
        margins = self._model.decision_function(self._features.transform([shaped]))[0].tolist()
        shares = _shares([m - low for m, low in zip(margins, self._lowered, strict=True)])
        ranked = sorted(zip(self._model.classes_, shares, strict=True), key=lambda p: -p[1])
        return tuple(Guess(str(name), float(share)) for name, share in ranked)

    def own(self, clause: str) -> str | None:
        """Return the task of the tool whose own sentence a clause is nearest to; None when a shipped one is as near."""
        if not self._tasks:
            return None
        seen = self._features.transform([shape(clause)])
        ours = (self._shipped @ seen.T).toarray().ravel() / _BLOCKS
        tools = (self._own @ seen.T).toarray().ravel() / _BLOCKS
        best = int(tools.argmax())
        if tools[best] >= NEAR_BY_WORD and not self._words.isdisjoint(_WORD.findall(shape(clause))):
            return self._tasks[best]
        return self._tasks[best] if tools[best] >= max(NEAR, float(ours.max()) + NEARER) else None


def _shares(margins: Sequence[float]) -> list[float]:
    """Return margins as shares of one."""
    top = max(margins)
    raised = [math.exp(SHARPNESS * (m - top)) for m in margins]
    return [r / sum(raised) for r in raised]


def shape(text: str) -> str:
    """Return a clause as the model sees it: plain, every number the same, no end sign.

    >>> shape("Measure lesion 12!")
    'measure lesion #'
    """
    return re.sub(r"\d+(?:\.\d+)?", "#", plain(text)[:READ]).strip(" .!?。,;:")


def _hash(utterances: Utterances) -> str:
    digest = hashlib.sha256()
    for source in (examples(), utterances):
        for intent in sorted(source):
            digest.update("\0".join((intent, *source[intent], "\1")).encode())
    return digest.hexdigest()
