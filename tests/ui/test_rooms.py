"""What a reader's acts do to a room: uploads, turns, clicks, stopping, approving."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from apps import ANNA, BERT, Scripted, case_of, last, owner

from agent.events import Approval, Clause, Event
from agent.session import Session
from agent.workspace import Workspace
from tools.scan import Scan, UnreadableScan
from ui.acts import BROKE, BUSY, Acts
from ui.rooms import Rooms
from ui.uploads import Uploads
from ui.viewer.pictures import point_clicked

# Rooms


def sent(rooms: Rooms, cookie: str, *files: Path) -> str:
    """Lay files where an upload lays them, and return the batch's name."""
    batch = "abcdef0123"
    for number, file in enumerate(files):
        place = Uploads(rooms.workspace.settings.home).folder(owner(cookie), batch) / f"{number:05d}"
        place.mkdir(parents=True)
        shutil.move(file, place / file.name)
    return batch


def saved(scan: Scan, folder: Path, name: str = "chest.nii.gz") -> Path:
    import nibabel

    path = folder / name
    nibabel.save(nibabel.Nifti1Image(scan.voxels, scan.affine), path)
    return path


def test_an_upload_leaves_the_shared_area_and_becomes_a_case(rooms: Rooms, scan: Scan, tmp_path: Path) -> None:
    file = saved(scan, tmp_path)
    shown = last(Acts(rooms).arrived(owner(ANNA), sent(rooms, ANNA, file), "current"))
    assert not file.exists()
    state = json.loads(shown["viewer"])
    assert state["counts"] == {"axial": 40, "coronal": 62, "sagittal": 85}
    assert "Opened: CT" in shown["chat"]
    assert shown["opener"] == ""


def test_a_wrong_file_is_explained_and_the_open_case_stays(rooms: Rooms, scan: Scan, tmp_path: Path) -> None:
    room = rooms.enter(owner(ANNA))
    rooms.open(room, scan)
    before = case_of(rooms, ANNA)
    wrong = tmp_path / "notes.dcm"
    wrong.write_text("not a scan")
    shown = last(Acts(rooms).arrived(owner(ANNA), sent(rooms, ANNA, wrong), "current"))
    assert "This could not be opened. The file is named .dcm, but its content is not." in shown["chat"]
    assert json.loads(shown["viewer"])["case"] == before
    assert [c.id for c in rooms.workspace.cases.of_owner(owner(ANNA))] == [before]
    assert [p.name for p in rooms.workspace.cases.folder.iterdir()] == [before]
    assert not wrong.exists()


def test_no_file_at_all_is_explained(rooms: Rooms) -> None:
    with pytest.raises(UnreadableScan, match="No file arrived"):
        rooms.open(rooms.enter(owner(ANNA)), [])


def test_a_new_process_brings_the_newest_case_back(workspace: Workspace, rooms: Rooms, scan: Scan) -> None:
    rooms.open(rooms.enter(owner(ANNA)), scan)
    again = Rooms(workspace, opener=Scripted)
    assert case_of(again, ANNA) == case_of(rooms, ANNA)
    assert again.enter(owner(BERT)).session is None


def test_only_the_first_browser_is_handed_the_demonstrations_case(workspace: Workspace, scan: Scan) -> None:
    made = Session.open(scan, workspace=workspace)
    rooms = Rooms(workspace, hand_over=made.case_id, opener=Scripted)
    assert case_of(rooms, ANNA) == made.case_id
    assert rooms.enter(owner(BERT)).session is None


# Acts


def test_a_second_turn_waits_its_turn(rooms: Rooms, scan: Scan) -> None:
    class Slow(Scripted):
        gate = threading.Event()

    slow = Rooms(rooms.workspace, opener=Slow)
    slow.open(slow.enter(owner(ANNA)), scan)
    acts = Acts(slow)
    first = acts.ask(owner(ANNA), "measure")
    next(first)
    assert BUSY in last(acts.ask(owner(ANNA), "measure again"))["chat"]
    assert BUSY in last(acts.phantom(owner(ANNA)))["chat"]
    Slow.gate.set()
    shown = last(first)
    assert "Done" in shown["chat"]
    assert json.loads(shown["viewer"])["busy"] is False


