"""The questions that a child answers: a scan, the series in a folder, the segments of a DICOM Segmentation.

`here()` lets a block of code read in its own process: for tests that reach into a reader, and for nothing else.
"""

from __future__ import annotations

import atexit
import contextlib
import contextvars
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tools.apart.parent import Children
from tools.scan import model
from tools.scan.cache import head_of, of_head
from tools.scan.model import Scan, Source, UnreadableScan
from tools.scan.series import SeriesSummary

PathLike = str | Path
_here = contextvars.ContextVar("here", default=False)
_children = Children()
atexit.register(_children.close)
_ERRORS = ("UnreadableScan", "IrregularSlices", "UnsafeArchive")


@contextlib.contextmanager
def here() -> Iterator[None]:
    """Read in this process, without limits, for the length of a block."""
    token = _here.set(True)
    try:
        yield
    finally:
        _here.reset(token)


def is_here() -> bool:
    """Return whether files are to be read in this process."""
    return _here.get()


def warm() -> None:
    """Start a child that has imported what most files need."""
    _children.warm()


def scan_apart(path: PathLike | Sequence[PathLike], modality: str | None, body_part: str | None) -> Scan:
    """Return the scan at a path, decoded by a child. Raises what `load_scan` raises."""
    said = {"do": "scan", "path": _absolute(path), "modality": modality, "body_part": body_part}
    answer, arrays = _ask(said, path)
    try:
        (voxels,) = arrays
        head, source = answer["head"], answer["source"]
        if list(voxels.shape) != head["shape"]:
            raise ValueError
        files = tuple(Path(f) for f in source["files"])
        kept = Source(files, head["format"], dict(source["identity"]), source["study_date"])
        return of_head(head, lambda: voxels, kept)
    except (ValueError, TypeError, LookupError):
        raise UnreadableScan("The process that read the file gave no sensible answer. Export it again.") from None


def list_apart(path: PathLike | Sequence[PathLike]) -> list[SeriesSummary]:
    """Return the DICOM series at a path, read by a child. Raises what `list_series` raises."""
    answer, _ = _ask({"do": "series", "path": _absolute(path)}, path)
    return [SeriesSummary(**row | {"files": tuple(Path(f) for f in row["files"])}) for row in answer["series"]]


def segments_apart(path: Path, scan: Scan) -> dict[int, tuple[str, Any]] | None:
    """Return a DICOM Segmentation's segments on the scan's grid, or None when the file is none.

    Raises:
        UnreadableScan: see `tools.scan.dicom_seg.read_segments`.
    """
    answer, arrays = _ask({"do": "segments", "path": _absolute(path), "head": head_of(scan)}, path)
    if answer["segments"] is None:
        return None
    return {int(n): (str(label), v) for (n, label), v in zip(answer["segments"], arrays, strict=True)}


def _ask(said: dict[str, Any], path: PathLike | Sequence[PathLike]) -> tuple[dict[str, Any], list[Any]]:
    answer, arrays = _children.ask(said, _size(path))
    if "error" in answer:
        kind, text = answer["error"]
        raise getattr(model, kind if kind in _ERRORS else "UnreadableScan")(text)
    return answer, arrays


def _absolute(path: PathLike | Sequence[PathLike]) -> Any:
    if isinstance(path, str | Path):
        return os.path.abspath(path)
    return [os.path.abspath(p) for p in path]


def _size(path: PathLike | Sequence[PathLike]) -> int:
    """Return the bytes of the files in question; 0 for what cannot be told."""
    places = [path] if isinstance(path, str | Path) else list(path)
    total = 0
    for place in places:
        with contextlib.suppress(OSError, ValueError):
            if os.path.isdir(place):
                total += sum(os.path.getsize(os.path.join(d, f)) for d, _, names in os.walk(place) for f in names)
            else:
                total += os.path.getsize(place)
    return total
