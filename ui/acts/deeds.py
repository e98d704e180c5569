"""What the page's scripts may ask for, by name, and what each must bring along: nothing else passes.

The border between a browser's JSON and the acts: types are checked here, sizes too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ui.acts.every import Acts
from ui.acts.stage import Update

MOST_TEXT = 20_000
_NUMBERS = (int, float)
_PLACE = {"plane": str, "index": int, "across": float, "down": float}
_SPAN = {"plane": str, "index": int, "left": float, "top": float, "right": float, "bottom": float}

DEEDS: dict[str, tuple[Callable[..., Iterator[Update]], dict[str, type]]] = {
    "pick": (Acts.click, _PLACE),
    "box": (Acts.box, _SPAN),
    "refine": (Acts.refine, {"lesion": int, **_PLACE, "keep": bool}),
    "paint": (Acts.paint, {"lesion": int, "plane": str, "index": int, "path": list, "radius": float, "erase": bool}),
    "undo": (Acts.undo, {}),
    "judge": (Acts.judge, {"lesion": int, "status": str, "reason": str}),
    "ruler": (Acts.ruler, _SPAN),
    "focus": (Acts.focus, {"lesion": int}),
    "name": (Acts.name, {"lesion": int, "name": str}),
    "colour": (Acts.colour, {"lesion": int, "colour": str}),
    "measure": (Acts.measure, {"lesion": int}),
    "declare": (Acts.state_scan, {"modality": str, "body_part": str}),
    "say": (Acts.ask, {"text": str}),
    "decide": (Acts.decide, {"decision": str}),
    "arrived": (Acts.arrived, {"batch": str, "role": str}),
    "series": (Acts.series, {"number": int}),
    "phantom": (Acts.phantom, {}),
    "reopen": (Acts.reopen, {"case": str}),
    "delete": (Acts.delete, {"case": str}),
    "look_for": (Acts.look_for, {"text": str}),
    "share": (Acts.share, {"case": str, "name": str, "level": str}),
    "unshare": (Acts.unshare, {"case": str, "reader": str}),
    "context": (Acts.context, {"given": dict}),
    "prior_report": (Acts.prior_report, {"text": str}),
    "look_up": (Acts.look_up, {"question": str}),
    "forget": (Acts.forget, {"name": str}),
    "panel": (Acts.panel, {"name": str}),
    "edit": (Acts.edit, {"statement": str, "section": str, "text": str}),
    "sign": (Acts.sign, {}),
    "language": (Acts.language, {"language": str}),
    "endpoint": (Acts.endpoint, {"base_url": str, "model": str, "api_key": str}),
    "allow": (Acts.allow, {"name": str, "yes": str}),
    "reader_add": (Acts.reader_add, {"name": str, "password": str, "roles": str}),
    "reader_roles": (Acts.reader_roles, {"name": str, "roles": str}),
    "reader_password": (Acts.reader_password, {"name": str, "password": str}),
    "reader_remove": (Acts.reader_remove, {"name": str}),
}


def deed(acts: Acts, owner: str | None, sent: Any) -> Iterator[Update]:
    """Run the act that a script asked for; what is not known, or not whole, does nothing."""
    name = sent.get("do") if isinstance(sent, Mapping) else None
    if not isinstance(name, str) or name not in DEEDS:
        return
    act, takes = DEEDS[name]
    given = {key: _taken(sent.get(key), kind) for key, kind in takes.items()}
    if all(value is not None for value in given.values()):
        yield from act(acts, owner, **given)


def _taken(value: Any, kind: type) -> Any:
    """Return a value as the type that is due, or None."""
    if kind is bool or kind is dict or kind is list:
        return value if isinstance(value, kind) else None
    if kind is str:
        return value if isinstance(value, str) and len(value) <= MOST_TEXT else None
    if isinstance(value, str):  # a data attribute is always a text
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, _NUMBERS) or not math.isfinite(value):
        return None
    return kind(value)
