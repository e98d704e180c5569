"""Train the rating model from LIDC-IDRI crops and measure it: one command, weights and figures beside this file.

    python -m tools.models.nodule_rating.train --data FOLDER [--keep FEATURES.npz]

Penalties, intervals and which attributes are shipped are decided by cross-validation over training patients. The
held-out patients are the segmenter's; they are scored once, at the end, on the segmenter's outlines.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.models.nodule_rating.cases import Cases, read_cases
from tools.models.nodule_rating.evaluate import Seen, by_class, paired
from tools.models.nodule_rating.features import DIAMETER, GROUPS, NAMES
from tools.models.nodule_rating.fit import FREE, chosen_looseness, columns, fitted, folds, left_out
from tools.models.nodule_rating.model import WEIGHTS, Novelty, Rating
from tools.models.nodule_rating.ordinal import Ordinal, Scale, expected, shares_of
from tools.models.nodule_rating.targets import RATING, TARGETS, TEXTURE, Target
from tools.models.nodule_segmenter.model import WEIGHTS as SEGMENTER
from tools.models.nodule_segmenter.model import NoduleSegmenter

Array = npt.NDArray[np.float64]

HERE = Path(__file__).parent
SPREAD = (10.0, 90.0)
"""Percentiles of the readers' distance from a left-out rating: an 80 % interval."""
SHRINK = 0.2
"""Share of the identity in the covariance that tells how unlike a lesion is: features are not independent."""
FURTHEST = 1.9
"""An answer ends at this multiple of the distance of the most unlike training nodule from those it was left out of."""
ALL = tuple(range(len(NAMES)))
TEXTURES = {"ground-glass": (1, 1), "part-solid": (2, 4), "solid": (5, 5)}
BASELINE_RESAMPLES = 1000


class Fit:
    """One target fitted on training patients, beside the single feature that does best alone."""

    def __init__(self, cases: Cases, target: Target, tell: Any) -> None:
        self.target, scored = target, cases.scored
        level = scored.level(target)
        self.looseness, logits = chosen_looseness(cases, target, ALL)
        self.scale, lines = fitted(cases, target, ALL, self.looseness)
        self.lines = lines.sharpened(logits, level)
        self.shares = shares_of(logits * self.lines.slope)
        self.single = {name: self._alone(cases, name) for name in target.beside}
        best, figures = "", dict[str, Any]()
        for name, (_, shares) in self.single.items():
            ours, alone = (Seen.of(s, target) for s in (self.shares, shares))
            made = paired(target, level, scored.patient, ours, alone, BASELINE_RESAMPLES)
            if not best or made["auc_alone"]["value"] > figures["auc_alone"]["value"]:
                best, figures = name, made
        self.best, self.figures = best, figures
        self.shipped = target is RATING or figures["auc_difference"]["low"] > 0
        tell(f"{target.name}: {figures['auc']['value']:.3f}, {best} alone {figures['auc_alone']['value']:.3f}, "
             f"difference from {figures['auc_difference']['low']:+.3f} on")  # fmt: skip

    def _alone(self, cases: Cases, name: str) -> tuple[Ordinal, Array]:
        """Return a single feature's lines and its left-out shares."""
        used = columns((name,))
        logits = left_out(cases, self.target, used, FREE)
        lines = fitted(cases, self.target, used, FREE)[1].sharpened(logits, cases.scored.level(self.target))
        return lines, shares_of(logits * lines.slope)


def novelty(cases: Cases) -> Novelty:
    """Return the distance that tells a lesion unlike the training's, and where answers end."""
    scored = cases.scored
    furthest = 0.0
    for seen, left in folds(scored.patient):
        scale = Scale.of(cases.where(np.isin(cases.patient, scored.patient[seen])).x)
        near = Novelty(_precision(scale, scored.x[seen]), 0.0)
        furthest = max(furthest, *(near(scale, x) for x in scored.x[left]))
    return Novelty(_precision(Scale.of(cases.x), scored.x), FURTHEST * furthest)


