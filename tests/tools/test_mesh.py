"""Volume and area of the surface: against pyradiomics' own figures, closed forms, and what must not change them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tools.measure import measure_mask
from tools.mesh import volume_and_area

SEVERAL = arrays(bool, st.tuples(*[st.integers(2, 5)] * 3), elements=st.booleans()).filter(lambda m: bool(m.any()))

# pyradiomics 3.0.1 on masks of independent voxels: nearly every face that can be ambiguous is, far from any lesion.
REFERENCE = (
    (1, (5, 6, 4), 0.5, (0.7, 0.8, 1.3), 30.54566666666666, 117.18488471157681, 0.4032542310613709),
    (2, (9, 7, 8), 0.3, (1.0, 1.0, 2.5), 232.5, 867.079845625216, 0.2108824010444045),
    (3, (6, 6, 6), 0.8, (0.5, 0.5, 0.5), 22.364583333333332, 58.62241226910545, 0.6548286113260356),
)


@pytest.mark.parametrize(("seed", "shape", "share", "spacing", "volume", "area", "sphericity"), REFERENCE)
def test_as_pyradiomics_has_it(
    seed: int, shape: tuple[int, ...], share: float, spacing: tuple[float, ...], volume: float, area: float,
    sphericity: float,
) -> None:  # fmt: skip
    mask = np.random.default_rng(seed).random(shape) < share
    found = {q.name: q.value for q in measure_mask(mask, np.diag([*spacing, 1.0]))}
    assert found["volume_mesh"] == pytest.approx(volume, rel=1e-9)
    assert found["surface_area"] == pytest.approx(area, rel=1e-9)
    assert found["sphericity"] == pytest.approx(sphericity, rel=1e-9)


def test_one_voxel_is_an_octahedron() -> None:
    volume, area = volume_and_area(np.ones((1, 1, 1), bool), np.diag([2.0, 3.0, 5.0]))
    assert volume == pytest.approx(30 / 6)
    # Eight triangles that meet the axes at half a voxel: half the product's norm of their two sides.
    a, b, c = 1.0, 1.5, 2.5
    assert area == pytest.approx(4 * math.sqrt((a * b) ** 2 + (b * c) ** 2 + (a * c) ** 2))


def test_a_box_loses_its_edges_and_corners() -> None:
    n, m, k = 6, 4, 9
    volume, _ = volume_and_area(np.ones((n, m, k), bool), np.eye(3))
    edges = 4 * ((n - 1) + (m - 1) + (k - 1)) / 8  # each a prism on half a half-voxel square
    corners = 8 * (1 / 8 - 1 / 48)  # what is left of the eighth of a voxel at a corner is 1/48
    assert volume == pytest.approx(n * m * k - edges - corners)


def test_two_hollows_are_not_filled() -> None:
    solid = np.ones((7, 7, 12), bool)
    hollow = solid.copy()
    hollow[3, 3, 3] = hollow[3, 3, 8] = False
    whole, without = (volume_and_area(m, np.eye(3)) for m in (solid, hollow))
    assert whole[0] - without[0] == pytest.approx(2 / 6)
    assert without[1] > whole[1]


@settings(max_examples=60, deadline=None)
@given(mask=SEVERAL, order=st.permutations([0, 1, 2]), flips=st.tuples(*[st.booleans()] * 3))
def test_without_an_ambiguous_face_nothing_depends_on_how_a_mask_is_stored(
    mask: np.ndarray, order: list[int], flips: tuple[bool, ...]
) -> None:
    mask = unambiguous(mask)
    plain = volume_and_area(mask, np.diag([1.0, 1.5, 2.0]))
    turned = np.flip(mask, [a for a in range(3) if flips[a]]).transpose(order)
    assert volume_and_area(turned, np.diag(np.array([1.0, 1.5, 2.0])[order])) == pytest.approx(plain, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(mask=SEVERAL, yaw=st.floats(-3, 3), left=st.booleans())
def test_turning_the_patient_changes_nothing(mask: np.ndarray, yaw: float, left: bool) -> None:
    turn = np.array([[math.cos(yaw), -math.sin(yaw), 0], [math.sin(yaw), math.cos(yaw), 0], [0, 0, -1 if left else 1]])
    step = np.diag([0.7, 0.9, 2.0])
    assert volume_and_area(mask, turn @ step) == pytest.approx(volume_and_area(mask, step), rel=1e-9)


def unambiguous(mask: np.ndarray) -> np.ndarray:
    """The mask with faces of two voxels across a diagonal filled, until there is none."""
    mask = np.pad(mask, 1)
    changed = True
    while changed:
        changed = False
        for first, second in itertools.combinations(range(3), 2):
            view = np.moveaxis(mask, (first, second), (0, 1))
            a, b, c, d = view[:-1, :-1], view[1:, :-1], view[:-1, 1:], view[1:, 1:]
            for one, other, gaps in ((a & d, ~b & ~c, (b, c)), (b & c, ~a & ~d, (a, d))):
                hit = one & other
                if hit.any():
                    changed = True
                    for gap in gaps:
                        gap |= hit
    spans = [slice(int(v.min()), int(v.max()) + 1) for v in np.nonzero(mask)]
    return mask[tuple(spans)]


def test_a_face_can_be_made_unambiguous() -> None:
    mask = np.zeros((2, 2, 1), bool)
    mask[0, 0, 0] = mask[1, 1, 0] = True
    assert unambiguous(mask).all()
    assert unambiguous(mask).shape == (2, 2, 1)
