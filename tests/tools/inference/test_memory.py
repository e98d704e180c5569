"""What a network needs is measured, what there is is read, and ways are tried in order until one fits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.contract import ToolFailed
from tools.inference import Attempt, first_that_fits, is_out_of_memory, memory, most_voxels, on_cpu, placed, room_bytes

torch = pytest.importorskip("torch")


def way(said: str, error: Exception | None = None) -> Attempt[str]:
    def act() -> str:
        if error is not None:
            raise error
        return said

    return Attempt(said, act)


FULL = (MemoryError(), torch.OutOfMemoryError("CUDA out of memory."), RuntimeError("DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("GET was unable to find an engine to execute this computation"))  # fmt: skip


def test_the_first_way_that_fits_is_told_unless_it_is_the_usual_one() -> None:
    assert first_that_fits([way("usual"), way("other")], "x") == ("usual", ())
    result, notes = first_that_fits([*(way("", e) for e in FULL), way("on the CPU"), way("never")], "segmenter")
    assert result == "on the CPU"
    assert notes == ("The memory did not suffice for the usual way: segmenter ran on the CPU.",)


def test_no_way_is_a_sentence_and_another_error_is_itself() -> None:
    with pytest.raises(ToolFailed, match=r"segmenter needs more memory than there is, in each of 4 ways"):
        first_that_fits([way("", e) for e in FULL], "segmenter")
    with pytest.raises(RuntimeError, match="odd"):
        first_that_fits([way("", RuntimeError("odd")), way("on the CPU")], "segmenter")


def test_the_failed_way_is_gone_before_the_next_begins() -> None:
    """What the way that did not fit held must not be held by its error while the next one runs."""
    import weakref

    class Big:
        pass

    held: list[weakref.ref[Big]] = []

    def fills() -> str:
        big = Big()
        held.append(weakref.ref(big))
        raise MemoryError

    def next_one() -> str:
        return "free" if held[0]() is None else "held"

    assert first_that_fits([Attempt("", fills), Attempt("again", next_one)], "x")[0] == "free"


@pytest.mark.parametrize("error", [ValueError("out of memory"), RuntimeError("no kernel image"), KeyError("x")])
def test_what_is_no_lack_of_memory(error: Exception) -> None:
    assert not is_out_of_memory(error)


def test_a_networks_need_grows_with_its_channels_and_not_with_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    room = 1e9
    monkeypatch.setattr(memory, "room_bytes", lambda device: room)

    def net(channels: int) -> Callable[..., object]:
        return torch.nn.Sequential(torch.nn.Conv3d(1, channels, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv3d(channels, 1, 1)).eval()

    small, large = (room / most_voxels(net(c), 1, (8, 8, 8), "cpu", 1) for c in (4, 16))
    assert small == pytest.approx(4 * (1 + 4 + 4 + 1))
    assert large == pytest.approx(4 * (1 + 16 + 16 + 1))
    assert room / most_voxels(net(4), 1, (16, 8, 8), "cpu", 1) == pytest.approx(small)
    assert room / most_voxels(net(4), 1, (8, 8, 8), "cpu", 4) == pytest.approx(4 * small)


def test_a_gpu_with_room_for_more_gets_windows_that_its_kernels_can_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The measuring itself is a GPU's; what it said of this network is put in its place."""
    net = torch.nn.Conv3d(1, 32, 3)
    monkeypatch.setitem(memory._measured, net, {"cuda": (300.0, 32.0)})
    monkeypatch.setattr(memory, "room_bytes", lambda device: 40e9)
    assert most_voxels(net, 1, (8, 8, 8), "cuda", 4) == pytest.approx(2**31 / (32 * 4))
    monkeypatch.setattr(memory, "room_bytes", lambda device: 4e9)
    assert most_voxels(net, 1, (8, 8, 8), "cuda", 4) == pytest.approx(4e9 / (300 * 4))


def test_the_widest_layer_is_measured() -> None:
    net = torch.nn.Sequential(torch.nn.Conv3d(2, 16, 3, padding=1), torch.nn.MaxPool3d(2), torch.nn.Conv3d(16, 24, 1)).eval()
    assert memory._needs(net, 2, (8, 8, 8), "cpu")[1] == 16


def test_what_is_free_is_the_containers_where_that_is_less(tmp_path: Path) -> None:
    machine, group = tmp_path / "meminfo", tmp_path / "group"
    machine.write_text("MemTotal:  64000000 kB\nMemAvailable:  32000000 kB\n")
    group.mkdir()
    assert memory.free_bytes(machine, group) == 32_000_000 * 1024
    (group / "memory.max").write_text("8000000000\n")
    (group / "memory.current").write_text("3000000000\n")
    assert memory.free_bytes(machine, group) == 5e9
    (group / "memory.max").write_text("max\n")
    assert memory.free_bytes(machine, group) == 32_000_000 * 1024


def test_there_is_some_room() -> None:
    assert 2**20 < room_bytes("cpu") < 2**50


class Moving(torch.nn.Linear):
    """A network whose way back to its device (`meta` stands for a GPU) fails at first."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__(2, 2)
        self.error = error
        self.went: list[str] = []

    def to(self, device: str) -> Moving:  # type: ignore[override]
        self.went.append(device)
        if device == "meta" and self.error is not None:
            self.weight = torch.nn.Parameter(self.weight.to("meta"))  # as one whose bias had no room any more
            error, self.error = self.error, None
            raise error
        self.weight = torch.nn.Parameter(torch.zeros(2, 2, device=device))
        return self


@pytest.mark.parametrize("error", FULL[1:])
def test_a_network_without_room_on_its_device_stays_whole_and_goes_back_later(error: Exception) -> None:
    network = Moving(error)
    with on_cpu(network, "meta"):
        assert network.weight.device.type == "cpu"
    assert network.went == ["cpu", "meta", "cpu"]
    assert {p.device.type for p in network.parameters()} == {"cpu"}
    assert placed(network, "meta").weight.device.type == "meta"
    assert network.went.pop() == "meta"
    placed(network, "meta")
    assert network.went == ["cpu", "meta", "cpu"], "it is there already"


def test_another_error_on_the_way_back_is_itself() -> None:
    with pytest.raises(RuntimeError, match="odd"), on_cpu(Moving(RuntimeError("odd")), "meta"):
        pass
