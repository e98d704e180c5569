"""The checks, run in a process of their own with a limit on time and no network: ``check_tool(path)``.

A tool is a Python file, a MONAI bundle folder or zip, a package folder with its entry point in pyproject.toml, or the
name of an installed tool. A check that fails says what was seen and what to do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.contract import UnknownTool

TIME_LIMIT_S = 300
"""For all checks together; a tool that answers two made images twice within this is quick enough to be chatted with."""


@dataclass(frozen=True)
class Check:
    """One check: its name, whether it holds (None: only told), and what was seen."""

    name: str
    holds: bool | None
    seen: str


def check_tool(tool: str, home: Path | None = None, limit_s: float = TIME_LIMIT_S) -> dict[str, Any]:
    """Check a tool and return ``{"tool", "spec", "checks": [...], "passed"}``.

    Args:
        tool: a path, or the name of an installed tool.
        home: the operator's folder of tools, for a name.
        limit_s: seconds after which the tool is stopped.

    Raises:
        UnknownTool: there is no such path and no tool of that name.
    """
    path = Path(tool)
    if not path.exists() and os.sep in tool:
        raise UnknownTool(f"There is no {tool}. Give a .py file, a bundle folder or zip, a package folder, or a name.")
    command = [sys.executable, "-m", "tools.checks.child", tool, str(home or "")]
    here = Path(__file__).resolve().parents[2]
    inherited = os.environ.get("PYTHONPATH")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(here), inherited)))}
    try:
        ended = subprocess.run(  # noqa: S603 - our own interpreter and module; the path is an argument, not a command
            command, capture_output=True, text=True, timeout=limit_s, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        return _failed(tool, Check("it answers in time", False, f"stopped after {limit_s:.0f} s"))
    lines = ended.stdout.strip().splitlines()
    try:
        data = json.loads(lines[-1]) if lines else {}
    except ValueError:
        data = {}
    if not isinstance(data, dict) or "checks" not in data:
        last = (ended.stderr.strip().splitlines() or ["no word"])[-1]
        seen = f"the process ended with {ended.returncode}: {last[:200]}"
        return _failed(tool, Check("it can be tried", False, seen))
    if "unknown" in data:
        raise UnknownTool(str(data["unknown"]))
    return data


def _failed(tool: str, check: Check) -> dict[str, Any]:
    return {"tool": tool, "spec": None, "checks": [asdict(check)], "passed": False}
