"""The record: nothing is changed, nothing is lost unseen, and what rests on something replaced is no longer current."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bothways import Place

from tools import Evidence, EvidenceStore, Mask, Quantity
from tools.evidence import EvidenceError, current_ids


@pytest.fixture
def evidence(tmp_path: Path, place: Place) -> Iterator[EvidenceStore]:
    """A real evidence store, its rows in either database."""
    store = EvidenceStore(tmp_path / "evidence", place.databases)
    yield store
    store.close()


def mask(seed: int = 0, scan: str = "scan") -> Mask:
    grid = np.random.default_rng(seed).random((6, 5, 4)) > 0.5
    return Mask.from_grid(scan, grid, np.diag([0.7, 0.9, 2.5, 1.0]), "nodule")


def quantity(value: float = 14.25) -> Quantity:
    return Quantity("axial_long_axis", value, "mm", "calipers", ((0.0, 0.1, 0.2), (1.0, 1.1, 1.2)), "a note")


def chain(store: EvidenceStore, case: str = "a") -> None:
    """E1 mask, E2 measurement of it, E3 category of that, E4 stated by the reader."""
    room = store.case(case)
    room.add("mask", "segmenter", weights="ab" * 32, scan_id="scan", mask=mask(), inputs={"lesion": 1})
    room.add("measurement", "measure", quantities=(quantity(),), parents=("E1",))
    room.add("category", "criteria", parents=("E2",), text="row 4")
    room.add("stated", "reader", inputs={"age": 58}, text="58 岁, ex-smoker")


def test_what_is_added_comes_back_the_same(evidence: EvidenceStore) -> None:
    room = evidence.case("a")
    made = room.add(
        "measurement", "measure", "1.2.0", weights=None, scan_id="s", inputs={"lesion": 2, "to": (1.5, 2)},
        quantities=(quantity(),), text="直径", parents=(), supersedes=(),
    )  # fmt: skip
    assert made.id == "E1"
    assert made.created.endswith("+00:00")
    assert room.get("E1") == made
    assert room.all() == [made]
    assert made.quantity("axial_long_axis") == quantity()
    assert made.quantity("volume_voxel") is None
    assert made.inputs == {"lesion": 2, "to": [1.5, 2]}
    assert Evidence.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_masks_are_kept_by_content(evidence: EvidenceStore) -> None:
    room = evidence.case("a")
    one = room.add("mask", "segmenter", mask=mask())
    two = room.add("mask", "segmenter", mask=mask())
    assert one.array == two.array == mask().hash
    back = room.mask(one)
    np.testing.assert_array_equal(back.voxels, mask().voxels)
    np.testing.assert_array_equal(back.affine, mask().affine)
    assert (back.label, back.scan_id, back.offset) == (mask().label, mask().scan_id, mask().offset)
    assert len(list(evidence.arrays.rglob("*.npz"))) == 1
    with pytest.raises(EvidenceError, match="E3 is a stated and holds no mask"):
        room.mask(room.add("stated", "reader"))


def test_ids_count_up_in_each_case_apart(evidence: EvidenceStore) -> None:
    chain(evidence, "a")
    assert evidence.case("b").add("stated", "reader").id == "E1"
    assert [e.id for e in evidence.case("a").all()] == ["E1", "E2", "E3", "E4"]
    with pytest.raises(EvidenceError, match=r"E9 is not in this case. It holds E1 to E4"):
        evidence.case("a").get("E9")


@pytest.mark.parametrize("field", ["parents", "supersedes"])
def test_parents_must_be_in_the_case(evidence: EvidenceStore, field: str) -> None:
    chain(evidence, "b")
    with pytest.raises(EvidenceError, match="E1 is not in this case, which holds 0"):
        evidence.case("a").add("measurement", "measure", **{field: ("E1",)})
    assert evidence.case("a").all() == []


def test_currency_runs_through_parents(evidence: EvidenceStore) -> None:
    chain(evidence)
    room = evidence.case("a")
    assert [e.id for e in room.current()] == ["E1", "E2", "E3", "E4"]
    room.add("mask", "reader", mask=mask(1), supersedes=("E1",))
    assert [e.id for e in room.current()] == ["E4", "E5"]
    assert [e.id for e in room.current("mask")] == ["E5"]
    room.add("measurement", "measure", parents=("E5",), supersedes=("E2",))
    assert [e.id for e in room.current()] == ["E4", "E5", "E6"]
    room.add("measurement", "measure", parents=("E2",))
    assert "E7" not in {e.id for e in room.current()}
    assert len(room.all()) == 7


def test_currency_of_a_list_read_from_a_file(evidence: EvidenceStore) -> None:
    chain(evidence)
    items = [Evidence.from_json(e.to_json()) for e in reversed(evidence.rows("a"))]
    assert current_ids(items) == {"E1", "E2", "E3", "E4"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evidence SET body = '{}'",
        "UPDATE evidence SET hash = 'x' WHERE number = 2",
        "DELETE FROM evidence WHERE number = 2",
        "DELETE FROM evidence",
    ],
)
def test_the_database_itself_refuses_changes(evidence: EvidenceStore, place: Place, statement: str) -> None:
    chain(evidence)
    other = place.raw(evidence.folder / "evidence.sqlite")
    with pytest.raises(place.refusals, match="append-only"):
        other.execute(statement)
    other.close()
    assert len(evidence.rows("a")) == 4
    assert evidence.verify() == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE evidence SET body = replace(body, '14.25', '14.26') WHERE number = 2", "E2 was altered"),
        ("UPDATE evidence SET hash = 'ab' WHERE number = 4", "E4 was altered"),
        ("UPDATE evidence SET body = 'not json' WHERE number = 3", "E3 was altered"),
        ("UPDATE evidence SET body = '[]' WHERE number = 3", "E3 was altered"),
        ("UPDATE evidence SET body = replace(body, '58 ', '38 ') WHERE number = 4", "E4 was altered"),
        ("UPDATE evidence SET body = replace(body, '\"case\": \"a\"', '\"case\": \"b\"')", "E1 was altered"),
        ("DELETE FROM evidence WHERE number = 2", "E2 is missing"),
        ("DELETE FROM evidence WHERE number = 4", "E4 is missing"),
        ("DELETE FROM evidence", "E3 is missing"),
        ("UPDATE evidence SET number = 7 WHERE number = 4", "E4 is missing"),
    ],
)
def test_verify_finds_every_change(evidence: EvidenceStore, place: Place, statement: str, said: str) -> None:
    chain(evidence)
    chain(evidence, "other")
    assert evidence.verify() == []
    place.meddle(
        evidence.folder / "evidence.sqlite", statement if "WHERE" in statement else statement + " WHERE case_id = 'a'",
        "UPDATE evidence SET number = number",
    )  # fmt: skip
    assert any(said in problem for problem in evidence.verify())


def test_a_changed_row_breaks_what_rests_on_it(evidence: EvidenceStore, place: Place) -> None:
    """Someone who changes a row and gives it a fitting hash still leaves its children's hashes behind."""
    chain(evidence)
    row = evidence.rows("a")[0]
    forged = Evidence.from_json({**row.to_json(), "inputs": {"lesion": 9}, "hash": ""})
    body = json.dumps(forged.to_json(), ensure_ascii=False, sort_keys=True)
    file = evidence.folder / "evidence.sqlite"
    place.meddle(file, f"UPDATE evidence SET hash = '{forged.digest([])}', body = '{body}' WHERE number = 1")
    assert evidence.verify() == ["case a: E2 was altered after it was recorded."]


