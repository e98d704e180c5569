"""A patient who is nobody, planted everywhere a file can hold one; and a search through everything that is kept or sent.

`strings` are what must be found nowhere. They are long and odd enough never to stand anywhere by chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from made import Made, save, values
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

NAME, ID, BORN, ADDRESS = "Vandermeulen^Ottoline", "ZQX-4471902", "19230417", "17 Quillfeather Lane Brackenmoor"
PHYSICIAN, INSTITUTION, ACCESSION, PHONE = "Thistlewick^Barnaby", "Saint Wumpus Infirmary", "9914427", "+44 1632 960733"
STUDY_DATE = "20240229"
FOLDER, FILE = "Vandermeulen_Ottoline_ZQX-4471902", "ottoline-vandermeulen"
PRIVATE, STATED = "Vandermeulen lives at Brackenmoor", "Ottoline Vandermeulen, born 17 April 1923"

strings = (
    "vandermeulen", "ottoline", "4471902", "19230417", "1923-04-17", "17 april 1923", "quillfeather", "brackenmoor",
    "thistlewick", "barnaby", "wumpus", "9914427", "960733", "20240229", "2024-02-29",
)  # fmt: skip
"""In lower case."""


def series(folder: Path, count: int = 4) -> Path:
    """Write a CT series that names the patient in every kind of place, into a folder that does too; return the folder."""
    place = folder / FOLDER
    place.mkdir(parents=True)
    made = Made(hu=values((40, 40, count), low=-900, high=200))
    for k in range(count):
        ds = made.dataset(k)
        ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientAddress = NAME, ID, BORN, ADDRESS
        ds.PatientTelephoneNumbers, ds.ReferringPhysicianName, ds.InstitutionName = PHONE, PHYSICIAN, INSTITUTION
        ds.AccessionNumber, ds.StudyDate, ds.StudyID = ACCESSION, STUDY_DATE, ACCESSION
        ds.StudyDescription, ds.SeriesDescription = "Chest of Vandermeulen", "thin Vandermeulen"
        ds.ImageComments, ds.ProtocolName = PRIVATE, "Ottoline protocol"
        ds.PatientComments, ds.OperatorsName = STATED, PHYSICIAN
        block = ds.private_block(0x0011, "WUMPUS Infirmary", create=True)
        block.add_new(0x01, "LO", PRIVATE)
        request = Dataset()
        request.RequestedProcedureDescription, request.AccessionNumber = PRIVATE, ACCESSION
        ds.RequestAttributesSequence = Items([request])
        save(ds, place / f"{FILE}-{k}.dcm")
    return place


def found(text: str) -> list[str]:
    """Return the planted strings that a text holds."""
    low = text.lower()
    return [s for s in strings if s in low]


def kept(folder: Path, *, but: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield every planted string in a folder's file names and bytes, with where; `but` are names that may hold some."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        where = str(path.relative_to(folder))
        if any(where.startswith(b) for b in but):
            continue
        for string in found(where):
            yield string, f"the name {where}"
        data = path.read_bytes().lower()
        for string in strings:
            if string.encode() in data or string.encode("utf-16-le") in data:
                yield string, where
