"""dciodvfy and DicomSRValidator find no error in any kind of case, and do find one that is put there."""

from __future__ import annotations

import dataclasses
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import validators
from filed import BALLS, CT, Filed, ball_masks, ball_series, file_again, file_report
from made import CORONAL, oblique, radiograph, save

from agent.report.dicom import check
from tools import Mask, Scan, load_scan

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(validators.why_not() is not None, reason=str(validators.why_not())),
    pytest.mark.timeout(900),
]
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
MANY = tuple(((3 + 7 * (n % 5), 4 + 7 * (n // 5 % 5), 3 + 5 * (n // 25)), 2.5) for n in range(50))
KINDS: dict[str, dict[str, Any]] = {
    "one lesion": {"balls": BALLS[:1]},
    "two lesions, signed": {"signed_by": "Ada King"},
    "an addendum, signed": {"signed_by": "王芳", "amends": 1},
    "four lesions": {"balls": MANY[:4]},
    "oblique": {"how": {"orientation": oblique()}},
    "coronal, signed": {"how": {"orientation": CORONAL}, "signed_by": "Ada King"},
    "multi-frame": {"multiframe": True, "order": (3, 0, 11, 7, 1, 9, 5, 2, 10, 8, 4, 6)},
    "multi-frame, one lesion, signed": {"multiframe": True, "balls": BALLS[:1], "signed_by": "Ada King"},
    "a header with little in it": {"bare": True},
}  # fmt: skip


def assert_valid(filed: Filed, folder: Path) -> None:
    assert set(filed.files) == {"sr.dcm", "seg.dcm", "report.dcm"}, filed.absent
    folder.mkdir(exist_ok=True)
    for name, data in filed.files.items():
        (folder / name).write_bytes(data)
        assert validators.dciodvfy(folder / name) == [], name
    assert validators.sr_validator(folder / "sr.dcm") == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_error(open_case: Any, tmp_path: Path, kind: str) -> None:
    how = dict(KINDS[kind])
    series = ball_series(how.get("balls", BALLS), **how.pop("how", {}))
    if how.pop("bare", False):
        series = dataclasses.replace(series, extra={})
    assert_valid(file_report(open_case, tmp_path / "in", series, pdf=PDF, **how), tmp_path / "out")


def test_no_error_in_fifty_lesions(open_case: Any, tmp_path: Path) -> None:
    """By dciodvfy alone: from twelve lesions on the structured report's own validator runs out of 4 GB."""
    filed = file_report(open_case, tmp_path / "in", ball_series(MANY), pdf=PDF)
    assert set(filed.files) == {"sr.dcm", "seg.dcm", "report.dcm"}, filed.absent
    for name, data in filed.files.items():
        (tmp_path / name).write_bytes(data)
        assert validators.dciodvfy(tmp_path / name) == [], name


def test_no_error_on_a_radiograph(open_case: Any, tmp_path: Path) -> None:
    stored = np.random.default_rng(3).integers(0, 3000, (40, 50)).astype(np.uint16)
    header = {k: v for k, v in CT.items() if k not in ("ImageType", "KVP", "PatientPosition")}
    ds = radiograph(stored, ImagerPixelSpacing=[0.2, 0.2], PatientOrientation=["L", "F"], **header)
    scan = load_scan(save(ds, tmp_path / "dx.dcm"), body_part="CHEST")
    grid = np.zeros(scan.shape, bool)
    grid[10:20, 12:18, 0] = True
    case = open_case(scan)
    case.outline(Mask.from_grid(scan.id, grid, scan.affine, "nodule"))
    assert_valid(file_again(case, ball_series(), pdf=PDF), tmp_path / "out")


def test_no_error_with_a_prior(open_case: Any, tmp_path: Path) -> None:
    filed = file_report(open_case, tmp_path / "in")
    before = ball_series(((BALLS[0][0], 6.0),), series="before")
    before = dataclasses.replace(before, extra={**CT, "StudyDate": "20230301"})
    before.write(tmp_path / "before")
    prior: Scan = load_scan(tmp_path / "before")
    filed.case.session.add_prior(prior, masks={1: ball_masks(prior, before, ((BALLS[0][0], 6.0),))[0]})
    assert filed.case.session.record.priors
    assert_valid(file_again(filed.case, filed.series, pdf=PDF), tmp_path / "out")


def test_no_error_on_a_patients_series(open_case: Any, shared: Any, tmp_path: Path) -> None:
    """A real CT of 30 slices of 8 mm, one box of its tumour outlined as a block."""
    folder = shared("lung_pet_ct_dx/Lung_Dx-A0002")
    scan = load_scan(folder)
    case = open_case(scan)
    grid = np.zeros(scan.shape, bool)
    grid[200:240, 250:280, 12:15] = True
    case.outline(Mask.from_grid(scan.id, grid, scan.affine, "mass"))
    filed = file_again(case, ball_series(), pdf=PDF, signed_by="Ada King")
    assert_valid(filed, tmp_path / "out")
    from tools.lesions import read_labels

    assert np.array_equal(read_labels(tmp_path / "out" / "seg.dcm", scan)[1].voxels, grid)


def test_the_validators_find_what_is_wrong(open_case: Any, tmp_path: Path) -> None:
    filed = file_report(open_case, tmp_path / "in")
    sr = pydicom.dcmread(BytesIO(filed.files["sr.dcm"]))
    del sr.VerificationFlag
    group = check.groups(sr)[1]
    group.ContentSequence = [i for i in group.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue != "121191"]
    sr.save_as(tmp_path / "wrong.dcm")
    assert validators.dciodvfy(tmp_path / "wrong.dcm") != []
    assert validators.sr_validator(tmp_path / "wrong.dcm") != []
