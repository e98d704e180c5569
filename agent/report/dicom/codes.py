"""The codes that leave: DICOM's and FHIR's concepts for what the record holds, each one of a published table.

A quantity with no published code of its own meaning has none here: it stays out of the structured report, and FHIR
gives it by name alone. Meanings are the tables' own words. Knows no case and no file.
"""

from __future__ import annotations

from dataclasses import dataclass

from tools.quantity import HU, PIXEL

SCHEMES = {
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "LN": "http://loinc.org",
    "RADLEX": "http://radlex.org",
    "IBSI": "urn:oid:1.2.840.10008.2.16.13",
    "UCUM": "http://unitsofmeasure.org",
}
"""DICOM's name of each scheme in use, and the address that FHIR knows it by."""


@dataclass(frozen=True)
class Concept:
    """One code: its value, the scheme it belongs to, its meaning in English."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True)
class Coded:
    """How a quantity is coded: its name, and where the name alone would not tell it, a derivation or a method."""

    name: Concept
    units: tuple[str, ...]
    derivation: Concept | None = None
    method: Concept | None = None


UNITS: dict[str, Concept] = {
    "mm": Concept("mm", "UCUM", "mm"),
    "mm2": Concept("mm2", "UCUM", "square millimeter"),
    "mm3": Concept("mm3", "UCUM", "cubic millimeter"),
    HU: Concept(HU, "UCUM", "Hounsfield unit"),
    "1": Concept("1", "UCUM", "no units"),
    "%": Concept("%", "UCUM", "Percent"),
    "d": Concept("d", "UCUM", "day"),
    "a": Concept("a", "UCUM", "year"),
    PIXEL: Concept(PIXEL, "UCUM", "pixels"),
    "{pixel}2": Concept("{pixel}2", "UCUM", "square pixels"),
}
"""Units that leave. The two in pixels are UCUM annotations, which no table lists: any word may stand in the braces."""

LONG_AXIS = Concept("103339001", "SCT", "Long axis")
SHORT_AXIS = Concept("103340004", "SCT", "Short axis")
DIAMETER = Concept("81827009", "SCT", "Diameter")
VOLUME = Concept("118565006", "SCT", "Volume")
AREA = Concept("42798000", "SCT", "Area")
ATTENUATION = Concept("112031", "DCM", "Attenuation Coefficient")
MR_SIGNAL = Concept("110852", "DCM", "MR signal intensity")
MEAN = Concept("373098007", "SCT", "Mean")
_SPREAD: dict[str, Concept] = {
    "mean": MEAN,
    "sd": Concept("386136009", "SCT", "Standard Deviation"),
    "min": Concept("255605001", "SCT", "Minimum"),
    "max": Concept("56851009", "SCT", "Maximum"),
    "p05": Concept("371888009", "SCT", "5th Percentile Value of population"),
    "p50": Concept("373099004", "SCT", "Median"),
    "p95": Concept("371889001", "SCT", "95th Percentile Value of population"),
}

_LENGTH = ("mm", PIXEL)

QUANTITIES: dict[str, Coded] = {
    "axial_long_axis": Coded(LONG_AXIS, _LENGTH),
    "axial_short_axis": Coded(SHORT_AXIS, _LENGTH),
    "mean_diameter": Coded(DIAMETER, _LENGTH, MEAN),
    "max_diameter_3d": Coded(Concept("L0JK", "IBSI", "Maximum 3D Diameter of a Mesh"), ("mm",)),
    "pca_major": Coded(Concept("TDIC", "IBSI", "Major Axis in 3D Length"), ("mm",)),
    "pca_minor": Coded(Concept("P9VJ", "IBSI", "Minor Axis in 3D Length"), ("mm",)),
    "pca_least": Coded(Concept("7J51", "IBSI", "Least Axis in 3D Length"), ("mm",)),
    "volume_voxel": Coded(
        VOLUME, ("mm3",), method=Concept("126030", "DCM", "Sum of segmented voxel method for volume")
    ),
    "volume_mesh": Coded(Concept("RNU0", "IBSI", "Volume of Mesh"), ("mm3",)),
    "volume_ellipsoid": Coded(VOLUME, ("mm3",), method=Concept("126029", "DCM", "LWH method for volume of ellipsoid")),
    "surface_area": Coded(Concept("C0JK", "IBSI", "Surface Area of Mesh"), ("mm2",)),
    "sphericity": Coded(Concept("QCFX", "IBSI", "Sphericity"), ("1",)),
    "area": Coded(AREA, ("mm2", "{pixel}2")),
    **{f"hu_{part}": Coded(ATTENUATION, (HU,), code) for part, code in _SPREAD.items()},
}
"""Quantities with a published code of the same meaning. IBSI's are the Image Biomarker Standardisation Initiative's
(Zwanenburg et al. 2020, Radiology 295:328, doi:10.1148/radiol.2020191145), whose definitions ours follow."""

MR_QUANTITIES: dict[str, Coded] = {
    f"intensity_{part}": Coded(MR_SIGNAL, ("1",), code) for part, code in _SPREAD.items()
}
"""On MR the image's values have a code; on other pictures they have none."""

