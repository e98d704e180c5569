"""Reports of 1, 10 and 50 lesions: time and memory of composing and of every file; a text-only SR's fields beside ours.

Each size runs in a process of its own, so that its peak memory is its own; every claim of every report is verified.
Options: --rounds N (3), the median is given.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

SIZES = (1, 10, 50)
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

FIELDS = {
    "text of the report": lambda ds: any(i.ValueType == "TEXT" for i in items(ds)),
    "values as numbers with UCUM units": lambda ds: any(i.ValueType == "NUM" for i in items(ds)),
    "ends of each diameter as coordinates": lambda ds: any(i.ValueType in ("SCOORD", "SCOORD3D") for i in items(ds)),
    "a tracking UID for each lesion": lambda ds: "112040" in concepts(ds),
    "finding and site as codes": lambda ds: {"121071", "363698007"} <= concepts(ds),
    "algorithm and version beside its values": lambda ds: {"111001", "111003"} <= concepts(ds),
    "images and outlines referenced": lambda ds: any(i.ValueType == "IMAGE" for i in items(ds)),
    "template named (TID 1500)": lambda ds: "ContentTemplateSequence" in ds,
    "studies and series listed as evidence": lambda ds: "CurrentRequestedProcedureEvidenceSequence" in ds,
    "says whether it is verified": lambda ds: "VerificationFlag" in ds,
}
"""What a structured report can hold, each looked for in the object itself."""


def run(arguments: Sequence[str]) -> dict[str, Any]:
    """Measure and return the result; prints a readable table on the way."""
    parser = argparse.ArgumentParser(prog="scanwright bench report")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", type=int, default=0)
    options = parser.parse_args(list(arguments))
    if options.child:
        return _measure(options.child, options.rounds)
    rows = [_in_a_process(n, options.rounds) for n in SIZES]
    for row in rows:
        print(
            f"{row['lesions']:>3} lesions: compose {row['compose_s']:.2f} s, all files {row['files_s']:.2f} s "
            f"(first {row['first_files_s']:.2f}), peak {row['peak_mb']:.0f} MB above {row['loaded_mb']:.0f}, "
            f"PDF {row['pages']} pages, {row['problems']} unverified"
        )
    held = _side_by_side()
    print(f"\n{'held by':<46} text SR   ours")
    for name, found in held.items():
        print(f"  {name:<44} {'yes' if found['text_sr'] else 'no':<9} {'yes' if found['ours'] else 'no'}")
    return {"sizes": rows, "held": held}


def _in_a_process(lesions: int, rounds: int) -> dict[str, Any]:
    code = f"import report, json; print('RESULT' + json.dumps(report.run(['--child', '{lesions}', '--rounds', '{rounds}'])))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{Path(__file__).parent}:{ROOT}"},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the run with {lesions} lesions failed: {done.stderr[-600:]}")
    result: dict[str, Any] = json.loads(done.stdout.rpartition("RESULT")[2])
    return result


def _measure(lesions: int, rounds: int) -> dict[str, Any]:
    from pypdf import PdfReader

    from agent.report import make_files, refresh
    from agent.report.compose import compose, material_of

    with tempfile.TemporaryDirectory() as folder:
        session = _case(lesions, Path(folder))
        loaded = _peak_mb()
        refresh(session.desk, material_of(session.desk, "en"))
        composing, writing = [], []
        for _ in range(rounds):
            start = time.perf_counter()
            compose(material_of(session.desk, "en"))
            composing.append(time.perf_counter() - start)
            start = time.perf_counter()
            made = make_files(session.desk)
            writing.append(time.perf_counter() - start)
        path = Path(folder) / "report.pdf"
        path.write_bytes(made.files["report.pdf"])
        return {
            "lesions": lesions, "compose_s": statistics.median(composing), "files_s": statistics.median(writing),
            "first_files_s": writing[0], "loaded_mb": loaded, "peak_mb": _peak_mb() - loaded,
            "bytes": {name: len(data) for name, data in made.files.items()}, "not_made": dict(made.absent),
            "pages": len(PdfReader(path).pages), "problems": len(_problems(made.files)),
        }  # fmt: skip


def _case(lesions: int, folder: Path) -> Any:
    """Return a session with that many measured lesions, made."""
    from agent import Session
    from agent.settings import Settings
    from agent.toolset.vision import measure, record_drawn
    from agent.workspace import Workspace
    from tools.phantom import Sphere, chest_phantom

    places = [(side * (52.0 + 12 * (n % 4)), -30.0 + 14 * (n // 4 % 4), -80.0 + 20 * (n // 16)) for n in range(25)
              for side in (1, -1)]  # fmt: skip
    spheres = tuple(Sphere(place, 8.0 + n % 3) for n, place in enumerate(places[:lesions]))
    scan, masks = chest_phantom(spheres, spacing=(1.4, 1.4, 2.5))
    session = Session.open(scan, workspace=Workspace.open(Settings(home=folder / "home")))
    for mask in masks:
        measure(session.desk, record_drawn(session.desk, mask).inputs["lesion"])
    return session


def _problems(files: dict[str, bytes]) -> list[str]:
    from agent import verify
    from agent.report.read_back import to_markdown

    evidence = json.loads(files["evidence.json"])
    texts = (files["report.md"].decode(), files["report.txt"].decode(), to_markdown(files["report.html"].decode()))
    return [p for text in texts for p in verify(text, evidence)]


def _side_by_side() -> dict[str, dict[str, bool]]:
    """Return which fields a text SR and ours hold, of one made series with two lesions."""
    import pydicom
    from filed import ball_masks, ball_series, load_series, write_series

    from agent import Session
    from agent.report import make_files
    from agent.settings import Settings
    from agent.toolset.vision import measure, record_drawn
    from agent.workspace import Workspace

    with tempfile.TemporaryDirectory() as folder:
        series = ball_series()
        scan = load_series(write_series(series, Path(folder) / "series"))
        session = Session.open(scan, workspace=Workspace.open(Settings(home=Path(folder) / "home")))
        for mask in ball_masks(scan, series):
            measure(session.desk, record_drawn(session.desk, mask).inputs["lesion"])
        session.call("write_report")
        files = make_files(session.desk).files
        ours = pydicom.dcmread(io.BytesIO(files["sr.dcm"]))
        theirs = _text_sr(files["report.txt"].decode())
    return {name: {"text_sr": bool(held(theirs)), "ours": bool(held(ours))} for name, held in FIELDS.items()}


def _text_sr(text: str) -> Any:
    """Return a Basic Text SR of the layout that MONAI Deploy App SDK's DICOMTextSRWriterOperator writes: one container,
    one TEXT item "Narrative Summary" with the whole report, unverified. Patient, study and equipment tags are left out:
    both copy them."""
    from pydicom.dataset import Dataset
    from pydicom.sr.coding import Code

    def named(value: str, scheme: str, meaning: str) -> list[Any]:
        code, item = Code(value, scheme, meaning), Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
        return [item]

    narrative = Dataset()
    narrative.RelationshipType, narrative.ValueType = "CONTAINS", "TEXT"
    narrative.ConceptNameCodeSequence = named("111412", "DCM", "Narrative Summary")
    narrative.TextValue = text
    made = Dataset()
    made.SOPClassUID, made.Modality = "1.2.840.10008.5.1.4.1.1.88.11", "SR"
    made.VerificationFlag, made.ValueType, made.ContinuityOfContent = "UNVERIFIED", "CONTAINER", "SEPARATE"
    made.ConceptNameCodeSequence = named("18748-4", "LN", "Diagnostic Imaging Report")
    made.ContentSequence = [narrative]
    return made


def items(ds: Any) -> Iterator[Any]:
    """Yield every content item of a structured report."""
    for item in ds.get("ContentSequence", ()):
        yield item
        yield from items(item)


def concepts(ds: Any) -> set[str]:
    """Return the code values of every content item's name."""
    return {i.ConceptNameCodeSequence[0].CodeValue for i in items(ds) if "ConceptNameCodeSequence" in i}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
