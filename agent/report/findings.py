"""Findings lesion by lesion, the table of measurements, and the impression: sizes and places, no diagnosis.

Rejected lesions appear nowhere. A search's candidates are listed as such and called measured only when they were.
"""

from __future__ import annotations

from agent.record import LesionRecord
from agent.report.comparison import by_reader, change_cell, change_heads, in_impression, lines
from agent.report.material import Draft, Material, RowDraft, is_cut_off, reference
from agent.report.phrases import COLUMNS, EMPTY_CELL
from agent.report.terms import measure_name
from tools.evidence import Evidence

_COLUMNS = (
    ("axial_long_axis",), ("axial_short_axis",), ("mean_diameter",), ("volume_voxel",), ("hu_mean", "intensity_mean"),
)  # fmt: skip
"""Quantities of the table's columns, first that is held."""
BRIEF_LESIONS = 2
"""Lesions that a brief impression gives a sentence each."""
_ATTRIBUTES = ("lidc_texture", "lidc_margin")
"""Readers' ratings beside the one of the whole nodule."""
_SAID_OF_LESION = ("nodule_type", "lobe", "perifissural")


def findings(material: Material) -> list[Draft]:
    """Say what was searched and found, then each kept lesion."""
    drafts = _searches(material)
    for lesion in material.outlined:
        drafts += _outlined(material, lesion)
    for lesion in material.candidates:
        drafts += _candidate(material, lesion)
    drafts += lines(material)
    if not material.kept and not drafts:
        drafts.append(material.say(_nothing(material), *material.scan_cites))
    return drafts


def searches(material: Material) -> list[Evidence]:
    """Return the searches that count: the last one of each extent; a later one of both lungs replaces all before."""
    counted: dict[str | None, Evidence] = {}
    for item in material.record.live:
        if item.kind == "search":
            side = item.inputs.get("side")
            if side is None:
                counted.clear()
            counted[side] = item
    return list(counted.values())


def extent(material: Material, search: Evidence) -> str:
    """Return what a search covered, in words."""
    return material.phrase(f"where.{search.inputs.get('side') or 'both'}")


def _nothing(material: Material) -> str:
    return "finding.none_kept" if material.record.lesions else "finding.nothing"


def _searches(material: Material) -> list[Draft]:
    drafts = []
    for item in searches(material):
        made = {e.inputs.get("lesion") for e in material.record.items if item.id in e.parents}
        kept = [x for x in material.kept if x.number in made]
        listed = item.quantity("candidates")
        key = "finding.candidates"
        if listed is not None and listed.value == 0:
            key = "finding.no_candidate"
        elif made and not kept:
            key = "finding.none_left"
        tool = material.quoted(item.producer)
        drafts.append(material.say(key, item.id, where=extent(material, item), tool=tool))
    return drafts


def _outlined(material: Material, lesion: LesionRecord) -> list[Draft]:
    mask = lesion.mask_evidence
    drafts = [
        material.say(
            "finding.outlined", *_with_verdict(lesion, mask.id), n=lesion.number,
            label=_called(material, lesion), place=material.place(lesion), how=_how(material, mask),
            accepted=_accepted(material, lesion),
        )
    ]  # fmt: skip
    if lesion.measurement is None:
        drafts.append(material.say("finding.not_measured", mask.id, n=lesion.number))
    return [*drafts, *_measured(material, lesion), *_said(material, lesion), *_rating(material, lesion)]


def _called(material: Material, lesion: LesionRecord) -> str:
    """Return what an outlined lesion is called: a candidate still, when a search found it and no reader accepted it."""
    word = material.word(lesion.label)
    return material.phrase("lesion.unconfirmed", label=word) if lesion.unconfirmed else word


def _candidate(material: Material, lesion: LesionRecord) -> list[Draft]:
    unmeasured = "" if lesion.measurement else material.phrase("finding.unmeasured")
    draft = material.say(
        "finding.candidate", *_with_verdict(lesion, lesion.mask_evidence.id), n=lesion.number,
        label=material.word(lesion.label), place=material.place(lesion), measured=unmeasured,
        accepted=_accepted(material, lesion),
    )  # fmt: skip
    return [draft, *_measured(material, lesion), *_said(material, lesion), *_rating(material, lesion)]