ABNORMAL = Concept("49755003", "SCT", "Morphologically Abnormal Structure")
FINDINGS: dict[str, Concept] = {
    "nodule": Concept("27925004", "SCT", "Nodule"),
    "mass": Concept("4147007", "SCT", "Mass"),
    "lesion": Concept("52988006", "SCT", "Lesion"),
}
LUNG = Concept("39607008", "SCT", "Lung")
SIDES = {"right": Concept("24028007", "SCT", "Right"), "left": Concept("7771000", "SCT", "Left")}
LATERALITY = Concept("272741003", "SCT", "Laterality")
FINDING_SITE = Concept("363698007", "SCT", "Finding Site")
LOBES: dict[str, tuple[Concept, str]] = {
    "right upper lobe": (Concept("45653009", "SCT", "Upper lobe of lung"), "right"),
    "right middle lobe": (Concept("72481006", "SCT", "Middle lobe of right lung"), "right"),
    "right lower lobe": (Concept("90572001", "SCT", "Lower lobe of lung"), "right"),
    "left upper lobe": (Concept("45653009", "SCT", "Upper lobe of lung"), "left"),
    "left lower lobe": (Concept("90572001", "SCT", "Lower lobe of lung"), "left"),
}
"""Lobes that a reader stated; the lingula is part of the left upper lobe and has no code in the table."""

PROCEDURES: dict[str, Concept] = {"CT": Concept("25045-6", "LN", "CT unspecified body region")}
ANY_PROCEDURE = Concept("363679005", "SCT", "Imaging procedure")
REPORT_TITLE = Concept("126000", "DCM", "Imaging Measurement Report")
DOCUMENT_TITLE = Concept("18748-4", "LN", "Diagnostic Imaging Report")
COMMENT = Concept("121106", "DCM", "Comment")
AI = Concept("123110", "DCM", "Artificial Intelligence")


def coded(name: str, unit: str, modality: str | None) -> Coded | None:
    """Return how a quantity in a unit is coded, or None: no published code, or a unit that does not fit it.

    >>> coded("axial_long_axis", "mm", "CT").name.value, coded("axial_long_axis", "mm3", "CT")
    ('103339001', None)
    """
    found = QUANTITIES.get(name) or (MR_QUANTITIES.get(name) if modality == "MR" else None)
    return found if found is not None and unit in found.units else None


def finding(label: str) -> Concept:
    """Return the code of what a lesion is called; any other name is a lesion."""
    return FINDINGS.get(label, FINDINGS["lesion"])


def site(side: str | None, lobe: str | None, body_part: str | None) -> tuple[Concept, Concept | None] | None:
    """Return structure and side: a lobe only when stated, the lung when geometry gives a side, else None."""
    if lobe in LOBES and (side is None or side == LOBES[lobe][1]):
        structure, of = LOBES[lobe]
        return structure, SIDES[of]
    if side in SIDES and body_part in ("CHEST", None):
        return LUNG, SIDES[side]
    return None


def all_concepts() -> list[Concept]:
    """Return every code that can leave, for the check against the published tables."""
    plain = [
        ABNORMAL, LUNG, LATERALITY, FINDING_SITE, ANY_PROCEDURE, REPORT_TITLE, DOCUMENT_TITLE, COMMENT, AI,
        *SIDES.values(), *FINDINGS.values(), *PROCEDURES.values(), *(c for c, _ in LOBES.values()),
        *(u for u in UNITS.values() if "{" not in u.value),
    ]  # fmt: skip
    for entry in (*QUANTITIES.values(), *MR_QUANTITIES.values()):
        plain += [c for c in (entry.name, entry.derivation, entry.method) if c is not None]
    return list(dict.fromkeys(plain))
