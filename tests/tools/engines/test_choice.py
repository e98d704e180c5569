"""Which engine runs the tools is the operator's choice; what it lacks is one line, and Ray is not even imported."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from servers import free_port

from agent import Settings, Workspace
from tools.engines import EngineDown, EngineError, LocalEngine, MixedVersions, NoEngine, make_engine
from tools.engines.errors import error_of, named
from tools.engines.fingerprint import differences, fingerprint
from tools.engines.plan import GPU_SHARE, Plan, Room, copies, gpu_share
from tools.engines.remote import RayEngine
from tools.registry import Registry
from tools.runtime import open_runtime


def test_the_default_is_this_process() -> None:
    assert Settings.from_environment().engine == "local"
    assert isinstance(make_engine("local"), LocalEngine)


def test_the_setting_chooses_and_nothing_is_started_before_it_is_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANWRIGHT_ENGINE", "Ray")
    monkeypatch.setenv("SCANWRIGHT_RAY_REPLICAS", "3")
    settings = Settings.from_environment()
    assert (settings.engine, settings.ray_address, settings.ray_replicas) == ("ray", None, "3")
    workspace = Workspace.open(settings)
    assert workspace.runtime.device == "the Ray cluster on this machine"
    workspace.close()


def test_without_ray_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # type: ignore[arg-type]
    with pytest.raises(NoEngine, match=r"pip install 'scanwright\[ray\]'"):
        Workspace.open(Settings(home=home, engine="ray"))


@pytest.mark.parametrize(
    ("chosen", "said"),
    [({"engine": "spark"}, "local or ray"), ({"engine": "ray", "replicas": "two"}, "whole number of copies"),
     ({"engine": "ray", "replicas": "0"}, "whole number of copies")],
)  # fmt: skip
def test_a_choice_that_is_none_says_what_is_allowed(chosen: dict[str, str], said: str) -> None:
    with pytest.raises(NoEngine, match=said):
        open_runtime("cpu", **chosen)  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["ray://head:10001", "head", "head:x", ":6379"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(EngineDown, match="host:port of the cluster's head"):
        open_runtime(engine="ray", address=address)


def test_an_address_where_nothing_answers_is_refused_at_the_start() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(EngineDown, match=f"No Ray cluster answers at {address}") as caught:
        open_runtime(engine="ray", address=address)
    assert "\n" not in str(caught.value)


def test_the_command_line_says_it_in_one_line(home: Path) -> None:
    code = "import ui.cli, sys; sys.argv = ['scanwright', 'guideline', 'x']; ui.cli.main()"
    environment = {"SCANWRIGHT_HOME": str(home), "SCANWRIGHT_ENGINE": "spark", "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: There is no engine called 'spark'. SCANWRIGHT_ENGINE is local or ray.\n"


def test_the_app_never_imports_ray() -> None:
    code = "import sys, tools, tools.engines.remote, tools.engines.replica; assert 'ray' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_ray_engine_that_was_never_used_closes_at_once(tmp_path: Path) -> None:
    engine = RayEngine(folder=tmp_path)
    engine.close()


def test_errors_keep_their_kind_on_the_way() -> None:
    for kind in (NoEngine, EngineDown, MixedVersions, EngineError):
        back = error_of(*named(kind("said")))
        assert (type(back), str(back)) == (kind, "said")
    assert named(error_of("Popen", "x")) == ("ToolFailed", "x")
    assert type(error_of("NotApplicable", "x")).__name__ == "NotApplicable"


def test_a_worker_differs_in_words_or_not_at_all() -> None:
    tool = Registry.discover().get("nodule-segmenter")
    mine = fingerprint(tool)
    assert differences("nodule-segmenter", mine, dict(mine)) == ""
    said = differences("nodule-segmenter", mine, {**mine, "scanwright": "0.0.9", "weights": "0" * 12})
    assert f"Scanwright 0.0.9 where the app has {mine['scanwright']}" in said
    assert f"weights {'0' * 12} where the app has {mine['weights']}" in said
    assert "code" not in said.split("Nothing")[0]


def test_a_copy_takes_what_its_tool_needs() -> None:
    registry = Registry.discover()
    assert gpu_share(registry.get("nodule-segmenter").spec) == GPU_SHARE
    assert gpu_share(registry.get("lesion-measure").spec) == 0.0
    cpus, gpus = Room(16, 0, 8), Room(16, 4, 16)
    assert [copies(Plan(), room, 0.1) for room in (Room(2, 0, 2), cpus, gpus)] == [1, 4, 4]
    assert copies(Plan(device="cpu"), gpus, 0.1) == 4
    assert copies(Plan(), gpus, 0.0) == 4
    assert copies(Plan(replicas=7), cpus, 0.1) == 7
    assert Plan.of_said(Plan("a:1", "cpu", 2, "/x", ("own",)).as_said()) == Plan("a:1", "cpu", 2, "/x", ("own",))


def test_something_else_at_the_address_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        def speak() -> None:
            end, _ = other.accept()
            end.sendall(b"SSH-2.0-other\r\n")
            end.close()

        talking = threading.Thread(target=speak)
        talking.start()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(EngineDown, match=f"What answers at {address} is no Ray cluster"):
            open_runtime(engine="ray", address=address)
        talking.join()
