"""DICOM -> Scan: a series of single images, a multi-frame object, or one picture.

The order is: headers (`dicom_header`), one group of them (`series`), a grid from positions (`grid`), pixels into a
preallocated volume (`dicom_pixels`). DICOM's LPS ends here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.scan import dicom_header as header_of
from tools.scan.dicom_header import Instance, Slice, broken, quiet
from tools.scan.dicom_pixels import Volume, frames, inverts, is_coloured, read_pixels, stored_ends
from tools.scan.grid import INDEX_FRAME, make_grid
from tools.scan.model import Calibration, IrregularSlices, Scan, ScanError, Source, Spacing, UnreadableScan
from tools.scan.series import Group, SeriesSummary, choose, read_groups, where

PROJECTIONS = frozenset(("CR", "DX", "MG", "XA", "RF", "IO", "PX", "RG"))
"""Radiographs: what lies nearer to the tube is shown larger, so a detector's spacing is not the patient's."""
SPACING_TOLERANCE_MM = 1e-3
"""Pixel spacings of one series may differ by a header's rounding."""


def load_dicom(files: Sequence[Path]) -> Scan:
    """Return the scan in these DICOM files: the chosen series when there are several (said in its notes).

    Raises:
        UnreadableScan: damaged, no image, not decodable, or single images that form no volume.
        IrregularSlices: positions that are no regular grid.
    """
    groups = read_groups(files)
    try:
        with quiet():
            return _build(*choose(groups))
    except ScanError:
        raise
    except broken() as e:
        raise UnreadableScan(
            f"The DICOM image is damaged or incomplete ({type(e).__name__}). Export the series again."
        ) from None


def list_dicom(files: Sequence[Path]) -> list[SeriesSummary]:
    """Return a summary of each image series in these files, localizers left out when there is anything else."""
    groups = read_groups(files)
    try:
        with quiet():
            return [group.summary() for group in groups]
    except broken() as e:
        raise UnreadableScan(f"A DICOM header is damaged ({type(e).__name__}). Export the series again.") from None


def _ordered(group: Group) -> tuple[tuple[Instance, ...], Any]:
    """Return a group's instances in slice order and their grid (None without positions)."""
    grid = _grid(group)
    if grid is None or len(group.instances) != group.count:
        return group.instances, grid
    return tuple(group.instances[n] for n in grid.order), grid


def _build(group: Group, notes: tuple[str, ...]) -> Scan:
    first = group.instances[0].header
    instances, grid = _ordered(group)
    voxels, said = _read(group, grid.order if grid else tuple(range(group.count)))
    affine, spacing, calibration, sided, flat = _frame(group, grid)
    return Scan.build(
        voxels,
        affine,
        owned=True,
        spacing=spacing,
        calibration=calibration,
        modality=header_of.modality(first),
        body_part=header_of.body_part(first),
        slice_thickness_mm=_thickness(group.slices),
        slice_interval_mm=grid.interval_mm if grid else None,
        kernel=header_of.kernel(first),
        contrast=header_of.contrast(first),
        windows=_windows(first, group.slices[0]),
        laterality_known=sided,
        notes=notes + flat + said,
        source=Source(
            files=tuple(i.path for i in instances),
            format="DICOM",
            identity=header_of.identity(first),
            study_date=header_of.study_date(first),
        ),
    )


def _grid(group: Group) -> Any:
    """Return the group's grid, or None for one image or one multi-frame object without positions.

    Raises:
        UnreadableScan: several images without positions, or spacings that differ.
        IrregularSlices: see `grid.make_grid`.
    """
    found = group.slices
    placed = [s for s in found if s.position is not None and s.orientation is not None and s.spacing is not None]
    if len(placed) < len(found):
        if len(group.instances) == 1 and not placed:
            return None
        raise UnreadableScan(
            f"{len(found) - len(placed)} of {len(found)} images lack a position, orientation or pixel spacing, so they "
            "form no volume. Load one image by its own file, or export the series again."
        )
    if len(found) == 1 and group.instances[0].header.get("Modality") in PROJECTIONS:
        return None
    spacings = np.array([s.spacing for s in found])
    if np.ptp(spacings, axis=0).max() > SPACING_TOLERANCE_MM:
        raise IrregularSlices("The images of the series have different pixel spacings. Export them on one grid.")
    turned = np.ptp(np.array([s.orientation for s in found]), axis=0).max()
    if turned > 0.01:
        raise IrregularSlices("The frames lie in different planes. Export one stack of parallel slices.")
    return make_grid(
        np.array([s.position for s in found]), found[0].orientation or (), found[0].spacing or (1.0, 1.0),
        found[0].thickness_mm,
    )  # fmt: skip


