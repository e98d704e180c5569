"""The command that moves a data folder into a database and a store. Parses, calls, prints; no password is shown."""

from __future__ import annotations

import dataclasses
import sys
import time
from typing import Annotated

import typer

from ui.commands.options import AsJson, print_result, quiet_libraries

commands = typer.Typer()
_EVERY_S = 2.0
"""Between two lines of progress where nobody sits at a terminal."""


@commands.command()
def move(
    database: Annotated[
        str | None, typer.Option("--database", metavar="URL", help="postgresql://… (default: SCANWRIGHT_DATABASE).")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", metavar="URL", help="A folder or s3://… (default: SCANWRIGHT_STORE).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Move the data folder into a database and a store that several machines share; the folder stays as it is.

    Stop the app first. Broken off, the same command goes on. Ends with 1 when something did not arrive as it was.
    """
    quiet_libraries()
    from agent.moving import move as work
    from agent.settings import Settings

    settings = Settings.from_environment()
    settings = dataclasses.replace(settings, database=database or settings.database, store=store or settings.store)
    made = work(settings, _Progress())
    lines = [
        f"{made.cases} cases, {made.evidence} pieces of evidence, {made.lines} lines of the audit log, "
        f"{made.files} files.",
        *made.problems,
    ]
    if not made.problems:
        lines.append("Everything arrived as it was. Set SCANWRIGHT_DATABASE and SCANWRIGHT_STORE to use it there.")
    print_result(dataclasses.asdict(made), as_json, lines)
    raise typer.Exit(1 if made.problems else 0)


class _Progress:
    """Tells how far it is on stderr, in one line of a terminal, or every so often elsewhere."""

    def __init__(self) -> None:
        self._last = -_EVERY_S

    def __call__(self, fraction: float, phrase: str) -> None:
        now = time.monotonic()
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{100 * fraction:3.0f} % {phrase:<50}" + ("\n" if fraction >= 1 else ""))
        elif fraction >= 1 or now - self._last >= _EVERY_S:
            sys.stderr.write(f"{100 * fraction:3.0f} % {phrase}\n")
            self._last = now
        sys.stderr.flush()
