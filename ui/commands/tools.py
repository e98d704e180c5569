"""Commands about vision tools: list, show, start a new one, check one, allow one to feed criteria."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ui.commands.options import AsJson, BodyPart, Modality, print_result, quiet_libraries

tools_app = typer.Typer(help="The vision tools at hand; new ones.", no_args_is_help=True)


@tools_app.command("list")
def tools_list(as_json: AsJson = False) -> None:
    """List the tools, and those that are broken with the reason."""
    quiet_libraries()
    from ui.work import list_tools

    data = list_tools()
    lines = [f"{t['name']:<20} {t['task']:<9} {t['version']:<7} {t['summary']}" for t in data["tools"]]
    lines += [f"{name}: not fetched: {why}" for name, why in data["not_fetched"].items()]
    print_result(data, as_json, [*lines, *(f"{name}: broken: {why}" for name, why in data["broken"].items())])


@tools_app.command("show")
def tools_show(name: str, as_json: AsJson = False) -> None:
    """Show one tool: scope, limits, reported accuracy."""
    from ui.work import show_tool

    data = show_tool(name)
    beside = () if data["task"] == "segment" else ("prompts",)
    shown = {key: value for key, value in data.items() if value and key not in beside}
    print_result(data, as_json, [line for key, value in shown.items() for line in _lines(key, value)])


_INNER = ("gpu_share", "batch", "batch_on", "needs_3d", "anatomy")
"""What concerns those who run or write tools, not who reads of one; it stands in --json."""
_CALLED = {
    "not_for": "limits", "body_parts": "body parts", "reported_by": "reported by",
    "weights_sha256": "sha256 of its weights", "prompts": "a click or a box",
}  # fmt: skip


def _lines(key: str, value: Any) -> list[str]:
    """Return what a tool says of itself under a key, as a reader reads it."""
    if key in _INNER:
        return []
    if key == "accuracy":
        return ["accuracy:", *(f"  {a['metric']} {a['value']:g} on {a['data']} (reported by {a['by']})" for a in value)]
    if key == "parameters" and not value.get("properties"):
        return []
    if key == "utterances":
        return [f"asked for with: {', '.join(said for each in value.values() for said in each)}"]
    if key == "parameters":
        return [f"--set takes: {', '.join(_range(name, said) for name, said in value.get('properties', {}).items())}"]
    return [f"{_CALLED.get(key, key)}: {', '.join(map(str, value)) if isinstance(value, list | tuple) else value}"]


def _range(name: str, said: dict[str, Any]) -> str:
    """Return a parameter with what it may be, from its JSON schema."""
    inner = said.get("items", said)
    if "enum" in inner:
        may = " or ".join(map(str, inner["enum"]))
    else:
        ends = [f"{end} {inner[key]:g}" for end, key in (("from", "minimum"), ("to", "maximum")) if key in inner]
        may = " ".join([str(inner.get("type", "")), *ends]).strip()
    count = f"{said['minItems']} in brackets, each: " if "items" in said and "minItems" in said else ""
    return f"{name} ({count}{may})" if may else name


@tools_app.command("new")
def tools_new(
    name: Annotated[str, typer.Argument(help="Small letters, digits and hyphens.")],
    task: Annotated[str, typer.Option("--task", help="segment, classify, find, measure or prepare.")] = "segment",
    out: Annotated[Path, typer.Option("--out", help="Folder to write the package's folder into.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write a package with a working tool for a task, its entry point and its test."""
    from tools.template import write_package

    files = [str(f) for f in write_package(name, out, task)]
    next_steps = f"Try it: scanwright tools check {out / name}; install it: pip install -e {out / name}"
    print_result({"files": files}, as_json, [*files, next_steps])


@tools_app.command("allow")
def tools_allow(
    name: Annotated[str, typer.Argument(help="A tool that does not come with Scanwright.")],
    no: Annotated[bool, typer.Option("--no", help="Take it back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a tool's results feed guideline criteria: this version, with these weights."""
    from agent.people import at_the_machine
    from agent.settings import Settings
    from tools import NotApplicable, Registry
    from tools.allowed import allow

    at_the_machine().check("allow tools")
    folder = Settings.from_environment().own_tools
    found = Registry.discover(folder).get(name)
    if found.shipped:
        raise NotApplicable(f"{name} comes with Scanwright: its results feed criteria. Name one of your own.")
    spec = found.spec
    allow(spec, folder, not no)
    said = "no longer feeds" if no else "may feed"
    print_result({"tool": name, "allowed": not no}, as_json, [f"{name} {spec.version} {said} guideline criteria."])


@tools_app.command("check")
def tools_check(
    path: Annotated[str, typer.Argument(help="A .py file, a bundle folder or zip, a package folder, or a name.")],
    as_json: AsJson = False,
) -> None:
    """Hold a tool to the contract on made images, in a process of its own without a network; exit 1 when it fails."""
    from agent.settings import Settings
    from tools.checks import check_tool

    data = check_tool(path, Settings.from_environment().own_tools)
    mark = {True: "holds", False: "FAILS", None: "note"}
    lines = [f"{mark[c['holds']]:<6} {c['name']}: {c['seen']}" for c in data["checks"]]
    spec = data["spec"] or {}
    card = [line for key, value in spec.items() if value for line in _lines(key, value)]
    verdict = "It keeps the contract." if data["passed"] else "It does not keep the contract yet."
    print_result(data, as_json, [*card, *lines, verdict])
    raise typer.Exit(0 if data["passed"] else 1)


@tools_app.command("prepare")
def tools_prepare(
    scan: str,
    tool: Annotated[str, typer.Option("--tool", help="denoise, clahe, bias-field, resample, or your own.")],
    out: Annotated[Path, typer.Option("--out", help="File to write: .nii.gz, or .png where no mm are known.")],
    given: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter.")] = None,
    modality: Modality = None,
    body_part: BodyPart = None,
    as_json: AsJson = False,
) -> None:
    """Make a derived image to look at; what is measured is always the original."""
    quiet_libraries()
    from ui.preparing import prepare as work

    data = work(scan, tool, out, given or [], modality, body_part)
    print_result(data, as_json, [f"{data['done']}: written to {out}", *data["notes"]])
