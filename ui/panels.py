"""Report, evidence and the fixed texts as HTML. Everything is escaped; nothing is computed."""

from __future__ import annotations

import html

from agent.record import Record
from agent.report.model import Report, Section
from agent.settings import Settings
from tools.evidence import Evidence
from tools.quantity import show
from ui.chat import chips, marked

NOTICE = "Research use only. Not a medical device. Every result needs review by a qualified reader."
LOCAL = "Scans, pictures and conversation stay on this machine; the embedded planner answers."
_SHOWN = 4
"""Quantities listed for a piece of evidence; the whole of it is in the download."""
_QUICK = ("Find candidate nodules", "What does Fleischner say about a 7 mm nodule?", "Write the report")


def footer(settings: Settings) -> str:
    """Return the foot of the page: the notice, and where what is typed goes."""
    return f'<footer class="sw-foot"><strong>{NOTICE}</strong><span>{html.escape(privacy(settings))}</span></footer>'


def privacy(settings: Settings) -> str:
    """Return where what the reader types goes."""
    if not settings.uses_endpoint:
        return LOCAL
    return (
        f"What you type is sent to the configured language model ({settings.model}), with this case's known "
        "identifiers replaced. Pictures and headers are not sent. Do not type names."
    )


def intro(settings: Settings, *, has_scan: bool) -> str:
    """Return what stands in an empty conversation."""
    if not has_scan:
        return (
            f'<div class="sw-intro"><h2>Before you start</h2><p>{NOTICE}</p><p>{html.escape(privacy(settings))}</p>'
            "<p>Open a scan on the left. Then click on a lesion, or ask: to find, outline, measure, look up a "
            "guideline, write the report. Each number in an answer names the evidence it comes from.</p></div>"
        )
    quick = "".join(
        f'<button type="button" data-act="say" data-text="{html.escape(q, quote=True)}">{html.escape(q)}</button>'
        for q in _QUICK
    )
    return (
        '<div class="sw-intro"><p>Click on a lesion in the picture to outline and measure it, or ask.</p>'
        f'<div class="sw-options">{quick}</div></div>'
    )


def report_html(report: Report | None, case_id: str | None) -> str:
    """Return the report with its downloads, or what to do to get one."""
    if report is None or case_id is None:
        return '<p class="sw-empty">No report yet. Ask: write the report.</p>'
    links = "".join(
        f'<a class="sw-download" href="/files/{html.escape(case_id)}/{name}" download="{name}">{name}</a>'
        for name in ("report.md", "evidence.json")
    )
    notices = "".join(f'<p class="sw-note sw-notice">{marked(n)}</p>' for n in report.notices)
    problems = "".join(f'<p class="sw-note sw-struck">{marked(p)}</p>' for p in report.problems)
    sections = "".join(_section(s) for s in report.sections)
    return (
        f'<article class="sw-report" lang="{report.language}"><div class="sw-downloads">{links}</div>'
        f"<h2>{html.escape(report.title)}</h2>{notices}{problems}{sections}</article>"
    )


def _section(section: Section) -> str:
    lines = "".join(f"<p>{marked(s.text)}</p>" for s in section.statements)
    table = ""
    if section.table is not None and section.table.rows:
        heads = "".join(f'<th scope="col">{html.escape(h)}</th>' for h in section.table.heads)
        rows = "".join(
            f"<tr>{''.join(f'<td>{html.escape(c)}</td>' for c in row.cells)}<td>{chips(row.cites)}</td></tr>"
            for row in section.table.rows
        )
        table = f'<div class="sw-scroll"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    return f"<section><h3>{html.escape(section.title)}</h3>{lines}{table}</section>"


def evidence_html(record: Record | None) -> str:
    """Return the ledger, newest first: what is current, and what it replaced."""
    if record is None or not record.items:
        return '<p class="sw-empty">No evidence yet.</p>'
    rows = "".join(_row(e, current=e.id in record.current) for e in reversed(record.items))
    heads = "".join(f'<th scope="col">{h}</th>' for h in ("Id", "Kind", "Lesion", "Values", "From"))
    return f'<div class="sw-scroll"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(item: Evidence, *, current: bool) -> str:
    values = "; ".join(f"{q.name.replace('_', ' ')} {show(q)}" for q in item.quantities[:_SHOWN])
    if len(item.quantities) > _SHOWN:
        values += f"; {len(item.quantities) - _SHOWN} more"
    lesion = item.inputs.get("lesion")
    made = item.producer if item.producer == "reader" else f"{item.producer} {item.version}"
    if item.parents:
        made += f", on {', '.join(item.parents)}"
    shown = (
        chips([item.id]), html.escape(item.kind + ("" if current else " (superseded)")),
        "" if lesion is None else html.escape(str(lesion)),
        html.escape(values or item.text[:160]), html.escape(made),
    )  # fmt: skip
    return f'<tr{"" if current else " class=sw-old"}>{"".join(f"<td>{cell}</td>" for cell in shown)}</tr>'
