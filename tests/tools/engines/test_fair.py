"""The queue: turns go round the cases, newcomers do not wait for a crowd, and the place told is the place had."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tools.engines.fair import FairQueue


def order(queue: FairQueue[str]) -> list[str]:
    found = []
    while (item := queue.take()) is not None:
        found.append(item)
    return found


def test_owners_take_turns_and_each_keeps_its_order() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "a3", "b1", "c1", "c2"):
        queue.put(item[0], item)
    assert order(queue) == ["a1", "b1", "c1", "a2", "c2", "a3"]


def test_a_newcomer_comes_before_whoever_has_just_had_a_turn() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "a3"):
        queue.put("a", item)
    assert queue.take() == "a1"
    assert queue.put("b", "b1") == 0
    assert queue.put("c", "c1") == 1
    assert order(queue) == ["b1", "c1", "a2", "a3"]


def test_newcomers_without_end_do_not_starve_the_first() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.put("a", "a1")
    queue.put("a", "a2")
    taken = []
    for n in range(4):
        taken.append(queue.take())
        queue.put(f"new {n}", f"n{n}")
    assert taken.index("a2") <= 2


def test_what_lost_interest_counts_for_nothing() -> None:
    gone = {"a1", "a2"}
    queue: FairQueue[str] = FairQueue(lambda item: item not in gone)
    for item in ("a1", "a2", "b1"):
        queue.put(item[0], item)
    assert queue.put("a", "a3") == 1
    assert order(queue) == ["b1", "a3"]
    assert queue.take() is None


def test_alike_items_are_taken_together_in_turn() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("a-x", "a-y", "b-x", "b-x2", "c-z"):
        queue.put(item[0], item)
    assert queue.take() == "a-x"
    assert queue.take_alike(lambda item: "x" in item, 3) == ["b-x", "b-x2"]
    assert order(queue) == ["c-z", "a-y"]


def test_what_is_left_can_be_drained() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "b1", "a2"):
        queue.put(item[0], item)
    assert sorted(queue.drain()) == ["a1", "a2", "b1"]
    assert queue.take() is None


@given(st.lists(st.sampled_from(["a", "b", "c", "d", "take"]), max_size=40), st.sampled_from("abcd"))
def test_the_place_told_is_the_place_had_when_nobody_comes_after(steps: list[str], last: str) -> None:
    queue: FairQueue[str] = FairQueue()
    for n, step in enumerate(steps):
        if step == "take":
            queue.take()
        else:
            queue.put(step, f"{step}{n}")
    place = queue.put(last, "mine")
    assert order(queue).index("mine") == place
