"""What a browser sends: files of a batch into a folder of its own, then what they are, series by series.

A batch belongs to one owner; a case takes its files over. Knows nothing of how a scan is shown.
"""

from __future__ import annotations

import base64
import io
import re
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tools.scan import UnreadableScan

GB = 1_000_000_000
MAX_BATCH_FILES = 20_000
_BATCH = re.compile(r"^[a-z0-9]{8,40}$")
_BAD = re.compile(r"[^\w .+-]")
_THUMB = 96
_LEFT_S = 24 * 3600
_SHOWN_SERIES = 40
"""Series whose thumbnails are made; a study seldom has more."""

Role = Literal["current", "prior", "document"]
ROLES: tuple[Role, ...] = ("current", "prior", "document")


class TooLarge(Exception):
    """A file is larger than is taken."""


def too_large(most: int) -> str:
    """Return what a reader is told of a file that is."""
    return f"A file may have up to {most / GB:g} GB. Send one series, not a disk."


@dataclass(frozen=True)
class Offer:
    """One series as it is offered: what it is, its files, a small picture (a data address), whether it is proposed."""

    title: str
    detail: str
    files: tuple[Path, ...]
    picture: str = ""
    proposed: bool = False


@dataclass(frozen=True)
class Pending:
    """Series that wait for the reader's choice."""

    offers: tuple[Offer, ...]
    why: str
    role: Role
    folder: Path


class Uploads:
    """The upload area of one data folder."""

    def __init__(self, home: Path, most: int = 4 * GB) -> None:
        """Take the data folder, and how many bytes a file may have: more than any scan a workstation opens at once."""
        self._folder, self._most = home / "uploads", most

    def folder(self, owner: str, batch: str) -> Path:
        """Return a batch's folder. Raises UnreadableScan for a name that is none."""
        if not _BATCH.match(batch):
            raise UnreadableScan("That upload has no valid name. Choose the files again.")
        return self._folder / owner[:32] / batch

    def files(self, owner: str, batch: str) -> list[Path]:
        """Return a batch's files in the order they came. Raises UnreadableScan when none arrived."""
        folder = self.folder(owner, batch)
        found = sorted(p for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else []
        if not found:
            raise UnreadableScan("No file arrived. Choose one file, or all files of one DICOM series.")
        return found

    async def take(self, owner: str, batch: str, number: int, name: str, body: AsyncIterator[bytes]) -> int:
        """Write a file as it comes and return its size. Raises TooLarge; what came of it is deleted again."""
        folder = self.folder(owner, batch) / f"{number:05d}"
        if not 0 <= number < MAX_BATCH_FILES:
            raise TooLarge(f"Up to {MAX_BATCH_FILES} files are taken at once.")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = folder / (_BAD.sub("_", Path(name).name)[-120:].lstrip(".") or "file")
        size = 0
        try:
            with place.open("wb") as out:
                async for chunk in body:
                    size += len(chunk)
                    if size > self._most:
                        raise TooLarge(too_large(self._most))
                    out.write(chunk)
        except BaseException:  # a closed tab too: half a file is none
            place.unlink(missing_ok=True)
            raise
        return size

    def tidy(self) -> None:
        """Delete what was left behind more than a day ago: uploads that were stopped, choices that were never made."""
        for folder in self._folder.glob("*/*"):
            if time.time() - folder.stat().st_mtime > _LEFT_S:
                shutil.rmtree(folder, ignore_errors=True)

    def drop(self, owner: str, batch: str) -> None:
        """Delete what is left of a batch."""
        shutil.rmtree(self.folder(owner, batch), ignore_errors=True)


def unpacked(files: Sequence[Path]) -> list[Path]:
    """Return the files, those of a lone zip in its place. Raises UnsafeArchive."""
    from tools.scan.archive import unpack
    from tools.scan.load import sniff

    if len(files) == 1 and sniff(files[0]) == "zip":
        folder = files[0].parent / "unpacked"
        folder.mkdir(exist_ok=True)
        found = unpack(files[0], folder)
        files[0].unlink()
        return found
    return list(files)


def offers(files: Sequence[Path]) -> tuple[tuple[Offer, ...], str]:
    """Return the DICOM series among files, the proposed one first, and why it is; nothing where there is only one."""
    from tools.scan.load import sniff
    from tools.scan.series import choose, read_groups

    dicom = [f for f in files if sniff(f) == "dicom"]
    if len(dicom) < 2:
        return (), ""
    groups = read_groups(dicom)
    if len(groups) < 2:
        return (), ""
    chosen, notes = choose(groups)
    ordered = [chosen, *(g for g in groups if g is not chosen)]
    return tuple(_offer(g.summary(), proposed=g is chosen) for g in ordered[:_SHOWN_SERIES]), " ".join(notes)


def _offer(summary: Any, *, proposed: bool) -> Offer:
    thick = f", {summary.thickness_mm:g} mm thick" if summary.thickness_mm else ""
    detail = f"{summary.count} images{thick}, {summary.columns} x {summary.rows}"
    title = " ".join(p for p in (summary.modality or "", summary.description) if p) or "Series"
    files = tuple(sorted(summary.files))
    return Offer(title, detail, files, _thumbnail(files), proposed)


def _thumbnail(files: Sequence[Path]) -> str:
    """Return a small picture of the middle file as a data address, or nothing where it cannot be drawn."""
    from PIL import Image

    from tools.render import planes, render_slice, slice_count
    from tools.scan import ScanError, load_scan

    try:
        scan = load_scan([files[len(files) // 2]])
        plane = planes(scan)[0]
        picture = render_slice(scan, plane, slice_count(scan, plane) // 2, size=_THUMB)
    except (ScanError, ValueError):
        return ""
    packed = io.BytesIO()
    Image.fromarray(picture).save(packed, "PNG")
    return "data:image/png;base64," + base64.b64encode(packed.getvalue()).decode()
