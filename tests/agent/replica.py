"""One replica of the app in a process of its own, with what the environment says; run by `test_shared`.

    python replica.py CASE begin|go on      take turns, then print what the case holds as one line of JSON
    python replica.py CASE POINT            take a turn and die there, see `killed_turn`
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

import killed_turn  # noqa: E402
import scripted  # noqa: E402

import knowledge  # noqa: E402
from agent import Clause, Session, Settings, ToolFinished, Workspace  # noqa: E402


def main(case: str, act: str) -> None:
    """Do one of the two."""
    settings = Settings.from_environment()
    made = scripted.shared_workspace(settings, settings.home)
    if act == "tool":
        made.registry = type(made.registry)()
        for tool in (*scripted.TOOLS[:-1], killed_turn.Dying):
            made.registry.add(tool)
    kind = killed_turn.DyingSession if act == "settle" else Session
    session = kind.open(scripted.balls() if act == "begin" else None, case=case, workspace=made)
    if act == "begin":
        session.call("segment", point=list(scripted.BIG))
    if act in ("begin", "go on"):
        list(session.ask("measure it"))
        found = [p.id for p in _passages(made)]
        said = {
            "history": session.history(),
            "evidence": [e.to_json() for e in session.evidence.all()],
            "guideline": found,
            "problems": made.evidence.verify() + made.audit.verify(),
        }
        made.close()
        print(json.dumps(said))
        return
    for event in session.ask("62, never smoked. tighter, measure it and write the report"):
        if (act == "clause" and isinstance(event, Clause)) or (act == "evidence" and isinstance(event, ToolFinished)):
            killed_turn.die()


def _passages(made: Workspace) -> list[knowledge.Passage]:
    return knowledge.search("solid nodule 8 mm follow-up", store=made.passages)


if __name__ == "__main__":
    main(*sys.argv[1:])
