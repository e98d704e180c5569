"""A bundle's weights by their hash: pinned by the bundle, or at first sight, and refused when they change.

Safetensors are preferred; a ``.pt`` is read as weights only, which runs no code. TorchScript is refused: it is a
program.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from tools.bundles.expressions import Refused
from tools.contract import ToolFailed
from tools.weights import pinned

PINS = "bundle_pins.json"
_NAMES = ("model.safetensors", "model.pt", "model.pth")


def weights_file(folder: Path) -> Path:
    """Return the file of a bundle's weights. Raises Refused."""
    for name in _NAMES:
        if (folder / "models" / name).is_file():
            return folder / "models" / name
    if (folder / "models" / "model.ts").is_file():
        raise Refused("its weights are TorchScript, which is a program; save them as models/model.safetensors")
    raise Refused(f"it has no weights; expected is one of {', '.join('models/' + n for n in _NAMES)}")


def pin(folder: Path, book: Path | None) -> str:
    """Return the sha256 that a bundle's weights must have: noted in `book` when they were first seen, or now.

    Args:
        folder: the bundle.
        book: the JSON file of pins; None: nothing is noted.
    """
    key = folder.name
    noted = _read(book)
    if key in noted:
        return noted[key]
    seen = sha256_of(weights_file(folder))
    if book is not None:
        _write(book, {**noted, key: seen})
    return seen


def renew(folder: Path, book: Path) -> str:
    """Pin a bundle's weights as they are now."""
    seen = sha256_of(weights_file(folder))
    _write(book, {**_read(book), folder.name: seen})
    return seen


def sha256_of(path: Path) -> str:
    """Return a file's sha256."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def read_weights(folder: Path, sha256: str | None, name: str) -> dict[str, Any]:
    """Return the state of a bundle's network as tensors by name. Raises ToolFailed or Refused."""
    path = weights_file(folder)
    content = pinned(path, sha256, name)
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load

        try:
            return dict(load(content))
        except SafetensorError as error:
            raise ToolFailed(f"{name}'s weights are not safetensors ({error}).") from error
    import io
    import warnings

    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old pickle protocols: what is not tensors is refused anyway
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (torch.serialization.pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:  # type: ignore[attr-defined]
        raise ToolFailed(
            f"{name}'s weights hold more than tensors, or are damaged; nothing in them was run. "
            "Save them as safetensors."
        ) from error
    for inner in ("model", "state_dict", "network"):
        if isinstance(state, dict) and isinstance(state.get(inner), dict):
            state = state[inner]
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise ToolFailed(f"{name}'s weights are not tensors by name. Save the network's state as safetensors.")
    return dict(state)


def _read(book: Path | None) -> dict[str, str]:
    if book is None or not book.is_file():
        return {}
    try:
        data = json.loads(book.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Refused(f"{book.name} is damaged; take it away to pin all weights anew") from error
    return {str(k): str(v) for k, v in data.items()} if isinstance(data, dict) else {}


def _write(book: Path, pins: dict[str, str]) -> None:
    draft = book.with_suffix(".draft")
    draft.write_text(json.dumps(pins, indent=1, sort_keys=True), encoding="utf-8")
    os.replace(draft, book)
