"""Fleischner 2017 as a table: every cell, every boundary, every missing input, every way out of scope."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge import BadInput, UnknownGuideline, assess, passage
from knowledge.criteria.table import table

SCOPE: dict[str, Any] = {"setting": "incidental", "age": 58, "known_cancer": False, "immunosuppressed": False}
SOLID: dict[str, Any] = {**SCOPE, "type": "solid", "count": "single", "mean_diameter_mm": 7, "risk": "high"}

CELLS = [
    ("solid", "single", 5, "low", None, "solid-single-lt6-low", "no routine follow-up"),
    ("solid", "single", 5, "high", None, "solid-single-lt6-high", "12 months"),
    ("solid", "single", 7, "low", None, "solid-single-6to8-low", "6 to 12 months, then consider CT at 18 to 24"),
    ("solid", "single", 7, "high", None, "solid-single-6to8-high", "6 to 12 months, then CT at 18 to 24"),
    ("solid", "single", 9, None, None, "solid-single-gt8", "3 months, PET/CT, or tissue sampling"),
    ("solid", "multiple", 5, "low", None, "solid-multiple-lt6-low", "no routine follow-up"),
    ("solid", "multiple", 5, "high", None, "solid-multiple-lt6-high", "12 months"),
    ("solid", "multiple", 6, "low", None, "solid-multiple-ge6-low", "3 to 6 months, then consider"),
    ("solid", "multiple", 25, "high", None, "solid-multiple-ge6-high", "3 to 6 months, then CT"),
    ("ground-glass", "single", 5, None, None, "ground-glass-single-lt6", "no routine follow-up"),
    ("ground-glass", "single", 6, None, None, "ground-glass-single-ge6", "every 2 years until 5 years"),
    ("part-solid", "single", 5, None, None, "part-solid-single-lt6", "no routine follow-up"),
    ("part-solid", "single", 12, None, 4, "part-solid-single-ge6-component-lt6", "annual CT for 5 years"),
    ("part-solid", "single", 12, None, 7, "part-solid-single-ge6-component-6to8", "highly suspicious"),
    ("part-solid", "single", 12, None, 9, "part-solid-single-ge6-component-gt8", "consider PET/CT, biopsy"),
    ("ground-glass", "multiple", 5, None, None, "subsolid-multiple-lt6", "2 and 4 years"),
    ("part-solid", "multiple", 5, None, None, "subsolid-multiple-lt6", "2 and 4 years"),
    ("ground-glass", "multiple", 6, None, None, "subsolid-multiple-ge6", "most suspicious"),
    ("part-solid", "multiple", 20, None, None, "subsolid-multiple-ge6", "most suspicious"),
]


@pytest.mark.parametrize(("kind", "count", "size", "risk", "component", "row", "says"), CELLS)
def test_every_cell_gives_its_row(
    kind: str, count: str, size: float, risk: str | None, component: float | None, row: str, says: str
) -> None:
    found = assess(
        "fleischner-2017",
        **SCOPE,
        type=kind,
        count=count,
        mean_diameter_mm=size,
        risk=risk,
        solid_component_mm=component,
    )
    assert (found.row, found.needs, found.out_of_scope) == (row, (), {})
    assert says in found.action["en"]
    assert found.category


def test_the_cells_above_are_all_rows_but_the_perifissural_one() -> None:
    assert {row.id for row in table("fleischner-2017").rows} - {cell[5] for cell in CELLS} == {"perifissural"}


@pytest.mark.parametrize(
    ("size", "row"),
    [
        (5.4, "solid-single-lt6-high"),
        (5.5, "solid-single-6to8-high"),
        (6.0, "solid-single-6to8-high"),
        (8.4, "solid-single-6to8-high"),
        (8.49, "solid-single-6to8-high"),
        (8.5, "solid-single-gt8"),
        (30.4, "solid-single-gt8"),
    ],
)
def test_sizes_are_compared_after_rounding_half_up(size: float, row: str) -> None:
    assert assess("fleischner-2017", **SOLID | {"mean_diameter_mm": size}).row == row


@pytest.mark.parametrize(("component", "row"), [(5.4, "lt6"), (5.5, "6to8"), (8.4, "6to8"), (8.5, "gt8")])
def test_the_solid_component_is_compared_after_rounding(component: float, row: str) -> None:
    found = assess(
        "fleischner-2017",
        **SCOPE,
        type="part-solid",
        count="single",
        mean_diameter_mm=14,
        solid_component_mm=component,
    )
    assert found.row == f"part-solid-single-ge6-component-{row}"


@pytest.mark.parametrize("missing", sorted(SOLID))
def test_a_missing_input_is_asked_for_and_nothing_is_given(missing: str) -> None:
    found = assess("fleischner-2017", **{key: value for key, value in SOLID.items() if key != missing})
    assert [need.name for need in found.needs] == [missing]
    assert found.category is None
    assert found.row is None
    assert found.action == {}
    assert found.cites == ()
    assert all(found.needs[0].question[language] for language in ("en", "zh"))


def test_with_nothing_stated_scope_and_the_first_questions_are_asked() -> None:
    assert [need.name for need in assess("fleischner-2017").needs] == [
        "setting",
        "age",
        "known_cancer",
        "immunosuppressed",
        "type",
        "count",
        "mean_diameter_mm",
    ]


@pytest.mark.parametrize(
    ("kind", "count", "size"),
    [("solid", "single", 9), ("ground-glass", "single", 9), ("part-solid", "multiple", 9), ("part-solid", "single", 4)],
)
def test_risk_and_component_are_not_asked_where_no_row_depends_on_them(kind: str, count: str, size: float) -> None:
    assert assess("fleischner-2017", **SCOPE, type=kind, count=count, mean_diameter_mm=size).needs == ()


def test_the_solid_component_is_asked_for_a_part_solid_nodule_of_6_mm() -> None:
    found = assess("fleischner-2017", **SCOPE, type="part-solid", count="single", mean_diameter_mm=6)
    assert [need.name for need in found.needs] == ["solid_component_mm"]


@pytest.mark.parametrize(
    ("stated", "word"),
    [
        ({"setting": "screening"}, "Lung-RADS"),
        ({"setting": "oncology"}, "primary cancer"),
        ({"known_cancer": True}, "primary cancer"),
        ({"immunosuppressed": True}, "immunosuppressed"),
        ({"age": 34.9}, "under 35"),
        ({"mean_diameter_mm": 30.5}, "mass"),
        ({"type": "part-solid", "slice_thickness_mm": 3}, "2.5 mm"),
    ],
)
def test_a_scope_exit_is_taken_even_when_all_else_is_unknown(stated: dict[str, Any], word: str) -> None:
    for rest in ({}, {key: value for key, value in SOLID.items() if key not in stated}):
        found = assess("fleischner-2017", **rest, **stated)
        assert word in found.out_of_scope["en"]
        assert found.out_of_scope["zh"]
        assert (found.row, found.needs, found.category) == (None, (), None)
        assert passage(found.cites[0]).text


def test_age_35_and_a_diameter_of_30_mm_are_in_scope() -> None:
    assert assess("fleischner-2017", **SOLID | {"age": 35}).row
    assert assess("fleischner-2017", **SOLID | {"mean_diameter_mm": 30}).row


def test_a_typical_perifissural_nodule_needs_no_follow_up_and_is_marked() -> None:
    found = assess("fleischner-2017", **SOLID, perifissural=True)
    assert found.row == "perifissural"
    assert "medium confidence" in found.action["en"]
    assert any("Medium confidence" in caveat["en"] for caveat in found.caveats)


def test_slices_above_1_5_mm_make_the_type_provisional() -> None:
    assert assess("fleischner-2017", **SOLID, slice_thickness_mm=1.5).caveats == ()
    assert "provisional" in assess("fleischner-2017", **SOLID, slice_thickness_mm=1.6).caveats[0]["en"]


def test_the_answer_cites_a_passage_that_exists_in_both_languages() -> None:
    found = assess("fleischner-2017", **SOLID)
    assert [passage(cite).language for cite in found.cites] == ["en", "zh"]


def test_what_was_used_is_handed_back() -> None:
    used = assess("fleischner-2017", **SOLID | {"mean_diameter_mm": 7.5}).used
    assert used["mean_diameter_mm"] == 7.5
    assert used["rounded_diameter_mm"] == 8
    assert used["risk"] == "high"


def test_text_from_a_command_line_is_read_as_numbers_and_truth() -> None:
    typed = {key: str(value) for key, value in SOLID.items()}
    assert assess("fleischner-2017", **typed) == assess("fleischner-2017", **SOLID)


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"colour": "red"}, ["colour", "mean_diameter_mm"]),
        ({"type": "cystic"}, ["cystic", "ground-glass"]),
        ({"mean_diameter_mm": -1}, ["-1", "0.1"]),
        ({"mean_diameter_mm": float("nan")}, ["nan"]),
        ({"mean_diameter_mm": "big"}, ["big"]),
        ({"age": True}, ["True"]),
        ({"age": 400}, ["400", "125", "years"]),
        ({"known_cancer": "perhaps"}, ["perhaps", "true or false"]),
        ({"count": 3}, ["single", "multiple"]),
    ],
)
def test_a_bad_input_is_refused_in_one_line_that_names_what_is_allowed(
    stated: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(BadInput) as refused:
        assess("fleischner-2017", **SOLID | stated)
    message = str(refused.value)
    assert "\n" not in message
    assert all(word in message for word in words)


def test_unknown_criteria_name_those_there_are() -> None:
    with pytest.raises(UnknownGuideline, match="fleischner-2017"):
        assess("fleischner-1917")
