"""Shorthand and slips of the keyboard are put right; words that are right, and figures, are left alone."""

from __future__ import annotations

import pytest

from agent.planner.reading import plain
from agent.planner.slots import leaves_out
from agent.planner.spelling import spelled


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("mesure leison 2", "measure lesion 2"),
        ("segmetn the nodul", "segment the nodule"),
        ("saggital veiw", "sagittal veiw"),
        ("generate reprot", "generate report"),
        ("whats the dia of #2", "what's the diameter of #2"),
        ("lt lung, thr 0.4", "left lung, threshold 0.4"),
        ("use fifty five percent", "use 55 %"),
        ("用啥阈值", "用什么阈值"),
    ],
)
def test_a_slip_is_put_right(typed: str, read: str) -> None:
    assert spelled(plain(typed)) == read


@pytest.mark.parametrize(
    "text",
    ["which lesson is this", "the reporter called", "modules and models", "export to /data/lung/reprot", "ok", "12.5 mm",
     "a stable patient with several nodules", "测量病灶2", "median lobes of the liver", "e-mail me@reprot.org"],
)  # fmt: skip
def test_what_is_right_is_left_alone(text: str) -> None:
    assert spelled(plain(text)) == plain(text)


@pytest.mark.parametrize(("text", "out"), [("leave the rib out", True), ("measure it", False), ("别把血管包进去", True)])
def test_what_is_left_out_is_told(text: str, out: bool) -> None:
    assert leaves_out(text) is out
