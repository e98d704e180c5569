"""The doors through which a case's bytes leave: slices, what lies over them, volumes, explanations, report files.

Each is opened only to the case's owner and those it is shared with; the audit log only to an operator.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from agent.events import AgentError, NoRight, UnknownCase
from agent.record import Record
from agent.session import Session
from agent.workspace import Workspace
from tools.contract import NotApplicable, StateDown
from tools.evidence import EvidenceError
from tools.scan import ScanError
from ui.login import Login
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


def add_routes(app: FastAPI, workspace: Workspace, pictures: Pictures, login: Login) -> None:
    """Add the routes to an app; `login` says who a request comes from."""

    def check(request: Request, case_id: str) -> str:
        """Return the reader. 403 without a cookie; 404 for a case that they may not see, or that is not there."""
        owner = login.owner(request)
        if owner is None:
            raise HTTPException(403, "This browser has no session here. Open the app's first page.")
        try:
            workspace.admit(case_id, owner)
        except UnknownCase as error:
            raise HTTPException(404, str(error)) from None
        return owner

    tell_down(app)
    _add_viewer(app, pictures, check)
    _add_record(app, workspace, check)
    _add_log(app, workspace, login)


def tell_down(app: FastAPI) -> None:
    """Make an app answer 503 with what is to be done where the database or the store of the cases is away."""

    def told(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 503)

    app.add_exception_handler(StateDown, told)


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

    def explained(request: Request, case_id: str, name: str) -> Response:
        from agent.toolset.why import picture_of

        check(request, case_id)
        png = _found(lambda: picture_of(workspace.cases, case_id, name))
        return Response(png, media_type="image/png", headers=PRIVATE)

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
    app.add_api_route("/explained/{case_id}/{name}", explained, response_class=Response)
    app.add_api_route("/files/{case_id}/{name}", file, response_class=Response)


def _add_log(app: FastAPI, workspace: Workspace, login: Login) -> None:
    def log(request: Request) -> Response:
        owner = login.owner(request)
        if owner is None:
            raise HTTPException(403, "This browser has no session here. Open the app's first page.")
        try:
            login.person(owner).check("read the log")
        except NoRight as error:
            raise HTTPException(403, str(error)) from None
        workspace.audit.add(owner, "log exported")
        lines = "".join(f"{json.dumps(asdict(line), ensure_ascii=False)}\n" for line in workspace.audit.lines())
        saved = {**PRIVATE, "Content-Disposition": 'attachment; filename="audit.jsonl"'}
        return Response(lines, media_type="application/x-ndjson", headers=saved)

    app.add_api_route("/audit.jsonl", log, response_class=Response)


def _found(make: Callable[[], Any]) -> Any:
    """Return what is made; what is not there is not found."""
    try:
        return make()
    except (ValueError, ScanError, AgentError, EvidenceError, NotApplicable) as error:
        raise HTTPException(404, str(error)) from None
