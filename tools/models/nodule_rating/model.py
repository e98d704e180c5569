"""What LIDC readers would have rated an outlined nodule: the rating 1 to 5, and what else of theirs is estimated well.

Logistic lines over numbers of size, shape, attenuation, texture, border and surroundings (`features.py`); the lines lie
in a safetensors file with a pinned hash. A rating is an opinion of readers about images; this estimates that opinion
and knows nothing about tissue. What diameter alone gives stands beside every answer, and where a lesion is unlike all
that was trained on there is no answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tools.contract import (
    SHIPPED,
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
from tools.models.nodule_rating.features import GROUPS, NAMES, features
from tools.models.nodule_rating.ordinal import Ordinal, Scale, clear_share, expected
from tools.models.nodule_rating.targets import RATING, TARGETS, Target
from tools.quantity import Quantity
from tools.weights import pinned

Array = npt.NDArray[np.float64]

WEIGHTS = Path(__file__).parent / "weights.safetensors"
SHA256 = "099348e7c842ab239854dff3a5fdb50032fd258af45d3a3a4939a3aac1863eb9"
"""Of the shipped coefficients; `train.py` prints that of the ones it wrote."""

ON = "168 nodules of 92 LIDC-IDRI patients not used in training, with the nodule segmenter's masks"
BY = "the Scanwright authors"

LOWEST, HIGHEST = 1.0, 5.0
UNIT = "{rating}"
SIZES_MM = (3.5, 40.0)
"""Mean diameters that the training nodules cover; outside there is no rating."""
LEAST_VOXELS = 10
"""Fewer give no shape and no rim."""
TRAINED_MM = 2.5
UNUSUAL = 0.35
"""From this share of the limit on a lesion is unlike nearly all of the training's, and the answer says so."""
MEANING = "As LIDC readers would rate it, from 1 to 5: opinion, not pathology; enters neither impression nor criteria."


@dataclass(frozen=True)
class Novelty:
    """How unlike the training nodules a lesion is: its Mahalanobis distance a feature, 1 on average in training."""

    precision: Array
    limit: float

    def __call__(self, scale: Scale, x: Array) -> float:
        """Return the distance of one row of features."""
        z = (np.asarray(x) - scale.mean) / scale.sd
        return float(np.sqrt(z @ self.precision @ z / len(z)))


