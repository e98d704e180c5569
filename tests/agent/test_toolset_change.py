"""compare: every pair as evidence that rests on both masks and measurements, and a sum of chosen targets."""

from __future__ import annotations

import pytest
import scripted
import steered

from agent.session import Session
from agent.toolset import change
from agent.workspace import Workspace
from tools import NotApplicable, Source, ToolFailed

THICK = "The slice interval is 1 mm now and 5 mm before: they may differ by 0.5 mm."


@pytest.fixture
def session(workspace: Workspace) -> Session:
    return Session.open(scripted.balls(source=scripted.QUIMBY), workspace=workspace, endpoint=scripted.ScriptedModel())


def test_without_a_prior_nothing_is_compared(session: Session) -> None:
    with pytest.raises(NotApplicable, match="No prior scan is in this case"):
        change.compare(session.desk, days=90)
    assert [e.kind for e in session.evidence.all()] == ["scan"]


def test_a_pair_rests_on_both_masks_and_both_measurements(session: Session) -> None:
    made = steered.with_prior(session, now=8.0, then=6.0)
    result = session.call("compare")
    assert [(p["kind"], p["lesion"], p["prior_lesions"]) for p in result["pairs"]] == [("matched", 1, [1]), ("matched", 2, [2])]
    item = session.evidence.get(result["pairs"][0]["evidence"])
    lesion, prior = session.record.lesion(1), session.record.priors[0]
    assert lesion is not None
    assert lesion.measurement is not None
    wanted = {lesion.mask_evidence.id, lesion.measurement.id, prior.outlines[1].id, prior.measurements[1].id}
    assert wanted <= set(item.parents)
    assert item.quantity("interval").value == 365  # type: ignore[union-attr]
    assert item.inputs["identity"] == "same patient by the headers"
    assert made.asked[0][2] == 365
    assert made.asked[0][0].methods == {1: "reader", 2: "reader"}
    assert session.evidence.store.verify(session.case_id) == []


def test_a_doubling_time_is_recorded_only_where_the_pair_allows_growth(session: Session, workspace: Workspace) -> None:
    steered.with_prior(session, now=8.0, then=6.0)
    allowed = session.call("compare")["pairs"][0]
    assert allowed["growth_allowed"] is True
    assert allowed["quantities"]["doubling_time"]["value"] > 0
    other = Session.open(scripted.balls(source=scripted.QUIMBY), workspace=workspace)
    steered.with_prior(other, now=8.0, then=6.0, reasons=(THICK,))
    refused = other.call("compare")["pairs"][0]
    assert refused["growth_allowed"] is False
    assert refused["reasons"] == [THICK]
    assert "doubling_time" not in refused["quantities"]


def test_what_was_compared_already_is_not_compared_again(session: Session) -> None:
    made = steered.with_prior(session)
    first, second = session.call("compare"), session.call("compare")
    assert first == second
    assert len(made.asked) == 1
    session.load_drawn(steered.ball(session.desk.need_scan(), scripted.BIG, 7.0), 1)
    assert session.record.comparisons == []
    third = session.call("compare")
    assert len(made.asked) == 2
    assert third["pairs"][0]["evidence"] != first["pairs"][0]["evidence"]


def test_an_interval_stated_later_is_compared_anew(session: Session) -> None:
    made = steered.Follow()
    session.desk.compare_scans = made
    session.load_drawn(steered.ball(session.desk.need_scan(), scripted.BIG, 8.0), 1)
    prior = steered.earlier(source=Source())
    session.add_prior(prior, masks={1: steered.ball(prior, scripted.BIG, 6.0)})
    assert "interval" not in session.call("compare")["pairs"][0]["quantities"]
    list(session.ask("The prior is from 6 months ago."))
    assert session.record.comparisons[0].quantity("interval") is None
    assert session.call("compare")["pairs"][0]["quantities"]["interval"] == {"value": 183.0, "unit": "d"}
    assert [a[2] for a in made.asked] == [None, 183]


def test_new_gone_and_numbers_that_follow(session: Session) -> None:
    made = steered.with_prior(session, alone=(1,))
    kinds = {(p["kind"], p["lesion"], tuple(p["prior_lesions"])) for p in session.call("compare")["pairs"]}
    assert kinds == {("matched", 2, (2,)), ("new", 1, ()), ("gone", 3, (1,))}
    assert session.record.next_number() == 4
    session.load_drawn(steered.ball(session.desk.need_scan(), scripted.SMALL, 4.0), 2)
    again = {(p["kind"], p["lesion"]) for p in session.call("compare")["pairs"]}
    assert ("gone", 3) in again
    assert len(made.asked) == 2


def test_a_rejected_lesion_is_not_compared(session: Session) -> None:
    made = steered.with_prior(session)
    session.call("compare")
    session.judge(2, "rejected")
    assert [e.inputs["lesion"] for e in session.record.comparisons] == [1]
    session.call("compare")
    assert list(made.asked[-1][0].lesions) == [1]


