"""Values worked out of inputs: rounding, differences, doubling time and the logistic risk formulas.

Each takes the table's entry (its coefficients) and the values it is ``of``, in that order. Knows no table by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

_FLOAT_NOISE = 6
"""Decimals kept before rounding half up, so that 6.499999999 from arithmetic counts as 6.5."""


def _half_up(value: float, decimals: int = 0) -> float:
    scale = 10**decimals
    return float(math.floor(round(value * scale, _FLOAT_NOISE) + 0.5) / scale)


def whole_mm(entry: Mapping[str, Any], value: float) -> int:
    """Round half up to the nearest whole number."""
    return int(_half_up(value))


def one_decimal(entry: Mapping[str, Any], value: float) -> float:
    """Round half up to one decimal."""
    return _half_up(value, 1)


def difference(entry: Mapping[str, Any], now: float, then: float) -> float:
    """Return now minus then."""
    return round(now - then, _FLOAT_NOISE)


def percent_change(entry: Mapping[str, Any], now: float, then: float) -> float:
    """Return the change from `then` in percent; infinite when something came from nothing.

    ``power: 3`` in the entry takes diameters of a sphere and returns the change of its volume.
    """
    if then == 0:
        return math.inf if now > 0 else 0.0
    return round(100 * (math.pow(now / then, float(entry.get("power", 1))) - 1), _FLOAT_NOISE)


def doubling_days(entry: Mapping[str, Any], now: float, then: float, days: float) -> float:
    """Return the volume doubling time in days; infinite without growth.

    ``power: 3`` in the entry takes diameters of a sphere instead of volumes.
    """
    growth = float(entry.get("power", 1)) * math.log(now / then)
    return days * math.log(2) / growth if growth > 0 else math.inf


def logistic_percent(entry: Mapping[str, Any], *values: Any) -> float:
    """Return 100/(1 + e^-x), x = intercept + sum of times * ((value - minus) / divide) ^ power, less ``shift``.

    A term with ``is`` counts 1 when the value equals it, else 0. Yes and no count 1 and 0.
    """
    known = dict(zip(entry["of"], values, strict=True))
    x = float(entry["intercept"])
    for term in entry["terms"]:
        value = known[term["of"]]
        number = float(value == term["is"]) if "is" in term else float(value)
        scaled = ((number - term.get("minus", 0.0)) / term.get("divide", 1.0)) ** term.get("power", 1.0)
        x += term["times"] * (scaled - term.get("shift", 0.0))
    return 100 / (1 + math.exp(-x))


def same(entry: Mapping[str, Any], value: Any) -> Any:
    """Return the value itself: another name for it, or the first known of several."""
    return value


def lowest(entry: Mapping[str, Any], *values: float) -> float:
    """Return the smallest value."""
    return min(values)


def exceeds(entry: Mapping[str, Any], change: float, days: float) -> bool | None:
    """Return whether a change of more than ``over`` came about within ``within_days``.

    None when it did, but over a longer time: then it cannot be told how much fell into any such span.
    """
    if change <= entry["over"]:
        return False
    return True if days <= entry["within_days"] else None


def all_gone(entry: Mapping[str, Any], total: float) -> bool | None:
    """Return whether nothing is left: yes at 0, no from ``never_from`` on, None in between."""
    if total == 0:
        return True
    return False if total >= entry["never_from"] else None


HOW: dict[str, Callable[..., Any]] = {
    "whole-mm": whole_mm,
    "one-decimal": one_decimal,
    "difference": difference,
    "percent-change": percent_change,
    "doubling-days": doubling_days,
    "same": same,
    "lowest": lowest,
    "exceeds": exceeds,
    "all-gone": all_gone,
    "logistic-percent": logistic_percent,
}
