"""What a reader states for Lung-RADS, BTS and RECIST: read from plain words, and not from what is denied or unsure."""

from __future__ import annotations

from typing import Any

import pytest

from agent.stated import read_statements


def _stated(text: str, *asked: str) -> dict[str, Any]:
    return {s.field: s.value for s in read_statements(text, asked=asked)}


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("It was seen on the prior.", "timing", "known"),
        ("This is the baseline screening CT.", "timing", "baseline"),
        ("New nodule since last year.", "timing", "new"),
        ("基线筛查", "timing", "baseline"),
        ("The nodule is spiculated.", "spiculation", True),
        ("The nodule is not spiculated.", "spiculation", False),
        ("无毛刺", "spiculation", False),
        ("no new lesions", "new_lesions", False),
        ("There are new lesions.", "new_lesions", True),
        ("无新病灶", "new_lesions", False),
        ("Non-target lesions are stable.", "non_target", "persistent"),
        ("No non-target lesions.", "non_target", "none"),
        ("Unequivocal: non-target lesions progressed.", "non_target", "progression"),
        ("baseline sum 100 mm", "baseline_sum", 100.0),
        ("nadir was 5 cm", "nadir_sum", 50.0),
        ("基线总和100毫米", "baseline_sum", 100.0),
        ("It was category 4A, previous category 4a", "previous_category", "4A"),
    ],
)
def test_a_statement_is_read(text: str, field: str, value: Any) -> None:
    assert _stated(text)[field] == value


@pytest.mark.parametrize(
    ("text", "asked", "field", "value"),
    [
        ("baseline", ("timing",), "timing", "baseline"),
        ("no", ("growing",), "growing", False),
        ("stable", ("growing",), "growing", False),
        ("4A", ("previous_category",), "previous_category", "4A"),
        ("62 mm", ("nadir_sum_mm",), "nadir_sum", 62.0),
        ("3", ("nodule_count",), "nodule_count", 3.0),
    ],
)
def test_a_bare_word_answers_what_was_asked(text: str, asked: tuple[str, ...], field: str, value: Any) -> None:
    assert _stated(text, *asked)[field] == value
    assert field not in _stated(text)


@pytest.mark.parametrize(
    "text", ["Is it spiculated?", "possibly spiculated", "Are there new lesions?", "If there are new lesions, what then?", "sum 50"]
)
def test_what_is_asked_or_unsure_states_nothing(text: str) -> None:
    assert not {"spiculation", "new_lesions", "baseline_sum", "nadir_sum", "current_sum"} & _stated(text).keys()
