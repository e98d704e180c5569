"""The commands about the key that encrypts the data folder. Parses, calls, prints; never the key."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.commands.options import AsJson, print_result, quiet_libraries

if TYPE_CHECKING:
    from agent.sealing import Sealed
    from agent.settings import Settings

key_app = typer.Typer(
    no_args_is_help=True,
    help="The key that encrypts the data folder (SCANWRIGHT_KEY_FILE): make one, encrypt, take it back, change it.",
)


@key_app.command()
def new(
    file: Annotated[Path, typer.Argument(help="A new file, readable by you alone.")], as_json: AsJson = False
) -> None:
    """Make a key of 32 random bytes. Keep a copy elsewhere: what it closes is lost without it."""
    from tools.keys import make_key

    make_key(file)
    print_result({"file": str(file)}, as_json, [f"{file} holds a new key; keep a copy of it elsewhere."])


@key_app.command()
def encrypt(as_json: AsJson = False) -> None:
    """Encrypt what the data folder, and the store, already hold. Nothing may have them open; can be broken off."""
    from agent.sealing import encrypt as work

    _done(work(_settings()), "encrypted", as_json)


@key_app.command()
def decrypt(as_json: AsJson = False) -> None:
    """Take encryption back; can be broken off."""
    from agent.sealing import decrypt as work

    _done(work(_settings()), "decrypted", as_json)


@key_app.command()
def rotate(as_json: AsJson = False) -> None:
    """Make a new key before the others in the key file and encrypt everything with it; can be broken off."""
    from agent.sealing import rotate as work

    _done(work(_settings()), "encrypted anew", as_json)


def _settings() -> Settings:
    quiet_libraries()
    from agent.settings import Settings

    return Settings.from_environment()


def _done(done: Sealed, word: str, as_json: bool) -> None:
    lines = [f"{done.databases} databases and {done.blobs} files {word} (key {done.key_id})"]
    if done.already:
        lines.append(f"{done.already} files were so already")
    if done.exported:
        lines.append(f"{len(done.exported)} exported files lie in the data folder as they were: move or delete them")
        lines += [f"  {name}" for name in done.exported]
    print_result(dataclasses.asdict(done), as_json, lines)
