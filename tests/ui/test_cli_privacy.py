"""The commands that take the patient out, and those about the key, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import archives
import planted
import pydicom
import pytest
from archives import Kept
from made import Made, save, values
from typed import run


@pytest.fixture(autouse=True)
def plain(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SCANWRIGHT_API_KEY", "SCANWRIGHT_BASE_URL",
                 "SCANWRIGHT_KEY_FILE", "SCANWRIGHT_DEIDENTIFY_KEY", "SCANWRIGHT_PACS_NODE"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


def test_images_and_a_report_of_nobody_that_belong_together(tmp_path: Path, capsys: Any) -> None:
    series, out = planted.series(tmp_path), tmp_path / "out"
    code, said, err = run(capsys, "deidentify", series, "--out", out / "images", "--json")
    assert (code, err) == (0, "")
    images = [pydicom.dcmread(f) for f in json.loads(said)["files"]]
    assert len(images) == 4
    code, said, err = run(capsys, "report", series, "--out", out / "report", "--deidentify", "--case", "one")
    assert code == 0, err
    assert "what the clinician typed is in it" in said
    assert list(planted.kept(out)) == []
    document = pydicom.dcmread(out / "report" / "report.dcm")
    assert document.StudyInstanceUID == images[0].StudyInstanceUID
    assert document.PatientID == images[0].PatientID
    code, said, err = run(capsys, "deidentify", series, "--out", out / "moved", "--keep-dates-shifted")
    assert code == 0
    assert "4 images written" in said
    assert pydicom.dcmread(next((out / "moved").iterdir())).StudyDate not in ("", planted.STUDY_DATE)


def test_what_is_wrong_is_one_line(tmp_path: Path, capsys: Any) -> None:
    ds = Made(hu=values((8, 8, 1))).dataset(0)
    ds.BurnedInAnnotation = "YES"
    save(ds, tmp_path / "x.dcm")
    for words, told in (
        (("deidentify", tmp_path / "x.dcm", "--out", tmp_path / "out"), "--accept-pixels"),
        (("deidentify", tmp_path / "none", "--out", tmp_path / "out"), "nothing of that name"),
        (("report", tmp_path / "x.dcm", "--out", tmp_path / "out", "--accept-pixels"), "--deidentify"),
        (("report", tmp_path / "x.dcm", "--out", tmp_path / "out", "--deidentify"), "--accept-pixels"),
        (("key", "encrypt"), "scanwright key new"),
    ):
        code, out, err = run(capsys, *words)
        assert (code, out) == (2, ""), words
        assert told in err
        assert len(err.strip().splitlines()) == 1
    assert not list((tmp_path / "out").glob("*"))
    assert run(capsys, "deidentify", tmp_path / "x.dcm", "--out", tmp_path / "out", "--accept-pixels")[0] == 0


def test_files_are_sent_to_an_archive_without_their_patient(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    files, kept = sorted(planted.series(tmp_path).iterdir()), Kept()
    with archives.web(kept) as address:
        monkeypatch.setenv("SCANWRIGHT_DICOMWEB_URL", address)
        code, _, err = run(capsys, "pacs", "send", *files, "--approve", "--deidentify", "--json")
        assert code == 0, err
    assert len(kept.files) == 4
    assert planted.found(b"".join(kept.files.values()).decode("latin-1")) == []


@pytest.mark.long
def test_a_key_is_made_and_a_folder_encrypted_rotated_and_decrypted(
    tmp_path: Path, home: Path, capsys: Any, monkeypatch: Any
) -> None:
    series, key = planted.series(tmp_path), tmp_path / "key"
    assert run(capsys, "report", series, "--out", tmp_path / "out", "--case", "one")[0] == 0
    code, out, _ = run(capsys, "key", "new", key)
    assert code == 0
    assert key.read_text().strip() not in out
    assert run(capsys, "key", "new", key)[0] == 2
    monkeypatch.setenv("SCANWRIGHT_KEY_FILE", str(key))
    assert "key encrypt" in run(capsys, "versions", "one")[2]
    code, out, err = run(capsys, "key", "encrypt")
    assert (code, err) == (0, "")
    assert "encrypted (key " in out
    assert list(planted.kept(home)) == []
    assert run(capsys, "versions", "one")[1].startswith("1: draft")
    assert run(capsys, "audit", "verify")[0] == 0
    assert run(capsys, "key", "rotate")[0] == 0
    assert len(key.read_text().split()) == 2
    assert run(capsys, "versions", "one")[1].startswith("1: draft")
    monkeypatch.delenv("SCANWRIGHT_KEY_FILE")
    code, _, err = run(capsys, "versions", "one")
    assert code == 2
    assert "Name the key's file in SCANWRIGHT_KEY_FILE" in err
    monkeypatch.setenv("SCANWRIGHT_KEY_FILE", str(key))
    assert run(capsys, "key", "decrypt")[0] == 0
    monkeypatch.delenv("SCANWRIGHT_KEY_FILE")
    assert run(capsys, "versions", "one")[1].startswith("1: draft")
