"""The prompted nodule segmenter as a tool: a click, clicks or a box in RAS mm -> one mask on the scan's own grid.

Checks the place before the network is asked, and the weights' hash before they are used. Windows and components are
`outline.py`'s, the scan's axes are `frame.py`'s.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tools.contract import (
    SHIPPED,
    Accuracy,
    MissingSpacing,
    NotApplicable,
    Progress,
    SegmentRequest,
    SegmentResult,
    ToolError,
    ToolFailed,
    ToolSpec,
    VisionTool,
    outside,
)
from tools.inference import Ask, Attempt, first_that_fits, has_fast_bfloat16, on_cpu, placed, together
from tools.measure import touches_edge
from tools.models.nodule_segmenter.components import SNAP_MM, Prompts
from tools.models.nodule_segmenter.frame import Upright
from tools.models.nodule_segmenter.outline import LEAST_CONTRAST_HU, Outline, Predict, outline
from tools.models.nodule_segmenter.window import Array, Index
from tools.scan import Point
from tools.weights import pinned

Looked = tuple[Array, Sequence[str]]
"""A window's probability, and what is to be told of how the network ran."""
_ran: ContextVar[list[str]] = ContextVar("ran")
"""What is to be told of how the network ran, for the request under way."""
WEIGHTS = Path(__file__).parent / "weights.safetensors"
SHA256 = "5bbe36be4a055fe048a2dc5ca73e6b6269889e903a382a3715528b49a8395938"
"""Of the shipped weights; `train.py` makes others, which are pinned here when they are shipped."""

ON = "168 nodules of 92 LIDC-IDRI patients not used in training, against the readers' consensus"
BY = "the Scanwright authors"

AIR_HU = -900.0
"""Air in the airways and around the body is near -1000, aerated lung near -850, ground glass denser still."""
NEAR_MM = 4.0
"""A click that has nothing denser than air within this distance is on no lesion."""
BODY_MM = 200.0
"""A slice at least this wide shows the skin; in a narrower crop nobody can tell lung air from air outside."""
LUNG_HU = (-950.0, -500.0)
"""Aerated lung, healthy or dense; gas in bowel, sinuses and around the body is below, fat and soft tissue above."""
LUNG_MM, LEAST_LUNG = 60.0, 0.04
"""Of what lies within this distance along each axis, lung fills 22 % and more around the lesions of three whole CTs, up
to 76 mm wide; on a head or an abdomen nothing but partial volume at skin and gas lies in that range."""
TRAINED_MM = 2.5
"""Thickest native slices of the training data; thicker ones were made from them by averaging."""
THICK_DICE = (0.857, 0.847, 37)
"""Mean Dice of held-out nodules with slices averaged to 5 mm, of the same before averaging, and how many there were."""
DOUBTS = {
    "cut off": "The outline reaches the edge of the largest window (about 100 mm): it is cut off, or no lesion.",
    "piece": "Much of the outline borders on tissue as dense as itself: it may be a piece of something larger. "
    "If so, draw a box around the whole.",
    "no edge": "The outline hardly differs from its surroundings in attenuation: check that it is a lesion.",
}
FLIPS: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-1, -2))
"""The answer is the mean over these mirror images of the window: one batch, at little more than the cost of one."""
BEST_CUT = 0.16
"""The network's own probability that the contract's 0.5 means, in the finest window. On the 386 of 420 training nodules
that it answered mean Dice was flat from 0.16 to 0.20 (0.8523, 0.8535 at 0.18, 0.8533) and less below (0.8503 at 0.143),
the longest diameter's error smaller the lower (median 0.691 mm, mean 1.097 mm at 0.16; 0.809 and 1.188 at 0.20). On 188
training nodules 0.5 gave Dice 0.828 and 1.28 mm (0.20: 0.855, 0.74 mm): outlines at 0.5 are too small, as a mean over
mirror images and doubts rounds off every point."""
SHIFT = math.log((1 - BEST_CUT) / BEST_CUT)


