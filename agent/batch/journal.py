"""The journal of a batch: one JSON object a line, only ever added to, on the disk before the next step is taken.

    {"what": "batch", "version": 1, "options": {...}, "at": ...}        the first line
    {"what": "started", "study": ID, "case": ID, "at": ...}
    {"what": "ended", "outcome": {...}, "at": ...}                      done or failed

A line that was cut off by a crash is the last one and is taken out when the journal is opened again. While a batch
runs, nobody else can open its journal. Holds ids, sizes and sentences; no name and no path.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.batch.model import GO_ON, BatchError, BatchStopped, Options, Outcome

NAME = "journal.jsonl"
VERSION = 1


class Journal:
    """The open journal of one output folder."""

    def __init__(self, folder: Path, options: Options) -> None:
        """Open a folder's journal, or begin one.

        Raises:
            BatchError: another run has it open, it is of another batch, it is damaged, or it cannot be written.
        """
        self.outcomes: dict[str, Outcome] = {}
        """What came of each study, by its id."""
        self.begun: dict[str, str] = {}
        """Studies that were begun and did not end, with the case that each was to become."""
        self._path = folder / NAME
        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise BatchError(f"The journal in that folder cannot be written ({error.strerror}).") from error
        try:
            self._take()
            self._read(options)
        except BaseException:
            os.close(self._handle)
            raise

    def close(self) -> None:
        """Let the folder go."""
        os.close(self._handle)

    def started(self, study: str, case: str) -> None:
        """Note that a study is begun, before anything of it is made."""
        self._add({"what": "started", "study": study, "case": case})
        self.begun[study] = case

    def ended(self, outcome: Outcome) -> None:
        """Note what came of a study, after its files are there."""
        self._add({"what": "ended", "outcome": outcome.to_json()})
        self.outcomes[outcome.study] = outcome
        self.begun.pop(outcome.study, None)

    def _take(self) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BatchError("Another run is at work in that folder. Wait for it, or choose another --out.") from error

    def _read(self, options: Options) -> None:
        data = self._path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            os.ftruncate(self._handle, whole)
        lines = data[:whole].decode("utf-8", "replace").splitlines()
        if not lines:
            self._add({"what": "batch", "version": VERSION, "options": options.kept})
            return
        for number, line in enumerate(lines, start=1):
            try:
                self._replay(json.loads(line), number, options)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                told = f"Line {number} of {NAME} is damaged. Nothing was changed; choose another folder for --out."
                raise BatchError(told) from error

    def _replay(self, line: Mapping[str, Any], number: int, options: Options) -> None:
        if number == 1:
            _check(line, options)
        elif line["what"] == "started":
            self.begun[line["study"]] = line["case"]
        elif line["what"] == "ended":
            outcome = Outcome.from_json(line["outcome"])
            self.outcomes[outcome.study] = outcome
            self.begun.pop(outcome.study, None)

    def _add(self, line: Mapping[str, Any]) -> None:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        data = (json.dumps({**line, "at": at}, ensure_ascii=False) + "\n").encode()
        try:
            written = os.write(self._handle, data)
            os.fsync(self._handle)
        except OSError as error:
            raise BatchStopped(f"The journal could not be written ({error.strerror}). {GO_ON}") from error
        if written < len(data):
            raise BatchStopped(f"The journal could not be written whole (the disk is full). {GO_ON}")


def _check(line: Mapping[str, Any], options: Options) -> None:
    if line["what"] != "batch" or line["version"] != VERSION:
        raise BatchError(f"The {NAME} in that folder is of another version or of something else. Choose another --out.")
    held, asked = dict(line["options"]), options.kept
    if held != asked:
        other = ", ".join(f"{k} {held.get(k) or 'by itself'}" for k in asked if held.get(k) != asked[k])
        now = ", ".join(f"{k} {asked[k] or 'by itself'}" for k in asked if held.get(k) != asked[k])
        raise BatchError(
            f"That folder holds another batch: its reports are made with {other}, and {now} is asked for. Choose "
            "another --out, or ask for the same."
        )
