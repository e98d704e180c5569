"""NRRD: its `space` turned to RAS, its claims checked, its data only from its own folder."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path
from typing import Any

import nrrd
import numpy as np
import pytest
from made import values

from tools import Known, UnreadableScan, load_scan

HEAD = {
    "space": "left-posterior-superior",
    "space directions": np.diag([0.7, 0.9, 2.5]),
    "space origin": np.array([-120.0, -90.0, -310.0]),
    "kinds": ["domain"] * 3,
}


def write(path: Path, voxels: Any = None, **changes: Any) -> Path:
    header = {**HEAD, **{k.replace("_", " "): v for k, v in changes.items()}}
    nrrd.write(str(path), values() if voxels is None else voxels, header)
    return path


def raw(path: Path, lines: list[str], data: bytes) -> Path:
    path.write_bytes("\n".join(["NRRD0004", *lines, "", ""]).encode() + data)
    return path


BASE = ["type: short", "dimension: 3", "sizes: 7 5 4", "endian: little", "encoding: raw"]
DATA = values().tobytes(order="F")


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("left-posterior-superior", (-1, -1, 1)),
        ("LPS", (-1, -1, 1)),
        ("right-anterior-superior", (1, 1, 1)),
        ("RAS", (1, 1, 1)),
        ("left-anterior-superior", (-1, 1, 1)),
    ],
)
def test_space_becomes_ras(tmp_path: Path, space: str, signs: tuple[int, int, int]) -> None:
    scan = load_scan(write(tmp_path / "x.nrrd", space=space))
    np.testing.assert_array_equal(scan.voxels, values())
    truth = np.diag([*signs, 1]) @ np.array([[0.7, 0, 0, -120], [0, 0.9, 0, -90], [0, 0, 2.5, -310], [0, 0, 0, 1]])
    np.testing.assert_allclose(scan.affine, truth, atol=1e-9)
    assert scan.laterality_known
    assert scan.modality == Known("CT", "assumed")  # -1000 to 1200: plausible Hounsfield units


def test_oblique_directions(tmp_path: Path) -> None:
    rows = np.array([[0.6, 0.3, 0.1], [-0.3, 0.8, 0.0], [0.2, 0.1, 2.4]])
    scan = load_scan(write(tmp_path / "x.nrrd", space_directions=rows))
    assert scan.to_mm((1, 0, 0)) == pytest.approx((120 - 0.6, 90 - 0.3, -310 + 0.1))
    assert scan.to_mm((0, 0, 2)) == pytest.approx((120 - 0.4, 90 - 0.2, -310 + 4.8))


def test_without_space_the_side_is_unknown(tmp_path: Path) -> None:
    scan = load_scan(raw(tmp_path / "x.nrrd", [*BASE, "spacings: 0.7 0.9 2.5"], DATA))
    assert scan.spacing == (0.7, 0.9, 2.5)
    assert not scan.laterality_known
    np.testing.assert_array_equal(scan.voxels, values())


def test_without_spacing_lengths_are_pixels(tmp_path: Path) -> None:
    scan = load_scan(raw(tmp_path / "x.nrrd", BASE, DATA))
    assert scan.spacing == (None, None, None)
    assert scan.calibration == "none"
    assert not scan.has_mm


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1.0), ("cm", 10.0), ("um", 0.001)])
def test_space_units(tmp_path: Path, unit: str, factor: float) -> None:
    scan = load_scan(write(tmp_path / "x.nrrd", space_units=[unit] * 3))
    assert scan.spacing == pytest.approx((0.7 * factor, 0.9 * factor, 2.5 * factor))


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("raw", bytes), ("gzip", gzip.compress), ("bzip2", bz2.compress),
     ("ascii", lambda d: " ".join(str(v) for v in np.frombuffer(d, np.int16)).encode())],
)  # fmt: skip
def test_encodings(tmp_path: Path, encoding: str, pack: Any) -> None:
    lines = [*BASE[:-1], f"encoding: {encoding}", "spacings: 1 1 1"]
    np.testing.assert_array_equal(load_scan(raw(tmp_path / "x.nrrd", lines, pack(DATA))).voxels, values())


def test_big_endian(tmp_path: Path) -> None:
    lines = [BASE[0], BASE[1], BASE[2], "endian: big", "encoding: raw", "spacings: 1 1 1"]
    data = values().astype(">i2").tobytes(order="F")
    np.testing.assert_array_equal(load_scan(raw(tmp_path / "x.nrrd", lines, data)).voxels, values())


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
@pytest.mark.parametrize("lost", [40, 200])
def test_truncated(tmp_path: Path, encoding: str, lost: int) -> None:
    pack: Any = {"raw": bytes, "gzip": gzip.compress, "bzip2": bz2.compress}.get(
        encoding, lambda d: " ".join(str(v) for v in np.frombuffer(d, np.int16)).encode()
    )
    packed = pack(DATA)
    lines = [*BASE[:-1], f"encoding: {encoding}", "spacings: 1 1 1"]
    whole = raw(tmp_path / "x.nrrd", lines, packed[: len(packed) - lost])
    with pytest.raises(UnreadableScan, match=r"cut short|damaged|more than the file"):
        load_scan(whole)


def test_a_detached_header_with_its_data_beside_it(tmp_path: Path) -> None:
    (tmp_path / "x.raw").write_bytes(DATA)
    scan = load_scan(raw(tmp_path / "x.nhdr", [*BASE, "spacings: 1 1 1", "data file: x.raw"], b""))
    np.testing.assert_array_equal(scan.voxels, values())


@pytest.mark.parametrize("named", ["../secret.raw", "/etc/hostname", "sub/../../secret.raw", "link.raw"])
def test_a_detached_header_that_points_out_of_its_folder(tmp_path: Path, named: str) -> None:
    (tmp_path / "secret.raw").write_bytes(DATA)
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "link.raw").symlink_to(tmp_path / "secret.raw")
    path = raw(folder / "x.nhdr", [*BASE, "spacings: 1 1 1", f"data file: {named}"], b"")
    with pytest.raises(UnreadableScan, match="outside the header's folder") as caught:
        load_scan(path)
    assert "secret" not in str(caught.value)
    assert "hostname" not in str(caught.value)


@pytest.mark.parametrize("named", ["LIST", "x%03d.raw 1 4 1", "absent.raw"])
def test_detached_data_that_is_not_read(tmp_path: Path, named: str) -> None:
    path = raw(tmp_path / "x.nhdr", [*BASE, "spacings: 1 1 1", f"data file: {named}"], b"")
    with pytest.raises(UnreadableScan, match=r"several files|not in its folder|damaged") as caught:
        load_scan(path)
    assert "absent" not in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["type: short", "dimension: 3", "sizes: 70000 70000 4", "endian: little", "encoding: raw"], "claims|at most"),
        (["type: short", "dimension: 3", "sizes: 900 900 900", "endian: little", "encoding: raw"], "claims"),
        (["type: short", "dimension: 3", "sizes: 900 900 900", "endian: little", "encoding: gzip"], "claims"),
        (["type: double", "dimension: 3", "sizes: 1200 1200 1200", "endian: little", "encoding: bzip2"], "claims"),
        (["type: short", "dimension: 3", "sizes: 7 0 4", "endian: little", "encoding: raw"], "every axis"),
        (["type: short", "dimension: 3", "sizes: 7 5", "endian: little", "encoding: raw"], "every axis|damaged"),
        (["type: short", "dimension: 4", "sizes: 7 5 4 1", "endian: little", "encoding: raw"], "4 axes"),
        (["type: block", "dimension: 3", "sizes: 7 5 4", "endian: little", "encoding: raw"], "type|damaged"),
        (["type: short", "dimension: 3", "sizes: 7 5 4", "endian: little", "encoding: hex"], "encoding|damaged"),
        (["type: short", "dimension: 3", "sizes: 3 5 4", "kinds: RGB-color domain domain", "encoding: raw"], "kind"),
        (["type: short", "dimension: 3"], "damaged"),
        (["type: Zephyr Quimby", "dimension: 3", "sizes: 7 5 4", "encoding: raw"], "type|damaged"),
        (["type: short", "dimension: 3", "sizes: 7 5 4", "encoding: Zephyr Quimby"], "encoding|damaged"),
        (["type: short", "dimension: 3", "sizes: 7 5 4", "kinds: Quimby domain domain", "encoding: raw"], "kind"),
    ],
)  # fmt: skip
def test_headers_that_lie_or_are_not_read(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(UnreadableScan, match=said) as caught:
        load_scan(raw(tmp_path / "x.nrrd", lines, DATA))
    assert "quimby" not in str(caught.value).lower()


def test_values_that_are_no_numbers(tmp_path: Path) -> None:
    voxels = values().astype(np.float32)
    voxels[0, 0, 0] = np.nan
    with pytest.raises(UnreadableScan, match="not numbers"):
        load_scan(write(tmp_path / "x.nrrd", voxels))


def test_directions_that_are_flat(tmp_path: Path) -> None:
    with pytest.raises(UnreadableScan, match=r"invertible|damaged"):
        load_scan(write(tmp_path / "x.nrrd", space_directions=np.diag([0.7, 0.0, 2.5])))


def test_two_axes_are_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "x.nrrd"
    nrrd.write(str(path), values()[:, :, 0], {"spacings": [0.7, 0.9]})
    scan = load_scan(path)
    assert scan.shape == (7, 5, 1)
    assert scan.spacing == (0.7, 0.9, None)


def test_the_sample_reads_as_simpleitk_reads_it(shared: Any) -> None:
    import SimpleITK

    path = shared("sample/lung1_image.nrrd")
    scan = load_scan(path)
    theirs = SimpleITK.ReadImage(str(path))
    np.testing.assert_array_equal(scan.voxels, SimpleITK.GetArrayViewFromImage(theirs).transpose(2, 1, 0))
    for index in ((0, 0, 0), (100, 300, 20)):
        x, y, z = theirs.TransformIndexToPhysicalPoint(index)
        assert scan.to_mm(index) == pytest.approx((-x, -y, z), abs=1e-3)
    assert (scan.modality, scan.body_part) == (Known("CT", "assumed"), Known("CHEST", "assumed"))
