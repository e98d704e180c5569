"""A MONAI bundle as a vision tool: its own steps before and after the network, our scan in and masks out.

The steps that read and write files are left out: the voxels come from the `Scan`, channel by channel as the bundle
expects, with the affine in RAS, and what comes back must lie on the scan's grid again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.bundles.config import Config
from tools.bundles.expressions import Refused
from tools.bundles.inferring import answer_of
from tools.bundles.metadata import About, about
from tools.bundles.pins import pin, read_weights
from tools.contract import NotApplicable, Progress, SegmentRequest, SegmentResult, ToolFailed, VisionTool
from tools.mask import Mask
from tools.scan import Scan

_CONFIGS = ("inference.json", "inference.yaml", "inference.yml")
_SPARE = 1.25
"""An image this many times larger than what a bundle was made for is not given to it whole."""


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
    _config_file(folder)
    due = known.spec.weights_sha256 or pin(folder, book)
    what = replace(known, spec=replace(known.spec, weights_sha256=due))

    def make(self: BundleTool) -> None:
        BundleTool.__init__(self, folder, what)

    return type("Bundle", (BundleTool,), {"spec": what.spec, "__init__": make, "__doc__": what.spec.summary})


class BundleTool(VisionTool):
    """One bundle, loaded at first use."""

    def __init__(self, folder: Path, known: About) -> None:
        self.folder = folder
        self.about = known
        self._device = "cpu"
        self._network: Any = None
        self._config: Config | None = None

    def load(self, device: str) -> None:
        """Build the network from the allow-list and fill in the pinned weights."""
        name = self.about.spec.name
        try:
            config = Config.read(_config_file(self.folder), device)
            key = config.first("network_def", "network", "net")
            if key is None:
                raise Refused("its configuration names no network (network_def)")
            network = config.build(key)
            state = read_weights(self.folder, self.about.spec.weights_sha256, name)
            network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
        except Refused as error:
            raise ToolFailed(f"{name} cannot be loaded: {error}.") from error
        except (RuntimeError, AttributeError) as error:
            said = str(error).splitlines()[0][:200]
            raise ToolFailed(f"{name}'s weights do not fit its network: {said}") from error
        self._network, self._config, self._device = network.to(device).eval(), config, device

    def run(self, request: SegmentRequest, progress: Progress = lambda fraction, phrase: None) -> SegmentResult:
        """Outline the bundle's structures.

        Raises:
            NotApplicable: the image is larger than what it was made for and there is no click, or nothing was outlined.
            ToolFailed: a step is not on the list, broke, or answered on another grid.
        """
        spec, scan = self.about.spec, request.scan
        window = _window(self.about, request)
        progress(0.1, "preparing the image")
        try:
            voxels = np.asarray(scan.voxels[window], dtype=np.float32)
            labels, how = self._labels(voxels, _moved(scan.affine, window), progress)
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
        notes = [*self.about.notes, *how]
        missing = [v for v in spec.labels if v not in {m.label for m in masks}]
        if missing:
            notes.append(f"Not outlined: {', '.join(missing)}.")
        return SegmentResult(masks[0], 0.5, tuple(notes), tuple(masks[1:]))

    def _labels(
        self, voxels: npt.NDArray[np.float32], affine: npt.NDArray[np.float64], progress: Progress
    ) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
        """Return label values (i, j, k) on the grid of the voxels given, and notes on how the network ran."""
        import torch
        from monai.data import MetaTensor

        assert self._config is not None
        before = self._step("preprocessing")
        after = self._step("postprocessing")
        said = {"original_channel_dim": "no_channel", "spatial_shape": np.array(voxels.shape), "space": "RAS"}
        image = MetaTensor(torch.from_numpy(voxels.copy()), affine=torch.from_numpy(affine.copy()), meta=said)
        name, out = self.about.image, self.about.output
        data = before({name: image})
        progress(0.3, "running the network")
        inferer = self._config.build("inferer") if self._config.has("inferer") else None
        batch = data[name].cpu()[None].float()
        answer, notes = answer_of(batch, self._network, inferer, self._device, self.about, progress)
        data[out] = MetaTensor(answer[0].float(), meta=dict(data[name].meta))  # its affine is in `meta`
        progress(0.9, "back to the scan's grid")
        found = after(data)[out]
        found = found.argmax(0, keepdim=True) if found.shape[0] > 1 else found
        if tuple(found.shape[1:]) != voxels.shape:
            found = _inverted(found, data, before, name, out)
        labels: npt.NDArray[np.int64] = np.rint(np.asarray(found.cpu().numpy()[0])).astype(np.int64)
        if labels.shape != voxels.shape:
            raise Refused(f"it answered on a grid of {labels.shape} for an image of {voxels.shape}")
        return labels, notes

    def _step(self, key: str) -> Callable[[Any], Any]:
        assert self._config is not None
        step: Callable[[Any], Any] = self._config.build(key) if self._config.has(key) else _nothing
        return step


def _nothing(data: Any) -> Any:
    return data


def _inverted(found: Any, data: Any, before: Any, image: str, output: str) -> Any:
    """Return a label map on the grid the image had before the bundle's own steps."""
    from monai.transforms import Invertd

    undo = Invertd(keys=output, transform=before, orig_keys=image, nearest_interp=True, to_tensor=True)
    return undo({**data, output: found})[output]


def _config_file(folder: Path) -> Path:
    for name in _CONFIGS:
        if (folder / "configs" / name).is_file():
            return folder / "configs" / name
    raise Refused(f"it has no configs/{_CONFIGS[0]}")


def _window(known: About, request: SegmentRequest) -> tuple[slice, slice, slice]:
    """Return the part of the scan to look at: all of it, or what the bundle was made for around the click."""
    scan, whole = request.scan, tuple(slice(0, n) for n in request.scan.shape)
    if known.crop_mm is None:
        return whole[0], whole[1], whole[2]
    sizes = np.asarray(scan.spacing_or_unit)
    columns = scan.affine[:3, :3] / np.linalg.norm(scan.affine[:3, :3], axis=0)
    due = np.abs(columns.T) @ np.asarray(known.crop_mm)  # the crop's size along each voxel axis, mm
    spans = np.asarray(scan.shape) * sizes
    if (spans <= due * _SPARE).all():
        return whole[0], whole[1], whole[2]
    if not request.has_prompt:
        made = " x ".join(f"{v:.0f}" for v in known.crop_mm)
        seen = " x ".join(f"{v:.0f}" for v in spans)
        raise NotApplicable(
            f"{known.spec.name} was made for images of {made} mm around the {known.spec.labels[0]}; this one spans "
            f"{seen} mm. Click inside the structure, or draw a box around it."
        )
    centre = np.asarray(scan.to_index(request.seed))
    half = due / sizes / 2
    low = np.clip(np.rint(centre - half).astype(int), 0, None)
    high = np.minimum(np.rint(centre + half).astype(int) + 1, scan.shape)
    a, b, c = (slice(int(x), int(y)) for x, y in zip(low, high, strict=True))
    return a, b, c


def _moved(affine: npt.NDArray[np.float64], window: tuple[slice, slice, slice]) -> npt.NDArray[np.float64]:
    moved = np.array(affine)
    moved[:3, 3] += affine[:3, :3] @ np.array([s.start for s in window], dtype=np.float64)
    return moved


def _placed(part: Mask, window: tuple[slice, slice, slice], scan: Scan) -> Mask:
    """Return a mask of the window as one of the whole scan."""
    i, j, k = (o + s.start for o, s in zip(part.offset, window, strict=True))
    return Mask(scan.id, part.box, (i, j, k), scan.shape, scan.affine, part.label)
