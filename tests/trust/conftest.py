"""What the trust tests share: one case with a report, in a folder of its own; and the whole app behind logins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from coroutines import run
from houses import ANNA, MASKS, SCAN, House
from scripted import BIG, QUIMBY, balls, workspace

from agent import Session, Settings, Workspace
from agent.stated import read_statements
from ui.app import web
from ui.login import Login, hashed
from ui.rooms import Rooms

Report = tuple[str, dict[str, Any]]


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """report.md and evidence.json of a measured lesion."""
    home = tmp_path_factory.mktemp("report")
    made = workspace(home)
    session = Session.open(balls(source=QUIMBY), workspace=made)
    session.call("segment", point=list(BIG))
    session.call("measure", lesion=1)
    for statement in read_statements("62, never smoked, no known cancer"):
        session.state_fact(statement)
    session.call("write_report")
    files: dict[str, Path] = {f.name: f for f in session.export_files(home / "out")}
    found = files["report.md"].read_text(encoding="utf-8"), json.loads(files["evidence.json"].read_text(encoding="utf-8"))
    made.close()
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    from starlette.testclient import TestClient

    folder = tmp_path_factory.mktemp("people")
    file = folder / "readers"
    who = (("anna", "signer"), ("bert", "reader"), ("olga", "operator"))
    file.write_text("".join(f"{hashed(name, f'the word of {name}', role)}\n" for name, role in who))
    workspace = Workspace.open(Settings(home=folder / "home", logins=file))
    login, rooms = Login.of(workspace.settings), Rooms(workspace)
    session = Session.open(SCAN, owner=ANNA, workspace=workspace)
    session.load_mask(MASKS[0].voxels, "nodule")
    session.call("measure", lesion=1)
    session.call("write_report")

    async def made() -> Any:
        return web(workspace, rooms, login)

    app = run(made())
    with TestClient(app, base_url="https://app.test", follow_redirects=False, raise_server_exceptions=False) as client:
        yield House(client, workspace, rooms, login, session.case_id, app)
    workspace.close()


@pytest.fixture
def house(built: House) -> Iterator[House]:
    """The house, the case shared with nobody."""
    built.become(None)
    yield built
    for share in built.workspace.cases.shared_with(built.case, ANNA):
        built.workspace.unshare(built.case, ANNA, share.reader)
