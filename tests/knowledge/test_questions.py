"""The aims, held on questions that fitted nothing: the bench's aside part, and the development questions."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from benches import load

from knowledge import Store

AIMS = {"guideline@1": 0.85, "guideline@5": 0.97, "fact@5": 0.93}


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    return load("knowledge")


def measured(bench: ModuleType, store: Store, questions: list[Any]) -> dict[str, float]:
    held = {key: frozenset(section.facts) for key, _, section in store.sections()}
    found = bench.accuracy(questions, {"hybrid": bench.hybrid(store)}, held)["hybrid"]["all"]
    return {mark: value["mean"] for mark, value in found.items()}


def test_questions_are_of_both_languages_on_every_guideline_and_from_elsewhere(bench: ModuleType, store: Store) -> None:
    aside = [q for q in bench.own_questions() if not q.is_fit]
    asked = {name for q in bench.own_questions() for name in q.guidelines}
    assert asked == {g.name for g in store.guidelines if g.shipped} - {"not-covered"}
    assert {q.language for q in aside} == {"en", "zh"}
    assert sum(not q.facts for q in aside) >= 30


def test_the_aims_hold_on_questions_kept_aside(bench: ModuleType, store: Store) -> None:
    found = measured(bench, store, [q for q in bench.own_questions() if not q.is_fit])
    assert {mark: found[mark] for mark in AIMS if found[mark] < AIMS[mark]} == {}
    assert found["refused"] >= 0.9


def test_the_aims_hold_on_questions_as_clinicians_type_them(bench: ModuleType, store: Store) -> None:
    questions = bench.own_questions(bench.FINAL)
    found = measured(bench, store, questions)
    assert {mark: found[mark] for mark in AIMS if found[mark] < AIMS[mark]} == {}
    assert found["refused"] >= 0.9


def test_the_aims_hold_on_the_development_questions(bench: ModuleType, store: Store, questions: Path) -> None:
    found = measured(bench, store, bench.development_questions())
    assert {mark: found[mark] for mark in AIMS if found[mark] < AIMS[mark]} == {}


def test_an_interval_holds_its_mean_and_narrows_with_more_questions(bench: ModuleType) -> None:
    few, many = bench.interval([1.0, 0.0] * 5), bench.interval([1.0, 0.0] * 200)
    assert few["interval"][0] < few["mean"] == 0.5 < few["interval"][1]
    assert many["interval"][1] - many["interval"][0] < few["interval"][1] - few["interval"][0]
    assert bench.interval([])["n"] == 0
