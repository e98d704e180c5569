"""What only an operator sees, as HTML: readers and their roles, the newest lines of the audit log, the allow switch.

All escaped; nothing computed.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from agent.audit import Line
from ui.chat import framed
from ui.login.readers import SHORTEST, Reader

_CHOICES = ("reader", "signer", "operator", "signer+operator")
_ID = 12


def readers_html(readers: Sequence[Reader], me: str) -> str:
    """Return the readers with their roles, and the form for a new one."""
    rows = "".join(
        f"<tr><td>{html.escape(r.name)}</td><td>{_roles(r)}</td><td><span class=sw-row>{_password(r)}"
        f"{'' if r.name == me else _remove(r)}</span></td></tr>"
        for r in readers
    )
    options = "".join(f'<option value="{c}">{c.replace("+", " and ")}</option>' for c in _CHOICES)
    return (
        f"<details class=sw-operator><summary>Readers ({len(readers)})</summary>"
        f"{framed(('Name', 'Roles', 'Act'), rows)}"
        '<form class="sw-form" data-do="reader_add"><label>Name<input name="name" required maxlength="64" '
        f'autocomplete="off"></label><label>First password<input name="password" type="password" required '
        f'minlength="{SHORTEST}" maxlength="1000" autocomplete="new-password"></label>'
        f'<label>Roles<select name="roles">{options}</select></label><button type="submit">Let in</button></form>'
        '<p class="sw-hint">A reader works on cases of their own and on shared ones; a signer also signs; an operator '
        "sets the app up. No role opens another's case.</p></details>"
    )


def log_html(lines: Sequence[Line], names: Mapping[str, str]) -> str:
    """Return the newest lines of the log, newest first, with readers' names where they are known."""
    rows = "".join(
        f"<tr><td>{line.number}</td><td>{html.escape(line.when[:19].replace('T', ' '))}</td>"
        f"<td>{html.escape(names.get(line.who) or line.who[:_ID])}</td><td>{html.escape(line.what)}</td>"
        f"<td><code>{html.escape(line.case)}</code></td>"
        f"<td>{html.escape(' '.join(e for e, _ in line.evidence))} {html.escape(line.detail[:80])}</td></tr>"
        for line in lines
    )
    return (
        f'<details class=sw-operator><summary>Audit log</summary><p class="sw-hint">The newest {len(lines)} lines; '
        "<code>scanwright audit verify</code> finds any that was changed. "
        '<a class="sw-download" href="/audit.jsonl" download="audit.jsonl">audit.jsonl</a></p>'
        '<p class="sw-hint sw-told" role="status"></p>'
        f"{framed(('Line', 'When (UTC)', 'Who', 'What', 'Case', 'Of it'), rows)}</details>"
    )


def allowed_html(own: Mapping[str, bool]) -> str:
    """Return the tools that do not come along, and the switch that lets their results feed criteria."""
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{'feeds criteria' if trusted else 'feeds none'}</td>"
        f'<td><button type="button" data-do="allow" data-name="{html.escape(name, quote=True)}" '
        f'data-yes="{"no" if trusted else "yes"}">{"Take back" if trusted else "Allow"}</button></td></tr>'
        for name, trusted in own.items()
    )
    return f'<h3 class="sw-title">Your own tools and guideline criteria</h3>{framed(("Tool", "Now", "Act"), rows)}'


def _roles(reader: Reader) -> str:
    held = "+".join(r for r in ("signer", "operator") if r in reader.roles) or "reader"
    options = "".join(
        f'<option value="{c}"{" selected" if c == held else ""}>{c.replace("+", " and ")}</option>' for c in _CHOICES
    )
    name = html.escape(reader.name, quote=True)
    start = f'<select name="roles" data-do="reader_roles" data-name="{name}" aria-label="Roles of {name}">'
    return f"{start}{options}</select>"


def _password(reader: Reader) -> str:
    name = html.escape(reader.name, quote=True)
    return (
        f'<form class="sw-row" data-do="reader_password"><input type="hidden" name="name" value="{name}">'
        f'<input name="password" type="password" required minlength="{SHORTEST}" maxlength="1000" '
        f'autocomplete="new-password" aria-label="New password of {name}" placeholder="New password">'
        '<button type="submit">Set</button></form>'
    )


def _remove(reader: Reader) -> str:
    name = html.escape(reader.name, quote=True)
    return (
        f'<button type="button" data-do="reader_remove" data-name="{name}" '
        f'data-sure="Take {name} out? They can no longer log in; their cases are kept.">Take out</button>'
    )
