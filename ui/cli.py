"""The `scanwright` command: parses, calls a public function, prints. Heavy imports come late, so that --help is quick.

With --json one JSON object goes to stdout (events: one a line) and nothing else; errors are one line on stderr, exit 2
for bad input and 1 for a failure.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ui.commands.audit import audit_app
from ui.commands.batch import commands as batches
from ui.commands.fetch import fetch
from ui.commands.key import key_app
from ui.commands.library import commands as library
from ui.commands.mcp import commands as mcp_commands
from ui.commands.move import commands as moves
from ui.commands.options import (
    AsJson,
    BodyPart,
    CaseId,
    MaskFile,
    Modality,
    Point,
    Tool,
    numbers,
    print_result,
    quiet_libraries,
)  # fmt: skip
from ui.commands.pacs import pacs_app
from ui.commands.people import people_app
from ui.commands.privacy import commands as privacy
from ui.commands.report import commands as papers
from ui.commands.search import commands as searches
from ui.commands.tools import tools_app

app = typer.Typer(
    name="scanwright",
    help="A grounded assistant for scans: every number is measured by a tool or cited from a passage. "
    "Research use only. Not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_FAILURES = (
    "ToolFailed", "EvidenceError", "BrokenStore", "EmbedderDown", "EndpointDown", "DatabaseDown", "StoreDown",
    "Cancelled", "ArchiveFailed", "EngineError", "NoEngine", "EngineDown", "MixedVersions",
)  # fmt: skip
"""Errors that are no fault of the input: exit 1, not 2."""


def main() -> None:
    """Run the command line: what a user can mend is one line on stderr, never a traceback."""
    sys.exit(guard(lambda: app(standalone_mode=False)))


def guard(run: Callable[[], Any]) -> int:
    """Run and return the exit status: 0, 2 for bad input, 1 for a failure, told in one line on stderr."""
    try:
        code = run()
        return code if isinstance(code, int) else 0
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        return _told("Stopped.", 1)
    except typer.TyperException as error:
        format_message = getattr(error, "format_message", None)
        return _told(format_message() if format_message else "Wrong arguments; see --help.", 2)
    except (KeyboardInterrupt, BrokenPipeError):
        return 130
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("tools", "agent", "knowledge", "ui"):
            if isinstance(error, OSError):
                return _told(f"{type(error).__name__}: {error.strerror or error}. Check the path and the disk.", 1)
            raise
        return _told(str(error), 1 if type(error).__name__ in _FAILURES else 2)


def _told(text: str, code: int) -> int:
    sys.stderr.write(f"error: {' '.join(text.split())}\n")
    return code


@app.command()
def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after the report.")] = False,
    host: str = "127.0.0.1",
    port: int = 7860,
) -> None:
    """Run the sample case end to end in the terminal, then serve the app with it."""
    quiet_libraries()
    from ui.demo import run

    run(serve_after=not no_serve, host=host, port=port)


@app.command()
def serve(host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve the app."""
    quiet_libraries(log=True)
    from agent import Workspace
    from ui.app import serve as serve_app

    serve_app(Workspace.open(), host=host, port=port)


