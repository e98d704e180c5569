"""What a clinician writes into a report stays, is marked theirs, and is held against the evidence without being changed."""

from __future__ import annotations

import re

import pytest

from agent.events import AgentError
from agent.report import last_report, to_markdown
from agent.report.edit_words import opens_with_edit, read_edit
from agent.toolset import paper
from agent.toolset.vision import measure
from tools import NotApplicable


def sentences(report, key):
    return [s.text for s in report.section(key).statements]


def test_edit_before_a_report_says_what_to_ask(case):
    with pytest.raises(NotApplicable, match="write the report"):
        case.session.add_to_report("No effusion.")
    assert case.session.record.items[-1].inputs.get("what") != "report_edit"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_added_words_are_the_clinicians_and_verify(written, language):
    paper.write_report(written.desk, language=language)
    words = {"en": "No pleural effusion seen. Heart size normal.", "zh": "未见胸腔积液。心影不大。"}[language]
    report = written.session.add_to_report(words)
    added = [s for s in report.section("findings").statements if s.by == "clinician"]
    assert len(added) == 2
    assert all(s.cites == added[0].cites for s in added)
    assert {"en": "added by the clinician", "zh": "医生补充"}[language] in added[0].text
    assert report.problems == ()
    assert written.verify(report) == []


def test_edit_survives_composing_anew_and_in_the_other_language(written):
    name = written.session.report.section("impression").statements[0].id
    written.session.edit_report(name, "The larger nodule lies in the right lung.")
    for language in ("en", "zh", "en"):
        report = last_report(written.desk) if language == "" else None
        paper.write_report(written.desk, language=language)
        report = written.session.report
        mine = report.statement(name)
        assert mine.by == "clinician"
        assert "The larger nodule lies in the right lung" in mine.text
        assert written.verify(report) == []


def test_number_that_disagrees_is_pointed_out_and_not_changed(written):
    name = "findings/finding.size.1"
    size = re.search(r"axial long axis (\S+) mm", written.session.report.statement(name).text)[1]
    report = written.session.edit_report(name, "Lesion 1: axial long axis 99.5 mm.")
    assert "99.5 mm" in report.statement(name).text
    assert "not as measured here" in report.statement(name).text
    assert any("99.5 mm" in p for p in report.problems)
    assert written.verify(report) == []
    report = written.session.edit_report(name, f"Lesion 1: axial long axis {size} mm.")
    assert "not as measured" not in report.statement(name).text
    assert report.problems == ()


def test_wrong_side_in_the_clinicians_words_is_pointed_out(written):
    side = written.session.record.lesion(1).side
    other = {"left": "right", "right": "left"}[side]
    report = written.session.edit_report("impression/impression.measured.1", f"Lesion 1 lies in the {other} lung.")
    assert any(other in p for p in report.problems)


def test_changed_evidence_does_not_overwrite_an_edit_and_is_told(written):
    name = "findings/finding.size.1"
    written.session.edit_report(name, "Lesion 1 was measured.")
    mask = written.desk.evidence.mask(written.session.record.lesion(1).mask_evidence)
    bigger = mask.voxels.copy()
    bigger[1:] |= mask.voxels[:-1]
    from tools import Mask

    written.session.load_drawn(Mask.from_grid(mask.scan_id, bigger, mask.grid_affine), number=1)
    measure(written.desk, 1)
    paper.write_report(written.desk)
    report = written.session.report
    assert "Lesion 1 was measured" in report.statement(name).text
    assert any("evidence has changed" in p and "axial long axis" in p for p in report.problems)


def test_deleted_sentence_stays_out_and_that_it_was_removed_is_said(written):
    name = "not_assessed/left_out.lobe"
    gone = written.session.report.statement(name).text
    report = written.session.delete_from_report(name)
    assert report.statement(name) is None
    paper.write_report(written.desk)
    text = to_markdown(written.session.report)
    assert gone not in text
    assert "removed by the clinician" in text
    assert written.verify(written.session.report) == []


def test_edit_can_be_taken_back(written):
    before = sentences(written.session.report, "impression")
    written.session.edit_report("impression/impression.measured.1", "Mine.")
    item = written.session.record.items[-1]
    report = written.session.restore_in_report(item.id)
    assert sentences(report, "impression") == before
    with pytest.raises(NotApplicable, match="no edit in force"):
        written.session.restore_in_report(item.id)


def test_added_sentence_can_be_changed_and_deleted(written):
    report = written.session.add_to_report("First words.", "impression")
    mine = [s for s in report.section("impression").statements if s.by]
    report = written.session.edit_report(mine[0].id, "Other words.")
    mine = [s for s in report.section("impression").statements if s.by]
    assert [("Other words" in s.text) for s in mine] == [True]
    report = written.session.delete_from_report(mine[0].id)
    assert not any(s.by for s in report.section("impression").statements)


def test_edits_about_a_rejected_lesion_leave_the_report(written):
    written.session.edit_report("impression/impression.measured.2", "Lesion 2 is small.")
    written.session.add_to_report("Lesion 2 touches the pleura.")
    written.session.judge(2, "rejected", "vessel")
    paper.write_report(written.desk)
    report = written.session.report
    assert not re.search(r"\blesion 2\b", to_markdown(report), re.IGNORECASE)
    assert sum("lesion 2, which is rejected" in p for p in report.problems) == 2
    assert [r.cells[0] for r in report.section("measurements").table.rows] == ["1"]


