"""What the machine-readable writers draw on: one report of one case, its outlines and its images.

Every UID is made here from what it stands for, so that the same report written twice is the same object, and a lesion
keeps its tracking UID from version to version. Knows no file format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal

from agent.record import LesionRecord, Record
from agent.report.dicom.original import Opened, Original, original
from agent.report.model import Report
from tools.mask import Mask
from tools.scan import Scan, Source

if TYPE_CHECKING:
    from agent.toolset.desk import Desk

Status = Literal["preliminary", "final", "amended"]
"""A draft; signed; signed again after a signed one was changed."""

PRODUCT = "Scanwright"


@dataclass(frozen=True)
class Filing:
    """One report, ready to be written out.

    Attributes:
        case_id, created: the case and when it was made: what its UIDs grow from.
        record, report: what the case holds, and what its report says.
        scan, source: the image, and where it came from.
        masks: the outline of every lesion that is filed, by lesion number.
        version: the program's.
        opened: what a file of the source is read from.
    """

    case_id: str
    created: str
    record: Record
    report: Report
    scan: Scan
    source: Source
    masks: Mapping[int, Mask]
    version: str = ""
    opened: Opened | None = None

    @property
    def status(self) -> Status:
        """How far the report is."""
        if self.report.signature is None:
            return "preliminary"
        return "final" if self.report.amends is None else "amended"

    @cached_property
    def original(self) -> Original:
        """The DICOM images. Raises NoOriginal with the reason why there are none."""
        return original(self.scan, self.source, *([self.opened] if self.opened else []))

    @property
    def lesions(self) -> list[LesionRecord]:
        """Lesions that are filed: outlined and not rejected, by number."""
        return [x for x in self.record.lesions if x.number in self.masks]

    @property
    def moment(self) -> datetime:
        """When the report was signed, or composed; local time, as DICOM writes it."""
        text = self.report.signature.signed if self.report.signature else self.report.composed
        return datetime.fromisoformat(text).astimezone().replace(tzinfo=None)

    def lobe(self, lesion: LesionRecord) -> str | None:
        """Return the lobe that a reader stated, or that a tool outlined around it, or None."""
        said = lesion.stated.get("lobe") or lesion.lobe_by_tool
        return None if said is None else str(said.inputs.get("value") or "") or None

    def tracking_uid(self, number: int) -> str:
        """Return a lesion's tracking UID: the same in every version of this case's report, and nowhere else."""
        return self._uid("lesion", number)

    def series_uid(self, kind: str) -> str:
        """Return the UID of the series that a case's objects of a kind lie in."""
        return self._uid("series", kind)

    def instance_uid(self, kind: str) -> str:
        """Return the UID of an object: another as soon as anything in it is."""
        said = hashlib.sha256(json.dumps(self.report.to_json(), sort_keys=True).encode()).hexdigest()
        held = [(x.mask_evidence.hash, x.measurement.hash if x.measurement else "") for x in self.lesions]
        return self._uid("instance", kind, said, held, self.version)

    def device_uid(self) -> str:
        """Return the UID of the program, the same for a version everywhere."""
        return uid(PRODUCT, self.version)

    def _uid(self, *parts: object) -> str:
        series = self.source.identity.get("SeriesInstanceUID", "")
        return uid(self.case_id, self.created, self.scan.id, series, *parts)


def uid(*parts: object) -> str:
    """Return a DICOM UID under 2.25 that is the same for the same parts (a name-based UUID written as a number).

    >>> uid("a", 1) == uid("a", 1) != uid("a", 2)
    True
    """
    digest = bytearray(hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80  # a UUID of version 8, variant 1 (RFC 9562), as PS3.5 B.2 wants one
    digest[8] = digest[8] & 0x3F | 0x80
    return f"2.25.{int.from_bytes(digest, 'big')}"


def filing_of(desk: Desk, report: Report) -> Filing:
    """Return a report of a desk's case, ready to be written out. Raises EvidenceError for a damaged outline."""
    from importlib.metadata import version

    record = desk.record
    scan = desk.need_scan()
    kept = [x for x in record.lesions if x.status != "rejected" and x.outlined]
    kind: Callable[..., Filing] = desk.nameless.filing if desk.nameless else Filing
    return kind(
        case_id=desk.case_id,
        created=desk.need("read").created,
        record=record,
        report=report,
        scan=scan,
        source=desk.workspace.cases.originals(desk.case_id, scan.id),
        masks={x.number: mask for x in kept if (mask := desk.evidence.mask(x.mask_evidence)).count},
        version=version("scanwright"),
        opened=partial(desk.workspace.cases.opened, desk.case_id),
    )
