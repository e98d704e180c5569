"""Made images that lie in a tool's scope, and the request to try it with: anisotropic, oblique, of known content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.contract import (
    ClassifyRequest,
    FindRequest,
    MeasureRequest,
    PrepareRequest,
    SegmentRequest,
    ToolSpec,
)
from tools.mask import Mask
from tools.phantom import Sphere, chest_phantom
from tools.scan import Known, Scan


@dataclass(frozen=True)
class Trial:
    """One made image with a bright ball in it, and where that is."""

    name: str
    scan: Scan
    ball: Mask


def trials(spec: ToolSpec) -> Iterator[Trial]:
    """Yield made images of the spec's modality and body part."""
    if "CT" in spec.modalities and "CHEST" in spec.body_parts:
        scan, masks = chest_phantom((Sphere((80.0, 10.0, 20.0), 16.0),), spacing=(1.0, 1.0, 2.0))
        yield Trial("a chest phantom", scan, masks[0])
    else:
        yield _ball("a ball, 1 x 1 x 1 mm", spec, np.eye(4), (48, 48, 1 if _flat(spec) else 40))
        if not _flat(spec):
            yield _ball("a ball, oblique, 0.8 x 0.9 x 2.5 mm", spec, _oblique(), (56, 52, 20))
    if not spec.needs_3d and not _flat(spec):
        yield _ball("one slice of a ball", spec, np.eye(4), (48, 48, 1))


def request_of(spec: ToolSpec, trial: Trial) -> Any:
    """Return the request of the spec's task on a trial."""
    scan = trial.scan
    if spec.task == "find":
        return FindRequest(scan=scan)
    if spec.task == "segment":
        return SegmentRequest(scan, None if spec.prompts == "unused" else trial.ball.core_mm)
    if spec.task == "classify":
        return ClassifyRequest(scan, trial.ball)
    return MeasureRequest(scan, trial.ball) if spec.task == "measure" else PrepareRequest(scan)


def out_of_scope(spec: ToolSpec, scan: Scan) -> Scan:
    """Return the scan as one of another modality, or of another body part where any modality is taken."""
    other = next(m for m in ("MR", "CT", "US") if m not in spec.modalities) if spec.modalities else None
    part = next(p for p in ("FOOT", "HEAD") if p not in spec.body_parts) if spec.body_parts else None
    return Scan.build(
        scan.voxels, scan.affine, modality=Known(other, "known") if other else scan.modality,
        body_part=Known(part, "known") if part else scan.body_part,
    )  # fmt: skip


def _flat(spec: ToolSpec) -> bool:
    return not spec.needs_3d and set(spec.modalities) <= {"DX", "CR", "MG", "US"} and bool(spec.modalities)


def _oblique() -> Any:
    turn = 0.3
    affine = np.eye(4)
    affine[:3, :3] = np.array(
        [[-np.cos(turn), np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    ) @ np.diag([0.8, 0.9, 2.5])  # fmt: skip
    affine[:3, 3] = (30.0, -12.0, 44.0)
    return affine


def _ball(name: str, spec: ToolSpec, affine: Any, shape: tuple[int, int, int]) -> Trial:
    rng = np.random.default_rng(7)
    low, high, noise = (-600.0, 40.0, 15.0) if "CT" in spec.modalities else (200.0, 800.0, 20.0)
    places = np.indices(shape).reshape(3, -1)
    mm = affine[:3, :3] @ places + affine[:3, 3:]
    centre = affine[:3, :3] @ ((np.array(shape) - 1) / 2) + affine[:3, 3]
    inside = (np.linalg.norm(mm - centre[:, None], axis=0) < 8.0).reshape(shape)
    voxels = np.where(inside, high, low) + rng.normal(0.0, noise, shape)
    scan = Scan.build(
        np.rint(voxels), affine,
        modality=Known(spec.modalities[0], "known") if spec.modalities else Known("CT", "known"),
        body_part=Known(spec.body_parts[0], "known") if spec.body_parts else Known("CHEST", "known"),
    )  # fmt: skip
    return Trial(name, scan, Mask.from_grid(scan.id, inside, scan.affine, "ball"))
