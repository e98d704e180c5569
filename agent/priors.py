"""Earlier scans in a case: whose they are by their headers, how long before, and what is outlined on them.

Headers stay here: what is recorded is whether they agree and how many days lie between, never a name, a number or a
date. Knows no registration and no growth; `toolset.change` compares.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from agent.chart import record_statement, scan_facts
from agent.record import PriorRecord
from agent.stated import Statement
from agent.toolset.desk import Desk
from tools.contract import NotApplicable
from tools.evidence import Evidence
from tools.mask import Mask
from tools.quantity import Quantity
from tools.scan import Scan, Source

SAME_PATIENT, NOT_VERIFIED = "same patient by the headers", "identity not verified"
MAX_DAYS = 36_525
"""A hundred years: more is a slip of the keyboard."""

_NAMES = ("PatientID", "PatientName", "PatientBirthDate")
_NOBODY = frozenset(
    "anonymous anonymized anonymised anon unknown none null removed withheld patient test phantom na nn".split()
)
"""What stands in a header after names were taken out: it names nobody, so it can neither agree nor differ."""


@dataclass(frozen=True)
class Identity:
    """What the headers of two scans say of whether they are of one patient."""

    differ: bool
    verified: bool

    @property
    def words(self) -> str:
        """The finding in words that name nobody."""
        return SAME_PATIENT if self.verified else NOT_VERIFIED


def add_prior(
    desk: Desk, scan: Scan, *, days: int | None = None, masks: Mapping[int, Mask] | Path | None = None
) -> PriorRecord:
    """Keep an earlier scan with the case and record what is known of it; given again, its outlines are replaced.

    Raises:
        NotApplicable: the headers name different patients, the scan is this one or later, of another kind, the
            interval is no number of days, or a mask does not lie on the earlier scan's grid.
    """
    current = desk.need_scan()
    source = desk.workspace.cases.source(desk.case_id, current.id)
    _check_kind(current, scan)
    identity = compare_identity(source, scan.source)
    if identity.differ:
        raise NotApplicable(
            "The headers of the two scans name different patients, so they are not compared and the earlier one was "
            "not added. Check that the right scan was chosen."
        )
    between = days_between(scan.source.study_date, source.study_date)
    if between is not None and between < 0:
        raise NotApplicable(
            f"By the headers' dates that scan was made {-between} days after the one that is open, so it is no prior. "
            "Open the later scan as the case's own, then add the earlier one."
        )
    outlines = _outlines(scan, masks)
    if days is not None:
        _check_days(days)
    desk.workspace.cases.add_scan(desk.case_id, scan, role="prior")
    number = _record_scan(desk, scan, identity, between)
    if days is not None:
        state_interval(desk, days, number)
    for label, mask in outlines.items():
        record_outline(desk, number, label, mask)
    return next(p for p in desk.record.priors if p.number == number)


def state_interval(desk: Desk, days: int, number: int | None = None) -> Evidence:
    """Record how many days lie between, as the reader gives it. Raises NotApplicable for no number of days."""
    _check_days(days)
    words = f"{days} days between the scans, as given"
    return record_statement(desk, Statement("prior_interval", float(days), words, "d"), of_prior=number)


def record_outline(desk: Desk, number: int, label: int, mask: Mask) -> Evidence:
    """Record a mask that the reader gives for a prior; it replaces the one of that number there."""
    prior = next(p for p in desk.record.priors if p.number == number)
    old = prior.outlines.get(label)
    if old is not None and old.array == mask.hash:
        return old
    return desk.evidence.add(
        "drawn", "reader", "1", mask=mask, scan_id=mask.scan_id, parents=(prior.scan.id,),
        inputs={"prior": number, "prior_lesion": label, "label": mask.label, "outlined": True},
        supersedes=(old.id,) if old else (),
    )  # fmt: skip


def compare_identity(one: Source, other: Source) -> Identity:
    """Return whether two headers name different patients, and whether they name the same one.

    Only what both headers hold can differ. The same patient needs the same number; a name alone is not enough.
    """
    both = [(a, b) for n in _NAMES if (a := _named(one, n)) and (b := _named(other, n))]
    differ = any(a != b for a, b in both)
    numbered = bool(_named(one, "PatientID")) and bool(_named(other, "PatientID"))
    return Identity(differ, numbered and not differ)


def days_between(earlier: str | None, later: str | None) -> int | None:
    """Return the days from one ISO date to another, or None where either is missing or unreadable.

    >>> days_between("2023-03-01", "2024-02-29")
    365
    """
    try:
        return (date.fromisoformat(later or "") - date.fromisoformat(earlier or "")).days
    except ValueError:
        return None


def _named(source: Source, keyword: str) -> str:
    """Return a header's value in a form in which spellings of the same are equal; empty where it names nobody."""
    words = re.findall(r"\w+", str(source.identity.get(keyword) or "").casefold())
    if not set(words) - _NOBODY or set("".join(words)) <= {"0"}:
        return ""
    return " ".join(sorted(words)) if keyword == "PatientName" else "".join(words)


def _check_kind(current: Scan, scan: Scan) -> None:
    if scan.id == current.id:
        raise NotApplicable("That is the scan that is open already; a prior is an earlier one. Choose another scan.")
    for what, here, there in (
        ("modality", current.modality, scan.modality),
        ("body part", current.body_part, scan.body_part),
    ):
        if here.value and there.value and here.value != there.value:
            raise NotApplicable(
                f"The open scan's {what} is {here} and that scan's is {there}: they are not compared. "
                "Choose an earlier scan of the same kind."
            )


def _check_days(days: int) -> None:
    if not 0 < days <= MAX_DAYS:
        raise NotApplicable(f"The interval is a number of days from 1 to {MAX_DAYS}; {days} was given.")


def _outlines(scan: Scan, masks: Mapping[int, Mask] | Path | None) -> dict[int, Mask]:
    if masks is None:
        return {}
    if isinstance(masks, (str, Path)):
        from tools.lesions import read_labels

        return read_labels(masks, scan)
    for label, mask in masks.items():
        if mask.scan_id != scan.id or mask.grid_shape != scan.shape:
            raise NotApplicable(f"Mask {label} does not lie on the earlier scan's grid: outline it on that scan.")
        if not mask.count:
            raise NotApplicable(f"Mask {label} of the earlier scan is empty: there is nothing in it. Draw it again.")
    return dict(masks)


def _record_scan(desk: Desk, scan: Scan, identity: Identity, days: int | None) -> int:
    """Record an earlier scan's geometry and what the headers say, once; return its number in the case."""
    known = next((p for p in desk.record.priors if p.scan.scan_id == scan.id), None)
    if known is not None:
        return known.number
    number = len(desk.record.priors) + 1
    inputs, quantities = scan_facts(scan)
    inputs |= {"prior": number, "identity": identity.words, "identity_verified": identity.verified}
    if days is not None:
        quantities += (Quantity("interval", days, "d", "between the study dates in the two headers"),)
    desk.evidence.add(
        "scan", "load_scan", "1", scan_id=scan.id, inputs=inputs, quantities=quantities, text=" ".join(scan.notes)
    )
    return number
