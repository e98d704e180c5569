"""A tool in a process of its own: the same answers, and what it breaks stays there."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from tools import (
    Cancelled,
    ClassifyRequest,
    FindRequest,
    MeasureRequest,
    NotApplicable,
    Registry,
    SegmentRequest,
    ToolFailed,
)
from tools.contract import PrepareRequest
from tools.isolated import IsolatedTool
from tools.isolated.wire import read_request, write_request
from tools.phantom import Sphere, chest_phantom

TOOL = '''
import os, time
import numpy as np
from tools import Mask, NotApplicable, SegmentResult, ToolSpec, VisionTool

class Own(VisionTool):
    spec = ToolSpec(name="own", task="segment", version="1", summary="s", not_for="n", modalities=("CT",), body_parts=(),
                    labels=("x",), licence="MIT", reported_by="me")

    def run(self, request, progress=lambda fraction, phrase: None):
        progress(0.5, "half way")
        print("a word on stdout harms nothing")
        scan = request.scan
        assert scan.source.files == () and scan.source.identity == {}
        %s
        return SegmentResult(Mask.from_grid(scan.id, scan.voxels > 0, scan.affine, "x"), request.threshold, ("a note",))
'''


@pytest.fixture(scope="module")
def phantom():  # type: ignore[no-untyped-def]
    return chest_phantom((Sphere((80.0, 10.0, 20.0), 14.0),), spacing=(3.0, 3.0, 4.0))


def isolated(folder: Path, body: str = "pass", **limits: float) -> IsolatedTool:
    (folder / "own.py").write_text(TOOL % body)
    spec = Registry.discover(folder).get("own").spec
    return IsolatedTool(spec, folder, **limits)  # type: ignore[arg-type]


def test_the_answer_is_the_same_and_progress_is_told(tmp_path: Path, phantom) -> None:  # type: ignore[no-untyped-def]
    scan, _ = phantom
    told: list[str] = []
    request = SegmentRequest(scan, point=(80.0, 10.0, 20.0), threshold=0.4)
    apart = isolated(tmp_path).run(request, lambda fraction, phrase: told.append(phrase))
    here = Registry.discover(tmp_path).get("own").run(request)
    assert np.array_equal(apart.mask.voxels, here.mask.voxels)
    assert (apart.mask.scan_id, apart.mask.label, apart.threshold, apart.notes) == (scan.id, "x", 0.4, ("a note",))
    assert np.array_equal(apart.mask.affine, scan.affine)
    assert told == ["half way"]


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        ("raise NotApplicable('not here')", NotApplicable, "not here"),
        ("os._exit(3)", ToolFailed, "process died"),
        ("raise ValueError('secret path')", ToolFailed, r"own failed \(ValueError\)"),
        ("return 7", ToolFailed, "own failed"),
    ],
)
def test_what_it_breaks_stays_there(tmp_path: Path, phantom, body: str, error: type[Exception], said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=said):
        isolated(tmp_path, body).run(SegmentRequest(phantom[0], point=(80.0, 10.0, 20.0)))


def test_limits_on_time_and_memory(tmp_path: Path, phantom) -> None:  # type: ignore[no-untyped-def]
    request = SegmentRequest(phantom[0], point=(80.0, 10.0, 20.0))
    with pytest.raises(ToolFailed, match="stopped after 6 s"):
        isolated(tmp_path, "time.sleep(100)", time_limit_s=6).run(request)
    with pytest.raises(ToolFailed, match="more than the 6000 MB"):
        isolated(tmp_path, "bytearray(9_000_000_000)", megabytes=6000).run(request)


def test_stopping_ends_the_process(tmp_path: Path, phantom) -> None:  # type: ignore[no-untyped-def]
    def stop(fraction: float, phrase: str) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        isolated(tmp_path, "time.sleep(100)").run(SegmentRequest(phantom[0], point=(80.0, 10.0, 20.0)), stop)


def test_every_kind_of_request_travels(tmp_path: Path, phantom) -> None:  # type: ignore[no-untyped-def]
    scan, (mask,) = phantom
    box = ((70.0, 0.0, 10.0), (90.0, 20.0, 30.0))
    for number, request in enumerate(
        (
            FindRequest(scan=scan, max_candidates=3, side="left"),
            SegmentRequest(scan, box=box, clicks=(((80.0, 10.0, 20.0), False),), threshold=0.3, parameters={"a": 1}),
            ClassifyRequest(scan, mask), MeasureRequest(scan, mask), PrepareRequest(scan, {"strength": 2}),
        )
    ):  # fmt: skip
        folder = tmp_path / str(number)
        folder.mkdir()
        write_request(folder, request)
        back = read_request(folder)
        assert type(back) is type(request)
        assert back.scan == scan
        if isinstance(request, (ClassifyRequest, MeasureRequest)):
            assert np.array_equal(back.mask.voxels, mask.voxels)  # type: ignore[union-attr]
        for name in ("max_candidates", "side", "point", "box", "clicks", "threshold", "parameters"):
            assert getattr(back, name, None) == getattr(request, name, None)


def test_a_result_of_every_task_is_whole_after_its_folder_is_gone(tmp_path: Path, phantom) -> None:  # type: ignore[no-untyped-def]
    from tools.contract import REQUESTS
    from tools.template import write_package

    scan, (mask,) = phantom
    for task in REQUESTS:
        model = next(f for f in write_package(f"new-{task}", tmp_path / "packages", task) if f.name == "model.py")
        (tmp_path / f"{model.parent.name}.py").write_bytes(model.read_bytes())
    apart, here = Registry.discover(tmp_path, isolate=("own",)), Registry.discover(tmp_path)
    for task, request in (
        ("find", FindRequest(scan=scan)), ("classify", ClassifyRequest(scan, mask)), ("measure", MeasureRequest(scan, mask)),
        ("prepare", PrepareRequest(scan, {"size": 5})),
    ):  # fmt: skip
        made, due = apart.get(f"new-{task}").run(request), here.get(f"new-{task}").run(request)
        if task == "prepare":
            assert np.array_equal(made.scan.voxels, due.scan.voxels)
            assert (made.scan.id, made.scan.notes, made.done) == (due.scan.id, due.scan.notes, due.done)
        elif task == "find":
            assert [c.mask.count for c in made.candidates] == [c.mask.count for c in due.candidates]
            assert made.not_assessed == due.not_assessed
        else:
            assert made == due


def test_the_registry_isolates_what_it_is_told_to(tmp_path: Path, phantom, caplog: pytest.LogCaptureFixture) -> None:  # type: ignore[no-untyped-def]
    caplog.set_level(logging.CRITICAL)
    (tmp_path / "own.py").write_text(TOOL % "assert os.environ.get('HERE') is None or os.getpid() != int(os.environ['HERE'])")
    registry = Registry.discover(tmp_path, isolate=("own",))
    assert registry.get("own").isolated
    assert not Registry.discover(tmp_path).get("own").isolated
    assert registry.get("own").run(SegmentRequest(phantom[0], point=(80.0, 10.0, 20.0))).mask.count
