"""Why a classifier gave its score: a map over the picture, kept with the case. Explanation, never evidence.

The picture's name is the hash of its content; a model is told that name and what the map is, never pixels or a path.
"""

from __future__ import annotations

import hashlib
import io
from typing import Any

from agent.cases import Cases
from agent.toolset.desk import Desk
from tools.blobs import Blobs
from tools.contract import ClassifyRequest, NotApplicable

FOLDER = "explanations"


def explained(desk: Desk, request: ClassifyRequest, name: str) -> dict[str, Any]:
    """Draw the map of a classifier's score on a lesion, keep the picture, and return its name and what it is."""
    from PIL import Image

    from tools.explain import explain, picture

    tool = desk.workspace.registry.get(name)
    made = explain(tool, request, progress=lambda f, phrase: desk.on_progress("classify", f, phrase))
    content = io.BytesIO()
    Image.fromarray(picture(made)).save(content, "PNG")
    file = f"{hashlib.sha256(content.getvalue()).hexdigest()[:24]}.png"
    _kept(desk.workspace.cases, desk.case_id).put(file, content.getvalue())
    return {"picture": file, "note": made.note, "evidence": False}


def picture_of(cases: Cases, case_id: str, name: str) -> bytes:
    """Return a picture of a case, a PNG, for whoever shows it. Raises NotApplicable for a name it has not."""
    kept = _kept(cases, case_id)
    if name not in kept.names():
        raise NotApplicable(f"This case has no explanation {name!r}. Ask again what the tool looked at.")
    return kept.get(name)


def _kept(cases: Cases, case_id: str) -> Blobs:
    return cases.files(case_id).under(FOLDER)
