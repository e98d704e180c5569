"""What becomes of an element: the standard's Table E.1-1 as dicom-anonymizer keeps it, and what it does not reach.

Added to the table, each because an image of the wild may say there who it is:

    private elements, and public ones that no dictionary knows           removed
    overlays and curves whole (the table takes their data alone)         removed
    names of persons, free text and addresses that the table leaves out  removed
    UIDs that the table leaves out, if they are nobody's class or table  replaced
    dates and times that the table leaves out                            as the others

Knows no dataset.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

Action = Literal["keep", "remove", "empty", "dummy", "remove or dummy", "empty or dummy", "uid"]
"""The last but one are what the image's kind decides: it may be absent (empty) there, or must hold a value."""

EDITION = "dicomfields_2026c"
"""The library's copy of the table of the standard's edition 2026c."""
_OF = {
    "X_TAGS": "remove", "Z_TAGS": "empty", "D_TAGS": "dummy", "U_TAGS": "uid", "X_Z_TAGS": "empty",
    "X_D_TAGS": "remove or dummy", "X_Z_D_TAGS": "remove or dummy", "Z_D_TAGS": "empty or dummy",
    "X_Z_U_STAR_TAGS": "keep",
}  # fmt: skip
"""The last are sequences of references: kept, the UIDs in them replaced."""

TIMES = ("DA", "DT", "TM")
_WORDS = ("PN", "LT", "ST", "UT", "UC", "UR", "AE")
_PLAIN = frozenset(("LongCodeValue", "URNCodeValue", "PartialViewDescription"))
"""Of those kinds, and codes or technical all the same."""
_EMPTY = frozenset(("ContrastBolusAgent",))
"""Empty rather than a dummy: any word there would say that contrast was given."""
CLASS_UIDS = frozenset(("SOPClassUID", "ReferencedSOPClassUID", "MediaStorageSOPClassUID", "TransferSyntaxUID"))
_STANDARD_UID = "1.2.840.10008."


def action(tag: int, vr: str, keyword: str) -> Action:
    """Return what becomes of an element.

    Args:
        tag: group and element in one number.
        vr: its kind of value.
        keyword: its name in the dictionary, empty for one that no dictionary knows.
    """
    group, element = tag >> 16, tag & 0xFFFF
    if group % 2 or not keyword or 0x5000 <= group <= 0x50FF or 0x6000 <= group <= 0x60FF:
        return "remove"
    if keyword in _EMPTY:
        return "empty"
    found = _table().get((group, element))
    if found is not None:
        return found
    if vr == "UI":
        return "uid"
    if vr in TIMES or (vr in _WORDS and keyword not in _PLAIN):
        return "remove"
    return "keep"


def names_somebody(keyword: str, uid: str) -> bool:
    """Return whether a UID is of this patient's images and not of a class, a table or a syntax."""
    return bool(uid) and keyword not in CLASS_UIDS and not uid.startswith(_STANDARD_UID)


@cache
def _table() -> dict[tuple[int, int], Action]:
    from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector

    lists = dicom_anonymization_database_selector(EDITION)
    # Repeating groups, which have four numbers, are overlays and curves: removed above.
    return {tag: what for name, what in _OF.items() for tag in lists[name] if len(tag) == 2}  # type: ignore[misc]
