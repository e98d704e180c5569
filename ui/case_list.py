"""A reader's cases and those shared with them as HTML, each with what may be done with it; and the small share dialog.

All escaped; nothing computed.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from tools.quantity import Language
from ui.chat import framed
from ui.words import say


def cases_html(
    rows: Sequence[Mapping[str, Any]], current: str, language: Language = "en", *, shares: bool = False
) -> str:
    """Return the cases, newest first.

    Args:
        rows: ``id``, ``created``, ``what``; ``level`` and ``whose`` of another's; ``shares`` of one's own.
        current: the case that is open.
        language: of what the app says.
        shares: whether there are readers to share with.
    """
    if not rows:
        return f'<p class="sw-empty">{say("no case", language)}</p>'
    lines = "".join(
        f"<tr{' class=sw-focus' if r['id'] == current else ''}><td><code>{html.escape(r['id'])}</code></td>"
        f"<td>{html.escape(r['created'])}</td><td>{html.escape(r['what'])}{_whose(r, language)}</td>"
        f'<td><span class="sw-row">{_buttons(r, language, shares=shares)}</span></td></tr>'
        for r in rows
    )
    dialogs = "".join(_dialog(r, language) for r in rows if shares and _own(r))
    return framed(("Case", "Opened", "Scan", "Act"), lines) + dialogs


def _own(row: Mapping[str, Any]) -> bool:
    return bool(row.get("level", "own") == "own")


def _whose(row: Mapping[str, Any], language: Language) -> str:
    """Return whose a case is, or whom it is shared with."""
    if not _own(row):
        level = say(f"to {row['level']}", language)
        told = say("from", language, whose=row.get("whose") or say("somebody", language), level=level)
        return f'<br><span class="sw-aside sw-from">{html.escape(told)}</span>'
    names = ", ".join(s.name or s.reader[:8] for s in row.get("shares", ()))
    told = say("with", language, names=names)
    return f'<br><span class="sw-aside">{html.escape(told)}</span>' if names else ""


def _buttons(row: Mapping[str, Any], language: Language, *, shares: bool) -> str:
    case = html.escape(row["id"], quote=True)
    made = f'<button type="button" data-do="reopen" data-case="{case}">{say("open", language)}</button>'
    if not _own(row):
        return made
    if shares:
        made += f'<button type="button" data-dialog="share-{case}">{say("share", language)}</button>'
    sure, delete = html.escape(say("sure", language), quote=True), say("delete", language)
    return f'{made}<button type="button" data-do="delete" data-case="{case}" data-sure="{sure}">{delete}</button>'


def _dialog(row: Mapping[str, Any], language: Language) -> str:
    """Return the dialog in which one's own case is shared, and sharing ended."""
    case = html.escape(row["id"], quote=True)
    held = "".join(
        f"<li>{html.escape(s.name or s.reader[:8])}, {say(f'to {s.level}', language)} "
        f'<button type="button" class="sw-link" data-do="unshare" data-case="{case}" '
        f'data-reader="{html.escape(s.reader, quote=True)}">{say("end", language)}</button></li>'
        for s in row.get("shares", ())
    )
    levels = "".join(f'<option value="{v}">{say(f"to {v}", language)}</option>' for v in ("read", "work"))
    listed = f'<ul class="sw-list">{held}</ul>' if held else f'<p class="sw-hint">{say("nobody yet", language)}</p>'
    return (
        f'<dialog class="sw-dialog sw-share" id="share-{case}" aria-labelledby="share-title-{case}">'
        f'<h2 id="share-title-{case}">{say("share title", language)} <code>{case}</code></h2>{listed}'
        f'<form class="sw-form" data-do="share"><input type="hidden" name="case" value="{case}">'
        f'<label>{say("reader", language)}<input name="name" required maxlength="64" autocomplete="off"></label>'
        f'<label>{say("for", language)}<select name="level">{levels}</select></label>'
        f'<button type="submit">{say("share now", language)}</button></form>'
        f'<p class="sw-hint">{say("share hint", language)}</p>'
        f'<button type="button" data-close>{say("close", language)}</button></dialog>'
    )
