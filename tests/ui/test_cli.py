"""The command line: every command of the public surface, its JSON, its exit codes and its one-line errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pdfs import pdf
from typed import run

from tools.lesions import write_labels
from tools.phantom import Sphere, chest_phantom

HEAVY = ("numpy", "torch", "monai", "gradio", "langchain", "chromadb", "sklearn", "pydicom")
CENTRE = (80.0, 10.0, 20.0)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a phantom CT as NIfTI (14 mm sphere in the right lung) and its label."""
    import nibabel

    folder = tmp_path_factory.mktemp("cli")
    scan, masks = chest_phantom((Sphere(CENTRE, 14.0),), spacing=(1.4, 1.4, 2.5))
    nibabel.save(nibabel.Nifti1Image(np.asarray(scan.voxels), scan.affine), folder / "scan.nii.gz")
    write_labels(folder / "label.nii.gz", {1: masks[0]}, scan)
    (folder / "text.dcm").write_text("this is a letter, not an image")
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SCANWRIGHT_API_KEY", "SCANWRIGHT_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SCANWRIGHT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run_json(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict[str, Any]:
    code, out, err = run(capsys, *words, "--json")
    assert code == 0, err
    assert len(out.strip().splitlines()) == 1, "one JSON object and nothing else"
    found: dict[str, Any] = json.loads(out)
    return found


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import sys
from ui.cli import app
try: app(["--help"])
except SystemExit: pass
assert not [m for m in {HEAVY!r} if m in sys.modules], [m for m in {HEAVY!r} if m in sys.modules]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for command in "demo serve ask segment measure classify compare report verify guideline criteria tools".split():
        assert command in done.stdout


def test_measure_gives_quantities_with_unit_and_method(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = run_json(capsys, "measure", files / "scan.nii.gz", files / "label.nii.gz")
    (lesion,) = data["lesions"]
    assert lesion["id"] == 1
    assert lesion["quantities"]["axial_long_axis"]["unit"] == "mm"
    assert lesion["quantities"]["axial_long_axis"]["value"] == pytest.approx(14.0, abs=1.5)
    assert lesion["quantities"]["volume_voxel"]["method"]
    assert np.shape(lesion["end_points_mm"]["axial_long_axis"]) == (2, 3)


def test_compare_tells_what_changed(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import nibabel

    scan, masks = chest_phantom((Sphere(CENTRE, 10.0),), spacing=(1.4, 1.4, 2.5), seed=5)
    nibabel.save(nibabel.Nifti1Image(np.asarray(scan.voxels), scan.affine), tmp_path / "prior.nii.gz")
    write_labels(tmp_path / "prior_label.nii.gz", {4: masks[0]}, scan)
    words = ["compare", files / "scan.nii.gz", files / "label.nii.gz", tmp_path / "prior.nii.gz",
             tmp_path / "prior_label.nii.gz", "--days", "100"]  # fmt: skip
    data = run_json(capsys, *words)
    assert set(data) == {"registration", "pairs", "days", "notes"}
    (pair,) = data["pairs"]
    assert (pair["kind"], pair["current"], pair["prior"], data["days"]) == ("matched", [1], [4], 100)
    assert pair["quantities"]["change_axial_long_axis"]["value"] == pytest.approx(4.0, abs=1.5)
    assert pair["quantities"]["doubling_time"]["unit"] == "d"
    assert any("Identity not verified" in note for note in data["notes"])
    code, out, err = run(capsys, *words)
    assert code == 0, err
    assert "readers differ by 0.9 mm" in out
    code, _, err = run(capsys, *words[:3], *words[1:3])
    assert code == 2
    assert "same scan" in err


def test_segment_from_a_point_writes_a_mask_on_the_scans_grid(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mask.nii.gz"
    point = ",".join(str(v) for v in CENTRE)
    data = run_json(capsys, "segment", files / "scan.nii.gz", "--point", point, "--out", out)
    assert data["tool"] == "nodule-segmenter"
    measured = run_json(capsys, "measure", files / "scan.nii.gz", out)
    long_axis = measured["lesions"][0]["quantities"]["axial_long_axis"]["value"]
    assert long_axis == pytest.approx(14.0, abs=3.0)


def test_classify_names_the_readers_rating(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = run_json(capsys, "classify", files / "scan.nii.gz", files / "label.nii.gz")
    rating = data["lesions"][0]["quantities"]["lidc_rating"]
    assert 1.0 <= rating["value"] <= 5.0
    assert "rating" in rating["method"].lower()


def test_criteria_asks_for_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--type", "solid", "--mean-diameter-mm", "7", "--count", "single", "--risk", "high",
             "--setting", "incidental", "--age", "58", "--known_cancer", "false", "--immunosuppressed=false"]  # fmt: skip
    full = run_json(capsys, "criteria", "fleischner-2017", *given)
    assert full["row"]
    assert "6 to 12 months" in full["action"]
    less = run_json(capsys, "criteria", "fleischner-2017", *given[:-5])
    assert less["category"] is None
    assert set(less["needs"]) == {"age", "known_cancer", "immunosuppressed"}


def test_guideline_finds_passages_and_answers_with_nothing_off_topic(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "guideline", "follow-up of a 7 mm solid nodule")
    assert found["passages"][0]["guideline"] == "Fleischner"
    assert set(found["passages"][0]) >= {"id", "guideline", "edition", "section", "text", "score"}
    assert run_json(capsys, "guideline", "how long to boil an egg") == {"passages": []}


def test_documents_are_taken_listed_found_and_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "walrus.pdf").write_bytes(pdf([[("Walrus nodules", 18), ("A walrus nodule is rescanned in nine weeks.", 12)]]))
    (taken,) = run_json(capsys, "ingest", tmp_path / "walrus.pdf", "--rank", "2", "--edition", "7")["documents"]
    assert (taken["name"], taken["title"], taken["edition"], taken["rank"], taken["pages"]) == (
        "walrus", "Walrus nodules", "7", 2, 1,
    )  # fmt: skip
    assert run_json(capsys, "ingest", "--list")["documents"] == [taken]
    assert run(capsys, "ingest", "--list")[1] == "walrus: Walrus nodules 7, 1 passages, 1 pages, rank 2\n"
    found = run_json(capsys, "guideline", "when is a walrus nodule rescanned?")["passages"][0]
    assert (found["id"], found["page"]) == ("walrus/s1/en", 1)
    assert run_json(capsys, "ingest", "--remove", "walrus")["documents"] == []
    code, _, err = run(capsys, "ingest", "--remove", "walrus")
    assert (code, "No document of yours" in err) == (2, True)


def test_a_known_guideline_that_is_not_held_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "guideline", "PI-RADS 4 lesion, what next?")
    assert found["not_held"] == ["PI-RADS (prostate)"]
    assert "Not held here: PI-RADS" in run(capsys, "guideline", "PI-RADS 4 lesion, what next?")[1]


def test_tools_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    names = {t["name"] for t in run_json(capsys, "tools", "list")["tools"]}
    assert names >= {"lung-candidates", "nodule-segmenter", "nodule-rating", "lesion-measure"}
    shown = run_json(capsys, "tools", "show", "nodule-segmenter")
    assert shown["accuracy"]
    assert len(shown["weights_sha256"]) == 64


def test_report_is_written_and_verifies_until_a_digit_changes(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    data = run_json(capsys, "report", files / "scan.nii.gz", "--mask", files / "label.nii.gz", "--out", out)
    assert {Path(f).name for f in data["files"]} >= {"report.md", "evidence.json"}
    code, printed, err = run(capsys, "verify", out / "report.md", out / "evidence.json")
    assert code == 0, printed + err
    text = (out / "report.md").read_text(encoding="utf-8")
    import re

    number = re.search(r"(\d+)\.(\d) mm", text)
    assert number is not None
    other = "9" if number[2] != "9" else "1"
    (out / "report.md").write_text(
        text[: number.start(2)] + other + text[number.end(2) :], encoding="utf-8"
    )
    code, printed, _ = run(capsys, "verify", out / "report.md", out / "evidence.json", "--json")
    assert code == 1
    assert json.loads(printed)["problems"]


def test_a_case_is_run_again_from_its_record(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "ask", files / "scan.nii.gz", "measure lesion 1", "--mask", files / "label.nii.gz", "--case", "again")
    code, out, err = run(capsys, "replay", "again", "--json")
    assert code == 0, err
    data = json.loads(out)
    assert (data["holds"], data["different"], data["ungrounded"]) == (True, [], [])
    assert data["same"]
    assert data["answers"] > 0


@pytest.mark.parametrize(("message", "said"), [("  ", "empty"), ("x " * 15_000, "up to 20000 are read")])
def test_a_message_that_is_not_taken_ends_with_2(
    files: Path, capsys: pytest.CaptureFixture[str], message: str, said: str
) -> None:
    code, out, _ = run(capsys, "ask", files / "scan.nii.gz", message)
    assert (code, said in out) == (2, True)


def test_ask_prints_events_one_a_line(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(
        capsys, "ask", files / "scan.nii.gz", "measure lesion 1", "--mask", files / "label.nii.gz", "--json"
    )
    assert code == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    names = [e["event"] for e in events]
    assert "tool_started" in names
    assert "clause" in names
    assert events[-1]["event"] == "done"
    assert any("mm" in e["text"] for e in events if e["event"] == "clause")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["measure", "nowhere.nii.gz", "nowhere.nii.gz"], "no file"),
        (["measure", "{f}/text.dcm", "{f}/label.nii.gz"], "content is not"),
        (["segment", "{f}/scan.nii.gz", "--point", "1,2", "--out", "{f}/x.nii.gz"], "3 numbers"),
        (["segment", "{f}/scan.nii.gz", "--out", "{f}/x.nii.gz"], "exactly one"),
        (["segment", "{f}/scan.nii.gz", "--point", "9999,0,0", "--out", "{f}/x.nii.gz"], "outside the image"),
        (["segment", "{f}/scan.nii.gz", "--point", "80,10,20", "--out", "{f}/x.png"], ".nii.gz"),
        (["criteria", "no-such-guideline"], "No criteria"),
        (["criteria", "fleischner-2017", "--type", "cheese"], "must be one of"),
        (["criteria", "fleischner-2017", "type", "solid"], "--key value"),
        (["tools", "show", "nothing"], "no tool called"),
        (["verify", "{f}/none.md", "{f}/none.json"], "could not be read"),
        (["verify", "{f}/text.dcm", "{f}/text.dcm"], "not JSON"),
        (["guideline", ""], "empty"),
        (["ingest"], "--list"),
        (["ingest", "{f}/text.dcm"], ".md"),
        (["ingest", "none.pdf"], "no file none.pdf"),
        (["ingest", "--list", "--rank", "high"], "rank"),
        (["nonsense"], "No such command"),
    ],
    ids=lambda v: " ".join(v)[:40] if isinstance(v, list) else "",
)
def test_bad_input_is_one_line_and_exit_2(
    files: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    code, out, err = run(capsys, *(w.format(f=files) for w in words))
    assert code == 2
    assert said.lower() in err.lower()
    assert len(err.strip().splitlines()) == 1
    assert out == ""
