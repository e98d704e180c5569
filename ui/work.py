"""What each command does, as data: calls public functions, returns one JSON-ready dictionary, prints nothing."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent import Session
    from agent.report.files import Hide
    from knowledge import Store
    from tools import Quantity, Registry
    from tools.registry import Installed
    from tools.scan import Scan


def registry() -> Registry:
    """Return the tools at hand, the operator's own folder included."""
    from agent.settings import Settings
    from tools import Registry

    chosen = Settings.from_environment()
    return Registry.discover(chosen.own_tools, chosen.isolate)


def answered(tool: Installed, request: Any) -> Any:
    """Return a tool's answer on the device that the operator chose. Raises its ToolError, whatever it raised itself."""
    from agent.settings import Settings
    from tools.engines.local import answer

    return answer(tool, request, Settings.from_environment().device)


def segment(
    scan_path: str,
    out: Path,
    *,
    threshold: float,
    tool: str | None,
    find: bool,
    finder: str | None = None,
    modality: str | None,
    body_part: str | None,
    point: tuple[float, ...] | None,
    box: tuple[float, ...] | None,
) -> dict[str, Any]:
    """Outline from a point, a box, a search, or by a tool that needs none; write the label file; say what is in it."""
    from tools import FindRequest, NotApplicable, SegmentRequest, load_scan
    from tools.lesions import nifti_suffix, room_for, write_labels

    nifti_suffix(out)
    scan = load_scan(scan_path, modality=modality, body_part=body_part)
    room_for(out, scan)
    known = registry()
    segmenter = chosen(known, "segment", scan, tool)
    requests: list[tuple[Any, SegmentRequest]] = []
    notes: list[str] = []
    if point is not None or box is not None:
        place = (point[0], point[1], point[2]) if point is not None else None
        corners = ((box[0], box[1], box[2]), (box[3], box[4], box[5])) if box is not None else None
        requests.append((None, SegmentRequest(scan, place, corners, threshold=threshold)))
    elif not find:
        requests.append((None, SegmentRequest(scan, threshold=threshold)))
    else:
        found = answered(chosen(known, "find", scan, finder), FindRequest(scan=scan))
        notes += [*found.notes, *found.not_assessed]
        for candidate in found.candidates:
            requests.append((candidate, SegmentRequest(scan, candidate.mask.core_mm, threshold=threshold)))
    masks: dict[int, Any] = {}
    lesions = []
    for number, (candidate, request) in enumerate(requests, start=1):
        try:
            result = answered(segmenter, request)
        except NotApplicable as error:
            if candidate is None:
                raise
            notes.append(f"Candidate {number} was not outlined: {error}")
            continue
        notes += [n for n in result.notes if n not in notes]
        for part in (result.mask, *result.parts):
            masks[len(masks) + 1 if result.parts else number] = part
            lesions.append(_outlined(len(masks) if result.parts else number, part, scan, candidate))
    write_labels(out, masks, scan)
    return {"lesions": lesions, "tool": segmenter.spec.name, "out": str(out), "notes": notes}


def _outlined(number: int, mask: Any, scan: Scan, candidate: Any) -> dict[str, Any]:
    import numpy as np

    voxel = abs(float(np.linalg.det(mask.grid_affine[:3, :3])))
    volume: dict[str, Any] = {"value": mask.count, "unit": "{voxel}"}
    if scan.has_mm:
        volume = {"value": round(mask.count * voxel, 3), "unit": "mm3"}
    centre = [round(v, 2) for v in mask.centre_mm]
    found = {"id": number, "label": mask.label, "centre_mm": centre, "volume_voxel": volume}
    if candidate is not None:
        found |= {"group": candidate.group, "rank": candidate.rank, "side": candidate.side}
    return found


def chosen(known: Registry, task: Any, scan: Scan, name: str | None) -> Installed:
    """Return the tool of a name, or the best one of a task. Raises NotApplicable when it is for another task."""
    from tools import NotApplicable

    tool = known.get(name) if name else known.best(task, scan)
    if tool.spec.task != task:
        raise NotApplicable(f"{name} is a tool to {tool.spec.task}, not to {task}.")
    return tool


