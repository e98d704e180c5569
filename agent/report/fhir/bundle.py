"""One filing as the resources of a FHIR Bundle, plain dictionaries. Values are those of the record, unrounded."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from agent.grounding.clauses import bare
from agent.record import LesionRecord
from agent.report.dicom import codes
from agent.report.dicom.filing import PRODUCT, Filing
from agent.report.dicom.original import NoOriginal
from agent.report.dicom.sr import BY_READER, DETECTOR, UNCONFIRMED, values
from agent.restate import quantity_name
from tools.evidence import Evidence
from tools.quantity import Quantity

_GENDERS = {"M": "male", "F": "female", "O": "other"}
_V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
_V2_0074 = "http://terminology.hl7.org/CodeSystem/v2-0074"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"

_STOP = re.compile(r"\s+(?=[.。,])")
TOLD_BY_METHOD = ("volume_ellipsoid",)
"""A code that only its derivation or method would tell from another's is left out: here the text says which it is."""

Resource = dict[str, Any]


def bundle(filing: Filing, pdf: bytes | None = None) -> Resource:
    """Return the Bundle of a report, its PDF attached when there is one."""
    return _Bundle(filing).made(pdf)


class _Bundle:
    """Resources that refer to each other by the addresses they get here."""

    def __init__(self, filing: Filing) -> None:
        self.filing = filing
        self.entries: list[Resource] = []
        try:
            self.header: Any = filing.original.first
        except NoOriginal:
            self.header = None

    def made(self, pdf: bytes | None) -> Resource:
        self.patient = self._add(self._patient()) if self.header is not None else None
        self.study = self._add(self._study()) if self.header is not None else None
        self.signer = self._add(self._signer()) if self.filing.report.signature else None
        devices = {key: self._add(_device(*key)) for key in self._tools()}
        found = [self._add(self._observation(x, devices)) for x in self.filing.lesions]
        report = self._add(self._report(found, pdf))
        self.entries.sort(key=lambda e: e["fullUrl"] != report["reference"])  # the report leads
        return {
            "resourceType": "Bundle", "type": "collection", "timestamp": self._instant(),
            "identifier": {"system": "urn:ietf:rfc:3986", "value": self._address("Bundle", self.filing.report.version)},
            "entry": self.entries,
        }  # fmt: skip

    def _add(self, resource: Resource) -> Resource:
        """Take a resource in and return a reference to it."""
        name = (resource["resourceType"], *(resource.pop("_of", ())))
        address = self._address(*name)
        self.entries.append({"fullUrl": address, "resource": {"id": address.rpartition(":")[2], **resource}})
        # `id` follows `resourceType` in what is read; JSON does not care.
        return {"reference": address, "type": str(resource["resourceType"])}

    def _address(self, *of: object) -> str:
        """Return an address that is the same for the same thing of this case."""
        seed = uuid.UUID(int=int(self.filing.series_uid("fhir").rpartition(".")[2]))
        return f"urn:uuid:{uuid.uuid5(seed, repr(of))}"

    def _instant(self) -> str:
        signature = self.filing.report.signature
        text = signature.signed if signature else self.filing.report.composed
        return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def _patient(self) -> Resource:
        header = self.header
        found: Resource = {"resourceType": "Patient"}
        if header.PatientID:
            coding = [{"system": _V2_0203, "code": "MR"}]
            found["identifier"] = [{"type": {"coding": coding}, "value": str(header.PatientID)}]
            if header.get("IssuerOfPatientID"):
                found["identifier"][0]["assigner"] = {"display": str(header.IssuerOfPatientID)}
        name = header.PatientName
        if str(name):
            given = [str(part) for part in (name.given_name, name.middle_name) if part]
            found["name"] = [{"text": str(name).replace("^", " ").strip(), "family": str(name.family_name)}]
            found["name"][0] |= {"given": given} if given else {}
        if header.PatientSex in _GENDERS:
            found["gender"] = _GENDERS[header.PatientSex]
        if header.PatientBirthDate:
            found["birthDate"] = _date(str(header.PatientBirthDate))
        return found

    def _study(self) -> Resource:
        images = self.filing.original
        modality = self.filing.scan.modality.value or str(self.header.get("Modality") or "OT")
        instances = [
            {
                "uid": str(h.SOPInstanceUID),
                "sopClass": {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{h.SOPClassUID}"},
                "number": int(h.get("InstanceNumber") or n),
            }
            for n, h in enumerate(images.headers, start=1)
        ]
        series: Resource = {
            "uid": str(self.header.SeriesInstanceUID),
            "modality": {"system": codes.SCHEMES["DCM"], "code": modality},
            "numberOfInstances": len(instances), "instance": instances,
        }  # fmt: skip
        found: Resource = {
            "resourceType": "ImagingStudy", "status": "available", "subject": self.patient,
            "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{self.header.StudyInstanceUID}"}],
            "series": [series],
        }  # fmt: skip
        return found | self._started("started")

    def _started(self, key: str) -> Resource:
        """Return the study's date under a key; nothing where it is not known."""
        date = str(self.header.StudyDate) if self.header is not None else ""
        return {key: _date(date)} if date else {}

    def _signer(self) -> Resource:
        signature = self.filing.report.signature
        assert signature is not None
        return {"resourceType": "Practitioner", "name": [{"text": signature.reader}]}

    def _tools(self) -> list[tuple[str, str]]:
        """Return every tool that made an outline or a measurement, with its version."""
        made = [e for x in self.filing.lesions for e in (x.mask_evidence, x.measurement) if e is not None]
        return list(dict.fromkeys((e.producer, e.version) for e in made if e.producer != "reader"))

    def _observation(self, lesion: LesionRecord, devices: dict[tuple[str, str], Resource]) -> Resource:
        uid = f"urn:oid:{self.filing.tracking_uid(lesion.number)}"
        maker = _maker(lesion.measurement) or _maker(lesion.mask_evidence)
        found: Resource = {
            "resourceType": "Observation", "_of": (lesion.number,), "status": self.filing.status,
            "identifier": [{"system": "urn:dicom:uid", "value": uid}],
            "category": [{"coding": [{"system": _CATEGORY, "code": "imaging"}]}],
            "code": {"coding": [_coding(codes.finding(lesion.label))], "text": f"Lesion {lesion.number}"},
            "component": [self._component(q) for q in values(lesion)],
        }  # fmt: skip
        if not found["component"]:  # neither an empty list nor a silent absence
            del found["component"]
            found["dataAbsentReason"] = {"text": "outlined, not measured"}
        site = codes.site(lesion.side, self.filing.lobe(lesion), self.filing.scan.body_part.value)
        if site is not None:
            found["bodySite"] = {"coding": [_coding(site[0])], "text": lesion.where or site[0].meaning}
            if site[1] is not None and "component" in found:
                side = {"code": {"coding": [_coding(codes.LATERALITY)]}}
                found["component"].append(side | {"valueCodeableConcept": {"coding": [_coding(site[1])]}})
        found |= {"subject": self.patient, "derivedFrom": [self.study]} if self.patient else {}
        found |= {"device": devices[maker]} if maker else {}
        notes = list(self._notes(lesion))
        return found | self._started("effectiveDateTime") | ({"note": notes} if notes else {})

    def _component(self, quantity: Quantity) -> Resource:
        entry = codes.coded(quantity.name, quantity.unit, self.filing.scan.modality.value)
        code: Resource = {"text": f"{quantity_name(quantity.name, 'en')} ({quantity.method})"}
        if entry is not None and entry.derivation is None and quantity.name not in TOLD_BY_METHOD:
            code["coding"] = [_coding(entry.name)]
        value = {"value": quantity.value, "system": codes.SCHEMES["UCUM"], "code": quantity.unit}
        return {"code": code, "valueQuantity": value | {"unit": _unit(quantity.unit)}}

    def _notes(self, lesion: LesionRecord) -> Iterator[Resource]:
        if lesion.unconfirmed:
            yield {"text": UNCONFIRMED}
        if self.filing.scan.calibration == "detector plane":
            yield {"text": DETECTOR}
        if lesion.measurement is not None and lesion.measurement.producer == "reader":
            yield {"text": BY_READER}
        for note in dict.fromkeys(q.note for q in values(lesion) if q.note):
            yield {"text": note}

    def _report(self, observations: list[Resource], pdf: bytes | None) -> Resource:
        report = self.filing.report
        said = report.section("impression")
        found: Resource = {
            "resourceType": "DiagnosticReport", "status": self.filing.status, "language": report.language,
            "meta": {"versionId": str(report.version)},
            "identifier": [{"system": "urn:ietf:rfc:3986", "value": self._address("DiagnosticReport")}],
            "category": [{"coding": [{"system": _V2_0074, "code": "RAD"}]}],
            "code": {"coding": [_coding(codes.DOCUMENT_TITLE)], "text": report.title},
            "issued": self._instant(),
        }  # fmt: skip
        if said is not None and said.statements:
            found["conclusion"] = " ".join(_STOP.sub("", bare(s.text)) for s in said.statements)
        found |= {"result": observations} if observations else {}
        found |= {"subject": self.patient, "imagingStudy": [self.study]} if self.patient else {}
        found |= {"resultsInterpreter": [self.signer]} if self.signer else {}
        if pdf is not None:
            data = base64.b64encode(pdf).decode()
            found["presentedForm"] = [{"contentType": "application/pdf", "data": data, "title": report.title}]
        return found | self._started("effectiveDateTime")


def _device(name: str, version: str) -> Resource:
    return {
        "resourceType": "Device", "_of": (name, version), "status": "active", "manufacturer": PRODUCT,
        "deviceName": [{"name": name, "type": "model-name"}], "version": [{"value": version}],
    }  # fmt: skip


def _maker(made: Evidence | None) -> tuple[str, str] | None:
    return (made.producer, made.version) if made is not None and made.producer != "reader" else None


def _coding(of: codes.Concept) -> Resource:
    return {"system": codes.SCHEMES[of.scheme], "code": of.value, "display": of.meaning}


def _unit(code: str) -> str:
    known = codes.UNITS.get(code)
    return known.meaning if known else code


def _date(digits: str) -> str:
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
