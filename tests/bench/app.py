"""The app beside a plain Gradio ChatInterface, in the same run: start, memory, first picture, frames a second, a click.

    cold start         from the process's start to its first page, of both, in turn; median
    memory             resident, idle, of both; and of the app with three cases of a 512 x 512 x 60 CT open
    first picture      from the end of choosing the file to the picture on the screen, upload and reading included
    frames a second    slices drawn while the wheel turns through 512 x 512 x 60, software rendering, one plane
    click to outline   from the press to the outline on the screen, the first (cold) and later ones; and to its size

The plain peer shows no scan, so it has the first two rows only. A browser is needed for the rest: /usr/bin/chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
for folder in (str(HERE), str(HERE.parent)):
    if folder not in sys.path:
        sys.path.append(folder)

AIMS = {"first_picture_s": 3.0, "frames_per_s": 8.0, "click_to_outline_s": 1.5, "memory_three_cases_mb": 2500.0}
PLAIN = (
    "import sys, gradio as gr; gr.ChatInterface(lambda text, history: text)"
    ".launch(server_name='127.0.0.1', server_port=int(sys.argv[1]), quiet=True)"
)
SPACING = (340 / 512, 250 / 512, 4.0)
"""Makes the phantom 512 x 512 x 60 voxels."""
TURNS = 40
CLICKS = 4
CASES = 3


def run(arguments: Sequence[str]) -> dict[str, Any]:
    """Run the whole bench and return its figures."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        result: dict[str, Any] = {"start": _starts(folder, options.rounds)}
        result["browser"] = _browser(folder)
    result["aims"] = AIMS
    _table(result)
    return result


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench app", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="starts of each")
    return parser.parse_args(list(arguments))


def _starts(folder: Path, rounds: int) -> dict[str, Any]:
    """Start both in turn, and return medians of the time to the first page and of resident memory then."""
    from browsing import SERVE

    programs = {"scanwright": SERVE, "plain": PLAIN}
    found: dict[str, dict[str, list[float]]] = {name: {"s": [], "mb": []} for name in programs}
    for number in range(rounds):
        for name, program in programs.items():
            with _process(program, folder / f"{name}{number}") as (_, process, seconds):
                found[name]["s"].append(seconds)
                found[name]["mb"].append(_resident_mb(process.pid))
    return {
        name: {"cold_start_s": round(statistics.median(f["s"]), 2), "idle_mb": round(statistics.median(f["mb"]))}
        for name, f in found.items()
    }


@contextlib.contextmanager
def _process(program: str, folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes], float]]:
    """Run a server; yields its address, its process, and the seconds to its first page."""
    from browsing import ROOT, free_port

    folder.mkdir()
    port = free_port()
    quiet = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "SCANWRIGHT_DEVICE": "cpu"}
    env = {k: v for k, v in os.environ.items() if not k.startswith(("SCANWRIGHT_", "OPENAI_"))} | quiet
    env["SCANWRIGHT_HOME"] = str(folder / "home")
    began = time.monotonic()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-c", program, str(port)], cwd=ROOT, env=env, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/"
            while process.poll() is None:
                try:
                    with urllib.request.urlopen(url, timeout=30):
                        break
                except OSError:
                    time.sleep(0.02)
            else:
                raise RuntimeError(f"the server ended: {(folder / 'log').read_text()[-500:]}")
            yield url, process, time.monotonic() - began
        finally:
            process.terminate()
            process.wait(30)


def _browser(folder: Path) -> dict[str, Any]:
    """Open cases in Chromium and return what a reader waits for."""
    from browsing import CHROMIUM, FLAGS, SERVE, WEBGL

    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return {"skipped": "playwright is not installed"}
    if not CHROMIUM.exists():
        return {"skipped": f"no browser at {CHROMIUM}"}
    file = _ct(folder)
    with (
        _process(SERVE, folder / "browsed") as (url, process, _),
        sync_playwright() as running,
        contextlib.closing(running.chromium.launch(executable_path=str(CHROMIUM), args=[*FLAGS, *WEBGL])) as browser,
    ):
        found = _story(browser, url, file)
        found["memory_one_case_mb"] = round(_resident_mb(process.pid))
        for _ in range(CASES - 1):
            _open(browser, url, file)
        found["memory_three_cases_mb"] = round(_resident_mb(process.pid))
    return found


