"""The commands about a case and its report: write it, list and compare versions, run the case again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.commands.options import (
    AsJson,
    BodyPart,
    CaseId,
    MaskFile,
    Modality,
    Point,
    numbers,
    print_result,
    quiet_libraries,
)
from ui.commands.privacy import Accepted, Shifted

commands = typer.Typer()


@commands.command()
def report(
    scan: Annotated[str, typer.Argument(help="A scan; '-' goes on with --case.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the report's files.")],
    case: CaseId = None,
    point: Point = None,
    mask: MaskFile = None,
    language: Annotated[str, typer.Option("--language", help="en or zh")] = "en",
    template: Annotated[
        str | None,
        typer.Option("--template", help="general, nodule-followup, lung-screening, oncology-targets, or your own."),
    ] = None,
    sign: Annotated[
        str | None, typer.Option("--sign", help="Sign it in this name, where the operator allows that.")
    ] = None,
    deidentify: Annotated[
        bool, typer.Option("--deidentify", help="Write a copy of nobody: pseudonym, other UIDs, no dates.")
    ] = False,
    keep_dates_shifted: Shifted = False,
    accept_pixels: Accepted = False,
    modality: Modality = None,
    body_part: BodyPart = None,
    as_json: AsJson = False,
) -> None:
    """Run what is missing for a scan, then write its report in every form and its evidence."""
    quiet_libraries()
    if (keep_dates_shifted or accept_pixels) and not deidentify:
        raise typer.BadParameter("--keep-dates-shifted and --accept-pixels say how to --deidentify; say that too.")
    if language not in ("en", "zh"):
        raise typer.BadParameter(f"--language is en or zh; seen {language!r}.")
    from ui.terminal import open_session
    from ui.work import may_sign
    from ui.work import report as work

    if sign is not None:
        may_sign()
    session = open_session(scan if scan != "-" else None, case, modality, body_part, mask)
    place = numbers(point, 3, "--point") if point is not None else None
    hide = None
    if deidentify:
        from agent.report.files import nobodys

        hide = nobodys(session.workspace.settings, shift_dates=keep_dates_shifted, accept_pixels=accept_pixels)
    data = work(session, out, place, language, template=template, sign=sign, hide=hide)
    lines = [f"case {data['case']}, version {data['version']}, {data['status']}"]
    lines += [f"written: {f}" for f in data["files"]]
    lines += [f"not written: {name}: {why}" for name, why in data["not_written"].items()]
    if deidentify:
        lines.append("de-identified; what the clinician typed is in it, so read it before it leaves")
    print_result(data, as_json, [*lines, *(f"to be settled: {p}" for p in data["problems"])])


@commands.command()
def versions(
    case: Annotated[str, typer.Argument(help="The case.")],
    before: Annotated[int | None, typer.Argument(help="A version to compare.")] = None,
    after: Annotated[int | None, typer.Argument(help="The version to compare it with.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the versions of a case's report, or show what two of them do not share."""
    quiet_libraries()
    if (before is None) != (after is None):
        raise typer.BadParameter("Give two versions to compare, or none to list them.")
    from ui.work import report_changes, report_versions

    if before is None or after is None:
        data = report_versions(case)
        lines = [
            f"{v['version']}: {v['status']}, {v['language']}, {v['template']}, {v['composed']}"
            + (f", signed by {v['reader']}" if v["reader"] else "")
            + (f", {v['edited']} sentences of the clinician's" if v["edited"] else "")
            for v in data["versions"]
        ]
        print_result(data, as_json, lines or ["There is no report in this case yet."])
        return
    data = report_changes(case, before, after)
    lines = []
    for change in data["changes"]:
        lines.append(change["section"])
        lines += [f"  - {change['before']}"] if change["before"] is not None else []
        lines += [f"  + {change['after']}"] if change["after"] is not None else []
    print_result(data, as_json, lines or ["The two versions say the same."])


@commands.command()
def replay(case: Annotated[str, typer.Argument(help="The case.")], as_json: AsJson = False) -> None:
    """Run a case's recorded calls again, without a model: same evidence, same answers; exit 1 when not."""
    quiet_libraries()
    from ui.work import replayed

    data = replayed(case)
    lines = [
        f"{len(data['same'])} pieces of evidence came out the same again, {len(data['different'])} did not; "
        f"{len(data['given'])} are given (the scan, what was stated or drawn, passages), {len(data['not_run'])} are "
        "not run again.",
        f"{data['answers']} sentences of the answers were checked again, {len(data['ungrounded'])} are not carried.",
        *(f"  {line}" for line in (*data["different"], *data["ungrounded"])),
    ]
    print_result(data, as_json, lines)
    if not data["holds"]:
        raise typer.Exit(1)
