"""Benches: what is measured, side by side with the peer in the same run. They lie in tests/bench of a checkout.

A bench is a file with a docstring that says what it measures and a `run(arguments)` that returns a JSON-ready result.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from tools.contract import UnknownTool

FOLDER = Path(__file__).parents[1] / "tests" / "bench"


def benches() -> dict[str, str]:
    """Return the benches by name with the first line of what each measures; none outside a checkout."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in tree.body):
            found[path.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found


def run(name: str, arguments: Sequence[str]) -> dict[str, Any]:
    """Run a bench and return its result.

    Raises:
        UnknownTool: no bench of that name, or no checkout here.
    """
    known = benches()
    if name not in known:
        there = ", ".join(known) or "none: benches come with a checkout, not with the installed package"
        raise UnknownTool(f"There is no bench called {name!r}. There are: {there}.")
    sys.path.append(str(FOLDER))  # last: a bench may have the name of what it measures
    try:
        result: dict[str, Any] = load(name).run(list(arguments))
    finally:
        sys.path.remove(str(FOLDER))
    return result


def load(name: str) -> ModuleType:
    """Return a file of the benches' folder as a module. Raises UnknownTool."""
    spec = importlib.util.spec_from_file_location(f"scanwright_bench_{name}", FOLDER / f"{name}.py")
    if spec is None or spec.loader is None:
        raise UnknownTool(f"The bench {name!r} cannot be imported. Check out the repository again.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
