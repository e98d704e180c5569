"""The two doors through which a case's bytes leave: slices and report files, each opened only to the case's owner."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, HTTPException, Request, Response

from agent.events import AgentError, UnknownCase
from agent.session import Session
from agent.workspace import Workspace
from tools.scan import ScanError
from ui.cookie import owner_of
from ui.viewer.pictures import Pictures

PRIVATE = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}
"""Kept in no cache, and shown in no other site's page."""
FILES = {"report.md": "text/markdown; charset=utf-8", "evidence.json": "application/json"}


def add_routes(app: FastAPI, workspace: Workspace, pictures: Pictures) -> None:
    """Add the routes to an app."""
    def check(request: Request, case_id: str) -> str:
        """Return the owner. 403 without a cookie; 404 for a case that is not this browser's, or that is not there."""
        owner = owner_of(request.cookies)
        if owner is None:
            raise HTTPException(403, "This browser has no session here. Open the app's first page.")
        try:
            workspace.cases.get(case_id, owner)
        except UnknownCase as error:
            raise HTTPException(404, str(error)) from None
        return owner

    def view(request: Request, case_id: str, plane: str, index: int, window: str = "", plain: bool = False) -> Response:
        check(request, case_id)
        try:
            picture = pictures.png(case_id, plane, index, window, plain=plain)
        except (ValueError, ScanError) as error:
            raise HTTPException(404, str(error)) from None
        return Response(picture, media_type="image/png", headers=PRIVATE)

    def file(request: Request, case_id: str, name: str) -> Response:
        owner = check(request, case_id)
        if name not in FILES:
            raise HTTPException(404, f"The files are {', '.join(FILES)}.")
        session = Session.open(case=case_id, owner=owner, workspace=workspace)
        try:
            written = session.export_files(workspace.cases.case_folder(case_id) / "report")
        except AgentError as error:
            raise HTTPException(404, str(error)) from None
        path: Path | None = next((p for p in written if p.name == name), None)
        if path is None:
            raise HTTPException(404, f"The report came without {name}.")
        saved = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(path.read_bytes(), media_type=FILES[name], headers=saved)

    app.add_api_route("/view/{case_id}/{plane}/{index}.png", view, response_class=Response)
    app.add_api_route("/files/{case_id}/{name}", file, response_class=Response)
