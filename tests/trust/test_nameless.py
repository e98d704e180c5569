"""A report of nobody: nothing planted in any of its files, and its DICOM objects refer to the de-identified images."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import planted
import pydicom
import pytest
from scripted import ScriptedModel, call, workspace
from validators import dciodvfy

from agent import AgentError, verify
from agent.approving import NAMELESS
from agent.events import Approval
from agent.report import write_files
from agent.report.files import Hide, nobodys
from agent.session import Session
from tools import Mask, load_scan
from tools.deidentify import Pseudonyms, deidentify_series
from tools.deidentify.dataset import patient_of

SIGNER = "Dr Ignatius Pennyfeather"
TYPED = "He had a CT on 29 February 2024 and one in March 2021, Ottoline Vandermeulen says."


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the planted series lies."""
    return planted.series(tmp_path_factory.mktemp("nameless"))


@pytest.fixture(scope="module")
def case(place: Path) -> Iterator[Session]:
    """A signed report of a planted series, in a case that the reader named after the patient."""
    made = workspace(place.parent / "home")
    session = Session.open(str(place), workspace=made, case="Vandermeulen-4471902", endpoint=ScriptedModel())
    scan = session.scan
    assert scan is not None
    grid = (scan.voxels > 10_000).copy()
    grid[10:20, 10:22, 1:3] = True
    session.load_drawn(Mask.from_grid(scan.id, grid, scan.affine, "nodule"), 1)
    session.call("measure", lesion=1)
    list(session.ask(f"{TYPED} 62, never smoked, no known cancer"))
    session.call("write_report", instruction=f'add to the impression: "{TYPED}"')
    session.sign_report(SIGNER)
    yield session
    made.close()


def written(session: Session, folder: Path, hide: Hide) -> dict[str, Path]:
    made = write_files(session.desk, folder, hide=hide)
    assert dict(made.absent) == {}
    return {f.name: f for f in made.files}


def words_of(files: dict[str, Path]) -> str:
    """All that the files say, what PDF packs too, in lower case."""
    from pypdf import PdfReader

    pages = PdfReader(files["report.pdf"])
    packed = "".join(p.extract_text() for p in pages.pages) + str(pages.metadata)
    return (packed + "".join(f.read_bytes().decode("utf-8", "replace") for f in files.values())).lower()


@pytest.mark.parametrize("shift", [False, True])
def test_nothing_planted_is_in_a_report_of_nobody(case: Session, tmp_path: Path, shift: bool) -> None:
    settings = case.workspace.settings
    files = written(case, tmp_path / "out", nobodys(settings, shift_dates=shift))
    assert len(files) == 9
    assert list(planted.kept(tmp_path / "out")) == []
    said = words_of(files)
    assert planted.found(said) == []
    for word in ("pennyfeather", "ignatius", "29 february", "march 2021", case.case_id.lower()):
        assert word not in said
    today = case.report.composed[:10] if case.report else ""
    assert today not in said
    assert today.replace("-", "") not in said
    evidence = json.loads(files["evidence.json"].read_text(encoding="utf-8"))
    assert verify(files["report.md"].read_text(encoding="utf-8"), evidence) == []
    assert (settings.home / "deidentify.key").stat().st_mode & 0o777 == 0o600


