"""Cases: whose they are, what is kept with them, and that deletion leaves nothing."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest
from bothways import Place
from scripted import QUIMBY, balls

from agent.cases import Cases
from agent.events import UnknownCase
from agent.session import Session
from agent.workspace import Workspace


def test_a_new_case_is_empty_and_has_an_opaque_id(cases: Cases) -> None:
    one, two = cases.create("ann"), cases.create("ann")
    assert one.id != two.id
    assert one.state == {}
    assert cases.get(one.id, "ann") == one
    assert one.created.endswith("+00:00")


def test_a_named_case_is_gone_on_with_by_its_owner(cases: Cases) -> None:
    cases.create("ann", "trial_7")
    cases.keep_state("trial_7", focus=2)
    assert cases.create("ann", "trial_7").state == {"focus": 2}


def test_nobody_sees_anothers_case(cases: Cases) -> None:
    case = cases.create("ann", "mine")
    for act in (lambda: cases.get(case.id, "bob"), lambda: cases.create("bob", "mine"),
                lambda: cases.get("none", "ann"), lambda: cases.hand_over(case.id, "bob", "eve")):  # fmt: skip
        with pytest.raises(UnknownCase) as caught:
            act()
        assert "ann" not in str(caught.value)
    assert cases.of_owner("bob") == []
    assert [c.id for c in cases.of_owner("ann")] == ["mine"]


@pytest.mark.parametrize("name", ["../up", "a/b", "a b", "-", "a" * 65, "x;drop", ".", "a\0b", "c:\\x"])
def test_a_name_that_is_no_name_is_refused(cases: Cases, name: str) -> None:
    with pytest.raises(UnknownCase, match="letters, digits"):
        cases.create("ann", name)


def test_changes_of_state_are_merged(cases: Cases) -> None:
    case = cases.create("ann")
    cases.keep_state(case.id, focus=1, asked={"needs": ["age"]})
    cases.keep_state(case.id, focus=2, view={"plane": "axial"})
    assert cases.get(case.id, "ann").state == {"focus": 2, "asked": {"needs": ["age"]}, "view": {"plane": "axial"}}
    cases.keep_state(case.id, asked=None)
    assert cases.get(case.id, "ann").state["asked"] is None


def test_state_of_a_deleted_case_is_not_kept(cases: Cases) -> None:
    case = cases.create("ann")
    cases.delete(case.id)
    with pytest.raises(UnknownCase, match="deleted"):
        cases.keep_state(case.id, focus=1)


def test_two_processes_worth_of_changes_all_arrive(tmp_path: Path, place: Place) -> None:
    halves = [Cases(tmp_path, place.databases), Cases(tmp_path, place.databases)]
    case = halves[0].create("ann")

    def write(which: int) -> None:
        for n in range(30):
            halves[which].keep_state(case.id, **{f"{which}-{n}": n})

    threads = [threading.Thread(target=write, args=(w,)) for w in (0, 1)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(halves[0].get(case.id, "ann").state) == 60
    for half in halves:
        half.close()


def test_hand_over_gives_a_case_to_another(cases: Cases) -> None:
    case = cases.create("local")
    cases.hand_over(case.id, "local", "browser-1")
    assert cases.get(case.id, "browser-1").id == case.id
    with pytest.raises(UnknownCase):
        cases.get(case.id, "local")


def test_a_scan_is_kept_with_its_voxels_and_its_source_apart(cases: Cases, tmp_path: Path) -> None:
    scan = balls(source=QUIMBY)
    case = cases.create("ann")
    cases.add_scan(case.id, scan)
    cases.add_scan(case.id, scan)
    kept = cases.scans(case.id)
    assert [s.id for s in kept] == [scan.id]
    assert np.array_equal(kept[0].voxels, scan.voxels)
    assert kept[0].source.identity == {}
    source = cases.source(case.id, scan.id)
    assert (source.identity, source.files, source.study_date) == (QUIMBY.identity, QUIMBY.files, "2024-02-29")
    for file in (tmp_path / "cases" / case.id).rglob("*.json"):
        assert "Quimby" not in file.read_text()


def test_a_source_of_an_unknown_scan_names_nobody(cases: Cases) -> None:
    assert cases.source(cases.create("ann").id, "none").identity == {}


def test_deleting_removes_folder_rows_evidence_and_conversation(workspace: Workspace) -> None:
    session = Session.open(balls(source=QUIMBY), workspace=workspace, case="gone")
    keep = Session.open(balls(shift=1), workspace=workspace, case="kept")
    for one in (session, keep):
        one.call("segment", point=[10.0, 8.0, 0.0])
        list(one.ask("What is the sphericity of lesion 1?"))
    with pytest.raises(UnknownCase):
        workspace.delete_case("gone", "somebody")
    workspace.delete_case("gone", "local")
    home = workspace.settings.home
    assert not (home / "cases" / "gone").exists()
    assert workspace.evidence.rows("gone") == []
    assert workspace.evidence.rows("kept") != []
    for name, tables in (("cases.sqlite", {"cases": "id", "scans": "case_id"}),
                         ("conversations.sqlite", {"checkpoints": "thread_id", "writes": "thread_id"})):  # fmt: skip
        with sqlite3.connect(home / name) as db:
            for table, column in tables.items():
                left = {r[0] for r in db.execute(f"SELECT DISTINCT {column} FROM {table}")}
                assert left <= {"kept"}
        db.close()
    assert len(list((home / "evidence" / "arrays").rglob("*.npz"))) == 1
    assert workspace.evidence.verify() == []
