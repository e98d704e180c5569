"""The report as text, page, PDF and pictures: what stands in it is the report's, whole or not at all."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from agent.events import AgentError
from agent.grounding import verify
from agent.report import fonts, make_files, material_of, write_files
from agent.report.lines import Run, Style, broken
from agent.report.pdf import to_pdf
from agent.report.pictures import LINE, MOST, OUTLINE, key_images, not_shown
from agent.report.read_back import is_page, to_markdown
from agent.toolset import paper
from agent.toolset.vision import find
from tools import Mask
from tools.quantity import show

FIT = "58-year-old woman, incidental finding, no known cancer, not immunosuppressed, solid nodule, never smoked"
ALL = ("report.md", "report.txt", "report.html", "report.pdf", "evidence.json")


def pdf_text(data: bytes) -> str:
    return " ".join(" ".join(p.extract_text() for p in PdfReader(io.BytesIO(data)).pages).split())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_form_says_the_same_and_verifies(case, chest, language):
    case.outline(chest[1][0])
    case.state(FIT, lesion=1)
    paper.write_report(case.desk, language=language)
    case.session.add_to_report("Heart size normal." if language == "en" else "心影不大。")
    files = make_files(case.desk).files
    assert set(ALL) <= set(files)
    evidence = json.loads(files["evidence.json"])
    page = files["report.html"].decode()
    assert is_page(page)
    for text in (files["report.md"].decode(), files["report.txt"].decode(), to_markdown(page)):
        assert verify(text, evidence) == []
    size = show(case.session.record.lesion(1).measurement.quantity("axial_long_axis"), language)
    said = pdf_text(files["report.pdf"])
    assert size in said
    assert evidence["notice"][:12] in said
    assert len(PdfReader(io.BytesIO(files["report.pdf"])).pages) <= 2
    changed = str(float(size.split()[0]) + 1)
    assert verify(to_markdown(page.replace(size.split()[0], changed)), evidence) != []
    assert verify(files["report.txt"].decode().replace(size.split()[0], changed), evidence) != []


def test_page_fetches_nothing_and_runs_nothing(case, chest):
    case.outline(chest[1][0])
    paper.write_report(case.desk)
    page = make_files(case.desk, "html").files["report.html"].decode()
    assert not re.search(r"<script|https?://|src=\"(?!data:)|url\(|@import|<link", page)
    assert "default-src 'none'" in page


def test_pdf_embeds_its_font_numbers_its_pages_and_is_the_same_twice(case, chest):
    case.outline(chest[1][0])
    paper.write_report(case.desk, language="zh")
    material = material_of(case.desk, "zh")
    report = case.session.report
    pictures = key_images(case.desk, material)
    first, second = to_pdf(report, pictures), to_pdf(report, pictures)
    assert first == second
    pages = PdfReader(io.BytesIO(first)).pages
    held = [f.get_object() for p in pages for f in p["/Resources"]["/Font"].get_object().values()]
    # The library always names Helvetica as well; it sets nothing in it here.
    assert any("/FontFile2" in f["/FontDescriptor"].get_object() for f in held if "/FontDescriptor" in f)
    assert f"第1页,共{len(pages)}页" in pdf_text(first).replace(" ", "")


def test_without_a_font_english_is_written_and_chinese_is_an_error(case, chest, monkeypatch):
    case.outline(chest[1][0])
    monkeypatch.setattr(fonts, "PACKAGE", "no_such_package")
    monkeypatch.setattr(fonts, "SYSTEM", ())
    paper.write_report(case.desk)
    assert "Lesion 1" in pdf_text(make_files(case.desk, "pdf").files["report.pdf"])
    paper.write_report(case.desk, language="zh")
    made = make_files(case.desk)
    assert "report.pdf" not in made.files
    assert "fonts-noto-cjk" in made.absent["report.pdf"]
    assert {"report.md", "report.txt", "report.html", "evidence.json"} <= set(made.files)
    with pytest.raises(AgentError, match="fonts-noto-cjk"):
        make_and_write(case)


def make_and_write(case):
    return write_files(case.desk, case.session.workspace.settings.home / "out", "pdf")


def test_sign_that_the_font_lacks_is_an_error_never_a_box(case, chest):
    case.outline(chest[1][0])
    paper.write_report(case.desk)
    case.session.add_to_report("Done \U0001f600 today.")
    made = make_files(case.desk)
    assert "U+1F600" in made.absent["report.pdf"]
    assert "\U0001f600" in made.files["report.html"].decode()


def test_lines_keep_a_number_with_its_unit_and_break_chinese_anywhere():
    style = Style("any", 10.0)

    def width(text, font, size):
        return 10.0 * len(text)

    for room in range(60, 200, 7):
        said = broken([Run("long axis 20.8 mm, volume 4234 mm³ now", style)], room, width)
        lines = ["".join(r.text for r in line) for line in said]
        assert all(not re.search(r"[\d.]$", x) and not x.startswith("mm") for x in lines if room >= 90), lines
        assert " ".join(" ".join(lines).split()) == "long axis 20.8 mm, volume 4234 mm³ now"
    zh = broken([Run("病灶1:轴位长径20.8 mm,短径19.8 mm。", style)], 90, width)
    lines = ["".join(r.text for r in line) for line in zh]
    assert all(line[0] not in ",。:" for line in lines)
    assert all(len(line) <= 9 or " mm" in line for line in lines)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sizes_through_time_and_the_targets_stand_in_page_and_pdf(tmp_path, language):
    import scripted
    import steered

    from agent.session import Session

    workspace = scripted.workspace(tmp_path / "there")
    session = Session.open(scripted.balls(source=scripted.QUIMBY), workspace=workspace)
    steered.with_prior(session, now=8.0, then=6.0)
    older = steered.earlier(shift=11)
    session.add_prior(older, masks={2: steered.ball(older, scripted.SMALL, 4.0)})
    list(session.ask("The targets are lesions 1 and 2."))
    session.call("write_report", language=language)
    files = make_files(session.desk).files
    targets, total = session.report.section("targets").table, session.record.sums[-1]
    workspace.close()
    assert b"<svg" in files["report.html"]
    assert {"en": "through time", "zh": "随时间的变化"}[language] in pdf_text(files["report.pdf"])
    before = sum(float(r.cells[2].split()[0]) for r in targets.rows)
    held = total.quantity("prior_sum_of_diameters").value
    assert before == pytest.approx(held, abs=0.11), "the table's sizes before are those of the sum"


# Key images


def test_key_image_draws_outline_and_calipers_where_the_evidence_has_them(case, chest):
    case.outline(chest[1][0])
    (picture,) = key_images(case.desk, material_of(case.desk, "en"))
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)))
    assert pixels.shape[:2] == (picture.height, picture.width)
    close = pixels[:, picture.width // 2 :]
    blue = np.argwhere((np.abs(close.astype(int) - LINE) < 3).all(axis=-1))
    amber = (np.abs(pixels.astype(int) - OUTLINE) < 3).all(axis=-1)
    assert len(blue) > 50
    assert amber.sum() > 50
    item = case.session.record.lesion(1).measurement
    slices = item.inputs["seen_on"]["en"]
    assert f"{slices}, lung window (centre -600, width 1500 HU)" in picture.caption
    assert picture.cites == (item.id, case.session.record.lesion(1).mask_evidence.id)


def test_key_image_shows_the_slice_of_the_long_axis(case, chest):
    from tools.render import slice_index

    case.outline(chest[1][1])
    (picture,) = key_images(case.desk, material_of(case.desk, "zh"))
    ends = case.session.record.lesion(1).measurement.quantity("axial_long_axis").end_points_mm
    assert f"第{slice_index(case.desk.scan, 'axial', ends[0]) + 1}/" in picture.caption


def test_candidates_are_shown_as_rough_regions_and_rejected_ones_not(case, chest, searcher):
    searcher.masks = chest[1]
    find(case.desk)
    found = key_images(case.desk, material_of(case.desk, "en"))
    assert all("rough region, not an outline" in p.caption for p in found)
    case.session.judge(1, "rejected", "vessel")
    assert [p.lesion for p in key_images(case.desk, material_of(case.desk, "en"))] == [2]


def test_picture_without_spacing_has_a_key_image_without_letters(radiograph):
    paper.write_report(radiograph.desk)
    files = make_files(radiograph.desk).files
    assert {"report.pdf", "report.html"} <= set(files)
    assert not re.search(r"\d\s*mm\b", pdf_text(files["report.pdf"]))


def test_case_without_lesions_is_written_and_says_so(case):
    paper.write_report(case.desk)
    files = make_files(case.desk).files
    assert "Nothing is outlined" in pdf_text(files["report.pdf"])
    assert b"<figure" not in files["report.html"]


def test_unmeasured_outline_is_said_to_be_unmeasured_and_shown(case, chest):
    case.outline(chest[1][0], measured=False)
    paper.write_report(case.desk)
    assert len(key_images(case.desk, material_of(case.desk, "en"))) == 1
    assert "not measured" in make_files(case.desk, "text").files["report.txt"].decode()


def test_more_lesions_than_pictures_are_said_to_be_in_the_table(case, chest):
    scan = chest[0]
    grid = np.zeros(scan.shape, bool)
    for n in range(MOST + 2):
        part = grid.copy()
        part[10 + 8 * n : 14 + 8 * n, 60:64, 40:42] = True
        case.outline(Mask.from_grid(scan.id, part, scan.affine), measured=False)
    material = material_of(case.desk, "en")
    assert len(key_images(case.desk, material)) == MOST
    assert not_shown(material) == 2


# Whole or not at all


def test_full_disk_is_an_error_and_leaves_no_part_of_a_file(case, chest, tmp_path):
    case.outline(chest[1][0])
    paper.write_report(case.desk)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.pdf").write_bytes(b"the one before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # a file cannot grow beyond this, as on a full disk
    try:
        with pytest.raises(AgentError, match="Nothing was left half written"):
            write_files(case.desk, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["report.pdf"]
    assert (tmp_path / "out" / "report.pdf").read_bytes() == b"the one before"


def test_files_of_one_format_are_asked_for_alone(case, chest, tmp_path):
    case.outline(chest[1][0])
    paper.write_report(case.desk)
    assert [p.name for p in write_files(case.desk, tmp_path, "text").files] == ["report.txt"]
    told = paper.export(case.desk, "pdf", str(tmp_path))
    assert told["files"] == ["report.pdf"]


def test_importing_the_report_loads_no_pdf_library():
    code = "import sys, agent.report; print([m for m in ('reportlab', 'fontTools', 'PIL') if m in sys.modules])"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"


def test_report_reads_back_identical(case, chest):
    from agent.report import Report

    case.outline(chest[1][0])
    paper.write_report(case.desk)
    case.session.sign_report("A. Reader")
    report = case.session.report
    assert Report.from_json(json.loads(json.dumps(report.to_json()))) == report
    assert dataclasses.replace(report, version=99).seal == report.seal
