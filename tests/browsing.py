"""A headless Chromium at the app: what a reader does on the page, and what went wrong on it."""

from __future__ import annotations

import contextlib
import os
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

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
WEBGL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
NODULE = Sphere((80.0, 10.0, 20.0), 16.0)
"""On the patient's right; so it must be on the left half of the picture."""
SPACING = (1.4, 1.4, 2.5)
SLICE = round((20.0 + 118.75) / 2.5)
"""The axial slice through its middle."""
ROOT = Path(__file__).resolve().parents[1]
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
    address: str
    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, context: Any, address: str) -> Browser:
        """Open a page that notes errors, and requests to any other address."""
        made = cls(context.new_page(), address)
        made.page.on("console", lambda m: made.errors.append(m.text) if m.type == "error" else None)
        made.page.on("pageerror", lambda e: made.errors.append(str(e)))
        made.page.on(
            "request",
            lambda r: None if r.url.startswith((address, "data:", "blob:")) else made.elsewhere.append(r.url),
        )
        return made

    def enter(self) -> None:
        """Go to the app and dismiss the notice of the first run."""
        self.page.goto(self.address)
        self.page.wait_for_selector("#sw-chat .sw-log")
        self.page.wait_for_selector(".sw-first[open]")
        self.page.click(".sw-first [data-close]")

    def log(self) -> str:
        """What the conversation says."""
        return str(self.page.inner_text(".sw-log"))

    def quiet(self) -> None:
        """Wait until no act is under way."""
        self.page.wait_for_selector(".sw-view:not(.sw-at-work)", timeout=PATIENT_MS)
        self.page.wait_for_function("!document.querySelector('.sw-working, .sw-running')", timeout=PATIENT_MS)

    def upload(self, *files: Path, kind: str = "files") -> None:
        """Choose files as a reader does."""
        self.page.set_input_files(f".sw-{kind}", [str(f) for f in files])

    def ask(self, text: str) -> None:
        """Type a message, send it and wait for the end of the turn."""
        turns = self.page.locator(".sw-you").count()
        self.page.fill("#sw-text textarea", text)
        self.page.keyboard.press("Enter")
        self.page.wait_for_function(f"document.querySelectorAll('.sw-you').length > {turns}", timeout=PATIENT_MS)
        self.quiet()

    def tab(self, name: str) -> None:
        """Look at a panel."""
        self.page.get_by_role("tab", name=name, exact=True).first.click()

    def go_to(self, index: int) -> None:
        """Page to an axial slice."""
        slider = self.page.locator(".sw-paging input")
        slider.evaluate("(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})); }", index)
        self.page.wait_for_selector(f".sw-picture[data-shown*='/axial/{index}.png']")

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the phantom is on the axial slice: right of the patient is left, front is up."""
        box = self.page.locator(".sw-picture img").first.bounding_box()
        return box["x"] + box["width"] * (170 - x) / 340, box["y"] + box["height"] * (125 - y) / 250

    def click(self, x: float, y: float, *keys: str) -> None:
        """Click a point of the phantom, with keys held."""
        for key in keys:
            self.page.keyboard.down(key)
        self.page.mouse.click(*self.place(x, y))
        for key in keys:
            self.page.keyboard.up(key)

    def sizes(self, number: int) -> str:
        """What the list says of a lesion."""
        return str(self.page.inner_text(f".sw-lesions [data-lesion='{number}']"))

    def outlines(self) -> int:
        """How many outlines lie over the slice that is shown."""
        return int(self.page.locator("canvas.sw-over").first.get_attribute("data-outlines") or 0)

    def coloured(self) -> int:
        """Count the pixels over the picture that are no grey."""
        return int(
            self.page.evaluate("""() => {
              const canvas = document.querySelector('canvas.sw-over');
              const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
              let found = 0;
              for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && data[i] - data[i + 2] > 100) found++;
              return found;
            }""")
        )


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextlib.contextmanager
def served(folder: Path, **more: str) -> Iterator[str]:
    """Serve the app in a process of its own, on a free port, over a data folder; yields its address."""
    port = free_port()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SCANWRIGHT_", "OPENAI_"))}
    env = {**kept, "SCANWRIGHT_HOME": str(folder / "home"), "SCANWRIGHT_DEVICE": "cpu", **more}
    with (folder / "log").open("a") as log:
        process = subprocess.Popen([sys.executable, "-c", SERVE, str(port)], cwd=ROOT, env=env, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/"
            _wait_for(url, process, folder / "log")
            yield url
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(480):
        if process.poll() is not None:
            pytest.fail(f"The app ended at its start:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError as error:
            if "401" in str(error):
                return
            time.sleep(0.25)
    pytest.fail("The app did not answer within two minutes.")


def chest_file(folder: Path, sphere: Sphere = NODULE, name: str = "chest.nii.gz") -> Path:
    """Write a chest as NIfTI, which names no modality."""
    import nibabel

    scan, _ = chest_phantom((sphere,), spacing=SPACING)
    path = folder / name
    nibabel.save(nibabel.Nifti1Image(scan.voxels, scan.affine), path)
    return path
