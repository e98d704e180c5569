"""Tools are listed without torch, broken ones are named and harm no other, and scope decides which is taken."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tools import Known, NotApplicable, Registry, Scan, SegmentRequest, SegmentResult, ToolSpec, UnknownTool, VisionTool
from tools.contract import SHIPPED
from tools.registry import Installed

OWN = '''
from tools import Mask, SegmentResult, ToolSpec, VisionTool
import numpy as np

class Own(VisionTool):
    spec = ToolSpec(name="own-{name}", task="segment", version="0.1.0", summary="one voxel", not_for="patients",
                    modalities=("CT",), body_parts=(), labels=("dot",), licence="MIT", reported_by="nobody")

    def run(self, request, progress=lambda fraction, phrase: None):
        grid = np.zeros(request.scan.shape, bool)
        grid[0, 0, 0] = True
        return SegmentResult(Mask.from_grid(request.scan.id, grid, request.scan.affine), request.threshold)
'''


def spec(**changes: Any) -> ToolSpec:
    plain = ToolSpec(
        name="dot", task="segment", version="1.0.0", summary="s", not_for="n", modalities=("CT",),
        body_parts=("CHEST",), labels=("dot",), licence="MIT",
    )  # fmt: skip
    return dataclasses.replace(plain, **changes)


def tool_class(**changes: Any) -> type[VisionTool]:
    class Dot(VisionTool):
        loads: list[str] = []  # noqa: RUF012 - each class made here has its own

        def load(self, device: str) -> None:
            self.loads.append(device)

        def run(self, request: Any, progress: Any = None) -> Any:
            return request

    Dot.spec = spec(**changes)
    return Dot


@pytest.fixture
def scan() -> Scan:
    return Scan.build(np.zeros((4, 4, 4)), np.eye(4), modality=Known("CT", "known"), body_part=Known("CHEST", "known"))


def test_listing_imports_no_torch() -> None:
    code = (
        "import sys; from tools import Registry; r = Registry.discover(); names = [s.name for s in r.specs];"
        "assert 'lesion-measure' in names, names;"
        "heavy = {'torch', 'monai', 'skimage', 'scipy', 'gradio', 'langchain', 'chromadb', 'SimpleITK'};"
        "heavy &= set(sys.modules);"
        "assert not heavy, heavy; print(' '.join(names))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_shipped_tools_are_all_there_and_whole() -> None:
    registry = Registry.discover()
    assert registry.broken == {}
    assert {"lesion-measure", "nodule-segmenter", "lung-candidates", "nodule-rating"} <= set(registry.tools)
    assert {s.task for s in registry.specs} >= {"find", "segment", "classify", "measure"}
    for found in registry.specs:
        assert found.summary
        assert found.not_for
        assert found.licence
        assert set(found.utterances) == {"en", "zh"}, found.name


def test_an_operators_file_is_a_tool(tmp_path: Path, scan: Scan) -> None:
    (tmp_path / "dot.py").write_text(OWN.replace("{name}", "dot"))
    registry = Registry.discover(tmp_path)
    assert registry.broken == {}
    assert registry.get("own-dot").origin == "dot.py"
    result = registry.get("own-dot").run(SegmentRequest(scan, point=(1, 1, 1)))
    assert isinstance(result, SegmentResult)
    assert result.mask.count == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("def broken(:", "SyntaxError"),
        ("raise RuntimeError('no\\nluck')", "RuntimeError: no"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("x = 1", "it holds no subclass of tools.VisionTool"),
        ("from tools import VisionTool", "it holds no subclass"),
        (OWN.replace("def run", "def walk"), "it does not write `run`"),
        (OWN.replace('task="segment"', 'task="dance"'), "its task is 'dance'; the tasks are find, segment"),
        (OWN.replace("    spec = ToolSpec(", "    spec = dict("), "its `spec` is not a tools.ToolSpec"),
        ("from tools import VisionTool\nclass Own(VisionTool):\n    def run(self, request): ...", "its `spec` is not"),
    ],
)
def test_a_broken_file_is_noted_and_harmless(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "broken.py").write_text(text)
    (tmp_path / "good.py").write_text(OWN.replace("{name}", "good"))
    registry = Registry.discover(tmp_path)
    assert set(registry.broken) == {"broken.py"}
    assert registry.broken["broken.py"].startswith(reason)
    assert "\n" not in registry.broken["broken.py"]
    assert "own-good" in registry.tools
    assert "lesion-measure" in registry.tools
    with pytest.raises(UnknownTool, match=r"broken\.py is installed but broken"):
        registry.get("broken")


def test_two_tools_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(OWN.replace("{name}", "dot"))
    (tmp_path / "b.py").write_text(OWN.replace("{name}", "dot"))
    registry = Registry.discover(tmp_path)
    assert registry.get("own-dot").origin == "a.py"
    assert registry.broken["b.py"] == "another tool is already called 'own-dot' (it comes from a.py); rename one of them"


def test_a_shipped_tool_cannot_be_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(OWN.replace("own-{name}", "lesion-measure"))
    registry = Registry.discover(tmp_path)
    assert registry.get("lesion-measure").spec.licence == "Apache-2.0"
    assert "lesion-measure" in registry.broken["a.py"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "lesion-measure" in Registry.discover(tmp_path / "none").tools


def test_an_unknown_name_lists_what_there_is() -> None:
    registry = Registry()
    with pytest.raises(UnknownTool, match=r"There is no tool called 'x'. Installed: none"):
        registry.get("x")
    registry.add(tool_class())
    with pytest.raises(UnknownTool, match="Installed: dot"):
        registry.get("x")


@pytest.mark.parametrize("wrong", [object, 3, "VisionTool"])
def test_only_tools_are_added(wrong: Any) -> None:
    with pytest.raises(TypeError, match="not a subclass"):
        Registry().add(wrong)


def test_best_takes_the_first_in_scope_the_shipped_ones_first(scan: Scan) -> None:
    registry = Registry()
    registry.add(tool_class(name="a-theirs", reported_by="somebody"))
    registry.add(tool_class(name="z-ours", reported_by=SHIPPED))
    registry.add(tool_class(name="b-head", body_parts=("HEAD",)))
    assert registry.best("segment", scan).spec.name == "z-ours"
    with pytest.raises(UnknownTool, match="No tool for the task 'find'"):
        registry.best("find", scan)


def test_best_says_why_none_takes_the_scan() -> None:
    registry = Registry()
    registry.add(tool_class())
    mr = Scan.build(np.zeros((4, 4, 4)), np.eye(4), modality=Known("MR", "known"))
    with pytest.raises(NotApplicable, match="dot works on modality CT; this image is MR"):
        registry.best("segment", mr)


def test_a_tool_is_made_and_loaded_once_and_again_for_another_device(scan: Scan) -> None:
    made = tool_class()
    installed = Installed(made, "here")
    request = SegmentRequest(scan, point=(1, 1, 1))
    installed.load("cpu")
    assert installed.run(request) is request
    installed.load("cpu")
    installed.load()
    assert made.loads == ["cpu"]  # type: ignore[attr-defined]
    installed.load("meta")
    assert made.loads == ["cpu", "meta"]  # type: ignore[attr-defined]
    assert "dot 1.0.0 for segment" in repr(installed)


def test_scope_is_checked_before_anything_is_loaded(scan: Scan) -> None:
    made = tool_class(modalities=("MR",))
    with pytest.raises(NotApplicable):
        Installed(made, "here").run(SegmentRequest(scan, point=(1, 1, 1)))
    assert made.loads == []  # type: ignore[attr-defined]
