"""What each role may do, and what each act takes on a case: one table, for the app, the command line and other agents.

    reader     opens scans, works on cases, writes drafts: everybody who is let in
    signer     also signs reports
    operator   also sets up what all readers share: the endpoint, guidelines, which tools feed criteria, who may log
               in; and reads the audit log

A role opens no case. A case is its owner's and those's whom the owner shared it with, to read or to work; an operator
too sees another's case only when it was shared. Running a machine is no reason to see its patients, and what an
operator needs to know of a case (who did what, when) the audit log says without showing it. Roles add up: who signs and
runs the machine has both. Knows no login and no case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from agent.events import NoRight

Role = Literal["reader", "signer", "operator"]
ROLES: tuple[Role, ...] = get_args(Role)
Level = Literal["read", "work", "own"]
"""What somebody may do in a case: look at it; work in it as its owner does; share and delete it."""
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclass(frozen=True)
class Act:
    """What an act takes: one of these roles, and this much of the case it is done to (None: of no case)."""

    roles: frozenset[Role]
    level: Level | None
    told: str
    """The act, as a refusal names it."""


_ALL: frozenset[Role] = frozenset(ROLES)
_SIGNERS: frozenset[Role] = frozenset({"signer"})
_OPERATORS: frozenset[Role] = frozenset({"operator"})
ACTS: dict[str, Act] = {
    "look": Act(_ALL, "read", "Looking at a case"),
    "work": Act(_ALL, "work", "Working in a case"),
    "open": Act(_ALL, None, "Opening a scan"),
    "export": Act(_ALL, "work", "Sending a report away"),
    "share": Act(_ALL, "own", "Sharing a case"),
    "delete": Act(_ALL, "own", "Deleting a case"),
    "sign": Act(_SIGNERS, "work", "Signing a report"),
    "set up": Act(_OPERATORS, None, "Setting up the endpoint"),
    "keep guidelines": Act(_OPERATORS, None, "Changing the guidelines, which all readers share,"),
    "allow tools": Act(_OPERATORS, None, "Letting a tool's results feed criteria"),
    "read the log": Act(_OPERATORS, None, "Reading the audit log"),
    "manage readers": Act(_OPERATORS, None, "Saying who may log in"),
}
_NEEDS: dict[Level, str] = {
    "read": "that its owner shares it",
    "work": "that its owner shares it to work",
    "own": "that it is one's own",
}


@dataclass(frozen=True)
class Person:
    """Somebody at work here.

    Attributes:
        id: under which their cases are kept; opaque.
        name: the name they logged in with; empty where nobody is asked.
        roles: what they may do; everybody is a reader.
    """

    id: str
    name: str = ""
    roles: frozenset[Role] = frozenset({"reader"})

    def may(self, act: str) -> bool:
        """Return whether a role of this person's lets them do an act; of a case, its owner decides besides."""
        return bool(ACTS[act].roles & (self.roles | {"reader"}))

    def check(self, act: str) -> None:
        """Raise NoRight, with what is needed, when no role of this person's lets them do an act."""
        if self.may(act):
            return
        needed = " or ".join(r for r in ROLES if r in ACTS[act].roles)
        held = ", ".join(r for r in ROLES if r in self.roles | {"reader"})
        raise NoRight(
            f"{ACTS[act].told} needs the role {needed}; yours: {held}. Nothing was done. The operator gives roles: in "
            f"the app under Settings, Readers, or with scanwright people role NAME {needed}."
        )


def enough(held: Level, need: Level) -> bool:
    """Return whether what is held of a case is as much as is needed.

    >>> enough("work", "read"), enough("read", "work")
    (True, False)
    """
    return LEVELS.index(held) >= LEVELS.index(need)


def short_of(held: Level, need: Level) -> NoRight:
    """Return the refusal for who holds less of a case than an act needs."""
    has = {"read": "to read", "work": "to work", "own": "as your own"}[held]
    return NoRight(f"You have this case {has}; this needs {_NEEDS[need]}. Nothing was done. Ask its owner.")


def roles_of(words: Iterable[str]) -> frozenset[Role]:
    """Return the roles among words, any other left aside (a proxy names groups of its own); a reader always.

    >>> sorted(roles_of(["Signer", "radiology"]))
    ['reader', 'signer']
    """
    named = {w.strip().lower() for w in words}
    return frozenset(r for r in ROLES if r in named or r == "reader")


MACHINE = frozenset[Role]({"reader", "operator"})
"""Who uses the machine itself: the command line, and an app on its own address without logins. The account on the
machine lets them in, and may change every setting anyway; but nobody knows their name, so they do not sign."""
AGENT = Person("mcp")
"""Other agents, over MCP: never more than a reader."""


def at_the_machine(*, signs: bool = False) -> Person:
    """Return who types a command; `signs`: whether the operator lets the command line sign in a name it is given."""
    return Person("local", "", MACHINE | _SIGNERS if signs else MACHINE)
