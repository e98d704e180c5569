"""A Chroma server instead of the folder: a real ``chroma run`` on loopback, and what happens when it goes."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from letters import LetterEmbedder
from servers import free_port

from knowledge import BadInput, BrokenStore, Store, index_server
from knowledge.index_server import hang_up
from knowledge.ingest import ingest

QUESTION = "one solid nodule"


@contextlib.contextmanager
def serving(folder: Path, port: int) -> Iterator[str]:
    """Run a server over a folder, and end it."""
    command = shutil.which("chroma", path=str(Path(sys.executable).parent)) or shutil.which("chroma")
    if command is None:
        pytest.skip("the chroma command is not installed beside this Python")
    running = subprocess.Popen(
        [command, "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/api/v2/heartbeat", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("chroma run did not come up within 30 s")
        yield url
    finally:
        running.terminate()
        running.wait(timeout=20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("chroma"), free_port()) as url:
        yield url


@pytest.fixture
def keep() -> Iterator[Callable[[Any], Any]]:
    """Close what a test opened, so that no connection is left."""
    opened: list[Any] = []

    def kept(thing: Any) -> Any:
        opened.append(thing)
        return thing

    yield kept
    for thing in opened:
        if isinstance(thing, Store):
            thing.close()
        else:
            hang_up(thing)


Keep = Callable[[Any], Any]


def _client(server: str) -> Any:
    import chromadb

    host, port = server.removeprefix("http://").split(":")
    return chromadb.HttpClient(host=host, port=int(port))


def _nearest(store: Store, embedder: LetterEmbedder) -> dict[str, float]:
    """Return what clearly answers: at the far end of the list, equally near texts may come in any order."""
    found = store.nearest(embedder.encode([QUESTION])[0])
    return {name: round(value, 5) for name, value in found.items() if value > 0.25}


def test_the_index_lies_on_the_server_and_another_process_finds_it_there(server: str, tmp_path: Path, keep: Keep) -> None:
    first, second = LetterEmbedder(), LetterEmbedder()
    here = keep(Store(tmp_path / "a", first, server=server))
    answer = _nearest(here, first)
    assert answer
    assert not (tmp_path / "a" / "index").exists(), "no folder of our own"
    there = keep(Store(tmp_path / "b", second, server=server))
    assert _nearest(there, second) == answer
    assert second.encoded == 1, "only the question was embedded"


def test_a_document_makes_a_collection_of_its_own_and_takes_the_known_vectors_over(server: str, tmp_path: Path, keep: Keep) -> None:
    embedder = LetterEmbedder()
    store = keep(Store(tmp_path, embedder, server=server))
    before, embedded = _nearest(store, embedder), embedder.encoded
    (tmp_path / "ward.md").write_text("# Ward\n\n## Zebra\n\none solid nodule\n")
    ingest(tmp_path / "ward.md", store)
    assert "ward/s1/en" in _nearest(store, embedder)
    assert embedder.encoded - embedded < 15, "the document, what is unrelated, and the question"
    assert not any(name.startswith("ward/") for name in before)


def test_a_collection_that_lost_texts_is_built_again(server: str, tmp_path: Path, keep: Keep) -> None:
    embedder = LetterEmbedder("letters-lost")
    store = keep(Store(tmp_path, embedder, server=server))
    answer = _nearest(store, embedder)
    client = keep(_client(server))
    (name,) = [c.name for c in client.list_collections() if (c.metadata or {}).get("embedder") == "letters-lost"]
    collection = client.get_collection(name, embedding_function=None)
    collection.delete(ids=collection.get(limit=3)["ids"])
    assert _nearest(keep(Store(tmp_path, embedder, server=server)), embedder) == answer


def test_a_collection_deleted_in_use_is_built_again(server: str, tmp_path: Path, keep: Keep) -> None:
    embedder = LetterEmbedder("letters-gone")
    store = keep(Store(tmp_path, embedder, server=server))
    answer = _nearest(store, embedder)
    client = keep(_client(server))
    for found in client.list_collections():
        client.delete_collection(found.name)
    assert _nearest(store, embedder) == answer


def test_a_server_that_does_not_answer_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something takes the connection and says nothing."""
    monkeypatch.setattr(index_server, "ANSWER_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = Store(tmp_path, LetterEmbedder(), server=f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(BrokenStore, match=r"timed out\. Check that the server runs"):
            store.ready()


def test_a_connection_waits_for_an_answer_for_so_long_and_no_longer(server: str, tmp_path: Path, keep: Keep) -> None:
    embedder = LetterEmbedder()
    store = keep(Store(tmp_path, embedder, server=server))
    _nearest(store, embedder)
    assert store._index is not None
    limits = [session.timeout for session in index_server._sessions(store._index._client)]
    assert limits
    assert {(limit.connect, limit.read) for limit in limits} == {(index_server.ANSWER_S, index_server.READ_S)}


@pytest.mark.long
def test_a_server_that_goes_away_in_use_is_told_and_answers_again_when_it_is_back(tmp_path: Path, keep: Keep) -> None:
    embedder, folder, port = LetterEmbedder(), tmp_path / "chroma", free_port()
    with serving(folder, port) as url:
        store = keep(Store(tmp_path / "here", embedder, server=url))
        answer = _nearest(store, embedder)
    with pytest.raises(BrokenStore, match="Check that the server runs"):
        _nearest(store, embedder)
    embedded = embedder.encoded
    with serving(folder, port):
        assert _nearest(store, embedder) == answer
    assert embedder.encoded == embedded + 1, "only the question was embedded"


def test_a_server_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    store = Store(tmp_path, LetterEmbedder(), server=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(BrokenStore, match=r"[a-z]\. Check that the server runs \(chroma run\)"):
        store.ready()


@pytest.mark.parametrize("url", ["chroma", "ftp://host", "http://", "http://host:port", ""])
def test_what_is_no_address_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"http://127\.0\.0\.1:8000"):
        Store(tmp_path, LetterEmbedder(), server=url).ready()
