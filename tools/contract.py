"""The whole contract between Scanwright and a vision tool, built-in or yours.

A tool is a class with a `spec`, a `load(device)` and a `run(request, progress)`: one frozen request type and one
frozen result type a task. Import torch in `load`, not at the top of the file: tools are listed without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from tools.errors import Cancelled, MissingSpacing, NotApplicable, StateDown, ToolError, ToolFailed, UnknownTool
from tools.mask import Mask
from tools.quantity import Quantity
from tools.scan import Point, Scan

__all__ = [
    "SHIPPED",
    "Accuracy",
    "Box",
    "Cancelled",
    "Candidate",
    "ClassifyRequest",
    "ClassifyResult",
    "FindRequest",
    "FindResult",
    "MeasureRequest",
    "MeasureResult",
    "MissingSpacing",
    "NotApplicable",
    "PrepareRequest",
    "PrepareResult",
    "Progress",
    "SegmentRequest",
    "SegmentResult",
    "StateDown",
    "Task",
    "ToolError",
    "ToolFailed",
    "ToolSpec",
    "UnknownTool",
    "VisionTool",
]  # fmt: skip
SHIPPED = "the Scanwright authors"
"""Who reports the figures of what comes with Scanwright; anybody else's are marked as theirs."""
Task = Literal["find", "segment", "classify", "measure", "prepare"]
Box = tuple[Point, Point]
Progress = Callable[[float, str], None]
"""Called with the fraction done, 0 to 1, and a phrase. Raises Cancelled when the reader stopped the work."""


@dataclass(frozen=True)
class Accuracy:
    """One reported figure: what was measured, on what, and by whom.

    Attributes:
        metric: e.g. ``Dice, mean``.
        value: the figure.
        interval: 95 % interval, or None when not computed.
        data: the cases, e.g. ``131 nodules of 68 LIDC-IDRI patients not used in training``.
        by: who reports it.
        baseline: the simple baseline on the same cases, in words.
    """

    metric: str
    value: float
    data: str
    by: str
    interval: tuple[float, float] | None = None
    baseline: str = ""


