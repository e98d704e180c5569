"""A report's files, written whole or not at all: first all beside their places, then each into its own.

`WRITERS` lists what a report is written as, in order; each writer may use what the ones before it made, and gives
for what cannot be made the reason. What is written names no path.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.events import AgentError
from agent.report.compose import material_of
from agent.report.kept import as_of, last_report, load_report
from agent.report.material import Material
from agent.report.model import Made, Report
from agent.report.refresh import is_current
from agent.toolset.desk import Desk

if TYPE_CHECKING:
    from agent.settings import Settings
    from tools.deidentify import Pseudonyms

MARKDOWN, EVIDENCE = "report.md", "evidence.json"
WORDED = ("stated", "category", "scan", "drawn")
"""Kinds of evidence that can hold free text: what a reader typed, and what was noted while reading a file."""


@dataclass(frozen=True)
class Writer:
    """One way to write a report.

    Attributes:
        format: what it is asked for by.
        names: the files it makes.
        needs: names made by an earlier writer that it is made from; written beside it only when asked for.
        at: ``module:function``, called as ``function(desk, report, material, made)`` and imported when it is needed.
    """

    format: str
    names: tuple[str, ...]
    at: str
    needs: tuple[str, ...] = ()

    def write(self, desk: Desk, report: Report, material: Material, made: Mapping[str, bytes]) -> Made:
        """Return this writer's files."""
        module, _, function = self.at.partition(":")
        result: Made = getattr(importlib.import_module(module), function)(desk, report, material, made)
        return result


@dataclass(frozen=True)
class Hide:
    """That files are to be nobody's: by which other names, and whether somebody has looked at the pixels."""

    names: Pseudonyms
    accept_pixels: bool = False

    def applied(self, desk: Desk, report: Report) -> tuple[Desk, Report]:
        """Return desk and report of nobody. Raises AgentError where pixels may show a name."""
        from agent.report.nameless import Nameless, look_at_pixels

        if not self.accept_pixels:
            look_at_pixels(desk)
        nameless = Nameless.of(desk, self.names)
        return nameless.desk(desk), nameless.report(report)


def nobodys(settings: Settings, *, shift_dates: bool = False, accept_pixels: bool = False) -> Hide:
    """Return how a data folder's reports become nobody's, by its key or the operator's. Raises KeyFileError."""
    from tools.deidentify import Pseudonyms

    return Hide(Pseudonyms.of(settings.home, settings.deidentify_key, shift_dates=shift_dates), accept_pixels)


WRITERS: tuple[Writer, ...] = (
    Writer("markdown", (MARKDOWN,), "agent.report.files:markdown"),
    Writer("text", ("report.txt",), "agent.report.text:write"),
    Writer("html", ("report.html",), "agent.report.page:write"),
    Writer("pdf", ("report.pdf",), "agent.report.pdf:write"),
    Writer("json", (EVIDENCE,), "agent.report.files:evidence"),
    Writer("dicom", ("sr.dcm", "seg.dcm", "report.dcm"), "agent.report.dicom:write", needs=("report.pdf",)),
    Writer("fhir", ("fhir.json",), "agent.report.fhir:write", needs=("report.pdf",)),
)
"""The last two name the patient, as their readers must know whose they are; no other file does. With `Hide` none."""


def formats() -> tuple[str, ...]:
    """Return what a report can be asked for as."""
    return (*dict.fromkeys(w.format for w in WRITERS), "all")


@dataclass(frozen=True)
class Written:
    """Files that were written, and the reason for each that could not be made."""

    files: tuple[Path, ...]
    absent: Mapping[str, str]


def write_files(
    desk: Desk, folder: Path, format: str = "all", *, hide: Hide | None = None
) -> Written:
    """Write a report's files into a folder, made if need be; with `hide` they are nobody's.

    Raises:
        AgentError: there is no report, the case has moved on since it was written, nothing of the format could be
            made, the folder cannot be written, or (with `hide`) the pictures may show a name.
    """
    made = make_files(desk, format, hide=hide)
    if not made.files:
        raise AgentError("; ".join(f"{name} was not written: {why}" for name, why in made.absent.items()))
    return Written(tuple(put(folder, made.files)), made.absent)


