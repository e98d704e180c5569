"""Blobs by name: whole or not at all, checked, wrapped by one cipher; a folder and another place alike."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from tools import Scan
from tools.blobs import (
    BlobError,
    Blobs,
    DamagedBlob,
    MissingBlob,
    StoreDown,
    TakenBlob,
    folder_blobs,
)
from tools.blobs_remote import open_store
from tools.scan.cache import keep_scan, kept_scan


@pytest.fixture(params=["folder", "memory"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    """A folder, and a place that is reached through fsspec."""
    where = str(tmp_path / "home") if request.param == "folder" else f"memory://{tmp_path.name}"
    return open_store(where, tmp_path / "home")


class Mirror:
    """A cipher that is none: bytes backwards, with the name behind them."""

    def seal(self, name: str, data: bytes) -> bytes:
        return bytes(data)[::-1] + name.encode()

    def unseal(self, name: str, data: bytes) -> bytes:
        if not data.endswith(name.encode()):
            raise DamagedBlob(name)
        return data[: len(data) - len(name.encode())][::-1]


def test_what_is_put_comes_back(blobs: Blobs) -> None:
    blobs.put("a/one", b"1")
    blobs.put("a/b/two", [b"2", memoryview(b"34"), bytearray(b"5")])
    blobs.put("a/one", b"6")
    assert (blobs.get("a/one"), blobs.get("a/b/two")) == (b"6", b"2345")
    assert blobs.names() == ["a/b/two", "a/one"]
    assert blobs.under("a").names() == ["b/two", "one"]
    assert blobs.under("a").get("b/two") == b"2345"
    assert blobs.exists("a/one")
    assert not blobs.exists("a")
    assert not blobs.exists("none")
    blobs.delete("a/one")
    blobs.delete("a/one")
    blobs.under("a").delete_under("b")
    assert blobs.names() == []
    with pytest.raises(MissingBlob, match="a/one is not there"):
        blobs.get("a/one")
    with pytest.raises(MissingBlob):
        blobs.file("a/one")


def test_what_is_to_be_new_replaces_nothing(blobs: Blobs) -> None:
    blobs.put("v/1", b"first", new=True)
    with pytest.raises(TakenBlob, match="there already"):
        blobs.put("v/1", b"second", new=True)
    assert blobs.get("v/1") == b"first"
    assert blobs.names() == ["v/1"]


def test_a_name_with_a_hash_is_held_to_it(blobs: Blobs) -> None:
    data = os.urandom(500)
    name = f"x/data.sha256-{hashlib.sha256(data).hexdigest()}.bin"
    blobs.put(name, data)
    assert blobs.get(name) == data
    file = blobs.file(name)
    assert file is not None
    assert file.read_bytes() == data
    other = f"x/other.sha256-{'0' * 64}"
    blobs.put(other, data)
    with pytest.raises(DamagedBlob, match="not what was kept"):
        blobs.get(other)


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../up", "a/../../b", "a\\b", "a\0b", "a/.."])
def test_a_name_that_is_none_reaches_nothing(blobs: Blobs, name: str) -> None:
    for act in (blobs.get, blobs.exists, blobs.delete, blobs.delete_under, lambda n: blobs.put(n, b"")):
        with pytest.raises(BlobError, match="is no name"):
            act(name)


def test_a_cipher_wraps_all_that_goes_in_and_no_file_is_mapped(blobs: Blobs) -> None:
    closed = Blobs(blobs.place, Mirror())
    closed.under("c").put("d", [b"plain ", b"words"])
    assert closed.get("c/d") == b"plain words"
    assert b"plain words" not in blobs.get("c/d")
    assert closed.file("c/d") is None
    blobs.put("c/e", blobs.get("c/d"))
    with pytest.raises(DamagedBlob):
        closed.get("c/e")


def test_many_at_once_write_whole_blobs(tmp_path: Path) -> None:
    blobs = folder_blobs(tmp_path)
    taken: list[int] = []

    def work(n: int) -> None:
        for _ in range(20):
            blobs.put("same", bytes([n]) * 5000, sync=False)
        try:
            blobs.put("first", bytes([n]), new=True)
        except TakenBlob:
            taken.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(5)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(set(blobs.get("same"))) == 1
    assert len(blobs.get("same")) == 5000
    assert len(taken) == 4
    assert blobs.names() == ["first", "same"]


@pytest.mark.parametrize("order", ["C", "F", "cut"])
@pytest.mark.parametrize("closed", [False, True])
def test_a_scan_comes_back_the_same_however_its_voxels_lie(blobs: Blobs, order: str, closed: bool) -> None:
    values = np.random.default_rng(3).integers(-1000, 400, (7, 9, 11)).astype(np.int16)
    voxels = {"C": values, "F": np.asfortranarray(values), "cut": values[::-1, 1:8, ::2]}[order]
    scan = Scan.build(voxels, np.diag([0.7, 0.7, 2.5, 1.0]))
    kept = Blobs(blobs.place, Mirror()) if closed else blobs
    keep_scan(scan, kept, "s")
    keep_scan(scan, kept, "s")
    back = kept_scan(kept, "s")
    assert back.id == scan.id
    np.testing.assert_array_equal(back.voxels, voxels)
    with pytest.raises(ValueError, match="read-only"):
        back.voxels[0, 0, 0] = 1
    assert len(kept.names("s")) == 2


def test_what_is_fetched_is_kept_up_to_a_limit_and_goes_with_what_it_is_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tools import blobs_remote

    monkeypatch.setattr(blobs_remote, "CACHE_BYTES", 2500)
    blobs = open_store(f"memory://{tmp_path.name}", tmp_path)
    for number in range(4):
        blobs.put(f"c/{number}", bytes(1000))
        file = blobs.file(f"c/{number}")
        assert file is not None
        os.utime(file, (number, number))
    assert sorted(p.name for p in (tmp_path / "cache").rglob("*") if p.is_file()) == ["2", "3"]
    blobs.delete_under("c")
    assert [p for p in (tmp_path / "cache").rglob("*") if p.is_file()] == []


def test_an_address_that_is_none_is_one_line_without_its_secret(tmp_path: Path) -> None:
    with pytest.raises(BlobError, match=r"names nosuch://h/x, which cannot be opened") as caught:
        open_store("nosuch://user:secret-word@h/x?token=secret-word", tmp_path)
    assert "secret-word" not in str(caught.value)


@pytest.mark.long
def test_a_bucket_does_the_same(bucket: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in bucket.environment.items():  # type: ignore[attr-defined]
        monkeypatch.setenv(name, value)
    blobs = open_store(bucket.store(), tmp_path)  # type: ignore[attr-defined]
    test_what_is_put_comes_back(blobs)
    test_what_is_to_be_new_replaces_nothing(blobs)
    test_a_name_with_a_hash_is_held_to_it(blobs)
    test_a_cipher_wraps_all_that_goes_in_and_no_file_is_mapped(blobs)
    with pytest.raises(StoreDown, match="no such bucket"):
        open_store("s3://nobody-has-this/x", tmp_path).get("a")


@pytest.mark.parametrize("act", ["get", "put", "put_new", "exists", "names", "delete"])
def test_a_bucket_that_says_nothing_is_away_and_not_waited_for_without_end(
    act: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library by itself waits for ever when it writes, and says of everything that it is not there."""
    pytest.importorskip("s3fs")
    from tools import blobs_remote

    for name, value in {"_READ_S": 0.2, "_TRIES": 1, "_PUT_S": 0.4}.items():
        monkeypatch.setattr(blobs_remote, name, value)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        blobs = open_store("s3://scans/x", tmp_path)
        acts = {
            "get": lambda: blobs.get("a/one"), "put": lambda: blobs.put("a/one", b"1"),
            "put_new": lambda: blobs.put("a/one", b"1", new=True), "exists": lambda: blobs.exists("a/one"),
            "names": blobs.names, "delete": lambda: blobs.delete("a/one"),
        }  # fmt: skip
        with pytest.raises(StoreDown, match="cannot be reached"):
            acts[act]()
