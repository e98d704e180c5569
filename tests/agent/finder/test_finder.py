"""The archive search: by words in two languages, by one lesion's label, side and size; rights; a deleted case is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import scripted
from scripted import BIG, SMALL, balls

from agent.finder import BadSearch, Hits, Query
from agent.finder.entry import Facts
from agent.session import Session
from agent.stated import Statement
from agent.workspace import Workspace


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Workspace]:
    """Three cases: a big nodule with a Chinese report, a small mass that a reader tells of, and somebody else's."""
    workspace = scripted.workspace(tmp_path / "home")
    one = Session.open(balls(), case="one", workspace=workspace)
    one.call("segment", point=list(BIG))
    one.call("measure", lesion=1)
    one.call("write_report", language="zh")
    two = Session.open(balls(1), case="two", workspace=workspace)
    two.call("segment", point=list(SMALL))
    two.call("measure", lesion=1)
    two.state_fact(Statement("prior_report", "as pasted", "Emphysema in both lungs."))
    two.call("write_report", language="en")
    Session.open(balls(2), case="theirs", owner="anna", workspace=workspace).call("segment", point=list(BIG))
    yield workspace
    workspace.close()


def names(found: Hits) -> list[str]:
    return [hit.case for hit in found.cases]


def test_cases_are_found_by_words_of_report_and_reader(made: Workspace) -> None:
    found = made.finder.search(Query("emphysema"), "local")
    assert names(found) == ["two"]
    assert found.cases[0].sentence == "Emphysema in both lungs."
    assert set(names(made.finder.search(Query("nodule"), "local"))) == {"one", "two"}
    assert names(made.finder.search(Query("hippopotamus"), "local")) == []


def test_either_language_finds_the_other(made: Workspace) -> None:
    assert set(names(made.finder.search(Query("结节"), "local"))) == {"one", "two"}
    assert "one" in names(made.finder.search(Query("nodules"), "local"))


def test_where_no_case_has_every_word_those_with_some_are_told_apart(made: Workspace) -> None:
    found = made.finder.search(Query("emphysema effusion"), "local")
    assert names(found) == ["two"]
    assert not found.every_word


def test_filters_hold_for_one_and_the_same_lesion(made: Workspace) -> None:
    find = made.finder.search
    assert names(find(Query(size_min=14), "local")) == ["one"]
    assert names(find(Query(size_max=12), "local")) == ["two"]
    assert names(find(Query(label="nodule", size_min=14), "local")) == ["one"]
    assert names(find(Query(label="结节", size_min=14), "local")) == ["one"]
    assert names(find(Query(label="mass"), "local")) == []
    assert names(find(Query(grown=True), "local")) == []
    assert set(names(find(Query(body_part="chest"), "local"))) == {"one", "two"}
    assert names(find(Query(body_part="HEAD"), "local")) == []
    assert names(find(Query(modality="MR"), "local")) == []


def test_cases_are_found_by_the_day_they_were_opened(made: Workspace) -> None:
    today = datetime.now(UTC).date()
    assert len(names(made.finder.search(Query(since=today - timedelta(days=1)), "local"))) == 2
    assert names(made.finder.search(Query(since=today + timedelta(days=2)), "local")) == []


def test_only_what_a_reader_may_see_is_found(made: Workspace) -> None:
    assert names(made.finder.search(Query("nodule"), "anna")) == ["theirs"]
    assert names(made.finder.search(Query("nodule"), "nobody")) == []
    made.share("one", "local", "anna", "read")
    found = made.finder.search(Query("nodule"), "anna")
    assert {hit.case: hit.level for hit in found.cases} == {"theirs": "own", "one": "read"}
    made.unshare("one", "local", "anna")
    assert names(made.finder.search(Query("nodule"), "anna")) == ["theirs"]


def test_what_changes_in_a_case_is_found_at_once(made: Workspace) -> None:
    assert names(made.finder.search(Query(size_min=14), "local")) == ["one"]
    session = Session.open(case="one", workspace=made)
    session.judge(1, "rejected", "a vessel")
    assert names(made.finder.search(Query(size_min=14), "local")) == []
    session.add_to_report("Bilateral bronchiectasis.")
    assert names(made.finder.search(Query("bronchiectasis"), "local")) == ["one"]


