"""An archive of images (PACS), whichever way it is spoken to: find, fetch, send. Nothing is sent without a yes.

    AgentError
    ├── NoArchive      none is set up, or the extra that speaks to one is not installed
    ├── NotApproved    something was to be sent and nobody said yes
    └── ArchiveFailed  it could not be reached, refused, or gave only a part

Knows neither of the two ways; each is a module that makes an `Archive`.
"""

from __future__ import annotations

import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.events import AgentError

TIMEOUT_S = 30.0
"""Seconds without a sign of life after which an archive counts as gone."""
MOST_FOUND = 500
"""Studies or series that one question returns; who meets this asks more narrowly."""
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")


class NoArchive(AgentError):
    """No archive is set up, or what speaks to one is not installed."""


class NotApproved(AgentError):
    """Something was to be sent and nobody said yes."""


class ArchiveFailed(AgentError):
    """The archive could not be reached, refused, or gave only a part."""


@dataclass(frozen=True)
class Query:
    """What studies are asked for; with `study`, the series of that study. An empty field asks for anything."""

    patient_id: str = ""
    patient_name: str = ""
    date: str = ""
    modality: str = ""
    accession: str = ""
    study: str = ""

    def fields(self) -> dict[str, str]:
        """Return DICOM keywords and what each must match."""
        if self.study:
            return {"StudyInstanceUID": checked_uid(self.study), "Modality": self.modality}
        return {
            "PatientID": self.patient_id, "PatientName": self.patient_name, "StudyDate": self.date,
            "ModalitiesInStudy": self.modality, "AccessionNumber": self.accession,
        }  # fmt: skip


STUDY_FIELDS = (
    "StudyInstanceUID", "PatientID", "PatientName", "StudyDate", "ModalitiesInStudy", "StudyDescription",
    "AccessionNumber", "NumberOfStudyRelatedInstances",
)  # fmt: skip
SERIES_FIELDS = (
    "StudyInstanceUID", "SeriesInstanceUID", "Modality", "SeriesNumber", "SeriesDescription",
    "NumberOfSeriesRelatedInstances",
)  # fmt: skip


class Archive(ABC):
    """One archive. Every method raises ArchiveFailed with what it said."""

    @abstractmethod
    def echo(self) -> str:
        """Return a line that says who answered."""

    @abstractmethod
    def find(self, query: Query) -> list[dict[str, str]]:
        """Return what matches, a dictionary of DICOM keywords each; they name patients: for the local reader only."""

    @abstractmethod
    def images(self, study: str, series: str | None, take: Callable[[str, bytes], None]) -> int | None:
        """Hand every image of a study, or of one of its series, to `take` as its UID and its file's bytes.

        Returns:
            How many the archive says there are, or None where it does not say.
        """

    @abstractmethod
    def store(self, files: Sequence[bytes]) -> None:
        """Store DICOM files. Use `send`, which asks first."""


def fetch(archive: Archive, folder: Path, study: str, series: str | None = None) -> list[Path]:
    """Write every image of a study, or of one series, into a folder, and return the files: all of them or none.

    Raises:
        ArchiveFailed: as the archive does, or when it has no image of that name, or gave fewer than it has.
        AgentError: the folder cannot be written.
    """
    checked_uid(study)
    if series is not None:
        checked_uid(series)
    with _staged(folder) as (place, settle):
        count = 0

        def take(name: str, data: bytes) -> None:
            nonlocal count
            (place / f"{checked_uid(name)}.dcm").write_bytes(data)
            count += 1

        promised = archive.images(study, series, take)
        if not count:
            raise ArchiveFailed("The archive holds no image of that study and series. Look them up with `pacs find`.")
        if promised is not None and count < promised:
            raise ArchiveFailed(f"The archive gave {count} of {promised} images; nothing was kept. Try again.")
        return settle()


@contextmanager
def _staged(folder: Path) -> Iterator[tuple[Path, Callable[[], list[Path]]]]:
    """Give a place beside the folder's files, and what moves all of them in at once. Raises AgentError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as part:
            place = Path(part)

            def settle() -> list[Path]:
                return [p.replace(folder / p.name) for p in sorted(place.iterdir())]

            yield place, settle
    except OSError as error:
        raise AgentError(
            f"The images could not be written to that folder ({error.strerror or type(error).__name__}). Choose one "
            "that exists, or can be made, and has room."
        ) from error


def send(archive: Archive, files: Sequence[bytes], *, approved: bool) -> int:
    """Store DICOM files in the archive and return how many.

    Raises:
        NotApproved: nobody said yes; nothing was sent.
        ArchiveFailed: it could not be reached, or refused; what is here stays as it is.
    """
    if not approved:
        raise NotApproved("Nothing was sent: sending to an archive needs a yes (--approve, or the question answered).")
    if not files:
        raise AgentError("There is no DICOM file to send. Write the report first, or name files that are DICOM.")
    archive.store(files)
    return len(files)


def checked_uid(text: str) -> str:
    """Return a UID. Raises ArchiveFailed when it is none: it becomes part of an address or a file's name."""
    if len(text) > 64 or not _UID.fullmatch(text):
        raise ArchiveFailed(
            f"A DICOM UID is up to 64 digits and dots; seen {text[:64]!r}. Look it up with `pacs find`."
        )
    return text


def read(data: bytes) -> Any:
    """Return the dataset of a DICOM file's bytes. Raises AgentError when it is none."""
    from io import BytesIO

    from pydicom import dcmread

    from tools.scan.dicom_header import broken, quiet

    try:
        with quiet():
            return dcmread(BytesIO(data))
    except broken() as error:
        raise AgentError("A file to be sent is not DICOM. Send DICOM files only; nothing was sent.") from error


def plain(dataset: Any, fields: Sequence[str]) -> dict[str, str]:
    """Return the fields of an answer as text, empty ones left out; several values are joined by a comma."""
    found = {}
    for keyword in fields:
        value = dataset.get(keyword)
        if value not in (None, "") and not isinstance(value, str) and hasattr(value, "__iter__"):
            value = value if hasattr(value, "family_name") else ",".join(str(v) for v in value)
        if value not in (None, ""):
            found[keyword] = str(value)
    return found
