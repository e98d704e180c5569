"""What a criterion is given: sizes and changes from measurements, all else as the reader stated it; never a guess.

Each value keeps the evidence it rests on, so that advice falls with it. Knows which quantity each table means by size;
knows no threshold of any guideline.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agent.record import LesionRecord, Record, is_axis
from agent.toolset.desk import Desk
from tools.contract import NotApplicable
from tools.evidence import Evidence

HEAVY_SMOKING_PACK_YEARS = 20
"""Pack-years from which stated smoking alone is taken as high risk: the cut-off at which USPSTF 2021 screens."""

SOLID_HU = -50.0
"""Mean attenuation from which a whole outline is plainly soft tissue. Ground glass lies under -300 HU, and part-solid
nodules average between; fat is under -50. Scanwright's own limit, kept safe; the reader's word goes before it."""
TYPE_SLICE_MM = 1.5
"""Thickest slices on which a type is taken from attenuation (the thin sections that Fleischner 2017 asks for)."""

RISK_RAISERS = ("family_history", "emphysema", "fibrosis", "asbestos")
"""Stated facts that make the risk high whatever the smoking history."""

CALLED = {
    "type": "nodule_type", "solid_component_mm": "solid_component", "baseline_sum_mm": "baseline_sum",
    "nadir_sum_mm": "nadir_sum", "current_sum_mm": "current_sum",
}  # fmt: skip
"""Inputs that the reader's statements call by another name."""
MEASURED = {"mean_diameter_mm", "diameter_mm", "volume_mm3", "slice_thickness_mm", "prior_mean_diameter_mm",
            "prior_diameter_mm", "prior_volume_mm3", "interval_days"}  # fmt: skip
"""Inputs that come from measurements alone."""
SUMS = "recist-1.1"
"""The criteria that go by a sum over lesions instead of one lesion's size."""


@dataclass(frozen=True)
class Inputs:
    """What a criterion is given: values, the evidence each rests on, and how each was come by."""

    values: dict[str, Any]
    parents: tuple[str, ...]
    basis: dict[str, str]


@dataclass
class _Sheet:
    """Values as they are gathered; what the table does not take is not kept."""

    takes: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    parents: list[str] = field(default_factory=list)
    basis: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: Any, *grounds: Evidence, basis: str = "") -> None:
        """Keep a value that the table takes and that was not given before."""
        item = self.takes.get(name)
        if item is None or name in self.values or (item.values and str(value) not in item.values):
            return
        self.values[name] = value
        self.parents += [e.id for e in grounds]
        if basis:
            self.basis[name] = basis


def gather(desk: Desk, lesion: LesionRecord, guideline: str = "fleischner-2017") -> Inputs:
    """Return what is known for a criterion. Raises NotApplicable where its size rule has no size in mm, or where
    the outline is by a tool that the operator has not allowed to feed criteria."""
    from knowledge.criteria.table import table

    desk.hold_to_allowed(lesion)
    record = desk.record
    sheet = _Sheet(table(guideline).inputs)
    if guideline == SUMS:
        _sum(record, sheet)
    else:
        _size(lesion, sheet, guideline)
    _stated(record, lesion, sheet)
    if "type" not in sheet.values and reads_as_solid(record, lesion):
        sheet.put("type", "solid", basis="solid by measured attenuation, not stated")
    _from_statements(record, lesion, sheet)
    _count(record, sheet)
    _risk(record, sheet)
    _change(record, lesion, sheet, guideline)
    thickness = _thickness(record)
    if thickness is not None and record.scan is not None:
        sheet.put("slice_thickness_mm", thickness, record.scan)
    return Inputs(sheet.values, tuple(dict.fromkeys(sheet.parents)), sheet.basis)


def reads_as_solid(record: Record, lesion: LesionRecord) -> bool:
    """Return whether a lesion's measured attenuation on thin slices leaves no doubt that it is solid.

    Anything else (thick or unknown slices, a subsolid or fatty mean, no Hounsfield units) is for the reader to state.
    """
    mean = lesion.measurement.quantity("hu_mean") if lesion.measurement else None
    thickness = _thickness(record)
    return mean is not None and thickness is not None and thickness <= TYPE_SLICE_MM and mean.value >= SOLID_HU


def _size(lesion: LesionRecord, sheet: _Sheet, guideline: str) -> None:
    """Put the size that the table means: the mean, Lung-RADS's mean to one decimal, or the longest axis."""
    name = "axial_long_axis" if "diameter_mm" in sheet.takes else "mean_diameter"
    if guideline.startswith("lung-rads"):
        name = "lung_rads_diameter"
    found = lesion.measurement
    size = found.quantity(name) if found else None
    if size is None and found is not None and is_axis(found):
        raise NotApplicable(
            "A guideline's size rule needs the mean diameter, and only the long axis was set by the reader. Set the "
            "short axis too, or measure the outline again."
        )
    if found is None or size is None or size.unit != "mm":
        raise NotApplicable(
            "A guideline's size rule needs millimetres, and this lesion has no measurement in mm (no pixel spacing "
            "or no outline). Load the DICOM original, or outline the lesion."
        )
    sheet.put("diameter_mm" if name == "axial_long_axis" else "mean_diameter_mm", size.value, found)


