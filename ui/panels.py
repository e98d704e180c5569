"""Report, guidelines, tools, settings and cases as HTML, and the fixed texts. All escaped; nothing computed."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from agent.notice import NOTICE
from agent.people import ROLES, Person
from agent.report.files import WRITERS
from agent.report.model import Report, Section, Statement
from agent.session import Session
from agent.settings import Settings
from ui.chat import chips, framed, marked

LOCAL = "Scans, pictures and conversation stay on this machine; the embedded planner answers."


def _who(person: Person | None, *, leaves: bool) -> str:
    """Return who is logged in, as what, and the way out."""
    if person is None or not person.name:
        return ""
    roles = ", ".join(r for r in ROLES if r in person.roles)
    out = ' <button type="button" class="sw-link" data-leave>Log out</button>' if leaves else ""
    return f'<p class="sw-hint">Logged in as <b>{html.escape(person.name)}</b> ({roles}).{out}</p>'


def footer(settings: Settings) -> str:
    """Return the foot of the page: the notice, and where what is typed goes."""
    return (
        f'<footer class="sw-foot"><strong>{NOTICE}</strong><span class="sw-where">'
        f"{html.escape(privacy(settings))}</span>"
        '<button type="button" class="sw-link" data-help>Keys (?)</button></footer>'
    )


def privacy(settings: Settings) -> str:
    """Return where what the reader types goes."""
    if not settings.uses_endpoint:
        return LOCAL
    pictures = (
        "Headers are not sent, slices only after your yes each time"
        if settings.vision
        else "Pictures and headers are not sent"
    )
    return (
        f"What you type is sent to the configured language model ({settings.model}), with this case's known "
        f"identifiers replaced. {pictures}. Do not type names."
    )


def intro(settings: Settings, *, has_scan: bool) -> str:
    """Return what stands in an empty conversation."""
    if not has_scan:
        return (
            f'<div class="sw-intro"><h2>Before you start</h2><p>{NOTICE}</p><p>{html.escape(privacy(settings))}</p>'
            "<p>Open a scan on the left. Then click on a lesion, or ask: to find, outline, measure, look up a "
            "guideline, write the report. Each number in an answer names the evidence it comes from.</p></div>"
        )
    return (
        '<div class="sw-intro"><p>Click on a lesion in the picture to outline and measure it, or ask, in English or '
        "Chinese.</p></div>"
    )


def report_html(
    report: Report | None, session: Session | None, person: Person | None = None, *, locked: bool = False
) -> str:
    """Return the report with its downloads and what this person may do with it, or what to do to get one.

    `locked`: the person only looks.
    """
    if report is None or session is None:
        return '<p class="sw-empty">No report yet. Ask: write the report.</p>'
    case = html.escape(session.case_id)
    links = "".join(
        f'<a class="sw-download" href="/files/{case}/{name}" download="{name}">{name}</a>'
        for writer in WRITERS
        for name in writer.names
    )
    notices = "".join(f'<p class="sw-note sw-notice">{marked(n)}</p>' for n in report.notices)
    problems = "".join(f'<p class="sw-note sw-struck">{marked(p)}</p>' for p in report.problems)
    signing = "" if locked and report.signature is None else _signing(report, person or Person(""))
    locked = locked or report.signature is not None
    sections = "".join(_section(s, locked=locked) for s in report.sections)
    return (
        f'<article class="sw-report" lang="{report.language}"><div class="sw-downloads">{links}'
        '<button type="button" class="sw-download" data-copy>Copy text</button></div>'
        f'<p class="sw-hint sw-told" role="status"></p>{_versions(report, session)}{signing}'
        f'<h2>{html.escape(report.title)}</h2><div class="sw-notices">{notices}{problems}</div>{sections}</article>'
    )


def _versions(report: Report, session: Session) -> str:
    """Return which version this is, and the earlier ones with who edited and signed them."""
    lines = "".join(
        f"<li>Version {v.version}, {html.escape(v.status)}, {html.escape(v.composed)}"
        + (f", {v.edited} edits" if v.edited else "")
        + (f", signed by {html.escape(v.reader)}" if v.reader else "")
        + "</li>"
        for v in reversed(session.report_versions())
    )
    now = f'<p class="sw-version">{_version(report, session)}</p>'
    return f'{now}<details><summary>All versions</summary><ul class="sw-list">{lines}</ul></details>'


def _version(report: Report, session: Session) -> str:
    later = len(session.record.items) - report.evidence_count
    stale = f"; {later} pieces of evidence are newer" if later > 1 else ""
    return f"Version {report.version}, {html.escape(report.status)}, composed {html.escape(report.composed)}{stale}"


def _signing(report: Report, person: Person) -> str:
    if report.signature is not None:
        return (
            f'<p class="sw-note sw-notice">Signed by {html.escape(report.signature.reader)}, '
            f"{html.escape(report.signature.signed)} {chips([report.signature.evidence])}</p>"
        )
    if not person.name:
        return '<p class="sw-hint">Signing needs a login; this app runs without one.</p>'
    if not person.may("sign"):
        return '<p class="sw-hint">Signing needs the role signer; the operator gives it.</p>'
    sure = f"Sign this version as {html.escape(person.name, quote=True)}?"
    return f'<button type="button" data-do="sign" data-sure="{sure}">Sign</button>'


def _section(section: Section, *, locked: bool) -> str:
    lines = "".join(_statement(s, locked=locked) for s in section.statements)
    table = ""
    if section.table is not None and section.table.rows:
        rows = "".join(
            f"<tr>{''.join(f'<td>{html.escape(c)}</td>' for c in row.cells)}<td>{chips(row.cites)}</td></tr>"
            for row in section.table.rows
        )
        table = framed(section.table.heads, rows)
    editable = not locked and any(s.id for s in section.statements)
    add = (
        f'<button type="button" class="sw-link sw-add" data-edit="add" '
        f'data-section="{html.escape(section.key, quote=True)}">Add a sentence</button>'
        if editable
        else ""
    )
    return f"<section><h3>{html.escape(section.title)}</h3>{lines}{table}{add}</section>"


def _statement(statement: Statement, *, locked: bool) -> str:
    mine = ' class="sw-mine"' if statement.by else ""
    if locked or not statement.id:
        return f"<p{mine}>{marked(statement.text)}</p>"
    name = html.escape(statement.id, quote=True)
    return (
        f'<p{mine}>{marked(statement.text)} <button type="button" class="sw-link sw-pen" data-edit="change" '
        f'data-statement="{name}" aria-label="Edit this sentence">edit</button></p>'
    )


def guidelines_html(found: Sequence[Any], own: Sequence[Any], shipped: Sequence[Any], asked: str = "") -> str:
    """Return the search, its passages, and the documents there are.

    Args:
        found: passages for what was asked.
        own: the reader's own documents, as `knowledge.ingest.documents` lists them.
        shipped: the guidelines that come along.
        asked: what was asked.
    """
    passages = "".join(
        f"<article class=sw-passage><h3>{html.escape(p.guideline)} {html.escape(p.edition)}, {html.escape(p.section)}"
        f"</h3><p>{html.escape(p.text)}</p><p class=sw-hint>{html.escape(p.id)} {html.escape(p.source)}</p></article>"
        for p in found
    )
    if asked and not found:
        passages = '<p class="sw-empty">No passage fits. Ask in other words, or add the guideline below.</p>'
    rows = "".join(
        f"<tr><td>{html.escape(k.name)}</td><td>{html.escape(k.broken or k.title)}</td><td>{k.passages}</td>"
        f'<td><button type="button" data-do="forget" data-name="{html.escape(k.name, quote=True)}" '
        f'data-sure="Remove {html.escape(k.name, quote=True)} from the search?">Remove</button></td></tr>'
        for k in own
    )
    listed = "".join(f"<li>{html.escape(g.guideline)} {html.escape(g.edition)}</li>" for g in shipped)
    none = '<p class="sw-hint">None of your own yet.</p>'
    table = framed(("Name", "Title", "Passages", "Act"), rows) if rows else none
    return (
        '<form class="sw-form" data-do="look_up"><label class="sw-wide">Search the guidelines'
        f'<input name="question" value="{html.escape(asked, quote=True)}" maxlength="500"></label>'
        f'<button type="submit">Search</button></form>{passages}<h3 class="sw-title">Your own documents</h3>{table}'
        '<label class="sw-file-label">Add Markdown or PDF <input type="file" class="sw-document" '
        f'accept=".md,.pdf" multiple></label><details><summary>{len(shipped)} guidelines come along</summary>'
        f'<ul class="sw-list">{listed}</ul></details>'
    )


def settings_html(
    settings: Settings, language: str, *, may_change: bool, told: str = "", person: Person | None = None,
    leaves: bool = False,
) -> str:  # fmt: skip
    """Return the settings. A key is never shown: only whether there is one.

    Args:
        settings: the operator's.
        language: of what the app says.
        may_change: whether the endpoint may be set here.
        told: what was just done.
        person: who looks.
        leaves: whether they can log out here.
    """
    note = _who(person, leaves=leaves)
    note += f'<p class="sw-note sw-notice" role="status">{html.escape(told)}</p>' if told else ""
    languages = "".join(
        f'<option value="{v}"{" selected" if v == language else ""}>{t}</option>'
        for v, t in (("en", "English"), ("zh", "中文"))
    )
    mine = (
        '<form class="sw-form" data-do="language"><label>Language of what the app says<select name="language">'
        f'{languages}</select></label><label>Look<select name="look" class="sw-look"><option value="dark">dark</option>'
        '<option value="light">light</option></select></label><button type="submit">Keep</button></form>'
    )
    held = "A key is set; it is not shown." if settings.api_key else "No key is set."
    if not may_change:
        where = f"{html.escape(privacy(settings))} {held} The operator sets the endpoint."
        return f'{note}{mine}<p class="sw-hint">{where}</p>'
    return (
        f'{note}{mine}<form class="sw-form" data-do="endpoint"><label class="sw-wide">Endpoint (OpenAI-compatible '
        'address; empty: the embedded planner)<input name="base_url" '
        f'value="{html.escape(settings.base_url or "", quote=True)}"></label>'
        f'<label>Model<input name="model" value="{html.escape(settings.model, quote=True)}"></label>'
        '<label>Key (empty: as it is)<input name="api_key" type="password" autocomplete="off" value=""></label>'
        f'<button type="submit">Use it</button></form><p class="sw-hint">{held} What is set here holds until the app '
        "is started again; the key is kept in memory only.</p>"
    )
