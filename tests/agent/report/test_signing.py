"""A draft says that it is one; a signed report is frozen and sealed; a change of it makes an addendum."""

from __future__ import annotations

import json

import pytest

from agent.events import AgentError
from agent.grounding import verify
from agent.report import last_report, load_report, make_files, to_markdown
from agent.toolset import paper
from tools import NotApplicable

READER = "Prof. A. Chen, M.D."


def checked(desk, version=None):
    """Return report.md and the problems that `verify` finds in it."""
    files = {**make_files(desk, "markdown", version).files, **make_files(desk, "json", version).files}
    text = files["report.md"].decode()
    return text, verify(text, json.loads(files["evidence.json"]))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_signed_report_names_its_reader_and_verifies(written, language):
    paper.write_report(written.desk, language=language)
    report = written.session.sign_report(READER)
    assert report.status == "signed"
    assert report.signature.reader == READER
    text, problems = checked(written.desk)
    assert problems == []
    assert {"en": "DRAFT", "zh": "草稿"}[language] not in text
    assert "Chen" in text
    assert last_report(written.desk) == report


def test_signing_twice_or_without_a_name_or_a_report_is_refused(case, chest, written):
    with pytest.raises(NotApplicable, match="reader's name"):
        written.session.sign_report("  ")
    written.session.sign_report(READER)
    with pytest.raises(NotApplicable, match="signed already"):
        written.session.sign_report(READER)


def test_report_that_the_case_has_left_behind_cannot_be_signed(written):
    written.session.judge(2, "rejected", "vessel")
    with pytest.raises(AgentError, match="read it, then sign"):
        written.session.sign_report(READER)


def test_writing_again_without_a_change_keeps_the_signed_report(written):
    signed = written.session.sign_report(READER)
    again = paper.write_report(written.desk)["report"]
    assert (again["version"], again["status"]) == (signed.version, "signed")


def test_change_after_signing_makes_an_addendum_and_leaves_the_signed_report(written):
    signed = written.session.sign_report(READER)
    before, _ = checked(written.desk, signed.version)
    written.session.judge(2, "rejected", "vessel")
    paper.write_report(written.desk)
    amended = written.session.report
    assert amended.status == "amended draft"
    assert amended.amends == signed.version
    told = [s.text for s in amended.section("addendum").statements]
    assert "Amends the report signed by" in told[0]
    assert any(t.startswith("Previously: Lesion 2") for t in told)
    text, problems = checked(written.desk)
    assert problems == []
    assert "ADDENDUM, DRAFT" in text
    assert checked(written.desk, signed.version) == (before, [])
    final = written.session.sign_report("Dr B")
    assert final.status == "amended"
    assert checked(written.desk)[1] == []
    assert load_report(written.desk, signed.version) == signed


def test_edit_after_signing_is_an_addendum(written):
    signed = written.session.sign_report(READER)
    report = written.session.add_to_report("Small effusion on the left, seen later.")
    assert report.status == "amended draft"
    assert any("Now: " in s.text and "Small effusion" in s.text for s in report.section("addendum").statements)
    assert written.verify(report) == []
    assert load_report(written.desk, signed.version).statement("findings/added.E99") is None


def test_altered_signed_report_is_not_shown(written):
    report = written.session.sign_report(READER)
    folder = written.session.workspace.cases.case_folder(written.session.case_id) / "reports"
    path = folder / f"{report.version:05d}.json"
    path.write_text(path.read_text().replace("right lung", "left lung"))
    with pytest.raises(AgentError, match="altered after it was signed"):
        last_report(written.desk)
    told = paper.write_report(written.desk)["report"]
    assert told["status"] == "draft"
    assert any(f"Version {report.version} was signed" in p for p in told["problems"])


def test_draft_says_so_in_every_form(written):
    report = written.session.report
    assert "**DRAFT, not signed**" in to_markdown(report)
    files = make_files(written.desk, "html").files | make_files(written.desk, "text").files
    assert b'class="mark"' in files["report.html"]
    assert b"DRAFT, not signed" in files["report.txt"]
    assert marked_pages(make_files(written.desk, "pdf").files["report.pdf"]) == {True}
    written.session.sign_report(READER)
    files = make_files(written.desk, "html").files | make_files(written.desk, "pdf").files
    assert b'class="mark"' not in files["report.html"]
    assert marked_pages(files["report.pdf"]) == {False}


def marked_pages(pdf: bytes) -> set[bool]:
    """Return whether every page shows the watermark's grey over an area, none does, or some do."""
    import numpy as np
    import pypdfium2

    from agent.report.pdf import MARK

    document = pypdfium2.PdfDocument(pdf)
    grey = np.rint(np.array(MARK) * 255).astype(int)
    shown = set()
    for page in document:
        pixels = page.render(scale=0.5).to_numpy()[..., :3].astype(int)[..., ::-1]
        shown.add(bool(((np.abs(pixels - grey) <= 1).all(axis=-1)).mean() > 0.005))
    document.close()
    return shown
