"""What a batch is made of: studies, options, what came of each; and its errors.

    AgentError
    └── BatchError          the batch as a whole cannot begin or go on
        └── BatchStopped    it began and cannot go on: a full disk; what is done stays done

A study's id is the hash of its content and of what the operator stated of it: the same study is never done twice, and
no name, path or number of a patient can be read from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from agent.events import AgentError
from tools.quantity import Language
from tools.scan.load import sniff

Status = Literal["done", "no_candidate", "not_assessed", "failed"]
"""Lesions in the table; a search that found none; no tool takes such a scan; nothing came of it, and why."""
ID_LENGTH = 12
"""Hex digits of an id: 48 bits, so that two of 100,000 studies share one with a chance of 2 in 100,000."""
GO_ON = "What is done stays done; the same command goes on from there."
HEAD, TAIL = 16_384, 4_096
"""Bytes of a DICOM file that tell it from any other: its UIDs stand in the first few hundred."""


class BatchError(AgentError):
    """The batch as a whole cannot begin or go on. The message says what to do."""


class BatchStopped(BatchError):
    """The batch began and cannot go on; what is done stays done, and the same command goes on from there."""


@dataclass(frozen=True)
class Study:
    """One scan to work on.

    Attributes:
        files: of one file, one DICOM series or one DICOM study; empty where `problem` says why there is none.
        modality, body_part: what the operator states of it, DICOM codes.
        problem: why it cannot even be opened; empty otherwise.
        place: where it lies, for a table whose reader asked for paths; never kept.
    """

    files: tuple[Path, ...] = ()
    modality: str | None = None
    body_part: str | None = None
    problem: str = ""
    place: Path | None = None

    @cached_property
    def id(self) -> str:
        """The hash of its content and of what is stated of it. Raises OSError when a file cannot be read."""
        parts = sorted(mark(f) for f in self.files)
        said = f"{self.modality or ''}\n{self.body_part or ''}\n{self.problem}"
        return hashlib.sha256("\n".join([*parts, said]).encode()).hexdigest()[:ID_LENGTH]


def mark(file: Path) -> str:
    """Return a hash that tells a file from any other: all of it, or of a DICOM file its head, tail and length."""
    digest = hashlib.sha256()
    dicom = sniff(file) == "dicom"
    with file.open("rb") as opened:
        if not dicom:
            return hashlib.file_digest(opened, "sha256").hexdigest()
        digest.update(opened.read(HEAD))
        size = opened.seek(0, 2)
        opened.seek(max(0, size - TAIL))
        digest.update(opened.read(TAIL))
    digest.update(str(size).encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Options:
    """What holds for every study of a batch.

    Attributes:
        language, template: of its reports; no template: the one that fits.
        owner: whose cases they become.
        keep_cases: whether the studies stay as cases, to be opened and searched.
    """

    language: Language = "en"
    template: str | None = None
    owner: str = "local"
    keep_cases: bool = True

    @property
    def kept(self) -> dict[str, Any]:
        """What two runs into one folder must agree in."""
        return {"language": self.language, "template": self.template}


@dataclass(frozen=True)
class Job:
    """One study's work, as it is handed to a worker."""

    study: str
    case: str
    files: tuple[str, ...]
    out: str
    options: Options
    modality: str | None = None
    body_part: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a study: names nobody and no place.

    Attributes:
        study, case: ids; the case is empty where none was kept.
        status: see `Status`.
        error, message: of a failure or of what was not assessed: the error's class and its sentence.
        scan: geometry and what is known of the scan, by column.
        lesions: one dictionary a lesion; see `rows`.
        notes: what could not be done, one line each.
        absent: files that were not written, with the reason.
        made_by: the tools and their versions.
        evidence: pieces of evidence that the case held then.
        seconds: how long it took.
    """

    study: str
    status: Status
    case: str = ""
    error: str = ""
    message: str = ""
    scan: dict[str, Any] = field(default_factory=dict)
    lesions: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    absent: dict[str, str] = field(default_factory=dict)
    made_by: tuple[str, ...] = ()
    evidence: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary that `from_json` reads back identical."""
        return {
            **vars(self), "lesions": list(self.lesions), "notes": list(self.notes), "made_by": list(self.made_by)
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Outcome:
        """Build an outcome from `to_json`'s dictionary. Raises KeyError, TypeError or ValueError when it is none."""
        lists = {k: tuple(data[k]) for k in ("lesions", "notes", "made_by")}
        return cls(**{**data, **lists})


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it came of, database wrappers looked into."""
    seen: list[BaseException] = []
    waiting: Sequence[BaseException | None] = [error]
    while waiting:
        one, *rest = waiting
        waiting = rest
        if one is None or any(one is s for s in seen):
            continue
        seen.append(one)
        yield one
        waiting = [*rest, one.__cause__, one.__context__, getattr(one, "orig", None)]
