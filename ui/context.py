"""What is stated about the patient and what is missing, as chips, and the short form to state it. HTML, all escaped.

The fields and their values are those that `agent.stated` reads from words. Computes nothing.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

from agent.record import Record
from tools.evidence import Evidence


@dataclass(frozen=True)
class Field:
    """One thing a reader may state: its name, what stands before it, and its values (none: a number)."""

    name: str
    title: str
    values: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    most: float = 0.0


_TRUTH = (("yes", "yes"), ("no", "no"))
FIELDS = (
    Field("setting", "Setting", (("incidental", "incidental"), ("screening", "screening"), ("oncology", "oncology"),
                                 ("follow-up", "follow-up"))),
    Field("age", "Age", unit="a", most=120),
    Field("sex", "Sex", (("female", "female"), ("male", "male"))),
    Field("smoking", "Smoking", (("never", "never"), ("former", "former"), ("current", "current"))),
    Field("pack_years", "Pack-years", unit="{pack-years}", most=300),
    Field("known_cancer", "Known cancer", _TRUTH),
    Field("immunosuppressed", "Immunosuppressed", _TRUTH),
)  # fmt: skip
OF_TRUTH = frozenset(("known_cancer", "immunosuppressed"))
MATTER = ("setting", "age", "smoking", "known_cancer", "immunosuppressed")
"""Fields that guidelines for chance findings ask for; shown as missing while nothing is stated."""


def context_html(record: Record | None, *, has_scan: bool) -> str:
    """Return the chips and the form."""
    if record is None or not has_scan:
        return '<p class="sw-empty">Open a scan first; then what is known of the patient is stated here.</p>'
    stated = [_stated(f, record.context[f.name]) for f in FIELDS if f.name in record.context]
    others = [
        _chip(e.inputs["field"].replace("_", " "), _value(e), e.id)
        for name, e in record.context.items()
        if name not in {f.name for f in FIELDS} | {"modality", "body_part", "prior_report", "status"}
    ]
    missing = [
        f'<span class="sw-missing">{f.title}: not stated</span>'
        for f in FIELDS
        if f.name in MATTER and f.name not in record.context
    ]
    prior = record.context.get("prior_report")
    return (
        f'<div class="sw-context"><div class="sw-chips">{"".join([*stated, *others, *missing])}</div>'
        f'<form class="sw-form" data-do="context">{"".join(_input(f, record) for f in FIELDS)}'
        '<button type="submit">State these</button></form>'
        '<form class="sw-form" data-do="prior_report"><label class="sw-wide">Prior report (paste its text; leave names '
        f'out)<textarea name="text" rows="4">{html.escape(prior.text if prior else "")}</textarea></label>'
        '<button type="submit">Keep the prior report</button></form></div>'
    )


def _stated(field: Field, item: Evidence) -> str:
    return _chip(field.title, _value(item), item.id)


def _chip(title: str, value: str, evidence: str) -> str:
    return (
        f'<span class="sw-stated">{html.escape(title)}: <b>{html.escape(value)}</b> '
        f'<button type="button" class="sw-chip" data-evidence="{evidence}">{evidence}</button></span>'
    )


def _value(item: Evidence) -> str:
    value = item.inputs.get("value")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float | int) else str(value)


def _input(field: Field, record: Record) -> str:
    item = record.context.get(field.name)
    now = _value(item) if item else ""
    if not field.values:
        return (
            f'<label>{field.title}<input type="number" name="{field.name}" min="0" max="{field.most:g}" step="any" '
            f'value="{html.escape(now, quote=True)}"></label>'
        )
    options = "".join(
        f'<option value="{value}"{" selected" if value == now else ""}>{title}</option>'
        for value, title in (("", "not stated"), *field.values)
    )
    return f'<label>{field.title}<select name="{field.name}">{options}</select></label>'
