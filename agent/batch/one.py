"""One study of a batch: read, search, outline, measure, rate, report; its folder appears complete or not at all.

Everything is written beside its place and then given its name. Of a study that failed nothing is left but what is
told of it. Knows no journal and no other study.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import shutil
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from agent.batch.model import GO_ON, BatchStopped, Job, Outcome, chain
from agent.batch.rows import lesion_rows, made_by, scan_row
from agent.events import AgentError, UnknownCase
from tools.contract import StateDown, ToolError, ToolFailed
from tools.engines.errors import EngineDown, MixedVersions, NoEngine
from tools.evidence import EvidenceError
from tools.scan import Known, Scan, ScanError, load_scan

if TYPE_CHECKING:
    from agent.missing import Missing
    from agent.session import Session
    from agent.workspace import Workspace

log = logging.getLogger(__name__)

SUMMARY = "study.json"
"""What came of a study, in its folder: it says that the folder is complete."""
BESIDE, BEFORE = ".part-", ".old-"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_OURS = ("tools", "agent", "knowledge")


def run_study(workspace: Workspace, job: Job) -> Outcome:
    """Work on a study and return what came of it; its files lie in the batch's folder then.

    Raises:
        BatchStopped: no study could go on: the disk is full, or engine or database cannot be reached.
    """
    began, beside = time.monotonic(), Path(job.out) / f"{BESIDE}{job.study}"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        outcome = _work(workspace, job, beside, began)
        place(Path(job.out), job.study)
    except Exception as error:  # noqa: BLE001 - one bad study, whatever is wrong with it, never stops the rest
        shutil.rmtree(beside, ignore_errors=True)
        check_world(error)
        drop_case(workspace, job.case, job.options.owner)
        return failure(job.study, error, time.monotonic() - began)
    if not job.options.keep_cases:
        drop_case(workspace, job.case, job.options.owner)
    else:
        with contextlib.suppress(AgentError, ToolError):  # a search takes it in by itself
            workspace.finder.note(job.case, job.options.owner)
    return outcome


def _work(workspace: Workspace, job: Job, beside: Path, began: float) -> Outcome:
    from agent.missing import run_missing
    from agent.report import write_files
    from agent.session import Session

    scan = load_scan(list(job.files) if len(job.files) > 1 else job.files[0])
    stated, told_otherwise = stated_of(job, scan)
    session = Session.open(
        scan, case=job.case, owner=job.options.owner, workspace=workspace, modality=stated["modality"],
        body_part=stated["body_part"],
    )  # fmt: skip
    missing = run_missing(session)
    if isinstance(missing.no_search, ToolFailed | EvidenceError):
        raise missing.no_search
    wanted = {"template": job.options.template} if job.options.template else {}
    told = session.call("write_report", language=job.options.language, **wanted)["report"]
    written = write_files(session.desk, beside)
    notes = (*told_otherwise, *missing.notes, *(f"to be settled: {p}" for p in told["problems"]))
    outcome = _outcome(session, job, missing, notes, dict(written.absent), time.monotonic() - began)
    _write(beside / SUMMARY, json.dumps(outcome.to_json(), ensure_ascii=False))
    return outcome


def stated_of(job: Job, scan: Scan) -> tuple[dict[str, str | None], tuple[str, ...]]:
    """Return what is to be stated of a scan, and a note for each statement that its file contradicts.

    What holds for a whole batch is stated of files that do not say; a file's own word stands.
    """
    stated: dict[str, str | None] = {}
    notes = []
    for name, value in (("modality", job.modality), ("body_part", job.body_part)):
        seen: Known = getattr(scan, name)
        stated[name] = None if seen.how == "known" else value
        if seen.how == "known" and value not in (None, seen.value):
            notes.append(f"The file itself says {name.replace('_', ' ')} {seen.value}; {value} was stated.")
    return stated, tuple(notes)


def _outcome(
    session: Session, job: Job, missing: Missing, notes: tuple[str, ...], absent: dict[str, str], seconds: float
) -> Outcome:
    record = session.record
    lesions = lesion_rows(record)
    reason = missing.no_search
    assert session.scan is not None
    return Outcome(
        study=job.study, case=job.case if job.options.keep_cases else "",
        status="done" if lesions else "no_candidate" if reason is None else "not_assessed",
        error="" if reason is None else type(reason).__name__, message="" if reason is None else str(reason),
        scan=scan_row(record, session.scan), lesions=lesions, notes=notes, absent=absent, made_by=made_by(record),
        evidence=len(record.items), seconds=round(seconds, 1),
    )  # fmt: skip


def failure(study: str, error: BaseException, seconds: float = 0.0) -> Outcome:
    """Return what is told of a study that failed: our own errors name nobody; of any other its kind alone."""
    ours = isinstance(error, ToolError | ScanError | AgentError) or type(error).__module__.split(".")[0] in _OURS
    told = str(error) if ours else "Something unforeseen went wrong. Open the study by itself to see more."
    if isinstance(error, MemoryError):
        told = "There was not enough memory for it. Run it alone: --workers 1."
    if isinstance(error, OSError) and not ours:
        told = f"A file could not be read or written ({os.strerror(error.errno or 0)})."
    return Outcome(
        study=study, status="failed", error=type(error).__name__, message=" ".join(told.split()),
        seconds=round(seconds, 1),
    )  # fmt: skip


def place(out: Path, study: str) -> None:
    """Give a study's finished folder its name; one that was there before goes. Raises OSError."""
    beside, before, there = out / f"{BESIDE}{study}", out / f"{BEFORE}{study}", out / study
    _sync(beside)
    if there.exists():
        shutil.rmtree(before, ignore_errors=True)
        os.rename(there, before)
    os.rename(beside, there)
    _sync(out)
    shutil.rmtree(before, ignore_errors=True)


def read_summary(folder: Path) -> Outcome | None:
    """Return what came of the study in a folder, or None where none is complete there."""
    try:
        return Outcome.from_json(json.loads((folder / SUMMARY).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def drop_case(workspace: Workspace, case: str, owner: str) -> None:
    """Delete a case of ours; one that is not there is gone already. Raises BatchStopped as `check_world` does."""
    try:
        workspace.delete_case(case, owner)
    except UnknownCase:
        pass
    except (AgentError, ToolError, OSError, sqlite3.Error) as error:
        check_world(error)
        log.warning("the case %s of a study that failed could not be deleted (%s)", case, type(error).__name__)


def check_world(error: BaseException) -> None:
    """Raise BatchStopped when an error is no study's fault, and every other would meet it too."""
    for one in chain(error):
        full = isinstance(one, OSError) and one.errno in _FULL
        if full or (isinstance(one, sqlite3.Error) and getattr(one, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL):
            raise BatchStopped(f"The disk is full, so the batch was stopped. Make room. {GO_ON}") from error
        if isinstance(one, StateDown | EngineDown | NoEngine | MixedVersions):
            raise BatchStopped(f"{one} The batch was stopped. {GO_ON}") from error


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