def test_what_cannot_be_edited_is_refused_with_what_can(written):
    with pytest.raises(NotApplicable, match="no sentence 'findings/none'"):
        written.session.edit_report("findings/none", "Words.")
    with pytest.raises(NotApplicable, match="Nothing can be added to 'provenance'"):
        written.session.add_to_report("Words.", "provenance")
    with pytest.raises(NotApplicable, match="no words"):
        written.session.add_to_report("  [] ")
    with pytest.raises(NotApplicable, match="up to 2000"):
        written.session.add_to_report("word " * 500)


def test_markup_in_an_edit_is_only_words(written):
    report = written.session.add_to_report("See [E2] {E3.volume_voxel} <b>bold</b> | `x` 12 mm")
    text = to_markdown(report)
    assert "<b>" not in text
    assert written.verify(report) == []


def test_versions_are_kept_and_compared(written):
    written.session.add_to_report("No effusion seen.")
    found = written.session.report_versions()
    assert [v.version for v in found] == [1, 2]
    assert [v.edited for v in found] == [0, 1]
    changes = written.session.report_diff(1, 2)
    assert len(changes) == 1
    assert changes[0].before is None
    assert "No effusion seen" in changes[0].after
    with pytest.raises(AgentError, match="no version 9"):
        written.session.report_diff(1, 9)


def test_second_process_cannot_overwrite_a_version(written):
    from agent.report import keep_report

    with pytest.raises(AgentError, match="there already"):
        keep_report(written.desk, written.session.report)


# From what is typed


@pytest.mark.parametrize(
    ("text", "act", "section", "number", "words"),
    [
        ("add to the report: no pleural effusion seen", "add", "findings", None, "no pleural effusion seen"),
        ("please add “No effusion” to the impression", "add", "impression", None, "No effusion"),
        ("note in the report that the heart is not enlarged", "add", "findings", None, "the heart is not enlarged"),
        ("delete the second sentence of the impression", "delete", "impression", 2, ""),
        ("remove line 3 of the findings", "delete", "findings", 3, ""),
        ("drop the last sentence from the recommendation", "delete", "recommendation", -1, ""),
        ("change the first sentence of the impression to: Solid nodule", "change", "impression", 1, "Solid nodule"),
        ("在报告里加上:未见胸腔积液", "add", "findings", None, "未见胸腔积液"),
        ("把印象第二句删掉", "delete", "impression", 2, ""),
        ("把所见第一句改成:右肺结节", "change", "findings", 1, "右肺结节"),
        ("undo my last edit of the report", "undo", "findings", None, ""),
        ("sign the report", "sign", "findings", None, ""),
    ],
)
def test_edit_is_read_out_of_a_message(text, act, section, number, words):
    said = read_edit(text)
    assert said is not None
    assert (said.act, said.section, said.number, said.text) == (act, section, number, words)
    assert opens_with_edit(text)


@pytest.mark.parametrize(
    "text",
    ["update the report", "add the new measurement to the report", "write the report in Chinese", "shorten the impression",
     "include lesion 2 in the report", "把新的测量写进报告", "what does the report say?", "measure lesion 2"],
)  # fmt: skip
def test_what_is_no_edit_is_none(text):
    assert read_edit(text) is None


def test_instruction_adds_deletes_and_keeps_the_language(written):
    told = paper.write_report(written.desk, language="en", instruction="在报告里加上:未见胸腔积液")["report"]
    assert told["language"] == "en"
    assert len(told["edited"]) == 1
    assert "未见胸腔积液" in told["edited_lines"][0]
    before = sentences(written.session.report, "impression")
    paper.write_report(written.desk, instruction="delete the second sentence of the impression")
    assert sentences(written.session.report, "impression") == [before[0], *before[2:]]
    with pytest.raises(NotApplicable, match="no sentence 9"):
        paper.write_report(written.desk, instruction="delete the ninth sentence of the impression")


def test_a_model_cannot_put_words_into_the_clinicians_mouth(written):
    written.desk.said = "write the report please"
    told = paper.write_report(written.desk, instruction="add to the report: no pleural effusion seen")
    written.desk.said = None
    assert told["report"]["edited"] == []
    assert "no pleural effusion" not in to_markdown(written.session.report)
    assert "no pleural effusion" in told["notes"][0]


def test_message_does_not_sign(written):
    with pytest.raises(NotApplicable, match="logged-in reader"):
        paper.write_report(written.desk, instruction="sign the report")
    assert written.session.report.signature is None


def test_words_for_the_report_are_planned_as_nothing_else():
    from agent import plan

    card = {"scan": {"modality": "CT"}, "lesions": [{"id": 1}, {"id": 2}], "report": {"version": 1, "language": "en"}}
    for text in ("add to the report: lesion 2 was measured by hand", "在报告里加上:测量病灶2"):
        assert [c.name for c in plan(text, card)] == ["write_report"]


def test_known_identifier_in_an_edit_is_withheld(open_case, chest):
    import dataclasses

    from tools import Source

    source = Source(format="made", identity={"PatientName": "Quimby^Zephyr"})
    case = open_case(dataclasses.replace(chest[0], source=source))
    case.outline(chest[1][0])
    paper.write_report(case.desk)
    report = case.session.add_to_report("Told Mrs Quimby to come back.")
    assert "Quimby" not in to_markdown(report)
    assert not any("Quimby" in str(e.to_json()) for e in case.session.record.items)
