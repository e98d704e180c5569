"""A bridge whose first words from workers are lost: what Ray Serve sees when a worker dies before they have come back.

Run as a process, because it imports Ray: ``python late.py TOOLS_FOLDER BEGUN TOLD``. A request that kills its worker
is sent as the bridge does it; each worker's number is written into BEGUN, what the app is told into TOLD.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


class Told:
    """The app's end: keeps what the bridge says."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def send(self, said: dict[str, Any], parcel: object = None) -> None:
        """Keep a message."""
        self.messages.append(said["said"])


def lose_first_words() -> None:
    """Have every worker that dies die before Serve's router has heard that it had begun."""
    from ray.serve._private.replica_result import ActorReplicaResult

    real = ActorReplicaResult.get_rejection_response

    async def late(self: Any) -> Any:
        answer = await real(self)
        await self._obj_ref_gen.completed()  # raises what killed it
        return answer

    ActorReplicaResult.get_rejection_response = late


def main(folder: Path, begun: Path, heard: Path) -> None:
    """Send the request and write what was told."""
    sys.path[:] = [str(HERE.parent), str(HERE), *(p for p in sys.path if p != str(HERE))]
    from acting import asked

    from tools import Registry
    from tools.engines.bridge import Bridge
    from tools.engines.cluster import Cluster
    from tools.engines.fingerprint import fingerprint
    from tools.engines.parcel import pack
    from tools.engines.plan import Plan
    from tools.scan.cache import head_of

    tool = Registry.discover(folder).get("acting")
    cluster, told = Cluster(Plan(device="cpu", replicas=1, folder=str(folder), cpus=2, store_mb=200)), Told()
    try:
        request = asked(begun=begun, **{"always die": True})
        cluster.handle("acting", fingerprint(tool), 0.0)
        lose_first_words()
        cluster.put(request.scan.id, request.scan.voxels)
        said = {"job": 1, "tool": "acting", "wanted": fingerprint(tool), "share": 0.0, "scans": [head_of(request.scan)],
                "voxels": cluster.voxels([{"id": request.scan.id}])}  # fmt: skip
        Bridge(told, cluster)._run(said, pack([request], at_hand=[request.scan.id]))  # type: ignore[arg-type]
        heard.write_text(json.dumps(told.messages))
    finally:
        cluster.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
