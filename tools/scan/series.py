"""DICOM files -> series, and which of them to read: the thinnest axial volume with the most images.

Knows headers, no pixels. What it says of other series is counts and millimetres, never their descriptions.
"""

from __future__ import annotations

import filecmp
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tools.scan.dicom_header import (
    Instance,
    Slice,
    broken,
    modality,
    number,
    plain_reader,
    quiet,
    read_instance,
    slices,
)
from tools.scan.grid import directions
from tools.scan.model import ScanError, UnreadableScan

AXIAL_COSINE = 0.9
"""A series is axial when its normal is within about 25 degrees of the patient's long axis."""
HALF_EXTENT = 0.5
"""Thin series that cover less than half of the longest are bolus tracking or a detail, not the scan."""
SHOWN = 5
"""How many passed-over series a note lists one by one."""


@dataclass(frozen=True)
class SeriesSummary:
    """What a folder offers: one DICOM series (one orientation and matrix of it).

    Attributes:
        uid: SeriesInstanceUID. Local use only.
        description: the header's free text, which may name a person. Local use only.
        count: number of images or frames.
        thickness_mm: nominal slice thickness, or None.
        rows, columns: pixels.
        modality: DICOM code, or None.
        files: its files, unordered.
        study: StudyInstanceUID. Local use only.
    """

    uid: str
    description: str
    count: int
    thickness_mm: float | None
    rows: int
    columns: int
    modality: str | None
    files: tuple[Path, ...]
    study: str = ""


@dataclass(frozen=True)
class Group:
    """Images that may form one grid."""

    instances: tuple[Instance, ...]
    slices: tuple[Slice, ...]

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self.slices)

    @property
    def thickness_mm(self) -> float | None:
        """Nominal slice thickness of the first frame."""
        return self.slices[0].thickness_mm

    @property
    def is_axial_volume(self) -> bool:
        """Whether it is a stack with places, cut across the patient's long axis."""
        if self.count < 2 or any(s.position is None or s.orientation is None for s in self.slices):
            return False
        try:
            return bool(abs(directions(self.slices[0].orientation)[2][2]) >= AXIAL_COSINE)  # type: ignore[arg-type]
        except UnreadableScan:
            return False

    @property
    def extent_mm(self) -> float:
        """Length covered along the normal; 0 where positions are unknown."""
        if not self.is_axial_volume:
            return 0.0
        normal = directions(self.slices[0].orientation)[2]  # type: ignore[arg-type]
        heights = np.array([s.position for s in self.slices]) @ normal
        return float(heights.max() - heights.min())

    def summary(self) -> SeriesSummary:
        """Return what a reader chooses by."""
        header = self.instances[0].header
        return SeriesSummary(
            uid=str(header.get("SeriesInstanceUID") or ""),
            description=str(header.get("SeriesDescription") or ""),
            count=self.count,
            thickness_mm=self.thickness_mm,
            rows=int(header.Rows),
            columns=int(header.Columns),
            modality=modality(header).value,
            files=tuple(i.path for i in self.instances),
            study=str(header.get("StudyInstanceUID") or ""),
        )


def read_groups(files: Sequence[Path]) -> list[Group]:
    """Return the image groups in these DICOM files, localizers last to be chosen and left out when there is more.

    A file that is there twice, byte for byte, is taken once.

    Raises:
        UnreadableScan: a damaged file, or no image in any.
    """
    total, reader = len(files), plain_reader()
    everything = [read_instance(f, where(n, total), reader) for n, f in enumerate(files, start=1)]
    try:
        with quiet():
            images = list(_once([i for i in everything if i.is_image]))
            if not images:
                raise UnreadableScan(_no_image(everything))
            return _group([i for i in images if not i.is_localizer] or images)
    except ScanError:
        raise
    except broken() as e:
        raise UnreadableScan(f"A DICOM header is damaged ({type(e).__name__}). Export the series again.") from None


def _once(images: Sequence[Instance]) -> Iterator[Instance]:
    """Yield the images without those that are another file's copy; of one name and another content, each stays."""
    first: dict[str, Instance] = {}
    for image in images:
        before = first.setdefault(str(image.header.get("SOPInstanceUID") or image.path), image)
        if before is image or not filecmp.cmp(before.path, image.path, shallow=False):
            yield image


def _no_image(everything: Sequence[Instance]) -> str:
    kinds = ", ".join(sorted({modality(i.header).value or "unknown" for i in everything})[:5])
    what = "The file is DICOM but holds" if len(everything) == 1 else f"The {len(everything)} DICOM files hold"
    return f"{what} no image that can be read (modality {kinds}). Load the image series."


def where(number_: int, total: int) -> str:
    """Return how an error names a file: by its place, never its name."""
    return "The file" if total == 1 else f"File {number_} of {total}"


def _group(images: Sequence[Instance]) -> list[Group]:
    """Group by series, matrix and orientation; a multi-frame file is a group of its own."""
    bins: list[tuple[tuple[object, ...], tuple[float, ...] | None, list[Instance], list[Slice]]] = []
    for instance in images:
        found = slices(instance)
        header = instance.header
        own = header.get("SOPInstanceUID") if instance.frame_count > 1 else None
        key = (str(header.get("SeriesInstanceUID")), int(header.Rows), int(header.Columns), own)
        direction = found[0].orientation
        for other, orientation, members, frames in bins:
            if other == key and _same(direction, orientation):
                members.append(instance)
                frames.extend(found)
                break
        else:
            bins.append((key, direction, [instance], list(found)))
    return [Group(tuple(members), tuple(frames)) for _, _, members, frames in bins]


def _same(a: tuple[float, ...] | None, b: tuple[float, ...] | None) -> bool:
    if a is None or b is None or a == b:
        return a == b
    return bool(np.allclose(a, b, atol=0.01))


def choose(groups: Sequence[Group]) -> tuple[Group, tuple[str, ...]]:
    """Return the group to read and a note on what was passed over (none when there is one group only).

    Raises:
        UnreadableScan: several single images and no volume among them.
    """
    if len(groups) == 1:
        return groups[0], ()
    axial = [g for g in groups if g.is_axial_volume]
    longest = max((g.extent_mm for g in axial), default=0.0)
    pool = [g for g in axial if g.extent_mm >= HALF_EXTENT * longest] or [g for g in groups if g.count > 1]
    if not pool:
        raise UnreadableScan(
            f"These are {len(groups)} single images that form no volume. Load one of them by its own file."
        )
    chosen = min(pool, key=_rank)
    others = [g for g in groups if g is not chosen]
    listed = "; ".join(_tell(g) for g in others[:SHOWN])
    more = f"; and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
    return chosen, (f"{len(groups)} series were found. Read: {_tell(chosen)}. Not read: {listed}{more}.",)


def _rank(group: Group) -> tuple[float, int, float, str]:
    """Thinnest first, then most images, then the series' own number."""
    header = group.instances[0].header
    thickness = group.thickness_mm or (group.extent_mm / max(1, group.count - 1)) or float("inf")
    return thickness, -group.count, number(header.get("SeriesNumber")) or 0.0, str(header.get("SeriesInstanceUID"))


def _tell(group: Group) -> str:
    thick = "unknown thickness" if group.thickness_mm is None else f"{group.thickness_mm:g} mm"
    return f"{group.count} image{'s' if group.count > 1 else ''} of {thick}"
