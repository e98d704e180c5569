"""Which parts of a picture moved a classifier's score: occlusion sensitivity, as a map and as a picture to look at.

Block by block, what lies there is blurred, the lesion within itself and its surroundings within themselves, and the
tool is asked again; the map holds how far the score fell. It is an explanation of one answer, not evidence of anything:
it measures nothing, and size and shape, which count too, do not show in it. Works with any tool that classifies; knows
no model and no case.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tools.contract import ClassifyRequest, ClassifyResult, NotApplicable, Progress, ToolError, ToolSpec
from tools.frame import Frame
from tools.mask import Mask
from tools.quantity import Quantity, show
from tools.render import Outline, render_slice
from tools.scan import Scan

Array = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]

MARGIN_MM = 24.0
"""How much of the scan around the lesion the tool is shown: more than any shipped classifier looks at."""
REACH_MM = 6.0
"""How far beyond the lesion blocks are tried."""
BLOCK_MM = 2.5
BLUR_MM = 6.0
"""Wide enough that calcium, vessels and the border's own look are gone, and no new edge is made."""
MOST_BLOCKS = 9
"""Blocks along a side at most: larger lesions get larger blocks, so that an answer takes seconds."""
UP, DOWN = (255, 140, 30), (60, 150, 255)
"""Colours of what raised the score and of what lowered it."""
STRONGEST = 0.7
"""Opacity of the block that counts most."""
OUTLINE = (255, 255, 255)
PIECE = 460
"""Pixels along a side of each of the two pictures."""
CAPTION = "Explanation, not evidence: orange raised, blue lowered"


class Classifier(Protocol):
    """What is needed of a tool: a `VisionTool` or one from the registry."""

    @property
    def spec(self) -> ToolSpec:
        """What the tool is."""

    def run(self, request: Any, progress: Progress = ..., /) -> Any:
        """Answer a request."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """How one score hangs on the places of the picture.

    Attributes:
        tool: whose score it is.
        score: the score explained, as the tool gives it.
        scan: the part of the scan around the lesion.
        mask: the lesion on that part.
        values: how far the score fell when a place was occluded, in the score's unit, axes (i, j, k) of `scan`;
            the same in all slices.
        tried: blocks occluded.
        refused: blocks without which the tool gave no answer; they count as 0.
        reasons: what the tool itself says of what moved its score, where it does.
    """

    tool: str
    score: Quantity
    scan: Scan
    mask: Mask
    values: Array
    tried: int
    refused: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What a reader must know beside the map."""
        strongest = float(np.abs(self.values).max())
        text = (
            f"Occlusion map of {self.tool}, {self.score.name.replace('_', ' ')} {show(self.score)}: blurring a block "
            f"moved it by {strongest:.2f} at most. An explanation of this answer, not "
            "evidence: it measures nothing, and the lesion's size and shape count too but do not show in it."
        )
        return " ".join((text, *self.reasons))


def explain(
    tool: Classifier,
    request: ClassifyRequest,
    score: str | None = None,
    progress: Progress = lambda fraction, phrase: None,
) -> Explanation:
    """Return how a classifier's score hangs on the places of the picture.

    Args:
        tool: a tool that classifies, loaded.
        request: the lesion.
        score: the quantity to explain; None takes the first that the tool gives.
        progress: told of the work.

    Raises:
        NotApplicable: the tool does not classify, gives no such score, or the lesion is empty.
        ToolError: what the tool itself raises on the lesion as it is.
    """
    if tool.spec.task != "classify":
        raise NotApplicable(f"{tool.spec.name} is a tool to {tool.spec.task}: there is no score to explain.")
    if not request.mask.count:
        raise NotApplicable("The mask is empty: there is nothing to explain. Segment again.")
    whole = tool.spec.prompts == "unused"  # it scores the image as a whole: a part of it would get another score
    scan, mask = (request.scan, request.mask) if whole else _part(request.scan, request.mask)
    answer = tool.run(ClassifyRequest(scan, mask, request.parameters))
    plain = _score(answer, score, tool.spec.name)
    blocks, blurred = _blocks(scan, mask), _blurred(scan, mask)
    fallen, refused = np.zeros(len(blocks)), 0
    for n, block in enumerate(blocks):
        progress(n / len(blocks), "covering one place after another")
        try:
            answer = tool.run(ClassifyRequest(*_covered(scan, mask, block, blurred), request.parameters))
            fallen[n] = plain.value - _score(answer, plain.name, tool.spec.name).value
        except ToolError:
            refused += 1
    values = np.zeros(scan.shape, np.float32)
    for block, fell in zip(blocks, fallen, strict=True):
        values[block] = fell
    reasons = _reasons(tool, scan, mask, request, answer)
    return Explanation(tool.spec.name, plain, scan, mask, values, len(blocks), refused, reasons)


