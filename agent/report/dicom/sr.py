"""The measurements as a DICOM structured report (TID 1500): a group a lesion, each value coded, each line drawn.

It holds what a published code names, and nothing else: neither a reader's rating nor the report's sentences. It is
UNVERIFIED until a reader has signed the report. Values are those of the record, unrounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agent.record import LesionRecord
from agent.report.dicom import codes
from agent.report.dicom.concepts import concept, date, person
from agent.report.dicom.filing import PRODUCT, Filing
from agent.report.dicom.original import Place
from tools.evidence import Evidence
from tools.quantity import Quantity
from tools.scan.grid import LPS_TO_RAS

SERIES_NUMBER = 9002
IN_PLANE = 0.01
"""A line lies in an image when both its ends are nearer to it than this share of a slice."""
NO_ORGANISATION = "not stated"
DETECTOR = "Lengths are in the detector plane: what lies in the patient is shown magnified."
UNCONFIRMED = "Listed by a search; no reader has accepted it."
BY_READER = "The long axis is a line drawn by the reader."


def structured_report(filing: Filing, seg: Any) -> Any:
    """Return the structured report (a pydicom dataset) that refers to this Segmentation of the same filing.

    Raises:
        NoOriginal: with the reason why there is none.
    """
    from highdicom.sr import Comprehensive3DSR, MeasurementReport

    images = filing.original
    modality = filing.scan.modality.value or ""
    groups = [_group(filing, x, seg, n) for n, x in enumerate(filing.lesions, start=1)]
    content = MeasurementReport(
        observation_context=_context(filing),
        procedure_reported=concept(codes.PROCEDURES.get(modality, codes.ANY_PROCEDURE)),
        imaging_measurements=groups,
        title=concept(codes.REPORT_TITLE),
    )
    signature = filing.report.signature
    organisation = str(images.first.get("InstitutionName") or "") or NO_ORGANISATION
    made = Comprehensive3DSR(
        evidence=[*_referred(filing), seg],
        content=content[0],
        series_instance_uid=filing.series_uid("sr"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=filing.instance_uid("sr"),
        instance_number=max(1, filing.report.version),
        manufacturer=PRODUCT,
        manufacturer_model_name=PRODUCT,
        software_versions=filing.version,
        series_description="Measurements",
        is_complete=signature is not None,
        is_final=signature is not None,
        is_verified=signature is not None,
        verifying_observer_name=person(signature.reader) if signature else None,
        verifying_organization=organisation if signature else None,
        content_date=filing.moment.date(),
        content_time=filing.moment.time(),
    )
    date(made, filing.moment)
    if signature is not None:
        made.VerifyingObserverSequence[0].VerificationDateTime = filing.moment.strftime("%Y%m%d%H%M%S")
    return made


def _context(filing: Filing) -> Any:
    """Return who observed: the program, and the reader who signed."""
    from highdicom.sr import (
        DeviceObserverIdentifyingAttributes,
        ObservationContext,
        ObserverContext,
        PersonObserverIdentifyingAttributes,
    )
    from pydicom.sr.codedict import codes as published

    device = DeviceObserverIdentifyingAttributes(
        uid=filing.device_uid(), name=PRODUCT, manufacturer_name=PRODUCT, model_name=PRODUCT,
        serial_number=filing.version,
    )  # fmt: skip
    signature = filing.report.signature
    reader = None
    if signature is not None:
        named = PersonObserverIdentifyingAttributes(person(signature.reader))
        reader = ObserverContext(published.DCM.Person, named)
    return ObservationContext(
        observer_person_context=reader,
        observer_device_context=ObserverContext(published.DCM.Device, device),
    )


def _group(filing: Filing, lesion: LesionRecord, seg: Any, segment: int) -> Any:
    from highdicom.sr import (
        FindingSite,
        PlanarROIMeasurementsAndQualitativeEvaluations,
        ReferencedSegment,
        ReferencedSegmentationFrame,
        TrackingIdentifier,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )

    found = codes.site(lesion.side, filing.lobe(lesion), filing.scan.body_part.value)
    measured = _coded(filing, lesion)
    content = {
        "tracking_identifier": TrackingIdentifier(filing.tracking_uid(lesion.number), f"Lesion {lesion.number}"),
        "finding_type": concept(codes.finding(lesion.label)),
        "finding_sites": [FindingSite(concept(found[0]), concept(found[1]) if found[1] else None)] if found else None,
        "algorithm_id": _algorithm(lesion.mask_evidence),
        "measurements": [_measurement(q, entry, lesion.measurement) for q, entry in measured],
    }
    sources = _sources(filing, lesion)
    if filing.scan.is_2d:  # one slice: each outline is one frame, in the order of the segments
        frame = ReferencedSegmentationFrame(seg.SOPClassUID, seg.SOPInstanceUID, segment, segment, sources[0])
        group = PlanarROIMeasurementsAndQualitativeEvaluations(referenced_segment=frame, **content)
        _name_frame_alone(group)
    else:
        region = ReferencedSegment(seg.SOPClassUID, seg.SOPInstanceUID, segment, source_images=sources)
        group = VolumetricROIMeasurementsAndQualitativeEvaluations(referenced_segment=region, **content)
    numbers = [item for item in group[0].ContentSequence if item.ValueType == "NUM"]
    for item, (quantity, _) in zip(numbers, measured, strict=True):
        _draw(item, _line(filing, quantity))
    for text in _comments(filing, lesion):
        group[0].ContentSequence.append(_comment(text))
    return group


def _name_frame_alone(group: Any) -> None:
    """Take the segment out of a reference that names a frame: a frame is one segment's (PS3.3, C.18.4.1)."""
    for item in group[0].ContentSequence:
        for reference in item.get("ReferencedSOPSequence", ()):
            if "ReferencedSegmentNumber" in reference and "ReferencedFrameNumber" in reference:
                del reference.ReferencedSegmentNumber