def _precision(scale: Scale, x: Array) -> Array:
    z = (x - scale.mean) / scale.sd
    return np.asarray(np.linalg.inv((1 - SHRINK) * np.cov(z.T) + SHRINK * np.eye(z.shape[1])))


def train(cases: Cases, tell: Any = lambda text: None) -> tuple[Rating, dict[str, Fit]]:
    """Return the model of training cases, and how each target was fitted."""
    fits = {name: Fit(cases, target, tell) for name, target in TARGETS.items()}
    kept = {name: fit for name, fit in fits.items() if fit.shipped}
    off = cases.scored.level(RATING) - expected(fits[RATING.name].shares)
    low, high = (float(v) for v in np.percentile(off, SPREAD))
    alone = {name: fit.single[DIAMETER[0]][0] for name, fit in kept.items()}
    scale = next(iter(fits.values())).scale
    return Rating(scale, {n: f.lines for n, f in kept.items()}, alone, (low, high), novelty(cases)), fits


def measured(model: Rating, fits: Mapping[str, Fit], held: Cases) -> dict[str, Any]:
    """Return the held-out figures of every target, those that are not shipped too, beside their single feature."""
    z = model.scale(held.x)
    figures = {}
    for name, fit in fits.items():
        ours, alone = (Seen.of(lines.shares(z), fit.target) for lines in (fit.lines, fit.single[fit.best][0]))
        figures[name] = {
            "shipped": fit.shipped, "beside": fit.best, "looseness": fit.looseness, "slope": fit.lines.slope,
            "cross_validation": fit.figures,
            "held_out": paired(fit.target, held.level(fit.target), held.patient, ours, alone),
        }  # fmt: skip
    shares = fits[TEXTURE.name].lines.shares(z)
    figures[TEXTURE.name]["classes"] = by_class(shares, held.level(TEXTURE), TEXTURES)
    rating = expected(model.shares(RATING, held.x))
    off = held.level(RATING) - rating
    figures[RATING.name] |= {
        "mean_absolute_error": round(float(np.abs(off).mean()), 3),
        "mean_absolute_error_alone": round(
            float(np.abs(held.level(RATING) - expected(model.shares(RATING, held.x, diameter_alone=True))).mean()), 3
        ),
        "within_80_percent_interval": round(float(((off >= model.spread[0]) & (off <= model.spread[1])).mean()), 3),
        "abstained": int(sum(model.novelty(model.scale, x) > model.novelty.limit for x in held.x)),
    }
    return figures


def weighty(fit: Fit, count: int = 10) -> dict[str, float]:
    """Return the features that weigh most, by their mean weight over the lines."""
    weights = fit.lines.slope * fit.lines.weights.mean(axis=0)
    return {NAMES[n]: round(float(weights[n]), 3) for n in np.argsort(-np.abs(weights), kind="stable")[:count]}


def main() -> None:
    """Train, write the coefficients, measure them on the held-out patients."""
    from safetensors.numpy import save_file

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with nodules.csv, image/ and mask/")
    parser.add_argument("--keep", type=Path, help="file to keep the features in between runs")
    options = parser.parse_args()

    def tell(text: str) -> None:
        print(text, flush=True)

    cases = read_cases(options.data, options.keep, tell)
    seen, held = cases.where(~cases.held_out), cases.where(cases.held_out).scored
    model, fits = train(seen, tell)
    save_file(model.arrays(), WEIGHTS)
    figures = {
        "data": "LIDC-IDRI crops, patients not trained on; outlines of the nodule segmenter from a click",
        "weights_sha256": hashlib.sha256(WEIGHTS.read_bytes()).hexdigest(),
        "segmenter_sha256": hashlib.sha256(SEGMENTER.read_bytes()).hexdigest(),
        "segmenter_version": NoduleSegmenter.spec.version,
        "training_nodules": len(seen.scored.patient), "training_patients": len(set(seen.patient)),
        "features": {group: len(names) for group, names in GROUPS.items()},
        "spread": [round(v, 3) for v in model.spread], "novelty_limit": round(model.novelty.limit, 3),
        "targets": measured(model, fits, held),
        "weights": {name: weighty(fit) for name, fit in fits.items()},
    }  # fmt: skip
    (HERE / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
