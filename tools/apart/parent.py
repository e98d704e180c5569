"""Children that decode, as the rest of the house sees them: started at first use, kept warm, ended when they misbehave.

A child gets no secret: its environment is built anew. What it unpacks lies in a folder of its own that goes with it;
a folder that a killed process left behind is removed when the next child starts.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.apart import wire
from tools.scan.model import UnreadableScan

SECONDS, SECONDS_A_MB, MOST_SECONDS = 60.0, 0.5, 900.0
"""A 300-slice CT (160 MB) is read in under 2 s on an idle machine; this leaves a busy one a hundred times as long."""
MOST_MEGABYTES = 16_000
LEAST_MEGABYTES = 2_000
"""Of address space. A CT of 512 x 512 x 1000 needs about 2,000 while it is read, the libraries some 600."""
AT_ONCE = 2
"""Children that work at the same time; others wait their turn."""
_PREFIX = "scanwright-read-"
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
_PROGRAM = ("-P", "-m", "tools.apart.child")
_ROOT = str(Path(__file__).resolve().parents[2])


@dataclass(frozen=True)
class Limits:
    """What decoding one thing may take.

    Attributes:
        seconds: at most, for a small file; None grows with the files' size.
        megabytes: of address space; None is half of the machine's memory, within bounds.
    """

    seconds: float | None = None
    megabytes: int | None = None

    def time(self, size: int) -> float:
        """Return the seconds that files of this many bytes may take."""
        return self.seconds or min(SECONDS + SECONDS_A_MB * size / 2**20, MOST_SECONDS)

    def memory(self) -> int:
        """Return the megabytes a child may use."""
        if self.megabytes is not None:
            return self.megabytes
        half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2 // 2**20
        return max(LEAST_MEGABYTES, min(MOST_MEGABYTES, half))


class Children:
    """A few warm children. Safe for several threads; a fork starts its own."""

    def __init__(
        self, limits: Limits | None = None, at_once: int = AT_ONCE, program: Sequence[str] = _PROGRAM
    ) -> None:
        self.limits = limits or Limits()
        self._program = program
        self._at_once = at_once
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._idle: list[_Child] = []
        self._slots = threading.BoundedSemaphore(self._at_once)
        self._lock = threading.Lock()

    def ask(self, said: dict[str, Any], size: int = 0) -> tuple[dict[str, Any], list[Any]]:
        """Return what a child answers, and its arrays. `size`: bytes of the files in question.

        Raises:
            UnreadableScan: the child crashed, took too long or said what it never says.
        """
        with self._slots:
            child = self._take()
            try:
                found = child.ask(said, self.limits.time(size))
            except BaseException:
                child.end()
                raise
            with self._lock:
                self._idle.append(child)
            return found

    def warm(self) -> None:
        """Start a child, so that the first file is not the one that waits for it."""
        self.ask({"do": "warm"})

    def close(self) -> None:
        """End all children that are at rest."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def _take(self) -> _Child:
        while True:
            with self._lock:
                child = self._idle.pop() if self._idle else None
            if child is None:
                return _Child(self.limits.memory(), self._program)
            if child.lives:
                return child
            child.end()


class _Child:
    """One process."""

    def __init__(self, megabytes: int, program: Sequence[str]) -> None:
        _sweep()
        self._megabytes = megabytes
        self._scratch = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._mark = (self._scratch / ".lives").open("w")
        fcntl.flock(self._mark, fcntl.LOCK_EX)
        self._channel, other = socket.socketpair()
        with other:
            environment = {k: os.environ[k] for k in _KEPT if k in os.environ}
            paths = filter(None, (_ROOT, os.environ.get("PYTHONPATH")))
            environment |= {"PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(self._scratch),
                            "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # fmt: skip
            command = [sys.executable, *program, str(other.fileno()), str(megabytes)]
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                pass_fds=(other.fileno(),), env=environment, cwd=self._scratch, start_new_session=True,
            )  # fmt: skip

    @property
    def lives(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def ask(self, said: dict[str, Any], seconds: float) -> tuple[dict[str, Any], list[Any]]:
        """Return the child's answer and its arrays. Raises UnreadableScan when there is none in time."""
        self._channel.settimeout(seconds)
        try:
            wire.send(self._channel, said | {"seconds": seconds})
            answer, file = wire.receive(self._channel)
            if "arrays" not in answer:
                if file is not None:
                    os.close(file)
                return answer, []
            return answer, wire.get_arrays(file, answer["arrays"])
        except TimeoutError:
            raise UnreadableScan(_late(seconds)) from None
        except (EOFError, ConnectionError):
            raise UnreadableScan(self._death(seconds)) from None
        except wire.Garbled:
            raise UnreadableScan("The process that read the file gave no sensible answer. Export it again.") from None

    def _death(self, seconds: float) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        code = self._process.returncode
        if code == -signal.SIGALRM:
            return _late(seconds)
        if code == -signal.SIGKILL:
            return (
                "The process that read the file was ended, most likely for want of memory "
                f"(it may use {self._megabytes} MB). Load a smaller file, or close other programs."
            )
        how = signal.Signals(-code).name if code and code < 0 else f"exit {code}"
        return (
            f"The file crashed the process that reads it ({how}); nothing else was harmed. "
            "It is damaged or made to do harm: export it again."
        )

    def end(self) -> None:
        """End the process and remove what it unpacked."""
        self._channel.close()
        self._process.kill()
        self._process.wait()
        self._mark.close()
        shutil.rmtree(self._scratch, ignore_errors=True)


def _late(seconds: float) -> str:
    return (
        f"Reading the file took longer than {seconds:.0f} s and was stopped. "
        "It is damaged, or far more than a scan: export it again, or load a part."
    )


def _sweep() -> None:
    """Remove the folders of children whose process was killed together with ours."""
    for folder in Path(tempfile.gettempdir()).glob(_PREFIX + "*"):
        with contextlib.suppress(OSError), _unused(folder) as unused:
            if unused:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _unused(folder: Path) -> Iterator[bool]:
    with (folder / ".lives").open("r") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
