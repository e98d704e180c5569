"""Where the app listens without a login and where not, who a request comes from, and that signing needs a name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from coroutines import run

from agent.session import Session
from agent.settings import Settings
from agent.workspace import Workspace
from tools.phantom import Sphere, chest_phantom
from ui.acts import Acts
from ui.app import serve, web
from ui.cookie import NAME
from ui.login import Login, NoLogin, hashed
from ui.rooms import Rooms

COOKIE = "c" * 43


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = Workspace.open(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])
def test_it_refuses_to_listen_where_others_reach_it_and_nobody_is_asked(workspace: Workspace, host: str) -> None:
    with pytest.raises(NoLogin, match="SCANWRIGHT_LOGINS"):
        serve(workspace, host=host, port=1)


def test_with_a_login_or_on_this_machine_it_may_listen(tmp_path: Path) -> None:
    Login().check_place("127.0.0.1")
    Login(header="X-Reader").check_place("0.0.0.0")
    Login(file=tmp_path / "readers").check_place("0.0.0.0")


def test_a_password_is_kept_as_a_hash_and_nothing_else_opens(tmp_path: Path) -> None:
    file = tmp_path / "readers"
    file.write_text("\n".join([hashed("anna", "first"), hashed("bert", "second")]))
    assert "first" not in file.read_text()
    login = Login(file=file)
    assert login.lets_in("anna", "first")
    assert login.lets_in("bert", "second")
    for name, password in (("anna", "second"), ("anna", ""), ("carl", "first"), ("", ""), ("anna:x", "first")):
        assert not login.lets_in(name, password)
    with pytest.raises(ValueError, match="A name has"):
        hashed("a:b", "x")


def test_a_line_that_was_taken_out_no_longer_opens(tmp_path: Path) -> None:
    file = tmp_path / "readers"
    file.write_text(hashed("anna", "first"))
    login = Login(file=file)
    assert login.lets_in("anna", "first")
    file.write_text("")
    assert not login.lets_in("anna", "first")


def asked(headers: dict[str, str] | None = None, cookies: dict[str, str] | None = None) -> Any:
    return SimpleNamespace(headers=headers or {}, cookies=cookies or {})


def test_with_a_proxy_the_header_is_who_it_is_and_a_cookie_is_nobody() -> None:
    login = Login(header="X-Reader")
    anna, bert = login.owner(asked({"X-Reader": "anna"})), login.owner(asked({"X-Reader": "bert"}))
    assert anna is not None
    assert bert is not None
    assert anna != bert
    assert login.owner(asked({"X-Reader": "anna"}, {NAME: COOKIE})) == anna
    assert login.owner(asked({}, {NAME: COOKIE})) is None
    assert login.owner(asked({"X-Reader": "a\nb"})) is None
    assert login.names[anna] == "anna"


def test_without_logins_the_cookie_is_who_it_is_and_a_header_is_nothing() -> None:
    login = Login()
    assert login.owner(asked({"X-Reader": "anna"})) is None
    assert login.owner(asked({"X-Reader": "anna"}, {NAME: COOKIE})) == login.owner(asked({}, {NAME: COOKIE}))


def test_behind_a_login_pages_routes_and_uploads_are_closed(workspace: Workspace, tmp_path: Path) -> None:
    from starlette.testclient import TestClient

    file = tmp_path / "readers"
    file.write_text(hashed("anna", "first"))
    login = Login(file=file)

    async def made() -> Any:
        return web(workspace, login=login)

    with TestClient(run(made()), base_url="http://127.0.0.1") as client:
        client.cookies.set(NAME, COOKIE)
        assert client.post("/upload/abcdef0123/0?name=a.nii", content=b"x").status_code == 403
        scan, _ = chest_phantom((Sphere((70.0, 0.0, 0.0), 18.0),), spacing=(8.0, 8.0, 12.0))
        case = Session.open(scan, workspace=workspace, owner="somebody").case_id
        assert client.get(f"/view/{case}/axial/1.png").status_code == 403
        assert client.post("/login", data={"username": "anna", "password": "wrong"}).status_code == 400
        assert client.post("/login", data={"username": "anna", "password": "first"}).status_code == 200
        assert client.get(f"/view/{case}/axial/1.png").status_code == 404  # known now, and the case is not hers
        mine = Session.open(scan, workspace=workspace, owner=next(iter(login.names))).case_id
        assert client.get(f"/view/{mine}/axial/1.png").status_code == 200
        assert client.post("/upload/abcdef0123/0?name=a.nii", content=b"x").status_code == 200


def last(updates: Iterator[dict[str, Any]]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for update in updates:
        shown |= update
    return shown


def test_only_who_logged_in_signs_and_under_that_name(workspace: Workspace) -> None:
    rooms = Rooms(workspace)
    acts, owner = Acts(rooms), "o" * 64
    scan, masks = chest_phantom((Sphere((70.0, 0.0, 0.0), 18.0),), spacing=(4.0, 4.0, 6.0))
    rooms.open(rooms.enter(owner), scan)
    session = rooms.enter(owner).session
    assert session is not None
    session.load_mask(masks[0].voxels, "nodule")
    session.call("measure", lesion=1)
    session.call("write_report")
    shown = last(acts.sign(owner))
    assert "Signing needs a login" in shown["chat"]
    assert session.report.signature is None  # type: ignore[union-attr]
    rooms.names[owner] = "Dr. Anna"
    shown = last(acts.sign(owner))
    assert "Signed by Dr. Anna" in shown["report"]
    assert "data-edit" not in shown["report"]  # what is signed is not edited where it stands


def test_with_logins_settings_and_guidelines_are_the_operators(workspace: Workspace) -> None:
    rooms = Rooms(workspace)
    rooms.operators = False
    shown = last(Acts(rooms).endpoint("o" * 64, "http://127.0.0.1:1/v1", "m", "k"))
    assert "the operator changes them" in shown["chat"]
    assert workspace.settings.base_url is None
