"""The recommendation: each guideline's row in one form, where two differ, their sources, and what is still missing.

"Fleischner 2017, row …, if [what was stated]: consider …": everything in it is of the recorded category, nothing is
worked out here. Knows no threshold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agent.planner.reading import language_of
from agent.record import LesionRecord
from agent.report.findings import by_size
from agent.report.guidance import Guidance
from agent.report.material import Draft, Material
from agent.report.need_words import BROCK, need_word
from agent.report.terms import plain, value_word
from agent.toolset.choice import FLEISCHNER, LUNG_RADS, RECIST
from tools.evidence import Evidence

LONGEST_SOURCE = 1000
"""Characters of a publication's title and address; the shipped ones stay well below."""
_CITED_STATEMENTS = ("age", "known_cancer", "immunosuppressed")
"""Stated inputs cited beside a Fleischner category; the others stand in the category itself."""
_USED = ("type", "count", "setting", "age", "known_cancer", "immunosuppressed", "perifissural", "risk")
"""Inputs told beside a Fleischner row, in this order."""
_FIELD_OF = {"type": "nodule_type"}
_SIZES = {"mean_diameter_mm", "diameter_mm", "current_sum_mm"}
"""Inputs that are told as the measurement they come from."""
_SIZE_OF = {FLEISCHNER: ("fleischner_diameter", "advice.size"), LUNG_RADS: ("lung_rads_diameter", "advice.mean")}
_CATEGORY = re.compile(r"category (\w+):")


def recommendation(material: Material) -> list[Draft]:
    """Give each lesion's rows as "Fleischner 2017, row …, if [what was stated]: consider …", or what is missing."""
    measured = [x for x in by_size(material.outlined) if x.measurement is not None]
    if not material.is_chest_ct and material.kept:
        return [material.say("advice.not_chest", *material.scan_cites, title=Guidance().title)]
    if not measured:
        return [material.say("advice.nothing", *material.scan_cites)]
    drafts: list[Draft] = []
    for lesion in measured:
        drafts += _of_lesion(material, lesion)
    return [*drafts, *_sources(material, measured), *_needs(material, measured)]


def _of_lesion(material: Material, lesion: LesionRecord) -> Iterator[Draft]:
    size = lesion.measurement
    found = material.guidance.get(lesion.number) or (Guidance(no_size=True),)
    if size is not None and any(x.not_allowed for x in found):
        yield material.say("advice.not_allowed", size.id, n=lesion.number)
    elif size is not None and any(x.no_size for x in found):
        yield material.say("advice.no_mm", size.id, n=lesion.number)
    for one in found:
        if one.category is not None:
            yield from _category(material, lesion, one, one.category)
        elif not (one.needs or one.no_size or one.not_allowed) and size is not None:
            yield material.say("advice.ready", size.id, n=lesion.number, title=one.title)
    yield from _differing(material, lesion, [x for x in found if x.gives_row])


def _category(material: Material, lesion: LesionRecord, found: Guidance, item: Evidence) -> Iterator[Draft]:
    head, *caveats = texts(material, item)
    cites = (item.id, *_parents(material, item, found.guideline))
    values = {"n": lesion.number, "title": str(item.inputs.get("title") or found.title)}
    if not found.gives_row:
        yield material.say("advice.out_of_scope", *cites, **values, reason=head)
    else:
        values |= {"row": str(item.inputs["row"]), "stated": material.listed(_stated(material, item, found.guideline))}
        category = _shown_category(material, item, found.guideline)
        key = "advice.row_category" if category else "advice.row"
        yield material.say(key, *cites, **values, category=category, action=head)
    for caveat in caveats:
        yield material.say("advice.caveat", item.id, n=lesion.number, caveat=caveat)


def _shown_category(material: Material, item: Evidence, guideline: str) -> str:
    """Return the category where a guideline is known by its categories; empty for one whose rows are sizes."""
    if guideline not in (LUNG_RADS, RECIST):
        return ""
    text = str(item.inputs.get("category") or "")
    short = _CATEGORY.match(text)
    return f"{short[1]}类" if short and material.language == "zh" else text


def _differing(material: Material, lesion: LesionRecord, rows: list[Guidance]) -> Iterator[Draft]:
    """Say plainly where two guidelines would consider something else for one lesion."""
    from knowledge.criteria.steps import same_steps

    for at, one in enumerate(rows):
        for other in rows[at + 1 :]:
            a, b = one.category, other.category
            if a is None or b is None or same_steps(a.text.split(" | ")[0], b.text.split(" | ")[0]):
                continue
            yield material.say(
                "advice.differ", a.id, b.id, n=lesion.number, one=one.title, other=other.title,
                action=texts(material, a)[0], second=texts(material, b)[0],
            )  # fmt: skip


