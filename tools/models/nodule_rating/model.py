"""The LIDC readers' rating of an outlined nodule, 1 to 5, estimated from size, shape and attenuation.

A linear model of 22 features, its coefficients in a safetensors file with a pinned hash. The rating is an opinion of
readers about images; this estimates that opinion and knows nothing about tissue. What diameter alone gives stands
beside every answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tools.contract import (
    Accuracy,
    ClassifyRequest,
    ClassifyResult,
    MissingSpacing,
    NotApplicable,
    Progress,
    ToolFailed,
    ToolSpec,
    VisionTool,
)
from tools.measure import touches_edge
from tools.models.nodule_rating.features import NAMES, features
from tools.quantity import Quantity
from tools.weights import pinned

Array = npt.NDArray[np.float64]

WEIGHTS = Path(__file__).parent / "weights.safetensors"
SHA256 = "cb5475e1ce3c43aeaebb0ec1f9b99e84d0843bbcfb40f971e485e58742823ad1"
"""Of the shipped coefficients; `train.py` prints that of the ones it wrote."""

ON = "168 nodules of 92 LIDC-IDRI patients not used in training, with the nodule segmenter's masks"
BY = "the Scanwright authors"

LOWEST, HIGHEST = 1.0, 5.0
UNIT = "{rating}"
SIZES_MM = (4.0, 50.0)
"""Mean diameters that the training nodules cover."""
LEAST_VOXELS = 10
"""Fewer give no shape and no rim."""
TRAINED_MM = 2.5
MEANING = "LIDC readers' rating, 1-5: readers' opinion, not pathology; enters neither impression nor criteria."


@dataclass(frozen=True)
class Linear:
    """One linear model: ``bias + weights . (features - mean) / scale``, cut to 1-5."""

    mean: Array
    scale: Array
    weights: Array
    bias: float

    def __call__(self, x: Array) -> Array:
        """Return the rating of one row of features, or of each of several."""
        rating = self.bias + ((np.asarray(x) - self.mean) / self.scale) @ self.weights
        return np.asarray(np.clip(rating, LOWEST, HIGHEST))


@dataclass(frozen=True)
class Rating:
    """The full model, the one of diameter alone, and how far readers lay from the full one (10th, 90th percentile)."""

    full: Linear
    diameter: Linear
    spread: tuple[float, float]

    def arrays(self) -> dict[str, Array]:
        """Return everything by name, for a safetensors file."""
        parts = {"full": self.full, "diameter": self.diameter}
        named = {f"{n}.{k}": np.atleast_1d(np.asarray(v)) for n, p in parts.items() for k, v in vars(p).items()}
        return {**named, "spread": np.array(self.spread)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, Array]) -> Rating:
        """Return what `arrays` holds."""
        full, diameter = (
            Linear(arrays[f"{n}.mean"], arrays[f"{n}.scale"], arrays[f"{n}.weights"], float(arrays[f"{n}.bias"][0]))
            for n in ("full", "diameter")
        )
        low, high = (float(v) for v in arrays["spread"])
        return cls(full, diameter, (low, high))


class NoduleRating(VisionTool):
    """Estimates the LIDC readers' rating of an outlined nodule."""

    spec = ToolSpec(
        name="nodule-rating",
        task="classify",
        version="1.0.0",
        summary="Estimates how LIDC readers would have rated a lung nodule, 1 to 5, beside what diameter alone gives.",
        not_for=(
            "Not a diagnosis, not a probability, not for management: the rating is readers' opinion about images, not "
            "pathology. Not for masses above 50 mm, for nodules under 4 mm, or outside chest CT."
        ),
        modalities=("CT",),
        body_parts=("CHEST",),
        labels=("LIDC readers' rating, 1-5",),
        licence="Apache-2.0 (code and weights); trained on LIDC-IDRI, CC BY 3.0, Armato et al. 2011",
        utterances={
            "en": (
                "classify the nodule", "rate lesion 2", "what rating would the readers give", "classify it",
                "how would LIDC readers rate this", "give me the LIDC rating", "score the nodule",
                "characterise the lesion", "how suspicious does it look", "rate it on the 1 to 5 scale",
                "classify all lesions", "what does the classifier say", "run the rating model on lesion 1",
            ),
            "zh": (
                "给结节分类", "给病灶2评分", "阅片者会打几分", "分类一下", "LIDC评分是多少", "按1到5分评一下",
                "这个结节看起来可疑吗", "给它打个分", "对病灶做分类", "评估这个结节的评分", "分类器怎么说",
                "对所有病灶分类", "用评分模型看一下病灶1",
            ),
        },
        parameters={"type": "object", "properties": {}, "additionalProperties": False},
        weights_sha256=SHA256,
        accuracy=(
            Accuracy(
                "AUC, rated 4-5 against 1-2", 0.897, ON, BY, interval=(0.83, 0.955),
                baseline="mean diameter alone: 0.895",
            ),
            Accuracy(
                "Spearman's rho with the readers' rating", 0.555, ON, BY, interval=(0.411, 0.685),
                baseline="mean diameter alone: 0.43",
            ),
        ),
    )  # fmt: skip

    def __init__(self, weights: Path = WEIGHTS, sha256: str | None = None) -> None:
        """Take other coefficients than the shipped ones only with their hash."""
        self._weights = weights
        self._sha256 = sha256 or self.spec.weights_sha256
        self._rating: Rating | None = None

    def load(self, device: str) -> None:
        """Read the coefficients after checking their hash; the device makes no difference.

        Raises:
            ToolFailed: the file is missing or another.
        """
        content = pinned(self._weights, self._sha256, self.spec.name)
        from safetensors.numpy import load

        self._rating = Rating.from_arrays(load(content))

    def run(self, request: ClassifyRequest, progress: Progress = lambda fraction, phrase: None) -> ClassifyResult:
        """Rate the request's mask.

        Raises:
            NotApplicable: out of scope, a mask of another scan, empty or too small.
            MissingSpacing: the scan has no millimetres.
            ToolFailed: the weights are missing, changed, or were not loaded.
        """
        scan, mask = request.scan, request.mask
        self.spec.check_scope(scan)
        if not scan.has_mm:
            raise MissingSpacing("Rating needs the voxel spacing in mm; this image has none. Load the original.")
        if mask.scan_id != scan.id or mask.grid_shape != scan.shape:
            raise NotApplicable("The mask belongs to another scan: segment or load one on this scan.")
        if mask.count < LEAST_VOXELS:
            raise NotApplicable(
                f"The mask has {mask.count} voxels; at least {LEAST_VOXELS} are needed for a rating. Segment again."
            )
        if self._rating is None:
            raise ToolFailed(f"{self.spec.name} was not loaded. Call load(device) first, or take it from the registry.")
        progress(0.2, "rating")
        seen = features(scan, mask)
        return ClassifyResult(_scores(self._rating, seen), _notes(request, float(np.exp(seen[0]))))


