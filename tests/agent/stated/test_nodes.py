"""A target that the reader says is a lymph node counts by its short axis: read, summed, said, and handed to criteria."""

from __future__ import annotations

import json
import re

import pytest
import scripted
import steered

from agent.events import Clause
from agent.grounding import verify
from agent.report import compose, evidence_json, material_of, to_markdown
from agent.session import Session
from agent.stated import read_statements
from agent.stated.nodes import nodes_of


@pytest.fixture
def opened(tmp_path):
    workspace = scripted.workspace(tmp_path / "there")
    session = Session.open(scripted.balls(source=scripted.QUIMBY), workspace=workspace)
    steered.with_prior(session, now=8.0, then=6.0)
    yield session
    workspace.close()


def ask(session: Session, text: str) -> str:
    return " ".join(e.text for e in session.ask(text) if isinstance(e, Clause))


@pytest.mark.parametrize(("text", "found"), [
    ("lesion 3 is a node", [(3, True)]),
    ("Lesion 3 is a mediastinal lymph node.", [(3, True)]),
    ("targets are lesions 1 and 3, lesion 3 is a lymph node", [(3, True)]),
    ("lesions 2 and 3 are nodes; lesion 1 isn't a node", [(2, True), (3, True), (1, False)]),
    ("treat lesion 2 as a lymph node", [(2, True)]),
    ("it's a hilar node", [(7, True)]),
    ("病灶3是纵隔淋巴结", [(3, True)]),
    ("病灶2不是淋巴结", [(2, False)]),
    ("is lesion 3 a node?", []),
    ("lesion 3 is a node?", []),
    ("if lesion 3 is a node, use the short axis", []),
    ("lesion 3 may be a node", []),
    ("lesion 3 is an intrapulmonary lymph node", []),
    ("lesion 3 is node-negative", []),
    ("there are no enlarged nodes", []),
    ("病灶3是淋巴结吗?", []),
])  # fmt: skip
def test_only_a_plain_statement_makes_a_node(text: str, found: list[tuple[int, bool]]) -> None:
    assert [(n, yes) for n, yes, _ in nodes_of(text, focus=7)] == found
    stated = {s.lesion: s.value for s in read_statements(text, lesion=7) if s.field == "lymph_node"}
    assert stated == dict(found)


@pytest.mark.parametrize(("told", "language", "said"), [
    (("The targets are lesions 1 and 2. Lesion 2 is a lymph node.", "What is the sum of the targets?"), "en", "by the short axis, as a lymph node"),
    (("靶病灶为1和2。病灶2是淋巴结。", "靶病灶径线之和是多少?"), "zh", "按淋巴结以短径计入"),
])  # fmt: skip
def test_a_node_counts_by_its_short_axis_and_that_is_said(opened, told, language, said) -> None:
    ask(opened, told[0])
    opened.call("compare")
    answer = ask(opened, told[1])
    assert said in answer
    total = opened.record.sums[-1]
    sizes = {x.number: x.measurement for x in opened.record.lesions}
    now = sizes[1].quantity("axial_long_axis").value + sizes[2].quantity("axial_short_axis").value
    assert total.quantity("current_sum_of_diameters").value == pytest.approx(now)
    assert total.inputs["nodes"] == [2]
    prior = opened.record.priors[0].measurements
    then = prior[1].quantity("axial_long_axis").value + prior[2].quantity("axial_short_axis").value
    assert total.quantity("prior_sum_of_diameters").value == pytest.approx(then)
    assert {prior[2].id, sizes[2].id, opened.record.lesion(2).stated["lymph_node"].id} <= set(total.parents)
    material = material_of(opened.desk, language)
    report = compose(material)
    assert report.problems == ()
    comparison = " ".join(s.text for s in report.section("comparison").statements)
    assert said in comparison
    assert verify(to_markdown(report), json.loads(evidence_json(material, report, opened.case_id))) == []


def test_a_node_under_ten_millimetres_is_said_to_be_under_it(opened) -> None:
    ask(opened, "The targets are lesions 1 and 2. Lesion 2 is a lymph node.")
    opened.call("compare")
    answer = ask(opened, "sum of the targets?")
    size = opened.record.lesion(2).measurement.quantity("axial_short_axis").value
    assert (size < 10) == bool(opened.record.sums[-1].inputs["small_nodes"])
    assert bool(re.search(r"short axis \d+\.\d mm, under the 10\.0 mm from which a node counts as enlarged", answer)) == (size < 10)


def test_taken_back_it_counts_by_its_long_axis_again(opened) -> None:
    ask(opened, "The targets are lesions 1 and 2. Lesion 2 is a lymph node.")
    opened.call("compare")
    ask(opened, "sum of the targets?")
    ask(opened, "Lesion 2 is not a lymph node.")
    answer = ask(opened, "sum of the targets?")
    assert "Sum of the long axes" in answer
    assert opened.record.sums[-1].inputs["nodes"] == []


def test_criteria_get_the_sum_and_whether_the_targets_are_gone(opened) -> None:
    ask(opened, "The targets are lesions 1 and 2. Lesion 2 is a lymph node. Baseline sum 40 mm, nadir 40 mm.")
    opened.call("compare")
    opened.call("assess", guideline="recist-1.1")
    category = next(e for e in reversed(opened.record.items) if e.kind == "category")
    used = category.inputs["used"]
    assert used["current_sum_mm"] == pytest.approx(opened.record.sums[-1].quantity("current_sum_of_diameters").value)
    assert used.get("targets_gone", False) is False  # lesion 1 is outlined, so it is there


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_table_of_targets_says_which_axis_counts(opened, language) -> None:
    ask(opened, "The targets are lesions 1 and 2. Lesion 2 is a lymph node.")
    opened.call("compare")
    ask(opened, "sum of the targets?")
    from agent.report.targets import rows

    cells = {row.cells[0]: row.cells for row in rows(material_of(opened.desk, language))}
    assert "axial_long_axis" in cells["1"][-1]
    assert "axial_short_axis" in cells["2"][-1]
    assert "axial_short_axis" in cells["2"][-2]
    report = compose(material_of(opened.desk, language))
    assert report.problems == ()
