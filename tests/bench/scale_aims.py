"""The aims of the bench of scale, each in a line with what was seen: met, missed, not run, or no GPU here.

Takes the bench's result and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NO_GPU, NOT_RUN = "no GPU here", "not run"
EQUAL_DICE = 0.005
"""Below this two ways through the same weights are alike."""
LINEAR = 1.5
"""Time a slice or a lesion of the largest input, of that of the middle one: above it the growth is no line."""

Figure = Callable[[dict[str, Any]], float | None]


@dataclass(frozen=True)
class Aim:
    """One aim.

    Attributes:
        what: what is compared.
        figure: reads it from the result; None or a missing part: it was not run.
        most, least: the bound, one of the two.
        on: ``cpu`` or ``gpu``, what it was set for; empty: either.
    """

    what: str
    figure: Figure
    most: float | None = None
    least: float | None = None
    on: str = ""


def rows(result: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return a row an aim: what, its bound, what was seen, whether it is met."""
    gpu = result["machine"].get("gpu", "none") != "none"
    return [(aim.what, _bound(aim), *_seen(aim, result, gpu)) for aim in AIMS]


def _bound(aim: Aim) -> str:
    return f"at most {aim.most:g}" if aim.most is not None else f"at least {aim.least:g}"


def _seen(aim: Aim, result: dict[str, Any], gpu: bool) -> tuple[str, str]:
    if aim.on == "gpu" and not gpu:
        return NO_GPU, ""
    if aim.on == "cpu" and gpu:
        return "a GPU was used", ""
    try:
        figure = aim.figure(result)
    except (KeyError, IndexError, StopIteration, TypeError, ZeroDivisionError):
        figure = None
    if figure is None:
        return NOT_RUN, ""
    met = figure <= aim.most if aim.most is not None else figure >= (aim.least or 0.0)
    return f"{figure:.3g}", "met" if met else "missed"


def _way(result: dict[str, Any], part: str, begins: str, of: str = "", key: str = "ratio", block: int = 0) -> float:
    """Return a figure of the way whose name begins so, of that of another."""
    held = result[part][block] if isinstance(result[part], list) else result[part]
    ways = {n: next(v[key] for name, v in held["ways"].items() if name.startswith(n)) for n in (begins, of)}
    return float(ways[begins] / ways[of]) if of else float(ways[begins])


def _engine(result: dict[str, Any], name: str) -> float:
    return float(next(row["ms a call, median"] for row in result["others"]["engines"] if row["engine"] == name))


def _growth(rows_: list[dict[str, Any]], key: str) -> float:
    """Return the largest input's figure of the middle one's: the first has what is paid once."""
    return float(rows_[-1][key] / rows_[len(rows_) // 2 - (len(rows_) == 2)][key])


def _dice(result: dict[str, Any]) -> float:
    dice = result["dice"]["dice"]
    return float(dice["ours"] - next(v for name, v in dice.items() if name.startswith("MONAI")))


AIMS = (
    Aim("a volume, of MONAI as usually called", lambda r: _way(r, "inference", "ours"), most=1 / 3, on="gpu"),
    Aim("a volume, of MONAI at its best", lambda r: _way(r, "inference", "ours", "MONAI at its best"), most=1.0, on="gpu"),
    Aim("bare forward passes, of a volume", lambda r: _way(r, "inference", "bare", "ours"), least=0.85, on="gpu"),
    Aim("a prompted nodule end to end, ms", lambda r: 1000 * _way(r, "prompted", "one click", key="seconds"), most=15, on="gpu"),
    Aim("500 slices from voxels to measured lesions, s",
        lambda r: next(c["seconds"] for c in r["chest"] if c["slices"] == 500), most=5, on="gpu"),
    Aim("a volume, of MONAI as usually called", lambda r: _way(r, "inference", "ours"), most=0.5, on="cpu"),
    Aim("a volume, of the bare forward passes", lambda r: _way(r, "inference", "ours", "bare", "seconds"), most=1.02, on="cpu"),
    Aim("Dice less MONAI's as usually called", _dice, least=-EQUAL_DICE),
    Aim("reading a series, of SimpleITK", lambda r: _way(r, "reading", "ours, in this process"), most=0.65),
    Aim("the same in the warm child process", lambda r: _way(r, "reading", "ours, in the warm child"), most=0.8),
    Aim("a study opened again, of SimpleITK", lambda r: _way(r, "reading", "ours, opened again"), most=0.1),
    Aim("memory while reading, volumes", lambda r: r["slices"][-1]["memory_volumes"], most=1.3),
    Aim("time a slice, most of middle", lambda r: _growth(r["slices"], "ms_a_slice"), most=LINEAR),
    Aim("time a lesion, most of middle", lambda r: _growth(r["lesions"], "ms_a_lesion"), most=LINEAR),
    Aim("modules of MONAI imported for a first outline", lambda r: r["imports"]["modules of MONAI imported"], most=0),
    Aim("a persisted turn, of a bare graph's that keeps none", lambda r: r["threads"]["turn_of_the_bare_graphs"], most=1.5),
    Aim("the same, of one that keeps its own way", lambda r: r["threads"]["turn_of_the_bare_graphs_kept"], most=1.5),
    Aim("a turn at 500 messages, of one at 12", lambda r: r["threads"]["ratio"], most=2),
    Aim("conversations' database, of the default's", lambda r: r["threads"]["database_share"], most=0.05),
    Aim("a call in process adds, ms", lambda r: _engine(r, "local"), most=20),
    Aim("a call on Ray adds, ms", lambda r: _engine(r, "ray"), most=60),
    Aim("failures of 32 cases at once", lambda r: next(len(c["failures"]) for c in r["crowd"] if c["cases"] == 32), most=0),
)  # fmt: skip
