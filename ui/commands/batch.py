"""The command for many studies at once. Parses, calls, prints; how far it is goes to stderr."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.options import AsJson, BodyPart, Modality, owner_id, print_result, quiet_libraries

if TYPE_CHECKING:
    from agent.batch import Progress, Result

commands = typer.Typer()
Again = Annotated[
    bool, typer.Option("--again/--resume", help="Work on every study anew, or go on where a run broke off (default).")
]


@commands.command()
def batch(
    source: Annotated[Path, typer.Argument(help="A folder of studies, or a list (text or CSV): a path a line.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for reports, table and page: empty, or this batch's own.")],
    workers: Annotated[int | None, typer.Option("--workers", min=1, max=256, help="Studies at once.")] = None,
    again: Again = False,
    language: Annotated[str, typer.Option("--language", help="en or zh")] = "en",
    template: Annotated[str | None, typer.Option("--template", help="The reports' template, by name.")] = None,
    every_series: Annotated[
        bool, typer.Option("--every-series", help="Each series on its own, not the best one of a study.")
    ] = False,
    with_paths: Annotated[bool, typer.Option("--with-paths", help="Name each study's place in the table.")] = False,
    cases: Annotated[bool, typer.Option("--cases/--no-cases", help="Keep each study as a case.")] = True,
    owner: Annotated[
        str, typer.Option("--owner", metavar="NAME", help="The reader whose cases they become, by login name.")
    ] = "local",
    modality: Modality = None,
    body_part: BodyPart = None,
    as_json: AsJson = False,
) -> None:
    """Find, outline, measure and report over many studies, with a table and a page of results."""
    quiet_libraries()
    if language not in ("en", "zh"):
        raise typer.BadParameter(f"--language is en or zh; seen {language!r}.")
    whose = owner_id(owner)
    from agent import Workspace
    from agent.batch import Batch, Options, find_studies
    from agent.batch.crew import crew_for

    shown = _Line()
    found = find_studies(
        source, modality=modality, body_part=body_part, every_series=every_series,
        looked=lambda files: shown.show(f"looking: {files} files"),
    )  # fmt: skip
    workspace = Workspace.open()
    options = Options("zh" if language == "zh" else "en", template, whose, cases)
    try:
        run = Batch(
            workspace, out, options, crew_for(workspace, workers), anew=again, with_paths=with_paths,
            tell=lambda progress: shown.show(line(progress)),
        )  # fmt: skip
        result = run.run(found.studies)
    finally:
        shown.end()
        workspace.close()
    data = {**summary(result, found.notes), "with_paths": with_paths}
    print_result(data, as_json, _lines(data))
    if result.stopped:
        sys.stderr.write(f"error: {result.stopped}\n")
        raise typer.Exit(1)


def line(progress: Progress) -> str:
    """Return how far a run is, in a line.

    >>> from agent.batch import Progress
    >>> line(Progress(done=12, total=40, failed=2, seconds_left=840.0))
    '12 of 40 studies, 2 failed, about 14 min left'
    """
    failed = f", {progress.failed} failed" if progress.failed else ""
    return f"{progress.done} of {progress.total} studies{failed}{_left(progress.seconds_left)}"


def _left(seconds: float | None) -> str:
    if seconds is None or seconds <= 0:
        return ""
    if seconds < 90:
        return f", about {max(1, round(seconds))} s left"
    minutes = round(seconds / 60)
    return f", about {minutes} min left" if minutes < 100 else f", about {minutes / 60:.0f} h left"


def summary(result: Result, notes: tuple[str, ...]) -> dict[str, Any]:
    """Return what a run did, JSON-ready."""
    from agent.batch.page import STATUSES

    counted = {s: sum(o.status == s for o in result.outcomes) for s in STATUSES}
    failed = [
        {"study": o.study, "error": o.error, "message": o.message} for o in result.outcomes if o.status == "failed"
    ]
    return {
        "studies": len(result.outcomes), **counted, "lesions": sum(len(o.lesions) for o in result.outcomes),
        "done_before": result.already, "twice": result.again, "errors": failed, "notes": [*notes, *result.notes],
        "files": [str(f) for f in result.files], "stopped": result.stopped,
    }  # fmt: skip


def _count(studies: int) -> str:
    return f"{studies} {'study' if studies == 1 else 'studies'}"


WHERE = "where they lie: the same command with --with-paths writes it into the table; what is done is not done again"
"""Paths often hold patients' names, so they are written only where they are asked for."""
SHOWN_ERRORS = 10
"""Failures that are printed one by one; the table has them all."""


def _lines(data: dict[str, Any]) -> list[str]:
    lines = [
        f"{_count(data['studies'])}: {data['done']} with candidates, {data['no_candidate']} with no candidate (not a "
        f"negative read), {data['not_assessed']} not assessed, {data['failed']} failed"
    ]
    lines += [f"done before: {_count(data['done_before'])}"] if data["done_before"] else []
    lines += [f"there twice, with the same content, and done once: {_count(data['twice'])}"] if data["twice"] else []
    lines += [f"failed: {e['study']}: {e['error']}: {e['message']}" for e in data["errors"][:SHOWN_ERRORS]]
    more = len(data["errors"]) - SHOWN_ERRORS
    lines += [f"and {more} more; see the table"] if more > 0 else []
    lines += [WHERE] if data["errors"] and not data["with_paths"] else []
    return [*lines, *data["notes"], *(f"written: {f}" for f in data["files"])]


KEPT_EVERY_S = 20.0
"""How often a line is written where nobody watches and it is kept."""


class _Line:
    """One line on stderr that is written over where a person watches, and now and then a line where it is kept."""

    def __init__(self) -> None:
        self._there = sys.stderr.isatty()
        self._last = self._written = ""
        self._when = -KEPT_EVERY_S

    def show(self, text: str) -> None:
        """Show a text in place of the last one."""
        self._last = text
        if self._there:
            sys.stderr.write(f"\r\x1b[K{text}")
        elif time.monotonic() - self._when >= KEPT_EVERY_S:
            self._write()
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._there and self._last:
            sys.stderr.write("\n")
        elif self._last != self._written:
            self._write()

    def _write(self) -> None:
        sys.stderr.write(f"{self._last}\n")
        self._written, self._when = self._last, time.monotonic()
