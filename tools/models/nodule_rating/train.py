"""Train the rating model from LIDC-IDRI crops and measure it: one command, weights and figures beside this file.

    python -m tools.models.nodule_rating.train --data FOLDER

Each training nodule counts twice: with the readers' mask and with the segmenter's own from a click, because a user's
masks come from the segmenter. The patients held out are the segmenter's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.contract import NotApplicable, SegmentRequest
from tools.mask import Mask
from tools.models.nodule_rating.features import DIAMETER, NAMES, features
from tools.models.nodule_rating.model import LEAST_VOXELS, WEIGHTS, Linear, Rating
from tools.models.nodule_segmenter.data import read_nodules
from tools.models.nodule_segmenter.evaluate import central_click, scan_of
from tools.models.nodule_segmenter.model import NoduleSegmenter

Array = npt.NDArray[np.float64]

HERE = Path(__file__).parent
PENALTIES = (3.0, 10.0, 30.0, 100.0, 300.0)
"""Strengths of the ridge penalty tried, by cross-validation over training patients."""
FOLDS = 10
SPREAD = (10.0, 90.0)
"""Percentiles of the readers' distance from a cross-validated estimate: an 80 % interval."""
RESAMPLES = 2000
SEED = 7


@dataclass(frozen=True)
class Cases:
    """Nodules with one kind of mask: features (n, len(NAMES)), the readers' rating, patients."""

    x: Array
    rating: Array
    patient: npt.NDArray[np.str_]

    def plus(self, other: Cases) -> Cases:
        """Return both."""
        return Cases(
            np.concatenate([self.x, other.x]),
            np.concatenate([self.rating, other.rating]),
            np.concatenate([self.patient, other.patient]),
        )


def read_cases(data: Path, segmenter: NoduleSegmenter) -> dict[tuple[bool, str], Cases]:
    """Return the cases by (held out, kind of mask); the kinds are "readers" and "segmenter"."""
    rows: dict[tuple[bool, str], list[tuple[Array, float, str]]] = {}
    for nodule in read_nodules(data):
        scan = scan_of(nodule)
        z, y, x = central_click(nodule)
        masks = {"readers": Mask.from_grid(scan.id, np.moveaxis(nodule.mask, 0, 2), scan.affine)}
        with suppress(NotApplicable):
            masks["segmenter"] = segmenter.run(SegmentRequest(scan, point=scan.to_mm((y, x, z)))).mask
        for kind, mask in masks.items():
            if mask.count >= LEAST_VOXELS:
                row = (features(scan, mask), float(nodule.row["Malignancy_value"]), nodule.patient)
                rows.setdefault((nodule.held_out, kind), []).append(row)
    return {
        key: Cases(np.stack([r[0] for r in found]), np.array([r[1] for r in found]), np.array([r[2] for r in found]))
        for key, found in rows.items()
    }


def fit(x: Array, rating: Array, penalty: float) -> Linear:
    """Return the ridge regression on standardised features."""
    from sklearn.linear_model import Ridge

    mean, scale = x.mean(axis=0), x.std(axis=0)
    model = Ridge(alpha=penalty).fit((x - mean) / scale, rating)
    return Linear(mean, scale, np.asarray(model.coef_, dtype=np.float64), float(model.intercept_))


def cross_validated(cases: Cases, penalty: float) -> Array:
    """Return each case's rating by a model that saw nothing of its patient."""
    from sklearn.model_selection import GroupKFold

    answer = np.zeros(len(cases.rating))
    for seen, left in GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(cases.x, groups=cases.patient):
        answer[left] = fit(cases.x[seen], cases.rating[seen], penalty)(cases.x[left])
    return answer


def train(cases: Cases) -> tuple[Rating, float]:
    """Return the model and the penalty that cross-validation chose."""
    errors = {p: float(((cross_validated(cases, p) - cases.rating) ** 2).mean()) for p in PENALTIES}
    penalty = min(errors, key=lambda p: errors[p])
    low, high = np.percentile(cases.rating - cross_validated(cases, penalty), SPREAD)
    alone = fit(cases.x[:, : len(DIAMETER)], cases.rating, 1e-6)
    return Rating(fit(cases.x, cases.rating, penalty), alone, (float(low), float(high))), penalty


def area_under_curve(score: Array, rating: Array) -> float:
    """Return the AUC of ratings 4-5 against 1-2."""
    from sklearn.metrics import roc_auc_score

    clear = rating != 3
    return float(roc_auc_score(rating[clear] > 3, score[clear]))


def rank_correlation(score: Array, rating: Array) -> float:
    """Return Spearman's rho."""
    from scipy.stats import spearmanr

    return float(spearmanr(score, rating).statistic)


def compare(rating: Rating, cases: Cases) -> dict[str, Any]:
    """Return the model's figures beside diameter alone, with intervals of their difference (patients drawn again)."""
    full, alone = rating.full(cases.x), cases.x[:, 0]
    within = (cases.rating >= full + rating.spread[0]) & (cases.rating <= full + rating.spread[1])
    figures: dict[str, Any] = {
        "nodules": len(cases.rating),
        "patients": len(set(cases.patient)),
        "mean_absolute_error": round(float(np.abs(full - cases.rating).mean()), 3),
        "mean_absolute_error_diameter": round(
            float(np.abs(rating.diameter(cases.x[:, : len(DIAMETER)]) - cases.rating).mean()), 3
        ),
        "within_80_percent_interval": round(float(within.mean()), 3),
    }
    measures: Mapping[str, Callable[[Array, Array], float]] = {"auc": area_under_curve, "spearman": rank_correlation}
    for name, measure in measures.items():
        drawn = np.array([[measure(s[rows], cases.rating[rows]) for s in (full, alone)] for rows in _redrawn(cases)])
        for kind, values, value in (
            ("", drawn[:, 0], measure(full, cases.rating)),
            ("_diameter", drawn[:, 1], measure(alone, cases.rating)),
            ("_difference", drawn[:, 0] - drawn[:, 1], measure(full, cases.rating) - measure(alone, cases.rating)),
        ):
            low, high = np.percentile(values, [2.5, 97.5])
            figures[name + kind] = {k: round(float(v), 3) for k, v in (("value", value), ("low", low), ("high", high))}
    return figures


def _redrawn(cases: Cases) -> list[npt.NDArray[np.intp]]:
    """Return row indices of patients drawn again with replacement."""
    rng = np.random.default_rng(SEED)
    groups = [np.flatnonzero(cases.patient == p) for p in sorted(set(cases.patient))]
    return [np.concatenate([groups[n] for n in rng.integers(len(groups), size=len(groups))]) for _ in range(RESAMPLES)]


def main() -> None:
    """Train, write the coefficients, measure them on the held-out patients."""
    from safetensors.numpy import save_file

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with nodules.csv, image/ and mask/")
    arguments = parser.parse_args()
    segmenter = NoduleSegmenter()
    segmenter.load("cpu")
    cases = read_cases(arguments.data, segmenter)
    rating, penalty = train(cases[False, "readers"].plus(cases[False, "segmenter"]))
    save_file(rating.arrays(), WEIGHTS)
    sha256 = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    figures = {
        "data": "LIDC-IDRI crops, patients not trained on",
        "weights_sha256": sha256,
        "penalty": penalty,
        "training_nodules": len(cases[False, "readers"].rating),
        "training_patients": len(set(cases[False, "readers"].patient)),
        "masks": {kind: compare(rating, cases[True, kind]) for kind in ("readers", "segmenter")},
        "weights": dict(zip(NAMES, (round(float(v), 3) for v in rating.full.weights), strict=True)),
    }
    (HERE / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
