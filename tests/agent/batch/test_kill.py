"""A batch that is killed in the middle of a study, and run again: nothing is lost, half, or done twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import batches
import pytest
import scripted

from agent.batch import Processes, find_studies
from agent.batch.journal import NAME
from agent.batch.model import Job, Options
from agent.workspace import Workspace

KILLED = Path(__file__).with_name("killed_batch.py")
ROOT = Path(__file__).resolve().parents[3]


def kill(home: Path, out: Path, folder: Path, nth: int) -> int:
    """Run a batch that kills itself when its nth outline begins; return how it ended."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, str(KILLED), str(home), str(out), str(folder), str(nth)],
        env={**os.environ, "PYTHONPATH": paths}, capture_output=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()[-2000:]
    return done.returncode


def sound(home: Path, out: Path) -> None:
    """Assert that every folder is whole, the journal and the table agree, and each case is of one study."""
    lines = [json.loads(line) for line in (out / NAME).read_text(encoding="utf-8").splitlines()]
    ended = [line["outcome"] for line in lines if line["what"] == "ended"]
    assert len({o["study"] for o in ended}) == len(ended), "a study was done twice"
    folders = {p.name for p in out.iterdir() if p.is_dir()}
    assert folders == {o["study"] for o in ended}
    for name in folders:
        assert {p.name for p in (out / name).iterdir()} >= {"report.html", "evidence.json", "study.json"}
    made = scripted.workspace(home)
    try:
        assert {c.id for c in made.cases.of_owner("local")} == {o["case"] for o in ended}
        assert made.evidence.verify() == []
        assert all(len(made.evidence.case(o["case"]).all()) == o["evidence"] for o in ended)
    finally:
        made.close()


def test_a_run_that_is_killed_in_mid_study_is_gone_on_with(tmp_path: Path) -> None:
    for n in range(3):
        batches.balls(tmp_path / "in" / f"{n}.nii.gz", n)
    home, out = tmp_path / "home", tmp_path / "out"
    assert kill(home, out, tmp_path / "in", 4) == -signal.SIGKILL  # two outlines a study: in the second one
    whole = sorted(p.name for p in out.iterdir() if p.is_dir() and not p.name.startswith("."))
    assert len(whole) == 1
    first = (out / whole[0] / "study.json").read_bytes()
    found = find_studies(tmp_path / "in", modality="CT", body_part="CHEST")
    result = batches.run(home, out, found.studies)
    assert [o.status for o in result.outcomes] == ["done"] * 3
    assert result.already == 1
    assert (out / whole[0] / "study.json").read_bytes() == first
    sound(home, out)


def test_a_study_whose_folder_is_whole_is_taken_though_the_journal_does_not_say_so(tmp_path: Path) -> None:
    """Killed after the folder got its name and before the journal was told."""
    batches.balls(tmp_path / "in" / "one.nii.gz")
    home, out = tmp_path / "home", tmp_path / "out"
    found = find_studies(tmp_path / "in", modality="CT", body_part="CHEST")
    batches.run(home, out, found.studies)
    lines = (out / NAME).read_text(encoding="utf-8").splitlines(keepends=True)
    (out / NAME).write_text("".join(lines[:-1]), encoding="utf-8")
    (out / ".part-rest").mkdir()
    result = batches.run(home, out, found.studies)
    assert result.already == 1
    assert not (out / ".part-rest").exists()
    sound(home, out)


def test_again_keeps_what_there_was_where_it_fails(tmp_path: Path) -> None:
    file = batches.balls(tmp_path / "in" / "one.nii.gz")
    home, out = tmp_path / "home", tmp_path / "out"
    found = find_studies(tmp_path / "in", modality="CT", body_part="CHEST")
    (study,) = found.studies
    first = batches.run(home, out, found.studies).outcomes[0]
    again = batches.run(home, out, found.studies, anew=True).outcomes[0]
    assert again.study == first.study
    assert again.case != first.case
    made = scripted.workspace(home)
    assert [c.id for c in made.cases.of_owner("local")] == [again.case]  # nobody had worked on the first
    made.close()
    assert study.id  # known from now on
    file.write_bytes(b"no scan any more")
    result = batches.run(home, out, found.studies, anew=True)
    assert result.outcomes[0] == again
    assert "was not done again" in result.notes[0]


