"""Turns that are killed (SIGKILL) at random moments, and whether the case is sound afterwards."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import scripted
from scripted import BIG, ScriptedModel, balls, call

from agent import Clause, Failed, Session

KILLED = Path(__file__).resolve().parent / "agent" / "killed_turn.py"


def filled(home: Path) -> str:
    """Make a case with a measured lesion and a turn, and return its id."""
    made = scripted.workspace(home)
    session = Session.open(balls(), workspace=made, endpoint=ScriptedModel(steps=[call("measure", lesion=1)]))
    session.call("segment", point=list(BIG))
    list(session.ask("measure it"))
    made.audit.add("local", "opened", session.case_id)
    made.close()
    return session.case_id


def kill_turns(home: Path, count: int, seed: int) -> tuple[int, list[str]]:
    """Kill that many turns of one case, each at a random moment; return how many died and what was not sound then."""
    case = filled(home)
    rng = random.Random(seed)
    killed, wrong = 0, []
    for _ in range(count):
        made = scripted.workspace(home)
        kept = [e.id for e in Session.open(case=case, workspace=made).evidence.all()]
        made.close()
        done = subprocess.run(
            [sys.executable, str(KILLED), str(home), case, f"{rng.uniform(0.001, 1.2):.3f}"],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        killed += done.returncode == -signal.SIGKILL
        made = scripted.workspace(home)
        session = Session.open(case=case, workspace=made, endpoint=ScriptedModel(steps=[call("measure", lesion=1)]))
        ids = [e.id for e in session.evidence.all()]
        wrong += made.evidence.verify() + made.audit.verify()
        if ids[: len(kept)] != kept:
            wrong.append("evidence was lost")
        events = list(session.ask("measure lesion 1"))
        if any(isinstance(e, Failed) for e in events) or not any(isinstance(e, Clause) for e in events):
            wrong.append("the next turn failed")
        made.close()
    return killed, wrong
