"""The parts that come first: what kind of scan, what the clinician stated, how it was scanned."""

from __future__ import annotations

from agent.report.material import THICK_MM, THIN_MM, Draft, Material
from tools.evidence import Evidence

_NOT_CONTEXT = ("prior_report", "modality", "body_part", "status", "prior_size", "prior_interval", "targets")
"""Stated facts that belong to technique, to a lesion or to the comparison."""


def is_phantom(scan: Evidence | None) -> bool:
    """Return whether a scan says of itself that it is a phantom."""
    return scan is not None and any("phantom" in str(note).lower() for note in scan.inputs.get("notes", ()))


def about(material: Material) -> list[Draft]:
    """Say that a generated scan is one."""
    scan = material.record.scan
    return [material.say("phantom", scan.id)] if scan is not None and is_phantom(scan) else []


def context(material: Material) -> list[Draft]:
    """Give each stated fact about the patient in the clinician's words."""
    stated = {k: e for k, e in material.record.context.items() if k not in _NOT_CONTEXT}
    history, cancer = stated.get("cancer_text"), stated.get("known_cancer")
    if history is not None and cancer is not None and history.text == cancer.text:
        del stated["cancer_text"]  # the same words, quoted once
    said: dict[str, list[Evidence]] = {}
    for item in stated.values():
        said.setdefault(item.text, []).append(item)
    drafts = [_said(material, words, items) for words, items in said.items()]
    return drafts or [material.say("context.none")]


def _said(material: Material, words: str, items: list[Evidence]) -> Draft:
    """Give what one remark of the clinician states, the remark quoted once."""
    what = material.listed(material.stated_value(e) or material.word(str(e.inputs["field"])) for e in items)
    return material.say("context.said", *(e.id for e in items), what=what, words=material.quoted(words))


def technique(material: Material) -> list[Draft]:
    """Give what is known of the scan, and what is not, and what follows from its slices."""
    scan = material.record.scan
    if scan is None:
        return []
    inputs = scan.inputs
    contrast = {True: "contrast.yes", False: "contrast.no", None: "contrast.none"}[inputs.get("contrast")]
    drafts = [
        material.say(
            "technique.kind", scan.id,
            modality=material.word(str(inputs.get("modality") or "unknown")),
            modality_how=material.word(str(inputs.get("modality_how") or "unknown")),
            part=material.word(str(inputs.get("body_part") or "unknown")),
            part_how=material.word(str(inputs.get("body_part_how") or "unknown")),
        ),
        material.say("technique.geometry", scan.id, parts=material.listed(_geometry(material, scan))),
        material.say("technique.contrast", scan.id, how=material.word(contrast)),
        material.say(
            "technique.kernel", scan.id,
            kernel=material.quoted(str(inputs["kernel"])) if inputs.get("kernel") else material.word("kernel.none"),
        ),
    ]  # fmt: skip
    return [*drafts, *_limits(material, scan), *_notes(material, scan)]


def _geometry(material: Material, scan: Evidence) -> list[str]:
    slices = scan.quantity("slices")
    if slices is not None and slices.value == 1:
        parts = [material.phrase("technique.picture")]
    else:
        parts = [material.phrase("technique.slices", slices=f"{{{scan.id}.slices}}")]
        for name, key in (("slice_interval", "interval"), ("slice_thickness", "thickness")):
            held = scan.quantity(name) is not None
            value = f"{{{scan.id}.{name}}}"
            parts.append(material.phrase(f"technique.{key}" if held else f"technique.no_{key}", value=value))
    if scan.quantity("pixel_spacing_i") and scan.quantity("pixel_spacing_j"):
        first, second = (f"{{{scan.id}.pixel_spacing_{a}}}" for a in "ij")
        parts.append(material.phrase("technique.pixels", first=first, second=second))
    return parts


def _limits(material: Material, scan: Evidence) -> list[Draft]:
    """Say what missing spacing, a missing side or thick slices take away."""
    drafts = []
    inputs = scan.inputs
    lengths = {"none": "technique.no_mm", "detector plane": "technique.projected"}.get(str(inputs.get("calibration")))
    if lengths:
        drafts.append(material.say(lengths, scan.id))
    if inputs.get("laterality_known") is False:
        drafts.append(material.say("technique.no_side", scan.id))
    held = [q for n in ("slice_thickness", "slice_interval") if (q := scan.quantity(n)) is not None]
    thickest = max(held, key=lambda q: q.value, default=None)
    for limit, key in ((THIN_MM, "technique.type_provisional"), (THICK_MM, "technique.too_thick")):
        if inputs.get("modality") == "CT" and thickest is not None and thickest.value > limit:
            words = material.word(thickest.name)
            drafts.append(material.say(key, scan.id, scan=scan.id, name=thickest.name, words=words))
    return drafts


def _notes(material: Material, scan: Evidence) -> list[Draft]:
    notes = [str(n) for n in scan.inputs.get("notes", ()) if "phantom" not in str(n).lower()]
    return [material.say("technique.note", scan.id, note=material.quoted(n)) for n in notes]
