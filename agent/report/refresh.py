"""A report composed anew from what the case holds now, as the last one was: language, form, template, edits, signature.

What was signed stays as it was signed: what has changed since makes an addendum, and nothing changed makes none.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from agent.events import AgentError
from agent.report.compose import compose, material_of
from agent.report.kept import altered, keep_report, last_report, last_signed, next_version
from agent.report.material import Material
from agent.report.model import Form, Report
from agent.toolset.desk import Desk


def refresh(desk: Desk, material: Material, *, form: Form = "full", template: str | None = None) -> Report:
    """Compose the next version of a case's report, keep and return it; the signed one where nothing has changed.

    Raises:
        AgentError: it could not be kept, or the template is not valid.
    """
    signed = last_signed(desk)
    if signed is not None and not _differs(signed, material, form, template):
        return signed
    report = compose(material, version=next_version(desk), form=form, template=template, signed=signed)
    gone = [f"Version {v} was signed and is not what was signed; this report does not amend it" for v in altered(desk)]
    report = dataclasses.replace(report, problems=(*report.problems, *gone))
    keep_report(desk, report)
    return report


def rewritten(desk: Desk) -> Report:
    """Compose the last report again after an edit, as it was asked for. Raises AgentError without one."""
    last = last_report(desk)
    if last is None:
        raise AgentError('There is no report in this case yet. Ask for it first: "write the report".')
    return refresh(desk, material_of(desk, last.language), form=last.form, template=last.template)


def _differs(signed: Report, material: Material, form: Form, template: str | None) -> bool:
    """Return whether what would be written now is not what was signed."""
    if (signed.language, signed.form) != (material.language, form):
        return True
    if template is not None and template != signed.template:
        return True
    return said(compose(material, form=form, template=signed.template)) != said(signed)


def is_current(desk: Desk, report: Report) -> bool:
    """Return whether a report still says what the case's evidence does; a signed one stands as it was signed."""
    if report.signature is not None:
        return True
    signed = last_signed(desk)
    if (signed.version if signed else None) != report.amends:
        return False
    material = material_of(desk, report.language)
    now = compose(material, form=report.form, template=report.template, signed=signed)
    return said(now, addendum=True) == said(report, addendum=True)


def said(report: Report, *, addendum: bool = False) -> tuple[Any, ...]:
    """Return what a report says of the case, without when and from how many pieces it was composed."""
    told = ("provenance",) if addendum else ("provenance", "addendum")
    return tuple(s for s in report.sections if s.key not in told)
