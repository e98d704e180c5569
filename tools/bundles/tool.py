"""A MONAI bundle as a vision tool: one that outlines, or one that scores, by what its metadata says it answers.

What an outlining bundle answers must lie on the scan's grid again.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.bundles.classifier import ClassifyingBundle
from tools.bundles.config import Config
from tools.bundles.expressions import Refused
from tools.bundles.metadata import about
from tools.bundles.pins import pin
from tools.bundles.running import Answer, RunningBundle, Window, config_file, window_of
from tools.bundles.vetting import vet
from tools.contract import NotApplicable, Progress, SegmentRequest, SegmentResult, ToolFailed, VisionTool
from tools.mask import Mask
from tools.scan import Scan

SLICED = frozenset(("CT", "MR", "PT"))
"""Modalities whose volumes are stacks of pictures: a network made for one picture can be given each."""


def bundle_tool(folder: Path, *, shipped: bool = False, book: Path | None = None) -> type[VisionTool]:
    """Return the tool class of a bundle folder; nothing of torch is imported and nothing of the bundle is run.

    Args:
        folder: holds ``configs/metadata.json``, ``configs/inference.json`` (or .yaml) and ``models/``.
        shipped: whether it comes with Scanwright.
        book: where weights seen for the first time are pinned.

    Raises:
        Refused: a part is missing or not taken; the message says which.
    """
    known = about(folder, shipped)
    vet(Config.read(config_file(folder)), known)
    due = known.spec.weights_sha256 or pin(folder, book)
    what = replace(known, spec=replace(known.spec, weights_sha256=due))
    kind: type[RunningBundle] = ClassifyingBundle if what.spec.task == "classify" else BundleTool

    def make(self: RunningBundle) -> None:
        kind.__init__(self, folder, what)

    return type("Bundle", (kind,), {"spec": what.spec, "__init__": make, "__doc__": what.spec.summary})


class BundleTool(RunningBundle):
    """Outlines a bundle's structures."""

    def run(self, request: SegmentRequest, progress: Progress = lambda fraction, phrase: None) -> SegmentResult:
        """Outline the bundle's structures.

        Raises:
            NotApplicable: the image is larger than what it was made for and there is no click, or nothing was outlined.
            ToolFailed: a step is not on the list, broke, or answered on another grid.
        """
        spec, scan = self.about.spec, request.scan
        window = window_of(self.about, scan, request.seed if request.has_prompt else None)
        try:
            labels, told = self._labels_in(scan, window, progress)
        except Refused as error:
            raise ToolFailed(f"{spec.name} cannot be run: {error}.") from error
        masks = []
        for value, label in self.about.labels.items():
            part = labels == value
            if part.any():
                whole = Mask.from_grid(scan.id, part, np.eye(4), label)
                masks.append(_placed(whole, window, scan))
        if not masks:
            due = ", ".join(spec.labels)
            raise NotApplicable(f"{spec.name} outlined nothing in this image. Check that it shows {due}.")
        notes = [*self.about.notes, *told, *self._unnamed(labels)]
        missing = [v for v in spec.labels if v not in {m.label for m in masks}]
        if missing:
            notes.append(f"Not outlined: {', '.join(missing)}.")
        return SegmentResult(masks[0], 0.5, tuple(notes), tuple(masks[1:]))

    def _labels_in(
        self, scan: Scan, window: Window, progress: Progress
    ) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
        """Return label values (i, j, k) of a part of the scan, and notes; one made for pictures goes slice by slice."""
        spec, (i, j, k) = self.about.spec, window
        if spec.needs_3d or k.stop - k.start == 1 or not set(spec.modalities) <= SLICED:
            found = self.answer(scan, window, progress)
            return self._labels(found, tuple(s.stop - s.start for s in window)), found.notes
        count, made = k.stop - k.start, []
        notes: tuple[str, ...] = ()
        for n in range(count):
            one = (i, j, slice(k.start + n, k.start + n + 1))
            found = self.answer(scan, one, _share_of(progress, n, count))
            made.append(self._labels(found, (i.stop - i.start, j.stop - j.start, 1)))
            notes = found.notes
        told = f"{spec.name} was made for single pictures: {count} slices were outlined one by one."
        return np.concatenate(made, axis=2), (told, *notes)

    def _unnamed(self, labels: npt.NDArray[np.int64]) -> list[str]:
        """Return what to say of label values that the metadata does not name; they are no structure of anybody's."""
        known = set(self.about.labels) | self.about.background
        more = sorted({int(v) for v in np.unique(labels)} - known)
        values = ", ".join(map(str, more[:5]))
        return [f"It also outlined label values that its metadata does not name ({values}); left out."] if more else []

    def _labels(self, answer: Answer, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
        """Return label values (i, j, k) on the grid that was looked at."""
        flat = shape if self.about.spec.needs_3d else shape[:2]
        found = answer.values
        found = found.argmax(0, keepdim=True) if found.shape[0] > 1 else found
        if tuple(found.shape[1:]) != flat:
            found = _inverted(found, answer, self.about.image, self.about.output)
        values = np.asarray(found.cpu().numpy()[0])
        if values.shape != flat:
            raise Refused(f"it answered on a grid of {values.shape} for an image of {flat}")
        labels: npt.NDArray[np.int64] = np.rint(values).astype(np.int64).reshape(shape)
        return labels


def _share_of(progress: Progress, n: int, count: int) -> Progress:
    """Return what tells the progress of one of several equal parts as that of the whole."""

    def tell(fraction: float, phrase: str) -> None:
        progress((n + fraction) / count, phrase)

    return tell


def _inverted(found: Any, answer: Answer, image: str, output: str) -> Any:
    """Return a label map on the grid the image had before the bundle's own steps."""
    from monai.transforms import Invertd

    undo = Invertd(keys=output, transform=answer.before, orig_keys=image, nearest_interp=True, to_tensor=True)
    return undo({**answer.data, output: found})[output]


def _placed(part: Mask, window: Window, scan: Scan) -> Mask:
    """Return a mask of the window as one of the whole scan."""
    i, j, k = (o + s.start for o, s in zip(part.offset, window, strict=True))
    return Mask(scan.id, part.box, (i, j, k), scan.shape, scan.affine, part.label)