def measure(
    scan_path: str, mask_path: str, modality: str | None, body_part: str | None, tool: str | None = None
) -> dict[str, Any]:
    """Measure every lesion of a label file; `tool`: another than the one that gives its size."""
    from tools import MeasureRequest, load_scan
    from tools.lesions import read_labels

    scan = load_scan(scan_path, modality=modality, body_part=body_part)
    measurer = chosen(registry(), "measure", scan, tool or "lesion-measure")
    lesions = []
    for value, mask in read_labels(mask_path, scan).items():
        result = answered(measurer, MeasureRequest(scan, mask))
        lesions.append(quantities(value, result.quantities, result.notes))
    return {"lesions": lesions, "scan": _scan(scan)}


def quantities(number: int, held: tuple[Quantity, ...], notes: tuple[str, ...]) -> dict[str, Any]:
    """Return one lesion's quantities, JSON-ready."""

    def one(q: Quantity) -> dict[str, Any]:
        return {"value": q.value, "unit": q.unit, "method": q.method, **({"note": q.note} if q.note else {})}

    return {
        "id": number,
        "quantities": {q.name: one(q) for q in held},
        "end_points_mm": {q.name: [list(p) for p in q.end_points_mm] for q in held if q.end_points_mm},
        "notes": list(notes),
    }


def _scan(scan: Scan) -> dict[str, Any]:
    return {
        "id": scan.id[:12], "shape": list(scan.shape), "spacing_mm": list(scan.spacing),
        "modality": str(scan.modality), "body_part": str(scan.body_part), "notes": list(scan.notes),
    }  # fmt: skip


def may_sign() -> None:
    """Raise NotApplicable unless the operator lets reports be signed from the command line."""
    from agent.people import at_the_machine
    from agent.settings import Settings
    from tools import NotApplicable

    if not at_the_machine(signs=Settings.from_environment().sign_from_cli).may("sign"):
        raise NotApplicable(
            "A report is signed by a reader who has logged in to the app. An operator whose machine knows its users "
            "can allow --sign with SCANWRIGHT_CLI_SIGNING=yes."
        )


def report(
    session: Session,
    out: Path,
    point: tuple[float, ...] | None,
    language: str,
    *,
    template: str | None = None,
    sign: str | None = None,
    hide: Hide | None = None,
) -> dict[str, Any]:
    """Find, outline, measure and rate what is missing in a case, compose its report, write its files.

    `sign`: the reader in whose name it is signed; whether that is allowed, `may_sign` says.
    `hide`: it is written as nobody's.
    """
    from agent.missing import run_missing
    from agent.report import write_files

    if point is not None:
        session.call("segment", point=list(point))
    notes = list(run_missing(session).notes)
    wanted = {"template": template} if template else {}
    told = session.call("write_report", language=language, **wanted)["report"]
    if sign is not None and told["status"] not in ("signed", "amended"):
        signed = session.sign_report(sign)
        told |= {"version": signed.version, "status": signed.status}
    written = write_files(session.desk, out, hide=hide)
    return {
        "case": session.case_id, "version": told["version"], "status": told["status"], "template": told["template"],
        "files": [str(f) for f in written.files], "not_written": dict(written.absent), "notes": notes,
        "problems": told["problems"],
    }  # fmt: skip


def report_versions(case: str) -> dict[str, Any]:
    """Return the versions of a case's report."""
    from agent import Session

    session = Session.open(case=case)
    return {"case": case, "versions": [dataclasses.asdict(v) for v in session.report_versions()]}


def replayed(case: str) -> dict[str, Any]:
    """Return what comes of running a case's recorded calls again, without a model; nothing is recorded."""
    from agent import Session
    from agent.replay import replay

    found = replay(Session.open(case=case))
    return {"case": case, "holds": found.holds, **dataclasses.asdict(found)}


def report_changes(case: str, before: int, after: int) -> dict[str, Any]:
    """Return what two versions of a case's report do not share."""
    from agent import Session

    found = Session.open(case=case).report_diff(before, after)
    return {"case": case, "before": before, "after": after, "changes": [dataclasses.asdict(c) for c in found]}


