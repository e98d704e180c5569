"""What of the shared database can be shown without a server: addresses, errors, and the one SQL for both."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tools.blobs import BlobError
from tools.blobs_remote import open_store
from tools.contract import StateDown
from tools.database import (
    ROWID,
    Database,
    DatabaseDown,
    DatabaseMismatch,
    Files,
    Schema,
    only_grows,
    open_databases,
)
from tools.database.postgres import lock_number, translated
from tools.database.postgres_errors import shown

SCHEMA = Schema(
    "part", f"CREATE TABLE IF NOT EXISTS notes ({ROWID}, words TEXT NOT NULL);\n"
).plus(only_grows("notes", "notes only grow"))  # fmt: skip


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:secret-word@db.example:5433/scans?sslmode=require", "db.example:5433/scans"),
        ("postgres://me:secret-word@10.0.0.1/x", "10.0.0.1/x"),
        ("postgresql:///scans", "this machine/scans"),
    ],
)
def test_an_address_is_shown_without_its_user_and_password(url: str, said: str) -> None:
    assert shown(url) == said


@pytest.mark.parametrize(
    "url", ["mysql://u:secret-word@h/x", "secret-word", "postgresql://u:secret-word@h:port/x", "postgresql+psycopg://u:secret-word@h/x"]
)
def test_what_is_no_address_is_said_without_repeating_it(url: str) -> None:
    with pytest.raises(DatabaseMismatch, match="no address of PostgreSQL") as caught:
        open_databases(url, {})
    assert "secret-word" not in str(caught.value)


def test_a_server_that_is_not_there_is_one_line_at_once() -> None:
    with pytest.raises(DatabaseDown, match=r"127.0.0.1:1/x cannot be reached") as caught:
        open_databases("postgresql://u:secret-word@127.0.0.1:1/x", {})
    assert isinstance(caught.value, StateDown)
    assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize("absent", ["psycopg", "psycopg_pool"])
def test_without_the_extra_the_line_names_it(absent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(DatabaseMismatch, match=r"scanwright\[shared\]"):
        open_databases("postgresql://u:p@127.0.0.1:1/x", {})


@pytest.mark.parametrize("absent", ["fsspec", "s3fs"])
def test_without_the_extra_a_bucket_names_it(absent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec  # noqa: F401 - loads its registry

    held = sys.modules["fsspec.registry"]._registry  # keeps what a test before has loaded
    monkeypatch.delitem(held, "s3", raising=False)
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(BlobError, match=r"scanwright\[shared\]"):
        open_store("s3://bucket/prefix", tmp_path)


def test_the_default_loads_nothing_of_it() -> None:
    code = (
        "import sys, agent.state, tools.evidence\n"
        "print([m for m in ('psycopg', 'fsspec', 's3fs', 'sqlalchemy', 'langgraph') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"


def test_values_are_marked_as_each_database_marks_them() -> None:
    assert translated("SELECT 1 FROM a WHERE b = ? AND c LIKE '%x'") == "SELECT 1 FROM a WHERE b = %s AND c LIKE '%%x'"


def test_a_lock_has_one_number_everywhere() -> None:
    assert lock_number("arrays") == lock_number("arrays") != lock_number("audit")
    assert -(2**63) <= lock_number("turn case-7") < 2**63


def _write_two(made: Database) -> None:
    with made.writing():
        made.execute("INSERT INTO notes (words) VALUES (?)", ("two",))
        made.execute("INSERT INTO notes (words) VALUES (NULL)")


def test_a_transaction_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    made = Files({"part": tmp_path / "part.sqlite"}).open(SCHEMA)
    with made.writing(alone=("notes",)):
        made.execute("INSERT INTO notes (words) VALUES (?)", ("one",))
    with pytest.raises(sqlite3.IntegrityError):
        _write_two(made)
    assert made.rows("SELECT words FROM notes ORDER BY rowid") == [("one",)]
    assert made.row("SELECT words FROM notes WHERE words = 'two'") is None
    for statement in ("UPDATE notes SET words = ''", "DELETE FROM notes"):
        with pytest.raises(sqlite3.IntegrityError, match="notes only grow"):
            made.execute(statement)
    made.close()
