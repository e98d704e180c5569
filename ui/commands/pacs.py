"""The commands about an archive of images (PACS): who answers, what is there, fetch, send. Parses, calls, prints."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from ui.commands.options import AsJson, images_written, print_result, quiet_libraries
from ui.commands.privacy import Accepted

pacs_app = typer.Typer(
    no_args_is_help=True,
    help="An archive of images: find, fetch, send. Its address comes from the environment; nothing is sent unasked.",
)
Via = Annotated[str | None, typer.Option("--via", help="dicomweb or node; left out: the one that is set up.")]


@pacs_app.command()
def echo(via: Via = None, as_json: AsJson = False) -> None:
    """Ask the archive whether it is there."""
    said = _archive(via).echo()
    print_result({"answered": said}, as_json, [said])


@pacs_app.command()
def find(
    patient_id: Annotated[str, typer.Option("--patient-id", help="* stands for anything.")] = "",
    name: Annotated[str, typer.Option("--name", help="Family^Given; * stands for anything.")] = "",
    date: Annotated[str, typer.Option("--date", help="YYYYMMDD, or YYYYMMDD-YYYYMMDD.")] = "",
    modality: Annotated[str, typer.Option("--modality", help="CT, MR…")] = "",
    accession: Annotated[str, typer.Option("--accession", help="Accession number.")] = "",
    study: Annotated[str, typer.Option("--study", help="List the series of this study.")] = "",
    via: Via = None,
    as_json: AsJson = False,
) -> None:
    """List studies, or the series of a study. What is printed names patients."""
    archive = _archive(via)
    from agent.io.archive import Query

    found = archive.find(Query(patient_id, name, date, modality.upper(), accession, study))
    lines = ["  ".join(f"{k}={v}" for k, v in one.items()) for one in found] or ["Nothing there matches."]
    print_result({"series" if study else "studies": found}, as_json, lines)


@pacs_app.command()
def fetch(
    study: Annotated[str, typer.Argument(help="StudyInstanceUID.")],
    series: Annotated[str | None, typer.Argument(help="SeriesInstanceUID; left out: all of the study's.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the images; open it as a scan.")] = Path("."),
    via: Via = None,
    as_json: AsJson = False,
) -> None:
    """Fetch the images of a study or a series into a folder, all of them or none."""
    archive = _archive(via)
    from agent.io.archive import fetch as work

    files = work(archive, out, study, series)
    print_result({"files": [str(f) for f in files]}, as_json, [images_written(len(files), out)])


@pacs_app.command()
def send(
    files: Annotated[list[Path] | None, typer.Argument(help="DICOM files to send.")] = None,
    case: Annotated[str | None, typer.Option("--case", help="Send what this case's last report is as DICOM.")] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Say yes to sending.")] = False,
    deidentify: Annotated[
        bool, typer.Option("--deidentify", help="Send copies of nobody: pseudonym, other UIDs, no dates.")
    ] = False,
    accept_pixels: Accepted = False,
    via: Via = None,
    as_json: AsJson = False,
) -> None:
    """Send a case's report as DICOM (measurements, outlines, PDF), or DICOM files, to the archive, after a yes."""
    if bool(files) == bool(case):
        raise typer.BadParameter("Give DICOM files, or --case with a case's id.")
    archive = _archive(via)
    from agent.io.archive import send as work

    data, absent = _of_case(case, deidentify, accept_pixels) if case else _of_files(files, deidentify, accept_pixels)
    approved = approve or _asked(f"Send {len(data)} files ({', '.join(Path(n).name for n in data)}) to the archive?")
    count = work(archive, list(data.values()), approved=approved)
    lines = [f"{count} files sent: {', '.join(data)}", *(f"not made: {name}: {why}" for name, why in absent.items())]
    print_result({"sent": list(data), "not_made": absent}, as_json, lines)


def _archive(via: str | None) -> Any:
    quiet_libraries()
    from agent.io.choose import open_archive
    from agent.settings import Settings

    return open_archive(Settings.from_environment(), via)


def _of_case(case: str, deidentify: bool, accept_pixels: bool) -> tuple[dict[str, bytes], dict[str, str]]:
    from agent import Session
    from agent.report.files import make_files, nobodys

    desk = Session.open(case=case).desk
    hide = nobodys(desk.workspace.settings, accept_pixels=accept_pixels) if deidentify else None
    made = make_files(desk, "dicom", hide=hide)
    return dict(made.files), dict(made.absent)


def _of_files(
    files: list[Path] | None, deidentify: bool, accept_pixels: bool
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return files as they are, or what there is of images among them without their patient."""
    if not deidentify:
        return {str(f): f.read_bytes() for f in files or ()}, {}
    from agent.settings import Settings
    from tools.deidentify import Pseudonyms, deidentify_files

    settings = Settings.from_environment()
    with tempfile.TemporaryDirectory(prefix="scanwright-") as folder:
        names = Pseudonyms.of(settings.home, settings.deidentify_key)
        done = deidentify_files(list(files or ()), Path(folder), names, accept_pixels=accept_pixels)
        return {f.name: f.read_bytes() for f in done.files}, dict.fromkeys(done.notes, "left as it is")


def _asked(question: str) -> bool:
    """Ask on a terminal; where nobody can be asked, that is no yes."""
    return sys.stdin.isatty() and typer.confirm(question, err=True)