def _frame(
    group: Group, grid: Any
) -> tuple[npt.NDArray[np.float64], Spacing, Calibration, bool, tuple[str, ...]]:
    """Return affine, spacing, calibration, whether left and right are known, and what to tell the reader."""
    first = group.slices[0]
    if grid is not None:
        rows, columns = first.spacing or (1.0, 1.0)
        return grid.affine, (columns, rows, grid.interval_mm or first.thickness_mm), "patient", True, ()
    spacing, calibration = flat_spacing(group.instances[0].header, first)
    side = _side(group.instances[0].header)
    rows, columns = spacing or (1.0, 1.0)
    affine = INDEX_FRAME @ np.diag([columns, rows, 1.0, 1.0])
    if side == "R":
        affine[0, 0] = -affine[0, 0]
    notes = []
    if group.count > 1:
        notes.append(f"{group.count} frames without positions: shown one after the other, not a volume.")
    if calibration == "detector plane":
        notes.append("The spacing is the detector's: the patient is magnified, so no patient length is known.")
    elif calibration == "none":
        notes.append("The header gives no pixel spacing: lengths are in pixels.")
    sizes: Spacing = (columns, rows, None) if spacing else (None, None, None)
    return affine, sizes, calibration, side is not None, tuple(notes)


def flat_spacing(header: Any, first: Slice) -> tuple[tuple[float, float] | None, Calibration]:
    """Return the (row, column) spacing of an image without a place in the patient, and what it is calibrated to.

    A radiograph's Pixel Spacing is the patient's only when the header says it was calibrated, or when it differs from
    the detector's; a scanned film's spacing is the film's.
    """
    detector = header_of.pixel_spacing(header.get("ImagerPixelSpacing"))
    if first.spacing is not None:
        calibrated = bool(header.get("PixelSpacingCalibrationType"))
        differs = detector is not None and not np.allclose(detector, first.spacing, atol=SPACING_TOLERANCE_MM)
        if calibrated or differs or header.get("Modality") not in PROJECTIONS:
            return first.spacing, "patient"
        return first.spacing, "detector plane"
    detector = detector or header_of.pixel_spacing(header.get("NominalScannedPixelSpacing"))
    return (detector, "detector plane") if detector else (None, "none")


def _side(header: Any) -> str | None:
    """Return toward which side of the patient columns run, L or R, when the header says so."""
    rows: Any = header.get("PatientOrientation") or ()
    letter = str(rows[0])[:1].upper() if not isinstance(rows, str) and len(rows) == 2 else ""
    return letter if letter in ("L", "R") else None


def _thickness(found: Sequence[Slice]) -> float | None:
    """Return the nominal thickness when all slices agree on it."""
    values = {round(s.thickness_mm, 3) for s in found if s.thickness_mm is not None}
    return values.pop() if len(values) == 1 else None


def _windows(header: Any, first: Slice) -> tuple[tuple[float, float], ...]:
    """Return the header's windows, turned around with the values of MONOCHROME1."""
    found = header_of.windows(header)
    if not inverts(header):
        return found
    turn = sum(stored_ends(header)) * first.slope + 2 * first.intercept
    return tuple((turn - centre, width) for centre, width in found)


def _read(group: Group, order: Sequence[int]) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Return the voxels (i, j, k), slice k from the order[k]-th frame, and notes on what was done to values."""
    header = group.instances[0].header
    volume = Volume(group.count, int(header.Rows), int(header.Columns))
    place = {n: k for k, n in enumerate(order)}
    n = 0
    for number, instance in enumerate(group.instances, start=1):
        name = where(number, len(group.instances))
        end = n + instance.frame_count
        for frame in _frames(instance, name):
            if n >= end or n >= group.count:
                break
            volume.put(place[n], frame, group.slices[n].slope, group.slices[n].intercept)
            n += 1
        if n != end:
            raise UnreadableScan(f"{name} holds fewer frames than its header says. Export it again.")
    return volume.ijk, _value_notes(header)


def _frames(instance: Instance, name: str) -> Iterable[npt.NDArray[Any]]:
    """Return the stored values of an instance's frames: at once where it is plain, else through pydicom."""
    stored = None if instance.pixels is None else instance.pixels.read(instance.path)
    return frames(read_pixels(instance.path, name), name) if stored is None else (stored,)


def _value_notes(header: Any) -> tuple[str, ...]:
    notes = []
    if header_of.may_show_text(header):
        notes.append("Text may be burned into this image and may name the patient: look before you share a picture.")
    if inverts(header):
        notes.append("MONOCHROME1 was turned around: high values are bright.")
    if is_coloured(header):
        notes.append("Colours were turned into grey values.")
    enhanced = bool(header.get("PerFrameFunctionalGroupsSequence"))
    if header.get("Modality") == "CT" and header.get("RescaleIntercept") is None and not enhanced:
        notes.append("The CT header has no rescale: values may not be Hounsfield units.")
    return tuple(notes)