def _with_verdict(lesion: LesionRecord, *cites: str) -> tuple[str, ...]:
    verdict = lesion.stated.get("status")
    return (*cites, verdict.id) if lesion.status == "accepted" and verdict is not None else cites


def _accepted(material: Material, lesion: LesionRecord) -> str:
    return material.phrase("finding.accepted") if lesion.status == "accepted" else ""


def _how(material: Material, mask: Evidence) -> str:
    if mask.kind == "drawn":
        return material.word("how.drawn")
    seed = "box" if mask.inputs.get("box") else "point" if mask.inputs.get("point") else "other"
    return material.word(f"how.{seed}").replace("$tool", material.quoted(mask.producer))


def sizes(material: Material, item: Evidence) -> str:
    """Return a measurement's sizes in words: axes, mean diameter, volume or area, attenuation."""
    parts = axes(material, item)
    for names in (("mean_diameter",), ("volume_voxel", "area"), ("hu_mean", "intensity_mean")):
        held = next((n for n in names if item.quantity(n) is not None), None)
        if held is not None:
            what = measure_name(held, material.language)
            parts.append(material.phrase("sizes.one", what=what, value=f"{{{item.id}.{held}}}"))
    return material.listed(parts)


def axes(material: Material, item: Evidence) -> list[str]:
    """Return a measurement's axes in words, and which of them the reader set."""
    long_axis, short_axis = reference(item, "axial_long_axis"), reference(item, "axial_short_axis")
    if long_axis and short_axis:
        return [material.phrase("sizes.axes", long=long_axis, short=short_axis), *by_reader(material, item)]
    return [material.phrase("sizes.long", long=long_axis), *by_reader(material, item)] if long_axis else []


def _measured(material: Material, lesion: LesionRecord) -> list[Draft]:
    item = lesion.measurement
    if item is None:
        return []
    key = "finding.size" if lesion.outlined else "finding.rough_size"
    said = sizes(material, item)
    slices = (item.inputs.get("seen_on") or {}).get(material.language)
    if slices:
        said += material.phrase("finding.seen_on", slice=slices)
    drafts = [material.say(key, item.id, n=lesion.number, sizes=said)]
    if is_cut_off(lesion):
        drafts.append(material.say("finding.cut", item.id, n=lesion.number))
    return drafts


def _said(material: Material, lesion: LesionRecord) -> list[Draft]:
    """Give what the clinician stated of the lesion, and point out a lobe on the other side."""
    drafts = []
    for name in _SAID_OF_LESION:
        item = lesion.stated.get(name)
        if item is not None:
            what = material.stated_value(item) or material.word(name)
            words = material.quoted(item.text)
            drafts.append(material.say("finding.said", item.id, n=lesion.number, what=what, words=words))
    if lesion.lobe_by_tool is not None and "lobe" not in lesion.stated:
        item = lesion.lobe_by_tool
        drafts.append(material.say("finding.lobe", item.id, n=lesion.number, lobe=material.stated_value(item)))
    if sides_differ(lesion):
        lobe = lesion.stated["lobe"]
        drafts.append(
            material.say(
                "finding.sides_differ", lobe.id, lesion.mask_evidence.id, n=lesion.number,
                lobe=material.stated_value(lobe), place=material.place(lesion),
            )
        )  # fmt: skip
    return drafts


def sides_differ(lesion: LesionRecord) -> bool:
    """Return whether the lobe stated lies on the other side than the outline."""
    lobe = lesion.stated.get("lobe")
    if lobe is None or lesion.side is None:
        return False
    value = str(lobe.inputs.get("value"))
    side = "left" if value == "lingula" else value.split(" ")[0]
    return side in ("left", "right") and side != lesion.side


