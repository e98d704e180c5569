"""`tools prepare`: a derived image from a scan, written to a file; returns one JSON-ready dictionary, prints nothing.

What has millimetres becomes NIfTI. What has none becomes a PNG: NIfTI would give it some.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.scan import Scan


def prepare(
    scan_path: str, tool: str, out: Path, given: list[str], modality: str | None, body_part: str | None
) -> dict[str, Any]:
    """Run a preparation tool by name and write what it made.

    Args:
        scan_path: the scan.
        tool: a tool of the task ``prepare``.
        out: the file, .nii.gz; .png of an image without millimetres.
        given: parameters as ``name=value``; a value is JSON, or else a word.
        modality, body_part: stated where the file does not say.
    """
    from tools import NotApplicable, load_scan
    from tools.contract import PrepareRequest
    from tools.lesions import room_for
    from ui.work import answered, registry

    parameters = dict(_pair(text) for text in given)
    scan = load_scan(scan_path, modality=modality, body_part=body_part)
    _check_ending(out, scan)
    room_for(out, scan)
    chosen = registry().get(tool)
    if chosen.spec.task != "prepare":
        raise NotApplicable(f"{tool} is a tool to {chosen.spec.task}, not to prepare an image.")
    made = answered(chosen, PrepareRequest(scan, parameters))
    scaled = _write(out, made.scan, made.done)
    return {
        "tool": tool, "version": chosen.spec.version, "done": made.done, "out": str(out), "of": scan.id,
        "id": made.scan.id, "notes": [*made.scan.notes, *made.notes, *scaled],
    }  # fmt: skip


def _check_ending(out: Path, scan: Scan) -> None:
    from tools import NotApplicable
    from tools.lesions import nifti_suffix

    if scan.has_mm:
        nifti_suffix(out)
    elif not scan.is_2d or out.suffix.lower() != ".png":
        raise NotApplicable(
            "This image has no millimetres in the patient, and NIfTI would give it some. "
            + ("It is written as a picture: end the name in .png." if scan.is_2d else "Load one with a spacing.")
        )


def _write(out: Path, made: Scan, done: str) -> list[str]:
    """Write a derived image; return what was changed to fit it into the file."""
    import numpy as np

    from tools.scan.nifti import DERIVED

    if made.has_mm:
        import nibabel

        image = nibabel.Nifti1Image(np.asarray(made.voxels), made.affine)
        image.header["descrip"] = f"{DERIVED}{done}".encode("ascii", "replace")[:79]
        nibabel.save(image, out)
        return []
    from PIL import Image

    values = np.asarray(made.voxels[:, :, 0], dtype=np.float64).T
    low, high = float(values.min()), float(values.max())
    fits = low >= 0 and high <= 255
    grey = values if fits else (values - low) * (255 / max(high - low, 1e-9))
    Image.fromarray(np.rint(grey).astype(np.uint8)).save(out)
    return [] if fits else [f"In the picture the grey values {low:g} to {high:g} are 0 to 255."]


def _pair(text: str) -> tuple[str, Any]:
    from tools import NotApplicable

    name, equals, value = text.partition("=")
    if not equals:
        raise NotApplicable(f"A parameter is given as name=value; seen {text!r}.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
