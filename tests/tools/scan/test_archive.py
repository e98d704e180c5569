"""Zips: what is dangerous is refused before anything is written outside, and in one clear line."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from made import Made, tells_nobody

from tools import ScanError, UnreadableScan, UnsafeArchive, load_scan
from tools.scan.archive import unpack


def pack(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as z:
        for name, data in members.items():
            z.writestr(name, data)
    return path


@pytest.fixture
def slices(tmp_path: Path) -> dict[str, bytes]:
    return {f"s/{f.name}": f.read_bytes() for f in Made().write(tmp_path / "made")}


def test_a_series_in_a_zip(tmp_path: Path, slices: dict[str, bytes]) -> None:
    clutter = {"__MACOSX/s/._a.dcm": b"\0\5\x16\7", "notes.txt": b"hello", ".hidden": b"x"}
    path = pack(tmp_path / "x.zip", {**slices, **clutter})
    scan = load_scan(path)
    np.testing.assert_array_equal(scan.voxels, Made().hu)
    assert scan.source.files == (path,)


def test_a_nifti_in_a_zip(tmp_path: Path) -> None:
    import nibabel

    nibabel.save(nibabel.Nifti1Image(Made().hu, np.eye(4)), tmp_path / "x.nii")
    path = pack(tmp_path / "x.zip", {"x.nii": (tmp_path / "x.nii").read_bytes()})
    np.testing.assert_array_equal(load_scan(path).voxels, Made().hu)


@pytest.mark.parametrize(
    "name",
    ["../out.dcm", "a/../../out.dcm", "/tmp/out.dcm", "C:/out.dcm", "C:\\out.dcm", "..\\out.dcm", "\\\\host\\out.dcm"],
)
def test_names_that_climb_out(tmp_path: Path, slices: dict[str, bytes], name: str) -> None:
    path = pack(tmp_path / "x.zip", {**slices, name: b"Quimby"})
    before = set(tmp_path.rglob("*"))
    with pytest.raises(UnsafeArchive, match="Member 5 of 5 in the zip has a path that leaves") as caught:
        load_scan(path)
    assert tells_nobody(str(caught.value), "out.dcm")
    assert set(tmp_path.rglob("*")) == before


def test_a_link(tmp_path: Path, slices: dict[str, bytes]) -> None:
    path = pack(tmp_path / "x.zip", slices)
    with zipfile.ZipFile(path, "a") as z:
        link = zipfile.ZipInfo("link.dcm")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        z.writestr(link, "/etc/passwd")
    with pytest.raises(UnsafeArchive, match="is a link"):
        load_scan(path)


def test_a_bomb_that_says_so(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {"1.dcm": bytes(30 * 2**20)})
    with pytest.raises(UnsafeArchive, match="fold"):
        load_scan(path)


def test_a_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    """The directory claims 1,000 bytes; what comes out is counted, not believed."""
    path = pack(tmp_path / "x.zip", {"1.dcm": bytes(30 * 2**20)})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.index(signature)
        data[at + offset : at + offset + 4] = struct.pack("<I", 1000)
    path.write_bytes(data)
    with pytest.raises(ScanError):
        load_scan(path)


def test_small_files_of_one_value_are_no_bomb(tmp_path: Path) -> None:
    made = Made(hu=np.full((256, 256, 3), -1000, np.int16))
    files = made.write(tmp_path / "m")
    path = pack(tmp_path / "x.zip", {f.name: f.read_bytes() for f in files})
    assert load_scan(path).shape == (256, 256, 3)


@pytest.mark.parametrize("name", ["inner.zip", "inner.dcm", "INNER.ZIP"])
def test_a_zip_in_the_zip(tmp_path: Path, slices: dict[str, bytes], name: str) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as z:
        z.writestr("a.dcm", b"x")
    with pytest.raises(UnsafeArchive, match="is a zip itself"):
        load_scan(pack(tmp_path / "x.zip", {**slices, name: inner.getvalue()}))


def test_an_encrypted_member(tmp_path: Path, slices: dict[str, bytes]) -> None:
    path = pack(tmp_path / "x.zip", slices)
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = data.index(signature)
        data[at + offset] |= 1
    path.write_bytes(data)
    with pytest.raises(UnsafeArchive, match="encrypted"):
        load_scan(path)


def test_two_members_of_one_name(tmp_path: Path, slices: dict[str, bytes]) -> None:
    path = pack(tmp_path / "x.zip", slices)
    with zipfile.ZipFile(path, "a") as z, pytest.warns(UserWarning, match="Duplicate"):
        z.writestr(next(iter(slices)), b"other")
    with pytest.raises(UnsafeArchive, match="name of an earlier one"):
        load_scan(path)


def test_too_many_files(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", {str(n): b"" for n in range(20_001)}, zipfile.ZIP_STORED)
    with pytest.raises(UnsafeArchive, match="20001 files; at most 20000"):
        load_scan(path)


def test_too_many_bytes(tmp_path: Path) -> None:
    """Nine gigabytes claimed by the directory are refused before a byte is unpacked."""
    noise = {str(n): np.random.default_rng(n).bytes(2**20) for n in range(3)}
    path = pack(tmp_path / "x.zip", noise, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    at = 0
    for _ in range(3):
        at = data.index(b"PK\x01\x02", at)
        data[at + 20 : at + 28] = struct.pack("<II", 3_200_000_000, 3_200_000_000)
        at += 4
    path.write_bytes(data)
    with pytest.raises(ScanError, match=r"GiB|damaged"):
        load_scan(path)


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04 nothing more here", b"PK\x05\x06" + bytes(18)])
def test_no_zip_or_an_empty_one(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "Quimby.zip"
    path.write_bytes(data)
    with pytest.raises(UnreadableScan, match="zip") as caught:
        load_scan(path)
    assert tells_nobody(str(caught.value))


def test_damaged_members(tmp_path: Path, slices: dict[str, bytes]) -> None:
    path = pack(tmp_path / "x.zip", slices)
    data = bytearray(path.read_bytes())
    start = data.index(b"PK\x03\x04") + 60
    data[start : start + 40] = bytes(40)
    path.write_bytes(data)
    with pytest.raises(UnreadableScan, match="zip"):
        load_scan(path)


def test_nothing_of_the_temporary_folder_stays(tmp_path: Path, slices: dict[str, bytes], monkeypatch) -> None:  # type: ignore[no-untyped-def]
    import tempfile

    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    load_scan(pack(tmp_path / "x.zip", slices))
    with pytest.raises(UnsafeArchive):
        load_scan(pack(tmp_path / "y.zip", {**slices, "../a": b""}))
    assert list(room.iterdir()) == []


def test_unpack_returns_what_it_wrote(tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    files = unpack(pack(tmp_path / "x.zip", {"a/1": b"one", "2": b"two"}), tmp_path / "to")
    assert [f.read_bytes() for f in files] == [b"one", b"two"]
    assert all(f.is_relative_to(tmp_path / "to") for f in files)
