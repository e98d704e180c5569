"""What lies between two measurements: differences, doubling time, a sum of target diameters, and readers' noise.

Arithmetic on quantities. Knows no scan, no category and no guideline: those take these numbers as their inputs.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from tools.contract import NotApplicable
from tools.quantity import Quantity, show

READERS_DIAMETER_MM = 0.9
"""Two readers who outline the same nodule differ by about this in its longest diameter (median over LIDC-IDRI
nodules, as this project counts it). A change no larger may be the readers' alone."""
READERS_VOLUME_PERCENT = 22.0
"""The same for the volume: two outlines of one nodule differ by about this."""
DOUBLING = "days x ln 2 / ln (current volume / prior volume)"


def named(quantities: Iterable[Quantity], name: str) -> Quantity:
    """Return the quantity of a name. Raises NotApplicable when it was not measured."""
    have = {q.name: q for q in quantities}
    if name not in have:
        raise NotApplicable(f"There is no {name} among the measurements ({', '.join(have) or 'none'}). Measure first.")
    return have[name]


def difference(current: Quantity, prior: Quantity) -> Quantity:
    """Return ``change_NAME``: current minus prior, in their unit.

    Raises:
        NotApplicable: two different quantities, units or methods.
    """
    _alike(current, prior)
    return Quantity(
        f"change_{current.name}", current.value - prior.value, current.unit,
        f"current minus prior; each: {current.method}", note=_noise_of(current),
    )  # fmt: skip


def percent_change(current: Quantity, prior: Quantity, name: str) -> Quantity:
    """Return the change as a share of the prior, in %, under a name.

    Raises:
        NotApplicable: two different quantities, units or methods, or a prior of zero.
    """
    _alike(current, prior)
    if prior.value <= 0:
        raise NotApplicable(f"The prior {prior.name} is {show(prior)}: a change in % needs more than zero.")
    share = 100.0 * (current.value - prior.value) / prior.value
    note = f"readers differ by {READERS_VOLUME_PERCENT:g} %" if current.unit == "mm3" else ""
    return Quantity(name, share, "%", f"(current - prior) / prior {prior.name}", note=note)


def within_readers_noise(change: Quantity) -> bool:
    """Return whether a change of a diameter (mm) or of a volume (%) is no more than what two readers differ by.

    Raises:
        NotApplicable: a change in another unit.
    """
    limits = {"mm": READERS_DIAMETER_MM, "%": READERS_VOLUME_PERCENT}
    if change.unit not in limits:
        raise NotApplicable(f"What readers differ by is known in mm and %, not in {change.unit!r} ({change.name}).")
    return abs(change.value) <= limits[change.unit]


def doubling_time(current: Quantity, prior: Quantity, days: int) -> Quantity:
    """Return the volume doubling time in days.

    Raises:
        NotApplicable: no days between, or a volume that did not grow beyond what readers differ by.
    """
    if days <= 0:
        raise NotApplicable(f"A doubling time needs at least one day between the scans; there are {days}.")
    grown = percent_change(current, prior, "change_volume_percent")
    if grown.value <= READERS_VOLUME_PERCENT:
        raise NotApplicable(
            f"The volume changed by {grown.value:+.0f} %, and readers differ by {READERS_VOLUME_PERCENT:g} %: "
            "no doubling time is given for a volume that did not grow beyond that."
        )
    return Quantity("doubling_time", days * math.log(2) / math.log(current.value / prior.value), "d", DOUBLING)


def sum_of_diameters(targets: Mapping[int, Sequence[Quantity]], nodes: Collection[int] = ()) -> Quantity:
    """Return the sum of the targets' diameters: the long axis of a lesion, the short axis of a lymph node, axial.

    Args:
        targets: measurements by lesion number.
        nodes: which of them are lymph nodes.

    Raises:
        NotApplicable: no target, one without the axis, axes in pixels, or a node that is no target.
    """
    if not targets:
        raise NotApplicable("A sum of diameters needs at least one target. Name the target lesions.")
    if astray := sorted(set(nodes) - set(targets)):
        raise NotApplicable(f"{', '.join(map(str, astray))}: named as lymph nodes and not among the targets.")
    axes = [named(found, "axial_short_axis" if number in nodes else "axial_long_axis")
            for number, found in sorted(targets.items())]  # fmt: skip
    if any(axis.unit != "mm" for axis in axes):
        raise NotApplicable("Targets are summed in mm; this image is measured in pixels. Load a scan with spacing.")
    parts = " + ".join(f"{'node ' if n in nodes else ''}{n}" for n in sorted(targets))
    return Quantity(
        "sum_of_diameters", sum(axis.value for axis in axes), "mm",
        f"axial long axis of each target, short axis of a lymph node: {parts}",
    )  # fmt: skip


def _alike(current: Quantity, prior: Quantity) -> None:
    for what, mine, theirs in (
        ("quantities", current.name, prior.name),
        ("units", current.unit, prior.unit),
        ("methods", current.method, prior.method),
    ):
        if mine != theirs:
            raise NotApplicable(f"Two {what} have no difference: {mine!r} and {theirs!r}. Measure both alike.")


def _noise_of(quantity: Quantity) -> str:
    return f"readers differ by {READERS_DIAMETER_MM:g} mm" if quantity.unit == "mm" else ""
