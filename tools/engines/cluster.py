"""A Ray cluster as the bridge uses it: joined or our own; each model a Serve deployment; scans put once.

Only the bridge's process imports this module; beside it, `tickets` alone knows Ray. A cluster that was joined is shared
with others: nothing of it is shut down. Our deployments there keep no copy while idle; copies of the app with the same
tools use the same deployments. A cluster of our own answers to a token that no other process knows.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from tools.engines import tickets
from tools.engines.errors import EngineDown, EngineError, MixedVersions, NoEngine
from tools.engines.fingerprint import Fingerprint, short
from tools.engines.parcel import AnyArray, Parcel
from tools.engines.plan import CORES_A_COPY, CPU_SHARE, Plan, Room, copies, kind_of
from tools.engines.replica import LOST, Replica

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "1", "RAY_SERVE_LOG_TO_STDERR": "0"}
READY_S = 300.0
"""A first copy of a model is imported, loaded and ready well within this, on a busy machine too."""
IDLE_S = 300.0
"""A copy that had nothing to do for so long is given up."""
HEALTH_S = 1.0
"""How often a copy is asked whether it lives: a dead one is replaced that soon."""
QUEUE_S = 5.0
"""Work that has waited for so long gets a further copy."""


_BAD = "DEPLOY_FAILED"
"""Serve's word for a deployment that gave up; one that lost copies is waited for."""


class Lost(Exception):
    """A copy of a model, its machine or an object died under a request; it may be tried again."""


@contextlib.contextmanager
def _may_be_lost() -> Iterator[None]:
    """Turn what Ray raises into Lost: a tool's own errors are answers and never come this way."""
    from ray.exceptions import RayError
    from ray.serve.exceptions import RayServeException

    try:
        yield
    except (RayError, RayServeException) as error:
        raise Lost((str(error) or type(error).__name__).splitlines()[0]) from error


class Stream:
    """One try of a request, under way in a copy."""

    def __init__(self, response: Any, ticket: str) -> None:
        self._response = response
        self._ticket = ticket

    def __iter__(self) -> Iterator[list[Any]]:
        try:
            with _may_be_lost():
                for message in itertools.chain.from_iterable(self._response):
                    if message[0] == LOST:
                        raise Lost("the worker that had begun it died before it said so")
                    yield message
        except Lost:
            self._void()
            raise

    def cancel(self) -> None:
        """Stop it: its next progress call ends it, and it is begun nowhere any more."""
        self._void()
        self._response.cancel()

    def _void(self) -> None:
        with contextlib.suppress(Lost), _may_be_lost():  # without the head nothing is begun anyway
            tickets.take(self._ticket)


