"""Lobes outlined by a tool: then, and only then, a lobe is named; a lobe is nobody's lesion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scripted
from scripted import BIG, SMALL, balls
from wire import said

from agent.grounding import check
from agent.planner import plan
from agent.replay import replay
from agent.session import Session
from agent.toolset import act
from agent.workspace import Workspace
from tools import Mask, SegmentRequest, SegmentResult, VisionTool


class MadeLobes(VisionTool):
    """Two lobes by a plane through the made chest: right of x = -2 mm, and left of it."""

    spec = scripted._spec(
        "made-lobes", "segment", labels=("right upper lobe", "left lower lobe"), prompts="unused", anatomy=True,
        utterances={"en": ("segment the lobes", "outline the lung lobes"), "zh": ("分割肺叶",)},
    )  # fmt: skip

    def run(self, request: SegmentRequest, progress: Any = lambda fraction, phrase: None) -> SegmentResult:
        scan = request.scan
        x = scan.affine[0, 0] * np.arange(scan.shape[0]) + scan.affine[0, 3]
        right = np.broadcast_to((x > -2.0)[:, None, None], scan.shape)
        masks = [
            Mask.from_grid(scan.id, grid, scan.affine, name)
            for grid, name in ((right, "right upper lobe"), (~right, "left lower lobe"))
        ]
        return SegmentResult(masks[0], request.threshold, ("A made pair of lobes.",), (masks[1],))


@pytest.fixture
def lobed(tmp_path: Path) -> Iterator[Workspace]:
    made = scripted.workspace(tmp_path / "home", also=(MadeLobes,))
    yield made
    made.close()


@pytest.fixture
def talk(lobed: Workspace) -> Session:
    return Session.open(balls(), workspace=lobed)


def test_a_lobe_is_no_lesion_and_takes_no_number(talk: Session) -> None:
    act(talk.desk, "segment", {"point": list(BIG)})
    made = act(talk.desk, "segment", {"tool": "made-lobes"})
    assert [p["place"] for p in made["places"]] == ["right upper lobe", "left lower lobe"]
    assert [x.number for x in talk.record.lesions] == [1]
    assert talk.record.next_number() == 2
    assert made["lesions"] == [{"lesion": 1, "lobe": "right upper lobe", "evidence": "E5"}]


def test_lesions_outlined_before_and_after_are_told_apart_by_lobe(talk: Session) -> None:
    act(talk.desk, "segment", {"tool": "made-lobes"})
    act(talk.desk, "segment", {"point": list(BIG)})
    act(talk.desk, "segment", {"point": list(SMALL)})
    lobes = [x.lobe_by_tool.inputs["value"] for x in talk.record.lesions if x.lobe_by_tool]
    assert lobes == ["right upper lobe", "left lower lobe"]
    act(talk.desk, "segment", {"lesion": 1, "change": "tighter"})
    lesion = talk.record.lesion(1)
    assert lesion is not None
    assert lesion.lobe_by_tool is not None
    assert lesion.mask_evidence.id in lesion.lobe_by_tool.parents
    assert talk.record.comparisons == []


def test_a_lesion_across_the_border_is_given_no_lobe(talk: Session) -> None:
    act(talk.desk, "segment", {"tool": "made-lobes"})
    grid = np.zeros(talk.desk.need_scan().shape, bool)
    grid[28:40, 20:26, 10:14] = True  # x from 3.5 to -7.5 mm: half on either side
    from agent.toolset.vision import record_drawn

    scan = talk.desk.need_scan()
    record_drawn(talk.desk, Mask.from_grid(scan.id, grid, scan.affine, "nodule"))
    assert talk.record.lesions[0].lobe_by_tool is None


def test_the_checker_takes_a_lobe_from_the_comparison_and_not_from_the_outline(talk: Session) -> None:
    outline = act(talk.desk, "segment", {"point": list(BIG)})["evidence"]
    clause = "Lesion 1 lies in the right upper lobe [{}]."
    by_id, current = talk.record.by_id, talk.record.current
    assert check(clause.format(outline), by_id, current=current)
    made = act(talk.desk, "segment", {"tool": "made-lobes"})
    told, by_id, current = made["lesions"][0]["evidence"], talk.record.by_id, talk.record.current
    assert check(clause.format(told), by_id, current=current) == []
    assert check(clause.format(outline), by_id, current=current)
    assert check(clause.format(told).replace("upper", "lower"), by_id, current=current)
    assert check(clause.format(told).replace("right", "left"), by_id, current=current)


def test_outlined_again_what_rested_on_the_old_lobes_is_told_anew(talk: Session) -> None:
    act(talk.desk, "segment", {"point": list(BIG)})
    first = act(talk.desk, "segment", {"tool": "made-lobes"})
    second = act(talk.desk, "segment", {"tool": "made-lobes"})
    assert {p["evidence"] for p in first["places"]} & talk.record.current == set()
    assert [e.id for e in talk.record.places] == [p["evidence"] for p in second["places"]]
    lesion = talk.record.lesion(1)
    assert lesion is not None
    assert lesion.lobe_by_tool is not None
    assert lesion.lobe_by_tool.id == second["lesions"][0]["evidence"]
    assert replay(talk).different == ()


def test_in_the_conversation_a_lobe_is_named_only_once_it_is_outlined(talk: Session) -> None:
    talk.select(point=BIG)
    said(talk, "segment and measure it")
    before = said(talk, "which lobe is it in?")
    assert "No lobe is outlined yet: ask me to segment the lobes (made-lobes)" in before
    assert "right upper lobe" not in before
    answer = said(talk, "segment the lobes")
    assert "The right upper lobe is outlined by made-lobes" in answer
    assert "Lesion 1 lies in the right upper lobe as outlined by the lobe model" in answer
    assert "right upper lobe" in said(talk, "which lobe is it in?")
    assert "右肺上叶" in said(talk, "病灶1在哪个肺叶?")


def test_the_report_names_the_lobe_with_its_ground(talk: Session) -> None:
    act(talk.desk, "segment", {"point": list(BIG)})
    act(talk.desk, "measure", {})
    before = act(talk.desk, "write_report", {})
    assert any("Lobes were not determined" in str(n) for n in before["report"]["not_assessed"])
    act(talk.desk, "segment", {"tool": "made-lobes"})
    after = act(talk.desk, "write_report", {})
    assert not any("Lobes were not determined" in str(n) for n in after["report"]["not_assessed"])
    held = talk.report
    assert held is not None
    texts = [s.text for section in held.sections for s in section.statements]
    assert [t for t in texts if "Lesion 1 lies in the right upper lobe as outlined by the lobe model" in t]
    assert after["report"]["problems"] == []


CARD = {
    "scan": {"modality": "CT", "body_part": "CHEST"}, "lesions": [{"id": 1, "axial_long_axis": "E3"}], "focus": 1,
    "tools": [{"name": "cut-a", "task": "segment"}, {"name": "made-lobes", "task": "segment", "anatomy": True}],
}  # fmt: skip


@pytest.mark.parametrize("text", ["segment the lobes", "outline all five lobes", "run the lobe model", "分割肺叶", "用肺叶模型勾画"])
def test_the_planner_calls_the_lobe_tool(text: str) -> None:
    assert [(c.name, c.arguments) for c in plan(text, card=CARD)] == [("segment", {"tool": "made-lobes"})]


def test_a_nodule_in_a_lobe_is_no_lobe() -> None:
    for text in ("segment the nodule in the right upper lobe", "segment it again"):
        assert plan(text, card=CARD)[0].arguments.get("tool") is None


def test_without_the_tool_lobes_are_still_refused() -> None:
    card = {**CARD, "tools": CARD["tools"][:1]}  # type: ignore[index]
    assert plan("segment the lobes", card=card) == []
