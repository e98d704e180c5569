"""Comparisons are run again too: the same evidence comes out, and another outcome is found out."""

from __future__ import annotations

import pytest
import scripted
import steered

from agent.replay import replay
from agent.session import Session


@pytest.fixture
def session(tmp_path):
    workspace = scripted.workspace(tmp_path / "there")
    session = Session.open(scripted.balls(source=scripted.QUIMBY), workspace=workspace)
    steered.with_prior(session, now=8.0, then=6.0)
    list(session.ask("The targets are lesions 1 and 2. Lesion 2 is a node."))
    session.call("compare", sum_targets=True)
    yield session
    workspace.close()


def test_a_comparison_replays_to_the_same_evidence(session) -> None:
    before = [e.id for e in session.record.items]
    again = replay(session)
    assert again.holds, again.different
    compared = {e.id for e in session.record.items if e.kind == "comparison"}
    assert len(compared) == 4  # the registration, two pairs and the sum
    assert compared <= set(again.same)
    measured = {e.id for e in session.record.items if e.kind == "measurement"}
    assert measured <= set(again.same)  # those on the prior too
    assert [e.id for e in session.record.items] == before
    made = session.desk.compare_scans
    assert len(made.asked) == 2  # once then, once for the replay, whatever the number of pairs
    assert made.asked[0][2] == made.asked[1][2] == 365


def test_another_outcome_is_found_out(session) -> None:
    session.desk.compare_scans = steered.Follow(alone=(1,))
    again = replay(session)
    assert not again.holds
    assert any("not matched like that any more" in text for text in again.different)
    session.desk.compare_scans = steered.Follow(reasons=("Other kernels.",))
    assert any("growth could be judged and cannot any more" in text for text in replay(session).different)


def test_an_outline_changed_since_leaves_the_old_comparison_as_it_was(session) -> None:
    scan = session.desk.need_scan()
    session.load_drawn(steered.ball(scan, scripted.BIG, 9.0), 1)
    session.call("compare")
    again = replay(session)
    assert again.holds, again.different
    assert len([e for e in session.record.items if e.kind == "comparison"]) >= 7
