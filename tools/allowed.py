"""Which of the operator's own tools may feed guideline criteria: a list that only the operator writes.

A tool that does not come with Scanwright outlines and measures like any other, but a category is a step further: its
results feed none until the operator, who has seen its figures, allows this version with these weights.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from tools.contract import ToolFailed, ToolSpec

NAME = "allowed.json"


def is_allowed(spec: ToolSpec, folder: Path | None) -> bool:
    """Return whether the operator allowed this tool, of this version and with these weights."""
    return _line(spec) in _read(folder)


def allow(spec: ToolSpec, folder: Path, yes: bool = True) -> None:
    """Allow a tool to feed criteria, or take that back (every version of it)."""
    kept = [line for line in _read(folder) if line["name"] != spec.name]
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{NAME}.draft"
    draft.write_text(json.dumps([*kept, _line(spec)] if yes else kept, indent=1), encoding="utf-8")
    os.replace(draft, folder / NAME)


def _line(spec: ToolSpec) -> dict[str, str]:
    return {"name": spec.name, "version": spec.version, "weights_sha256": spec.weights_sha256 or ""}


def _read(folder: Path | None) -> list[dict[str, str]]:
    path = folder / NAME if folder is not None else None
    if path is None or not path.is_file():
        return []
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return [{k: str(v) for k, v in line.items()} for line in data]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ToolFailed(f"{NAME} in the tools folder is damaged ({type(error).__name__}); take it away and allow "
                         "the tools again with scanwright tools allow.") from error  # fmt: skip
