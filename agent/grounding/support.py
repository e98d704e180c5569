"""What cited evidence carries: numbers, sides, places, words. Knows nothing of the clause that cites it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from agent.grounding.claims import Amount, Claims, claims_of
from agent.grounding.names import named, of, series, unit_of
from agent.grounding.numerals import marked
from agent.grounding.vocabulary import PLACES, SIDES
from tools.evidence import Evidence
from tools.quantity import Quantity, decimals, show_value

_CANONICAL = {
    "mm": "mm", "mm2": "mm2", "mm3": "mm3", "[hnsf'U]": "hu", "{pixel}": "pixel", "{pixel}2": "pixel2",
    "{voxel}": "voxel", "%": "%", "d": "day", "a": "year", "{slice}": "slice", "{candidate}": "candidate",
    "{pack-years}": "pack-year",
}  # fmt: skip
_CONVERTED: Mapping[tuple[str, str], Decimal] = {
    ("cm", "mm"): Decimal(10), ("ml", "mm3"): Decimal(1000), ("cm2", "mm2"): Decimal(100), ("um", "mm"): Decimal("0.001"),
}  # fmt: skip
_NO_WORDS = frozenset(("modality_how", "body_part_how", "calibration", "field", "lesion", "passage"))
"""Inputs whose strings are keys of ours and say nothing about the patient."""
_TRUTHS = {
    "known_cancer": ("findings", "cancer"), "immunosuppressed": ("qualifiers", "immunosuppressed"),
    "perifissural": ("qualifiers", "perifissural"), "emphysema": ("findings", "emphysema"),
    "lymph_node": ("findings", "lymph node"),
    "fibrosis": ("findings", "fibrosis"), "asbestos": ("findings", "asbestos"),
    "family_history": ("findings", "family history"),
}  # fmt: skip
_PAIR = 2
_SAME = {"single": re.compile(r"\b[Oo]ne (?:[\w-]+ ){0,2}(?:\([\w-]+\) )?nodule\b")}
"""Words in which a cited text says a qualifier that a clause gives by its name."""
_ENDS = re.compile(r"\d\s*(?:to|–|—|~|〜|至|到)\s*[-−]?\d", re.IGNORECASE)
"""A range: of a density, from the least value to the greatest."""
_CONFIDENCE, _CONFIDENCE_REACH = re.compile(r"\bconfidence\b|置信度|可信度"), 30
REPEATED = 10
"""Characters before a number that a clause repeats of a text: then the number has to be that text's own."""
_A_TEXT = 40


@dataclass(frozen=True)
class Support:
    """The cited evidence and, for places and labels only, the masks it was made from."""

    cited: tuple[Evidence, ...]
    near: tuple[Evidence, ...]

    @classmethod
    def of(cls, names: Sequence[str], evidence: Mapping[str, Evidence]) -> Support:
        """Gather the evidence of these ids; ids that are not there are left out."""
        cited = tuple(evidence[n] for n in names if n in evidence)
        parents = [evidence[p] for e in cited for p in e.parents if p in evidence]
        masks = tuple(p for p in parents if p.kind in ("mask", "drawn", "scan"))
        return cls(cited, (*cited, *masks))

    @property
    def texts(self) -> tuple[str, ...]:
        """Every string the cited evidence holds: its text and the strings of its inputs."""
        return tuple(t for e in self.cited for t in texts_of(e))

    def names(self) -> str:
        """Return, in lower case, the text in which an identifier of the cited evidence stands."""
        return " ".join((*self.texts, *(f"{e.producer} {e.version}" for e in self.cited))).lower()

    def carries(self, amount: Amount, before: str) -> bool:
        """Return whether some evidence holds this amount. `before` is the clause up to it."""
        return any(carries(e, amount, before) for e in self.cited)

    def quotes(self, words: str) -> bool:
        """Return whether these very words stand in a cited text."""
        return any(words.lower() in text.lower() for text in self.texts)

    def holds(self, kind: str, name: str, affirmed: bool | None = None) -> bool:
        """Return whether a word of a kind (``sides``, ``places``, ``qualifiers``…) stands in the evidence."""
        return any(_holds(e, kind, name, affirmed) for e in self.near)


