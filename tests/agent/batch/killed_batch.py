"""A run of a batch over made tools that is killed (SIGKILL) when its nth outline begins: ``HOME OUT FOLDER NTH``."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import scripted

from agent.batch import Batch, Options, Threads, find_studies
from tools import Registry
from tools.measure import LesionMeasure


class Deadly(scripted.CutSegmenter):
    """Kills its process at the nth outline."""

    left = 0

    def run(self, request: Any, progress: Any = lambda fraction, phrase: None) -> Any:
        """Outline, or die."""
        Deadly.left -= 1
        if Deadly.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().run(request, progress)


def main(home: str, out: str, folder: str, nth: str) -> None:
    """Run."""
    Deadly.left = int(nth)
    workspace = scripted.workspace(Path(home))
    workspace.registry = Registry()
    for tool in (Deadly, scripted.PartFinder, scripted.Rater, LesionMeasure):
        workspace.registry.add(tool)
    found = find_studies(Path(folder), modality="CT", body_part="CHEST")
    Batch(workspace, Path(out), Options(), Threads(workspace, 1)).run(found.studies)
    workspace.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
