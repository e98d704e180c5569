"""`make check` tells known faults of packages, and where nobody can be asked it says so instead of passing in silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import known_faults
import pytest


def _says(answer: str) -> tuple[str, ...]:
    return sys.executable, "-c", f"print({answer!r})"


def test_a_fault_fails_the_check_with_what_mends_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = {"dependencies": [
        {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}, {"name": "b", "version": "1", "vulns": []},
    ]}  # fmt: skip
    assert known_faults.main(_says(json.dumps(found))) == 1
    assert capsys.readouterr().out == "a 1: CVE-1, mended in 2\n"


def test_none_is_said_with_how_many_were_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert known_faults.main(_says(json.dumps({"dependencies": [{"name": "b", "version": "1", "vulns": []}]}))) == 0
    assert "no known fault in 1 packages" in capsys.readouterr().out


def test_an_unreachable_service_is_said_and_fails_nothing() -> None:
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    env = {**os.environ, **nowhere, "NO_PROXY": "", "no_proxy": ""}
    done = subprocess.run(
        [sys.executable, known_faults.__file__], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0
    assert "skipped, its service cannot be reached" in done.stdout
