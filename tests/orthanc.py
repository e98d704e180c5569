"""A real Orthanc in a folder of its own, on loopback ports of its own, started and ended by a test."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from servers import free_port

PLUGINS = Path("/usr/share/orthanc/plugins")
STARTS_IN_S = 60


@dataclass(frozen=True)
class Orthanc:
    """Where it is reached."""

    web: str
    node: str


def why_not() -> str | None:
    """Return why there is no Orthanc to start, or None."""
    if shutil.which("Orthanc") is None:
        return "Orthanc is not installed (apt-get install orthanc orthanc-dicomweb)"
    if not any(PLUGINS.glob("libOrthancDicomWeb*")):
        return "Orthanc's DICOMweb plug-in is not installed (apt-get install orthanc-dicomweb)"
    return None


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Orthanc]:
    """Start Orthanc with its data in a folder, wait until it answers, and end it."""
    web, node = free_port(), free_port()
    config = {
        "Name": "test", "StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db"),
        "HttpPort": web, "DicomPort": node, "DicomAet": "ORTHANC", "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False, "DicomCheckCalledAet": False, "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowStore": True, "DicomAlwaysAllowFind": True, "DicomAlwaysAllowGet": True,
        "Plugins": [str(p) for p in PLUGINS.glob("libOrthancDicomWeb*")],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        "DicomModalities": {"us": ["SCANWRIGHT", "127.0.0.1", 4242]},
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(["Orthanc", str(folder / "config.json")], stdout=log, stderr=log, env=dict(os.environ))
    try:
        _wait(f"http://127.0.0.1:{web}/system", process, folder / "log.txt")
        yield Orthanc(f"http://127.0.0.1:{web}/dicom-web", f"ORTHANC@127.0.0.1:{node}")
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(STARTS_IN_S * 5):
        with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(address, timeout=2):
            return
        if process.poll() is not None:
            raise RuntimeError(f"Orthanc ended at once: {log.read_text()[-2000:]}")
        time.sleep(0.2)
    raise RuntimeError("Orthanc did not answer in time")
