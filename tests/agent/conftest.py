"""A workspace of real services with tools that need no weights, and a case opened in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import scripted

from agent.session import Session
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
