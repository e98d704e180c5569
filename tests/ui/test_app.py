"""The app without a browser: who may see what, what events look like, and what a reader's acts do to a room."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from coroutines import run

from agent.events import (
    Approval,
    Clause,
    Event,
    Failed,
    Notice,
    Question,
    Struck,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)
from agent.session import Session
from agent.settings import Settings
from agent.workspace import Workspace
from tools.phantom import Sphere, chest_phantom
from tools.scan import Scan, UnreadableScan
from ui.acts import BROKE, BUSY, Acts
from ui.chat import Transcript
from ui.cookie import NAME, owner_of
from ui.panels import NOTICE, footer
from ui.rooms import Rooms
from ui.uploads import Uploads
from ui.viewer.pictures import Pictures, point_clicked
from ui.viewer.state import viewer_state

SPHERE = Sphere((70.0, 0.0, 0.0), 18.0)
ANNA, BERT = ("a" * 43, "b" * 43)
"""Two browsers' cookies."""


class Scripted(Session):
    """A session that answers from a script, so that the app is tested and not the planner."""

    script: tuple[Event | Exception, ...] = (Clause("Done [E1].", ("E1",)),)
    gate: threading.Event | None = None

    def ask(self, text: str) -> Iterator[Event]:
        for event in self.script:
            if self.gate is not None:
                self.gate.wait(10)
            if isinstance(event, Exception):
                raise event
            yield event

    def history(self) -> list[dict[str, str]]:
        return []


@pytest.fixture(scope="module")
def scan() -> Scan:
    return chest_phantom((SPHERE,), spacing=(4.0, 4.0, 6.0))[0]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = Workspace.open(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


@pytest.fixture
def rooms(workspace: Workspace) -> Rooms:
    return Rooms(workspace, opener=Scripted)


def owner(cookie: str) -> str:
    name = owner_of({NAME: cookie})
    assert name is not None
    return name


def last(updates: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """The state of the page when an act is over."""
    shown: dict[str, Any] = {}
    for update in updates:
        shown |= update
    return shown


def in_a_loop(make: Callable[[], Any]) -> Any:
    """Call in a running event loop: outside of one Gradio opens loops of its own and never closes them."""

    async def made() -> Any:
        return make()

    return run(made())


# Doors


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, scan: Scan) -> Iterator[tuple[Any, Rooms]]:
    """The whole web application with Anna's case in it, built once: it takes a second."""
    from starlette.testclient import TestClient

    from ui.app import web

    opened = Workspace.open(Settings(home=tmp_path_factory.mktemp("house")))
    rooms = Rooms(opened, opener=Scripted)
    rooms.open(rooms.enter(owner(ANNA)), scan)
    with TestClient(in_a_loop(lambda: web(opened, rooms)), base_url="http://127.0.0.1") as made:
        yield made, rooms
    opened.close()


@pytest.fixture
def client(house: tuple[Any, Rooms]) -> Any:
    """A browser that was never here."""
    house[0].cookies.clear()
    return house[0]


@pytest.fixture
def annas(house: tuple[Any, Rooms]) -> str:
    """The id of Anna's case."""
    return case_of(house[1], ANNA)


def case_of(rooms: Rooms, cookie: str) -> str:
    session = rooms.enter(owner(cookie)).session
    assert session is not None
    return session.case_id


def test_the_first_page_sets_a_cookie_that_scripts_cannot_read(client) -> None:
    first = client.get("/")
    assert first.status_code == 200
    line = first.headers["set-cookie"]
    assert line.startswith(f"{NAME}=")
    assert "HttpOnly" in line
    assert "SameSite=Lax" in line
    assert "Path=/" in line
    assert len(line.split("=")[1].split(";")[0]) >= 43  # 32 random bytes
    assert "set-cookie" not in client.get("/").headers  # and it stays
    client.cookies.clear()
    assert client.get("/").headers["set-cookie"] != line


def test_a_browser_is_kept_from_every_other_host(client) -> None:
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_a_slice_is_shown_to_its_owner_and_kept_in_no_cache(client, annas: str) -> None:
    client.cookies.set(NAME, ANNA)
    answer = client.get(f"/view/{annas}/axial/5.png?window=bone")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"\x89PNG")


@pytest.mark.parametrize("place", ["axial/9999", "axial/-1", "oblique/1"])
def test_a_slice_that_is_not_there_is_not_found(client, annas: str, place: str) -> None:
    client.cookies.set(NAME, ANNA)
    assert client.get(f"/view/{annas}/{place}.png").status_code == 404


@pytest.mark.parametrize("path", ["/view/{}/axial/5.png", "/files/{}/report.md"])
def test_nobody_else_sees_a_case(client, annas: str, path: str) -> None:
    address = path.format(annas)
    assert client.get(address).status_code == 403
    client.cookies.set(NAME, "short")
    assert client.get(address).status_code == 403
    client.cookies.set(NAME, owner(ANNA))  # the stored id is no way in
    assert client.get(address).status_code in (403, 404)
    client.cookies.set(NAME, BERT)
    assert client.get(address).status_code == 404
    assert client.get(path.format("no-such-case")).status_code == 404


def test_files_are_there_once_the_report_is_written(client, house, annas: str) -> None:
    client.cookies.set(NAME, ANNA)
    missing = client.get(f"/files/{annas}/report.md")
    assert missing.status_code == 404
    assert "report" in missing.json()["detail"]
    house[1].enter(owner(ANNA)).session.call("write_report")
    written = client.get(f"/files/{annas}/report.md")
    assert written.status_code == 200
    assert written.headers["content-disposition"] == 'attachment; filename="report.md"'
    assert written.headers["cache-control"] == "no-store"
    assert NOTICE in written.text
    assert json.loads(client.get(f"/files/{annas}/evidence.json").text)["case"] == annas
    assert client.get(f"/files/{annas}/cases.sqlite").status_code == 404


@pytest.mark.parametrize("path", ["/gradio_api/file=/etc/passwd", "/gradio_api/proxy=http://example.org/"])
def test_gradios_own_ways_to_files_are_closed(client, path: str) -> None:
    client.cookies.set(NAME, ANNA)
    assert client.get(path).status_code == 404


def test_no_act_is_offered_as_an_api(client) -> None:
    client.cookies.set(NAME, ANNA)
    info = client.get("/gradio_api/info").json()
    assert not info["named_endpoints"]
    assert not info["unnamed_endpoints"]


def test_the_page_is_built_from_a_workspace(workspace: Workspace) -> None:
    import gradio

    from ui.app import build

    assert isinstance(in_a_loop(lambda: build(workspace)), gradio.Blocks)


def test_the_foot_says_where_typed_text_goes(tmp_path: Path) -> None:
    local = footer(Settings(home=tmp_path))
    assert NOTICE in local
    assert "stay on this machine" in local
    remote = footer(Settings(home=tmp_path, base_url="http://127.0.0.1:1/v1", model="a<b"))
    assert "sent to the configured language model (a&lt;b)" in remote
    assert "stay on this machine" not in remote


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


# What is shown


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
