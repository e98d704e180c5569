"""What enters a case's record that no tool made: the scan's own facts, and what the reader states.

Knows no conversation. A statement that replaces an earlier one supersedes it; the same said again changes nothing.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from agent.record import Record
from agent.stated import Statement
from agent.toolset.desk import Desk
from tools.contract import NotApplicable
from tools.evidence import Evidence
from tools.quantity import Quantity
from tools.scan import Known, Scan

OF_THE_SCAN = ("modality", "body_part")
"""Fields that a reader states about the scan itself."""


def record_statement(desk: Desk, statement: Statement, **more: Any) -> Evidence:
    """Record what the reader states and return its evidence.

    Raises:
        NotApplicable: a modality or body part that the file itself contradicts.
    """
    asked = {"field": statement.field, "lesion": statement.lesion}
    same = {**asked, "of_prior": more.get("of_prior")}
    old = [e for e in desk.record.live if e.kind == "stated" and all(e.inputs.get(k) == v for k, v in same.items())]
    if statement.field in OF_THE_SCAN:
        _check_scan_statement(desk.scan, statement)
    inputs = {**asked, "value": statement.value, **more}
    if len(old) == 1 and old[0].inputs == inputs:  # said again: nothing changes, and no advice falls with it
        return old[0]
    number = statement.value
    quantities: tuple[Quantity, ...] = ()
    if isinstance(number, (int, float)) and not isinstance(number, bool) and statement.unit:
        quantities = (Quantity(statement.field, float(number), statement.unit, "stated by the reader"),)
    item = desk.evidence.add(
        "stated", "reader", "1", text=statement.words, quantities=quantities,
        scan_id=desk.scan.id if desk.scan else None, inputs=inputs, supersedes=tuple(e.id for e in old),
    )  # fmt: skip
    if statement.field in OF_THE_SCAN and desk.scan is not None:
        desk.scan = as_stated(desk.scan, desk.record)
        record_scan(desk)
    return item


def _check_scan_statement(scan: Scan | None, statement: Statement) -> None:
    seen: Known = getattr(scan, statement.field, Known()) if scan else Known()
    if seen.how == "known" and seen.value != statement.value:
        raise NotApplicable(
            f"The file itself says {statement.field.replace('_', ' ')} {seen.value}; "
            f"{statement.value} was stated. The file's own word stands."
        )


def as_stated(scan: Scan, record: Record) -> Scan:
    """Return the scan with the modality and body part that the reader stated, where its file does not know them."""
    changes: dict[str, Any] = {}
    for name in OF_THE_SCAN:
        value = record.stated(name)
        if value and getattr(scan, name).how != "known":
            changes[name] = Known(str(value), "stated")
    return dataclasses.replace(scan, **changes) if changes else scan


def record_scan(desk: Desk) -> None:
    """Record the scan's geometry as evidence, once, and again when what is known of it changes."""
    if desk.scan is None:
        return
    inputs, quantities = scan_facts(desk.scan)
    old = desk.record.scan
    if old is not None and old.scan_id == desk.scan.id and old.inputs == inputs:
        return
    desk.evidence.add(
        "scan", "load_scan", "1", scan_id=desk.scan.id, inputs=inputs, quantities=quantities,
        text=" ".join(desk.scan.notes), supersedes=(old.id,) if old else (),
    )  # fmt: skip


def scan_facts(scan: Scan) -> tuple[dict[str, Any], tuple[Quantity, ...]]:
    """Return what is recorded of a scan: geometry and allow-listed properties, nothing that names anybody."""
    inputs = {
        "modality": scan.modality.value, "modality_how": scan.modality.how,
        "body_part": scan.body_part.value, "body_part_how": scan.body_part.how,
        "calibration": scan.calibration, "contrast": scan.contrast, "kernel": scan.kernel,
        "laterality_known": scan.laterality_known, "notes": list(scan.notes),
    }  # fmt: skip
    origin = "from the image's geometry"
    quantities = [Quantity("slices", scan.shape[2], "{slice}", origin)]
    for name, value in (
        ("slice_interval", scan.slice_interval_mm),
        ("slice_thickness", scan.slice_thickness_mm),
        ("pixel_spacing_i", scan.spacing[0]),
        ("pixel_spacing_j", scan.spacing[1]),
    ):
        if value is not None:
            quantities.append(Quantity(name, float(value), "mm", origin))
    return inputs, tuple(quantities)
