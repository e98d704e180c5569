"""What several pieces of work ask in the same step is answered in one pass; each has its own answer, error or end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tools.contract import Cancelled, NotApplicable
from tools.inference import Ask, together

Piece = Callable[[Ask], Any]


class Network:
    """Answers twice the question, and keeps how many came together, by shape."""

    def __init__(self, most: int = 99) -> None:
        self.passes: list[tuple[int, tuple[int, ...]]] = []
        self.most = most

    def __call__(self, questions: Sequence[Any]) -> list[Any]:
        assert len({q.shape for q in questions}) == 1
        self.passes.append((len(questions), questions[0].shape))
        if len(questions) > self.most:
            raise MemoryError
        return [2 * q for q in questions]


def asking(value: int, times: int, side: int = 2) -> Piece:
    """A piece that asks so many questions, each about the answer before it."""

    def piece(ask: Ask) -> int:
        held = np.full((side, side), value)
        for _ in range(times):
            held = ask(held)
        return int(held[0, 0])

    return piece


@pytest.mark.parametrize("again", range(3))
def test_questions_of_a_step_and_shape_share_a_pass(again: int) -> None:
    network = Network()
    pieces = [asking(1, 2), asking(2, 1), asking(3, 3, side=4), asking(4, 2), asking(5, 0)]
    assert together(pieces, network) == [4, 4, 24, 16, 5]
    assert network.passes == [(3, (2, 2)), (1, (4, 4)), (2, (2, 2)), (1, (4, 4)), (1, (4, 4))]


def test_an_error_is_one_pieces_own() -> None:
    def refused(ask: Ask) -> int:
        ask(np.zeros((2, 2)))
        raise NotApplicable("The point lies in air.")

    found = together([asking(1, 3), refused, asking(2, 3)], Network())
    assert (found[0], found[2]) == (8, 16)
    assert isinstance(found[1], NotApplicable)


def test_what_is_no_tools_error_is_raised_after_all_have_ended() -> None:
    def broken(ask: Ask) -> int:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        together([asking(1, 3), broken], Network())


def test_a_pass_too_large_for_the_memory_is_answered_one_by_one() -> None:
    network = Network(most=1)
    assert together([asking(n, 1) for n in range(3)], network) == [0, 2, 4]
    assert [count for count, _ in network.passes] == [3, 1, 1, 1]
    with pytest.raises(MemoryError):
        together([asking(1, 1)], Network(most=0))


def test_whoever_stops_it_ends_every_piece() -> None:
    seen: list[int] = []

    def before(count: int) -> None:
        seen.append(count)
        if len(seen) == 2:
            raise Cancelled("Stopped by the reader; nothing was recorded.")

    with pytest.raises(Cancelled):
        together([asking(1, 5), asking(2, 5)], Network(), before)
    assert seen == [2, 2]
