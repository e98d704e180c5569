"""The doors through which bytes come in: files of an upload; and the 3-D viewer's own script, where it was fetched.

Each takes from a browser that is known only. Knows no scan.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response

from agent.workspace import Workspace
from tools.scan import UnreadableScan
from ui.meters import Meters, TooMuch
from ui.uploads import GB, TooLarge, Uploads, too_large

_SPARE_BYTES = 500_000_000
"""Left free on the disk: a full one would stop every case of the machine."""


def add_doors(app: FastAPI, workspace: Workspace, who: Callable[[Request], str | None], meters: Meters) -> None:
    """Add the routes to an app; `who` names the reader that a request comes from, `meters` holds what they may send."""
    most = int(workspace.settings.limits.upload_file_gb * GB)
    uploads = Uploads(workspace.settings.home, most)

    async def upload(request: Request, batch: str, number: int, name: str = "file") -> Any:
        owner = who(request)
        if owner is None:
            raise HTTPException(403, "This browser has no session here. Open the app's first page.")
        said = request.headers.get("content-length") or "0"
        _check_room(workspace, int(said) if said.isascii() and said.isdigit() else 0, most)
        try:
            meters.upload_files.take(owner)
            size = await uploads.take(owner, batch, number, name, _measured(request.stream(), owner, meters))
        except TooMuch as error:
            raise HTTPException(429, str(error), {"Retry-After": str(int(error.wait_s) + 1)}) from None
        except TooLarge as error:
            raise HTTPException(413, str(error)) from None
        except UnreadableScan as error:
            raise HTTPException(400, str(error)) from None
        except OSError as error:
            raise HTTPException(507, f"The file could not be kept ({error.strerror}). Free some space.") from None
        return {"bytes": size}

    def script() -> Response:
        from ui.viewer.niivue import bundle

        place = bundle(workspace.settings.home)
        if place is None:
            raise HTTPException(404, "The 3-D viewer was not fetched at set-up; everything but 3-D works.")
        kept = {"Cache-Control": "public, max-age=86400"}
        return Response(place.read_bytes(), media_type="text/javascript", headers=kept)

    app.add_api_route("/upload/{batch}/{number}", upload, methods=["POST"])
    app.add_api_route("/niivue.js", script, response_class=Response)


async def _measured(body: AsyncIterator[bytes], owner: str, meters: Meters) -> AsyncIterator[bytes]:
    """Yield what is sent as it comes, counting it for its reader."""
    async for chunk in body:
        meters.upload_gb.take(owner, len(chunk) / GB)
        yield chunk


def _check_room(workspace: Workspace, size: int, most: int) -> None:
    if size > most:
        raise HTTPException(413, too_large(most))
    if shutil.disk_usage(workspace.settings.home).free < size + _SPARE_BYTES:
        raise HTTPException(507, "There is not enough space for this file. Delete old cases, or ask the operator.")
