"""Find the passages that answer a question: dense vectors and BM25 fused, or nothing at all.

Each section gets one score, 0 to 1, from four signs: the vectors' similarity, BM25 against the best section, the
share of the question's words it holds, and whether the question names its guideline. The weights were fitted on
development questions against questions from elsewhere (see tests/bench/knowledge.py); below `THRESHOLD` there is
no passage. Knows no criteria.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

from knowledge.library import Guideline, language_of
from knowledge.store import Store
from knowledge.types import BadInput, Language, Passage, UnknownGuideline
from knowledge.words import in_english, spelled_out, words

APP_NAME = "scanwright"
MAX_QUESTION = 2000
"""Characters read of a question: more is a pasted document, not a question."""
THRESHOLD = 0.5
"""Score below which a passage is not shown: at 0.5 the fit held right and wrong top passages equally likely."""


@dataclass(frozen=True)
class Weights:
    """Weights of the logistic score."""

    intercept: float = -6.0
    dense: float = 8.0
    bm25: float = 2.0
    covered: float = 2.0
    named: float = 3.0


WEIGHTS = Weights()


@dataclass(frozen=True)
class Signs:
    """What speaks for one section as the answer to one question; each 0 to 1."""

    dense: float
    bm25: float
    covered: float
    named: float

    def score(self, weights: Weights = WEIGHTS) -> float:
        """Return the calibrated score, 0 to 1."""
        x = weights.intercept + weights.dense * self.dense + weights.bm25 * self.bm25
        x += weights.covered * self.covered + weights.named * self.named
        return 1 / (1 + math.exp(-x))


_default_folder: Path | None = None
_default_lock = Lock()


def use(folder: Path | str) -> None:
    """Make `folder` the place of the default store, instead of the platform's user data folder."""
    global _default_folder
    with _default_lock:
        _default_folder = Path(folder)


def default_store() -> Store:
    """Return the default store, one for each folder and process."""
    with _default_lock:
        if _default_folder is not None:
            return _store_at(_default_folder)
    import platformdirs

    return _store_at(Path(platformdirs.user_data_dir(APP_NAME, appauthor=False)) / "knowledge")


@lru_cache(maxsize=8)
def _store_at(folder: Path) -> Store:
    return Store(folder)


def search(
    query: str,
    *,
    k: int = 5,
    language: Language | None = None,
    guideline: str | None = None,
    body_part: str | None = None,
    population: str | None = None,
    store: Store | None = None,
) -> list[Passage]:
    """Return the passages that answer `query`, best first, at most `k`; an empty list when none does.

    Passages come in the question's language unless `language` is given. `guideline` keeps to one guideline by name
    (``fleischner-2017``), `body_part` and `population` to those made for it. Raises BadInput for an empty question
    or a senseless `k`, UnknownGuideline for a name that is not held, BrokenStore when the index cannot be used.
    """
    question = _checked(query, k)
    place = store or default_store()
    names = _names(place.guidelines, guideline, body_part, population)
    shown = language or language_of(question)
    signs = signs_of(question, place, names)
    ranked = sorted(((s.score(), key) for key, s in signs.items()), key=lambda pair: (-pair[0], pair[1]))
    sections = {key: (owner, section) for key, owner, section in place.sections()}
    return [
        sections[key][0].passage(sections[key][1], shown, round(score, 3))
        for score, key in ranked[:k]
        if score >= THRESHOLD
    ]


def signs_of(question: str, store: Store, names: Iterable[str] | None = None) -> dict[str, Signs]:
    """Return what speaks for each section that any sign points to, by section key."""
    store.ready()
    allowed = None if names is None else frozenset(names)
    language = language_of(question)
    asked = _for_embedder(question, language, store)
    dense = store.nearest(store.embedder.encode([asked])[0], sorted(allowed) if allowed else None) if asked else {}
    lexical = store.lexical(language)
    terms = words(spelled_out(question), language)
    bm25 = lexical.scores(terms)
    best = max(bm25.values(), default=1.0)
    named = _named(question, store.guidelines)
    return {
        key: Signs(
            dense=max(0.0, dense.get(key, 0.0)),
            bm25=bm25.get(key, 0.0) / best,
            covered=lexical.covered(terms, key),
            named=float(key.partition("/")[0] in named),
        )
        for key in sorted(dense.keys() | bm25.keys())
        if allowed is None or key.partition("/")[0] in allowed
    }


def _checked(query: str, k: int) -> str:
    question = " ".join(str(query).split())
    if not any(letter.isalnum() for letter in question):
        raise BadInput('The question is empty. Ask, for example, "follow-up of a 7 mm solid nodule".')
    if k < 1:
        raise BadInput(f"k is {k}; it must be 1 or more.")
    return question[:MAX_QUESTION]


def _for_embedder(question: str, language: Language, store: Store) -> str:
    """Return the question in words the embedder reads; empty when nothing of it is left."""
    if language in store.embedder.languages:
        return spelled_out(question) if language == "en" else question
    return spelled_out(in_english(question))


def _names(
    guidelines: tuple[Guideline, ...], name: str | None, body_part: str | None, population: str | None
) -> list[str] | None:
    """Return the names of the guidelines to keep to; None for all of them."""
    if name is not None and name not in {item.name for item in guidelines}:
        known = ", ".join(item.name for item in guidelines)
        raise UnknownGuideline(f"No guideline is called {name!r}; there are {known}.")
    if name is None and body_part is None and population is None:
        return None
    return [
        item.name
        for item in guidelines
        if (name is None or item.name == name)
        and (body_part is None or {body_part.lower(), "any"} & set(item.body_parts))
        and (population is None or not item.population or population.lower() in item.population)
    ]


def _named(question: str, guidelines: tuple[Guideline, ...]) -> frozenset[str]:
    """Return the guidelines that the question names."""
    plain = re.sub(r"[\s_-]+", " ", question.lower())
    return frozenset(
        item.name
        for item in guidelines
        if any(re.search(rf"(?<![a-z0-9]){re.escape(alias)}(?![a-z])", plain) for alias in item.aliases)
    )
