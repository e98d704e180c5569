"""Weights that are what they are said to be: read whole, their sha256 checked, before anything is made of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tools.contract import ToolFailed


def pinned(path: Path, sha256: str | None, tool: str) -> bytes:
    """Return a weights file's content.

    Args:
        path: the safetensors file.
        sha256: the hash that is due.
        tool: whose weights they are, for the message.

    Raises:
        ToolFailed: the file cannot be read, or is another.
    """
    try:
        content = path.read_bytes()
    except OSError as e:
        raise ToolFailed(f"{tool} has no readable weights ({type(e).__name__}). Reinstall Scanwright.") from e
    seen = hashlib.sha256(content).hexdigest()
    if seen != sha256:
        raise ToolFailed(
            f"{tool}'s weights have the sha256 {seen[:12]}…; {str(sha256)[:12]}… is due. They were changed or damaged "
            "and are not used: reinstall Scanwright, or pin the hash of weights you trained."
        )
    return content
