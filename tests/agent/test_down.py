"""A database that goes away under a turn: one clear line, whatever noticed it first, and the next turn goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import scripted
from fastapi import FastAPI
from fastapi.testclient import TestClient
from scripted import BIG, balls

from agent import Failed, Session
from agent.cases import Case, Cases
from agent.down import BROKE, broke
from tools import EvidenceStore
from tools.database import DatabaseDown
from tools.evidence import Evidence
from ui.routes import tell_down

AWAY = "The database db/x cannot be reached (OperationalError)."


class Line:
    """The way to the database, which can be cut."""

    def __init__(self) -> None:
        self.cut_at: str | None = None

    def pass_(self, place: str) -> None:
        """Raise DatabaseDown where the line is cut, and from then on everywhere."""
        if self.cut_at in (place, "everywhere"):
            self.cut_at = "everywhere"
            raise DatabaseDown(AWAY)


class FarEvidence(EvidenceStore):
    """Evidence over that way."""

    line: Line

    def rows(self, case_id: str) -> list[Evidence]:
        self.line.pass_("read")
        return super().rows(case_id)

    def append(self, case_id: str, mask: Any = None, **fields: Any) -> Evidence:
        self.line.pass_("append")
        return super().append(case_id, mask, **fields)


class FarCases(Cases):
    """Cases over that way."""

    line: Line

    def get(self, case_id: str, reader: str, need: Any = "own") -> Case:
        self.line.pass_("get")
        return super().get(case_id, reader, need)

    def keep_state(self, case_id: str, **changes: Any) -> None:
        self.line.pass_("keep")
        super().keep_state(case_id, **changes)


@pytest.mark.parametrize("place", ["get", "read", "append", "keep"])
def test_a_turn_ends_in_one_line_and_the_next_goes_on(tmp_path: Path, place: str) -> None:
    made, line = scripted.workspace(tmp_path), Line()
    made.evidence.close()
    made.cases.close()
    made.evidence, made.cases = FarEvidence(tmp_path / "evidence"), FarCases(tmp_path)
    made.evidence.line = made.cases.line = line
    session = Session.open(balls(), workspace=made)
    session.call("segment", point=list(BIG))
    list(session.ask("measure it"))
    kept = [e.to_json() for e in session.evidence.all()]
    line.cut_at = place
    events = list(session.ask("measure it"))
    assert [(e.error, e.text) for e in events if isinstance(e, Failed)] == [("DatabaseDown", AWAY)]
    line.cut_at = None
    assert [e.to_json() for e in session.evidence.all()][: len(kept)] == kept
    assert [e for e in session.ask("measure it") if isinstance(e, Failed)] == []
    assert made.evidence.verify() == []
    made.close()


def test_another_error_keeps_its_own_line(caplog: pytest.LogCaptureFixture) -> None:
    assert broke(DatabaseDown(AWAY)).text == AWAY
    assert "Traceback" not in caplog.text
    assert broke(ValueError("x")) == Failed("ValueError", BROKE)


def test_a_route_says_so_too() -> None:
    app = FastAPI()
    tell_down(app)

    @app.get("/case")
    def case() -> None:
        raise DatabaseDown(AWAY)

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/case")
    assert (answer.status_code, answer.json()) == (503, {"detail": AWAY})
