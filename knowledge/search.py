"""Find the passages that answer a question: dense vectors and BM25 fused, or nothing at all.

Each section is scored, 0 to 1, by a logistic function of what speaks for it (`scoring.py`); below the calibrated
threshold there is no passage. A question that names a well-known guideline which is not held gets none either:
another guideline's rule is no answer to it. Knows no criteria.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock

from knowledge.cues import NOT_COVERED, cues_of, not_held
from knowledge.library import Guideline, Section, language_of
from knowledge.scoring import THRESHOLD, Signs, score
from knowledge.store import Store
from knowledge.types import BadInput, Language, Passage, UnknownGuideline
from knowledge.words import in_english, spelled_out, words

APP_NAME = "scanwright"
MAX_QUESTION = 2000
"""Characters read of a question: more is a pasted document, not a question."""
OUTRANKS = 0.3
"""Share of the best score from which a passage of a higher rank goes first: rank decides between passages that both
answer, it does not lift one that hardly does."""
BESIDE = 0.1
"""Score from which a passage is shown beside one that reaches the threshold: the question is then answered here, and
the rest of the answer may stand in a passage that shares few of its words."""
SUPERSEDED = 0.85
"""Factor on the score of an older edition when a newer one of the same guideline is held, or of any when another is
named."""


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
    place.ready()
    question = place.speller.mended(question)
    names = _names(place.guidelines, guideline, body_part, population)
    if names is None:
        names = _without_or_only_not_covered(question, place.guidelines)
    shown = language or language_of(question)
    scores = {key: score(signs) for key, signs in signs_of(question, place, names).items()}
    sections = {key: (owner, section) for key, owner, section in place.sections()}
    ranked = _ordered(scores, sections, question)
    if names == [NOT_COVERED]:
        ranked = sorted(((value, key) for key, value in scores.items()), reverse=True)[:1]
    return [sections[key][0].passage(sections[key][1], shown, round(value, 3)) for value, key in ranked[:k]]


def _without_or_only_not_covered(question: str, guidelines: Sequence[Guideline]) -> list[str]:
    """Return the names to search: those that say a guideline is not held only when the question asks for such a one."""
    held = [item.name for item in guidelines if item.name != NOT_COVERED]
    asked = not_held(question, guidelines) and len(held) < len(guidelines)
    return [NOT_COVERED] if asked else held


def missing(query: str, *, store: Store | None = None) -> tuple[str, ...]:
    """Return the well-known guidelines that a question asks for and that are not held here."""
    return not_held(" ".join(query.split())[:MAX_QUESTION], (store or default_store()).guidelines)


def _ordered(
    scores: Mapping[str, float], sections: Mapping[str, tuple[Guideline, Section]], question: str
) -> list[tuple[float, str]]:
    """Return (score, key) of what is shown, best first: by rank where two answer about as well, then by score."""
    newest: dict[str, int] = {}
    for owner, _ in sections.values():
        family = owner.guideline.lower()
        newest[family] = max(newest.get(family, 0), owner.year or 0)
    meant = {owner.guideline.lower() for owner, _ in sections.values() if _names_edition(owner, question)}
    fair = {
        key: value * (SUPERSEDED if _yields(sections[key][0], newest, meant, question) else 1.0)
        for key, value in scores.items()
    }
    best = max(fair.values(), default=0.0)
    if best < THRESHOLD:
        return []

    def order(pair: tuple[float, str]) -> tuple[int, float, str]:
        rank = sections[pair[1]][0].rank
        return (-(rank if rank <= 0 or pair[0] >= OUTRANKS * best else 0), -pair[0], pair[1])

    return sorted(((value, key) for key, value in fair.items() if value >= BESIDE), key=order)


def _yields(guideline: Guideline, newest: Mapping[str, int], meant: set[str], question: str) -> bool:
    """Return whether another edition of the same guideline goes first: the one that is named, else the newest."""
    family = guideline.guideline.lower()
    if family in meant:
        return not _names_edition(guideline, question)
    return guideline.year is not None and guideline.year < newest[family]


def _names_edition(guideline: Guideline, question: str) -> bool:
    return bool(guideline.edition) and guideline.edition.lower() in question.lower()


def signs_of(question: str, store: Store, names: Iterable[str] | None = None) -> dict[str, Signs]:
    """Return what speaks for each section that any sign points to, by section key."""
    allowed = None if names is None else frozenset(names)
    if allowed is not None and not allowed:
        return {}
    question = store.speller.mended(question)
    text, asks = _dense(question, store, sorted(allowed) if allowed else None)
    silent = {key for key, _, section in store.sections() if not section.asks}
    asks |= {key: level for key, level in text.items() if key in silent}  # a document states no ways of asking
    lexical, covered = _lexical(question, store)
    cues = cues_of(spelled_out(question), store.guidelines)
    known = _known(question, store)
    best = {"text": max(text.values(), default=0.0), "ask": max(asks.values(), default=0.0)}
    most = max(lexical.values(), default=1.0)
    return {
        key: Signs(
            text=text.get(key, 0.0),
            ask=asks.get(key, 0.0),
            behind=max(text.get(key, 0.0), asks.get(key, 0.0)) - max(best.values()),
            bm25=lexical.get(key, 0.0),
            share=lexical.get(key, 0.0) / most,
            covered=covered.get(key, 0.0),
            named=cues.names(owner),
            part=cues.part(owner),
            setting=cues.setting(owner),
            type=cues.type(section),
            count=cues.count(section),
            usual=cues.usual(owner),
            known=known,
            domain=cues.domain,
        )
        for key, owner, section in store.sections()
        if key in text.keys() | asks.keys() | lexical.keys() and (allowed is None or owner.name in allowed)
    }


def _known(question: str, store: Store) -> float:
    """Return the share of the question's words that any passage holds, by rarity."""
    language = language_of(question)
    return store.lexical(language).known(words(spelled_out(question), language))


def _dense(question: str, store: Store, names: Sequence[str] | None) -> tuple[dict[str, float], dict[str, float]]:
    """Return similarity by section key: of the nearest text, and of the nearest way of asking."""
    asked = _for_embedder(question, language_of(question), store)
    text: dict[str, float] = {}
    asks: dict[str, float] = {}
    if asked:
        near = store.nearest(store.embedder.encode([asked], question=True)[0], names)
        for entry, similarity in near.items():
            key, _, kind = entry.rpartition("/")
            side = asks if kind.startswith("ask") else text
            side[key] = max(side.get(key, 0.0), store.level(similarity))
    return text, asks


def _lexical(question: str, store: Store) -> tuple[dict[str, float], dict[str, float]]:
    """Return BM25 and the covered share by section key; of a Chinese question also by its English gloss, the better."""
    tries: list[tuple[Language, str]] = [(language_of(question), question)]
    if tries[0][0] == "zh":
        tries.append(("en", in_english(question)))
    scores: dict[str, float] = {}
    covered: dict[str, float] = {}
    for language, text in tries:
        index, terms = store.lexical(language), words(spelled_out(text), language)
        for key, value in index.scores(terms).items():
            scores[key] = max(scores.get(key, 0.0), value)
            if language == tries[0][0]:
                covered[key] = index.covered(terms, key)
    return scores, covered


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
