"""The classes of a bundle that scores an image: their names from its metadata, and its scores as quantities.

A score is the network's own number for a class, by its author alone. It is no probability of a disease and no
diagnosis; a class whose very name would say one is called by its number. Knows no network.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tools.bundles.expressions import Refused
from tools.contract import ToolFailed, ToolSpec
from tools.quantity import Quantity

FORMATS = ("classes", "classification", "probabilities")
"""What MONAI's metadata calls an output that is one number a class."""
PREFIX = "score_"
MOST_CLASSES = 64
"""More names than anybody reads beside an image."""
_SAYS_TOO_MUCH = re.compile(
    r"benign|malign|cancer|carcino|tumou?r|neoplas|metasta|lymphom|sarcom|adenom|blastom|gliom|\bstage\b|normal|negative|"
    r"healthy|\bclear\b|unremarkable|\bno[ _-]|disease|[良恶癌瘤]|正常|转移|阴性|无",
    re.IGNORECASE,
)
"""Words that no score carries: what a lesion is, its stage, or that nothing is there."""


def classifies(found: Mapping[str, Any]) -> bool:
    """Return whether metadata's output is one number a class, not an image.

    >>> classifies({"type": "probabilities"}), classifies({"type": "image", "format": "segmentation"})
    (True, False)
    """
    count, shape = found.get("num_channels"), found.get("spatial_shape")
    if str(found.get("type")) == "probabilities" or str(found.get("format")) in FORMATS:
        return True
    return found.get("format") == "labels" and shape == [1, count]


def classes_of(found: Mapping[str, Any]) -> Mapping[int, str]:
    """Return the classes by output channel, as they are shown. Raises Refused when a class has no name."""
    try:
        named = {int(k): _plain(v) for k, v in dict(found.get("channel_def") or {}).items()}
    except (TypeError, ValueError) as error:
        raise Refused("metadata.json does not name its classes by number (channel_def)") from error
    if not any(named.values()):
        raise Refused('metadata.json names no classes; channel_def does, e.g. {"0": "solid", "1": "part-solid"}')
    count = found.get("num_channels")
    if not isinstance(count, int) or sorted(named) != list(range(count)) or not all(named.values()):
        seen = ", ".join(f"{k}: {named[k] or 'no name'}" for k in sorted(named))[:200]
        raise Refused(f"metadata.json says {count} output channels and names {len(named)} classes ({seen}); "
                      "channel_def has to name each one, from 0")  # fmt: skip
    if count > MOST_CLASSES:
        raise Refused(f"metadata.json names {count} classes; at most {MOST_CLASSES} are taken")
    return {k: f"class {k}" if _SAYS_TOO_MUCH.search(name) else name for k, name in sorted(named.items())}


def scores_of(values: Sequence[float], classes: Mapping[int, str], spec: ToolSpec) -> tuple[Quantity, ...]:
    """Return a bundle's answer as one score a class.

    Raises:
        Refused: there are fewer or more numbers than classes.
        ToolFailed: one of them is no number.
    """
    import math

    if len(values) != len(classes):
        raise Refused(
            f"it answers {len(values)} number{'s' * (len(values) != 1)} for the {len(classes)} classes that "
            "metadata.json names; its last step has to leave one score a class (no argmax)"
        )
    bad = [classes[k] for k, value in enumerate(values) if not math.isfinite(value)]
    if bad:
        raise ToolFailed(f"{spec.name} answered with what is no number for {', '.join(bad[:3])}; nothing was recorded.")
    names = _names(classes)
    return tuple(
        Quantity(names[k], float(values[k]), "1",
                 f"{spec.name} {spec.version}, score of {classes[k]!r} among {len(classes)} classes, reported by "
                 f"{spec.reported_by}; uncalibrated, not a probability of disease, not a diagnosis")
        for k in classes
    )  # fmt: skip


def note_of(spec: ToolSpec, made_for: str, values: Sequence[float]) -> str:
    """Return what a reader must know beside the scores."""
    scaled = all(0.0 <= v <= 1.0 for v in values)
    raw = "" if scaled else " They are the network's own numbers, on no scale from 0 to 1."
    return (
        f"Scores by {spec.name}, reported by {spec.reported_by} alone and uncalibrated: not a probability, not a "
        f"diagnosis; they enter neither criteria nor impression. {made_for}{raw}"
    )


def _names(classes: Mapping[int, str]) -> Mapping[int, str]:
    """Return a quantity's name for each class: letters, digits and underscores, each once."""
    made = {k: re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") for k, name in classes.items()}
    held = list(made.values())
    return {k: PREFIX + (name if name and held.count(name) == 1 else f"class_{k}") for k, name in made.items()}


def _plain(text: Any) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())[:60]
