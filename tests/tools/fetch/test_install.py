"""Fetched by name: the hash that is due, a pickle that is no network, a zoo bundle that is pinned, an offline folder."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import bundle_maker
import pytest

from tools import Registry
from tools.bundles.pins import PINS
from tools.fetch import ITEMS, FetchFailed, NotFetched, fetch, in_place, item_of
from tools.fetch.install import BOOK, noted
from tools.models.chest_xray.model import ChestXray

ZOO = json.dumps({
    "spleen_ct_segmentation_v0.5.9": {"checksum": "", "source": "https://x.test/spleen_ct_segmentation_v0.5.9.zip"},
    "spleen_ct_segmentation_v0.5.10": {"checksum": "a" * 40, "source": "https://x.test/spleen_ct_segmentation_v0.5.10.zip"},
    "note": "no bundle",
})  # fmt: skip


def silent(item: Any, size: int | None) -> None:
    """Hear the size and say nothing."""


def test_names_and_the_newest_version_of_a_bundle() -> None:
    item = item_of("zoo:spleen_ct_segmentation", ZOO)
    assert (item.file, item.sha1) == ("spleen_ct_segmentation_v0.5.10.zip", "a" * 40)
    assert item_of("chest-xray") is ITEMS["chest-xray"]
    for name, said in (
        ("lungs", "chest-xray, lobes, and zoo:NAME"), ("zoo:../etc", "zoo:NAME"), ("zoo:spleen", "Near it: spleen_ct_segmentation"),
    ):  # fmt: skip
        with pytest.raises(FetchFailed, match=said):
            item_of(name, ZOO)
    with pytest.raises(FetchFailed, match="no JSON"):
        item_of("zoo:spleen", "<html>")


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """An offline folder with a bundle and the zoo's list that names it."""
    folder = tmp_path / "stick"
    folder.mkdir()
    bundle_maker.make_bundle(tmp_path / "made" / "toy")
    archive = Path(shutil.make_archive(str(folder / "toy_v1.0.0"), "zip", tmp_path / "made", "toy"))
    sum_ = hashlib.sha1(archive.read_bytes()).hexdigest()
    listed = {"toy_v1.0.0": {"checksum": sum_, "source": "https://x.test/toy_v1.0.0.zip"}}
    (folder / "model_info.json").write_text(json.dumps(listed), encoding="utf-8")
    return folder


def test_a_zoo_bundle_is_listed_once_fetched_and_its_weights_are_pinned(stick: Path, tmp_path: Path) -> None:
    own = tmp_path / "tools"
    said: list[Any] = []
    got = fetch("zoo:toy", own, lambda item, size: said.append((item.file, size)), offline=stick)
    assert said == [("toy_v1.0.0.zip", (stick / "toy_v1.0.0.zip").stat().st_size)]
    assert got.first_seen
    assert len(json.loads((own / PINS).read_text(encoding="utf-8"))) == 1
    registry = Registry.discover(own)
    assert [t for t in registry.tools.values() if t.origin.startswith("bundle toy") and not t.trusted]
    assert not fetch("zoo:toy", own, silent, offline=stick).first_seen


def test_a_file_that_is_another_than_before_or_than_listed_is_thrown_away(stick: Path, tmp_path: Path) -> None:
    own = tmp_path / "tools"
    fetch("zoo:toy", own, silent, offline=stick)
    before = (own / "toy.zip").read_bytes()
    with (stick / "toy_v1.0.0.zip").open("ab") as archive:
        archive.write(b"changed")
    with pytest.raises(FetchFailed, match=r"is due|another checksum"):
        fetch("zoo:toy", own, silent, offline=stick)
    assert (own / "toy.zip").read_bytes() == before
    fresh = tmp_path / "fresh"
    with pytest.raises(FetchFailed, match="another checksum"):
        fetch("zoo:toy", fresh, silent, offline=stick)
    assert not (fresh / "toy.zip").exists()
    assert noted(fresh) == {}


def test_before_it_is_fetched_a_tool_is_listed_as_such_with_what_to_do(tmp_path: Path) -> None:
    pytest.importorskip("torchxrayvision", reason="the extra xray is not installed")
    with pytest.raises(NotFetched, match="scanwright tools fetch chest-xray"):
        in_place(ChestXray, tmp_path)
    with pytest.raises(NotFetched, match="scanwright tools fetch chest-xray"):
        in_place(ChestXray, None)

    class Elsewhere(ChestXray):
        extra = ("xray", "no_such_package_here")

    with pytest.raises(NotFetched, match=r"pip install 'scanwright\[xray\]'"):
        in_place(Elsewhere, tmp_path)


def test_a_damaged_list_of_what_was_fetched_says_so(tmp_path: Path) -> None:
    (tmp_path / BOOK).write_text("{", encoding="utf-8")
    with pytest.raises(FetchFailed, match="take it away and fetch again"):
        noted(tmp_path)


class Runs:
    """What a pickle could do."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("ran-by-a-pickle"),))


def _legacy(path: Path) -> None:
    """Write the evil object the way PyTorch wrote before 1.6."""
    import torch

    torch.save(Runs(), path, _use_new_zipfile_serialization=False)


def _zip(path: Path) -> None:
    import torch

    torch.save(Runs(), path)


WRITERS = (lambda p: p.write_bytes(pickle.dumps(Runs())), _legacy, _zip, lambda p: p.write_bytes(b"<html>not found</html>"))


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torchxrayvision", reason="the extra xray is not installed")
    monkeypatch.chdir(tmp_path)
    name = ITEMS["chest-xray"].file
    for number, write in enumerate(WRITERS):
        stick = tmp_path / str(number)
        stick.mkdir()
        write(stick / name)
        with pytest.raises(FetchFailed, match="nothing in it was run"):
            fetch("chest-xray", tmp_path / "tools", silent, offline=stick)
    assert not (tmp_path / "ran-by-a-pickle").exists()
    assert not (tmp_path / "tools" / "chest-xray" / "weights.safetensors").exists()


def test_a_known_hash_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    item = replace(ITEMS["chest-xray"], sha256="0" * 64)
    monkeypatch.setitem(ITEMS, "chest-xray", item)
    (tmp_path / item.file).write_bytes(b"another file")
    with pytest.raises(FetchFailed, match="000000000000… is due"):
        fetch("chest-xray", tmp_path / "tools", silent, offline=tmp_path)
