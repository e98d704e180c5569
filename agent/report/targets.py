"""The table of an oncology report's targets: each one's diameter now, and before where the comparison has it.

The long axis of a lesion, the short axis of one that the reader says is a lymph node, which its cell says.

The sum stands in the comparison; no response follows from it. Knows no criteria.
"""

from __future__ import annotations

from agent.report.material import Material, RowDraft, reference
from agent.report.phrases import EMPTY_CELL
from agent.report.terms import measure_name
from agent.toolset.sums import is_node
from tools.evidence import Evidence
from tools.quantity import Language

HEADS: dict[Language, tuple[str, ...]] = {
    "en": ("Target", "Place", "Diameter on the prior", "Diameter now", "Evidence"),
    "zh": ("靶病灶", "位置", "既往径线", "现径线", "证据"),
}
"""Column heads."""


def heads(material: Material) -> tuple[str, ...]:
    """Return the table's column heads."""
    return HEADS[material.language]


def rows(material: Material) -> list[RowDraft]:
    """Return one row for each target of the last sum; none where the reader chose no targets."""
    if not material.record.sums:
        return []
    wanted = material.record.sums[-1].inputs.get("targets") or ()
    return [row for n in wanted if (row := _row(material, n)) is not None]


def _row(material: Material, number: int) -> RowDraft | None:
    lesion = next((x for x in material.kept if x.number == number), None)
    if lesion is None or lesion.measurement is None:
        return None
    pair = _pair(material, number)
    if is_node(lesion):
        prior = _on_prior(material, pair)
        now, before = _short(material, lesion.measurement), _short(material, prior)
        cites = (lesion.measurement.id, lesion.mask_evidence.id, lesion.stated["lymph_node"].id)
        return RowDraft((str(number), material.place(lesion), before, now), (*cites, *((prior.id,) if prior else ())))
    now = reference(lesion.measurement, "axial_long_axis") or EMPTY_CELL
    before = (reference(pair, "prior_axial_long_axis") if pair else None) or EMPTY_CELL
    cites = (lesion.measurement.id, lesion.mask_evidence.id, *((pair.id,) if pair else ()))
    return RowDraft((str(number), material.place(lesion), before, now), cites)


def _short(material: Material, measurement: Evidence | None) -> str:
    value = reference(measurement, "axial_short_axis") if measurement is not None else None
    return f"{measure_name('axial_short_axis', material.language)} {value}" if value else EMPTY_CELL


def _on_prior(material: Material, pair: Evidence | None) -> Evidence | None:
    """Return the measurement of a pair's lesion on the prior."""
    numbers: list[int] = (pair.inputs.get("prior_lesions") or []) if pair is not None else []
    prior = next((p for p in material.record.priors if pair is not None and p.number == pair.inputs.get("prior")), None)
    return prior.measurements.get(numbers[0]) if prior is not None and len(numbers) == 1 else None


def _pair(material: Material, number: int) -> Evidence | None:
    """Return the matched pair that holds a lesion's size on the prior that the sum before is of."""
    of_prior = material.record.sums[-1].inputs.get("of_prior")
    found = [
        e for e in material.record.comparisons
        if e.inputs.get("kind") == "matched" and e.inputs.get("lesions") == [number]
        and e.inputs.get("prior") == of_prior and e.quantity("prior_axial_long_axis") is not None
    ]  # fmt: skip
    return found[-1] if found else None
