"""From standardised features to the shares of the levels readers chose: one logistic line for each "above level n".

Nothing here knows what is rated. Levels are 1, 2, 3 …; a share is how often, of cases that look so, readers chose that
level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

CLIP = 3.5
"""A feature counts no further than this many standard deviations from the training mean: no single one runs away."""
SLOPES = np.geomspace(0.5, 2.5, 81)
"""Corrections of over- or under-confidence that are tried."""
LEAST = 1e-6


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of the training features."""

    mean: Array
    sd: Array

    @classmethod
    def of(cls, x: Array) -> Scale:
        """Return the scale of training features, shape (cases, features)."""
        return cls(x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9))

    def __call__(self, x: Array) -> Array:
        """Return features as clipped standard deviations."""
        return np.clip((np.asarray(x) - self.mean) / self.sd, -CLIP, CLIP)


@dataclass(frozen=True)
class Ordinal:
    """Logistic lines of standardised features, one a step between levels, and one correction of their confidence.

    Attributes:
        weights: shape (levels - 1, features).
        bias: shape (levels - 1,).
        slope: all logits are multiplied by this; 1 until `sharpened`.
    """

    weights: Array
    bias: Array
    slope: float = 1.0

    @classmethod
    def fit(cls, z: Array, level: npt.NDArray[np.int_], count: int, looseness: float) -> Ordinal:
        """Return the lines for levels 1 to `count`; `looseness` is the inverse of the ridge penalty."""
        from sklearn.linear_model import LogisticRegression

        weights, bias = np.zeros((count - 1, z.shape[1])), np.zeros(count - 1)
        for step in range(1, count):
            above = level > step
            if above.all() or not above.any():
                bias[step - 1] = 8.0 if above.all() else -8.0
                continue
            model = LogisticRegression(C=looseness, max_iter=2000).fit(z, above)
            weights[step - 1], bias[step - 1] = model.coef_[0], float(model.intercept_[0])
        return cls(weights, bias)

    def logits(self, z: Array) -> Array:
        """Return the logits of "above level n", shape (cases, levels - 1)."""
        return np.asarray(self.slope * (np.atleast_2d(z) @ self.weights.T + self.bias))

    def shares(self, z: Array) -> Array:
        """Return the shares of the levels of standardised features, shape (cases, levels); they add up to 1."""
        return shares_of(self.logits(z))

    def sharpened(self, logits: Array, level: npt.NDArray[np.int_]) -> Ordinal:
        """Return the same lines, as confident as fits logits of cases that these lines' like had not seen."""
        losses = [surprise(shares_of(logits * s), level) for s in SLOPES]
        return replace(self, slope=float(SLOPES[int(np.argmin(losses))]))

    def arrays(self, name: str) -> dict[str, Array]:
        """Return everything by name, for a safetensors file."""
        return {f"{name}.weights": self.weights, f"{name}.bias": self.bias, f"{name}.slope": np.array([self.slope])}

    @classmethod
    def from_arrays(cls, name: str, arrays: Mapping[str, Array]) -> Ordinal:
        """Return what a file holds under a name."""
        return cls(arrays[f"{name}.weights"], arrays[f"{name}.bias"], float(arrays[f"{name}.slope"][0]))


def shares_of(logits: Array) -> Array:
    """Return the shares of the levels from the logits of "above level n"; a line that crosses another is held back."""
    above = np.minimum.accumulate(1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0))), axis=1)
    edges = np.concatenate([np.ones((len(above), 1)), above, np.zeros((len(above), 1))], axis=1)
    return np.asarray(edges[:, :-1] - edges[:, 1:])


def surprise(shares: Array, level: npt.NDArray[np.int_]) -> float:
    """Return the mean negative logarithm of the share given to the level that readers chose."""
    return -float(np.log(np.maximum(shares[np.arange(len(level)), level - 1], LEAST)).mean())


def expected(shares: Array) -> Array:
    """Return the mean level of shares, 1 to the number of levels."""
    return np.asarray(shares @ np.arange(1.0, shares.shape[1] + 1))


def clear_share(shares: Array, low: int, high: int) -> Array:
    """Return the share of levels from `high` on among those up to `low` or from `high` on: a middle is left out."""
    top = shares[:, high - 1 :].sum(axis=1)
    bottom = shares[:, :low].sum(axis=1)
    return np.asarray(np.clip(top / np.maximum(top + bottom, LEAST), LEAST, 1 - LEAST))
