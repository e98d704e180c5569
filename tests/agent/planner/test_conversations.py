"""Whole conversations through the real session: every sentence the planner writes passes the grounding checker."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import scripted

from agent.events import Approval, Clause, Event, Failed, Question, Struck, ToolStarted
from agent.session import Session
from agent.workspace import Workspace
from tools import Known, Scan


@dataclass
class Said:
    """What came back for one message."""

    tools: list[str] = field(default_factory=list)
    text: str = ""
    failed: list[str] = field(default_factory=list)
    options: tuple[str, ...] = ()
    approval: str = ""


Ask = Callable[[str], Said]


def _asker(session: Session) -> Ask:
    def ask(text: str) -> Said:
        return _gather(session.ask(text))

    return ask


def _gather(events: object) -> Said:
    said = Said()
    for event in events:  # type: ignore[attr-defined]
        assert isinstance(event, Event)
        assert not isinstance(event, Struck), event
        match event:
            case ToolStarted():
                said.tools.append(event.function)
            case Clause():
                said.text += event.text + "\n"
            case Question():
                said.text += event.text + "\n"
                said.options = event.options
            case Failed():
                said.failed.append(event.error)
            case Approval():
                said.approval = event.action
    return said


@pytest.fixture
def case(workspace: Workspace) -> Callable[..., Ask]:
    def open_case(scan: Scan | None = None, clicked: tuple[float, float, float] | None = scripted.BIG) -> Ask:
        session = Session.open(
            scan or scripted.balls(slice_interval_mm=1.0, slice_thickness_mm=1.0), workspace=workspace
        )
        if clicked is not None:
            session.select(point=clicked)
        return _asker(session)

    return open_case


TALK = (
    "hello", "thanks", "what can you do?", "who are you", "why?", "repeat that", "what drug should I give?",
    "doubling time?", "any pleural effusion?", "how sure are you?", "blorp zorp", "tighter and looser",
    "e-mail it to my colleague", "write that the lungs are normal", "which lobe?", "what did you find?",
    "what do you know about the patient?", "你好", "你能做什么", "讲个笑话",
    "倍增时间", "有没有气胸", "你确定吗", "为什么",
)  # fmt: skip
NEVER = re.compile(r"no (?:other )?nodules|unremarkable|is normal|未见|余肺|is malignant|is benign", re.IGNORECASE)


def test_from_a_click_to_advice_and_its_withdrawal(case: Callable[..., Ask]) -> None:
    ask = case(scripted.balls())
    first = ask("Segment what I clicked on and measure it.")
    assert first.tools == ["segment", "measure"]
    assert re.search(r"16\.\d mm x 16\.\d mm", first.text)
    assert re.search(r"slice thickness is 2\.0 mm", first.text)
    lobe = ask("Which lobe?")
    assert lobe.tools == ["recall"]
    assert "cannot name the lobe" in lobe.text
    open_question = ask("What follow-up does Fleischner advise?")
    assert open_question.tools == ["assess"]
    for word in (r"incidental|screening", r"\bage\b", r"cancer", r"immun", r"type", r"smok", r"\?"):
        assert re.search(word, open_question.text), word
    assert not re.search(r"\d+ months", open_question.text)
    half = ask("Incidental, 62-year-old woman, 40 pack-years, immunocompetent.")
    assert half.tools == ["assess"]
    assert "cancer" in half.text
    assert "?" in half.text
    row = ask("No cancer. Solid nodule.")
    assert "Fleischner 2017, row “solid, single, over 8 mm" in row.text
    assert re.search(r"if .*incidental.*40 pack-years.*: consider CT at 3 months", row.text)
    assert "thicker than 1.5 mm" in row.text
    gone = ask("Sorry, she had breast cancer in 2021.")
    assert gone.tools == ["assess"]
    assert "does not apply" in gone.text
    assert "withdrawn" in gone.text
    report = ask("Write the report.")
    assert report.tools == ["write_report"]
    for word in ("draft", "As you stated:", "“she had breast cancer in 2021”", "not assessed"):
        assert word in report.text
    assert not NEVER.search(report.text)


def test_outlined_again_the_old_size_stands_beside_the_new(case: Callable[..., Ask]) -> None:
    ask = case()
    ask("segment and measure")
    again = ask("segment again, tighter")
    assert again.tools == ["segment", "measure", "recall"]
    assert "threshold of 0.65" in again.text
    assert re.search(r"Lesion 1 measured .* before", again.text)
    assert "before" in ask("how big was it before?").text
    assert "0.65" in ask("which threshold did you use?").text


def test_a_search_is_told_with_what_it_may_miss(case: Callable[..., Ask]) -> None:
    ask = case(clicked=None)
    found = ask("find nodules")
    assert "2 candidates" in found.text
    assert "may miss lesions" in found.text
    choose = ask("measure it")
    assert choose.options == ("Measure lesion 1", "Measure lesion 2")
    assert ask(choose.options[1]).tools == ["segment", "measure"]
    assert ask("how suspicious is lesion 2?").tools == ["classify"]
    assert "LIDC readers' rating, 1-5" in ask("is it malignant?").text
    normal = ask("is this CT normal?")
    assert "cannot judge a scan as a whole" in normal.text
    assert not NEVER.search(normal.text)


def test_a_search_that_finds_nothing_is_not_a_negative_read(case: Callable[..., Ask]) -> None:
    air = scripted.balls()
    known = {"modality": Known("CT", "known"), "body_part": Known("CHEST", "known"), "slice_interval_mm": 2.0}
    empty = Scan.build(np.full(air.shape, -860, np.int16), air.affine, **known)
    said = case(empty, clicked=None)("find nodules")
    assert "no candidate above threshold" in said.text
    assert "not a negative read" in said.text


def test_guidelines_are_quoted_or_said_to_be_missing(case: Callable[..., Ask]) -> None:
    ask = case()
    recist = ask("What does RECIST 1.1 define as progression?")
    assert recist.tools == ["find_guideline"]
    assert "20 %" in recist.text
    assert "Source:" in recist.text
    assert "4A 5 to 15 %" in ask("what does Lung-RADS 4A mean?").text
    assert "hold no passage" in ask("what does the guideline say about watering orchids?").text


def test_what_contradicts_the_evidence_is_not_written(case: Callable[..., Ask]) -> None:
    ask = case()
    ask("分割并测量")
    refused = ask("在报告里写“双肺未见结节”")
    assert refused.tools == []
    assert "不符" in refused.text
    assert "病灶1" in refused.text


def test_a_conversation_in_chinese(case: Callable[..., Ask]) -> None:
    ask = case()
    assert ask("分割这个病灶并测量").tools == ["segment", "measure"]
    asked = ask("按Fleischner应该怎么随访?")
    assert "偶然发现" in asked.text
    assert "?" in asked.text
    row = ask("偶然发现,58岁,无肿瘤病史,免疫功能正常,实性结节")
    assert "3个月复查CT" in row.text
    lobe = ask("在左肺下叶,对吧?")
    assert "无法确定肺叶" in lobe.text
    assert "您" in lobe.text
    report = ask("出报告")
    for word in ("草稿", "左肺下叶", "未评估"):
        assert word in report.text
    assert "已撤回" in ask("她有乳腺癌病史").text
    assert not NEVER.search(report.text)


def test_export_waits_for_approval(workspace: Workspace) -> None:
    session = Session.open(scripted.balls(), workspace=workspace)
    session.select(point=scripted.BIG)
    ask = _asker(session)
    ask("segment, measure and report")
    assert ask("export the report as json").approval == "export"
    assert _gather(session.resume("reject")).text == "Nothing was exported.\n"
    assert ask("把报告导出为markdown").approval == "export"
    assert _gather(session.resume("approve")).text == "报告文件已写出。\n"


def test_a_picture_gets_no_millimetre_no_side_and_no_category(case: Callable[..., Ask]) -> None:
    picture = Scan.build(np.zeros((64, 64, 1), np.int16), np.eye(4), spacing=(None, None, None), laterality_known=False)
    assert picture.is_2d
    assert not picture.has_mm
    ask = case(picture, clicked=None)
    size = ask("How big is this opacity in cm?")
    assert re.search(r"pixel", size.text)
    assert not re.search(r"\d\s*(?:mm|cm)", size.text)
    assert "cannot tell which lung" in ask("Which lung is it in?").text
    assert "CT" in ask("Fine. Lung-RADS?").text


@pytest.mark.parametrize("text", TALK)
def test_what_needs_no_function_is_said_and_passes(case: Callable[..., Ask], text: str) -> None:
    said = case(clicked=None)(text)
    assert said.text
    assert not NEVER.search(said.text)


def test_statements_are_noted_with_their_evidence(case: Callable[..., Ask]) -> None:
    ask = case()
    ask("segment and measure")
    assert "As you stated: “62-year-old woman" in ask("62-year-old woman, ex-smoker").text
    told = ask("An outside report says 6 mm two years ago. Add that.")
    assert "6.0 mm before, not re-measured" in told.text
    assert told.tools == []


def test_a_lesion_that_is_not_there_changes_nothing(case: Callable[..., Ask]) -> None:
    ask = case()
    ask("segment and measure")
    gone = ask("measure lesion 9")
    assert gone.failed == ["NotApplicable"]
    assert "Nothing else" in gone.text


def test_a_fault_is_told_in_chinese_to_who_asks_in_chinese(case: Callable[..., Ask]) -> None:
    ask = case()
    ask("勾画")
    assert "没有您所说的病灶" in ask("测量病灶7").text
    assert "outlined" not in ask("测量病灶7").text


def test_a_size_measured_twice_over_is_told_once_as_the_size_before(case: Callable[..., Ask]) -> None:
    ask = case()
    for text in ("segment it", "measure it", "measure it again"):
        ask(text)
    assert "There was no measurement before" not in ask("how big was it before?").text
    ask("a bit tighter")
    assert ask("how big was it before?").text.count("axial plane before") == 1


def test_a_type_read_from_attenuation_is_not_asked_for_and_said_not_to_be_stated(workspace: Workspace) -> None:
    # 1 mm slices and a dense ball: the toolset reads it as solid.
    scan = scripted.balls(slice_interval_mm=1.0, slice_thickness_mm=1.0)
    session = Session.open(scan, workspace=workspace)
    session.select(point=scripted.BIG)
    ask = _asker(session)
    ask("segment and measure")
    assert "nodule type" not in ask("what follow-up?").text
    row = ask("incidental, 58, no cancer history, immunocompetent")
    assert "solid by measured attenuation (not stated)" in row.text
    assert "由测得的CT值读为实性" in ask("按Fleischner怎么随访?").text
