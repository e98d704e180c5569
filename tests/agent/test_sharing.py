"""Whom a case is shared with, in both databases: who sees what, what a level is worth, what ends a share."""

from __future__ import annotations

import pytest

from agent.cases import Cases
from agent.events import NoRight, UnknownCase
from agent.sharing import MOST_SHARES

ANN, BOB, CAT = "ann", "bob", "cat"


def test_a_share_opens_a_case_for_as_much_as_it_says(cases: Cases) -> None:
    case = cases.create(ANN).id
    with pytest.raises(UnknownCase):
        cases.get(case, BOB, need="read")
    cases.share(case, ANN, BOB, "read")
    assert cases.get(case, BOB, need="read").level == "read"
    assert cases.get(case, BOB, need="read").owner == ANN
    with pytest.raises(NoRight, match="to read; this needs that its owner shares it to work"):
        cases.get(case, BOB, need="work")
    cases.share(case, ANN, BOB, "work")
    assert cases.get(case, BOB, need="work").level == "work"
    with pytest.raises(NoRight, match="one's own"):
        cases.get(case, BOB)
    assert [s.level for s in cases.shared_with(case, ANN)] == ["work"]
    cases.unshare(case, ANN, BOB)
    cases.unshare(case, ANN, BOB)  # it is ended already
    with pytest.raises(UnknownCase):
        cases.get(case, BOB, need="read")


def test_each_sees_their_own_and_what_is_shared_newest_first(cases: Cases) -> None:
    first, second, third = (cases.create(owner).id for owner in (ANN, BOB, ANN))
    cases.share(first, ANN, BOB, "read")
    cases.share(third, ANN, CAT, "work")
    assert {c.id for c in cases.visible_to(BOB)} == {first, second}
    assert {c.id for c in cases.visible_to(ANN)} == {first, third}
    assert [(c.id, c.level, c.owner) for c in cases.visible_to(CAT)] == [(third, "work", ANN)]
    made = [c.created for c in cases.visible_to(BOB)]
    assert made == sorted(made, reverse=True)
    assert {k: [s.reader for s in v] for k, v in cases.shares_of(ANN).items()} == {first: [BOB], third: [CAT]}
    assert cases.shares_of(BOB) == {}


def test_only_the_owner_shares_and_only_in_ways_that_there_are(cases: Cases) -> None:
    case = cases.create(ANN).id
    cases.share(case, ANN, BOB, "work")
    for act in (
        lambda: cases.share(case, BOB, CAT, "read"),
        lambda: cases.share(case, ANN, ANN, "read"),
        lambda: cases.share(case, ANN, CAT, "own"),
        lambda: cases.share(case, ANN, CAT, "everything"),  # type: ignore[arg-type]
        lambda: cases.shared_with(case, BOB),
        lambda: cases.hand_over(case, BOB, BOB),
    ):
        with pytest.raises(NoRight):
            act()
    with pytest.raises(UnknownCase):
        cases.share(case, CAT, CAT, "work")
    for n in range(MOST_SHARES - 1):
        cases.share(case, ANN, f"reader{n}", "read")
    with pytest.raises(NoRight, match=str(MOST_SHARES)):
        cases.share(case, ANN, "one too many", "read")
    cases.share(case, ANN, BOB, "read")  # one that is there can still be changed


def test_nothing_of_a_share_outlives_its_case(cases: Cases) -> None:
    case = cases.create(ANN).id
    cases.share(case, ANN, BOB, "work")
    cases.hand_over(case, ANN, CAT)
    assert cases.visible_to(BOB) == []
    cases.share(case, CAT, BOB, "read")
    cases.delete(case)
    cases.create(ANN, case)
    assert cases.visible_to(BOB) == []
    assert cases.shared_with(case, ANN) == []


def test_names_and_choices_are_kept_for_their_reader(cases: Cases) -> None:
    assert cases.name_of(ANN) == ""
    assert cases.choices(ANN) == {}
    cases.choose(ANN, language="zh")
    cases.meet(ANN, "Ann")
    cases.meet(ANN, "Ann")
    cases.choose(ANN, other=1)
    assert cases.name_of(ANN) == "Ann"
    assert cases.choices(ANN) == {"language": "zh", "other": 1}
    assert cases.choices(BOB) == {}
    case = cases.create(BOB).id
    cases.share(case, BOB, ANN, "read")
    cases.share(case, BOB, CAT, "read")
    assert [(s.reader, s.name) for s in cases.shared_with(case, BOB)] == [(CAT, ""), (ANN, "Ann")]
