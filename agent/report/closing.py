"""The parts that come last: what was not assessed, and where everything came from."""

from __future__ import annotations

import re

from agent.report.comparison import not_judged
from agent.report.findings import extent, searches
from agent.report.material import Draft, Material
from tools.evidence import Evidence

SHORT_HASH = 12
"""Characters of a hash that a reader sees; the whole one stands in evidence.json."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def not_assessed(material: Material) -> list[Draft]:
    """List what nobody and nothing looked at."""
    cites = material.scan_cites
    general = ["chest", "lung", "lobe", "type"] if material.is_chest_ct else ["rest"]
    if material.record.places:
        general = [name for name in general if name != "lobe"]
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
    drafts += [
        material.say("from.accuracy", tool=name, said=said)
        for name, said in reported(material, {producer for producer, _, _ in groups}).items()
    ]
    count = len(material.record.items)
    return [*drafts, material.say("from.record", composed=material.composed, count=count)]


def reported(material: Material, producers: set[str]) -> dict[str, str]:
    """Return what is reported of the accuracy of each tool used, on what and by whom, in the tool's own words."""
    found = {}
    for name in sorted(producers & set(material.specs)):
        groups: dict[tuple[str, str], list[str]] = {}
        for figure in material.specs[name].accuracy:
            interval = f" ({figure.interval[0]:g} to {figure.interval[1]:g})" if figure.interval else ""
            groups.setdefault((figure.data, figure.by), []).append(f"{figure.metric} {figure.value:g}{interval}")
        told = [f"{', '.join(values)}; on {data}; by {by}" for (data, by), values in groups.items()]
        found[name] = ". ".join(told).replace("`", "'") or material.phrase("from.no_accuracy")
    return found
