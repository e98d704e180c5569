"""A cluster loses workers, nodes and itself in the middle of work; nothing is lost, and what cannot go on says why."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from acting import TOOL, Actors, asked, small_scan, wait_until
from nodes import Nodes

from tools import Cancelled, Known, Registry, Runtime, Scan, SegmentRequest, ToolError, ToolFailed
from tools.engines import EngineDown, MixedVersions
from tools.engines.remote import RayEngine

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]  # each starts clusters of some ten processes
PATIENCE_S = 300.0
"""A worker is started in 5 s here and took over 60 beside other work; no limit of a test may be what fails it."""


def on_ray(actors: Actors, **more: object) -> Runtime:
    given: dict[str, object] = {"device": "cpu", "replicas": 1, "folder": actors.folder, "store_mb": 200}
    if "address" not in more:
        given["cpus"] = 2
    return Runtime(engine=RayEngine(**{**given, **more}))  # type: ignore[arg-type]


@pytest.fixture
def actors(tmp_path: Path) -> Actors:
    return Actors(tmp_path)


@pytest.fixture
def nodes() -> Iterator[Nodes]:
    made = Nodes()
    yield made
    made.stop()


def pids(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def test_a_worker_that_dies_is_replaced_and_its_request_tried_again(actors: Actors, tmp_path: Path) -> None:
    runtime = on_ray(actors)
    try:
        phrases: list[str] = []
        died = tmp_path / "died"
        jobs = [runtime.submit(actors.tool(), asked(die=died), lambda f, p: phrases.append(p))]
        jobs += [runtime.submit(actors.tool(), asked(small_scan(n)), case=f"case {n}") for n in range(1, 9)]
        found = [job.result(PATIENCE_S) for job in jobs]
        assert died.exists()
        assert "a worker was lost; starting again" in phrases
        assert [r.mask.scan_id for r in found] == [small_scan(n).id for n in range(9)]
        with pytest.raises(ToolFailed, match="worker died 3 times over this request; nothing was recorded"):
            runtime.run(actors.tool(), asked(begun=tmp_path / "tries", **{"always die": True}))
        assert len(set(pids(tmp_path / "tries"))) == 3
        assert runtime.run(actors.tool(), asked()).mask.count == 64
    finally:
        runtime.close()


def test_what_serve_sends_again_by_itself_is_not_begun_again(actors: Actors, tmp_path: Path) -> None:
    """Serve tries by itself, and without end, what a worker had begun when it died before its first word came back."""
    late, tries, told = Path(__file__).parents[2] / "late.py", tmp_path / "tries", tmp_path / "told"
    subprocess.run([sys.executable, late, actors.folder, tries, told], capture_output=True, timeout=300, check=True)
    *lost, (kind, _, text) = json.loads(told.read_text())
    assert lost == [["progress", 0.0, "a worker was lost; starting again"]] * 3
    assert kind == "error"
    assert "worker died 3 times over this request" in text
    assert len(pids(tries)) == len(set(pids(tries))) == 3


def test_a_node_lost_in_the_middle_of_work_loses_nothing(actors: Actors, tmp_path: Path, nodes: Nodes) -> None:
    runtime, begun, go = on_ray(actors, address=nodes.address, replicas=2), tmp_path / "begun", tmp_path / "go"
    try:
        jobs = [runtime.submit(actors.tool(), asked(small_scan(n), begun=begun, go=go), case=f"{n}") for n in range(6)]
        until = time.monotonic() + PATIENCE_S
        while len(set(pids(begun))) < 2:
            assert time.monotonic() < until, "the second copy never came"
            time.sleep(0.05)
        at_work = set(pids(begun))
        lost = set(nodes.lose())
        assert at_work & lost, "no copy was on the node that was lost"
        go.touch()
        assert [job.result(PATIENCE_S).mask.scan_id for job in jobs] == [small_scan(n).id for n in range(6)]
        assert len(pids(begun)) > 6, "what the lost node had begun was begun again"
    finally:
        runtime.close()


def children(pid: int) -> list[tuple[int, str]]:
    said = subprocess.run(["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [(int(a), b) for a, b in (line.split(None, 1) for line in said.stdout.splitlines())]


def test_a_cluster_of_our_own_that_dies_is_started_again(actors: Actors, tmp_path: Path) -> None:
    runtime, begun = on_ray(actors), tmp_path / "begun"
    try:
        job = runtime.submit(actors.tool(), asked(begun=begun, go=tmp_path / "go"))
        wait_until(begun, PATIENCE_S)
        bridge = next(pid for pid, args in children(os.getpid()) if "tools.engines.bridge" in args)
        os.kill(bridge, signal.SIGKILL)
        (tmp_path / "go").touch()
        assert job.result(PATIENCE_S).mask.count == 64
    finally:
        runtime.close()


def test_a_cluster_lost_in_the_middle_says_so_in_one_line(actors: Actors, tmp_path: Path, nodes: Nodes) -> None:
    runtime, begun = on_ray(actors, address=nodes.address), tmp_path / "begun"
    try:
        job = runtime.submit(actors.tool(), asked(begun=begun, steps=100_000))
        wait_until(begun, PATIENCE_S)
        nodes.stop()
        with pytest.raises(EngineDown) as caught:
            job.result(PATIENCE_S)
        assert "\n" not in str(caught.value)
        assert nodes.address in str(caught.value)
        with pytest.raises(EngineDown, match=f"No Ray cluster answers at {nodes.address}"):
            runtime.run(actors.tool(), asked())
    finally:
        runtime.close()


def test_a_joined_cluster_is_shared_and_left_running(actors: Actors, nodes: Nodes) -> None:
    first, second = on_ray(actors, address=nodes.address), on_ray(actors, address=nodes.address)
    try:
        workers = {r.run(actors.tool(), asked()).notes for r in (first, second)}
        assert len(workers) == 1, "both copies of the app use the same copy of the model"
        first.close()
        assert second.run(actors.tool(), asked()).notes in workers
    finally:
        first.close()
        second.close()
    third = on_ray(actors, address=nodes.address)
    try:
        assert third.run(actors.tool(), asked()).notes in workers
    finally:
        third.close()


def test_workers_with_another_tool_are_refused(actors: Actors) -> None:
    runtime, old = on_ray(actors), actors.registry
    try:
        assert runtime.run(actors.tool(), asked()).mask.count == 64
        (actors.folder / "acting.py").write_text(TOOL.replace('"1.0.0"', '"2.0.0"'))
        (actors.folder / "other.py").write_text(TOOL.replace('spec("', 'spec("other-'))
        fresh = Registry.discover(actors.folder)
        (actors.folder / "other.py").unlink()
        with pytest.raises(MixedVersions, match=r"has no other-acting: There is no tool called"):
            runtime.run(fresh.get("other-acting"), asked())
        with pytest.raises(MixedVersions, match=r"another fresh: version 2\.0\.0 where the app has 1\.0\.0; code"):
            runtime.run(old.get("fresh"), asked())
    finally:
        runtime.close()


def test_cancelling_while_a_copy_is_started(actors: Actors) -> None:
    runtime = on_ray(actors)
    try:
        job = runtime.submit(actors.tool(), asked())
        job.cancel()
        with pytest.raises((Cancelled, ToolError)):
            job.result(PATIENCE_S)
        assert runtime.run(actors.tool(), asked()).mask.count == 64
    finally:
        runtime.close()


def on_record(engine: str, home: Path, scan: Path) -> list[tuple[object, ...]]:
    """Segment, measure and report a scan in a session of its own; return all that is on the record, but for times."""
    from agent import Failed, Session, Settings, Workspace

    workspace = Workspace.open(Settings(home=home, device="cpu", engine=engine))
    try:
        session = Session.open(scan, workspace=workspace, modality="CT", body_part="CHEST")
        session.call("segment", point=[80.0, 10.0, 20.0])
        events = list(session.ask("measure it and write the report"))
        assert not [e for e in events if isinstance(e, Failed)]
        assert session.report is not None
        return [
            (e.id, e.kind, e.producer, e.version, e.weights, e.array, e.text, tuple(q.to_json().items() for q in e.quantities))
            for e in session.evidence.all()
        ]
    finally:
        workspace.close()


def test_a_whole_session_on_the_cluster_leaves_the_same_record(tmp_path: Path) -> None:
    import nibabel

    from tools.phantom import Sphere, chest_phantom

    scan, _ = chest_phantom((Sphere((80.0, 10.0, 20.0), 14.0),), spacing=(1.4, 1.4, 2.5))
    file = tmp_path / "scan.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.asarray(scan.voxels), scan.affine), file)
    here, there = (on_record(engine, tmp_path / engine, file) for engine in ("local", "ray"))
    assert len(here) >= 3
    assert [str(line) for line in here] == [str(line) for line in there]


APP = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from acting import asked
from tools import Registry, Runtime
from tools.engines.remote import RayEngine
folder = Path(sys.argv[1])
runtime = Runtime(engine=RayEngine(device="cpu", folder=folder, cpus=2, store_mb=200))
print(runtime.run(Registry.discover(folder).get("acting"), asked()).mask.count, flush=True)
time.sleep(600)
"""
JOIN = "import ray; ray.init(address='auto', logging_level='ERROR'); print('joined')"


