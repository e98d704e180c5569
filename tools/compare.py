"""This scan's lesions against a prior's: aligned, matched, measured the same way, and told with the readers' noise.

Knows no header and no patient: who the scans are of, and how many days lie between, is handed in. Growth and doubling
time are left out, with the reason, wherever the two measurements do not rest on the same footing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from tools.change import difference, doubling_time, percent_change, within_readers_noise
from tools.comparable import lesion_reasons, scan_reasons
from tools.contract import NotApplicable, Progress
from tools.mask import Mask
from tools.matching import Match, Matching, match
from tools.measure import measure_box
from tools.quantity import Quantity
from tools.register import Alignment, align
from tools.scan import Scan

Kind = Literal["matched", "new", "gone", "merged", "split"]


@dataclass(frozen=True)
class TimePoint:
    """One scan with its lesions.

    Attributes:
        scan: the scan.
        lesions: masks on its grid, by lesion number.
        methods: how each outline was made (``nodule-segmenter 1.0.0``, ``reader``), by lesion number.
    """

    scan: Scan
    lesions: Mapping[int, Mask]
    methods: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Registration:
    """How the prior was laid onto the current scan.

    Attributes:
        matrix: 4x4, RAS mm of the current scan -> RAS mm of the prior (the rigid part).
        quality: overlap and residual figures, as quantities.
        notes: what a reader must know.
    """

    matrix: tuple[tuple[float, ...], ...]
    quality: tuple[Quantity, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pair:
    """One lesion through time.

    Attributes:
        kind: ``matched``, ``new`` (no prior), ``gone`` (no current), ``merged`` (several priors), ``split``.
        current, prior: lesion numbers; empty where there is none.
        confidence: 0 to 1, of the match.
        quantities: ``current_axial_long_axis``, ``prior_axial_long_axis``, ``change_axial_long_axis`` (mm), the same
            for ``mean_diameter`` and ``volume_voxel``, ``change_volume_percent`` (%), ``doubling_time`` (d) when
            allowed and the volume grew beyond what readers differ by. Merged and split: volumes together alone.
        within_readers_noise: whether the change of the long axis is within what two readers differ by; None without
            a pair of axes.
        growth_allowed: whether growth and doubling time may be spoken of.
        reasons: why not, each a sentence; empty when allowed.
    """

    kind: Kind
    current: tuple[int, ...] = ()
    prior: tuple[int, ...] = ()
    confidence: float = 1.0
    quantities: tuple[Quantity, ...] = ()
    within_readers_noise: bool | None = None
    growth_allowed: bool = False
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Everything a comparison found."""

    registration: Registration
    pairs: tuple[Pair, ...]
    days: int | None
    notes: tuple[str, ...] = ()


COMPARED = ("axial_long_axis", "mean_diameter", "volume_voxel")
"""What is given for both times and as a change."""
NOT_OUTLINED = (
    "New and gone speak of outlines: a lesion without an outlined one at its place in the other scan. "
    "Whether something was there that nobody outlined is for the reader to see."
)
NO_DAYS = "The days between the scans are not known, so no doubling time is given. State the interval."
SAME_DAY = "Both scans are of the same day, so no doubling time is given."


def compare(
    current: TimePoint,
    prior: TimePoint,
    *,
    days: int | None = None,
    progress: Progress = lambda fraction, phrase: None,
) -> Comparison:
    """Return what became of each lesion since the prior scan.

    Args:
        current, prior: the two scans with their outlined lesions.
        days: from the prior to the current scan; None when unknown: then no doubling time is given.
        progress: called with the fraction done and a phrase.

    Raises:
        NotApplicable: the same scan twice, two kinds of image, no spacing, an empty outline or one of another scan,
            a prior that comes later, or a prior that cannot be laid on the current scan.
    """
    _check(current, prior, days)
    alignment = align(current.scan, prior.scan, lambda fraction, phrase: progress(0.7 * fraction, phrase))
    progress(0.7, "matching lesions")
    found = match(current.lesions, prior.lesions, alignment)
    progress(0.9, "measuring both")
    against = scan_reasons(current.scan, prior.scan)
    pairs = [_pair(m, current, prior, days, against) for m in found.matches]
    pairs += _alone("new", current, prior.scan, found.alone_current, alignment)
    pairs += _alone("gone", prior, current.scan, found.alone_prior, alignment)
    notes = [NO_DAYS] if days is None else [SAME_DAY] if days == 0 else []
    notes += [NOT_OUTLINED] if any(p.kind in ("new", "gone") for p in pairs) else []
    if None not in (current.scan.contrast, prior.scan.contrast) and current.scan.contrast != prior.scan.contrast:
        notes.append("One scan is with contrast medium and the other without: attenuation cannot be compared.")
    pairs.sort(key=lambda p: (not p.current, p.current or p.prior))
    return Comparison(_registration(alignment, found), tuple(pairs), days, tuple(notes))


def _check(current: TimePoint, prior: TimePoint, days: int | None) -> None:
    if current.scan.id == prior.scan.id:
        raise NotApplicable("The prior is the same scan as the current one. Load the earlier scan.")
    if days is not None and days < 0:
        raise NotApplicable(f"The prior comes {-days} days after the current scan. Swap the two.")
    kinds = [p.scan.modality.value for p in (current, prior)]
    if None not in kinds and kinds[0] != kinds[1]:
        raise NotApplicable(f"A {kinds[0]} and a {kinds[1]} are not compared. Load a prior of the same modality.")
    parts = [p.scan.body_part.value for p in (current, prior)]
    if None not in parts and parts[0] != parts[1]:
        raise NotApplicable(f"The scan is of {parts[0]} and the prior of {parts[1]}. Load a prior of the same part.")
    if not current.lesions and not prior.lesions:
        raise NotApplicable("Neither scan has an outlined lesion, so there is nothing to compare. Outline one first.")
    for name, point in (("current", current), ("prior", prior)):
        _check_one(name, point)


