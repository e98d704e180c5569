"""assess and find_guideline: inputs from evidence alone, advice that falls with its ground, passages recorded once."""

from __future__ import annotations

from typing import Any

import pytest
from scripted import BIG, SMALL, balls

import knowledge
from agent.card import withdrawn
from agent.session import Session
from agent.toolset import act
from agent.toolset.desk import Desk
from agent.toolset.inputs import gather
from agent.workspace import Workspace
from tools import NotApplicable, Quantity

NEEDED = ["setting", "age", "known_cancer", "immunosuppressed", "type"]
STATED = "58 years old, incidental, no cancer, immunocompetent, low risk, solid nodule"


@pytest.fixture
def known(session: Session) -> Session:
    """The smaller ball (10 mm) outlined and measured; nothing is stated yet."""
    act(session.desk, "segment", {"point": list(SMALL)})
    act(session.desk, "measure", {})
    return session


def assess(desk: Desk, **arguments: Any) -> dict[str, Any]:
    return act(desk, "assess", arguments)


def say(session: Session, text: str) -> None:
    list(session.ask(text))


def test_what_is_missing_is_asked_for_and_nothing_is_recorded(known: Session) -> None:
    before = len(known.evidence.all())
    found = assess(known.desk)
    assert (found["category"], found["evidence"], found["row"]) == (None, None, None)
    assert [n["name"] for n in found["needs"]] == NEEDED
    assert all(set(n["question"]) == {"en", "zh"} for n in found["needs"])
    assert len(known.evidence.all()) == before
    assert known.state["asked"] == {
        "function": "assess", "guideline": "fleischner-2017", "lesion": 1,
        "needs": NEEDED,
    }  # fmt: skip


def test_stated_facts_and_the_measurement_give_a_row_with_its_passages(known: Session) -> None:
    say(known, STATED)
    found = assess(known.desk)
    assert (found["row"], found["needs"]) == ("solid-single-gt8", [])
    item = known.evidence.get(found["evidence"])
    assert item.kind == "category"
    measurement = known.record.lesions[0].measurement
    assert measurement is not None
    facts = {
        str(known.record.by_id[p].inputs.get("field")) for p in item.parents if known.record.by_id[p].kind == "stated"
    }
    assert facts == {"setting", "age", "known_cancer", "immunosuppressed", "nodule_type", "risk"}
    assert measurement.id in item.parents
    assert set(found["cites"]) <= set(item.parents)
    assert {known.record.by_id[c].kind for c in found["cites"]} == {"passage"}
    assert found["basis"]["age"] == "58 years old"
    assert known.state["asked"] is None


def test_a_changed_fact_withdraws_the_advice_until_it_is_given_again(known: Session) -> None:
    say(known, STATED)
    first = assess(known.desk)["evidence"]
    say(known, "she is 30 years old")
    assert withdrawn(known.record) == [first]
    second = assess(known.desk)
    assert (second["row"], second["withdrawn"]) == (None, [first])
    assert "35 years" in second["out_of_scope"]["en"]
    assert known.evidence.get(second["evidence"]).supersedes == (first,)
    assert withdrawn(known.record) == []
    say(known, "she is 58 years old")
    third = assess(known.desk)
    assert (third["row"], withdrawn(known.record)) == ("solid-single-gt8", [])
    assert known.evidence.get(third["evidence"]).supersedes == (second["evidence"],)


def test_a_fact_said_again_withdraws_nothing(known: Session) -> None:
    say(known, STATED)
    first = assess(known.desk)["evidence"]
    count = len(known.evidence.all())
    say(known, "As I said, 58 years old and low risk.")
    assert withdrawn(known.record) == []
    assert first in known.record.current
    assert len(known.evidence.all()) == count


def test_a_new_outline_withdraws_the_advice_too(known: Session) -> None:
    say(known, STATED)
    first = assess(known.desk)["evidence"]
    act(known.desk, "segment", {"lesion": 1, "change": "tighter"})
    assert withdrawn(known.record) == [first]
    again = assess(known.desk)
    assert again["row"] == "solid-single-6to8-low"
    assert again["withdrawn"] == [first]
    assert known.record.lesions[0].measurement is not None


def test_assessing_twice_without_a_change_leaves_one_current_category(known: Session) -> None:
    say(known, STATED)
    first, second = assess(known.desk), assess(known.desk)
    assert second["row"] == first["row"]
    assert second["withdrawn"] == []
    assert [e.id for e in known.record.live if e.kind == "category"] == [second["evidence"]]
    assert first["cites"] == second["cites"]


