"""What a browser sends: taken whole or not at all, its series offered, and never into another reader's place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from apps import last
from coroutines import run

from agent.settings import Settings
from agent.workspace import Workspace
from tools.phantom import Sphere, chest_phantom
from tools.scan import Scan, UnreadableScan
from ui.acts import Acts
from ui.rooms import Rooms
from ui.uploads import TooLarge, Uploads

ANNA, BERT, BATCH = "a" * 64, "b" * 64, "abcdef0123"


@pytest.fixture(scope="module")
def scan() -> Scan:
    return chest_phantom((Sphere((70.0, 0.0, 0.0), 18.0),), spacing=(4.0, 4.0, 6.0))[0]


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Rooms]:
    opened = Workspace.open(Settings(home=tmp_path / "home"))
    yield Rooms(opened)
    opened.close()


async def chunks(*parts: bytes, fails: bool = False) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if fails:
        raise ConnectionError("gone")


def take(place: Uploads, name: str, *parts: bytes, number: int = 0, fails: bool = False) -> int:
    return run(place.take(ANNA, BATCH, number, name, chunks(*parts, fails=fails)))


def test_a_file_is_kept_under_a_plain_name_in_its_owners_place(tmp_path: Path) -> None:
    place = Uploads(tmp_path)
    assert take(place, "../../etc/pass wd;rm.nii", b"ab", b"c") == 3
    (file,) = place.files(ANNA, BATCH)
    assert file.read_bytes() == b"abc"
    assert file.name == "pass wd_rm.nii"
    assert tmp_path / "uploads" in file.parents
    with pytest.raises(UnreadableScan, match="No file arrived"):
        place.files(BERT, BATCH)


@pytest.mark.parametrize("batch", ["../x", "ABC", "", "a/b", "a" * 41])
def test_a_batch_is_no_path(tmp_path: Path, batch: str) -> None:
    with pytest.raises(UnreadableScan):
        Uploads(tmp_path).folder(ANNA, batch)


def test_half_a_file_is_none(tmp_path: Path) -> None:
    place = Uploads(tmp_path)
    with pytest.raises(ConnectionError):
        take(place, "a.nii", b"ab", fails=True)
    with pytest.raises(UnreadableScan):
        place.files(ANNA, BATCH)


def test_what_is_too_large_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        take(Uploads(tmp_path, most=4), "a.nii", b"abc", b"de")
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def series(folder: Path, scan: Scan, thickness: float, step: int, number: int) -> None:
    """Write every `step`-th slice of a scan as one DICOM series."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    uid = generate_uid()
    for k in range(0, scan.shape[2], step):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
        meta.MediaStorageSOPInstanceUID = generate_uid()
        d = Dataset()
        d.file_meta = meta
        d.SOPClassUID, d.SOPInstanceUID, d.SeriesInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID, uid
        d.StudyInstanceUID, d.Modality, d.BodyPartExamined = "1.2.3", "CT", "CHEST"
        d.SeriesDescription, d.SeriesNumber = f"axial {thickness:g}", number
        d.Rows, d.Columns = scan.shape[1], scan.shape[0]
        d.SamplesPerPixel, d.PhotometricInterpretation = 1, "MONOCHROME2"
        d.BitsAllocated = d.BitsStored = 16
        d.HighBit, d.PixelRepresentation = 15, 1
        d.RescaleSlope, d.RescaleIntercept = 1, 0
        x, y, z = scan.to_mm((0, 0, k))
        d.ImagePositionPatient, d.ImageOrientationPatient = [-x, -y, z], [1, 0, 0, 0, 1, 0]
        d.PixelSpacing, d.SliceThickness, d.InstanceNumber = [scan.spacing[1], scan.spacing[0]], thickness, k + 1
        plane = scan.voxels[:, :, k]
        d.PixelData = plane.T.astype("<i2").tobytes()
        d.save_as(folder / f"s{number}-{k:03d}.dcm", enforce_file_format=True)


