"""A bundle's network between its own steps: the scan's voxels in, out what its last step makes of the answer.

The steps that read and write files are left out: the voxels come from the `Scan`, channel by channel as the bundle
expects, with the affine in RAS. Knows neither masks nor scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.bundles.config import Config
from tools.bundles.expressions import Refused
from tools.bundles.inferring import answer_of
from tools.bundles.metadata import About
from tools.bundles.pins import read_weights
from tools.contract import NotApplicable, Progress, ToolFailed, VisionTool
from tools.scan import Point, Scan

Window = tuple[slice, slice, slice]
_CONFIGS = ("inference.json", "inference.yaml", "inference.yml")
_SPARE = 1.25
"""An image this many times larger than what a bundle was made for is not given to it whole."""


@dataclass(frozen=True)
class Answer:
    """What a bundle made of an image.

    Attributes:
        values: the answer after its last step; (channel, *axes), or (class,).
        data: the dictionary that its steps worked on.
        before: its steps before the network, which know the way back.
        notes: on how the network ran.
    """

    values: Any
    data: Any
    before: Callable[[Any], Any]
    notes: tuple[str, ...]


class RunningBundle(VisionTool):
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
            config = Config.read(config_file(self.folder), device)
            key = config.first("network_def", "network", "net")
            if key is None:
                raise Refused("its configuration names no network (network_def)")
            network = config.build(key)
            state = read_weights(self.folder, self.about.spec.weights_sha256, name)
            _same_shapes(network.state_dict(), state)
            network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
        except Refused as error:
            raise ToolFailed(f"{name} cannot be loaded: {error}.") from error
        except (RuntimeError, AttributeError) as error:
            raise ToolFailed(f"{name}'s weights do not fit its network: {_in_a_line(error)}") from error
        self._network, self._config, self._device = network.to(device).eval(), config, device

    def answer(self, scan: Scan, window: Window, progress: Progress) -> Answer:
        """Return what the bundle makes of a part of a scan.

        Raises:
            NotApplicable: the bundle was made for single pictures and the scan is a volume.
            Refused: a step is not on the list, or the image does not become what the network takes.
            ToolFailed: a step or the network broke.
        """
        import torch
        from monai.data import MetaTensor

        assert self._config is not None
        if not self.about.spec.needs_3d and window[2].stop - window[2].start != 1:
            raise NotApplicable(
                f"{self.about.spec.name} was made for single pictures; this image is a volume of {scan.shape[2]} "
                "slices. Open one slice of it as an image of its own, or use a tool made for volumes."
            )
        progress(0.1, "preparing the image")
        before, after = self._step("preprocessing"), self._step("postprocessing")
        voxels = np.array(scan.voxels[window], dtype=np.float32)
        voxels = voxels if self.about.spec.needs_3d else voxels[:, :, 0]
        said = {"original_channel_dim": "no_channel", "spatial_shape": np.array(voxels.shape), "space": "RAS"}
        image = MetaTensor(torch.from_numpy(voxels), affine=torch.from_numpy(_moved(scan.affine, window)), meta=said)
        name, out = self.about.image, self.about.output
        data = self._through("preprocessing", before, {name: image})
        progress(0.3, "running the network")
        inferer = self._config.build("inferer") if self._config.has("inferer") else None
        batch = data[name].cpu()[None].float()
        self._check(batch)
        answer, notes = self._network_on(batch, inferer, progress)
        data[out] = MetaTensor(answer[0].float(), meta=dict(data[name].meta))  # its affine is in `meta`
        progress(0.9, "reading the answer")
        return Answer(self._through("postprocessing", after, data)[out], data, before, notes)

    def _network_on(self, batch: Any, inferer: Any, progress: Progress) -> tuple[Any, tuple[str, ...]]:
        name, kind = self.about.spec.name, type(inferer).__name__
        if self.about.spec.task == "classify" and kind not in ("NoneType", "SimpleInferer"):
            raise Refused(f"its inferer {kind} answers part by part; a score is of one image: take SimpleInferer")
        try:
            answer, notes = answer_of(batch, self._network, inferer, self._device, self.about, progress)
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            shape = " x ".join(map(str, batch.shape[2:]))
            why = _in_a_line(error)
            raise ToolFailed(f"{name}'s network broke on an image of {shape} ({why}); nothing was recorded.") from error
        if bool(answer.isnan().any()):
            raise ToolFailed(f"{name}'s network answered with what is no number (NaN); nothing was recorded.")
        return answer, notes

    def _check(self, batch: Any) -> None:
        """Raise Refused when the image did not become what the network takes."""
        axes = 3 if self.about.spec.needs_3d else 2
        seen, due = batch.shape[1], self.about.channels
        if batch.ndim != axes + 2 or seen != due:
            made = f"its steps make an image of {seen} channel{'s' * (seen != 1)} and {batch.ndim - 2} axes"
            raise Refused(f"{made}; metadata.json says that the network takes {due} and {axes}")

    def _step(self, key: str) -> Callable[[Any], Any]:
        assert self._config is not None
        step: Callable[[Any], Any] = self._config.build(key) if self._config.has(key) else _nothing
        return step

    def _through(self, key: str, step: Callable[[Any], Any], data: Any) -> Any:
        try:
            return step(data)
        except (RuntimeError, ValueError, TypeError, KeyError, IndexError) as error:
            why, name = _in_a_line(error.__cause__ or error), self.about.spec.name
            raise ToolFailed(f"{name}'s {key} broke ({why}); nothing was recorded.") from error


def config_file(folder: Path) -> Path:
    """Return the file that says how a bundle is run. Raises Refused."""
    for name in _CONFIGS:
        if (folder / "configs" / name).is_file():
            return folder / "configs" / name
    raise Refused(f"it has no configs/{_CONFIGS[0]}")


def window_of(known: About, scan: Scan, seed: Point | None) -> Window:
    """Return the part of the scan to look at: all of it, or what the bundle was made for around a place.

    Raises:
        NotApplicable: the image is larger than what the bundle was made for and no place is given.
    """
    whole = (slice(0, scan.shape[0]), slice(0, scan.shape[1]), slice(0, scan.shape[2]))
    if known.crop_mm is None:
        return whole
    sizes = np.asarray(scan.spacing_or_unit)
    columns = scan.affine[:3, :3] / np.linalg.norm(scan.affine[:3, :3], axis=0)
    due = np.abs(columns.T) @ np.asarray(known.crop_mm)  # the crop's size along each voxel axis, mm
    spans = np.asarray(scan.shape) * sizes
    if (spans <= due * _SPARE).all():
        return whole
    if seed is None:
        made = " x ".join(f"{v:.0f}" for v in known.crop_mm)
        seen = " x ".join(f"{v:.0f}" for v in spans)
        raise NotApplicable(
            f"{known.spec.name} was made for images of {made} mm around the {known.spec.labels[0]}; this one spans "
            f"{seen} mm. Click inside the structure, or draw a box around it."
        )
    centre = np.asarray(scan.to_index(seed))
    half = due / sizes / 2
    low = np.clip(np.rint(centre - half).astype(int), 0, None)
    high = np.minimum(np.rint(centre + half).astype(int) + 1, scan.shape)
    a, b, c = (slice(int(x), int(y)) for x, y in zip(low, high, strict=True))
    return a, b, c


def _same_shapes(due: Any, seen: Any) -> None:
    """Raise Refused when weights are of another network: the first part that is missing or of another size."""
    for name, part in due.items():
        if name not in seen:
            if name.endswith("num_batches_tracked"):
                continue  # older files leave it out; it is counted in training alone
            raise Refused(f"its weights do not fit its network: they lack {name}")
        if part.shape != seen[name].shape:
            sizes = [" x ".join(map(str, p.shape)) or "one number" for p in (seen[name], part)]
            raise Refused(f"its weights do not fit its network: {name} is {sizes[0]} there, {sizes[1]} is due")
    more = sorted(set(seen) - set(due))
    if more:
        raise Refused(f"its weights do not fit its network: {more[0]} of the file is nowhere in it")


def _moved(affine: npt.NDArray[np.float64], window: Window) -> npt.NDArray[np.float64]:
    moved = np.array(affine)
    moved[:3, 3] += affine[:3, :3] @ np.array([s.start for s in window], dtype=np.float64)
    return moved


def _in_a_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (" ".join(lines[:2]) or type(error).__name__)[:200]


def _nothing(data: Any) -> Any:
    return data