def texts_of(item: Evidence) -> tuple[str, ...]:
    """Return the strings a piece of evidence holds, longest last."""
    found = [item.text] if item.text else []
    found += list(_strings(item.inputs))
    return tuple(dict.fromkeys(marked(t) for t in found))


def carries(item: Evidence, amount: Amount, before: str) -> bool:
    """Return whether one piece of evidence holds an amount, as quantities or in its text."""
    unit = unit_of(amount.unit, before)
    pool = named(item.quantities, before, unit)
    if len(amount.values) == 2 and re.search(r"[x×乘]|\bby\b", amount.text, re.IGNORECASE):
        axes = [item.quantity("axial_long_axis"), item.quantity("axial_short_axis")]
        if all(axes):
            return all(is_quantity(q, v, amount.unit) for q, v in zip(axes, amount.values, strict=True) if q is not None)
    row, _ = series(before, unit, ends=_ENDS.search(amount.text) is not None)
    if len(amount.values) == len(row) == _PAIR:
        pools = [of(item.quantities, names) for names in row]
        return all(any(is_quantity(q, v, unit) for q in held) for held, v in zip(pools, amount.values, strict=True))
    unit = amount.unit if amount.unit or not _densities(pool) else unit
    if pool and all(any(is_quantity(q, v, unit) for q in pool) for v in amount.values):
        return True
    if told(item, amount):
        return True
    stated = item.inputs.get("value")
    numeric = isinstance(stated, (int, float)) and not isinstance(stated, bool) and not item.quantities
    if numeric and amount.unit in ("", "year") and amount.values == (Decimal(str(stated)),):
        return True
    if amount.unit == "" and len(amount.values) == 1 and _CONFIDENCE.search(before[-_CONFIDENCE_REACH:]):
        return _confidence(item) == amount.values[0]
    point = item.inputs.get("point")
    return bool(
        isinstance(point, list) and len(amount.values) == 1 and amount.unit in ("", "mm")
        and any(_rounds(Decimal(repr(float(p))), amount.values[0], 0) for p in point)
    )  # fmt: skip


def _confidence(item: Evidence) -> Decimal | None:
    """Return how sure a pair is, as it is shown: the whole share, two decimals at most."""
    sure = item.inputs.get("confidence") if item.kind == "comparison" else None
    return None if not isinstance(sure, (int, float)) else round(Decimal(repr(float(sure))), 2).normalize()


def _densities(pool: Sequence[Quantity]) -> bool:
    """Return whether a number was named as one of a density's: only then may its unit be left out."""
    return all(q.name.startswith("hu_") for q in pool)


def differs(item: Evidence, text: str, amount: Amount) -> bool:
    """Return whether a cited text goes on with another number where the clause repeats it up to this one.

    What counts is the longest stretch before the number that the text holds: of two like places the one that is meant.
    """
    before = _GLUE.sub("", text[: amount.start]).lower()
    if len(before[-REPEATED:].strip()) < REPEATED - 2:
        return False
    found = [(length, held, ends) for t in texts_of(item) if len(t) >= _A_TEXT for length, held, ends in (_repeated(t, before),) if ends]
    longest = max((length for length, _, _ in found), default=0)
    ends = [(held, end) for length, held, all_ends in found if length == longest for end in all_ends]
    ends = [(held, end) for held, end in ends if _is_number(held, end)]
    return bool(ends) and not any(_goes_on_with(held, end, amount) for held, end in ends)


def _is_number(source: str, at: int) -> bool:
    """Return whether a number stands at a place of a text: where a word does, a clause may go on with a number of its own."""
    return source[at : at + 1].isdigit() or any(a.start == at for a in claims_of(source).amounts)


_GLUE = re.compile(r"(?:(?<![A-Za-z])(?:x|d|size|about|approx)|[≈~=±<>≥≤])\s*$", re.IGNORECASE)
"""What may be glued before a number and is no part of what is repeated."""


def _repeated(source: str, before: str) -> tuple[int, str, list[int]]:
    """Return how far back a source repeats the end of a text, the source, and where in it that stretch ends."""
    low = source.lower()
    ends = [m.end() for m in re.finditer(re.escape(before[-REPEATED:]), low)]
    length = REPEATED
    while ends and length < len(before):
        more = [e for e in ends if e > length and low[e - length - 1] == before[-length - 1]]
        if not more:
            break
        ends, length = more, length + 1
    return length, source, ends


