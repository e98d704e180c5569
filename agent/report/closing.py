"""The parts that come last: what a guideline would consider, what was not assessed, and where everything came from."""

from __future__ import annotations

import re
from typing import Any

from agent.record import LesionRecord
from agent.report.comparison import not_judged
from agent.report.findings import by_size, extent, searches
from agent.report.guidance import TITLE, Guidance
from agent.report.material import Draft, Material
from agent.report.terms import plain, term, value_word
from tools.evidence import Evidence

SHORT_HASH = 12
"""Characters of a hash that a reader sees; the whole one stands in evidence.json."""
LONGEST_SOURCE = 1000
"""Characters of a publication's title and address; the shipped ones stay well below."""
_CITED_STATEMENTS = ("age", "known_cancer", "immunosuppressed")
"""Stated inputs cited beside a category; the others stand in the category itself."""
_USED = ("type", "count", "setting", "age", "known_cancer", "immunosuppressed", "perifissural", "risk")
_FIELD_OF = {"type": "nodule_type"}
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def recommendation(material: Material) -> list[Draft]:
    """Give each lesion's row as "Fleischner 2017, row …, if [what was stated]: consider …", or what is missing."""
    measured = [x for x in by_size(material.outlined) if x.measurement is not None]
    if not material.is_chest_ct and material.kept:
        return [material.say("advice.not_chest", *material.scan_cites, title=TITLE)]
    if not measured:
        return [material.say("advice.nothing", *material.scan_cites)]
    drafts: list[Draft] = []
    for lesion in measured:
        found = material.guidance.get(lesion.number, Guidance(no_size=True))
        if found.no_size and lesion.measurement is not None:
            drafts.append(material.say("advice.no_mm", lesion.measurement.id, n=lesion.number))
        elif found.category is not None:
            drafts += _category(material, lesion, found.category)
        elif not found.needs and lesion.measurement is not None:
            drafts.append(material.say("advice.ready", lesion.measurement.id, n=lesion.number, title=TITLE))
    return [*drafts, *_sources(material, measured), *_needs(material, measured)]


def _category(material: Material, lesion: LesionRecord, item: Evidence) -> list[Draft]:
    title = str(item.inputs.get("title") or TITLE)
    head, *caveats = texts(material, item)
    cites = (item.id, *_parents(material, item))
    if item.inputs.get("out_of_scope") or not item.inputs.get("row"):
        first = material.say("advice.out_of_scope", *cites, n=lesion.number, title=title, reason=head)
    else:
        first = material.say(
            "advice.row", *cites, n=lesion.number, title=title, row=str(item.inputs["row"]),
            stated=material.listed(_stated(material, item)), action=head,
        )  # fmt: skip
    return [first, *(material.say("advice.caveat", item.id, n=lesion.number, caveat=c) for c in caveats)]


def texts(material: Material, item: Evidence) -> list[str]:
    """Return a category's sentences in the report's language: action or reason first, then caveats."""
    chinese = material.language == "zh"
    parts = [p.strip().rstrip("。.") for p in item.text.split(" | ")]
    return [p for p in parts if p and bool(_CHINESE.search(p)) == chinese] or [""]


def _parents(material: Material, item: Evidence) -> list[str]:
    """Return what a category cites beside itself: the size, three statements, the passage in this language."""
    by_id = material.record.by_id
    cited = []
    for name in item.parents:
        parent = by_id[name]
        stated = parent.kind == "stated" and parent.inputs.get("field") in _CITED_STATEMENTS
        shown = bool(item.inputs.get("row")) or parent.kind == "passage"
        passage = parent.kind == "passage" and parent.inputs.get("language") == material.language
        if shown and (parent.kind == "measurement" or stated or passage):
            cited.append(name)
    return cited


