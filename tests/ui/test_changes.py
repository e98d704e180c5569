"""The drawing that the compare command writes: from its own data, named by lesion numbers alone."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tools import NotApplicable
from ui.changes import plot


def pair(kind: str, current: list[int], prior: list[int], *, allowed: bool = False, sure: float = 0.9) -> dict[str, Any]:
    sizes = {"current": 8.0, "prior": 6.0}
    held = {f"{time}_axial_long_axis": {"value": sizes[time], "unit": "mm", "method": "made"}
            for time, there in (("current", current), ("prior", prior)) if there}  # fmt: skip
    return {"kind": kind, "current": current, "prior": prior, "confidence": sure, "quantities": held,
            "within_readers_noise": None, "growth_allowed": allowed, "reasons": []}  # fmt: skip


def test_a_comparison_is_drawn(tmp_path: Path) -> None:
    pairs = [pair("matched", [1], [4], allowed=True), pair("new", [2], []), pair("gone", [], [7]),
             pair("gone", [], [8], sure=0.0)]  # fmt: skip
    plot({"pairs": pairs, "days": 120}, tmp_path / "sizes.svg")
    words = [e.text for e in ET.parse(tmp_path / "sizes.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert {"Lesion 1", "Lesion 2", "Prior lesion 7", "Prior lesion 8", "day 0", "day 120"} <= set(words)
    assert words.count("no outline now") == 1
    assert words.count("no counterpart outlined") == 1  # its place is not in view


def test_merged_lesions_have_no_size_of_one_and_unknown_days_are_said(tmp_path: Path) -> None:
    merged = pair("merged", [1], [4, 5]) | {"quantities": {}}
    plot({"pairs": [merged], "days": None}, tmp_path / "sizes.svg")
    text = (tmp_path / "sizes.svg").read_text()
    assert "no size in mm" in text
    assert "intervals not known" in text


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotApplicable, match=r"\.svg .*'sizes\.png'"):
        plot({"pairs": [], "days": None}, tmp_path / "sizes.png")
