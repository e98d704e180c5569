"""`tools new` and `tools check`: a fresh package passes its own tests, and each way of being wrong is named."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bundle_maker import make_bundle

from tools import NotApplicable, UnknownTool
from tools.checks import check_tool
from tools.checks.source import faults
from tools.template import write_package

TOOL = '''
import numpy as np
{imports}
from tools import Mask, NotApplicable, SegmentResult, ToolSpec, VisionTool

class Own(VisionTool):
    spec = ToolSpec(name="own", task="segment", version="1", summary="s", not_for="n", modalities=("CT",), body_parts=(),
                    labels=("x",), licence="MIT", reported_by="me")

    def run(self, request, progress=lambda fraction, phrase: None):
        scan = request.scan
        grid = scan.voxels > 0
        {body}
        return SegmentResult(Mask.from_grid(scan.id, grid, scan.affine), 0.5)
'''


def checked(path: Path) -> dict[str, Any]:
    data = check_tool(str(path))
    return {c["name"]: (c["holds"], c["seen"]) for c in data["checks"]} | {"passed": data["passed"]}


def own(tmp_path: Path, body: str = "pass", imports: str = "") -> Path:
    path = tmp_path / "own.py"
    path.write_text(TOOL.format(body=body, imports=imports))
    return path


def test_a_new_package_passes_its_own_tests_and_the_checks(tmp_path: Path) -> None:
    files = write_package("liver-cut", tmp_path)
    assert all(f.is_file() for f in files)
    root = Path(__file__).resolve().parents[2]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path / "liver-cut"), "tests"],
        cwd=tmp_path / "liver-cut", env={"PYTHONPATH": f"{root}:{tmp_path / 'liver-cut'}", "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = checked(tmp_path / "liver-cut")
    assert found["passed"], found
    assert found["what is out of scope is refused"][0]
    assert found["twice the same on a ball, oblique, 0.8 x 0.9 x 2.5 mm"][0]


def test_a_package_of_every_task_passes_its_own_tests_and_keeps_the_contract(tmp_path: Path) -> None:
    from tools import Registry
    from tools.checks.child import _runs
    from tools.contract import REQUESTS

    root, paths = Path(__file__).resolve().parents[2], []
    (tmp_path / "tools").mkdir()
    for task in REQUESTS:
        model = next(f for f in write_package(f"new-{task}", tmp_path / "packages", task) if f.name == "model.py")
        (tmp_path / "tools" / f"{model.parent.name}.py").write_bytes(model.read_bytes())
        paths.append(str(tmp_path / "packages" / f"new-{task}"))
    registry = Registry.discover(tmp_path / "tools")
    for task in REQUESTS:
        tool = registry.get(f"new-{task}")
        assert tool.spec.task == task
        checks = _runs(tool)
        assert all(c.holds is not False for c in checks), checks
        assert any(c.name.startswith("it answers") and c.holds for c in checks), checks
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", "--rootdir", str(tmp_path),
         *(f"{p}/tests" for p in paths)],
        cwd=tmp_path, env={"PYTHONPATH": ":".join([str(root), *paths]), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "9 passed" in ran.stdout


def test_a_task_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotApplicable, match="The tasks are find, segment, classify, measure, prepare"):
        write_package("cut", tmp_path, "dance")
    assert not (tmp_path / "cut").exists()


@pytest.mark.parametrize("name", ["Liver", "a b", "../up", "", "1x", "-a"])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotApplicable, match="small letters"):
        write_package(name, tmp_path)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    write_package("cut", tmp_path)
    with pytest.raises(NotApplicable, match="is there already"):
        write_package("cut", tmp_path)


def test_a_bundle_is_checked_as_a_zip_too_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    made = make_bundle(tmp_path / "made" / "tiny", weights="model.pt")
    archive = Path(shutil.make_archive(str(tmp_path / "packed" / "tiny"), "zip", made.parent, "tiny"))
    found = checked(archive)
    assert found["passed"], found
    assert "model.pt is a pickle, of which only tensors are read" in found["its weights hold no code"][1]
    assert list(archive.parent.iterdir()) == [archive]
    assert not list(tmp_path.rglob(".unpacked"))


def test_one_made_for_pictures_is_tried_on_a_single_slice_too() -> None:
    from tools.checks.trial import trials
    from tools.contract import ToolSpec

    for modality, parts, names in (
        ("CT", ("CHEST",), ["a chest phantom", "one slice of a ball"]),
        ("MR", (), ["a ball, 1 x 1 x 1 mm", "a ball, oblique, 0.8 x 0.9 x 2.5 mm", "one slice of a ball"]),
        ("DX", (), ["a ball, 1 x 1 x 1 mm"]),
    ):
        spec = ToolSpec("a", "segment", "1", "s", "n", (modality,), parts, ("x",), "MIT", needs_3d=False)
        made = list(trials(spec))
        assert [t.name for t in made] == names
        assert made[-1].scan.is_2d


@pytest.mark.parametrize(
    ("body", "imports", "name", "seen"),
    [
        ("grid = np.random.random(scan.shape) > 0.5", "", "twice the same on a ball, 1 x 1 x 1 mm", "two masks: fix the seeds"),
        ("scan = type(scan).build(grid[1:], np.eye(4)); grid = grid[1:]", "", "its masks lie on the grid of a ball, 1 x 1 x 1 mm", "names another scan"),
        pytest.param("return None", "", "it answers a ball, 1 x 1 x 1 mm", "it answered NoneType, not SegmentResult", marks=pytest.mark.long),
        pytest.param("raise RuntimeError('broken')", "", "it answers a ball, 1 x 1 x 1 mm", "RuntimeError: broken (own.py, line 13)", marks=pytest.mark.long),
        ("__import__('socket').create_connection(('example.org', 80))", "", "no network", "asked for the address of 'example.org'"),
        pytest.param("pass", "import pickle", "no pickle, no evaluated text", "imports pickle", marks=pytest.mark.long),
        pytest.param("pass", "import torch", "listing it is quick", "do so in load", marks=pytest.mark.long),
        pytest.param("pass", "raise ImportError('no luck')", "it can be listed", "no luck", marks=pytest.mark.long),
        ("pass", "import sys; sys.exit(3)", "it can be listed", "SystemExit: 3"),
        ("__import__('os')._exit(7)", "", "it can be tried", "ended with 7"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, body: str, imports: str, name: str, seen: str) -> None:
    found = checked(own(tmp_path, body, imports))
    assert not found["passed"]
    assert found[name][0] is False
    assert seen in found[name][1]


def test_a_tool_that_does_not_end_is_stopped(tmp_path: Path) -> None:
    data = check_tool(str(own(tmp_path, "import time; time.sleep(600)")), limit_s=8)
    assert not data["passed"]
    assert "stopped after 8 s" in data["checks"][0]["seen"]


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnknownTool, match="There is no"):
        check_tool(str(tmp_path / "nothing.py"))
    with pytest.raises(UnknownTool, match="no tool called 'nobody'"):
        check_tool("nobody")


def test_faults_in_source(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text("import torch\ntorch.load('a')\ntorch.load('b', weights_only=True)\neval('1')\nimport numpy\nnumpy.load('c', allow_pickle=True)\n")
    assert [line.partition(" ")[0] for line in faults(path)] == ["x.py:2", "x.py:4", "x.py:6"]
