"""The passages' index: a Chroma collection and a BM25 index, both derived from files and rebuilt from them.

What is true is kept as files: the shipped ``guidelines/*.md`` and the reader's own ``FOLDER/documents/*.md``. The
Chroma collection lives in ``FOLDER/index/HASH``, where HASH covers every indexed text and the embedder's name; it is
checked when it is opened (SQLite's own check, count, contents, a trial query) and built anew when missing, stale or
damaged. It is built in a folder of its own and renamed into place, so that two processes at once cost time and
nothing else. Knows no question and no score.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.embed import Embedder, default_embedder, quiet_libraries
from knowledge.lexical import LexicalIndex
from knowledge.library import Guideline, Section, read_document, shipped
from knowledge.types import BrokenStore, Language

logger = logging.getLogger(__name__)
Progress = Callable[[float, str], None]

_FORMAT = "1"
"""Part of the hash: raise it when the way texts are indexed changes."""
_COLLECTION = "passages"
_BATCH = 32
"""Texts embedded between two progress reports."""
_NEAREST = 80
"""Vectors asked of Chroma for a query: several belong to one section (its text and how people ask for it)."""
_LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True)
class Entry:
    """One vector of the index: a section's text, or one way people ask for it."""

    id: str
    key: str
    text: str


class Store:
    """The passages of a folder, ready to be searched. Opens and, where needed, builds at first use."""

    def __init__(self, folder: Path, embedder: Embedder | None = None) -> None:
        """Take the folder for the index and the reader's documents; nothing is read or written yet."""
        self.folder = Path(folder)
        self._embedder = embedder
        self._lock = RLock()
        self._guidelines: tuple[Guideline, ...] | None = None
        self._client: Any = None
        self._collection: Any = None
        self._lexical: dict[Language, LexicalIndex] = {}

    @property
    def embedder(self) -> Embedder:
        """The embedder given, or the packaged one."""
        if self._embedder is None:
            self._embedder = default_embedder()
        return self._embedder

    @property
    def documents(self) -> Path:
        """The folder of the reader's own documents."""
        return self.folder / "documents"

    @property
    def guidelines(self) -> tuple[Guideline, ...]:
        """Every guideline, shipped ones first."""
        with self._lock:
            if self._guidelines is None:
                own = sorted(self.documents.glob("*.md")) if self.documents.is_dir() else []
                self._guidelines = (*shipped(), *(read_document(path) for path in own))
            return self._guidelines

    def sections(self) -> Iterator[tuple[str, Guideline, Section]]:
        """Yield every section with its key, ``guideline/section``."""
        for guideline in self.guidelines:
            for section in guideline.sections:
                yield f"{guideline.name}/{section.id}", guideline, section

    def ready(self, progress: Progress | None = None) -> None:
        """Open the index; build it first when it is missing, stale or damaged.

        `progress` is called with the fraction built, 0 to 1, and a phrase. Raises BrokenStore when it can neither be
        read nor built.
        """
        with self._lock:
            if self._collection is not None:
                return
            entries = self._entries()
            target = self.folder / "index" / self._hash(entries)
            if not self._open(target, entries):
                self._build(target, entries, progress)
                if not self._open(target, entries):
                    raise BrokenStore(
                        f"The guideline index in {self.folder} was rebuilt and still cannot be read. Delete its "
                        "'index' folder (your documents are kept elsewhere) and try again."
                    )

    def nearest(self, vector: NDArray[np.float32], names: Sequence[str] | None = None) -> dict[str, float]:
        """Return cosine similarity by section key for the sections nearest to a unit vector, shape (dimensions,).

        With `names` only these guidelines' sections.

        An index that breaks while in use is rebuilt once. Raises BrokenStore when that does not help.
        """
        for attempt in (1, 2):
            self.ready()
            try:
                with self._lock:
                    return self._query(vector, names)
            except _breaks() as error:
                logger.warning("guideline index broke in use (attempt %d): %s", attempt, error)
                self._discard()
        raise BrokenStore(f"The guideline index in {self.folder} breaks when it is read. Is the disk full or failing?")

    def lexical(self, language: Language) -> LexicalIndex:
        """Return the BM25 index of that language, built in memory at first use (milliseconds)."""
        with self._lock:
            if language not in self._lexical:
                self._lexical[language] = LexicalIndex(self.sections(), language)
            return self._lexical[language]

    def reload(self) -> None:
        """Forget what was read, so that changed documents are seen at the next use."""
        with self._lock:
            self.close()
            self._guidelines = None
            self._lexical = {}

    def close(self) -> None:
        """Let go of the collection's files."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = self._collection = None

    def _entries(self) -> list[Entry]:
        reads = self.embedder.languages
        found: list[Entry] = []
        for key, guideline, section in self.sections():
            for language in _LANGUAGES:
                if language in section.texts and language in reads:
                    head = f"{guideline.title[language]}. {section.titles[language]}. "
                    found.append(Entry(f"{key}/{language}", key, head + section.texts[language]))
            asks = [ask for ask in section.asks if ("zh" if not ask.isascii() else "en") in reads]
            found += [Entry(f"{key}/ask{number}", key, ask) for number, ask in enumerate(asks)]
        return found

    def _hash(self, entries: Sequence[Entry]) -> str:
        content = json.dumps([_FORMAT, self.embedder.name, [[e.id, e.key, e.text] for e in entries]])
        return hashlib.sha256(content.encode()).hexdigest()[:24]

    def _open(self, target: Path, entries: Sequence[Entry]) -> bool:
        """Open and check the collection; set a damaged one aside. Return whether it can be used."""
        if not target.is_dir():
            return False
        try:
            manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
            if manifest != {"count": len(entries), "embedder": self.embedder.name}:
                raise ValueError(f"its manifest says {manifest}")
            _check_sqlite(target / "chroma.sqlite3")
            self._client = _client(target)
            self._collection = self._client.get_collection(_COLLECTION, embedding_function=None)
            self._check(entries)
        except _breaks() as error:
            logger.warning("guideline index %s is damaged and will be rebuilt: %s", target.name, error)
            self._discard(target)
            return False
        return True

    def _check(self, entries: Sequence[Entry]) -> None:
        """Compare what the collection holds with what it should. Raises ValueError."""
        held = self._collection.get(include=["documents", "embeddings"])
        if dict(zip(held["ids"], held["documents"], strict=True)) != {e.id: e.text for e in entries}:
            raise ValueError(f"it holds {len(held['ids'])} texts that are not the {len(entries)} expected")
        if entries:
            vector = np.asarray(held["embeddings"][0], dtype=np.float32)
            key = held["ids"][0].rpartition("/")[0]
            if self._query(vector).get(key, 0.0) < 0.99:
                raise ValueError("a text is not found by its own vector")

    def _query(self, vector: NDArray[np.float32], names: Sequence[str] | None = None) -> dict[str, float]:
        answer = self._collection.query(
            query_embeddings=[vector.tolist()],
            n_results=_NEAREST,
            where={"guideline": {"$in": list(names)}} if names else None,
            include=["metadatas", "distances"],
        )
        similarity: dict[str, float] = {}
        for meta, distance in zip(answer["metadatas"][0], answer["distances"][0], strict=True):
            similarity[meta["section"]] = max(similarity.get(meta["section"], -1.0), 1.0 - float(distance))
        return similarity

    def _build(self, target: Path, entries: Sequence[Entry], progress: Progress | None) -> None:
        report = progress or (lambda _fraction, _phrase: None)
        report(0.0, "building the guideline index")
        draft = target.parent / f"draft-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        try:
            draft.mkdir(parents=True)
            self._fill(draft, entries, report)
            manifest = {"count": len(entries), "embedder": self.embedder.name}
            (draft / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
            try:
                draft.rename(target)
            except OSError:
                if not target.is_dir():  # else another process was quicker: its index is the same
                    raise
        except _breaks() as error:
            raise BrokenStore(
                f"The guideline index cannot be written to {self.folder}: {error}. Check that the folder can be "
                "written to and that the disk has space."
            ) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        report(1.0, "guideline index ready")
        logger.info("built guideline index %s: %d texts", target.name, len(entries))

    def _fill(self, draft: Path, entries: Sequence[Entry], report: Progress) -> None:
        client = _client(draft)
        try:
            collection = client.create_collection(
                _COLLECTION, embedding_function=None, metadata={"hnsw:space": "cosine"}
            )
            for start in range(0, len(entries), _BATCH):
                batch = entries[start : start + _BATCH]
                collection.add(
                    ids=[entry.id for entry in batch],
                    documents=[entry.text for entry in batch],
                    metadatas=[{"section": entry.key, "guideline": entry.key.partition("/")[0]} for entry in batch],
                    embeddings=self.embedder.encode([entry.text for entry in batch]).tolist(),
                )
                report((start + len(batch)) / (len(entries) + 1), "embedding guideline passages")
        finally:
            client.close()

    def _discard(self, target: Path | None = None) -> None:
        """Let go of the index and take its folder away, so that it is built anew."""
        with self._lock:
            target = target or self.folder / "index" / self._hash(self._entries())
            try:
                self.close()
            except _breaks() as error:
                logger.warning("guideline index did not close cleanly: %s", error)
                self._client = self._collection = None
            aside = target.with_name(f"broken-{uuid.uuid4().hex[:8]}")
            try:
                target.rename(aside)
            except OSError:
                return
            shutil.rmtree(aside, ignore_errors=True)


def _client(folder: Path) -> Any:
    with quiet_libraries():
        import chromadb
        from chromadb.config import Settings

        return chromadb.PersistentClient(path=str(folder), settings=Settings(anonymized_telemetry=False))


def _check_sqlite(path: Path) -> None:
    """Raise sqlite3.Error or FileNotFoundError when the collection's database is missing or damaged."""
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} is missing")
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    finally:
        connection.close()
    if verdict != "ok":
        raise sqlite3.DatabaseError(str(verdict))


def _breaks() -> tuple[type[BaseException], ...]:
    """Return what reading or writing a damaged index raises; Chroma is only imported when something was raised."""
    from chromadb.errors import ChromaError

    return (ChromaError, sqlite3.Error, OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError)
