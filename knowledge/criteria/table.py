"""Decision tables as data: inputs, scope exits, derived values and rows, read from ``tables/*.yaml``.

A table holds, in this order of use:
``inputs``   name, kind (choice, number, yes-no), allowed values or range, the question in both languages, and, for
             an input that has one, its default; an ``optional`` one is never asked for, and a row that depends on it
             does not fire without it; one ``by_parts`` is asked for by what it is derived from;
``required`` inputs asked for before any row is given, whatever the row;
``stages``   groups of the other inputs: a later group is asked for only when the earlier ones are answered;
``derived``  values worked out of inputs (rounding, differences, formulas), see `knowledge.criteria.derive`. One
             named like an input fills that input where it was not stated; ``any: true`` takes the first known of its
             sources; ``from: other-table/name`` takes another table's entry as it stands there;
``scope``    exits: when one holds, the guideline does not apply, and why;
``rows``     first that holds fires; each names its facts and the passage section it stands in;
``caveats``  what limits an answer when it holds.
A condition is ``name: value`` (equal), ``name: [a, b]`` (one of) or ``name: {lt|le|gt|ge: number}``; several names
must all hold; a list of such maps needs one of them. Knows no search.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from knowledge.facts import read_yaml
from knowledge.types import Language, UnknownGuideline

TABLES = Path(__file__).with_name("tables")
Both = dict[Language, str]
Condition = Mapping[str, Any] | list[Mapping[str, Any]]


@dataclass(frozen=True)
class Input:
    """One thing a table may be told. One without a default is asked for, unless it is optional."""

    name: str
    kind: Literal["choice", "number", "yes-no"]
    ask: Both
    values: tuple[str, ...] = ()
    low: float = float("-inf")
    high: float = float("inf")
    unit: str = ""
    default: Any = None
    optional: bool = False
    by_parts: bool = False


@dataclass(frozen=True)
class Exit:
    """One reason why the guideline does not apply."""

    id: str
    when: Condition
    reason: Both
    facts: tuple[str, ...] = ()
    section: str = ""


@dataclass(frozen=True)
class Row:
    """One row: when it holds, what it is called and what a reader may consider."""

    id: str
    when: Condition
    category: str
    action: Both
    facts: tuple[str, ...]
    section: str
    also: tuple[str, ...] = ()
    """Further sections that the row rests on."""
    note: Both = field(default_factory=dict)


@dataclass(frozen=True)
class Caveat:
    """What limits an answer when its condition holds."""

    when: Condition
    text: Both


@dataclass(frozen=True)
class Table:
    """One guideline's criteria."""

    name: str
    inputs: dict[str, Input]
    required: tuple[str, ...]
    stages: tuple[tuple[str, ...], ...]
    derived: dict[str, dict[str, Any]]
    scope: tuple[Exit, ...]
    rows: tuple[Row, ...]
    caveats: tuple[Caveat, ...]

    def roots(self, name: str) -> tuple[str, ...]:
        """Return the inputs that `name` rests on: itself, or what it is derived from."""
        if name in self.inputs and not self.inputs[name].by_parts:
            return (name,)
        found = [root for source in self.derived[name]["of"] for root in self.roots(source)]
        return tuple(dict.fromkeys(found))


def criteria_names() -> tuple[str, ...]:
    """Return the names of all criteria, sorted."""
    return tuple(sorted(path.stem for path in TABLES.glob("*.yaml")))


@lru_cache(maxsize=16)
def table(name: str) -> Table:
    """Return one table. Raises UnknownGuideline, naming those there are."""
    if name not in criteria_names():
        raise UnknownGuideline(
            f"No criteria are called {name!r}; there are {', '.join(criteria_names())}. "
            "For other guidelines passages can be searched, not applied."
        )
    raw = read_yaml((TABLES / f"{name}.yaml").read_text(encoding="utf-8"))
    return Table(
        name=name,
        inputs={key: _input(key, entry) for key, entry in raw["inputs"].items()},
        required=tuple(raw["required"]),
        stages=tuple(tuple(stage) for stage in raw["stages"]),
        derived={key: _derived(entry) for key, entry in raw.get("derived", {}).items()},
        scope=tuple(Exit(**_tuples(entry)) for entry in raw.get("scope", [])),
        rows=tuple(Row(**_tuples(entry)) for entry in raw["rows"]),
        caveats=tuple(Caveat(**entry) for entry in raw.get("caveats", [])),
    )


def _derived(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry, or the other table's entry that it stands for."""
    if "from" not in entry:
        return entry
    other, _, name = entry["from"].partition("/")
    return table(other).derived[name]


def _input(name: str, entry: dict[str, Any]) -> Input:
    low, high = entry.pop("range", (float("-inf"), float("inf")))
    return Input(name=name, low=low, high=high, **_tuples(entry))


def _tuples(entry: dict[str, Any]) -> dict[str, Any]:
    listed = {"values", "facts", "also"}
    return {key: tuple(value) if key in listed else value for key, value in entry.items()}
