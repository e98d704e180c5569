"""Several segmenters side by side: one prompt, an outline and a size each, agreement measured, one of them taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scripted
from scripted import BIG, SMALL, balls
from wire import said

from agent.planner import plan
from agent.replay import replay
from agent.session import Session
from agent.toolset import act
from agent.toolset.desk import Desk
from agent.workspace import Workspace
from tools import Mask, NotApplicable, SegmentRequest, SegmentResult, VisionTool


class InnerSegmenter(VisionTool):
    """The bright core alone: what a second model with another idea of the border gives."""

    spec = scripted._spec("inner-segmenter", "segment", reported_by="A. Researcher")

    def run(self, request: SegmentRequest, progress: Any = lambda fraction, phrase: None) -> SegmentResult:
        from scipy.ndimage import label

        parts, _ = label(request.scan.voxels > 500)
        i, j, k = (round(v) for v in request.scan.to_index(request.seed))
        inside = (parts == parts[i, j, k]) & (parts > 0)
        return SegmentResult(Mask.from_grid(request.scan.id, inside, request.scan.affine, "nodule"), request.threshold)


class ForMr(VisionTool):
    """Takes no CT."""

    spec = scripted._spec("for-mr", "segment", modalities=("MR",), body_parts=())

    def run(self, request: SegmentRequest, progress: Any = lambda fraction, phrase: None) -> SegmentResult:
        raise AssertionError("out of scope")


class Lost(VisionTool):
    """Never finds anything."""

    spec = scripted._spec("lost", "segment")

    def run(self, request: SegmentRequest, progress: Any = lambda fraction, phrase: None) -> SegmentResult:
        raise NotApplicable("Nothing like a nodule at the click.")


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Workspace]:
    made = scripted.workspace(tmp_path / "home", also=(InnerSegmenter, ForMr))
    yield made
    made.close()


@pytest.fixture
def talk(two: Workspace) -> Session:
    """A case whose model is the embedded planner."""
    return Session.open(balls(), workspace=two)


def both(desk: Desk, **more: Any) -> dict[str, Any]:
    return act(desk, "segment", {"point": list(BIG), "tools": ["all"], **more})


def test_each_tool_has_its_own_outline_and_size_and_the_lesion_keeps_the_first(talk: Session) -> None:
    desk = talk.desk
    made = both(desk)
    assert [(row["tool"], row["current"]) for row in made["beside"]] == [("cut-segmenter", True), ("inner-segmenter", False)]
    record = desk.record
    assert [x.number for x in record.lesions] == [1]
    assert record.lesions[0].mask_evidence.producer == "cut-segmenter"
    assert [e.producer for e in record.alternatives(1)] == ["inner-segmenter"]
    wide, narrow = (row["quantities"]["axial_long_axis"]["value"] for row in made["beside"])
    assert narrow == pytest.approx(0.6 * wide, abs=1.1)
    assert record.next_number() == 2


def test_the_agreement_is_the_dice_of_the_two_outlines(talk: Session) -> None:
    desk = talk.desk
    (pair,) = both(desk)["agreement"]
    a, b = (desk.evidence.mask(desk.record.by_id[n]).voxels for n in desk.record.by_id[pair["evidence"]].inputs["outlines"])
    due = 2 * np.sum(a & b) / (a.sum() + b.sum())
    held = desk.record.by_id[pair["evidence"]].quantity("dice")
    assert held is not None
    assert held.value == pytest.approx(due)
    assert 0.2 < due < 0.6
    assert not desk.record.comparisons, "two outlines are no comparison with an earlier scan"


def test_an_alternative_falls_with_the_outline_it_lies_beside(talk: Session) -> None:
    desk = talk.desk
    both(desk)
    act(desk, "segment", {"lesion": 1, "change": "tighter"})
    assert desk.record.alternatives(1) == []
    assert len(desk.record.history(None)) == 1, "an alternative's size is no size the lesion had"


def test_taking_the_second_makes_it_the_outline_and_the_first_can_be_taken_back(talk: Session) -> None:
    desk = talk.desk
    first = both(desk)
    taken = act(desk, "segment", {"lesion": 1, "tool": "inner-segmenter"})
    assert taken["taken"]
    assert taken["supersedes"] == [first["evidence"]]
    lesion = desk.record.lesion(1)
    assert lesion is not None
    assert lesion.mask_evidence.producer == "inner-segmenter"
    assert lesion.measurement is not None
    assert lesion.measurement.parents == (taken["evidence"],)
    assert [e.producer for e in desk.record.alternatives(1)] == ["cut-segmenter"]
    back = act(desk, "segment", {"lesion": 1, "tool": "cut-segmenter"})
    assert desk.evidence.mask(desk.record.by_id[back["evidence"]]).hash == desk.evidence.mask(
        desk.record.by_id[first["evidence"]]
    ).hash


def test_a_taken_outline_by_a_tool_not_allowed_feeds_no_criteria(two: Workspace) -> None:
    two.registry.tools["inner-segmenter"].trusted = False
    session = Session.open(balls(), workspace=two)
    both(session.desk)
    act(session.desk, "segment", {"lesion": 1, "tool": "inner-segmenter"})
    with pytest.raises(NotApplicable, match=r"inner-segmenter, whose figures are reported by A\. Researcher"):
        act(session.desk, "assess", {"lesion": 1})


def test_a_tool_that_cannot_answer_is_named_and_harms_no_other(tmp_path: Path) -> None:
    workspace = scripted.workspace(tmp_path / "home", also=(InnerSegmenter, Lost))
    session = Session.open(balls(), workspace=workspace)
    made = both(session.desk)
    assert [row["tool"] for row in made["beside"]] == ["cut-segmenter", "inner-segmenter"]
    assert made["not_outlined"] == [{"tool": "lost", "why": "Nothing like a nodule at the click."}]
    workspace.close()


@pytest.mark.parametrize(
    ("tools", "reason"),
    [
        (["cut-segmenter"], "Between 2 and 6 tools"),
        (["cut-segmenter", "rater"], "rater is a tool to classify"),
        (["cut-segmenter", "nobody"], "There is no tool called 'nobody'"),
    ],
)
def test_what_cannot_be_laid_side_by_side_is_refused_and_records_nothing(
    talk: Session, tools: list[str], reason: str
) -> None:
    before = len(talk.evidence.all())
    with pytest.raises(Exception, match=reason):
        both(talk.desk, tools=tools)
    assert len(talk.evidence.all()) == before


def test_one_fitting_tool_is_not_enough(desk: Desk) -> None:
    with pytest.raises(NotApplicable, match="needs two segmenters that take this scan; there is cut-segmenter"):
        both(desk)


def test_a_replay_gives_the_same_again(talk: Session) -> None:
    both(talk.desk)
    act(talk.desk, "segment", {"lesion": 1, "tool": "inner-segmenter"})
    again = replay(talk)
    assert again.different == ()
    assert again.not_run == ()


# In the conversation


def test_the_conversation_lays_out_takes_and_answers_grounded(talk: Session) -> None:
    talk.select(point=BIG)
    answer = said(talk, "segment it with both")
    assert "Lesion 1 by cut-segmenter: axial long axis" in answer
    assert "Lesion 1 by inner-segmenter: axial long axis" in answer
    assert "the Dice overlap of cut-segmenter and inner-segmenter is 0." in answer
    assert "Lesion 1 keeps the outline of cut-segmenter" in answer
    answer = said(talk, "take the second")
    assert "Lesion 1 keeps the outline of inner-segmenter" in answer
    lesion = talk.record.lesion(1)
    assert lesion is not None
    assert lesion.mask_evidence.producer == "inner-segmenter"
    assert "cut-segmenter" in said(talk, "use cut-segmenter's outline")
    talk.select(point=SMALL)
    answer = said(talk, "用两个模型都分割")
    assert "cut-segmenter与inner-segmenter的Dice重叠为0." in answer


CARD = {
    "lesions": [{"id": 1, "outlines": ["cut-a", "net-b"]}], "focus": 1,
    "tools": [{"name": "cut-a", "task": "segment"}, {"name": "net-b", "task": "segment"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("segment it with both", {"lesion": 1, "tools": ["all"]}),
        ("outline it with both models", {"lesion": 1, "tools": ["all"]}),
        ("compare the two models", {"tools": ["all"]}),
        ("and with the other one", {"tools": ["all"]}),
        ("run all the segmenters on this lesion", {"lesion": 1, "tools": ["all"]}),
        ("segment it with net-b and cut-a", {"lesion": 1, "tools": ["net-b", "cut-a"]}),
        ("show me the models side by side", {"tools": ["all"]}),
        ("用两个模型都分割", {"tools": ["all"]}),
        ("用所有工具分割一下", {"tools": ["all"]}),
        ("take the second", {"lesion": 1, "tool": "net-b"}),
        ("use the first one instead", {"lesion": 1, "tool": "cut-a"}),
        ("keep net-b", {"lesion": 1, "tool": "net-b"}),
        ("用第二个", {"lesion": 1, "tool": "net-b"}),
        ("采用第一个轮廓", {"lesion": 1, "tool": "cut-a"}),
    ],
)
def test_the_planner_hears_it(text: str, due: dict[str, Any]) -> None:
    calls = plan(text, card=CARD)
    assert [(c.name, c.arguments) for c in calls] == [("segment", due)]


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("measure both", "measure"), ("show both lesions", "show"), ("which models do you have?", None),
        ("compare with the prior", "compare"), ("segment lesion 1 again", "segment"),
    ],
)  # fmt: skip
def test_other_wishes_stay_what_they_were(text: str, function: str | None) -> None:
    calls = plan(text, card=CARD)
    assert [c.name for c in calls][:1] == ([function] if function else [])
    assert all("tools" not in c.arguments for c in calls)


def test_the_second_of_nothing_is_a_lesion_not_an_outline() -> None:
    card = {**CARD, "lesions": [{"id": 1}, {"id": 2}]}
    assert plan("measure the second one", card=card)[0].arguments == {"lesion": 2}
