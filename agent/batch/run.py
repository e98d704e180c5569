"""Runs a batch: gives studies to a crew, keeps the journal, writes table and page, and goes on where a run broke off.

The order in which things reach the disk is what makes a crash harmless: the journal says that a study is begun, its
folder is made beside its place and given its name, the journal says how it ended. A run that finds a study begun and
not ended takes it if its folder is complete, else throws away what there is of it and its case, and does it again.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from agent.batch.crew import Crew
from agent.batch.journal import NAME, Journal
from agent.batch.model import GO_ON, BatchError, BatchStopped, Job, Options, Outcome, Study
from agent.batch.one import BEFORE, BESIDE, SUMMARY, drop_case, failure, read_summary
from agent.batch.page import PAGE, page
from agent.batch.table import CSV, PARQUET, csv_bytes, parquet_bytes
from agent.events import AgentError
from agent.report.files import put
from agent.workspace import Workspace
from tools.scan import ScanError

SHOWN_EVERY_S = 60.0
"""How often table and page are written anew while a batch runs."""


@dataclass(frozen=True)
class Progress:
    """How far a run is: studies that ended of all, how many of them failed, seconds that are left, or None."""

    done: int
    total: int
    failed: int
    seconds_left: float | None


@dataclass
class Result:
    """What a run leaves behind."""

    outcomes: list[Outcome]
    already: int = 0
    """Studies that an earlier run had done."""
    again: int = 0
    """Studies that were there a second time, with the same content."""
    notes: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    stopped: str = ""
    """Why it could not go on; empty when it did."""


class Batch:
    """One run of a batch into a folder."""

    def __init__(
        self, workspace: Workspace, out: Path, options: Options, crew: Crew, *,
        anew: bool = False, with_paths: bool = False, tell: Callable[[Progress], None] = lambda progress: None,
    ) -> None:  # fmt: skip
        """Prepare a run.

        Args:
            anew: work on every study, those that are done too.
            with_paths: write where each study lies into the table.
            tell: is told how far it is after each study.

        Raises:
            BatchError: the folder holds something else, or cannot be made.
        """
        self._workspace, self._out, self._options, self._crew = workspace, out, options, crew
        self._anew, self._with_paths, self._tell = anew, with_paths, tell
        _check_folder(out)

    def run(self, studies: Sequence[Study]) -> Result:
        """Work on the studies and return what came of them, in their order.

        Raises:
            BatchError: the folder holds another batch, or another run is at work in it.
        """
        journal = Journal(self._out, self._options)
        try:
            self._mend(journal)
            self._check_same(studies, journal)
            run = _Run(studies, journal, self._out, self._anew)
            with contextlib.closing(self._crew):
                self._work(run, journal)
            result = run.result()
            self._write(result, run.places)
            return result
        finally:
            journal.close()

    def _check_same(self, studies: Sequence[Study], journal: Journal) -> None:
        """Raise BatchError when the folder's batch is of other studies altogether: a slip in --out would mix two."""
        named = [n for s in studies if (n := _name(s)) is not None] if journal.outcomes else []
        if named and not any(n in journal.outcomes or n in journal.begun for n in named):
            raise BatchError(
                f"That folder holds another batch: of {len(journal.outcomes)} studies, none of which is among these "
                f"{len(studies)}. Choose another --out."
            )

    def _mend(self, journal: Journal) -> None:
        """Settle what a run that broke off has left."""
        for before in self._out.glob(f"{BEFORE}*"):
            there = self._out / before.name.removeprefix(BEFORE)
            if not there.exists():
                before.rename(there)
        for study, case in list(journal.begun.items()):
            kept = read_summary(self._out / study)
            if kept is not None and kept.case in (case, ""):
                journal.ended(kept)
            if kept is None or kept.case != case:
                drop_case(self._workspace, case, self._options.owner)
        for rest in [*self._out.glob(f"{BESIDE}*"), *self._out.glob(f"{BEFORE}*")]:
            shutil.rmtree(rest, ignore_errors=True)

    def _work(self, run: _Run, journal: Journal) -> None:
        began, shown = time.monotonic(), time.monotonic()
        waiting: set[Future[Outcome]] = set()
        jobs = self._jobs(run, journal)
        with ThreadPoolExecutor(self._crew.size, thread_name_prefix="scanwright-batch") as pool:
            try:
                while True:
                    while len(waiting) < self._crew.size and (job := next(jobs, None)) is not None:
                        waiting.add(pool.submit(self._crew.work, job))
                    if not waiting:
                        return
                    ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in ended:
                        self._end(run, journal, future.result())
                    self._tell(run.progress(time.monotonic() - began))
                    if time.monotonic() - shown > SHOWN_EVERY_S:
                        shown = time.monotonic()
                        self._write(run.result(), run.places)
            except (BatchStopped, KeyboardInterrupt) as error:
                run.stopped = str(error) or f"Stopped. {GO_ON}"
                self._crew.close()
            except BaseException:
                self._crew.close()
                raise

    def _jobs(self, run: _Run, journal: Journal) -> Iterator[Job]:
        for study in run.due():
            case = secrets.token_hex(6)
            journal.started(study.id, case)
            yield Job(
                study.id, case, tuple(str(f.resolve()) for f in study.files), str(self._out.resolve()), self._options,
                study.modality, study.body_part,
            )  # fmt: skip

    def _end(self, run: _Run, journal: Journal, outcome: Outcome) -> None:
        before = journal.outcomes.get(outcome.study)
        run.ended += 1
        if before is None or before.status == "failed":
            journal.ended(outcome)
        elif outcome.status == "failed":
            journal.ended(before)
            run.notes.append(f"{outcome.study} was not done again, and stays as it was: {outcome.message}")
        else:
            journal.ended(outcome)
            if before.case:
                self._drop_untouched(before)

    def _drop_untouched(self, before: Outcome) -> None:
        """Delete the case of an earlier run, unless a reader has worked on it since."""
        if len(self._workspace.evidence.case(before.case).all()) == before.evidence:
            drop_case(self._workspace, before.case, self._options.owner)

    def _write(self, result: Result, places: dict[str, Path]) -> None:
        """Write table and page; a table that cannot be made is told."""
        shown = places if self._with_paths else None
        files = {CSV: csv_bytes(result.outcomes, shown), PAGE: page(result.outcomes, self._options.language)}
        try:
            files[PARQUET] = parquet_bytes(result.outcomes, shown)
        except BatchError as error:
            result.notes.append(str(error))
        try:
            result.files = put(self._out, files)
        except AgentError as error:
            result.stopped = result.stopped or f"Table and page were not written. {error}"