class Cluster:
    """A connection; one a process."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        if plan.address is None:
            os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        self._connect()
        self._scans: dict[str, Any] = {}
        self._handles: dict[str, Any] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def _connect(self) -> None:
        try:
            import ray
            from ray import serve
        except ImportError as error:
            raise NoEngine(missing(error.name)) from error
        given: dict[str, Any] = {"address": self.plan.address}
        if self.plan.address is None:
            store = self.plan.store_mb * 2**20 if self.plan.store_mb else None
            given = {"address": "local", "include_dashboard": False, "num_cpus": self.plan.cpus,
                     "object_store_memory": store, "_node_ip_address": "127.0.0.1"}  # fmt: skip
        for again in (self.plan.address is None, False):  # Ray gives a start 30 s, too little for a busy machine
            try:
                made = ray.init(**given, log_to_driver=False, logging_level="ERROR", configure_logging=False)
                self._folder = str(made.address_info["session_dir"])
                serve.start(http_options={"location": "NoServer"})
                return
            except Exception as error:  # Ray raises bare ones, too, when it cannot start
                if not again:
                    raise _not_joined(self.plan, error) from error
                ray.shutdown()

    @property
    def head(self) -> tuple[str, int]:
        """Where the cluster's head listens."""
        import ray

        host, _, port = str(ray.get_runtime_context().gcs_address).rpartition(":")
        return host, int(port)

    @property
    def room(self) -> Room:
        """What the cluster has now."""
        import ray

        alive = [n["Resources"] for n in ray.nodes() if n["Alive"]]
        cores = [int(r["CPU"]) for r in alive if r.get("CPU")]
        return Room(sum(r.get("CPU", 0) for r in alive), sum(r.get("GPU", 0) for r in alive), min(cores, default=1))

    def put(self, scan: str, voxels: AnyArray) -> None:
        """Keep a scan's voxels in the object store."""
        import ray

        self._scans[scan] = ray.put(voxels)

    def forget(self, scan: str) -> None:
        """Let go of a scan; requests under way keep it."""
        self._scans.pop(scan, None)

    def voxels(self, scans: Sequence[dict[str, Any]]) -> list[Any]:
        """Return the references of scans by their heads; they stay valid when the scans are forgotten."""
        return [self._scans[scan["id"]] for scan in scans]

    def ask(
        self, tool: str, wanted: Fingerprint, share: float, scans: list[dict[str, Any]], voxels: list[Any],
        parcel: Parcel,
    ) -> Stream:  # fmt: skip
        """Send requests that run together to a copy of a tool, whichever is free. Raises Lost, EngineError."""
        with _may_be_lost():
            handle = self.handle(tool, wanted, share)
            ticket, head = tickets.issue(), {"scans": scans, "requests": parcel.head}
            return Stream(handle.answer.remote(wanted, ticket, head, *voxels, *parcel.arrays), ticket)

    def look_again(self, tool: str) -> None:
        """Forget where a tool is deployed: its deployment, too, may be gone."""
        self._handles.pop(tool, None)

    def handle(self, tool: str, wanted: Fingerprint, share: float) -> Any:
        """Return the deployment of a tool, made at first use, or found where another copy of the app made it.

        Raises:
            EngineError: no copy could be started.
        """
        with self._lock:
            lock = self._locks.setdefault(tool, threading.Lock())
        with lock:
            if tool not in self._handles:
                self._handles[tool] = self._deployed(tool, wanted, share).options(stream=True)
            return self._handles[tool]

    def _deployed(self, tool: str, wanted: Fingerprint, share: float) -> Any:
        from ray import serve

        plan, room = self.plan, self.room
        kind = kind_of(plan, room, share)
        gpu = share if kind == "cuda" else 0.0
        most = copies(plan, room, share)
        app = f"scanwright-{tool}-{short(wanted, plan.folder, plan.isolate, gpu, most)}"
        serve.start(http_options={"location": "NoServer"})  # does nothing where Serve runs
        state = serve.status().applications.get(app)
        if state is None or state.status.value == _BAD:
            least = 0 if plan.address else 1
            made = serve.deployment(Replica).options(
                name=tool,
                max_ongoing_requests=1,
                health_check_period_s=HEALTH_S,
                ray_actor_options={"num_cpus": CPU_SHARE, "num_gpus": gpu},
                autoscaling_config={
                    "min_replicas": least, "initial_replicas": 1, "max_replicas": most, "target_ongoing_requests": 1,
                    "upscale_delay_s": QUEUE_S, "downscale_delay_s": IDLE_S,
                },
            )  # fmt: skip
            bound = made.bind(tool, plan.folder, plan.isolate, kind, self._threads(room))
            serve.run_many([serve.RunTarget(bound, name=app, route_prefix=None)], wait_for_applications_running=False)
        _wait(app, tool, gpu)
        return serve.get_app_handle(app)

    def _threads(self, room: Room) -> int:
        """Return the threads a copy computes with: the operator's choice, else up to four of a machine's cores."""
        chosen = os.environ.get("OMP_NUM_THREADS", "")
        return int(chosen) if chosen.isdecimal() and int(chosen) else min(CORES_A_COPY, room.cores)

    def close(self) -> None:
        """Leave; stop the cluster when it is our own."""
        import ray
        from ray import serve

        if self.plan.address is None:
            serve.shutdown()
        ray.shutdown()
        if self.plan.address is None:  # logs, and arrays that memory had no room for
            shutil.rmtree(self._folder, ignore_errors=True)


def missing(package: str | None = None) -> str:
    """Return the sentence for a missing package."""
    return (
        f"The engine ray needs a package that is not installed ({package or 'ray'}): pip install 'scanwright[ray]', "
        "or unset SCANWRIGHT_ENGINE."
    )


def _not_joined(plan: Plan, error: Exception) -> EngineError:
    said = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    if "ersion mismatch" in str(error):
        return MixedVersions(
            f"{plan.where} runs another Ray or Python than the app: {said} Install the same on every machine."
        )
    if "Could not find any running Ray" in str(error):
        return EngineDown(
            "SCANWRIGHT_RAY_ADDRESS is auto, and no Ray cluster runs on this machine. Start or join one here (ray "
            "start), name its head (host:port), or unset it to run without. Nothing was recorded."
        )
    if plan.address is None:
        return EngineDown(f"{plan.where} cannot be started ({said}) Nothing was recorded. Ask again.")
    return EngineDown(
        f"{plan.where} cannot be joined ({said}) Start it on this machine (ray start), or unset SCANWRIGHT_RAY_ADDRESS "
        "to run without it. Nothing was recorded."
    )


def _wait(app: str, tool: str, gpu: float) -> None:
    """Wait until a deployment runs. Raises EngineError when it does not."""
    from ray import serve

    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        state = serve.status().applications.get(app)
        status = str(state.status.value) if state is not None else "DELETING"
        if status == "RUNNING":
            return
        if state is not None and status == _BAD:
            why = _reason(state.message)
            raise EngineError(
                f"The cluster's workers cannot start {tool}: {why} Nothing was recorded. Install the same Scanwright "
                "on every machine of the cluster."
            )
        time.sleep(0.05)
    raise EngineError(
        f"No machine of the cluster had room for {tool} within {READY_S:.0f} s: a copy takes {CPU_SHARE:g} of a CPU"
        f"{f' and {gpu:g} of a GPU' if gpu else ''}. Nothing was recorded. Free some, or add a machine."
    )


def _reason(message: str) -> str:
    """Return the last line of a trace that says something, for example ``ModuleNotFoundError: No module named 'x'``."""
    lines = [line.strip() for line in message.splitlines()]
    errors = [line for line in lines if line.partition(":")[0].endswith(("Error", "Exception"))]
    return (errors or lines or [""])[-1].rstrip(".") + "."
