"""The passages' index embedded in this process: one folder an index, built beside its place and renamed into it."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.embed import Embedder, quiet_libraries
from knowledge.index import COLLECTION, Entry, Index, Progress, breaks

logger = logging.getLogger(__name__)

_KEPT = 3
"""Indices kept in a folder, the latest used: going back to an embedder, or to a document just removed, is free."""


class FolderIndex(Index):
    """Chroma embedded in this process, one folder an index."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        """Take the folder that holds the indices' folders."""
        super().__init__(embedder)
        self.folder = folder

    def open(self, name: str, entries: Sequence[Entry]) -> bool:
        """Open and check the collection; drop a damaged one. Return whether it can be used."""
        target = self.folder / name
        if not target.is_dir():
            return False
        try:
            manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
            if manifest != self._manifest(entries):
                raise ValueError(f"its manifest says {manifest}")
            _check_sqlite(target / "chroma.sqlite3")
            self._client = _embedded(target)
            self._collection = self._client.get_collection(COLLECTION, embedding_function=None)
            self._check(name, entries)
        except breaks() as error:
            logger.warning("guideline index %s is damaged and will be rebuilt: %s", name, error)
            self.drop(name)
            return False
        with suppress(OSError):
            os.utime(target)
        return True

    def build(self, name: str, entries: Sequence[Entry], report: Progress) -> None:
        """Embed every entry into a draft folder and rename it."""
        target = self.folder / name
        draft = self.folder / f"draft-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        try:
            draft.mkdir(parents=True)
            vectors = self._embed(entries, report)
            client = _embedded(draft)
            try:
                meta = self._metadata(name, vectors)
                made = client.create_collection(COLLECTION, embedding_function=None, metadata=meta)
                self._fill(made, entries, vectors)
            finally:
                client.close()
            (draft / "manifest.json").write_text(json.dumps(self._manifest(entries)), encoding="utf-8")
            try:
                draft.rename(target)
            except OSError:
                if not target.is_dir():  # else another process was quicker: its index is the same
                    raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        self._prune()

    def drop(self, name: str) -> None:
        """Close, and take the folder away."""
        self.close()
        target = self.folder / name
        aside = target.with_name(f"broken-{uuid.uuid4().hex[:8]}")
        with suppress(OSError):
            target.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)

    def close(self) -> None:
        """Let go of the collection's files."""
        client, self._client, self._collection = self._client, None, None
        if client is not None:
            try:
                client.close()
            except breaks() as error:
                logger.warning("guideline index did not close cleanly: %s", error)

    def _known(self) -> dict[str, NDArray[np.float32]]:
        """Return vectors by text from the folder used last by the same embedder."""
        for path in self._kept():
            try:
                if json.loads((path / "manifest.json").read_text(encoding="utf-8"))["embedder"] != self.embedder.name:
                    continue
                _check_sqlite(path / "chroma.sqlite3")
                client = _embedded(path)
                try:
                    return self._read_back(client.get_collection(COLLECTION, embedding_function=None))
                finally:
                    client.close()
            except breaks() as error:
                logger.warning("earlier guideline index %s is not used: %s", path.name, error)
        return {}

    def _kept(self) -> list[Path]:
        """Return the folders of whole indices, the one used last first."""
        whole = [path for path in self.folder.iterdir() if (path / "manifest.json").is_file()]
        return sorted((p for p in whole if not p.name.startswith("draft-")), key=_used, reverse=True)

    def _manifest(self, entries: Sequence[Entry]) -> dict[str, Any]:
        return {"count": len(entries), "embedder": self.embedder.name}

    def _prune(self) -> None:
        """Take away indices that were not used for longest; a process that still reads one rebuilds it."""
        for path in self._kept()[_KEPT:]:
            shutil.rmtree(path, ignore_errors=True)


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another process took it away
        return 0.0


def _embedded(folder: Path) -> Any:
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
