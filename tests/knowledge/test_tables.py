"""Every table hangs together: facts, sections, inputs, both languages, and no number its facts do not hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from knowledge import criteria_names, passage
from knowledge.criteria.table import Condition, Row, Table, table
from knowledge.facts import facts
from knowledge.library import shipped

TABLES = [table(name) for name in criteria_names()]
ROWS = [pytest.param(each, row, id=f"{each.name}/{row.id}") for each in TABLES for row in each.rows]


def _parts(when: Condition) -> list[Mapping[str, Any]]:
    return when if isinstance(when, list) else [when]


def _section(rules: Table, place: str) -> tuple[str, ...]:
    name, _, section = (place if "/" in place else f"{rules.name}/{place}").partition("/")
    return next(s.facts for g in shipped() if g.name == name for s in g.sections if s.id == section)


@pytest.mark.parametrize(("rules", "row"), ROWS)
def test_a_row_rests_on_facts_that_its_section_holds(rules: Table, row: Row) -> None:
    assert row.facts
    assert set(row.facts) <= {fact for place in (row.section, *row.also) for fact in _section(rules, place)}


@pytest.mark.parametrize(("rules", "row"), ROWS)
def test_a_number_in_an_action_stands_in_the_facts_of_the_row(rules: Table, row: Row) -> None:
    held = " ".join(facts()[fact].fact for fact in row.facts)
    for text in row.action.values():
        written = re.sub(r"\{[^}]*\}", "", text)
        numbers = re.findall(r"(?<![\w.-])\d+(?:\.\d+)?", written)
        assert [n for n in numbers if n not in re.findall(r"\d+(?:\.\d+)?", held)] == []


@pytest.mark.parametrize(("rules", "row"), ROWS)
def test_an_action_is_something_to_consider_never_an_order(rules: Table, row: Row) -> None:
    assert set(row.action) == {"en", "zh"}
    assert not re.search(r"\b(must|should|biopsy is required)\b", row.action["en"])
    assert not re.search("必须|务必", row.action["zh"])


@pytest.mark.parametrize("rules", TABLES, ids=lambda rules: rules.name)
def test_everything_named_in_a_condition_is_an_input_or_derived(rules: Table) -> None:
    known = {*rules.inputs, *rules.derived}
    for when in [item.when for item in (*rules.scope, *rules.rows, *rules.caveats)]:
        for part in _parts(when):
            assert set(part) <= known
    staged = [key for stage in rules.stages for key in stage]
    assert {*rules.required, *staged} <= set(rules.inputs)
    named = {name for row in rules.rows for part in _parts(row.when) for name in part}
    needed = {root for name in named for root in rules.roots(name)}
    askable = {key for key in needed if rules.inputs[key].default is None and not rules.inputs[key].optional}
    assert askable <= {*rules.required, *staged}, "a row depends on an input that is never asked for"


@pytest.mark.parametrize("rules", TABLES, ids=lambda rules: rules.name)
def test_what_an_answer_says_is_one_sentence_so_that_one_citation_covers_it(rules: Table) -> None:
    texts = [r.action for r in rules.rows] + [r.note for r in rules.rows] + [e.reason for e in rules.scope]
    for text in [t for both in texts + [c.text for c in rules.caveats] for t in both.values()]:
        assert not re.search(r"[.!?]\s|[。!?].", text), text


@pytest.mark.parametrize("rules", TABLES, ids=lambda rules: rules.name)
def test_every_question_and_reason_speaks_both_languages(rules: Table) -> None:
    texts = [item.ask for item in rules.inputs.values()] + [item.reason for item in rules.scope]
    for both in texts + [item.text for item in rules.caveats]:
        assert set(both) == {"en", "zh"}
        assert all(both.values())
    for item in rules.scope:
        if item.section:
            place = item.section if "/" in item.section else f"{rules.name}/{item.section}"
            assert passage(f"{place}/zh").text


@pytest.mark.parametrize("name", ["brock/brock_percent", "brock/short_percent", "mayo/mayo_percent"])
def test_a_formula_has_the_coefficients_that_its_facts_hold(name: str) -> None:
    owner, _, key = name.partition("/")
    entry = table(owner).derived[key]
    row = next(r for r in table(owner).rows if key in str(r.when))
    held = set(re.findall(r"\d+(?:\.\d+)?", " ".join(facts()[fact].fact for fact in row.facts)))
    used = [entry["intercept"], *(v for term in entry["terms"] for k, v in term.items() if k not in ("of", "is"))]
    assert [n for n in used if f"{abs(n):g}" not in held and str(abs(n)) not in held] == []


@pytest.mark.parametrize("rules", TABLES, ids=lambda rules: rules.name)
def test_no_row_is_shadowed_by_an_earlier_one_of_the_same_condition(rules: Table) -> None:
    seen = [str(row.when) for row in rules.rows]
    assert len(set(seen)) == len(seen)
    assert len({row.id for row in rules.rows}) == len(rules.rows)


def test_the_criteria_go_by_their_public_names() -> None:
    assert set(criteria_names()) == {
        "fleischner-2017", "lung-rads-2022", "bts-2015", "recist-1.1", "brock", "mayo", "doubling-time",
    }  # fmt: skip
