"""What stands behind `tools.runtime`: this process, or a Ray cluster. The runtime is all that others know.

    fair         the queue between cases, one for every engine
    local        tools in this process
    errors       what an engine itself can fail with
    parcel       requests and results as plain parts for the way
    fingerprint  what a worker's tool must share with the app's
    channel      parcels over a socket
    remote       tools on a Ray cluster, as the runtime sees it
    bridge       the process between the app and the cluster
    cluster      a Ray cluster: joined, or started and stopped; models as Serve deployments
    replica      one copy of a model in a worker
    tickets      one a try, so that what Serve sends again by itself is not begun again

Ray's driver ends its own process when the cluster dies under it, so the app never is that driver: the bridge is, and a
lost bridge costs the work that was under way, nothing else. Ray is imported in the bridge and in workers only.

Serve deployments rather than bare actors: replicas that die are replaced, idle ones go, a queue too long gets more of
them, GPUs are divided, and several copies of the app share one set of models; each of that would be ours to write.
"""

from __future__ import annotations

from pathlib import Path

from tools.engines.errors import EngineDown, EngineError, MixedVersions, NoEngine
from tools.engines.local import Engine, LocalEngine

ENGINES = ("local", "ray")

__all__ = ["ENGINES", "Engine", "EngineDown", "EngineError", "MixedVersions", "NoEngine", "make_engine"]


def make_engine(
    name: str,
    *,
    device: str | None = None,
    address: str | None = None,
    replicas: str | int | None = None,
    folder: Path | None = None,
    isolate: tuple[str, ...] = (),
) -> Engine:
    """Return the engine of a name; see `tools.runtime.open_runtime`.

    Raises:
        NoEngine: no engine of that name, or its package is not installed.
        EngineDown: no cluster answers at the address.
    """
    if name == "local":
        return LocalEngine(device)
    if name != "ray":
        raise NoEngine(f"There is no engine called {name!r}. SCANWRIGHT_ENGINE is {' or '.join(ENGINES)}.")
    from tools.engines.remote import RayEngine, check

    check(address)
    most = _count(replicas)
    return RayEngine(device=device, address=address, replicas=most, folder=folder, isolate=isolate)


def _count(chosen: str | int | None) -> int | None:
    if chosen is None:
        return None
    if not str(chosen).isdecimal() or int(chosen) < 1:
        raise NoEngine(f"SCANWRIGHT_RAY_REPLICAS is {chosen!r}; it is a whole number of copies of a model, 1 or more.")
    return int(chosen)
