"""The whole app behind logins with one reader's case in it, and every route that it answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agent.workspace import Workspace
from tools.phantom import Sphere, chest_phantom
from ui.login import SESSION, Login, reader_id
from ui.rooms import Rooms

ANNA, BERT, OLGA = reader_id("anna"), reader_id("bert"), reader_id("olga")
SCAN, MASKS = chest_phantom((Sphere((70.0, 0.0, 0.0), 18.0),), spacing=(8.0, 8.0, 12.0))
SAMPLES = {
    "case_id": "{case}", "plane": "axial", "index": "3", "name": "E1", "path": "etc/passwd", "batch": "abcdef0123",
    "number": "0", "session_hash": "abc123", "event_id": "abc", "api_name": "predict",
}  # fmt: skip


@dataclass
class House:
    """The whole app behind logins, Anna's case in it, and a browser."""

    client: Any
    workspace: Workspace
    rooms: Rooms
    login: Login
    case: str
    app: Any

    def become(self, name: str | None) -> None:
        """Log the browser in as somebody, or out."""
        self.client.cookies.clear()
        if name is not None:
            self.client.cookies.set(SESSION, self.login.start(name))


def routes(app: Any) -> set[tuple[str, str]]:
    """Every method and path that anything in the app answers, Gradio's and mounted ones too."""
    found: set[tuple[str, str]] = set()

    def walk(router: Any, before: str) -> None:
        for route in getattr(router, "routes", ()):
            inner = getattr(route, "original_router", None) or getattr(route, "app", None)
            if hasattr(inner, "routes") and not getattr(route, "methods", None):
                walk(inner, before + getattr(route, "path", ""))
                continue
            assert getattr(route, "methods", None), f"a route of another kind: {route!r}"
            found.update((method, before + route.path) for method in route.methods)

    walk(app, "")
    return found


def filled(path: str, case: str) -> str:
    """A path with something plausible for each of its parts."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda m: SAMPLES.get(m[1], "x").format(case=case), path)
