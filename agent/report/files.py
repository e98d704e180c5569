"""A report on disk: kept whole with its case, and written out as report.md and evidence.json.

A file is there whole or not at all: everything is first written beside its place and then moved into it. What is
written names no patient and no path.
"""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.events import AgentError
from agent.report.compose import compose, material_of
from agent.report.material import Material
from agent.report.model import Report
from agent.report.render import to_markdown
from agent.toolset.desk import Desk

KEPT = "report.json"
MARKDOWN, EVIDENCE = "report.md", "evidence.json"
WORDED = ("stated", "category", "scan", "drawn")
"""Kinds of evidence that can hold free text: what a reader typed, and what was noted while reading a file."""
FORMATS: Mapping[str, tuple[str, ...]] = {
    "markdown": (MARKDOWN,), "json": (EVIDENCE,), "all": (MARKDOWN, EVIDENCE),
}  # fmt: skip


def last_report(desk: Desk) -> Report | None:
    """Return the case's last composed report, or None. Raises AgentError when its file is damaged."""
    path = desk.workspace.cases.case_folder(desk.case_id) / KEPT
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Report.from_json(data)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AgentError("The kept report cannot be read; write the report again.") from error


def keep_report(desk: Desk, report: Report) -> None:
    """Keep a report whole with its case, and its version in the case's state. Raises AgentError."""
    folder = desk.workspace.cases.case_folder(desk.case_id)
    put(folder, {KEPT: json.dumps(report.to_json(), ensure_ascii=False)})
    desk.keep(
        report={
            "version": report.version, "language": report.language, "form": report.form,
            "composed": report.composed, "problems": len(report.problems),
        }
    )  # fmt: skip


def write_files(desk: Desk, folder: Path, format: str = "all") -> list[Path]:
    """Write the report's files into a folder, made if need be, and return them.

    Raises:
        AgentError: there is no report, the case has moved on since it was written, or the folder cannot be written.
    """
    if format not in FORMATS:
        raise AgentError(f"A report is written as {', '.join(FORMATS)}; not as {format!r}.")
    report = last_report(desk)
    if report is None:
        raise AgentError('There is no report in this case yet. Ask for it first: "write the report".')
    material = material_of(desk, report.language)
    if _said(compose(material, form=report.form)) != _said(report):
        raise AgentError(
            f"The case has changed since report version {report.version} was written, so it no longer says what "
            "the evidence does. Write the report again, then export it."
        )
    texts = {MARKDOWN: to_markdown(report), EVIDENCE: evidence_json(material, report, desk.case_id)}
    return put(folder, {name: texts[name] for name in FORMATS[format]})


def evidence_json(material: Material, report: Report, case_id: str) -> str:
    """Return the content of evidence.json: all evidence, superseded too, each marked current or not."""
    record = material.record
    items = [{**e.to_json(), "current": e.id in record.current} for e in record.items]
    data = {
        "case": case_id, "notice": report.notices[-1], "language": report.language,
        "report_version": report.version, "composed": report.composed, "scan": _scan(material),
        "evidence_count": report.evidence_count, "evidence": [_cleaned(item, material) for item in items],
    }  # fmt: skip
    return json.dumps(data, ensure_ascii=False, indent=1)


def put(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write files whole: all beside their places first, then each into its own. Raises AgentError."""
    parts: dict[str, str] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            handle, part = tempfile.mkstemp(dir=folder, prefix=f".{name}.", suffix=".part")
            parts[part] = name
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
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
        for part in parts:
            Path(part).unlink(missing_ok=True)
    return [folder / name for name in texts]


def _said(report: Report) -> tuple[Any, ...]:
    """Return what a report says of the case, without when and from how many pieces it was composed."""
    return tuple(s for s in report.sections if s.key != "provenance")


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
