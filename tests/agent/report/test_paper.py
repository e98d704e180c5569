"""write_report, export: kept with the case, written whole or not at all, and refused with what to do."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

from agent.events import AgentError
from agent.grounding import verify
from agent.report import last_report, write_files
from agent.toolset import paper
from agent.toolset.vision import measure
from tools import NotApplicable, Source

FIT = "58-year-old woman, incidental finding, no known cancer, not immunosuppressed, solid nodule, never smoked"
TOO_MUCH = 400
"""Characters of the report's entry in the case's state, which every case card repeats."""


def test_write_report_returns_key_sentences_and_keeps_the_report(case, chest):
    case.outline(chest[1][0])
    case.state(FIT, lesion=1)
    result = paper.write_report(case.desk)
    told = result["report"]
    assert told["version"] == 1
    assert told["language"] == "en"
    assert told["problems"] == []
    assert told["needs"] == []
    assert any("consider CT at 3 months" in line for line in told["lines"])
    assert any("bones" in line for line in told["not_assessed"])
    assert all(re.search(r"\[E\d+", line) for line in told["lines"])
    kept = last_report(case.desk)
    assert kept is not None
    assert list(kept.cites) == result["evidence"]
    assert set(result["evidence"]) <= set(case.session.record.by_id)
    assert case.session.report == kept
    assert json.dumps(result)


def test_state_holds_no_text_of_the_report(case, chest):
    case.outline(*chest[1])
    paper.write_report(case.desk)
    state = case.desk.state["report"]
    assert state["version"] == 1
    assert len(json.dumps(state)) < TOO_MUCH
    assert case.session.card()["report"] == state


def test_needs_come_with_their_questions(case, chest):
    case.outline(chest[1][0])
    needs = paper.write_report(case.desk)["report"]["needs"]
    assert [n["name"] for n in needs][:2] == ["setting", "age"]
    assert all(n["question"]["en"] and n["question"]["zh"] for n in needs)


def test_language_and_form_come_from_the_instruction_and_last(case, chest):
    case.outline(chest[1][0])
    assert paper.write_report(case.desk, instruction="in Chinese, shorter")["report"]["language"] == "zh"
    again = paper.write_report(case.desk, instruction="update the report")["report"]
    assert (again["version"], again["language"], again["form"]) == (2, "zh", "short")
    fresh = paper.write_report(case.desk, language="en")["report"]
    assert (fresh["version"], fresh["language"], fresh["form"]) == (3, "en", "full")


def test_what_was_not_understood_is_said(case, chest):
    case.outline(chest[1][0])
    notes = paper.write_report(case.desk, instruction="in Chinese, and say that it is harmless")["notes"]
    assert "say that it is harmless" in notes[0]
    assert len(notes) == 2
    assert paper.write_report(case.desk, instruction="in Chinese")["notes"] == []


def test_another_language_is_refused(case):
    with pytest.raises(NotApplicable, match="English \\(en\\) or Chinese \\(zh\\)"):
        paper.write_report(case.desk, language="fr")


def test_export_before_a_report_says_what_to_ask(case, tmp_path):
    with pytest.raises(AgentError, match="write the report"):
        write_files(case.desk, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_exported_files_verify_and_one_changed_digit_does_not(case, chest, tmp_path, language):
    case.outline(*chest[1])
    case.state(FIT)
    paper.write_report(case.desk, language=language)
    told = paper.export(case.desk, destination=str(tmp_path / "out"))
    assert {"report.md", "report.txt", "report.html", "report.pdf", "evidence.json"} <= set(told["files"])
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    evidence = json.loads((tmp_path / "out" / "evidence.json").read_text(encoding="utf-8"))
    assert verify(text, evidence) == []
    size = re.search(r"\d+\.\d(?= mm)", text.partition("axial" if language == "en" else "轴位")[2])
    assert size is not None
    changed = str(float(size[0]) + 1)
    assert verify(text.replace(size[0], changed, 1) if size[0] != changed else text, evidence) != []
    side = "left" if "left lung" in text else "左肺"
    assert verify(text.replace(side, {"left": "right", "左肺": "右肺"}[side], 1), evidence) != []


def test_every_measured_number_in_the_report_is_traced(case, chest, tmp_path):
    case.outline(*chest[1])
    paper.write_report(case.desk)
    case.session.export_files(tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8").partition("## Provenance")[0]
    evidence = json.loads((tmp_path / "evidence.json").read_text(encoding="utf-8"))
    found = list(re.finditer(r"-?\d+(?:\.\d+)?(?= (?:mm|HU))", text))
    assert len(found) > 20
    missed = []
    for match in found:
        line_start, line_end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end())
        changed = text[: match.start()] + str(float(match[0]) + 3) + text[match.end() :]
        before = text[:line_start].count("\n")
        problems = [p for p in verify(changed, evidence) if p.startswith(f"line {before + 1}:")]
        if not problems:
            missed.append(text[line_start:line_end])
    assert missed == []


def test_evidence_file_holds_everything_and_marks_what_is_current(case, chest, tmp_path):
    case.outline(chest[1][0])
    measure(case.desk, 1)
    paper.write_report(case.desk)
    case.session.export_files(tmp_path)
    text = (tmp_path / "evidence.json").read_text(encoding="utf-8")
    data = json.loads(text)
    assert [e["id"] for e in data["evidence"]] == [e.id for e in case.session.record.items]
    assert {e["id"]: e["current"] for e in data["evidence"]} == {"E1": True, "E2": True, "E3": False, "E4": True}
    assert data["notice"].startswith("Research use only")
    assert data["report_version"] == 1
    assert str(case.session.workspace.settings.home) not in text


def test_formats_are_written_alone(case, chest, tmp_path):
    case.outline(chest[1][0])
    paper.write_report(case.desk)
    assert paper.export(case.desk, "markdown", str(tmp_path / "a"))["files"] == ["report.md"]
    assert paper.export(case.desk, "json", str(tmp_path / "b"))["files"] == ["evidence.json"]
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["report.md"]
    with pytest.raises(AgentError, match="not as 'word'"):
        paper.export(case.desk, "word", str(tmp_path / "c"))


def test_export_without_a_destination_goes_to_the_cases_own_folder(case, chest):
    case.outline(chest[1][0])
    paper.write_report(case.desk)
    told = paper.export(case.desk)
    folder = case.session.workspace.cases.case_folder(case.session.case_id)
    assert (folder / "report" / "report.md").exists()
    assert str(folder) not in json.dumps(told)


def test_report_that_the_case_has_left_behind_is_not_exported(case, chest, tmp_path):
    case.outline(*chest[1])
    paper.write_report(case.desk)
    case.session.judge(2, "rejected", "vessel")
    with pytest.raises(AgentError, match="Write the report again"):
        paper.export(case.desk, destination=str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    paper.write_report(case.desk)
    paper.export(case.desk, destination=str(tmp_path / "out"))
    assert "lesion 2" not in (tmp_path / "out" / "report.md").read_text(encoding="utf-8").lower()


def test_destination_that_cannot_be_written_leaves_nothing(case, chest, tmp_path):
    case.outline(chest[1][0])
    paper.write_report(case.desk)
    taken = tmp_path / "taken"
    taken.write_text("mine")
    with pytest.raises(NotApplicable, match="is a file"):
        paper.export(case.desk, destination=str(taken))
    with pytest.raises(AgentError, match="could not be written"):
        paper.export(case.desk, destination=str(taken / "below"))
    with pytest.raises(NotApplicable, match="address elsewhere"):
        paper.export(case.desk, destination="https://example.org/reports")
    assert taken.read_text() == "mine"


def test_files_are_written_together_or_not_at_all(case, chest, tmp_path):
    case.outline(chest[1][0])
    paper.write_report(case.desk)
    (tmp_path / "out" / "evidence.json").mkdir(parents=True)
    with pytest.raises(AgentError, match="could not be written"):
        paper.export(case.desk, destination=str(tmp_path / "out"))
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["evidence.json"], "no report.md, no part of a file"


def test_damaged_kept_report_can_be_written_again(case, chest):
    case.outline(chest[1][0])
    paper.write_report(case.desk)
    kept = case.session.workspace.cases.case_folder(case.session.case_id) / "reports" / "00001.json"
    kept.write_text('{"version": 1, "sec')
    with pytest.raises(AgentError, match="write the report again"):
        last_report(case.desk)
    assert paper.write_report(case.desk)["report"]["version"] == 2


def test_known_identifier_in_a_remark_leaves_in_no_file(open_case, chest, tmp_path):
    source = Source(format="made", identity={"PatientName": "Quimby^Zephyr", "PatientID": "MRN-771"})
    case = open_case(dataclasses.replace(chest[0], source=source))
    case.outline(chest[1][0])
    case.state("Mrs Quimby MRN-771 is a 58-year-old woman")
    paper.write_report(case.desk)
    for file in case.session.export_files(tmp_path):
        if file.suffix in (".pdf", ".dcm"):
            continue  # made of the same sentences; a DICOM object is filed under its patient
        text = file.read_text(encoding="utf-8")
        assert "Quimby" not in text
        assert "MRN-771" not in text
        assert "58" in text