class NoduleSegmenter(VisionTool):
    """Outlines the lung lesion at a click or in a box."""

    spec = ToolSpec(
        name="nodule-segmenter",
        task="segment",
        reported_by=SHIPPED,
        version="1.2.2",
        summary="Outlines one lung nodule or mass on a chest CT from a click inside it or a box around it.",
        not_for=(
            "Not for finding lesions, for other organs, for MR or plain films. It outlines what is pointed at, lesion "
            "or not; sub-solid borders and lesions on pleura or vessels are the least sure. Every outline needs review."
        ),
        modalities=("CT",),
        body_parts=("CHEST",),
        labels=("nodule", "mass"),
        licence="Apache-2.0 (code and weights); trained on LIDC-IDRI, CC BY 3.0, Armato et al. 2011",
        utterances={
            "en": (
                "segment the lesion", "outline the nodule", "segment what I clicked", "draw a contour around the mass",
                "contour this nodule", "delineate the lesion in the box", "make a mask of the nodule here",
                "segment it again, tighter", "redo the outline, looser", "trace the edge of this spot",
                "mark the extent of the lesion", "segment at this point", "can you outline it",
                "segment inside this box", "get me the boundary of the nodule",
            ),
            "zh": (
                "分割病灶", "勾画结节", "分割我点的地方", "把这个肿块的轮廓画出来", "勾画框内的病灶",
                "给这个结节做掩膜", "再分割一次，紧一点", "重新勾画，松一点", "描出结节的边界", "标出病灶范围",
                "在这个点分割", "帮我圈出这个结节", "分割一下", "对框里的结节做分割", "提取结节轮廓",
            ),
        },
        parameters={"type": "object", "properties": {}, "additionalProperties": False},
        batch=8,
        batch_on=("cuda",),
        weights_sha256=SHA256,
        accuracy=(
            Accuracy(
                "Dice, mean, from a click", 0.851, ON, BY, interval=(0.84, 0.861),
                baseline="connected voxels above -400 HU at the click: 0.419",
            ),
            Accuracy("Dice, mean, from a click and one correction", 0.87, ON, BY, interval=(0.861, 0.878)),
            Accuracy("Dice, mean, from a box", 0.849, ON, BY, interval=(0.838, 0.859)),
            Accuracy(
                "longest axial diameter error, median, mm", 0.903, ON, BY, interval=(0.695, 1.186),
                baseline="voxels above -400 HU: 6.238",
            ),
        ),
    )  # fmt: skip

    def __init__(self, weights: Path = WEIGHTS, sha256: str | None = None) -> None:
        """Take other weights than the shipped ones only with their hash: `evaluate.py` measures new ones so."""
        self._weights = weights
        self._sha256 = sha256 or self.spec.weights_sha256
        self._network: Any = None
        self._device = "cpu"

    def load(self, device: str) -> None:
        """Read the weights after checking their hash. Raises ToolFailed when they are missing or others."""
        content = pinned(self._weights, self._sha256, self.spec.name)
        import torch
        from safetensors.torch import load

        from tools.models.nodule_segmenter.lean import lean_network
        from tools.models.nodule_segmenter.network import CHANNELS

        network = lean_network(load(content), len(CHANNELS))
        self._network = network.to(device=device, memory_format=torch.channels_last_3d)
        self._device = device

    def run(self, request: SegmentRequest, progress: Progress = lambda fraction, phrase: None) -> SegmentResult:
        """Outline what the request points at.

        Raises:
            NotApplicable: out of scope, outside the image or the body, on air, or nothing above the threshold.
            MissingSpacing: the scan has no millimetres.
            ToolFailed: the weights are missing, changed, or were not loaded.
        """
        return self._outlined(request, self._predict, progress)

    def run_batch(
        self, requests: Sequence[SegmentRequest], progress: Progress = lambda fraction, phrase: None
    ) -> list[SegmentResult | ToolError]:
        """Outline several at once: windows of one shape that are looked at in the same step share a pass."""

        def piece(request: SegmentRequest, ask: Ask) -> SegmentResult:
            return self._outlined(request, lambda window: _noted(ask(window)))

        return together(
            [partial(piece, request) for request in requests], self._looked,
            lambda count: progress(0.2, f"outlining, {count} windows at once"),
        )  # fmt: skip

    def _outlined(
        self, request: SegmentRequest, predict: Predict, progress: Progress = lambda fraction, phrase: None
    ) -> SegmentResult:
        scan = request.scan
        self.spec.check_scope(scan)
        if not scan.has_mm:
            raise MissingSpacing("Segmenting needs the voxel spacing in mm; this image has none. Load the original.")
        if self._network is None:
            raise ToolFailed(f"{self.spec.name} was not loaded. Call load(device) first, or take it from the registry.")
        view = Upright.of(scan)
        prompts = _prompts(view, request)
        progress(0.1, "looking at the place")
        _check_place(view, prompts)
        progress(0.2, "outlining")
        ran: list[str] = []
        token = _ran.set(ran)
        try:
            found = outline(view.volume, view.spacing, prompts, request.threshold, predict)
        finally:
            _ran.reset(token)
        if found is None:
            raise NotApplicable(
                f"There is no outline above the threshold {request.threshold:g} at that place. Lower the threshold "
                '("looser"), click nearer to the middle of the lesion, or draw a box around it.'
            )
        if found.doubt == "no edge" and request.box is None:
            raise NotApplicable(
                f"No border of a lesion is seen there: what the click is in differs from what surrounds it by "
                f"{found.contrast_hu:.0f} HU (at least {LEAST_CONTRAST_HU:g} are needed). Click inside the lesion, or "
                "draw a box around it."
            )
        return _result(view, found, request, ran)

    def _predict(self, window: Array) -> Array:
        return _noted(self._looked([window])[0])

    def _looked(self, windows: Sequence[Array]) -> list[Looked]:
        """Return the probability of each window, the mean over its mirror images, with what is to be told of it.

        The window is what the network was trained on and stays; where memory does not suffice for all the mirror
        images of one at once they go one by one, then on the CPU.
        """
        import torch

        batch = torch.from_numpy(np.stack([np.flip(window, axes) for window in windows for axes in FLIPS]))
        ways = [
            Attempt("", lambda: self._answer(batch, self._device)),
            Attempt("view by view", lambda: torch.cat([self._answer(b[None], self._device) for b in batch])),
        ]
        if self._device != "cpu":
            ways.append(Attempt("on the CPU", lambda: self._on_cpu(batch)))
        answer, notes = (ways[0].act(), ()) if len(windows) > 1 else first_that_fits(ways, self.spec.name)
        return [(_mean(one), notes) for one in answer.split(len(FLIPS))]

    def _answer(self, batch: Any, device: str) -> Any:
        """Return the probabilities of a batch of windows, on the CPU."""
        import torch

        kind = device.split(":")[0]
        lower = kind == "cuda" and has_fast_bfloat16(device)
        network = placed(self._network, device)
        with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=lower):
            there = batch.to(device=device, memory_format=torch.channels_last_3d)
            return torch.sigmoid(network(there).float() + SHIFT)[:, 0].cpu()

    def _on_cpu(self, batch: Any) -> Any:
        with on_cpu(self._network, self._device):
            return self._answer(batch, "cpu")


