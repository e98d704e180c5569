"""The 3-D viewer's script: fetched at set-up from npm by version and hash, kept outside the repository.

    python -m ui.viewer.niivue

Without it everything but 3-D works. Its licence is BSD-2-Clause; it is not part of Scanwright.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

log = logging.getLogger(__name__)

VERSION = "0.69.0"
INTEGRITY = "YMjQvJgD1W2b7DuoxkwlC4VxbrgIePRJ5qyQzXKxi2v2MBVg285P/CIQyg46oDDGDIcaNlbd+MhtO/edMbXJkA=="
"""SHA-512 of the package as npm publishes it."""
_INSIDE = "package/dist/niivue.umd.js"
_NAME = f"niivue-{VERSION}.umd.js"
_TIMEOUT_S = 120


class NotFetched(Exception):
    """The package could not be had, or is not the one that was pinned."""


def bundle(home: Path) -> Path | None:
    """Return the script where it was fetched: with the installation, or in a data folder; None where it was not."""
    return next((p for p in (_installed(), home / "viewer" / _NAME) if p.is_file()), None)


def fetch(folder: Path | None = None) -> Path:
    """Fetch the script, check it, and return where it is. Raises NotFetched."""
    place = folder / _NAME if folder else _installed()
    if place.is_file():
        return place
    npm = shutil.which("npm")
    if npm is None:
        raise NotFetched("npm is not installed; the 3-D viewer was not fetched. Everything but 3-D works.")
    with tempfile.TemporaryDirectory(prefix="scanwright-") as scratch:
        command = [npm, "pack", f"@niivue/niivue@{VERSION}", "--silent"]
        try:
            subprocess.run(command, cwd=scratch, check=True, capture_output=True, timeout=_TIMEOUT_S)  # noqa: S603
        except (OSError, subprocess.SubprocessError) as error:
            raise NotFetched(f"npm could not fetch the 3-D viewer ({type(error).__name__}).") from error
        packed = next(Path(scratch).glob("*.tgz"), None)
        if packed is None:
            raise NotFetched("npm fetched no package.")
        _unpack(packed, place)
    return place


def _unpack(packed: Path, place: Path) -> None:
    content = packed.read_bytes()
    seen = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if seen != INTEGRITY:
        raise NotFetched(f"The package's hash is {seen[:16]}, not the pinned {INTEGRITY[:16]}; it was not kept.")
    with tarfile.open(packed) as opened:
        inside = opened.extractfile(_INSIDE)
        if inside is None:
            raise NotFetched("The package holds no script where it is expected.")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(inside.read())


def _installed() -> Path:
    return Path(sys.prefix) / "share" / "scanwright" / _NAME


if __name__ == "__main__":
    try:
        sys.stdout.write(f"3-D viewer: {fetch()}\n")
    except NotFetched as missing:
        sys.stdout.write(f"3-D viewer: {missing}\n")
