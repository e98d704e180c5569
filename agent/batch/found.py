"""What there is to work on: every study below a folder, or in a list of paths.

DICOM is told apart by the studies in its headers, wherever the files lie; every NIfTI, NRRD and zip is a study of its
own. Reads headers only, in a process of its own. What it finds but does not take is counted and told.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.batch.model import BatchError, Study, mark
from tools.scan import ScanError
from tools.scan.dicom_terms import BODY_PARTS, MODALITIES
from tools.scan.load import list_series, sniff
from tools.scan.series import SeriesSummary

SINGLE = ("nifti", "nrrd", "zip")
"""Kinds of file that are a study each; a DICOM file is one of many."""
NAMED = (".nii", ".nii.gz", ".nrrd", ".dcm")
"""Names that say a scan: a file of such a name that is none is told of, not passed over."""
MOST_LIST_LINES = 200_000
"""Lines of a list: more is no list of studies."""
COLUMNS = ("path", "modality", "body_part")
_NO_IMAGE = re.compile(r"no image that can be read \(modality ([^)]*)\)")
"""How the reader says that DICOM files hold no pixels, and what they are."""
WITHOUT_IMAGES = frozenset("SR SEG PR KO REG RTSTRUCT RTPLAN RTRECORD PLAN DOC AU ECG SMR RWV STAIN HD".split())
"""Modalities of objects that are no images; a CT or MR without pixels is a damaged one."""

Looked = Callable[[int], None]


@dataclass(frozen=True)
class Found:
    """What is to be worked on, and one line for each thing that was passed over."""

    studies: tuple[Study, ...]
    notes: tuple[str, ...] = ()


def find_studies(
    place: Path,
    *,
    modality: str | None = None,
    body_part: str | None = None,
    every_series: bool = False,
    looked: Looked = lambda files: None,
) -> Found:
    """Return the studies of a folder, of a list, or of one file.

    Args:
        place: a folder, a text or CSV file with one path a line, or a scan.
        modality, body_part: what the operator states of every study that the list says nothing else of.
        every_series: every DICOM series of more than one image on its own, not the one a reader would take of a study.
        looked: told how many files were looked at so far.

    Raises:
        BatchError: there is nothing there, it cannot be read, or a statement is no DICOM term.
    """
    place = Path(os.path.abspath(place))  # as the reader of headers names files
    stated = Study(modality=code(modality, MODALITIES), body_part=code(body_part, BODY_PARTS))
    try:
        if place.is_dir():
            found = below(place, stated, every_series=every_series, looked=looked)
        elif not place.is_file():
            raise BatchError("There is no folder and no list at the path given. Check the path.")
        elif sniff(place) is not None:
            found = Found(tuple(_file(place, stated)))
        else:
            found = _of_list(place, stated, every_series=every_series, looked=looked)
    except OSError as error:
        raise BatchError(f"The folder or list cannot be read ({error.strerror or type(error).__name__}).") from error
    except ScanError as error:
        raise BatchError(str(error)) from error
    if not found.studies:
        told = "".join(f" {n}" for n in found.notes)
        raise BatchError(f"No study was found there.{told} DICOM, NIfTI, NRRD and zips of DICOM are looked for.")
    return found


def code(stated: str | None, known: Sequence[str] | frozenset[str]) -> str | None:
    """Return a statement as a DICOM code. Raises BatchError for a term that DICOM does not have."""
    value = (stated or "").strip().upper().replace(" ", "").replace("_", "")
    if not value:
        return None
    if value not in known:
        raise BatchError(f"{stated!r} is no DICOM term for a modality or body part. Such as CT or MR, CHEST or HEAD.")
    return value


def below(folder: Path, stated: Study, *, every_series: bool, looked: Looked) -> Found:
    """Return the studies in a folder and the folders in it, sorted by place; links to elsewhere are left out."""
    studies: list[Study] = []
    series: list[SeriesSummary] = []
    files, others, no_images = 0, 0, 0
    for here, names in _folders(folder):
        dicom: list[Path] = []
        for name in names:
            file, kind = here / name, _kind(here / name)
            if kind == "dicom" and name.upper() != "DICOMDIR":
                dicom.append(file)
            elif kind in SINGLE or (kind is None and name.lower().endswith(NAMED)):
                studies += _file(file, stated)
            elif kind == "unopened":
                studies.append(replace(stated, problem="A file there cannot be opened. Check that it may be read."))
            else:
                others += 1
        files += len(names)
        if dicom:
            listed, broken, empty = _listed(dicom)
            series += listed
            no_images += empty
            studies += [replace(stated, problem=p, place=here) for p in broken]
        looked(files)
    grouped = list(_grouped(series, stated, every_series=every_series))
    copies = len({f for s in series for f in s.files}) - sum(len(s.files) for s in grouped)
    studies = sorted([*studies, *grouped], key=lambda s: (str(s.place or ""), s.files))
    return Found(tuple(studies), tuple(_passed_over(others, no_images, copies)))


def _passed_over(others: int, no_images: int, copies: int) -> Iterator[str]:
    if others:
        yield _told(others, "file that is no scan was passed over", "files that are no scan were passed over")
    if no_images:
        kinds = "without an image (reports, outlines, scouts, broken headers)"
        yield _told(no_images, f"DICOM file {kinds} was passed over", f"DICOM files {kinds} were passed over")
    if copies:
        alone = "DICOM file that is another's copy was left out"
        yield _told(copies, alone, "DICOM files that are others' copies were left out")


def _told(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}."


def _folders(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        plain = [n for n in sorted(names) if not n.startswith(".") and not (Path(here) / n).is_symlink()]
        yield Path(here), [n for n in plain if (Path(here) / n).is_file()]


def _kind(file: Path) -> str | None:
    try:
        return sniff(file)
    except ScanError:
        return "unopened"


def _file(file: Path, stated: Study) -> Iterator[Study]:
    """Yield a file as a study: what a list names may be a picture too, or one DICOM file."""
    yield replace(stated, files=(file,), place=file)


def _listed(files: Sequence[Path]) -> tuple[list[SeriesSummary], list[str], int]:
    """Return the series among DICOM files of one folder, what is damaged there, and how many hold no image.

    A damaged file spoils only itself: the files are then looked at one by one.
    """
    try:
        found = list_series(list(files))
        return found, [], _without_image(files, found)
    except ScanError as error:
        held = _NO_IMAGE.search(str(error))
        if held is not None and set(held[1].split(", ")) <= WITHOUT_IMAGES:
            return [], [], len(files)
        if len(files) == 1:
            return [], [str(error)], 0
    series: list[SeriesSummary] = []
    told: list[str] = []
    empty = 0
    for file in files:
        one, broken, none = _listed([file])
        series, told, empty = series + one, told + broken, empty + none
    if len(told) > 1:
        told = [f"{len(told)} DICOM files of one folder cannot be read. The first: {told[0]}"]
    return series, told, empty


def _without_image(files: Sequence[Path], series: Sequence[SeriesSummary]) -> int:
    """Return how many files are in no series: those that are a copy of one there are not counted."""
    held = {f for s in series for f in s.files}
    rest = [f for f in files if f not in held]
    known = {mark(f) for f in held} if rest else set()
    return sum(mark(f) not in known for f in rest)


def _grouped(series: Sequence[SeriesSummary], stated: Study, *, every_series: bool) -> Iterator[Study]:
    """Yield a study for each StudyInstanceUID (or series); images that form no volume are a study each."""
    groups: dict[tuple[str, ...], list[SeriesSummary]] = {}
    for one in series:
        groups.setdefault((one.study or one.uid, one.uid if every_series else ""), []).append(one)
    for group in groups.values():
        files = _once(group)
        single = len(files) > 1 and len(files) == sum(s.count for s in group) and all(s.count == 1 for s in group)
        for taken in ((f,) for f in files) if single and not _is_stack(group) else (files,):
            yield replace(stated, files=taken, place=taken[0] if len(taken) == 1 else _common(taken))


def _once(group: Sequence[SeriesSummary]) -> tuple[Path, ...]:
    """Return the files of a group, sorted; of a series that lies in two folders each image once."""
    files = sorted({f for s in group for f in s.files})
    if len({s.uid for s in group}) == len(group):
        return tuple(files)
    first: dict[str, Path] = {}
    for file in files:
        first.setdefault(mark(file), file)
    return tuple(first.values())


def _is_stack(group: Sequence[SeriesSummary]) -> bool:
    """Whether single images were only listed one by one, and belong to one series."""
    return len({(s.uid, s.rows, s.columns) for s in group}) < len(group)


def _common(files: Sequence[Path]) -> Path:
    return Path(os.path.commonpath([f.parent for f in files]))


def _of_list(place: Path, stated: Study, *, every_series: bool, looked: Looked) -> Found:
    studies: list[Study] = []
    notes: list[str] = []
    for line, name, own in _lines(place, stated):
        path = place.parent / Path(name).expanduser()
        try:
            if path.is_dir():
                found = below(path, own, every_series=every_series, looked=looked)
                studies += found.studies
                notes += [f"Line {line}: {note}" for note in found.notes]
                if not found.studies:
                    studies.append(replace(own, problem=f"Line {line} of the list names a folder without a study."))
            elif path.is_file():
                studies += _file(path, own)
            else:
                raise FileNotFoundError
        except (OSError, ValueError):
            told = f"Line {line} of the list names a file or folder that is not there, or cannot be read."
            studies.append(replace(own, problem=told))
    return Found(tuple(studies), tuple(notes))


def _lines(place: Path, stated: Study) -> Iterator[tuple[int, str, Study]]:
    """Yield line number, path and what is stated, of a list. Raises BatchError."""
    try:
        text = place.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BatchError("The list is not UTF-8 text. Save it as UTF-8, one path a line.") from error
    lines = [(n, line) for n, line in enumerate(text.splitlines(), start=1) if line.strip() and line[0] != "#"]
    if len(lines) > MOST_LIST_LINES:
        raise BatchError(f"The list has {len(lines)} lines; up to {MOST_LIST_LINES} are read. Split it.")
    head = [cell.strip().lower() for cell in next(csv.reader([lines[0][1]]), [])] if lines else []
    if "path" not in head:
        if place.suffix.lower() == ".csv" and any("," in line for _, line in lines):
            raise BatchError("The CSV list names no columns. Its first line is: path,modality,body_part.")
        yield from ((n, line.strip(), stated) for n, line in lines)
        return
    for number, line in lines[1:]:
        row = dict(zip(head, next(csv.reader([line])), strict=False))
        name = (row.get("path") or "").strip()
        if name:
            yield number, name, replace(
                stated,
                modality=_cell(row, "modality", number) or stated.modality,
                body_part=_cell(row, "body_part", number) or stated.body_part,
            )


def _cell(row: dict[str, str], name: str, line: int) -> str | None:
    try:
        return code(row.get(name), MODALITIES if name == "modality" else BODY_PARTS)
    except BatchError as error:
        raise BatchError(f"Line {line} of the list: {error}") from error
