"""The whole story in headless Chromium, with the shipped parts: upload, click, answer, report; nobody else sees it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tools.phantom import Sphere, chest_phantom

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
NODULE = Sphere((80.0, 10.0, 20.0), 16.0)
"""On the patient's right; so it must be on the left half of the picture."""
SPACING = (1.4, 1.4, 2.5)
ROOT = Path(__file__).resolve().parents[2]
SERVE = (
    "import sys; from agent import Workspace; from ui.app import serve; "
    "serve(Workspace.open(), port=int(sys.argv[1]))"
)
PATIENT_MS = 120_000
"""Longest wait for a turn: models load at first use, on two cores that others may share."""


@dataclass
class Browser:
    """A page, and what went wrong on it."""

    page: Any
    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def listen(self, home: str) -> Browser:
        """Note errors, and requests to any other address."""
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on(
            "request",
            lambda r: None if r.url.startswith((home, "data:", "blob:")) else self.elsewhere.append(r.url),
        )
        return self

    def log(self) -> str:
        """What the conversation says."""
        return str(self.page.inner_text(".sw-log"))

    def quiet(self) -> None:
        """Wait until no turn is under way."""
        self.page.wait_for_selector(".sw-view:not(.sw-at-work)", timeout=PATIENT_MS)
        self.page.wait_for_function("!document.querySelector('.sw-working, .sw-running')", timeout=PATIENT_MS)

    def ask(self, text: str) -> None:
        """Type a message, send it and wait for the end of the turn."""
        turns = self.page.locator(".sw-turn").count()
        self.page.fill("#sw-text textarea", text)
        self.page.keyboard.press("Enter")
        self.page.wait_for_function(f"document.querySelectorAll('.sw-turn').length > {turns}", timeout=PATIENT_MS)
        self.quiet()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app in a process of its own, on a free port, over an empty data folder."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    folder = tmp_path_factory.mktemp("served")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SCANWRIGHT_", "OPENAI_"))}
    env = {**kept, "SCANWRIGHT_HOME": str(folder / "home"), "SCANWRIGHT_DEVICE": "cpu"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-c", SERVE, str(port)], cwd=ROOT, env=env, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/"
            _wait_for(url, process, folder / "log")
            yield url
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        if process.poll() is not None:
            pytest.fail(f"The app ended at its start:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.25)
    pytest.fail("The app did not answer within a minute.")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def anna(chromium: Any, address: str) -> Iterator[Browser]:
    """A first reader's browser."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    yield Browser(context.new_page()).listen(address)
    context.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chest as NIfTI, which names no modality."""
    import nibabel

    scan, _ = chest_phantom((NODULE,), spacing=SPACING)
    path = tmp_path_factory.mktemp("made") / "chest.nii.gz"
    nibabel.save(nibabel.Nifti1Image(scan.voxels, scan.affine), path)
    return path


def test_from_upload_to_report(anna: Browser, address: str, file: Path, tmp_path: Path) -> None:
    page = anna.page
    page.goto(address)
    assert "Not a medical device" in page.inner_text(".sw-intro")
    assert "Not a medical device" in page.inner_text(".sw-foot")

    page.set_input_files("#sw-drop input[type=file]", str(file))
    page.wait_for_selector(".sw-picture img", timeout=PATIENT_MS)
    assert "Opened: CT" in anna.log()
    assert "assumed" in anna.log()
    anna.ask("This is a chest CT.")

    _go_to_slice(page, round((20.0 + 118.75) / 2.5))
    before = _picture(page)
    _click(page, NODULE)
    page.wait_for_selector(".sw-call code:has-text('segment')", timeout=PATIENT_MS)
    anna.quiet()
    assert re.search(r"\d+\.\d mm", anna.log().split("clicked on")[-1])
    assert "measure" in page.inner_text(".sw-turn:last-child")
    assert re.search(r"E\d+", page.inner_text(".sw-turn:last-child .sw-call .sw-chip"))
    listed = page.inner_text(".sw-lesions")
    size = float(re.search(r"(\d+\.\d) mm", listed)[1])  # type: ignore[index]
    assert size == pytest.approx(NODULE.diameter_mm, abs=4.0)
    assert "right" in listed
    assert _picture(page) != before
    assert _coloured(page) > 20  # the outline, in the only colour of a grey picture

    anna.ask("write the report")
    assert "Not assessed" in page.inner_text(".sw-report")
    assert "mm" in page.inner_text(".sw-report")
    with page.expect_download() as started:
        page.click(".sw-download >> text=report.md")
    started.value.save_as(tmp_path / "report.md")
    assert "Research use only" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert anna.errors == []
    assert anna.elsewhere == []


def test_a_reload_brings_the_case_back(anna: Browser) -> None:
    anna.page.reload()
    anna.page.wait_for_selector(".sw-picture img", timeout=PATIENT_MS)
    anna.page.wait_for_selector(".sw-report")
    assert "clicked on" in anna.log()
    assert "mm" in anna.page.inner_text(".sw-lesions")


def test_another_browser_sees_nothing_of_it(anna: Browser, chromium: Any, address: str) -> None:
    context = chromium.new_context()
    other = Browser(context.new_page()).listen(address)
    other.page.goto(address)
    other.page.wait_for_selector("#sw-phantom")
    assert "clicked on" not in other.log()
    assert other.page.locator(".sw-picture img").count() == 0
    seen = anna.page.get_attribute(".sw-picture img", "src")
    assert anna.page.request.get(address + seen.lstrip("/")).status == 200
    assert other.page.request.get(address + seen.lstrip("/")).status == 404
    assert other.errors == []
    context.close()


def test_a_click_in_the_air_and_a_wrong_file_are_explained(anna: Browser, tmp_path: Path) -> None:
    page = anna.page
    lesions = page.inner_text(".sw-lesions")
    _click(page, Sphere((165.0, 120.0, 20.0), 1.0))
    page.wait_for_selector(".sw-turn:last-child .sw-failed", timeout=PATIENT_MS)
    anna.quiet()
    wrong = tmp_path / "slice.dcm"
    wrong.write_text("no scan at all")
    page.set_input_files("#sw-open input[type=file], input[type=file] >> nth=0", str(wrong))
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
    assert not page.is_visible(".sw-sides")


def test_outlines_can_be_hidden(anna: Browser) -> None:
    page = anna.page
    page.click(".sw-lesions button")
    page.wait_for_timeout(500)
    assert _coloured(page) > 20
    page.focus(".sw-stage")
    page.keyboard.press("o")
    page.wait_for_selector(".sw-picture[data-shown*='plain=1']")
    assert _coloured(page) == 0
    page.keyboard.press("o")
    page.wait_for_selector(".sw-picture:not([data-shown*='plain=1'])")


def test_a_double_click_is_one_turn(anna: Browser) -> None:
    page = anna.page
    turns, lesions = page.locator(".sw-turn").count(), page.locator(".sw-lesions li").count()
    box = page.locator(".sw-picture img").bounding_box()
    x, y, _ = NODULE.centre
    page.mouse.dblclick(box["x"] + box["width"] * (170 - x) / 340, box["y"] + box["height"] * (125 - y) / 250)
    page.wait_for_function(f"document.querySelectorAll('.sw-turn').length > {turns}", timeout=PATIENT_MS)
    anna.quiet()
    assert page.locator(".sw-turn").count() == turns + 1
    assert page.locator(".sw-lesions li").count() == lesions  # the same lesion, its number kept
    assert anna.errors == []
    assert anna.elsewhere == []


def _go_to_slice(page: Any, index: int) -> None:
    slider = page.locator(".sw-paging input")
    slider.evaluate("(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})); }", index)
    page.wait_for_selector(f".sw-picture[data-shown*='/axial/{index}.png']")


def _click(page: Any, sphere: Sphere) -> None:
    """Click where a point of the phantom is on an axial slice: right of the patient is left, front is up."""
    box = page.locator(".sw-picture img").bounding_box()
    x, y, _ = sphere.centre
    page.mouse.click(box["x"] + box["width"] * (170 - x) / 340, box["y"] + box["height"] * (125 - y) / 250)


def _picture(page: Any) -> str:
    return str(page.get_attribute(".sw-picture", "data-shown"))


def _coloured(page: Any) -> int:
    """Count the pixels of the picture that are no grey."""
    return int(
        page.evaluate("""() => {
          const image = document.querySelector('.sw-picture img'), canvas = document.createElement('canvas');
          canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
          const context = canvas.getContext('2d');
          context.drawImage(image, 0, 0);
          const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
          let found = 0;
          for (let i = 0; i < data.length; i += 4) if (data[i] - data[i + 2] > 100) found++;
          return found;
        }""")
    )
