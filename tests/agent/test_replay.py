"""A case is replayed from its record, without a model: the same evidence, and answers that still stand."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from scripted import BIG, CutSegmenter, ScriptedModel, balls, call, workspace

from agent import Session
from agent.replay import replay
from tools import SegmentRequest, SegmentResult


def _worked(home: Path) -> tuple[Any, Session]:
    made = workspace(home)
    session = Session.open(balls(), workspace=made)
    list(session.ask("find nodules"))
    session.select(point=BIG)
    for text in ("segment this and measure it", "a bit tighter", "rate it", "62, never smoked, no cancer, incidental, "
                 "immunocompetent, solid nodule", "what follow-up for lesion 1?", "how big was it before?"):  # fmt: skip
        list(session.ask(text))
    return made, session


def test_a_case_replays_to_the_same_evidence_and_answers(tmp_path: Path) -> None:
    made, session = _worked(tmp_path / "home")
    before = [e.to_json() for e in session.evidence.all()]
    again = replay(session)
    made.close()
    assert again.holds, (again.different, again.ungrounded)
    kinds = {e["id"]: e["kind"] for e in before}
    assert {kinds[n] for n in again.same} >= {"search", "mask", "measurement", "classification", "category"}
    assert set(again.same) | set(again.given) | set(again.not_run) == set(kinds)
    assert again.answers >= 10


def test_a_replay_records_nothing_and_outlives_a_restart(tmp_path: Path) -> None:
    made, session = _worked(tmp_path / "home")
    before, case = [e.to_json() for e in session.evidence.all()], session.case_id
    made.close()
    made = workspace(tmp_path / "home")
    session = Session.open(case=case, workspace=made)
    assert replay(session).holds
    assert [e.to_json() for e in session.evidence.all()] == before
    made.close()


def test_a_tool_that_answers_otherwise_is_found_out(tmp_path: Path) -> None:
    made, session = _worked(tmp_path / "home")
    case = session.case_id
    made.close()

    class Changed(CutSegmenter):
        spec = dataclasses.replace(CutSegmenter.spec)

        def run(self, request: SegmentRequest, progress: Any = lambda fraction, phrase: None) -> SegmentResult:
            return super().run(dataclasses.replace(request, threshold=request.threshold * 0.5), progress)

    made = workspace(tmp_path / "home")
    made.registry = type(made.registry)()
    for tool in (Changed, *[t for t in __import__("scripted").TOOLS if t is not CutSegmenter]):
        made.registry.add(tool)
    again = replay(Session.open(case=case, workspace=made))
    made.close()
    assert not again.holds
    assert any("outline" in line for line in again.different)


def test_an_answer_of_a_model_is_checked_again(tmp_path: Path) -> None:
    made = workspace(tmp_path / "home")
    model = ScriptedModel(steps=[call("segment", point=list(BIG)), call("measure", lesion=1)])
    session = Session.open(balls(), workspace=made, endpoint=model)
    list(session.ask("measure it"))
    assert replay(session).holds
    made.close()
