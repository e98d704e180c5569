"""The table of lesions: what each is, its size now and before, what the reader may do with it. HTML, all escaped."""

from __future__ import annotations

import html
from typing import Any

from agent.session import Session
from ui.viewer.state import REASONS, lesion_row

_HEADS = (
    ("number", "Lesion"), ("long", "Size, axial"), ("status", "Status"), ("", "Act"),
)  # fmt: skip


def lesions_html(session: Session | None) -> str:
    """Return the table, or what to do to get one."""
    scan = session.scan if session else None
    lesions = session.record.lesions if session else []
    if session is None or scan is None or not lesions:
        return '<p class="sw-empty">No lesion yet. Click on one in the picture, or ask: find candidate nodules.</p>'
    rows = "".join(_row(lesion_row(session, scan, x), focus=session.state.get("focus") == x.number) for x in lesions)
    heads = "".join(
        f'<th scope="col" aria-sort="none"><button type="button" data-sort="{key}">{title}</button></th>'
        if key
        else f'<th scope="col">{title}</th>'
        for key, title in _HEADS
    )
    return (
        f'<div class="sw-scroll"><table class="sw-table" data-sortable><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        '<p class="sw-hint">A name you give stays on this page; it goes into no report and to no model.</p>'
    )


def _row(lesion: dict[str, Any], *, focus: bool) -> str:
    number, status = lesion["number"], lesion["status"]
    name = html.escape(lesion["name"] or lesion["label"], quote=True)
    reason = f": {lesion['reason']}" if lesion["reason"] and status == "rejected" else ""
    more = "; ".join(filter(None, (lesion["volume"], f"before {lesion['before']}" if lesion["before"] else "")))
    size = html.escape(lesion["size"] or _todo(lesion))
    cells = (
        f'<td data-key="{number}"><span class="sw-row"><input type="color" class="sw-colour" data-do="colour" '
        f'data-lesion="{number}" name="colour" value="{lesion["colour"]}" aria-label="Colour of lesion {number}">'
        f'<button type="button" class="sw-number" data-do="focus" data-lesion="{number}">{number}</button>'
        f'<input class="sw-name-of" data-do="name" data-lesion="{number}" name="name" value="{name}" maxlength="40" '
        f'aria-label="Name of lesion {number}"></span><span class="sw-soft">{html.escape(lesion["where"])}</span></td>',
        f'<td data-key="{lesion["long"]:.3f}">{size} {_chip(lesion["evidence"])}'
        f'<span class="sw-second">{html.escape(more)}</span></td>',
        f'<td data-key="{status}">{html.escape(status + reason)}</td>',
        f"<td>{_acts(number, status, outlined=lesion['outlined'])}</td>",
    )
    marks = [c for c, on in (("sw-focus", focus), ("sw-old", status == "rejected")) if on]
    return f'<tr class="{" ".join(marks)}">{"".join(cells)}</tr>'


def _todo(lesion: dict[str, Any]) -> str:
    return "not measured" if lesion["outlined"] else "not outlined"


def _acts(number: int, status: str, *, outlined: bool) -> str:
    """Return the buttons that fit a lesion's state."""
    first = "" if outlined else _button("measure", number, "Outline")
    if status == "rejected":
        return f'<span class="sw-row">{_button("judge", number, "Restore", status="candidate", reason="")}</span>'
    accept = "" if status == "accepted" else _button("judge", number, "Accept", status="accepted", reason="")
    reasons = "".join(f'<option value="{r}">{r}</option>' for r in (*REASONS, "other"))
    return (
        f'<span class="sw-row">{first}{accept}<select data-do="judge" data-lesion="{number}" data-status="rejected" '
        f'name="reason" aria-label="Reject lesion {number} because it is"><option value="">Reject</option>{reasons}'
        "</select></span>"
    )


def _button(do: str, number: int, title: str, **more: str) -> str:
    data = "".join(f' data-{k}="{html.escape(v, quote=True)}"' for k, v in more.items())
    return f'<button type="button" data-do="{do}" data-lesion="{number}"{data}>{title}</button>'


def _chip(evidence: str) -> str:
    return f'<button type="button" class="sw-chip" data-evidence="{evidence}">{evidence}</button>'