def _reasons(
    tool: Classifier, scan: Scan, mask: Mask, request: ClassifyRequest, answer: ClassifyResult
) -> tuple[str, ...]:
    """Return what a tool that takes the parameter `why` says more when it is asked so."""
    if "why" not in tool.spec.parameters.get("properties", {}):
        return ()
    asked = tool.run(ClassifyRequest(scan, mask, {**request.parameters, "why": True}))
    return tuple(note for note in asked.notes if note not in answer.notes)


def _score(result: ClassifyResult, name: str | None, tool: str) -> Quantity:
    found = next((q for q in result.scores if name in (None, q.name)), None)
    if found is None:
        there = ", ".join(q.name for q in result.scores) or "none"
        raise NotApplicable(f"{tool} gives no score {name!r}. It gives: {there}.")
    return found


def _part(scan: Scan, mask: Mask) -> tuple[Scan, Mask]:
    """Return the part of a scan around a mask, and the mask on it."""
    mm = np.linalg.norm(scan.affine[:3, :3], axis=0)
    margin = [int(np.ceil(MARGIN_MM / size)) for size in mm]
    low = [max(0, o - m) for o, m in zip(mask.offset, margin, strict=True)]
    ends = zip(mask.offset, mask.box.shape, margin, scan.shape, strict=True)
    high = [min(limit, o + n + m) for o, n, m, limit in ends]
    affine = np.array(scan.affine)
    affine[:3, 3] += scan.affine[:3, :3] @ np.array(low, dtype=np.float64)
    part = _like(scan, scan.voxels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], affine)
    return part, _onto(part, mask, tuple(o - a for o, a in zip(mask.offset, low, strict=True)))


def _like(scan: Scan, voxels: npt.NDArray[Any], affine: npt.NDArray[np.float64]) -> Scan:
    """Return a scan of other voxels that is otherwise what this one is."""
    return Scan.build(
        np.array(voxels), affine, spacing=scan.spacing, calibration=scan.calibration, modality=scan.modality,
        body_part=scan.body_part, slice_thickness_mm=scan.slice_thickness_mm,
        slice_interval_mm=scan.slice_interval_mm, kernel=scan.kernel, contrast=scan.contrast, windows=scan.windows,
        laterality_known=scan.laterality_known,
    )  # fmt: skip


def _onto(scan: Scan, mask: Mask, offset: tuple[int, ...]) -> Mask:
    i, j, k = offset
    return Mask(scan.id, mask.box, (i, j, k), scan.shape, scan.affine, mask.label)


def _stack_axis(scan: Scan) -> int:
    """Return the axis that slices are stacked along."""
    return int(np.argmax(np.abs(scan.affine[2, :3]) / np.linalg.norm(scan.affine[:3, :3], axis=0)))


