"""Requests that wait for a prompted network are answered in one pass, on either engine, as they would be one by one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tools import NotApplicable, Registry, Runtime, SegmentRequest
from tools.engines.local import batch_size
from tools.engines.remote import RayEngine
from tools.models.nodule_segmenter.model import NoduleSegmenter
from tools.phantom import Sphere, chest_phantom

TOOL = '''
from dataclasses import replace
from pathlib import Path

from tools.models.nodule_segmenter.model import NoduleSegmenter


class Together(NoduleSegmenter):
    spec = replace(NoduleSegmenter.spec, name="together", accuracy=(), reported_by="nobody", batch_on=("cpu", "cuda"))

    def _looked(self, windows):
        with open(Path(__file__).parent / "passes", "a") as file:
            file.write(f"{len(windows)}\\n")
        return super()._looked(windows)
'''
ROUND, LARGE = (80.0, 10.0, 20.0), (-80.0, 5.0, 0.0)


@pytest.fixture(scope="module")
def requests() -> list[SegmentRequest]:
    """A click, a larger lesion that takes a second window, one in air, one corrected, one in a box."""
    scan = chest_phantom((Sphere(ROUND, 14.0), Sphere(LARGE, 34.0)), spacing=(1.4, 1.4, 2.5))[0]
    return [
        SegmentRequest(scan, point=ROUND),
        SegmentRequest(scan, point=LARGE),
        SegmentRequest(scan, point=(60.0, 30.0, 20.0)),
        SegmentRequest(scan, point=ROUND, clicks=(((83.0, 10.0, 20.0), True),)),
        SegmentRequest(scan, box=((72.0, 2.0, 12.0), (88.0, 18.0, 28.0))),
    ]


@pytest.fixture(params=["local", pytest.param("ray", marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runtime]:
    (tmp_path / "together.py").write_text(TOOL)
    made = Runtime("cpu")
    if request.param == "ray":
        made = Runtime(engine=RayEngine(device="cpu", replicas=1, folder=tmp_path, cpus=2, store_mb=200))
    yield made
    made.close()


def one_by_one(requests: list[SegmentRequest]) -> list[Any]:
    tool, found = NoduleSegmenter(), []
    tool.load("cpu")
    for request in requests:
        try:
            found.append(tool.run(request))
        except NotApplicable as error:
            found.append(error)
    return found


def test_what_waits_shares_a_pass_and_the_answers_are_the_same(
    runtime: Runtime, requests: list[SegmentRequest], tmp_path: Path
) -> None:
    tool, all_wait = Registry.discover(tmp_path).get("together"), threading.Event()
    runtime.ready(tool)

    def hold(fraction: float, phrase: str) -> None:
        all_wait.wait(60)

    first = runtime.submit(tool, requests[0], hold)
    jobs = [runtime.submit(tool, request, case=f"case {n}") for n, request in enumerate(requests)]
    all_wait.set()
    assert first.result(200).mask.count > 100
    for job, due in zip(jobs, one_by_one(requests), strict=True):
        if isinstance(due, NotApplicable):
            with pytest.raises(NotApplicable) as caught:
                job.result(200)
            assert str(caught.value) == str(due)
            continue
        found = job.result(200)
        same, own = (np.asarray(r.mask.voxels) for r in (found, due))
        assert (same ^ own).sum() <= 1e-3 * own.sum(), "rounding may move a voxel at the threshold"
        assert (found.notes, found.threshold) == (due.notes, due.threshold)
    assert max(map(int, (tmp_path / "passes").read_text().split())) > 2


def test_the_segmenter_takes_batches_where_they_gain() -> None:
    spec = NoduleSegmenter.spec
    assert [batch_size(spec, device) for device in ("cpu", "cuda", "cuda:1")] == [1, 8, 8]
