"""A workspace of real services with tools that need no weights, and a case opened in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import scripted
from bothways import Place
from scripted import BIG, QUIMBY, balls
from wire import Server

from agent.cases import Cases
from agent.llm import endpoint
from agent.session import Session
from agent.settings import Settings
from agent.toolset.desk import Desk
from agent.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace over an empty data folder."""
    made = scripted.workspace(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def session(workspace: Workspace) -> Session:
    """A case with two solid balls, its model a script that says "Done."."""
    return Session.open(scripted.balls(), workspace=workspace, endpoint=scripted.ScriptedModel())


@pytest.fixture
def desk(session: Session) -> Desk:
    """That case's desk."""
    return session.desk


@pytest.fixture
def cases(tmp_path: Path, place: Place) -> Iterator[Cases]:
    """No case yet, in each of the two databases."""
    made = Cases(tmp_path, place.databases)
    yield made
    made.close()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def wired(workspace: Workspace, server: Server) -> Iterator[Session]:
    """A case of a DICOM scan that names somebody, one lesion outlined (E2), its model behind the server."""
    settings = Settings(
        home=workspace.settings.home, base_url="http://llm.test/v1", api_key="sk-test", model="some-model"
    )
    with httpx.Client(transport=httpx.MockTransport(server)) as client:
        model = endpoint(settings, http_client=client)
        session = Session.open(balls(source=QUIMBY), workspace=workspace, endpoint=model)
        session.call("segment", point=list(BIG))
        yield session
