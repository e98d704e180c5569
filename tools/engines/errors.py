"""What an engine itself can fail with; a tool's own errors go through it unchanged.

ToolFailed
└── EngineError          work could not be handed to a tool, or its answer not be had
    ├── NoEngine         an engine of that name, or the package it needs, is not here
    ├── EngineDown       the cluster cannot be reached, or was lost in the middle
    └── MixedVersions    a worker has another Scanwright, another version of the tool, or other weights
"""

from __future__ import annotations

from tools import contract
from tools.contract import ToolError, ToolFailed


class EngineError(ToolFailed):
    """Work could not be handed to a tool, or its answer could not be had."""


class NoEngine(EngineError):
    """An engine of that name, or the package it needs, is not here."""


class EngineDown(EngineError):
    """The cluster cannot be reached, or was lost in the middle of the work."""


class MixedVersions(EngineError):
    """A worker has another Scanwright, another version of the tool, or other weights than the app."""


_OWN = {kind.__name__: kind for kind in (EngineError, NoEngine, EngineDown, MixedVersions)}
_TOOLS = ("UnknownTool", "NotApplicable", "MissingSpacing", "ToolFailed", "Cancelled")


def error_of(kind: str, text: str) -> ToolError:
    """Return the error of a name and a message that came from elsewhere; a name unknown here is a ToolFailed."""
    made = _OWN.get(kind) or getattr(contract, kind if kind in _TOOLS else "ToolFailed")
    return made(text)  # type: ignore[no-any-return]


def named(error: ToolError) -> tuple[str, str]:
    """Return an error's name and message for the way: its nearest class that the other side knows."""
    known = (kind.__name__ for kind in type(error).__mro__ if kind.__name__ in (*_OWN, *_TOOLS))
    return next(known, "ToolFailed"), str(error)
