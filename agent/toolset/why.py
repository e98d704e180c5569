"""Why a classifier gave its score: a map over the picture, kept in the case's folder. Explanation, never evidence.

The picture's name is the hash of its content; a model is told that name and what the map is, never pixels or a path.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

from agent.toolset.desk import Desk
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
    folder = desk.workspace.cases.case_folder(desk.case_id) / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / file).write_bytes(content.getvalue())
    return {"picture": file, "note": made.note, "evidence": False}


def picture_file(desk: Desk, name: str) -> Path:
    """Return where a picture of this case lies, for whoever shows it. Raises NotApplicable for a name it has not."""
    folder = desk.workspace.cases.case_folder(desk.case_id) / FOLDER
    found = next((p for p in sorted(folder.glob("*.png")) if p.name == name), None)
    if found is None:
        raise NotApplicable(f"This case has no explanation {name!r}. Ask again what the tool looked at.")
    return found
