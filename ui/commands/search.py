"""The command that looks through the archive of cases. Parses, calls, prints."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.commands.options import AsJson, owner_id, print_result, quiet_libraries

if TYPE_CHECKING:
    from agent.finder import Hits

commands = typer.Typer()
SIDES = {"right": "right", "left": "left", "r": "right", "l": "left", "右": "right", "左": "left"}


@commands.command()
def search(
    words: Annotated[
        str, typer.Argument(help="Words of reports, statements and labels, English or Chinese; 'over 8 mm', 'grown'.")
    ] = "",
    label: Annotated[str, typer.Option("--label", help="A lesion's label: nodule, mass…")] = "",
    side: Annotated[str, typer.Option("--side", help="right or left: of that lesion.")] = "",
    size_min: Annotated[float | None, typer.Option("--size-min", metavar="MM", help="Its long axis at least.")] = None,
    size_max: Annotated[float | None, typer.Option("--size-max", metavar="MM", help="Its long axis at most.")] = None,
    grown: Annotated[bool, typer.Option("--grown", help="It grew beyond what readers differ by.")] = False,
    modality: Annotated[str, typer.Option("--modality", help="CT, MR…")] = "",
    body_part: Annotated[str, typer.Option("--body-part", help="CHEST, HEAD…")] = "",
    since: Annotated[str, typer.Option("--since", metavar="YYYY-MM-DD", help="Opened on that day or later.")] = "",
    owner: Annotated[
        str, typer.Option("--owner", metavar="NAME", help="The reader who looks, by login name.")
    ] = "local",
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="Cases to show.")] = 50,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Read every case again first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find cases by words, lesions, sizes, change and day: this reader's own, and what is shared with them."""
    quiet_libraries()
    from agent import Workspace
    from agent.finder import Query

    limits = {"side": _side(side), "size_min": size_min, "size_max": size_max, "grown": grown or None}
    query = dataclasses.replace(
        Query.of_text(words), label=label, modality=modality, body_part=body_part, since=_day(since), most=most,
        **{name: limit for name, limit in limits.items() if limit is not None},
    )  # fmt: skip
    reader = owner_id(owner)
    workspace = Workspace.open()
    try:
        if rebuild:
            workspace.finder.rebuild(reader)
        found = workspace.finder.search(query, reader)
    finally:
        workspace.close()
    data = {
        "count": found.count, "every_word": found.every_word, "unread": list(found.unread),
        "cases": [hit.to_json() for hit in found.cases],
    }  # fmt: skip
    print_result(data, as_json, lines(found))


def lines(found: Hits) -> list[str]:
    """Return what was found as lines for a reader."""
    if not found.cases:
        return ["No case has that. Use fewer words, or leave a limit out.", *_unread(found)]
    told = [] if found.every_word else ["No case has every word; these have some of them."]
    for hit in found.cases:
        told.append(f"{hit.case}  {hit.created[:16].replace('T', ' ')} UTC  {what(hit.scan)}{_shared(hit.level)}")
        told += [f"    {lesion_line(x)}" for x in hit.lesions if x["outlined"]]
        told += [f"    “{hit.sentence}”"] if hit.sentence else []
    more = found.count - len(found.cases)
    return [*told, *([f"and {more} more: --most N shows them"] if more else []), *_unread(found)]


def _unread(found: Hits) -> list[str]:
    return [f"The record of case {case} could not be read." for case in found.unread]


def _shared(level: str) -> str:
    return "" if level == "own" else f"  (shared with you to {level})"


def what(scan: dict[str, Any]) -> str:
    """Return what a scan is, in a few words.

    >>> what({"modality": "CT", "body_part": "CHEST", "slices": 300})
    'CT chest, 300 slices'
    """
    words = " ".join(p for p in (scan["modality"] or "modality unknown", str(scan["body_part"] or "").lower()) if p)
    return words + (f", {scan['slices']} slices" if scan["slices"] else "")


def lesion_line(lesion: dict[str, Any]) -> str:
    """Return a lesion in a line.

    >>> lesion_line({"lesion": 2, "label": "nodule", "side": "right", "third": "upper", "size_mm": 8.2, "grown": True})
    'lesion 2: nodule, right lung, upper third, 8.2 mm, grown'
    """
    place = [f"{lesion['side']} lung"] if lesion["side"] else []
    place += [f"{lesion['third']} third"] if lesion["side"] and lesion["third"] else []
    size = [f"{lesion['size_mm']:g} mm"] if lesion["size_mm"] is not None else []
    return f"lesion {lesion['lesion']}: " + ", ".join(
        [str(lesion["label"]), *place, *size, *(["grown"] if lesion["grown"] else [])]
    )


def _side(text: str) -> Any:
    if text and text.lower() not in SIDES:
        raise typer.BadParameter(f"--side is right or left; seen {text!r}.")
    return SIDES[text.lower()] if text else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise typer.BadParameter(f"--since takes a day as YYYY-MM-DD; seen {text!r}.") from error
