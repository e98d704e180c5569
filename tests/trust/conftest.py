"""What the trust tests share: one case with a report, in a folder of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scripted import BIG, QUIMBY, balls, workspace

from agent import Session
from agent.statements import read_statements

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