def _blocks(scan: Scan, mask: Mask) -> list[tuple[slice, slice, slice]]:
    """Return the places to cover: a grid over the lesion and a little more, through all of its slices."""
    edges: list[list[slice]] = []
    for axis in range(3):
        start, count = mask.offset[axis], mask.box.shape[axis]
        if axis == _stack_axis(scan):
            edges.append([slice(start, start + count)])
            continue
        mm = float(np.linalg.norm(scan.affine[:3, axis]))
        low = max(0, start - round(REACH_MM / mm))
        high = min(scan.shape[axis], start + count + round(REACH_MM / mm))
        parts = min(MOST_BLOCKS, max(1, round((high - low) * mm / BLOCK_MM)), high - low)
        cuts = np.linspace(low, high, parts + 1).round().astype(int)
        edges.append([slice(int(a), int(b)) for a, b in pairwise(cuts)])
    return [(a, b, c) for a in edges[0] for b in edges[1] for c in edges[2]]


def _blurred(scan: Scan, mask: Mask) -> Array:
    """Return the scan with the lesion blurred within itself and the rest within itself: no detail, the same outline."""
    from scipy.ndimage import gaussian_filter

    sigma = [BLUR_MM / float(mm) for mm in np.linalg.norm(scan.affine[:3, :3], axis=0)]
    values, inside = np.asarray(scan.voxels, dtype=np.float32), mask.voxels
    out = np.zeros(values.shape, np.float32)
    for part in (inside, ~inside):
        weight = gaussian_filter(part.astype(np.float32), sigma)
        smooth = gaussian_filter(np.where(part, values, 0.0), sigma) / np.maximum(weight, 1e-6)
        out[part] = smooth[part]
    return out


def _covered(scan: Scan, mask: Mask, block: tuple[slice, slice, slice], blurred: Array) -> tuple[Scan, Mask]:
    voxels = np.array(scan.voxels)
    voxels[block] = blurred[block].astype(voxels.dtype)
    other = _like(scan, voxels, np.array(scan.affine))
    return other, _onto(other, mask, mask.offset)


def picture(explanation: Explanation) -> Picture:
    """Return two pictures side by side, plain and with the map over it, above a line that says what they are.

    The slice is the one with most of the lesion; shape ``(height, width, 3)``, red, green, blue.
    """
    from PIL import Image, ImageDraw, ImageFont

    frame = Frame.of(explanation.scan, "axial", _widest(explanation), PIECE)
    outlines = [Outline(explanation.mask, OUTLINE)]
    plain = render_slice(explanation.scan, "axial", frame.index, outlines=outlines, size=PIECE)
    laid = _tinted(plain, frame, explanation.values)
    both = np.concatenate([plain, np.zeros((plain.shape[0], 6, 3), np.uint8), laid], axis=1)
    font = ImageFont.load_default(15)
    strip = Image.new("RGB", (both.shape[1], 30))
    value = f"{explanation.score.name.replace('_', ' ')} {show(explanation.score)}"
    ImageDraw.Draw(strip).text((8, 6), f"{CAPTION}   ({value}, {explanation.tool})", fill=(220, 225, 228), font=font)
    return np.concatenate([both, np.asarray(strip)], axis=0)


def _widest(explanation: Explanation) -> int:
    """Return the axial slice, counted as pictures are, that holds most of the lesion."""
    frame = Frame.of(explanation.scan, "axial", 0, PIECE)
    through, mask = frame.voxel_axes[2], explanation.mask
    others = tuple(a for a in range(3) if a != through)
    voxel = mask.offset[through] + int(np.argmax(mask.box.sum(axis=others)))
    return frame.counts[2] - 1 - voxel if frame.flipped[2] else voxel


def _tinted(plain: Picture, frame: Frame, values: Array) -> Picture:
    """Return a slice's picture with the map laid over it."""
    from PIL import Image

    strongest = float(np.abs(values).max())
    if strongest == 0:
        return plain
    shown = Image.fromarray(frame.cut(values).astype(np.float32) / strongest)
    share = np.asarray(shown.resize((frame.width, frame.height), Image.Resampling.BILINEAR))[..., np.newaxis]
    opacity = STRONGEST * np.abs(np.clip(share, -1.0, 1.0))
    colour = np.where(share > 0, np.array(UP), np.array(DOWN))
    return np.asarray(np.rint(plain * (1 - opacity) + colour * opacity), dtype=np.uint8)
