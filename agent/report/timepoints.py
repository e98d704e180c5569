"""Each lesion's sizes on every scan of a case, read from the record: what `timeline` draws. Measures nothing.

A lesion's sizes are those its comparisons hold, by one method for both; without one, each scan's own measurement. Two
sizes are joined where the same kind of hand outlined both.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from agent.record import LesionRecord, PriorRecord, Record, is_axis
from agent.report.material import Material
from agent.report.timeline import Course, Join, Mark, Size, Timeline, in_days, timeline_svg
from tools.evidence import Evidence

AXIS = "axial_long_axis"
READER, READERS_AXIS = "reader", "reader's axis"


def drawing(material: Material) -> str:
    """Return the drawing of a case's lesions through time; empty where nothing was compared."""
    timeline = timeline_of(material)
    return timeline_svg(timeline, material.language) if timeline else ""


def timeline_of(material: Material) -> Timeline | None:
    """Return every compared or measured lesion through time; None where the case compares nothing."""
    record = material.record
    if not record.comparisons:
        return None
    earlier = in_order(record.priors)
    days = in_days([*(p.days for p in earlier), 0])
    return Timeline(len(earlier) + 1, days, tuple(_course(material, n, earlier) for n in _numbers(record)))


def in_order(priors: Sequence[PriorRecord]) -> list[PriorRecord]:
    """Return priors from the earliest on; where an interval is not known, in the order they were added."""
    if any(p.days is None for p in priors):
        return list(priors)
    return sorted(priors, key=lambda p: -(p.days or 0))


def _numbers(record: Record) -> list[int]:
    """Return the numbers of every lesion on a scan of the case, rejected ones left out."""
    named = {n for e in record.comparisons for n in e.inputs.get("lesions") or ()}
    mine = {x.number for x in record.lesions if x.status != "rejected" and x.measurement is not None}
    return sorted(named | mine)


@dataclass(frozen=True)
class _Seen:
    """A lesion's size on one scan, by whose hand, and whether growth may be told from it."""

    size: Size
    hand: str
    judged: bool


def _course(material: Material, number: int, earlier: Sequence[PriorRecord]) -> Course:
    record = material.record
    pairs = {int(e.inputs["prior"]): e for e in record.comparisons if number in (e.inputs.get("lesions") or ())}
    seen = [_seen_before(at, p, pairs[p.number]) for at, p in enumerate(earlier) if p.number in pairs]
    seen.append(_seen_now(len(earlier), record.lesion(number), list(pairs.values())))
    found = [s for s in seen if s is not None]
    joins = tuple(_join(a, b) for a, b in itertools.pairwise(found))
    return Course(_name(material, number), tuple(s.size for s in found), joins, _mark(earlier, pairs))


def _seen_before(at: int, prior: PriorRecord, pair: Evidence) -> _Seen | None:
    """Return a lesion on a prior: as the pair holds it, else as measured there where it is one lesion."""
    numbers: list[int] = pair.inputs.get("prior_lesions") or []
    held = pair.quantity(f"prior_{AXIS}")
    if held is None and len(numbers) == 1 and numbers[0] in prior.measurements:
        held = prior.measurements[numbers[0]].quantity(AXIS)
    if held is None or held.unit != "mm":
        return None
    masks = [prior.outlines[n] for n in numbers if n in prior.outlines]
    hand = _hand(masks[0]) if masks else ""
    judged = pair.inputs.get("growth_allowed") is True and pair.inputs.get("kind") == "matched"
    return _Seen(Size(at, held.value, hand == READER), hand, judged)


def _seen_now(at: int, lesion: LesionRecord | None, pairs: Sequence[Evidence]) -> _Seen | None:
    """Return a lesion on this scan: as its pairs hold it, else as measured, by an axis of the reader's own too."""
    if lesion is None:
        return None
    held = next((q for e in reversed(pairs) if (q := e.quantity(f"current_{AXIS}")) is not None), None)
    hand = _hand(lesion.mask_evidence)
    if held is None and lesion.measurement is not None:
        held = lesion.measurement.quantity(AXIS)
        hand = READERS_AXIS if is_axis(lesion.measurement) else hand
    if held is None or held.unit != "mm":
        return None
    return _Seen(Size(at, held.value, hand in (READER, READERS_AXIS)), hand, judged=True)


def _name(material: Material, number: int) -> str:
    lesion = material.record.lesion(number)
    name = material.phrase("lesion", n=number)
    where = material.place(lesion) if lesion else ""
    if where:
        name += f"{', ' if material.language == 'en' else ','}{where}"
    return name[:1].upper() + name[1:]


def _hand(mask: Evidence) -> str:
    """Return by whom an outline was made: a reader, or which version of which tool."""
    return READER if mask.kind == "drawn" else f"{mask.producer} {mask.version}"


def _join(a: _Seen, b: _Seen) -> Join:
    if a.hand != b.hand:
        return "other method"
    return "judged" if a.judged and b.judged else "not judged"


def _mark(earlier: Sequence[PriorRecord], pairs: dict[int, Evidence]) -> Mark:
    """Return what the latest comparison says became of a lesion; new only where no prior holds it."""
    kinds = [str(pairs[p.number].inputs.get("kind")) for p in earlier if p.number in pairs]
    if not kinds:
        return ""
    latest = kinds[-1]
    if latest == "new" and any(k != "new" for k in kinds):
        return "unmatched"
    known: dict[str, Mark] = {
        "new": "new", "gone": "gone", "unmatched": "unmatched", "merged": "merged", "split": "split",
    }  # fmt: skip
    return known.get(latest, "")