@app.command()
def ask(
    scan: Annotated[str, typer.Argument(help="A scan; '-' goes on with --case.")],
    text: Annotated[str, typer.Argument(help="What to ask; '-' reads one message a line.")] = "-",
    case: CaseId = None,
    point: Point = None,
    mask: MaskFile = None,
    modality: Modality = None,
    body_part: BodyPart = None,
    approve: Annotated[bool, typer.Option("--approve", help="Say yes to what asks for approval.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take one turn about a scan: tool calls, evidence, checked sentences."""
    quiet_libraries()
    from ui.terminal import converse, open_session

    session = open_session(scan if scan != "-" else None, case, modality, body_part, mask)
    if point is not None:
        x, y, z = numbers(point, 3, "--point")
        session.select(point=(x, y, z))
    lines = (line.rstrip("\n") for line in sys.stdin)
    messages = (line for line in lines if line.strip()) if text == "-" else [text]
    if code := max((converse(session, m, as_json=as_json, approve=approve) for m in messages), default=0):
        raise typer.Exit(code)


@app.command()
def segment(
    scan: str,
    out: Annotated[Path, typer.Option("--out", help="NIfTI file to write, .nii.gz.")],
    point: Point = None,
    box: Annotated[str | None, typer.Option("--box", metavar="X0,Y0,Z0,X1,Y1,Z1", help="RAS mm, two corners.")] = None,
    find: Annotated[bool, typer.Option("--find", help="Search the whole scan and outline what is found.")] = False,
    finder: Annotated[str | None, typer.Option("--finder", help="The tool to --find with; else the best one.")] = None,
    threshold: float = 0.5,
    tool: Tool = None,
    modality: Modality = None,
    body_part: BodyPart = None,
    as_json: AsJson = False,
) -> None:
    """Outline a lesion from a point or a box, or what a search finds, and write the mask."""
    quiet_libraries()
    given = sum((point is not None, box is not None, find))
    if given > 1 or not (given or tool):
        raise typer.BadParameter("Give exactly one of --point, --box and --find, or a --tool that needs none of them.")
    if finder and not find:
        raise typer.BadParameter("--finder names the tool for --find.")
    from ui.work import segment as work

    data = work(
        scan, out, threshold=threshold, tool=tool, find=find, finder=finder, modality=modality, body_part=body_part,
        point=numbers(point, 3, "--point") if point is not None else None,
        box=numbers(box, 6, "--box") if box is not None else None,
    )  # fmt: skip
    lines = [f"{len(data['lesions'])} outlined by {data['tool']}, written to {out}"]
    for lesion in data["lesions"]:
        volume = lesion["volume_voxel"]
        lines.append(f"  {lesion['id']}: {lesion['label']}, {volume['value']} {volume['unit']}")
    print_result(data, as_json, [*lines, *data["notes"]])


@app.command()
def measure(
    scan: str,
    mask: str,
    tool: Annotated[str | None, typer.Option("--tool", help="By name; left out: sizes and attenuation.")] = None,
    modality: Modality = None,
    body_part: BodyPart = None,
    as_json: AsJson = False,
) -> None:
    """Measure every lesion of a mask or label file."""
    quiet_libraries()
    from ui.work import measure as work

    data = work(scan, mask, modality, body_part, tool)
    print_result(data, as_json, _quantity_lines(data))


@app.command()
def classify(
    scan: str,
    mask: str,
    tool: Annotated[list[str] | None, typer.Option("--tool", help="By name; several, or all: side by side.")] = None,
    explain: Annotated[Path | None, typer.Option("--explain", help="PNG to draw what it looked at in.")] = None,
    modality: Modality = None,
    body_part: BodyPart = None,
    as_json: AsJson = False,
) -> None:
    """Score every lesion of a mask or label file with a classifier; never a diagnosis."""
    quiet_libraries()
    from ui.scores import classify as work
    from ui.scores import lines, side_by_side, table

    if tool and (len(tool) > 1 or "all" in tool):
        if explain is not None:
            raise typer.BadParameter("--explain draws what one tool looked at: give one --tool.")
        data = side_by_side(scan, mask, tool, modality, body_part)
        print_result(data, as_json, table(data))
        return
    data = work(scan, mask, tool[0] if tool else None, modality, body_part, explain)
    print_result(data, as_json, [*_quantity_lines(data), *lines(data)])


@app.command()
def compare(
    scan: str, mask: str, prior: str, prior_mask: str,
    days: Annotated[int | None, typer.Option("--days", help="Between the scans, when no header says.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="SVG file to draw every lesion's sizes in.")] = None,
    modality: Modality = None, body_part: BodyPart = None, as_json: AsJson = False,
) -> None:
    """Compare a scan's lesions with a prior's: aligned, matched, measured alike, with the readers' noise beside."""
    quiet_libraries()
    from ui.changes import check_plot, lines
    from ui.changes import compare as work
    from ui.changes import plot as draw

    if plot is not None:
        check_plot(plot)
    data = work(scan, mask, prior, prior_mask, days, modality, body_part)
    if plot is not None:
        draw(data, plot)
    print_result(data, as_json, lines(data))


def _quantity_lines(data: dict[str, Any]) -> list[str]:
    from tools.quantity import Quantity, show

    lines = []
    for lesion in data["lesions"]:
        lines.append(f"lesion {lesion['id']}")
        for name, q in lesion["quantities"].items():
            shown = show(Quantity(name, q["value"], q["unit"], q["method"]))
            lines.append(f"  {name:<28} {shown:>14}   {q['method']}")
        lines += [f"  note: {note}" for note in lesion.get("notes", ())]
    return lines


@app.command()
def verify(report: Path, evidence: Path, as_json: AsJson = False) -> None:
    """Check every number, unit, side and word of a report against its evidence; exit 1 when something is not held."""
    from ui.work import verify as work

    problems = work(report, evidence)
    lines = problems or ["Every statement of the report is held by its evidence."]
    print_result({"problems": problems}, as_json, lines)
    raise typer.Exit(1 if problems else 0)


app.add_typer(batches)
app.add_typer(library)
app.add_typer(mcp_commands)
app.add_typer(moves)
app.add_typer(papers)
app.add_typer(searches)
app.add_typer(privacy)
tools_app.command("fetch")(fetch)
app.add_typer(tools_app, name="tools")
app.add_typer(pacs_app, name="pacs")
app.add_typer(audit_app, name="audit")
app.add_typer(people_app, name="people")
app.add_typer(key_app, name="key")

if __name__ == "__main__":
    main()
