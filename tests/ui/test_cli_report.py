"""The report's commands: signing is the operator's to allow, versions are listed and compared, errors say what to do."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools import NotApplicable
from ui.cli import app, guard


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "q17.png"
    Image.fromarray(np.arange(4800, dtype=np.uint16).reshape(60, 80).astype(np.uint8)).save(path)
    return str(path)


def run(*arguments: str) -> int:
    return guard(lambda: app(list(arguments), standalone_mode=False))


def test_signing_is_refused_unless_the_operator_allows_it(home, picture, tmp_path, monkeypatch, capsys):
    out = str(tmp_path / "out")
    assert run("report", picture, "--case", "one", "--out", out, "--sign", "Dr X") == 2
    assert "SCANWRIGHT_CLI_SIGNING" in capsys.readouterr().err
    assert not Path(out).exists()
    monkeypatch.setenv("SCANWRIGHT_CLI_SIGNING", "yes")
    assert run("report", picture, "--case", "one", "--out", out, "--sign", "Dr X", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "signed"
    assert {Path(f).name for f in told["files"]} >= {"report.md", "report.txt", "report.html", "report.pdf"}
    assert "PNG" in told["not_written"]["sr.dcm"]
    for name in ("report.md", "report.txt", "report.html"):
        assert run("verify", f"{out}/{name}", f"{out}/evidence.json") == 0
    assert run("versions", "one", "--json") == 0
    assert "Dr X" in capsys.readouterr().out
    assert run("versions", "one", "1", "2") == 0
    assert "say the same" in capsys.readouterr().out
    assert run("versions", "one", "1") == 2
    assert run("report", "-", "--case", "one", "--out", out, "--template", "none") == 2
    assert "lung-screening" in capsys.readouterr().err


def test_who_may_sign_is_read_from_the_setting(home, monkeypatch):
    from ui.work import may_sign

    with pytest.raises(NotApplicable, match="logged in"):
        may_sign()
    monkeypatch.setenv("SCANWRIGHT_CLI_SIGNING", "yes")
    may_sign()
