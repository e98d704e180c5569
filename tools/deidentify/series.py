"""A folder, a file or a zip of DICOM images -> the same images of nobody in another folder: all of them or none.

    DeidentifyError    nothing was written; the message says why and what to do
    └── PixelsMayName  pixels may show who it is, and nobody has said that they were looked at

Objects that are no images (reports, documents, outlines, states) are left out: their text is not ours to clean.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from tools.deidentify.dataset import deidentify, words_of
from tools.deidentify.pixels import why_named
from tools.deidentify.pseudonyms import Pseudonyms
from tools.scan import ScanError
from tools.scan.dicom_header import broken, check_inflation, quiet
from tools.scan.dicom_terms import NOT_IMAGES

_UID = "1.2.840.10008.1.2.1"
"""Explicit little endian, for a file that says no syntax."""
FACES = ("HEAD", "SKULL", "BRAIN", "FACE", "HEADNECK", "SINUS", "ORBIT", "EAR", "JAW")


class DeidentifyError(ScanError):
    """Nothing was written."""


class PixelsMayName(DeidentifyError):
    """Pixels may show who it is."""


@dataclass(frozen=True)
class Cleared:
    """What was written, and one line each for what was not and for what a reader must know."""

    files: tuple[Path, ...]
    notes: tuple[str, ...]


def deidentify_series(scan: Path, out: Path, names: Pseudonyms, *, accept_pixels: bool = False) -> Cleared:
    """Write every image of a folder, a file or a zip without its patient.

    Raises:
        PixelsMayName: pixels may show who it is and `accept_pixels` is not given.
        DeidentifyError: there is no image, one is damaged, or the folder cannot be written.
        ScanError: a zip that cannot be unpacked.
    """
    with _files(scan) as files:
        return deidentify_files(files, out, names, accept_pixels=accept_pixels)


def deidentify_files(files: Sequence[Path], out: Path, names: Pseudonyms, *, accept_pixels: bool = False) -> Cleared:
    """Write every image among files without its patient; see `deidentify_series`."""
    left_out: Counter[str] = Counter()
    pixels: Counter[str] = Counter()
    faces, made = 0, {}
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".part-") as part:
            for number, file in enumerate(files, start=1):
                found = _image(file, f"File {number} of {len(files)}", names)
                if isinstance(found, str):
                    left_out[found] += 1
                    continue
                if found.name in made:
                    left_out["the same image again"] += 1
                    continue
                pixels.update([found.pixels] if found.pixels else [])
                faces += found.face
                made[found.name] = Path(part) / found.name
                made[found.name].write_bytes(found.data)
            _look(pixels, made, accept_pixels)
            written = tuple(path.replace(out / name) for name, path in made.items())
    except OSError as error:
        told = f"The images could not be written to that folder ({error.strerror or type(error).__name__})."
        raise DeidentifyError(f"{told} Choose one that exists, or can be made, and has room.") from error
    notes = [f"{n} left out: {why}" for why, n in sorted(left_out.items())]
    notes += [f"{n} kept as you said: {why}; their pixels are as they were" for why, n in sorted(pixels.items())]
    if faces:
        notes.append(f"{faces} of the head: a face can be made out of them again, and is not taken out")
    return Cleared(written, tuple(notes))


@dataclass(frozen=True)
class _Image:
    """One image without its patient: file name and bytes; why its pixels may name somebody; whether it has a face."""

    name: str
    data: bytes
    pixels: str | None
    face: bool


def _image(file: Path, where: str, names: Pseudonyms) -> _Image | str:
    """Return a file's image, or why it is left out. Raises DeidentifyError for a damaged one."""
    dataset = _read(file, where)
    try:
        with quiet():
            why = _no_image(dataset, where)
            if why is not None:
                return why
            named = why_named(dataset, words_of(dataset))
            part, modality = str(dataset.get("BodyPartExamined") or "").upper(), dataset.get("Modality")
            face = part in FACES and modality in ("CT", "MR")
            return _Image(*_cleared(dataset, names), named, face)
    except broken():
        raise DeidentifyError(f"{where} has a damaged header. Export it again; nothing was written.") from None


def _look(pixels: Counter[str], made: dict[str, Path], accepted: bool) -> None:
    if pixels and not accepted:
        seen = "; ".join(f"{n} because {why}" for why, n in sorted(pixels.items()))
        raise PixelsMayName(
            f"Pixels may show who it is: {seen}. Nothing was written. Look at the images; when they show no name, say "
            "--accept-pixels."
        )
    if not made:
        raise DeidentifyError("There is no DICOM image there, so nothing was written. Name a folder, a file or a zip.")


@contextmanager
def _files(scan: Path) -> Iterator[list[Path]]:
    from tools.scan import archive

    if not scan.exists():
        raise DeidentifyError("There is nothing of that name. Name a folder, a file or a zip of DICOM images.")
    if scan.is_file() and scan.read_bytes()[:2] == b"PK":
        with tempfile.TemporaryDirectory(prefix="scanwright-") as folder:
            yield sorted(archive.unpack(scan, Path(folder)))
    elif scan.is_file():
        yield [scan]
    else:
        found = sorted(p for p in _below(scan) if p.is_file() and not p.is_symlink())
        if len(found) > archive.MAX_FILES:
            raise DeidentifyError(f"The folder holds {len(found)} files; up to {archive.MAX_FILES} are taken at once.")
        yield found


def _below(folder: Path) -> Iterable[Path]:
    return (p for p in folder.rglob("*") if not any(part.startswith(".") for part in p.relative_to(folder).parts))


def _read(file: Path, where: str) -> Any:
    """Return a file's dataset, or None for one that is not DICOM. Raises DeidentifyError for a damaged one."""
    import pydicom

    with file.open("rb") as start:
        marked = start.read(132)[128:] == b"DICM"
    try:
        with quiet():
            check_inflation(file, where)
            dataset = pydicom.dcmread(file, force=True)
            return dataset if marked or dataset.get("SOPClassUID") else None
    except broken():
        if not marked:
            return None
        raise DeidentifyError(f"{where} is a damaged DICOM file. Export it again; nothing was written.") from None


def _no_image(dataset: Any, where: str) -> str | None:
    """Return why a dataset is not written: it is none, or no image. Raises DeidentifyError for an image cut short."""
    if dataset is None:
        return "not DICOM"
    modality = str(dataset.get("Modality") or "")
    if modality in NOT_IMAGES or not dataset.get("Rows") or "PixelData" not in dataset:
        kind = dataset.get("SOPClassUID") or getattr(dataset, "file_meta", {}).get("MediaStorageSOPClassUID")
        if modality not in NOT_IMAGES and "Image Storage" in str(getattr(kind, "name", "")):
            raise DeidentifyError(f"{where} is an image without pixels: it was cut short. Export it again.")
        return f"no image{f' ({modality})' if modality.isalpha() else ''}: text in it is not ours to clean"
    return None


def _cleared(dataset: Any, names: Pseudonyms) -> tuple[str, bytes]:
    """Return the new file's name and bytes: no preamble, no word of who sent it. Raises what damaged headers raise."""
    from pydicom.dataset import FileMetaDataset

    deidentify(dataset, names)
    old, dataset.file_meta, dataset.preamble = dataset.file_meta, FileMetaDataset(), b"\0" * 128
    dataset.file_meta.TransferSyntaxUID = old.get("TransferSyntaxUID") or _UID
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return f"{dataset.SOPInstanceUID}.dcm", buffer.getvalue()
