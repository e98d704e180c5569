"""Earlier scans in a case: whose they are, how long before, and that a prior's lesions are never the scan's own."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import made
import pytest
import scripted
import steered

from agent.priors import compare_identity, days_between
from agent.session import Session
from agent.workspace import Workspace
from tools import Known, NotApplicable, Source
from tools.lesions import write_labels

ANY = "MRN-77123"


def source(**identity: str) -> Source:
    return Source(format="DICOM", identity=identity)


@pytest.fixture
def session(workspace: Workspace) -> Session:
    return Session.open(scripted.balls(source=scripted.QUIMBY), workspace=workspace, endpoint=scripted.ScriptedModel())


@pytest.mark.parametrize(
    ("one", "other", "differ", "verified"),
    [
        ({"PatientID": ANY}, {"PatientID": ANY}, False, True),
        ({"PatientID": "mrn-77123 "}, {"PatientID": "MRN 77123"}, False, True),
        ({"PatientID": ANY}, {"PatientID": "MRN-1"}, True, False),
        ({"PatientID": ANY}, {}, False, False),
        ({}, {}, False, False),
        ({"PatientID": ANY, "PatientName": "Quimby^Zephyr"}, {"PatientID": ANY, "PatientName": "ZEPHYR, QUIMBY"}, False, True),
        ({"PatientID": ANY, "PatientName": "Quimby^Zephyr"}, {"PatientID": ANY, "PatientName": "Other^Name"}, True, False),
        ({"PatientName": "Quimby^Zephyr"}, {"PatientName": "Quimby^Zephyr"}, False, False),
        ({"PatientName": "Quimby^Zephyr"}, {"PatientName": "Other^Name"}, True, False),
        ({"PatientBirthDate": "19110203"}, {"PatientBirthDate": "19110204"}, True, False),
        ({"PatientID": "ANONYMOUS"}, {"PatientID": "ANONYMOUS"}, False, False),
        ({"PatientID": "0000"}, {"PatientID": ANY}, False, False),
    ],
)
def test_identity_is_read_from_what_both_headers_hold(one: Any, other: Any, differ: bool, verified: bool) -> None:
    found = compare_identity(source(**one), source(**other))
    assert (found.differ, found.verified) == (differ, verified)


def test_scans_of_two_patients_are_refused_and_nobody_is_named(session: Session) -> None:
    stranger = steered.earlier(source=Source(format="DICOM", identity={"PatientID": "MRN-5", "PatientName": "Smith^Ada"}))
    with pytest.raises(NotApplicable, match="different patients") as refused:
        session.add_prior(stranger)
    assert not any(word in str(refused.value).lower() for word in (*scripted.NOBODY, "smith", "ada", "mrn"))
    assert session.record.priors == []
    assert session.workspace.cases.scans(session.case_id, "prior") == []


def test_a_prior_of_the_same_patient_brings_its_interval_and_no_date(session: Session) -> None:
    prior = session.add_prior(steered.earlier())
    assert (prior.number, prior.days, prior.verified) == (1, 365, True)
    kept = json.dumps([e.to_json() for e in session.evidence.all()]).lower()
    assert not any(word in kept for word in (*scripted.NOBODY, "2023-03-01", "20230301"))
    card = session.card()["prior"]
    assert (card["interval_days"], card["interval_from"], card["identity_verified"]) == (365, "headers", True)
    assert not any(word in json.dumps(card).lower() for word in (*scripted.NOBODY, "2023"))


def test_without_headers_the_identity_is_not_verified_and_the_interval_unknown(session: Session) -> None:
    prior = session.add_prior(steered.earlier(source=Source()))
    assert (prior.days, prior.interval, prior.verified) == (None, None, False)
    assert prior.scan.inputs["identity"] == "identity not verified"


def test_an_interval_is_taken_as_stated_where_no_header_gives_one(session: Session) -> None:
    prior = session.add_prior(steered.earlier(source=Source()), days=180)
    assert (prior.days, prior.interval) == (180, prior.stated)
    list(session.ask("The prior is from 6 months ago."))
    assert session.record.priors[0].days == 183
    assert session.card()["prior"]["interval_from"] == "stated"


def test_the_dates_in_the_headers_go_before_what_is_stated(session: Session) -> None:
    prior = session.add_prior(steered.earlier(), days=10)
    assert prior.days == 365
    assert prior.interval == prior.scan


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": dataclasses.replace(scripted.QUIMBY, study_date="2024-03-10")}, "10 days after"),
        ({"modality": Known("MR", "known")}, "modality"),
        ({"body_part": Known("ABDOMEN", "known")}, "body part"),
    ],
)
def test_a_later_scan_or_one_of_another_kind_is_refused(session: Session, changes: Any, words: str) -> None:
    with pytest.raises(NotApplicable, match=words):
        session.add_prior(steered.earlier(**changes))
    assert session.record.priors == []


def test_the_open_scan_is_no_prior_of_itself(session: Session) -> None:
    with pytest.raises(NotApplicable, match="open already"):
        session.add_prior(session.desk.need_scan())


@pytest.mark.parametrize("days", [0, -3, 40_000])
def test_an_interval_that_is_no_number_of_days_is_refused(session: Session, days: int) -> None:
    with pytest.raises(NotApplicable, match="number of days"):
        session.add_prior(steered.earlier(source=Source()), days=days)
    assert session.record.priors == []


def test_masks_on_another_grid_are_refused(session: Session) -> None:
    with pytest.raises(NotApplicable, match="earlier scan's grid"):
        session.add_prior(steered.earlier(), masks={1: steered.ball(session.desk.need_scan(), scripted.BIG, 8.0)})


def test_a_priors_outlines_are_never_the_scans_own_lesions(session: Session) -> None:
    session.load_drawn(steered.ball(session.desk.need_scan(), scripted.SMALL, 5.0))
    before = session.record.lesions
    prior = steered.earlier()
    added = session.add_prior(prior, masks={1: steered.ball(prior, scripted.BIG, 8.0)})
    assert session.record.lesions == before
    assert session.record.scan is not None
    assert session.record.scan.scan_id == session.desk.need_scan().id
    assert {n: e.scan_id for n, e in added.outlines.items()} == {1: prior.id}
    assert session.record.next_number() == 2
    with pytest.raises(NotApplicable, match="no lesion 5"):
        session.desk.pick(5)


def test_a_label_file_is_read_and_given_again_replaces_the_outline(session: Session, tmp_path: Path) -> None:
    prior = steered.earlier()
    file = tmp_path / "masks.nii.gz"
    write_labels(file, {3: steered.ball(prior, scripted.BIG, 8.0)}, prior)
    first = session.add_prior(prior, masks=file)
    assert list(first.outlines) == [3]
    second = session.add_prior(prior, masks={3: steered.ball(prior, scripted.BIG, 7.0)})
    assert second.number == 1
    assert second.outlines[3].supersedes == (first.outlines[3].id,)
    assert session.evidence.store.verify(session.case_id) == []


def test_what_the_priors_header_names_does_not_leave_either(session: Session) -> None:
    other = Source(files=(Path("/srv/old/Vanterpool/IM1.dcm"),), format="DICOM", identity={"AccessionNumber": "ACC5512"})
    session.add_prior(steered.earlier(source=other))
    assert "5512" not in session._redactor().clean("accession ACC5512 of Vanterpool")
    assert "Vanterpool" not in session._redactor().clean("accession ACC5512 of Vanterpool")


def test_a_case_opened_again_still_holds_its_prior(session: Session, workspace: Workspace) -> None:
    session.add_prior(steered.earlier())
    again = Session.open(case=session.case_id, workspace=workspace)
    assert again.desk.need_scan().id == session.desk.need_scan().id
    assert [p.days for p in again.record.priors] == [365]


@pytest.mark.parametrize(
    ("earlier", "later", "days"),
    [("2023-03-01", "2024-02-29", 365), (None, "2024-02-29", None), ("20230301", "2024-02-29", 365), ("soon", "2024-02-29", None)],
)
def test_days_between(earlier: str | None, later: str, days: int | None) -> None:
    assert days_between(earlier, later) == days


def test_two_dicom_series_bring_identity_and_interval_from_their_files(workspace: Workspace, tmp_path: Path) -> None:
    for name, extra in (("now", {}), ("then", {"StudyDate": "20230301"}), ("stranger", {"PatientID": "MRN-9"})):
        made.Made(hu=made.values(seed=len(name)), series=name, extra=extra).write(tmp_path / name)
    session = Session.open(tmp_path / "now", workspace=workspace)
    prior = session.add_prior(tmp_path / "then")
    assert (prior.days, prior.verified) == (365, True)
    with pytest.raises(NotApplicable, match="different patients") as refused:
        session.add_prior(tmp_path / "stranger")
    kept = json.dumps([e.to_json() for e in session.evidence.all()]) + str(refused.value) + json.dumps(session.card())
    assert not any(secret in kept for secret in (*made.SECRETS, "MRN-9", "20230301", "20240229"))
