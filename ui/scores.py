"""What `scanwright classify` does: scores for every lesion of a label file and, asked for, why: a picture each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools.contract import NotApplicable


def classify(
    scan_path: str,
    mask_path: str,
    name: str | None,
    modality: str | None,
    body_part: str | None,
    explain: Path | None = None,
) -> dict[str, Any]:
    """Score every lesion of a label file; a lesion that the tool gives no score for says so, unless it is the only one.

    Args:
        scan_path, mask_path: the scan and its label file.
        name: a tool; None takes the best one in scope.
        modality, body_part: stated, where the file does not say.
        explain: a .png to draw what the tool looked at in; with several lesions each gets its number in the name.
    """
    from tools import ClassifyRequest, load_scan
    from tools.lesions import read_labels
    from ui.work import chosen, quantities, registry

    if explain is not None and explain.suffix.lower() != ".png":
        raise NotApplicable(f"The explanation is a picture: end the file's name in .png (it is {explain.name!r}).")
    scan = load_scan(scan_path, modality=modality, body_part=body_part)
    tool = chosen(registry(), "classify", scan, name)
    masks = read_labels(mask_path, scan)
    lesions = []
    for value, mask in masks.items():
        request = ClassifyRequest(scan, mask)
        try:
            result = tool.run(request)
        except NotApplicable as error:
            if len(masks) == 1:
                raise
            lesions.append(quantities(value, (), (str(error),)))
            continue
        lesion = quantities(value, result.scores, result.notes)
        if explain is not None:
            file = explain if len(masks) == 1 else explain.with_name(f"{explain.stem}-{value}.png")
            lesion["explanation"] = _drawn(tool, request, file)
        lesions.append(lesion)
    return {"lesions": lesions, "tool": tool.spec.name}


def _drawn(tool: Any, request: Any, file: Path) -> dict[str, str]:
    """Draw what a tool looked at into a file; return its name and what it is."""
    from PIL import Image

    from tools.explain import explain, picture

    made = explain(tool, request)
    Image.fromarray(picture(made)).save(file)
    return {"file": str(file), "note": made.note}


def lines(data: dict[str, Any]) -> list[str]:
    """Return what the explanations are, a line each."""
    return [
        f"  {e['file']}: {e['note']}"
        for e in (lesion.get("explanation") for lesion in data["lesions"])
        if e is not None
    ]