def test_a_click_becomes_a_point_in_the_patient(rooms: Rooms, scan: Scan) -> None:
    room = rooms.enter(owner(ANNA))
    rooms.open(room, scan)
    across, down = (170 - 70) / 340, 0.5
    last(Acts(rooms).click(owner(ANNA), "axial", 20, across, down))
    assert room.session is not None
    (lesion,) = room.session.record.lesions
    x, y, z = lesion.mask_evidence.inputs["point"]
    assert (x, y) == pytest.approx((70.0, 0.0), abs=0.5)
    assert z == pytest.approx(scan.to_mm((0, 0, 20))[2])
    assert point_clicked(scan, "axial", 20, across, down) == pytest.approx((x, y, z))
    assert lesion.measurement is not None


def test_a_click_that_is_on_no_slice_changes_nothing(rooms: Rooms, scan: Scan) -> None:
    room = rooms.enter(owner(ANNA))
    rooms.open(room, scan)
    shown = last(Acts(rooms).click(owner(ANNA), "axial", 20, 7.0, 0.5))
    assert "sw-failed" in shown["chat"]
    assert room.session is not None
    assert not room.session.state.get("selection")
    assert not room.busy


def test_what_breaks_is_told_and_the_room_is_free_again(workspace: Workspace, scan: Scan) -> None:
    class Broken(Scripted):
        script = (Clause("Half [E1]."), RuntimeError("secret path"))

    rooms = Rooms(workspace, opener=Broken)
    rooms.open(rooms.enter(owner(ANNA)), scan)
    shown = last(Acts(rooms).ask(owner(ANNA), "measure"))
    assert "Half" in shown["chat"]
    assert BROKE in shown["chat"]
    assert "secret" not in shown["chat"]
    assert not rooms.enter(owner(ANNA)).busy


def test_stop_reaches_the_turn_under_way_and_only_that(workspace: Workspace, scan: Scan) -> None:
    class Stoppable(Scripted):
        gate = threading.Event()
        stops = 0

        def stop(self) -> None:
            type(self).stops += 1
            self.gate.set()

    rooms = Rooms(workspace, opener=Stoppable)
    rooms.open(rooms.enter(owner(ANNA)), scan)
    acts = Acts(rooms)
    acts.stop(owner(ANNA))
    turn = acts.ask(owner(ANNA), "find")
    next(turn)
    acts.stop(owner(BERT))
    assert Stoppable.stops == 0
    acts.stop(owner(ANNA))
    assert Stoppable.stops == 1
    last(turn)
    assert not rooms.enter(owner(ANNA)).busy


def test_a_page_that_is_closed_in_a_turn_frees_the_room(rooms: Rooms, scan: Scan) -> None:
    room = rooms.enter(owner(ANNA))
    rooms.open(room, scan)
    turn = Acts(rooms).ask(owner(ANNA), "measure")
    next(turn)
    assert room.busy
    turn.close()  # type: ignore[attr-defined]
    assert not room.busy
    assert "Done" in last(Acts(rooms).ask(owner(ANNA), "measure"))["chat"]


def test_approving_resumes_and_the_question_is_gone(workspace: Workspace, scan: Scan) -> None:
    class Asking(Scripted):
        script = (Approval("export", {"format": "all"}),)

        def resume(self, decision: str) -> Iterator[Event]:
            yield Clause(f"Heard: {decision}.")

    rooms = Rooms(workspace, opener=Asking)
    rooms.open(rooms.enter(owner(ANNA)), scan)
    acts = Acts(rooms)
    assert 'data-act="approve"' in last(acts.ask(owner(ANNA), "export"))["chat"]
    shown = last(acts.decide(owner(ANNA), "reject"))["chat"]
    assert "Heard: reject." in shown
    assert 'data-act="approve"' not in shown


def test_a_browser_without_a_cookie_is_told(rooms: Rooms) -> None:
    acts = Acts(rooms)
    for updates in (acts.arrive(None), acts.ask(None, "hello"), acts.phantom(None)):
        assert "sends no session cookie" in last(updates)["chat"]
    assert rooms.workspace.cases.of_owner("None") == []


def test_the_same_scan_opened_by_two_browsers_makes_two_cases(rooms: Rooms, scan: Scan) -> None:
    for cookie in (ANNA, BERT):
        rooms.open(rooms.enter(owner(cookie)), scan)
    assert case_of(rooms, ANNA) != case_of(rooms, BERT)
    last(Acts(rooms).ask(owner(ANNA), "a word of Anna's"))
    assert "Anna" not in last(Acts(rooms).arrive(owner(BERT)))["chat"]
