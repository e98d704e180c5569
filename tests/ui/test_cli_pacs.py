"""The commands about an archive, as a user types them: nothing leaves without a yes, and errors are one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import archives
import pytest
from archives import Kept
from filed import ball_masks, ball_series, load_series, write_series
from typed import run

from agent import Session
from tools.lesions import write_labels

SMALL = (16, 12, 3)
BALL = (((8, 6, 1), 3.0),)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SCANWRIGHT_API_KEY", "SCANWRIGHT_BASE_URL",
                 "SCANWRIGHT_DICOMWEB_URL", "SCANWRIGHT_PACS_NODE"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SCANWRIGHT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_series(ball_series(BALL, SMALL), tmp_path / "images")


def test_without_an_archive_the_settings_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "pacs", "echo")
    assert (code, out) == (2, "")
    assert "SCANWRIGHT_DICOMWEB_URL or SCANWRIGHT_PACS_NODE" in err
    assert len(err.strip().splitlines()) == 1


def test_send_find_and_fetch(images: Path, tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    files, kept = sorted(images.iterdir()), Kept()
    with archives.web(kept) as address:
        monkeypatch.setenv("SCANWRIGHT_DICOMWEB_URL", address)
        code, out, err = run(capsys, "pacs", "send", *files)
        assert (code, kept.files) == (2, {}), "nobody can be asked here, so that is no yes"
        assert "--approve" in err
        code, out, err = run(capsys, "pacs", "send", *files, "--approve", "--json")
        assert code == 0, err
        assert len(json.loads(out)["sent"]) == len(kept.files) == 3
        code, out, err = run(capsys, "pacs", "find", "--patient-id", "MRN-771", "--json")
        (study,) = json.loads(out)["studies"]
        code, out, err = run(capsys, "pacs", "find", "--study", study["StudyInstanceUID"])
        assert "Modality=CT" in out
        code, out, err = run(capsys, "pacs", "fetch", study["StudyInstanceUID"], "--out", tmp_path / "back")
        assert code == 0, err
    assert load_series(tmp_path / "back").id == load_series(images).id


def test_a_refusal_is_one_line_and_a_failure(images: Path, capsys: Any, monkeypatch: Any) -> None:
    with archives.node(Kept(refuses={"1.2.840.10008.5.1.4.1.1.2"})) as address:
        monkeypatch.setenv("SCANWRIGHT_PACS_NODE", address)
        code, out, err = run(capsys, "pacs", "send", *sorted(images.iterdir()), "--approve")
    assert (code, out) == (1, "")
    assert "0xA700" in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.long
def test_a_cases_report_is_sent(images: Path, tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    series, scan, kept = ball_series(BALL, SMALL), load_series(images), Kept()
    write_labels(tmp_path / "label.nii.gz", {1: ball_masks(scan, series, BALL)[0]}, scan)
    code, out, err = run(capsys, "report", images, "--mask", tmp_path / "label.nii.gz", "--case", "one", "--out", tmp_path / "out", "--json")
    assert code == 0, err
    names = {Path(f).name for f in json.loads(out)["files"]}
    assert {"sr.dcm", "seg.dcm", "report.dcm", "fhir.json"} <= names, json.loads(out)
    with archives.node(kept) as address:
        monkeypatch.setenv("SCANWRIGHT_PACS_NODE", address)
        code, out, err = run(capsys, "pacs", "send", "--case", "one", "--approve", "--json")
        assert code == 0, err
        assert set(json.loads(out)["sent"]) == {"sr.dcm", "seg.dcm", "report.dcm"}
        assert len(kept.files) == 3

        kept.files.clear()
        session = Session.open(case="one")
        events = list(session.ask("send it to the PACS"))
        assert kept.files == {}, "it waits for the reader's yes"
        (asked,) = [e for e in events if type(e).__name__ == "Approval"]
        assert (asked.action, asked.arguments["destination"]) == ("export", "pacs")
        list(session.resume("reject"))
        assert kept.files == {}
        list(session.ask("send it to the PACS"))
        said = list(session.resume("approve"))
        assert len(kept.files) == 3, said
