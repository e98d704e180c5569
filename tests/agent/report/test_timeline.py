"""The drawing of sizes through time: what is joined, what is marked, and that it names nobody."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
import scripted
import steered

from agent.report import material_of
from agent.report.timeline import Course, Size, Timeline, in_days, timeline_svg
from agent.report.timepoints import drawing, timeline_of


def parts(svg: str, tag: str) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter(f"{{http://www.w3.org/2000/svg}}{tag}"))


def drawn(*courses: Course, days: tuple[int, ...] | None = (0, 365)) -> str:
    return timeline_svg(Timeline(2, days, courses))


def lines(svg: str) -> list[ET.Element]:
    return [e for e in parts(svg, "line") if e.get("stroke-width") == "1.6"]


def test_sizes_are_joined_only_where_they_rest_on_one_method() -> None:
    both = (Size(0, 6.0), Size(1, 8.0))
    full, dotted = (lines(drawn(Course("Lesion 1", both, (join,)))) for join in ("judged", "not judged"))
    assert (len(full), len(dotted)) == (1, 1)
    assert full[0].get("stroke-dasharray") is None
    assert dotted[0].get("stroke-dasharray")
    apart = drawn(Course("Lesion 1", (Size(0, 6.0, drawn=True), Size(1, 8.0)), ("other method",)))
    assert lines(apart) == []
    assert len([e for e in parts(apart, "rect") if e.get("fill") == "none"]) == 1  # a square of the reader's
    assert len(parts(apart, "circle")) == 1
    assert not [e for e in parts(apart, "rect") if e.get("fill-opacity")]  # and no band to read a change by


def test_the_band_is_what_readers_differ_by() -> None:
    svg = drawn(Course("Lesion 1", (Size(0, 10.0), Size(1, 10.9)), ("judged",)))
    (band,) = [e for e in parts(svg, "rect") if e.get("fill-opacity")]
    ys = [float(e.get("cy") or 0) for e in parts(svg, "circle")]
    assert float(band.get("height") or 0) == pytest.approx(2 * (ys[0] - ys[1]), abs=0.2)
    assert float(band.get("y") or 0) == pytest.approx(ys[1], abs=0.1)


def test_days_stand_at_their_distance_and_unknown_ones_are_said() -> None:
    course = Course("Lesion 1", (Size(0, 6.0), Size(1, 6.1), Size(2, 8.0)), ("judged", "judged"))
    svg = timeline_svg(Timeline(3, (0, 100, 400), (course,)))
    first, second, third = (float(e.get("cx") or 0) for e in parts(svg, "circle"))
    assert (second - first) / (third - first) == pytest.approx(0.25, abs=0.001)
    assert "day 400" in svg
    unknown = timeline_svg(Timeline(3, None, (course,)))
    assert "intervals not known" in unknown
    assert "day " not in unknown
    assert in_days([200, None, 0]) is None


def test_new_and_gone_are_marked_and_names_are_escaped() -> None:
    svg = drawn(Course("Lesion <2> & 3", (Size(1, 5.0),), (), "new"), Course("Lesion 4", (Size(0, 5.0),), (), "gone"),
                Course("Lesion 5", ()))  # fmt: skip
    text = " ".join(e.text or "" for e in parts(svg, "text"))
    assert "Lesion <2> & 3" in text
    assert "new: no outline before" in text
    assert "no outline now" in text
    assert "no size in mm" in text


def test_a_course_has_one_join_fewer_than_sizes() -> None:
    with pytest.raises(ValueError, match="2 sizes have 1 joins"):
        Course("Lesion 1", (Size(0, 5.0), Size(1, 6.0)))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_compared_case_is_drawn_and_names_nobody(opened, language) -> None:
    session = opened()
    assert drawing(material_of(session.desk, language)) == ""
    steered.with_prior(session, now=8.0, then=6.0)
    session.call("compare")
    material = material_of(session.desk, language)
    timeline = timeline_of(material)
    assert timeline is not None
    assert timeline.days == (0, 365)
    first = timeline.courses[0]
    assert [s.scan for s in first.sizes] == [0, 1]
    svg = drawing(material)
    assert not any(name in svg.lower() for name in (*scripted.NOBODY, "2023", "2024"))
    assert re.search("365", svg)
    assert ("Lesion 1" if language == "en" else "病灶1") in svg


def test_another_method_is_not_joined(opened) -> None:
    session = opened()
    steered.with_prior(session, now=8.0, then=6.0)
    session.call("compare")
    timeline = timeline_of(material_of(session.desk, "en"))
    assert timeline is not None
    pair = next(e for e in session.record.comparisons if 1 in e.inputs["lesions"])
    outline = session.record.priors[0].outlines[pair.inputs["prior_lesions"][0]]
    mine = session.record.lesion(1).mask_evidence
    same = (outline.kind, mine.kind).count("drawn") != 1 and outline.kind == mine.kind
    assert (timeline.courses[0].joins[0] != "other method") is same
