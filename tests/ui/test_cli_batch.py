"""The batch command: what it prints, what it refuses, lists of paths."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import batches
import pytest

from agent.batch import BatchError, find_studies
from agent.batch.table import _cell
from ui.cli import app, guard
from ui.commands.batch import _lines
from ui.commands.options import owner_id


def run(*arguments: str) -> int:
    return guard(lambda: app(list(arguments), standalone_mode=False))


def test_an_empty_folder_and_a_missing_one_are_told(home, tmp_path, capsys):
    out = str(tmp_path / "out")
    (tmp_path / "empty").mkdir()
    assert run("batch", str(tmp_path / "empty"), "--out", out) == 2
    assert "No study was found" in capsys.readouterr().err
    assert run("batch", str(tmp_path / "nowhere"), "--out", out) == 2
    assert "Check the path" in capsys.readouterr().err
    assert run("batch", str(tmp_path / "empty"), "--out", out, "--modality", "XYZ") == 2
    assert "no DICOM term" in capsys.readouterr().err
    assert not Path(out).exists()


def test_a_list_of_missing_files_ends_in_a_table_that_says_so(home, tmp_path, capsys):
    (tmp_path / "list.txt").write_text("# studies\ngone_Quimby.nii.gz\n", encoding="utf-8")
    assert run("batch", str(tmp_path / "list.txt"), "--out", str(tmp_path / "out"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["studies"], told["failed"]) == (1, 1)
    assert told["errors"][0]["message"].startswith("Line 2 of the list")
    assert "Quimby" not in (tmp_path / "out" / "results.csv").read_text(encoding="utf-8")


def test_a_list_states_modality_and_body_part_line_by_line(tmp_path):
    batches.balls(tmp_path / "a, b.nii.gz")
    batches.balls(tmp_path / "c" / "d.nii.gz", 1)
    text = 'Path,note,Modality,Body_Part\n"a, b.nii.gz",x,ct,chest\nc,,,\nmissing,,,\n'
    (tmp_path / "list.csv").write_text(text, encoding="utf-8-sig")
    first, second, third = find_studies(tmp_path / "list.csv", modality="MR").studies
    assert (first.modality, first.body_part) == ("CT", "CHEST")
    assert (second.modality, second.body_part) == ("MR", None)
    assert "Line 4" in third.problem
    assert first.id != second.id


@pytest.mark.parametrize(
    ("text", "told"),
    [("path,modality\nx.nii,QQ\n", "Line 2"), ("a.nii,CT\n", "names no columns"), ("", "No study")],
)
def test_a_list_that_cannot_be_used_says_which_line(tmp_path, text, told):
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BatchError, match=told):
        find_studies(tmp_path / "list.csv")


def test_dicom_is_told_apart_by_study_wherever_its_files_lie(tmp_path):
    """Two studies mixed in one folder, a third in two folders; an outline object and a broken file beside them."""
    from made import Made, image, save, uid, values

    for study, series, folder in (("1", "a", "mixed"), ("2", "b", "mixed"), ("3", "c", "x/y"), ("3", "d", "x/z")):
        Made(hu=values(seed=ord(series)), series=series, extra={"StudyInstanceUID": f"2.25.{study}"}).write(tmp_path / folder)
    outline = image(values((4, 4, 1))[:, :, 0], uid("seg"), "1.2.840.10008.5.1.4.1.1.66.4", "SEG")
    del outline.PixelData
    (tmp_path / "seg").mkdir()
    save(outline, tmp_path / "seg" / "s.dcm")
    broken = b"\0" * 128 + b"DICM" + b"\x02\0\0\0UL"
    (tmp_path / "mixed" / "broken.dcm").write_bytes(broken)
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "broken.dcm").write_bytes(broken)
    found = find_studies(tmp_path)
    whole = [s for s in found.studies if not s.problem]
    assert sorted(len(s.files) for s in whole) == [4, 4, 8]
    (problem,) = [s.problem for s in found.studies if s.problem]
    assert "no image that can be read" in problem
    assert found.notes == ("2 DICOM files without an image (reports, outlines, scouts, broken headers) were passed over.",)
    each = [s for s in find_studies(tmp_path, every_series=True).studies if not s.problem]
    assert sorted(len(s.files) for s in each) == [4, 4, 4, 4]


def test_a_folder_may_be_named_from_where_one_stands(tmp_path, monkeypatch):
    """Named so, each image once counted as a file without an image."""
    batches.dicom(tmp_path / "archive" / "one")
    (tmp_path / "archive" / "letter.txt").write_text("no scan")
    monkeypatch.chdir(tmp_path)
    found = find_studies(Path("archive"))
    assert [len(s.files) for s in found.studies] == [32]
    assert found.notes == ("1 file that is no scan was passed over.",)


def test_a_copy_of_a_study_is_no_second_set_of_its_images(tmp_path):
    """In a folder beside it, or file by file in its own: the study and its id are the same."""
    alone = batches.dicom(tmp_path / "alone" / "one")
    (whole,) = find_studies(tmp_path / "alone").studies
    shutil.copytree(alone, tmp_path / "twice" / "one")
    shutil.copytree(alone, tmp_path / "twice" / "copy of one")
    first = sorted(alone.iterdir())[0]
    shutil.copy(first, tmp_path / "twice" / "one" / "again.dcm")
    found = find_studies(tmp_path / "twice")
    assert [(s.id, len(s.files)) for s in found.studies] == [(whole.id, 32)]
    assert found.notes == ("32 DICOM files that are others' copies were left out.",)


def test_what_failed_is_told_with_the_way_to_its_place():
    failed = {"study": "abc", "error": "UnreadableScan", "message": "The file is empty."}
    data = {
        "studies": 1, "done": 0, "no_candidate": 0, "not_assessed": 0, "failed": 1, "done_before": 1, "twice": 0,
        "errors": [failed], "notes": [], "files": [], "with_paths": False,
    }  # fmt: skip
    told = _lines(data)
    assert told[0].startswith("1 study: ")
    assert "done before: 1 study" in told
    assert any("--with-paths" in line for line in told)
    assert not any("--with-paths" in line for line in _lines({**data, "with_paths": True}))


def test_cases_become_those_of_the_reader_who_logs_in_by_that_name(home, tmp_path, monkeypatch, capsys):
    """The id of who logs in, and no other, is what the app keeps cases under."""
    from ui.login.who import hashed, reader_id

    readers = tmp_path / "readers"
    readers.write_text(hashed("anna", "a long password", "reader") + "\n")
    monkeypatch.setenv("SCANWRIGHT_LOGINS", str(readers))
    assert owner_id("anna") == reader_id("anna") != "anna"
    assert [owner_id(kept) for kept in ("local", "mcp", reader_id("bo"))] == ["local", "mcp", reader_id("bo")]
    batches.balls(tmp_path / "studies" / "a.nii.gz")
    out = str(tmp_path / "out")
    assert run("batch", str(tmp_path / "studies"), "--out", out, "--owner", "ana") == 2
    assert "no reader of that name" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_cell_that_a_spreadsheet_would_run_is_plain_text():
    assert _cell("=1+1") == "'=1+1"
    assert _cell(-3.5) == -3.5
    assert _cell(True) == "yes"
