"""find, segment, measure, classify, drawn masks: numbers survive, old measurements fall, bad input changes nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import scripted
from scripted import BIG, SMALL, balls

from agent.session import Session
from agent.toolset import FUNCTIONS, act, checked, describe
from agent.toolset.desk import Desk
from agent.workspace import Workspace
from tools import Known, Mask, NotApplicable, SegmentRequest, SegmentResult, ToolFailed, VisionTool
from tools.contract import UnknownTool

AWAY = (0.0, 25.0, -20.0)
"""A point in air."""


def segment(desk: Desk, **arguments: Any) -> dict[str, Any]:
    return act(desk, "segment", arguments)


# Numbers


def test_outlining_the_same_place_again_keeps_the_number_and_supersedes(desk: Desk) -> None:
    first = segment(desk, point=list(BIG))
    second = segment(desk, point=[BIG[0] + 2, BIG[1], BIG[2]])
    assert (first["lesion"], second["lesion"]) == (1, 1)
    assert second["supersedes"] == [first["evidence"]]
    assert [x.mask_evidence.id for x in desk.record.lesions] == [second["evidence"]]
    assert segment(desk, point=list(SMALL))["lesion"] == 2


def test_a_measurement_of_the_old_outline_is_stale_and_history_keeps_it(desk: Desk) -> None:
    segment(desk, point=list(BIG))
    before = act(desk, "measure", {})["results"][0]
    segment(desk, lesion=1, change="tighter")
    assert before["evidence"] not in desk.record.current
    after = act(desk, "measure", {"lesion": 1})["results"][0]
    assert after["evidence"] in desk.record.current
    assert after["quantities"]["axial_long_axis"]["value"] < before["quantities"]["axial_long_axis"]["value"]
    assert [e.id for e in desk.record.history(1)] == [before["evidence"], after["evidence"]]


def test_measuring_again_supersedes_the_measurement(desk: Desk) -> None:
    segment(desk, point=list(BIG))
    first, second = (act(desk, "measure", {})["results"][0] for _ in range(2))
    assert second["supersedes"] == [first["evidence"]]
    assert second["quantities"] == first["quantities"]


def test_a_search_numbers_its_candidates_and_a_second_search_keeps_the_numbers(desk: Desk) -> None:
    first = act(desk, "find", {})
    second = act(desk, "find", {})
    numbers = [[c["lesion"] for c in found["candidates"]] for found in (first, second)]
    assert numbers == [[1, 2], [1, 2]]
    assert [x.outlined for x in desk.record.lesions] == [False, False]
    assert first["not_assessed"] == ["the mediastinum was not searched"]
    assert desk.record.search is not None
    assert desk.record.search.id == second["evidence"]


def test_a_search_after_an_outline_keeps_the_outline_and_its_measurement(desk: Desk) -> None:
    outlined = segment(desk, point=list(SMALL))
    measured = act(desk, "measure", {})["results"][0]
    found = act(desk, "find", {})
    lesion = desk.record.lesion(1)
    assert lesion is not None
    assert lesion.mask_evidence.id == outlined["evidence"]
    assert lesion.outlined
    assert lesion.measurement is not None
    assert lesion.measurement.id == measured["evidence"]
    assert [c["lesion"] for c in found["candidates"]] == [2, 1]
    assert found["candidates"][1]["evidence"] == outlined["evidence"]


def test_outlining_a_candidate_takes_its_number_and_its_rough_size_goes(desk: Desk) -> None:
    act(desk, "find", {})
    act(desk, "measure", {"lesion": 2})
    made = segment(desk, lesion=2)
    assert made["lesion"] == 2
    lesion = desk.record.lesion(2)
    assert lesion is not None
    assert lesion.outlined
    assert lesion.measurement is None


def test_a_rejected_lesion_keeps_number_and_verdict_when_it_is_found_again(session: Session) -> None:
    desk = session.desk
    act(desk, "find", {})
    session.judge(2, "rejected", "a vessel")
    act(desk, "find", {})
    lesion = desk.record.lesion(2)
    assert lesion is not None
    assert (lesion.status, lesion.reason) == ("rejected", "a vessel")
    assert [r["lesion"] for r in act(desk, "measure", {})["results"]] == [1]
    session.judge(1, "rejected")
    with pytest.raises(NotApplicable, match="rejected \\(1, 2\\)"):
        act(desk, "measure", {})
    assert act(desk, "measure", {"lesion": 2})["results"][0]["lesion"] == 2


# What is meant


def test_the_readers_click_is_used_once_also_with_a_threshold(session: Session) -> None:
    session.select(point=BIG)
    made = segment(session.desk, threshold=0.6)
    assert made["threshold"] == 0.6
    assert session.state["selection"] is None
    session.select(point=SMALL)
    assert segment(session.desk)["lesion"] == 2


def test_a_relative_wish_is_about_the_outline_in_focus_not_about_a_click(session: Session) -> None:
    segment(session.desk, point=list(BIG))
    session.select(point=SMALL)
    assert segment(session.desk, change="tighter")["lesion"] == 1
    assert segment(session.desk, change="tighter")["threshold"] == 0.8
    assert segment(session.desk, change="looser")["threshold"] == 0.65


def test_a_threshold_stays_inside_its_limits(desk: Desk) -> None:
    segment(desk, point=list(BIG), threshold=0.9)
    assert segment(desk, change="tighter")["threshold"] == 0.95


def test_a_box_outlines_what_is_in_it(desk: Desk) -> None:
    made = segment(desk, box=[SMALL[0] - 7, SMALL[1] - 7, SMALL[2] - 7, SMALL[0] + 7, SMALL[1] + 7, SMALL[2] + 7])
    mask = desk.evidence.mask(desk.evidence.get(made["evidence"]))
    assert np.allclose(mask.centre_mm, SMALL, atol=1.5)


def test_without_a_focus_every_lesion_is_measured(desk: Desk) -> None:
    act(desk, "find", {})
    assert [r["lesion"] for r in act(desk, "measure", {})["results"]] == [1, 2]
    segment(desk, lesion=2)
    assert [r["lesion"] for r in act(desk, "measure", {})["results"]] == [2]


def test_classify_records_the_rating_of_the_outline(desk: Desk) -> None:
    segment(desk, point=list(BIG))
    made = act(desk, "classify", {})
    assert made["quantities"]["lidc_rating"] == {"value": 3.0, "unit": "{rating}"}
    assert desk.record.lesions[0].rating is not None
    segment(desk, change="tighter")
    assert desk.record.lesions[0].rating is None


def test_evidence_tells_tool_version_weights_and_seed(desk: Desk) -> None:
    item = desk.evidence.get(segment(desk, point=list(BIG))["evidence"])
    assert (item.producer, item.version, item.weights) == ("cut-segmenter", "1", "0" * 64)
    assert item.inputs["point"] == list(BIG)
    assert item.quantity("threshold") is not None
    assert desk.workspace.evidence.verify() == []


# Drawn masks


def ball_mask(desk: Desk, centre: tuple[float, float, float], radius: float) -> Mask:
    scan = desk.need_scan()
    place = np.stack(np.meshgrid(*(np.arange(n) for n in scan.shape), indexing="ij"))
    mm = np.tensordot(scan.affine[:3, :3], place, 1) + scan.affine[:3, 3].reshape(3, 1, 1, 1)
    away = np.sqrt(sum((mm[a] - centre[a]) ** 2 for a in range(3)))
    return Mask.from_grid(scan.id, away <= radius, scan.affine, "lesion")


def test_a_drawn_mask_over_a_lesion_is_that_lesion(session: Session) -> None:
    desk = session.desk
    segment(desk, point=list(BIG))
    act(desk, "measure", {})
    assert session.load_drawn(ball_mask(desk, BIG, 7.0)) == 1
    lesion = desk.record.lesion(1)
    assert lesion is not None
    assert (lesion.mask_evidence.kind, lesion.mask_evidence.producer, lesion.measurement) == ("drawn", "reader", None)
    assert session.state["focus"] == 1
    assert session.load_drawn(ball_mask(desk, AWAY, 4.0)) == 2
    assert session.load_drawn(ball_mask(desk, AWAY, 3.0), number=5) == 5
    assert desk.record.next_number() == 6


def test_a_label_volume_becomes_numbered_lesions(session: Session) -> None:
    desk = session.desk
    labels = ball_mask(desk, BIG, 6.0).voxels * 3 + ball_mask(desk, SMALL, 4.0).voxels * 8
    assert session.load_mask(labels) == [1, 2]
    assert session.state["focus"] is None
    results = act(desk, "measure", {})["results"]
    assert [r["lesion"] for r in results] == [1, 2]


def test_a_drawn_outline_can_be_segmented_again_from_its_core(session: Session) -> None:
    session.load_drawn(ball_mask(session.desk, BIG, 3.0))
    assert segment(session.desk, lesion=1)["lesion"] == 1
    assert session.record.lesions[0].mask_evidence.kind == "mask"


@pytest.mark.parametrize("bad", ["empty", "another scan", "another grid"])
def test_a_mask_that_is_none_of_this_scan_is_refused(session: Session, bad: str) -> None:
    desk, before = session.desk, len(session.evidence.all())
    good = ball_mask(desk, BIG, 5.0)
    grid = np.zeros(good.grid_shape, bool)
    mask = {
        "empty": Mask.from_grid(good.scan_id, grid, good.affine),
        "another scan": dataclasses.replace(good, scan_id="f" * 64),
        "another grid": Mask.from_grid(good.scan_id, np.ones((3, 3, 3), bool), good.affine),
    }[bad]
    with pytest.raises(NotApplicable):
        session.load_drawn(mask)
    with pytest.raises(NotApplicable):
        session.load_mask(mask.voxels if bad != "another scan" else np.zeros(good.grid_shape))
    assert len(session.evidence.all()) == before


# Bad input


@pytest.mark.parametrize(
    ("function", "arguments", "says"),
    [
        ("segment", {"point": [500.0, 0.0, 0.0]}, "outside the image, which spans"),
        ("segment", {"point": [0.0, 0.0]}, "3 values are needed, 2 were given"),
        ("segment", {"box": [0.0] * 5}, "6 values are needed, 5 were given"),
        ("segment", {"point": [float("nan"), 0.0, 0.0]}, "outside the image"),
        ("segment", {"box": [400.0, 400.0, 0.0, 420.0, 420.0, 9.0]}, "outside the image"),
        ("segment", {"box": [float("inf")] * 6}, "outside the image"),
        ("segment", {"threshold": 1.5, "point": [0.0, 0.0, 0.0]}, "less than 1"),
        ("segment", {"lesion": 9}, "no lesion 9 in this case. Lesions: 1"),
        ("segment", {"lesion": 9, "point": list(SMALL)}, "no lesion 9"),
        ("segment", {"lesion": 1, "change": "rounder"}, "tighter"),
        ("segment", {"point": list(AWAY)}, "outlined nothing there"),
        ("measure", {"lesion": 9}, "no lesion 9"),
        ("measure", {"lesion": 0}, "at least 1 is allowed, 0 was asked for"),
        ("measure", {"lesion": "two"}, "valid integer"),
        ("measure", {"lesions": [1]}, "Extra inputs"),
        ("classify", {"lesion": 9}, "no lesion 9"),
        ("find", {"side": "up"}, "'left' or 'right'"),
        ("find", {"max_candidates": 0}, "at least 1 is allowed, 0 was asked for"),
        ("paint", {}, "no function 'paint'. The functions are find, segment"),
    ],
)
def test_bad_input_is_one_clear_line_and_the_case_stays(
    desk: Desk, function: str, arguments: dict[str, Any], says: str
) -> None:
    segment(desk, point=list(BIG))
    before = [e.hash for e in desk.evidence.all()]
    with pytest.raises(NotApplicable) as caught:
        act(desk, function, arguments)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [e.hash for e in desk.evidence.all()] == before
    assert desk.state["focus"] == 1


def test_an_unknown_tool_or_one_of_another_task_is_refused(desk: Desk) -> None:
    with pytest.raises(UnknownTool):
        segment(desk, point=list(BIG), tool="magic")
    with pytest.raises(NotApplicable, match="rater is a tool to classify, not to segment"):
        segment(desk, point=list(BIG), tool="rater")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"modality": Known("MR", "known")}, "this image is MR"),
        ({"modality": Known()}, "does not say its modality"),
        ({"body_part": Known("HEAD", "known")}, "this image is HEAD"),
    ],
)
def test_another_modality_or_body_part_is_refused_with_what_to_do(
    workspace: Workspace, change: dict[str, Any], says: str
) -> None:
    desk = Session.open(balls(**change), workspace=workspace).desk
    for function, arguments in (("segment", {"point": list(BIG)}), ("find", {})):
        with pytest.raises(NotApplicable, match=says):
            act(desk, function, arguments)
    assert [e.kind for e in desk.evidence.all()] == ["scan"]


def test_without_a_scan_nothing_is_done(workspace: Workspace) -> None:
    case = workspace.cases.create("local")
    desk = Session.open(case=case.id, workspace=workspace).desk
    for function in ("find", "segment", "show", "write_report"):
        with pytest.raises(NotApplicable, match="No scan is open"):
            act(desk, function, {})


def test_nothing_to_measure_is_said(desk: Desk) -> None:
    with pytest.raises(NotApplicable, match="No lesion is outlined yet"):
        act(desk, "measure", {})
    act(desk, "find", {})
    with pytest.raises(NotApplicable, match="Which lesion\\? There are 1, 2"):
        act(desk, "classify", {})


class Stranger(VisionTool):
    """Answers with a mask of another grid."""

    spec = dataclasses.replace(scripted.CutSegmenter.spec, name="stranger")

    def run(self, request: SegmentRequest, progress: Any = None) -> SegmentResult:
        return SegmentResult(Mask.from_grid(request.scan.id, np.ones((2, 2, 2), bool), np.eye(4)), 0.5)


class Breaks(VisionTool):
    """Breaks."""

    spec = dataclasses.replace(scripted.CutSegmenter.spec, name="breaks")

    def run(self, request: SegmentRequest, progress: Any = None) -> SegmentResult:
        raise RuntimeError("CUDA out of memory at /srv/secret")


@pytest.mark.parametrize("tool", [Stranger, Breaks])
def test_a_tool_that_breaks_or_answers_nonsense_records_nothing(tmp_path: Any, tool: type[VisionTool]) -> None:
    workspace = scripted.workspace(tmp_path / "w", also=(tool,))
    desk = Session.open(balls(), workspace=workspace).desk
    with pytest.raises(ToolFailed, match="nothing was recorded") as caught:
        segment(desk, point=list(BIG), tool=tool.spec.name)
    assert "secret" not in str(caught.value)
    assert [e.kind for e in desk.evidence.all()] == ["scan"]
    workspace.close()


# The table of functions


def test_the_functions_are_those_of_the_design() -> None:
    names = "find segment measure classify compare assess find_guideline recall show write_report export"
    assert [f.name for f in FUNCTIONS] == names.split()
    assert [f.name for f in FUNCTIONS if f.asks_approval] == ["export"]


def test_descriptions_come_from_the_specs() -> None:
    specs = [t.spec for t in scripted.TOOLS]
    function = next(f for f in FUNCTIONS if f.name == "segment")
    assert describe(function, specs).splitlines()[1:] == ["cut-segmenter: made for tests Not for: patients"]


def test_arguments_are_coerced_and_none_is_left_out() -> None:
    _, arguments = checked("segment", {"point": ["1", 2, 3.5], "lesion": None, "threshold": "0.4"})
    assert arguments == {"point": [1.0, 2.0, 3.5], "threshold": 0.4}


def test_what_a_search_found_stays_a_candidate_until_a_reader_points_at_it_or_accepts_it(session: Session) -> None:
    session.call("find")
    first = session.record.lesions[0]
    assert first.unconfirmed
    session.call("segment", lesion=first.number)
    assert session.record.lesion(first.number).unconfirmed  # type: ignore[union-attr]
    session.judge(first.number, "accepted")
    assert not session.record.lesion(first.number).unconfirmed  # type: ignore[union-attr]
    point = list(session.evidence.mask(session.record.lesions[0].mask_evidence).core_mm)
    clicked = session.call("segment", point=point)
    assert not session.record.lesion(clicked["lesion"]).from_search  # type: ignore[union-attr]