def _goes_on_with(source: str, at: int, amount: Amount) -> bool:
    """Return whether the number that stands at a place of a text is the first of an amount, or its whole."""
    held = next((a for a in claims_of(source).amounts if a.start == at), None)
    if held is not None:
        return held.values[: len(amount.values)] == amount.values or amount.values[0] == held.values[0]
    digits = re.match(r"\d+(?:\.\d+)?", source[at:])
    return digits is not None and Decimal(digits[0]) == amount.values[0]


def told(item: Evidence, amount: Amount) -> bool:
    """Return whether a text of the evidence gives this amount."""
    return any(_same(amount, other) for text in texts_of(item) for other in claims_of(text).amounts)


def is_quantity(quantity: Quantity, value: Decimal, unit: str) -> bool:
    """Return whether a written number is this quantity, rounded as a reader would."""
    own = _CANONICAL.get(quantity.unit, "")
    exact = Decimal(repr(quantity.value))
    if unit == own:
        shown = Decimal(show_value(quantity))
        if value == shown and _places(value) <= _places(shown):
            return True
        return decimals(quantity) > 0 and _rounds(exact, value, decimals(quantity))
    factor = _CONVERTED.get((unit, own))
    if factor is not None:
        return _rounds(exact / factor, value, 1 if unit != "um" else 0)
    return False


def _rounds(exact: Decimal, written: Decimal, least: int) -> bool:
    """Return whether `written` is `exact` rounded half up to the decimals it is written with, at least `least`."""
    places = _places(written)
    return places >= least and exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP) == written


def _places(written: Decimal) -> int:
    """Return how many decimals a number is written with."""
    exponent = written.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _same(a: Amount, b: Amount) -> bool:
    return a.values == b.values and (a.unit == b.unit or ({a.unit, b.unit} == {"", "year"} and len(a.values) == 1))


def _holds(item: Evidence, kind: str, name: str, affirmed: bool | None) -> bool:
    if kind == "sides" and (item.inputs.get("side") == name or _lobe_side(item) == name):
        return True
    if kind == "places" and name == item.inputs.get("third"):
        return True
    truth = _TRUTHS.get(str(item.inputs.get("field")))
    if truth == (kind, name) and isinstance(item.inputs.get("value"), bool):
        return affirmed is None or item.inputs["value"] == affirmed
    for text in texts_of(item):
        said = getattr(_read(text), kind)
        if affirmed is not False and name in _SAME and _SAME[name].search(text):
            return True
        if name in said or (affirmed is not None and (name, affirmed) in said):
            return True
        if affirmed is None and any(isinstance(s, tuple) and s[0] == name for s in said):
            return True
    return False


def _lobe_side(item: Evidence) -> str | None:
    value = str(item.inputs.get("value", "")) if item.inputs.get("field") == "lobe" else ""
    if value == "lingula":
        return "left"
    return next((side for side in SIDES if side in value), None) if value in PLACES else None


def _read(text: str) -> Claims:
    return claims_of(text)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in _NO_WORDS:
                yield from _strings(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield ""


@lru_cache(maxsize=1)
def editions() -> dict[str, tuple[str, ...]]:
    """Return the shipped guidelines' names in lower case and their editions."""
    from knowledge.library import shipped

    found: dict[str, tuple[str, ...]] = {}
    for guideline in shipped():
        for name in (guideline.guideline, *guideline.aliases):
            found[name.lower()] = (*found.get(name.lower(), ()), guideline.edition)
    return found


@lru_cache(maxsize=1)
def guideline_names() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    """Return, for each shipped guideline, a pattern of its names and those names in lower case."""
    from knowledge.library import shipped

    found = []
    for guideline in shipped():
        names = [n for n in (guideline.guideline, *guideline.aliases) if len(n) >= _A_NAME and n != n.lower()]
        own = tuple(n.lower() for n in (guideline.guideline, guideline.name, *guideline.aliases))
        found.append((re.compile("|".join(rf"(?<![A-Za-z0-9-]){re.escape(n)}(?![A-Za-z0-9-])" for n in names) or "(?!)"), own))
    return tuple(found)


_A_NAME = 3
"""Letters from which on a guideline's name is one: VA is a word of its own."""
