"""Several processes that open one new database at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.database import open_database

OPENER = """
import sys, time
from pathlib import Path
from tools.database import open_database
time.sleep(max(0.0, float(sys.argv[2]) - time.time()))
db = open_database(Path(sys.argv[1]))
with db:
    db.execute("CREATE TABLE IF NOT EXISTS lines (who TEXT)")
with db:
    db.execute("INSERT INTO lines VALUES (?)", (sys.argv[3],))
db.close()
"""


def test_processes_that_open_a_new_file_at_the_same_moment_wait_for_each_other(tmp_path: Path) -> None:
    together = str(time.time() + 3.0)
    path = tmp_path / "shared.sqlite"
    openers = [
        subprocess.Popen([sys.executable, "-c", OPENER, str(path), together, str(n)]) for n in range(4)
    ]
    assert [o.wait(timeout=90) for o in openers] == [0] * 4
    db = open_database(path)
    assert sorted(db.execute("SELECT who FROM lines").fetchall()) == [(str(n),) for n in range(4)]
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()


def test_what_is_no_database_is_an_error_and_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    path.write_text("these are notes, not a database " * 50)
    with pytest.raises(sqlite3.DatabaseError):
        open_database(path)
    assert path.read_text().startswith("these are notes")
