"""A decoding child that does harm, one kind a word: ``python odd_child.py KIND CHANNEL MEGABYTES``; run by test_apart."""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.apart import wire

HEAD = {
    "id": "0" * 64, "shape": [2, 2, 2], "affine": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
    "spacing": [1, 1, 1], "calibration": "patient", "modality": {"value": None, "how": "unknown"},
    "body_part": {"value": None, "how": "unknown"}, "slice_thickness_mm": None, "slice_interval_mm": None, "kernel": None,
    "contrast": None, "windows": [], "laterality_known": True, "notes": [], "format": "NIfTI",
}  # fmt: skip


def main(kind: str, channel: int) -> None:
    """Take one question and answer it badly."""
    line = socket.socket(fileno=channel)
    wire.receive(line)
    Path("left.tmp").write_text("unpacked")
    if kind == "segv":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif kind == "exits":
        sys.exit(3)
    elif kind == "hangs":
        time.sleep(60)
    elif kind == "alarm":
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        time.sleep(60)
    elif kind == "noise":
        line.sendall(b"\0" + struct.pack("<Q", 12) + b"{not json at")
    elif kind == "endless":
        line.sendall(b"\0" + struct.pack("<Q", 2**62))
    elif kind == "list":
        line.sendall(b"\0" + struct.pack("<Q", 2) + b"[]")
    elif kind == "too few bytes":
        file, _ = wire.put_arrays([])
        wire.send(line, {"head": HEAD, "arrays": [{"at": 0, "dtype": "<i2", "shape": [2, 2, 2]}]}, file)
    elif kind == "objects":
        file = os.memfd_create("x")
        os.write(file, b"x" * 640)
        wire.send(line, {"head": HEAD, "arrays": [{"at": 0, "dtype": "|O", "shape": [2, 2, 2]}]}, file)
    elif kind == "no file":
        wire.send(line, {"head": HEAD, "arrays": [{"at": 0, "dtype": "<i2", "shape": [2, 2, 2]}]})
    elif kind == "negative":
        file = os.memfd_create("x")
        os.write(file, b"x" * 640)
        wire.send(line, {"head": HEAD, "arrays": [{"at": -8, "dtype": "<i2", "shape": [-2, 2, 2]}]}, file)
    line.recv(1)  # until the parent has had enough


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
