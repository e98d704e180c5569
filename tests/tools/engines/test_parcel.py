"""What travels comes back the same, holds no class of ours and no name of a file, and refuses what it does not know."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tools import (
    Candidate,
    ClassifyRequest,
    ClassifyResult,
    FindRequest,
    FindResult,
    Mask,
    MeasureRequest,
    MeasureResult,
    Quantity,
    Scan,
    SegmentRequest,
    SegmentResult,
    Source,
    ToolFailed,
)
from tools.contract import PrepareRequest, PrepareResult
from tools.engines.channel import Channel
from tools.engines.parcel import Parcel, pack, unpack

SOURCE = Source((Path("/archive/Quimby_Zephyr/1.dcm"),), "DICOM", {"PatientName": "Quimby^Zephyr"}, "2024-02-29")
SCAN = Scan.build(np.arange(60).reshape(3, 4, 5), np.diag([-1.0, 1.0, 2.0, 1.0]), source=SOURCE, notes=("a note",))
MASK = Mask.from_grid(SCAN.id, SCAN.voxels > 30, SCAN.affine, "nodule")
EMPTY = Mask.from_grid(SCAN.id, SCAN.voxels > 99, SCAN.affine)
SIZE = Quantity("axial_long_axis", 12.25, "mm", "calipers", ((0.0, 1.0, 2.0), (3.0, 4.0, 5.0)), "a tie")
OTHER = Scan.build(np.linspace(0, 1, 24).reshape(2, 3, 4), np.eye(4), spacing=(None, None, 1.0))
VALUES = [
    SegmentRequest(SCAN, (-1.0, 1.0, 2.0), clicks=(((0.0, 0.0, 0.0), True),), parameters={"size": [1, 2], "deep": {"a": None}}),
    SegmentRequest(SCAN, box=((0.0, 0.0, 0.0), (-2.0, 2.0, 2.0)), threshold=0.4),
    FindRequest(scan=SCAN, max_candidates=3, side="left"),
    ClassifyRequest(SCAN, MASK),
    MeasureRequest(SCAN, MASK),
    PrepareRequest(SCAN, {"mm": np.float32(1.5)}),
    SegmentResult(MASK, 0.5, ("a note",), (EMPTY, MASK)),
    FindResult((Candidate(MASK, "nodule", np.int64(1), 0.5, 12.0, "left"),), ("the bones",)),  # type: ignore[arg-type]
    ClassifyResult((SIZE,)),
    MeasureResult((SIZE, SIZE), ("cut off",)),
    PrepareResult(OTHER, "resampled"),
]


def same(a: Any, b: Any) -> bool:
    if isinstance(a, Scan):
        return a == b and np.array_equal(a.voxels, b.voxels) and a.spacing == b.spacing and a.notes == b.notes
    if is_dataclass(a):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_it_comes_back_the_same(value: Any) -> None:
    parcel = pack([value], at_hand={SCAN.id})
    head = json.loads(json.dumps(parcel.head))
    (back,) = unpack(Parcel(head, parcel.arrays), {SCAN.id: SCAN})
    assert same(value, back)
    assert "Quimby" not in json.dumps(head)
    assert "2024" not in json.dumps(head)


def test_a_scan_that_is_at_hand_is_not_sent_again() -> None:
    assert pack(MeasureRequest(SCAN, MASK), at_hand={SCAN.id}).arrays[0].size == MASK.box.size
    assert pack(MeasureRequest(SCAN, MASK)).arrays[0].size == SCAN.voxels.size


def test_the_order_of_a_scans_voxels_in_memory_is_kept() -> None:
    array = np.asfortranarray(np.arange(24, dtype=np.int16).reshape(2, 3, 4))
    near, far = socket.socketpair()
    sender, receiver = Channel(near), Channel(far)
    threading.Thread(target=sender.send, args=({"do": "scan"}, pack([array, MASK.box, EMPTY.box]))).start()
    said, parcel = receiver.receive()
    assert said == {"do": "scan"}
    assert parcel is not None
    assert parcel.arrays[0].flags.f_contiguous
    assert [np.array_equal(a, b) for a, b in zip(parcel.arrays, (array, MASK.box, EMPTY.box), strict=True)] == [True] * 3
    sender.close()
    with pytest.raises((EOFError, OSError)):
        receiver.receive()
    receiver.close()


def test_what_is_not_of_the_contract_does_not_travel() -> None:
    with pytest.raises(ToolFailed, match="type PosixPath"):
        pack(PrepareRequest(SCAN, {"file": Path("x")}), at_hand={SCAN.id})


@pytest.mark.parametrize(
    "head",
    [{"is": "Popen", "held": {"args": "ls"}}, {"is": "array", "n": 3}, {"is": "Mask", "held": {}}, {}, {"is": "scan"},
     {"is": "scan", "head": {"id": "another"}, "voxels": None}],
)  # fmt: skip
def test_what_is_not_ours_is_not_read(head: Any) -> None:
    with pytest.raises(ToolFailed, match="cannot be read"):
        unpack(Parcel(head), {SCAN.id: SCAN})
