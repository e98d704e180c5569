"""Commands about what is at hand: guidelines and their criteria, the reader's own documents, the benches."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ui.commands.options import AsJson, print_result, quiet_libraries

commands = typer.Typer()


@commands.command()
def guideline(
    question: Annotated[str, typer.Argument(help="'-' reads one question a line.")],
    count: Annotated[int, typer.Option("--count", help="How many passages at most.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Look up guideline passages."""
    quiet_libraries()
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
            print_result(data, as_json, [*told, *(shown or ["No passage of the guidelines at hand answers this."])])
            sys.stdout.flush()


def _page(passage: dict[str, Any]) -> str:
    return f", page {passage['page']}" if passage["page"] else ""


def _told_progress(fraction: float, phrase: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{phrase}: {fraction:4.0%}{chr(10) if fraction == 1.0 else ''}")


@commands.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def criteria(context: typer.Context, name: str, as_json: AsJson = False) -> None:
    """Apply a guideline's table to stated inputs: criteria fleischner-2017 --type solid --mean_diameter_mm 7 ..."""
    from ui.work import criteria as work

    data = work(name, _pairs(context.args))
    print_result(data, as_json, [f"{key}: {value}" for key, value in data.items() if value not in (None, [], {}, "")])


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


@commands.command()
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
    quiet_libraries()
    from agent import Workspace
    from ui import work

    store = Workspace.open().passages
    if files:
        data = work.ingest(files, store, rank, title, edition)
    else:
        data = work.remove_document(remove, store) if remove is not None else work.list_documents(store)
    print_result(data, as_json, [work.document_line(d) for d in data["documents"]] or ["No documents of your own."])


@commands.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(
    context: typer.Context, name: Annotated[str | None, typer.Argument(help="Left out: list them.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure: accuracy, speed and memory beside the peer in the same run (from a checkout)."""
    quiet_libraries()
    from ui import bench as work

    if name is None:
        known = work.benches()
        print_result({"benches": known}, as_json, [f"{key:<12} {what}" for key, what in known.items()])
        return
    print_result(work.run(name, context.args), as_json, [])
