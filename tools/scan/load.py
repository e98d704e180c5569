"""The one way in: a path, a folder, a list or a zip -> one Scan, whatever the format.

What a file is, its first bytes say; its name decides only what they leave open.
"""

from __future__ import annotations

import dataclasses
import gzip
import os
import re
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tools.scan import archive, assume
from tools.scan.dicom import list_dicom, load_dicom
from tools.scan.dicom_terms import BODY_PARTS, MODALITIES, SAME_PART
from tools.scan.model import Known, Scan, UnreadableScan
from tools.scan.nifti import load_nifti
from tools.scan.nrrd import load_nrrd
from tools.scan.picture import load_picture
from tools.scan.series import SeriesSummary

Kind = Literal["dicom", "nifti", "nrrd", "picture", "zip"]
PathLike = str | Path

MAX_FILES = archive.MAX_FILES
"""Files looked at in a folder: a study, not a disk."""
_READERS = {"nifti": load_nifti, "nrrd": load_nrrd, "picture": load_picture}
_ALLOWED = "DICOM (folder, files or zip), NIfTI, NRRD, PNG and JPEG are read"
_SAME_MODALITY = {"MRI": "MR", "PET": "PT", "XRAY": "DX"}


def load_scan(
    path: PathLike | Sequence[PathLike], *, modality: str | None = None, body_part: str | None = None
) -> Scan:
    """Return the scan at a path: a DICOM folder, file list, file or zip, a NIfTI, NRRD, PNG or JPEG.

    Args:
        path: a file, a folder, or the files of one DICOM series in any order.
        modality: what the reader states, a DICOM code such as ``CT``. Kept as stated; a header that knows better
            refuses it.
        body_part: what the reader states, e.g. ``CHEST``.

    Raises:
        UnreadableScan: not a scan, damaged, of a kind that is not read, or a statement the file contradicts.
        IrregularSlices: slices missing, doubled, uneven, or a tilted gantry.
        UnsafeArchive: a dangerous zip.

    The file is decoded in a process of its own (`tools.apart`): one that crashes or never ends costs an error only.
    """
    from tools.apart import ask

    if ask.is_here():
        return read_scan(path, modality=modality, body_part=body_part)
    return ask.scan_apart(path, modality, body_part)


def read_scan(
    path: PathLike | Sequence[PathLike], *, modality: str | None = None, body_part: str | None = None
) -> Scan:
    """Return the scan at a path, decoded in this process. See `load_scan`."""
    files = _files(path)
    if len(files) == 1 and sniff(files[0]) == "zip":
        scan = _from_zip(files[0])
    else:
        scan = _from_files(files, asked_for=not _is_folder(path))
    scan = assume.with_statement(scan, _code(modality, "modality"), _code(body_part, "body part"))
    return assume.with_guess(scan)


def list_series(path: PathLike | Sequence[PathLike]) -> list[SeriesSummary]:
    """Return the DICOM series at a path, with the one `load_scan` would take not marked; for local use only.

    Raises:
        UnreadableScan: no DICOM image there.
        UnsafeArchive: a dangerous zip.
    """
    from tools.apart import ask

    return read_series(path) if ask.is_here() else ask.list_apart(path)


def read_series(path: PathLike | Sequence[PathLike]) -> list[SeriesSummary]:
    """Return the DICOM series at a path, read in this process. See `list_series`."""
    files = _files(path)
    if len(files) == 1 and sniff(files[0]) == "zip":
        with tempfile.TemporaryDirectory(prefix="scanwright-") as folder:
            found = list_dicom(_dicom(archive.unpack(files[0], Path(folder))))
            return [dataclasses.replace(s, files=(files[0],)) for s in found]
    return list_dicom(_dicom(files))


def sniff(path: Path) -> Kind | None:
    """Return what a file's first bytes say it is, or None.

    Raises:
        UnreadableScan: the file cannot be opened.
    """
    try:
        with path.open("rb") as f:
            start = f.read(352)
        if start.startswith(b"\x1f\x8b"):
            with gzip.open(path) as packed:
                inner = packed.read(352)
            return "nifti" if _is_nifti(inner) else None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return None
    except OSError as e:
        raise UnreadableScan(f"The file could not be opened ({type(e).__name__}). Check that it can be read.") from None
    if start[128:132] == b"DICM":
        return "dicom"
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if start.startswith(b"NRRD000"):
        return "nrrd"
    if start.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return "picture"
    if _is_nifti(start):
        return "nifti"
    return "dicom" if _is_bare_dicom(start) else None


def _is_nifti(start: bytes) -> bool:
    """A NIfTI-1 or NIfTI-2 header in one file (the pair .hdr and .img is not read)."""
    size = {int.from_bytes(start[:4], "little"), int.from_bytes(start[:4], "big")}
    return (348 in size and start[344:347] == b"n+1") or (540 in size and start[4:7] == b"n+2")


def _is_bare_dicom(start: bytes) -> bool:
    """A dataset without preamble: its first tag is in group 0002 or 0008 (either byte order) and early in it."""
    little = start[:1] in (b"\x02", b"\x08") and start[1:2] == b"\0" and len(start) > 8
    big = start[:1] == b"\0" and start[1:2] in (b"\x02", b"\x08") and start[2:3] == b"\0" and len(start) > 8
    return (little and start[3:4] == b"\0") or big


