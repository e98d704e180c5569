"""The common DICOM file read in one pass: one uncompressed grey frame, little endian. Every other goes to pydicom.

The walk over the elements skips values without looking at them and notes where the pixels lie; the few elements that
are wanted become pydicom's own, so that their values mean what they mean there. Whatever is unusual (compression,
several frames, palettes, another byte order, an element cut short) makes `read_plain` return None: nothing is judged
here, no error is raised here, and no file is read in another way than pydicom would.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

HEAD_BYTES = 64 * 2**10
"""Read at once. CT headers have 3 to 30 kB; a larger one is read whole by pydicom."""
_PREAMBLE = 132
_UNKNOWN = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXELS = 0x7FE00010
_CHARACTER_SET = 0x00080005
_SYNTAX = 0x00020010
_EXPLICIT, _IMPLICIT = b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2"
_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
"""Value representations whose length takes four bytes (PS3.5, 7.1.2)."""
_SHORT = frozenset((
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
    b"ST", b"TM", b"UI", b"UL", b"US",
))  # fmt: skip
_SAME = ("Rows", "Columns", "Modality", "ImageType", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated",
         "BitsStored", "PixelRepresentation", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
         "RescaleSlope", "RescaleIntercept", "SeriesInstanceUID", "NumberOfFrames")  # fmt: skip
"""What is asked of each file and mostly is the same in all: made a value once for the same bytes."""
_ELSEWHERE = (
    "ModalityLUTSequence", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "FloatPixelData",
    "DoubleFloatPixelData", "ExtendedOffsetTable", "ContrastBolusAgentSequence",
)  # fmt: skip
"""A file with one of these is none of the common ones."""
_SIX, _EIGHT = struct.Struct("<HH2sH"), struct.Struct("<HHL")
_FOUR = struct.Struct("<L")


@dataclass(frozen=True)
class PlainPixels:
    """Where one frame of 16-bit grey values lies in a file.

    Attributes:
        offset: byte of the first value.
        rows, columns: pixels.
        signed: whether the values are two's complement.
        bits: how many of the 16 are used.
    """

    offset: int
    rows: int
    columns: int
    signed: bool
    bits: int

    def read(self, path: Path) -> npt.NDArray[Any] | None:
        """Return the stored values, (rows, columns), or None when the file no longer holds them all."""
        count = self.rows * self.columns
        stored = np.fromfile(path, "<i2" if self.signed else "<u2", count, offset=self.offset)
        if stored.size != count:
            return None
        spare = 16 - self.bits
        if spare:  # the unused bits may hold anything (PS3.5, 8.1.1)
            np.left_shift(stored, spare, out=stored)
            np.right_shift(stored, spare, out=stored)
        return stored.reshape(self.rows, self.columns)


class PlainReader:
    """Reads the plain ones of many files; values that come again are made once."""

    def __init__(self, keywords: tuple[str, ...]) -> None:
        from pydicom.datadict import tag_for_keyword
        from pydicom.tag import Tag

        tags = {k: tag_for_keyword(k) for k in (*keywords, *_SAME)}
        self._wanted = {int(t): Tag(t) for t in tags.values() if t is not None}
        self._wanted[_CHARACTER_SET] = Tag(_CHARACTER_SET)
        self._same = {int(t) for k, t in tags.items() if k in _SAME and t is not None}
        self._elsewhere = {int(t) for t in map(tag_for_keyword, _ELSEWHERE) if t is not None}
        self._made: dict[tuple[int, Any, bytes], Any] = {}

    def read(self, path: Path) -> tuple[Any, PlainPixels] | None:
        """Return a file's header (a pydicom Dataset of the keywords) and its pixels' place; None: not a plain file."""
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            size = os.fstat(file.fileno()).st_size
        try:
            return self._parse(head, size)
        except (struct.error, IndexError):  # the header goes on beyond what was read, or is cut short
            return None

    def _parse(self, head: bytes, size: int) -> tuple[Any, PlainPixels] | None:
        begun = _begin(head)
        if begun is None:
            return None
        at, explicit = begun
        found = self._walk(head, at, explicit)
        if found is None:
            return None
        elements, offset, length = found
        header = self._dataset(elements, explicit)
        pixels = _pixels(header, offset, length, size)
        return None if pixels is None else (header, pixels)

    def _walk(self, head: bytes, at: int, explicit: bool) -> tuple[dict[int, tuple[Any, int, bytes]], int, int] | None:
        """Return the wanted elements (representation, place, bytes) and the pixels' offset and length."""
        found: dict[int, tuple[Any, int, bytes]] = {}
        before = 0
        while True:
            step = _element(head, at, explicit)
            if step is None:
                return None
            tag, kind, at, length = step
            if tag <= before or tag in self._elsewhere:
                return None
            before = tag
            if tag == _PIXELS:
                return None if length == _UNKNOWN else (found, at, length)
            if length == _UNKNOWN:
                end = None if tag in self._wanted else _after_sequence(head, at, explicit and kind == b"SQ")
                if end is None:
                    return None
                at = end
                continue
            if tag in self._wanted:
                value = head[at : at + length]
                if len(value) < length or kind == b"SQ":
                    return None
                found[tag] = (kind, at, value)
            at += length

    def _dataset(self, elements: Mapping[int, tuple[Any, int, bytes]], explicit: bool) -> Any:
        from pydicom.charset import convert_encodings, default_encoding
        from pydicom.dataelem import RawDataElement, convert_raw_data_element
        from pydicom.dataset import Dataset

        def raw(tag: int) -> Any:
            kind, at, value = elements[tag]
            name = kind.decode("ascii") if explicit else None
            return RawDataElement(self._wanted[tag], name, len(value), value, at, not explicit, True)

        said = elements.get(_CHARACTER_SET)
        encoding = default_encoding if said is None else convert_encodings(
            convert_raw_data_element(raw(_CHARACTER_SET)).value
        )  # fmt: skip
        made = {}
        for tag, (kind, _, value) in elements.items():
            if tag in self._same:
                key = (tag, kind, value)
                if key not in self._made:
                    self._made[key] = convert_raw_data_element(raw(tag), encoding=encoding)
                made[self._wanted[tag]] = self._made[key]
            else:
                made[self._wanted[tag]] = raw(tag)
        header = Dataset(made)
        header.set_original_encoding(not explicit, True, encoding)
        return header


