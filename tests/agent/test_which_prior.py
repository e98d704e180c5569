"""Several priors: the one the reader means by month, age or order, and one number for a lesion that is gone from all."""

from __future__ import annotations

import dataclasses

import pytest
import scripted
import steered

from agent.events import Clause
from agent.session import Session
from agent.toolset.which_prior import meant
from tools import NotApplicable


@pytest.fixture
def session(tmp_path):
    """A case of 2024-02-29 with a prior of 2023-03-01 (number 1) and one of 2022-10-15 (number 2)."""
    workspace = scripted.workspace(tmp_path / "there")
    session = Session.open(scripted.balls(source=scripted.QUIMBY), workspace=workspace)
    steered.with_prior(session, now=8.0, then=6.0)
    source = dataclasses.replace(steered.earlier().source, study_date="2022-10-15")
    older = steered.earlier(shift=11, source=source)
    session.add_prior(older, masks={1: steered.ball(older, scripted.BIG, 5.0), 2: steered.ball(older, scripted.SMALL, 5.0)})
    yield session
    workspace.close()


@pytest.mark.parametrize(("words", "number"), [
    ("the scan from March", 1), ("the March 2023 CT", 1), ("2023-03-01", 1), ("the 2022 scan", 2), ("last October", 2),
    ("the oldest scan", 2), ("the most recent prior", 1), ("the CT from a year ago", 1), ("the CT from 16 months ago", 2),
    ("prior 2", 2), ("prior B", 2), ("3月的CT", 1), ("2022年10月的扫描", 2), ("最早的CT", 2), ("一年前的CT", 1),
    ("十月的CT", 2), ("既往B", 2),
])  # fmt: skip
def test_the_prior_that_is_meant(session, words: str, number: int) -> None:
    found = meant(session.desk, words)
    assert found is not None
    assert found.number == number


@pytest.mark.parametrize("words", ["the prior", "it may be growing", "lesion 2"])
def test_words_that_pick_none_out(session, words: str) -> None:
    assert meant(session.desk, words) is None


@pytest.mark.parametrize("words", ["the scan from July", "prior 7", "the CT from 5 years ago", "the March 2022 CT"])
def test_what_fits_no_prior_is_asked_and_no_date_is_told(session, words: str) -> None:
    with pytest.raises(NotApplicable, match=r"No prior scan .* 365 days before; prior 2, 502 days before\. Which") as told:
        meant(session.desk, words)
    assert "2023" not in str(told.value)


def test_two_that_fit_are_asked_between(session) -> None:
    source = dataclasses.replace(steered.earlier().source, study_date="2023-03-20")
    another = steered.earlier(shift=13, source=source)
    session.add_prior(another, masks={1: steered.ball(another, scripted.BIG, 5.0)})
    with pytest.raises(NotApplicable, match="2 prior scans of this case fit"):
        meant(session.desk, "the scan from March")


@pytest.mark.parametrize(("text", "compared"), [
    ("Compare with the scan from March.", {1}), ("compare with the oldest scan", {2}), ("与最早的CT对比", {2}),
    ("compare with the priors", {1, 2}),
])  # fmt: skip
def test_the_reader_says_it_and_only_that_one_is_compared(session, text: str, compared: set[int]) -> None:
    said = [e.text for e in session.ask(text) if isinstance(e, Clause)]
    assert said
    assert {e.inputs["prior"] for e in session.record.comparisons} == compared


def test_a_lesion_that_is_gone_has_one_number_over_all_priors(session) -> None:
    session.desk.compare_scans = steered.Follow(alone=())
    for number in (1, 2):
        prior = next(p for p in session.record.priors if p.number == number)
        scan = next(s for s in session.workspace.cases.scans(session.case_id, "prior") if s.id == prior.scan.scan_id)
        masks = {1: steered.ball(scan, scripted.BIG, 5.0), 2: steered.ball(scan, scripted.SMALL, 5.0)}
        masks[10 - number] = steered.ball(scan, (14.0, -8.0, -6.0 - number), 3.0)  # numbered otherwise on each
        session.add_prior(scan, masks=masks)
    session.call("compare")
    gone = [e for e in session.record.comparisons if e.inputs["kind"] == "gone"]
    assert [e.inputs["prior"] for e in gone] == [1, 2]
    assert len({e.inputs["lesion"] for e in gone}) == 1
    session.call("compare")
    assert len({e.inputs["lesion"] for e in session.record.comparisons if e.inputs["kind"] == "gone"}) == 1
