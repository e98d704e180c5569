"""The five lobes of the lungs by TotalSegmentator's network: its plan, its normalisation, its windows, our scan in.

Its outlines are places that lesions lie in, not lesions. Its accuracy is reported by its authors; it was not measured
here. Knows no download: see `tools.fetch`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tools.contract import NotApplicable, Progress, SegmentRequest, SegmentResult, ToolFailed, ToolSpec, VisionTool
from tools.fetch.errors import FetchFailed
from tools.mask import Mask
from tools.models.lobes.plans import LOBES, NotAModel, Plan
from tools.scan import Scan
from tools.weights import pinned

OVERLAP = 0.5
"""Share of a window that the next one covers again: nnU-Net's own."""
NOTE = (
    "Lobes as outlined by TotalSegmentator's 3 mm network; its accuracy is reported by its authors and was not "
    "measured here. Look at the fissures before relying on a lobe."
)


class Lobes(VisionTool):
    """Outlines the five lobes on a chest CT."""

    fetched_as: ClassVar[str] = "lobes"
    extra: ClassVar[tuple[str, str]] = ("lobes", "dynamic_network_architectures")
    weights: ClassVar[Path | None] = None
    spec = ToolSpec(
        name="lobes",
        task="segment",
        version="1.0.0",
        summary="Outlines the five lobes of the lungs on a chest CT (TotalSegmentator, 3 mm); then a lobe is named.",
        not_for="Lungs after surgery, with large effusions or collapse; lesions; anything finer than 3 mm.",
        modalities=("CT",),
        body_parts=("CHEST",),
        labels=tuple(LOBES.values()),
        licence="Apache-2.0 (code and weights of TotalSegmentator's task total)",
        utterances={
            "en": ("segment the lobes", "outline the lung lobes", "which lobe is it in, run the lobe model"),
            "zh": ("分割肺叶", "勾画五个肺叶", "用肺叶模型"),
        },
        prompts="unused",
        anatomy=True,
        reported_by="TotalSegmentator's authors (Wasserthal et al. 2023, doi:10.1148/ryai.230024)",
    )

    def __init__(self) -> None:
        self._network: Any = None
        self._plan: Plan | None = None
        self._device = "cpu"

    def load(self, device: str) -> None:
        """Build the network that the plan beside the weights describes, and fill them in."""
        from safetensors import SafetensorError, safe_open
        from safetensors.torch import load

        from tools.models.lobes.convert import fill, untrained

        if self.weights is None:
            raise ToolFailed("lobes' weights are not fetched. Run: scanwright tools fetch lobes")
        content = pinned(self.weights, self.spec.weights_sha256, self.spec.name)
        try:
            with safe_open(self.weights, "numpy") as file:
                plan = Plan.of_text((file.metadata() or {}).get("plan", ""))
            network = untrained(plan)
            fill(network, load(content))
        except (SafetensorError, NotAModel) as error:
            raise ToolFailed(f"lobes' weights are not of its kind ({error}). Fetch them again.") from error
        except FetchFailed as error:
            raise ToolFailed(str(error)) from error
        network.decoder.deep_supervision = False
        self._network, self._plan, self._device = network.to(device).eval(), plan, device

    def run(self, request: SegmentRequest, progress: Progress = lambda fraction, phrase: None) -> SegmentResult:
        """Outline every lobe that is seen. Raises NotApplicable when none is."""
        if self._network is None or self._plan is None:
            raise ToolFailed(f"{self.spec.name} was not loaded. Call load(device) first, or take it from the registry.")
        self.spec.check_request(request)
        scan, plan = request.scan, self._plan
        if not scan.has_mm:
            raise NotApplicable("lobes works at 3 mm, and this scan has no voxel size in mm. Load the DICOM original.")
        progress(0.05, "resampling")
        image = _upright(scan)
        labels = self._labels(_fed(image, _spacing(scan), plan), progress)
        whole = _turned_back(_spread(labels, image.shape), scan)
        masks = [Mask.from_grid(scan.id, whole == n, scan.affine, name) for n, name in enumerate(plan.lobes, start=1)]
        masks = [m for m in masks if m.count]
        if not masks:
            raise NotApplicable("lobes outlined no lobe in this scan. Check that it is a CT that shows the lungs.")
        lacking = sorted(set(plan.lobes) - {m.label for m in masks})
        notes = (NOTE, f"Not outlined: {', '.join(lacking)}.") if lacking else (NOTE,)
        return SegmentResult(masks[0], request.threshold, notes, tuple(masks[1:]))

    def _labels(self, image: npt.NDArray[np.float32], progress: Progress) -> npt.NDArray[np.uint8]:
        """Return the lobe, 1 to 5 in the plan's order, or 0, of every voxel (z, y, x) of the network's grid."""
        import torch
        from monai.inferers import sliding_window_inference

        assert self._plan is not None
        lobes = list(self._plan.lobes.values())
        others = [n for n in range(self._plan.classes) if n not in lobes]
        windows = np.ceil(np.array(image.shape) / (np.array(self._plan.patch) * (1 - OVERLAP)))
        due, done = int(np.prod(windows)), 0

        def shares(window: torch.Tensor) -> torch.Tensor:
            """Of the many classes only the lobes are kept, and the likeliest of the rest: a tenth of the memory."""
            nonlocal done
            done += 1
            progress(min(0.9, 0.1 + 0.8 * done / due), "outlining the lobes")
            soft = self._network(window).softmax(1)
            return torch.cat([soft[:, others].amax(1, keepdim=True), soft[:, lobes]], 1)

        with torch.inference_mode():
            batch = torch.from_numpy(image)[None, None].to(self._device)
            found = sliding_window_inference(batch, self._plan.patch, 1, shares, overlap=OVERLAP, mode="gaussian")
        labels: npt.NDArray[np.uint8] = torch.as_tensor(found)[0].argmax(0).cpu().numpy().astype(np.uint8)
        return labels