def environment(pid: int) -> dict[str, str]:
    text = Path(f"/proc/{pid}/environ").read_text()
    return dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)


def below(pid: int) -> list[tuple[int, str]]:
    """Every process that comes of one."""
    found = children(pid)
    return found + [grandchild for child, _ in found for grandchild in below(child)]


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are looked into through /proc")
def test_a_cluster_of_our_own_admits_nobody_and_goes_with_its_app(actors: Actors) -> None:
    secret = {"SCANWRIGHT_API_KEY": "sk-secret", "OPENAI_API_KEY": "sk-secret"}
    app = subprocess.Popen(
        [sys.executable, "-c", APP, str(actors.folder), str(Path(__file__).parents[2])],
        stdout=subprocess.PIPE, text=True, env={**os.environ, **secret},
    )  # fmt: skip
    try:
        assert app.stdout is not None
        assert app.stdout.readline() == "64\n"
        started = below(app.pid)
        assert all("sk-secret" not in json.dumps(environment(pid)) for pid, _ in started)
        raylet = next(pid for pid, args in started if "raylet/raylet " in args)
        token = {k: v for k, v in environment(raylet).items() if k.startswith("RAY_AUTH_")}
        assert token["RAY_AUTH_MODE"] == "token"
        without, wrong = {}, {**token, "RAY_AUTH_TOKEN": "0" * 64}
        joined = [
            subprocess.run([sys.executable, "-c", JOIN], capture_output=True, text=True, env={**os.environ, **more}, check=False).stdout
            for more in (without, wrong, token)
        ]
        assert joined == ["", "", "joined\n"]
    finally:
        app.kill()
        app.wait()
        if app.stdout is not None:
            app.stdout.close()
    until = time.monotonic() + PATIENCE_S
    while left := [args for pid, args in started if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < until, left
        time.sleep(0.2)


def test_bundles_and_tools_that_run_apart_work_on_the_cluster(actors: Actors) -> None:
    from bundle_maker import make_bundle

    make_bundle(actors.folder / "tiny")
    registry = Registry.discover(actors.folder)
    values = np.random.default_rng(4).integers(-1000, 1000, (20, 24, 12))
    known = {"modality": Known("CT", "known"), "body_part": Known("CHEST", "known")}
    request = SegmentRequest(Scan.build(values, np.diag([2.0, 2.0, 2.0, 1.0]), **known))
    here = Runtime("cpu")
    runtime = on_ray(actors, isolate=("acting",))
    try:
        apart = [int(runtime.run(registry.get("acting"), asked()).notes[0]) for _ in range(2)]
        assert apart[0] != apart[1], "a process of its own for each request"
        there = runtime.run(registry.get("tiny"), request)
        assert there.mask.hash == here.run(registry.get("tiny"), request).mask.hash
        assert there.mask.count > 0
    finally:
        runtime.close()
        here.close()
