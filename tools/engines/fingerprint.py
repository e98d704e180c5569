"""What a worker's tool must share with the app's before it may answer: Scanwright, version, weights and code."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from tools.registry import Installed

Fingerprint = dict[str, str]

_WORDS = {"scanwright": "Scanwright", "version": "version", "weights": "weights", "code": "code"}


def fingerprint(tool: Installed) -> Fingerprint:
    """Return what identifies a tool on a machine, as plain text."""
    return {
        "scanwright": _scanwright(),
        "version": tool.spec.version,
        "weights": (tool.spec.weights_sha256 or "none")[:12],
        "code": tool.code,
    }


def short(*what: object) -> str:
    """Return eight hexadecimal digits that differ when any part does."""
    return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()[:8]


def differences(name: str, app: Fingerprint, worker: Fingerprint) -> str:
    """Return the sentence that says in what a worker differs from the app, or an empty text."""
    said = [
        f"{word} {worker.get(key, 'unknown')} where the app has {app.get(key, 'unknown')}"
        for key, word in _WORDS.items()
        if worker.get(key) != app.get(key)
    ]
    if not said:
        return ""
    return (
        f"A worker of the cluster has another {name}: {'; '.join(said)}. Nothing was recorded. Install the same "
        "Scanwright and the same tools folder on every machine of the cluster, then ask again."
    )


@cache
def _scanwright() -> str:
    try:
        return version("scanwright")
    except PackageNotFoundError:
        return "not installed"
