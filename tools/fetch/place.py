"""A tool with fetched weights, in place; or the sentence that says what to do. Imports no torch and no library."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

from tools.contract import VisionTool
from tools.fetch.errors import NotFetched
from tools.fetch.install import noted


def in_place(tool_class: type[VisionTool], folder: Path | None) -> type[VisionTool]:
    """Return a tool class that knows its weights; one that needs none fetched is returned as it is.

    A class that needs some has `fetched_as`, their name in the manifest, and `extra`, the extra and its package.

    Raises:
        NotFetched: the weights are not in the folder, or the extra is not installed; with what to do.
    """
    name = getattr(tool_class, "fetched_as", None)
    if name is None:
        return tool_class
    extra, package = getattr(tool_class, "extra", ("", ""))
    if package and importlib.util.find_spec(package) is None:
        raise NotFetched(f"it needs the extra {extra}: pip install 'scanwright[{extra}]'")
    known = noted(folder).get(name) if folder is not None else None
    file = folder / name / "weights.safetensors" if folder is not None else None
    if known is None or file is None or not file.is_file():
        raise NotFetched(f"its weights are not fetched: scanwright tools fetch {name}")
    spec = replace(tool_class.spec, weights_sha256=known["made_sha256"])
    return type(tool_class.__name__, (tool_class,), {"spec": spec, "weights": file, "__doc__": tool_class.__doc__})
