"""The comparison with earlier scans: whose they are, how long before, both slices, then each lesion through time.

Growth is told only where the pair allows it, and beside what readers differ by; else both sizes and the reason. Prior
sizes that a clinician stated stand as stated. Compares nothing itself.
"""

from __future__ import annotations

from agent.change_words import reasons
from agent.record import LesionRecord, PriorRecord, is_axis
from agent.report.change_phrases import CHANGE_HEAD
from agent.report.material import Draft, Material, reference
from agent.report.phrases import EMPTY_CELL
from agent.report.terms import measure_name
from tools.evidence import Evidence

_SIZES = ("mean_diameter", "axial_long_axis", "volume_voxel")


def comparison(material: Material) -> list[Draft]:
    """Say what was compared with what and what came of it, or that nothing was; then what was stated."""
    record = material.record
    drafts = [d for prior in record.priors for d in _prior(material, prior)]
    if not record.priors:
        drafts.append(material.say("comparison.none", *material.scan_cites))
    for item in record.sums:
        drafts += _sum(material, item)
    return [*drafts, *_stated(material)]


def _prior(material: Material, prior: PriorRecord) -> list[Draft]:
    held = prior.interval
    if held is None:
        drafts = [material.say("prior.no_interval", prior.scan.id, which=_which(material, prior))]
    else:
        how = "prior.by_headers" if held is prior.scan else "prior.by_statement"
        drafts = [
            material.say("prior.interval", held.id, which=_which(material, prior), how=material.phrase(how),
                         value=reference(held, "interval", "prior_interval"))
        ]  # fmt: skip
    drafts.append(material.say("prior.same" if prior.verified else "prior.not_verified", prior.scan.id))
    drafts += _slices(material, prior)
    pairs = [e for e in material.record.comparisons if e.inputs.get("prior") == prior.number]
    if not pairs:
        return [*drafts, material.say("prior.not_compared", prior.scan.id)]
    return [*drafts, *(d for pair in pairs for d in _pair(material, pair))]


def _which(material: Material, prior: PriorRecord) -> str:
    """Return a prior's letter, where there are several."""
    return "" if len(material.record.priors) == 1 else " " + chr(ord("A") + prior.number - 1)


def _slices(material: Material, prior: PriorRecord) -> list[Draft]:
    here = material.record.scan
    if here is None:
        return []
    then, now = (_of_slices(material, e) for e in (prior.scan, here))
    return [material.say("prior.slices", prior.scan.id, here.id, then=then, now=now)] if then and now else []


def _of_slices(material: Material, scan: Evidence) -> str:
    held = [n for n in ("slice_interval", "slice_thickness") if scan.quantity(n) is not None]
    return material.listed(f"{material.word(n)} {{{scan.id}.{n}}}" for n in held)


def _pair(material: Material, pair: Evidence) -> list[Draft]:
    kind, lesions = pair.inputs.get("kind"), _lesions(material, pair)
    if kind in ("new", "gone", "unmatched"):
        return [material.say(f"pair.{kind}", pair.id, n=lesions)]
    drafts = [material.say("pair.sizes", pair.id, n=lesions, sizes=_sizes(material, pair))]
    if _judged(pair):
        return [*drafts, *change(material, pair)]
    drafts.append(material.say("pair.not_judged", pair.id, n=lesions))
    why = reasons(pair.inputs.get("reasons") or (), material.language)
    return [*drafts, *(material.say("pair.reason", pair.id, n=lesions, reason=r) for r in why)]


def _judged(pair: Evidence) -> bool:
    return pair.inputs.get("kind") == "matched" and pair.inputs.get("growth_allowed") is True


def _lesions(material: Material, pair: Evidence) -> str:
    return material.listed(str(n) for n in pair.inputs.get("lesions") or ())


def _sizes(material: Material, pair: Evidence) -> str:
    parts = []
    for name in _SIZES:
        before, now = reference(pair, f"prior_{name}"), reference(pair, f"current_{name}")
        if before and now:
            what = measure_name(name, material.language)
            parts.append(material.phrase("pair.size", what=what, before=before, now=now))
    return ("; " if material.language == "en" else ";").join(parts)


def change(material: Material, pair: Evidence) -> list[Draft]:
    """Give the change of a pair that allows it, with what readers differ by beside it."""
    lesions = _lesions(material, pair)
    axis = pair.quantity("change_axial_long_axis")
    drafts = []
    if axis is not None:
        key = "larger" if axis.value > 0 else "smaller"
        key = "within" if pair.inputs.get("within_readers_noise") else key
        drafts.append(material.say(f"pair.{key}", pair.id, n=lesions, change=_signed(pair, axis.name)))
    if pair.quantity("change_volume_percent") is not None:
        drafts.append(material.say("pair.volume", pair.id, n=lesions, change=_signed(pair, "change_volume_percent")))
    if pair.quantity("doubling_time") is not None:
        drafts.append(material.say("pair.doubling", pair.id, n=lesions, value=f"{{{pair.id}.doubling_time}}"))
    return drafts


