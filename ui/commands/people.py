"""Commands about who may log in: list, let in, give roles, another password, take out. A password is typed, or one line
of standard input; it is never an argument, where others on the machine would see it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ui.commands.options import AsJson, print_result, quiet_libraries

if TYPE_CHECKING:
    from agent.people import Role
    from ui.login.readers import Readers

people_app = typer.Typer(
    help="Who may log in to the app, and as what: reader, signer, operator.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="The name a reader logs in with.")]
Roles = Annotated[list[str], typer.Option("--role", help="reader, signer or operator; repeatable, roles add up.")]


def _readers() -> Readers:
    """Return the file of readers. Raises BadReader when none is named."""
    quiet_libraries()
    from agent.people import at_the_machine
    from agent.settings import Settings
    from ui.login.readers import BadReader, Readers

    at_the_machine().check("manage readers")
    file = Settings.from_environment().logins
    if file is None:
        raise BadReader("Name a file of readers in SCANWRIGHT_LOGINS first; it is made with the first reader.")
    return Readers(file)


def _roles(names: list[str]) -> frozenset[Role]:
    from agent.people import ROLES, roles_of

    wrong = [n for n in names if n not in ROLES]
    if wrong:
        raise typer.BadParameter(f"A role is {', '.join(ROLES)}; seen {', '.join(wrong)}.")
    return roles_of(names)


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


@people_app.command("list")
def people_list(as_json: AsJson = False) -> None:
    """List the readers and their roles."""
    found = [{"name": r.name, "roles": sorted(r.roles)} for r in _readers().all()]
    lines = [f"{r['name']:<24} {', '.join(r['roles'])}" for r in found]
    print_result({"readers": found}, as_json, lines or ["Nobody may log in yet: scanwright people add NAME."])


@people_app.command("add")
def people_add(name: Name, role: Roles = ["reader"], as_json: AsJson = False) -> None:  # noqa: B006 - typer copies it
    """Let a reader log in; the password is asked for, or read from standard input."""
    readers, roles = _readers(), _roles(role)
    readers.add(name, _password(), roles)
    print_result({"name": name, "roles": sorted(roles)}, as_json, [f"{name} may log in as {', '.join(sorted(roles))}."])


@people_app.command("role")
def people_role(
    name: Name, role: Annotated[list[str], typer.Argument(help="reader, signer, operator; several add up.")],
    as_json: AsJson = False,
) -> None:
    """Give a reader other roles; a running app heeds them at the reader's next act."""
    roles = _roles(role)
    _readers().set_roles(name, roles)
    print_result({"name": name, "roles": sorted(roles)}, as_json, [f"{name} is {', '.join(sorted(roles))} now."])


@people_app.command("password")
def people_password(name: Name, as_json: AsJson = False) -> None:
    """Give a reader another password and end the log-ins that are open."""
    readers = _readers()
    readers.set_password(name, _password())
    print_result({"name": name}, as_json, [f"{name} logs in with the new password."])


@people_app.command("remove")
def people_remove(name: Name, as_json: AsJson = False) -> None:
    """Let a reader log in no more, and end what is open; their cases are kept."""
    _readers().remove(name)
    print_result({"name": name}, as_json, [f"{name} can no longer log in; their cases are kept."])
