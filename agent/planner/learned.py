"""A linear model over the character n-grams and words of short sentences: what kind of sentence one is, and how surely.

Fitted in a second or two from example files, one kind a file; kept in memory, never on disk. Knows no intent and no case.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from agent.planner.reading import plain

READ = 240
"""Characters of a clause that are classified; longer ones dilute what they ask with what they tell."""
STRENGTH = 0.5
"""Inverse regularisation of the linear model (a margin). On examples by other people than it was fitted from: the same
from 0.3 to 1. Weights that balance the kinds cost 0.01; each example learned twice, bare and wrapped in "please" and the
like, gained nothing once the examples were many."""
SHARPNESS = 6.0
"""What margins are multiplied by before they become shares of one: with it the shares are probabilities, near enough. Of
examples by other people 0.97 were right at shares over 0.9, 0.63 at 0.6 to 0.7, 0.22 at 0.2 to 0.3."""
REMEMBERED = 512
"""Sentences whose guess is kept: one message asks for the same clause several times."""
WORD = re.compile(r"[a-z'#]+|[\u3400-\u9fff]")


@dataclass(frozen=True)
class Guess:
    """A kind and how sure the linear model is, 0 to 1."""

    intent: str
    share: float


class Learned:
    """A fitted model.

    Args:
        sentences: as `shape` gives them. kinds: one a sentence, of three or more. weights: one a sentence; equal when left out.
        lowered: what a kind's margin is lowered by.
    """

    def __init__(
        self, sentences: Sequence[str], kinds: Sequence[str], weights: Sequence[float] | None = None,
        lowered: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_union
        from sklearn.svm import LinearSVC

        self.features: Any = make_union(
            TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, min_df=2),
            TfidfVectorizer(token_pattern=WORD.pattern, ngram_range=(1, 2), sublinear_tf=True),
        )
        self.matrix = self.features.fit_transform(sentences)
        self._model: Any = LinearSVC(C=STRENGTH, random_state=0)
        self._model.fit(self.matrix, kinds, sample_weight=weights)
        self._vocabulary = {word for sentence in sentences for word in WORD.findall(sentence)}
        self._lowered = [(lowered or {}).get(str(kind), 0.0) for kind in self._model.classes_]
        self.guess = lru_cache(maxsize=REMEMBERED)(self._ranked)

    def _ranked(self, sentence: str) -> tuple[Guess, ...]:
        """Return every kind of a sentence in its `shape`, likeliest first; with no known word none is likelier."""
        kinds = [str(kind) for kind in self._model.classes_]
        if self._vocabulary.isdisjoint(WORD.findall(sentence)):
            return tuple(Guess(kind, 1 / len(kinds)) for kind in kinds)
        margins = self._model.decision_function(self.features.transform([sentence]))[0].tolist()
        shares = _shares([m - low for m, low in zip(margins, self._lowered, strict=True)])
        return tuple(sorted((Guess(k, s) for k, s in zip(kinds, shares, strict=True)), key=lambda g: -g.share))


def lines_of(folder: str) -> dict[str, tuple[str, ...]]:
    """Return the sentences of every file of a folder beside this module, by the file's name."""
    found = {}
    for file in sorted(resources.files("agent.planner").joinpath(folder).iterdir(), key=lambda f: f.name):
        if file.name.endswith(".txt"):
            lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
            found[file.name[:-4]] = tuple(line for line in lines if line and not line.startswith("#"))
    return found


def shape(text: str) -> str:
    """Return a clause as the model sees it: plain, every number the same, no end sign.

    >>> shape("Measure lesion 12!")
    'measure lesion #'
    """
    return re.sub(r"\d+(?:\.\d+)?", "#", plain(text)[:READ]).strip(" .!?。,;:")


def _shares(margins: Sequence[float]) -> list[float]:
    """Return margins as shares of one."""
    top = max(margins)
    raised = [math.exp(SHARPNESS * (m - top)) for m in margins]
    return [r / sum(raised) for r in raised]
