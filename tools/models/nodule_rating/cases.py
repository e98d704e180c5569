"""LIDC-IDRI crops as the rating model is trained on them: each nodule outlined by our own segmenter, as in use.

The segmenter's outlines come from a click near the middle and from a random one in the inner half. The readers' own
outlines are a third view for training; nothing is scored on them. Knows no model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.contract import NotApplicable, SegmentRequest
from tools.mask import Mask
from tools.models.nodule_rating.features import NAMES, features
from tools.models.nodule_rating.targets import TARGETS, Target
from tools.models.nodule_segmenter.data import Nodule, inner_click, read_nodules
from tools.models.nodule_segmenter.evaluate import central_click, scan_of
from tools.models.nodule_segmenter.model import WEIGHTS as SEGMENTER
from tools.models.nodule_segmenter.model import NoduleSegmenter
from tools.scan import Scan

Array = npt.NDArray[np.float64]

KINDS = ("centre", "inner", "readers")
"""Which outline: the segmenter's from a click near the middle (that is scored) or from another click, or readers'."""
SCORED = "centre"
LEAST_VOXELS = 10
"""Fewer give no shape and no rim."""
SEED = 7


@dataclass(frozen=True)
class Cases:
    """Outlined nodules, one row an outline.

    Attributes:
        x: features, shape (rows, len(NAMES)).
        levels: what readers rated, shape (rows, len(TARGETS)), as levels from 1.
        nodule, patient, kind: names; `kind` is one of `KINDS`.
        held_out: whether the patient is kept out of training.
    """

    x: Array
    levels: npt.NDArray[np.int_]
    nodule: npt.NDArray[np.str_]
    patient: npt.NDArray[np.str_]
    kind: npt.NDArray[np.str_]
    held_out: npt.NDArray[np.bool_]

    def where(self, rows: Any) -> Cases:
        """Return some of the rows."""
        return Cases(*(getattr(self, f.name)[rows] for f in fields(self)))

    @property
    def scored(self) -> Cases:
        """The segmenter's outline from a click near the middle, one row a nodule."""
        return self.where(self.kind == SCORED)

    def level(self, target: Target) -> npt.NDArray[np.int_]:
        """Return the readers' levels of one target."""
        return self.levels[:, list(TARGETS).index(target.name)]


def outlined(
    nodules: Sequence[Nodule], segmenter: NoduleSegmenter, kinds: Sequence[str] = KINDS
) -> Iterator[tuple[Nodule, Scan, str, Mask]]:
    """Give each nodule with each kind of outline that is to be had."""
    rng = np.random.default_rng(SEED)
    for nodule in nodules:
        scan = scan_of(nodule)
        places = {"centre": central_click(nodule), "inner": inner_click(nodule.mask, nodule.spacing, rng)}
        for kind in kinds:
            mask: Mask | None = None
            if kind == "readers":
                mask = Mask.from_grid(scan.id, np.moveaxis(nodule.mask, 0, 2), scan.affine)
            else:
                z, y, x = places[kind]
                try:
                    mask = segmenter.run(SegmentRequest(scan, point=scan.to_mm((y, x, z)))).mask
                except NotApplicable:
                    continue
            if mask.count >= LEAST_VOXELS:
                yield nodule, scan, kind, mask


def read_cases(data: Path, keep: Path | None = None, tell: Callable[[str], None] = lambda text: None) -> Cases:
    """Return the cases of a folder with `nodules.csv`, `image/` and `mask/`.

    Args:
        data: the folder.
        keep: a file (.npz) that the features are kept in; made anew when features, the segmenter's weights or its
            version changed (a version may cut the same weights' answer elsewhere).
        tell: told of the progress.
    """
    made_by = "|".join((NoduleSegmenter.spec.version, *NAMES))
    stamp = hashlib.sha256(SEGMENTER.read_bytes() + made_by.encode()).hexdigest()
    if keep is not None and keep.is_file():
        with np.load(keep) as held:
            if str(held["stamp"]) == stamp:
                return Cases(*(held[f.name] for f in fields(Cases)))
    cases = _made(data, tell)
    if keep is not None:
        np.savez_compressed(keep, stamp=np.array(stamp), **{f.name: getattr(cases, f.name) for f in fields(Cases)})
    return cases


def _made(data: Path, tell: Callable[[str], None]) -> Cases:
    segmenter = NoduleSegmenter()
    segmenter.load("cpu")
    nodules = read_nodules(data)
    rows: list[tuple[Any, ...]] = []
    for nodule, scan, kind, mask in outlined(nodules, segmenter):
        rows.append(
            (features(scan, mask), levels_of(nodule.row), nodule.name, nodule.patient, kind, nodule.held_out)
        )
        if len(rows) % 300 == 0:
            tell(f"{len(rows)} of about {len(KINDS) * len(nodules)} outlines looked at")
    x, levels, *names, held = zip(*rows, strict=True)
    by_name, by_patient, by_kind = (np.array(n) for n in names)
    return Cases(np.stack(x), np.array(levels), by_name, by_patient, by_kind, np.array(held))


def levels_of(row: dict[str, str]) -> list[int]:
    """Return a table row's levels, in the order of `TARGETS`."""
    return [t.level(int(row[t.column])) for t in TARGETS.values()]
