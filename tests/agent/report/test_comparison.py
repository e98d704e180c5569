"""The report's comparison: identity, interval, both slices, and change only where the pair allows it; all of it verified."""

from __future__ import annotations

import json
import re

import pytest
import scripted
import steered

from agent.grounding import verify
from agent.report import compose, evidence_json, material_of, to_markdown
from agent.toolset.before import NOT_REVIEWED
from agent.toolset.paper import write_report

THICK = "The slice interval is 1 mm now and 5 mm before: they may differ by 0.5 mm."
GROWS = re.compile(r"\b(?:larger|smaller|grown|stable|unchanged)\b|增大|缩小|稳定")


def written(session, language="en"):
    material = material_of(session.desk, language)
    report = compose(material)
    assert report.problems == ()
    text = to_markdown(report)
    assert verify(text, json.loads(evidence_json(material, report, session.case_id))) == []
    assert not any(name in text.lower() for name in (*scripted.NOBODY, "2023"))
    return report, text


def said(report, key):
    return " ".join(s.text for s in report.section(key).statements)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_pair_that_allows_it_is_told_with_the_readers_noise_and_in_the_table(opened, language):
    session = opened()
    steered.with_prior(session, now=8.0, then=6.0)
    session.call("compare")
    report, text = written(session, language)
    comparison = said(report, "comparison")
    assert "365" in comparison
    assert re.search("of one patient|同一患者", comparison)
    assert re.search("larger, by more than two readers differ|增大,超出两位阅片者的差异", comparison)
    assert re.search("doubling time|倍增时间", comparison)
    assert re.search("within what two readers differ by|两位阅片者的差异范围内", comparison)
    table = report.section("measurements").table
    assert table.heads[-2] in ("Change", "变化")
    assert re.fullmatch(r"\+\d\.\d mm", table.rows[0].cells[-1])
    assert re.search("larger|增大", said(report, "impression"))
    assert not re.search("Change over time was not assessed|随时间的变化未评估", text)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_pair_that_does_not_gives_both_sizes_and_the_reason_and_nothing_of_growth(opened, language):
    session = opened()
    kernels = "The two scans were reconstructed with different kernels."
    steered.with_prior(session, now=8.0, then=6.0, reasons=(THICK, kernels, NOT_REVIEWED))
    session.call("compare")
    report, text = written(session, language)
    comparison = said(report, "comparison")
    assert re.search("growth and doubling time were not determined|增长及倍增时间未确定", comparison)
    assert "5 mm" in comparison
    assert re.search("different kernels|重建卷积核不同", comparison)
    assert re.search("no reader has reviewed|尚无阅片者复核", comparison)
    assert not GROWS.search(text)
    assert not re.search(r"\+\d[\d.]* ?(?:mm|%)", text)
    assert report.section("measurements").table.rows[0].cells[-1] == "–"
    assert re.search("Growth was not determined for lesion 1, lesion 2|病灶1、病灶2的增长未确定", said(report, "not_assessed"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_unknown_identity_and_interval_and_a_prior_not_compared_are_said(opened, language):
    session = opened(scripted.balls())
    steered.with_prior(session)
    report, _ = written(session, language)
    comparison = said(report, "comparison")
    assert re.search("Identity not verified|身份未核实", comparison)
    assert re.search("interval is not known|间隔未知", comparison)
    assert re.search("was not compared|未作对比", comparison)
    assert re.search("slice thickness 2.0 mm|层厚 ?2.0 mm", comparison)
    assert "–" not in str(report.section("measurements"))


def test_writing_the_report_compares_first(opened):
    session = opened()
    made = steered.with_prior(session, now=8.0, then=6.0)
    write_report(session.desk)
    assert len(made.asked) == 1
    assert "larger" in said(session.report, "comparison")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_new_gone_targets_and_two_priors(opened, language):
    session = opened()
    steered.with_prior(session, alone=(1,))
    older = steered.earlier(shift=11)
    session.add_prior(older, masks={2: steered.ball(older, scripted.SMALL, 4.0)})
    list(session.ask("The targets are lesions 1 and 2."))
    session.call("compare")
    report, _ = written(session, language)
    comparison = said(report, "comparison")
    assert re.search("new as far as the prior is outlined|为新发", comparison)
    assert re.search("Prior scan B|既往扫描 ?B", comparison)
    assert re.search("Sum of the long axes|长径之和", comparison)
    assert re.search("No response category is given|不给出疗效分类", comparison)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_the_reader_drew_is_marked_as_the_readers(opened, language):
    session = opened()
    session.load_drawn(steered.ball(session.desk.need_scan(), scripted.BIG, 8.0), 1)
    session.call("measure", lesion=1)
    session.draw_line((4.0, 8.0, 0.0), (14.0, 8.0, 0.0))
    session.move_axis(1, (4.0, 8.0, 0.0), (16.0, 8.0, 0.0))
    report, _ = written(session, language)
    found = said(report, "findings")
    assert re.search(r"axial long axis 12.0 mm, long axis set by the reader|轴位长径 12.0 mm、长径由阅片者设定", found)
    assert re.search(r"drawn by the reader: 10.0 mm|阅片者所画线段:10.0 mm", found)
    assert re.search(r"set by the reader|由阅片者设定", said(report, "impression"))
    session.move_axis(1, (4.0, 8.0, 0.0), (16.0, 8.0, 0.0), short=((10.0, 4.0, 0.0), (10.0, 12.0, 0.0)))
    report, _ = written(session, language)
    assert re.search("both axes set by the reader|两径由阅片者设定", said(report, "findings"))
    assert "10.0 mm" in report.section("measurements").table.rows[0].cells
