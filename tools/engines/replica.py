"""One copy of a model in a worker of the cluster: finds the tool by name, loads it once, answers parcels.

It imports no Ray: Serve makes it and calls it. What it hands on is plain data, so that an app of another version is
told so instead of being misread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import platform
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tools.contract import Cancelled, ToolError, UnknownTool
from tools.device import best_device
from tools.engines.errors import MixedVersions, named
from tools.engines.fingerprint import Fingerprint, differences, fingerprint
from tools.engines.local import carried_out
from tools.engines.parcel import AnyArray, Parcel, pack, unpack
from tools.engines.tickets import take
from tools.registry import Installed, Registry
from tools.scan.cache import of_head

log = logging.getLogger(__name__)

Said = list[Any]
"""A message: ["progress", fraction, phrase], ["error", name, text] for all, ["result", head, array, ...] or [LOST]."""
LOST = "lost"
"""Said of a try that another worker had begun."""


class Replica:
    """A tool that answers one request, or one batch, at a time."""

    def __init__(
        self, name: str, folder: str | None, isolate: tuple[str, ...], device: str, threads: int,
        taken: Callable[[str], bool] = take,
    ) -> None:  # fmt: skip
        os.environ["OMP_NUM_THREADS"] = str(threads)  # before torch is imported, which reads it once
        self._name = name
        self._taken = taken
        self._device = best_device() if device == "cuda" else device
        self._registry = Registry.discover(Path(folder) if folder else None, isolate)
        self._one = ThreadPoolExecutor(1, thread_name_prefix="scanwright-copy")
        """Work that was cancelled runs on until its next progress call; what comes next waits for that."""
        with contextlib.suppress(ToolError):
            self._load(self._registry.get(name))

    def _load(self, tool: Installed) -> None:
        try:
            tool.load(self._device)
        except (Exception, SystemExit):  # noqa: BLE001 - a plug-in may raise anything; its first use will tell
            log.warning("%s could not be loaded ahead of its first use", self._name)

    async def answer(self, wanted: Fingerprint, ticket: str, head: Any, *arrays: AnyArray) -> AsyncIterator[Any]:
        """Yield lists of messages; the last one is the result or an error.

        Args:
            wanted: what the app's tool is.
            ticket: of this try; a try whose ticket is gone is not begun.
            head: the scans' and the requests', as the app packed them.
            arrays: each scan's voxels, from the object store, then the requests'.
        """
        loop, said, stop = asyncio.get_running_loop(), asyncio.Queue[Said](), threading.Event()

        def tell(*message: Any) -> None:
            loop.call_soon_threadsafe(said.put_nowait, list(message))

        self._one.submit(self._work, wanted, ticket, head, arrays, tell, stop)
        try:
            while True:
                batch = [await said.get()]
                while not said.empty():
                    batch.append(said.get_nowait())
                yield batch
                if batch[-1][0] != "progress":
                    return
        finally:
            stop.set()

    def _work(
        self, wanted: Fingerprint, ticket: str, head: Any, arrays: tuple[AnyArray, ...], tell: Any,
        stop: threading.Event,
    ) -> None:  # fmt: skip
        def progress(fraction: float, phrase: str) -> None:
            if stop.is_set():
                raise Cancelled("Stopped by the reader; nothing was recorded.")
            tell("progress", float(fraction), str(phrase))

        try:
            if stop.is_set():
                return
            if not self._taken(ticket):
                tell(LOST)
                return
            tool = self._tool(wanted)
            heads = head["scans"]
            scans = {h["id"]: of_head(h, partial(np.asarray, v)) for h, v in zip(heads, arrays, strict=False)}
            requests = unpack(Parcel(head["requests"], arrays[len(heads) :]), scans)
            answers = carried_out(tool, requests, self._device, progress)
            parcel = pack([list(named(a)) if isinstance(a, ToolError) else a for a in answers], at_hand=scans)
            tell("result", parcel.head, *parcel.arrays)
        except ToolError as error:
            tell("error", *named(error))
        except BaseException as error:  # else the app would wait for an answer that never comes
            log.exception("%s's copy broke", self._name)
            tell("error", "ToolFailed", f"{self._name} failed ({type(error).__name__}); nothing was recorded.")

    def _tool(self, wanted: Fingerprint) -> Installed:
        try:
            tool = self._registry.get(self._name)
        except UnknownTool as error:
            raise MixedVersions(
                f"The worker on {platform.node()} has no {self._name}: {error} Nothing was recorded. Install the same "
                "Scanwright and the same tools folder on every machine of the cluster, then ask again."
            ) from error
        differs = differences(self._name, wanted, fingerprint(tool))
        if differs:
            raise MixedVersions(differs)
        return tool
