"""A case whose report is sent: real services, the shipped measuring tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from agent.session import Session
from agent.toolset.desk import Desk
from agent.workspace import Workspace
from tools import Scan


@dataclass(frozen=True)
class Case:
    """A session and its desk."""

    session: Session

    @property
    def desk(self) -> Desk:
        return self.session.desk


@pytest.fixture
def open_case(workspace: Workspace) -> Callable[[Scan], Case]:
    """Return a function that opens a scan in a new case."""
    return lambda scan: Case(Session.open(scan, workspace=workspace))
