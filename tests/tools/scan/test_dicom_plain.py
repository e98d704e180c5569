"""The quick way into plain DICOM files says what pydicom says, and leaves every other file to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from made import Made, save, values
from pydicom.dataset import Dataset
from pydicom.pixels import pixel_array
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from tools.scan.dicom_header import _READ_KEYWORDS, IDENTITY_KEYWORDS, broken, plain_reader, quiet
from tools.scan.dicom_plain import PlainReader

KEYWORDS = _READ_KEYWORDS + IDENTITY_KEYWORDS


def agree(path: Path, reader: PlainReader) -> bool:
    """Return whether a file is plain; where it is, all it says must be what pydicom says."""
    with quiet():
        found = reader.read(path)
    if found is None:
        return False
    header, pixels = found
    with quiet():
        theirs = pydicom.dcmread(path, force=True)
        for keyword in KEYWORDS:
            assert header.get(keyword) == theirs.get(keyword), keyword
            assert str(header.get(keyword)) == str(theirs.get(keyword)), keyword
        stored = pixels.read(path)
        assert stored is not None
        np.testing.assert_array_equal(stored, pixel_array(theirs))
    return True


def put(ds: Dataset, path: Path, syntax: str) -> Path:
    """Write a dataset uncompressed in a transfer syntax."""
    ds.file_meta.TransferSyntaxUID = syntax
    with quiet():
        ds.save_as(path, enforce_file_format=True)
    return path


def nested(ds: Dataset) -> Dataset:
    """Give a dataset sequences within sequences, of unknown length, as many scanners write them."""
    inner, outer = Dataset(), Dataset()
    inner.CodeValue, inner.Rows = "T-28000", 3
    outer.PurposeOfReferenceCodeSequence = Items([inner, inner])
    outer.ReferencedSOPInstanceUID = "1.2.3"
    ds.ReferencedImageSequence = Items([outer, Dataset(), outer])
    for item in (ds["ReferencedImageSequence"], outer["PurposeOfReferenceCodeSequence"]):
        item.is_undefined_length = True
    for one in (inner, outer, *ds.ReferencedImageSequence):
        one.is_undefined_length_sequence_item = True
    return ds


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_a_series_is_read_quickly_and_says_the_same(tmp_path: Path, syntax: str) -> None:
    reader = plain_reader()
    extra = {"SpecificCharacterSet": "ISO_IR 192", "PatientName": "王^小明", "WindowCenter": [-600, 40], "WindowWidth": [1500, 400]}
    made = Made(extra=extra)
    assert all(agree(put(made.dataset(k), tmp_path / f"{k}.dcm", syntax), reader) for k in range(made.count))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_sequences_of_unknown_length_are_stepped_over(tmp_path: Path, syntax: str) -> None:
    path = put(nested(Made().dataset(0)), tmp_path / "x.dcm", syntax)
    assert b"\xfe\xff\xdd\xe0" in path.read_bytes()
    assert agree(path, plain_reader())


@pytest.mark.parametrize(("bits", "signed"), [(12, False), (12, True), (16, True), (1, False)])
def test_bits_that_are_not_used_may_hold_anything(tmp_path: Path, bits: int, signed: bool) -> None:
    ds = Made(signed=signed).dataset(1)
    ds.BitsStored, ds.HighBit = bits, bits - 1
    ds.PixelData = np.random.default_rng(3).integers(0, 65536, (5, 7)).astype(np.uint16).tobytes()
    assert agree(save(ds, tmp_path / "x.dcm"), plain_reader())


def not_plain(name: str, folder: Path) -> Path:
    ds = Made().dataset(0)
    if name == "frames":
        ds.NumberOfFrames, ds.PixelData = 2, ds.PixelData * 2
    elif name == "look-up table":
        table = Dataset()
        table.LUTDescriptor, table.ModalityLUTType, table.LUTData = [3, 0, 16], "HU", b"\0\0\1\0\2\0"
        ds.ModalityLUTSequence = Items([table])
    elif name == "too few pixels":
        ds.PixelData = ds.PixelData[:-2]
    elif name == "inverted":
        ds.PhotometricInterpretation = "MONOCHROME1"
    elif name == "bytes":
        ds.BitsAllocated = ds.BitsStored = 8
        ds.HighBit = 7
        ds.PixelData = bytes(35) + b"\0"
    if name == "big endian":
        return put(ds, folder / "x.dcm", ExplicitVRBigEndian)
    path = save(ds, folder / "x.dcm", RLELossless if name == "compressed" else None)
    whole = path.read_bytes()
    if name == "cut short":
        path.write_bytes(whole[:-10])
    elif name == "cut in the header":
        path.write_bytes(whole[:700])
    elif name == "no preamble":
        path.write_bytes(whole[132:])
    elif name == "odd representation":
        path.write_bytes(whole.replace(b"\x08\0\x60\0CS", b"\x08\0\x60\0??", 1))
    elif name == "out of order":
        path.write_bytes(whole.replace(b"\x08\0\x60\0CS", b"\x09\0\x60\0CS", 1).replace(b"\x10\0\x10\0PN", b"\x08\0\x10\0PN", 1))
    elif name == "a header beyond what is read at once":
        ds.ImageComments = "x" * 9_000
        ds.add_new(0x00091001, "OB", bytes(70_000))
        path = save(ds, folder / "x.dcm")
    return path


@pytest.mark.parametrize(
    "name",
    ["frames", "look-up table", "too few pixels", "inverted", "bytes", "compressed", "big endian", "cut short", "cut in the header",
     "no preamble", "odd representation", "out of order", "a header beyond what is read at once"],
)  # fmt: skip
def test_whatever_is_unusual_is_left_to_pydicom(tmp_path: Path, name: str) -> None:
    assert plain_reader().read(not_plain(name, tmp_path)) is None


def test_of_pydicoms_own_files_the_plain_ones_say_the_same() -> None:
    bundled = Path(pydicom.__file__).parent / "data" / "test_files"
    reader = plain_reader()
    plain = 0
    for path in sorted(bundled.rglob("*.dcm")):
        try:
            plain += agree(path, reader)
        except broken():  # the header's own values are broken: read_instance leaves it to pydicom, which says so
            continue
    assert plain >= 4


def test_a_file_that_shrinks_meanwhile_is_noticed(tmp_path: Path) -> None:
    (path,) = Made(hu=values((7, 5, 1))).write(tmp_path)
    found: Any = plain_reader().read(path)
    path.write_bytes(path.read_bytes()[:-4])
    assert found[1].read(path) is None
