"""A bundle's own window is kept; larger ones and sixteen bits only where its page says so; a full memory is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bundle_maker import bright_network, make_bundle

from tools.bundles.expressions import Refused
from tools.bundles.inferring import answer_of, sliding_of
from tools.bundles.metadata import About, about

torch = pytest.importorskip("torch")


def known(folder: Path, **extra: Any) -> About:
    return about(make_bundle(folder, extra=extra or None))


def test_a_sliding_window_is_taken_over_as_the_bundle_sets_it(tmp_path: Path) -> None:
    from monai.inferers import SimpleInferer, SliceInferer, SlidingWindowInferer

    plain = known(tmp_path / "bundle")
    theirs = SlidingWindowInferer((16, -1, 8), 2, (0.5, 0.25, 0.0), "gaussian", 0.2, padding_mode="replicate", cval=-3.0)
    how = sliding_of(theirs, 3, plain)
    assert how is not None
    assert (how.window, how.overlap, how.mode, how.sigma_scale) == ((16, -1, 8), (0.5, 0.25, 0.0), "gaussian", 0.2)
    assert (how.padding_mode, how.pad_value, how.bfloat16) == ("replicate", -3.0, False)
    assert sliding_of(SlidingWindowInferer(24), 3, plain).window == (24, 24, 24)  # type: ignore[union-attr]
    fitted = sliding_of(theirs, 3, replace(plain, window_multiple=8, bfloat16=True))
    assert fitted is not None
    assert (fitted.window, fitted.multiple, fitted.bfloat16) == (None, 8, True)
    for other in (SimpleInferer(), SliceInferer(roi_size=(16, 16)), None, SlidingWindowInferer(16, with_coord=True)):
        assert sliding_of(other, 3, plain) is None


def test_what_the_page_may_say(tmp_path: Path) -> None:
    found = known(tmp_path / "said", window_multiple=16, bfloat16=True)
    assert (found.window_multiple, found.bfloat16) == (16, True)
    for n, odd in enumerate((-1, 5000, "16", True, 1.5)):
        with pytest.raises(Refused, match="a whole number of voxels"):
            known(tmp_path / f"odd{n}", window_multiple=odd)


def test_other_inferers_run_as_they_are(tmp_path: Path) -> None:
    from monai.inferers import SimpleInferer

    network, image = bright_network().eval(), torch.ones(1, 1, 8, 8, 8)
    with torch.inference_mode():
        due = network(image)
    for inferer in (None, SimpleInferer()):
        answer, notes = answer_of(image, network, inferer, "cpu", known(tmp_path / f"kind-{len(str(inferer))}"), lambda f, w: None)
        assert (torch.equal(answer, due), notes) == (True, ())


def test_an_answer_on_another_grid_is_left_to_monai(tmp_path: Path) -> None:
    from monai.inferers import SlidingWindowInferer

    halves = torch.nn.MaxPool3d(2).eval()
    image = torch.arange(16.0**3).reshape(1, 1, 16, 16, 16)
    answer, _ = answer_of(image, halves, SlidingWindowInferer(8, overlap=0.0), "cpu", known(tmp_path / "bundle"), lambda f, w: None)
    assert torch.equal(answer, halves(image))
