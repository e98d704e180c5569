"""A report of nobody: the same sentences, numbers and outlines, for a pseudonymous patient whose images are so too.

What is taken out: the patient's known identifiers, who signed, what the case is called, every date of the usual forms
(or it is moved by the patient's own number of days). UIDs are replaced as those of the images are (`tools.deidentify`),
so that structured report and outlines still refer to them. What the clinician typed is kept with known identifiers and
dates replaced: a name that no header holds cannot be known, which the export says.

Its evidence is a copy with hashes of its own; the record stays as it was. Knows no file format.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from agent.events import AgentError
from agent.privacy import WITHHELD, Redactor
from agent.report.dicom.filing import Filing
from agent.report.dicom.original import NoOriginal, Original, original
from agent.report.model import Report
from agent.report.phrases import phrase
from tools.deidentify import Pseudonyms, deidentify
from tools.deidentify.dataset import patient_of
from tools.deidentify.pixels import why_named
from tools.evidence import CaseEvidence, Evidence

if TYPE_CHECKING:
    from agent.toolset.desk import Desk

NO_MOMENT = "1900-01-01T00:00:00+00:00"
"""Stands where a time must be and none may."""
READER = "a reader"
PICTURES = ("PNG", "JPEG")
_CLOCK = r"T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?"
_ISO = re.compile(rf"(?<!\d)((?:19|20)\d{{2}}-[01]\d-[0-3]\d)({_CLOCK})?(?!\d)")
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATES = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?[ -]{_MONTH}[ -,]*(?:19|20)\d{{2}}\b|"
    rf"\b{_MONTH} (?:\d{{1,2}}(?:st|nd|rd|th)?,? )?(?:19|20)\d{{2}}\b|"
    rf"(?<![\d.])\d{{1,2}}[./]\d{{1,2}}[./](?:19|20)\d{{2}}(?![\d.])|"
    r"(?:19|20)\d{2}年(?:\d{1,2}月)?(?:\d{1,2}日)?",
    re.IGNORECASE,
)
"""Dates as people write them. A passage's own (an edition, a journal) are not looked at."""


@dataclass(frozen=True)
class Nameless:
    """How one case's report becomes one of nobody.

    Attributes:
        names: gives the other names.
        patient: what tells the patient from others (see `tools.deidentify.dataset.patient_of`).
        case: the case's other id.
        clean: replaces the case's known identifiers.
        readers: who signed; their names go too.
    """

    names: Pseudonyms
    patient: str
    case: str
    clean: Callable[[str], str]
    readers: tuple[str, ...] = ()

    @classmethod
    def of(cls, desk: Desk, names: Pseudonyms) -> Nameless:
        """Return how a desk's case becomes one of nobody."""
        cases, scan = desk.workspace.cases, desk.need_scan()
        source = cases.source(desk.case_id, scan.id)
        signed = (e for e in desk.evidence.all() if e.inputs.get("what") == "signature")
        readers = {str(name) for e in signed for name in (e.inputs.get("reader"), e.text) if name}
        return cls(
            names, patient_of(source.identity) or desk.case_id, names.case(desk.case_id),
            Redactor(cases.sources(desk.case_id)).clean, tuple(sorted(readers, key=len, reverse=True)),
        )  # fmt: skip

    def desk(self, desk: Desk) -> Desk:
        """Return a desk whose evidence is of nobody, for writing from."""
        return dataclasses.replace(desk, evidence=_Nobodys(desk.evidence, self), nameless=self)

    def filing(self, **facts: Any) -> NamelessFiling:
        """Return a filing of nobody; `facts` are those of `Filing`."""
        return NamelessFiling(**facts, nameless=self)

    def report(self, report: Report) -> Report:
        """Return a report of nobody; one that was signed says so, not by whom."""
        made = Report.from_json(self.each(report.to_json()))
        told = phrase("nameless.moved" if self.names.shift_dates else "nameless.gone", report.language)
        return dataclasses.replace(made, notices=(*made.notices[:-1], told, made.notices[-1]))

    def text(self, text: str) -> str:
        """Return text without who it is of, who signed, and when it was."""
        for name in self.readers:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", READER, text)
        text = _ISO.sub(self._moved, text)
        return _DATES.sub(WITHHELD, self.clean(text))

    def each(self, value: Any) -> Any:
        """Return a JSON-ready value with every text of it so changed."""
        if isinstance(value, dict):
            return {k: self.each(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.each(v) for v in value]
        return self.text(value) if isinstance(value, str) else value

    def evidence(self, items: Sequence[Evidence]) -> Iterator[Evidence]:
        """Yield evidence of nobody, its hashes made anew."""
        hashes: dict[str, str] = {}
        for item in items:
            data = item.to_json()
            kept = {} if item.kind == "passage" else {k: self.each(data[k]) for k in ("inputs", "text")}
            data |= {**kept, "case": self.case, "created": self.text(item.created)}
            made = Evidence.from_json(data)
            digest = made.digest([hashes.get(p, "") for p in made.parents])
            hashes[made.id] = digest
            yield dataclasses.replace(made, hash=digest)

    def _moved(self, found: re.Match[str]) -> str:
        if not self.names.shift_dates:
            return NO_MOMENT if found[2] else NO_MOMENT[:10]
        try:
            day = datetime.fromisoformat(found[1]).date()
            return self.names.moved(day, self.patient).isoformat() + (found[2] or "")
        except (ValueError, OverflowError):
            return WITHHELD


@dataclass(frozen=True)
class NamelessFiling(Filing):
    """A filing whose images, and every UID, are those of nobody."""

    nameless: Nameless | None = None

    @cached_property
    def original(self) -> Original:
        """The DICOM images' headers, de-identified as the images are. Raises NoOriginal."""
        found = super().original
        assert self.nameless is not None
        for header in found.headers:
            deidentify(header, self.nameless.names)
        return found

    def _uid(self, *parts: object) -> str:
        assert self.nameless is not None
        return self.nameless.names.uid(super()._uid(*parts))


class _Nobodys(CaseEvidence):
    """A case's evidence, told as nobody's. It is read from and never added to."""

    def __init__(self, evidence: CaseEvidence, nameless: Nameless) -> None:
        super().__init__(evidence.store, evidence.case_id)
        self._whole = evidence
        self._nameless = nameless

    def all(self) -> list[Evidence]:
        """Return the copy, oldest first."""
        return list(self._nameless.evidence(self._whole.all()))


def look_at_pixels(desk: Desk) -> None:
    """Raise AgentError where the scan's pixels, which a report shows, may show who it is."""
    scan = desk.need_scan()
    source = desk.workspace.cases.originals(desk.case_id, scan.id)
    why = "it is a picture, whose header says nothing of that" if source.format in PICTURES else None
    try:
        opened = partial(desk.workspace.cases.opened, desk.case_id)
        headers = original(scan, source, opened).headers if source.format == "DICOM" else ()
    except NoOriginal:
        headers = ()
    why = why or next((w for h in headers if (w := why_named(h))), None)
    if why is None and any("burned into this image" in note for note in scan.notes):
        why = "text may be burned in"
    if why:
        raise AgentError(
            f"The scan's pixels may show who it is: {why}. Nothing was written. Look at the images; when they show no "
            "name, say --accept-pixels."
        )
