"""Which series of a folder is read, and what is said of the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made import CORONAL, Made, image, radiograph, save, tells_nobody, uid, values

from tools import IrregularSlices, UnreadableScan, load_scan
from tools.scan.load import list_series


def test_the_thinner_series_is_read_and_the_note_says_so(tmp_path: Path) -> None:
    thick = Made(series="thick", hu=values((7, 5, 3)), interval_mm=5.0, thickness_mm=5.0)
    thin = Made(series="thin", hu=values((7, 5, 7), seed=2), interval_mm=1.25, thickness_mm=1.25, number=2)
    thick.write(tmp_path)
    thin.write(tmp_path)
    scan = load_scan(tmp_path)
    np.testing.assert_array_equal(scan.voxels, thin.hu)
    (note,) = scan.notes
    assert "2 series were found" in note
    assert "7 images of 1.25 mm" in note
    assert tells_nobody(note, "thin", "thick")


def test_of_equally_thin_series_the_longer_then_the_first_number(tmp_path: Path) -> None:
    Made(series="a", hu=values((7, 5, 4)), number=3).write(tmp_path)
    Made(series="b", hu=values((7, 5, 6), seed=5), number=9).write(tmp_path)
    Made(series="c", hu=values((7, 5, 6), seed=6), number=4).write(tmp_path)
    np.testing.assert_array_equal(load_scan(tmp_path).voxels, values((7, 5, 6), seed=6))


def test_a_thin_detail_does_not_win_over_the_scan(tmp_path: Path) -> None:
    """Bolus tracking: thin, but it covers a centimetre of the patient."""
    Made(series="detail", hu=values((7, 5, 3)), interval_mm=1.0, thickness_mm=1.0).write(tmp_path)
    scan = Made(series="scan", hu=values((7, 5, 20), seed=3), interval_mm=5.0, thickness_mm=5.0)
    scan.write(tmp_path)
    np.testing.assert_array_equal(load_scan(tmp_path).voxels, scan.hu)


def test_coronal_reformats_lose_to_the_axial_series(tmp_path: Path) -> None:
    Made(series="cor", hu=values((7, 5, 9)), interval_mm=1.0, thickness_mm=1.0, orientation=CORONAL).write(tmp_path)
    axial = Made(series="ax", hu=values((7, 5, 4), seed=8))
    axial.write(tmp_path)
    np.testing.assert_array_equal(load_scan(tmp_path).voxels, axial.hu)


def test_a_file_that_is_there_twice_is_read_once(tmp_path: Path) -> None:
    made = Made()
    files = made.write(tmp_path)
    for n, file in enumerate(files):
        (tmp_path / f"copy {n}.dcm").write_bytes(file.read_bytes())
    np.testing.assert_array_equal(load_scan(tmp_path).voxels, made.hu)
    assert [s.count for s in list_series(tmp_path)] == [len(files)]


def test_two_images_of_one_name_and_another_content_are_not_taken_for_one(tmp_path: Path) -> None:
    made = Made()
    made.write(tmp_path)
    other = made.dataset(0)
    other.RescaleIntercept = float(other.RescaleIntercept) - 100
    save(other, tmp_path / "other.dcm")
    with pytest.raises(IrregularSlices):
        load_scan(tmp_path)


def test_a_scout_in_the_folder_is_left_out(tmp_path: Path) -> None:
    made = Made()
    made.write(tmp_path)
    scout = Made(hu=values((9, 9, 1)), orientation=CORONAL).dataset(0)
    scout.ImageType, scout.SOPInstanceUID = ["ORIGINAL", "PRIMARY", "LOCALIZER"], uid("scout")
    save(scout, tmp_path / "scout.dcm")
    scan = load_scan(tmp_path)
    np.testing.assert_array_equal(scan.voxels, made.hu)
    assert scan.notes == ()
    assert load_scan(tmp_path / "scout.dcm").is_2d


def test_reports_doses_and_segmentations_beside_the_images_are_left_out(tmp_path: Path) -> None:
    made = Made()
    made.write(tmp_path)
    for modality in ("SEG", "RTDOSE", "SR"):
        save(image(np.ones((5, 7), np.uint16), uid(modality), modality=modality), tmp_path / f"{modality}.dcm")
    np.testing.assert_array_equal(load_scan(tmp_path).voxels, made.hu)
    with pytest.raises(UnreadableScan, match=r"no image that can be read \(modality SEG\)"):
        load_scan(tmp_path / "SEG.dcm")


def test_other_files_in_the_folder_do_no_harm(tmp_path: Path) -> None:
    made = Made()
    made.write(tmp_path)
    (tmp_path / "readme.txt").write_text("hello")
    (tmp_path / ".DS_Store").write_bytes(b"\0\0")
    (tmp_path / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    (tmp_path / "away.dcm").symlink_to("/etc/passwd")
    np.testing.assert_array_equal(load_scan(tmp_path).voxels, made.hu)


def test_single_images_that_form_no_volume(tmp_path: Path) -> None:
    for n in range(2):
        ds = radiograph(np.zeros((4 + n, 6), np.uint16))
        ds.SOPInstanceUID = uid("film", n)
        save(ds, tmp_path / f"{n}.dcm")
    with pytest.raises(UnreadableScan, match="2 single images that form no volume"):
        load_scan(tmp_path)


def test_images_of_a_series_without_places(tmp_path: Path) -> None:
    made = Made()
    for k in range(3):
        ds = made.dataset(k)
        if k == 1:
            del ds.ImagePositionPatient
        save(ds, tmp_path / f"{k}.dcm")
    with pytest.raises(UnreadableScan, match="1 of 3 images lack a position"):
        load_scan(tmp_path)


def test_nonsense_in_a_header_is_neither_fatal_nor_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The parser warns of and logs such values word by word; a patient's name may be one."""
    Made(series="a").write(tmp_path)
    for file in Made(series="b", hu=values(seed=4), number=7).write(tmp_path):
        data = file.read_bytes()
        at = data.index(b"\x20\x00\x11\x00IS")
        file.write_bytes(data[: at + 8] + b"Zy" + data[at + 10 :])
    scan = load_scan(tmp_path)
    assert scan.shape == (7, 5, 4)
    assert len(list_series(tmp_path)) == 2
    assert "Zy" not in caplog.text


def test_list_series_names_each_one(tmp_path: Path) -> None:
    import zipfile

    Made(series="a").write(tmp_path / "s")
    Made(series="b", hu=values((7, 5, 2)), thickness_mm=None, interval_mm=4.0).write(tmp_path / "s")
    packed = tmp_path / "s.zip"
    with zipfile.ZipFile(packed, "w") as z:
        for f in (tmp_path / "s").iterdir():
            z.write(f, f.name)
    for place in (tmp_path / "s", packed):
        found = {s.uid: s for s in list_series(place)}
        assert set(found) == {uid("a"), uid("b")}
        assert (found[uid("a")].count, found[uid("a")].thickness_mm) == (4, 3.0)
        assert (found[uid("b")].count, found[uid("b")].thickness_mm) == (2, None)
        assert (found[uid("a")].rows, found[uid("a")].columns, found[uid("a")].modality) == (5, 7, "CT")
    (tmp_path / "t.txt").write_text("no")
    with pytest.raises(UnreadableScan, match="no DICOM file"):
        list_series(tmp_path / "t.txt")
