"""The whole story on the page, with a login: from upload to a signed report; other languages, eyes and machines."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import NODULE, PATIENT_MS, SLICE, Browser, chest_file, served

from tools.phantom import Sphere
from ui.login import hashed

pytestmark = [pytest.mark.browser, pytest.mark.long]

X, Y, _ = NODULE.centre
ANNAS, BERTS = "first of two words", "second of two words"
AXE = "axe-core@4.10.3"
TABLET = {"width": 1024, "height": 768}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The app with a login."""
    folder = tmp_path_factory.mktemp("house")
    readers = folder / "readers"
    readers.write_text(hashed("anna", ANNAS, "signer") + "\n" + hashed("bert", BERTS))
    with served(folder, SCANWRIGHT_LOGINS=str(readers)) as url:
        yield url, folder


def logged_in(chromium: Any, url: str, name: str, password: str) -> Browser:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    context.set_default_timeout(PATIENT_MS)
    reader = Browser.of(context, url)
    reader.page.goto(url)
    reader.page.fill("[name=username]", name)
    reader.page.fill("[name=password]", password)
    reader.page.click("form button")
    reader.page.wait_for_selector(".sw-first[open]")
    reader.page.click(".sw-first [data-close]")
    reader.errors.clear()  # the page before the log-in asks for nothing that counts
    return reader


def outlined(context: Any, url: str, file: Path) -> Browser:
    """A new reader's browser in which the nodule has been clicked on."""
    context.set_default_timeout(PATIENT_MS)
    reader = Browser.of(context, url)
    reader.enter()
    reader.upload(file)
    reader.page.wait_for_selector(".sw-picture img")
    reader.go_to(SLICE)
    reader.click(X, Y)
    reader.page.wait_for_selector(".sw-hand")
    reader.quiet()
    return reader