def _noted(looked: Looked) -> Array:
    """Return a probability, and keep what is to be told of it for the request under way."""
    answer, notes = looked
    _ran.get([]).extend(notes)
    return answer


def _mean(answer: Any) -> Array:
    """Return the mean of the mirror images' answers, each turned back."""
    import torch

    turned = [torch.flip(a, axes) if axes else a for a, axes in zip(answer, FLIPS, strict=True)]
    return np.asarray(torch.stack(turned).mean(dim=0).numpy(), dtype=np.float32)


def _prompts(view: Upright, request: SegmentRequest) -> Prompts:
    """Return the request's places as indices. Raises NotApplicable for a place outside the image."""
    scan = request.scan
    for place in (request.seed, *(c for c, _ in request.clicks)):
        if not scan.contains(place):
            raise NotApplicable(outside(scan, place))
    point = None if request.point is None else view.index(request.point)
    box = None if request.box is None else _box(view, request.box)
    return Prompts(point, box, tuple((view.index(place), add) for place, add in request.clicks))


def _box(view: Upright, corners: tuple[Point, Point]) -> tuple[Index, Index]:
    """Return low and high index of a box given by two corners in RAS mm, cut to the image.

    A box drawn on one slice has no depth: it is made as deep as its shorter side.
    """
    (a, b, c), (d, e, f) = corners
    places = np.array([view.index((x, y, z)) for x in (a, d) for y in (b, e) for z in (c, f)])
    low, high = places.min(axis=0), places.max(axis=0)
    size = (high - low) * view.spacing
    flat = size < 0.5 * np.array(view.spacing)
    if flat.sum() > 1:
        raise NotApplicable("The box has no area. Draw it around the lesion, or click inside the lesion.")
    half = np.where(flat, size[~flat].min() / 2 / view.spacing, 0.0)
    low = np.maximum(low - half, -0.5)
    high = np.minimum(high + half, np.array(view.shape) - 0.5)
    return (float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2]))


