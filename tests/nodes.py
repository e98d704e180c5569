"""A Ray cluster of several nodes inside this machine, in a process of its own: the tests import no Ray."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from typing import Any

STORE = 200 * 2**20


class Nodes:
    """A cluster with a head and further nodes, each of one core."""

    def __init__(self, further: int = 1) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
        )  # fmt: skip
        try:
            self.address = str(self._ask("start", further))
        except BaseException:
            self.stop()
            raise

    def lose(self) -> list[int]:
        """Kill the last node that was added, as a power cut would; return the workers that ran on it."""
        return list(self._ask("lose", 0))

    def stop(self) -> None:
        """End the cluster."""
        if self._process.poll() is None:
            self._process.communicate(timeout=60)  # the end of its input ends it
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(60)

    def _ask(self, what: str, count: int) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([what, count]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def _main() -> None:
    import psutil
    from ray.cluster_utils import Cluster

    out, sys.stdout = sys.stdout, sys.stderr
    cluster = Cluster()
    nodes: list[Any] = []
    try:
        for line in sys.stdin:
            what, count = json.loads(line)
            answer: Any = None
            if what == "start":
                cluster.add_node(num_cpus=1, object_store_memory=STORE, include_dashboard=False)
                nodes = [cluster.add_node(num_cpus=1, object_store_memory=STORE) for _ in range(count)]
                answer = cluster.address
            elif what == "lose":
                node = nodes.pop()
                raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
                answer = [child.pid for child in raylet.children()]
                cluster.remove_node(node, allow_graceful=False)
                for worker in answer:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        psutil.Process(worker).kill()
            print(json.dumps(answer), file=out, flush=True)
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    _main()