def test_one_missing_row_is_reported_once(evidence: EvidenceStore, place: Place) -> None:
    chain(evidence)
    place.meddle(evidence.folder / "evidence.sqlite", "DELETE FROM evidence WHERE number = 3")
    assert evidence.verify("a") == ["case a: E3 is missing."]
    assert evidence.case("a").add("stated", "reader").id == "E5"


@pytest.mark.parametrize("how", ["gone", "cut", "empty", "swapped", "no zip"])
def test_verify_finds_a_changed_array(evidence: EvidenceStore, how: str) -> None:
    chain(evidence)
    (path,) = evidence.arrays.rglob("*.npz")
    data = path.read_bytes()
    if how == "gone":
        path.unlink()
    elif how == "swapped":
        other = evidence.case("b").add("mask", "segmenter", mask=mask(5))
        path.write_bytes(next(evidence.arrays.rglob(f"{other.array}.npz")).read_bytes())
    else:
        path.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "no zip": b"PK\x03\x04" + bytes(99)}[how])
    (problem,) = evidence.verify("a")
    assert problem.startswith("case a: E1: The stored mask")
    with pytest.raises(EvidenceError, match="segment again"):
        evidence.case("a").mask(evidence.case("a").get("E1"))


def test_segmenting_again_mends_a_damaged_array(evidence: EvidenceStore) -> None:
    chain(evidence)
    next(evidence.arrays.rglob("*.npz")).write_bytes(b"")
    evidence.case("a").add("mask", "segmenter", mask=mask())
    assert evidence.verify() == []