def _rating(material: Material, lesion: LesionRecord) -> list[Draft]:
    item = lesion.rating
    rating = reference(item, "lidc_rating") if item else None
    if item is None or rating is None:
        return []
    others = [q.name for q in item.quantities if q.unit == "{rating}" and q.name.startswith("lidc_rating_")]
    beside = "".join(
        material.phrase("finding.beside", what=measure_name(n, material.language), value=f"{{{item.id}.{n}}}")
        for n in others
    )
    said = [material.say("finding.rating", item.id, n=lesion.number, rating=rating, beside=beside)]
    return [*said, *_attributes(material, lesion, item)]


def _attributes(material: Material, lesion: LesionRecord, item: Evidence) -> list[Draft]:
    """Give what else of the readers' ratings the tool estimates; it goes no further than the findings."""
    held = [n for n in _ATTRIBUTES if item.quantity(n) is not None]
    if not held:
        return []
    parts = [
        material.phrase("sizes.one", what=measure_name(n, material.language), value=f"{{{item.id}.{n}}}") for n in held
    ]
    return [material.say("finding.attributes", item.id, n=lesion.number, parts=material.listed(parts))]


def rows(material: Material) -> list[RowDraft]:
    """Return one table row for each measured lesion, by number."""
    return [_row(material, x, x.measurement) for x in material.kept if x.measurement is not None]


def heads(material: Material) -> tuple[str, ...]:
    """Return the table's column heads."""
    return change_heads(material, COLUMNS[material.language])


def _row(material: Material, lesion: LesionRecord, item: Evidence) -> RowDraft:
    cells = [reference(item, *names) or EMPTY_CELL for names in _COLUMNS]
    first = str(lesion.number) if lesion.outlined else material.phrase("cell.rough", n=lesion.number)
    change, cites = change_cell(material, lesion)
    return RowDraft((first, material.place(lesion), *cells, *change), (item.id, lesion.mask_evidence.id, *cites))


def impression(material: Material, *, brief: bool = False) -> list[Draft]:
    """Return sizes and places, largest first; then what is not outlined; no diagnosis and no rating.

    `brief`: the long axis alone, and only of the largest lesions; that there are more is said.
    """
    drafts = []
    outlined = by_size(material.outlined)
    shown = outlined[:BRIEF_LESIONS] if brief else outlined
    for lesion in shown:
        item = lesion.measurement
        label, place = _called(material, lesion), material.place(lesion)
        if item is None:
            cites: tuple[str, ...] = (lesion.mask_evidence.id,)
            drafts.append(material.say("impression.outlined", *cites, n=lesion.number, label=label, place=place))
            continue
        shown_axes = material.listed(axes(material, item))
        if brief:
            what = measure_name("axial_long_axis", material.language)
            shown_axes = material.phrase("sizes.one", what=what, value=reference(item, "axial_long_axis"))
        cites = (item.id, lesion.mask_evidence.id)
        drafts.append(
            material.say("impression.measured", *cites, n=lesion.number, label=label, sizes=shown_axes, place=place)
        )
        if is_cut_off(lesion):
            drafts.append(material.say("finding.cut", item.id, n=lesion.number))
    drafts += in_impression(material)
    if len(outlined) > len(shown):
        rest = outlined[len(shown) :]
        which = material.names(rest)
        drafts.append(material.say("impression.rest", *(x.mask_evidence.id for x in rest), which=which))
    if material.candidates:
        masks = [x.mask_evidence.id for x in material.candidates]
        drafts.append(material.say("impression.candidates", *masks, which=material.names(material.candidates)))
    if not material.kept:
        drafts += _searches(material) or [material.say(_nothing(material), *material.scan_cites)]
    return drafts


def by_size(lesions: list[LesionRecord]) -> list[LesionRecord]:
    """Return lesions by mean diameter, largest first, those without a size last."""

    def key(lesion: LesionRecord) -> tuple[float, int]:
        size = lesion.measurement.quantity("mean_diameter") if lesion.measurement else None
        return (-size.value if size else 0.0, lesion.number)

    return sorted(lesions, key=key)