def make_files(
    desk: Desk, format: str = "all", version: int | None = None, *, hide: Hide | None = None
) -> Made:
    """Return a report's files as bytes; see `write_files` for errors."""
    if format not in formats():
        raise AgentError(f"A report is written as {', '.join(formats())}; not as {format!r}.")
    report = last_report(desk) if version is None else load_report(desk, version)
    if report is None:
        raise AgentError('There is no report in this case yet. Ask for it first: "write the report".')
    if not is_current(desk, report):
        raise AgentError(
            f"The case has changed since report version {report.version} was written, so it no longer says what "
            "the evidence does. Write the report again, then export it."
        )
    then = as_of(desk, report)
    if hide is not None:
        then, report = hide.applied(then, report)
    material = material_of(then, report.language)
    wanted = [w for w in WRITERS if format in ("all", w.format)]
    needed = {name for w in wanted for name in w.needs}
    files: dict[str, bytes] = {}
    absent: dict[str, str] = {}
    for writer in WRITERS:
        if writer in wanted or needed & set(writer.names):
            found = writer.write(then, report, material, files)
            files |= found.files
            absent |= found.absent
    asked = {name for w in wanted for name in w.names}
    return Made({n: b for n, b in files.items() if n in asked}, {n: r for n, r in absent.items() if n in asked})


def markdown(desk: Desk, report: Report, material: Material, made: Mapping[str, bytes]) -> Made:
    """Return report.md."""
    from agent.report.render import to_markdown

    return Made({MARKDOWN: to_markdown(report).encode()}, {})


def evidence(desk: Desk, report: Report, material: Material, made: Mapping[str, bytes]) -> Made:
    """Return evidence.json."""
    case = desk.nameless.case if desk.nameless else desk.case_id
    return Made({EVIDENCE: evidence_json(material, report, case).encode()}, {})


def evidence_json(material: Material, report: Report, case_id: str) -> str:
    """Return the content of evidence.json: the report, and all evidence, superseded too, marked current or not."""
    from agent.report.closing import reported

    record = material.record
    items = [{**e.to_json(), "current": e.id in record.current} for e in record.items]
    told = reported(material, {e.producer for e in record.items})
    data = {
        "case": case_id, "notice": report.notices[-1], "language": report.language, "status": report.status,
        "report_version": report.version, "composed": report.composed, "scan": _scan(material),
        "evidence_count": report.evidence_count, **{f"accuracy of {name}": text for name, text in told.items()},
        "report": report.to_json(), "evidence": [_cleaned(item, material) for item in items],
    }  # fmt: skip
    return json.dumps(data, ensure_ascii=False, indent=1)


def put(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files whole: all beside their places first, then each into its own. Raises AgentError."""
    parts: dict[str, str] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            handle, part = tempfile.mkstemp(dir=folder, prefix=f".{name}.", suffix=".part")
            parts[part] = name
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        taken = next((name for name in parts.values() if (folder / name).is_dir()), None)
        if taken is not None:
            raise IsADirectoryError(errno.EISDIR, f"{taken} is a folder there")
        for part, name in parts.items():
            os.chmod(part, 0o644)
            os.replace(part, folder / name)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise AgentError(
            f"The report could not be written to that folder ({reason}). Nothing was left half written; choose a "
            "folder that exists, or can be made, and has room."
        ) from error
    finally:
        _remove(parts)
    return [folder / name for name in files]


def _remove(parts: Iterable[str]) -> None:
    for part in parts:
        Path(part).unlink(missing_ok=True)


def _scan(material: Material) -> dict[str, Any] | None:
    scan = material.record.scan
    if scan is None:
        return None
    facts = {k: v for k, v in scan.inputs.items() if k in ("modality", "body_part", "calibration", "contrast")}
    return {"evidence": scan.id, "id": (scan.scan_id or "")[:12], **facts}


def _cleaned(item: dict[str, Any], material: Material) -> dict[str, Any]:
    """Return evidence with the case's known identifiers replaced wherever a reader's words or a file's notes stand.

    A piece that held one no longer fits its hash, and `verify` says so: better than a name that leaves.
    """
    if item["kind"] not in WORDED:
        return item
    return {**item, "text": material.clean(item["text"]), "inputs": _clean_strings(item["inputs"], material)}


def _clean_strings(value: Any, material: Material) -> Any:
    if isinstance(value, dict):
        return {k: _clean_strings(v, material) for k, v in value.items()}
    if isinstance(value, list):
        return [_clean_strings(v, material) for v in value]
    return material.clean(value) if isinstance(value, str) else value
