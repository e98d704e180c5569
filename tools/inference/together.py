"""Pieces of work that each ask a network now and again: what they ask in the same step is answered in one pass.

Each piece runs in a thread of its own up to its next question. Once all that are under way wait, or have ended, the
questions of one shape go through together in the caller's thread, and each piece goes on with its answer. So which
questions share a pass depends on the pieces alone, never on how fast a thread is. Knows no network and no tool.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from tools.errors import ToolError
from tools.inference.memory import free_what_is_held, is_out_of_memory

T = TypeVar("T")
Ask = Callable[[Any], Any]
"""Hands in a question (an array) and returns its answer."""
Pass = Callable[[Sequence[Any]], Sequence[Any]]
"""Answers questions of one shape, in order."""


class _Steps:
    """Who waits for what."""

    def __init__(self, count: int) -> None:
        self._changed = threading.Condition()
        self._under_way = count
        self._asked: dict[int, Any] = {}
        self._answers: dict[int, Any] = {}
        self._stopped: BaseException | None = None

    def ask(self, number: int, question: Any) -> Any:
        """Wait for the answer to a question."""
        with self._changed:
            self._asked[number] = question
            self._changed.notify_all()
            self._changed.wait_for(lambda: number in self._answers or self._stopped is not None)
            answer = self._stopped or self._answers.pop(number)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def end(self) -> None:
        """One piece is over."""
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def waiting(self) -> dict[int, Any]:
        """Return the questions of a step, by piece; empty when all are over."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._asked) == self._under_way)
            asked, self._asked = dict(sorted(self._asked.items())), {}
            return asked

    def tell(self, answers: dict[int, Any]) -> None:
        """Hand answers out; an error is raised where the question was asked."""
        with self._changed:
            self._answers.update(answers)
            self._changed.notify_all()

    def stop(self, error: BaseException) -> None:
        """End every piece at its question."""
        with self._changed:
            self._stopped = error
            self._changed.notify_all()


def together(
    pieces: Sequence[Callable[[Ask], T]], answer: Pass, before: Callable[[int], None] = lambda count: None
) -> list[T | ToolError]:
    """Return each piece's result, or the ToolError it ended with, in order.

    Args:
        pieces: given what they ask through; run at the same time.
        answer: answers questions of one shape; where memory does not suffice for several it is given them one by one.
        before: called before each pass with how many questions it holds; what it raises ends everything.

    Raises:
        Exception: what a piece ended with that is no ToolError.
    """
    steps = _Steps(len(pieces))

    def run(number: int, piece: Callable[[Ask], T]) -> T | ToolError:
        try:
            return piece(lambda question: steps.ask(number, question))
        except ToolError as error:
            return error
        finally:
            steps.end()

    with ThreadPoolExecutor(len(pieces), thread_name_prefix="scanwright-together") as threads:
        under_way = [threads.submit(run, number, piece) for number, piece in enumerate(pieces)]
        try:
            while asked := steps.waiting():
                for group in _alike(asked):
                    before(len(group))
                    steps.tell(_answered(group, answer))
        except BaseException as error:
            steps.stop(error)
            raise
    return [work.result() for work in under_way]


def _alike(asked: dict[int, Any]) -> list[dict[int, Any]]:
    """Return the questions grouped by shape, groups and questions in the order of the pieces."""
    groups: dict[tuple[int, ...], dict[int, Any]] = {}
    for number, question in asked.items():
        groups.setdefault(tuple(question.shape), {})[number] = question
    return list(groups.values())


def _answered(group: dict[int, Any], answer: Pass) -> dict[int, Any]:
    """Return the answers by piece, an exception to those whose pass it ended."""
    try:
        return dict(zip(group, answer(list(group.values())), strict=True))
    except Exception as error:  # noqa: BLE001 - handed to whoever asked
        if len(group) == 1 or not is_out_of_memory(error):
            return dict.fromkeys(group, error)
    free_what_is_held()
    return {n: a for number, question in group.items() for n, a in _answered({number: question}, answer).items()}