def test_a_case_goes_with_the_arrays_nobody_else_uses(evidence: EvidenceStore, place: Place) -> None:
    chain(evidence, "a")
    evidence.case("a").add("mask", "segmenter", mask=mask(1))
    chain(evidence, "b")
    evidence.delete_case("a")
    assert evidence.rows("a") == []
    assert len(evidence.rows("b")) == 4
    assert [p.stem for p in evidence.arrays.rglob("*.npz")] == [mask(0).hash]
    assert evidence.verify() == []
    with pytest.raises(place.refusals, match="append-only"):
        evidence._db.execute("DELETE FROM evidence")
    assert evidence.case("a").add("stated", "reader").id == "E1"
    evidence.delete_case("b")
    assert list(evidence.arrays.rglob("*.npz")) == []


def test_a_damaged_case_can_be_deleted(evidence: EvidenceStore, place: Place) -> None:
    chain(evidence)
    place.meddle(evidence.folder / "evidence.sqlite", "UPDATE evidence SET body = body || 'x'")
    evidence.delete_case("a")
    assert evidence.verify() == []
    assert list(evidence.arrays.rglob("*.npz")) == []


def test_what_a_text_says_is_no_array(evidence: EvidenceStore) -> None:
    """A reader's text that looks like a row keeps no array alive."""
    chain(evidence, "a")
    evidence.case("b").add("stated", "reader", text=f'"array": "{mask().hash}"')
    evidence.delete_case("a")
    assert list(evidence.arrays.rglob("*.npz")) == []


def test_a_failed_append_leaves_nothing_behind(evidence: EvidenceStore) -> None:
    chain(evidence)
    with pytest.raises(TypeError):
        evidence.case("a").add("stated", "reader", inputs={"x": object()})
    assert len(evidence.rows("a")) == 4
    assert evidence.case("a").add("stated", "reader").id == "E5"


def test_it_is_there_after_opening_again(tmp_path: Path, place: Place) -> None:
    store = EvidenceStore(tmp_path, place.databases)
    chain(store)
    before = store.rows("a")
    store.close()
    again = EvidenceStore(tmp_path, place.databases)
    assert again.rows("a") == before
    assert again.verify() == []
    again.close()


def test_four_threads_at_once(evidence: EvidenceStore) -> None:
    def work(name: str) -> None:
        for n in range(15):
            evidence.case("a").add("mask" if n % 5 == 0 else "stated", name, mask=mask(n) if n % 5 == 0 else None)

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    rows = evidence.rows("a")
    assert [e.number for e in rows] == list(range(1, 61))
    assert sorted(e.producer for e in rows) == sorted(f"t{n}" for n in range(4) for _ in range(15))
    assert evidence.verify() == []


WRITER = """
import sys
from pathlib import Path
from tools import EvidenceStore
from tools.database import open_databases
databases = open_databases(sys.argv[3], {}) if sys.argv[3] else None
store = EvidenceStore(Path(sys.argv[1]), databases)
for n in range(20):
    parents = ("E1",) if store.rows("a") and n % 3 == 0 else ()
    store.case("a").add("stated", sys.argv[2], parents=parents)
store.close()
if databases:
    databases.close()
"""


def test_two_processes_at_once(tmp_path: Path, place: Place) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    command = [sys.executable, "-c", WRITER, str(folder)]
    writers = [subprocess.Popen([*command, name, place.url or ""]) for name in ("one", "two")]
    assert [w.wait(timeout=120) for w in writers] == [0, 0]
    store = EvidenceStore(folder, place.databases)
    rows = store.rows("a")
    assert [e.number for e in rows] == list(range(1, 41))
    assert {e.producer for e in rows} == {"one", "two"}
    assert store.verify() == []
    store.close()
