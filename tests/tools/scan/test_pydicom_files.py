"""The files that pydicom brings along: each is a scan with pydicom's own values, or refused in a sentence."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest

from tools import Scan, ScanError, load_scan
from tools.scan.dicom_terms import NOT_IMAGES

ROOT = Path(pydicom.__file__).parent / "data" / "test_files"
FILES = sorted(p for p in ROOT.rglob("*") if p.is_file())
"""What lies in the package itself; pydicom would fetch more, these tests do not."""


def reference(path: Path) -> tuple[pydicom.Dataset, np.ndarray] | None:
    """What pydicom decodes with the codecs installed, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ds = pydicom.dcmread(path)
            return ds, ds.pixel_array
        except Exception:  # anything: this is only what pydicom itself can do
            return None


def attempt(path: Path) -> Scan | ScanError:
    try:
        return load_scan(path)
    except ScanError as error:
        return error


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_scan_or_a_sentence(path: Path) -> None:
    found = attempt(path)
    if isinstance(found, ScanError):
        assert str(found).endswith(".")
        assert len(str(found).splitlines()) == 1
        assert path.stem not in str(found) or path.stem == "DICOMDIR"
        decoded = reference(path)
        assert decoded is None or decoded[0].get("Modality") in NOT_IMAGES, "pydicom reads this image and we do not"
        return
    decoded = reference(path)
    assert decoded is not None
    ds, pixels = decoded
    frames = int(ds.get("NumberOfFrames") or 1)
    assert found.shape == (ds.Columns, ds.Rows, frames)
    if ds.SamplesPerPixel == 1 and ds.PhotometricInterpretation == "MONOCHROME2":
        slope, intercept = float(ds.get("RescaleSlope") or 1), float(ds.get("RescaleIntercept") or 0)
        truth = pixels.reshape(frames, ds.Rows, ds.Columns) * slope + intercept
        np.testing.assert_allclose(found.voxels, truth.transpose(2, 1, 0))
    else:
        assert found.voxels.min() >= 0


def test_most_of_them_are_images_that_load() -> None:
    loaded = [p for p in FILES if p.suffix == ".dcm" and isinstance(attempt(p), Scan)]
    assert len(loaded) >= 49


def test_the_disc_of_several_patients_is_told_apart() -> None:
    """The DICOMDIR's folder: several series; one is chosen or a reason is given, and DICOMDIR itself is no image."""
    folder = ROOT / "dicomdirtests"
    found = attempt(folder / "77654033" / "CR1") if (folder / "77654033" / "CR1").is_dir() else attempt(folder)
    assert isinstance(found, Scan | ScanError)
    assert "index of a disc" in str(attempt(folder / "DICOMDIR"))
