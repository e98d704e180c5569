"""The folders that another agent may open scans from: those the operator named, and nothing that leads out of them.

Knows no protocol and no scan. What is outside is refused in the same words whether it exists or not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.events import AgentError

MOST_ENTRIES = 20_000
"""Entries of a folder that are looked at for links that lead out: a study, not a disk."""


class NotAllowed(AgentError):
    """Another agent asked for a file that the operator did not open to it."""


@dataclass(frozen=True)
class Folders:
    """What may be opened. None at all: nothing may."""

    allowed: tuple[Path, ...] = ()

    @classmethod
    def named(cls, paths: Sequence[Path]) -> Folders:
        """Return the folders the operator named. Raises NotAllowed for one that is no folder."""
        for path in paths:
            if not path.expanduser().is_dir():
                raise NotAllowed(f"--allow takes a folder that exists; {path} is none.")
        return cls(tuple(path.expanduser().resolve() for path in paths))

    def find(self, text: str) -> Path:
        """Return the file or folder meant: a whole path, or one inside an allowed folder.

        Raises:
            NotAllowed: no folder is allowed, the path is outside all of them, leads out through a link, or is not
                there.
        """
        if not self.allowed:
            raise NotAllowed(
                "No folder is open to other agents, so no scan can be read. The operator starts the server with the "
                "folders that may be: scanwright mcp --allow FOLDER."
            )
        inside = [path for path in self._meant(text) if self._holds(path)]
        if not inside:
            raise NotAllowed(
                "That path is outside the folders that the operator opened (scanwright mcp --allow FOLDER). Nothing "
                "was read. Name a file or folder inside one of them, as a whole path or as its name in there."
            )
        found = next((path for path in inside if path.exists()), None)
        if found is None:
            raise NotAllowed("There is no such file or folder in the folders that the operator opened.")
        self._hold_in(found)
        return found

    def _meant(self, text: str) -> Iterator[Path]:
        if not text.strip() or "\0" in text or "://" in text:
            return
        for folder in self.allowed:
            yield (folder / text.strip()).resolve()  # a whole path stays what it is

    def _holds(self, path: Path) -> bool:
        return any(path.is_relative_to(folder) for folder in self.allowed)

    def _hold_in(self, path: Path) -> None:
        """Raise NotAllowed when something in a folder is a link to what lies outside, or there is too much in it."""
        for number, entry in enumerate(_entries(path)):
            if number >= MOST_ENTRIES:
                raise NotAllowed(f"That folder holds more than {MOST_ENTRIES:,} entries. Name one study's folder.")
            if entry.is_symlink() and not self._holds(entry.resolve()):
                raise NotAllowed("That folder holds a link to something outside it. Nothing was read.")


def names_in(path: Path) -> tuple[Path, ...]:
    """Return a path and what lies in it, for taking their names out of messages."""
    found = [path]
    for number, entry in enumerate(_entries(path)):
        if number >= MOST_ENTRIES:
            break
        found.append(entry)
    return tuple(found)


def _entries(path: Path) -> Iterator[Path]:
    """Yield what lies in a folder, at every depth; links are not followed."""
    if not path.is_dir():
        return
    for folder, folders, files in os.walk(path, followlinks=False):
        for name in (*folders, *files):
            yield Path(folder) / name
