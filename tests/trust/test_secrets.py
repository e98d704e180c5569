"""Keys, tokens and passwords planted in settings, forms and log-ins are in no log, page, error, repr or file."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from coroutines import run

from agent.events import AgentError, Event
from agent.llm import endpoint
from agent.session import Session
from agent.settings import Settings
from agent.workspace import Workspace
from tools.phantom import chest_phantom
from ui.acts import Acts
from ui.app import web
from ui.login import SESSION, Login, hashed, reader_id
from ui.rooms import Rooms

SECRETS = {
    "SCANWRIGHT_API_KEY": "sk-planted-model-key", "SCANWRIGHT_EMBEDDER_KEY": "sk-planted-embedder-key",
    "SCANWRIGHT_DICOMWEB_TOKEN": "planted-archive-token", "SCANWRIGHT_DICOMWEB_USER": "pacs:planted-archive-word",
}  # fmt: skip
PASSWORD, IN_URL, TYPED = "planted long password", "planted-url-word", "sk-planted-typed-key"
PLANTED = ("planted-", "planted long")
OLGA = reader_id("olga")


def found(text: str | bytes) -> list[str]:
    """Return the planted marks in a text."""
    seen = text.decode("latin-1") if isinstance(text, bytes) else text
    return [mark for mark in PLANTED if mark in seen]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """All secrets by file, one operator."""
    for name, value in SECRETS.items():
        file = tmp_path / name
        file.write_text(f"{value}\n")
        monkeypatch.setenv(f"{name}_FILE", str(file))
    logins = tmp_path / "readers"
    logins.write_text(f"{hashed('olga', PASSWORD, 'operator')}\n")
    monkeypatch.setenv("SCANWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SCANWRIGHT_LOGINS", str(logins))
    monkeypatch.setenv("SCANWRIGHT_BASE_URL", "http://127.0.0.1:9/v1")
    opened = Workspace.open()
    yield opened
    opened.close()


def refusing(request: httpx.Request) -> httpx.Response:
    """An endpoint that says the key it got in its refusal, as some do."""
    said = request.headers.get("authorization", "")
    return httpx.Response(401, json={"error": {"message": f"Incorrect key: {said}", "type": "invalid_request_error"}})


def test_the_secrets_arrive_and_no_repr_has_them(workspace: Workspace) -> None:
    settings = workspace.settings
    held = (settings.api_key, settings.embedder_key, settings.dicomweb_token, settings.dicomweb_user)
    assert held == tuple(SECRETS.values())
    assert found(repr(settings)) == []
    assert found(repr(workspace)) == []
    assert found(str(vars(Login.of(settings)))) == []


def test_a_refused_key_is_in_no_event_log_or_file(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("authorization", ""))
        return refusing(request)

    scan, _ = chest_phantom(spacing=(8.0, 8.0, 12.0))
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        model = endpoint(workspace.settings, http_client=client)
        session = Session.open(scan, workspace=workspace, endpoint=model)
        events: list[Event] = list(session.ask("what is this?"))
    assert SECRETS["SCANWRIGHT_API_KEY"] in asked[0]
    for event in events:
        assert found(str(event.to_json())) == [], event
    assert found(caplog.text) == []
    for path in workspace.settings.home.rglob("*"):
        if path.is_file():
            assert found(path.read_bytes()) == [], path


def test_no_page_panel_or_answer_shows_one(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    from starlette.testclient import TestClient

    caplog.set_level(logging.DEBUG)
    rooms, login = Rooms(workspace), Login.of(workspace.settings)

    async def made() -> Any:
        return web(workspace, rooms, login)

    shown: list[Any] = []
    with TestClient(run(made()), base_url="https://app.test", follow_redirects=False) as client:
        shown.append(client.post("/login", data={"username": "olga", "password": f"{PASSWORD}, wrong"}))
        shown.append(client.post("/login", data={"username": "olga", "password": PASSWORD}))
        token = client.cookies[SESSION]
        shown += [client.get(path) for path in ("/", "/config", "/gradio_api/info", "/audit.jsonl", "/login")]
        acts = Acts(rooms)
        for act in (
            acts.arrive(OLGA), acts.panel(OLGA, "settings"), acts.panel(OLGA, "tools"),
            acts.endpoint(OLGA, f"http://me:{IN_URL}@127.0.0.1:9/v1", "m", TYPED),
            acts.endpoint(OLGA, "http://127.0.0.1:9/v1", "m", TYPED),
            acts.reader_password(OLGA, "olga", "planted long new one"), acts.panel(OLGA, "settings"),
        ):  # fmt: skip
            shown += list(act)
    assert workspace.settings.api_key == TYPED
    assert any("A key is set" in str(s) for s in shown)
    for one in shown:
        text = one.text if hasattr(one, "text") else str(one)
        assert found(text) == []
        assert token not in text
    logged = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore")))
    assert found(logged) == []
    assert token not in logged
    for path in workspace.settings.home.rglob("*"):
        if path.is_file():
            assert found(path.read_bytes()) == [], path
            assert token.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    "name", ["SCANWRIGHT_BASE_URL", "OPENAI_BASE_URL", "SCANWRIGHT_EMBEDDER_URL", "SCANWRIGHT_DICOMWEB_URL"]
)
def test_an_address_holds_no_password_for_addresses_are_logged(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, f"https://me:{IN_URL}@host.test/v1")
    with pytest.raises(AgentError, match=f"{name} holds a name or password") as refused:
        Settings.from_environment()
    assert found(str(refused.value)) == []


@pytest.mark.parametrize("name", list(SECRETS))
def test_a_file_that_cannot_be_read_is_named_by_its_variable_alone(
    name: str, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text("planted-line\nplanted-other\n")
    with pytest.raises(AgentError, match=f"{name}_FILE") as refused:
        Settings.from_environment()
    assert found(str(refused.value)) == []
    assert str(tmp_path) not in str(refused.value)
