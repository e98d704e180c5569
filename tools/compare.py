"""This scan's lesions against a prior's: aligned, matched, measured the same way, and told with the readers' noise.

Knows no header and no patient: who the scans are of, and how many days lie between, is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tools.mask import Mask
from tools.quantity import Quantity
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
        quantities: ``current_axial_long_axis``, ``prior_axial_long_axis``, ``change_axial_long_axis`` (mm), the same for
            ``mean_diameter`` and ``volume_voxel``, ``change_volume_percent`` (%), ``doubling_time`` (d) when allowed.
        within_readers_noise: whether the change of the long axis is within what two readers differ by; None without a pair.
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
