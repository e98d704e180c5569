"""A number, its unit, and the one place that writes it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import Quantity
from tools.quantity import HU, PIXEL, decimals, show, show_unit, show_value


@pytest.mark.parametrize(
    ("name", "value", "unit", "text"),
    [
        ("axial_long_axis", 16.4499, "mm", "16.4 mm"),
        ("axial_long_axis", 16.45, "mm", "16.5 mm"),
        ("axial_long_axis", 14.249999999999998, "mm", "14.3 mm"),
        ("axial_long_axis", 0.04, "mm", "0.0 mm"),
        ("change", -0.04, "mm", "0.0 mm"),
        ("change", -1.25, "mm", "-1.3 mm"),
        ("volume_voxel", 1361.1978, "mm3", "1361 mm³"),
        ("fleischner_diameter", 6.0, "mm", "6 mm"),
        ("hu_mean", -612.5, HU, "-613 HU"),
        ("axial_long_axis", 41.23, PIXEL, "41.2 pixels"),
        ("sphericity", 0.748, "1", "0.75"),
        ("change", 12.4, "%", "12%"),
        ("age", 58, "a", "58 years"),
        ("unheard of", 1.005, "J", "1.01 J"),
    ],
)
def test_how_a_reader_sees_it(name: str, value: float, unit: str, text: str) -> None:
    assert show(Quantity(name, value, unit, "m")) == text


def test_chinese_units() -> None:
    assert show(Quantity("axial_long_axis", 41.23, PIXEL, "m"), "zh") == "41.2 像素"
    assert show(Quantity("interval", 90.0, "d", "m"), "zh") == "90 天"
    assert show_unit(HU, "zh") == "HU"


@pytest.mark.parametrize("value", [np.float64(14.25), np.float32(14.25), np.int16(14), 14])
def test_numpy_numbers_are_plain_numbers(value: float) -> None:
    quantity = Quantity("axial_long_axis", value, "mm", "m")
    assert type(quantity.value) is float
    assert show_value(quantity) in ("14.3", "14.0")
    json.dumps(quantity.to_json())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_quantity_is_finite(value: float) -> None:
    with pytest.raises(ValueError, match=r"axial_long_axis is .*must be finite"):
        Quantity("axial_long_axis", value, "mm", "m")


@given(value=st.floats(-1e6, 1e6), unit=st.sampled_from(["mm", "mm3", HU, "1", "%", PIXEL]))
def test_what_is_shown_is_within_half_a_step(value: float, unit: str) -> None:
    quantity = Quantity("x", value, unit, "m")
    assert abs(float(show_value(quantity)) - value) <= 0.5 * 10 ** -decimals(quantity) + 1e-6
    assert not show_value(quantity).startswith("-0.0") or float(show_value(quantity)) != 0


@given(
    value=st.floats(-1e9, 1e9), note=st.text(max_size=9),
    ends=st.lists(st.tuples(*[st.floats(-500, 500)] * 3), max_size=2).map(tuple),
)  # fmt: skip
def test_json_brings_it_back(value: float, note: str, ends: tuple[tuple[float, float, float], ...]) -> None:
    quantity = Quantity("x", value, "mm", "m", ends, note)
    assert Quantity.from_json(json.loads(json.dumps(quantity.to_json()))) == quantity
