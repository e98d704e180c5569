"""The story in headless Chromium, with the shipped parts: upload, click, change, report; nobody else sees it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from browsing import NODULE, PATIENT_MS, SLICE, Browser

pytestmark = pytest.mark.browser

X, Y, _ = NODULE.centre


def long_axis(text: str) -> float:
    found = re.search(r"(\d+\.\d) x \d+\.\d mm", text)
    assert found, text
    return float(found[1])


def test_from_upload_to_report(anna: Browser, address: str, file: Path, tmp_path: Path) -> None:
    page = anna.page
    page.goto(address)
    page.wait_for_selector(".sw-first[open]")
    assert "Not a medical device" in page.inner_text(".sw-first")
    page.click(".sw-first [data-close]")
    assert "Not a medical device" in page.inner_text(".sw-foot")

    anna.upload(file)
    page.wait_for_selector(".sw-picture img", timeout=PATIENT_MS)
    assert "Opened: CT" in anna.log()
    assert "assumed" in anna.log()
    anna.go_to(SLICE)
    anna.click(X, Y)
    page.wait_for_selector("canvas.sw-over[data-outlines='1']", timeout=PATIENT_MS)
    page.wait_for_selector(".sw-hand", timeout=PATIENT_MS)
    anna.quiet()
    assert "segment" in anna.log()
    assert long_axis(anna.sizes(1)) == pytest.approx(NODULE.diameter_mm, abs=4.0)
    assert "right" in anna.sizes(1)
    assert anna.coloured() > 20  # the outline, in the only colour over a grey picture

    anna.ask("write the report")
    anna.tab("Report")
    page.wait_for_selector(".sw-report")
    assert "Not assessed" in page.inner_text(".sw-report")
    with page.expect_download() as started:
        page.click(".sw-download >> text=report.md")
    started.value.save_as(tmp_path / "report.md")
    assert "Research use only" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert anna.errors == []
    assert anna.elsewhere == []


def test_brush_and_undo_measure_again_and_the_report_follows(anna: Browser) -> None:
    page = anna.page
    before = anna.sizes(1)
    in_report = page.inner_text(".sw-report")
    page.focus(".sw-stage")
    page.keyboard.press("g")
    page.mouse.move(*anna.place(X + 4, Y))
    page.mouse.down()
    page.mouse.move(*anna.place(X + 22, Y), steps=4)
    page.mouse.up()
    page.wait_for_function(f"document.querySelector('.sw-lesions').innerText.trim() !== {before.strip()!r}")
    page.wait_for_selector(".sw-focusbar >> text=before")
    anna.quiet()
    assert long_axis(anna.sizes(1)) > long_axis(before) + 5
    after = page.inner_text(".sw-report")
    assert after != in_report
    assert f"{long_axis(anna.sizes(1))} mm" in after
    page.focus(".sw-stage")
    page.keyboard.press("Control+z")
    page.wait_for_function(f"document.querySelector('.sw-lesions').innerText.trim() === {before.strip()!r}")
    anna.quiet()
    assert f"{long_axis(before)} mm" in page.inner_text(".sw-report")
    page.keyboard.press("n")
    assert anna.errors == []


def test_a_candidate_is_rejected_with_a_reason_and_taken_back(anna: Browser) -> None:
    page = anna.page
    page.select_option(".sw-reject", "vessel")
    page.wait_for_selector(".sw-rejected")
    assert "rejected: vessel" in anna.sizes(1)
    page.wait_for_selector("canvas.sw-over[data-outlines='0']")
    anna.quiet()
    page.click("[data-undo]")
    page.wait_for_selector(".sw-lesions li:not(.sw-rejected)")
    anna.quiet()
    anna.tab("Lesions")
    page.click("#sw-lesions >> text=Accept")
    page.wait_for_selector("#sw-lesions td >> text=accepted")


def test_evidence_is_a_link_to_lesion_and_slice(anna: Browser) -> None:
    page = anna.page
    anna.go_to(3)
    page.click(".sw-hand .sw-chip >> nth=0")
    page.wait_for_function(f"Math.abs(parseInt(document.querySelector('.sw-picture').dataset.shown.split('/')[4]) - {SLICE}) < 3")
    page.wait_for_selector(".sw-card dt >> text=axial long axis")
    page.keyboard.press("Escape")
    assert not page.is_visible(".sw-card")


def test_another_browser_sees_nothing_of_it(anna: Browser, chromium: Any, address: str) -> None:
    context = chromium.new_context()
    other = Browser.of(context, address)
    other.enter()
    other.page.wait_for_selector(".sw-phantom")
    assert "segment" not in other.log()
    assert other.page.locator(".sw-picture img").count() == 0
    case = anna.page.evaluate("document.body.dataset.case")
    for path in ("view/{}/axial/5.png", "marks/{}/axial/5.json", "volume/{}/scan.nii", "evidence/{}/E1"):
        assert anna.page.request.get(address + path.format(case)).status == 200
        assert other.page.request.get(address + path.format(case)).status == 404
    assert other.errors == []
    context.close()


def test_a_reload_brings_the_case_back(anna: Browser) -> None:
    sizes = anna.sizes(1)
    anna.page.reload()
    anna.page.wait_for_selector(".sw-picture img", timeout=PATIENT_MS)
    anna.page.wait_for_selector(".sw-lesions li")
    assert "By hand" in anna.log()
    assert anna.sizes(1) == sizes
    assert not anna.page.is_visible(".sw-first")  # dismissed once


def test_a_wrong_file_is_explained_and_the_case_stays(anna: Browser, tmp_path: Path) -> None:
    page = anna.page
    lesions = page.inner_text(".sw-lesions")
    wrong = tmp_path / "slice.dcm"
    wrong.write_text("no scan at all")
    anna.upload(wrong)
    page.wait_for_selector("text=could not be opened", timeout=PATIENT_MS)
    assert page.inner_text(".sw-lesions") == lesions
    assert anna.errors == []


def test_enlarged_the_sides_stay_in_sight_and_a_drag_asks_nothing(anna: Browser) -> None:
    page = anna.page
    turns = page.locator(".sw-turn").count()
    page.focus(".sw-stage")
    small = page.locator(".sw-picture img").bounding_box()
    for _ in range(4):
        page.keyboard.press("+")
    large = page.locator(".sw-picture img").bounding_box()
    assert large["width"] == pytest.approx(small["width"] * 1.25**4, rel=0.01)
    assert page.inner_text(".sw-sides").split() == ["R", "L", "A", "P"]
    middle = page.locator(".sw-stage").bounding_box()
    x, y = middle["x"] + middle["width"] / 2, middle["y"] + middle["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 20, steps=4)
    page.mouse.up()
    moved = page.locator(".sw-picture img").bounding_box()
    assert (moved["x"] - large["x"], moved["y"] - large["y"]) == pytest.approx((60, 20), abs=1)
    assert page.locator(".sw-turn").count() == turns
    page.keyboard.press("0")
    assert page.locator(".sw-picture img").bounding_box() == small


def test_outlines_are_hidden_and_the_window_is_free(anna: Browser) -> None:
    page = anna.page
    anna.go_to(SLICE)
    page.wait_for_selector("canvas.sw-over[data-outlines='1']")
    page.focus(".sw-stage")
    page.keyboard.press("o")
    assert anna.outlines() == 0
    page.keyboard.press("o")
    assert anna.outlines() == 1
    box = page.locator(".sw-stage").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 260, box["y"] + 170, steps=3)
    page.mouse.up(button="right")
    assert page.input_value(".sw-window") == "*"
    page.wait_for_selector(".sw-picture[data-shown*='width=1800']")
    page.keyboard.press("1")
    page.wait_for_selector(".sw-picture[data-shown*='centre=-600&width=1500']")


def test_the_pointer_tells_value_and_position(anna: Browser) -> None:
    page = anna.page
    page.mouse.move(*anna.place(X, Y))
    page.wait_for_function("/R 8\\d\\.\\d  ?A \\d+\\.\\d  ?S (19|20|21)\\.\\d mm/.test(document.querySelector('.sw-readout').textContent)")
    assert "HU" in page.inner_text(".sw-readout")


def test_two_clicks_of_the_ruler_are_a_length_in_the_record(anna: Browser) -> None:
    page = anna.page
    page.focus(".sw-stage")
    page.keyboard.press("r")
    page.mouse.click(*anna.place(60, -30))
    page.mouse.click(*anna.place(90, -30))
    page.wait_for_selector(".sw-hand >> text=Ruler")
    length = float(re.search(r"Ruler: (\d+\.\d) mm", anna.log())[1])  # type: ignore[index]
    assert length == pytest.approx(30.0, abs=1.5)
    page.keyboard.press("n")


def test_a_double_click_is_one_act(anna: Browser) -> None:
    page = anna.page
    turns, lesions = page.locator(".sw-turn").count(), page.locator(".sw-lesions li").count()
    page.mouse.dblclick(*anna.place(X, Y))
    page.wait_for_function(f"document.querySelectorAll('.sw-turn').length > {turns}", timeout=PATIENT_MS)
    anna.quiet()
    assert page.locator(".sw-turn").count() == turns + 1
    assert page.locator(".sw-lesions li").count() == lesions  # the same lesion, its number kept
    assert anna.errors == []
    assert anna.elsewhere == []
