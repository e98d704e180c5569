"""A file over HTTP from a server that cuts the stream, changes the file or lies; nothing but this machine is asked."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools.fetch import FetchFailed
from tools.fetch.download import FIRST_TRIES, TRIES, check_address, digest, download, from_folder

CONTENT = bytes(hashlib.sha256(b"seed").digest() * 40_000)


@dataclass
class Shop:
    """What the server has, after how many bytes it hangs up, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: int | None = None
    cuts: int = 0
    tag: str | None = '"one"'
    asked: list[str | None] = field(default_factory=list)
    address: str = ""


def handler(shop: Shop) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            span = self.headers.get("Range")
            shop.asked.append(span)
            content = shop.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            start = 0
            if span and self.headers.get("If-Range") == shop.tag:
                start = int(span.removeprefix("bytes=").rstrip("-"))
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            else:
                self.send_response(200)
            if shop.tag:
                self.send_header("ETag", shop.tag)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            rest = content[start:]
            if shop.cut_after is not None and shop.cuts > 0:
                shop.cuts -= 1
                rest = rest[: shop.cut_after]
            self.wfile.write(rest)
            self.close_connection = True

        def log_message(self, *args: Any) -> None:
            """Keep quiet."""

    return Handler


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Shop({"/w.bin": CONTENT})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    made.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


Get = Callable[..., Path]


@pytest.fixture
def get(shop: Shop, tmp_path: Path) -> Get:
    def go(said: list[int | None] | None = None, progress: Any = lambda f, p: None) -> Path:
        into = said if said is not None else []
        return download(f"{shop.address}/w.bin", tmp_path / "w.bin", into.append, progress, pause_s=0.0)

    return go


def test_a_stream_that_is_cut_goes_on_where_it_broke(shop: Shop, get: Get) -> None:
    shop.cut_after, shop.cuts = 300_000, 3
    said: list[int | None] = []
    told: list[float] = []
    file = get(said, lambda fraction, phrase: told.append(fraction))
    assert file.read_bytes() == CONTENT
    assert said == [len(CONTENT)], "the size is said once, before anything else"
    assert shop.asked == [None, "bytes=300000-", "bytes=600000-", "bytes=900000-"]
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert [p.name for p in file.parent.iterdir()] == ["w.bin"]


def test_a_later_run_goes_on_with_what_an_earlier_one_left(shop: Shop, get: Get, tmp_path: Path) -> None:
    shop.cut_after, shop.cuts = 0, TRIES + 1
    part, note = tmp_path / "w.bin.part", tmp_path / "w.bin.part.json"
    part.write_bytes(CONTENT[:500_000])
    note.write_text(f'{{"url": "{shop.address}/w.bin", "tag": "\\"one\\""}}', encoding="utf-8")
    with pytest.raises(FetchFailed, match=r"0\.5 MB are here"):
        get()
    shop.cuts = 0
    assert get().read_bytes() == CONTENT
    assert set(shop.asked) == {"bytes=500000-"}


def test_a_file_that_changed_meanwhile_is_fetched_anew(shop: Shop, get: Get, tmp_path: Path) -> None:
    (tmp_path / "w.bin.part").write_bytes(b"of another version")
    (tmp_path / "w.bin.part.json").write_text(f'{{"url": "{shop.address}/w.bin", "tag": "\\"old\\""}}', encoding="utf-8")
    assert get().read_bytes() == CONTENT


def test_a_server_without_tags_is_started_over(shop: Shop, get: Get) -> None:
    shop.tag, shop.cut_after, shop.cuts = None, 100_000, 2
    assert get().read_bytes() == CONTENT
    assert set(shop.asked) == {None}


def test_what_is_not_there_is_one_clear_error(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="answered 404"):
        download(f"{shop.address}/none", tmp_path / "none", lambda size: None, pause_s=0.0)
    with pytest.raises(FetchFailed, match=r"https_proxy.*--from FOLDER"):
        download("http://127.0.0.1:9/x", tmp_path / "x", lambda size: None, pause_s=0.0)


def test_where_nobody_answers_it_is_given_up_soon_and_the_reader_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(FetchFailed, match=r"could not be reached .* \(Connection refused\)\. Behind a proxy"):
        download("http://127.0.0.1:9/x", tmp_path / "x", lambda size: None, lambda f, said: told.append(said), pause_s=0.0)
    assert told == ["127.0.0.1 does not answer; trying again"] * (FIRST_TRIES - 1)


def test_a_proxy_of_the_environment_is_used(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop stands in for a proxy: it is asked for the whole address."""
    monkeypatch.setenv("http_proxy", shop.address)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    shop.files["http://localhost:1/w.bin"] = b"through the proxy"
    file = download("http://localhost:1/w.bin", tmp_path / "p.bin", lambda size: None, pause_s=0.0)
    assert file.read_bytes() == b"through the proxy"


@pytest.mark.parametrize("url", ["http://example.org/x", "file:///etc/passwd", "ftp://example.org/x"])
def test_only_https(url: str) -> None:
    with pytest.raises(FetchFailed, match="https only"):
        check_address(url)


def test_an_offline_folder(tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "w.bin").write_bytes(CONTENT)
    said: list[int | None] = []
    file = from_folder("w.bin", tmp_path / "stick", tmp_path / "w.bin", said.append)
    assert (said, digest(file)) == ([len(CONTENT)], hashlib.sha256(CONTENT).hexdigest())
    with pytest.raises(FetchFailed, match=r"holds no other\.bin.*Its makers keep it at https://example\.org/other\.bin"):
        from_folder("other.bin", tmp_path / "stick", tmp_path / "o", said.append, "https://example.org/other.bin")
    with pytest.raises(FetchFailed, match=r"There is no folder .*none"):
        from_folder("w.bin", tmp_path / "none", tmp_path / "o", said.append)
