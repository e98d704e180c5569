"""What other agents are offered: the functions of the toolset, made from their own table, and opening a scan.

Knows no protocol. What differs from the conversation is said here and nowhere else: no viewer to move, no folder to
write to, and nothing is put down as a person's word or leaves the case before a person has said yes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from agent.toolset import FUNCTIONS, Arguments, Function, describe
from tools.contract import NotApplicable, ToolSpec

NOT_OFFERED = ("show",)
"""There is no viewer on the other side."""
LIMITS = (
    "Research use only; not a medical device; every result needs review by a qualified reader. Numbers come from tools "
    "alone: repeat them with their evidence id (E9), never estimate one. Positions are RAS mm."
)
CASE = {"type": "string", "description": "the case, as open_scan returned it; left out: the one opened last"}


class OpenScan(Arguments):
    path: str = Field(min_length=1, max_length=1000, description="a scan inside a folder that the operator opened")
    modality: str | None = Field(None, max_length=16, description="where the file does not say; a person confirms it")
    body_part: str | None = Field(None, max_length=16, description="where the file does not say; a person confirms it")


class AddPrior(Arguments):
    path: str = Field(min_length=1, max_length=1000, description="an earlier scan inside such a folder")
    days: int | None = Field(None, ge=1, description="days between, where no header says; a person confirms it")


class SendReport(Arguments):
    format: Literal["markdown", "text", "html", "pdf", "json", "dicom", "fhir", "all"] = "all"
    destination: Literal["pacs"] | None = Field(
        None, description="pacs: the archive that is set up; left out: the case's own folder"
    )


def _by_room(*_: Any, **__: Any) -> dict[str, Any]:
    raise NotApplicable("This is done by the room that holds the cases.")


OPENING: tuple[Function, ...] = (
    Function("open_scan", "Open a scan as a new case; returns its id and the scan's geometry.", OpenScan, _by_room),
    Function("add_prior", "Add an earlier scan of the same patient to the case, to compare with.", AddPrior, _by_room),
)


@dataclass(frozen=True)
class Offer:
    """One function as another agent sees it."""

    name: str
    description: str
    schema: dict[str, Any]


def offered() -> tuple[Function, ...]:
    """Return every function that other agents may call."""
    return (*OPENING, *(_narrowed(f) for f in FUNCTIONS if f.name not in NOT_OFFERED))


def offers(specs: Sequence[ToolSpec]) -> list[Offer]:
    """Return the functions with their descriptions and JSON schemas."""
    return [Offer(f.name, describe(f, specs), _schema(f)) for f in offered()]


def function_of(name: str) -> Function:
    """Return an offered function. Raises NotApplicable for another name."""
    found = next((f for f in offered() if f.name == name), None)
    if found is None:
        raise NotApplicable(f"No function {name!r} here. There are: {', '.join(f.name for f in offered())}.")
    return found


def _narrowed(function: Function) -> Function:
    """Return a function as it is offered: another agent names no folder to write to."""
    if function.name != "export":
        return function
    purpose = "Write the report's files to the case's own folder, or send them to the archive, after a person's yes."
    return Function("export", purpose, SendReport, function.act, asks_approval=True)


def _schema(function: Function) -> dict[str, Any]:
    schema = dict(function.arguments.model_json_schema())
    for unneeded in ("title", "description"):
        schema.pop(unneeded, None)
    if function.name != "open_scan":
        schema["properties"] = {**schema.get("properties", {}), "case": dict(CASE)}
    return schema


def consent(name: str, arguments: Mapping[str, Any]) -> str | None:
    """Return what a person must say yes to before this is done, in words; None where nobody need be asked."""
    ask = _CONSENT.get(name)
    return ask(arguments) if ask is not None else None


def _opening(arguments: Mapping[str, Any]) -> str | None:
    stated = [f"{what} {arguments[key]}" for key, what in (("modality", "modality"), ("body_part", "body part"))
              if arguments.get(key)]  # fmt: skip
    return f"An agent states of a scan: {', '.join(stated)}. Is that so? It is kept as your word." if stated else None


def _adding(arguments: Mapping[str, Any]) -> str | None:
    days = arguments.get("days")
    if not days:
        return None
    return f"An agent says that {days} days lie between the two scans. Is that so? It is kept as your word."


def _writing(arguments: Mapping[str, Any]) -> str | None:
    words = arguments.get("instruction")
    return f"An agent wants this done to the report, as your own words: “{words}”. Do you want it?" if words else None


def _exporting(arguments: Mapping[str, Any]) -> str:
    made = arguments.get("format") or "all"
    how = ", de-identified," if arguments.get("deidentify") else ""
    if arguments.get("destination"):
        return f"An agent wants to send the report of this case{how} to the archive (PACS). Do you approve?"
    return f"An agent wants to write the report of this case{how} to its folder (format: {made}). Do you approve?"


_CONSENT: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    "open_scan": _opening,
    "add_prior": _adding,
    "compare": _adding,
    "write_report": _writing,
    "export": _exporting,
}
