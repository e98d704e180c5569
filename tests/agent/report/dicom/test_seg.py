"""The Segmentation: the same voxels in the patient, read back by our own reader and by highdicom, whatever way they lay."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from filed import BALLS, CT, Filed, ball_masks, ball_series, file_again, file_report, load_series, write_series
from made import CORONAL, SAGITTAL, oblique

from tools import Mask, UnreadableScan
from tools.lesions import read_labels

LPS = np.array([-1.0, -1.0, 1.0])
KINDS: dict[str, dict[str, Any]] = {
    "axial": {},
    "oblique": {"series": {"orientation": oblique()}},
    "coronal": {"series": {"orientation": CORONAL}},
    "sagittal": {"series": {"orientation": SAGITTAL}},
    "columns to the right": {"series": {"orientation": (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)}},
    "rows upward": {"series": {"orientation": (1.0, 0.0, 0.0, 0.0, -1.0, 0.0)}},
    "axes swapped": {"series": {"orientation": (0.0, 1.0, 0.0, 1.0, 0.0, 0.0)}},
    "one lesion": {"balls": BALLS[:1]},
    "written from the last": {"order": tuple(range(11, -1, -1))},
    "multi-frame": {"multiframe": True},
    "multi-frame, last first": {"multiframe": True, "order": tuple(range(11, -1, -1))},
    "multi-frame, shuffled": {"multiframe": True, "order": (3, 0, 11, 7, 1, 9, 5, 2, 10, 8, 4, 6)},
}  # fmt: skip


def made(open_case: Any, folder: Path, kind: str, **more: Any) -> Filed:
    how = dict(KINDS[kind])
    series = ball_series(how.get("balls", BALLS), **how.pop("series", {}))
    return file_report(open_case, folder, series, **how, **more)


def points(mask: Mask) -> set[tuple[float, ...]]:
    """Return where the voxels of a mask lie, RAS mm to a hundredth."""
    index = np.argwhere(mask.box) + np.array(mask.offset)
    return rounded(index @ mask.grid_affine[:3, :3].T + mask.grid_affine[:3, 3])


def rounded(places: npt.NDArray[Any]) -> set[tuple[float, ...]]:
    return {tuple(float(v) + 0.0 for v in np.round(p, 2)) for p in places}


QUICK = ("oblique", "axes swapped", "one lesion", "written from the last", "multi-frame, shuffled")
"""Kinds that the default run looks at; the long one looks at all."""


@pytest.mark.parametrize("kind", [k if k in QUICK else pytest.param(k, marks=pytest.mark.long) for k in KINDS])
def test_voxels_read_back_where_they_were(open_case: Any, tmp_path: Path, kind: str) -> None:
    filed = made(open_case, tmp_path / "in", kind)
    assert set(filed.absent) == {"report.dcm"}
    (tmp_path / "seg.dcm").write_bytes(filed.files["seg.dcm"])
    outlined = [filed.filing.masks[n] for n in sorted(filed.filing.masks)]

    ours = read_labels(tmp_path / "seg.dcm", filed.filing.scan)
    assert sorted(ours) == list(range(1, len(outlined) + 1))
    for number, mask in enumerate(outlined, start=1):
        assert ours[number].hash == mask.hash
        assert ours[number].label == "nodule"

    volume = highdicom.seg.segread(tmp_path / "seg.dcm").get_volume(combine_segments=False)
    for number, mask in enumerate(outlined):
        index = np.argwhere(volume.array[..., number])
        theirs = (index @ volume.affine[:3, :3].T + volume.affine[:3, 3]) * LPS
        assert rounded(theirs) == points(mask)


@pytest.mark.parametrize("kind", ["written from the last", "multi-frame, shuffled"])
def test_every_frame_names_the_image_it_lies_on(open_case: Any, tmp_path: Path, kind: str) -> None:
    filed = made(open_case, tmp_path / "in", kind)
    images = {h.SOPInstanceUID: h for h in (pydicom.dcmread(f) for f in (tmp_path / "in").iterdir())}
    for frame in filed.dataset("seg.dcm").PerFrameFunctionalGroupsSequence:
        (source,) = frame.DerivationImageSequence[0].SourceImageSequence
        image = images[source.ReferencedSOPInstanceUID]
        there = image.get("ImagePositionPatient")
        if there is None:
            group = image.PerFrameFunctionalGroupsSequence[int(source.ReferencedFrameNumber) - 1]
            there = group.PlanePositionSequence[0].ImagePositionPatient
        assert np.allclose([float(v) for v in frame.PlanePositionSequence[0].ImagePositionPatient], [float(v) for v in there])


def test_outlines_that_overlap_keep_all_their_voxels(open_case: Any, tmp_path: Path) -> None:
    balls = (((15, 15, 5), 9.0), ((19, 17, 6), 8.0))
    filed = file_report(open_case, tmp_path / "in", balls=balls)
    first, second = filed.filing.masks.values()
    assert first.overlap(second) > 50
    (tmp_path / "seg.dcm").write_bytes(filed.files["seg.dcm"])
    ours = read_labels(tmp_path / "seg.dcm", filed.filing.scan)
    assert [ours[1].hash, ours[2].hash] == [first.hash, second.hash]


@pytest.mark.long
def test_ten_lesions_are_ten_segments(open_case: Any, tmp_path: Path) -> None:
    balls = tuple(((3 + 7 * (n % 5), 8 + 16 * (n // 5), 5), 1.9) for n in range(10))
    filed = file_report(open_case, tmp_path / "in", balls=balls)
    segments = filed.dataset("seg.dcm").SegmentSequence
    assert len(segments) == 10
    assert len({s.TrackingUID for s in segments}) == 10


def test_a_segment_says_how_it_was_made_and_where(filed: Filed) -> None:
    segment = filed.dataset("seg.dcm").SegmentSequence[0]
    assert segment.SegmentAlgorithmType == "MANUAL"
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Nodule"
    assert segment.SegmentedPropertyCategoryCodeSequence[0].CodeValue == "49755003"
    assert segment.TrackingID == segment.SegmentLabel == "Lesion 1"


def test_what_the_reader_turned_down_is_left_out_and_the_other_keeps_its_tracking(open_case: Any, tmp_path: Path) -> None:
    filed = made(open_case, tmp_path / "in", "axial")
    kept = filed.dataset("seg.dcm").SegmentSequence[1].TrackingUID
    filed.case.session.judge(1, "rejected", "vessel")
    (only,) = file_again(filed.case, filed.series).dataset("seg.dcm").SegmentSequence
    assert (only.TrackingUID, only.TrackingID, only.SegmentNumber) == (kept, "Lesion 2", 1)


def test_images_in_a_zip_are_found_again(open_case: Any, tmp_path: Path) -> None:
    series = ball_series()
    folder = write_series(series, tmp_path / "in")
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as packed:
        for file in folder.iterdir():
            packed.write(file, file.name)
    case = open_case(load_series(tmp_path / "in.zip"))
    case.outline(*ball_masks(case.session.scan, series))
    assert "seg.dcm" in file_again(case, series).files


def test_segments_of_another_grid_are_refused(filed: Filed, tmp_path: Path) -> None:
    (tmp_path / "seg.dcm").write_bytes(filed.files["seg.dcm"])
    other = load_series(write_series(ball_series(column_mm=0.8), tmp_path / "other"))
    with pytest.raises(UnreadableScan, match="another grid"):
        read_labels(tmp_path / "seg.dcm", other)


@pytest.mark.parametrize("cut", [1500, 3000, 9000])
def test_a_damaged_segmentation_is_refused_in_words(filed: Filed, tmp_path: Path, cut: int) -> None:
    (tmp_path / "seg.dcm").write_bytes(filed.files["seg.dcm"][:cut])
    with pytest.raises(UnreadableScan):
        read_labels(tmp_path / "seg.dcm", filed.filing.scan)


def test_patient_and_study_are_the_images_own(filed: Filed) -> None:
    for name in filed.files:
        ds = filed.dataset(name)
        assert str(ds.PatientName) == CT["PatientName"]
        assert (ds.PatientID, ds.PatientBirthDate, ds.PatientSex) == ("MRN-771", "19110203", "O")
        assert (ds.StudyDate, ds.AccessionNumber) == ("20240229", "ACC-9")
        image = filed.filing.original.first
        assert ds.StudyInstanceUID == image.StudyInstanceUID
        assert ds.SeriesInstanceUID != image.SeriesInstanceUID
