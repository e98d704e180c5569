"""The bench of models on a tiny made folder: figures, intervals, CSV, and what it says of missing data."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tools import NotApplicable
from tools.lesions import write_labels
from tools.phantom import Sphere, chest_phantom
from ui import bench

OWN_TOOLS = '''
from tools import ClassifyRequest, Mask, NotApplicable, SegmentRequest, VisionTool
from tools.contract import ClassifyResult, SegmentResult, ToolSpec
from tools.quantity import Quantity

KNOWN = dict(version="1", summary="s", not_for="n", modalities=("CT",), body_parts=(), labels=("x",), licence="Apache-2.0")


class Ball(VisionTool):
    """Outlines a ball of 5 mm radius at the click; nothing on the left."""

    spec = ToolSpec(name="ball", task="segment", **KNOWN)

    def run(self, request, progress=None):
        import numpy as np

        if request.point[0] < 0:
            raise NotApplicable("Not on the left.")
        scan = request.scan
        grid = np.stack(np.meshgrid(*(np.arange(n) for n in scan.shape), indexing="ij"), axis=-1)
        mm = (grid - np.array(scan.to_index(request.point))) * np.array(scan.spacing)
        return SegmentResult(Mask.from_grid(scan.id, (mm**2).sum(axis=-1) <= 25.0, scan.affine), 0.5)


class Denser(VisionTool):
    """Scores by mean attenuation."""

    spec = ToolSpec(name="denser", task="classify", **KNOWN)

    def run(self, request, progress=None):
        inside = request.scan.voxels[request.mask.slices][request.mask.box]
        return ClassifyResult((Quantity("density", float(inside.mean()), "1", "mean"),))
'''
SPHERES = (
    Sphere((80.0, 10.0, 20.0), 10.0, 30.0), Sphere((75.0, 30.0, -30.0), 16.0, -400.0), Sphere((-80.0, 10.0, 0.0), 12.0),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two patients, one image each, with three lesions a file."""
    import nibabel

    root = tmp_path_factory.mktemp("own")
    for name in ("images", "labels", "tools"):
        (root / name).mkdir()
    (root / "tools" / "made.py").write_text(OWN_TOOLS, encoding="utf-8")
    scan, masks = chest_phantom(SPHERES, spacing=(2.0, 2.0, 3.0))
    for name in ("a", "b"):
        nibabel.save(nibabel.Nifti1Image(np.asarray(scan.voxels), np.array(scan.affine)), root / f"images/{name}.nii.gz")
        write_labels(root / f"labels/{name}.nii.gz", dict(enumerate(masks, start=1)), scan)
    lines = ["name,patient,lesion,label"]
    lines += [f"{name},p{name},{n},{int(n != 2)}" for name in ("a", "b") for n in (1, 2, 3)]
    (root / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


@pytest.fixture
def measure(folder: Path) -> Callable[..., dict[str, Any]]:
    def run(tool: str, *more: str, data: Path = folder) -> dict[str, Any]:
        return bench.run(
            "models",
            ["--tool", tool, "--data", str(data), "--tools", str(folder / "tools"), "--modality", "CT", "--body-part",
             "CHEST", *more],
        )  # fmt: skip

    return run


def test_a_segmenter_of_ones_own_is_measured(measure: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    out = tmp_path / "rows.csv"
    figures = measure("ball", "--csv", str(out))["figures"]
    assert (figures["lesions"], figures["patients"], figures["refused"]) == (6, 2, 2)
    # A ball of 10 mm: right for the first, 0.24 of the second's volume (Dice 0.39), refused on the left (0).
    assert figures["dice_median"]["value"] == pytest.approx(0.39, abs=0.05)
    assert figures["dice_mean"]["value"] == pytest.approx((0.9 + 0.39) / 3, abs=0.05)
    assert "low" not in figures["dice_mean"], "two patients give no interval"
    assert figures["diameter_error_mm_median"]["value"] == pytest.approx(3.0, abs=1.0)
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert [r["lesion"] for r in rows] == ["1", "2", "3"] * 2
    assert "Not on the left" in rows[2]["refused"]
    assert rows[2]["dice"] == "0.0"
    json.dumps(figures)


def test_a_classifier_is_measured_beside_the_diameter(measure: Callable[..., dict[str, Any]]) -> None:
    figures = measure("denser")["figures"]
    assert (figures["scored"], figures["refused"]) == (6, 0)
    assert figures["auc"]["value"] == 1.0, "the sub-solid sphere is the negative one"
    assert figures["auc_diameter_alone"]["value"] == 0.0, "and the largest"
    assert figures["auc_difference"]["value"] == 1.0


def test_intervals_hold_the_truth_of_known_rows() -> None:
    import sys

    sys.path.insert(0, str(bench.FOLDER))
    import own_images

    rng = np.random.default_rng(2)
    rows = [own_images.Row(f"i{n}", f"p{n // 2}", 1, 10.0, dice=float(rng.normal(0.8, 0.1))) for n in range(200)]
    found = own_images.interval(rows, lambda some: float(np.mean([r.dice for r in some])))
    assert found["low"] < 0.8 < found["high"]
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * 0.1 / 200**0.5, rel=0.35)
    scored = [own_images.Row("i", "p", 1, 1.0, score=s, label=y) for s, y in ((1, 0), (2, 1), (2, 0), (3, 1))]
    assert own_images.area(scored, lambda r: r.score or 0.0, 0.0) == 0.875


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: None, "There is no folder"),
        (lambda p: p.mkdir(), "holds no folder images or image"),
        (lambda p: [(p / n).mkdir(parents=True) for n in ("images", "labels")], "holds no image"),
        (lambda p: [(p / n).mkdir(parents=True) or (p / n / f"{n}.nii.gz").touch() for n in ("images", "labels")],
         "no partner of the same name: 'images' has an image and lacks labels"),
    ],
)  # fmt: skip
def test_missing_data_is_told(
    measure: Callable[..., dict[str, Any]], tmp_path: Path, spoil: Callable[[Path], Any], message: str
) -> None:
    spoil(tmp_path / "data")
    with pytest.raises(NotApplicable, match=message):
        measure("ball", data=tmp_path / "data")


