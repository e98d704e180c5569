"""PNG and JPEG: one slice of grey values, in pixels, of no known side."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools import Known, UnreadableScan, load_scan

GREY = np.arange(6 * 9, dtype=np.uint8).reshape(6, 9)


def test_grey_values_as_shown(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "x.png", dpi=(300, 300))
    scan = load_scan(tmp_path / "x.png")
    assert scan.shape == (9, 6, 1)
    np.testing.assert_array_equal(scan.voxels[:, :, 0], GREY.T)
    assert scan.spacing == (None, None, None)
    assert scan.calibration == "none"
    assert not scan.laterality_known
    assert scan.modality == Known()
    assert scan.source.format == "PNG"


def test_sixteen_bits_are_kept(tmp_path: Path) -> None:
    wide = (GREY.astype(np.uint16) * 1000 + 7).astype(np.uint16)
    Image.fromarray(wide).save(tmp_path / "x.png")
    np.testing.assert_array_equal(load_scan(tmp_path / "x.png").voxels[:, :, 0], wide.T)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "1", "CMYK"])
def test_every_mode_becomes_grey(tmp_path: Path, mode: str) -> None:
    name = "x.jpg" if mode == "CMYK" else "x.png"
    Image.fromarray(GREY).convert(mode).save(tmp_path / name)
    scan = load_scan(tmp_path / name)
    assert scan.shape == (9, 6, 1)
    if mode in ("L", "LA", "RGB", "RGBA"):
        np.testing.assert_array_equal(scan.voxels[:, :, 0], GREY.T)
        assert not any("colours" in n for n in scan.notes)


def test_colours_are_said(tmp_path: Path) -> None:
    rgb = np.zeros((4, 4, 3), np.uint8)
    rgb[..., 0] = 200
    Image.fromarray(rgb).save(tmp_path / "x.png")
    scan = load_scan(tmp_path / "x.png")
    assert (scan.voxels == 60).all()
    assert any("colours" in n for n in scan.notes)


def test_a_camera_that_was_held_sideways(tmp_path: Path) -> None:
    picture = Image.fromarray(np.repeat(np.repeat(GREY, 8, 0), 8, 1))
    exif = picture.getexif()
    exif[0x0112] = 6  # turn by 90 degrees to show
    picture.save(tmp_path / "x.jpg", exif=exif)
    assert load_scan(tmp_path / "x.jpg").shape == (48, 72, 1)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("size", [(60_000, 60_000), (20_000, 5_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_not_unpacked(tmp_path: Path, size: tuple[int, int]) -> None:
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + head + _chunk(b"IDAT", zlib.compress(bytes(1000))) + _chunk(b"IEND", b"")
    (tmp_path / "Quimby.png").write_bytes(data)
    with pytest.raises(UnreadableScan, match=r"pixels|damaged") as caught:
        load_scan(tmp_path / "Quimby.png")
    assert "Quimby" not in str(caught.value)


@pytest.mark.parametrize("keep", [9, 40, 60])
@pytest.mark.parametrize("name", ["x.png", "x.jpg"])
def test_a_truncated_picture(tmp_path: Path, name: str, keep: int) -> None:
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (40, 40), np.uint8)).save(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) * keep // 100])
    with pytest.raises(UnreadableScan, match="damaged"):
        load_scan(tmp_path / name)


def test_text_chunks_are_no_bomb(tmp_path: Path) -> None:
    """A compressed text chunk that unpacks to a gigabyte is Pillow's to refuse, and one clear line here."""
    Image.fromarray(GREY).save(tmp_path / "x.png")
    data = (tmp_path / "x.png").read_bytes()
    text = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80 * 2**20)))
    (tmp_path / "x.png").write_bytes(data[:33] + text + data[33:])
    with pytest.raises(UnreadableScan, match="damaged"):
        load_scan(tmp_path / "x.png")