def _is_folder(path: PathLike | Sequence[PathLike]) -> bool:
    return isinstance(path, str | Path) and Path(path).is_dir()


def _files(path: PathLike | Sequence[PathLike]) -> list[Path]:
    """Return the files meant: the one, the list's, or all in the folder, sorted, links to elsewhere left out."""
    if not isinstance(path, str | Path):
        listed = [Path(p) for p in path]
        if not listed:
            raise UnreadableScan("The list of files is empty. Give the files of one series.")
        absent = [n for n, p in enumerate(listed, start=1) if not p.is_file()]
        if absent:
            raise UnreadableScan(f"File {absent[0]} of {len(listed)} in the list does not exist. Check the list.")
        return listed
    place = Path(path)
    try:
        if place.is_file():
            return [place]
        if not place.is_dir():
            raise UnreadableScan("There is no file or folder at the path given. Check the path.")
    except (OSError, ValueError):
        raise UnreadableScan("The path given is not one that can be opened. Check the path.") from None
    return _walk(place)


def _walk(folder: Path) -> list[Path]:
    found: list[Path] = []
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        found += [Path(here) / n for n in sorted(names) if not n.startswith(".")]
        if len(found) > MAX_FILES:
            raise UnreadableScan(f"The folder holds more than {MAX_FILES} files. Load the folder of one study.")
    files = [f for f in found if f.is_file() and not f.is_symlink()]
    if not files:
        raise UnreadableScan(f"The folder is empty. {_ALLOWED}.")
    return files


def _from_zip(path: Path) -> Scan:
    """Return the scan in a zip, its voxels read before the temporary folder goes; its source is the zip."""
    with tempfile.TemporaryDirectory(prefix="scanwright-") as folder:
        files = archive.unpack(path, Path(folder))
        if not files:
            raise UnreadableScan(f"The zip is empty. {_ALLOWED}.")
        scan = _from_files([f for f in files if not f.name.startswith(".")] or files, asked_for=False)
        return dataclasses.replace(scan, source=dataclasses.replace(scan.source, files=(path,)))


def _from_files(files: Sequence[Path], *, asked_for: bool) -> Scan:
    """Return the scan in these files. Files that were asked for must all be of it; a folder may hold others."""
    kinds = [sniff(f) for f in files]
    dicom = [f for f, kind in zip(files, kinds, strict=True) if kind == "dicom" and f.name.upper() != "DICOMDIR"]
    if asked_for and len(files) > 1 and len(dicom) < len(files):
        odd = next(n for n, f in enumerate(files, start=1) if f not in dicom)
        raise UnreadableScan(f"File {odd} of {len(files)} is not DICOM; a list must be one DICOM series. Leave it out.")
    if dicom:
        return load_dicom(dicom)
    others = [(f, kind) for f, kind in zip(files, kinds, strict=True) if kind in _READERS]
    if len(others) == 1:
        file, kind = others[0]
        return _READERS[str(kind)](file)
    if len(others) > 1:
        raise UnreadableScan(f"The folder holds {len(others)} images that are not DICOM. Load one by its own file.")
    if len(files) == 1:
        raise UnreadableScan(_refusal(files[0]))
    raise UnreadableScan(f"None of the {len(files)} files is a scan. {_ALLOWED}.")


def _dicom(files: Sequence[Path]) -> list[Path]:
    found = [f for f in files if f.name.upper() != "DICOMDIR" and sniff(f) == "dicom"]
    if not found:
        raise UnreadableScan("There is no DICOM file at the path given; only DICOM has series.")
    return found


def _refusal(file: Path) -> str:
    """Return why one file is no scan, told by its extension and content, never by its name."""
    name = file.name.lower()
    if name == "dicomdir":
        return "This is a DICOMDIR, the index of a disc. Load the folder it lies in."
    if file.stat().st_size == 0:
        return f"The file is empty. {_ALLOWED}."
    suffix = next((s for s in (".nii.gz", ".nii", ".nrrd", ".nhdr", ".dcm", ".png", ".jpg", ".jpeg", ".zip")
                   if name.endswith(s)), "")  # fmt: skip
    if suffix:
        return f"The file is named {suffix}, but its content is not. {_ALLOWED}."
    return f"The file is of no format that is read. {_ALLOWED}."


def _code(stated: str | None, what: str) -> Known | None:
    """Return a reader's statement as a DICOM code, or None when nothing was stated.

    Raises:
        UnreadableScan: no code of that kind.
    """
    if stated is None or not stated.strip():
        return None
    value = re.sub(r"[\s_-]+", "", stated.upper())
    if what == "modality":
        value = _SAME_MODALITY.get(value, value)
        if value not in MODALITIES:
            raise UnreadableScan("The stated modality is no DICOM term. State one such as CT, MR, DX or US.")
    else:
        value = SAME_PART.get(value, value)
        if value not in BODY_PARTS:
            raise UnreadableScan("The stated body part is no DICOM term. State one such as CHEST, ABDOMEN or HEAD.")
    return Known(value, "stated")
