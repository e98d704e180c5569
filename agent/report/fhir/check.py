"""Whether a Bundle is valid: by fhir.resources, and where that library accepts anything, by our own lists."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from agent.report.dicom import codes

CLOSED: dict[tuple[str, str], tuple[str, ...]] = {
    ("Bundle", "type"): tuple(
        "document message transaction transaction-response batch batch-response history searchset collection".split()
    ),
    ("DiagnosticReport", "status"): tuple(
        "registered partial preliminary final amended corrected appended cancelled entered-in-error unknown".split()
    ),
    ("Observation", "status"): tuple(
        "registered preliminary final amended corrected cancelled entered-in-error unknown".split()
    ),
    ("ImagingStudy", "status"): ("registered", "available", "cancelled", "entered-in-error", "unknown"),
    ("Patient", "gender"): ("male", "female", "other", "unknown"),
    ("Device", "status"): ("active", "inactive", "entered-in-error", "unknown"),
    ("DeviceDeviceName", "type"): tuple(
        "udi-label-name user-friendly-name patient-reported-name manufacturer-name model-name other".split()
    ),
}
"""FHIR's closed lists (required bindings) of the elements written here; the library takes any word for them."""
RESOURCES = ("DiagnosticReport", "Observation", "ImagingStudy", "Patient", "Practitioner", "Device")


def problems(bundle: dict[str, Any]) -> list[str]:
    """Return what is wrong with a Bundle; nothing: an empty list."""
    invalid = _by_library(bundle)
    return [invalid] if invalid else [*_closed(bundle), *_references(bundle), *_units(bundle)]


def _by_library(bundle: dict[str, Any]) -> str | None:
    from fhir.resources.R4B.bundle import Bundle
    from pydantic import ValidationError

    try:
        Bundle.model_validate_json(json.dumps(bundle))
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(str(p) for p in first['loc'])}: {first['msg']}"
    return None


def resources(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the Bundle and every resource in it."""
    return [bundle, *(e["resource"] for e in bundle.get("entry", ()))]


def _closed(bundle: dict[str, Any]) -> Iterator[str]:
    for resource in resources(bundle):
        kind = str(resource.get("resourceType"))
        if kind != "Bundle" and kind not in RESOURCES:
            yield f"{kind} is no resource that is written"
        places = [(kind, resource), *((f"{kind}DeviceName", n) for n in resource.get("deviceName", ()))]
        for of, place in places:
            for (name, element), allowed in CLOSED.items():
                if name == of and element in place and place[element] not in allowed:
                    yield f"{of}.{element} is {place[element]!r}; allowed are {', '.join(allowed)}"


def _references(bundle: dict[str, Any]) -> Iterator[str]:
    there = [e.get("fullUrl") for e in bundle.get("entry", ())]
    if len(set(there)) < len(there):
        yield "two entries have the same address"
    for path, value in _walk(bundle):
        if path and path[-1] == "reference" and value not in there:
            yield f"{'.'.join(path)} leads nowhere in the Bundle"


def _units(bundle: dict[str, Any]) -> Iterator[str]:
    """Tell quantities whose unit does not fit what they are, and lesions that share an identifier."""
    lesions = [r for r in resources(bundle) if r.get("resourceType") == "Observation"]
    tracked = [r["identifier"][0]["value"] for r in lesions if r.get("identifier")]
    if len(set(tracked)) < len(lesions):
        yield "the lesions do not each have an identifier of their own"
    for component in (c for r in lesions for c in r.get("component", ())):
        unit = component.get("valueQuantity", {}).get("code")
        for coding in component["code"].get("coding", ()):
            fits = [c for c in _coded() if c.name.value == coding["code"] and unit in c.units]
            if unit is not None and not fits:
                yield f"{coding['display']} is given in {unit}, which is no unit of it"


def _coded() -> list[codes.Coded]:
    return [*codes.QUANTITIES.values(), *codes.MR_QUANTITIES.values()]


def _walk(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, path)
