"""A long case: what no model reads any more leaves the graph's thread and stays in the case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import scripted
from langchain_core.messages import AIMessage, HumanMessage

from agent.archive import Archive
from agent.session import Session
from agent.thread import AT_MOST, KEPT
from agent.workspace import Workspace


def filled(workspace: Workspace, turns: int, **more: Any) -> Session:
    session = Session.open(scripted.balls(), workspace=workspace, **more)
    session.call("segment", point=list(scripted.BIG))
    said: list[Any] = []
    for n in range(turns):
        said += [HumanMessage(f"question {n}", id=f"h{n}"), AIMessage(f"Outlined [E2]. {n}", id=f"a{n}")]
    session.graph.update_state(session.thread.config, {"messages": said})
    return session


def test_a_long_thread_is_cut_at_a_turn_and_nothing_said_is_lost(workspace: Workspace) -> None:
    session = filled(workspace, 100)
    list(session.ask("which threshold did you use?"))
    kept = session.thread.messages
    assert KEPT - 8 <= len(kept) <= AT_MOST
    assert kept[0].type == "human"
    told = session.history()
    assert [t["text"] for t in told[:200]] == [f(n) for n in range(100) for f in ("question {}".format, "Outlined [E2]. {}".format)]
    assert told[200] == {"role": "user", "text": "which threshold did you use?"}
    assert len(told) == 202


def test_it_is_there_again_after_a_restart_and_gone_with_the_case(workspace: Workspace) -> None:
    session = filled(workspace, 60)
    list(session.ask("which threshold did you use?"))
    told = session.history()
    again = Session.open(case=session.case_id, workspace=workspace)
    assert again.history() == told
    workspace.delete_case(session.case_id, "local")
    assert Archive(workspace.checkpoints, session.case_id).all() == []


def test_what_a_model_reads_of_it_is_every_evidence_id(workspace: Workspace) -> None:
    model = scripted.ScriptedModel()
    session = filled(workspace, 100, endpoint=model)
    for _ in range(2):
        model.steps[:] = [AIMessage("Outlined [E2].")]
        list(session.ask("go on"))
    system = str(model.asked[-1][0].content)
    assert "turns, which cited E2" in system
    assert "'question 80'" in system
    assert len(session.thread.messages) < AT_MOST


def test_a_message_put_away_twice_is_kept_once(workspace: Workspace) -> None:
    archive = Archive(workspace.checkpoints, "case")
    archive.add([("h0", "human", "a"), ("a0", "ai", "b")])
    archive.add([("a0", "ai", "b"), ("h1", "human", "c")])
    assert [one[0] for one in archive.all()] == ["h0", "a0", "h1"]
    assert Archive(workspace.checkpoints, "another").all() == []


def test_what_was_cut_off_between_archive_and_thread_is_not_told_twice(workspace: Workspace) -> None:
    session = filled(workspace, 10)
    session.thread.archive.add([("h0", "human", "question 0"), ("a0", "ai", "Outlined [E2]. 0")])
    assert [t["text"] for t in session.history()].count("question 0") == 1


def test_the_file_stays_small(workspace: Workspace) -> None:
    session = filled(workspace, 250)
    list(session.ask("which threshold did you use?"))
    workspace.checkpoints.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path: Path = workspace.settings.home / "conversations.sqlite"
    assert path.stat().st_size < 1_000_000
    size = workspace.checkpoints.conn.execute("SELECT max(length(checkpoint)) FROM checkpoints").fetchone()[0]
    assert size < 40_000
