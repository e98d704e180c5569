"""Asking about change: what is called, and answers that give both sizes, the change only where it may be told."""

from __future__ import annotations

import re

import pytest
import scripted
import steered
from planner_cards import FIRST, SECOND, full

from agent.events import Clause, Failed, Struck
from agent.planner import ToolCall, plan
from agent.session import Session
from agent.workspace import Workspace

PRIOR = {"id": 1, "evidence": "E3", "interval_days": 365, "compared": True, "lesions": []}
WITH_PRIOR = full(lesions=[FIRST, SECOND], prior=PRIOR)
THICK = (
    "The slice interval is 1 mm now and 5 mm before: they may differ by 0.5 mm.",
    "A slice interval is 5 mm: above 2.5 mm no growth and no doubling time is given.",
    "The outlines are by different methods: reader now and nodule-segmenter 1.0.0 before.",
)


@pytest.mark.parametrize(
    ("text", "function", "arguments"),
    [
        ("Compare with the scan from March", "compare", {"which": "the scan from March"}),
        ("compare with last year", "compare", {}),
        ("is it growing?", "compare", {}),
        ("doubling time?", "compare", {}),
        ("what is the volume doubling time of lesion 1?", "compare", {}),
        ("sum of the targets?", "compare", {"sum_targets": True}),
        ("sum of diameters of target lesions 1 and 2", "compare", {"targets": [1, 2]}),
        ("add up the target diameters", "compare", {"sum_targets": True}),
        ("use my line instead for lesion 1", "measure", {"lesion": 1, "own_line": True}),
        ("take my axis for lesion 2", "measure", {"lesion": 2, "own_line": True}),
        ("长大了吗?", "compare", {}),
        ("倍增时间是多少?", "compare", {}),
        ("靶病灶长径之和是多少?", "compare", {"sum_targets": True}),
        ("病灶1用我画的线", "measure", {"lesion": 1, "own_line": True}),
    ],
)
def test_what_is_called(text: str, function: str, arguments: dict[str, object]) -> None:
    assert plan(text, WITH_PRIOR) == [ToolCall(function, arguments)]


def test_without_a_prior_a_doubling_time_calls_nothing() -> None:
    assert plan("doubling time?", full(lesions=[FIRST])) == []


@pytest.mark.parametrize("text", ["use my outline", "measure with a threshold of 0.4", "how is the sum of diameters defined in RECIST?"])
def test_what_only_sounds_like_it(text: str) -> None:
    assert not any(c.arguments.get("own_line") or c.name == "compare" for c in plan(text, WITH_PRIOR))


@pytest.fixture
def session(workspace: Workspace) -> Session:
    return Session.open(scripted.balls(source=scripted.QUIMBY), workspace=workspace)


def ask(session: Session, text: str) -> str:
    said = ""
    for event in session.ask(text):
        assert not isinstance(event, (Struck, Failed)), event
        said += event.text + "\n" if isinstance(event, Clause) else ""
    return said


GROWS = re.compile(r"\b(?:has grown|is growing|larger|smaller|stable|unchanged)\b|增大|缩小|稳定|变大")


@pytest.mark.parametrize(("text", "within"), [("is it growing?", "within what two readers differ by"), ("长大了吗?", "两位阅片者的差异范围内")])
def test_within_the_readers_noise_it_is_called_that(session: Session, text: str, within: str) -> None:
    steered.with_prior(session, now=8.0, then=7.7)
    said = ask(session, text)
    assert within in said
    assert not GROWS.search(said)


@pytest.mark.parametrize(("text", "way", "time"), [("is it growing?", "larger, by more than two readers differ", "doubling time"), ("长大了吗?", "增大,超出两位阅片者的差异", "倍增时间")])
def test_beyond_it_the_direction_is_told_with_both_sizes(session: Session, text: str, way: str, time: str) -> None:
    steered.with_prior(session, now=8.0, then=6.0)
    said = ask(session, text)
    assert way in said
    assert time in said
    assert "365" in said
    assert re.search(r"\+\d\.\d mm", said)


@pytest.mark.parametrize(("text", "cannot"), [("is it growing?", "cannot judge growth"), ("长大了吗?", "无法由此判断病灶1的增长")])
def test_where_growth_may_not_be_told_both_sizes_and_the_reason_are(session: Session, text: str, cannot: str) -> None:
    steered.with_prior(session, now=8.0, then=6.0, reasons=THICK)
    said = ask(session, text)
    assert cannot in said
    assert not GROWS.search(said)
    assert "5 mm" in said
    assert not re.search(r"\+\d", said)
    pair = session.record.comparisons[0]
    assert pair.quantity("prior_mean_diameter") is not None
    assert len(re.findall(r"1[0-9]\.\d mm", said)) >= 4


def test_a_doubling_time_is_given_or_the_reason_why_not(session: Session, workspace: Workspace) -> None:
    steered.with_prior(session, now=8.0, then=6.0)
    assert re.search(r"volume doubling time \d+ days", ask(session, "doubling time of lesion 1?"))
    other = Session.open(scripted.balls(source=scripted.QUIMBY), workspace=workspace)
    steered.with_prior(other, now=8.0, then=6.0, reasons=THICK)
    said = ask(other, "doubling time?")
    assert "cannot give a doubling time" in said
    assert not re.search(r"doubling time (?:is|of|:|=)?\s*\d", said)


@pytest.mark.parametrize("text", ["what has changed since the prior?", "与前片对比"])
def test_new_and_gone_are_told_as_far_as_outlines_go(session: Session, text: str) -> None:
    steered.with_prior(session, alone=(1,))
    said = ask(session, text)
    assert re.search(r"new as far as the prior is outlined|为新发", said)
    assert re.search(r"Lesion 3: outlined on the prior|病灶3:既往扫描上已勾画", said)


@pytest.mark.parametrize("text", ["compare with the prior", "与前片对比"])
def test_identity_and_interval_are_said_or_said_to_be_unknown(workspace: Workspace, text: str) -> None:
    session = Session.open(scripted.balls(), workspace=workspace)
    steered.with_prior(session)
    said = ask(session, text)
    assert re.search(r"Identity not verified|身份未核实", said)
    assert re.search(r"interval between the scans is not known|间隔未知", said)


def test_the_interval_may_come_with_the_question(workspace: Workspace) -> None:
    session = Session.open(scripted.balls(), workspace=workspace)
    steered.with_prior(session)
    assert "91 days before this one, as you stated" in ask(session, "Compare with the CT from 3 months ago")


@pytest.mark.parametrize(("text", "said"), [("targets are lesions 1 and 2. What is the sum of the targets?", "Sum of the long axes"), ("靶病灶为1和2。靶病灶长径之和是多少?", "长径之和")])
def test_a_sum_of_targets(session: Session, text: str, said: str) -> None:
    steered.with_prior(session)
    assert said in ask(session, text)


@pytest.mark.parametrize(("text", "said"), [("use my line instead", "set by the reader"), ("病灶1用我画的线", "阅片者所画")])
def test_the_readers_own_line(session: Session, text: str, said: str) -> None:
    steered.with_prior(session)
    session.draw_line((4.0, 8.0, 0.0), (16.0, 8.0, 0.0), lesion=1)
    session.desk.keep(focus=1)
    answer = ask(session, text)
    assert "12.0 mm" in answer
    assert said in answer
