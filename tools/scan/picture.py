"""PNG and JPEG -> Scan: one slice of grey values, no modality, no millimetre, no patient side.

A picture's dots per inch describe paper, not a patient, and are not read. Its frame is `grid.INDEX_FRAME`: i runs
to the right as the picture is shown, j downward, one pixel a unit, left and right of the patient unknown.
"""

from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.scan.grid import INDEX_FRAME
from tools.scan.model import Scan, Source, UnreadableScan

LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in a grey value (ITU-R BT.601)."""
MAX_PIXELS = 89_478_485
"""Pillow's own limit against decompression bombs (a quarter gigabyte of RGB), kept whatever Pillow is set to."""


def load_picture(path: Path) -> Scan:
    """Return a picture as a scan of shape (columns, rows, 1); 16-bit grey is kept, colours become luminance.

    Raises:
        UnreadableScan: damaged, or more pixels than are unpacked.
    """
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=("PNG", "JPEG")) as picture:
                kind = str(picture.format)
                _check_size(picture.size)
                values, coloured = _grey(ImageOps.exif_transpose(picture))
    except Image.DecompressionBombError:
        raise UnreadableScan(f"The picture has more than {MAX_PIXELS} pixels. Load a smaller one.") from None
    except (OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, OverflowError, struct.error) as e:
        raise UnreadableScan(
            f"The picture is damaged or no PNG or JPEG ({type(e).__name__}). Save it again."
        ) from None
    notes = ["A picture: no modality, no spacing, no patient side; lengths are in pixels."]
    if coloured:
        notes.append("Its colours were turned into grey values.")
    return Scan.build(
        values.T[:, :, np.newaxis],
        INDEX_FRAME,
        spacing=(None, None, None),
        calibration="none",
        laterality_known=False,
        notes=tuple(notes),
        source=Source(files=(path,), format="JPEG" if kind in ("JPEG", "MPO") else "PNG"),
    )


def _check_size(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise UnreadableScan(
            f"The picture has {size[0]} x {size[1]} pixels; at most {MAX_PIXELS} are read. Load a smaller one."
        )


def _grey(picture: Any) -> tuple[npt.NDArray[Any], bool]:
    """Return grey values (rows, columns) and whether they were colours."""
    if picture.mode in ("L", "1", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"):
        return np.asarray(picture.convert("L") if picture.mode == "1" else picture), False
    if picture.mode == "LA":
        return np.asarray(picture.getchannel("L")), False
    rgb = np.asarray(picture.convert("RGB"))
    same = bool((rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all())
    return (rgb[..., 0], False) if same else (luminance(rgb), True)


def luminance(rgb: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return the grey values of an array whose last axis is red, green, blue; whole numbers, same range."""
    return np.asarray(np.rint(rgb @ np.asarray(LUMINANCE, dtype=np.float32)), dtype=np.float32)
