"""Errors of fetching; the tree is drawn in the package's docstring."""

from __future__ import annotations

from tools.contract import ToolError


class FetchFailed(ToolError):
    """It could not be had, or is not what was expected."""


class NotFetched(FetchFailed):
    """A tool's weights are not here yet."""
