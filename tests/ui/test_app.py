"""The app's doors without a browser: who may see what, and what no address gives away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apps import ANNA, BERT, Scripted, case_of, in_a_loop, owner

from agent.notice import NOTICE
from agent.settings import Settings
from agent.toolset.why import FOLDER
from agent.workspace import Workspace
from tools.scan import Scan
from ui.login.cookie import NAME
from ui.panels import footer
from ui.rooms import Rooms


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


@pytest.mark.parametrize("path", ["/view/{}/axial/5.png", "/files/{}/report.md", "/explained/{}/a.png"])
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


def test_the_picture_of_what_moved_a_score_is_shown_to_who_may_see_the_case(client, house, annas: str) -> None:
    client.cookies.set(NAME, ANNA)
    assert client.get(f"/explained/{annas}/a.png").status_code == 404
    house[1].workspace.cases.files(annas).under(FOLDER).put("a.png", b"\x89PNG")
    shown = client.get(f"/explained/{annas}/a.png")
    assert (shown.content, shown.headers["content-type"]) == (b"\x89PNG", "image/png")
    assert shown.headers["cache-control"] == "no-store"


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
