"""The `scanwright` command: parses, calls a public function, prints. Heavy imports come late, so that --help is quick.

With --json one JSON object goes to stdout (events: one a line) and nothing else; errors are one line on stderr, exit 2
for bad input and 1 for a failure.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

app = typer.Typer(
    name="scanwright",
    help="A grounded assistant for scans: every number is measured by a tool or cited from a passage. "
    "Research use only. Not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Modality = Annotated[str | None, typer.Option("--modality", help="State it when the file does not say, e.g. CT.")]
BodyPart = Annotated[str | None, typer.Option("--body-part", help="State it when the file does not say, e.g. CHEST.")]
Tool = Annotated[str | None, typer.Option("--tool", help="A tool by name; left out: the best one in scope.")]
CaseId = Annotated[str | None, typer.Option("--case", help="Go on with this case, or name a new one.")]
Point = Annotated[str | None, typer.Option("--point", metavar="X,Y,Z", help="RAS mm, inside the lesion.")]
MaskFile = Annotated[Path | None, typer.Option("--mask", help="Load a label file's lesions first.")]
T = TypeVar("T")
_FAILURES = ("ToolFailed", "EvidenceError", "BrokenStore", "EmbedderDown", "EndpointDown", "Cancelled")
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
        if type(error).__module__.partition(".")[0] not in ("tools", "agent", "knowledge"):
            if isinstance(error, OSError):
                return _told(f"{type(error).__name__}: {error.strerror or error}. Check the path and the disk.", 1)
            raise
        return _told(str(error), 1 if type(error).__name__ in _FAILURES else 2)


def _told(text: str, code: int) -> int:
    sys.stderr.write(f"error: {' '.join(text.split())}\n")
    return code


def _print(data: dict[str, Any], as_json: bool, lines: Iterable[str]) -> None:
    if as_json:
        print(json.dumps(data, ensure_ascii=False))
    else:
        for line in lines:
            print(line)


def _numbers(text: str, count: int, what: str) -> tuple[float, ...]:
    try:
        found = tuple(float(v) for v in text.split(","))
    except ValueError:
        found = ()
    if len(found) != count or any(v != v or abs(v) == float("inf") for v in found):
        raise typer.BadParameter(f"{what} takes {count} numbers with commas between, in RAS mm; seen {text!r}.")
    return found


def _quiet() -> None:
    from agent.settings import quiet

    quiet()


@app.command()
def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after the report.")] = False,
    host: str = "127.0.0.1",
    port: int = 7860,
) -> None:
    """Run the sample case end to end in the terminal, then serve the app with it."""
    _quiet()
    from ui.demo import run

    run(serve_after=not no_serve, host=host, port=port)


@app.command()
def serve(host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve the app."""
    _quiet()
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
    _quiet()
    from ui.terminal import converse, open_session

    session = open_session(scan if scan != "-" else None, case, modality, body_part, mask)
    if point is not None:
        x, y, z = _numbers(point, 3, "--point")
        session.select(point=(x, y, z))
    messages = (line.rstrip("\n") for line in sys.stdin) if text == "-" else [text]
    for message in messages:
        if message.strip():
            converse(session, message, as_json=as_json, approve=approve)


@app.command()
def segment(
    scan: str,
    out: Annotated[Path, typer.Option("--out", help="NIfTI file to write, .nii.gz.")],
    point: Point = None,
    box: Annotated[str | None, typer.Option("--box", metavar="X0,Y0,Z0,X1,Y1,Z1", help="RAS mm, two corners.")] = None,
    find: Annotated[bool, typer.Option("--find", help="Search the whole scan and outline what is found.")] = False,
    threshold: float = 0.5,
    tool: Tool = None,
    modality: Modality = None,
    body_part: BodyPart = None,
    as_json: AsJson = False,
) -> None:
    """Outline a lesion from a point or a box, or what a search finds, and write the mask."""
    _quiet()
    if sum((point is not None, box is not None, find)) != 1:
        raise typer.BadParameter("Give exactly one of --point, --box and --find.")
    from ui.work import segment as work

    data = work(
        scan, out, threshold=threshold, tool=tool, modality=modality, body_part=body_part,
        point=_numbers(point, 3, "--point") if point is not None else None,
        box=_numbers(box, 6, "--box") if box is not None else None,
    )  # fmt: skip
    lines = [f"{len(data['lesions'])} outlined by {data['tool']}, written to {out}"]
    for lesion in data["lesions"]:
        volume = lesion["volume_voxel"]
        lines.append(f"  {lesion['id']}: {lesion['label']}, {volume['value']} {volume['unit']}")
    _print(data, as_json, [*lines, *data["notes"]])


