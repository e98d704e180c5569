"""A batch: three studies, one of them broken; a table, a page, no name; a run that broke off is gone on with."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import batches
import pytest
import scripted

from agent.batch import BatchError, Options, Result, crew, find_studies
from agent.batch.journal import NAME
from agent.batch.table import NO_CANDIDATE, head
from agent.session import Session


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A NIfTI twice, a DICOM study of a named patient, and a file that is cut off."""
    folder = tmp_path_factory.mktemp("archive") / batches.SECRET
    one = batches.balls(folder / "a.nii.gz")
    (folder / "the_same.nii.gz").write_bytes(one.read_bytes())
    batches.dicom(folder / "Zephyr" / "CT", 3)
    whole = batches.balls(folder / "b.nii.gz", 5).read_bytes()
    (folder / "b.nii.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "notes.txt").write_text("nothing")
    return folder


@pytest.fixture(scope="module")
def done(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The archive's batch, run once."""
    base = tmp_path_factory.mktemp("run")
    found = find_studies(archive, modality="CT", body_part="CHEST")
    assert found.notes == ("1 file that is no scan was passed over.",)
    return base, batches.run(base / "home", base / "out", found.studies)


def table(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((out / "results.csv").read_text(encoding="utf-8"))))


def test_every_study_is_told_of_and_one_bad_one_stops_nothing(done: tuple[Path, Result]) -> None:
    base, result = done
    assert sorted(o.status for o in result.outcomes) == ["done", "done", "failed"]
    assert result.again == 1  # the same content is done once
    bad = next(o for o in result.outcomes if o.status == "failed")
    assert bad.error == "UnreadableScan"
    assert bad.message
    folders = sorted(p.name for p in (base / "out").iterdir() if p.is_dir())
    assert folders == sorted(o.study for o in result.outcomes if o.status == "done")
    for name in folders:
        held = {p.name for p in (base / "out" / name).iterdir()}
        assert held >= {"report.md", "report.html", "report.pdf", "evidence.json", "fhir.json", "study.json"}


def test_the_table_has_a_row_a_lesion_and_units_in_its_heads(done: tuple[Path, Result]) -> None:
    base, result = done
    rows = table(base / "out")
    lesions = [r for r in rows if r["lesion"]]
    assert len(lesions) == sum(len(o.lesions) for o in result.outcomes) == 4
    first = lesions[0]
    assert float(first["axial_long_axis [mm]"]) == pytest.approx(16, abs=1.5)
    assert float(first["volume_voxel [mm3]"]) == pytest.approx(2145, rel=0.15)
    assert first["lidc_rating [rating 1-5]"] == "3.0"
    assert (first["modality"], first["slices"], first["slice_interval_mm"]) == ("CT", "32", "2.0")
    assert "cut-segmenter 1" in first["tools"]
    assert {r["notice"] for r in rows} == {
        "Research use only. Not a medical device. Every result needs review by a qualified reader."
    }
    bad = next(r for r in rows if r["status"] == "failed")
    assert (bad["lesion"], bad["error"]) == ("", "UnreadableScan")
    assert "path" not in first


def test_parquet_has_the_same_columns_with_types(done: tuple[Path, Result]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    base, _ = done
    held = parquet.read_table(base / "out" / "results.parquet")
    assert held.column_names == list(table(base / "out")[0])
    assert str(held.schema.field("axial_long_axis [mm]").type) == "double"
    assert str(held.schema.field("slices").type) == "int64"
    assert held.schema.metadata[b"notice"].startswith(b"Research use only")


def test_nothing_names_the_patient_or_the_place(done: tuple[Path, Result]) -> None:
    """But for what must name whom it is of: the DICOM objects and the FHIR bundle in a study's own folder."""
    base, _ = done
    words = [*scripted.NOBODY[:2], "mrn-771", "19110203", "elsewhere", "archive"]
    for path in (base / "out").rglob("*"):
        assert not [w for w in words if w in path.name.lower()]
        if path.is_file() and path.suffix != ".dcm" and path.name != "fhir.json":
            text = path.read_bytes().lower()
            assert not [w for w in words if w.encode() in text], path.name


def test_the_page_says_what_was_found_and_links_to_each_report(done: tuple[Path, Result]) -> None:
    base, result = done
    text = (base / "out" / "index.html").read_text(encoding="utf-8")
    assert "Research use only" in text
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    for outcome in result.outcomes:
        assert outcome.study in text
        assert (f'href="{outcome.study}/report.html"' in text) is (outcome.status == "done")


def test_the_studies_are_cases_of_their_owner(done: tuple[Path, Result]) -> None:
    base, result = done
    made = scripted.workspace(base / "home")
    held = {c.id for c in made.cases.of_owner("local")}
    assert held == {o.case for o in result.outcomes if o.status == "done"}
    session = Session.open(case=next(iter(held)), workspace=made)
    assert session.report is not None
    made.close()


def test_a_second_run_does_nothing_twice_and_tries_again_what_failed(done: tuple[Path, Result], archive: Path) -> None:
    base, before = done
    stamps = {p: p.stat().st_mtime_ns for p in (base / "out").glob("*/study.json")}
    found = find_studies(archive, modality="CT", body_part="CHEST")
    result = batches.run(base / "home", base / "out", found.studies)
    assert result.already == 2
    assert [o.study for o in result.outcomes] == [o.study for o in before.outcomes]
    assert stamps == {p: p.stat().st_mtime_ns for p in (base / "out").glob("*/study.json")}


def test_a_scan_without_a_candidate_is_not_called_a_negative_read(tmp_path: Path) -> None:
    import numpy as np

    from tools import Scan

    air = scripted.balls()
    empty = Scan.build(np.full(air.shape, -860, np.int16), air.affine)
    batches.nifti(empty, tmp_path / "in" / "air.nii.gz")
    found = find_studies(tmp_path / "in", modality="CT", body_part="CHEST")
    result = batches.run(tmp_path / "home", tmp_path / "out", found.studies, options=Options(keep_cases=False))
    assert (result.outcomes[0].status, result.outcomes[0].case) == ("no_candidate", "")
    made = scripted.workspace(tmp_path / "home")
    assert made.cases.of_owner("local") == []
    made.close()
    (row,) = table(tmp_path / "out")
    assert row["message"] == NO_CANDIDATE
    assert "not a negative read" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_what_no_tool_takes_is_not_assessed_and_said_so(tmp_path: Path) -> None:
    batches.balls(tmp_path / "in" / "knee.nii.gz")
    found = find_studies(tmp_path / "in", modality="MR", body_part="KNEE")
    result = batches.run(tmp_path / "home", tmp_path / "out", found.studies, options=Options("zh"))
    (outcome,) = result.outcomes
    assert (outcome.status, outcome.error) == ("not_assessed", "NotApplicable")
    assert (tmp_path / "out" / outcome.study / "report.html").is_file()
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert 'lang="zh-Hans"' in page
    assert "未评估" in page


def test_a_statement_for_all_gives_way_to_a_file_that_says_otherwise(tmp_path: Path) -> None:
    batches.dicom(tmp_path / "in" / "one", 4)
    found = find_studies(tmp_path / "in", modality="MR")
    (outcome,) = batches.run(tmp_path / "home", tmp_path / "out", found.studies).outcomes
    assert (outcome.status, outcome.scan["modality"]) == ("done", "CT")
    assert outcome.notes[0] == "The file itself says modality CT; MR was stated."


def test_an_output_folder_that_holds_something_else_is_refused(tmp_path: Path, archive: Path) -> None:
    study = find_studies(batches.balls(tmp_path / "in" / "x.nii.gz", 9)).studies
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.docx").write_text("mine")
    with pytest.raises(BatchError, match="no batch's"):
        batches.run(tmp_path / "home", tmp_path / "full", study)
    with pytest.raises(BatchError, match="is a file"):
        batches.run(tmp_path / "home", tmp_path / "full" / "thesis.docx", study)


def test_another_batch_in_the_output_folder_is_refused(done: tuple[Path, Result], tmp_path: Path) -> None:
    base, _ = done
    study = find_studies(batches.balls(tmp_path / "x.nii.gz", 9)).studies
    with pytest.raises(BatchError, match="none of which is among these"):
        batches.run(base / "home", base / "out", study)
    with pytest.raises(BatchError, match="language en"):
        batches.run(base / "home", base / "out", study, options=Options("zh"))


def test_a_journal_cut_in_its_last_line_is_whole_again_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    from agent.batch.journal import Journal

    journal = Journal(tmp_path, Options())
    journal.started("abc", "case1")
    with pytest.raises(BatchError, match="Another run"):
        Journal(tmp_path, Options())
    journal.close()
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes() + b'{"what": "ended", "outc')
    again = Journal(tmp_path, Options())
    assert again.begun == {"abc": "case1"}
    again.close()
    assert all(json.loads(line) for line in path.read_text().splitlines())
    path.write_bytes(b"rubbish\n" + path.read_bytes())
    with pytest.raises(BatchError, match="Line 1"):
        Journal(tmp_path, Options())


def test_heads_carry_units() -> None:
    assert head("axial_long_axis", "mm") == "axial_long_axis [mm]"
    assert head("axial_long_axis", "{pixel}") == "axial_long_axis [pixel]"


def test_a_small_container_on_a_large_machine_gets_few_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "cores", lambda: 32)
    monkeypatch.setattr(crew, "free_bytes", lambda: 9.0 * 2**30)
    assert crew._fitting() == 2
    monkeypatch.setattr(crew, "free_bytes", lambda: 1.0 * 2**30)
    assert crew._fitting() == 1
