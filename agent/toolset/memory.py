"""recall and show: answer from the record, and move the viewer. Neither measures, neither guesses."""

from __future__ import annotations

from typing import Any

import numpy as np

from agent.record import is_axis
from agent.toolset.desk import Desk, brief
from tools.contract import NotApplicable
from tools.evidence import Evidence
from tools.scan import Scan

WHAT = ("measurements", "history", "settings", "context", "findings", "location", "report")
PLANES = ("axial", "coronal", "sagittal")


def recall(desk: Desk, what: str = "findings", lesion: int | None = None) -> dict[str, Any]:
    """Return what the record holds: current measurements, history, settings, statements, findings, places."""
    if what not in WHAT:
        raise NotApplicable(f"The record can be asked for {', '.join(WHAT)}; not for {what!r}.")
    record = desk.record
    if lesion is not None and not record.history(lesion, "mask") and not record.history(lesion, "drawn"):
        raise NotApplicable(f"There is no lesion {lesion} in this case.")
    number = lesion if lesion is not None else _focus(desk)
    if what == "history":
        items = _told_once(record.history(number), record.current)
    elif what == "measurements":
        items = [x.measurement for x in record.lesions if x.measurement and number in (None, x.number)]
    elif what in ("settings", "location"):
        items = [x.mask_evidence for x in record.lesions if number in (None, x.number)]
        if what == "location":
            items += [x.lobe_by_tool for x in record.lesions if x.lobe_by_tool and number in (None, x.number)]
            items += [x.stated["lobe"] for x in record.lesions if "lobe" in x.stated and number in (None, x.number)]
    elif what == "context":
        items = list(record.context.values())
    elif what == "report":
        items = []
    else:
        items = [
            e
            for x in record.lesions
            if lesion in (None, x.number)
            for e in (x.mask_evidence, x.measurement, x.rating, x.category)
            if e is not None
        ]
    return {
        "what": what, "lesion": number, "items": [_item(e, e.id in record.current) for e in items],
        "report": desk.state.get("report"),
    }  # fmt: skip


def _told_once(history: list[Evidence], current: frozenset[str]) -> list[Evidence]:
    """Return a history without what was superseded by a measurement that gave the very same."""
    kept: list[Evidence] = []
    for e in history:
        last = next((k for k in reversed(kept) if k.inputs.get("lesion") == e.inputs.get("lesion")), None)
        if last is not None and e.id not in current and last.quantities == e.quantities:
            kept.remove(last)
        kept.append(e)
    return kept


def show(
    desk: Desk,
    lesion: int | None = None,
    plane: str | None = None,
    window: str | None = None,
    slice: int | None = None,
) -> dict[str, Any]:
    """Move the viewer to a lesion, a plane, a window or a slice."""
    scan = desk.need_scan()
    if plane is not None and plane not in PLANES:
        raise NotApplicable(f"The planes are {', '.join(PLANES)}; not {plane!r}.")
    chosen = desk.pick(lesion) if lesion is not None else None
    view = dict(desk.state.get("view") or {})
    if chosen is not None:
        view["centre"] = list(desk.evidence.mask(chosen.mask_evidence).centre_mm)
        view.pop("slice", None)
        desk.keep(focus=chosen.number)
    if slice is not None:
        of = plane or view.get("plane") or "axial"
        count = _slices(scan, of)
        if not 1 <= slice <= count:
            raise NotApplicable(f"The {of} slices run from 1 to {count}; {slice} was asked for.")
        view["slice"] = slice
        view.pop("centre", None)
    view |= {k: v for k, v in (("plane", plane), ("window", window)) if v is not None}
    desk.keep(view=view)
    return {"lesion": chosen.number if chosen else None, "view": view}


def _slices(scan: Scan, plane: str) -> int:
    """Return how many slices a plane has: voxels along the grid axis nearest to the direction it is stacked in."""
    through = {"sagittal": 0, "coronal": 1, "axial": 2}[plane]
    directions = np.abs(scan.affine[:3, :3]) / np.linalg.norm(scan.affine[:3, :3], axis=0)
    return scan.shape[int(np.argmax(directions[through]))]


def _focus(desk: Desk) -> int | None:
    usable = [x.number for x in desk.record.lesions if x.status != "rejected"]
    focus = desk.state.get("focus")
    if focus in usable:
        return int(focus)
    return usable[0] if len(usable) == 1 else None


def _item(evidence: Evidence, current: bool) -> dict[str, Any]:
    inputs = {k: v for k, v in evidence.inputs.items() if k not in ("point", "box", "add", "avoid", "used", "basis")}
    return {
        "evidence": evidence.id, "kind": "measurement" if is_axis(evidence) else evidence.kind, "current": current,
        "lesion": evidence.inputs.get("lesion"),
        "quantities": brief(evidence.quantities), "text": evidence.text, "inputs": inputs,
        "created": evidence.created,
    }  # fmt: skip
