"""What the validators of DICOM do not look at, looked at before a file leaves: units, tracking, references, codes.

Reads the finished objects, not what they were made from.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from agent.report.dicom import codes

_PUBLISHED = ("DCM", "SCT", "LN", "IBSI", "UCUM")


def problems(report: Any, seg: Any) -> list[str]:
    """Return what is wrong with a structured report and the Segmentation it refers to; nothing: an empty list."""
    return [*_groups(report, seg), *_references(report), *_codes(report), *_codes(seg)]


def items(dataset: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield every content item of a structured report with the items above it."""
    for item in dataset.get("ContentSequence", ()):
        yield item, path
        yield from items(item, (*path, item))


def named(item: Any) -> str:
    """Return the code of a content item's name."""
    names = item.get("ConceptNameCodeSequence") or ()
    return str(names[0].CodeValue) if names else ""


def groups(report: Any) -> list[Any]:
    """Return the measurement groups."""
    return [item for item, _ in items(report) if item.ValueType == "CONTAINER" and named(item) == "125007"]


def tracking(group: Any) -> str:
    """Return a group's tracking UID, or nothing."""
    return next((str(i.UID) for i in group.ContentSequence if i.ValueType == "UIDREF" and named(i) == "112040"), "")


def _groups(report: Any, seg: Any) -> Iterator[str]:
    found = [tracking(g) for g in groups(report)]
    if len(set(found)) < len(found) or "" in found:
        yield "measurement groups do not each have a tracking UID of their own"
    if found != [str(s.get("TrackingUID")) for s in seg.SegmentSequence]:
        yield "the segments' tracking UIDs are not those of the measurement groups"
    for group in groups(report):
        for item in group.ContentSequence:
            if item.ValueType == "NUM":
                yield from _number(item)


def _number(item: Any) -> Iterator[str]:
    value = item.MeasuredValueSequence[0]
    unit = str(value.MeasurementUnitsCodeSequence[0].CodeValue)
    name = named(item)
    known = [c for c in (*codes.QUANTITIES.values(), *codes.MR_QUANTITIES.values()) if c.name.value == name]
    if not known:
        yield f"{name} is no quantity that is written"
    elif not any(unit in c.units for c in known):
        yield f"{name} is given in {unit}, which is no unit of it"
    number = float(value.get("FloatingPointValue", value.NumericValue))
    if not math.isfinite(number):
        yield f"{name} is {number}"


def _references(report: Any) -> Iterator[str]:
    listed = {
        str(r.ReferencedSOPInstanceUID)
        for study in report.get("CurrentRequestedProcedureEvidenceSequence", ())
        for series in study.ReferencedSeriesSequence
        for r in series.ReferencedSOPSequence
    }
    for item, _ in items(report):
        for reference in item.get("ReferencedSOPSequence", ()):
            if str(reference.ReferencedSOPInstanceUID) not in listed:
                yield "an object is referred to that the report does not list as evidence"


def _codes(dataset: Any) -> Iterator[str]:
    """Tell every code of a published scheme that its table does not hold."""
    from pydicom.sr._concepts_dict import concepts

    tables = {s: {code for entry in concepts[s].values() for code in entry} for s in _PUBLISHED}
    for element in dataset.iterall():
        if element.VR != "SQ":
            continue
        for item in element.value:
            value, scheme = str(item.get("CodeValue") or ""), str(item.get("CodingSchemeDesignator") or "")
            if scheme in tables and value and value not in tables[scheme] and "{" not in value:
                yield f"{value} is not in the table of {scheme}"
