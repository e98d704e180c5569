"""What is shown: each event's look, a kept conversation, and what the viewer is told of a scan and its lesions."""

from __future__ import annotations

import json

from apps import SPHERE

from agent.events import (
    Approval,
    Clause,
    Failed,
    Notice,
    Question,
    Struck,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)
from agent.session import Session
from agent.workspace import Workspace
from tools.phantom import chest_phantom
from tools.scan import Scan
from ui.chat import Transcript
from ui.viewer.pictures import Pictures
from ui.viewer.state import viewer_state


def test_each_kind_of_event_has_its_look() -> None:
    shown = Transcript()
    shown.start("measure <b>it</b>")
    for event in (
        ToolStarted("1", "segment", {"point": [41.0, -12.5, -160.0]}),
        ToolProgress("segment", 0.5, "window 3 of 6"),
    ):
        shown.take(event)
    running = shown.html()
    assert "segment(point=(41.0, -12.5, -160.0))" in running
    assert 'value="50"' in running
    assert "window 3 of 6" in running
    for event in (
        ToolFinished("1", "segment", ("E2",), {"ok": True}, 1.234),
        Clause("It is 14.2 mm long [E3]. ", ("E3",)),
        Clause("It lies in the right lung.", ("E2",)),
        Struck("a number was in no evidence"),
        Notice("the endpoint is down"),
        Failed("NotApplicable", "There is no lesion 9."),
        Question("Which setting?", ("incidental", "screening")),
        Approval("export", {"format": "all"}),
    ):
        shown.take(event)
    shown.end()
    page = shown.html()
    assert "measure &lt;b&gt;it&lt;/b&gt;" in page
    assert "1.2 s" in page
    assert 'It is 14.2 mm long <button type="button" class="sw-chip" data-evidence="E3">E3</button>.' in page
    assert 'right lung. <button type="button" class="sw-chip" data-evidence="E2">E2</button>' in page
    for kind in ("struck", "notice", "failed"):
        assert f"sw-{kind}" in page
    assert 'data-act="say" data-text="screening"' in page
    assert 'data-act="approve"' in page
    shown.answered("approved")
    assert 'data-act="approve"' not in shown.html()


def test_the_picture_of_what_moved_a_score_is_shown_beside_it() -> None:
    shown = Transcript()
    shown.start("why that rating?")
    shown.take(ToolStarted("1", "classify", {"explain": True}))
    shown.take(ToolFinished("1", "classify", ("E4",), {"explanation": {"picture": "0a1b.png", "evidence": False}}, 2.0))
    page = shown.html(case="c1")
    assert '<img class="sw-why" src="/explained/c1/0a1b.png" alt="' in page
    assert "orange raised it" in page


def test_nothing_that_anybody_wrote_becomes_markup() -> None:
    evil = '<img src=x onerror=alert(1)>"${alert(2)}`{{alert}}'
    shown = Transcript()
    shown.start(evil)
    for event in (
        ToolStarted("1", evil, {evil: evil}),
        ToolFinished("1", evil, (evil,), {}, 0.1),
        Clause(evil, (evil,)),
        Question(evil, (evil,)),
        Approval(evil, {evil: evil}),
        Notice(evil),
    ):
        shown.take(event)
    shown.end()
    assert "<img" not in shown.html()
    assert 'onerror=alert(1)>"' not in shown.html()


def test_a_turn_that_ends_early_leaves_nothing_spinning() -> None:
    shown = Transcript()
    shown.start("find")
    shown.take(ToolStarted("1", "find", {}))
    assert "sw-running" in shown.html()
    shown.end()
    assert "sw-running" not in shown.html()
    assert "not done" in shown.html()


def test_a_kept_thread_is_shown_again() -> None:
    kept = [{"role": "user", "text": "hello"}, {"role": "assistant", "text": "It is 5 mm [E2]."}]
    shown = Transcript.of_history(kept)
    assert "hello" in shown.html()
    assert '<button type="button" class="sw-chip" data-evidence="E2">E2</button>' in shown.html()


def test_the_viewer_is_told_what_is_unknown_and_what_is_no_patient(workspace: Workspace, scan: Scan) -> None:
    import numpy as np

    state = viewer_state(Session.open(scan, workspace=workspace))
    assert "phantom" in state["warning"]
    assert state["unknown"] == {"modality": [], "body_part": []}
    assert next(w["name"] for w in state["windows"]) == "lung"
    picture = Scan.build(
        np.arange(600, dtype=np.int16).reshape(30, 20, 1), np.diag([-1.0, -1.0, 1.0, 1.0]),
        spacing=(None, None, None), calibration="none", laterality_known=False,
    )  # fmt: skip
    state = viewer_state(Session.open(picture, workspace=workspace))
    assert state["counts"] == {"axial": 1}
    assert "CT" in state["unknown"]["modality"]
    assert "CHEST" in state["unknown"]["body_part"]
    assert "pixels" in " ".join(state["facts"])
    json.dumps(state)


def test_lesions_are_listed_and_drawn_as_the_record_has_them(workspace: Workspace, scan: Scan) -> None:
    session = Session.open(scan, workspace=workspace)
    pictures = Pictures(workspace)
    middle = viewer_state(session)["counts"]["axial"] // 2
    before = pictures.png(session.case_id, "axial", middle)
    mask = chest_phantom((SPHERE,), spacing=(4.0, 4.0, 6.0))[1][0]
    session.load_mask(mask.voxels, "nodule")
    session.call("measure", lesion=1)
    state = viewer_state(session, go="focus")
    (lesion,) = state["lesions"]
    assert lesion["number"] == 1
    assert lesion["size"].endswith("mm")
    assert lesion["slices"]["axial"] == state["look"]["slices"]["axial"]
    assert pictures.png(session.case_id, "axial", lesion["slices"]["axial"]) != before
    outlined = pictures.png(session.case_id, "axial", lesion["slices"]["axial"])
    session.judge(1, "rejected", "vessel")
    assert pictures.png(session.case_id, "axial", lesion["slices"]["axial"]) != outlined


def test_the_viewer_goes_where_show_sends_it(workspace: Workspace, scan: Scan) -> None:
    session = Session.open(scan, workspace=workspace)
    session.call("show", plane="coronal", window="bone window", slice=7)
    look = viewer_state(session, go="show")["look"]
    assert look == {"plane": "coronal", "slices": {"coronal": 6}, "window": "bone"}