def test_growth_is_found_only_where_it_may_be_told(made: Workspace) -> None:
    from tools.quantity import Quantity

    session = Session.open(case="one", workspace=made)
    change = (Quantity("change_volume_percent", 60.0, "%", "made"),)
    inputs = {"kind": "matched", "lesions": [1], "prior": 1, "growth_allowed": False, "within_readers_noise": False}
    first = session.evidence.add("comparison", "made", "1", inputs=inputs, quantities=change)
    assert names(made.finder.search(Query(grown=True), "local")) == []
    told = {**inputs, "growth_allowed": True}
    session.evidence.add("comparison", "made", "1", inputs=told, quantities=change, supersedes=(first.id,))
    assert names(made.finder.search(Query(grown=True), "local")) == ["one"]


def test_a_deleted_case_leaves_the_catalogue_and_its_file(made: Workspace) -> None:
    made.finder.search(Query("emphysema"), "local")
    file = made.settings.home / "catalogue.sqlite"
    made.finder.forget("nothing")
    assert b"mphysema" in file.read_bytes()
    made.delete_case("two", "local")
    assert names(made.finder.search(Query("emphysema"), "local")) == []
    for path in made.settings.home.glob("catalogue.sqlite*"):
        assert b"mphysema" not in path.read_bytes()


def test_the_catalogue_is_made_anew_from_the_records(made: Workspace) -> None:
    before = made.finder.search(Query("nodule"), "local")
    assert made.finder.rebuild("local") == 2
    assert made.finder.search(Query("nodule"), "local") == before


def test_a_search_as_it_is_typed() -> None:
    assert Query.of_text("right nodule > 8mm") == Query("right nodule", size_min=8, not_side="left")
    assert Query.of_text("nodules 6 to 12 mm") == Query("nodules", size_min=6, size_max=12)
    assert Query.of_text("右肺结节 大于8毫米") == Query("右肺结节", size_min=8, not_side="left")
    assert Query.of_text("left or right nodule over 8 mm") == Query("left or right nodule", size_min=8)
    assert Query.of_text("right nodule") == Query("right nodule")
    assert Query.of_text("masses under 30 mm that have grown") == Query("masses that have", size_max=30, grown=True)
    assert Query.of_text("emphysema") == Query("emphysema")


def test_a_side_that_is_typed_with_a_size_is_of_that_lesion() -> None:
    asked = Query.of_text("right nodule over 14 mm")

    def fits(*lesions: tuple[str | None, float]) -> bool:
        held = [{"label": "nodule", "side": side, "size_mm": size, "grown": False} for side, size in lesions]
        return asked.takes(Facts({"modality": "CT", "body_part": "CHEST"}, tuple(held)), "2026-01-01")

    assert fits(("right", 16.0), ("left", 5.0))
    assert not fits(("left", 16.0), ("right", 5.0)), "a large one on the left and a small one on the right"
    assert fits((None, 16.0)), "where a side is not known its words decide"


@pytest.mark.parametrize(
    ("given", "told"),
    [({"size_min": -1}, "0 to 1000"), ({"size_min": 9, "size_max": 3}, "above the largest"),
     ({"text": "x" * 900}, "900 characters"), ({"text": "12"}, "over 8 mm")],
)  # fmt: skip
def test_a_search_that_cannot_be_made_says_why(given: dict[str, object], told: str) -> None:
    with pytest.raises(BadSearch, match=told):
        Query(**given)  # type: ignore[arg-type]


def test_since_is_a_day() -> None:
    assert Query(since=date(2026, 1, 1)).since == date(2026, 1, 1)


@pytest.mark.long
def test_the_catalogue_lies_in_a_shared_database_too(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """What one replica records, another finds; a case deleted by one is gone from both."""
    from agent.settings import Settings

    url = request.getfixturevalue("postgres").fresh()
    a = Workspace.open(Settings(home=tmp_path / "a", database=url))
    b = Workspace.open(Settings(home=tmp_path / "b", database=url))
    try:
        session = Session.open(balls(), case="one", workspace=a)
        session.state_fact(Statement("prior_report", "as pasted", "Emphysema 100% in both lungs; 肺气肿。"))
        assert names(b.finder.search(Query("emphysema"), "local")) == ["one"]
        assert names(b.finder.search(Query("肺气肿", modality="CT"), "local")) == ["one"]
        assert not (tmp_path / "b" / "catalogue.sqlite").exists()
        a.delete_case("one", "local")
        assert names(b.finder.search(Query("emphysema"), "local")) == []
        assert b.finder._db.rows("SELECT case_id FROM catalogue") == []
    finally:
        a.close()
        b.close()
