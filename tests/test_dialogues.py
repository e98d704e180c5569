"""Whole conversations with the embedded planner: which functions are called, what answers must and must not say.

The dialogues lie beside the repository where it is developed; elsewhere this is skipped.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent import Clause, Question, Session, Settings, ToolStarted, Workspace
from tools import Source, load_scan
from tools.phantom import Sphere, chest_phantom

SHARED = Path(__file__).parents[2] / "shared"
FILE = SHARED / "dialogues_dev.jsonl"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="the development dialogues are not here")
LUNG1_POINT = (20.5, 121.4, -612.5)
LUNG2_BOX = 4.0
"""Millimetres around the labelled mass of lung2 in which the reader's box is drawn."""


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    opened = Workspace.open(Settings(home=tmp_path))
    yield opened
    opened.close()


def lung1(workspace: Workspace) -> Session:
    session = Session.open(SHARED / "data/sample/lung1_image.nrrd", workspace=workspace)
    session.select(point=LUNG1_POINT)
    return session


def lung2(workspace: Workspace) -> Session:
    from tools.lesions import read_labels

    scan = load_scan(SHARED / "data/sample/lung2_image.nrrd")
    session = Session.open(scan, workspace=workspace)
    mask = read_labels(SHARED / "data/sample/lung2_label.nrrd", scan)[1]
    low = scan.to_mm(list(mask.offset))
    high = scan.to_mm([o + n - 1 for o, n in zip(mask.offset, mask.box.shape, strict=True)])
    corners = [(min(a, b) - LUNG2_BOX, max(a, b) + LUNG2_BOX) for a, b in zip(low, high, strict=True)]
    session.select(box=tuple(c[0] for c in corners) + tuple(c[1] for c in corners))
    return session


def phantom_left(workspace: Workspace) -> Session:
    scan, masks = chest_phantom((Sphere((-80.0, -10.0, 10.0), 7.0),), spacing=(0.7, 0.7, 1.0))
    session = Session.open(scan, workspace=workspace)
    session.load_drawn(masks[0], number=1)
    return session


def phantom_right(workspace: Workspace) -> Session:
    scan, masks = chest_phantom((Sphere((80.0, -10.0, 10.0), 10.0),), spacing=(0.7, 0.7, 1.0))
    session = Session.open(scan, workspace=workspace)
    session.load_drawn(masks[0], number=1)
    return session


def picture(workspace: Workspace) -> Session:
    import numpy as np
    from PIL import Image

    path = workspace.settings.home / "film.png"
    rng = np.random.default_rng(7)
    Image.fromarray((rng.random((1024, 1024)) * 40 + 90).astype(np.uint8)).save(path)
    session = Session.open(path, workspace=workspace)
    session.select(box=(-700.0, -500.0, 0.0, -600.0, -400.0, 0.0))
    return session


def two_scans(workspace: Workspace) -> Session:
    """A nodule of 8.0 mm on 5 mm slices, and of 9.0 mm on 1 mm slices 365 days later; headers of one patient."""
    sizes = {"2023-03-01": (7.6, 5.0, (80.0, -10.0, 7.5)), "2024-02-29": (8.85, 1.0, (80.0, -10.0, 10.0))}
    made = []
    for day, (diameter, slices, centre) in sizes.items():
        scan, masks = chest_phantom((Sphere(centre, diameter),), spacing=(0.7, 0.7, slices))
        source = Source(format="DICOM", identity={"PatientID": "MRN-77", "PatientName": "Quimby^Zephyr"}, study_date=day)
        made.append((dataclasses.replace(scan, source=source), masks[0]))
    (prior, before), (current, now) = made
    session = Session.open(current, workspace=workspace)
    session.load_drawn(now, number=1)
    session.add_prior(prior, masks={1: before})
    return session


SETUPS: dict[str, Callable[[Workspace], Session]] = {
    "d01": lung1, "d02": phantom_left, "d03": picture, "d04": two_scans, "d05": lung2, "d06": phantom_right,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(SETUPS))
def test_dialogue(workspace: Workspace, name: str) -> None:
    script = next(d for d in map(json.loads, FILE.read_text(encoding="utf-8").splitlines()) if d["id"] == name)
    session = SETUPS[name](workspace)
    for number, turn in enumerate(script["turns"], start=1):
        called: list[str] = []
        answer: list[str] = []
        for event in session.ask(turn["user"]):
            if isinstance(event, ToolStarted):
                called.append(event.function)
            elif isinstance(event, (Clause, Question)) or hasattr(event, "text"):
                answer.append(event.text)
        text = " ".join(answer)
        expected = turn["expect"]
        where = f"{name}, turn {number}: {turn['user']!r} -> {called} {text!r}"
        assert set(expected["tools"]) <= set(called), where
        assert not set(expected.get("tools_not", ())) & set(called), where
        for pattern in expected["answer_must"]:
            assert re.search(pattern, text), f"misses {pattern}: {where}"
        for pattern in expected["answer_must_not"]:
            assert not re.search(pattern, text), f"says {pattern}: {where}"