def _signed(pair: Evidence, name: str) -> str:
    quantity = pair.quantity(name)
    plus = "+" if quantity is not None and quantity.value > 0 else ""
    return f"{plus}{{{pair.id}.{name}}}"


def _sum(material: Material, item: Evidence) -> list[Draft]:
    which = material.listed(material.phrase("lesion", n=n) for n in item.inputs.get("targets") or ())
    before, now = reference(item, "prior_sum_of_diameters"), reference(item, "current_sum_of_diameters")
    key = "sum.both" if before else "sum.now"
    values = {"which": which, "now": now} | ({"before": before} if before else {})
    nodes = item.inputs.get("nodes") or ()
    if nodes:
        key += "_nodes"
        values["what"] = material.phrase("sum.node" if len(nodes) == 1 else "sum.nodes")
        values["nodes"] = material.listed(material.phrase("lesion", n=n) for n in nodes)
    said = [x.stated["lymph_node"].id for x in material.kept if x.number in nodes and "lymph_node" in x.stated]
    small = [_small_node(material, item, n) for n in item.inputs.get("small_nodes") or ()]
    return [material.say(key, item.id, *said, **values), *small, material.say("left_out.response")]


def _small_node(material: Material, item: Evidence, number: int) -> Draft:
    lesion = material.record.lesion(number)
    size = lesion.measurement if lesion is not None else None
    held = [size.id] if size is not None else []
    value = reference(size, "axial_short_axis") if size is not None else None
    return material.say("sum.small_node", *held, item.id, n=number, size=value, limit=reference(item, "node_limit"))


def in_impression(material: Material) -> list[Draft]:
    """Give the change of every lesion whose pair allows it."""
    return [d for pair in material.record.comparisons if _judged(pair) for d in change(material, pair)[:1]]


def not_judged(material: Material) -> list[Draft]:
    """Say of which lesions growth was not determined; of all of them where nothing was compared."""
    pairs = material.record.comparisons
    if not pairs:
        return [material.say("left_out.change", *material.scan_cites)]
    judged = {n for e in pairs if _judged(e) for n in e.inputs.get("lesions") or ()}
    rest = [e for e in pairs if not judged & set(e.inputs.get("lesions") or ())]
    names = list(dict.fromkeys(material.phrase("lesion", n=n) for e in rest for n in e.inputs.get("lesions") or ()))
    ids = [e.id for e in rest]
    return [material.say("left_out.growth", *ids, which=material.listed(names))] if names else []


def change_heads(material: Material, heads: tuple[str, ...]) -> tuple[str, ...]:
    """Return the table's heads, with one for change where something was compared."""
    if not material.record.comparisons:
        return heads
    return (*heads[:-1], CHANGE_HEAD[material.language], heads[-1])


def change_cell(material: Material, lesion: LesionRecord) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a row's cell for change and what it cites: no cell where nothing was compared, a dash where not judged."""
    if not material.record.comparisons:
        return (), ()
    mine = [e for e in material.record.comparisons if _judged(e) and lesion.number in e.inputs["lesions"]]
    if not mine or mine[-1].quantity("change_axial_long_axis") is None:
        return (EMPTY_CELL,), ()
    return (_signed(mine[-1], "change_axial_long_axis"),), (mine[-1].id,)


def by_reader(material: Material, item: Evidence) -> list[str]:
    """Return in words which axes of a measurement the reader set; nothing where a tool measured it."""
    if not is_axis(item):
        return []
    axes = "axis.both" if item.inputs.get("axes") == "both" else "axis.long"
    return [material.phrase("sizes.by_reader", which=material.phrase(axes))]


def lines(material: Material) -> list[Draft]:
    """Give the lines that the reader drew."""
    kept = {x.number for x in material.kept}
    drafts = []
    for item in material.record.lines:
        lesion, value = item.inputs.get("lesion"), f"{{{item.id}.length}}"
        if lesion is None:
            drafts.append(material.say("line.free", item.id, value=value))
        elif lesion in kept:
            drafts.append(material.say("line.of", item.id, n=lesion, value=value))
    return drafts


def _stated(material: Material) -> list[Draft]:
    """Give prior sizes as the clinician stated them."""
    drafts = []
    whole = material.record.context.get("prior_size")
    if whole is not None:
        drafts.append(_stated_size(material, material.phrase("unnamed_lesion"), whole))
    for lesion in material.kept:
        if "prior_size" in lesion.stated:
            drafts.append(_stated_size(material, material.name(lesion), lesion.stated["prior_size"]))
    return drafts


def _stated_size(material: Material, which: str, item: Evidence) -> Draft:
    value = f"{{{item.id}.prior_size}}"
    return material.say("comparison.stated", item.id, which=which, value=value, words=material.quoted(item.text))
