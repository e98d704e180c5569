"""A measured number with its name, unit, method and end points, and the one place that writes it for a reader.

Knows nothing about how a number was measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

Language = Literal["en", "zh"]

HU = "[hnsf'U]"
"""UCUM's code for the Hounsfield unit."""
PIXEL = "{pixel}"
"""UCUM annotation: a length in pixels, used where no millimetre is known."""

NOISE_DECIMALS = 6
"""Half up means half up: 14.249999999999998 is 14.25 with rounding noise, a nanometre in mm."""

_SHOWN_UNIT: dict[str, tuple[str, str]] = {
    "mm": ("mm", "mm"),
    "mm2": ("mm²", "mm²"),
    "mm3": ("mm³", "mm³"),
    HU: ("HU", "HU"),
    PIXEL: ("pixels", "像素"),
    "{pixel}2": ("square pixels", "平方像素"),
    "{voxel}": ("voxels", "体素"),
    "1": ("", ""),
    "%": ("%", "%"),
    "d": ("days", "天"),
    "a": ("years", "岁"),
    "{slice}": ("slices", "层"),
    "{candidate}": ("candidates", "个候选"),
    "{rating}": ("", ""),
    "{pack-years}": ("pack-years", "包年"),
}

_DECIMALS: dict[str, int] = {
    "mm": 1, "mm2": 0, "mm3": 0, HU: 0, PIXEL: 1, "{pixel}2": 0, "{voxel}": 0, "1": 2, "%": 0, "d": 0, "a": 0,
    "{slice}": 0, "{candidate}": 0, "{rating}": 1, "{pack-years}": 0,
}  # fmt: skip

_WHOLE = {"fleischner_diameter"}  # Fleischner 2017 takes the mean diameter to the nearest whole millimetre


@dataclass(frozen=True)
class Quantity:
    """One number that a tool measured or a reader stated.

    Attributes:
        name: the quantity's name, e.g. ``axial_long_axis``.
        value: the value in ``unit``, never rounded.
        unit: UCUM code, e.g. ``mm``, ``mm3``, ``[hnsf'U]``; ``{pixel}`` where no millimetre is known.
        method: how it was taken, in one phrase.
        end_points_mm: for lengths, the two end points in RAS mm; empty otherwise.
        note: what a reader must know beside it (a tie, a cut-off mask, an unvalidated threshold).
    """

    name: str
    value: float
    unit: str
    method: str
    end_points_mm: tuple[tuple[float, float, float], ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", float(self.value))  # a numpy number would not be written as plain digits
        if not math.isfinite(self.value):
            raise ValueError(f"{self.name} is {self.value}: a quantity must be finite.")

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary that ``from_json`` reads back identical."""
        data: dict[str, Any] = {"name": self.name, "value": self.value, "unit": self.unit, "method": self.method}
        if self.end_points_mm:
            data["end_points_mm"] = [list(p) for p in self.end_points_mm]
        if self.note:
            data["note"] = self.note
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Quantity:
        """Build a quantity from ``to_json``'s dictionary."""
        points = tuple((float(p[0]), float(p[1]), float(p[2])) for p in data.get("end_points_mm", ()))
        texts = (data["name"], data["unit"], data["method"], data.get("note", ""))
        if not all(isinstance(t, str) for t in texts):
            raise TypeError("a quantity's name, unit, method and note are text")
        name, unit, method, note = texts
        return cls(name, float(data["value"]), unit, method, points, note)


def decimals(quantity: Quantity) -> int:
    """Return how many decimals a reader sees: 1 for mm, 0 for HU and volumes."""
    return 0 if quantity.name in _WHOLE else _DECIMALS.get(quantity.unit, 2)


def show_value(quantity: Quantity) -> str:
    """Return the rounded digits a reader sees, half up, without the unit.

    >>> show_value(Quantity("axial_long_axis", 14.25, "mm", "calipers"))
    '14.3'
    """
    step = Decimal(1).scaleb(-decimals(quantity))
    rounded = Decimal(repr(round(quantity.value, NOISE_DECIMALS))).quantize(step, rounding=ROUND_HALF_UP)
    return str(abs(rounded) if rounded == 0 else rounded)


def show_unit(unit: str, language: Language = "en") -> str:
    """Return the unit as a reader sees it, in English or Chinese.

    >>> show_unit("[hnsf'U]")
    'HU'
    """
    names = _SHOWN_UNIT.get(unit)
    return unit if names is None else names[language == "zh"]


def show(quantity: Quantity, language: Language = "en") -> str:
    """Return value and unit as a reader sees them.

    >>> show(Quantity("volume_voxel", 1361.17, "mm3", "voxels x voxel volume"))
    '1361 mm³'
    """
    unit = show_unit(quantity.unit, language)
    if unit == "%":
        return f"{show_value(quantity)}%"
    return f"{show_value(quantity)} {unit}".strip()
