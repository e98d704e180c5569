"""The demonstration: one case from reading to a verified report in the terminal, then the app with that case open."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent import Session
    from tools.scan import Scan

CONVERSATION = (
    "Find candidates in this scan.",
    "Segment what I clicked on, measure it and classify it.",
    "What does Fleischner say for this one?",
    "Incidental, 58 years old, never smoked, no cancer history, immunocompetent, solid nodule.",
    "Segment it again, a bit tighter.",
    "How big was it before?",
    "Write the report.",
)
_RULE = "─" * 100


def run(*, serve_after: bool, host: str, port: int) -> None:
    """Run the case, print the report, verify it, then serve the app. Exits 1 when the report does not verify."""
    from agent import Session, Workspace
    from agent.notice import NOTICE
    from agent.settings import Settings

    started = time.monotonic()
    _say(f"Scanwright. {NOTICE}")
    settings = Settings.from_environment()
    settings.home.mkdir(parents=True, exist_ok=True)
    scan, point = _scan(settings.home)
    workspace = Workspace.open(settings)
    session = Session.open(scan, workspace=workspace)
    _say(f"\nScan: {session.scan!r}"[:-1].replace("<Scan ", ""))
    for note in scan.notes:
        _say(f"  {note}")
    session.select(point=point)
    _converse(session, point)
    _finish(session)
    _say(f"\n{time.monotonic() - started:.0f} s in all.")
    if serve_after:
        from ui.app import serve

        _say(f"Serving the app with this case on http://{host}:{port} (stop with Ctrl-C).")
        serve(workspace, host=host, port=port, scan_case=session.case_id)


def _scan(home: Path) -> tuple[Scan, tuple[float, float, float]]:
    from tools.scan import load_scan
    from ui.sample import LESION_POINT, NoSample, sample

    try:
        return load_scan(sample(home, _say)), LESION_POINT
    except NoSample as error:
        from tools.phantom import SHOWN, chest_phantom

        _say(f"The sample CT is not to be had ({error}). Going on with a generated chest phantom, not a patient.")
        return chest_phantom()[0], SHOWN[0].centre


def _converse(session: Session, point: tuple[float, float, float]) -> None:
    from ui.terminal import converse

    for message in CONVERSATION:
        _say(f"\n{_RULE}\nyou: {message}")
        if "clicked" in message:
            session.select(point=point)
        converse(session, message)


def _finish(session: Session) -> None:
    from ui.work import verify

    folder = session.workspace.settings.home / "demo"
    files = {f.name: f for f in session.export_files(folder)}
    _say(f"\n{_RULE}\n{files['report.md'].read_text(encoding='utf-8')}\n{_RULE}")
    problems = verify(files["report.md"], files["evidence.json"])
    for problem in problems:
        _say(problem)
    if problems:
        sys.exit(1)
    _say(f"Verified: every statement is held by its evidence. Written to {folder}")
    _say(f"Check it yourself: scanwright verify {files['report.md']} {files['evidence.json']}")


def _say(text: str) -> None:
    print(text, flush=True)