def _stated(material: Material, item: Evidence) -> list[str]:
    """Return in words what the row rests on, each as it was come by."""
    used: dict[str, Any] = item.inputs.get("used", {})
    by_id = material.record.by_id
    age = next((e for p in item.parents if (e := by_id[p]).inputs.get("field") == "age"), None)
    parts = []
    for name in _USED:
        if name not in used:
            continue
        if name == "age":
            parts.append(f"{material.word('age')} {{{age.id}.age}}" if age is not None else f"{used['age']:g}")
            continue
        said = value_word(_FIELD_OF.get(name, name), used[name], material.language) or str(used[name])
        counted = name == "count" and item.inputs.get("basis", {}).get("count") == "lesions outlined in this case"
        parts.append(said + (material.phrase("advice.counted") if counted else ""))
    size = next((e for p in item.parents if (e := by_id[p]).kind == "measurement"), None)
    if size is not None and size.quantity("fleischner_diameter") is not None:
        parts.append(material.phrase("advice.size", value=f"{{{size.id}.fleischner_diameter}}"))
    return parts


def _sources(material: Material, lesions: list[LesionRecord]) -> list[Draft]:
    """Name the publication behind each cited passage, once."""
    by_id = material.record.by_id
    shown: dict[str, Draft] = {}
    for lesion in lesions:
        found = material.guidance.get(lesion.number)
        if found is None or found.category is None:
            continue
        for name in found.category.parents:
            passage = by_id[name]
            if passage.kind != "passage" or passage.inputs.get("language") != material.language:
                continue
            title = f"{passage.inputs.get('guideline')} {passage.inputs.get('edition')}"
            source = plain(str(passage.inputs.get("source")), LONGEST_SOURCE)
            shown.setdefault(name, material.say("advice.source", name, title=title, source=source))
    return list(shown.values())


def _needs(material: Material, lesions: list[LesionRecord]) -> list[Draft]:
    """Say what is still missing, lesions that lack the same together."""
    groups: dict[tuple[str, ...], list[LesionRecord]] = {}
    for lesion in lesions:
        found = material.guidance.get(lesion.number)
        if found is not None and found.needs:
            groups.setdefault(tuple(name for name, _ in found.needs), []).append(lesion)
    drafts = []
    for names, group in groups.items():
        words = [term(f"need.{n}", material.language) or n.replace("_", " ") for n in names]
        cites = [x.measurement.id for x in group if x.measurement is not None]
        drafts.append(
            material.say("advice.needs", *cites, which=material.names(group), title=TITLE, needs=material.listed(words))
        )
    return drafts


def not_assessed(material: Material) -> list[Draft]:
    """List what nobody and nothing looked at."""
    cites = material.scan_cites
    general = ["chest", "lung", "lobe", "type"] if material.is_chest_ct else ["rest"]
    drafts = [material.say(f"left_out.{name}", *cites) for name in general]
    drafts += not_judged(material)
    counted = searches(material)
    if not counted:
        drafts.append(material.say("left_out.no_search", *cites))
    sides = {s.inputs.get("side") for s in counted}
    for search in counted:
        drafts.append(material.say("left_out.search", search.id))
        if search.inputs.get("side") and len(sides) == 1:
            drafts.append(material.say("left_out.one_side", search.id, where=extent(material, search)))
        for sentence in filter(None, _SENTENCE.split(search.text.strip())):
            words = material.quoted(sentence)
            drafts.append(material.say("left_out.search_said", search.id, words=words))
    unmeasured = [x for x in material.kept if x.measurement is None]
    if unmeasured:
        masks = [x.mask_evidence.id for x in unmeasured]
        drafts.append(material.say("left_out.unmeasured", *masks, which=material.names(unmeasured)))
    return drafts


def provenance(material: Material, cited: set[str]) -> list[Draft]:
    """Name scan, tools, versions and weights behind what is cited; identifiers stand in code spans."""
    drafts = []
    scan = material.record.scan
    if scan is not None and scan.scan_id:
        drafts.append(material.say("from.scan", scan=scan.scan_id[:SHORT_HASH]))
    groups: dict[tuple[str, str, str | None], list[Evidence]] = {}
    for item in material.record.items:
        if item.id in cited:
            groups.setdefault((item.producer, item.version, item.weights), []).append(item)
    for (producer, version, weights), items in groups.items():
        drafts.append(
            material.say(
                "from.tool" if weights else "from.plain", tool=producer, version=version,
                weights=(weights or "")[:SHORT_HASH], created=items[-1].created,
                ids=material.listed(f"`{e.id}`" for e in items),
            )
        )  # fmt: skip
    count = len(material.record.items)
    return [*drafts, material.say("from.record", composed=material.composed, count=count)]
