"""`kill -9` in the middle of a turn: the case reopens, nothing half is in it, and the next turn works."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from scripted import BIG, balls, workspace

from agent import Clause, Failed, Session
from agent.replay import replay

SCRIPT = Path(__file__).parent / "killed_turn.py"


def _begun(home: Path) -> str:
    made = workspace(home)
    session = Session.open(balls(), workspace=made)
    session.call("segment", point=list(BIG))
    list(session.ask("measure it"))
    made.close()
    return session.case_id


def _killed(home: Path, case: str, point: str) -> bool:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(home), case, point], capture_output=True, text=True, timeout=120, check=False
    )
    assert "ready" in done.stdout, done.stderr
    return done.returncode == -signal.SIGKILL


def _sound(home: Path, case: str, kept: list[str]) -> None:
    """Check a case that a killed process left behind."""
    made = workspace(home)
    try:
        assert made.evidence.verify() == []
        session = Session.open(case=case, workspace=made)
        assert [e.id for e in session.evidence.all()][: len(kept)] == kept
        calls = {c["id"] for m in session.thread.messages if isinstance(m, AIMessage) for c in m.tool_calls}
        answers = {m.tool_call_id for m in session.thread.messages if isinstance(m, ToolMessage)}
        assert calls == answers
        assert session.thread.waiting == 0
        events = list(session.ask("measure lesion 1"))
        assert [e for e in events if isinstance(e, Failed)] == []
        assert any(" mm" in e.text for e in events if isinstance(e, Clause))
        again = replay(session)
        assert again.holds, (again.different, again.ungrounded)
    finally:
        made.close()


def _ids(home: Path, case: str) -> list[str]:
    made = workspace(home)
    found = [e.id for e in Session.open(case=case, workspace=made).evidence.all()]
    made.close()
    return found


LATE = [pytest.param(point, marks=pytest.mark.long) for point in ("evidence", "finished", "settle")]


@pytest.mark.parametrize("point", ["tool", "clause", *LATE])
def test_a_killed_turn_leaves_a_sound_case(tmp_path: Path, point: str) -> None:
    case = _begun(tmp_path)
    kept = _ids(tmp_path, case)
    assert _killed(tmp_path, case, point)
    _sound(tmp_path, case, kept)


@pytest.mark.long
def test_many_kills_at_any_moment_leave_one_sound_case(tmp_path: Path) -> None:
    case = _begun(tmp_path)
    rng = random.Random(20261124)
    killed = 0
    for _ in range(12):
        kept = _ids(tmp_path, case)
        killed += _killed(tmp_path, case, f"{rng.uniform(0.001, 1.2):.3f}")
        _sound(tmp_path, case, kept)
    assert killed >= 3
