"""SECURITY.md names tests for what it promises: each of them is there, and is run when the page says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.findall(r"(L )?`(tests/[\w/]+\.py)::(\w+)`", PAGE)


def test_every_test_that_the_page_names_is_one_and_is_marked_as_it_says() -> None:
    wrong = []
    for long, file, name in NAMED:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        found = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == name]
        marked = bool(found) and any("mark.long" in ast.unparse(d) for d in found[0].decorator_list)
        if not found or marked != bool(long):
            wrong.append(f"{file}::{name}")
    assert wrong == []
    assert len(NAMED) > 30


def test_the_limits_it_tells_are_those_in_force() -> None:
    from tools.apart import parent

    assert (parent.SECONDS, parent.SECONDS_A_MB, parent.MOST_SECONDS) == (60.0, 0.5, 900.0)
    assert parent.MOST_MEGABYTES == 16_000


def test_the_number_of_injections_is_the_suites() -> None:
    from orders import orders

    assert f"({len(orders(Path('out')))} injections" in PAGE


def test_every_promise_has_a_test() -> None:
    promised = PAGE.partition("## What is promised")[2].partition("## What is not promised")[0]
    for block in re.split(r"^\*\*", promised, flags=re.MULTILINE)[1:]:
        assert "::test_" in block, block[:40]
