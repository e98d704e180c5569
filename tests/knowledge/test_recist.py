"""RECIST 1.1 on target sums: both references, the 5 mm rule, nodes, and no overall response without what is stated."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge import BadInput, assess
from knowledge.criteria.table import table

NAME = "recist-1.1"


def _sums(baseline: float, nadir: float, current: float, **more: Any) -> dict[str, Any]:
    return {"baseline_sum_mm": baseline, "nadir_sum_mm": nadir, "current_sum_mm": current, **more}


CELLS: list[tuple[dict[str, Any], str]] = [
    (_sums(100, 100, 68), "targets-pr"),
    (_sums(100, 100, 70), "targets-pr"),
    (_sums(100, 100, 70.1), "targets-sd"),
    (_sums(82, 50, 58), "targets-sd"),
    (_sums(100, 50, 60), "targets-pd"),
    (_sums(100, 50, 59.9), "targets-pr"),
    (_sums(60, 50, 59.9), "targets-sd"),
    (_sums(40, 18, 22, targets_gone=False), "targets-pr"),
    (_sums(24, 20, 24.9, targets_gone=False), "targets-sd"),
    (_sums(24, 20, 25, targets_gone=False), "targets-pd"),
    (_sums(100, 25, 30), "targets-pd"),
    (_sums(100, 0, 5), "targets-pd"),
    (_sums(100, 0, 4.9, targets_gone=False), "targets-pr"),
    (_sums(100, 90, 120, targets_gone=False), "targets-pd"),
    (_sums(50, 80, 60), "targets-pd"),
    (_sums(100, 100, 0), "targets-cr"),
    (_sums(60, 60, 30, targets_gone=True), "targets-cr"),
    (_sums(60, 60, 30, targets_gone=False), "targets-pr"),
    (_sums(100, 100, 60, new_lesions=True), "overall-pd-new-lesion"),
    (_sums(100, 100, 60, non_target="progression"), "overall-pd-non-target"),
]
for _left in ("none", "complete", "persistent"):
    CELLS += [
        (_sums(100, 50, 60, new_lesions=False, non_target=_left), "overall-pd-targets"),
        (_sums(100, 100, 68, new_lesions=False, non_target=_left), "overall-pr"),
        (_sums(100, 100, 90, new_lesions=False, non_target=_left), "overall-sd"),
    ]
CELLS += [
    (_sums(100, 100, 0, new_lesions=False, non_target="none"), "overall-cr"),
    (_sums(100, 100, 0, new_lesions=False, non_target="complete"), "overall-cr"),
    (_sums(100, 100, 0, new_lesions=False, non_target="persistent"), "overall-pr-non-target-left"),
]


@pytest.mark.parametrize(("stated", "row"), CELLS)
def test_every_cell_gives_its_row(stated: dict[str, Any], row: str) -> None:
    found = assess(NAME, **stated)
    assert (found.row, found.needs, found.out_of_scope) == (row, (), {})


def test_the_cells_above_are_all_rows() -> None:
    assert {row.id for row in table(NAME).rows} == {row for _, row in CELLS}


@pytest.mark.parametrize(("stated", "row"), [cell for cell in CELLS if cell[1].startswith("targets-")])
def test_targets_alone_never_give_an_overall_response(stated: dict[str, Any], row: str) -> None:
    for more in ({}, {"new_lesions": False}, {"non_target": "persistent"}):
        found = assess(NAME, **stated | more)
        assert found.row == row
        assert str(found.category).startswith("target lesions:")
        assert any("no overall response" in caveat["en"] for caveat in found.caveats)


@pytest.mark.parametrize("missing", ["baseline_sum_mm", "nadir_sum_mm", "current_sum_mm"])
def test_each_missing_sum_is_asked_for(missing: str) -> None:
    whole = _sums(100, 100, 68)
    found = assess(NAME, **{k: v for k, v in whole.items() if k != missing})
    assert missing in [need.name for need in found.needs]
    assert (found.row, found.category) == (None, None)


@pytest.mark.parametrize(("current", "asked"), [(0, []), (0.1, ["targets_gone"]), (49.9, ["targets_gone"]), (50, [])])
def test_whether_the_targets_are_gone_is_asked_only_while_nodes_under_10_mm_could_make_the_sum(
    current: float, asked: list[str]
) -> None:
    assert [need.name for need in assess(NAME, **_sums(100, 100, current)).needs] == asked


def test_the_figures_of_the_rule_are_shown() -> None:
    category = str(assess(NAME, **_sums(82, 50, 58)).category)
    assert "58.0 mm" in category
    assert "+16.0 % from the nadir" in category
    assert "-29.3 % from baseline" in category


@pytest.mark.parametrize("setting", ["incidental", "screening"])
def test_recist_is_not_for_incidental_or_screening_findings(setting: str) -> None:
    assert "not for incidental" in assess(NAME, setting=setting).out_of_scope["en"]


def test_a_baseline_of_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="baseline_sum_mm"):
        assess(NAME, **_sums(0, 0, 10))
