"""The process that decodes: ``python -P -m tools.apart.child CHANNEL MEGABYTES``.

Answers one question after the other until its channel closes. An alarm ends it when a question takes too long, even
where its parent is gone; the kernel is told to end it first when memory runs out. What libraries print goes nowhere.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from tools.apart import wire
from tools.scan import room
from tools.scan.cache import head_of, of_head
from tools.scan.dicom_seg import is_segmentation, read_segments
from tools.scan.load import read_scan, read_series
from tools.scan.model import ScanError

_shelf = wire.Shelf()
_MAY_WRITE = 9 * 2**30
"""Bytes of one file: a little more than a zip may unpack to."""


def main(channel: int, megabytes: int) -> None:
    """Answer until the other side is gone."""
    _limit(megabytes)
    with socket.socket(fileno=channel) as line:
        while True:
            try:
                said, _ = wire.receive(line)
            except EOFError:
                return
            signal.setitimer(signal.ITIMER_REAL, float(said["seconds"]))
            _answer(line, said, megabytes)
            signal.setitimer(signal.ITIMER_REAL, 0)


def _limit(megabytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MAY_WRITE, _MAY_WRITE))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _answer(line: socket.socket, said: dict[str, Any], megabytes: int) -> None:
    file = None
    try:
        found, arrays = _ANSWERS[said["do"]](said)
        if arrays is not None:
            file, found["arrays"] = wire.put_arrays(arrays, shelf=_shelf)
    except ScanError as error:
        found = {"error": [type(error).__name__, str(error)]}
    except MemoryError:
        found = {"error": ["UnreadableScan", f"Reading the file needs more than the {megabytes} MB of memory it may "
                           "use. It is damaged, or too large: load a part of it."]}  # fmt: skip
    except OSError as error:
        found = {"error": ["UnreadableScan", f"The file could not be read ({type(error).__name__}: "
                           f"{os.strerror(error.errno or 0)}). Check the disk, then load it again."]}  # fmt: skip
    _shelf.clear()
    wire.send(line, found, file)
    if file is not None:
        os.close(file)


def _scan(said: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    with room.provided(_shelf.stack):
        scan = read_scan(said["path"], modality=said["modality"], body_part=said["body_part"])
    source = scan.source
    kept = {"files": [str(f) for f in source.files], "identity": source.identity, "study_date": source.study_date}
    return {"head": head_of(scan), "source": kept}, [scan.voxels]


def _series(said: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    rows = [vars(s) | {"files": [str(f) for f in s.files]} for s in read_series(said["path"])]
    return {"series": rows}, None


def _segments(said: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    if not is_segmentation(Path(said["path"])):
        return {"segments": None}, None
    found = read_segments(Path(said["path"]), of_head(said["head"]))
    return {"segments": [[number, label] for number, (label, _) in found.items()]}, [v for _, v in found.values()]


def _warm(said: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Import what most files need."""
    import nibabel  # noqa: F401
    import pydicom.pixels  # noqa: F401
    import scipy.ndimage  # noqa: F401

    return {}, None


_ANSWERS = {"scan": _scan, "series": _series, "segments": _segments, "warm": _warm}

if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
