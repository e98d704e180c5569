"""Requests and results as files in a folder: JSON and NumPy arrays, never pickles. Both sides read and write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tools.contract import (
    Candidate,
    ClassifyRequest,
    ClassifyResult,
    FindRequest,
    FindResult,
    MeasureRequest,
    MeasureResult,
    PrepareRequest,
    PrepareResult,
    Request,
    Result,
    SegmentRequest,
    SegmentResult,
    ToolFailed,
)
from tools.mask import Mask
from tools.quantity import Quantity
from tools.scan import Scan, ScanError
from tools.scan.cache import open_scan, save_scan

_REQUEST, _RESULT, _MASKS, _SCAN, _MADE = "request.json", "result.json", "masks.npz", "scan", "made"


def write_request(folder: Path, request: Request) -> None:
    """Write a request and its scan."""
    save_scan(request.scan, folder / _SCAN)
    said: dict[str, Any] = {"parameters": dict(request.parameters)}
    if isinstance(request, FindRequest):
        said |= {"task": "find", "max_candidates": request.max_candidates, "side": request.side}
    elif isinstance(request, SegmentRequest):
        said |= {"task": "segment", "point": request.point, "box": request.box, "clicks": request.clicks,
                 "threshold": request.threshold}  # fmt: skip
    elif isinstance(request, (ClassifyRequest, MeasureRequest)):
        said |= {"task": "classify" if isinstance(request, ClassifyRequest) else "measure",
                 "masks": _put_masks(folder, [request.mask])}  # fmt: skip
    else:
        said |= {"task": "prepare"}
    _put(folder / _REQUEST, said)


def read_request(folder: Path) -> Request:
    """Return the request that lies in a folder."""
    said = _get(folder / _REQUEST)
    scan, parameters = open_scan(folder / _SCAN), said["parameters"]
    if said["task"] == "find":
        return FindRequest(scan=scan, max_candidates=said["max_candidates"], side=said["side"], parameters=parameters)
    if said["task"] == "segment":
        box = tuple(_point(corner) for corner in said["box"]) if said["box"] else None
        return SegmentRequest(
            scan, _point(said["point"]), box, tuple((_point(p), bool(keep)) for p, keep in said["clicks"]),  # type: ignore[arg-type, misc]
            said["threshold"], parameters,
        )  # fmt: skip
    if said["task"] == "prepare":
        return PrepareRequest(scan, parameters)
    (mask,) = _get_masks(folder, said["masks"])
    return (ClassifyRequest if said["task"] == "classify" else MeasureRequest)(scan, mask, parameters)


def write_result(folder: Path, result: Result) -> None:
    """Write a result."""
    said: dict[str, Any] = {"notes": list(result.notes)}
    if isinstance(result, SegmentResult):
        said |= {"threshold": float(result.threshold), "masks": _put_masks(folder, [result.mask, *result.parts])}
    elif isinstance(result, FindResult):
        said |= {
            "not_assessed": list(result.not_assessed), "masks": _put_masks(folder, [c.mask for c in result.candidates]),
            "candidates": [
                [c.group, int(c.rank), float(c.score), float(c.diameter_mm), c.side] for c in result.candidates
            ],
        }  # fmt: skip
    elif isinstance(result, ClassifyResult):
        said |= {"quantities": [q.to_json() for q in result.scores]}
    elif isinstance(result, MeasureResult):
        said |= {"quantities": [q.to_json() for q in result.quantities]}
    else:
        save_scan(result.scan, folder / _MADE)
        said |= {"done": result.done}
    _put(folder / _RESULT, said)


def read_result(folder: Path, task: str) -> Result:
    """Return the result that lies in a folder. Raises ToolFailed when there is none, or not one of the task's."""
    try:
        said = _get(folder / _RESULT)
        notes = tuple(str(n) for n in said["notes"])
        if task == "segment":
            first, *rest = _get_masks(folder, said["masks"])
            return SegmentResult(first, float(said["threshold"]), notes, tuple(rest))
        if task == "find":
            masks = _get_masks(folder, said["masks"])
            found = (Candidate(m, *row) for m, row in zip(masks, said["candidates"], strict=True))
            return FindResult(tuple(found), tuple(said["not_assessed"]), notes)
        if task == "prepare":
            return PrepareResult(_held(open_scan(folder / _MADE)), str(said["done"]), notes)
        quantities = tuple(Quantity.from_json(q) for q in said["quantities"])
        return ClassifyResult(quantities, notes) if task == "classify" else MeasureResult(quantities, notes)
    except (OSError, ValueError, KeyError, TypeError, ScanError) as error:
        raise ToolFailed(f"The tool's answer cannot be read ({type(error).__name__}: {error}).") from error


def _held(scan: Scan) -> Scan:
    """Return a scan with its voxels in memory: the folder they came from goes when the tool has answered."""
    voxels = np.array(scan.voxels)
    voxels.setflags(write=False)
    return replace(scan, read_voxels=lambda: voxels)


def _put_masks(folder: Path, masks: list[Mask]) -> list[Mapping[str, Any]]:
    boxes: dict[str, Any] = {f"m{n}": m.box for n, m in enumerate(masks)}
    np.savez_compressed(folder / _MASKS, **boxes)
    return [
        {"offset": list(m.offset), "label": m.label, "scan": m.scan_id, "grid": list(m.grid_shape),
         "affine": m.grid_affine.tolist()}
        for m in masks
    ]  # fmt: skip


def _get_masks(folder: Path, heads: list[Mapping[str, Any]]) -> list[Mask]:
    with np.load(folder / _MASKS, allow_pickle=False) as held:
        boxes = [np.asarray(held[f"m{n}"], dtype=bool) for n in range(len(heads))]
    return [
        Mask(h["scan"], box, _three(h["offset"]), _three(h["grid"]), np.asarray(h["affine"]), str(h["label"]))
        for h, box in zip(heads, boxes, strict=True)
    ]


def _three(values: Any) -> tuple[int, int, int]:
    a, b, c = (int(v) for v in values)
    return a, b, c


def _point(values: Any) -> tuple[float, float, float] | None:
    if values is None:
        return None
    x, y, z = (float(v) for v in values)
    return x, y, z


def _put(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data), encoding="utf-8")


def _get(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))
