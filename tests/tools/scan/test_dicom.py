"""DICOM: values are Hounsfield units after one rescale, and every voxel lies where the header says."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from made import AXIAL, CORONAL, SAGITTAL, Made, enhanced_ct, image, mr_image, oblique, radiograph, save, values
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from tools import Known, ScanError, UnreadableScan, load_scan


@pytest.mark.parametrize(
    "made",
    [
        Made(),
        Made(orientation=oblique()),
        Made(orientation=oblique(-35.0, 8.0), column_mm=0.31, row_mm=0.83, interval_mm=7.0),
        Made(orientation=CORONAL),
        Made(orientation=SAGITTAL),
        Made(orientation=(-1.0, 0.0, 0.0, 0.0, -1.0, 0.0)),
        Made(intercept=0.0, signed=True),
        Made(slope=2.0, intercept=-1024.0, hu=2 * values(low=-500, high=600)),
        Made(orientation=(0.0, 1.0, 0.0, 1.0, 0.0, 0.0)),
    ],
    ids=["anisotropic", "oblique", "oblique-thick", "coronal", "sagittal", "prone", "signed", "slope-2", "head-down"],
)
def test_a_series_has_its_values_and_its_place(tmp_path: Path, made: Made) -> None:
    made.write(tmp_path)
    scan = load_scan(tmp_path)
    assert scan.voxels.dtype == np.int16
    np.testing.assert_array_equal(scan.voxels, made.hu)
    np.testing.assert_allclose(scan.affine, made.affine, atol=2e-5)
    assert scan.spacing == pytest.approx((made.column_mm, made.row_mm, made.interval_mm), abs=1e-5)
    assert scan.slice_thickness_mm == 3.0
    assert scan.slice_interval_mm == pytest.approx(made.interval_mm, abs=1e-5)
    assert scan.calibration == "patient"
    assert scan.laterality_known
    assert (str(scan.modality), str(scan.body_part)) == ("CT", "CHEST")


def test_the_same_scan_whatever_the_way_in(tmp_path: Path) -> None:
    import zipfile

    files = Made().write(tmp_path / "a")
    packed = tmp_path / "a.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as z:
        for f in files:
            z.write(f, f"study/{f.name}")
    mixed = files[:]
    random.Random(4).shuffle(mixed)
    ids = {load_scan(p).id for p in (tmp_path / "a", str(tmp_path / "a"), files, mixed, packed)}
    assert len(ids) == 1


def test_source_keeps_slice_order_identity_and_datasets(tmp_path: Path) -> None:
    made = Made()
    made.write(tmp_path)
    scan = load_scan(tmp_path)
    sets = scan.source.datasets()
    assert [d.InstanceNumber for d in sets] == [1, 2, 3, 4]
    assert scan.source.identity["PatientID"] == "MRN-771"
    assert scan.source.study_date == "2024-02-29"
    assert "Quimby" not in repr(scan) + repr(scan.source) + " ".join(scan.notes)


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless, DeflatedExplicitVRLittleEndian])
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
def test_compressed_series_are_the_same_scan(tmp_path: Path, syntax: str, signed: bool) -> None:
    made = Made(hu=values((80, 72, 3)), signed=signed, intercept=0.0 if signed else -1024.0)
    made.write(tmp_path / "plain")
    made.write(tmp_path / "packed", syntax=syntax)
    assert load_scan(tmp_path / "packed").id == load_scan(tmp_path / "plain").id


def test_big_endian(tmp_path: Path) -> None:
    made = Made()
    for k in range(made.count):
        ds = made.dataset(k)
        ds.PixelData = made.stored(k).astype(">u2").tobytes()
        ds["PixelData"].VR = "OW"
        ds.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        save(ds, tmp_path / f"{k}.dcm")
    np.testing.assert_array_equal(load_scan(tmp_path).voxels, made.hu)


def test_fractional_rescale_is_kept_in_float(tmp_path: Path) -> None:
    hu = values().astype(np.float64) * 0.25
    Made(hu=hu, slope=0.25, intercept=-1024.0).write(tmp_path)
    scan = load_scan(tmp_path)
    assert scan.voxels.dtype == np.float32
    np.testing.assert_allclose(scan.voxels, hu, atol=1e-4)


def test_each_slice_has_its_own_rescale(tmp_path: Path) -> None:
    """PET and some CT scanners scale slice by slice."""
    hu = values()
    for k in range(4):
        made = Made(hu=hu, intercept=-1024.0 - 100 * k)
        save(made.dataset(k), tmp_path / f"{k}.dcm")
    np.testing.assert_array_equal(load_scan(tmp_path).voxels, hu)


def test_a_wide_range_leaves_int16(tmp_path: Path) -> None:
    hu = values().astype(np.int32)
    hu[0, 0, 2] = 60000
    Made(hu=hu).write(tmp_path)
    scan = load_scan(tmp_path)
    assert scan.voxels.dtype == np.float32
    np.testing.assert_array_equal(scan.voxels, hu.astype(np.float32))


def test_stored_bits_twelve(tmp_path: Path) -> None:
    made = Made(hu=values(low=-1000, high=3000), extra={"BitsStored": 12, "HighBit": 11})
    made.write(tmp_path)
    np.testing.assert_array_equal(load_scan(tmp_path).voxels, made.hu)


def test_windows_one_many_none(tmp_path: Path) -> None:
    Made(extra={"WindowCenter": 40, "WindowWidth": 400}).write(tmp_path / "one")
    Made(extra={"WindowCenter": [-600, 40], "WindowWidth": [1500, 400]}).write(tmp_path / "two")
    Made().write(tmp_path / "none")
    assert load_scan(tmp_path / "one").windows == ((40.0, 400.0),)
    assert load_scan(tmp_path / "two").windows == ((-600.0, 1500.0), (40.0, 400.0))
    assert load_scan(tmp_path / "none").windows == ()


def test_what_the_header_does_not_say_is_none(tmp_path: Path) -> None:
    Made(thickness_mm=None).write(tmp_path)
    scan = load_scan(tmp_path)
    assert scan.slice_thickness_mm is None
    assert scan.slice_interval_mm == pytest.approx(2.5)
    assert scan.kernel is None
    assert scan.contrast is None


def test_thickness_interval_kernel_and_contrast_apart(tmp_path: Path) -> None:
    Made(extra={"ConvolutionKernel": "B70f", "ContrastBolusAgent": "Iohexol"}).write(tmp_path)
    scan = load_scan(tmp_path)
    assert (scan.slice_thickness_mm, scan.slice_interval_mm) == (3.0, pytest.approx(2.5))
    assert scan.kernel == "B70f"
    assert scan.contrast is True


@pytest.mark.parametrize("text", ["Quimby", "ZEPHYR", "quimby sharp"])
def test_a_kernel_field_that_holds_the_patient_is_not_believed(tmp_path: Path, text: str) -> None:
    Made(extra={"ConvolutionKernel": text, "BodyPartExamined": "QUIMBY"}).write(tmp_path)
    scan = load_scan(tmp_path)
    assert scan.kernel is None
    assert scan.body_part.value != "QUIMBY"


@pytest.mark.parametrize("order", [None, (3, 0, 2, 1)], ids=["in order", "shuffled frames"])
def test_enhanced_ct(tmp_path: Path, order: tuple[int, ...] | None) -> None:
    made = Made(orientation=oblique(), hu=values((12, 10, 4)))
    save(enhanced_ct(made, order), tmp_path / "e.dcm")
    scan = load_scan(tmp_path / "e.dcm")
    np.testing.assert_array_equal(scan.voxels, made.hu)
    np.testing.assert_allclose(scan.affine, made.affine, atol=2e-5)
    assert scan.windows == ((-600.0, 1500.0), (40.0, 400.0))
    assert scan.slice_thickness_mm == 3.0
    assert not any("rescale" in note for note in scan.notes)


def test_enhanced_ct_compressed(tmp_path: Path) -> None:
    made = Made(hu=values((80, 72, 4)), signed=True, intercept=0.0)
    save(enhanced_ct(made, (2, 1, 0, 3)), tmp_path / "e.dcm", JPEG2000Lossless)
    np.testing.assert_array_equal(load_scan(tmp_path / "e.dcm").voxels, made.hu)


def test_legacy_converted_enhanced_ct_of_highdicom(tmp_path: Path) -> None:
    import warnings

    from highdicom.legacy import LegacyConvertedEnhancedCTImage

    made = Made(hu=values((12, 10, 4)), extra={"InstanceNumber": 1})
    sets = []
    for k in range(made.count):
        ds = made.dataset(k)
        ds.InstanceNumber = k + 1
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        for keyword in ("StudyTime", "AccessionNumber", "StudyID", "PatientSex", "Manufacturer", "AcquisitionNumber",
                        "AcquisitionDate", "AcquisitionTime", "ContentDate", "ContentTime", "ReferringPhysicianName",
                        "Laterality", "PositionReferenceIndicator"):  # fmt: skip
            setattr(ds, keyword, None)
        sets.append(ds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from made import uid

        whole = LegacyConvertedEnhancedCTImage(sets, uid("legacy series"), 9, uid("legacy"), 1)
        whole.save_as(tmp_path / "legacy.dcm")
    scan = load_scan(tmp_path / "legacy.dcm")
    np.testing.assert_array_equal(scan.voxels, made.hu)
    np.testing.assert_allclose(scan.affine, made.affine, atol=2e-5)


def test_frames_in_different_planes_are_refused(tmp_path: Path) -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    ds = enhanced_ct(Made())
    del ds.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
    for n, group in enumerate(ds.PerFrameFunctionalGroupsSequence):
        plane = Dataset()
        plane.ImageOrientationPatient = list(AXIAL if n else CORONAL)
        group.PlaneOrientationSequence = Sequence([plane])
    save(ds, tmp_path / "e.dcm")
    with pytest.raises(ScanError, match="different planes"):
        load_scan(tmp_path / "e.dcm")


def test_monochrome1_of_a_radiograph_is_turned_around(tmp_path: Path) -> None:
    stored = np.random.default_rng(3).integers(0, 4096, size=(6, 9)).astype(np.uint16)
    plain = radiograph(stored, BitsStored=12, HighBit=11, WindowCenter=1000, WindowWidth=300)
    save(plain, tmp_path / "m2.dcm")
    turned = radiograph(
        4095 - stored, BitsStored=12, HighBit=11, WindowCenter=3095, WindowWidth=300,
        PhotometricInterpretation="MONOCHROME1",
    )  # fmt: skip
    save(turned, tmp_path / "m1.dcm")
    one, two = load_scan(tmp_path / "m1.dcm"), load_scan(tmp_path / "m2.dcm")
    np.testing.assert_array_equal(one.voxels, two.voxels)
    np.testing.assert_array_equal(two.voxels[:, :, 0], stored.T)
    assert one.windows == two.windows == ((1000.0, 300.0),)
    assert any("MONOCHROME1" in note for note in one.notes)


def test_monochrome1_ct_keeps_its_hounsfield_units(tmp_path: Path) -> None:
    """On CT the values are a quantity: MONOCHROME1 only says how to show them."""
    made = Made(extra={"PhotometricInterpretation": "MONOCHROME1"})
    made.write(tmp_path)
    np.testing.assert_array_equal(load_scan(tmp_path).voxels, made.hu)


@pytest.mark.parametrize(
    ("fields", "spacing", "calibration"),
    [
        ({}, (None, None, None), "none"),
        ({"ImagerPixelSpacing": [0.2, 0.1]}, (0.1, 0.2, None), "detector plane"),
        ({"PixelSpacing": [0.2, 0.1]}, (0.1, 0.2, None), "detector plane"),
        ({"PixelSpacing": [0.2, 0.1], "ImagerPixelSpacing": [0.2, 0.1]}, (0.1, 0.2, None), "detector plane"),
        ({"PixelSpacing": [0.15, 0.1], "ImagerPixelSpacing": [0.2, 0.15]}, (0.1, 0.15, None), "patient"),
        (
            {"PixelSpacing": [0.2, 0.1], "PixelSpacingCalibrationType": "FIDUCIAL"},
            (0.1, 0.2, None),
            "patient",
        ),
    ],
    ids=["none", "detector", "uncalibrated", "same as detector", "corrected", "fiducial"],
)
def test_what_a_radiographs_spacing_is_worth(
    tmp_path: Path, fields: dict[str, object], spacing: tuple[object, ...], calibration: str
) -> None:
    save(radiograph(np.zeros((4, 6), np.uint16), **fields), tmp_path / "x.dcm")
    scan = load_scan(tmp_path / "x.dcm")
    assert scan.calibration == calibration
    assert scan.spacing == pytest.approx(spacing) if spacing[0] else scan.spacing == spacing
    assert scan.has_mm is (calibration == "patient")
    assert scan.is_2d


@pytest.mark.parametrize(("toward", "sign"), [("L", -1), ("R", 1)])
def test_a_radiographs_side_comes_from_patient_orientation(tmp_path: Path, toward: str, sign: int) -> None:
    save(radiograph(np.zeros((4, 6), np.uint16), PatientOrientation=[toward, "F"]), tmp_path / "x.dcm")
    scan = load_scan(tmp_path / "x.dcm")
    assert scan.laterality_known
    assert np.sign(scan.affine[0, 0]) == sign
    save(radiograph(np.zeros((4, 6), np.uint16)), tmp_path / "y.dcm")
    assert not load_scan(tmp_path / "y.dcm").laterality_known


def test_one_slice_of_ct_has_its_place(tmp_path: Path) -> None:
    made = Made()
    made.write(tmp_path, slices=[2])
    scan = load_scan(tmp_path)
    assert scan.is_2d
    assert scan.has_mm
    assert scan.to_mm((0, 0, 0)) == pytest.approx(tuple(made.affine[:3] @ [0, 0, 2, 1]), abs=1e-4)


def test_a_multiframe_without_places_is_no_volume(tmp_path: Path) -> None:
    stack = np.arange(3 * 4 * 5, dtype=np.uint16).reshape(3, 4, 5)
    ds = image(stack, "2.25.7", "1.2.840.10008.5.1.4.1.1.3.1", "US")
    ds.NumberOfFrames = 3
    save(ds, tmp_path / "us.dcm")
    scan = load_scan(tmp_path / "us.dcm")
    assert scan.shape == (5, 4, 3)
    assert scan.spacing == (None, None, None)
    assert not scan.has_mm
    assert any("without positions" in note for note in scan.notes)


def test_mr_keeps_its_modality_and_unknown_part(tmp_path: Path) -> None:
    save(mr_image(np.full((4, 4), 9, np.uint16)), tmp_path / "mr.dcm")
    scan = load_scan(tmp_path / "mr.dcm")
    assert scan.modality == Known("MR", "known")
    assert scan.body_part == Known()


def test_a_ct_without_rescale_says_so(tmp_path: Path) -> None:
    ds = Made().dataset(0)
    del ds.RescaleIntercept, ds.RescaleSlope
    save(ds, tmp_path / "x.dcm")
    assert any("no rescale" in note for note in load_scan(tmp_path / "x.dcm").notes)


def test_modality_lut_is_applied_once(tmp_path: Path) -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    stored = np.array([[0, 1], [2, 3]], np.uint16)
    ds = radiograph(stored)
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [4, 0, 16], "US"
    table.LUTData = np.array([10, 20, 40, 80], "<u2").tobytes()
    ds.ModalityLUTSequence = Sequence([table])
    save(ds, tmp_path / "x.dcm")
    np.testing.assert_array_equal(load_scan(tmp_path / "x.dcm").voxels[:, :, 0], [[10, 40], [20, 80]])


def test_colours_become_luminance(tmp_path: Path) -> None:
    ds = radiograph(np.zeros((2, 3), np.uint8))
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
    ds.PixelData = np.tile(np.array([100, 150, 200], np.uint8), (2, 3, 1)).tobytes()
    save(ds, tmp_path / "x.dcm")
    scan = load_scan(tmp_path / "x.dcm")
    assert (scan.voxels == round(0.299 * 100 + 0.587 * 150 + 0.114 * 200)).all()
    assert any("Colours" in note for note in scan.notes)


@pytest.mark.parametrize("frames", [2_000_000_000, 40_000])
def test_a_header_that_claims_frames_it_does_not_hold(tmp_path: Path, frames: int) -> None:
    ds = radiograph(np.zeros((2, 2), np.uint16))
    ds.NumberOfFrames = frames
    save(ds, tmp_path / "x.dcm")
    with pytest.raises(UnreadableScan, match=r"frames|damaged"):
        load_scan(tmp_path / "x.dcm")


def test_a_deflated_bomb_is_not_inflated(tmp_path: Path) -> None:
    """A deflated dataset is unpacked as a whole by the parser: 60 MB of zeros out of 60 kB are refused first."""
    ds = Made().dataset(0)
    ds.add_new(0x7FD10010, "LO", "none")
    ds.add_new(0x7FD11001, "OB", bytes(60 * 2**20))
    save(ds, tmp_path / "x.dcm", DeflatedExplicitVRLittleEndian)
    assert (tmp_path / "x.dcm").stat().st_size < 2**20
    with pytest.raises(UnreadableScan, match="deflated"):
        load_scan(tmp_path / "x.dcm")


def test_pixels_are_decoded_at_the_size_the_header_says(tmp_path: Path) -> None:
    ds = Made().dataset(0)
    ds.Rows = 600
    save(ds, tmp_path / "x.dcm")
    with pytest.raises(UnreadableScan, match="damaged or incomplete"):
        load_scan(tmp_path / "x.dcm")


def test_the_real_series_agree_with_simpleitk(shared) -> None:  # type: ignore[no-untyped-def]
    """An independent reader over GDCM: same Hounsfield units, same grid (LPS there, RAS here)."""
    import SimpleITK

    root = shared("lung_pet_ct_dx")
    folders = sorted({f.parent for f in root.rglob("*.dcm")})
    assert folders
    reader = SimpleITK.ImageSeriesReader()
    checked = 0
    for folder in folders:
        for series in reader.GetGDCMSeriesIDs(str(folder)):
            names = reader.GetGDCMSeriesFileNames(str(folder), series)
            scan = load_scan(list(names))
            reader.SetFileNames(names)
            theirs = reader.Execute()
            np.testing.assert_array_equal(scan.voxels, SimpleITK.GetArrayFromImage(theirs).transpose(2, 1, 0))
            for index in ((0, 0, 0), (511, 3, 7), (20, 400, 29)):
                x, y, z = theirs.TransformIndexToPhysicalPoint(index)
                assert scan.to_mm(index) == pytest.approx((-x, -y, z), abs=0.02)
            assert scan.modality == Known("CT", "known")
            assert scan.slice_thickness_mm == 8.0
            checked += 1
    assert checked == 2
