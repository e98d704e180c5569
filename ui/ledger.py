"""The evidence as a list, and one piece of it as a card. HTML, all escaped; nothing is computed."""

from __future__ import annotations

import html
from typing import Any

from agent.record import Record
from tools.evidence import Evidence
from tools.quantity import show
from ui.chat import chips, framed

_SHOWN = 4
"""Quantities listed for a piece of evidence; the whole of it is on its card."""
_WORDS = 160
_MOST_ROWS = 400
"""Newest rows that are listed; the download has all."""


def evidence_html(record: Record | None) -> str:
    """Return the ledger, newest first: what is current, and what it replaced."""
    if record is None or not record.items:
        return '<p class="sw-empty">No evidence yet.</p>'
    shown = list(reversed(record.items))[:_MOST_ROWS]
    rows = "".join(_row(e, current=e.id in record.current) for e in shown)
    return framed(("Id", "Kind", "Lesion", "Values", "From"), rows)


def evidence_card(item: Evidence, record: Record) -> str:
    """Return everything that is recorded of one piece of evidence; of a passage its text and where it stands."""
    state = "current" if item.id in record.current else "superseded or resting on what is"
    lines = [("Kind", item.kind), ("State", state), ("Made by", _maker(item)), ("When", item.created)]
    if item.inputs.get("lesion") is not None:
        lines.append(("Lesion", str(item.inputs["lesion"])))
    lines += [
        (name.title(), str(item.inputs[name]))
        for name in ("guideline", "edition", "section", "page")
        if item.inputs.get(name)
    ]
    lines += [(f"{q.name.replace('_', ' ')}", f"{show(q)}  ({q.method})") for q in item.quantities]
    body = "".join(f"<div><dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd></div>" for k, v in lines)
    text = f'<blockquote class="sw-quote">{html.escape(item.text)}</blockquote>' if item.text else ""
    ties = "".join(
        f"<p>{title} {chips(ids)}</p>"
        for title, ids in (("Rests on", item.parents), ("Replaces", item.supersedes))
        if ids
    )
    return f"<h2>{html.escape(item.id)}</h2>{text}<dl>{body}</dl>{ties}"


def _row(item: Evidence, *, current: bool) -> str:
    values = "; ".join(f"{q.name.replace('_', ' ')} {show(q)}" for q in item.quantities[:_SHOWN])
    if len(item.quantities) > _SHOWN:
        values += f"; {len(item.quantities) - _SHOWN} more"
    lesion: Any = item.inputs.get("lesion")
    shown = (
        chips([item.id]), html.escape(item.kind + ("" if current else " (superseded)")),
        "" if lesion is None else html.escape(str(lesion)),
        html.escape(values or item.text[:_WORDS]), _from(item),
    )  # fmt: skip
    return f"<tr{'' if current else ' class=sw-old'}>{''.join(f'<td>{cell}</td>' for cell in shown)}</tr>"


def _maker(item: Evidence) -> str:
    weights = f", weights {item.weights[:12]}" if item.weights else ""
    return "the reader" if item.producer == "reader" else f"{item.producer} {item.version}{weights}"


def _from(item: Evidence) -> str:
    made = html.escape("reader" if item.producer == "reader" else f"{item.producer} {item.version}")
    return made + (f", on {chips(item.parents)}" if item.parents else "")