class _Run:
    """The studies of one run, and which of them are due."""

    def __init__(self, studies: Sequence[Study], journal: Journal, out: Path, anew: bool) -> None:
        self._journal, self._out = journal, out
        self._total = len(studies)
        self._ids: list[str] = []
        self._lost: list[Outcome] = []
        self.places: dict[str, Path] = {}
        self.ended = self._already = self._again = 0
        self.stopped = ""
        self.notes: list[str] = []
        self._due = self._sorted_out(studies, anew)

    def _sorted_out(self, studies: Sequence[Study], anew: bool) -> Iterator[Study]:
        """Yield what is to be worked on; note the rest."""
        for number, study in enumerate(studies, start=1):
            try:
                if study.problem:
                    raise BatchError(study.problem)
                name = study.id
            except (OSError, AgentError, ScanError) as error:
                self._lost.append(failure(f"unopened-{number}", error))
                continue
            if name in self.places:
                self._again += 1
                continue
            self.places[name] = study.place or study.files[0]
            self._ids.append(name)
            held = self._journal.outcomes.get(name)
            whole = held is not None and held.status != "failed" and (self._out / name / SUMMARY).is_file()
            if whole and not anew:
                self._already += 1
                continue
            yield study

    def due(self) -> Iterator[Study]:
        """Return what is to be worked on, as it is asked for."""
        return self._due

    def progress(self, seconds: float) -> Progress:
        """Return how far the run is."""
        settled = self.ended + self._already + self._again + len(self._lost)
        left = seconds / self.ended * max(0, self._total - settled) if self.ended else None
        failed = len(self._lost) + sum(self._of(n).status == "failed" for n in self._ids if n in self._journal.outcomes)
        return Progress(settled, self._total, failed, left)

    def result(self) -> Result:
        """Return what came of everything in the folder: this run's studies in their order, then earlier ones."""
        mine = [self._of(n) for n in self._ids if n in self._journal.outcomes]
        earlier = [o for n, o in sorted(self._journal.outcomes.items()) if n not in self.places]
        return Result(
            [*mine, *self._lost, *earlier], self._already, self._again, list(self.notes), stopped=self.stopped
        )  # fmt: skip

    def _of(self, study: str) -> Outcome:
        return self._journal.outcomes[study]


def _name(study: Study) -> str | None:
    """Return a study's id, or None where it has none."""
    try:
        return None if study.problem else study.id
    except (OSError, ScanError):
        return None


def _check_folder(out: Path) -> None:
    """Make the output folder, or see that it is empty or a batch's. Raises BatchError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        held = [p.name for p in out.iterdir()]
    except (NotADirectoryError, FileExistsError) as error:
        raise BatchError("--out is a file. Give a folder that is empty, or can be made.") from error
    except OSError as error:
        raise BatchError(f"The output folder cannot be made or read ({error.strerror}). Choose another.") from error
    if held and NAME not in held:
        raise BatchError("The output folder holds files that are no batch's. Choose an empty folder, or another.")
