"""Who smokes and who has stopped are two things, whoever tells it."""

from __future__ import annotations

import pytest

from agent.grounding import check
from agent.session import Session

TOLD = {"current": "He is a current smoker.", "former": "He is a former smoker."}


@pytest.mark.parametrize(
    ("told", "said", "holds"),
    [
        ("current", "The patient is a current smoker", True),
        ("current", "The patient is a prior smoker", False),
        ("current", "患者既往吸烟", False),
        ("former", "The patient is a former smoker", True),
        ("former", "The patient still smokes", False),
        ("former", "患者目前吸烟", False),
    ],
)
def test_smoking_now_and_before_are_told_apart(session: Session, told: str, said: str, holds: bool) -> None:
    list(session.ask(TOLD[told]))
    record = session.record
    stated = [e.id for e in record.items if e.kind == "stated"]
    assert stated
    problems = check(f"{said} [{', '.join(stated)}].", record.by_id, current=record.current)
    assert (problems == []) is holds, problems
