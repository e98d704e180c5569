"""A network over windows answers as MONAI's sliding window does; air left out changes nothing in the body."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from tools.contract import Cancelled, ToolFailed
from tools.inference import OtherSize, Sliding, infer, slide

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def network() -> Any:
    """A small U-Net whose answer depends on its window (instance norm), the hardest case to match."""
    from monai.networks.nets import UNet

    torch.manual_seed(0)
    return UNet(3, 1, 3, (4, 8, 16), (2, 2), num_res_units=1, norm="INSTANCE").eval()


@pytest.fixture(scope="module")
def image() -> Any:
    return torch.randn((1, 1, 44, 36, 20), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("window", "overlap", "mode", "padding"),
    [
        ((32, 32, 32), 0.25, "constant", "constant"),
        ((16, 24, 16), 0.5, "gaussian", "constant"),
        ((64, 48, 32), 0.25, "gaussian", "replicate"),
        ((16, 16, 0), (0.1, 0.4, 0.0), "constant", "constant"),
    ],
)
def test_the_answers_are_monais(
    network: Any, image: Any, window: tuple[int, ...], overlap: Any, mode: Any, padding: str
) -> None:
    from monai.inferers import sliding_window_inference

    outside = -1.5 if padding == "constant" else 0.0
    with torch.inference_mode():
        theirs = sliding_window_inference(image, window, 2, network, overlap, mode, padding_mode=padding, cval=outside)
    how = Sliding(window, overlap, mode, padding_mode=padding, pad_value=outside, batch=3)
    ours = slide(image, network, how, "cpu")
    assert ours.values.shape == theirs.shape
    torch.testing.assert_close(ours.values, theirs, rtol=0, atol=2e-5)


def test_a_picture_is_gone_through_too(image: Any) -> None:
    from monai.inferers import sliding_window_inference

    flat = torch.nn.Conv2d(1, 2, 3, padding=1).eval()
    picture = image[..., 10]
    ours = slide(picture, flat, Sliding((16, 16), mode="gaussian"), "cpu").values
    with torch.inference_mode():
        theirs = sliding_window_inference(picture, (16, 16), 1, flat, mode="gaussian")
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_air_left_out_changes_nothing_where_it_matters(network: Any, image: Any) -> None:
    matters = torch.zeros(image.shape, dtype=torch.bool)
    matters[..., 4:15, 3:12, :] = True
    how = Sliding((16, 16, 16), outside=(9.0, -9.0, -9.0))
    all_of_it = slide(image, network, how, "cpu")
    some = slide(image, network, how, "cpu", matters=matters)
    assert (some.windows, all_of_it.looked_at) == (all_of_it.windows, all_of_it.windows)
    assert 0 < some.looked_at < some.windows
    inside = matters[0, 0]
    assert torch.equal(some.values[..., inside], all_of_it.values[..., inside])
    assert torch.equal(some.values[0, :, -1, -1, -1], torch.tensor([9.0, -9.0, -9.0])), "what nobody looked at"


def test_a_volume_of_air_is_answered_without_the_network(image: Any) -> None:
    def never(batch: Any) -> Any:
        raise AssertionError("the network was asked")

    answer = slide(image, never, Sliding((16, 16, 16), outside=(1.0, 0.0)), "cpu", matters=torch.zeros(image.shape, dtype=torch.bool))
    assert (answer.looked_at, tuple(answer.values.shape)) == (0, (1, 2, 44, 36, 20))
    assert bool((answer.values[:, 0] == 1.0).all())


def test_leaving_out_needs_an_answer_for_what_is_left_out(network: Any, image: Any) -> None:
    with pytest.raises(ValueError, match="no answer is given"):
        slide(image, network, Sliding((16, 16, 16)), "cpu", matters=torch.ones(image.shape, dtype=torch.bool))


def test_a_window_fitted_to_the_volume_is_the_network_on_the_whole(network: Any, image: Any) -> None:
    answer = infer(image, network, Sliding(multiple=4), "cpu")
    with torch.inference_mode():
        torch.testing.assert_close(answer.values, network(image), rtol=0, atol=2e-5)
    assert (answer.windows, answer.notes) == (1, ())


def test_an_only_window_is_answered_as_it_is_whatever_the_weights(network: Any, image: Any) -> None:
    """Nothing is summed where nothing overlaps: not a bit is lost, nor the time."""
    how = Sliding((0, 0, 0), mode="gaussian", outside=(1.0, 0.0, 0.0))
    with torch.inference_mode():
        assert torch.equal(slide(image, network, how, "cpu").values, network(image))


def test_progress_is_told_and_can_stop_the_work(network: Any, image: Any) -> None:
    seen: list[float] = []
    slide(image, network, Sliding((16, 16, 16)), "cpu", progress=seen.append)
    assert seen == sorted(seen)
    assert (seen[-1], len(seen) > 10) == (1.0, True)

    def stop(fraction: float) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        infer(image, network, Sliding((16, 16, 16)), "cpu", progress=stop)


def test_another_grid_is_told(image: Any) -> None:
    with pytest.raises(OtherSize, match="answered with"):
        slide(image, torch.nn.MaxPool3d(2), Sliding((16, 16, 16)), "cpu")


class Greedy(torch.nn.Module):  # type: ignore[misc]
    """Answers twice its input; out of memory for windows of more voxels than it may take."""

    def __init__(self, most: int, error: type[Exception] = MemoryError) -> None:
        super().__init__()
        self.most, self.error, self.asked = most, error, list[tuple[int, ...]]()

    def forward(self, batch: Any) -> Any:
        self.asked.append(tuple(batch.shape))
        if batch.numel() > self.most:
            raise self.error("CUDA out of memory. Tried to allocate 2.00 GiB")
        return batch * 2


@pytest.mark.parametrize("error", [MemoryError, RuntimeError, torch.OutOfMemoryError])
def test_memory_that_runs_out_makes_windows_smaller_and_says_so(error: type[Exception]) -> None:
    image = torch.arange(64.0 * 64 * 32).reshape(1, 1, 64, 64, 32)
    greedy = Greedy(120_000, error).eval()
    answer = infer(image, greedy, Sliding(multiple=8), "cpu", what="tiny")
    torch.testing.assert_close(answer.values, image * 2)
    assert answer.windows > 1
    assert answer.notes == ("The memory did not suffice for the usual way: tiny ran in smaller windows.",)


def test_memory_for_hardly_anything_is_found_by_trying() -> None:
    image = torch.ones(1, 1, 64, 64, 32)
    greedy = Greedy(20_000).eval()
    answer = infer(image, greedy, Sliding(multiple=8), "cpu", what="tiny")
    assert bool((answer.values == 2).all())
    assert max(shape[2] * shape[3] * shape[4] for shape in greedy.asked) > 20_000, "the first trial did not fit"


def test_a_models_own_window_is_not_made_smaller() -> None:
    image = torch.ones(1, 1, 32, 32, 32)
    greedy = Greedy(16**3).eval()
    answer = infer(image, greedy, Sliding((16, 16, 16), batch=4), "cpu", what="tiny")
    assert answer.notes == ("The memory did not suffice for the usual way: tiny ran one window at a time.",)
    assert {shape[2:] for shape in greedy.asked} == {(16, 16, 16)}
    with pytest.raises(ToolFailed, match="more memory than there is"):
        infer(image, Greedy(10).eval(), Sliding((16, 16, 16)), "cpu")


def test_another_error_is_not_taken_for_memory() -> None:
    class Broken(Greedy):
        def forward(self, batch: Any) -> Any:
            raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        infer(torch.ones(1, 1, 8, 8, 8), Broken(1).eval(), Sliding((8, 8, 8)), "cpu")


def test_sixteen_bits_are_used_only_where_asked_for(network: Any, image: Any) -> None:
    from tools.inference import has_fast_bfloat16

    if not has_fast_bfloat16("cpu"):
        pytest.skip("this processor does not compute in bfloat16")
    full, lower = (slide(image, network, Sliding((0, 0, 0), bfloat16=b), "cpu").values for b in (False, True))
    assert full.dtype == lower.dtype == torch.float32
    assert 0 < float((full - lower).abs().max()) < 0.2
    assert float((full.argmax(1) == lower.argmax(1)).float().mean()) > 0.97


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_gpu_answers_as_the_cpu_does(network: Any, image: Any) -> None:
    here = slide(image, network, Sliding((16, 24, 16), 0.5, "gaussian"), "cpu").values
    there = infer(image, network.to("cuda"), Sliding((16, 24, 16), 0.5, "gaussian"), "cuda").values
    network.to("cpu")
    np.testing.assert_allclose(there.numpy(), here.numpy(), atol=5e-3)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("share", [1.0, 0.0], ids=["the image is there", "windows travel"])
def test_a_gpu_measures_fits_windows_and_computes_in_sixteen_bits(
    network: Any, image: Any, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = sys.modules[Sliding.__module__]
    monkeypatch.setattr(where, "IMAGE_SHARE", share)
    monkeypatch.setattr(where, "TRIAL", 16)
    here = slide(image, network, Sliding((0, 0, 0)), "cpu").values
    network.to("cuda")
    try:
        whole, lower = (infer(image, network, Sliding(multiple=4, bfloat16=b), "cuda") for b in (False, True))
    finally:
        network.to("cpu")
    assert (whole.windows, whole.notes, lower.notes) == (1, (), ())
    np.testing.assert_allclose(whole.values.numpy(), here.numpy(), atol=5e-3)
    assert float((lower.values.argmax(1) == here.argmax(1)).float().mean()) > 0.97
