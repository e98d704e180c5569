"""A bench, or a file beside it, as a module: they lie in no package, and name each other by their files' names."""

from __future__ import annotations

import sys
from types import ModuleType

from ui import bench


def load(name: str) -> ModuleType:
    """Return a file of the benches' folder, e.g. ``agent``, with that folder on the path."""
    if str(bench.FOLDER) not in sys.path:
        sys.path.append(str(bench.FOLDER))
    return bench.load(name)
