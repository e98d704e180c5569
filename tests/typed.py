"""A command as a user types it, in this process: its exit status, what it printed, what it said on stderr."""

from __future__ import annotations

from pathlib import Path

import pytest

from ui.cli import app, guard


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    code = guard(lambda: app([str(w) for w in words], standalone_mode=False))
    out, err = capsys.readouterr()
    return code, out, err
