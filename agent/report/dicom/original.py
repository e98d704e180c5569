"""The DICOM images that a scan was read from, as headers: which image, and which frame of it, is each slice.

What leaves as DICOM belongs to the patient and the study of these headers, and names these images. Reached by export
alone: nothing here goes to a function, a message or a language model.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from agent.events import AgentError
from tools.blobs import BlobError
from tools.scan import Scan, Source
from tools.scan.dicom_header import Instance, Slice, broken, quiet, slices
from tools.scan.grid import LPS_TO_RAS

OFF_GRID = 0.05
"""A slice lies where the scan has it when its first voxel is nearer than this share of a voxel."""
NEEDED = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
EMPTY_WHEN_ABSENT = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
    "AccessionNumber", "ReferringPhysicianName",
)  # fmt: skip
"""What every DICOM object must hold, empty where it is not known."""
MOVED = "the images that the scan was read from are no longer there, or are others; open the scan again"
NOT_DICOM = "the scan was read from {format}, which names no patient, no study and no DICOM image to refer to"


class NoOriginal(AgentError):
    """There are no DICOM images to refer to. The message is the reason, without a capital and a stop."""


Opened = Callable[[Path], Path | BinaryIO]


def _itself(file: Path) -> Path:
    return file


@dataclass(frozen=True)
class Place:
    """Which image a slice is: its header, and its frame counted from 1 where the image has several."""

    header: Any
    frame: int | None


@dataclass(frozen=True)
class Original:
    """The images of a scan. `places[k]` is slice k; `headers` are the images, each once, in slice order."""

    places: tuple[Place, ...]
    headers: tuple[Any, ...]

    @property
    def first(self) -> Any:
        """The header that patient and study are taken from."""
        return self.headers[0]

    @property
    def frame_of_reference(self) -> str | None:
        """The frame of reference all images share, or None."""
        found = {str(h.get("FrameOfReferenceUID") or "") for h in self.headers}
        return found.pop() or None if len(found) == 1 else None

    @property
    def is_placed(self) -> bool:
        """Whether each image says where it lies in the patient."""
        return all(_placed(self._slice(p)) for p in self.places)

    @staticmethod
    def _slice(place: Place) -> Slice:
        found = slices(Instance(Path(), place.header))
        return found[(place.frame or 1) - 1]


def original(scan: Scan, source: Source, opened: Opened = _itself) -> Original:
    """Return the images of a scan; `opened` says what a file of its source is read from.

    Raises:
        NoOriginal: with the reason why there are none to refer to.
    """
    if source.format != "DICOM":
        raise NoOriginal(NOT_DICOM.format(format="an array" if source.format == "made" else source.format))
    series = source.identity.get("SeriesInstanceUID")
    try:
        with quiet():
            found = [h for h in _read(source.files, opened) if h.get("Rows") and h.get("SeriesInstanceUID") == series]
            places = _on_grid(found, scan)
            for header in {id(p.header): p.header for p in places}.values():
                _make_whole(header)
    except BlobError as error:
        raise NoOriginal(MOVED) from error
    except broken() as error:
        raise NoOriginal(MOVED) from error
    headers = tuple({id(p.header): p.header for p in places}.values())
    for keyword in NEEDED:
        if any(not h.get(keyword) for h in headers):
            raise NoOriginal(f"the images' headers lack {keyword}, without which nothing can refer to them")
    return Original(places, headers)


def _read(files: Iterable[Path], opened: Opened) -> Iterator[Any]:
    import pydicom

    with _unpacked(list(files)) as there:
        for file in there:
            yield pydicom.dcmread(opened(file), stop_before_pixels=True, force=True)


@contextmanager
def _unpacked(files: list[Path]) -> Iterator[list[Path]]:
    """Give the files, those of a zip in a folder that goes away again."""
    if len(files) == 1 and files[0].read_bytes()[:2] == b"PK":
        from tools.scan import archive

        with tempfile.TemporaryDirectory(prefix="scanwright-") as folder:
            yield sorted(archive.unpack(files[0], Path(folder)))
    else:
        yield files


def _on_grid(headers: list[Any], scan: Scan) -> tuple[Place, ...]:
    """Return the place of every slice. Raises NoOriginal when the images do not make up the scan."""
    frames = [
        (Place(h, n if int(h.get("NumberOfFrames") or 1) > 1 else None), s)
        for h in headers
        for n, s in enumerate(slices(Instance(Path(), h)), start=1)
    ]
    if scan.laterality_known and any(_placed(s) for _, s in frames):
        found: dict[int, Place] = {}
        for place, lies in frames:
            k = _slice_at(lies, scan) if _placed(lies) and _size(place.header) == scan.shape[:2] else None
            if k is not None:
                found[k] = place
        there = tuple(found[k] for k in sorted(found))
    else:
        there = tuple(place for place, _ in frames)
    if len(there) != scan.shape[2] or any(_size(p.header) != scan.shape[:2] for p in there):
        raise NoOriginal(MOVED)
    return there


def _placed(lies: Slice) -> bool:
    return lies.position is not None and lies.orientation is not None


def _size(header: Any) -> tuple[int, int]:
    return int(header.Columns), int(header.Rows)


def _slice_at(lies: Slice, scan: Scan) -> int | None:
    """Return the slice number at which an image's first voxel lies, or None when it is none of the scan's."""
    assert lies.position is not None
    point = (LPS_TO_RAS @ np.array([*lies.position, 1.0]))[:3]
    index = np.array(scan.to_index(point))
    k = round(float(index[2]))
    # Along the stack the reader evens out a header's rounding, by up to half a slice.
    near = np.abs(index[:2]).max() < max(OFF_GRID, 1.0) and abs(index[2] - k) < 0.5
    return k if near and 0 <= k < scan.shape[2] else None


def _make_whole(header: Any) -> None:
    """Make a header fit to be inherited from, in place: text in UTF-8, what must stand there empty where unknown."""
    header.decode()
    header.SpecificCharacterSet = "ISO_IR 192"
    for keyword in EMPTY_WHEN_ABSENT:
        if keyword not in header or header[keyword].value is None:
            setattr(header, keyword, "")
    if header.PatientSex not in ("", "M", "F", "O"):
        header.PatientSex = ""
    for keyword in ("PatientBirthDate", "StudyDate"):
        text = str(header[keyword].value)
        if text and not (len(text) == 8 and text.isdigit()):
            setattr(header, keyword, "")
    if not str(header.StudyTime).replace(".", "").isdigit():
        header.StudyTime = ""
