"""Lung-RADS v2022 as a table: every cell, every boundary, every missing input, only in screening."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge import Assessment, assess, passage
from knowledge.criteria.table import table

NAME = "lung-rads-2022"


def _assess(**stated: Any) -> Assessment:
    return assess(NAME, **({"setting": "screening"} | stated))


CELLS: list[tuple[dict[str, Any], str, str]] = [
    ({"incomplete": "prior-awaited"}, "category-0-prior", "0"),
    ({"incomplete": "not-evaluated"}, "category-0-not-evaluated", "0"),
    ({"incomplete": "inflammatory"}, "category-0-inflammatory", "0"),
    ({"airway": True, "timing": "baseline"}, "airway-baseline", "4A"),
    ({"airway": True, "timing": "known"}, "airway-persists", "4B"),
    ({"cyst": "thick-walled-growing"}, "cyst-4b", "4B"),
    ({"cyst": "multilocular-growing"}, "cyst-4b", "4B"),
    ({"cyst": "multilocular-denser"}, "cyst-4b", "4B"),
    ({"juxtapleural": True, "type": "solid", "timing": "baseline", "mean_diameter_mm": 9.9}, "juxtapleural", "2"),
    ({"juxtapleural": True, "type": "solid", "timing": "new", "mean_diameter_mm": 9}, "juxtapleural", "2"),
    ({"juxtapleural": True, "type": "solid", "timing": "baseline", "mean_diameter_mm": 10}, "solid-baseline-8to15", "4A"),
]
for _size, _row, _category in [
    (5.9, "lt6", "2"), (5.94, "lt6", "2"), (5.95, "6to8", "3"), (6, "6to8", "3"), (7.9, "6to8", "3"), (7.94, "6to8", "3"),
    (8, "8to15", "4A"), (8.1, "8to15", "4A"), (14.9, "8to15", "4A"), (15, "ge15", "4B"), (16, "ge15", "4B"),
]:  # fmt: skip
    CELLS.append(({"type": "solid", "timing": "baseline", "mean_diameter_mm": _size}, f"solid-baseline-{_row}", _category))
for _size, _row, _category in [
    (3, "lt4", "2"), (3.9, "lt4", "2"), (4, "4to6", "3"), (5.9, "4to6", "3"), (6, "6to8", "4A"), (7.9, "6to8", "4A"),
    (8, "ge8", "4B"),
]:  # fmt: skip
    CELLS.append(({"type": "solid", "timing": "new", "mean_diameter_mm": _size}, f"solid-new-{_row}", _category))
for _size, _row, _category in [(7.9, "lt8", "4A"), (8, "ge8", "4B")]:
    _known = {"type": "solid", "timing": "known", "mean_diameter_mm": _size, "growing": True}
    CELLS.append((_known, f"solid-growing-{_row}", _category))
for _total, _part, _row, _category in [
    (5.9, 3, "baseline-lt6", "2"), (6, 5.9, "baseline-component-lt6", "3"), (14, 7, "baseline-component-6to8", "4A"),
    (14, 6, "baseline-component-6to8", "4A"), (14, 7.9, "baseline-component-6to8", "4A"), (14, 8, "component-ge8", "4B"),
]:  # fmt: skip
    _stated = {"type": "part-solid", "timing": "baseline", "mean_diameter_mm": _total, "solid_component_mm": _part}
    CELLS.append((_stated, f"part-solid-{_row}", _category))
for _total, _part, _row, _category in [
    (5.9, 3.9, "new-lt6", "3"), (5.9, 4, "new-component-ge4", "4B"), (6, 3.9, "new-component-lt4", "4A"),
    (9, 4, "new-component-ge4", "4B"), (12, 9, "component-ge8", "4B"),
]:  # fmt: skip
    _stated = {"type": "part-solid", "timing": "new", "mean_diameter_mm": _total, "solid_component_mm": _part}
    CELLS.append((_stated, f"part-solid-{_row}", _category))
for _part, _row, _category in [(3.9, "lt4", "4A"), (4, "ge4", "4B")]:
    _stated = {"type": "part-solid", "timing": "known", "mean_diameter_mm": 12, "solid_component_mm": _part}
    CELLS.append((_stated | {"solid_component_growing": True}, f"part-solid-growing-component-{_row}", _category))
for _timing, _size, _growing, _row, _category in [
    ("baseline", 25, None, "lt30", "2"), ("new", 29.9, None, "lt30", "2"), ("known", 25, None, "lt30", "2"),
    ("baseline", 30, None, "ge30", "3"), ("new", 32, None, "ge30", "3"), ("known", 32, False, "ge30-stable", "2"),
]:  # fmt: skip
    _stated = {"type": "ground-glass", "timing": _timing, "mean_diameter_mm": _size, "growing": _growing}
    CELLS.append((_stated, f"ground-glass-{_row}", _category))
for _before, _row, _category in [("2", "stepped-2", "2"), ("3", "stepped-3-to-2", "2"), ("4A", "stepped-4a-to-3", "3")]:
    _stable = {"timing": "known", "mean_diameter_mm": 9, "growing": False, "previous_category": _before}
    CELLS.append((_stable | {"type": "solid"}, _row, _category))
    _more = {"type": "part-solid", "solid_component_growing": False, "solid_component_mm": 5}
    CELLS.append((_stable | _more, _row, _category))


@pytest.mark.parametrize(("stated", "row", "category"), CELLS)
def test_every_cell_gives_its_row_and_category(stated: dict[str, Any], row: str, category: str) -> None:
    found = _assess(**stated)
    assert (found.row, found.needs, found.out_of_scope) == (row, (), {})
    assert str(found.category).startswith(f"category {category}:")
    assert all(passage(cite).text for cite in found.cites)


def test_the_cells_above_are_all_rows() -> None:
    assert {row.id for row in table(NAME).rows} == {row for _, row, _ in CELLS}


@pytest.mark.parametrize(("stated", "row", "category"), CELLS)
def test_3_and_more_is_at_least_that_and_4x_is_the_readers_call(stated: dict[str, Any], row: str, category: str) -> None:
    said = " ".join(caveat["en"] for caveat in _assess(**stated).caveats)
    assert (f"At least {category}" in said) == (category in ("3", "4A", "4B"))
    assert ("4X is the reader's call" in said) == (category in ("3", "4A", "4B"))


WHOLE: list[dict[str, Any]] = [
    {"type": "solid", "timing": "baseline", "mean_diameter_mm": 7},
    {"type": "solid", "timing": "known", "mean_diameter_mm": 7, "growing": False, "previous_category": "3"},
    {"type": "part-solid", "timing": "baseline", "mean_diameter_mm": 12, "solid_component_mm": 4},
    {"type": "ground-glass", "timing": "known", "mean_diameter_mm": 31, "growing": False},
]


@pytest.mark.parametrize("stated", WHOLE)
def test_each_missing_input_is_asked_for_and_no_category_given(stated: dict[str, Any]) -> None:
    for missing in ["setting", *stated]:
        if missing == "mean_diameter_mm" and "previous_category" in stated:
            continue  # what does not grow goes by its earlier category, whatever its size
        given = {"setting": "screening"} | stated
        del given[missing]
        found = assess(NAME, **given)
        assert missing in [need.name for need in found.needs], missing
        assert (found.category, found.row, found.action, found.cites) == (None, None, {}, ())
        if missing not in ("type", "timing"):
            assert [need.name for need in found.needs] == [missing]


def test_what_no_row_depends_on_is_not_asked_for() -> None:
    solid = _assess(type="solid", timing="known", mean_diameter_mm=7)
    assert [need.name for need in solid.needs] == ["growing"]
    assert _assess(type="part-solid", timing="baseline", mean_diameter_mm=5, solid_component_mm=2).needs == ()


@pytest.mark.parametrize(
    ("now", "before", "days", "row"),
    [
        (9.6, 8.0, 365, "solid-growing-ge8"),
        (9.5, 8.0, 365, None),
        (7.6, 6.0, 180, "solid-growing-lt8"),
        (9.5, 8.0, 1000, None),
        (7, 9, 100, None),
    ],
)
def test_growth_follows_from_two_sizes_and_their_interval(now: float, before: float, days: int, row: str | None) -> None:
    sizes = {"mean_diameter_mm": now, "prior_mean_diameter_mm": before, "interval_days": days}
    found = _assess(type="solid", timing="known", **sizes)
    assert found.row == row
    if row is None:
        assert [need.name for need in found.needs] == ["previous_category"], "not growing"


def test_a_rise_over_more_than_a_year_leaves_growth_to_the_reader() -> None:
    sizes = {"mean_diameter_mm": 10, "prior_mean_diameter_mm": 8, "interval_days": 367}
    assert [need.name for need in _assess(type="solid", timing="known", **sizes).needs] == ["growing"]
    assert _assess(type="solid", timing="known", growing=True, **sizes).row == "solid-growing-ge8"


def test_growth_within_what_readers_differ_by_is_marked() -> None:
    known = {"type": "solid", "timing": "known", "prior_mean_diameter_mm": 8, "interval_days": 365}
    assert any("two readers" in c["en"] for c in _assess(**known, mean_diameter_mm=9.7).caveats)
    assert not any("two readers" in c["en"] for c in _assess(**known, mean_diameter_mm=10).caveats)


@pytest.mark.parametrize(
    ("stated", "word"),
    [
        ({"setting": "incidental"}, "Fleischner"),
        ({"setting": "oncology"}, "screening only"),
        ({"setting": "follow-up"}, "screening only"),
        ({"setting": "screening", "type": "part-solid", "slice_thickness_mm": 2.6}, "2.5 mm"),
        ({"setting": "screening", "type": "solid", "timing": "known", "slice_thickness_mm": 3}, "2.5 mm"),
        ({"setting": "screening", "airway": True, "timing": "new"}, "reader's call"),
        ({"setting": "screening", "cyst": "other"}, "reader's call"),
        (
            {"setting": "screening", "type": "part-solid", "timing": "known", "solid_component_growing": False, "growing": True},
            "reader's call",
        ),
        (
            {"setting": "screening", "type": "ground-glass", "timing": "known", "mean_diameter_mm": 31, "growing": True},
            "reader's call",
        ),
        (
            {"setting": "screening", "type": "solid", "timing": "known", "growing": False, "previous_category": "4B"},
            "reader's call",
        ),
    ],
)
def test_a_scope_exit_gives_a_reason_and_no_category(stated: dict[str, Any], word: str) -> None:
    found = assess(NAME, **stated)
    assert word in found.out_of_scope["en"]
    assert found.out_of_scope["zh"]
    assert (found.row, found.category, found.needs) == (None, None, ())


def test_on_slices_of_2_5_mm_rows_are_still_given() -> None:
    part = {"type": "part-solid", "timing": "baseline", "mean_diameter_mm": 12, "solid_component_mm": 4}
    found = _assess(**part, slice_thickness_mm=2.5)
    assert found.row == "part-solid-baseline-component-lt6"
    assert any("provisional" in caveat["en"] for caveat in found.caveats)


def test_the_disagreement_on_juxtapleural_nodules_of_10_mm_is_said() -> None:
    found = _assess(juxtapleural=True, type="solid", timing="baseline", mean_diameter_mm=10)
    assert any("disagree" in caveat["en"] for caveat in found.caveats)
