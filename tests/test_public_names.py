"""What other people's code may rest on: these names, no more and no fewer."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

SCANS = {"Known", "Scan", "Source", "load_scan", "ScanError", "UnreadableScan", "IrregularSlices", "UnsafeArchive"}
TASKS = {f"{task}{end}" for task in ("Find", "Segment", "Classify", "Measure", "Prepare") for end in ("Request", "Result")}
TOOL_ERRORS = {"ToolError", "UnknownTool", "NotApplicable", "MissingSpacing", "ToolFailed", "Cancelled"}
EVENTS = {
    "Event", "ToolStarted", "ToolProgress", "ToolFinished", "Clause", "Struck", "Question", "Approval", "Notice",
    "Failed",
}  # fmt: skip
SURFACE = {
    "tools": SCANS
    | TASKS
    | TOOL_ERRORS
    | {"Accuracy", "Candidate", "CaseEvidence", "Evidence", "EvidenceError", "EvidenceStore", "Job", "Mask", "Quantity", "Registry"}
    | {"Runtime", "ToolSpec", "VisionTool", "measure_mask"},
    "knowledge": {"search", "assess", "passage", "criteria_names", "Passage", "Assessment", "Need", "Store"}
    | {"default_store", "use", "KnowledgeError", "BadInput", "BrokenStore", "UnknownGuideline"},
    "agent": {"Session", "verify", "plan", "ToolCall", "Settings", "Workspace"}
    | EVENTS
    | {"AgentError", "UngroundedAnswer", "UnknownCase", "EndpointDown"},
}


@pytest.mark.parametrize("package", SURFACE)
def test_the_surface_is_exactly_this(package: str) -> None:
    module = importlib.import_module(package)
    assert len(module.__all__) == len(set(module.__all__))
    assert set(module.__all__) == SURFACE[package]


@pytest.mark.parametrize("package", SURFACE)
def test_every_name_is_there_and_says_what_it_is(package: str) -> None:
    module = importlib.import_module(package)
    for name in SURFACE[package]:
        assert (getattr(module, name).__doc__ or "").strip(), f"{package}.{name} has no docstring"


def test_each_package_has_one_tree_of_errors() -> None:
    tops = {"tools": ("ToolError", "ScanError"), "knowledge": ("KnowledgeError",), "agent": ("AgentError",)}
    for package, names in tops.items():
        module = importlib.import_module(package)
        roots = tuple(getattr(module, name) for name in names)
        for name in SURFACE[package]:
            value = getattr(module, name)
            if isinstance(value, type) and issubclass(value, BaseException):
                assert issubclass(value, roots), f"{package}.{name}"


def test_events_are_frozen_and_of_one_kind() -> None:
    import agent as package

    for name in EVENTS:
        event = getattr(package, name)
        assert issubclass(event, package.Event)
        assert event.__dataclass_params__.frozen


@pytest.mark.parametrize(("package", "most_seconds"), [("tools", 3.0), ("knowledge", 3.0)])
def test_importing_a_leaf_is_light(package: str, most_seconds: float) -> None:
    """No model, no index, no scan library: those come at first use."""
    heavy = "{'torch', 'monai', 'gradio', 'chromadb', 'langchain', 'sentence_transformers', 'skimage', 'SimpleITK'}"
    code = f"import sys, {package}; found = {heavy} & set(sys.modules); assert not found, found"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30 * most_seconds, check=False
    )
    assert done.returncode == 0, done.stderr
