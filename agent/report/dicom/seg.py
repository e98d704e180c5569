"""The outlines as a DICOM Segmentation: one segment a lesion, voxel for voxel on the images it was drawn on.

Frames are the images' own, so no viewer needs to resample. Knows no measurement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agent.record import LesionRecord
from agent.report.dicom import codes
from agent.report.dicom.concepts import anatomy, concept, date, person
from agent.report.dicom.filing import PRODUCT, Filing
from agent.report.dicom.original import NoOriginal, Original

if TYPE_CHECKING:
    from highdicom.seg import SegmentDescription

SERIES_NUMBER = 9001
NOTHING = "no lesion is outlined, so there is nothing to put into it"
UNPLACED = "the images have no frame of reference, without which an outline has no place in the patient"
MOST_BYTES = 2**31
"""Outlines that overlap need a layer each while they are written; two gigabytes of them is where this stops."""


def segmentation(filing: Filing) -> Any:
    """Return the Segmentation (a pydicom dataset). Raises NoOriginal with the reason why there is none."""
    from highdicom.seg import Segmentation

    images = filing.original
    if not filing.lesions:
        raise NoOriginal(NOTHING)
    if images.is_placed and images.frame_of_reference is None:
        raise NoOriginal(UNPLACED)
    headers, slices = _used(images, filing)
    signature = filing.report.signature
    made = Segmentation(
        source_images=headers,
        pixel_array=_pixels(filing, slices),
        segmentation_type="BINARY",
        segment_descriptions=[_describe(filing, x, n) for n, x in enumerate(filing.lesions, start=1)],
        series_instance_uid=filing.series_uid("seg"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=filing.instance_uid("seg"),
        instance_number=1,
        manufacturer=PRODUCT,
        manufacturer_model_name=PRODUCT,
        software_versions=filing.version,
        device_serial_number=filing.version,
        content_label="LESIONS",
        content_description="Outlined lesions",
        content_creator_name=person(signature.reader) if signature else None,
        series_description="Outlined lesions",
        content_date=filing.moment.date(),
        content_time=filing.moment.time(),
    )
    date(made, filing.moment)
    if not images.is_placed:  # without a place, the image's own word on which way it is shown (PS3.3, C.7.6.1.1.1)
        made.PatientOrientation = images.first.get("PatientOrientation") or ""
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        item.DimensionOrganizationUID = filing.instance_uid("seg dimensions")
    _say_side(made, filing)
    return made


def _used(images: Original, filing: Filing) -> tuple[list[Any], list[int]]:
    """Return the images to refer to and the scan's slice of each of their frames, in the images' own order.

    Of single images those that a lesion reaches; a multi-frame image is always referred to as a whole.
    """
    if images.places[0].frame is not None:
        frames = {p.frame: k for k, p in enumerate(images.places)}
        if len(images.headers) > 1 or sorted(f or 0 for f in frames) != list(range(1, len(frames) + 1)):
            raise NoOriginal("its frames lie in several multi-frame images, or only some of them were read")
        return [images.first], [frames[f] for f in sorted(f or 0 for f in frames)]
    reached = sorted({int(m.offset[2] + k) for m in filing.masks.values() for k in np.flatnonzero(m.box.any((0, 1)))})
    return [images.places[k].header for k in reached], reached


def _pixels(filing: Filing, slices: list[int]) -> npt.NDArray[np.uint8]:
    """Return frames ``(frame, row, column)`` numbered by segment, or with a layer a segment where outlines overlap."""
    columns, rows, _ = filing.scan.shape
    masks = [filing.masks[x.number] for x in filing.lesions]
    place = {k: n for n, k in enumerate(slices)}
    flat = np.zeros((len(slices), rows, columns), np.uint8 if len(masks) < 256 else np.uint16)
    layers: npt.NDArray[np.uint8] | None = None
    if any(a.overlap(b) for n, a in enumerate(masks) for b in masks[:n]):
        if flat.size * len(masks) > MOST_BYTES:
            raise NoOriginal(f"its {len(masks)} outlines overlap and are too many to be written in one object")
        layers = np.zeros((*flat.shape, len(masks)), np.uint8)
    for number, mask in enumerate(masks):
        across, down, _ = mask.slices
        for k in range(mask.box.shape[2]):
            at = place.get(int(mask.offset[2]) + k)
            if at is None:
                continue
            if layers is None:
                flat[at, down, across][mask.box[:, :, k].T] = number + 1
            else:
                layers[at, down, across, number] = mask.box[:, :, k].T
    return flat if layers is None else layers


def _describe(filing: Filing, lesion: LesionRecord, number: int) -> SegmentDescription:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import SegmentDescription

    made = lesion.mask_evidence
    by_reader = made.producer == "reader"
    found = codes.site(lesion.side, filing.lobe(lesion), filing.scan.body_part.value)
    tool = AlgorithmIdentificationSequence(made.producer, concept(codes.AI), made.version)
    return SegmentDescription(
        segment_number=number,
        segment_label=f"Lesion {lesion.number}",
        segmented_property_category=concept(codes.ABNORMAL),
        segmented_property_type=concept(codes.finding(lesion.label)),
        algorithm_type="MANUAL" if by_reader else "AUTOMATIC" if lesion.from_search else "SEMIAUTOMATIC",
        algorithm_identification=None if by_reader else tool,
        tracking_uid=filing.tracking_uid(lesion.number),
        tracking_id=f"Lesion {lesion.number}",
        anatomic_regions=[concept(found[0])] if found else None,
    )


def _say_side(made: Any, filing: Filing) -> None:
    """Add the side to each segment's anatomic region."""
    for segment, lesion in zip(made.SegmentSequence, filing.lesions, strict=True):
        found = codes.site(lesion.side, filing.lobe(lesion), filing.scan.body_part.value)
        if found and found[1] is not None:
            segment.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [anatomy(found[1])]