def test_its_dicom_objects_refer_to_the_de_identified_images(case: Session, place: Path, tmp_path: Path) -> None:
    names = Pseudonyms.of(case.workspace.settings.home)
    images = [pydicom.dcmread(f) for f in deidentify_series(place, tmp_path / "images", names).files]
    files = {f.name: f for f in write_files(case.desk, tmp_path / "out", "dicom", hide=Hide(names)).files}
    there = {str(d.SOPInstanceUID) for d in images}
    objects = {n: pydicom.dcmread(files[n]) for n in ("sr.dcm", "seg.dcm", "report.dcm")}
    there.add(str(objects["seg.dcm"].SOPInstanceUID))
    for name, made in objects.items():
        referred = {str(e.value) for e in made.iterall() if e.keyword == "ReferencedSOPInstanceUID"}
        assert referred, name
        assert referred <= there, name
        for keyword in ("PatientID", "PatientName", "StudyInstanceUID"):
            assert made[keyword].value == images[0][keyword].value
        assert made.PatientIdentityRemoved == "YES"
        assert "113100" in [str(c.CodeValue) for c in made.DeidentificationMethodCodeSequence]
    assert objects["seg.dcm"].FrameOfReferenceUID == images[0].FrameOfReferenceUID
    assert "113104" in [str(c.CodeValue) for c in objects["sr.dcm"].DeidentificationMethodCodeSequence]
    # What is of the patient shares no UID with what is of nobody, but the program's own; voxels and places are the same.
    own = {f.name: pydicom.dcmread(f) for f in write_files(case.desk, tmp_path / "own", "dicom").files}
    for name, made in objects.items():
        both = {str(e.value) for e in own[name].iterall() if e.VR == "UI"} & {
            str(e.value) for e in made.iterall() if e.VR == "UI"
        }
        assert {u for u in both if not u.startswith("1.2.840.10008.")} <= {device_uid(case)}
    before, after = own["seg.dcm"], objects["seg.dcm"]
    assert before.PixelData == after.PixelData
    assert [f.PlanePositionSequence[0].ImagePositionPatient for f in before.PerFrameFunctionalGroupsSequence] == [
        f.PlanePositionSequence[0].ImagePositionPatient for f in after.PerFrameFunctionalGroupsSequence
    ]
    assert case.scan is not None
    assert load_scan(tmp_path / "images").id == case.scan.id


def test_its_fhir_bundle_is_of_the_same_nobody(case: Session, tmp_path: Path) -> None:
    names = Pseudonyms.of(case.workspace.settings.home)
    files = {f.name: f for f in write_files(case.desk, tmp_path / "out", "fhir", hide=Hide(names)).files}
    bundle = json.loads(files["fhir.json"].read_text(encoding="utf-8"))
    patient = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient")
    source = case.workspace.cases.sources(case.case_id)[0]
    assert patient["identifier"][0]["value"] == names.patient(patient_of(source.identity))
    assert "birthDate" not in patient
    assert "gender" not in patient


def device_uid(session: Session) -> str:
    from agent.report.dicom import filing_of

    assert session.report is not None
    return filing_of(session.desk, session.report).device_uid()


def test_the_yes_to_an_export_may_be_to_a_copy_of_nobody(case: Session, tmp_path: Path) -> None:
    model = ScriptedModel(steps=[call("export", destination=str(tmp_path / "out"), format="html"), "written"])
    session = Session.open(case=case.case_id, workspace=case.workspace, endpoint=model)
    events = list(session.ask("export it"))
    assert [e.action for e in events if isinstance(e, Approval)] == ["export"]
    assert not (tmp_path / "out").exists()
    list(session.resume(NAMELESS))
    assert [f.name for f in (tmp_path / "out").iterdir()] == ["report.html"]
    assert "De-identified copy" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert list(planted.kept(tmp_path / "out")) == []
    assert session.desk.hide is False
    model.steps[:] = [call("export", destination=str(tmp_path / "again"), format="fhir"), "written"]
    list(session.ask("export it again"))
    list(session.resume("approve"))
    assert {s for s, _ in planted.kept(tmp_path / "again")}  # the next yes is to the patient's own


def test_pictures_that_may_show_a_name_are_refused(tmp_path: Path) -> None:
    from made import Made, save, values

    ds = Made(hu=values((40, 40, 1), low=-900, high=200)).dataset(0)
    ds.BurnedInAnnotation = "YES"
    made = workspace(tmp_path / "home")
    session = Session.open(str(save(ds, tmp_path / "x.dcm")), workspace=made, endpoint=ScriptedModel())
    session.call("write_report")
    with pytest.raises(AgentError, match="may show who it is"):
        write_files(session.desk, tmp_path / "out", "html", hide=nobodys(made.settings))
    assert not (tmp_path / "out").exists()
    done = write_files(session.desk, tmp_path / "out", "html", hide=nobodys(made.settings, accept_pixels=True))
    assert done.files
    made.close()


@pytest.mark.long
@pytest.mark.parametrize("shift", [False, True])
def test_the_validator_finds_no_error(case: Session, place: Path, tmp_path: Path, shift: bool) -> None:
    hide = nobodys(case.workspace.settings, shift_dates=shift)
    files = written(case, tmp_path / "out", hide)
    images: Any = deidentify_series(place, tmp_path / "images", hide.names).files
    for file in (*images, files["sr.dcm"], files["seg.dcm"], files["report.dcm"]):
        before = dciodvfy(next(place.iterdir())) if file in images else []
        assert [e for e in dciodvfy(file) if e not in before] == [], file.name
