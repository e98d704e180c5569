"""`tools prepare`: a derived image from a scan, written as NIfTI; returns one JSON-ready dictionary, prints nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def prepare(
    scan_path: str, tool: str, out: Path, given: list[str], modality: str | None, body_part: str | None
) -> dict[str, Any]:
    """Run a preparation tool by name and write what it made.

    Args:
        scan_path: the scan.
        tool: a tool of the task ``prepare``.
        out: the NIfTI file.
        given: parameters as ``name=value``; a value is JSON, or else a word.
        modality, body_part: stated where the file does not say.
    """
    import nibabel
    import numpy as np

    from tools import NotApplicable, load_scan
    from tools.contract import PrepareRequest
    from tools.lesions import nifti_suffix
    from ui.work import registry

    nifti_suffix(out)
    parameters = dict(_pair(text) for text in given)
    scan = load_scan(scan_path, modality=modality, body_part=body_part)
    chosen = registry().get(tool)
    if chosen.spec.task != "prepare":
        raise NotApplicable(f"{tool} is a tool to {chosen.spec.task}, not to prepare an image.")
    made = chosen.run(PrepareRequest(scan, parameters))
    image = nibabel.Nifti1Image(np.asarray(made.scan.voxels), made.scan.affine)
    image.header["descrip"] = made.done.encode("ascii", "replace")[:79]
    nibabel.save(image, out)
    return {
        "tool": tool, "version": chosen.spec.version, "done": made.done, "out": str(out), "of": scan.id,
        "id": made.scan.id, "notes": [*made.scan.notes, *made.notes],
    }  # fmt: skip


def _pair(text: str) -> tuple[str, Any]:
    from tools import NotApplicable

    name, equals, value = text.partition("=")
    if not equals:
        raise NotApplicable(f"A parameter is given as name=value; seen {text!r}.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
