"""BTS 2015 as a table: every row, every boundary of diameter, volume, growth, doubling time and Brock risk."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge import assess, passage
from knowledge.criteria.table import table

NAME = "bts-2015"
FIRST: dict[str, Any] = {"type": "solid", "timing": "baseline"}
AGAIN: dict[str, Any] = {"type": "solid", "timing": "known"}
PARTS: dict[str, Any] = {
    "age": 62, "sex": "female", "family_history": False, "emphysema": False, "upper_lobe": True, "nodule_count": 1,
    "spiculation": True,
}  # fmt: skip

CELLS: list[tuple[dict[str, Any], str]] = [
    (FIRST | {"diameter_mm": 4.9}, "discharge"),
    (FIRST | {"diameter_mm": 5}, "solid-5to6"),
    (FIRST | {"diameter_mm": 5.9}, "solid-5to6"),
    (FIRST | {"diameter_mm": 5.9, "volume_mm3": 79.9}, "discharge"),
    (FIRST | {"diameter_mm": 5.9, "volume_mm3": 80}, "solid-6to8"),
    (FIRST | {"diameter_mm": 4.9, "volume_mm3": 80}, "solid-6to8"),
    (FIRST | {"diameter_mm": 6}, "solid-6to8"),
    (FIRST | {"diameter_mm": 6.5, "volume_mm3": 70}, "solid-6to8"),
    (FIRST | {"diameter_mm": 7.9, "volume_mm3": 299}, "solid-6to8"),
    (FIRST | {"diameter_mm": 8, "brock_percent": 9.9}, "solid-ge8-brock-lt10"),
    (FIRST | {"diameter_mm": 8, "brock_percent": 10}, "solid-ge8-brock-ge10"),
    (FIRST | {"diameter_mm": 7, "volume_mm3": 300, "brock_percent": 3}, "solid-ge8-brock-lt10"),
    (FIRST | {"diameter_mm": 10, **PARTS}, "solid-ge8-brock-ge10"),
    (AGAIN | {"diameter_mm": 4, "volume_change_percent": 10}, "solid-known-lt5"),
    (AGAIN | {"diameter_mm": 5.5, "volume_mm3": 75, "prior_volume_mm3": 70}, "solid-known-5to6-stable-volume"),
    (AGAIN | {"diameter_mm": 5.5, "volume_mm3": 85, "prior_volume_mm3": 80}, "solid-known-6to8-stable"),
    (AGAIN | {"diameter_mm": 5.5, "prior_diameter_mm": 5.4}, "solid-known-5to6-stable-diameter"),
    (AGAIN | {"diameter_mm": 5.5, "volume_change_percent": 24.9}, "solid-known-5to6-stable-stated"),
    (AGAIN | {"diameter_mm": 7, "volume_change_percent": 24.9}, "solid-known-6to8-stable"),
    (AGAIN | {"diameter_mm": 7, "volume_change_percent": 25, "doubling_days": 400}, "solid-known-vdt-le400"),
    (AGAIN | {"diameter_mm": 10, "doubling_days": 400}, "solid-known-vdt-le400"),
    (AGAIN | {"diameter_mm": 10, "doubling_days": 400.1}, "solid-known-vdt-400to600"),
    (AGAIN | {"diameter_mm": 10, "doubling_days": 600}, "solid-known-vdt-400to600"),
    (AGAIN | {"diameter_mm": 10, "doubling_days": 600.1}, "solid-known-vdt-gt600"),
    (
        AGAIN | {"diameter_mm": 7, "volume_mm3": 250, "prior_volume_mm3": 200, "interval_days": 100},
        "solid-known-vdt-le400",
    ),
    (AGAIN | {"diameter_mm": 7, "prior_diameter_mm": 6, "interval_days": 365}, "solid-known-vdt-400to600"),
]
for _type in ("ground-glass", "part-solid"):
    CELLS += [
        ({"type": _type, "timing": "baseline", "diameter_mm": 4.9}, "discharge"),
        ({"type": _type, "timing": "known", "diameter_mm": 4.9}, "discharge"),
        ({"type": _type, "timing": "baseline", "diameter_mm": 5}, "subsolid-ge5"),
        ({"type": _type, "timing": "known", "diameter_mm": 9, "brock_percent": 9.9}, "subsolid-persistent-brock-lt10"),
        ({"type": _type, "timing": "known", "diameter_mm": 9, "brock_percent": 10}, "subsolid-persistent-brock-ge10"),
        ({"type": _type, "timing": "known", "diameter_mm": 9, "concerning_morphology": True}, "subsolid-persistent-concerning"),
    ]  # fmt: skip


@pytest.mark.parametrize(("stated", "row"), CELLS)
def test_every_cell_gives_its_row(stated: dict[str, Any], row: str) -> None:
    found = assess(NAME, **stated)
    assert (found.row, found.needs, found.out_of_scope) == (row, (), {})
    assert all(passage(cite).text for cite in found.cites)


def test_the_cells_above_are_all_rows() -> None:
    assert {row.id for row in table(NAME).rows} == {row for _, row in CELLS}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("solid-5to6", "CT at 12 months"),
        ("solid-6to8", "CT at 3 months"),
        ("solid-ge8-brock-ge10", "PET/CT"),
        ("solid-known-vdt-400to600", "biopsy or CT surveillance"),
        ("subsolid-persistent-brock-lt10", "1, 2 and 4 years"),
        ("solid-known-5to6-stable-diameter", "24 months"),
    ],
)
def test_the_action_is_that_of_the_guideline(row: str, words: str) -> None:
    assert words in assess(NAME, **next(stated for stated, name in CELLS if name == row)).action["en"]


def test_brock_is_worked_out_of_its_parts_and_shown() -> None:
    found = assess(NAME, **FIRST, diameter_mm=10, **PARTS)
    assert "20.1 %" in str(found.category)
    assert found.used["brock_percent"] == pytest.approx(20.10, abs=0.01)
    assert found.used["age"] == 62


@pytest.mark.parametrize("missing", sorted(PARTS))
def test_a_missing_part_of_brock_is_asked_for(missing: str) -> None:
    found = assess(NAME, **FIRST, diameter_mm=10, **{k: v for k, v in PARTS.items() if k != missing})
    assert [need.name for need in found.needs] == [missing]
    assert found.category is None


@pytest.mark.parametrize("missing", ["type", "timing", "diameter_mm"])
def test_a_missing_first_input_is_asked_for(missing: str) -> None:
    whole = FIRST | {"diameter_mm": 7}
    found = assess(NAME, **{k: v for k, v in whole.items() if k != missing})
    assert [need.name for need in found.needs] == [missing]
    assert (found.row, found.category) == (None, None)


def test_a_known_solid_nodule_asks_for_its_doubling_time_and_never_takes_it_as_stable() -> None:
    assert [need.name for need in assess(NAME, **AGAIN, diameter_mm=7).needs] == ["doubling_days"]


def test_brock_is_not_asked_for_where_no_row_depends_on_it() -> None:
    assert assess(NAME, **FIRST, diameter_mm=7).needs == ()


@pytest.mark.parametrize(
    "stated",
    [
        {"type": "part-solid", "slice_thickness_mm": 2.6},
        AGAIN | {"slice_thickness_mm": 3, "doubling_days": 200},
        AGAIN | {"slice_thickness_mm": 3, "volume_change_percent": 2},
    ],
)
def test_above_2_5_mm_slices_there_is_no_part_solid_row_and_no_growth(stated: dict[str, Any]) -> None:
    found = assess(NAME, **stated, diameter_mm=9)
    assert "2.5 mm" in found.out_of_scope["en"]
    assert (found.row, found.needs) == (None, ())


@pytest.mark.parametrize("size", [{"diameter_mm": 8}, {"diameter_mm": 7, "volume_mm3": 300}])
def test_a_large_stable_nodule_has_no_row(size: dict[str, float]) -> None:
    found = assess(NAME, **AGAIN, **size, volume_change_percent=5)
    assert "no row is held" in found.out_of_scope["en"]


def test_a_mean_diameter_stands_in_for_the_longest_and_that_is_said() -> None:
    found = assess(NAME, **FIRST, mean_diameter_mm=4.5)
    assert found.row == "discharge"
    assert any("mean diameter" in caveat["en"] for caveat in found.caveats)
    both = assess(NAME, **FIRST, mean_diameter_mm=4.5, diameter_mm=6)
    assert both.row == "solid-6to8", "what was stated goes before what is derived"