def _scores(rating: Rating, seen: Array) -> tuple[Quantity, ...]:
    """Return the estimate, its interval, and what diameter alone gives."""
    value, alone = float(rating.full(seen)), float(rating.diameter(seen[:1]))
    low, high = (float(np.clip(value + s, LOWEST, HIGHEST)) for s in rating.spread)
    within = "80 % of training nodules, each rated by a model that had not seen its patient, lay within these bounds"
    return (
        Quantity(
            "lidc_rating", value, UNIT,
            f"ridge regression of the LIDC readers' rating (1-5) on {len(NAMES)} features: size, shape, attenuation",
            note=MEANING,
        ),
        Quantity("lidc_rating_low", low, UNIT, f"lower bound: {within}"),
        Quantity("lidc_rating_high", high, UNIT, f"upper bound: {within}"),
        Quantity(
            "lidc_rating_from_diameter", alone, UNIT,
            "linear regression of the LIDC readers' rating (1-5) on the logarithm of the mean diameter alone",
        ),
    )  # fmt: skip


def _notes(request: ClassifyRequest, diameter_mm: float) -> tuple[str, ...]:
    """Return what a reader must know about this answer."""
    notes = [MEANING]
    low, high = SIZES_MM
    if not low <= diameter_mm <= high:
        notes.append(f"The mean diameter is outside {low:g} to {high:g} mm, the sizes the rating was trained on.")
    interval = request.scan.slice_interval_mm
    if interval is not None and interval > TRAINED_MM:
        notes.append(f"Slices are {interval:.1f} mm apart; the rating was trained on slices of 0.5 to {TRAINED_MM} mm.")
    if touches_edge(request.mask):
        notes.append("The mask touches the edge of the image: shape and rating are those of the part in view.")
    return tuple(notes)
