"""Passages quoted in answer to a question that names a guideline: that one's only, whichever of them it is."""

from __future__ import annotations

import pytest

from agent.planner.answers.advice import passages
from agent.planner.slots import GUIDELINES

SHOWN = {"lung-rads-2022": "Lung-RADS", "recist-1.1": "RECIST", "brock": "Brock", "mayo": "Mayo"}


def passage(guideline: str, text: str, evidence: str) -> dict[str, object]:
    return {"guideline": guideline, "edition": "1", "section": "", "text": text, "evidence": evidence, "score": 0.5}


@pytest.mark.parametrize(("name", "shown"), sorted(SHOWN.items()))
def test_only_the_named_guideline_is_quoted(name: str, shown: str) -> None:
    held = [passage("Fleischner", "Another's row.", "E1"), passage(shown, "Its own row.", "E2")]
    said = " ".join(passages({"question": f"what does {shown} say?", "passages": held}, "en"))
    assert "Its own row" in said
    assert "Another's row" not in said


@pytest.mark.parametrize("name", sorted(GUIDELINES))
def test_every_guideline_that_can_be_named_can_be_asked_about(name: str) -> None:
    asked = name.replace("-2017", "").replace("-2022", "").replace("-2015", "").replace("-1.1", "")
    assert passages({"question": f"what does {asked} say?", "passages": [passage("TI-RADS", "A row.", "E1")]}, "en")
