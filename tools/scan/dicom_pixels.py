"""DICOM pixel data -> stored values made physical: decoded, MONOCHROME1 inverted, colours made grey, rescaled once.

Knows one image at a time; ordering and geometry are elsewhere. The volume is filled slice by slice, int16 for as
long as every value is exact in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.scan import room
from tools.scan.model import UnreadableScan
from tools.scan.picture import luminance

PIXEL_KEYWORDS = (
    "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData", "FloatPixelData",
    "DoubleFloatPixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths", "RescaleSlope", "RescaleIntercept",
    "ModalityLUTSequence", "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData", "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData", "SegmentedBluePaletteColorLookupTableData", "SOPClassUID",
    "Modality", "PixelPaddingValue",
)  # fmt: skip
CALIBRATED = ("CT", "PT")
"""Modalities whose rescaled values are a physical quantity: MONOCHROME1 is then how to show them, not what they are."""
_PANIC = "PanicException"
"""What a decoder in Rust (pylibjpeg-rle) raises on damaged data: no `Exception`, so it would end the process."""
MAX_VOXELS = 2**31
"""More rows x columns x frames than this is a broken or hostile header."""


class Volume:
    """An array of shape (n, rows, columns) that is filled slice by slice; int16 until a value does not fit."""

    def __init__(self, count: int, rows: int, columns: int) -> None:
        if count * rows * columns > MAX_VOXELS or min(count, rows, columns) < 1:
            raise UnreadableScan(
                f"The header claims {count} images of {rows} x {columns} pixels; at most {MAX_VOXELS} pixels in all "
                "are read, and at least one. Export the series again."
            )
        self._shape = (count, rows, columns)
        self._exact = True
        self._stack = room.stack(self._shape, np.int16)
        self._slice: npt.NDArray[Any] = np.empty((rows, columns), np.int16)

    def put(self, index: int, stored: npt.NDArray[Any], slope: float, intercept: float) -> None:
        """Write one slice of stored values, rescaled; turn the whole volume to float32 when int16 is not exact."""
        if stored.shape != self._shape[1:]:
            raise UnreadableScan(
                f"An image is {stored.shape} pixels where the series has {self._shape[1:]}. Export it again."
            )
        whole = stored.dtype.kind in "iu" and float(slope).is_integer() and float(intercept).is_integer()
        if whole and self._exact:
            ends = [int(stored.min()) * int(slope) + int(intercept), int(stored.max()) * int(slope) + int(intercept)]
            if min(ends) >= -32768 and max(ends) <= 32767:
                if slope == 1.0 and stored.dtype.itemsize == 2 and stored.dtype.isnative:
                    # All values fit, so sixteen bits that wrap around reach them too, at a tenth of the time.
                    shift = np.array(int(intercept) & 0xFFFF, np.uint16)
                    np.add(stored.view(np.uint16), shift, out=self._slice.view(np.uint16))
                else:
                    self._slice[:] = stored.astype(np.int64) * int(slope) + int(intercept)
                self._stack.put(index, self._slice)
                return
        if self._exact:
            self._widen()
        self._slice[:] = stored.astype(np.float64) * slope + intercept
        self._stack.put(index, self._slice)

    def _widen(self) -> None:
        exact = self._stack.whole()
        self._exact, self._stack = False, room.stack(self._shape, np.float32)
        self._slice = np.empty(self._shape[1:], np.float32)
        for k, values in enumerate(exact):
            self._slice[:] = values
            self._stack.put(k, self._slice)

    @property
    def ijk(self) -> npt.NDArray[Any]:
        """A view with axes (column i, row j, slice k)."""
        return self._stack.whole().transpose(2, 1, 0)


def read_pixels(path: Path, where: str) -> Any:
    """Return the file's dataset with what decoding needs, and nothing else."""
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

    dataset = pydicom.dcmread(path, force=True, specific_tags=list(PIXEL_KEYWORDS))
    if not any(k in dataset for k in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise UnreadableScan(f"{where} holds no pixels. Export the image itself, then load that.")
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit = dataset.original_encoding[0]
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    if dataset.get("PixelRepresentation") is None:
        dataset.PixelRepresentation = 0
    return dataset


def frames(dataset: Any, where: str) -> Iterator[npt.NDArray[Any]]:
    """Yield the stored grey values of each frame, (rows, columns).

    Raises:
        UnreadableScan: compressed in a way that no decoder here reads.
    """
    try:
        for frame in _decoded(dataset):
            yield _grey(dataset, frame)
    except (RuntimeError, NotImplementedError) as e:
        raise _not_decoded(dataset, where, e) from None
    except BaseException as e:
        if type(e).__name__ != _PANIC:
            raise
        raise _not_decoded(dataset, where, e) from None


def _not_decoded(dataset: Any, where: str, error: BaseException) -> UnreadableScan:
    syntax = dataset.file_meta.TransferSyntaxUID
    name = syntax.name if syntax.name != str(syntax) else "an unknown transfer syntax"
    return UnreadableScan(
        f"{where} is compressed as {name} and could not be decoded ({type(error).__name__}). "
        "Export the series uncompressed, then load that."
    )


def _decoded(dataset: Any) -> Iterator[npt.NDArray[Any]]:
    """Yield each frame as stored. JPEG 2000 by its index: pydicom's iterator cannot mend a wrong sign in place."""
    from pydicom.pixels import iter_pixels, pixel_array
    from pydicom.uid import JPEG2000TransferSyntaxes

    if dataset.file_meta.TransferSyntaxUID not in JPEG2000TransferSyntaxes:
        yield from iter_pixels(dataset)
        return
    for number in range(max(1, int(dataset.get("NumberOfFrames") or 1))):
        yield pixel_array(dataset, index=number)


def _grey(dataset: Any, frame: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return one frame as grey values: palettes and colours to luminance, MONOCHROME1 turned around."""
    photometric = str(dataset.get("PhotometricInterpretation", "MONOCHROME2"))
    if photometric == "PALETTE COLOR":
        from pydicom.pixels import apply_color_lut

        coloured = apply_color_lut(frame, dataset)
        return luminance(coloured[..., :3] / (257 if coloured.dtype == np.uint16 else 1))
    if frame.ndim == 3:
        return luminance(frame[..., :3])
    if inverts(dataset) and frame.dtype.kind in "iu":
        return np.asarray(sum(stored_ends(dataset)) - frame.astype(np.int64))
    if "ModalityLUTSequence" in dataset and dataset.ModalityLUTSequence:
        from pydicom.pixels import apply_modality_lut

        return np.asarray(apply_modality_lut(frame, dataset))
    return frame


def inverts(dataset: Any) -> bool:
    """Return whether this image's grey values are turned around so that high is bright."""
    return dataset.get("PhotometricInterpretation") == "MONOCHROME1" and dataset.get("Modality") not in CALIBRATED


def stored_ends(dataset: Any) -> tuple[int, int]:
    """Return the lowest and highest value that the stored bits can hold."""
    bits = int(dataset.get("BitsStored", 16))
    signed = bool(int(dataset.get("PixelRepresentation") or 0))
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


def is_coloured(dataset: Any) -> bool:
    """Return whether the image holds colours."""
    return str(dataset.get("PhotometricInterpretation", "")) == "PALETTE COLOR" or int(
        dataset.get("SamplesPerPixel") or 1
    ) > 1
