"""TorchXRayVision's own architecture and transforms with random weights, saved the way the released file is."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torchxrayvision", reason="the extra xray is not installed")

from tools import ClassifyRequest, Known, Mask, NotApplicable, Registry, Scan
from tools.fetch import ITEMS, fetch, in_place
from tools.models.chest_xray.convert import convert, library
from tools.models.chest_xray.model import NOTE, SIDE, ChestXray, film
from tools.scan.grid import INDEX_FRAME

LABELS = 18


@pytest.fixture(scope="module")
def network() -> Any:
    """The real DenseNet121 of the library with weights that nobody trained."""
    import torch

    torch.manual_seed(7)
    models = library().models
    about = models.model_urls["densenet121-res224-all"]
    made = models.DenseNet(num_classes=LABELS, op_threshs=torch.tensor(about["op_threshs"]))
    return made.eval()


@pytest.fixture(scope="module")
def folder(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tools folder into which the network was fetched: a pickle of the whole model, in the format of its release."""
    import torch

    stick = tmp_path_factory.mktemp("stick")
    torch.save(network, stick / ITEMS["chest-xray"].file, _use_new_zipfile_serialization=False)
    own = tmp_path_factory.mktemp("tools")
    fetch("chest-xray", own, lambda item, size: None, offline=stick)
    return own


def test_both_of_pytorchs_formats_give_the_networks_own_tensors(folder: Path, network: Any, tmp_path: Path) -> None:
    import torch
    from safetensors.numpy import load_file

    torch.save(network, tmp_path / "today.pt")
    convert(tmp_path / "today.pt", tmp_path / "today.safetensors")
    due = {k: v.numpy() for k, v in network.state_dict().items() if k != "op_threshs"}
    for file in (tmp_path / "today.safetensors", folder / "chest-xray" / "weights.safetensors"):
        got = load_file(file)
        assert got.keys() == due.keys()
        assert all(np.array_equal(got[k], due[k]) for k in due)


def picture(high: int = 255, shape: tuple[int, int] = (300, 260), modality: str = "DX") -> Scan:
    """A film that is no film: a ramp and a disc, axes (column, row)."""
    i, j = np.indices(shape)
    values = (i / shape[0] * 0.6 + 0.4 * (np.hypot(i - 140, j - 120) < 60)) * high
    return Scan.build(
        np.round(values).astype(np.int32)[:, :, None], INDEX_FRAME, spacing=(None, None, None), calibration="none",
        modality=Known(modality, "stated"), body_part=Known("CHEST", "stated"),
    )  # fmt: skip


def whole(scan: Scan) -> Mask:
    return Mask.from_grid(scan.id, np.ones(scan.shape, bool), scan.affine, "chest film")


def test_scores_are_the_librarys_own_for_the_same_film(folder: Path, network: Any) -> None:
    import torch
    import torchvision

    registry = Registry()
    registry.add(in_place(ChestXray, folder))
    scan = picture()
    tool = registry.best("classify", scan)
    assert tool.spec.weights_sha256
    got = tool.run(ClassifyRequest(scan, whole(scan)))
    kit = library().datasets
    image = kit.normalize(np.asarray(scan.voxels)[:, :, 0].T, 255)[None]
    steps = torchvision.transforms.Compose([kit.XRayCenterCrop(), kit.XRayResizer(SIDE)])
    with torch.inference_mode():
        due = network(torch.from_numpy(steps(image))[None])[0].numpy()
    assert [q.value for q in got.scores] == pytest.approx(due.tolist(), abs=1e-5)
    assert len(got.scores) == LABELS
    assert got.scores[0].name == "xray_atelectasis"
    assert {q.unit for q in got.scores} == {"1"}
    assert all("reported by its authors" in q.method and "not a diagnosis" in q.method for q in got.scores)
    assert got.notes == (NOTE,)
    again = tool.run(ClassifyRequest(scan, whole(scan)))
    assert again.scores == got.scores


def test_a_film_of_more_bits_is_the_same_film() -> None:
    assert np.abs(film(picture(255)) - film(picture(4095))).max() < 10  # of 2048: what rounding to 8 bits costs
    assert film(picture()).shape == (1, SIDE, SIDE)
    assert film(picture()).min() >= -1024
    assert film(picture()).max() <= 1024
    upright = film(picture(shape=(260, 260)))[0]
    assert upright[5, -1] > upright[5, 0], "columns stay columns: the ramp runs along them"


def test_what_is_no_film_is_refused() -> None:
    for values in (np.full((40, 40, 1), 7), np.array([[[-3], [5]]]), np.array([[[0], [70_000]]])):
        scan = Scan.build(values, INDEX_FRAME, spacing=(None, None, None), calibration="none")
        with pytest.raises(NotApplicable, match="as it was stored"):
            film(scan)
    for modality in ("CT", "MR"):
        with pytest.raises(NotApplicable, match="CR or DX"):
            ChestXray.spec.check_scope(picture(modality=modality))
    bare = Scan.build(np.ones((40, 40, 1)), INDEX_FRAME, spacing=(None, None, None), calibration="none")
    with pytest.raises(NotApplicable, match="State it"):
        ChestXray.spec.check_scope(bare)


def test_importing_the_library_silences_no_warning_of_ours() -> None:
    library()
    with pytest.warns(UserWarning, match="still heard"):
        warnings.warn("still heard", stacklevel=1)


def test_nothing_it_says_feeds_criteria_or_names_a_trained_figure_of_ours() -> None:
    assert ChestXray.spec.accuracy == ()
    assert "authors" in ChestXray.spec.reported_by
    assert "no negative read" in ChestXray.spec.not_for


def test_its_map_explains_the_score_of_the_whole_film(folder: Path, network: Any) -> None:
    from tools.explain import explain

    made = in_place(ChestXray, folder)()
    made.load("cpu")
    scan = picture(shape=(64, 60))
    mask = np.zeros(scan.shape, bool)
    mask[30, 26] = True
    got = explain(made, ClassifyRequest(scan, Mask.from_grid(scan.id, mask, scan.affine, "place")), "xray_mass")
    alone = made.run(ClassifyRequest(scan, whole(scan))).scores
    assert got.score.value == next(q.value for q in alone if q.name == "xray_mass")
    assert got.scan.shape == scan.shape
    assert got.refused == 0
