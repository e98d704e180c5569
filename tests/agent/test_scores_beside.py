"""Several classifiers side by side: scores of each, how far apart in numbers, and nobody preferred."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import scripted
from scripted import BIG, balls
from wire import said

from agent.planner import plan
from agent.replay import replay
from agent.session import Session
from agent.toolset import act
from agent.workspace import Workspace
from tools import ClassifyRequest, ClassifyResult, NotApplicable, Quantity, VisionTool


def scorer(name: str, scores: dict[str, float], **changes: Any) -> type[VisionTool]:
    """Return a classifier that always gives these scores."""

    class Scorer(VisionTool):
        spec = scripted._spec(name, "classify", reported_by="A. Researcher", **changes)

        def run(self, request: ClassifyRequest, progress: Any = lambda fraction, phrase: None) -> ClassifyResult:
            if not scores:
                raise NotApplicable(f"{name} takes larger lesions.")
            return ClassifyResult(tuple(Quantity(n, v, "1", "made") for n, v in scores.items()))

    return Scorer


ROUND = scorer("net-a", {"score_round": 0.25, "score_oval": 0.75})
OTHER = scorer("net-b", {"score_round": 0.5, "score_lobed": 0.125})
TEXTURE = scorer("texture-net", {"score_solid": 0.4, "score_part_solid": 0.6})
SILENT = scorer("silent", {})
FOR_MR = scorer("for-mr", {"score_round": 1.0}, modalities=("MR",))


@pytest.fixture
def several(tmp_path: Path) -> Iterator[Workspace]:
    made = scripted.workspace(tmp_path / "home", also=(ROUND, OTHER, TEXTURE, SILENT, FOR_MR))
    yield made
    made.close()


@pytest.fixture
def talk(several: Workspace) -> Session:
    """A case with lesion 1 outlined, whose model is the embedded planner."""
    session = Session.open(balls(), workspace=several)
    act(session.desk, "segment", {"point": list(BIG)})
    return session


def test_each_tool_has_its_own_scores_and_the_lesion_keeps_the_first(talk: Session) -> None:
    desk = talk.desk
    made = act(desk, "classify", {"lesion": 1, "tools": ["net-a", "net-b", "texture-net"]})
    assert [row["tool"] for row in made["beside"]] == ["net-a", "net-b", "texture-net"]
    lesion = desk.record.lesion(1)
    assert lesion is not None
    assert lesion.rating is not None
    assert lesion.rating.producer == "net-a"
    assert len(desk.record.history(1, "classification")) == 1, "what lies beside is no rating the lesion had"


def test_how_far_two_are_apart_is_the_difference_of_what_both_give(talk: Session) -> None:
    desk = talk.desk
    first, second, third = act(desk, "classify", {"lesion": 1, "tools": ["net-a", "net-b", "texture-net"]})["agreement"]
    assert first["tools"] == ["net-a", "net-b"]
    held = desk.record.by_id[first["evidence"]]
    assert [(q.name, q.value) for q in held.quantities] == [("largest_difference", 0.25), ("score_round_difference", 0.25)]
    assert (second["evidence"], third["evidence"]) == (None, None), "nothing in common, nothing compared"
    assert not desk.record.comparisons, "two scores are no comparison with an earlier scan"


def test_all_are_those_in_scope_and_one_that_cannot_answer_is_named(talk: Session) -> None:
    made = act(talk.desk, "classify", {"lesion": 1, "tools": ["all"]})
    assert [row["tool"] for row in made["beside"]] == ["net-a", "net-b", "rater", "texture-net"]
    assert made["not_scored"] == [{"tool": "silent", "why": "silent takes larger lesions.", "sayable": False}]


def test_what_lies_beside_falls_with_the_first_and_with_the_outline(talk: Session) -> None:
    desk = talk.desk
    made = act(desk, "classify", {"lesion": 1, "tools": ["net-a", "net-b"]})
    ids = [row["evidence"] for row in made["beside"]] + [made["agreement"][0]["evidence"]]
    act(desk, "classify", {"lesion": 1, "tool": "net-b"})
    assert not desk.record.current & set(ids)


@pytest.mark.parametrize(
    ("tools", "reason"),
    [
        (["net-a"], "Between 2 and 6 tools"), (["net-a", "cut-segmenter"], "cut-segmenter is a tool to segment, not to classify"),
        (["net-a", "nobody"], "There is no tool called 'nobody'"),
    ],
)  # fmt: skip
def test_what_cannot_be_laid_side_by_side_is_refused_and_records_nothing(talk: Session, tools: list[str], reason: str) -> None:
    before = len(talk.evidence.all())
    with pytest.raises(Exception, match=reason):
        act(talk.desk, "classify", {"lesion": 1, "tools": tools})
    assert len(talk.evidence.all()) == before


def test_one_fitting_classifier_is_not_enough(tmp_path: Path) -> None:
    workspace = scripted.workspace(tmp_path / "home")
    session = Session.open(balls(), workspace=workspace)
    act(session.desk, "segment", {"point": list(BIG)})
    with pytest.raises(NotApplicable, match="needs two classifiers that take this scan; there is rater"):
        act(session.desk, "classify", {"tools": ["all"]})
    workspace.close()


def test_a_replay_gives_the_same_again(talk: Session) -> None:
    act(talk.desk, "classify", {"lesion": 1, "tools": ["net-a", "net-b"]})
    again = replay(talk)
    assert (again.different, again.not_run) == ((), ())


def test_the_conversation_says_each_and_how_far_apart(talk: Session) -> None:
    answer = said(talk, "classify lesion 1 with net-a and net-b")
    assert "Lesion 1 by net-a: score round 0.25, score oval 0.75" in answer
    assert "Lesion 1 by net-b: score round 0.50, score lobed 0.13" in answer
    assert "the scores that net-a and net-b share differ by 0.25 at most" in answer
    assert "Lesion 1 keeps the scores of net-a, the tool named before the others" in answer
    assert "no diagnosis, and enters neither impression nor criteria" in answer
    answer = said(talk, "characterise it with both")
    assert "LIDC readers' rating, 1-5, as estimated by rater for lesion 1: 3.0" in answer
    assert "net-a and texture-net give no score in common, so they are not compared" in answer
    assert "No score by silent; its reason stands with the step" in answer, "it says what a lesion is not"
    assert "net-a与net-b共有的评分最多相差0.25" in said(talk, "用net-a和net-b给病灶1评分")


def test_scores_whose_names_would_say_what_the_lesion_is_are_not_read_out(talk: Session) -> None:
    answer = said(talk, "rate it with texture-net")
    assert "The tool's scores stand with their evidence" in answer
    assert "solid" not in answer


CARD = {
    "lesions": [{"id": 1}, {"id": 2}], "focus": 1,
    "tools": [
        {"name": "cut-a", "task": "segment"}, {"name": "net-a", "task": "classify"}, {"name": "net-3", "task": "classify"},
        {"name": "bright-region", "task": "segment", "asked": ["亮区分割", "find the glow"]},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("characterise it with both", {"lesion": 1, "tools": ["all"]}),
        ("classify lesion 2 with net-3 and net-a", {"lesion": 2, "tools": ["net-3", "net-a"]}),
        ("classify lesion 2 with net-3", {"lesion": 2, "tool": "net-3"}),
        ("rate it with all classifiers", {"lesion": 1, "tools": ["all"]}),
        ("run net-a on lesion 2", {"lesion": 2, "tool": "net-a"}),
        ("classify the lesion", {"lesion": 1}),
        ("用两个模型给它评分", {"lesion": 1, "tools": ["all"]}),
        ("用net-a给病灶2分类", {"lesion": 2, "tool": "net-a"}),
    ],
)
def test_the_planner_hears_which_tools_are_to_score(text: str, due: dict[str, Any]) -> None:
    calls = plan(text, card=CARD)
    assert [(c.name, c.arguments) for c in calls] == [("classify", due)]


@pytest.mark.parametrize("text", ["use the bright region tool on lesion 1", "亮区分割", "segment lesion 1 with bright-region"])
def test_a_tool_is_meant_by_its_name_in_words_and_by_its_own_sentences(text: str) -> None:
    (call, *_) = plan(text, card=CARD, utterances={"segment": ("亮区分割", "use the bright region tool")})
    assert (call.name, call.arguments.get("tool")) == ("segment", "bright-region")


@pytest.mark.parametrize(
    ("text", "function"),
    [("segment it with both", "segment"), ("which models do you have?", None), ("measure both", "measure")],
)
def test_other_wishes_stay_what_they_were(text: str, function: str | None) -> None:
    assert [c.name for c in plan(text, card=CARD)][:1] == ([function] if function else [])
