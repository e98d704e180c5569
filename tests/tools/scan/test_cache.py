"""A scan kept in a case's folder comes back the same, whole or not at all, and names nobody."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from made import Made, tells_nobody

from tools import Mask, Scan, UnreadableScan, load_scan
from tools.scan.cache import open_scan, save_scan


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    extra = {"WindowCenter": [-600, 40], "WindowWidth": [1500, 400], "ConvolutionKernel": "B70f"}
    Made(extra=extra).write(tmp_path / "in")
    return load_scan(tmp_path / "in")


def test_everything_but_the_source_comes_back(tmp_path: Path, scan: Scan) -> None:
    save_scan(scan, tmp_path / "case" / "scan")
    back = open_scan(tmp_path / "case" / "scan")
    assert back == scan
    for name in ("shape", "spacing", "calibration", "modality", "body_part", "slice_thickness_mm", "slice_interval_mm",
                 "kernel", "contrast", "windows", "laterality_known", "notes"):  # fmt: skip
        assert getattr(back, name) == getattr(scan, name), name
    np.testing.assert_array_equal(back.affine, scan.affine)
    np.testing.assert_array_equal(back.voxels, scan.voxels)
    assert back.voxels.dtype == scan.voxels.dtype
    assert back.source.files == ()
    assert back.source.identity == {}


def test_what_is_written_names_nobody(tmp_path: Path, scan: Scan) -> None:
    save_scan(scan, tmp_path / "scan")
    assert tells_nobody((tmp_path / "scan" / "scan.json").read_text())


def test_voxels_are_read_only_and_lazy(tmp_path: Path, scan: Scan) -> None:
    save_scan(scan, tmp_path / "scan")
    back = open_scan(tmp_path / "scan")
    with pytest.raises(ValueError, match="read-only"):
        back.voxels[0, 0, 0] = 1
    (tmp_path / "scan" / "voxels.npy").unlink()
    assert open_scan(tmp_path / "scan").shape == scan.shape
    with pytest.raises(UnreadableScan, match="voxels is damaged"):
        _ = open_scan(tmp_path / "scan").voxels


def test_unknown_spacing_stays_unknown(tmp_path: Path) -> None:
    scan = Scan.build(np.zeros((3, 4, 1)), np.eye(4), spacing=(None, None, None), calibration="none")
    save_scan(scan, tmp_path / "s")
    assert open_scan(tmp_path / "s").spacing == (None, None, None)
    assert not open_scan(tmp_path / "s").has_mm


@pytest.mark.parametrize("head", ["", "{", "{}", "[]", '{"affine": 3}', None])
def test_a_damaged_head_is_one_clear_line(tmp_path: Path, scan: Scan, head: str | None) -> None:
    save_scan(scan, tmp_path / "s")
    (tmp_path / "s" / "scan.json").unlink()
    if head is not None:
        (tmp_path / "s" / "scan.json").write_text(head)
    with pytest.raises(UnreadableScan, match="missing or damaged"):
        open_scan(tmp_path / "s")


@pytest.mark.parametrize("keep", [0, 20, 200])
def test_damaged_voxels_are_one_clear_line(tmp_path: Path, scan: Scan, keep: int) -> None:
    save_scan(scan, tmp_path / "s")
    path = tmp_path / "s" / "voxels.npy"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UnreadableScan, match="voxels is damaged"):
        _ = open_scan(tmp_path / "s").voxels


def test_voxels_of_another_shape(tmp_path: Path, scan: Scan) -> None:
    save_scan(scan, tmp_path / "s")
    np.save(tmp_path / "s" / "voxels.npy", np.zeros((2, 2, 2)))
    with pytest.raises(UnreadableScan, match="another shape"):
        _ = open_scan(tmp_path / "s").voxels


def test_many_at_once_leave_one_whole_copy(tmp_path: Path, chest: tuple[Scan, tuple[Mask, ...]]) -> None:
    small = Scan.build(np.asarray(chest[0].voxels[:60, :60, :20]), chest[0].affine)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            save_scan(small, tmp_path / "case" / "s")
        except BaseException as error:  # shown by the test
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == []
    assert [p.name for p in (tmp_path / "case").iterdir()] == ["s"]
    np.testing.assert_array_equal(open_scan(tmp_path / "case" / "s").voxels, small.voxels)
