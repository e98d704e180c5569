"""Many readers at once in one process: each with a scan of their own, uploading, outlining, asking; and what went wrong."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from scripted import BIG, balls, workspace

from agent import Clause, Failed, Session
from agent.workspace import Workspace
from tools import load_scan

QUESTIONS = ("measure lesion 1", "how big is it?", "病灶1有多大?", "what do you know about lesion 1?", "write the report")


@dataclass
class Load:
    """What a crowd did.

    Attributes:
        turns: turns answered, a reader each.
        wrong: what crossed over, was lost or failed.
        slowest_s: the longest wait for an answer.
        memory_mb: resident memory after the first turn of everybody, and at the end.
    """

    turns: dict[int, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    memory_mb: tuple[float, float] = (0.0, 0.0)


def crowd(folder: Path, readers: int, seconds: float) -> Load:
    """Let that many readers work at once for so long."""
    made = workspace(folder / "home")
    load = Load(turns=dict.fromkeys(range(readers), 0))
    until = time.monotonic() + seconds
    running = [threading.Thread(target=_reader, args=(made, folder, n, until, load)) for n in range(readers)]
    for thread in running:
        thread.start()
    early = 0.0
    while any(t.is_alive() for t in running):
        time.sleep(0.2)
        if not early and all(load.turns.values()):
            early = resident_mb()
    load.memory_mb = (early, resident_mb())
    load.wrong += made.evidence.verify() + made.audit.verify()
    made.close()
    return load


def _reader(made: Workspace, folder: Path, number: int, until: float, load: Load) -> None:
    try:
        path = folder / f"upload{number}.nii"
        scan = balls(shift=number)
        while True:
            nibabel.save(nibabel.Nifti1Image(np.asarray(scan.voxels), scan.affine), path)
            loaded = load_scan(path, modality="CT", body_part="CHEST")
            session = Session.open(loaded, owner=f"reader{number}", workspace=made)
            session.call("segment", point=list(BIG))
            asked = []
            for question in QUESTIONS:
                began = time.monotonic()
                events = list(session.ask(question))
                load.slowest_s = max(load.slowest_s, time.monotonic() - began)
                asked.append(question)
                _check(session, loaded.id, events, asked, load, number)
                load.turns[number] += 1
                if time.monotonic() > until:
                    return
    except Exception as error:  # a reader that breaks is a result, not the end of the others
        load.wrong.append(f"reader {number}: {type(error).__name__}: {error}")


def _check(session: Session, scan: str, events: list[Any], asked: list[str], load: Load, number: int) -> None:
    if any(isinstance(e, Failed) for e in events):
        load.wrong.append(f"reader {number}: {[e.text for e in events if isinstance(e, Failed)]}")
    if not any(isinstance(e, Clause) for e in events):
        load.wrong.append(f"reader {number}: no answer to {asked[-1]!r}")
    if {e.scan_id for e in session.evidence.all() if e.scan_id} != {scan}:
        load.wrong.append(f"reader {number}: evidence of another scan")
    if [m["text"] for m in session.history() if m["role"] == "user"] != asked:
        load.wrong.append(f"reader {number}: a turn was lost")


def resident_mb() -> float:
    """Return this process's resident memory."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
