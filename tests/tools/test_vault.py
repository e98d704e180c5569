"""Blobs and databases closed with a key: nothing to be read without it, nothing to be put in another's place."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import vault as module
from tools.blobs import Blobs, DamagedBlob, folder_blobs
from tools.database import DamagedDatabase, open_database
from tools.database.cipher import copy
from tools.keys import KeyFileError, make_key, own_key, read_key, read_keys, write_keys
from tools.vault import FOLDER, Vault, VaultError, admit_all, is_sealed, keep_state, state_of

KEY, OTHER = b"k" * 32, b"o" * 32


def test_a_key_file_is_its_owners_alone_and_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "new" / "key"
    make_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(read_key(file)) == 32
    before = file.read_bytes()
    with pytest.raises(KeyFileError, match="there already"):
        make_key(file)
    assert file.read_bytes() == before
    write_keys(file, (OTHER, KEY))
    assert read_keys(file) == (OTHER, KEY)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in file.parent.iterdir()] == ["key"]
    file.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600 key"):
        read_key(file)


@pytest.mark.parametrize("text", ["", "short", "a" * 44, "?" * 44, "YQ==\n", "x" * 100_000])
def test_a_file_that_holds_no_key_is_told_without_its_content(tmp_path: Path, text: str) -> None:
    file = tmp_path / "key"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(KeyFileError, match="holds no key") as caught:
        read_key(file)
    assert not text.strip() or text.strip() not in str(caught.value)
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_key(tmp_path / "none")


def test_a_folders_own_key_is_made_once(tmp_path: Path) -> None:
    assert own_key(tmp_path / "x") == own_key(tmp_path / "x")


@given(st.binary(max_size=300), st.integers(1, 40))
def test_what_is_sealed_is_unsealed_whole(data: bytes, piece: int) -> None:
    closed, was = Vault([KEY]), module.PIECE
    module.PIECE = piece
    try:
        sealed = closed.seal("a/b", data)
        assert closed.unseal("a/b", sealed) == data
        assert Vault([OTHER, KEY]).unseal("a/b", sealed) == data
        assert is_sealed(sealed)
        assert len(data) < 4 or data not in sealed
        assert closed.seal("a/b", data) != sealed  # a nonce of its own each time
    finally:
        module.PIECE = was


def test_a_changed_moved_cut_or_swapped_blob_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE", 16)
    closed = Vault([KEY])
    sealed = closed.seal("one", bytes(range(40)))
    step = 12 + 16 + 16
    head = 12
    wrong = [bytes([*sealed[:n], sealed[n] ^ 1, *sealed[n + 1 :]]) for n in range(len(sealed))]
    wrong += [sealed[:n] for n in range(len(sealed))]
    wrong.append(sealed[:head] + sealed[head + step : head + 2 * step] + sealed[head : head + step] + sealed[head + 2 * step :])
    wrong.append(sealed[: head + 2 * step])  # a whole piece short
    wrong.append(sealed + sealed[head : head + step])
    for data in wrong:
        with pytest.raises(DamagedBlob):
            closed.unseal("one", data)
    with pytest.raises(DamagedBlob):
        closed.unseal("two", sealed)
    with pytest.raises(DamagedBlob, match="key that the key file does not hold"):
        Vault([OTHER]).unseal("one", sealed)


def test_blobs_lie_sealed_in_a_folder_and_are_never_mapped(tmp_path: Path) -> None:
    blobs = folder_blobs(tmp_path, Vault([KEY])).under("cases")
    blobs.put("a/x.npy", [b"Quimby", b" Zephyr"])
    assert b"Quimby" not in (tmp_path / "cases" / "a" / "x.npy").read_bytes()
    assert blobs.get("a/x.npy") == b"Quimby Zephyr"
    assert blobs.file("a/x.npy") is None
    (tmp_path / "cases" / "a" / "y.npy").write_bytes(b"put there by hand")
    with pytest.raises(DamagedBlob, match="not encrypted though"):
        blobs.get("a/y.npy")


def admit(place: Blobs, vault: Vault | None, *, empty: bool) -> None:
    """Admit one data folder."""
    admit_all([(FOLDER, place, lambda: empty)], vault)


def test_a_folder_says_which_key_closed_it_and_refuses_others_in_one_line(tmp_path: Path) -> None:
    place = folder_blobs(tmp_path)
    mine, other = Vault([KEY]), Vault([OTHER])
    admit(place, None, empty=False)
    with pytest.raises(VaultError, match=r"not encrypted\. Say `scanwright key encrypt`"):
        admit(place, mine, empty=False)
    assert state_of(place) == ("open", "")
    admit(place, mine, empty=True)
    assert state_of(place) == ("closed", mine.key_id)
    admit(place, mine, empty=False)
    with pytest.raises(VaultError, match="Name the key's file in SCANWRIGHT_KEY_FILE"):
        admit(place, None, empty=False)
    with pytest.raises(VaultError, match="another key"):
        admit(place, other, empty=False)
    with pytest.raises(VaultError, match="key rotate"):
        admit(place, Vault([OTHER, KEY]), empty=False)
    keep_state(place, "closing", mine.key_id)
    with pytest.raises(VaultError, match="key encrypt` again"):
        admit(place, mine, empty=False)
    place.put("encrypted", b"?")
    with pytest.raises(VaultError, match="cannot be read"):
        admit(place, mine, empty=False)
    assert mine.database_key not in (mine.key_id, KEY.hex())
    assert KEY.hex() not in repr(mine)


def test_a_database_lies_encrypted_its_write_ahead_file_too(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file, key = tmp_path / "x.sqlite", Vault([KEY]).database_key
    db = open_database(file, autocommit=True, key=key)
    db.execute("CREATE TABLE t (a TEXT)")
    db.executemany("INSERT INTO t VALUES (?)", [("Quimby " * 30,)] * 50)
    held = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert b"Quimby" not in held
    assert b"SQLite format" not in held
    db.close()
    with open_database(file, key=key) as again:
        assert again.execute("SELECT COUNT(*) FROM t").fetchone() == (50,)
    again.close()
    for wrong in (None, Vault([OTHER]).database_key):
        with pytest.raises(DamagedDatabase):
            open_database(file, key=wrong)
    whole = bytearray(file.read_bytes())
    whole[5000] ^= 1
    file.write_bytes(whole)
    with pytest.raises(DamagedDatabase):
        open_database(file, key=key)
    assert capfd.readouterr().err == ""


def test_a_database_is_copied_to_and_from_a_key_with_its_triggers(tmp_path: Path) -> None:
    key = Vault([KEY]).database_key
    plain, closed, back = (tmp_path / n for n in ("a.sqlite", "b.sqlite", "c.sqlite"))
    db = open_database(plain, autocommit=True)
    db.executescript(
        "CREATE TABLE t (n INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (7, 'Quimby'), (9, 'Zephyr');"
        "CREATE TRIGGER never BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'grows only'); END;"
    )
    db.close()
    copy(plain, closed, None, key)
    assert b"Quimby" not in closed.read_bytes()
    copy(closed, back, key, None)
    other = sqlite3.connect(back)
    assert other.execute("SELECT n, a FROM t ORDER BY n").fetchall() == [(7, "Quimby"), (9, "Zephyr")]
    with pytest.raises(sqlite3.IntegrityError, match="grows only"):
        other.execute("DELETE FROM t")
    other.close()
