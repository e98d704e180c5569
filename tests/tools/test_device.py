"""Torch computes on the cores there are, never over what a user set."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.device import best_device, cores, use_cores

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    was = torch.get_num_threads()
    yield
    torch.set_num_threads(was)


@pytest.mark.parametrize(("said", "most"), [("150000 100000", 2), ("50000 100000", 1), ("max 100000", 10**6), ("nonsense", 10**6)])
def test_a_containers_share_counts(tmp_path: Path, said: str, most: int) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text(said, encoding="ascii")
    assert cores(quota) == min(most, len(os.sched_getaffinity(0)))
    assert cores(tmp_path / "absent") == len(os.sched_getaffinity(0))


def test_threads_are_lowered_to_the_cores_and_never_raised() -> None:
    torch.set_num_threads(3)
    use_cores(2, {})
    assert torch.get_num_threads() == 2
    use_cores(8, {})
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MKL_NUM_THREADS"])
def test_what_the_user_set_stays(name: str) -> None:
    torch.set_num_threads(3)
    use_cores(1, {name: "3"})
    assert torch.get_num_threads() == 3


def test_nothing_is_imported_for_it() -> None:
    code = "import sys; from tools.device import use_cores; use_cores(1, {}); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[2])


def test_a_gpu_is_taken_where_there_is_one() -> None:
    assert best_device() == ("cuda" if torch.cuda.is_available() else "cpu")
