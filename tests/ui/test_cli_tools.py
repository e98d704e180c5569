"""The commands about tools of one's own: by name for every task, one line a failure, the original always kept."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from typed import run

from tools import load_scan
from tools.lesions import write_labels
from tools.phantom import Sphere, chest_phantom
from tools.template import write_package

AT = (60.0, 10.0, 0.0)
BROKEN = '''
from tools import ClassifyResult, SegmentResult, ToolSpec, VisionTool


def said(name, task):
    return ToolSpec(name=name, task=task, version="1", summary="s", not_for="n", modalities=("CT",), body_parts=(),
                    labels=("x",), licence="MIT", reported_by="me")


class Raises(VisionTool):
    spec = said("raises", "segment")
    def run(self, request, progress=None):
        return {}["nothing"]


class Empty(VisionTool):
    spec = said("says-nothing", "segment")
    def run(self, request, progress=None):
        return None


class Scores(VisionTool):
    spec = said("falls-over", "classify")
    def run(self, request, progress=None):
        raise RuntimeError("no luck")
'''


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a coarse phantom, its label, and a data folder with a tool of every task and a broken file."""
    import nibabel

    folder = tmp_path_factory.mktemp("own")
    scan, masks = chest_phantom((Sphere(AT, 14.0),), spacing=(2.0, 2.0, 3.0))
    nibabel.save(nibabel.Nifti1Image(np.asarray(scan.voxels), scan.affine), folder / "scan.nii.gz")
    write_labels(folder / "label.nii.gz", {1: masks[0]}, scan)
    own = folder / "home" / "tools"
    own.mkdir(parents=True)
    for task in ("find", "segment", "classify", "measure", "prepare"):
        model = next(f for f in write_package(f"my-{task}", folder / "packages", task) if f.name == "model.py")
        shutil.copy(model, own / f"{model.parent.name}.py")
    (own / "broken.py").write_text(BROKEN, encoding="utf-8")
    (own / "boom.py").write_text("raise RuntimeError('the licence server is away')", encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def home(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANWRIGHT_HOME", str(place / "home"))
    monkeypatch.chdir(place)


def test_a_tool_of_every_task_is_used_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    point = ",".join(map(str, AT))
    for words, said in (
        (("segment", "scan.nii.gz", "--point", point, "--tool", "my-segment", "--out", "m.nii.gz"), "outlined by my-segment"),
        (("segment", "scan.nii.gz", "--find", "--finder", "my-find", "--tool", "my-segment", "--out", "f.nii.gz"),
         "darker than -300 HU was not looked at"),
        (("measure", "scan.nii.gz", "label.nii.gz", "--tool", "my-measure"), "rim_mean"),
        (("classify", "scan.nii.gz", "label.nii.gz", "--tool", "my-classify"), "score_dense"),
        (("tools", "prepare", "scan.nii.gz", "--tool", "my-prepare", "--set", "size=5", "--out", "p.nii.gz"), "median of 5 x 5"),
    ):  # fmt: skip
        code, out, err = run(capsys, *words)
        assert code == 0, err
        assert said in out
    code, _, err = run(capsys, "measure", "scan.nii.gz", "label.nii.gz", "--tool", "my-find")
    assert (code, err) == (2, "error: my-find is a tool to find, not to measure.\n")
    code, _, err = run(capsys, "segment", "scan.nii.gz", "--point", point, "--finder", "my-find", "--out", "m.nii.gz")
    assert code == 2
    assert "--finder names the tool for --find" in err


def test_what_a_tool_breaks_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    point = ",".join(map(str, AT))
    for tool, code, said in (
        ("raises", 1, "raises failed (KeyError); nothing was recorded. Try another point or tool."),
        ("says-nothing", 1, "says-nothing answered NoneType where SegmentResult is due."),
        ("boom", 2, "boom.py is installed but broken: RuntimeError: the licence server is away."),
    ):
        seen, _, err = run(capsys, "segment", "scan.nii.gz", "--point", point, "--tool", tool, "--out", "x.nii.gz")
        assert (seen, err) == (code, f"error: {said}\n")
    assert not Path("x.nii.gz").exists()


def test_a_classifier_that_breaks_beside_another_is_named_and_the_other_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(
        capsys, "classify", "scan.nii.gz", "label.nii.gz", "--tool", "my-classify", "--tool", "falls-over"
    )
    assert code == 0, err
    assert "score_dense" in out
    assert "falls-over failed (RuntimeError)" in out


def test_the_scan_itself_is_never_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    def content() -> str:
        return hashlib.sha256(Path("scan.nii.gz").read_bytes()).hexdigest()

    before, point = content(), ",".join(map(str, AT))
    aside = f"../{Path.cwd().name}/scan.nii.gz"
    for words in (
        ("tools", "prepare", "scan.nii.gz", "--tool", "my-prepare", "--out", aside),
        ("tools", "prepare", "scan.nii.gz", "--tool", "my-prepare", "--out", "scan.nii.gz"),
        ("segment", "scan.nii.gz", "--point", point, "--tool", "my-segment", "--out", "./scan.nii.gz"),
    ):
        code, _, err = run(capsys, *words)
        assert code == 2
        assert "is the scan itself, which is always kept" in err
    code, _, err = run(capsys, "tools", "prepare", "scan.nii.gz", "--tool", "my-prepare", "--out", "none/p.nii.gz")
    assert code == 2
    assert "There is no folder none to write p.nii.gz into" in err
    assert content() == before


def test_a_derived_image_says_so_when_it_is_opened_again(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "tools", "prepare", "scan.nii.gz", "--tool", "my-prepare", "--out", "again.nii.gz")
    notes = load_scan("again.nii.gz").notes
    assert "A derived image: median of 3 x 3, slice by slice. It is to look at; measure the original." in notes
    assert not any("derived" in note for note in load_scan("scan.nii.gz").notes)


def test_only_a_tool_of_ones_own_is_allowed_to_feed_criteria(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(place / "home", tmp_path / "home")
    monkeypatch.setenv("SCANWRIGHT_HOME", str(tmp_path / "home"))
    for words, code, said in (
        (("my-segment",), 0, "my-segment 0.1.0 may feed guideline criteria."),
        (("my-segment", "--no"), 0, "my-segment 0.1.0 no longer feeds guideline criteria."),
        (("nodule-segmenter", "--no"), 2, "error: nodule-segmenter comes with Scanwright"),
    ):
        seen, out, err = run(capsys, "tools", "allow", *words)
        assert seen == code
        assert said in out + err


def test_a_tool_is_shown_as_a_reader_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(capsys, "tools", "show", "denoise")[1]
    assert "--set takes: method (nonlocal or wavelet), strength (number from 0.1 to 5)" in shown
    assert "Comes with Scanwright. What it makes is to look at: the original is what is measured." in shown
    assert "spacing_mm (3 in brackets, each: number from 0.3 to 10)" in run(capsys, "tools", "show", "resample")[1]
    shown = run(capsys, "tools", "show", "my-segment")[1]
    assert "a click or a box: needed" in shown
    assert "until the operator allows it: scanwright tools allow my-segment" in shown
    for raw in ("needs_3d", "batch_on", "not_for", "{"):
        assert raw not in shown


def test_a_picture_without_millimetres_gets_none_by_being_prepared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    grey = np.full((60, 40), 40, dtype=np.uint8)
    grey[20:30, 10:20] = 200
    Image.fromarray(grey).save(tmp_path / "film.png")
    code, _, err = run(capsys, "tools", "prepare", tmp_path / "film.png", "--tool", "my-prepare", "--out", tmp_path / "f.nii.gz")
    assert code == 2
    assert "NIfTI would give it some. It is written as a picture: end the name in .png." in err
    code, _, err = run(capsys, "tools", "prepare", tmp_path / "film.png", "--tool", "my-prepare", "--out", tmp_path / "f.png")
    assert code == 0, err
    made = load_scan(tmp_path / "f.png")
    assert not made.has_mm
    assert made.shape == (40, 60, 1)
    assert made.voxels[15, 25, 0] == 200, "columns stay columns"
    assert run(capsys, "tools", "prepare", tmp_path / "film.png", "--tool", "clahe", "--out", tmp_path / "c.png")[0] == 0
    assert "to 255." in run(
        capsys, "tools", "prepare", tmp_path / "film.png", "--tool", "clahe", "--out", tmp_path / "c.png"
    )[1]