def _check_place(view: Upright, prompts: Prompts) -> None:
    """Raise NotApplicable for a place on plain air or outside the body."""
    near = _around(view, prompts.seed)
    if prompts.box is None and float(np.percentile(near, 90)) < AIR_HU:
        raise NotApplicable(
            f"The point is on air: {float(np.mean(near)):.0f} HU on average, and nothing denser than {AIR_HU:g} HU "
            f"within {NEAR_MM:g} mm. Click inside the lesion."
        )
    if _outside_body(view, prompts.seed):
        what = "point" if prompts.box is None else "middle of the box"
        raise NotApplicable(f"The {what} lies outside the body, in the air around it. Point inside the lesion.")
    share = _lung_around(view, prompts.seed)
    if share is not None and share < LEAST_LUNG:
        raise NotApplicable(
            f"There is no lung around that place: {100 * share:.0f} % of what lies within {LUNG_MM:g} mm has the "
            f"attenuation of aerated lung ({LUNG_HU[0]:g} to {LUNG_HU[1]:g} HU), at least {100 * LEAST_LUNG:g} % are "
            "needed. This tool outlines lung lesions on chest CT: check the scan's body part, or point into the lung."
        )


def _around(view: Upright, seed: Index) -> Array:
    """Return the HU of the voxels within `NEAR_MM` of an index (at least its own)."""
    spans, gaps = [], []
    for place, n, mm in zip(seed, view.shape, view.spacing, strict=True):
        at, reach = round(place), int(NEAR_MM / mm)
        span = np.arange(max(0, at - reach), min(n, at + reach + 1))
        spans.append(span)
        gaps.append((span - at) * mm)
    z, y, x = np.ix_(*gaps)
    values = np.asarray(view.volume[np.ix_(*spans)], dtype=np.float32)
    return np.asarray(values[z**2 + y**2 + x**2 <= NEAR_MM**2])


def _lung_around(view: Upright, seed: Index) -> float | None:
    """Return the share of lung around an index; None on a crop too narrow to tell."""
    if _narrow(view):
        return None
    spans = [
        slice(max(0, round(v - LUNG_MM / mm)), round(v + LUNG_MM / mm) + 1, max(1, round(2.0 / mm)))
        for v, mm in zip(seed, view.spacing, strict=True)
    ]
    part = view.volume[tuple(spans)]
    return float(((part > LUNG_HU[0]) & (part < LUNG_HU[1])).mean())


def _narrow(view: Upright) -> bool:
    """Return whether the slices are too narrow to show the skin."""
    return min(n * mm for n, mm in zip(view.shape[1:], view.spacing[1:], strict=True)) < BODY_MM


def _outside_body(view: Upright, seed: Index) -> bool:
    """Return whether the seed is in air that reaches the edge of a slice wide enough to show the skin."""
    from scipy.ndimage import gaussian_filter, label

    if _narrow(view):
        return False
    k, row, column = (min(n - 1, max(0, round(v))) for v, n in zip(seed, view.shape, strict=True))
    plane = gaussian_filter(np.asarray(view.volume[k], dtype=np.float32), [0.7 / mm for mm in view.spacing[1:]])
    labels, _ = label(plane < AIR_HU)
    mine = labels[row, column]
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return bool(mine and (edge == mine).any())


def _result(view: Upright, found: Outline, request: SegmentRequest, ran: Sequence[str]) -> SegmentResult:
    """Return the mask with what a reader must know about it; `ran` says how the network did, where not as usual."""
    mask = view.mask(found.box, found.start, "nodule")
    notes = []
    if view.spacing[0] > TRAINED_MM:
        notes.append(
            f"Slices are {view.spacing[0]:.1f} mm apart; the segmenter was trained on slices of 0.5 to {TRAINED_MM} mm "
            f"and on thicker ones made by averaging those. Averaged to 5 mm, {THICK_DICE[2]} nodules of patients not "
            f"trained on were outlined with mean Dice {THICK_DICE[0]:.2f} ({THICK_DICE[1]:.2f} on their own slices)."
        )
    if touches_edge(mask):
        notes.append("The outline reaches the edge of the image: the lesion may be cut off there.")
    if found.doubt:
        notes.append(DOUBTS[found.doubt])
    if request.point is not None and not mask.contains(request.point):
        notes.append(f"The click is not in the outline but within {SNAP_MM:g} mm of it.")
    notes += [
        "A click to add could not be reached at this threshold; lower it or click between."
        for place, keep in request.clicks
        if keep and not mask.contains(place)
    ]
    return SegmentResult(mask, request.threshold, (*notes, *dict.fromkeys(ran)))