def test_nothing_outlined_now_is_said(session: Session) -> None:
    session.add_prior(steered.earlier())
    with pytest.raises(NotApplicable, match="No lesion is outlined on this scan"):
        session.call("compare")


def test_without_outlines_there_the_prior_is_outlined_by_the_same_tool_at_the_registered_place(session: Session) -> None:
    made = steered.Follow()
    session.desk.compare_scans = made
    session.call("segment", point=list(scripted.BIG))
    session.add_prior(steered.earlier())
    pair = session.call("compare")["pairs"][0]
    assert (pair["kind"], pair["lesion"], pair["prior_lesions"]) == ("matched", 1, [1])
    assert pair["growth_allowed"] is False
    assert "no reader has reviewed" in pair["reasons"][-1]
    outline = session.record.priors[0].outlines[1]
    assert (outline.kind, outline.producer) == ("mask", "cut-segmenter")
    assert made.asked[-1][0].methods == made.asked[-1][1].methods == {1: "cut-segmenter 1"}
    assert [x.number for x in session.record.lesions] == [1]


def test_a_drawn_lesion_asks_for_outlines_on_the_prior(session: Session) -> None:
    session.desk.compare_scans = steered.Follow()
    session.load_drawn(steered.ball(session.desk.need_scan(), scripted.BIG, 8.0), 1)
    session.add_prior(steered.earlier())
    with pytest.raises(NotApplicable, match="Nothing is outlined on the prior"):
        session.call("compare")


def test_a_lesion_without_a_tools_outline_on_the_prior_is_not_called_new(session: Session) -> None:
    session.desk.compare_scans = steered.Follow(alone=(1,))
    session.call("segment", point=list(scripted.BIG))
    session.add_prior(steered.earlier())
    assert "new" not in {p["kind"] for p in session.call("compare")["pairs"]}


def test_a_failed_registration_records_nothing(session: Session) -> None:
    steered.with_prior(session)

    def fails(*_: object, **__: object) -> object:
        raise ToolFailed("The two scans could not be laid onto each other.")

    session.desk.compare_scans = fails  # type: ignore[assignment]
    with pytest.raises(ToolFailed):
        session.call("compare")
    assert [e for e in session.evidence.all() if e.kind == "comparison"] == []


def test_an_interval_that_nobody_stated_is_not_taken_from_a_model(session: Session) -> None:
    made = steered.with_prior(session)
    result = change.compare(session.desk, days=30)
    assert made.asked[0][2] == 365
    assert "The interval of the headers stands" in result["notes"][0]


def test_the_sum_of_targets_now_and_before(session: Session) -> None:
    steered.with_prior(session, now=8.0, then=6.0)
    found = session.call("compare", targets=[1, 2])["sum"]
    item = session.evidence.get(found["evidence"])
    axes = [x.measurement.quantity("axial_long_axis").value for x in session.record.lesions]  # type: ignore[union-attr]
    assert item.quantity("current_sum_of_diameters").value == pytest.approx(sum(axes))  # type: ignore[union-attr]
    before = item.quantity("prior_sum_of_diameters")
    change_of = item.quantity("change_sum_of_diameters")
    assert before is not None
    assert change_of is not None
    assert change_of.value == pytest.approx(sum(axes) - before.value)
    assert {x.measurement.id for x in session.record.lesions} <= set(item.parents)  # type: ignore[union-attr]
    assert session.call("compare", targets=[1, 2])["sum"]["evidence"] == item.id


def test_a_sum_without_a_prior_is_of_now_alone(session: Session) -> None:
    session.load_drawn(steered.ball(session.desk.need_scan(), scripted.BIG, 8.0), 1)
    result = session.call("compare", targets=[1])
    assert result["pairs"] == []
    assert list(result["sum"]["quantities"]) == ["current_sum_of_diameters"]


def test_targets_are_the_readers_choice(session: Session) -> None:
    steered.with_prior(session)
    with pytest.raises(NotApplicable, match="reader chooses"):
        session.call("compare", sum_targets=True)
    with pytest.raises(NotApplicable, match="no lesion 9"):
        session.call("compare", targets=[9])
    list(session.ask("The targets are lesions 1 and 2."))
    assert session.call("compare")["sum"]["targets"] == [1, 2]


def test_two_priors_are_both_compared(session: Session) -> None:
    steered.with_prior(session)
    older = steered.earlier(shift=11)
    session.add_prior(older, masks={1: steered.ball(older, scripted.BIG, 5.0)})
    result = session.call("compare")
    assert [p["prior"] for p in result["priors"]] == [1, 2]
    assert sorted({p["prior"] for p in result["pairs"]}) == [1, 2]
    assert [p["prior"] for p in session.call("compare", prior=2)["priors"]] == [2]
    with pytest.raises(NotApplicable, match="no prior 7"):
        session.call("compare", prior=7)
