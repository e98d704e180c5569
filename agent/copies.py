"""What lies on this machine of cases that are kept elsewhere, and its end when another machine deletes the case.

Knows no database: who calls says which cases there are. A folder that holds what only a data folder of its own would
hold (scans, versions of reports) is never touched, whatever a database that is new or not the right one says.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Collection
from pathlib import Path

from tools.blobs import Folder, Place

GRACE_S = 3600.0
"""Age up to which a folder may be of a case that is being opened."""
_KEPT = ("scans", "reports", "explanations", "originals")
"""What is kept with a case, and never lies beside a store elsewhere."""


def is_elsewhere(place: Place, folder: Path) -> bool:
    """Return whether files are kept in another place than the data folder's own of cases."""
    return not isinstance(place, Folder) or (place.root / "cases").resolve() != folder.resolve()


def leftovers(place: Place, folder: Path) -> list[Path]:
    """Return the folders of cases here that hold copies, uploads and exports only.

    Args:
        place: where files are kept.
        folder: the data folder's own folder of cases.
    """
    found = list((place.copies / "cases").glob("*")) if place.copies is not None else []
    if is_elsewhere(place, folder):
        found += [p for p in folder.glob("*") if _old(p) and not any((p / name).exists() for name in _KEPT)]
    return found


def sweep(found: Collection[Path], there: Collection[str]) -> None:
    """Delete the folders of cases that are there no more."""
    for path in found:
        if path.name not in there:
            shutil.rmtree(path, ignore_errors=True)


def _old(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return time.time() - path.stat().st_mtime >= GRACE_S
    return False
