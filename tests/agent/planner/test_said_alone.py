"""What the planner says without a function is said: the checker strikes none of it."""

from __future__ import annotations

import pytest

from agent.grounding import check
from agent.planner.answers.talk import _PLAIN


@pytest.mark.parametrize("topic", sorted(_PLAIN))
@pytest.mark.parametrize("language", [0, 1])
def test_no_sentence_said_alone_is_struck(topic: str, language: int) -> None:
    assert check(_PLAIN[topic][language], {}, current=frozenset()) == []
