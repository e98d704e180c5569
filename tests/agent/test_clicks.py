"""Further clicks on an outline: kept with it, used again, and put where the reader clicked by the planner."""

from __future__ import annotations

from typing import Any

import pytest
from planner_cards import FIRST, SECOND, full
from scripted import BIG, SMALL, CutSegmenter, balls, workspace

from agent import ToolCall, plan
from agent.session import Session
from tools import NotApplicable, SegmentRequest, SegmentResult

CLICKED = full(lesions=[FIRST], focus=1, selection={"point": [1.0, 2.0, 3.0]})


class Remembering(CutSegmenter):
    """Keeps what it was asked."""

    asked: list[SegmentRequest] = []  # noqa: RUF012 - one list for the test that reads it

    def run(self, request: SegmentRequest, progress: Any = lambda fraction, phrase: None) -> SegmentResult:
        self.asked.append(request)
        return super().run(request, progress)


@pytest.fixture
def remembered(tmp_path: Any) -> Any:
    import dataclasses

    class Segmenter(Remembering):
        spec = dataclasses.replace(CutSegmenter.spec, name="remembering")
        asked: list[SegmentRequest] = []  # noqa: RUF012

    made = workspace(tmp_path / "home", also=(Segmenter,))
    yield Session.open(balls(), workspace=made), Segmenter.asked
    made.close()


def test_clicks_are_passed_kept_and_used_again(remembered: Any) -> None:
    session, asked = remembered
    session.call("segment", point=list(BIG), tool="remembering")
    session.call("segment", lesion=1, avoid=[[5.0, 0.0, 0.0]], tool="remembering")
    assert asked[-1].point == BIG
    assert asked[-1].clicks == (((5.0, 0.0, 0.0), False),)
    session.call("segment", lesion=1, add=[[10.0, 9.0, 0.0]], tool="remembering")
    session.call("segment", lesion=1, change="tighter", tool="remembering")
    assert set(asked[-1].clicks) == {((5.0, 0.0, 0.0), False), ((10.0, 9.0, 0.0), True)}
    mask = session.record.lesion(1).mask_evidence
    assert (mask.inputs["avoid"], mask.inputs["add"]) == ([[5.0, 0.0, 0.0]], [[10.0, 9.0, 0.0]])
    session.call("segment", lesion=1, point=list(BIG), tool="remembering")
    assert asked[-1].clicks == (), "a new click begins anew"


def test_a_click_to_leave_out_is_not_taken_for_a_new_lesion(remembered: Any) -> None:
    session, asked = remembered
    session.call("segment", point=list(BIG), tool="remembering")
    session.select(point=SMALL)
    told = session.call("segment", lesion=1, avoid=[list(SMALL)], tool="remembering")
    assert (told["lesion"], asked[-1].point, asked[-1].clicks) == (1, BIG, ((SMALL, False),))
    assert session.state.get("selection") is None


def test_odd_clicks_are_refused_and_nothing_is_recorded(remembered: Any) -> None:
    session, _ = remembered
    session.call("segment", point=list(BIG))
    before = len(session.evidence.all())
    for odd in ([[1.0, 2.0]], [[9999.0, 0.0, 0.0]], ["here"], [[0.0, 0.0, 0.0]] * 21):
        with pytest.raises(NotApplicable):
            session.call("segment", lesion=1, avoid=odd)
    assert len(session.evidence.all()) == before


@pytest.mark.parametrize(
    "text", ["leave the vessel out", "exclude the vessel", "leave this out", "把血管排除掉", "don't include this"]
)
def test_what_was_clicked_on_is_left_out(text: str) -> None:
    assert plan(text, card=CLICKED) == [ToolCall("segment", {"lesion": 1, "avoid": [[1.0, 2.0, 3.0]]})]


def test_without_a_click_the_outline_is_tightened_and_a_click_asked_for(session: Session) -> None:
    session.call("segment", point=list(BIG))
    told = Session(session.workspace, session.case_id, session.owner)
    answer = " ".join(e.text for e in told.ask("leave the vessel out") if type(e).__name__ == "Clause")
    assert "click on it" in answer
    assert session.record.lesion(1).mask_evidence.inputs.get("avoid") is None


def test_of_several_lesions_it_is_asked_which() -> None:
    several = full(lesions=[FIRST, SECOND], selection={"point": [1.0, 2.0, 3.0]})
    assert plan("leave the vessel out", card=several) == []
    assert plan("leave the vessel out of lesion 2", card=several)[0].arguments["lesion"] == 2