def _sum(record: Record, sheet: _Sheet) -> None:
    """Put the measured sum of the targets that the reader chose, where there is one and none was stated.

    A target that is outlined is there; targets that are nodes, all of them under 10 mm in short axis, count as gone.
    """
    item = record.sums[-1] if record.sums else None
    total = item.quantity("current_sum_of_diameters") if item else None
    if item is not None and total is not None and total.unit == "mm" and "current_sum" not in record.context:
        sheet.put("current_sum_mm", total.value, item, basis="measured sum of the diameters of the targets")
        if "targets_gone" not in record.context:
            gone = set(item.inputs.get("small_nodes") or ()) == set(item.inputs.get("targets") or ())
            sheet.put("targets_gone", gone, item, basis="targets as outlined")


def _stated(record: Record, lesion: LesionRecord, sheet: _Sheet) -> None:
    for name in sheet.takes:
        source = CALLED.get(name, name)
        item = lesion.stated.get(source) or record.context.get(source)
        if item is not None and name not in MEASURED and name != "risk":
            sheet.put(name, item.inputs["value"], item, basis=item.text)


def _from_statements(record: Record, lesion: LesionRecord, sheet: _Sheet) -> None:
    """Put what follows from a statement word for word: the lobe, smoking, a single nodule, no cancer at all."""
    lobe = lesion.stated.get("lobe")
    if lobe is not None and str(lobe.inputs["value"]).endswith("lobe"):
        sheet.put("upper_lobe", "upper" in str(lobe.inputs["value"]), lobe, basis=lobe.text)
    smoking, years = record.context.get("smoking"), record.context.get("pack_years")
    if smoking is not None:
        sheet.put("smoker", smoking.inputs["value"] != "never", smoking, basis=smoking.text)
    elif years is not None and float(years.inputs["value"]) > 0:
        sheet.put("smoker", True, years, basis=years.text)
    cancer = record.context.get("known_cancer")
    if cancer is not None and cancer.inputs["value"] is False:
        sheet.put("cancer_over_5_years_ago", False, cancer, basis=cancer.text)
    count = record.context.get("count")
    if count is not None and count.inputs["value"] == "single":
        sheet.put("nodule_count", 1, count, basis=count.text)


def _count(record: Record, sheet: _Sheet) -> None:
    outlined = [x for x in record.lesions if x.outlined and x.status != "rejected"]
    sheet.put("count", "single" if len(outlined) <= 1 else "multiple", basis="lesions outlined in this case")


def _risk(record: Record, sheet: _Sheet) -> None:
    stated = record.context.get("risk")
    raisers = [record.context[n] for n in RISK_RAISERS if record.stated(n) is True]
    years = record.context.get("pack_years")
    smoking = record.context.get("smoking")
    if stated is not None:
        chosen, risk = [stated], stated.inputs["value"]
    elif raisers:
        chosen, risk = raisers, "high"
    elif years is not None and float(years.inputs["value"]) >= HEAVY_SMOKING_PACK_YEARS:
        chosen, risk = [years], "high"
    elif smoking is not None and smoking.inputs["value"] == "never":
        chosen, risk = [smoking], "low"
    else:
        return
    sheet.put("risk", risk, *chosen, basis="; ".join(e.text for e in chosen))


def _change(record: Record, lesion: LesionRecord, sheet: _Sheet, guideline: str) -> None:
    """Put what a comparison found: whether the nodule was there before, and its earlier sizes where growth may be told.

    A change within what readers differ by gives no sizes: whether it grew is then for the reader to state.
    """
    found = [e for e in record.comparisons if e.inputs.get("lesion") == lesion.number]
    pair = next((e for e in reversed(found) if e.inputs.get("kind") in ("matched", "new")), None)
    if pair is None:
        return
    new = pair.inputs["kind"] == "new"
    first = "baseline" if guideline.startswith("bts") else "new"
    sheet.put("timing", first if new else "known", pair, basis="comparison with the prior scan")
    if new or not pair.inputs.get("growth_allowed") or pair.inputs.get("within_readers_noise") is not False:
        return
    for name, source in (
        ("prior_mean_diameter_mm", "prior_mean_diameter"), ("prior_diameter_mm", "prior_axial_long_axis"),
        ("volume_mm3", "current_volume_voxel"), ("prior_volume_mm3", "prior_volume_voxel"),
        ("interval_days", "interval"),
    ):  # fmt: skip
        held = pair.quantity(source)
        if held is not None and held.value > 0:
            sheet.put(name, held.value, pair)


def _thickness(record: Record) -> float | None:
    if record.scan is None:
        return None
    found = [q.value for n in ("slice_thickness", "slice_interval") if (q := record.scan.quantity(n)) is not None]
    return max(found, default=None)
