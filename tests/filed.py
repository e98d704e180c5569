"""DICOM series with spheres in them, and their masks: what the tests of everything that leaves as DICOM start from.

A sphere's voxels are worked out from the series' own definition of a plane, so that a mask's place is known without the
reader or any writer under test.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from made import Made, enhanced_ct, save

from agent.cases import Cases
from agent.report.dicom import Filing, dicom_files, filing_of
from agent.report.model import Report, Signature
from agent.session import Session
from agent.settings import Settings
from agent.toolset.vision import measure, record_drawn
from agent.workspace import Workspace
from tools import EvidenceStore, Mask, Registry, Runtime, Scan, load_scan
from tools.measure import LesionMeasure

SHAPE = (40, 36, 12)
BALLS = (((12, 11, 5), 9.0), ((27, 24, 7), 6.0))
"""Centre (voxel index) and radius (mm) of each sphere."""
CT = {
    "PatientSex": "O", "StudyTime": "101500", "StudyID": "S1", "AccessionNumber": "ACC-9", "StudyDescription": "Chest",
    "ReferringPhysicianName": "Elsewhere^Doctor", "Manufacturer": "Maker", "PatientName": "Quimby^Zephyr",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "AcquisitionNumber": 1, "KVP": 120, "PatientPosition": "HFS",
    "PositionReferenceIndicator": "", "InstanceCreationDate": "20240229",
}  # fmt: skip


def ball_grids(series: Made, balls: Sequence[Any] = BALLS) -> list[Any]:
    """Return a boolean grid (i, j, k) for each sphere."""
    shape = series.hu.shape
    steps = np.array([series.column_mm, series.row_mm, series.interval_mm])
    index = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    return [np.linalg.norm((index - np.array(c)) * steps, axis=-1) <= r for c, r in balls]


def ball_series(balls: Sequence[Any] = BALLS, shape: tuple[int, int, int] = SHAPE, **how: Any) -> Made:
    """Return a series of lung-like values with soft spheres in it."""
    noise = np.random.default_rng(7).normal(0, 20, shape)
    plain = Made(hu=np.zeros(shape, np.int16), extra=CT, **how)
    values = np.full(shape, -850.0) + noise
    for grid in ball_grids(plain, balls):
        values[grid] = 40 + noise[grid]
    return dataclasses.replace(plain, hu=np.rint(values).astype(np.int16))


def write_series(series: Made, folder: Path, *, multiframe: bool = False, order: Sequence[int] | None = None) -> Path:
    """Write a series, as single images or as one multi-frame object, and return its folder."""
    if not multiframe:
        series.write(folder, slices=order)
        return folder
    folder.mkdir(parents=True)
    ds = enhanced_ct(series, order)
    for keyword, value in CT.items():
        setattr(ds, keyword, value)
    save(ds, folder / "all.dcm")
    return folder


def ball_masks(scan: Scan, series: Made, balls: Sequence[Any] = BALLS) -> tuple[Mask, ...]:
    """Return the spheres' masks on a scan whose voxels are stored as the series'."""
    assert np.allclose(scan.affine, series.affine, atol=1e-3), "the reader and the test agree on where voxels lie"
    return tuple(Mask.from_grid(scan.id, g, scan.affine, "nodule") for g in ball_grids(series, balls))


def load_series(folder: Path) -> Scan:
    """Return the scan in a folder."""
    return load_scan(folder)


class Case:
    """A session on a data folder of its own, with the shipped measuring tool."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.desk = session.desk


@contextlib.contextmanager
def cases(home: Path) -> Iterator[Callable[[Scan], Case]]:
    """Give a function that opens a scan in a new case of a data folder."""
    home.mkdir()
    registry = Registry()
    registry.add(LesionMeasure)
    workspace = Workspace(Settings(home=home), registry, Runtime("cpu"), EvidenceStore(home / "evidence"), Cases(home))
    try:
        yield lambda scan: Case(Session.open(scan, workspace=workspace))
    finally:
        workspace.close()


@dataclasses.dataclass(frozen=True)
class Filed:
    """A report that was written out."""

    case: Any
    series: Made
    filing: Filing
    files: dict[str, bytes]
    absent: dict[str, str]

    def dataset(self, name: str) -> Any:
        """Return a file as a pydicom dataset, read anew from its bytes."""
        return pydicom.dcmread(BytesIO(self.files[name]))


def file_report(
    open_case: Any,
    folder: Path,
    series: Made | None = None,
    *,
    balls: Sequence[Any] = BALLS,
    multiframe: bool = False,
    order: Sequence[int] | None = None,
    signed_by: str | None = None,
    amends: int | None = None,
    pdf: bytes | None = None,
) -> Filed:
    """Write a series, open it, outline and measure its spheres, and write the report out as DICOM."""
    series = series or ball_series(balls)
    scan = load_series(write_series(series, folder, multiframe=multiframe, order=order))
    case = open_case(scan)
    for number, mask in enumerate(ball_masks(scan, series, balls), start=1):
        record_drawn(case.desk, mask, number)
        measure(case.desk, number)
    return file_again(case, series, signed_by=signed_by, amends=amends, pdf=pdf)


def file_again(
    case: Any, series: Made, *, signed_by: str | None = None, amends: int | None = None, pdf: bytes | None = None
) -> Filed:
    """Write a case out as DICOM, with a report that says nothing: what it says is in none of these files."""
    report = Report(1, "en", "full", "2026-11-24T10:20:30+00:00", 1, "Scan report", ("Research use only.",), (), amends=amends)
    if signed_by:
        signature = Signature(signed_by, "2026-11-24T11:12:13+00:00", "E9", report.seal)
        report = dataclasses.replace(report, signature=signature)
    filing = filing_of(case.desk, report)
    return Filed(case, series, filing, *dicom_files(filing, pdf))