def verify(report_file: Path, evidence_file: Path) -> list[str]:
    """Return the problems of a report against its evidence."""
    from agent import UngroundedAnswer
    from agent import verify as check
    from agent.report.read_back import is_page, to_markdown

    try:
        markdown = report_file.read_text(encoding="utf-8")
        data = json.loads(evidence_file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise UngroundedAnswer("The file is not UTF-8 text. Give report.md and evidence.json as exported.") from error
    except ValueError as error:
        raise UngroundedAnswer(f"The evidence file is not JSON ({error}). Give the exported evidence.json.") from error
    except OSError as error:
        raise UngroundedAnswer(f"A file could not be read ({error.strerror}). Check both paths.") from error
    if not isinstance(data, dict):
        raise UngroundedAnswer("The evidence file is not a JSON object. Give the exported evidence.json.")
    if is_page(markdown):
        markdown = to_markdown(markdown)
    return check(markdown, data)


def guideline(question: str, count: int, store: Store) -> dict[str, Any]:
    """Return passages for a question; `not_held` names well-known guidelines it asks for that are not here."""
    from knowledge import search
    from knowledge.search import missing

    found = search(question, k=count, store=store)
    absent = list(missing(question, store=store))
    return {"passages": [dataclasses.asdict(p) for p in found]} | ({"not_held": absent} if absent else {})


def ingest(files: list[Path], store: Store, rank: int, title: str, edition: str) -> dict[str, Any]:
    """Take documents into the search; return them as they are listed."""
    from knowledge.documents import Stated
    from knowledge.ingest import ingest as take

    stated = Stated(rank=rank, title=title, edition=edition)
    taken = {take(file, store, stated).name for file in files}
    return {"documents": [d for d in list_documents(store)["documents"] if d["name"] in taken]}


def list_documents(store: Store) -> dict[str, Any]:
    """Return the reader's own documents, those that cannot be read with their reason."""
    from knowledge.ingest import documents

    return {"documents": [dataclasses.asdict(d) for d in documents(store)]}


def document_line(document: dict[str, Any]) -> str:
    """Return a document as one line of the list."""
    if document["broken"]:
        return f"{document['name']}: left out: {document['broken']}"
    pages = f", {document['pages']} pages" if document["pages"] else ""
    edition = f" {document['edition']}" if document["edition"] else ""
    return (
        f"{document['name']}: {document['title']}{edition}, {document['passages']} passages{pages}, "
        f"rank {document['rank']}"
    )


def remove_document(name: str, store: Store) -> dict[str, Any]:
    """Take a document out of the search; return what is left."""
    from knowledge.ingest import remove

    remove(name, store)
    return list_documents(store)


def criteria(name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Apply a table; texts in both languages."""
    from knowledge import assess

    found = assess(name, **inputs)
    return {
        "guideline": name, "category": found.category, "action": found.action.get("en"),
        "action_zh": found.action.get("zh"), "row": found.row, "cites": list(found.cites),
        "needs": [n.name for n in found.needs], "questions": [n.question["en"] for n in found.needs],
        "out_of_scope": found.out_of_scope.get("en"), "caveats": [c["en"] for c in found.caveats],
        "used": found.used,
    }  # fmt: skip


def list_tools() -> dict[str, Any]:
    """Return the installed tools, briefly, and the broken ones."""
    known = registry()
    brief = ("name", "task", "version", "summary", "modalities", "body_parts")
    tools = [{k: getattr(s, k) for k in brief} for s in known.specs]
    return {"tools": tools, "broken": known.broken, "not_fetched": known.waiting}


def show_tool(name: str) -> dict[str, Any]:
    """Return everything a tool says of itself, and what its results may be used for."""
    from ui.tools_panel import standing

    tool = registry().get(name)
    data = dataclasses.asdict(tool.spec)
    data["accuracy"] = [dataclasses.asdict(a) for a in tool.spec.accuracy]
    return {**data, "standing": standing(tool)}