@dataclass(frozen=True)
class Rating:
    """All that the weights file holds.

    Attributes:
        scale: of the features.
        lines: by target, over all features.
        alone: by target, over the mean diameter alone.
        spread: how far readers lay from the rating, 10th and 90th percentile over training patients left out.
        novelty: where an answer ends.
    """

    scale: Scale
    lines: Mapping[str, Ordinal]
    alone: Mapping[str, Ordinal]
    spread: tuple[float, float]
    novelty: Novelty

    def shares(self, target: Target, x: Array, *, diameter_alone: bool = False) -> Array:
        """Return the shares of a target's levels for features, shape (cases, levels)."""
        lines = self.alone if diameter_alone else self.lines
        return lines[target.name].shares(self.scale(x))

    def arrays(self) -> dict[str, Array]:
        """Return everything by name, for a safetensors file."""
        named = {"scale.mean": self.scale.mean, "scale.sd": self.scale.sd, "spread": np.array(self.spread)}
        named |= {"novelty.precision": self.novelty.precision, "novelty.limit": np.array([self.novelty.limit])}
        for name in self.lines:
            named |= self.lines[name].arrays(name) | self.alone[name].arrays(f"{name}.alone")
        return {key: np.ascontiguousarray(value) for key, value in named.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Rating:
        """Return what a file holds; a target that is not in it was not shipped."""
        held = [name for name in TARGETS if f"{name}.weights" in arrays]
        low, high = (float(v) for v in arrays["spread"])
        return cls(
            Scale(arrays["scale.mean"], arrays["scale.sd"]),
            {name: Ordinal.from_arrays(name, arrays) for name in held},
            {name: Ordinal.from_arrays(f"{name}.alone", arrays) for name in held},
            (low, high),
            Novelty(arrays["novelty.precision"], float(arrays["novelty.limit"][0])),
        )


class NoduleRating(VisionTool):
    """Estimates the LIDC readers' ratings of an outlined nodule."""

    spec = ToolSpec(
        name="nodule-rating",
        task="classify",
        reported_by=SHIPPED,
        version="2.0.4",
        summary="Estimates how LIDC readers would have rated a lung nodule, its texture and its margin, 1 to 5 each, "
        "beside what diameter alone gives.",
        not_for=(
            "Not a diagnosis, not a probability, not for management: the rating is readers' opinion about images, not "
            "pathology. Not for masses above 40 mm, for nodules under 4 mm, or outside chest CT."
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
        parameters={
            "type": "object", "properties": {"why": {"type": "boolean"}, "shares": {"type": "boolean"}},
            "additionalProperties": False,
        },
        weights_sha256=SHA256,
        accuracy=(
            Accuracy(
                "AUC, rated 4-5 against 1-2", 0.908, ON, BY, interval=(0.844, 0.963),
                baseline="mean diameter alone: 0.892",
            ),
            Accuracy(
                "Brier score, rated 4-5 against 1-2", 0.12, ON, BY, interval=(0.079, 0.162),
                baseline="mean diameter alone: 0.122",
            ),
            Accuracy(
                "Spearman's rho with the readers' rating", 0.578, ON, BY, interval=(0.439, 0.706),
                baseline="mean diameter alone: 0.435",
            ),
            Accuracy(
                "AUC, texture rated solid (5) against 1-4", 0.893, ON, BY, interval=(0.789, 0.967),
                baseline="mean HU alone: 0.882",
            ),
            Accuracy(
                "AUC, margin rated 4-5 against 1-3", 0.831, ON, BY, interval=(0.732, 0.914),
                baseline="mean HU alone: 0.746",
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

        Parameters: `why` adds a note on which features moved the rating; `shares` adds how often readers rated
        nodules that look so 4 or 5, which its calibration is measured on.

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
        x = features(scan, mask)
        _check_known(self._rating, x)
        notes = _notes(request, self._rating, x)
        why = (_reasons(self._rating, x),) if request.parameters.get("why") else ()
        shares = _high_share(self._rating, x) if request.parameters.get("shares") else []
        return ClassifyResult((*_scores(self._rating, x), *shares), (*notes, *why))


def _check_known(rating: Rating, x: Array) -> None:
    """Raise NotApplicable for a lesion outside what was trained on."""
    diameter, (low, high) = float(np.exp(x[0])), SIZES_MM
    if not low <= diameter <= high:
        raise NotApplicable(
            f"No rating is given: the mean diameter is {diameter:.1f} mm, and the rating was trained on {low:g} to "
            f"{high:g} mm. Measure the lesion instead, or check its outline."
        )
    distance = rating.novelty(rating.scale, x)
    if distance > rating.novelty.limit:
        z = np.abs((x - rating.scale.mean) / rating.scale.sd)
        odd = ", ".join(NAMES[n] for n in np.argsort(-z, kind="stable")[:3])
        raise NotApplicable(
            f"No rating is given: this lesion is unlike all nodules the rating was trained on (distance "
            f"{distance:.1f}, limit {rating.novelty.limit:.1f}; furthest off: {odd}). Check the outline and that this "
            "is a chest CT in Hounsfield units."
        )


def _scores(rating: Rating, x: Array) -> tuple[Quantity, ...]:
    """Return the rating with its interval, each attribute that is shipped, and what diameter alone gives of each."""
    value, alone = (float(expected(rating.shares(RATING, x, diameter_alone=d))[0]) for d in (False, True))
    low, high = (float(np.clip(value + s, LOWEST, HIGHEST)) for s in rating.spread)
    within = "80 % of training nodules, each rated by a model that had not seen its patient, lay within these bounds"
    made = [
        Quantity(
            RATING.name, value, UNIT,
            f"mean of the LIDC readers' ratings (1-5) expected by logistic lines over {len(NAMES)} features: size, "
            "shape, attenuation, texture, border, surroundings", note=MEANING,
        ),
        Quantity("lidc_rating_low", low, UNIT, f"lower bound: {within}"),
        Quantity("lidc_rating_high", high, UNIT, f"upper bound: {within}"),
        Quantity("lidc_rating_from_diameter", alone, UNIT, "the same from the mean diameter alone"),
    ]  # fmt: skip
    for name in rating.lines:
        if name != RATING.name:
            made += _attribute(rating, TARGETS[name], x)
    return tuple(made)


def _high_share(rating: Rating, x: Array) -> list[Quantity]:
    """Return how often readers rated nodules that look so 4 or 5 rather than 1 or 2."""
    what = "of the nodules that look so and were not rated 3, the share that LIDC readers rated 4 or 5"
    made = []
    for ending, diameter_alone in (("", False), ("_from_diameter", True)):
        share = clear_share(rating.shares(RATING, x, diameter_alone=diameter_alone), RATING.low, RATING.high)
        how = f"{what}; from the mean diameter alone" if diameter_alone else what
        made.append(Quantity(f"lidc_rated_4_5{ending}", 100.0 * float(share[0]), "%", how, note=MEANING))
    return made


def _attribute(rating: Rating, target: Target, x: Array) -> list[Quantity]:
    """Return one attribute and what the diameter alone gives of it."""
    made = []
    for ending, diameter_alone in (("", False), ("_from_diameter", True)):
        value = float(expected(rating.shares(target, x, diameter_alone=diameter_alone))[0])
        how = "from the mean diameter alone" if diameter_alone else "expected by logistic lines over the same features"
        method = f"LIDC readers' rating of the {target.called}, 1-5 ({target.meaning}), {how}"
        made.append(Quantity(f"{target.name}{ending}", value, UNIT, method))
    return made


def _reasons(rating: Rating, x: Array) -> str:
    """Return how far each group of features moves the rating from where it would be were that group average."""
    value = float(expected(rating.shares(RATING, x))[0])
    moved = {}
    for group, names in GROUPS.items():
        plain = np.array(x)
        places = [NAMES.index(n) for n in names]
        plain[places] = rating.scale.mean[places]
        moved[group] = value - float(expected(rating.shares(RATING, plain))[0])
    parts = [f"{group} {by:+.1f}" for group, by in sorted(moved.items(), key=lambda item: -abs(item[1]))]
    return f"Against a nodule that is average in it, the rating is moved by: {', '.join(parts)}."


def _notes(request: ClassifyRequest, rating: Rating, x: Array) -> tuple[str, ...]:
    """Return what a reader must know about this answer."""
    notes = [MEANING]
    if rating.novelty(rating.scale, x) > UNUSUAL * rating.novelty.limit:
        notes.append("This lesion is unlike nearly all nodules the rating was trained on: the rating is less sure.")
    interval = request.scan.slice_interval_mm
    if interval is not None and interval > TRAINED_MM:
        notes.append(f"Slices are {interval:.1f} mm apart; the rating was trained on slices of 0.5 to {TRAINED_MM} mm.")
    if touches_edge(request.mask):
        notes.append("The mask touches the edge of the image: shape and rating are those of the part in view.")
    return tuple(notes)
