"""Templates: the one that fits is taken, a site's own is checked before it is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.report.template import NEVER_LEFT_OUT, BadTemplate, names, parse, read
from agent.toolset import paper

GOOD = """
title: {en: Our report, zh: 本科报告}
sections:
  - about
  - impression
  - key: findings
    title: {en: What we saw, zh: 所见内容}
    text: {en: [Reviewed under the protocol of the department.], zh: [按本科流程审阅。]}
  - not_assessed
  - provenance
"""


def test_shipped_templates_are_valid_and_leave_nothing_out():
    assert names(None) == ["general", "lung-screening", "nodule-followup", "oncology-targets"]
    for name in names(None):
        assert set(NEVER_LEFT_OUT) <= {p.key for p in read(name, None).parts}


@pytest.mark.parametrize(
    ("said", "template"),
    [("incidental finding", "general"), ("screening", "lung-screening"), ("oncology patient", "oncology-targets"),
     ("follow-up of a known nodule", "nodule-followup")],
)  # fmt: skip
def test_template_fits_what_is_stated(case, chest, said, template):
    case.outline(chest[1][0])
    case.state(said)
    for language in ("en", "zh"):
        report = case.compose(language)
        assert report.template == template
        assert report.problems == ()
        assert case.verify(report) == []


def site(case, text, name="ours"):
    folder = case.session.workspace.settings.home / "templates"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_sites_own_template_orders_titles_and_adds(case, chest):
    site(case, GOOD)
    case.outline(chest[1][0])
    told = paper.write_report(case.desk, template="ours")["report"]
    assert told["template"] == "ours"
    report = case.session.report
    assert report.title == "Our report"
    assert [s.key for s in report.sections][-4:] == ["impression", "findings", "not_assessed", "provenance"]
    found = report.section("findings")
    assert found.title == "What we saw"
    assert found.statements[-1].text == "Reviewed under the protocol of the department."
    assert report.section("measurements") is None
    assert case.verify(report) == []
    again = paper.write_report(case.desk, instruction="update the report")["report"]
    assert again["template"] == "ours"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("Reviewed under", "Nodules under 6 mm, reviewed under"), "number that no tool measured"),
        (("Reviewed under the protocol of the department.", "Seven nodules were seen."), "number that no tool measured"),
        (("Reviewed under the protocol of the department.", "Otherwise unremarkable."), "cannot stand in a report"),
        (("Reviewed under the protocol of the department.", "Everything is benign."), "cannot stand in a report"),
        (("- not_assessed", "- measurements"), "leaves out not_assessed"),
        (("- about", "- impressions"), "sections are about"),
        (("- about", "- impression"), "twice"),
        (("title: {en: Our report, zh: 本科报告}", "title: {en: Our report}"), "one each for en and zh"),
        (("title: {en: Our report, zh: 本科报告}", "title: Report of 2026"), "holds a number"),
        (("sections:", "parts:"), "list of sections"),
        (("sections:", "sections: ["), "not readable YAML"),
        (("- about", "- about\n  - key: context\n    order: first"), "allowed there are key, title, text"),
    ],
)
def test_template_that_may_not_be_used_says_why(tmp_path: Path, change, error):
    path = tmp_path / "ours.yaml"
    assert change[0] in GOOD
    path.write_text(GOOD.replace(*change), encoding="utf-8")
    with pytest.raises(BadTemplate, match=error):
        parse(path)


def test_unknown_template_lists_those_there_are(case):
    with pytest.raises(BadTemplate, match="There are: general, lung-screening"):
        paper.write_report(case.desk, template="../secrets")