@dataclass(frozen=True)
class ToolSpec:
    """What a tool is, for whom, and how good: everything that is shown or decided without loading it.

    Attributes:
        name: what it is called by, everywhere; no two tools share one.
        task: which request it answers.
        version: counted up with whatever changes its answers: evidence names it.
        summary, not_for: one sentence each, shown wherever it is listed.
        modalities, body_parts: DICOM's codes (``CT``, ``CHEST``) of the scans it takes; empty: any.
        labels: what it outlines, finds or scores.
        licence: of code and weights.
    """

    name: str
    task: Task
    version: str
    summary: str
    not_for: str
    modalities: tuple[str, ...]
    body_parts: tuple[str, ...]
    labels: tuple[str, ...]
    licence: str
    utterances: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """How people ask for it, by language: {"en": (...), "zh": (...)}. The planner learns from these."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON schema of `request.parameters`."""
    weights_sha256: str | None = None
    accuracy: tuple[Accuracy, ...] = ()
    needs_3d: bool = True
    prompts: Literal["needed", "welcome", "unused"] = "needed"
    """Whether a segmenter needs a point or a box, can do without one, or outlines its structures wherever they are."""
    reported_by: str = "its author"
    """Who measured the figures."""
    gpu_share: float | None = None
    """Part of a GPU that one copy takes on a cluster; None: a tenth, and none for tools that measure or prepare."""
    batch: int = 1
    """The most requests that `run_batch` takes at once, where several wait; 1: one after the other."""
    batch_on: tuple[str, ...] = ("cpu", "cuda")
    """Kinds of device on which a batch gains; on others it is given one request after the other."""
    anatomy: bool = False
    """Whether a segmenter outlines places that lesions lie in (lobes) instead of lesions."""

    def check_scope(self, scan: Scan) -> None:
        """Raise NotApplicable when the scan is outside this tool's modality, body part or dimension.

        An unknown modality or body part is refused too, with how to state it: nothing runs on a guess.
        """
        for what, seen, allowed in (
            ("modality", scan.modality, self.modalities),
            ("body part", scan.body_part, self.body_parts),
        ):
            if not allowed:
                continue
            if seen.value is None:
                raise NotApplicable(
                    f"{self.name} works on {what} {' or '.join(allowed)}; this image does not say its {what}. "
                    f"State it (for example \"this is a chest CT\", or --modality CT --body-part CHEST)."
                )
            if seen.value not in allowed:
                raise NotApplicable(
                    f"{self.name} works on {what} {' or '.join(allowed)}; this image is {seen.value} ({seen.how}). "
                    + ("Use a tool made for it." if self.task == "prepare" else
                       "Use a tool made for it, or measure a mask of your own.")
                )  # fmt: skip
        if self.needs_3d and scan.is_2d:
            raise NotApplicable(f"{self.name} works on volumes; this image is a single slice or picture.")

    def check_request(self, request: Request) -> None:
        """Raise NotApplicable when a request is not one this tool can answer: scope, parameters, point or box."""
        self.check_scope(request.scan)
        self.check_parameters(request.parameters)
        if isinstance(request, SegmentRequest) and self.prompts == "needed" and not request.has_prompt:
            raise NotApplicable("Segmenting needs a point inside the lesion or a box around it (RAS mm).")

    def check_parameters(self, given: Mapping[str, Any]) -> None:
        """Raise NotApplicable when a request's parameters are not what this tool's schema takes."""
        if not given:
            return
        if not self.parameters:
            raise NotApplicable(f"{self.name} takes no parameters; given: {', '.join(sorted(given))}.")
        import jsonschema

        try:
            jsonschema.validate(dict(given), dict(self.parameters))
        except jsonschema.ValidationError as error:
            raise NotApplicable(f"{self.name} does not take these parameters: {error.message}.") from error


@dataclass(frozen=True, kw_only=True)
class FindRequest:
    """Search a whole scan, or one side of it, for up to `max_candidates` candidates in all."""

    scan: Scan
    max_candidates: int = 10
    side: Literal["left", "right"] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """One place that may be a lesion.

    Attributes:
        mask: its region on the scan's grid, as rough as the search is.
        group: the list it stands in.
        rank: its place there, from 1.
        score: what it was ranked by, without a unit; no probability.
        diameter_mm: about, of the mask; no measurement.
        side: of the patient; None: not known.
    """

    mask: Mask
    group: Literal["mass", "nodule"]
    rank: int
    score: float
    diameter_mm: float
    side: Literal["left", "right"] | None = None


@dataclass(frozen=True)
class FindResult:
    """Candidates, best first in each group, and what the search did not cover."""

    candidates: tuple[Candidate, ...]
    not_assessed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SegmentRequest:
    """Outline what is at a point, in a box, or as clicks say. Positions are RAS mm.

    Attributes:
        point: a click inside the lesion.
        box: two opposite corners around it. Without either, a tool whose spec allows it outlines what it knows.
        clicks: further clicks, (point, True to add or False to leave out).
        threshold: probability at which a voxel counts as inside; higher is tighter.
    """

    scan: Scan
    point: Point | None = None
    box: Box | None = None
    clicks: tuple[tuple[Point, bool], ...] = ()
    threshold: float = 0.5
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold < 1.0:
            raise NotApplicable(f"The threshold must lie between 0 and 1 (both excluded); it is {self.threshold}.")
        places = [click for click, _ in self.clicks] + ([self.seed] if self.has_prompt else [])
        for place in places:
            if not self.scan.contains(place):
                raise NotApplicable(outside(self.scan, place))

    @property
    def has_prompt(self) -> bool:
        """Whether there is a point or a box."""
        return self.point is not None or self.box is not None

    @property
    def seed(self) -> Point:
        """The point, or the box's centre, in RAS mm. Raises NotApplicable without either."""
        if self.point is not None:
            return self.point
        if self.box is None:
            raise NotApplicable("Segmenting needs a point inside the lesion or a box around it (RAS mm).")
        (a, b, c), (d, e, f) = self.box
        return (a + d) / 2, (b + e) / 2, (c + f) / 2


