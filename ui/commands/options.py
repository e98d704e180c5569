"""What every command shares: the options by their names, printing as lines or JSON, and quiet libraries."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Modality = Annotated[str | None, typer.Option("--modality", help="State it when the file does not say, e.g. CT.")]
BodyPart = Annotated[str | None, typer.Option("--body-part", help="State it when the file does not say, e.g. CHEST.")]
Tool = Annotated[str | None, typer.Option("--tool", help="A tool by name; left out: the best one in scope.")]
CaseId = Annotated[str | None, typer.Option("--case", help="Go on with this case, or name a new one.")]
Point = Annotated[str | None, typer.Option("--point", metavar="X,Y,Z", help="RAS mm, inside the lesion.")]
MaskFile = Annotated[Path | None, typer.Option("--mask", help="Load a label file's lesions first.")]


SELVES = ("local", "mcp")
"""Owners of cases who are nobody that logs in: this command line, and other agents over MCP."""
_ID = re.compile(r"[0-9a-f]{64}")


def owner_id(name: str) -> str:
    """Return the id under which a reader's cases are kept: of a login name, or an id as the audit log has it.

    Raises BadParameter for a name that nobody logs in with.
    """
    if name in SELVES or _ID.fullmatch(name):
        return name
    from agent.settings import Settings
    from ui.login.who import Login, reader_id

    login = Login.of(Settings.from_environment())
    if not login.asked:
        raise typer.BadParameter(
            f"--owner {name}: nobody logs in here. Set SCANWRIGHT_LOGINS or SCANWRIGHT_PROXY_HEADER as for the app, or "
            "leave --owner out."
        )
    if not login.knows(name):
        raise typer.BadParameter(f"--owner {name}: no reader of that name may log in (scanwright people list).")
    return reader_id(name)


def print_result(data: dict[str, Any], as_json: bool, lines: Iterable[str]) -> None:
    """Print one JSON object, or the lines."""
    if as_json:
        print(json.dumps(data, ensure_ascii=False))
    else:
        for line in lines:
            print(line)


def numbers(text: str, count: int, what: str) -> tuple[float, ...]:
    """Return the numbers of an option. Raises BadParameter when there are not `count` of them."""
    try:
        found = tuple(float(v) for v in text.split(","))
    except ValueError:
        found = ()
    if len(found) != count or any(v != v or abs(v) == float("inf") for v in found):
        raise typer.BadParameter(f"{what} takes {count} numbers with commas between, in RAS mm; seen {text!r}.")
    return found


def quiet_libraries(log: bool = False) -> None:
    """Keep the libraries that are imported next from calling out or chattering.

    Args:
        log: a server keeps its log; a command tells its failures itself, and what is broken stands in `tools list`.
    """
    from agent.settings import quiet

    quiet()
    if not log and logging.lastResort is not None:
        logging.lastResort.setLevel(logging.CRITICAL)


def images_written(count: int, out: object) -> str:
    """Return the line that says how many images lie where.

    >>> images_written(1, "out"), images_written(4, "out")
    ('1 image written to out', '4 images written to out')
    """
    return f"{count} image{'' if count == 1 else 's'} written to {out}"
