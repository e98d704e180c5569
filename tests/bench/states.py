"""A persisted turn on SQLite and on PostgreSQL, side by side, and what a conversation of 12 and of 500 messages takes.

The same case, the same question, the databases in turn in each round; PostgreSQL runs on this machine, so its network
costs nothing here. Run by `scanwright bench scale`, or by itself: python tests/bench/states.py [ROUNDS]
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:] = [p for p in sys.path if p != str(HERE)]
for folder in (str(HERE.parents[1]), str(HERE.parent), str(HERE)):
    if folder not in sys.path:
        sys.path.append(folder)

LENGTHS = (12, 500)
ROUNDS = 9


def measure(rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Return a row for each database and length: median milliseconds of a turn, and the conversation's size in kB.

    A database that is not installed is a row that says so.
    """
    bench = _bench()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scanwright-states-")))
        made, missing = _workspaces(folder, stack)
        times: dict[tuple[str, int], list[float]] = {}
        sizes: dict[tuple[str, int], float] = {}
        for length in LENGTHS:
            sessions = {}
            for name, workspace in made.items():
                sessions[name] = bench._thread_of(workspace, length, length % 7)
                list(sessions[name].ask("which threshold did you use?"))
            for _ in range(rounds):
                for name, session in sessions.items():
                    took = bench._ms(lambda s=session: list(s.ask("which threshold did you use?")))
                    times.setdefault((name, length), []).append(took)
            for name, session in sessions.items():
                sizes[name, length] = _size(made[name], session.case_id)
        rows = [
            {
                "database": name, "messages": length, "turn_ms": round(statistics.median(times[name, length]), 1),
                "size_kb": round(sizes[name, length], 1),
            }
            for name in made for length in LENGTHS
        ]  # fmt: skip
        return rows + missing


def _bench() -> Any:
    """Return the agent's bench, whose file has the name of our package."""
    spec = importlib.util.spec_from_file_location("bench_agent", HERE / "agent.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def _workspaces(folder: Path, stack: contextlib.ExitStack) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    import pytest
    import scripted
    import servers

    from agent.settings import Settings

    made = {"sqlite": scripted.workspace(folder / "sqlite")}
    stack.callback(made["sqlite"].close)
    try:
        server = stack.enter_context(servers.postgres())
    except pytest.skip.Exception as why:
        return made, [{"database": "postgresql", "skipped": str(why)}]
    made["postgresql"] = scripted.shared_workspace(Settings(home=folder, database=server.fresh()), folder / "pg")
    stack.callback(made["postgresql"].close)
    return made, []


def _size(workspace: Any, case_id: str) -> float:
    """Return the kilobytes of one conversation's rows."""
    return sum(_of_table(workspace, case_id)) / 1024


def _of_table(workspace: Any, case_id: str) -> Iterator[int]:
    kept = workspace.checkpoints
    postgres = workspace.settings.database is not None
    columns = {
        "checkpoints": ("checkpoint", "metadata"), "checkpoint_blobs": ("blob",), "checkpoint_writes": ("blob",),
        "said": ("text",),
    }  # fmt: skip
    if not postgres:
        columns = {"checkpoints": ("checkpoint", "metadata"), "writes": ("value",), "said": ("text",)}
    for table, names in columns.items():
        for name in names:
            length = f"pg_column_size({name})" if postgres else f"length({name})"
            with kept.reading() as execute:
                asked = f"SELECT coalesce(sum({length}), 0) FROM {table} WHERE thread_id = ?"
                yield int(execute(asked, (case_id,)).fetchone()[0])


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS), indent=1))
