"""How much one reader may ask of the app: what is refused says what is allowed and until when; and secrets by file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from coroutines import run

from agent.limits import Limits
from agent.secret import BadSetting, secret
from agent.settings import Settings
from agent.workspace import Workspace
from ui.acts import Acts
from ui.app import web
from ui.login import Login
from ui.login.cookie import NAME, owner_of
from ui.meters import Meter, TooMuch
from ui.rooms import Rooms

COOKIE = "c" * 43


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_meter_takes_so_much_in_a_while_of_each_reader() -> None:
    clock = Clock()
    meter = Meter("messages", 3, 60.0, clock=clock)
    for _ in range(3):
        meter.take("anna")
        clock.now += 10
    with pytest.raises(TooMuch, match=r"Up to 3 messages a minute .* from \d\d:\d\d:\d\d UTC, in 30 s") as refused:
        meter.take("anna")
    assert refused.value.wait_s == 30
    meter.take("bert")
    clock.now += 30
    meter.take("anna")
    with pytest.raises(TooMuch):
        meter.take("anna")
    with pytest.raises(TooMuch):
        meter.take("carl", 4)  # more than is ever taken at once
    meter.take("carl", 3)


def test_a_meter_of_many_small_amounts_stays_small() -> None:
    clock = Clock()
    meter = Meter("GB", 20, 3600.0, clock=clock)
    for _ in range(5000):
        meter.take("anna", 0.001)
        clock.now += 0.1
    assert len(meter._taken["anna"]) < 70


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    limits = Limits(messages_a_minute=2, upload_file_gb=1e-8, upload_files_an_hour=3, acts_a_minute=2)
    opened = Workspace.open(Settings(home=tmp_path / "home", limits=limits))
    yield opened
    opened.close()


def test_one_message_too_many_is_told_until_when_and_none_is_lost(workspace: Workspace) -> None:
    acts, owner = Acts(Rooms(workspace)), "o" * 64
    last: dict[str, Any] = {}
    for _ in range(3):
        for update in acts.ask(owner, "hello"):
            last |= update
    assert last["chat"].count("Up to 2 messages a minute are taken of one reader") == 1
    assert last["chat"].count("sw-you") == 3  # it stands there, to be sent again


def test_uploads_and_requests_beyond_the_limits_are_refused_with_the_reason(workspace: Workspace) -> None:
    from starlette.testclient import TestClient

    async def made() -> Any:
        return web(workspace, login=Login())

    with TestClient(run(made()), base_url="http://127.0.0.1") as client:
        client.cookies.set(NAME, COOKIE)
        large = client.post("/upload/abcdef0123/0?name=a.nii", content=b"x" * 11)
        assert large.status_code == 413
        assert "up to 1e-08 GB" in large.json()["detail"]
        for number in range(3):
            assert client.post(f"/upload/abcdef0123/{number}?name=a.nii", content=b"x").status_code == 200
        many = client.post("/upload/abcdef0123/4?name=a.nii", content=b"x")
        assert many.status_code == 429
        assert "Up to 3 uploaded files an hour" in many.json()["detail"]
        assert int(many.headers["retry-after"]) > 3000
        untold = client.post("/upload/abcdef0123/0?name=a.nii", content=iter([b"x" * 11]))
        assert untold.status_code == 429  # in pieces, of a length that nobody said
        join = {"data": [None], "fn_index": 0, "session_hash": "apage"}
        said = [client.post("/gradio_api/queue/join", json=join).status_code for _ in range(3)]
        assert said[2] == 429
    owner = owner_of({NAME: COOKIE})
    assert owner is not None
    folder = workspace.settings.home / "uploads" / owner[:32] / "abcdef0123"
    assert len([p for p in folder.rglob("*") if p.is_file()]) == 3


def test_limits_are_settings_and_what_is_no_limit_is_refused() -> None:
    assert Limits.of({}) == Limits()
    given = Limits.of({"SCANWRIGHT_IDLE_MINUTES": "15", "SCANWRIGHT_SESSIONS_A_READER": "2"})
    assert (given.idle_minutes, given.sessions_a_reader, given.session_hours) == (15.0, 2, 12.0)
    for wrong in ("0", "-1", "many", "1.5", "inf", "nan"):
        with pytest.raises(BadSetting, match="SCANWRIGHT_SESSIONS_A_READER"):
            Limits.of({"SCANWRIGHT_SESSIONS_A_READER": wrong})


def test_a_secret_stands_in_the_environment_or_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("sk-planted-secret\n")
    assert secret({"KEY_FILE": str(file)}, "KEY") == "sk-planted-secret"
    assert secret({"KEY_FILE": str(file), "KEY": "sk-other"}, "KEY") == "sk-other"
    assert secret({}, "KEY") is None
    for content in (b"", b"one\ntwo\n", b"x" * 20_000, b"\xff\xfe"):
        file.write_bytes(content)
        with pytest.raises(BadSetting) as refused:
            secret({"KEY_FILE": str(file)}, "KEY")
        assert str(file) not in str(refused.value)
    with pytest.raises(BadSetting, match="KEY_FILE names could not be read"):
        secret({"KEY_FILE": str(tmp_path / "none")}, "KEY")
