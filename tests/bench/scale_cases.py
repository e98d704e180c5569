"""Whole cases: a study from files to its report, several cases at once, long threads, and many lesions."""

from __future__ import annotations

import importlib.util
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import from_here, in_a_process, peak_mb

HERE = Path(__file__).resolve().parent
CHEST_MM = 240.0
"""Height of the made chest, head to foot."""
OTHERS_S = 1800.0
"""A dozen studies from file to report, one worker and then one a core, end within that on two quiet cores."""


def study(engine: str) -> dict[str, Any]:
    """Return seconds of each step of one study, from DICOM files to the report, with an engine."""
    return dict(in_a_process("scale_cases", f"one_study({engine!r})"))


def one_study(engine: str) -> dict[str, Any]:
    """Read a series of a made chest with one nodule, outline, measure and report it."""
    from made import Made

    from agent import Session, Settings, Workspace
    from agent.report import make_files
    from tools import load_scan
    from tools.phantom import Sphere, chest_phantom

    place = (60.0, 0.0, 0.0)
    scan, _ = chest_phantom((Sphere(place, 12.0, 30.0),), spacing=(0.9, 0.9, 1.5))
    steps: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        signs = np.sign(np.diag(scan.affine)[:3])
        hu = np.asarray(scan.voxels)[:: -int(signs[0]) or 1, :: -int(signs[1]) or 1]
        Made(hu=hu, column_mm=0.9, row_mm=0.9, interval_mm=1.5, thickness_mm=1.5,
             origin=tuple(_origin(scan))).write(folder / "dicom")  # fmt: skip
        settings = Settings(home=folder / "home", engine=engine)
        workspace = Workspace.open(settings)
        try:
            began = last = time.perf_counter()

            def step(what: str) -> None:
                nonlocal last
                steps[what] = round(time.perf_counter() - last, 3)
                last = time.perf_counter()

            session = Session.open(load_scan(folder / "dicom"), workspace=workspace)
            step("read and open")
            said = session.call("segment", point=list(place))
            step("first outline, model loaded")
            session.call("segment", point=list(place))
            step("second outline")
            session.call("measure", lesion=1)
            step("measure")
            session.call("write_report")
            made = make_files(session.desk)
            step("report and its files")
            total = time.perf_counter() - began
        finally:
            workspace.close()
    return {"engine": engine, "slices": scan.shape[2], "steps": steps, "seconds": round(total, 2), "files": len(made.files),
            "outlined": "error" not in str(said).lower()[:40]}  # fmt: skip


def chest(slices: int) -> dict[str, Any]:
    """Return seconds from voxels in memory to found, outlined and measured lesions, the second time: models are loaded."""
    from agent import Session, Settings, Workspace
    from agent.missing import run_missing
    from tools.phantom import Sphere, chest_phantom

    ball = Sphere((60.0, 0.0, 0.0), 12.0, 30.0)
    with tempfile.TemporaryDirectory() as name:
        workspace = Workspace.open(Settings(home=Path(name)))
        try:
            for turn in range(2):
                scan, _ = chest_phantom((ball,), spacing=(0.8, 0.8, CHEST_MM / slices), seed=turn)
                np.asarray(scan.voxels)
                session = Session.open(scan, workspace=workspace)
                began = time.perf_counter()
                run_missing(session)
                took = time.perf_counter() - began
            measured = sum(x.measurement is not None for x in session.record.lesions)
            return {"slices": scan.shape[2], "device": workspace.runtime.device, "seconds": round(took, 2), "measured": measured}
        finally:
            workspace.close()


def _origin(scan: Any) -> list[float]:
    """Return LPS of the voxel with the least i and j of the flipped array."""
    corner = [scan.shape[a] - 1 if scan.affine[a, a] > 0 else 0 for a in range(2)]
    x, y, z = scan.to_mm((*corner, 0))
    return [-x, -y, z]


def crowd(count: int) -> dict[str, Any]:
    """Return how many of so many cases at once came through, and seconds a case."""
    import scripted

    from agent import Session

    failures: list[str] = []
    took: list[float] = []
    barrier = threading.Barrier(count)

    def one(number: int) -> None:
        try:
            session = Session.open(scripted.balls(number), workspace=workspace)
            barrier.wait()
            began = time.perf_counter()
            session.call("segment", point=list(scripted.BIG))
            session.call("measure", lesion=1)
            list(session.ask("how big is it?"))
            took.append(time.perf_counter() - began)
        except Exception as error:  # counted, and its kind told
            failures.append(type(error).__name__)
            barrier.abort()

    with tempfile.TemporaryDirectory() as name:
        workspace = scripted.workspace(Path(name))
        try:
            began = time.perf_counter()
            with ThreadPoolExecutor(count) as pool:
                list(pool.map(one, range(count)))
            whole = time.perf_counter() - began
        finally:
            workspace.close()
    return {"cases": count, "failures": failures, "seconds": round(whole, 2), "seconds_a_case": round(whole / count, 3),
            "median_wait_s": round(statistics.median(took), 2) if took else None}  # fmt: skip


