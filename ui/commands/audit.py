"""Commands about the audit log: show it, check it, export it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.commands.options import AsJson, print_result, quiet_libraries

if TYPE_CHECKING:
    from agent.state import State

audit_app = typer.Typer(
    help="Who did what, when, to which case: an append-only, hash-chained log.", no_args_is_help=True
)
CaseOnly = Annotated[str | None, typer.Option("--case", help="Only this case.")]


def _state() -> State:
    quiet_libraries()
    from agent.settings import Settings
    from agent.state import State

    return State.open(Settings.from_environment())


@audit_app.command("verify")
def audit_verify(as_json: AsJson = False) -> None:
    """Find any line that was changed, taken out or put in, and any evidence that was; exit 1 when there is one."""
    state = _state()
    log = state.audit()
    problems = log.verify()
    if state.databases is not None or (state.home / "evidence").is_dir():
        store = state.evidence()
        problems += store.verify()
        store.close()
    count = sum(1 for _ in log.lines())
    log.close()
    said = f"{count} lines; the log and the evidence are what was written."
    print_result({"lines": count, "problems": problems}, as_json, problems or [said])
    raise typer.Exit(1 if problems else 0)


@audit_app.command("show")
def audit_show(case: CaseOnly = None, as_json: AsJson = False) -> None:
    """Show the log, oldest first."""
    log = _state().audit()
    lines = list(log.lines(case))
    log.close()
    shown = [
        f"{line.number:>5} {line.when} {line.who:<24} {line.what:<14} {line.case:<14} "
        f"{' '.join(e for e, _ in line.evidence)} {line.detail}".rstrip()
        for line in lines
    ]
    print_result({"lines": [asdict(line) for line in lines]}, as_json, shown or ["The log is empty."])


@audit_app.command("export")
def audit_export(
    out: Annotated[Path, typer.Option("--out", help="File to write, one JSON object a line.")],
    case: CaseOnly = None,
    as_json: AsJson = False,
) -> None:
    """Write the log with its hashes, so that others can check the chain."""
    log = _state().audit()
    lines = [json.dumps(asdict(line), ensure_ascii=False) for line in log.lines(case)]
    log.close()
    out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print_result({"out": str(out), "lines": len(lines)}, as_json, [f"{len(lines)} lines written to {out}"])