def _begin(head: bytes) -> tuple[int, bool] | None:
    """Return where the dataset begins and whether it is explicit, for the two uncompressed little-endian syntaxes."""
    if head[128:_PREAMBLE] != b"DICM" or head[_PREAMBLE : _PREAMBLE + 8] != b"\x02\0\0\0UL\x04\0":
        return None
    (length,) = _FOUR.unpack_from(head, _PREAMBLE + 8)
    at = _PREAMBLE + 12
    end, syntax = at + length, None
    while at < end:
        step = _element(head, at, True)
        if step is None or step[3] == _UNKNOWN:
            return None
        tag, _, at, size = step
        if tag >> 16 != 2:
            return None
        if tag == _SYNTAX:
            syntax = head[at : at + size].rstrip(b"\0 ")
        at += size
    if at != end or syntax not in (_EXPLICIT, _IMPLICIT) or at + 8 > len(head):
        return None
    return at, syntax == _EXPLICIT


def _element(head: bytes, at: int, explicit: bool) -> tuple[int, Any, int, int] | None:
    """Return tag, representation, where the value begins and its length; None where the bytes are no element."""
    if not explicit:
        group, element, length = _EIGHT.unpack_from(head, at)
        return group << 16 | element, None, at + 8, length
    group, element, kind, length = _SIX.unpack_from(head, at)
    if kind in _SHORT:
        return group << 16 | element, kind, at + 8, length
    if kind not in _LONG:
        return None
    return group << 16 | element, kind, at + 12, _FOUR.unpack_from(head, at + 8)[0]


def _after_sequence(head: bytes, at: int, explicit: bool, depth: int = 0) -> int | None:
    """Return where a sequence of unknown length ends; None where it is not one, or lies beyond what was read."""
    while depth < 16:
        group, element, length = _EIGHT.unpack_from(head, at)
        tag, at = group << 16 | element, at + 8
        if tag == _SEQUENCE_END:
            return at
        if tag != _ITEM:
            return None
        if length != _UNKNOWN:
            at += length
            continue
        end = _after_item(head, at, explicit, depth)
        if end is None:
            return None
        at = end
    return None


def _after_item(head: bytes, at: int, explicit: bool, depth: int) -> int | None:
    while True:
        group, element, _ = _EIGHT.unpack_from(head, at)
        if group << 16 | element == _ITEM_END:
            return at + 8
        step = _element(head, at, explicit)
        if step is None:
            return None
        _, kind, at, length = step
        if length == _UNKNOWN:
            end = _after_sequence(head, at, explicit and kind == b"SQ", depth + 1)
            if end is None:
                return None
            at = end
        else:
            at += length


def _pixels(header: Any, offset: int, length: int, size: int) -> PlainPixels | None:
    """Return the place of the pixels when they are one grey frame of 16 bits that the file holds whole."""
    try:
        rows, columns = int(header.get("Rows") or 0), int(header.get("Columns") or 0)
        bits, signed = int(header.get("BitsStored") or 0), header.get("PixelRepresentation")
        plain = (
            int(header.get("NumberOfFrames") or 1) == 1
            and header.get("SamplesPerPixel") == 1
            and header.get("PhotometricInterpretation") == "MONOCHROME2"
            and header.get("BitsAllocated") == 16
            and 1 <= bits <= 16
            and signed in (0, 1)
        )
    except (TypeError, ValueError):
        return None
    if not plain or length != 2 * rows * columns or length == 0 or offset + length > size:
        return None
    return PlainPixels(offset, rows, columns, signed == 1, bits)