def test_out_of_scope_is_said_as_soon_as_it_is_known(known: Session) -> None:
    say(known, "history of breast cancer in 2015")
    found = assess(known.desk)
    assert (found["row"], found["needs"]) == (None, [])
    assert "known primary cancer" in found["out_of_scope"]["en"]


def test_an_unmeasured_lesion_is_measured_first(session: Session) -> None:
    act(session.desk, "segment", {"point": list(BIG)})
    assess(session.desk)
    assert session.record.lesions[0].measurement is not None


@pytest.mark.parametrize(
    ("text", "risk", "because"),
    [
        ("high risk", "high", "high risk"),
        ("never smoked", "low", "never smoked"),
        ("40 pack-years", "high", "40 pack-years"),
        ("10 pack-years", None, None),
        ("former smoker", None, None),
        ("never smoked. Mother had lung cancer.", "high", "Mother had lung cancer"),
        ("emphysema, low risk", "low", "low risk"),
        ("no emphysema, never smoked", "low", "never smoked"),
    ],
)
def test_risk_follows_from_what_was_stated_or_is_not_known(
    known: Session, text: str, risk: str | None, because: str | None
) -> None:
    say(known, text)
    inputs = gather(known.desk, known.record.lesions[0])
    assert inputs.values.get("risk") == risk
    assert inputs.basis.get("risk") == because


def test_the_count_is_the_stated_one_else_the_outlined_lesions(known: Session) -> None:
    lesion = known.record.lesions[0]
    assert gather(known.desk, lesion).values["count"] == "single"
    act(known.desk, "segment", {"point": list(BIG)})
    assert gather(known.desk, lesion).values["count"] == "multiple"
    known.judge(2, "rejected")
    assert gather(known.desk, lesion).values["count"] == "single"
    say(known, "multiple nodules")
    assert gather(known.desk, lesion).values["count"] == "multiple"


def test_a_fact_about_the_lesion_comes_before_one_about_the_patient(known: Session) -> None:
    say(known, "lesion 1 is ground-glass")
    assert gather(known.desk, known.record.lesions[0]).values["type"] == "ground-glass"


def test_a_part_solid_nodule_asks_for_its_solid_part_and_takes_the_answer(known: Session) -> None:
    say(known, STATED.replace("solid nodule", "part-solid nodule"))
    assert [n["name"] for n in assess(known.desk)["needs"]] == ["solid_component_mm"]
    say(known, "4 mm")
    found = assess(known.desk)
    assert found["row"] == "part-solid-single-ge6-component-lt6"
    assert found["basis"]["solid_component_mm"] == "4 mm"


def test_thickness_is_the_coarser_of_thickness_and_interval(workspace: Workspace) -> None:
    session = Session.open(balls(slice_thickness_mm=1.0, slice_interval_mm=3.0), workspace=workspace)
    act(session.desk, "segment", {"point": list(SMALL)})
    act(session.desk, "measure", {})
    inputs = gather(session.desk, session.record.lesions[0])
    assert inputs.values["slice_thickness_mm"] == 3.0
    assert session.record.scan is not None
    assert session.record.scan.id in inputs.parents


def test_without_millimetres_no_size_rule_is_applied(workspace: Workspace) -> None:
    scan = balls(calibration="none", spacing=(None, None, None))
    session = Session.open(scan, workspace=workspace)
    act(session.desk, "segment", {"point": list(SMALL)})
    with pytest.raises(NotApplicable, match="needs millimetres"):
        assess(session.desk)


def test_unknown_criteria_are_refused_with_the_known_names(known: Session) -> None:
    with pytest.raises(NotApplicable, match=r"No criteria called 'moon-2030'. There are: .*fleischner-2017"):
        assess(known.desk, guideline="moon-2030")


def test_passages_are_recorded_once(session: Session) -> None:
    question = {"question": "follow-up of a 7 mm solid nodule"}
    first = act(session.desk, "find_guideline", question)["passages"]
    second = act(session.desk, "find_guideline", question)["passages"]
    assert first
    assert [p["evidence"] for p in first] == [p["evidence"] for p in second]
    assert [e.kind for e in session.evidence.all()] == ["scan"] + ["passage"] * len(first)
    item = session.evidence.get(first[0]["evidence"])
    assert item.text == first[0]["text"]
    assert item.inputs["source"]
    assert act(session.desk, "find_guideline", {"question": "how to bake bread"})["passages"] == []
    with pytest.raises(knowledge.KnowledgeError):
        act(session.desk, "find_guideline", {"question": "nodule", "guideline": "moon-2030"})


SCREENED = "Screening CT, solid nodule. This is the baseline screening CT."


