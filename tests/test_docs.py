"""The tutorial is walked from an empty folder, block by block."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

DOCS = Path(__file__).parents[1] / "docs"
_BEFORE = ("mkdir -p home/tools", "export SCANWRIGHT_HOME=$PWD/home")
"""What the reader types first; the test has done it already."""
_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.long
def test_the_tutorial_runs_from_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ui.cli import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCANWRIGHT_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "tools").mkdir(parents=True)
    runner, said = CliRunner(), ""
    for kind, about, text in _BLOCK.findall((DOCS / "your-own-model.md").read_text(encoding="utf-8")):
        if kind == "python" and (named := re.search(r"file=(\S+)", about)):
            path = tmp_path / named[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        else:
            assert kind == "shell", f"a block that is neither a file nor typed: {text}"
            for line in text.splitlines():
                if line.startswith("python "):
                    runpy.run_path(line.removeprefix("python "), run_name="__main__")
                    continue
                if not line.startswith("scanwright "):
                    assert line in _BEFORE, f"not known here: {line}"
                    continue
                result = runner.invoke(app, shlex.split(line)[1:])
                assert result.exit_code == 0, f"{line}\n{result.output}"
                said += result.output
    assert "bright-region" in said
    assert said.count("It keeps the contract.") == 5
    assert "may feed guideline criteria" in said
    assert re.search(r"dice mean +0\.[89]", said)
    assert (tmp_path / "rows.csv").read_text(encoding="utf-8").count("\nchest,") == 1
    assert "the Dice overlap of nodule-segmenter and bright-region is 0." in said
    assert "Lesion 1 keeps the outline of bright-region" in said
    assert "Lesion 1 by ball-looks: score round 0." in said
    assert "nodule-rating and ball-looks give no score in common, so they are not compared." in said


def test_every_command_in_the_docs_is_one() -> None:
    from typer.main import get_command

    from ui.cli import app

    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    for page in DOCS.glob("*.md"):
        named = set(re.findall(r"^scanwright (\w+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE))
        assert named <= known, page.name