def _sources(filing: Filing, lesion: LesionRecord) -> list[Any]:
    """Return the images that an outline was drawn on."""
    from highdicom.sr import SourceImageForSegmentation

    mask = filing.masks[lesion.number]
    reached = [filing.original.places[mask.offset[2] + k] for k in range(mask.box.shape[2])]
    frames: dict[str, list[int]] = {}
    for place in reached:
        frames.setdefault(str(place.header.SOPInstanceUID), []).extend([place.frame] if place.frame else [])
    kinds = {str(p.header.SOPInstanceUID): str(p.header.SOPClassUID) for p in reached}
    return [SourceImageForSegmentation(kinds[u], u, sorted(numbers) or None) for u, numbers in frames.items()]


def _coded(filing: Filing, lesion: LesionRecord) -> list[tuple[Quantity, codes.Coded]]:
    """Return what was measured and has a published code."""
    modality = filing.scan.modality.value
    return [(q, entry) for q in values(lesion) if (entry := codes.coded(q.name, q.unit, modality)) is not None]


def _draw(item: Any, line: Any) -> None:
    """Put the line under the number that was taken along it.

    The template of an outline's measurements (TID 1419) has no row for it and is open to more; the library is not.
    """
    from highdicom.sr.value_types import ContentSequence

    if line is not None:
        item.ContentSequence = ContentSequence([*item.get("ContentSequence", ()), line])


def values(lesion: LesionRecord) -> tuple[Quantity, ...]:
    """Return what was measured of a lesion, in the order it was measured."""
    return lesion.measurement.quantities if lesion.measurement is not None else ()


def _algorithm(made: Evidence) -> Any:
    """Return the tool that made evidence, or None where a reader's hand did."""
    from highdicom.sr import AlgorithmIdentification

    if made.producer == "reader":
        return None
    weights = [f"weights sha256 {made.weights}"] if made.weights else None
    return AlgorithmIdentification(made.producer, made.version, parameters=weights, family=concept(codes.AI))


def _measurement(quantity: Quantity, entry: codes.Coded, made: Evidence | None) -> Any:
    from highdicom.sr import AlgorithmIdentification, Measurement

    by_tool = made is not None and made.producer != "reader"
    return Measurement(
        name=concept(entry.name),
        value=quantity.value,
        unit=concept(codes.UNITS[quantity.unit]),
        derivation=concept(entry.derivation) if entry.derivation else None,
        method=concept(entry.method) if entry.method else None,
        algorithm_id=AlgorithmIdentification(made.producer, made.version) if by_tool and made else None,
    )


def _line(filing: Filing, quantity: Quantity) -> Any:
    """Return a length's line: on the image it lies in, else in the patient's space, else None."""
    from highdicom.sr import CoordinatesForMeasurement, CoordinatesForMeasurement3D, SourceImageForRegion

    if len(quantity.end_points_mm) != 2:
        return None
    images = filing.original
    ends = np.array([filing.scan.to_index(p) for p in quantity.end_points_mm])
    k = round(float(ends[0, 2]))
    if np.abs(ends[:, 2] - k).max() < IN_PLANE and 0 <= k < len(images.places):
        place = images.places[k]
        source = SourceImageForRegion(
            place.header.SOPClassUID, place.header.SOPInstanceUID, [place.frame] if place.frame else None
        )
        # DICOM counts from the corner of the first pixel, we from its centre (PS3.3, C.18.6.1.2).
        return CoordinatesForMeasurement("POLYLINE", ends[:, :2] + 0.5, source)
    if not images.is_placed or images.frame_of_reference is None:
        return None
    in_lps = np.array(quantity.end_points_mm) @ LPS_TO_RAS[:3, :3]
    return CoordinatesForMeasurement3D("POLYLINE", in_lps, images.frame_of_reference)


def _comments(filing: Filing, lesion: LesionRecord) -> list[str]:
    """Return what must stand beside the numbers and has no code."""
    found = [lesion.where.capitalize() + "."] if lesion.where else []
    if lesion.unconfirmed:
        found.append(UNCONFIRMED)
    if filing.scan.calibration == "detector plane":
        found.append(DETECTOR)
    if lesion.measurement is not None:
        if lesion.measurement.producer == "reader":
            found.append(BY_READER)
        found += dict.fromkeys(q.note for q in lesion.measurement.quantities if q.note)
    return found


def _comment(text: str) -> Any:
    from highdicom.sr import TextContentItem
    from highdicom.sr.enum import RelationshipTypeValues

    return TextContentItem(concept(codes.COMMENT), text, RelationshipTypeValues.CONTAINS)


def _referred(filing: Filing) -> list[Any]:
    """Return the images that the outlines and lines lie in; every one that the content names must be listed."""
    places: dict[int, Place] = {}
    for mask in filing.masks.values():
        for k in range(int(mask.offset[2]), int(mask.offset[2]) + mask.box.shape[2]):
            places[k] = filing.original.places[k]
    for lesion in filing.lesions:
        for quantity in values(lesion):
            for point in quantity.end_points_mm:
                k = round(filing.scan.to_index(point)[2])
                if 0 <= k < len(filing.original.places):
                    places[k] = filing.original.places[k]
    headers = {id(p.header): p.header for _, p in sorted(places.items())}
    return list(headers.values())

