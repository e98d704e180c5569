"""De-identified images: no planted string in any byte, the same pixels and geometry, the same other name every time."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import hostile
import numpy as np
import planted
import pydicom
import pytest
from made import SECRETS, Made, enhanced_ct, oblique, save, tells_nobody, values
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from tools import ScanError, load_scan
from tools.deidentify import DeidentifyError, PixelsMayName, Pseudonyms, deidentify, deidentify_series
from tools.deidentify.rules import action

NAMES = Pseudonyms(b"k" * 32)
MOVED = Pseudonyms(b"k" * 32, shift_dates=True)


def read(folder: Path) -> list[Any]:
    return [pydicom.dcmread(p) for p in sorted(folder.glob("*.dcm"))]


def pixels(scan: Any) -> Any:
    return np.asarray(scan.voxels)


def test_no_planted_string_is_left_in_bytes_or_names(tmp_path: Path) -> None:
    """Nested items, private blocks, free text, odd places for a name, the preamble, and who sent it."""
    folder = planted.series(tmp_path / "in")
    for file in sorted(folder.iterdir()):
        ds = pydicom.dcmread(file)
        ds.ManufacturerModelName = "Vandermeulen special"
        ds.ConvolutionKernel = "OTTOLINE"
        ds.ContrastBolusAgent = planted.NAME
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = ds.SOPClassUID, "1.2.3.4471902"
        item.add_new(0x00280303, "CS", "UNMODIFIED")
        deeper = Dataset()
        deeper.PatientName, deeper.TextValue, deeper.StudyDate = planted.NAME, planted.STATED, planted.STUDY_DATE
        item.PurposeOfReferenceCodeSequence = Items([deeper])
        ds.SourceImageSequence = Items([item])
        ds.add_new(0x60003000, "OW", b"Ottoline")
        ds.preamble = planted.STATED.encode().ljust(128, b"\0")
        ds.file_meta.SourceApplicationEntityTitle = "WUMPUS"
        ds.save_as(file)
    assert {s for s, _ in planted.kept(folder)} >= {"vandermeulen", "ottoline", "4471902", "wumpus"}
    for names in (NAMES, MOVED):
        out = tmp_path / f"out{names.shift_dates}"
        done = deidentify_series(folder, out, names)
        assert len(done.files) == 4
        assert list(planted.kept(out)) == []
        assert sorted(p.name for p in out.iterdir()) == sorted(p.name for p in done.files)
        for ds in read(out):
            assert not [e for e in ds.iterall() if e.tag.is_private]
            assert ds.PatientIdentityRemoved == "YES"
            assert "113100" in [str(c.CodeValue) for c in ds.DeidentificationMethodCodeSequence]
            assert ds.filename is not None
            assert Path(str(ds.filename)).name == f"{ds.SOPInstanceUID}.dcm"


@pytest.mark.parametrize("syntax", [None, "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.1.99"])
def test_pixels_and_geometry_are_the_same(tmp_path: Path, syntax: str | None) -> None:
    Made(hu=values((24, 20, 5), low=-900, high=200), orientation=oblique()).write(tmp_path / "in", syntax=syntax)
    deidentify_series(tmp_path / "in", tmp_path / "out", NAMES)
    before, after = load_scan(tmp_path / "in"), load_scan(tmp_path / "out")
    assert np.array_equal(pixels(before), pixels(after))
    assert np.array_equal(before.affine, after.affine)
    assert (before.modality, before.body_part, before.spacing) == (after.modality, after.body_part, after.spacing)
    old, new = (sorted(read(tmp_path / n), key=lambda d: int(d.InstanceNumber)) for n in ("in", "out"))
    assert [d.PixelData for d in old] == [d.PixelData for d in new]
    assert [d.file_meta.TransferSyntaxUID for d in old] == [d.file_meta.TransferSyntaxUID for d in new]


def test_the_same_patient_study_and_image_get_the_same_other_name_and_only_with_the_same_key(tmp_path: Path) -> None:
    made = Made(hu=values((8, 8, 3)))
    made.write(tmp_path / "in")
    other = Pseudonyms(b"x" * 32)
    for place, names in (("a", NAMES), ("b", NAMES), ("c", other)):
        deidentify_series(tmp_path / "in", tmp_path / place, names)
    names_of = {p: sorted(f.name for f in (tmp_path / p).iterdir()) for p in "abc"}
    assert names_of["a"] == names_of["b"]
    assert not set(names_of["a"]) & set(names_of["c"])
    ds = read(tmp_path / "a")
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "PatientID"):
        assert len({d[keyword].value for d in ds}) == 1
    assert all(str(d.SOPInstanceUID).startswith("2.25.") for d in ds)
    assert [(tmp_path / "a" / f).read_bytes() for f in names_of["a"]] == [
        (tmp_path / "b" / f).read_bytes() for f in names_of["b"]
    ]


def test_references_lead_to_the_de_identified_images(tmp_path: Path) -> None:
    made = Made(hu=values((8, 8, 2)))
    first, second = made.dataset(0), made.dataset(1)
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = first.SOPClassUID, first.SOPInstanceUID
    second.ReferencedImageSequence = Items([item])
    (tmp_path / "in").mkdir()
    for n, ds in enumerate((first, second)):
        save(ds, tmp_path / "in" / f"{n}.dcm")
    deidentify_series(tmp_path / "in", tmp_path / "out", NAMES)
    by_number = {int(d.InstanceNumber): d for d in read(tmp_path / "out")}
    referred = by_number[2].ReferencedImageSequence[0]
    assert referred.ReferencedSOPInstanceUID == by_number[1].SOPInstanceUID
    assert referred.ReferencedSOPClassUID == by_number[1].SOPClassUID == first.SOPClassUID


def test_dates_go_or_are_moved_alike_and_intervals_stay(tmp_path: Path) -> None:
    for name, day in (("then", "20240229"), ("now", "20240831")):
        made = Made(hu=values((8, 8, 2)), series=name, extra={"StudyDate": day, "AcquisitionDate": day,
                    "AcquisitionDateTime": f"{day}101112.5", "PatientBirthDate": "19230417"})  # fmt: skip
        made.write(tmp_path / name)
        deidentify_series(tmp_path / name, tmp_path / f"{name}-gone", NAMES)
        deidentify_series(tmp_path / name, tmp_path / f"{name}-moved", MOVED)
    gone, moved = read(tmp_path / "now-gone")[0], read(tmp_path / "now-moved")[0]
    assert gone.StudyDate == ""
    assert "AcquisitionDateTime" not in gone
    assert (gone.LongitudinalTemporalInformationModified, moved.LongitudinalTemporalInformationModified) == (
        "REMOVED", "MODIFIED"
    )  # fmt: skip
    assert moved.StudyDate == moved.AcquisitionDate == str(moved.AcquisitionDateTime)[:8] != "20240831"
    assert str(moved.AcquisitionDateTime)[8:] == "101112.5"
    assert moved.PatientBirthDate == ""
    assert "113107" in [str(c.CodeValue) for c in moved.DeidentificationMethodCodeSequence]
    then, now = (load_scan(tmp_path / f"{n}-moved").source.study_date for n in ("then", "now"))
    assert then is not None
    assert now is not None
    assert (np.datetime64(now) - np.datetime64(then)) == np.timedelta64(184, "D")
    assert load_scan(tmp_path / "now-gone").source.study_date is None


def test_a_multi_frame_image_keeps_what_it_must_hold_and_gets_no_date_by_it(tmp_path: Path) -> None:
    ds = enhanced_ct(Made(hu=values((16, 14, 4), low=-900, high=200)))
    ds.ContentDate, ds.AcquisitionDateTime, ds.ContentTime = "20240229", "20240229101010", "101010"
    (tmp_path / "in").mkdir()
    save(ds, tmp_path / "in" / "x.dcm")
    deidentify_series(tmp_path / "in", tmp_path / "out", NAMES)
    before, after = load_scan(tmp_path / "in"), load_scan(tmp_path / "out")
    assert np.array_equal(pixels(before), pixels(after))
    assert np.array_equal(before.affine, after.affine)
    made = read(tmp_path / "out")[0]
    assert (made.ContentDate, str(made.AcquisitionDateTime)) == ("19000101", "19000101000000")
    assert after.source.study_date is None  # a date that stands for none measures no interval


@pytest.mark.parametrize(
    "change",
    [{"BurnedInAnnotation": "YES"}, {"Modality": "US"}, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"},
     {"RecognizableVisualFeatures": "YES"}],
)  # fmt: skip
def test_pixels_that_may_show_a_name_are_refused_until_somebody_has_looked(
    tmp_path: Path, change: dict[str, str]
) -> None:
    ds = Made(hu=values((8, 8, 1))).dataset(0)
    for keyword, value in change.items():
        setattr(ds, keyword, value)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    (tmp_path / "in").mkdir()
    save(ds, tmp_path / "in" / "x.dcm")
    Made(hu=values((8, 8, 1)), series="good").write(tmp_path / "in")
    with pytest.raises(PixelsMayName, match=r"1 because .*--accept-pixels"):
        deidentify_series(tmp_path / "in", tmp_path / "out", NAMES)
    assert list((tmp_path / "out").iterdir()) == []
    done = deidentify_series(tmp_path / "in", tmp_path / "out", NAMES, accept_pixels=True)
    assert len(done.files) == 2
    assert any("as you said" in n for n in done.notes)


def test_a_word_inside_packed_pixels_is_seen(tmp_path: Path) -> None:
    """A JPEG may carry a comment of its own."""
    file = Made(hu=values((8, 8, 1))).write(tmp_path / "in", syntax="1.2.840.10008.1.2.5")[0]
    ds = pydicom.dcmread(file)
    ds.PixelData = ds.PixelData[:-8] + b"Quimby  " + ds.PixelData[-8:]
    ds.save_as(file)
    with pytest.raises(PixelsMayName, match="pixel data carry a word"):
        deidentify_series(tmp_path / "in", tmp_path / "out", NAMES)


def test_what_is_no_image_is_left_out_with_a_line(tmp_path: Path) -> None:
    made = Made(hu=values((8, 8, 2)))
    made.write(tmp_path / "in")
    ds = made.dataset(0)
    ds.Modality, ds.SOPInstanceUID = "SR", "1.2.3.9"
    del ds.PixelData
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    save(ds, tmp_path / "in" / "report.dcm")
    (tmp_path / "in" / "letter Quimby.txt").write_text("Dear Quimby")
    done = deidentify_series(tmp_path / "in", tmp_path / "out", NAMES)
    assert len(done.files) == len(list((tmp_path / "out").iterdir())) == 2
    assert "no image (SR)" in " ".join(done.notes)
    assert "1 left out: not DICOM" in done.notes
    assert "Quimby" not in " ".join(done.notes)


def test_nothing_is_written_where_nothing_is_to_be_written_or_a_file_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.txt").write_text("no image")
    with pytest.raises(DeidentifyError, match="no DICOM image"):
        deidentify_series(tmp_path / "in", tmp_path / "out", NAMES)
    files = Made(hu=values((8, 8, 2))).write(tmp_path / "in")
    files[1].write_bytes(files[1].read_bytes()[:300])
    with pytest.raises(DeidentifyError) as caught:
        deidentify_series(tmp_path / "in", tmp_path / "out", NAMES)
    assert files[1].name not in str(caught.value)
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(DeidentifyError, match="nothing of that name"):
        deidentify_series(tmp_path / "nowhere", tmp_path / "out", NAMES)


def _fuzz(folder: Path, count: int, seed: int) -> tuple[int, int]:
    """De-identify mutated files; return how many were written and how many refused."""
    written, said = 0, list[str]()
    for name, whole in hostile.seeds(folder / "seeds").items():
        if not name.endswith(".dcm"):
            continue
        for data in hostile.mutations(whole, name, count, seed):
            (folder / "Quimby.dcm").write_bytes(data)
            try:
                done = deidentify_series(folder / "Quimby.dcm", folder / "out", NAMES)
            except ScanError as error:
                said.append(f"{error!r} {error.__cause__!r}")
                continue
            written += 1
            for file in done.files:
                left = file.read_bytes().lower()
                assert [s for s in SECRETS if len(s) > 4 and s.lower().encode() in left] == [], name
                file.unlink()
    assert tells_nobody(" ".join(said))
    return written, len(said)


def test_damaged_files_are_refused_or_written_without_a_name(tmp_path: Path) -> None:
    written, refused = _fuzz(tmp_path, 8, 3)
    assert written > 10
    assert refused > 10


@pytest.mark.long
def test_many_damaged_files_are_refused_or_written_without_a_name(tmp_path: Path) -> None:
    written, refused = _fuzz(tmp_path, 300, 5)
    assert min(written, refused) > 200


def test_every_element_that_can_hold_a_name_is_ruled_on() -> None:
    """Over the whole dictionary: names of persons, free text, dates and addresses are never kept as they are."""
    from pydicom.datadict import DicomDictionary

    kept = {
        entry[4] for tag, entry in DicomDictionary.items()
        if entry[0] in ("PN", "LT", "ST", "UT", "UC", "UR", "AE", "DA", "DT", "TM")
        and action(tag, entry[0], entry[4]) == "keep"
    }  # fmt: skip
    assert kept <= {"LongCodeValue", "URNCodeValue", "PartialViewDescription"}
    for tag, vr, keyword in itertools.product((0x00091001, 0x00080000 | 0xFFF0), ("LO", "UN"), ("",)):
        assert action(tag, vr, keyword) == "remove"


def test_a_dataset_without_a_patient_is_cleaned_all_the_same() -> None:
    ds = Dataset()
    ds.StudyInstanceUID, ds.StationName = "1.2.3", "ROOM 4"
    deidentify(ds, NAMES)
    assert ds.PatientID.startswith("SW-")
    assert ds.StationName == "" or "StationName" not in ds or ds.StationName == "REMOVED"
