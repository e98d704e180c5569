"""The passages' index on a Chroma server (``chroma run``), shared by every process that points at it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from knowledge.embed import Embedder, quiet_libraries
from knowledge.index import COLLECTION, Entry, Index, Progress, breaks
from knowledge.types import BadInput

logger = logging.getLogger(__name__)

ANSWER_S, READ_S = 5.0, 60.0
"""How long a server may take to be there, and to answer while texts are put in: by itself Chroma's client waits without
end, and so would a reader's question."""


class ServerIndex(Index):
    """A collection on a Chroma server (``chroma run``), shared by every process that points at it."""

    def __init__(self, url: str, embedder: Embedder) -> None:
        """Take the server's address. Raises BadInput when it is none."""
        super().__init__(embedder)
        self.url = url
        try:
            parts = urlsplit(url)
            self._port = parts.port
        except ValueError as error:
            raise BadInput(f"{url!r} is no address: {error}. Give, for example, http://127.0.0.1:8000.") from error
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise BadInput(f"{url!r} is no address of a Chroma server. Give, for example, http://127.0.0.1:8000.")
        self._host, self._ssl = parts.hostname, parts.scheme == "https"

    def open(self, name: str, entries: Sequence[Entry]) -> bool:
        """Open and check the collection; drop a damaged one. Return whether it can be used."""
        try:
            self._collection = self._connected().get_collection(_named(name), embedding_function=None)
        except breaks() as error:
            if _is_missing(error):
                return False
            raise
        try:
            self._check(name, entries)
        except breaks() as error:
            if isinstance(error, OSError) or type(error).__module__.startswith("httpx"):
                raise  # the connection failed, not the collection
            logger.warning("guideline collection %s is damaged and will be rebuilt: %s", _named(name), error)
            self.drop(name)
            return False
        return True

    def build(self, name: str, entries: Sequence[Entry], report: Progress) -> None:
        """Embed every entry into a draft collection and rename it."""
        client = self._connected()
        draft = f"{COLLECTION}-draft-{uuid.uuid4().hex[:12]}"
        vectors = self._embed(entries, report)
        made = client.create_collection(draft, embedding_function=None, metadata=self._metadata(name, vectors))
        try:
            self._fill(made, entries, vectors)
            made.modify(name=_named(name))
        except BaseException as error:
            with suppress(*breaks()):
                client.delete_collection(draft)
            if not (isinstance(error, breaks()) and self._exists(name)):  # else another process was quicker
                raise

    def drop(self, name: str) -> None:
        """Delete the collection on the server."""
        self._collection = None
        with suppress(*breaks()):
            self._connected().delete_collection(_named(name))

    def close(self) -> None:
        """Let go of the connection."""
        client, self._client, self._collection = self._client, None, None
        if client is not None:
            hang_up(client)

    def _known(self) -> dict[str, NDArray[np.float32]]:
        """Return vectors by text from a collection of the same embedder."""
        client = self._connected()
        for found in client.list_collections():
            whole = found.name.startswith(f"{COLLECTION}-") and not found.name.startswith(f"{COLLECTION}-draft-")
            if whole and (found.metadata or {}).get("embedder") == self.embedder.name:
                with suppress(*breaks()):
                    return self._read_back(client.get_collection(found.name, embedding_function=None))
        return {}

    def _exists(self, name: str) -> bool:
        with suppress(*breaks()):
            self._connected().get_collection(_named(name), embedding_function=None)
            return True
        return False

    def _connected(self) -> Any:
        if self._client is None:
            with quiet_libraries():
                import chromadb
                import httpx
                from chromadb.config import Settings

                port = self._port or (443 if self._ssl else 8000)
                host = f"[{self._host}]" if ":" in self._host else self._host
                httpx.get(f"http{'s' * self._ssl}://{host}:{port}/api/v2/heartbeat", timeout=ANSWER_S)
                self._client = chromadb.HttpClient(
                    host=self._host, port=port, ssl=self._ssl, settings=Settings(anonymized_telemetry=False)
                )
                for session in _sessions(self._client):
                    session.timeout = httpx.Timeout(READ_S, connect=ANSWER_S)
        return self._client


def hang_up(client: Any) -> None:
    """Close a client and its connections, which Chroma 1.5 leaves to the garbage collector."""
    sessions = _sessions(client)
    client.close()
    for session in sessions:
        session.close()


def _sessions(client: Any) -> list[Any]:
    """Return the connections of a client and of its other half, which looks after databases."""
    parts = (client, getattr(client, "_admin_client", None))
    found = (getattr(getattr(part, "_server", None), "_session", None) for part in parts)
    return [session for session in found if session is not None]


def _named(name: str) -> str:
    return f"{COLLECTION}-{name}"


def _is_missing(error: BaseException) -> bool:
    from chromadb.errors import NotFoundError

    return isinstance(error, NotFoundError)
