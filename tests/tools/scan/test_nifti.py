"""NIfTI: RAS as it is, one scaling, and nothing allocated on the header's word alone."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from made import values

from tools import UnreadableScan, load_scan

AFFINE = np.array([[-0.7, 0, 0, 90], [0, 0.9, 0, -120.5], [0, 0, 2.5, -310], [0, 0, 0, 1.0]])
TURNED = np.array([[0.6, 0.1, 0.2, 5], [-0.2, 0.9, 0.1, 6], [0.0, -0.1, 2.4, 7], [0, 0, 0, 1.0]])


def write(path: Path, voxels: Any, affine: Any = AFFINE, kind: Any = nibabel.Nifti1Image) -> Path:
    nibabel.save(kind(voxels, affine), path)
    return path


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("affine", [AFFINE, TURNED], ids=["left-handed", "sheared"])
def test_values_and_place(tmp_path: Path, name: str, kind: Any, affine: Any) -> None:
    voxels = values()
    scan = load_scan(write(tmp_path / name, voxels, affine, kind))
    np.testing.assert_array_equal(scan.voxels, voxels)
    np.testing.assert_allclose(scan.affine, affine, atol=1e-5)
    assert scan.spacing == pytest.approx(tuple(np.linalg.norm(affine[:3, :3], axis=0)), abs=1e-5)
    assert scan.source.format == "NIfTI"
    assert scan.laterality_known


def test_what_the_first_bytes_say_goes_before_the_name(tmp_path: Path) -> None:
    one = write(tmp_path / "x.nii", values())
    two = write(tmp_path / "y.nii.gz", values())
    one.rename(tmp_path / "x.dat")
    two.rename(tmp_path / "y.bin")
    assert load_scan(tmp_path / "x.dat").id == load_scan(tmp_path / "y.bin").id


def test_stored_values_are_scaled_by_the_header(tmp_path: Path) -> None:
    path = write(tmp_path / "x.nii", values(low=0, high=100))
    data = bytearray(path.read_bytes())
    data[112:120] = struct.pack("<ff", 3.0, -50.0)
    path.write_bytes(data)
    np.testing.assert_array_equal(load_scan(path).voxels, 3 * values(low=0, high=100) - 50)


@pytest.mark.parametrize(("units", "factor"), [("meter", 1000.0), ("micron", 0.001), ("mm", 1.0)])
def test_units_become_mm(tmp_path: Path, units: str, factor: float) -> None:
    affine = AFFINE.copy()
    affine[:3] /= factor
    image = nibabel.Nifti1Image(values(), affine)
    image.header.set_xyzt_units(units)
    nibabel.save(image, tmp_path / "x.nii")
    scan = load_scan(tmp_path / "x.nii")
    np.testing.assert_allclose(scan.affine, AFFINE, rtol=1e-5, atol=1e-4)
    assert any("mm" in note for note in scan.notes) is (factor != 1.0)


def test_without_a_frame_left_and_right_are_unknown(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(values(), None)
    image.header.set_zooms((0.7, 0.9, 2.5))
    nibabel.save(image, tmp_path / "x.nii")
    scan = load_scan(tmp_path / "x.nii")
    assert not scan.laterality_known
    assert scan.spacing == pytest.approx((0.7, 0.9, 2.5), abs=1e-5)


def test_a_trailing_axis_of_one_is_dropped(tmp_path: Path) -> None:
    assert load_scan(write(tmp_path / "x.nii", values()[..., None])).shape == (7, 5, 4)


@pytest.mark.parametrize(
    ("shape", "said"),
    [((4, 4, 4, 6), "6 time points"), ((4, 4, 4, 1, 3), "3 components"), ((4, 4, 4, 2, 3), "6 time points")],
)
def test_more_than_three_axes_are_refused(tmp_path: Path, shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(UnreadableScan, match=said):
        load_scan(write(tmp_path / "x.nii.gz", np.zeros(shape, np.int16)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300], ids=["nan", "inf", "1e300"])
def test_values_that_are_no_numbers(tmp_path: Path, bad: float) -> None:
    voxels = values().astype(np.float64) + 0.5
    voxels[1, 1, 1] = bad
    with pytest.raises(UnreadableScan, match=r"not numbers|too large"):
        load_scan(write(tmp_path / "x.nii", voxels))


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
@pytest.mark.parametrize("dims", [(30000, 30000, 2), (1200, 1200, 900), (32767, 32767, 32767), (8, 5, 4)])
def test_dimensions_that_lie(tmp_path: Path, name: str, dims: tuple[int, int, int]) -> None:
    path = write(tmp_path / name, values())
    packed = name.endswith("gz")
    data = bytearray(gzip.decompress(path.read_bytes()) if packed else path.read_bytes())
    data[42:48] = struct.pack("<hhh", *dims)
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(UnreadableScan, match=r"claims|damaged"):
        load_scan(path)


@pytest.mark.parametrize("dims", [(0, 5, 4), (-3, 5, 4)])
def test_dimensions_that_are_none(tmp_path: Path, dims: tuple[int, int, int]) -> None:
    path = write(tmp_path / "x.nii", values())
    data = bytearray(path.read_bytes())
    data[42:48] = struct.pack("<hhh", *dims)
    path.write_bytes(data)
    with pytest.raises(UnreadableScan, match=r"every axis|damaged"):
        load_scan(path)


@pytest.mark.parametrize("bad", [0.0, float("nan")])
def test_a_spacing_of_nothing_is_not_made_one_millimetre(tmp_path: Path, bad: float) -> None:
    image = nibabel.Nifti1Image(values(), None)
    nibabel.save(image, tmp_path / "x.nii")
    data = bytearray((tmp_path / "x.nii").read_bytes())
    data[80:84] = struct.pack("<f", bad)
    (tmp_path / "x.nii").write_bytes(data)
    with pytest.raises(UnreadableScan, match="spacing"):
        load_scan(tmp_path / "x.nii")


def test_an_affine_that_is_flat(tmp_path: Path) -> None:
    path = write(tmp_path / "x.nii", values())
    data = bytearray(path.read_bytes())
    data[280:296] = bytes(16)  # srow_x
    path.write_bytes(data)
    with pytest.raises(UnreadableScan, match=r"invertible|spacing"):
        load_scan(path)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
def test_a_truncated_file(tmp_path: Path, name: str, share: float) -> None:
    path = write(tmp_path / name, values())
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(UnreadableScan):
        load_scan(path)


def test_colours_are_refused(tmp_path: Path) -> None:
    rgb = np.zeros((4, 4, 4), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(UnreadableScan, match="grey"):
        load_scan(write(tmp_path / "x.nii", rgb))


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i4", "u4", "f4", "f8", ">i2", ">f4"])
def test_voxel_types(tmp_path: Path, kind: str) -> None:
    voxels = values(low=0, high=100).astype(kind)
    image = nibabel.Nifti1Image(voxels, AFFINE, header=nibabel.Nifti1Header(endianness=">" if ">" in kind else "<"))
    image.header.set_data_dtype(np.dtype(kind))
    nibabel.save(image, tmp_path / "x.nii")
    scan = load_scan(tmp_path / "x.nii")
    np.testing.assert_array_equal(scan.voxels, values(low=0, high=100))
    assert scan.voxels.dtype == np.int16


@pytest.mark.parametrize("kept", [352, 539])
def test_a_second_nifti_cut_in_its_header(tmp_path: Path, kept: int) -> None:
    path = write(tmp_path / "x.nii", values(), kind=nibabel.Nifti2Image)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UnreadableScan, match="damaged"):
        load_scan(path)
