"""recall answers from the record alone; show moves the viewer and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from scripted import BIG, SMALL

from agent.session import Session
from agent.toolset import act
from agent.toolset.desk import Desk
from tools import NotApplicable


@pytest.fixture
def worked(session: Session) -> Desk:
    """Lesion 1 outlined, measured, outlined tighter, measured, rated; lesion 2 outlined; two facts stated."""
    desk = session.desk
    act(desk, "segment", {"point": list(BIG)})
    act(desk, "measure", {})
    act(desk, "segment", {"lesion": 1, "change": "tighter"})
    act(desk, "measure", {})
    act(desk, "classify", {})
    act(desk, "segment", {"point": list(SMALL)})
    list(session.ask("She is 62 years old. Lesion 1 is in the right upper lobe."))
    return desk


def recall(desk: Desk, **arguments: Any) -> list[dict[str, Any]]:
    return act(desk, "recall", arguments)["items"]


def test_measurements_are_the_current_ones(worked: Desk) -> None:
    items = recall(worked, what="measurements", lesion=1)
    assert [(i["kind"], i["lesion"], i["current"]) for i in items] == [("measurement", 1, True)]
    assert items[0]["quantities"]["axial_long_axis"]["unit"] == "mm"


def test_history_has_the_old_ones_too_oldest_first(worked: Desk) -> None:
    items = recall(worked, what="history", lesion=1)
    assert [i["current"] for i in items] == [False, True]
    sizes = [i["quantities"]["axial_long_axis"]["value"] for i in items]
    assert sizes[0] > sizes[1]


def test_settings_tell_the_threshold_that_was_used(worked: Desk) -> None:
    items = recall(worked, what="settings", lesion=1)
    assert [i["quantities"]["threshold"]["value"] for i in items] == [0.65]


def test_location_tells_geometry_and_the_stated_lobe(worked: Desk) -> None:
    items = recall(worked, what="location", lesion=1)
    assert [i["kind"] for i in items] == ["mask", "stated"]
    assert items[1]["inputs"]["value"] == "right upper lobe"


def test_context_is_what_was_stated_of_the_patient(worked: Desk) -> None:
    assert [i["inputs"]["field"] for i in recall(worked, what="context")] == ["age"]


def test_findings_are_every_lesion_and_what_is_current_of_it(worked: Desk) -> None:
    kinds = [(i["lesion"], i["kind"]) for i in recall(worked)]
    assert kinds == [(1, "mask"), (1, "measurement"), (1, "classification"), (2, "mask")]
    assert {i["lesion"] for i in recall(worked, lesion=2)} == {2}


def test_recall_records_nothing_and_shows_no_click(worked: Desk) -> None:
    before = len(worked.evidence.all())
    for what in ("measurements", "history", "settings", "context", "findings", "location", "report"):
        for item in recall(worked, what=what):
            assert not {"point", "box", "used", "basis"} & set(item["inputs"])
    assert len(worked.evidence.all()) == before


def test_what_is_not_there_is_said(worked: Desk) -> None:
    with pytest.raises(NotApplicable, match="no lesion 7"):
        recall(worked, what="history", lesion=7)
    with pytest.raises(NotApplicable, match="'measurements', 'history'"):
        recall(worked, what="the weather")


def test_show_moves_to_a_lesion_and_takes_it_into_focus(worked: Desk) -> None:
    view = act(worked, "show", {"lesion": 1, "window": "lung", "plane": "coronal"})["view"]
    assert view["centre"] == pytest.approx(list(BIG), abs=1.0)
    assert (view["plane"], view["window"], worked.state["focus"]) == ("coronal", "lung", 1)
    view = act(worked, "show", {"slice": 5})["view"]
    assert (view["slice"], view.get("centre"), view["plane"]) == (5, None, "coronal")
    assert "slice" not in act(worked, "show", {"lesion": 2})["view"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"slice": 33}, "axial slices run from 1 to 32; 33"),
        ({"slice": 65, "plane": "sagittal"}, "sagittal slices run from 1 to 64; 65"),
        ({"slice": 0}, "at least 1 is allowed, 0 was asked for"),
        ({"lesion": 9}, "no lesion 9"),
        ({"plane": "oblique"}, "'axial', 'coronal' or 'sagittal'"),
        ({"window": "x" * 31}, "at most 30"),
    ],
)
def test_a_view_that_is_not_there_is_refused_and_nothing_moves(
    worked: Desk, arguments: dict[str, Any], says: str
) -> None:
    act(worked, "show", {"slice": 3})
    with pytest.raises(NotApplicable, match=says):
        act(worked, "show", arguments)
    assert worked.state["view"] == {"slice": 3}


def test_a_slice_of_another_plane_may_lie_further(worked: Desk) -> None:
    assert act(worked, "show", {"slice": 60, "plane": "coronal"})["view"]["slice"] == 60