def test_lung_rads_takes_its_own_diameter_and_what_was_stated(known: Session) -> None:
    found = assess(known.desk, guideline="lung-rads-2022")
    assert [n["name"] for n in found["needs"]] == ["setting", "type", "timing"]
    say(known, SCREENED)
    found = assess(known.desk, guideline="lung-rads-2022")
    measured = known.record.lesions[0].measurement
    assert measured is not None
    held = measured.quantity("lung_rads_diameter")
    assert held is not None
    item = known.evidence.get(found["evidence"])
    assert item.inputs["used"]["mean_diameter_mm"] == held.value
    assert (found["title"], found["row"]) == ("Lung-RADS 2022", "solid-baseline-8to15")
    assert measured.id in item.parents


def test_lung_rads_is_not_for_an_incidental_nodule(known: Session) -> None:
    say(known, STATED)
    found = assess(known.desk, guideline="lung-rads-2022")
    assert (found["row"], found["needs"]) == (None, [])
    assert "Fleischner" in found["out_of_scope"]["en"]


def test_a_changed_fact_withdraws_lung_rads_too_and_leaves_other_advice(known: Session) -> None:
    say(known, SCREENED)
    first = assess(known.desk, guideline="lung-rads-2022")["evidence"]
    say(known, "New nodule since last year.")
    assert withdrawn(known.record) == [first]
    again = assess(known.desk)  # none named: the advice that fell is given again
    assert (again["row"], again["withdrawn"]) == ("solid-new-ge8", [first])
    assert withdrawn(known.record) == []


def test_bts_takes_the_longest_axis_and_asks_for_the_parts_of_brock(known: Session) -> None:
    say(known, "62 years old, woman, no emphysema, no family history of lung cancer, single solid nodule")
    say(known, "This is the baseline CT.")
    found = assess(known.desk, guideline="bts-2015")
    values = gather(known.desk, known.record.lesions[0], "bts-2015").values
    measured = known.record.lesions[0].measurement
    assert measured is not None
    axis = measured.quantity("axial_long_axis")
    assert axis is not None
    assert values["diameter_mm"] == axis.value
    assert (values["sex"], values["emphysema"], values["family_history"]) == ("female", False, False)
    assert values["nodule_count"] == 1
    assert [n["name"] for n in found["needs"]] == ["upper_lobe", "spiculation"]


def test_a_comparison_gives_growth_only_where_it_may_be_told(known: Session) -> None:
    def compared(**inputs: Any) -> dict[str, Any]:
        quantities = (
            Quantity("prior_mean_diameter", 6.0, "mm", "made"), Quantity("prior_axial_long_axis", 6.5, "mm", "made"),
            Quantity("interval", 180, "d", "made"),
        )  # fmt: skip
        known.evidence.add(
            "comparison", "made", "1", quantities=quantities, inputs={"lesion": 1, "lesions": [1], "prior": 1, **inputs}
        )
        return gather(known.desk, known.record.lesions[0], "lung-rads-2022").values

    noisy = compared(kind="matched", growth_allowed=True, within_readers_noise=True)
    assert (noisy["timing"], "prior_mean_diameter_mm" in noisy) == ("known", False)
    apart = compared(kind="matched", growth_allowed=False, within_readers_noise=False)
    assert "prior_mean_diameter_mm" not in apart
    grown = compared(kind="matched", growth_allowed=True, within_readers_noise=False)
    assert (grown["prior_mean_diameter_mm"], grown["interval_days"]) == (6.0, 180)
    assert compared(kind="new", growth_allowed=False, within_readers_noise=None)["timing"] == "new"


def test_recist_takes_the_measured_sum_and_stated_references(known: Session) -> None:
    say(known, "The targets are lesion 1. Baseline sum 20 mm. Nadir 20 mm.")
    found = assess(known.desk, guideline="recist-1.1")
    assert found["needs"] == []  # a target that is outlined is there
    item = known.evidence.get(found["evidence"])
    assert item.inputs["used"]["current_sum_mm"] == pytest.approx(10, abs=1)
    assert found["row"] == "targets-pr"
    assert "no overall response" in found["caveats"][0]["en"]
    say(known, "No new lesions. No non-target lesions.")
    again = assess(known.desk, guideline="recist-1.1")
    assert again["row"] == "overall-pr"
    assert known.evidence.get(again["evidence"]).supersedes == (item.id,)


def test_recist_without_stated_targets_asks_for_every_sum(known: Session) -> None:
    found = assess(known.desk, guideline="recist-1.1")
    assert [n["name"] for n in found["needs"]][:3] == ["baseline_sum_mm", "nadir_sum_mm", "current_sum_mm"]