class Dying(Processes):
    """Workers that end at once."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, 1, ("-c", "raise SystemExit(7)"))


def test_a_worker_that_dies_costs_its_study_alone_and_many_in_a_row_end_the_batch(tmp_path: Path) -> None:
    from agent.batch import BatchStopped
    from agent.batch.crew import MOST_DEATHS

    made = scripted.workspace(tmp_path / "home")
    crew = Dying(made)
    job = Job("abc", "case1", ("x",), str(tmp_path), Options())
    outcome = crew.work(job)
    assert (outcome.status, outcome.error) == ("failed", "WorkerDied")
    assert "exit 7" in outcome.message
    for _ in range(MOST_DEATHS - 2):
        assert crew.work(job).status == "failed"
    with pytest.raises(BatchStopped, match="exit 7"):
        crew.work(job)
    crew.close()
    made.close()


def test_a_full_disk_stops_the_batch_and_says_so(tmp_path: Path) -> None:
    import errno

    from agent.batch import BatchStopped
    from agent.batch.one import check_world
    from agent.events import AgentError

    check_world(AgentError("something else"))
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise AgentError("The report could not be written") from error
    except AgentError as error:
        with pytest.raises(BatchStopped, match="Make room"):
            check_world(error)


def test_an_engine_or_a_database_that_is_lost_stops_the_batch_and_a_tool_that_broke_does_not() -> None:
    from agent.batch import BatchStopped
    from agent.batch.one import check_world
    from tools.contract import StateDown, ToolFailed
    from tools.engines.errors import EngineDown, EngineError

    for lost in (EngineDown("The cluster is gone."), StateDown("The database is gone.")):
        with pytest.raises(BatchStopped, match=r"is gone\. The batch was stopped"):
            check_world(lost)
    for broken in (ToolFailed("It broke."), EngineError("It died over this one."), ValueError("x")):
        check_world(broken)


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_forty_studies_under_kills(tmp_path: Path) -> None:
    for n in range(40):
        batches.balls(tmp_path / "in" / f"{n // 10}" / f"{n}.nii.gz", n)
    home, out = tmp_path / "home", tmp_path / "out"
    rng, killed, runs = random.Random(7), 0, 0
    while kill(home, out, tmp_path / "in", rng.randrange(3, 40)) != 0:
        killed += 1
        runs += 1
        assert runs < 60
    assert killed >= 3
    found = find_studies(tmp_path / "in", modality="CT", body_part="CHEST")
    result = batches.run(home, out, found.studies)
    assert (result.already, len(result.outcomes)) == (40, 40)
    sound(home, out)


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_worker_processes_end_with_their_batch_and_the_next_run_goes_on(tmp_path: Path) -> None:
    """The command itself, the shipped tools, two worker processes, SIGKILL once the first study is done."""
    for n in range(3):
        batches.phantom(tmp_path / "in" / f"{n}.nii.gz", n)
    out = tmp_path / "out"
    command = [
        sys.executable, "-m", "ui.cli", "batch", str(tmp_path / "in"), "--out", str(out), "--modality", "CT",
        "--body-part", "CHEST", "--workers", "2", "--json",
    ]  # fmt: skip
    environment = {**os.environ, "SCANWRIGHT_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 600
    while not list(out.glob("*/study.json")) and time.monotonic() < until:
        time.sleep(0.2)
    running.kill()
    running.wait()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=True)
    told = json.loads(done.stdout)
    assert told["studies"] == 3
    assert told["failed"] == 0
    assert told["done_before"] >= 1
    assert not list(out.glob(".part-*"))
    sound(tmp_path / "home", out)


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_a_batch_runs_on_a_cluster(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    for n in range(2):
        batches.phantom(tmp_path / "in" / f"{n}.nii.gz", n)
    command = [
        sys.executable, "-m", "ui.cli", "batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--modality",
        "CT", "--body-part", "CHEST", "--json",
    ]  # fmt: skip
    environment = {
        **os.environ, "SCANWRIGHT_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT), "SCANWRIGHT_ENGINE": "ray"
    }  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert (told["studies"], told["failed"], told["done"]) == (2, 0, 2)
    sound(tmp_path / "home", tmp_path / "out")
