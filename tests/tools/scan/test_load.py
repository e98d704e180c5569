"""The one way in: whatever is given, a scan or one clear line that names neither file nor patient."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from made import Made, enhanced_ct, radiograph, save, tells_nobody, values
from PIL import Image

from tools import Known, Scan, ScanError, UnreadableScan, load_scan
from tools.scan.load import sniff


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("Quimby.dcm", b"This is a letter about a patient, and no image.\n" * 9, "named .dcm, but its content is not"),
        ("Quimby.dcm", b"", "The file is empty"),
        ("Quimby.nii.gz", b"", "The file is empty"),
        ("Quimby.nii.gz", b"\x1f\x8bnot really gzip", "named .nii.gz"),
        ("Quimby.nrrd", b"hello", "named .nrrd"),
        ("Quimby.PNG", b"hello", "named .png"),
        ("Quimby.zip", b"hello", "named .zip"),
        ("Quimby", b"\0" * 400, "of no format that is read"),
        ("Quimby.dcm", b"\0" * 128 + b"DICM", "no image"),
        ("Quimby.dcm", b"\0" * 128 + b"DICM" + b"\xff" * 300, "DICOM"),
        ("DICOMDIR", b"\0" * 128 + b"DICM", "DICOMDIR"),
        ("Quimby.nrrd", b"NRRD0005\n", "damaged"),
        ("Quimby.png", b"\x89PNG\r\n\x1a\n", "damaged"),
        ("Quimby.jpg", b"\xff\xd8\xff\xe0", "damaged"),
    ],
)
def test_what_is_no_scan(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnreadableScan, match=said) as caught:
        load_scan(tmp_path / name)
    assert tells_nobody(str(caught.value))
    assert "\n" not in str(caught.value)


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path, said in (
        (tmp_path / "Quimby.dcm", "no file or folder"),
        (tmp_path / "empty", "folder is empty"),
        ([], "list of files is empty"),
        ([tmp_path / "Quimby.dcm"], "File 1 of 1 in the list does not exist"),
        ("Quimby\0.dcm", "path given"),
        ("Q" * 5000, "path given"),
    ):
        with pytest.raises(UnreadableScan, match=said) as caught:
            load_scan(path)
        assert tells_nobody(str(caught.value), "QQQ")


def test_a_list_must_be_one_series(tmp_path: Path) -> None:
    files = Made().write(tmp_path)
    (tmp_path / "t.txt").write_text("hello")
    with pytest.raises(UnreadableScan, match="File 5 of 5 is not DICOM"):
        load_scan([*files, tmp_path / "t.txt"])


def test_a_list_with_the_discs_index(tmp_path: Path) -> None:
    files = Made().write(tmp_path)
    (tmp_path / "DICOMDIR").write_bytes(files[0].read_bytes())
    with pytest.raises(UnreadableScan, match="File 1 of 5 is not DICOM"):
        load_scan([tmp_path / "DICOMDIR", *files])


def test_a_folder_of_pictures_is_ambiguous(tmp_path: Path) -> None:
    for n in range(2):
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / f"{n}.png")
    with pytest.raises(UnreadableScan, match="2 images that are not DICOM"):
        load_scan(tmp_path)
    (tmp_path / "1.png").unlink()
    assert load_scan(tmp_path).shape == (4, 4, 1)


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    import os

    path = tmp_path / "Quimby.dcm"
    path.write_bytes(b"x")
    path.chmod(0)
    if os.access(path, os.R_OK):
        path.chmod(0o600)
        pytest.skip("this user may read everything")
    with pytest.raises(UnreadableScan, match="could not be opened") as caught:
        load_scan(path)
    assert tells_nobody(str(caught.value))


def test_dicom_without_preamble(tmp_path: Path) -> None:
    ds = Made().dataset(0)
    with open(tmp_path / "x", "wb") as file:
        from pydicom import dcmwrite

        del ds.file_meta
        dcmwrite(file, ds, implicit_vr=False, little_endian=True)
    assert sniff(tmp_path / "x") == "dicom"
    np.testing.assert_array_equal(load_scan(tmp_path / "x").voxels[:, :, 0], Made().hu[:, :, 0])


def test_statements_fill_in_what_the_file_does_not_say(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "x.png")
    scan = load_scan(tmp_path / "x.png", modality="dx", body_part="thorax")
    assert scan.modality == Known("DX", "stated")
    assert scan.body_part == Known("CHEST", "stated")
    assert load_scan(tmp_path / "x.png").id == scan.id


def test_a_statement_against_the_header_is_refused(tmp_path: Path) -> None:
    Made().write(tmp_path)
    with pytest.raises(UnreadableScan, match="stated is MR; the file's header says CT"):
        load_scan(tmp_path, modality="MRI")
    with pytest.raises(UnreadableScan, match="stated is HEAD; the file's header says CHEST"):
        load_scan(tmp_path, body_part="head")
    assert load_scan(tmp_path, modality="ct", body_part="Chest").modality == Known("CT", "known")


@pytest.mark.parametrize("stated", ["Quimby Zephyr", "X1", "12345"])
def test_statements_that_are_no_code(tmp_path: Path, stated: str) -> None:
    Made().write(tmp_path)
    for kind in ("modality", "body_part"):
        with pytest.raises(UnreadableScan, match="no DICOM") as caught:
            load_scan(tmp_path, **{kind: stated})
        assert stated not in str(caught.value)


NAMING = (
    "SeriesDescription", "StudyDescription", "ImageComments", "ProtocolName", "ConvolutionKernel", "BodyPartExamined",
    "StationName", "AccessionNumber", "ContrastBolusAgent", "Modality",
)  # fmt: skip


def _everywhere_named(folder: Path) -> Path:
    """A series whose every text field of the header names the patient."""
    made = Made(series="named")
    for k in range(made.count):
        ds = made.dataset(k)
        for keyword in NAMING:
            setattr(ds, keyword, "QUIMBY")
        save(ds, folder / f"Quimby-{k}.dcm")
    return folder


def test_no_message_note_or_repr_names_the_patient(tmp_path: Path) -> None:
    """Whatever breaks, at any byte: a message says counts and millimetres, never a header's text or a file's name."""
    folder = tmp_path / "Quimby"
    folder.mkdir()
    _everywhere_named(folder)
    scan = load_scan(folder)
    assert tells_nobody(repr(scan) + " ".join(scan.notes) + str(scan.modality) + str(scan.kernel))
    first = sorted(folder.iterdir())[0]
    whole = first.read_bytes()
    errors: list[ScanError] = []
    for cut in range(200, len(whole), 37):
        first.write_bytes(whole[:cut])
        try:
            load_scan(folder)
        except ScanError as error:
            errors.append(error)
    assert errors
    assert all(tells_nobody(str(e)) for e in errors)
    assert all(e.__cause__ is None for e in errors)  # a chained parser's error would quote the header


KINDS = ("dicom", "enhanced", "dx", "nifti", "nifti.gz", "nrrd", "nrrd.gz", "png", "jpg", "zip")


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_bytes_never_escape_as_another_error(tmp_path: Path, kind: str) -> None:
    """Flipped, cut and repeated bytes (seeded): a scan or a ScanError, whatever the parser raises."""
    path = tmp_path / "x"
    if kind == "dicom":
        path = Made().write(tmp_path)[0]
    elif kind == "enhanced":
        save(enhanced_ct(Made()), path)
    elif kind == "dx":
        save(radiograph(np.zeros((4, 4), np.uint16), PixelSpacing=[0.1, 0.2], WindowCenter=3, WindowWidth=4), path)
    elif kind.startswith("nifti"):
        nibabel.save(nibabel.Nifti1Image(values(), np.eye(4)), tmp_path / ("y.nii" + kind[5:]))
        path = tmp_path / ("y.nii" + kind[5:])
    elif kind.startswith("nrrd"):
        import nrrd

        path = tmp_path / "x.nrrd"
        nrrd.write(str(path), values(), {"space": "LPS", "space directions": np.eye(3), "space origin": np.zeros(3),
                                         "encoding": "gzip" if kind.endswith("gz") else "raw"})  # fmt: skip
    elif kind == "zip":
        import zipfile

        with zipfile.ZipFile(path, "w") as z:
            for f in Made().write(tmp_path / "m"):
                z.write(f, f.name)
    else:
        Image.fromarray(values((9, 8, 1))[:, :, 0].astype(np.uint8)).save(tmp_path / f"x.{kind}")
        path = tmp_path / f"x.{kind}"
    whole = path.read_bytes()
    rng = np.random.default_rng(11)
    refused: list[str] = []
    for trial in range(200):
        data = bytearray(whole)
        for _ in range(int(rng.integers(1, 6))):
            at = int(rng.integers(0, min(len(data), 4000)))
            what = int(rng.integers(0, 4))
            if what == 0:
                data[at] = int(rng.integers(0, 256))
            elif what == 1:
                data[at] ^= 1 << int(rng.integers(0, 8))
            elif what == 2:
                data[at : at + 4] = rng.bytes(4)
            else:
                data[at:at] = data[at : at + int(rng.integers(1, 40))]
        path.write_bytes(data[: int(rng.integers(1, len(data)))] if trial % 5 == 0 else data)
        try:
            assert isinstance(load_scan(path), Scan)
        except ScanError as error:
            refused.append(str(error))
    assert len(refused) > 10
    assert all(tells_nobody(text) and "\n" not in text for text in refused)
