"""The command that fetches a tool's weights: only when it is typed, the size said first, resumed where it broke off."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ui.commands.options import AsJson, print_result


def fetch(
    name: Annotated[str, typer.Argument(help="chest-xray, lobes, or zoo:NAME for a MONAI Model Zoo bundle.")],
    offline: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Take the file from this folder; no network.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a tool's weights into the data folder; nothing is ever fetched at a tool's first use."""
    from agent.settings import Settings
    from tools.fetch import fetch as work

    def say(item: Any, size: int | None) -> None:
        much = f"{size / 1e6:.1f} MB" if size is not None else "of unknown size"
        place = f"from {offline}" if offline is not None else f"from {item.url}"
        sys.stderr.write(f"{item.file}: {much}, {place}. Licence: {item.licence}.\n")
        if item.unchecked and offline is None:
            sys.stderr.write("  Public sources name this address; it was not tried before. --from DIR needs none.\n")

    def progress(fraction: float, phrase: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r  {100 * fraction:3.0f} %  {phrase}   ")

    found = work(name, Settings.from_environment().own_tools, say, progress, offline)
    pinned = "its hash is kept and must stay the same" if found.first_seen else "its hash is the one that is due"
    data = {"name": found.name, "file": found.file.name, "bytes": found.bytes, "sha256": found.sha256}
    lines = [f"{found.name} is here: sha256 {found.sha256}; {pinned}.", "See it: scanwright tools list"]
    print_result(data, as_json, lines)
