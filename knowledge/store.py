"""The passages' store: files that are true, and indices derived from them and rebuilt from them.

What is true is kept as files: the shipped ``guidelines/*.md`` and the reader's own ``FOLDER/documents``. The Chroma
collection (``FOLDER/index/HASH``, or one on a Chroma server) and the BM25 indices are derived. HASH covers every
indexed text and the embedder's name; the collection is checked when it is opened (count, contents, embedder, a trial
query) and built anew when missing, stale or damaged. Documents that another process adds or removes are seen at the
next question. Knows no question and no score.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import RLock

import numpy as np
from numpy.typing import NDArray

from knowledge.cues import word_lists
from knowledge.documents import read_documents
from knowledge.embed import Embedder, default_embedder
from knowledge.index import Entry, Index, Progress, breaks
from knowledge.index_folder import FolderIndex
from knowledge.index_server import ServerIndex
from knowledge.lexical import LexicalIndex
from knowledge.library import Guideline, Section, language_of, shipped
from knowledge.spelling import Speller
from knowledge.types import BrokenStore, EmbedderDown, Language

logger = logging.getLogger(__name__)

_FORMAT = "2"
"""Part of the hash: raise it when the way texts are indexed changes."""
_NEAREST = 120
"""Vectors asked of Chroma for a query: several belong to one section (its text and how people ask for it)."""
_LANGUAGES: tuple[Language, ...] = ("en", "zh")


class Store:
    """The passages of a folder, ready to be searched. Opens and, where needed, builds at first use."""

    def __init__(self, folder: Path, embedder: Embedder | None = None, *, server: str | None = None) -> None:
        """Take the folder for the index and the reader's documents; nothing is read or written yet.

        `server` is the address of a Chroma server that holds the index instead of the folder.
        """
        self.folder = Path(folder)
        self._embedder = embedder
        self._server = server
        self._lock = RLock()
        self._index: Index | None = None
        self._name = ""
        self._guidelines: tuple[Guideline, ...] | None = None
        self._broken: dict[str, str] = {}
        self._seen: frozenset[tuple[str, int, int]] = frozenset()
        self._lexical: dict[Language, LexicalIndex] = {}
        self._speller: Speller | None = None

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
                self._seen = self._listing()
                own, self._broken = read_documents(self.documents)
                taken = {item.name for item in shipped()}
                self._guidelines = (*shipped(), *(item for item in own if item.name not in taken))
            return self._guidelines

    @property
    def broken(self) -> dict[str, str]:
        """Why documents of the reader's own are left out, by file name."""
        with self._lock:
            return dict(self._broken) if self.guidelines else {}

    def sections(self) -> Iterator[tuple[str, Guideline, Section]]:
        """Yield every section with its key, ``guideline/section``."""
        for guideline in self.guidelines:
            for section in guideline.sections:
                yield f"{guideline.name}/{section.id}", guideline, section

    def ready(self, progress: Progress | None = None) -> None:
        """Open the index; build it first when it is missing, stale or damaged.

        `progress` is called with the fraction built, 0 to 1, and a phrase. Raises BrokenStore when it can neither be
        read nor built, EmbedderDown when the embedder gives no vectors.
        """
        with self._lock:
            if self._guidelines is not None and self._listing() != self._seen:
                logger.info("the reader's documents have changed: reading them anew")
                self.reload()
            index = self._index = self._index or self._new_index()
            if index.is_open:
                return
            entries = self._entries()
            self._name = self._hash(entries)
            try:
                if index.open(self._name, entries):
                    return
                self._build(index, entries, progress)
                opened = index.open(self._name, entries)
            except EmbedderDown:
                raise
            except breaks() as error:
                why = f"The guideline index cannot be {self._place()}: {str(error).rstrip('.?! ')}."
                raise BrokenStore(f"{why} {self._advice()}") from error
            if not opened:
                raise BrokenStore(
                    f"The guideline index was rebuilt and still cannot be read from where it is {self._place()}. "
                    f"{self._advice()}"
                )

    def nearest(self, vector: NDArray[np.float32], names: Sequence[str] | None = None) -> dict[str, float]:
        """Return cosine similarity by entry id for the texts nearest to a unit vector, shape (dimensions,).

        With `names` only these guidelines' texts. An index that breaks while in use is rebuilt once. Raises
        BrokenStore when that does not help.
        """
        for attempt in (1, 2):
            with self._lock:
                self.ready()
                index = self._index
                try:
                    if index is not None:
                        return index.query(vector, _NEAREST, names)
                except breaks() as error:
                    logger.warning("guideline index broke in use (attempt %d): %s", attempt, error)
                    self._drop()
        raise BrokenStore(f"The guideline index breaks when it is read where it is {self._place()}. {self._advice()}")

    def level(self, similarity: float) -> float:
        """Return a cosine similarity on a scale that is the same for every embedder, see `Index.level`."""
        return self._index.level(similarity) if self._index is not None else similarity

    def lexical(self, language: Language) -> LexicalIndex:
        """Return the BM25 index of that language, built in memory at first use (milliseconds)."""
        with self._lock:
            if language not in self._lexical:
                self._lexical[language] = LexicalIndex(self.sections(), language)
            return self._lexical[language]

    @property
    def speller(self) -> Speller:
        """What puts misspelt words of a question right, by the words of every text that is held."""
        with self._lock:
            if self._speller is None:
                self._speller = Speller(self._words_held())
            return self._speller

    def _words_held(self) -> Iterator[str]:
        yield from word_lists()
        for _, guideline, section in self.sections():
            yield from (guideline.guideline, *guideline.aliases, *guideline.title.values(), *section.titles.values())
            yield from (*section.texts.values(), *section.asks)

    def reload(self) -> None:
        """Forget what was read, so that changed documents are seen at the next use."""
        with self._lock:
            self.close()
            self._guidelines = None
            self._lexical, self._speller = {}, None

    def close(self) -> None:
        """Let go of the index's files or connection."""
        with self._lock:
            if self._index is not None:
                self._index.close()

    def _new_index(self) -> Index:
        if self._server is not None:
            return ServerIndex(self._server, self.embedder)
        return FolderIndex(self.folder / "index", self.embedder)

    def _build(self, index: Index, entries: Sequence[Entry], progress: Progress | None) -> None:
        report = progress or (lambda _fraction, _phrase: None)
        report(0.0, "building the guideline index")
        index.build(self._name, entries, report)
        report(1.0, "guideline index ready")
        logger.info("built guideline index %s: %d texts", self._name, len(entries))

    def _drop(self) -> None:
        if self._index is not None:
            try:
                self._index.drop(self._name)
            except breaks() as error:
                logger.warning("guideline index could not be dropped: %s", error)
                self._index.close()

    def _place(self) -> str:
        return f"kept on the Chroma server {self._server}" if self._server else f"written to {self.folder}"

    def _advice(self) -> str:
        if self._server:
            return "Check that the server runs (chroma run) and that SCANWRIGHT_CHROMA_URL is its address."
        return (
            "Check that the folder can be written to and that the disk has space; its 'index' folder may be deleted "
            "(your documents are kept elsewhere)."
        )

    def _listing(self) -> frozenset[tuple[str, int, int]]:
        """Return names, times and sizes of the reader's documents: cheap enough for every question."""
        try:
            found = [(path.name, path.stat()) for path in self.documents.iterdir() if not path.name.startswith(".")]
        except OSError:  # no folder yet, or a file that went while we looked
            return frozenset()
        return frozenset((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)

    def _entries(self) -> list[Entry]:
        reads = self.embedder.languages
        found: list[Entry] = []
        for key, guideline, section in self.sections():
            for language in _LANGUAGES:
                if language in section.texts and (language in reads or not guideline.shipped):
                    head = f"{guideline.title[language]}. {section.titles[language]}. "
                    found.append(Entry(f"{key}/{language}", key, head + section.texts[language]))
            asks = [ask for ask in section.asks if language_of(ask) in reads]
            found += [Entry(f"{key}/ask{number}", key, ask) for number, ask in enumerate(asks)]
        return found

    def _hash(self, entries: Sequence[Entry]) -> str:
        content = json.dumps([_FORMAT, self.embedder.name, [[e.id, e.key, e.text] for e in entries]])
        return hashlib.sha256(content.encode()).hexdigest()[:24]
