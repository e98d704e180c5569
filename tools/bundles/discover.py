"""Folders and zips that hold bundles."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.bundles.expressions import Refused
from tools.scan import ScanError
from tools.scan.archive import unpack

UNPACKED = ".unpacked"


def is_bundle(path: Path) -> bool:
    """Whether a folder looks like a MONAI bundle."""
    return path.is_dir() and (path / "configs" / "metadata.json").is_file()


def bundles_in(folder: Path, broken: Callable[[str, BaseException], None]) -> Iterator[tuple[Path, str]]:
    """Yield the bundle folders of a folder, each with the name of the folder or zip that the operator sees.

    A zip is unpacked beside, once, under the hash of its content.

    Args:
        folder: where to look, one level deep.
        broken: told the name and the error of a zip that is damaged, dangerous or no bundle.
    """
    for path in sorted(folder.iterdir()):
        if is_bundle(path):
            yield path, path.name
        elif path.suffix.lower() == ".zip" and path.is_file():
            try:
                place = unpacked(path)
            except (ScanError, Refused, OSError) as error:
                broken(path.name, error)
            else:
                yield place, path.name


def unpacked(archive: Path, into: Path | None = None) -> Path:
    """Return the bundle folder of a zip, unpacked into a folder (None: beside it). Raises ScanError or Refused."""
    with archive.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()[:16]
    home = into or archive.parent / UNPACKED
    place = home / digest
    if not place.is_dir():
        home.mkdir(exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=home))
        try:
            unpack(archive, draft, opaque=(".pt", ".pth"))
            os.replace(draft, place)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    inside = [p for p in (place, *sorted(place.iterdir())) if is_bundle(p)]
    if not inside:
        raise Refused(f"{archive.name} holds no folder with configs/metadata.json")
    return inside[0] if inside[0] != place else _named(place, archive.stem)


def _named(place: Path, name: str) -> Path:
    """Return a bundle that lies at a zip's root under the zip's own name."""
    inner = place / name
    if not inner.exists():
        inner.mkdir()
        for part in list(place.iterdir()):
            if part != inner:
                os.replace(part, inner / part.name)
    return inner
