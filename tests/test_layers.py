"""The house keeps its shape: arrows go down only, names are our own, files stay readable."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("agent", "tools", "knowledge", "ui")

MAY_IMPORT = {
    "tools": {"tools"},
    "knowledge": {"knowledge"},
    "agent": {"agent", "tools", "knowledge"},
    "ui": {"ui", "agent", "tools", "knowledge"},
}
LANGUAGE = {"langchain", "langchain_core", "langchain_openai", "langgraph", "openai"}
SCANS = {"monai", "torchvision", "pydicom", "highdicom", "nibabel", "nrrd", "SimpleITK", "skimage", "cc3d", "torch"}
NEVER = {
    "tools": LANGUAGE | {"chromadb", "gradio", "sentence_transformers", "bm25s", "typer"},
    "knowledge": LANGUAGE | SCANS | {"gradio", "typer"},
    "agent": {"gradio", "typer", "chromadb", "monai", "torch"},
    "ui": {"torch", "monai", "chromadb"},
}
"""Third-party packages that a room must not know, whatever for."""
SPAWNED_BY_NAME = {"pickle", "dill", "cloudpickle"}

LONG = {
    "agent/stated/statements.py": "one table of patterns a field, English beside Chinese",
}
MOST_LINES = 400


def modules() -> list[Path]:
    return sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Every module a file imports, anywhere in it, with the line; relative imports made absolute."""
    here = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level] if node.level else ()
            yield node.lineno, ".".join([*base, *([node.module] if node.module else [])])


def test_the_four_packages_are_there() -> None:
    for package in PACKAGES:
        assert (ROOT / package / "__init__.py").is_file(), f"{package}/__init__.py is missing"


@pytest.mark.parametrize("package", PACKAGES)
def test_arrows_go_down_only(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules()
        if path.relative_to(ROOT).parts[0] == package
        for line, name in imported(path)
        if name.split(".")[0] in set(PACKAGES) - MAY_IMPORT[package]
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_each_room_keeps_to_its_own_libraries(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules()
        if path.relative_to(ROOT).parts[0] == package
        for line, name in imported(path)
        if name.split(".")[0] in NEVER[package] | SPAWNED_BY_NAME
    ]
    assert wrong == []


def test_the_product_reads_nothing_of_the_tests() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules()
        for line, name in imported(path)
        if name.split(".")[0] in {"tests", "made", "conftest", "pytest", "hypothesis"}
    ]
    assert wrong == []


def test_no_module_calls_a_variable_tools_or_agent() -> None:
    """They are packages: a variable of that name in a module hides one."""
    wrong = []
    for path in [*modules(), *sorted((ROOT / "tests").rglob("*.py"))]:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            targets: list[ast.expr] = []
            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.For | ast.AsyncFor):
                targets = [node.target]
            names = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            wrong += [f"{path.relative_to(ROOT)}:{node.lineno}" for name in names & {"tools", "agent"}]
    assert wrong == []


def test_nothing_evaluates_text_or_prints() -> None:
    """No eval, no exec; print only where the command line speaks or a training script reports."""
    speaks = {"ui/commands/options.py", "ui/terminal.py", "ui/demo.py"}
    wrong = []
    for path in modules():
        name = str(path.relative_to(ROOT))
        banned = {"eval", "exec"} | (set() if name in speaks or path.name in ("train.py", "evaluate.py") else {"print"})
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in banned:
                wrong.append(f"{name}:{node.lineno} calls {node.func.id}")
    assert wrong == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_files_stay_readable() -> None:
    long = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules()
        if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES
    }
    assert {name: lines for name, lines in long.items() if name not in LONG} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_owns_our_names(package: str) -> None:
    """The import names are plain words: another package that installs one of them would be imported in our place."""
    assert set(packages_distributions().get(package, [])) <= {"scanwright"}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_name_leads_here(package: str) -> None:
    import importlib.util

    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    assert Path(found.origin).resolve() == ROOT / package / "__init__.py"
