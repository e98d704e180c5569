"""Requests and results as plain parts for the way to another process: one JSON-ready head and a list of arrays.

Neither a pickle nor a class of ours travels: a worker of another version can read a parcel's head and say so. Arrays
stay arrays and are never written as text. The scan of a request travels apart, once, by its id; without its source, so
that no file name and no header goes along.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from tools import contract
from tools.contract import Candidate, ToolFailed
from tools.mask import Mask
from tools.quantity import Quantity
from tools.scan import Scan
from tools.scan.cache import head_of, of_head

AnyArray = npt.NDArray[Any]

_KINDS: dict[str, type] = {
    kind.__name__: kind for kind in (*contract.REQUESTS.values(), *contract.RESULTS.values(), Candidate, Mask, Quantity)
}
"""What may travel, by name."""
_IS = "is"


@dataclass(frozen=True)
class Parcel:
    """What travels.

    Attributes:
        head: JSON-ready; arrays and scans in it are named by their place in `arrays` or by id.
        arrays: the arrays, each contiguous in C or in Fortran order, as it was.
    """

    head: Any
    arrays: tuple[AnyArray, ...] = ()


def pack(value: Any, at_hand: Collection[str] = ()) -> Parcel:
    """Return a request or result, or a list of them, as a parcel.

    Args:
        value: the request or result.
        at_hand: ids of the scans that the other side has already; any other scan travels whole.

    Raises:
        ToolFailed: it holds something that cannot travel.
    """
    arrays: list[AnyArray] = []
    return Parcel(_down(value, arrays, at_hand), tuple(arrays))


def unpack(parcel: Parcel, scans: Mapping[str, Scan] | None = None) -> Any:
    """Return what was packed; `scans` are those at hand, by id.

    Raises:
        ToolFailed: it is no parcel of ours, or of another scan.
    """
    try:
        return _up(parcel.head, parcel.arrays, scans or {})
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise ToolFailed(f"The tool's answer cannot be read ({type(error).__name__}: {error}).") from error


def _down(value: Any, arrays: list[AnyArray], at_hand: Collection[str]) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        arrays.append(value if value.flags.f_contiguous else np.ascontiguousarray(value))
        return {_IS: "array", "n": len(arrays) - 1}
    if isinstance(value, Scan):
        held = None if value.id in at_hand else _down(np.asarray(value.voxels), arrays, at_hand)
        return {_IS: "scan", "head": head_of(value), "voxels": held}
    kind = next((k for k in type(value).__mro__ if _KINDS.get(k.__name__) is k), None)
    if kind is not None:
        held = {f.name: _down(getattr(value, f.name), arrays, at_hand) for f in fields(kind)}
        return {_IS: kind.__name__, "held": held}
    if isinstance(value, Mapping):
        return {_IS: "map", "held": {str(k): _down(v, arrays, at_hand) for k, v in value.items()}}
    if isinstance(value, tuple):
        return {_IS: "tuple", "held": [_down(v, arrays, at_hand) for v in value]}
    if isinstance(value, Sequence):
        return [_down(v, arrays, at_hand) for v in value]
    raise ToolFailed(f"A value of type {type(value).__name__} cannot be handed to another process.")


def _up(value: Any, arrays: Sequence[AnyArray], scans: Mapping[str, Scan]) -> Any:
    if isinstance(value, list):
        return [_up(v, arrays, scans) for v in value]
    if not isinstance(value, dict):
        return value
    kind = value[_IS]
    if kind == "array":
        return arrays[value["n"]]
    if kind == "scan":
        return _scan(value, arrays, scans)
    if kind == "map":
        return {k: _up(v, arrays, scans) for k, v in value["held"].items()}
    if kind == "tuple":
        return tuple(_up(v, arrays, scans) for v in value["held"])
    return _KINDS[kind](**{k: _up(v, arrays, scans) for k, v in value["held"].items()})


def _scan(value: Mapping[str, Any], arrays: Sequence[AnyArray], scans: Mapping[str, Scan]) -> Scan:
    if value["voxels"] is None:
        return scans[value["head"]["id"]]
    voxels = arrays[value["voxels"]["n"]]
    voxels.setflags(write=False)
    return of_head(value["head"], lambda: voxels)