def test_from_upload_to_a_signed_report(chromium: Any, house: tuple[str, Path], file: Path, tmp_path: Path) -> None:
    anna = logged_in(chromium, house[0], "anna", ANNAS)
    page = anna.page
    anna.upload(file)
    page.wait_for_selector(".sw-picture img")
    anna.ask("This is a chest CT.")
    anna.ask("Find candidate nodules")
    assert page.locator(".sw-lesions li").count() >= 1
    anna.go_to(SLICE)
    anna.click(X, Y)
    page.wait_for_selector(".sw-hand")
    anna.quiet()
    anna.tab("Patient")
    assert page.locator(".sw-missing").count() == 5
    page.select_option("#sw-context select[name=setting]", "incidental")
    page.fill("#sw-context input[name=age]", "58")
    page.select_option("#sw-context select[name=smoking]", "never")
    page.select_option("#sw-context select[name=known_cancer]", "no")
    page.select_option("#sw-context select[name=immunosuppressed]", "no")
    page.click("#sw-context >> text=State these")
    page.wait_for_function("!document.querySelector('.sw-missing')")
    anna.ask("The nodule is solid. What does Fleischner say for this one?")
    assert "Fleischner" in anna.log()
    anna.ask("Write the report")
    anna.tab("Report")
    page.wait_for_selector(".sw-report")
    page.click("#sw-report [data-section=impression]")
    page.fill(".sw-editing textarea", "Discussed with the referring team.")
    page.click(".sw-editing >> text=Save")
    page.wait_for_selector(".sw-mine >> text=Discussed with the referring team")
    page.on("dialog", lambda d: d.accept())
    page.click("#sw-report [data-do=sign]")
    page.wait_for_selector(".sw-notice >> text=Signed by anna")
    assert page.locator("#sw-report [data-edit]").count() == 0
    for name in ("report.pdf", "report.html", "evidence.json"):
        with page.expect_download() as started:
            page.click(f".sw-download >> text={name}")
        started.value.save_as(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 500
    page.click(".sw-download >> text=seg.dcm")
    page.wait_for_function("/not written|^$/.test(document.querySelector('.sw-told').textContent)")
    assert "anna" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert anna.errors == []
    assert anna.elsewhere == []


def test_a_login_brings_its_cases_to_any_browser_and_nobody_elses(chromium: Any, house: tuple[str, Path]) -> None:
    bert = logged_in(chromium, house[0], "bert", BERTS)
    bert.page.wait_for_selector(".sw-phantom")
    assert bert.page.locator(".sw-picture img").count() == 0
    anna = logged_in(chromium, house[0], "anna", ANNAS)
    anna.page.wait_for_selector(".sw-picture img")
    assert anna.page.locator(".sw-lesions li").count() >= 1


def test_a_restart_brings_the_case_back(chromium: Any, file: Path, tmp_path: Path) -> None:
    context = chromium.new_context()
    with served(tmp_path) as url:
        reader = outlined(context, url, file)
        reader.ask("How big is it?")
        sizes, cookies = reader.sizes(1), context.cookies()
    with served(tmp_path) as url:
        context.add_cookies([{k: v for k, v in c.items() if k in ("name", "value", "domain", "path")} for c in cookies])
        again = Browser.of(context, url)
        again.page.goto(url)
        again.page.wait_for_selector(".sw-lesions li")
        assert again.sizes(1) == sizes
        assert "How big is it?" in again.log()
    context.close()


def test_chinese_is_answered_in_chinese(chromium: Any, address: str, file: Path) -> None:
    context = chromium.new_context()
    reader = outlined(context, address, file)
    reader.ask("测量病灶1")
    said = reader.page.locator(".sw-said").last.inner_text()
    assert any("\u4e00" <= c <= "\u9fff" for c in said)
    reader.tab("Settings")
    reader.page.select_option("#sw-settings select[name=language]", "zh")
    reader.page.click("#sw-settings form[data-do=language] button")
    reader.page.wait_for_selector(".sw-options >> text=写报告")
    reader.page.click(".sw-options >> text=写报告")
    reader.quiet()
    reader.tab("Report")
    reader.page.wait_for_selector(".sw-report[lang=zh]")
    assert reader.errors == []
    context.close()


def test_prior_and_current_scroll_together(chromium: Any, address: str, file: Path, tmp_path: Path) -> None:
    context = chromium.new_context()
    context.set_default_timeout(PATIENT_MS)
    reader = Browser.of(context, address)
    reader.enter()
    reader.upload(file)
    reader.page.wait_for_selector(".sw-picture img")
    reader.upload(chest_file(tmp_path, Sphere(NODULE.centre, 12.0), "earlier.nii.gz"), kind="prior")
    reader.page.wait_for_selector("text=Earlier scan added")
    reader.page.focus(".sw-stage")
    reader.page.keyboard.press("p")
    reader.page.wait_for_selector(".sw-picture[data-shown*='prior=1']")
    reader.go_to(40)
    reader.page.wait_for_selector(".sw-picture[data-shown*='/axial/40.png'][data-shown*='prior=1']")
    assert reader.errors == []
    context.close()


def test_three_d_is_shown_where_it_was_fetched_and_missed_politely(chromium: Any, address: str, file: Path) -> None:
    context = chromium.new_context(viewport={"width": 900, "height": 700})
    context.set_default_timeout(PATIENT_MS)
    reader = Browser.of(context, address)
    reader.enter()
    reader.upload(file)
    reader.page.wait_for_selector(".sw-picture img")
    there = reader.page.request.get(address + "niivue.js").status == 200
    reader.page.click("[data-layout=solid]")
    if there:
        reader.page.wait_for_selector(".sw-solid[data-ready=yes]", state="attached")
    else:
        reader.page.wait_for_selector(".sw-solid >> text=was not fetched")
    reader.page.click("[data-layout=one]")
    reader.page.wait_for_selector(".sw-panes:not([hidden])")
    assert not there or reader.errors == []
    context.close()


def test_without_webgl_everything_else_works(address: str, file: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    script = (
        "import sys; sys.path.append(sys.argv[3]); from browsing import *; from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p:\n"
        "    b = p.chromium.launch(executable_path=str(CHROMIUM), args=[*FLAGS, '--disable-gpu', '--disable-webgl', '--disable-3d-apis'])\n"
        "    r = Browser.of(b.new_context(), sys.argv[1]); r.page.set_default_timeout(PATIENT_MS); r.enter()\n"
        "    r.upload(Path(sys.argv[2])); r.page.wait_for_selector('.sw-picture img')\n"
        "    r.page.click('[data-layout=solid]'); r.page.wait_for_selector('.sw-solid >> text=no WebGL')\n"
        "    r.page.click('[data-layout=three]'); r.page.wait_for_selector('.sw-pane >> nth=2'); b.close()\n"
    )
    import sys

    del sync_api
    tests = str(Path(__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, "-c", script, address, str(file), tests], capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The accessibility checker's script, from npm."""
    npm, folder = shutil.which("npm"), tmp_path_factory.mktemp("axe")
    if npm is None:
        pytest.skip("no npm to fetch axe-core with")
    done = subprocess.run([npm, "pack", AXE, "--silent"], cwd=folder, capture_output=True, timeout=120, check=False)
    packed = next(folder.glob("*.tgz"), None)
    if done.returncode or packed is None:
        pytest.skip("axe-core could not be fetched")
    with tarfile.open(packed) as opened:
        inside = opened.extractfile("package/axe.min.js")
        assert inside is not None
        return inside.read().decode()


@pytest.mark.parametrize("look", ["dark", "light"])
def test_nothing_is_in_the_way_of_any_reader(chromium: Any, address: str, file: Path, axe: str, look: str) -> None:
    context = chromium.new_context(viewport=TABLET, reduced_motion="reduce")
    context.set_default_timeout(PATIENT_MS)
    reader = Browser.of(context, address)
    page = reader.page
    reader.enter()
    page.evaluate(f"document.documentElement.dataset.look = {look!r}")
    found: dict[str, list[str]] = {}

    def check(where: str) -> None:
        page.evaluate("source => { if (!window.axe) (0, eval)(source); }", axe)
        result = page.evaluate("() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
        for v in result["violations"]:
            found[f"{where}: {v['id']}"] = [str(n["html"])[:160] + " | " + str(n["failureSummary"])[:200] for n in v["nodes"][:3]]

    check("empty")
    reader.upload(file)
    page.wait_for_selector(".sw-picture img")
    reader.go_to(SLICE)
    reader.click(X, Y)
    page.wait_for_selector(".sw-hand")
    reader.quiet()
    reader.ask("Write the report")
    for name in ("Lesions", "Report", "Evidence", "Patient", "Guidelines", "Cases", "Tools", "Settings"):
        tab = page.get_by_role("tab", name=name, exact=True).first
        if tab.is_visible():
            tab.click()
            page.wait_for_timeout(700)
            check(name)
    page.keyboard.press("Escape")
    page.locator("[data-help] >> nth=0").click()
    check("keys")
    context.close()
    assert found == {}


def test_the_keyboard_reaches_everything_in_the_viewer(chromium: Any, address: str, file: Path) -> None:
    context = chromium.new_context()
    context.set_default_timeout(PATIENT_MS)
    reader = Browser.of(context, address)
    reader.enter()
    reader.upload(file)
    reader.page.wait_for_selector(".sw-picture img")
    seen = set()
    for _ in range(60):
        reader.page.keyboard.press("Tab")
        seen.add(reader.page.evaluate("document.activeElement.className || document.activeElement.dataset.tool || document.activeElement.tagName"))
    assert {"outline", "box", "brush", "eraser", "ruler", "sw-stage"} <= {str(s) for s in seen}
    context.close()




def test_a_box_then_a_click_leaves_out_and_another_adds(chromium: Any, address: str, file: Path) -> None:
    context = chromium.new_context()
    context.set_default_timeout(PATIENT_MS)
    reader = Browser.of(context, address)
    page = reader.page
    reader.enter()
    reader.upload(file)
    page.wait_for_selector(".sw-picture img")
    reader.go_to(SLICE)
    page.focus(".sw-stage")
    page.keyboard.press("b")
    page.mouse.move(*reader.place(X + 9, Y + 9))
    page.mouse.down()
    page.mouse.move(*reader.place(X - 9, Y - 9), steps=4)
    page.mouse.up()
    page.wait_for_selector(".sw-hand")
    reader.quiet()
    page.keyboard.press("n")
    for number, key in ((2, "Alt"), (3, "Shift")):
        reader.click(X + 5, Y, key)
        page.wait_for_function(f"document.querySelectorAll('.sw-hand').length >= {number}")
        reader.quiet()
    assert "avoid" in reader.log()
    assert "add" in reader.log()
    assert page.locator(".sw-lesions li").count() == 1
    assert reader.errors == []
    context.close()
