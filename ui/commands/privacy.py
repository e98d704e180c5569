"""The commands that take the patient out of what leaves. Parses, calls, prints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.commands.options import AsJson, images_written, print_result, quiet_libraries

commands = typer.Typer()
Shifted = Annotated[
    bool, typer.Option("--keep-dates-shifted", help="Move dates by the patient's own number of days, not out.")
]
Accepted = Annotated[
    bool, typer.Option("--accept-pixels", help="You looked: the pixels show no name. They are written as they are.")
]


@commands.command("deidentify")
def deidentify(
    scan: Annotated[Path, typer.Argument(help="A folder, a file or a zip of DICOM images.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the images without their patient.")],
    keep_dates_shifted: Shifted = False,
    accept_pixels: Accepted = False,
    as_json: AsJson = False,
) -> None:
    """Write DICOM images without who they are of (PS3.15's basic profile): all of them, or none and why."""
    quiet_libraries()
    from agent.settings import Settings
    from tools.deidentify import Pseudonyms, deidentify_series

    settings = Settings.from_environment()
    names = Pseudonyms.of(settings.home, settings.deidentify_key, shift_dates=keep_dates_shifted)
    done = deidentify_series(scan, out, names, accept_pixels=accept_pixels)
    data = {"files": [str(f) for f in done.files], "notes": list(done.notes)}
    print_result(data, as_json, [images_written(len(done.files), out), *done.notes])
