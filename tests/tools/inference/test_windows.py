"""Windows cover a volume, fit it, and lie where MONAI puts them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.inference import Windows, fitted
from tools.inference.windows import starts

SIDES = st.integers(1, 90)


@given(length=SIDES, size=SIDES, overlap=st.floats(0, 0.9))
def test_windows_lie_where_monai_puts_them(length: int, size: int, overlap: float) -> None:
    from monai.data.utils import dense_patch_slices
    from monai.inferers.utils import _get_scan_interval

    size = min(size, length)
    step = _get_scan_interval((length,), (size,), 1, (overlap,))
    assert starts(length, size, overlap) == [s[0].start for s in dense_patch_slices((length,), (size,), step)]


@given(shape=st.tuples(SIDES, SIDES, SIDES), multiple=st.sampled_from([1, 4, 16]), most=st.integers(100, 10**6))
def test_fitted_windows_are_multiples_within_bounds_and_cover_the_volume(
    shape: tuple[int, int, int], multiple: int, most: int
) -> None:
    size = fitted(shape, multiple, most)
    assert all(s % multiple == 0 and s > 0 for s in size)
    assert math.prod(size) <= most or size == (multiple,) * 3, "no window is smaller than one multiple"
    plan = Windows.over(shape, size)
    if len(plan) > 400:
        return
    seen = np.zeros(plan.padded, bool)
    for place in plan:
        assert tuple(s.stop - s.start for s in place) == size
        seen[place] = True
    assert seen.all()


def test_a_volume_that_fits_is_one_window_and_is_hardly_padded() -> None:
    assert fitted((240, 240, 60), 16, 10**7) == (240, 240, 64)
    assert len(Windows.over((240, 240, 60), (240, 240, 64))) == 1
    plan = Windows.over((240, 240, 60), (96, 96, 96))
    assert (plan.padded, plan.padding[2], len(plan)) == ((240, 240, 96), (18, 18), 9)


def test_a_volume_that_does_not_fit_is_cut_into_few_equal_parts() -> None:
    size = fitted((512, 512, 300), 16, 128 * 512 * 304)
    assert size == (208, 304, 304)
    assert len(Windows.over((512, 512, 300), size)) == 6


@pytest.mark.parametrize(("size", "overlap"), [((4, 4), 0.25), ((4, 4, 4), (0.1, 0.2)), ((4, 4, 4), 1.0), ((4, 4, 4), -0.1)])
def test_what_fits_no_volume_is_refused(size: tuple[int, ...], overlap: float | tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"axes|overlap"):
        Windows.over((8, 8, 8), size, overlap)
