"""What `scanwright classify` does: scores for every lesion of a label file, why, or several tools side by side."""

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
    from ui.work import answered, chosen, quantities, registry

    if explain is not None and explain.suffix.lower() != ".png":
        raise NotApplicable(f"The explanation is a picture: end the file's name in .png (it is {explain.name!r}).")
    scan = load_scan(scan_path, modality=modality, body_part=body_part)
    tool = chosen(registry(), "classify", scan, name)
    masks = read_labels(mask_path, scan)
    lesions = []
    for value, mask in masks.items():
        request = ClassifyRequest(scan, mask)
        try:
            result = answered(tool, request)
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


def side_by_side(
    scan_path: str, mask_path: str, names: list[str], modality: str | None, body_part: str | None
) -> dict[str, Any]:
    """Score every lesion of a label file with several tools, and say how far every two are apart; who is right, never.

    Args:
        scan_path, mask_path: the scan and its label file.
        names: tools by name; ``all`` is every one in scope.
        modality, body_part: stated, where the file does not say.
    """
    from tools import load_scan
    from tools.lesions import read_labels
    from ui.work import chosen, registry

    scan, known = load_scan(scan_path, modality=modality, body_part=body_part), registry()
    every = [t.spec.name for t in known.all_for("classify", scan)]
    wanted = list(dict.fromkeys(n for name in names for n in (every if name == "all" else [name])))
    if len(wanted) < 2:
        raise NotApplicable(
            f"Side by side needs two classifiers that take this scan; there is {', '.join(wanted) or 'none'}. "
            "scanwright tools list shows what is at hand."
        )
    tools = [chosen(known, "classify", scan, name) for name in wanted]
    rows = [_of_every(tools, scan, number, mask) for number, mask in read_labels(mask_path, scan).items()]
    return {"lesions": rows, "tools": wanted}


def _of_every(tools: list[Any], scan: Any, number: int, mask: Any) -> dict[str, Any]:
    from itertools import combinations

    from agent.toolset.scores import apart
    from tools import ClassifyRequest, ToolError
    from ui.work import answered, quantities

    answers: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for tool in tools:
        try:
            answers[tool.spec.name] = answered(tool, ClassifyRequest(scan, mask))
        except ToolError as error:
            refused[tool.spec.name] = str(error)
    pairs = []
    for a, b in combinations(answers, 2):
        shared = apart(answers[a].scores, answers[b].scores, (a, b))
        pairs.append({"tools": [a, b], "quantities": quantities(number, shared, ())["quantities"]})
    said = {name: quantities(number, r.scores, r.notes) for name, r in answers.items()}
    kept = {name: {key: one[key] for key in ("quantities", "notes")} for name, one in said.items()}
    return {"id": number, "by_tool": kept, "refused": refused, "differences": pairs}


def table(data: dict[str, Any]) -> list[str]:
    """Return the scores of several tools as a table a lesion: a row a score, a column a tool."""
    lines = []
    for lesion in data["lesions"]:
        by = lesion["by_tool"]
        names = list(dict.fromkeys(q for one in by.values() for q in one["quantities"]))
        widths = [max(len(tool), 8) for tool in by]
        head = f"lesion {lesion['id']}"
        lines.append(f"{head:<32}" + "  ".join(f"{t:>{w}}" for t, w in zip(by, widths, strict=True)))
        for name in names:
            cells = [_shown(name, one["quantities"].get(name)) for one in by.values()]
            lines.append(f"  {name:<30}" + "  ".join(f"{c:>{w}}" for c, w in zip(cells, widths, strict=True)))
        lines += [_apart(pair) for pair in lesion["differences"]]
        lines += [f"  no score by {tool}: {why}" for tool, why in lesion["refused"].items()]
    return lines


def _apart(pair: dict[str, Any]) -> str:
    a, b = pair["tools"]
    if not pair["quantities"]:
        return f"  {a} and {b} give no score in common"
    each = ", ".join(f"{name} {_shown(name, q)}" for name, q in pair["quantities"].items())
    return f"  {a} and {b} differ: {each}"


def _shown(name: str, q: dict[str, Any] | None) -> str:
    from tools.quantity import Quantity, show

    return "-" if q is None else show(Quantity(name, q["value"], q["unit"], q["method"]))