@app.command()
def measure(
    scan: str, mask: str, modality: Modality = None, body_part: BodyPart = None, as_json: AsJson = False
) -> None:
    """Measure every lesion of a mask or label file."""
    _quiet()
    from ui.work import measure as work

    data = work(scan, mask, modality, body_part)
    _print(data, as_json, _quantity_lines(data))


@app.command()
def classify(
    scan: str,
    mask: str,
    tool: Tool = None,
    modality: Modality = None,
    body_part: BodyPart = None,
    as_json: AsJson = False,
) -> None:
    """Score every lesion of a mask or label file with a classifier; never a diagnosis."""
    _quiet()
    from ui.work import classify as work

    data = work(scan, mask, tool, modality, body_part)
    _print(data, as_json, _quantity_lines(data))


@app.command()
def compare(
    scan: str, mask: str, prior: str, prior_mask: str,
    days: Annotated[int | None, typer.Option("--days", help="Between the scans, when no header says.")] = None,
    modality: Modality = None, body_part: BodyPart = None, as_json: AsJson = False,
) -> None:
    """Compare a scan's lesions with a prior's: aligned, matched, measured alike, with the readers' noise beside."""
    _quiet()
    from ui.changes import compare as work
    from ui.changes import lines

    data = work(scan, mask, prior, prior_mask, days, modality, body_part)
    _print(data, as_json, lines(data))


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
def report(
    scan: Annotated[str, typer.Argument(help="A scan; '-' goes on with --case.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for report.md and evidence.json.")],
    case: CaseId = None,
    point: Point = None,
    mask: MaskFile = None,
    language: Annotated[str, typer.Option("--language", help="en or zh")] = "en",
    modality: Modality = None,
    body_part: BodyPart = None,
    as_json: AsJson = False,
) -> None:
    """Run what is missing for a scan, then write its report and evidence."""
    _quiet()
    if language not in ("en", "zh"):
        raise typer.BadParameter(f"--language is en or zh; seen {language!r}.")
    from ui.terminal import open_session
    from ui.work import report as work

    session = open_session(scan if scan != "-" else None, case, modality, body_part, mask)
    place = _numbers(point, 3, "--point") if point is not None else None
    data = work(session, out, place, language)
    _print(data, as_json, [f"case {data['case']}", *(f"written: {f}" for f in data["files"])])


@app.command()
def verify(report: Path, evidence: Path, as_json: AsJson = False) -> None:
    """Check every number, unit, side and word of a report against its evidence; exit 1 when something is not held."""
    from ui.work import verify as work

    problems = work(report, evidence)
    _print({"problems": problems}, as_json, problems or ["Every statement of the report is held by its evidence."])
    raise typer.Exit(1 if problems else 0)