def _check_one(name: str, point: TimePoint) -> None:
    if point.scan.is_2d or not point.scan.has_mm:
        raise NotApplicable(
            f"The {name} scan has no known spacing in mm along every axis, or is a single picture: sizes of two such "
            "scans cannot be compared. Load the volume with its spacing."
        )
    for number, mask in point.lesions.items():
        if mask.scan_id != point.scan.id or mask.grid_shape != point.scan.shape:
            raise NotApplicable(f"The outline of {name} lesion {number} belongs to another scan. Load its own.")
        if not mask.count:
            raise NotApplicable(f"The outline of {name} lesion {number} is empty. Outline it again.")


def _pair(found: Match, current: TimePoint, prior: TimePoint, days: int | None, against: Sequence[str]) -> Pair:
    kind: Kind = "merged" if len(found.prior) > 1 else "split" if len(found.current) > 1 else "matched"
    now = [_measured(current, n) for n in found.current]
    then = [_measured(prior, n) for n in found.prior]
    reasons = [*against, *lesion_reasons(current, prior, found)]
    if kind == "matched":
        quantities, noise = _changes(now[0], then[0], COMPARED)
    else:
        quantities, noise = _changes([_summed(now)], [_summed(then)], ("volume_voxel",))
        noise = None
    if not reasons and days:
        quantities += _doubling(quantities, days)
    growth = not reasons
    return Pair(kind, found.current, found.prior, found.confidence, tuple(quantities), noise, growth, tuple(reasons))


def _measured(point: TimePoint, number: int) -> list[Quantity]:
    mask = point.lesions[number]
    return measure_box(mask.box, mask.box_affine, spacing=point.scan.spacing)


def _summed(parts: Sequence[Sequence[Quantity]]) -> Quantity:
    """Return the volume of several lesions together."""
    volumes = [q for part in parts for q in part if q.name == "volume_voxel"]
    note = f"{len(volumes)} lesions together" if len(volumes) > 1 else ""
    return Quantity("volume_voxel", sum(v.value for v in volumes), "mm3", volumes[0].method, note=note)


def _changes(
    now: Sequence[Quantity], then: Sequence[Quantity], names: Sequence[str]
) -> tuple[list[Quantity], bool | None]:
    """Return both times and the change of each quantity, and whether the long axis changed within readers' noise."""
    mine, theirs = {q.name: q for q in now}, {q.name: q for q in then}
    found: list[Quantity] = []
    for name in names:
        a, b = mine[name], theirs[name]
        found += [_as("current", a), _as("prior", b), difference(a, b)]
        if name == "volume_voxel":
            found.append(percent_change(a, b, "change_volume_percent"))
    axis = next((q for q in found if q.name == "change_axial_long_axis"), None)
    return found, None if axis is None else within_readers_noise(axis)


def _as(time: str, q: Quantity) -> Quantity:
    return Quantity(f"{time}_{q.name}", q.value, q.unit, q.method, q.end_points_mm, q.note)


def _doubling(quantities: Sequence[Quantity], days: int) -> list[Quantity]:
    """Return the doubling time, or nothing when the volume did not grow beyond what readers differ by."""
    have = {q.name: q for q in quantities}
    grown = have["change_volume_percent"]
    if grown.value < 0 or within_readers_noise(grown):
        return []
    volumes = [
        Quantity("volume_voxel", have[f"{time}_volume_voxel"].value, "mm3", have[f"{time}_volume_voxel"].method)
        for time in ("current", "prior")
    ]
    return [doubling_time(volumes[0], volumes[1], days)]


def _alone(
    kind: Literal["new", "gone"], point: TimePoint, other: Scan, alone: Mapping[int, float], alignment: Alignment
) -> list[Pair]:
    """Return the lesions without a counterpart; where the other scan does not show the place, that is said."""
    pairs = []
    for number, sure in alone.items():
        centre = np.array([point.lesions[number].centre_mm])
        place = (alignment.to_prior if kind == "new" else alignment.to_current)(centre)[0]
        seen = other.contains(place)
        which = "prior" if kind == "new" else "current"
        reasons = ["There is one time point only."]
        if not seen:
            reasons.append(f"The {which} scan does not show this place: whether the lesion is {kind} cannot be told.")
        time = "current" if kind == "new" else "prior"
        quantities = tuple(_as(time, q) for q in _measured(point, number) if q.name in COMPARED)
        mine, theirs = ((number,), ()) if kind == "new" else ((), (number,))
        pairs.append(Pair(kind, mine, theirs, sure if seen else 0.0, quantities, reasons=tuple(reasons)))
    return pairs


def _registration(alignment: Alignment, found: Matching) -> Registration:
    lengths = [float(np.linalg.norm(s)) for s in found.shifts.values()]
    quality = list(alignment.quality)
    if lengths:
        method = "longest shift around a lesion beside the rigid motion, by local correlation"
        quality.append(Quantity("local_shift_max", max(lengths), "mm", method))
    matrix = tuple(tuple(float(v) for v in row) for row in alignment.matrix)
    return Registration(matrix, tuple(quality), ("Rigid motion of the body, then a shift around each lesion.",))