@pytest.fixture
def study(tmp_path: Path, scan: Scan) -> list[Path]:
    """Two series of one study, the thick one first."""
    folder = tmp_path / "study"
    folder.mkdir()
    series(folder, scan, 12.0, 2, 1)
    series(folder, scan, 6.0, 1, 2)
    return sorted(folder.iterdir())


def laid(rooms: Rooms, files: list[Path]) -> str:
    place = Uploads(rooms.workspace.settings.home).folder(ANNA, BATCH)
    for number, file in enumerate(files):
        (place / f"{number:05d}").mkdir(parents=True)
        file.rename(place / f"{number:05d}" / file.name)
    return BATCH


def test_of_two_series_the_thin_one_is_proposed_and_the_reader_chooses(rooms: Rooms, study: list[Path]) -> None:
    acts = Acts(rooms)
    shown = last(acts.arrived(ANNA, laid(rooms, study), "current"))
    assert rooms.enter(ANNA).session is None
    cards = shown["opener"].split("<li>")[1:]
    assert len(cards) == 2
    assert "proposed" in cards[0]
    assert "40 images, 6 mm thick" in cards[0]
    assert "proposed" not in cards[1]
    assert "20 images, 12 mm thick" in cards[1]
    assert all("data:image/png;base64," in card for card in cards)
    assert "2 series were found" in shown["opener"]
    shown = last(acts.series(ANNA, 1))
    session = rooms.enter(ANNA).session
    assert session is not None
    assert session.scan is not None
    assert session.scan.shape[2] == 20
    assert shown["opener"] == ""
    assert not Uploads(rooms.workspace.settings.home).folder(ANNA, BATCH).exists()


def test_none_of_the_series_may_be_chosen_and_a_choice_that_is_gone_is_told(rooms: Rooms, study: list[Path]) -> None:
    acts = Acts(rooms)
    last(acts.arrived(ANNA, laid(rooms, study), "current"))
    shown = last(acts.series(ANNA, -1))
    assert "Drop a scan here" in shown["opener"]
    assert "no longer there" in last(acts.series(ANNA, 0))["chat"]


def test_an_earlier_study_joins_the_case_and_is_drawn(rooms: Rooms, scan: Scan, tmp_path: Path) -> None:
    import json

    import nibabel

    from ui.viewer.pictures import Pictures

    acts = Acts(rooms)
    rooms.open(rooms.enter(ANNA), scan)
    earlier = chest_phantom((Sphere((70.0, 0.0, 0.0), 12.0),), spacing=(5.0, 5.0, 6.0))[0]
    file = tmp_path / "earlier.nii.gz"
    nibabel.save(nibabel.Nifti1Image(earlier.voxels, earlier.affine), file)
    shown = last(acts.arrived(ANNA, laid(rooms, [file]), "prior"))
    assert "Earlier scan added" in shown["chat"]
    state = json.loads(shown["viewer"])
    assert state["priors"][0]["counts"]["axial"] == earlier.shape[2]
    png = Pictures(rooms.workspace).png(state["case"], "axial", 5, plain=True, prior=1)
    assert png.startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="no prior 2"):
        Pictures(rooms.workspace).png(state["case"], "axial", 5, prior=2)


def test_a_case_is_deleted_for_good_and_only_by_its_reader(rooms: Rooms, scan: Scan) -> None:
    acts = Acts(rooms)
    rooms.open(rooms.enter(ANNA), scan)
    case = rooms.enter(ANNA).session.case_id  # type: ignore[union-attr]
    assert "no such case" in last(acts.delete(BERT, case))["chat"]
    assert "no such case" in last(acts.reopen(BERT, case))["chat"]
    assert case in last(acts.arrive(ANNA))["cases"]
    shown = last(acts.delete(ANNA, case))
    assert "No case yet" in shown["cases"]
    assert "Drop a scan here" in shown["opener"]
    assert not (rooms.workspace.cases.folder / case).exists()
    assert rooms.workspace.evidence.rows(case) == []
