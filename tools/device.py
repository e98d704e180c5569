"""Which device models run on."""

from __future__ import annotations


def best_device() -> str:
    """Return ``cuda`` when there is a GPU that torch can use, else ``cpu``."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