@app.command()
def guideline(
    question: Annotated[str, typer.Argument(help="'-' reads one question a line.")],
    count: Annotated[int, typer.Option("--count", help="How many passages at most.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Look up guideline passages."""
    _quiet()
    from agent import Workspace
    from ui.work import guideline as work

    store = Workspace.open().passages
    store.ready(_told_progress)
    asked = (line.strip() for line in sys.stdin) if question == "-" else [question]
    for text in asked:
        if text or question != "-":
            data = work(text, count, store)
            shown = [
                f"{p['guideline']} {p['edition']}, {p['section']}{_page(p)} ({p['score']:.2f})\n  {p['text']}\n"
                f"  {p['source']}"
                for p in data["passages"]
            ]
            told = [f"Not held here: {', '.join(data['not_held'])}."] if "not_held" in data else []
            _print(data, as_json, [*told, *(shown or ["No passage of the guidelines at hand answers this."])])
            sys.stdout.flush()


def _page(passage: dict[str, Any]) -> str:
    return f", page {passage['page']}" if passage["page"] else ""


def _told_progress(fraction: float, phrase: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{phrase}: {fraction:4.0%}{chr(10) if fraction == 1.0 else ''}")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def criteria(context: typer.Context, name: str, as_json: AsJson = False) -> None:
    """Apply a guideline's table to stated inputs: criteria fleischner-2017 --type solid --mean_diameter_mm 7 ..."""
    from ui.work import criteria as work

    data = work(name, _pairs(context.args))
    _print(data, as_json, [f"{key}: {value}" for key, value in data.items() if value not in (None, [], {}, "")])


def _pairs(words: list[str]) -> dict[str, str]:
    """Return ``--key value`` and ``--key=value`` as a dictionary."""
    found: dict[str, str] = {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        key, equals, value = word.partition("=")
        if not key.startswith("--") or (not equals and not waiting):
            raise typer.BadParameter(f"Inputs are given as --key value; seen {word!r}.")
        found[key[2:].replace("-", "_")] = value if equals else waiting.pop(0)
    return found


@app.command()
def ingest(
    files: Annotated[list[Path] | None, typer.Argument(help="Markdown (.md) or PDF with text (.pdf).")] = None,
    show: Annotated[bool, typer.Option("--list", help="List your documents.")] = False,
    remove: Annotated[str | None, typer.Option("--remove", metavar="NAME", help="Take one out again.")] = None,
    rank: Annotated[int, typer.Option(help="Above 0 it goes before the shipped guidelines.")] = 0,
    title: Annotated[str, typer.Option(help="Its name in answers; left out: taken from the document.")] = "",
    edition: Annotated[str, typer.Option(help="Its edition or year.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take guidelines of your own (Markdown, PDF) into the search, list them, remove them."""
    if sum((bool(files), show, remove is not None)) != 1:
        raise typer.BadParameter("Give files, or --list, or --remove NAME.")
    _quiet()
    from agent import Workspace
    from ui import work

    store = Workspace.open().passages
    if files:
        data = work.ingest(files, store, rank, title, edition)
    else:
        data = work.remove_document(remove, store) if remove is not None else work.list_documents(store)
    _print(data, as_json, [work.document_line(d) for d in data["documents"]] or ["No documents of your own."])


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(
    context: typer.Context, name: Annotated[str | None, typer.Argument(help="Left out: list them.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure: accuracy, speed and memory beside the peer in the same run (from a checkout)."""
    _quiet()
    from ui import bench as work

    if name is None:
        known = work.benches()
        _print({"benches": known}, as_json, [f"{key:<12} {what}" for key, what in known.items()])
        return
    _print(work.run(name, context.args), as_json, [])


tools_app = typer.Typer(help="The vision tools at hand.", no_args_is_help=True)
app.add_typer(tools_app, name="tools")


@tools_app.command("list")
def tools_list(as_json: AsJson = False) -> None:
    """List the tools, and those that are broken with the reason."""
    from ui.work import list_tools

    data = list_tools()
    lines = [f"{t['name']:<20} {t['task']:<9} {t['version']:<7} {t['summary']}" for t in data["tools"]]
    _print(data, as_json, [*lines, *(f"{name}: broken: {why}" for name, why in data["broken"].items())])


@tools_app.command("show")
def tools_show(name: str, as_json: AsJson = False) -> None:
    """Show one tool: scope, limits, reported accuracy."""
    from ui.work import show_tool

    data = show_tool(name)
    _print(data, as_json, [f"{key}: {value}" for key, value in data.items() if value])


if __name__ == "__main__":
    main()
