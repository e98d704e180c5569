"""What a bundle says of itself, as a `ToolSpec`: MONAI's metadata.json, and scanwright.json beside the folders if any.

MONAI's metadata names modality, channels and labels. What it has no place for stands in ``scanwright.json``: body
parts, how people ask for it, whether it needs a click, how large an image it was made for, its figures, its weights'
hash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.bundles.classes import classes_of, classifies
from tools.bundles.config import read_mapping
from tools.bundles.expressions import Refused
from tools.contract import SHIPPED, Accuracy, ToolSpec

_MODALITIES = {
    "CT": "CT", "MR": "MR", "MRI": "MR", "PET": "PT", "PT": "PT", "US": "US", "ULTRASOUND": "US", "XRAY": "DX",
    "X-RAY": "DX", "DX": "DX", "CR": "CR", "MG": "MG",
}  # fmt: skip
EXTRA = "scanwright.json"
_EXTRA_KEYS = {
    "name", "summary", "not_for", "body_parts", "modalities", "licence", "utterances", "prompts", "crop_mm", "accuracy",
    "weights_sha256", "notes", "window_multiple", "bfloat16",
}  # fmt: skip
MOST_MULTIPLE = 256
MOST_TEXT = 600
"""Characters of a description that are kept: they are shown to readers and to a language model."""


@dataclass(frozen=True)
class About:
    """What a bundle is.

    Attributes:
        spec: the tool's spec; its weights' hash is put in where the weights are pinned.
        image, output: the names of the network's input and output in the configuration.
        labels: structure by label value, background left out; of one that scores, class by output channel.
        channels: what its network takes, made of the scan's one by its own steps.
        answers: channels of its answer; None: not said.
        background: label values that stand for no structure.
        crop_mm: size (x, y, z) of the images it was made for, or None: any.
        notes: what a reader must be told with each result.
        window_multiple: windows may be as large as memory allows, in multiples of this; 0: the bundle's own window.
        bfloat16: its accuracy was measured in sixteen bits, which are used where the device is fast in them.
    """

    spec: ToolSpec
    image: str
    output: str
    labels: Mapping[int, str]
    channels: int = 1
    answers: int | None = None
    background: frozenset[int] = frozenset((0,))
    crop_mm: tuple[float, float, float] | None = None
    notes: tuple[str, ...] = ()
    window_multiple: int = 0
    bfloat16: bool = False


def about(folder: Path, shipped: bool = False) -> About:
    """Read a bundle's metadata. Raises Refused saying what is missing or not taken."""
    said = read_mapping(folder / "configs" / "metadata.json")
    extra = read_mapping(folder / EXTRA) if (folder / EXTRA).is_file() else {}
    unknown = sorted(set(extra) - _EXTRA_KEYS)
    if unknown:
        raise Refused(f"{EXTRA} holds {', '.join(unknown)}; it may hold {', '.join(sorted(_EXTRA_KEYS))}")
    formats = _mapping(said, "network_data_format", "metadata.json")
    image, given = _only(_mapping(formats, "inputs", "network_data_format"), "input")
    output, found = _only(_mapping(formats, "outputs", "network_data_format"), "output")
    channels = given.get("num_channels")
    if not isinstance(channels, int) or (channels != 1 and not _repeats(folder, channels)):
        raise Refused(f"its network takes {channels} channels; a scan has one, and its steps do not repeat it")
    scores = classifies(found)
    if not scores and found.get("format") not in ("segmentation", "labels"):
        raise Refused(f"its output is of the format {found.get('format')!r}; segmentation and classes are taken")
    labels = classes_of(found) if scores else _labels(found)
    silent = frozenset((0,)) | frozenset(int(k) for k in dict(found.get("channel_def") or {})) - frozenset(labels)
    crop = _crop(extra.get("crop_mm"))
    name = str(extra.get("name") or folder.name).lower().replace("_", "-")
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,60}", name):
        raise Refused(f"its name {name!r} is not of small letters, digits and hyphens")
    authors = _short(said.get("authors") or "its authors")
    by = SHIPPED if shipped else authors if authors != SHIPPED else "its authors"
    spec = ToolSpec(
        name=name, task="classify" if scores else "segment", version=_short(said.get("version") or "0"),
        summary=_short(extra.get("summary") or said.get("description") or said.get("task") or "A MONAI bundle."),
        not_for=_short(extra.get("not_for") or said.get("intended_use") or "Its authors do not say."),
        modalities=tuple(extra.get("modalities") or _modality(given)), body_parts=tuple(extra.get("body_parts") or ()),
        labels=tuple(labels.values()), licence=_short(extra.get("licence") or said.get("copyright") or "not stated"),
        utterances={k: tuple(v) for k, v in dict(extra.get("utterances") or {}).items()},
        parameters={"type": "object", "properties": {}, "additionalProperties": False},
        weights_sha256=extra.get("weights_sha256"), accuracy=_accuracy(extra.get("accuracy") or (), by),
        needs_3d=len(given.get("spatial_shape") or (1, 1, 1)) == 3,
        prompts=extra.get("prompts", "needed" if scores and crop else "unused"), reported_by=by,
    )  # fmt: skip
    if spec.prompts not in ("needed", "welcome", "unused"):
        raise Refused(f"{EXTRA} says prompts {spec.prompts!r}; needed, welcome or unused is taken")
    if scores and (spec.prompts == "needed") is not bool(crop):
        how = f"{EXTRA} says prompts {spec.prompts!r} {'with' if crop else 'without'} crop_mm"
        raise Refused(
            f"{how}; a classifier with it looks around the lesion (needed), one without it at the whole image (unused)"
        )
    return About(
        spec, image, output, labels, channels, _answers(found), silent, crop,
        tuple(map(_short, extra.get("notes") or ())), _multiple(extra.get("window_multiple", 0)),
        extra.get("bfloat16") is True,
    )  # fmt: skip


