"""Why a tool gave no answer, or a place that holds its results did not.

    ToolError
    ├── UnknownTool        no tool of that name or task
    ├── NotApplicable      the request is outside the tool's scope (modality, body part, place)
    ├── MissingSpacing     the answer needs millimetres and the image has none
    ├── ToolFailed         the tool itself broke, or answered nonsense
    │   └── EngineError    what runs it cannot be reached, or lacks something (in `engines`)
    ├── EvidenceError      the record does not hold what was asked for (in `evidence`)
    └── Cancelled          the reader stopped it
"""

from __future__ import annotations


class ToolError(Exception):
    """A tool could not answer. The message says what was seen, what is allowed, and what to do next."""


class UnknownTool(ToolError):
    """No tool of that name or task."""


class NotApplicable(ToolError):
    """The request is outside the tool's scope."""


class MissingSpacing(ToolError):
    """The answer needs millimetres and the image has none."""


class ToolFailed(ToolError):
    """The tool itself broke, or answered nonsense."""


class Cancelled(ToolError):
    """The reader stopped the work."""


class StateDown(ToolError):
    """The database or the store that cases are kept in cannot be reached; what was recorded before is kept."""
