"""The case card holds an allow-list and nothing else: no header, name, date, path or pixel."""

from __future__ import annotations

import json

import pytest
import scripted
from scripted import BIG, NOBODY, QUIMBY, balls

from agent.card import PROMPT, prompt, withdrawn
from agent.session import Session
from agent.workspace import Workspace
from tools import Known

TOP = {
    "scan",
    "prior",
    "selection",
    "lesions",
    "focus",
    "context",
    "asked",
    "stated_now",
    "withdrawn",
    "report",
    "tools",
}
SCAN = {"evidence", "modality", "modality_how", "body_part", "body_part_how", "is_2d", "has_mm", "side_known",
        "slice_interval_mm", "slice_thickness_mm", "made"}  # fmt: skip
LESION = {"id", "label", "group", "rank", "status", "outlined", "side", "third", "where", "lobe_stated",
          "lobe_evidence", "lobe_outlined", "mask", "outlines", "threshold", "axial_long_axis", "by_reader", "size_mm", "rating", "category"}  # fmt: skip


@pytest.fixture
def named(workspace: Workspace) -> Session:
    """A case of a DICOM scan whose header names somebody."""
    return Session.open(balls(source=QUIMBY), workspace=workspace, endpoint=scripted.ScriptedModel())


def test_the_card_has_exactly_its_allow_listed_fields(named: Session) -> None:
    named.call("segment", point=list(BIG))
    named.call("measure", lesion=1)
    named.call("classify", lesion=1)
    card = named.card()
    assert set(card) == TOP
    assert set(card["scan"]) == SCAN
    assert [set(x) for x in card["lesions"]] == [LESION]
    assert card["scan"]["made"] is False


def test_the_card_tells_what_is_current(named: Session) -> None:
    named.call("segment", point=list(BIG))
    assert named.card()["lesions"][0]["axial_long_axis"] is None
    named.call("measure")
    named.call("classify")
    lesion = named.card()["lesions"][0]
    assert (lesion["mask"], lesion["axial_long_axis"], lesion["rating"]) == ("E2", "E3", "E4")
    assert lesion["size_mm"] == pytest.approx(16.8)
    assert (named.card()["focus"], lesion["threshold"], lesion["status"]) == (1, 0.5, "candidate")
    named.call("segment", lesion=1, change="tighter")
    lesion = named.card()["lesions"][0]
    assert (lesion["mask"], lesion["axial_long_axis"], lesion["size_mm"]) == ("E5", None, None)


def test_nothing_of_the_source_is_in_card_or_prompt(named: Session) -> None:
    list(named.ask("She is 62 years old, never smoked."))
    named.call("find")
    named.call("segment", point=list(BIG))
    named.call("measure", lesion=1)
    sent = (json.dumps(named.card(), ensure_ascii=False) + prompt(named.workspace.registry.specs)).lower()
    assert not [word for word in NOBODY if word in sent]
    assert str(named.workspace.settings.home).lower() not in sent
    assert len(sent) < 12_000


def test_what_was_stated_is_in_the_card_with_its_evidence(named: Session) -> None:
    list(named.ask("She is 62 years old, never smoked."))
    card = named.card()
    assert {k: v["value"] for k, v in card["context"].items()} == {"age": 62.0, "smoking": "never"}
    assert [s["field"] for s in card["stated_now"]] == ["age", "smoking"]
    assert card["stated_now"][0]["evidence"] == card["context"]["age"]["evidence"]
    list(named.ask("Thanks"))
    assert named.card()["stated_now"] == []


def test_a_case_without_a_scan_has_a_card(workspace: Workspace) -> None:
    case = workspace.cases.create("local")
    card = Session.open(case=case.id, workspace=workspace).card()
    assert (card["scan"], card["lesions"]) == (None, [])


def test_unknown_modality_is_said_to_be_unknown(workspace: Workspace) -> None:
    scan = balls(modality=Known(), body_part=Known("CHEST", "assumed"))
    card = Session.open(scan, workspace=workspace).card()["scan"]
    assert (card["modality"], card["modality_how"], card["body_part_how"]) == (None, "unknown", "assumed")


def test_the_prompt_lists_the_tools() -> None:
    specs = [t.spec for t in scripted.TOOLS]
    text = prompt(specs)
    assert text.startswith(PROMPT)
    for spec in specs:
        assert f"- {spec.name} ({spec.task}): {spec.summary}" in text


def test_advice_that_lost_its_ground_is_withdrawn_until_it_is_replaced(named: Session) -> None:
    add = named.evidence.add
    fact = add("stated", "reader", inputs={"field": "risk", "value": "low", "lesion": None})
    old = add("category", "f", inputs={"lesion": 1, "row": "a"}, parents=(fact.id,))
    assert withdrawn(named.record) == []
    add("stated", "reader", inputs={"field": "risk", "value": "high", "lesion": None}, supersedes=(fact.id,))
    assert withdrawn(named.record) == [old.id]
    assert named.card()["withdrawn"] == [old.id]
    add("category", "f", inputs={"lesion": 1, "row": "b"}, supersedes=(old.id,))
    assert withdrawn(named.record) == []
