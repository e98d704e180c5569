"""The search in the app's case list and on the command line: finds a reader's own, keeps to its few lines."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import scripted
from scripted import BIG, SMALL, balls

from agent.session import Session
from agent.workspace import Workspace
from ui.acts import Acts
from ui.acts.cases import LISTED
from ui.acts.deeds import deed
from ui.cli import app, guard
from ui.rooms import Rooms

ANNA, BO = "a" * 64, "b" * 64


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Workspace]:
    """A case each of two readers, one lesion in each."""
    workspace = scripted.workspace(tmp_path / "home")
    for case, owner, place in (("big", ANNA, BIG), ("small", ANNA, SMALL), ("other", BO, BIG)):
        session = Session.open(balls(len(case)), case=case, owner=owner, workspace=workspace)
        session.call("segment", point=list(place))
        session.call("measure", lesion=1)
    yield workspace
    workspace.close()


def look_for(made: Workspace, owner: str, text: str) -> str:
    shown: dict[str, Any] = {}
    for update in deed(Acts(Rooms(made)), owner, {"do": "look_for", "text": text}):
        shown |= update
    return str(shown["cases"])


def test_the_box_finds_a_readers_cases_and_nobody_elses(made: Workspace) -> None:
    found = look_for(made, ANNA, "nodule over 14 mm")
    assert 'data-case="big"' in found
    assert 'data-case="small"' not in found
    assert 'data-case="other"' not in found
    assert 'value="nodule over 14 mm"' in found
    assert "1 found" in found
    assert "1 nodule 16.8 mm" in html.unescape(found)


def test_nothing_found_is_said_and_an_empty_search_brings_the_list_back(made: Workspace) -> None:
    assert "No case has that" in look_for(made, ANNA, "hippopotamus")
    back = look_for(made, ANNA, "  ")
    assert 'data-case="big"' in back
    assert 'data-case="small"' in back
    assert 'data-do="look_for"' in back


def test_what_is_typed_comes_back_escaped(made: Workspace) -> None:
    found = look_for(made, ANNA, 'nodule "><script>alert(1)</script>')
    assert "<script" not in found


def test_a_long_list_shows_the_newest_and_says_so(made: Workspace) -> None:
    for n in range(LISTED):
        made.cases.create(ANNA, f"more{n}")
    listed = look_for(made, ANNA, "")
    assert listed.count('data-do="reopen"') == LISTED
    assert "search for the others" in listed
    assert 'data-case="big"' in look_for(made, ANNA, "nodule over 14 mm")


def run(*arguments: str) -> int:
    return guard(lambda: app(list(arguments), standalone_mode=False))


def test_the_command_finds_prints_and_refuses(
    made: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCANWRIGHT_HOME", str(made.settings.home))
    asked = ("search", "结节", "--size-min", "14", "--owner", ANNA)
    assert run(*asked, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [c["case"] for c in told["cases"]] == ["big"]
    assert told["cases"][0]["lesions"][0]["size_mm"] == 16.8
    assert run(*asked) == 0
    assert "lesion 1: nodule, 16.8 mm" in capsys.readouterr().out
    assert run("search", "nodule over 14 mm", "--owner", ANNA, "--json") == 0
    assert [c["case"] for c in json.loads(capsys.readouterr().out)["cases"]] == ["big"], "sizes as they are typed in the app"
    assert run("search", "nodule over 14 mm", "--size-min", "2", "--owner", ANNA, "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["cases"]) == 2, "an option stands over what is typed"
    assert run("search", "--label", "mass", "--owner", ANNA) == 0
    assert "No case has that" in capsys.readouterr().out
    assert run("search", "--owner", "anna") == 2
    assert "nobody logs in here" in capsys.readouterr().err
    assert run("search", "--side", "up") == 2
    assert run("search", "--since", "yesterday") == 2
    assert run("search", "nodule", "--size-min", "9", "--size-max", "3") == 2
    assert "above the largest" in capsys.readouterr().err
