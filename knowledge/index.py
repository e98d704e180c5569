"""What a Chroma collection of passages holds and how it is checked, wherever it lies.

`FolderIndex` (index_folder.py) and `ServerIndex` (index_server.py) say where. Both hold the same under a name that
covers every text and the embedder, and both build under a draft's name and rename: so a half-written index is never
found under the name that is looked for, and two processes that build at once cost time and nothing else. An index is
derived: whatever is wrong with one, it is dropped and built again. Knows no document and no question.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.embed import Embedder

Progress = Callable[[float, str], None]

COLLECTION = "passages"
_BATCH = 32
"""Texts embedded between two progress reports."""
_PAGE = 200
"""Texts read back at once: SQLite below Chroma limits how many."""
UNRELATED = (
    "How do I bake bread?", "The train leaves at noon from platform two.", "What is the weather like tomorrow?",
    "My computer does not start any more.", "Who painted this picture?", "Blood pressure tablets in the morning",
    "The patient has a sore throat.", "Exercises for a stiff back",
)  # fmt: skip
"""Questions from elsewhere, some of them medical: how near they come tells what an embedder's similarity is worth."""
_EXACT = {"hnsw:construction_ef": 400, "hnsw:search_ef": 2000, "hnsw:M": 32}
"""So wide a search that the graph gives the same answer as comparing with every vector, in well under a millisecond for
a few thousand texts: with Chroma's defaults (100, 100, 16) two builds of one library differed in their answers."""
_SAME = 0.99
"""Cosine similarity from which a stored vector counts as found again."""


@dataclass(frozen=True)
class Entry:
    """One vector of the index: a section's text, or one way people ask for it."""

    id: str
    key: str
    text: str


class Index(ABC):
    """An open collection, or none yet. Not safe between threads: the store locks."""

    def __init__(self, embedder: Embedder) -> None:
        """Take who embeds; nothing is opened yet."""
        self.embedder = embedder
        self._client: Any = None
        self._collection: Any = None

    @property
    def is_open(self) -> bool:
        """Whether it can be queried."""
        return self._collection is not None

    @abstractmethod
    def open(self, name: str, entries: Sequence[Entry]) -> bool:
        """Open and check the collection; drop a damaged one. Return whether it can be used."""

    @abstractmethod
    def build(self, name: str, entries: Sequence[Entry], report: Progress) -> None:
        """Embed every entry and keep the collection under `name`, complete or not at all."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Let go of the collection and take it away, so that it is built anew."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections."""

    def query(self, vector: NDArray[np.float32], count: int, names: Sequence[str] | None) -> dict[str, float]:
        """Return cosine similarity by entry id for the `count` entries nearest to a unit vector."""
        answer = self._collection.query(
            query_embeddings=[vector.tolist()],
            n_results=count,
            where={"guideline": {"$in": list(names)}} if names is not None else None,
            include=["distances"],
        )
        return {
            name: 1.0 - float(away) for name, away in zip(answer["ids"][0], answer["distances"][0], strict=True)
        }

    def level(self, similarity: float) -> float:
        """Return a similarity on the scale of the score: 0 as near as a question from elsewhere, 1 the text itself."""
        background = float((self._collection.metadata or {}).get("background", 0.0)) if self.is_open else 0.0
        return (similarity - background) / (1.0 - background)

    def _metadata(self, name: str, vectors: NDArray[np.float32]) -> dict[str, str | float]:
        """Return what the collection says of itself; `background` makes embedders comparable, see `Index.level`."""
        nothing = self.embedder.encode(UNRELATED, question=True)
        nearest = (nothing @ vectors.T).max(axis=1) if len(vectors) else np.zeros(1)
        background = float(np.clip(nearest.mean(), 0.0, 0.95))
        said: dict[str, str | float] = {"embedder": self.embedder.name, "content": name, "background": background}
        return said | {"hnsw:space": "cosine"} | _EXACT

    def _check(self, name: str, entries: Sequence[Entry]) -> None:
        """Compare what the collection holds with what it should. Raises ValueError."""
        meta = self._collection.metadata or {}
        if (meta.get("embedder"), meta.get("content")) != (self.embedder.name, name):
            raise ValueError(f"it is of embedder {meta.get('embedder')!r}, not {self.embedder.name!r}")
        held: dict[str, str] = {}
        for start in range(0, self._collection.count(), _PAGE):
            page = self._collection.get(limit=_PAGE, offset=start, include=["documents"])
            held |= dict(zip(page["ids"], page["documents"], strict=True))
        if held != {entry.id: entry.text for entry in entries}:
            raise ValueError(f"it holds {len(held)} texts that are not the {len(entries)} expected")
        if entries:
            first = self._collection.get(limit=1, include=["embeddings"])
            vector = np.asarray(first["embeddings"][0], dtype=np.float32)
            if max(self.query(vector, 1, None).values(), default=0.0) < _SAME:
                raise ValueError("a text is not found by its own vector")

    def _embed(self, entries: Sequence[Entry], report: Progress) -> NDArray[np.float32]:
        """Return every entry's vector, shape (entries, dimensions), embedding only what no earlier index holds."""
        known = self._known()
        new = sorted({entry.text for entry in entries} - known.keys(), key=len)  # of a length: less padding
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            known |= dict(zip(batch, self.embedder.encode(batch), strict=True))
            report(min(start + _BATCH, len(new)) / (len(new) + 1), "embedding guideline passages")
        return np.stack([known[entry.text] for entry in entries]) if entries else np.zeros((0, 1), dtype=np.float32)

    @abstractmethod
    def _known(self) -> dict[str, NDArray[np.float32]]:
        """Return vectors by text from an earlier index of the same embedder; empty when there is none in order."""

    def _read_back(self, collection: Any) -> dict[str, NDArray[np.float32]]:
        """Return a collection's vectors by text; empty when it is another embedder's or its vectors are not sound."""
        if (collection.metadata or {}).get("embedder") != self.embedder.name:
            return {}
        held: dict[str, NDArray[np.float32]] = {}
        for start in range(0, collection.count(), _PAGE):
            page = collection.get(limit=_PAGE, offset=start, include=["documents", "embeddings"])
            held |= dict(zip(page["documents"], np.asarray(page["embeddings"], dtype=np.float32), strict=True))
        sound = all(abs(float(np.linalg.norm(vector)) - 1.0) < 1e-3 for vector in held.values())
        return held if sound else {}

    @staticmethod
    def _fill(collection: Any, entries: Sequence[Entry], vectors: NDArray[np.float32]) -> None:
        for start in range(0, len(entries), _PAGE):
            batch = entries[start : start + _PAGE]
            collection.add(
                ids=[entry.id for entry in batch],
                documents=[entry.text for entry in batch],
                metadatas=[{"section": entry.key, "guideline": entry.key.partition("/")[0]} for entry in batch],
                embeddings=vectors[start : start + _PAGE].tolist(),
            )


def breaks() -> tuple[type[Exception], ...]:
    """Return what reading or writing a damaged index raises; Chroma is only imported when something was raised."""
    import httpx
    from chromadb.errors import ChromaError

    known = (ChromaError, sqlite3.Error, OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError)
    return (*known, httpx.HTTPError)

