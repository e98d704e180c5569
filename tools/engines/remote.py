"""Tools on a Ray cluster, as the runtime sees them: a bridge process, scans handed over once, a lost bridge replaced.

Imports no Ray.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import queue
import socket
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from tools.apart.wire import Garbled
from tools.contract import Cancelled, Progress, Request, ToolFailed
from tools.engines.channel import Channel
from tools.engines.errors import EngineDown, NoEngine, error_of
from tools.engines.fingerprint import fingerprint
from tools.engines.local import Answer, batch_size
from tools.engines.parcel import Parcel, pack, unpack
from tools.engines.plan import Plan, Room, copies, gpu_share, kind_of
from tools.registry import Installed
from tools.scan import Scan
from tools.scan.cache import head_of

KEPT_SCANS = 8
"""Scans whose voxels stay in the cluster's shared memory: a few cases at work, some 100 MB each."""
ANSWER_S, START_S, JOIN_S, CLOSE_S = 3.0, 180.0, 90.0, 30.0
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""HTTP/2's, which a cluster's head speaks: it answers with its settings (a frame of kind 4)."""
GREETING_S = 10.0
"""A busy head answers well within this."""
LOOK_S = 0.1
"""How often a waiting request looks whether the reader stopped it."""
_AUTO = "auto"
_SECRET = ("SCANWRIGHT_", "OPENAI_")
"""Settings, keys and passwords among them, stay with the app: neither the bridge nor a worker needs one."""
_ROOT = str(Path(__file__).resolve().parents[2])


Told = queue.SimpleQueue[tuple[list[Any], Parcel | None] | None]
"""What the bridge says of one job; None: it is gone."""


class _NoRay(Exception):
    """Something else than Ray listens there."""


class _Gone(Exception):
    """The bridge ended under a request."""


def check(address: str | None) -> None:
    """Raise NoEngine without Ray, EngineDown when nothing answers at an address. Starts nothing."""
    if importlib.util.find_spec("ray") is None:
        raise NoEngine(
            "The engine ray needs a package that is not installed (ray): pip install 'scanwright[ray]', or unset "
            "SCANWRIGHT_ENGINE."
        )
    if address is None or address == _AUTO:
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in address:
        raise EngineDown(
            f"SCANWRIGHT_RAY_ADDRESS is {address!r}; it is host:port of the cluster's head (10.0.0.5:6379), or auto. "
            "The app runs on one of the cluster's machines."
        )
    try:
        _greet(host.strip("[]"), int(port))
    except _NoRay:
        raise EngineDown(
            f"What answers at {address} is no Ray cluster. SCANWRIGHT_RAY_ADDRESS is host:port of the cluster's head, "
            "as `ray start --head` says it. What was recorded before is kept."
        ) from None
    except (OSError, OverflowError) as error:
        raise EngineDown(
            f"No Ray cluster answers at {address} ({type(error).__name__}). Start it (ray start --head), or unset "
            "SCANWRIGHT_RAY_ADDRESS to run on this machine. What was recorded before is kept."
        ) from error


def _greet(host: str, port: int) -> None:
    """Raise OSError when nobody answers at an address, _NoRay when somebody else does: Ray would wait for minutes."""
    with socket.create_connection((host, port), timeout=ANSWER_S) as end:
        if os.environ.get("RAY_USE_TLS", "0") == "1":
            return
        end.settimeout(GREETING_S)
        try:
            end.sendall(_GREETING)
            answer = end.recv(4)
        except OSError as error:
            raise _NoRay from error
    if answer[3:4] != _GREETING[-6:-5]:
        raise _NoRay


class RayEngine:
    """Runs tools on a cluster, each a deployment with its own queue."""

    def __init__(
        self,
        *,
        device: str | None = None,
        address: str | None = None,
        replicas: int | None = None,
        folder: Path | None = None,
        isolate: tuple[str, ...] = (),
        cpus: int | None = None,
        store_mb: int | None = None,
    ) -> None:
        kind = (device or "").partition(":")[0] or None
        place = str(folder.resolve()) if folder is not None else None
        self._plan = Plan(address, kind, replicas, place, tuple(isolate), cpus, store_mb)
        self._bridge: _Bridge | None = None
        self._lock = threading.Lock()
        self._closed = False

    @property
    def device(self) -> str:
        """Where models run, in words; the cluster is not asked."""
        return "t" + self._plan.where[1:]

    def lane(self, tool: Installed) -> tuple[str, int]:
        """One queue a tool, as wide as the tool may have copies: what the cluster holds back is fair no more."""
        return tool.spec.name, copies(self._plan, self._joined().room, gpu_share(tool.spec))

    def batch(self, tool: Installed) -> int:
        """As many as the tool takes, where its copies run on what gains from it; one while no cluster is joined."""
        bridge = self._bridge
        return batch_size(tool.spec, kind_of(self._plan, bridge.room, gpu_share(tool.spec))) if bridge else 1

    def perform(
        self, tool: Installed, requests: Sequence[Request], progress: Progress, stopped: Callable[[], bool]
    ) -> list[Answer]:
        """Answer requests on the cluster. A bridge that is lost is replaced once."""
        for again in (True, False):
            try:
                return self._joined().ask(tool, requests, progress, stopped)
            except _Gone:
                if again:
                    progress(0.0, "the connection to the cluster was lost; joining it again")
        raise EngineDown(
            f"{self._plan.where} was lost in the middle of the work. Nothing of it was recorded, and what was recorded "
            "before is kept. Ask again when the cluster is back."
        )

    def ready(self, tool: Installed) -> None:
        """Start a copy of a tool and load it."""
        try:
            self._joined().ready(tool)
        except _Gone as error:
            raise EngineDown(f"{self._plan.where} was lost while {tool.spec.name} was loaded.") from error

    def close(self) -> None:
        """End the bridge, and with it a cluster of our own."""
        with self._lock:
            self._closed = True
            bridge, self._bridge = self._bridge, None
        if bridge is not None:
            bridge.close()

    def _joined(self) -> _Bridge:
        with self._lock:
            if self._closed:
                raise ToolFailed("The runtime is closed and takes no new work. Start the app again.")
            if self._bridge is None or not self._bridge.lives:
                if self._bridge is not None:
                    self._bridge.close(0.0)
                check(self._plan.address)
                self._bridge = _Bridge(self._plan)
            return self._bridge


class _Bridge:
    """The bridge's process and what is under way in it."""

    def __init__(self, plan: Plan) -> None:
        mine, other = socket.socketpair()
        with other:
            paths = filter(None, (_ROOT, os.environ.get("PYTHONPATH")))
            kept = {k: v for k, v in os.environ.items() if not k.startswith(_SECRET)}
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "tools.engines.bridge", str(other.fileno())], pass_fds=(other.fileno(),),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                env={**kept, "PYTHONPATH": os.pathsep.join(paths)},
            )  # fmt: skip
        self._channel = Channel(mine)
        self._jobs: dict[int, Told] = {}
        self._numbers = itertools.count(1)
        self._scans: OrderedDict[str, None] = OrderedDict()
        self._order = threading.Lock()
        self.lives = True
        self.room = self._open(plan, mine)
        self._reader = threading.Thread(target=self._read, name="scanwright-bridge", daemon=True)
        self._reader.start()

    def _open(self, plan: Plan, end: socket.socket) -> Room:
        try:
            end.settimeout(START_S if plan.address is None else JOIN_S)
            self._channel.send(plan.as_said())
            said, _ = self._channel.receive()
            end.settimeout(None)
        except (OSError, EOFError, Garbled) as error:
            self.close(0.0)
            done = "started" if plan.address is None else "joined"
            raise EngineDown(f"{plan.where} could not be {done}. Nothing was recorded. Ask again.") from error
        if "error" in said:
            self.close(CLOSE_S)
            raise error_of(*said["error"])
        return Room(said["cpus"], said["gpus"], said["cores"])

    def ask(
        self, tool: Installed, requests: Sequence[Request], progress: Progress, stopped: Callable[[], bool]
    ) -> list[Answer]:
        """Send requests and return their results. Raises _Gone when the bridge ends under it."""
        scans = {request.scan.id: request.scan for request in requests}
        said = {"do": "run", **_named(tool), "scans": [head_of(scan) for scan in scans.values()]}
        with self._order:  # a scan that is handed over may be let go only after the request that needs it
            for scan in scans.values():
                self._hand_over(scan, scans)
            job = self._begin(said, pack(list(requests), at_hand=scans))
        found = self._answer(job, progress, stopped)
        answers = unpack(found, scans) if found is not None else []
        return [error_of(*a) if isinstance(a, list) else a for a in answers]

    def ready(self, tool: Installed) -> None:
        """Have a copy of a tool loaded."""
        self._answer(self._begin({"do": "ready", **_named(tool)}), lambda fraction, phrase: None, lambda: False)

    def _begin(self, said: dict[str, Any], parcel: Parcel | None = None) -> int:
        job = next(self._numbers)
        self._jobs[job] = queue.SimpleQueue()
        self._send({**said, "job": job}, parcel)
        return job

    def _answer(self, job: int, progress: Progress, stopped: Callable[[], bool]) -> Parcel | None:
        told, over = self._jobs[job], False
        try:
            while True:
                (kind, *rest), found = self._next(told, stopped)
                over = kind != "progress"
                if kind == "progress":
                    progress(float(rest[0]), str(rest[1]))
                elif kind == "error":
                    raise error_of(*rest)
                else:
                    return found
        finally:
            self._jobs.pop(job, None)
            if not over and self.lives:
                self._send({"do": "cancel", "job": job})

    def _next(self, told: Told, stopped: Callable[[], bool]) -> tuple[list[Any], Parcel | None]:
        while True:
            if not self.lives and told.empty():
                raise _Gone
            try:
                message = told.get(timeout=LOOK_S)
            except queue.Empty:
                if stopped():
                    raise Cancelled("Stopped by the reader; nothing was recorded.") from None
                continue
            if message is None:
                raise _Gone
            return message

    def _hand_over(self, scan: Scan, needed: Collection[str]) -> None:
        """Send a scan's voxels once; of those not needed now, the ones that were longest unused are let go."""
        spare = [name for name in self._scans if name not in needed]
        for gone in spare[: max(0, len(self._scans) - KEPT_SCANS)]:
            del self._scans[gone]
            self._send({"do": "forget", "scan": gone})
        if scan.id not in self._scans:
            self._send({"do": "scan", "scan": scan.id}, Parcel(None, (scan.voxels,)))
        self._scans[scan.id] = None
        self._scans.move_to_end(scan.id)

    def _send(self, said: dict[str, Any], parcel: Parcel | None = None) -> None:
        try:
            self._channel.send(said, parcel)
        except OSError as error:
            self.lives = False
            raise _Gone from error

    def _read(self) -> None:
        try:
            while True:
                said, parcel = self._channel.receive()
                told = self._jobs.get(said["job"])
                if told is not None:
                    told.put((said["said"], parcel))
        except (OSError, EOFError, Garbled):
            self.lives = False
            for told in list(self._jobs.values()):
                told.put(None)

    def close(self, wait_s: float = CLOSE_S) -> None:
        """End the process."""
        try:
            self._channel.send({"do": "close"})
        except OSError:  # it ended before us
            wait_s = 0.0
        try:
            self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.lives = False
        self._channel.close()


def _named(tool: Installed) -> dict[str, Any]:
    return {"tool": tool.spec.name, "wanted": fingerprint(tool), "share": gpu_share(tool.spec)}
