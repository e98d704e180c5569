"""What a tool's source shows before it is imported: pickles, evaluated text, weights loaded with code in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_MODULES = ("pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal")
_CALLS = ("eval", "exec", "compile", "__import__")


def faults(path: Path) -> list[str]:
    """Return a line for each thing in a Python file, or in every Python file below a folder, that is not done here."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*.py") if ".venv" not in p.parts)
    found: list[str] = []
    for file in files:
        try:
            tree = ast.parse(file.read_text(encoding="utf-8"), filename=file.name)
        except (SyntaxError, ValueError, OSError) as error:
            found.append(f"{file.name} cannot be read as Python ({type(error).__name__})")
            continue
        found += [f"{file.name}:{line} {what}" for line, what in _in(tree)]
    return found


def _in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            for name in names:
                if name.partition(".")[0] in _MODULES:
                    yield node.lineno, f"imports {name}: a pickle can run code"
        elif isinstance(node, ast.Call):
            yield from ((node.lineno, said) for said in _call(node))


def _call(node: ast.Call) -> Iterator[str]:
    called = ast.unparse(node.func)
    if called in _CALLS:
        yield f"calls {called}: text is run as code"
    given = {k.arg: k.value for k in node.keywords}
    if called == "torch.load":
        only = given.get("weights_only")
        if not (isinstance(only, ast.Constant) and only.value is True):
            yield "calls torch.load without weights_only=True"
    allow = given.get("allow_pickle")
    if isinstance(allow, ast.Constant) and allow.value:
        yield f"calls {called} with allow_pickle"