def _axes(scan: Scan) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """Return which voxel axis runs along x, y, z of the patient, and which of those run the other way."""
    steps = np.asarray(scan.affine)[:3, :3]
    unit = np.abs(steps / np.linalg.norm(steps, axis=0))
    order: list[int] = []
    for row in range(3):
        free = [a for a in range(3) if a not in order]
        order.append(max(free, key=lambda a: unit[row, a]))
    against = tuple(n for n, a in enumerate(order) if steps[n, a] < 0)
    return (order[0], order[1], order[2]), against


def _upright(scan: Scan) -> npt.NDArray[Any]:
    """Return the voxels with axes (x, y, z), increasing to the right, to the front and up."""
    order, against = _axes(scan)
    return np.flip(np.transpose(scan.voxels, order), against) if against else np.transpose(scan.voxels, order)


def _turned_back(labels: npt.NDArray[Any], scan: Scan) -> npt.NDArray[Any]:
    """Return labels with axes (x, y, z) in the scan's own order and direction."""
    order, against = _axes(scan)
    return np.transpose(np.flip(labels, against) if against else labels, np.argsort(order))


def _spacing(scan: Scan) -> tuple[float, float, float]:
    order, _ = _axes(scan)
    sizes = scan.spacing_or_unit
    return sizes[order[0]], sizes[order[1]], sizes[order[2]]


def _fed(image: npt.NDArray[Any], spacing: tuple[float, float, float], plan: Plan) -> npt.NDArray[np.float32]:
    """Return the image as the network takes it: axes (z, y, x), its spacing, cut, centred and scaled."""
    from scipy.ndimage import zoom

    aim = plan.spacing[::-1]
    shape = [max(1, round(n * s / a)) for n, s, a in zip(image.shape, spacing, aim, strict=True)]
    values = image.astype(np.float32)
    if tuple(shape) != image.shape:
        factors = [m / n for m, n in zip(shape, image.shape, strict=True)]
        values = zoom(values, factors, order=3, mode="nearest", grid_mode=True)
    values = (np.clip(values, plan.low, plan.high) - plan.mean) / plan.std
    return np.ascontiguousarray(values.transpose(2, 1, 0), dtype=np.float32)


def _spread(labels: npt.NDArray[np.uint8], shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Return labels (z, y, x) on a finer grid (x, y, z): each voxel has the label of the one it lies in."""
    found = labels.transpose(2, 1, 0)
    places = [((np.arange(n) + 0.5) * m / n).astype(int) for n, m in zip(shape, found.shape, strict=True)]
    return np.asarray(found[np.ix_(*places)])