def _ct(folder: Path) -> Path:
    import nibabel
    from browsing import NODULE

    from tools.phantom import chest_phantom

    scan, _ = chest_phantom((NODULE,), spacing=SPACING)
    path = folder / "ct.nii"
    nibabel.save(nibabel.Nifti1Image(scan.voxels, scan.affine), path)
    return path


def _open(browser: Any, url: str, file: Path) -> tuple[Any, float]:
    """Open the CT in a browser of its own; return it and the seconds from choosing to the picture."""
    from browsing import Browser

    context = browser.new_context(viewport={"width": 1280, "height": 800})
    reader = Browser.of(context, url)
    reader.enter()
    began = time.monotonic()
    reader.upload(file)
    reader.page.wait_for_selector(".sw-picture img", timeout=120_000)
    return reader, time.monotonic() - began


def _story(browser: Any, url: str, file: Path) -> dict[str, Any]:
    from browsing import NODULE

    reader, first = _open(browser, url, file)
    page = reader.page
    page.wait_for_timeout(3000)
    frames = _frames(page)
    middle = int((NODULE.centre[2] + 119.5) / SPACING[2])
    x, y, _ = NODULE.centre
    outline, size = [], []
    for number in range(CLICKS):
        reader.go_to(middle)
        page.wait_for_timeout(500)
        began = time.monotonic()
        reader.click(x, y)
        page.wait_for_selector("canvas.sw-over[data-outlines='1']", timeout=120_000)
        outline.append(time.monotonic() - began)
        page.wait_for_function(f"document.querySelectorAll('.sw-hand').length > {2 * number}", timeout=120_000)
        size.append(time.monotonic() - began)
        reader.quiet()
        page.click("[data-undo]")
        page.wait_for_selector("canvas.sw-over[data-outlines='0']", timeout=120_000)
        reader.quiet()
        page.wait_for_timeout(300)
    return {
        "first_picture_s": round(first, 2), "frames_per_s": round(frames, 1),
        "first_click_to_outline_s": round(outline[0], 2),
        "click_to_outline_s": round(statistics.median(outline[1:]), 2),
        "click_to_size_s": round(statistics.median(size[1:]), 2),
    }  # fmt: skip


def _frames(page: Any) -> float:
    """Return how many slices a second are drawn while the slider is turned as fast as they come, none seen before."""
    return float(
        page.evaluate(
            """async (turns) => {
              const slider = document.querySelector('.sw-paging input'), box = document.querySelector('.sw-picture');
              const choose = document.querySelector('.sw-window');
              choose.value = 'bone'; choose.dispatchEvent(new Event('change', {bubbles: true}));
              await new Promise((done) => setTimeout(done, 1500));
              const last = Number(slider.max), began = performance.now();
              for (let n = 0; n < turns; n++) {
                const wanted = last - n;
                slider.value = wanted; slider.dispatchEvent(new Event('input', {bubbles: true}));
                while (!(box.dataset.shown || '').includes('/' + wanted + '.png')) await new Promise(requestAnimationFrame);
                await new Promise(requestAnimationFrame);
              }
              return turns / ((performance.now() - began) / 1000);
            }""",
            TURNS,
        )
    )


def _resident_mb(pid: int) -> float:
    """Return the resident memory of a process, in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _table(result: dict[str, Any]) -> None:
    out = sys.stderr.write
    out(f"{'':<26}{'scanwright':>12}{'plain':>12}\n")
    for key in ("cold_start_s", "idle_mb"):
        out(f"{key:<26}{result['start']['scanwright'][key]:>12}{result['start']['plain'][key]:>12}\n")
    for key, value in result["browser"].items():
        aim = AIMS.get(key)
        out(f"{key:<26}{value!s:>12}{'' if aim is None else f'   aim {aim:g}'}\n")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(sys.argv[1:]), indent=1) + "\n")