def texts(material: Material, item: Evidence) -> list[str]:
    """Return a category's sentences in the report's language: action or reason first, then caveats."""
    parts = [p.strip().rstrip("。.") for p in item.text.split(" | ")]
    return [p for p in parts if p and language_of(p) == material.language] or [""]


def _parents(material: Material, item: Evidence, guideline: str) -> list[str]:
    """Return what a category cites beside itself: the size; for Fleischner three statements and its passage too.

    What another category rests on is told in the words of its own basis, and its passages stand beside their source.
    """
    by_id = material.record.by_id
    cited = []
    for name in item.parents:
        parent = by_id[name]
        plainly = guideline == FLEISCHNER
        stated = plainly and parent.kind == "stated" and parent.inputs.get("field") in _CITED_STATEMENTS
        passage = plainly and parent.kind == "passage" and parent.inputs.get("language") == material.language
        if passage or (item.inputs.get("row") and (parent.kind == "measurement" or stated)):
            cited.append(name)
    return cited


def _stated(material: Material, item: Evidence, guideline: str) -> list[str]:
    """Return in words what the row rests on, each as it was come by."""
    used: dict[str, Any] = item.inputs.get("used", {})
    names = _USED if guideline == FLEISCHNER else [n for n in item.inputs.get("rests_on") or used if n not in _SIZES]
    parts = [said for n in names if n in used and (said := _said(material, item, n, used[n], guideline))]
    size = next((e for p in item.parents if (e := material.record.by_id[p]).kind == "measurement"), None)
    quantity, key = _SIZE_OF.get(guideline, ("axial_long_axis", "advice.longest"))
    if size is not None and size.quantity(quantity) is not None:
        parts.append(material.phrase(key, value=f"{{{size.id}.{quantity}}}"))
    return list(dict.fromkeys(parts))


def _said(material: Material, item: Evidence, name: str, value: Any, guideline: str) -> str:
    """Return one input in words: its own word, else the reader's words, quoted; empty where it was measured."""
    basis = str((item.inputs.get("basis") or {}).get(name, ""))
    if name == "age" and guideline == FLEISCHNER:
        by_id = material.record.by_id
        age = next((e for p in item.parents if (e := by_id[p]).inputs.get("field") == "age"), None)
        return f"{material.word('age')} {{{age.id}.age}}" if age is not None else f"{value:g}"
    said = value_word(_FIELD_OF.get(name, name), value, material.language)
    if said:
        return said + (material.phrase("advice.counted") if basis == "lesions outlined in this case" else "")
    if guideline == FLEISCHNER:
        return str(value)
    return f"“{material.quoted(basis)}”" if basis else ""


def _sources(material: Material, lesions: list[LesionRecord]) -> list[Draft]:
    """Name the publication behind each cited passage, once."""
    by_id = material.record.by_id
    shown: dict[str, Draft] = {}
    for found in (x for lesion in lesions for x in material.guidance.get(lesion.number) or ()):
        for name in found.category.parents if found.category is not None else ():
            passage = by_id[name]
            if passage.kind != "passage" or passage.inputs.get("language") != material.language:
                continue
            title = f"{passage.inputs.get('guideline')} {passage.inputs.get('edition')}"
            source = plain(str(passage.inputs.get("source")), LONGEST_SOURCE)
            shown.setdefault(name, material.say("advice.source", name, title=title, source=source))
    return list(shown.values())


def _needs(material: Material, lesions: list[LesionRecord]) -> list[Draft]:
    """Say what is still missing, by guideline, lesions that lack the same together."""
    groups: dict[tuple[str, tuple[str, ...]], list[LesionRecord]] = {}
    for lesion in lesions:
        for found in material.guidance.get(lesion.number) or ():
            if found.needs:
                groups.setdefault((found.title, tuple(name for name, _ in found.needs)), []).append(lesion)
    drafts = []
    for (title, names), group in groups.items():
        words = [need_word(n, material.language) for n in names]
        cites = [x.measurement.id for x in group if x.measurement is not None]
        key = "advice.needs_brock" if BROCK & set(names) and title.startswith("BTS") else "advice.needs"
        which = material.names(group)
        drafts.append(material.say(key, *cites, which=which, title=title, needs=material.listed(words)))
    return drafts
