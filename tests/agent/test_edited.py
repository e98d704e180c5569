"""Outlines changed by hand: brush, eraser and further clicks do what they say, and everything can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from agent.replay import replay
from agent.session import Session
from agent.settings import Settings
from agent.workspace import Workspace
from tools.contract import NotApplicable
from tools.mask import Mask
from tools.phantom import Sphere, chest_phantom
from tools.render import Frame, slice_index
from tools.scan import Scan

SPHERE = Sphere((70.0, 0.0, 0.0), 18.0)
SPACING = (2.0, 2.0, 3.0)


@pytest.fixture(scope="module")
def made() -> tuple[Scan, np.ndarray]:
    scan, masks = chest_phantom((SPHERE,), spacing=SPACING)
    return scan, masks[0].voxels


@pytest.fixture
def session(tmp_path: Path, made: tuple[Scan, np.ndarray]) -> Iterator[Session]:
    workspace = Workspace.open(Settings(home=tmp_path / "home", device="cpu"))
    yield Session.open(made[0], workspace=workspace)
    workspace.close()


def voxels(session: Session, number: int = 1) -> np.ndarray:
    lesion = session.record.lesion(number)
    assert lesion is not None
    return session.evidence.mask(lesion.mask_evidence).voxels


def axial(session: Session, z: float) -> int:
    assert session.scan is not None
    return slice_index(session.scan, "axial", (0.0, 0.0, z))


def test_a_stroke_paints_a_new_lesion_on_its_slice_only(session: Session) -> None:
    stroke = [(60.0, 10.0, 0.0), (80.0, 10.0, 0.0)]
    number = session.paint(None, "axial", axial(session, 0.0), stroke, 8.0, erase=False)
    grid = voxels(session, number)
    assert session.scan is not None
    frame = Frame.of(session.scan, "axial", axial(session, 0.0))
    assert set(np.argwhere(grid)[:, 2]) == {frame.voxel_slice()}
    capsule = 20.0 * 16.0 + np.pi * 8.0**2
    assert grid.sum() * 4.0 == pytest.approx(capsule, rel=0.12)


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_a_dot_lands_where_it_was_put_in_every_plane(session: Session, plane: str) -> None:
    assert session.scan is not None
    place = (-60.0, 20.0, 15.0)
    index = slice_index(session.scan, plane, place)  # type: ignore[arg-type]
    number = session.paint(None, plane, index, [place], 0.1, erase=False)
    centre = session.evidence.mask(session.record.lesion(number).mask_evidence).centre_mm  # type: ignore[union-attr]
    assert np.abs(np.subtract(centre, place)).max() <= max(SPACING) / 2 + 1e-6


def test_the_eraser_takes_away_and_what_was_measured_is_stale(session: Session, made: tuple[Scan, np.ndarray]) -> None:
    session.load_mask(made[1], "nodule")
    session.call("measure", lesion=1)
    session.paint(1, "axial", axial(session, 0.0), [(70.0, 0.0, 0.0)], 6.0, erase=True)
    lost = made[1].sum() - voxels(session).sum()
    assert lost * 4.0 == pytest.approx(np.pi * 6.0**2, rel=0.15)
    assert session.record.lesion(1).measurement is None  # type: ignore[union-attr]
    assert session.record.lesion(1).label == "nodule"  # type: ignore[union-attr]


def test_an_outline_cannot_be_erased_to_nothing(session: Session) -> None:
    session.paint(None, "axial", axial(session, 0.0), [(70.0, 0.0, 0.0)], 4.0, erase=False)
    before = voxels(session)
    with pytest.raises(NotApplicable, match="Nothing of the outline would be left"):
        session.paint(1, "axial", axial(session, 0.0), [(70.0, 0.0, 0.0)], 20.0, erase=True)
    assert (voxels(session) == before).all()


def test_a_stroke_without_a_lesion_or_a_slice_is_refused(session: Session) -> None:
    with pytest.raises(NotApplicable, match="Choose the lesion"):
        session.paint(None, "axial", 3, [(0.0, 0.0, 0.0)], 4.0, erase=True)
    with pytest.raises(NotApplicable, match="slices are 0 to"):
        session.paint(None, "axial", 4000, [(0.0, 0.0, 0.0)], 4.0, erase=False)
    with pytest.raises(NotApplicable, match="radius"):
        session.paint(None, "axial", 3, [], 4.0, erase=False)


def test_taking_back_goes_step_by_step_to_the_beginning(session: Session, made: tuple[Scan, np.ndarray]) -> None:
    session.load_mask(made[1], "nodule")
    first = voxels(session)
    at = axial(session, 0.0)
    session.paint(1, "axial", at, [(82.0, 0.0, 0.0)], 5.0, erase=False)
    second = voxels(session)
    session.paint(1, "axial", at, [(58.0, 0.0, 0.0)], 5.0, erase=False)
    session.judge(1, "rejected", "vessel")
    assert session.undo() is not None
    assert session.record.lesion(1).status == "candidate"  # type: ignore[union-attr]
    assert session.undo() is not None
    assert (voxels(session) == second).all()
    assert session.undo() is not None
    assert (voxels(session) == first).all()
    assert session.undo() is not None
    assert session.record.lesions == []
    assert session.undo() is None
    assert session.workspace.evidence.verify() == []


def test_after_taking_back_a_new_change_can_be_taken_back_too(session: Session, made: tuple[Scan, np.ndarray]) -> None:
    session.load_mask(made[1], "nodule")
    first = voxels(session)
    at = axial(session, 0.0)
    for x in (82.0, 58.0):
        session.paint(1, "axial", at, [(x, 0.0, 0.0)], 5.0, erase=False)
        session.undo()
        assert (voxels(session) == first).all()
    session.undo()
    assert session.record.lesions == []
    new = session.paint(None, "axial", at, [(70.0, 0.0, 0.0)], 5.0, erase=False)
    assert new == 2  # a number is never used again


def test_a_verdict_taken_back_is_the_one_before_it(session: Session, made: tuple[Scan, np.ndarray]) -> None:
    session.load_mask(made[1], "nodule")
    session.judge(1, "accepted")
    session.judge(1, "rejected", "scar")
    session.undo()
    assert session.record.lesion(1).status == "accepted"  # type: ignore[union-attr]
    session.undo()
    assert session.record.lesion(1).status == "candidate"  # type: ignore[union-attr]


def test_a_search_is_not_taken_back(session: Session, made: tuple[Scan, np.ndarray]) -> None:
    scan = made[0]
    mask = Mask.from_grid(scan.id, made[1], scan.affine, "nodule")
    rough = {"lesion": 1, "label": "nodule", "outlined": False}
    session.evidence.add("mask", "lung-candidates", "1", mask=mask, scan_id=scan.id, inputs=rough)
    count = len(session.record.items)
    assert session.undo() is None
    assert len(session.record.items) == count


def test_further_clicks_make_a_segmenters_outline_again_and_keep_a_drawn_one(session: Session) -> None:
    number = session.call("segment", point=list(SPHERE.centre))["lesion"]
    assert session.refine(number, (74.0, 0.0, 0.0), keep=True) == number
    held = session.record.lesion(number).mask_evidence  # type: ignore[union-attr]
    assert held.inputs["add"] == [[74.0, 0.0, 0.0]]
    assert replay(session).holds
    drawn = session.paint(None, "axial", axial(session, -40.0), [(-70.0, 0.0, -40.0)], 6.0, erase=False)
    before = voxels(session, drawn)
    assert session.refine(drawn, SPHERE.centre, keep=True) == drawn
    after = voxels(session, drawn)
    assert (after & before).sum() == before.sum()
    assert after.sum() > before.sum()
    session.refine(drawn, SPHERE.centre, keep=False)
    assert voxels(session, drawn).sum() < after.sum()


def test_the_record_still_replays_after_changes_by_hand(session: Session) -> None:
    number = session.call("segment", point=list(SPHERE.centre))["lesion"]
    session.call("measure", lesion=number)
    session.paint(number, "axial", axial(session, 0.0), [(82.0, 0.0, 0.0)], 5.0, erase=False)
    session.call("measure", lesion=number)
    session.undo()
    session.call("measure", lesion=number)
    assert replay(session).different == ()
