"""Corrective clicks: where a made reader clicks, how they reach the network, and that one of them helps."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tools import Mask, SegmentRequest
from tools.models.nodule_segmenter import evaluate
from tools.models.nodule_segmenter.components import Prompts, chosen
from tools.models.nodule_segmenter.corrections import Correction, corrected, draw, next_click
from tools.models.nodule_segmenter.data import Nodule, is_held_out, read_nodules
from tools.models.nodule_segmenter.model import WEIGHTS, NoduleSegmenter
from tools.models.nodule_segmenter.network import FIRST_CHANNELS, NARROW, build_network, grown, widened
from tools.models.nodule_segmenter.scores import score, touches
from tools.models.nodule_segmenter.train import FIRST, THIRD, train
from tools.models.nodule_segmenter.window import AVOID, FIX, PREVIOUS, SIDE
from tools.phantom import Sphere, chest_phantom

UNIT = (1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def tool() -> NoduleSegmenter:
    import torch

    torch.set_num_threads(1)
    made = NoduleSegmenter()
    made.load("cpu")
    return made


def ball(shape: tuple[int, int, int], centre: tuple[float, ...], radius: float) -> npt.NDArray[np.bool_]:
    axes = np.ogrid[tuple(slice(0, n) for n in shape)]
    return np.asarray(sum((a - c) ** 2 for a, c in zip(axes, centre, strict=True)) <= radius**2)


def made_nodule(patient: str, radius: float = 5.0, seed: int = 0) -> Nodule:
    mask = ball((9, 44, 44), (4, 22, 21), radius)
    noise = np.random.default_rng(seed).normal(0, 20, mask.shape)
    image = np.where(mask, 20, -860) + noise
    affine = np.diag([0.7, 0.7, 1.25, 1.0])
    row = {"Texture_value": "5", "longest_axial_mm": str(2 * radius)}
    return Nodule(f"{patient}_1", patient, image.astype(np.int16), mask, (1.25, 0.7, 0.7), affine, row)


def test_the_next_click_is_the_deepest_place_of_the_largest_error() -> None:
    truth, found = np.zeros((5, 20, 20), bool), np.zeros((5, 20, 20), bool)
    truth[1:4, 3:8, 3:8] = True  # 75 voxels missed
    found[2, 14:17, 14:17] = True  # 9 voxels too many
    assert next_click(found, truth, UNIT) == Correction((2.0, 5.0, 5.0), True, 75)
    assert next_click(found, np.zeros_like(truth), UNIT) == Correction((2.0, 15.0, 15.0), False, 9)
    assert next_click(truth, truth, UNIT) is None


def test_a_correction_is_drawn_where_it_belongs() -> None:
    data = np.zeros((7, 6, SIDE, SIDE), np.float32)
    draw(data, 2.0, Correction((3.0, 10.0, 30.0), True, 4))
    draw(data, 2.0, Correction((1.0, 40.0, 8.0), False, 4))
    assert data[FIX, 3, 10, 30] == data[AVOID, 1, 40, 8] == 1.0
    assert data[FIX, 3, 10, 34] == pytest.approx(np.exp(-1))
    assert data[FIX, 5, 10, 30] == pytest.approx(np.exp(-1))  # two slices of two pixels each
    assert data[AVOID].argmax() != data[FIX].argmax()


def test_training_shows_the_outline_and_a_click_on_its_error() -> None:
    target = ball((6, SIDE, SIDE), (3, 24, 24), 8)
    found = ball((6, SIDE, SIDE), (3, 24, 18), 8)
    data = np.zeros((7, 6, SIDE, SIDE), np.float32)
    data[1] = 1.0
    made = [corrected(data, found, target, 1.5, np.random.default_rng(n)) for n in range(20)]
    assert sum(bool((m[PREVIOUS] == found).all()) for m in made) > 10
    clicked = [m for m in made if m[FIX].any() or m[AVOID].any()]
    assert 10 < len(clicked) < 20
    for m in clicked:
        channel = FIX if m[FIX].any() else AVOID
        z, y, x = np.unravel_index(int(m[channel].argmax()), target.shape)
        assert (target & ~found if channel == FIX else found & ~target)[z, y, x]
    assert not data[FIX].any()


def test_what_is_left_out_is_parted_at_the_neck() -> None:
    shape = (11, 40, 60)
    lesion, vessel = ball(shape, (5, 20, 18), 9), ball(shape, (5, 20, 40), 6)
    bridge = np.zeros(shape, bool)
    bridge[4:7, 19:22, 26:36] = True
    inside = lesion | vessel | bridge
    answer = chosen(inside, inside.astype(np.float32), Prompts((5, 20, 18), None, (((5, 20, 40), False),)), UNIT)
    assert answer is not None
    assert (answer & lesion).sum() > 0.98 * lesion.sum()
    assert not (answer & vessel & ~bridge).any()


def test_a_click_to_leave_out_at_the_border_takes_little() -> None:
    lesion = ball((11, 40, 40), (5, 20, 20), 12)
    edge = (5.0, 20.0, 31.0)
    answer = chosen(lesion, lesion.astype(np.float32), Prompts((5, 20, 20), None, ((edge, False),)), UNIT)
    assert answer is not None
    assert not answer[5, 20, 31]
    assert answer.sum() > 0.9 * lesion.sum()


def test_more_channels_change_nothing_until_they_are_used() -> None:
    import torch

    torch.manual_seed(3)
    first = build_network(FIRST_CHANNELS).eval()
    second = build_network().eval()
    second.load_state_dict(widened(first.state_dict()))
    data = torch.rand(1, 7, 4, SIDE, SIDE)
    with torch.inference_mode():
        torch.testing.assert_close(second(data), first(data[:, :FIRST_CHANNELS]))


def test_a_wider_network_begins_with_the_answers_of_the_narrow_one() -> None:
    import torch

    torch.manual_seed(4)
    narrow, wide = build_network(filters=NARROW).eval(), build_network().eval()
    wide.load_state_dict(grown(narrow.state_dict()))
    data = torch.rand(2, 7, 5, SIDE, SIDE)
    with torch.inference_mode():
        torch.testing.assert_close(wide(data), narrow(data), rtol=1e-4, atol=1e-4)
    new = wide.input_block.conv1.conv.weight
    assert bool(new[NARROW[0] :].abs().max() > 0)


def test_every_part_of_the_training_gives_the_same_weights_again(capsys: pytest.CaptureFixture[str]) -> None:
    nodules = [made_nodule(f"p{n}", 4.0 + n, n) for n in range(3)]
    for part in (replace(FIRST, steps=1, cycle=4), replace(THIRD, steps=2, cycle=4)):
        one, again = (train(nodules, part, "cpu") for _ in range(2))
        assert all(bool((one[k] == again[k]).all()) for k in one)
        assert f"{part.name} {part.steps}/{part.steps}  loss" in capsys.readouterr().out


def test_the_finer_look_does_not_depend_on_the_threshold(tool: NoduleSegmenter) -> None:
    sphere = Sphere((-80.0, 10.0, 20.0), 12.0)
    scan, _ = chest_phantom((sphere,), spacing=(1.4, 1.4, 2.5))
    clicks = (((-80.0, 18.0, 20.0), False), ((-84.0, 10.0, 20.0), True))
    loose, tight = (
        tool.run(SegmentRequest(scan, point=sphere.centre, clicks=clicks, threshold=t)).mask for t in (0.3, 0.8)
    )
    assert tight.overlap(loose) == tight.count < loose.count


@pytest.mark.parametrize("diameter", [35.0, 60.0, pytest.param(80.0, marks=pytest.mark.long)])
def test_masses_larger_than_the_finest_window_are_outlined_whole(tool: NoduleSegmenter, diameter: float) -> None:
    scan, masks = chest_phantom((Sphere((75.0, 5.0, 0.0), diameter),), spacing=(1.4, 1.4, 2.5))
    mask = tool.run(SegmentRequest(scan, point=(75.0 + diameter / 5, 5.0, 0.0))).mask
    assert 2 * mask.overlap(masks[0]) / (mask.count + masks[0].count) > 0.85


def test_the_sample_mass_is_outlined(shared: Callable[[str], Path], tool: NoduleSegmenter) -> None:
    import nrrd

    from tools import load_scan

    scan = load_scan(shared("sample/lung2_image.nrrd"))
    label, _ = nrrd.read(str(shared("sample/lung2_label.nrrd")))
    truth = Mask.from_grid(scan.id, label > 0, scan.affine)
    mask = tool.run(SegmentRequest(scan, point=truth.core_mm)).mask
    assert 2 * mask.overlap(truth) / (mask.count + truth.count) > 0.75


def held_out_id(number: int) -> str:
    """Return a made patient id that the split holds out."""
    return next(p for n in range(100) if is_held_out(p := f"made-{number}-{n}"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three made nodules of three held-out patients and one of a patient to train on, as the crops are stored."""
    import nibabel

    known = next(p for n in range(100) if not is_held_out(p := f"known-{n}"))
    nodules = [made_nodule(held_out_id(n), 4.0 + 2 * n, n) for n in range(3)] + [made_nodule(known)]
    for name in ("image", "mask"):
        (tmp_path / name).mkdir()
    rows: list[dict[str, Any]] = []
    for n in nodules:
        for name, array in (("image", n.image), ("mask", n.mask.astype(np.int16))):
            nibabel.save(
                nibabel.Nifti1Image(np.moveaxis(array, 0, 2), n.affine), tmp_path / name / f"{n.name}.nii.gz"
            )
        rows.append({"name": n.name, "patient_id": n.patient, **n.row})
    with (tmp_path / "nodules.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path


def test_the_evaluation_measures_held_out_patients_alone(folder: Path) -> None:
    said: list[str] = []
    figures = evaluate.measured(folder, progress=said.append)
    assert (figures["patients"], figures["prompts"]["click"]["nodules"]) == (3, 3)
    weights = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert figures["weights_sha256"] == weights
    for kind in ("click", "click in the inner half", "box", "click and 1 correction", "click and 5 corrections"):
        assert figures["prompts"][kind]["dice_mean"]["value"] > 0.8  # plain balls
    assert "click, slices averaged to 2.5 mm" in figures["prompts"]
    assert said == ["3 of 3 nodules"]
    assert evaluate.table(figures).count("\n") > 10
    # groups without a case are left out
    assert set(figures["click_by_texture"]) == {"solid"}
    assert set(figures["click_by_contact"]) == {"free"}
    assert not touches(made_nodule("p"))


def test_thick_slices_keep_their_place_in_the_patient() -> None:
    nodule = made_nodule("p", 6.0)
    thick = evaluate.thickened(nodule, 2.5)
    assert thick is not None
    assert thick.spacing == (2.5, 0.7, 0.7)
    assert (thick.affine @ [0, 0, 0, 1])[2] == pytest.approx((nodule.affine @ [0, 0, 0.5, 1])[2])
    assert thick.image[1].mean() == pytest.approx(nodule.image[2:4].mean(), abs=1.0)
    assert evaluate.thickened(nodule, 10.0) is None


def test_one_correction_helps_on_patients_never_seen(shared: Callable[[str], Path], tool: NoduleSegmenter) -> None:
    nodules = [n for n in read_nodules(shared("lidc_voi")) if n.held_out][3::14]
    before, after = [], []
    for nodule in nodules:
        place = evaluate.central_click(nodule)
        first = evaluate.by_point(tool, nodule, place)
        click = next_click(np.zeros_like(nodule.mask) if first is None else first, nodule.mask, nodule.spacing)
        assert click is not None
        before.append(score(nodule, first).dice)
        after.append(score(nodule, evaluate.by_point(tool, nodule, place, [(click.place, click.add)])).dice)
    assert len(nodules) >= 10
    assert np.mean(after) > np.mean(before) + 0.01


@pytest.mark.gpu
def test_a_gpu_gives_the_same_outline(tool: NoduleSegmenter) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    sphere = Sphere((-80.0, 10.0, 20.0), 14.0)
    scan, _ = chest_phantom((sphere,), spacing=(1.0, 1.0, 2.0))
    other = NoduleSegmenter()
    other.load("cuda")
    one, two = (t.run(SegmentRequest(scan, point=sphere.centre)).mask for t in (tool, other))
    # bfloat16 has 8 bits of precision: voxels whose probability lies within 0.01 of the threshold may change sides.
    assert 2 * one.overlap(two) / (one.count + two.count) > 0.98


@pytest.mark.gpu
def test_a_gpu_trains_every_part() -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    nodules = [made_nodule(f"p{n}", 4.0 + n, n) for n in range(3)]
    for part in (replace(FIRST, steps=2, cycle=4), replace(THIRD, steps=2, cycle=4)):
        weights = train(nodules, part, "cuda")
        assert all(bool(torch.isfinite(v.float()).all()) for v in weights.values())