@dataclass(frozen=True)
class SegmentResult:
    """The outline on the scan's grid, the threshold it was cut at, and what a reader must know about it.

    A tool of several structures gives the others in `parts`.
    """

    mask: Mask
    threshold: float
    notes: tuple[str, ...] = ()
    parts: tuple[Mask, ...] = ()


@dataclass(frozen=True)
class ClassifyRequest:
    """Say what the model sees in one lesion; the mask lies on the scan's grid."""

    scan: Scan
    mask: Mask
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ClassifyResult:
    """Scores with their meaning in `Quantity.method`; never a diagnosis."""

    scores: tuple[Quantity, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class MeasureRequest:
    """Measure one mask on its scan."""

    scan: Scan
    mask: Mask
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasureResult:
    """Quantities in the order a report shows them."""

    quantities: tuple[Quantity, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PrepareRequest:
    """Make a derived image: denoised, corrected, resampled."""

    scan: Scan
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PrepareResult:
    """The derived image, to look at: what is measured is always the original. `done` says what was done to it."""

    scan: Scan
    done: str
    notes: tuple[str, ...] = ()


Request = FindRequest | SegmentRequest | ClassifyRequest | MeasureRequest | PrepareRequest
Result = FindResult | SegmentResult | ClassifyResult | MeasureResult | PrepareResult

REQUESTS: Mapping[str, type] = {
    "find": FindRequest,
    "segment": SegmentRequest,
    "classify": ClassifyRequest,
    "measure": MeasureRequest,
    "prepare": PrepareRequest,
}
RESULTS: Mapping[str, type] = {
    "find": FindResult,
    "segment": SegmentResult,
    "classify": ClassifyResult,
    "measure": MeasureResult,
    "prepare": PrepareResult,
}


class VisionTool(ABC):
    """A vision tool. Subclass it, set `spec`, write `run`; override `load` when there are weights."""

    spec: ClassVar[ToolSpec]

    def load(self, device: str) -> None:  # noqa: B027
        """Read the weights onto a device (``cpu``, ``cuda``, ``cuda:1``). Called once, before the first run."""

    @abstractmethod
    def run(self, request: Any, progress: Progress = lambda fraction, phrase: None) -> Any:
        """Answer a request of this tool's task.

        Raises:
            NotApplicable: the request is out of scope.
            ToolFailed: the work broke.
        """

    def run_batch(
        self, requests: Sequence[Any], progress: Progress = lambda fraction, phrase: None
    ) -> Sequence[Any]:
        """Answer several requests at once, of whatever scans: in order a result each, or the ToolError it would raise.

        Write it, and set the spec's `batch`, where a network gains from it. `progress` is for all of them together.
        """
        answers: list[Any] = []
        for request in requests:
            try:
                answers.append(self.run(request, progress))
            except Cancelled:
                raise
            except ToolError as error:
                answers.append(error)
        return answers


def outside(scan: Scan, point: Point) -> str:
    """Return the sentence that tells a reader a point is not in the image, with the range that is."""
    import numpy as np

    corners = np.array(
        [scan.to_mm((i, j, k)) for i in (0, scan.shape[0] - 1) for j in (0, scan.shape[1] - 1)
         for k in (0, scan.shape[2] - 1)]
    )  # fmt: skip
    low, high = corners.min(axis=0), corners.max(axis=0)
    ranges = ", ".join(f"{n} {a:.0f} to {b:.0f}" for n, a, b in zip("xyz", low, high, strict=True))
    place = ", ".join(f"{v:.1f}" for v in point)
    return f"The point ({place}) mm lies outside the image, which spans {ranges} mm (RAS). Choose a point inside."
