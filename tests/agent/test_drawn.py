"""The reader's ruler and the reader's axis: evidence of kind drawn, which stands in place of what a tool measured."""

from __future__ import annotations

import math

import pytest
import scripted

from agent.session import Session
from tools import NotApplicable

P, Q = (4.0, 8.0, 0.0), (16.0, 8.0, 0.0)
ACROSS = ((10.0, 4.0, 0.0), (10.0, 12.0, 0.0))


@pytest.fixture
def measured(session: Session) -> Session:
    """A case with one outlined and measured lesion."""
    session.call("segment", point=list(scripted.BIG))
    session.call("measure", lesion=1)
    return session


def test_a_line_has_its_length_and_its_ends(measured: Session) -> None:
    item = measured.draw_line(P, Q)
    assert (item.kind, item.producer, item.array) == ("drawn", "reader", None)
    (length,) = item.quantities
    assert (length.name, length.value, length.unit, length.end_points_mm) == ("length", 12.0, "mm", (P, Q))
    assert measured.record.lines == [item]
    assert [x.number for x in measured.record.lesions] == [1]


def test_a_line_without_spacing_is_in_pixels(workspace) -> None:  # type: ignore[no-untyped-def]
    flat = scripted.balls(calibration="none", spacing=(None, None, None))
    session = Session.open(flat, workspace=workspace, endpoint=scripted.ScriptedModel())
    assert session.draw_line(P, Q).quantities[0].unit == "{pixel}"


@pytest.mark.parametrize(
    ("p", "q", "words"),
    [(P, (400.0, 8.0, 0.0), "outside the image"), (P, P, "same point"), (P, (math.nan, 8.0, 0.0), "outside the image")],
)
def test_a_line_that_is_none_is_refused(measured: Session, p, q, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotApplicable, match=words):
        measured.draw_line(p, q)
    assert measured.record.lines == []


def test_a_moved_axis_supersedes_the_measured_one_and_computes_no_mean_from_it_alone(measured: Session) -> None:
    old = measured.record.lesions[0].measurement
    assert old is not None
    item = measured.move_axis(1, P, Q)
    assert item.supersedes == (old.id,)
    now = measured.record.lesions[0].measurement
    assert now == item
    assert item.quantity("axial_long_axis").value == 12.0  # type: ignore[union-attr]
    assert "reader" in item.quantity("axial_long_axis").method  # type: ignore[union-attr]
    gone = ("axial_short_axis", "mean_diameter", "fleischner_diameter", "lung_rads_diameter", "who_product", "volume_ellipsoid")
    assert [n for n in gone if item.quantity(n) is not None] == []
    assert item.quantity("volume_voxel") == old.quantity("volume_voxel")
    assert measured.card()["lesions"][0]["by_reader"] is True


def test_with_both_axes_the_mean_is_computed_by_the_same_conventions(measured: Session) -> None:
    item = measured.move_axis(1, P, Q, short=ACROSS)
    values = {q.name: q.value for q in item.quantities}
    assert (values["mean_diameter"], values["fleischner_diameter"], values["who_product"]) == (10.0, 10.0, 96.0)


def test_a_short_axis_longer_than_the_long_one_is_refused(measured: Session) -> None:
    with pytest.raises(NotApplicable, match="longer than the long axis"):
        measured.move_axis(1, *ACROSS, short=(P, Q))


def test_advice_says_that_a_mean_needs_both_axes(measured: Session) -> None:
    measured.move_axis(1, P, Q)
    with pytest.raises(NotApplicable, match="only the long axis was set by the reader"):
        measured.call("assess", lesion=1)


def test_use_my_line_takes_the_last_one_drawn(measured: Session) -> None:
    measured.draw_line(P, (10.0, 8.0, 0.0))
    measured.draw_line(P, Q)
    result = measured.call("measure", lesion=1, own_line=True)["results"][0]
    assert (result["by"], result["quantities"]["axial_long_axis"]) == ("reader", {"value": 12.0, "unit": "mm"})
    told = measured.call("recall", what="measurements", lesion=1)["items"]
    assert [(i["kind"], i["current"]) for i in told] == [("measurement", True)]
    assert len(measured.call("recall", what="history", lesion=1)["items"]) == 2


def test_without_a_line_the_reader_is_asked_for_one(measured: Session) -> None:
    with pytest.raises(NotApplicable, match="No line is drawn"):
        measured.call("measure", lesion=1, own_line=True)


def test_a_new_outline_puts_the_readers_axis_out_of_force(measured: Session) -> None:
    measured.move_axis(1, P, Q)
    measured.call("segment", lesion=1, change="tighter")
    assert measured.record.lesions[0].measurement is None
