"""One DICOM dataset without its patient, in place, sequences to the last level. Pixels are left as they are.

Knows no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from tools.deidentify.pseudonyms import Pseudonyms
from tools.deidentify.rules import TIMES, Action, action, names_somebody

METHOD = "PS3.15 Basic Application Level Confidentiality Profile"
CODES = (("113100", "Basic Application Confidentiality Profile"),)
SHIFTED = ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
STRUCTURED = ("113104", "Clean Structured Content Option")
NO_DAY, NO_TIME = "19000101", "000000"
"""Where a date must stand and none may: nobody's images are of 1900. `LongitudinalTemporalInformationModified` says
that it is none."""
NO_WORD = "REMOVED"
_TEXT = ("AE", "CS", "LO", "SH", "UC", "UT", "LT", "ST", "UR")
_NUMBERED = (
    "PatientID", "OtherPatientIDs", "AccessionNumber", "AdmissionID", "IssuerOfPatientID", "PatientAddress",
    "PatientTelephoneNumbers", "MedicalRecordLocator", "InstitutionName", "InstitutionAddress",
)  # fmt: skip
_SHORTEST = 4
_OF_THE_TRADE = frozenset(
    "hospital medical center centre clinic klinik general university department institute radiology imaging street "
    "road avenue health care national county city none unknown anonymous test chest thorax scan phantom patient".split()
)
_PATIENT_GROUP = 0x0010
_LENGTH_DATE = 8


def patient_of(dataset: Any) -> str:
    """Return what tells a dataset's patient from others: never to be kept."""
    number = str(dataset.get("PatientID") or "").strip()
    if number:
        return f"{str(dataset.get('IssuerOfPatientID') or '').strip()}\0{number}"
    name = str(dataset.get("PatientName") or "").strip()
    if name:
        return f"\0\0{name}\0{dataset.get('PatientBirthDate') or ''}"
    return str(dataset.get("StudyInstanceUID") or "")


def deidentify(dataset: Any, names: Pseudonyms) -> None:
    """Take out of a dataset who it is of and mark it. Raises what a damaged dataset raises."""
    patient = patient_of(dataset)
    known = words_of(dataset)
    dataset.decode()
    _Walk(names, patient, known, must_hold="PerFrameFunctionalGroupsSequence" in dataset).clean(dataset)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = dataset.PatientID = names.patient(patient)
    for keyword in ("PatientBirthDate", "PatientSex"):
        setattr(dataset, keyword, "")
    mark(dataset, names)


def mark(dataset: Any, names: Pseudonyms, *more: tuple[str, str]) -> None:
    """Say in a dataset that its patient was taken out, and how; `more` are codes of further options."""
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = METHOD
    dataset.LongitudinalTemporalInformationModified = "MODIFIED" if names.shift_dates else "REMOVED"
    items = []
    for value, meaning in (*CODES, *([SHIFTED] if names.shift_dates else []), *more):
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
        items.append(item)
    dataset.DeidentificationMethodCodeSequence = Sequence(items)


def words_of(dataset: Any) -> frozenset[str]:
    """Return, in lower case, the words that name somebody in a dataset, wherever they would turn up again."""
    found: set[str] = set()
    for element in dataset.iterall():
        if element.VR == "PN" or element.keyword in _NUMBERED:
            found.update(w.lower() for w in re.findall(r"\w+", str(element.value)))
            found.add(str(element.value).strip().lower())
    return frozenset(w for w in found if len(w) >= _SHORTEST and w not in _OF_THE_TRADE)


class _Walk:
    """One dataset's way through the rules."""

    def __init__(self, names: Pseudonyms, patient: str, known: Iterable[str], *, must_hold: bool) -> None:
        self.names, self.patient, self.must_hold = names, patient, must_hold
        self.known = tuple(known)

    def clean(self, dataset: Any) -> None:
        for tag in list(dataset.keys()):
            element = dataset[tag]
            what = action(int(tag), element.VR, element.keyword)
            if element.VR in TIMES:
                self._time(dataset, element, what)
            elif what == "uid" or (what != "remove" and element.VR == "UI"):
                self._uid(element)
            elif what == "remove" or (element.VR in ("OB", "OW", "UN") and what not in ("keep", "empty")):
                del dataset[tag]
            elif element.VR == "SQ":
                self._sequence(dataset, element, what)
            else:
                self._value(element, what)

    def _sequence(self, dataset: Any, element: Any, what: Action) -> None:
        if what == "keep":
            for item in element.value:
                self.clean(item)
        elif what == "empty":
            element.value = []
        else:
            del dataset[element.tag]

    def _uid(self, element: Any) -> None:
        old = element.value
        if isinstance(old, str):
            element.value = self._other(element.keyword, old)
        elif old is not None:
            element.value = [self._other(element.keyword, str(one)) for one in old]

    def _other(self, keyword: str, uid: str) -> str:
        return self.names.uid(uid) if names_somebody(keyword, uid) else uid

    def _value(self, element: Any, what: Action) -> None:
        if what == "empty":
            element.value = None
        elif what != "keep":
            element.value = NO_WORD if element.VR in ("PN", *_TEXT) else None
        elif element.VR in _TEXT and self._names(str(element.value)):
            element.value = NO_WORD

    def _names(self, text: str) -> bool:
        low = text.lower()
        return any(word in low for word in self.known)

    def _time(self, dataset: Any, element: Any, what: Action) -> None:
        """Move a date, or take it out; nothing of the patient's own (birth) is moved."""
        shifted = self.names.shift_dates and element.tag.group != _PATIENT_GROUP
        value = _plain(element.value) if shifted else None
        moved = [v if element.VR == "TM" else self._moved(v) for v in value] if value else []
        if moved and all(moved):
            element.value = moved[0] if len(moved) == 1 else moved
        elif what == "dummy" or (self.must_hold and what in ("remove or dummy", "empty or dummy")):
            element.value = {"DA": NO_DAY, "TM": NO_TIME, "DT": NO_DAY + NO_TIME}[element.VR]
        elif what in ("empty", "empty or dummy"):
            element.value = ""
        else:
            del dataset[element.tag]

    def _moved(self, text: str) -> str:
        """Return a date, or the date of a date and time, moved; nothing for one that is none."""
        digits = text.replace(".", "", 2) if text[4:5] == "." else text
        try:
            day = datetime.strptime(digits[:_LENGTH_DATE], "%Y%m%d").date()
            return self.names.moved(day, self.patient).strftime("%Y%m%d").zfill(_LENGTH_DATE) + digits[_LENGTH_DATE:]
        except (ValueError, OverflowError):
            return ""


def _plain(value: Any) -> list[str]:
    return list(_each(value))


def _each(value: Any) -> Iterator[str]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        yield str(value or "").strip()
    else:
        for one in value:
            yield str(one).strip()
