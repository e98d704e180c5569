"""A comparison that tests steer: lesions of one number are one lesion, measured as the shipped comparison would."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import scripted

from agent.session import Session
from tools import Mask, Quantity, Scan, Source
from tools.change import difference, doubling_time, percent_change, within_readers_noise
from tools.compare import Comparison, Pair, Registration, TimePoint
from tools.measure import measure_mask

UNIT = tuple(tuple(float(i == j) for j in range(4)) for i in range(4))


@dataclass
class Follow:
    """Stands in for `tools.compare.compare`; what it was asked is kept.

    Attributes:
        reasons: why growth may not be spoken of; none: it may.
        alone: lesions to be called without a counterpart, however the numbers stand.
    """

    reasons: tuple[str, ...] = ()
    alone: tuple[int, ...] = ()
    asked: list[tuple[TimePoint, TimePoint, int | None]] = field(default_factory=list)

    def __call__(self, current: TimePoint, prior: TimePoint, *, days: int | None = None, progress: Any = None) -> Comparison:
        self.asked.append((current, prior, days))
        progress(0.5, "aligning")
        both = [n for n in current.lesions if n in prior.lesions and n not in self.alone]
        pairs = [self._pair(n, current.lesions[n], prior.lesions[n], days) for n in both]
        why = ("There is one time point only.",)
        pairs += [Pair("new", (n,), (), reasons=why) for n in current.lesions if n not in both]
        pairs += [Pair("gone", (), (n,), reasons=why) for n in prior.lesions if n not in both]
        quality = (Quantity("overlap", 0.97, "1", "shared voxels"),)
        return Comparison(Registration(UNIT, quality, ("Made for tests.",)), tuple(pairs), days)

    def _pair(self, number: int, now: Mask, then: Mask, days: int | None) -> Pair:
        mine, theirs = ({q.name: q for q in measure_mask(m.voxels, m.affine)} for m in (now, then))
        found: list[Quantity] = []
        for name in ("axial_long_axis", "mean_diameter", "volume_voxel"):
            a, b = mine[name], theirs[name]
            found += [dataclasses.replace(a, name=f"current_{name}"), dataclasses.replace(b, name=f"prior_{name}")]
            found.append(difference(a, b))
        percent = percent_change(mine["volume_voxel"], theirs["volume_voxel"], "change_volume_percent")
        found.append(percent)
        if days and percent.value > 0 and not within_readers_noise(percent):
            found.append(doubling_time(mine["volume_voxel"], theirs["volume_voxel"], days))
        axis = next(q for q in found if q.name == "change_axial_long_axis")
        noise = within_readers_noise(axis)
        return Pair("matched", (number,), (number,), 0.9, tuple(found), noise, not self.reasons, self.reasons)


def ball(scan: Scan, centre: tuple[float, float, float], radius: float) -> Mask:
    """Return the voxels of a scan whose centres lie in a sphere, RAS mm."""
    import numpy as np

    index = np.indices(scan.shape).reshape(3, -1)
    place = scan.affine[:3, :3] @ index + scan.affine[:3, 3:]
    away = np.linalg.norm(place - np.array(centre)[:, None], axis=0).reshape(scan.shape)
    return Mask.from_grid(scan.id, away <= radius, scan.affine, "nodule")


def earlier(**changes: Any) -> Scan:
    """Return a scan of the same balls with other values, made 365 days before `QUIMBY`'s."""
    source = Source(format="DICOM", identity=dict(scripted.QUIMBY.identity), study_date="2023-03-01")
    return scripted.balls(**{"shift": 7, "source": source, **changes})


def with_prior(session: Session, now: float = 8.0, then: float = 8.0, **follow: Any) -> Follow:
    """Put two balls into a case and its prior, the bigger one of these radii in mm, and return the comparison."""
    made = Follow(**follow)
    session.desk.compare_scans = made
    scan = session.desk.need_scan()
    session.load_drawn(ball(scan, scripted.BIG, now), 1)
    session.load_drawn(ball(scan, scripted.SMALL, 5.0), 2)
    prior = earlier()
    session.add_prior(prior, masks={1: ball(prior, scripted.BIG, then), 2: ball(prior, scripted.SMALL, 5.0)})
    return made