def _mapping(data: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    found = data.get(key)
    if not isinstance(found, dict) or not found:
        raise Refused(f"{where} does not say its {key}")
    return found


def _only(data: Mapping[str, Any], what: str) -> tuple[str, Mapping[str, Any]]:
    if len(data) != 1:
        raise Refused(f"its network has the {what}s {', '.join(sorted(data))}; one is taken")
    (name, value), = data.items()
    if not isinstance(value, dict):
        raise Refused(f"metadata.json does not describe the {what} {name}")
    return name, value


def _labels(found: Mapping[str, Any]) -> dict[int, str]:
    try:
        named = {int(k): _short(v) for k, v in dict(found.get("channel_def") or {}).items()}
    except (TypeError, ValueError) as error:
        raise Refused("metadata.json does not name its output channels by number (channel_def)") from error
    labels = {k: v for k, v in sorted(named.items()) if k > 0 and v.lower() != "background"}
    if not labels:
        raise Refused("metadata.json names no structure in its output channels (channel_def)")
    return labels


def _answers(found: Mapping[str, Any]) -> int | None:
    """Return the channels of a network's answer, where the metadata means them: a label map's one is not theirs."""
    said = found.get("num_channels")
    return said if isinstance(said, int) and said > 1 and found.get("format") != "labels" else None


def _repeats(folder: Path, channels: int) -> bool:
    """Return whether a bundle's own steps make that many channels of one."""
    file = next((f for f in (folder / "configs").glob("inference.*") if f.suffix in (".json", ".yaml", ".yml")), None)
    steps = read_mapping(file).get("preprocessing") if file else None
    listed = steps.get("transforms") if isinstance(steps, dict) else None
    return any(
        isinstance(step, dict) and ".RepeatChannel" in f".{step.get('_target_')}" and step.get("repeats") == channels
        for step in listed or ()
    )


def _modality(given: Mapping[str, Any]) -> tuple[str, ...]:
    said = str(given.get("modality", "")).upper()
    if said not in _MODALITIES:
        known = ", ".join(sorted(_MODALITIES))
        raise Refused(f"metadata.json says the modality {said or 'nothing'}; known are {known}")
    return (_MODALITIES[said],)


def _crop(said: Any) -> tuple[float, float, float] | None:
    if said is None:
        return None
    try:
        x, y, z = (float(v) for v in said)
    except (TypeError, ValueError) as error:
        raise Refused(f"{EXTRA} says crop_mm {said!r}; three sizes in mm are taken") from error
    return x, y, z


def _multiple(said: Any) -> int:
    if not isinstance(said, int) or isinstance(said, bool) or not 0 <= said <= MOST_MULTIPLE:
        raise Refused(f"{EXTRA} says window_multiple {said!r}; a whole number of voxels up to {MOST_MULTIPLE} is taken")
    return said


def _accuracy(rows: Any, by: str) -> tuple[Accuracy, ...]:
    try:
        return tuple(
            Accuracy(
                _short(r["metric"]), float(r["value"]), _short(r["data"]), by,
                (float(r["interval"][0]), float(r["interval"][1])) if r.get("interval") else None,
                _short(r.get("baseline", "")),
            )
            for r in rows
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise Refused(f"{EXTRA} has a figure without metric, value and data") from error


def _short(text: Any) -> str:
    """Return a text of the bundle's on one line, without control characters, and not longer than a reader reads."""
    plain = "".join(c if c.isprintable() else " " for c in str(text))
    return " ".join(plain.split())[:MOST_TEXT]
