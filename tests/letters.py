"""An embedder for tests of the store: real, quick, and without a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.types import Language


class LetterEmbedder:
    """A real, quick embedder by hashed words: enough to find a text by its own words."""

    languages: frozenset[Language] = frozenset({"en", "zh"})

    def __init__(self, name: str = "letters-1") -> None:
        self.name = name
        self.encoded = 0

    def encode(self, texts: Sequence[str], *, question: bool = False) -> NDArray[np.float32]:
        self.encoded += len(texts)
        vectors = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, int(hashlib.sha256(word.encode()).hexdigest(), 16) % 64] += 1
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(norms, 1e-9)