def copied(folder: Path, to: Path) -> Path:
    """A copy of the folder with its first case alone."""
    import shutil

    for name in ("images", "labels"):
        (to / name).mkdir(parents=True)
        shutil.copy(folder / name / "a.nii.gz", to / name)
    return to


def test_a_case_that_cannot_be_measured_is_named(measure: Callable[..., dict[str, Any]], folder: Path, tmp_path: Path) -> None:
    import nibabel

    data = copied(folder, tmp_path / "data")
    with pytest.raises(NotApplicable, match=r"There is no folder .*nowhere to write rows\.csv into"):
        measure("ball", "--csv", str(tmp_path / "nowhere" / "rows.csv"), data=data)
    for rows, message in (("a,9", "names lesion '9' of 'a'; its labels hold 1, 2, 3"), ("a,first", "names lesion 'first'")):
        (data / "cases.csv").write_text(f"name,lesion\n{rows}\n", encoding="utf-8")
        with pytest.raises(NotApplicable, match=message):
            measure("ball", data=data)
    (data / "cases.csv").unlink()
    for shape, message in (((20, 20, 20), "a: The mask lies on another grid"), (None, "a: The mask is empty")):
        image = nibabel.load(data / "images" / "a.nii.gz")
        grid = np.zeros(shape or image.shape, np.uint8)
        nibabel.save(nibabel.Nifti1Image(grid, image.affine), data / "labels" / "a.nii.gz")
        with pytest.raises(NotApplicable, match=message):
            measure("ball", data=data)


def test_a_tool_that_outlines_nothing_gets_no_figure_but_a_table(
    measure: Callable[..., dict[str, Any]], folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "rows.csv"
    with pytest.raises(NotApplicable, match=r"None of 3 lesions was outlined.*hippocampus works on modality MR"):
        measure("hippocampus", "--csv", str(out), data=copied(folder, tmp_path / "data"))
    assert out.read_text(encoding="utf-8").count("works on modality MR") == 3


def test_the_operators_own_tools_are_found_without_a_flag(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCANWRIGHT_HOME", str(folder))
    found = bench.run("models", ["--tool", "ball", "--data", str(copied(folder, tmp_path / "data")), "--modality", "CT"])
    assert found["figures"]["lesions"] == 3


def test_each_structure_is_held_to_its_own_label_value() -> None:
    import sys

    sys.path.insert(0, str(bench.FOLDER))
    import own_images

    from tools import Mask, Registry, SegmentResult

    scan, masks = chest_phantom(SPHERES, spacing=(2.0, 2.0, 3.0))
    tool = Registry.discover().get("hippocampus")
    first, second = (Mask(m.scan_id, m.box, m.offset, scan.shape, scan.affine, label)
                     for m, label in zip(masks, tool.spec.labels, strict=False))  # fmt: skip
    both = SegmentResult(second, 0.5, (), (first,))
    assert own_images._structure(tool, both, 1) is first
    assert own_images._structure(tool, both, 2) is second
    with pytest.raises(NotApplicable, match="label 3 stands for none of"):
        own_images._structure(tool, both, 3)
    with pytest.raises(NotApplicable, match="was not outlined"):
        own_images._structure(tool, SegmentResult(first, 0.5), 2)


def test_wrong_options_are_told(measure: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    with pytest.raises(NotApplicable, match="go together"):
        bench.run("models", ["--tool", "ball"])
    with pytest.raises(NotApplicable, match=r"no score 'x'\. It gives: density"):
        measure("denser", "--score", "x")
    with pytest.raises(NotApplicable, match="leaves one kind"):
        measure("denser", "--above", "7")
    with pytest.raises(NotApplicable, match="measures tools to segment and to classify"):
        measure("lung-candidates")
    with pytest.raises(NotApplicable, match=r"no nodules\.csv"):
        bench.run("models", ["--lidc", str(tmp_path)])


LIDC = Path(__file__).parents[2] / "shared" / "data" / "lidc_voi"


@pytest.mark.long
@pytest.mark.skipif(not (LIDC / "nodules.csv").is_file(), reason="needs the LIDC-IDRI crops, which are not part of the repository")
def test_the_shipped_models_are_measured_beside_their_baselines() -> None:
    found = bench.run("models", ["--quick"])
    assert found["segmenter"]["shipped, click"]["dice_mean"]["value"] > found["segmenter"]["cut at -400 HU"]["dice_mean"]["value"]
    assert {"lidc_rating", "lidc_texture", "lidc_margin"} & set(found["ratings"])
    assert found["speed"]["rate_s"] > 0
    assert found["peak_mb"] > 0
