"""The doors through which a case's bytes leave: slices, what lies over them, volumes and report files.

Each is opened only to the case's owner.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from agent.events import AgentError, UnknownCase
from agent.record import Record
from agent.session import Session
from agent.workspace import Workspace
from tools.evidence import EvidenceError
from tools.scan import ScanError
from ui.viewer.pictures import Pictures

PRIVATE = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}
"""Kept in no cache, and shown in no other site's page."""
MOST_WIDTH = 20_000.0
"""Widest window: more than any modality's range of values."""
TYPES = {
    ".md": "text/markdown; charset=utf-8", ".json": "application/json", ".html": "text/html; charset=utf-8",
    ".pdf": "application/pdf", ".dcm": "application/dicom",
    ".txt": "text/plain; charset=utf-8",
}  # fmt: skip
"""Kinds of report files that are handed out, by suffix."""

Who = Callable[[Request], str | None]


def add_routes(app: FastAPI, workspace: Workspace, pictures: Pictures, who: Who) -> None:
    """Add the routes to an app; `who` names the owner that a request comes from."""

    def check(request: Request, case_id: str) -> str:
        """Return the owner. 403 without a cookie; 404 for a case that is not this browser's, or that is not there."""
        owner = who(request)
        if owner is None:
            raise HTTPException(403, "This browser has no session here. Open the app's first page.")
        try:
            workspace.cases.get(case_id, owner)
        except UnknownCase as error:
            raise HTTPException(404, str(error)) from None
        return owner

    _add_viewer(app, pictures, check)
    _add_record(app, workspace, check)


def _add_viewer(app: FastAPI, pictures: Pictures, check: Callable[[Request, str], str]) -> None:
    def view(
        request: Request, case_id: str, plane: str, index: int, window: str = "", plain: bool = False,
        centre: float | None = None, width: float | None = None, prior: int = 0,
    ) -> Response:  # fmt: skip
        check(request, case_id)
        free = (centre, width) if centre is not None and width is not None and 0 < width <= MOST_WIDTH else None
        png = _found(lambda: pictures.png(case_id, plane, index, free or window, plain=plain, prior=prior))
        return Response(png, media_type="image/png", headers=PRIVATE)

    def marks(request: Request, case_id: str, plane: str, index: int, response: Response, prior: int = 0) -> Any:
        check(request, case_id)
        response.headers.update(PRIVATE)
        return _found(lambda: pictures.marks(case_id, plane, index, prior))

    def probe(
        request: Request, case_id: str, plane: str, index: int, across: float, down: float, response: Response,
        prior: int = 0,
    ) -> Any:  # fmt: skip
        check(request, case_id)
        response.headers.update(PRIVATE)
        return _found(lambda: pictures.probe(case_id, plane, index, across, down, prior))

    def volume(request: Request, case_id: str) -> Response:
        from ui.viewer.volume import nifti

        check(request, case_id)
        packed = _found(lambda: nifti(pictures.scan(case_id)))
        return Response(packed, media_type="application/octet-stream", headers=PRIVATE)

    def labels(request: Request, case_id: str) -> Response:
        from ui.viewer.volume import nifti_labels

        check(request, case_id)
        packed = _found(lambda: nifti_labels(pictures, case_id))
        return Response(packed, media_type="application/octet-stream", headers=PRIVATE)

    app.add_api_route("/view/{case_id}/{plane}/{index}.png", view, response_class=Response)
    app.add_api_route("/marks/{case_id}/{plane}/{index}.json", marks)
    app.add_api_route("/probe/{case_id}/{plane}/{index}.json", probe)
    app.add_api_route("/volume/{case_id}/scan.nii", volume, response_class=Response)
    app.add_api_route("/volume/{case_id}/lesions.nii", labels, response_class=Response)


def _add_record(app: FastAPI, workspace: Workspace, check: Callable[[Request, str], str]) -> None:
    def evidence(request: Request, case_id: str, name: str, response: Response) -> Any:
        from ui.ledger import evidence_card

        check(request, case_id)
        response.headers.update(PRIVATE)
        record = Record.of(workspace.evidence.case(case_id))
        item = record.by_id.get(name)
        if item is None:
            raise HTTPException(404, f"{name} is not in this case.")
        return {"html": evidence_card(item, record), "kind": item.kind, "lesion": item.inputs.get("lesion")}

    def file(request: Request, case_id: str, name: str, told: bool = False) -> Response:
        from agent.report.files import WRITERS, make_files

        owner = check(request, case_id)
        writer = next((w for w in WRITERS if name in w.names), None)
        if writer is None:
            raise HTTPException(404, f"The files are {', '.join(n for w in WRITERS for n in w.names)}.")
        session = Session.open(case=case_id, owner=owner, workspace=workspace)
        made = _found(lambda: make_files(session.desk, writer.format))
        if name not in made.files:
            why = f"{name} was not written: {made.absent.get(name, 'it could not be made')}"
            if told:  # the page asks so, and shows it; for it this is no broken link
                return JSONResponse({"detail": why}, headers={**PRIVATE, "X-Absent": "yes"})
            raise HTTPException(404, why)
        saved = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(made.files[name], media_type=TYPES[Path(name).suffix], headers=saved)

    app.add_api_route("/evidence/{case_id}/{name}", evidence)
    app.add_api_route("/files/{case_id}/{name}", file, response_class=Response)


def _found(make: Callable[[], Any]) -> Any:
    """Return what is made; what is not there is not found."""
    try:
        return make()
    except (ValueError, ScanError, AgentError, EvidenceError) as error:
        raise HTTPException(404, str(error)) from None
