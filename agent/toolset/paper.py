"""write_report and export: what ends on paper. Nothing is written that its evidence does not carry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.toolset import change
from agent.toolset.desk import Desk
from tools.contract import NotApplicable, ToolFailed

if TYPE_CHECKING:
    from agent.report import Report
    from agent.report.files import Hide
    from tools.quantity import Language

ARCHIVE = "pacs"
"""The destination that is no folder."""
NOBODYS = "deidentified"
"""The folder beside a case's own files for the copy without the patient: the two are never mixed."""
KEY_SECTIONS = ("impression", "recommendation")
"""What is said in the chat when a report was written; the rest is read in the report."""


def write_report(
    desk: Desk, language: str | None = None, instruction: str | None = None, template: str | None = None
) -> dict[str, Any]:
    """Compose the report from current evidence, keep it with the case, and return its key sentences.

    What the instruction says to add, change or delete is put in as the clinician's own words.
    """
    from agent import report as paper
    from agent.report.material import Material
    from agent.report.wishes import carry_out

    desk.need_scan()
    last = _last(desk)
    done = carry_out(desk, instruction, last)
    wish = done.wish
    chosen = _language(wish.language or (None if done.edited else language), last)
    form = wish.form or (last.form if last and instruction else "full")
    not_compared = _compare_priors(desk)
    paper.bring_up_to_date(desk)
    material: Material = paper.material_of(desk, chosen)
    layout = template or (last.template if last and instruction else None)
    report = paper.refresh(desk, material, form=form, template=layout)
    notes = [material.sentence(material.phrase("wish.unknown", part=p)).text for p in done.not_understood]
    leading = [found[0] for found in material.guidance.values() if found]
    needs = {name: question for found in leading for name, question in found.needs}
    left_out = report.section("not_assessed")
    return {
        "report": {
            "version": report.version, "language": report.language, "form": report.form, "status": report.status,
            "template": report.template, "edited": list(done.edited),
            "edited_lines": [x.text for s in report.sections for x in s.statements if set(x.cites) & set(done.edited)],
            "lines": [s.text for key in KEY_SECTIONS if (x := report.section(key)) for s in x.statements],
            "not_assessed": [s.text for s in left_out.statements] if left_out else [],
            "needs": [{"name": n, "question": q} for n, q in needs.items()],
            "problems": list(report.problems),
        },
        "notes": [*not_compared, *done.notes, *([*notes, material.say("wish.known").text] if notes else [])],
        "evidence": list(report.cites),
    }  # fmt: skip


def _compare_priors(desk: Desk) -> list[str]:
    """Compare with the priors that the case holds, for the report to tell; return why it could not be done."""
    if not desk.record.priors or not any(x.outlined and x.status != "rejected" for x in desk.record.lesions):
        return []
    try:
        change.compare(desk)
    except (NotApplicable, ToolFailed) as error:
        return [str(error)]
    return []


def export(
    desk: Desk, format: str = "all", destination: str | None = None, deidentify: bool | None = None
) -> dict[str, Any]:
    """Write the report's files into a folder, the case's own when none is named; or send them to the archive.

    They are of nobody when that was asked for, or when the reader's yes was to that.
    """
    from agent.report import last_report, write_files

    if (destination or "").strip().lower() == ARCHIVE:
        return _send(desk, _hide(desk, deidentify))
    folder = _folder(desk, destination)
    hide = _hide(desk, deidentify)
    written = write_files(desk, folder / NOBODYS if hide and destination is None else folder, format, hide=hide)
    report = last_report(desk)
    return {
        "files": [file.name for file in written.files],
        "not_written": dict(written.absent),
        "destination": destination,
        "deidentified": hide is not None,
        "report": {"version": report.version, "language": report.language} if report else None,
    }


def _hide(desk: Desk, asked: bool | None) -> Hide | None:
    from agent.report.files import nobodys

    return nobodys(desk.workspace.settings) if asked or desk.hide else None


def _send(desk: Desk, hide: Hide | None) -> dict[str, Any]:
    """Send the report as DICOM to the archive that is set up; this function runs only after the reader's yes."""
    from agent.io.archive import send
    from agent.io.choose import open_archive
    from agent.report import last_report
    from agent.report.files import make_files

    archive = open_archive(desk.workspace.settings)
    made = make_files(desk, "dicom", hide=hide)
    if not made.files:
        raise NotApplicable("; ".join(f"{name} cannot be made: {why}" for name, why in made.absent.items()) + ".")
    send(archive, list(made.files.values()), approved=True)
    report = last_report(desk)
    return {
        "sent": list(made.files),
        "not_written": dict(made.absent),
        "destination": ARCHIVE,
        "deidentified": hide is not None,
        "report": {"version": report.version, "language": report.language} if report else None,
    }


def _folder(desk: Desk, destination: str | None) -> Path:
    """Return the folder meant. Raises NotApplicable for one that is no folder's name or cannot be one."""
    if destination is None or not destination.strip():
        if desk.workspace.state.vault is not None:
            raise NotApplicable(
                "The data folder is encrypted, and files exported into it would lie there in plain text. Name a folder "
                "elsewhere for them."
            )
        return desk.workspace.cases.case_folder(desk.case_id) / "report"
    text = destination.strip()
    if "\0" in text or "://" in text:
        raise NotApplicable(
            "The report's files are written to a folder on this machine; an address elsewhere cannot be written to. "
            "Name a folder, or leave it out for the case's own."
        )
    try:
        folder = Path(text).expanduser()
    except RuntimeError as error:
        raise NotApplicable("That home folder is not known here. Name the whole folder.") from error
    if folder.exists() and not folder.is_dir():
        raise NotApplicable(f"{folder.name} is a file, not a folder. Name a folder for the report's files.")
    return folder


def _last(desk: Desk) -> Report | None:
    """Return the last report; None too when its file is damaged: writing a new one is the way out."""
    from agent.events import AgentError
    from agent.report import last_report

    try:
        return last_report(desk)
    except AgentError:
        return None


def _language(asked: str | None, last: Report | None) -> Language:
    if asked not in (None, "en", "zh"):
        raise NotApplicable(f"A report is written in English (en) or Chinese (zh); not in {asked!r}.")
    if asked is None:
        return last.language if last else "en"
    return "zh" if asked == "zh" else "en"
