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
"""Inverse regularisation of the linear model (a margin). In cross-validation on the examples, of the clauses that no cue
settles: 0.785 right at 0.2 and at 0.5, 0.778 at 1; a logistic model had 0.774 and took five times as long to fit."""
WRAPPED = {
    "en": ("please {}", "can you {}", "ok {} please", "could you {}?", "hey, {}", "so {}", "now {} pls", "{} thanks"),
    "zh": ("请{}", "帮我{}一下", "麻烦{}", "那{}呢", "呃{}", "再{}", "{}吧", "{}好吗"),
}
"""How a wish is wrapped: each example is learned bare and in one of these. In cross-validation 0.795 right instead of
0.785; slips of the keyboard added in the same way gave 0.788."""
SHARPNESS = 4.0
"""What margins are multiplied by before they become shares: in cross-validation a share of 0.65 and more was right 94
times of 100, one below 0.3 27 times."""
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
            TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, min_df=2),
            TfidfVectorizer(
                token_pattern=r"[a-z'#]+|[\u3400-\u9fff]",  # noqa: S106 - a pattern, no password
                ngram_range=(1, 2),
                sublinear_tf=True,
            ),
        )
        matrix = self._features.fit_transform([*sentences, *(wrapped(s, n) for n, s in enumerate(sentences))])
        self._model: Any = LinearSVC(C=STRENGTH, class_weight="balanced", random_state=0)
        self._model.fit(matrix, labels * 2, sample_weight=weights * 2)
        matrix = matrix[: len(sentences)]
        self._shipped, self._own, self._tasks = matrix[:shipped], matrix[shipped:], labels[shipped:]
        known = {word for sentence in sentences[:shipped] for word in _WORD.findall(sentence)}
        own = {word for sentence in sentences[shipped:] for word in _WORD.findall(sentence)}
        self._words = own - known
        log.debug("the planner was fitted from %d sentences in %d intents", len(sentences), len(set(labels)))

    def guess(self, clause: str, most: int = 3) -> list[Guess]:
        """Return the likeliest intents of a plain clause, best first."""
        shares = _shares(self._model.decision_function(self._features.transform([shape(clause)]))[0].tolist())
        ranked = sorted(zip(self._model.classes_, shares, strict=True), key=lambda p: -p[1])[:most]
        return [Guess(str(name), float(share)) for name, share in ranked]

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


def wrapped(sentence: str, number: int) -> str:
    """Return a sentence as people wrap a wish; which way goes round by its number.

    >>> wrapped("measure it", 0), wrapped("测量", 0)
    ('please measure it', '请测量')
    """
    ways = WRAPPED["zh" if re.search(r"[\u3400-\u9fff]", sentence) else "en"]
    return ways[number % len(ways)].format(sentence)


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
