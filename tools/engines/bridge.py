"""The process between the app and a Ray cluster: ``python -m tools.engines.bridge FD``.

Ray ends a driver whose cluster is gone; this is the one it ends. It tells the app what it is told, tries again what a
dying worker lost, and goes when the app goes.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tools.apart.wire import Garbled
from tools.contract import ToolError
from tools.engines.channel import Channel
from tools.engines.cluster import Cluster, Lost, Stream
from tools.engines.errors import named
from tools.engines.parcel import Parcel
from tools.engines.plan import Plan

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""A request that took down as many workers is to blame itself."""
PAUSE_S = 0.5
"""Before another attempt; the one after waits twice as long."""
WATCH_S, MISSED = 3.0, 3
"""How often the cluster's head is asked whether it is there, and how many missed answers mean that it is gone."""
_AT_ONCE = 256


class Bridge:
    """Carries requests over."""

    def __init__(self, channel: Channel, cluster: Cluster) -> None:
        self._channel = channel
        self._cluster = cluster
        self._streams: dict[int, Stream] = {}
        self._cancelled: set[int] = set()
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="scanwright-bridge")

    def serve(self) -> None:
        """Do what the app says until it says close, or is gone."""
        while True:
            said, parcel = self._channel.receive()
            what = said["do"]
            if what == "close":
                return
            if what == "scan" and parcel is not None:
                self._cluster.put(said["scan"], parcel.arrays[0])
            elif what == "forget":
                self._cluster.forget(said["scan"])
            elif what == "cancel":
                self._cancel(said["job"])
            elif what in ("run", "ready"):  # references are taken now: a scan may be forgotten before its turn
                voxels = self._cluster.voxels(said.get("scans", ()))
                self._threads.submit(self._work, {**said, "voxels": voxels}, parcel)

    def _cancel(self, job: int) -> None:
        with self._lock:
            self._cancelled.add(job)
            stream = self._streams.get(job)
        if stream is not None:
            stream.cancel()

    def _work(self, said: dict[str, Any], parcel: Parcel | None) -> None:
        job = said["job"]
        try:
            if parcel is None:
                self._cluster.handle(said["tool"], said["wanted"], said["share"])
                self._tell(job, ["ready"])
            else:
                self._run(said, parcel)
        except ToolError as error:
            self._tell(job, ["error", *named(error)])
        except Exception as error:  # the app waits for an answer
            log.exception("a request broke")
            self._tell(job, ["error", "EngineError", f"The engine failed ({type(error).__name__}); nothing was "
                             "recorded. Ask again."])  # fmt: skip
        finally:
            with self._lock:
                self._streams.pop(job, None)
                self._cancelled.discard(job)

    def _run(self, said: dict[str, Any], parcel: Parcel) -> None:
        job, tool, voxels = said["job"], said["tool"], said["voxels"]
        for attempt in range(ATTEMPTS):
            try:
                stream = self._cluster.ask(tool, said["wanted"], said["share"], said["scans"], voxels, parcel)
                with self._lock:
                    self._streams[job] = stream
                    gone = job in self._cancelled
                if gone:
                    stream.cancel()
                    return
                for message in stream:
                    self._tell(job, message)
                return
            except Lost as error:
                if job in self._cancelled:
                    return
                log.warning("%s was lost (%s), attempt %d", tool, error, attempt + 1)
                self._cluster.look_again(tool)
                self._tell(job, ["progress", 0.0, "a worker was lost; starting again"])
                time.sleep(PAUSE_S * 2**attempt)
        self._tell(job, ["error", "ToolFailed", f"{tool}'s worker died {ATTEMPTS} times over this request; nothing was "
                         "recorded. Try another point or tool."])  # fmt: skip

    def _tell(self, job: int, message: list[Any]) -> None:
        if message[0] == "result":
            self._channel.send({"job": job, "said": ["result"]}, Parcel(message[1], tuple(message[2:])))
        else:
            self._channel.send({"job": job, "said": message})


def watch(head: tuple[str, int]) -> None:
    """End this process when the cluster's head does not answer any more: calls to it would wait for minutes."""
    missed = 0
    while missed < MISSED:
        time.sleep(WATCH_S)
        try:
            socket.create_connection(head, timeout=WATCH_S).close()
            missed = 0
        except OSError:
            missed += 1
    os._exit(1)


def main(descriptor: int) -> None:
    """Join or start the cluster, tell the app, and work."""
    channel = Channel(socket.socket(fileno=descriptor))
    try:
        said, _ = channel.receive()
        try:
            cluster = Cluster(Plan.of_said(said))
        except ToolError as error:
            channel.send({"error": named(error)})
            return
        try:
            room = cluster.room
            threading.Thread(target=watch, args=(cluster.head,), daemon=True).start()
            channel.send({"cpus": room.cpus, "gpus": room.gpus, "cores": room.cores})
            Bridge(channel, cluster).serve()
        finally:
            cluster.close()
    except (EOFError, OSError, Garbled):  # the app is gone
        return


if __name__ == "__main__":
    main(int(sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)  # threads may still wait for a cluster that is gone
