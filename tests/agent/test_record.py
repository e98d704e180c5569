"""The record: what is current, numbers that are never used again, lesions a reader rejected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agent.record import Record
from tools import CaseEvidence, EvidenceStore, Mask, Quantity


@pytest.fixture
def book(evidence: EvidenceStore) -> CaseEvidence:
    return evidence.case("made")


def mask(
    book: CaseEvidence, lesion: int, *, supersedes: tuple[str, ...] = (), parents: tuple[str, ...] = (), **more: Any
) -> str:
    grid = np.zeros((4, 4, 4), bool)
    grid[lesion % 4, 0, 0] = True
    item = book.add("mask", "t", mask=Mask.from_grid("s", grid, np.eye(4)), inputs={"lesion": lesion, **more},
                    supersedes=supersedes, parents=parents)  # fmt: skip
    return item.id


def measured(book: CaseEvidence, lesion: int, of: str, value: float = 10.0, **more: Any) -> str:
    size = (Quantity("axial_long_axis", value, "mm", "calipers"),)
    return book.add("measurement", "m", inputs={"lesion": lesion}, quantities=size, parents=(of,), **more).id


def stated(book: CaseEvidence, field: str, value: Any, lesion: int | None = None, **more: Any) -> str:
    inputs = {"field": field, "value": value, "lesion": lesion}
    return book.add("stated", "reader", text=str(value), inputs={**inputs, **more.pop("extra", {})}, **more).id


def test_an_empty_case_has_nothing(book: CaseEvidence) -> None:
    record = Record.of(book)
    assert (record.lesions, record.context, record.scan, record.search, record.next_number()) == ([], {}, None, None, 1)
    assert record.lesion(1) is None
    assert record.stated("age") is None


def test_a_measurement_of_an_old_outline_is_stale(book: CaseEvidence) -> None:
    first = mask(book, 1)
    size = measured(book, 1, first)
    assert Record.of(book).lesions[0].measurement.id == size  # type: ignore[union-attr]
    second = mask(book, 1, supersedes=(first,))
    record = Record.of(book)
    assert record.current == {second}
    assert record.lesions[0].mask_evidence.id == second
    assert record.lesions[0].measurement is None
    assert [e.id for e in record.history(1)] == [size]


def test_staleness_goes_down_through_every_generation(book: CaseEvidence) -> None:
    first = mask(book, 1)
    size = measured(book, 1, first)
    fact = stated(book, "age", 60)
    advice = book.add("category", "f", inputs={"lesion": 1, "row": "r"}, parents=(size, fact)).id
    assert Record.of(book).lesions[0].category.id == advice  # type: ignore[union-attr]
    stated(book, "age", 61, supersedes=(fact,))
    record = Record.of(book)
    assert advice not in record.current
    assert record.lesions[0].category is None
    assert record.lesions[0].measurement is not None
    assert record.stated("age") == 61


def test_a_lesions_number_is_never_used_again(book: CaseEvidence) -> None:
    search = book.add("search", "f").id
    mask(book, 1)
    mask(book, 2, parents=(search,))
    book.add("search", "f", supersedes=(search,))
    record = Record.of(book)
    assert [x.number for x in record.lesions] == [1]
    assert record.next_number() == 3


def test_the_newest_of_two_current_outlines_counts(book: CaseEvidence) -> None:
    mask(book, 1)
    newer = mask(book, 1)
    assert Record.of(book).lesions[0].mask_evidence.id == newer


def test_a_rejected_lesion_stays_with_its_reason_and_can_come_back(book: CaseEvidence) -> None:
    mask(book, 1)
    mask(book, 2)
    assert Record.of(book).lesions[0].status == "candidate"
    verdict = stated(book, "status", "rejected", 1, extra={"reason": "a vessel"})
    one, two = Record.of(book).lesions
    assert (one.status, one.reason, two.status) == ("rejected", "a vessel", "candidate")
    stated(book, "status", "accepted", 1, supersedes=(verdict,))
    assert Record.of(book).lesions[0].status == "accepted"


def test_a_verdict_outlives_a_new_outline_of_the_lesion(book: CaseEvidence) -> None:
    first = mask(book, 1)
    stated(book, "status", "rejected", 1)
    mask(book, 1, supersedes=(first,))
    assert Record.of(book).lesions[0].status == "rejected"


def test_what_is_stated_of_a_lesion_is_not_context(book: CaseEvidence) -> None:
    mask(book, 2)
    stated(book, "nodule_type", "solid", 2)
    stated(book, "nodule_type", "part-solid")
    record = Record.of(book)
    assert record.stated("nodule_type") == "part-solid"
    assert record.lesions[0].stated["nodule_type"].inputs["value"] == "solid"


def test_a_lesions_words_come_from_its_outline(book: CaseEvidence) -> None:
    mask(book, 1, label="mass", side="left", third="upper", where="left lung, upper third", outlined=False)
    mask(book, 2)
    one, two = Record.of(book).lesions
    assert (one.label, one.side, one.third, one.where, one.outlined) == (
        "mass", "left", "upper", "left lung, upper third", False)  # fmt: skip
    assert (two.label, two.side, two.third, two.where, two.outlined) == ("lesion", None, None, "", True)


def test_a_record_is_one_moment(book: CaseEvidence) -> None:
    record = Record.of(book)
    mask(book, 1)
    assert record.lesions == []
    assert len(Record.of(book).lesions) == 1
