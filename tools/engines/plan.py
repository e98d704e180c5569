"""What the operator chose for a Ray cluster, and how much of it a copy of a model takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tools.contract import ToolSpec

CORES_A_COPY = 4
"""Cores that one copy of a model computes on where there is no GPU: a network gains little from more."""
CPU_SHARE = 0.1
"""Of a core, as Ray counts them: it limits where copies may start, not what they use. Two cores hold twenty copies, so
every shipped tool has one."""
GPU_SHARE = 0.1
"""Of a GPU, for a tool that finds, segments or classifies and says nothing itself; ten such share one."""
_NO_GPU = ("measure", "prepare")


@dataclass(frozen=True)
class Plan:
    """How to use Ray.

    Attributes:
        address: of a cluster to join, host:port or ``auto``; None: one of our own on this machine.
        device: ``cpu`` keeps models off GPUs; None or ``cuda``: on GPUs where the cluster has some.
        replicas: the most copies of one model; None: see `copies`.
        folder: the operator's tools, at the same path on every machine.
        isolate: tools that run in a process of their own.
        cpus: cores of a cluster of our own; None: all.
        store_mb: shared memory for arrays in a cluster of our own, MB; None: Ray's choice (30 % of the memory).
    """

    address: str | None = None
    device: str | None = None
    replicas: int | None = None
    folder: str | None = None
    isolate: tuple[str, ...] = ()
    cpus: int | None = None
    store_mb: int | None = None

    def as_said(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return asdict(self)

    @classmethod
    def of_said(cls, said: dict[str, Any]) -> Plan:
        """Return what `as_said` said."""
        return cls(**{**said, "isolate": tuple(said["isolate"])})

    @property
    def where(self) -> str:
        """The cluster, in words that begin a sentence."""
        return f"The Ray cluster at {self.address}" if self.address else "The Ray cluster on this machine"


@dataclass(frozen=True)
class Room:
    """What a cluster has.

    Attributes:
        cpus, gpus: in all.
        cores: of its smallest machine.
    """

    cpus: float
    gpus: float
    cores: int


def gpu_share(spec: ToolSpec) -> float:
    """Return the part of a GPU that a copy of a tool takes where there are GPUs."""
    if spec.gpu_share is not None:
        return spec.gpu_share
    return 0.0 if spec.task in _NO_GPU else GPU_SHARE


def kind_of(plan: Plan, room: Room, share: float) -> str:
    """Return the kind of device that a copy of a tool runs on, ``cuda`` or ``cpu``."""
    return "cuda" if share and room.gpus and plan.device != "cpu" else "cpu"


def copies(plan: Plan, room: Room, share: float) -> int:
    """Return the most copies of a tool: as chosen, else one a GPU, or one for every four cores without GPUs."""
    if plan.replicas:
        return plan.replicas
    if kind_of(plan, room, share) == "cuda":
        return max(1, int(room.gpus))
    return max(1, int(room.cpus) // CORES_A_COPY)
