"""Questions for the guidelines through the whole agent: what is shown is what the cited passage says, to the number."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.events import Clause
from agent.session import Session
from agent.settings import Settings
from agent.workspace import Workspace
from tools.phantom import chest_phantom

DEVELOPMENT = Path(__file__).resolve().parents[3] / "shared" / "questions_dev.jsonl"
pytestmark = pytest.mark.long  # an index of its own is built
SHOWN_AIM = 0.92
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_CITED = re.compile(r"\[(E\d+(?:, E\d+)*)\]")
SOME = (
    "9 mm adrenal nodule: do I need to chase it?",
    "62-year-old woman, one 10 mm spiculated solid nodule in the upper lobe, no emphysema or family history: Brock probability?",
    "Sum went from 82 mm baseline, nadir 50, now 58. Response?",
    "10mm实性结节,下一步是什么?",
    "Lung-RADS 4B类的恶性概率?",
)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    workspace = Workspace.open(Settings(home=tmp_path_factory.mktemp("home")))
    scan, _ = chest_phantom(spacing=(4.0, 4.0, 5.0))
    yield Session.open(scan, workspace=workspace)
    workspace.close()


def answer(session: Session, question: str) -> str:
    """Return the answer's text; every number of each clause must stand in what the clause cites."""
    said = []
    for event in session.ask(question):
        if isinstance(event, Clause):
            said.append(event.text)
            cited = [name for group in _CITED.findall(event.text) for name in group.split(", ")]
            held = " ".join(json.dumps(session.record.by_id[n].to_json(), ensure_ascii=False) for n in cited)
            bare = _CITED.sub("", event.text)
            strange = set(_NUMBER.findall(bare)) - set(_NUMBER.findall(held))
            assert not strange, f"{strange} stand in nothing that is cited: {event.text}"
    return " ".join(said)


@pytest.mark.parametrize("question", SOME)
def test_every_number_stands_in_what_is_cited_and_nothing_is_stated_of_the_case(session: Session, question: str) -> None:
    text = answer(session, question)
    assert _CITED.search(text), "answered from the guidelines"
    assert session.record.context == {}, "the question's own patient is not this case's"
    assert session.record.lesions == []


def test_a_score_that_is_not_held_is_said_so_and_no_other_is_given(session: Session) -> None:
    text = answer(session, "Wells score for PE?")
    assert "not held here" in text
    assert "mortality" not in text


@pytest.mark.skipif(not DEVELOPMENT.is_file(), reason="the development questions are not beside this checkout")
def test_answers_to_the_development_questions_show_what_is_expected(session: Session) -> None:
    rows = [json.loads(line) for line in DEVELOPMENT.read_text(encoding="utf-8").splitlines()]
    missed = []
    for row in rows:
        text = answer(session, row["question"])
        if not all(re.search(p, text, re.IGNORECASE) for p in row["expect_regex"]):
            missed.append((row["kind"], row["question"]))
    assert 1 - len(missed) / len(rows) >= SHOWN_AIM, missed
    assert not [q for kind, q in missed if kind == "scope"]