def threads(rounds: int) -> dict[str, Any]:
    """Return what a persisted turn costs beside a bare graph's, and a thread of 500 messages beside one of 12."""
    spec = importlib.util.spec_from_file_location("scanwright_bench_agent", HERE / "agent.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    import scripted

    with tempfile.TemporaryDirectory() as name:
        workspace = scripted.workspace(Path(name))
        try:
            over, long = module._overhead(workspace, rounds), module._long(workspace, Path(name), rounds)
        finally:
            workspace.close()
        long["database_kb"] = round(sum(p.stat().st_size for p in Path(name).glob("conversations.sqlite*")) / 1024)
        default = plain_database(Path(name))
    return {
        **over, **long, "turn_of_the_bare_graphs": round(over["graph_ms"] / over["bare_agent_ms"], 2),
        "turn_of_the_bare_graphs_kept": round(over["graph_ms"] / over["bare_agent_kept_ms"], 2),
        "default_database_kb": default, "database_share": round(long["database_kb"] / default, 3),
    }  # fmt: skip


def plain_database(folder: Path) -> int:
    """Return the kilobytes that 250 turns take in the graph's own checkpoints, as they come."""
    import scripted
    from langchain.agents import create_agent
    from langchain_core.messages import AIMessage, HumanMessage
    from langgraph.checkpoint.sqlite import SqliteSaver

    script = scripted.ScriptedModel()
    with SqliteSaver.from_conn_string(str(folder / "plain.sqlite")) as saver:
        graph = create_agent(script, [], checkpointer=saver)
        for n in range(250):
            script.steps[:] = [AIMessage(f"Lesion 1 measures 16.8 mm. {n}")]
            graph.invoke({"messages": [HumanMessage(f"how big is it now, {n}?")]}, {"configurable": {"thread_id": "1"}})
    return round(sum(p.stat().st_size for p in folder.glob("plain.sqlite*")) / 1024)


def lesions(counts: list[int]) -> list[dict[str, Any]]:
    """Return time and memory of measuring so many lesions of one label volume, each count in a process of its own."""
    return [in_a_process("scale_cases", f"measured({n})") for n in counts]


def measured(count: int) -> dict[str, Any]:
    """Measure so many balls in a volume of 256 x 256 x 150."""
    from tools.measure import measure_labels

    labels = np.zeros((256, 256, 150), np.int32)
    ball = (np.indices((13, 13, 9)) - np.array([6, 6, 4])[:, None, None, None]).astype(float)
    inside = (ball[0] / 6) ** 2 + (ball[1] / 6) ** 2 + (ball[2] / 4) ** 2 <= 1
    places = [(i, j, k) for k in range(2, 138, 14) for i in range(2, 240, 24) for j in range(2, 240, 48)]
    for n, (i, j, k) in enumerate(places[:count], start=1):
        labels[i : i + 13, j : j + 13, k : k + 9][inside] = n
    affine = np.diag([0.7, 0.7, 1.25, 1.0])
    measure_labels(labels, affine)
    before, took = from_here(), []
    for _ in range(3):
        began = time.perf_counter()
        found = measure_labels(labels, affine)
        took.append(time.perf_counter() - began)
    ms = statistics.median(took) * 1000
    return {"lesions": len(found), "ms": round(ms, 1), "ms_a_lesion": round(ms / count, 2), "memory_mb": round(peak_mb() - before, 1)}


def others(quick: bool) -> dict[str, Any]:
    """Return what the benches of engines, shared state and batches measure, where they are at hand."""
    found: dict[str, Any] = {}
    calls = {"engines": "measure()", "states": "measure(3)" if quick else "measure()",
             "scale_batches": "measure(2, [1])" if quick else "measure()"}  # fmt: skip
    for name, call in calls.items():
        if not (HERE / f"{name}.py").is_file():
            found[name] = {"skipped": f"tests/bench/{name}.py is not in this checkout"}
            continue
        try:
            found[name] = in_a_process(name, call, OTHERS_S)
        except RuntimeError as error:
            found[name] = {"skipped": f"it did not run here: {str(error).splitlines()[-1][:200]}"}
    return found


