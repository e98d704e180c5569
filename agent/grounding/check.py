"""A clause's claims against what its citations carry: each thing that is not carried is one problem in words."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from agent.grounding import (
    between,
    bound,
    change,
    dated,
    denied,
    given,
    limits,
    names,
    numerals,
    placed,
    restated,
    rows,
    speech,
)
from agent.grounding import vocabulary as words
from agent.grounding.about import about, count, numbers_of
from agent.grounding.claims import Amount, Claims, claims, claims_of, comparisons
from agent.grounding.clauses import bare, cites_of
from agent.grounding.quotes import stands, without_editions, without_quotes
from agent.grounding.support import Support, carries, differs, guideline_names, texts_of
from tools.evidence import Evidence

_ADVISES = ("category", "passage", "stated")
"""Evidence that may say that nothing further is needed; a model may not."""
_TELLING = 8
"""A string of an evidence's inputs of this many characters is telling; "nodule" stands everywhere."""
_IDENTIFIER = re.compile(r"(?<![\w./:-])(?=[\w./:-]*[A-Za-z])(?=[\w./:-]*\d)[A-Za-z][\w./:-]*\w")
_UNIT_LIKE = re.compile(r"(?:mm|cm|m)[23]|[TNML]\d|\d+", re.IGNORECASE)
_QUESTION = re.compile(r"[?\uff1f]\s*[\"')]*\s*$")
_PARTS = re.compile(
    r"[;;。—]|\.\s|\bbut\b|\bhowever\b|但|,(?=[^,,;.]*(?:\b(?:lesions?|nodules?|mass|candidates?)\s+\d|\bit\s+(?:is|lies|has|measures)\b))"
    r"|,(?=[^,,;。]*(?:病灶|结节|肿块)\s*\d|[^,,;。]*位于)"
)
"""Where one statement ends and the next begins inside a clause."""
_OF_A_LESION = ("measurement", "mask", "drawn", "comparison", "classification")
"""Evidence of a lesion of the case: what is said beside it is said in a closed list of words (see `speech`)."""
_OF_TIME, _DURING = ("day", "week", "month", "year"), re.compile(r"\b(?:within|over|in|after|during|across) (?:the )?$", re.IGNORECASE)
_OFFERED = re.compile(r"\b(?:can|could) (?:be )?|\bask\b|\bfor example\b|\be\.g\.|例如|可以|请", re.IGNORECASE)


def check(
    clause: str, evidence: Mapping[str, Evidence], *, current: Collection[str], strict: bool = False
) -> list[str]:
    """Return what is wrong with a filled-in clause; nothing wrong: an empty list.

    Args:
        clause: the text with digits, its citations in square brackets.
        evidence: the case's evidence by id, superseded too.
        current: ids that are current.
        strict: also object to a citation that carries nothing of the clause (reports).
    """
    clause = numerals.marked(clause)
    cites = cites_of(clause)
    missing = [name for name in cites if name not in evidence]
    if missing:
        return [f"{', '.join(missing)} is cited and not in this case"]
    judged = _Judged(clause, Support.of(cites, evidence), evidence)
    problems = judged.problems()
    stale = [name for name in cites if name not in current]
    if stale and not words.PAST.search(bare(clause)):
        problems.append(f"{', '.join(stale)} is no longer current, and the clause does not say that it is about before")
    problems += dated.problems(judged.text, judged.support.cited, stale=bool(stale))
    if strict:
        problems += judged.strange_identifiers()
    if strict and not problems:
        problems += [f"{e.id} is cited and carries nothing of the clause" for e in judged.idle()]
    return problems


@dataclass
class _Judged:
    clause: str
    support: Support
    evidence: Mapping[str, Evidence]

    def __post_init__(self) -> None:
        self.text = bare(self.clause)
        self.rest = without_quotes(self.text, self.support.texts)
        self.held = self.support.names()
        self.whole: Claims = claims(self.text, names=self.held)
        plain = without_editions(self.rest, self.support.cited)
        read = claims(plain, names=self.held)
        # An amount is read with its unit, and judged where its number is no quotation.
        own = tuple(a for a in self.whole.amounts if plain[a.start : a.stop].strip(" -−"))
        self.claims: Claims = dataclasses.replace(read, amounts=own)
        self.asks = _QUESTION.search(self.text) is not None
        # What stands in a part that says what was not looked at, or cannot be said, is not asserted.
        self.parts = parts = _PARTS.split(plain)
        self.asserted = limits.asserted(parts)
        measured = any(q.name.startswith("solid_") for e in self.support.cited for q in e.quantities)
        self.said: Claims = claims(names.SOLID_MEASURE.sub(" ", self.asserted) if measured else self.asserted)
        hung = [s for p in parts if change.is_a_limit(p) for s in limits.beside(p)]
        named = self.whole.lesions
        self.about = {e.id: about(e, self.text, named, self.evidence.values()) for e in self.support.cited}
        self.ranking = between.ranking(plain, self.support.cited, self.about)
        self.noise = change.noise(plain, self.support)
        self.unranked = limits.asserted(_PARTS.split(self.ranking.rest))
        self.of_change = comparisons(change.asserted(_PARTS.split(self.ranking.rest))) | comparisons("; ".join(hung))
        self.limits = all(words.LIMITS.search(p) for p in parts if p.strip(" ;.。"))

    def problems(self) -> list[str]:
        found = [*self._never(), *self._lesions(), *self._amounts()]
        if not self.asks:
            found += [*self._places(), *self._words(), *self._comparisons(), *self._unheard()]
            found += denied.problems(self.text, self.rest, self.asserted, self.parts, self.support)
            found += placed.misplaced(self.rest, self.support.cited, self.about)
        found += bound.misplaced(
            self.rest, self.claims.amounts, self.support.cited, self.about,
            befores=self._befores, pairs=self.ranking.pairs, spent=self.ranking.spent,
        )  # fmt: skip
        found += self._other_guidelines()
        found += change.misplaced(self.rest, self.claims.amounts, self.support)
        found += self._rows()
        return list(dict.fromkeys(found))

    def idle(self) -> list[Evidence]:
        """Return cited evidence that carries no number, place, word, quotation or lesion of the clause."""
        return [e for e in self.support.cited if not self._uses(e)]

    def strange_identifiers(self) -> list[str]:
        """Say which words of letters and digits (a row, a DOI) stand in nothing that is cited."""
        found = [m[0] for m in _IDENTIFIER.finditer(self.text) if not _UNIT_LIKE.fullmatch(m[0])]
        return [f"{word!r} stands in nothing that is cited" for word in found if word.lower() not in self.held]

    def _uses(self, item: Evidence) -> bool:
        alone = Support((item,), (item,))
        if self.about[item.id] & self.whole.lesions or any(alone.carries(a, self._before(a)) for a in self.whole.amounts):
            return True
        held = self.whole
        if any(alone.holds("sides", s) for s in held.sides) or any(alone.holds("places", p) for p in held.places):
            return True
        if any(alone.holds("qualifiers", n) for n, _ in held.qualifiers) or any(alone.holds("findings", n) for n, _ in held.findings):
            return True
        if any((" " in t or len(t) >= _TELLING) and t.lower() in self.text.lower() for t in alone.texts):
            return True
        if item.inputs.get("what") == "report_edit" and any(t and t in self.text for t in alone.texts):
            return True  # the clinician's own words, however few
        return item.kind in ("scan", "search", "passage", "category") and (
            self.limits or without_quotes(self.text, alone.texts) != self.text or item.kind in ("scan", "search", "category")
        )

    def _never(self) -> list[str]:
        if self.asks and not words.NEVER["a lesion is called benign or malignant"].search(self.rest):
            return []
        found = []
        for name, pattern in words.NEVER.items():
            match = pattern.search(self.rest if name == "a negative read" else self.asserted)
            if match is None:
                continue
            if name == "contrast" and any(_contrast(e) for e in self.support.cited):
                continue
            if name == "follow-up is called off" and any(e.kind in _ADVISES for e in self.support.cited):
                continue
            if name == "a lesion is called benign or malignant" and self._stated_cancer():
                continue
            if name == "a negative read" and self._says_what_a_negative_is(match):
                continue
            found.append(f"never said: {name} ({match[0].strip()!r})")
        return found

    def _says_what_a_negative_is(self, match: re.Match[str]) -> bool:
        """A clause may say that it contradicts or does not write such words, when they stand in quotation marks."""
        quoted = re.search(r"[\"“「‘'][^\"”」’]*" + re.escape(match[0].strip()) + r"[^\"“「]*[\"”」’']", self.text)
        return quoted is not None and bool(self.support.cited)

    def _stated_cancer(self) -> bool:
        return any(e.kind == "stated" and e.inputs.get("field") in ("known_cancer", "cancer_text") for e in self.support.cited)

    def _lesions(self) -> list[str]:
        numbers = {n for e in self.evidence.values() for n in numbers_of(e)} | set().union(*self.about.values())
        strangers = sorted(self.claims.lesions - numbers)
        if strangers:
            return [f"there is no lesion {strangers[0]} in this case"]
        about = set().union(*self.about.values())
        named = self.said.lesions or (self.claims.lesions if all(self.about.values()) else frozenset())
        if named and about:
            uncited = sorted(named - about)
            unnamed = sorted(about - self.whole.lesions)
            if uncited and len(about) >= len(named):
                return [f"lesion {uncited[0]} is named, but what is cited is about lesion {sorted(about)[0]}"]
            if uncited:
                return [f"nothing that is cited is about lesion {uncited[0]}"]
            if unnamed and not self.ranking.true and not any(self._counts(a) for a in self.claims.amounts):
                return [f"what is cited is about lesion {unnamed[0]}, which is not named"]
        return []

    def _before(self, amount: Amount) -> str:
        return self.text[: amount.start]

    def _befores(self, amount: Amount) -> tuple[str, ...]:
        """Return what may stand before an amount: its name behind it, the clause up to it, a name that goes on to it."""
        behind, before = names.named_after(self.rest, amount.start, amount.end), self.rest[: amount.start]
        if behind:
            return (behind,)
        if amount.unit in _OF_TIME and _DURING.search(before):
            return (before, " interval ")
        name = names.last_name(before)
        told = [a for a in self.claims.amounts if before.rfind(name) < a.start < amount.start] if name else []
        goes_on = told and all(a.unit == amount.unit for a in told)
        return (before, f" {name} ") if goes_on else (before,)

    def _amounts(self) -> list[str]:
        problems = []
        for amount in self.claims.amounts:
            if amount.start in self.ranking.spent and self.ranking.true:
                continue
            if any(differs(e, self.text, amount) for e in self.support.cited if e.kind != "stated"):
                problems.append(f"{amount.text!r} is not the number that stands there in what is cited")
                continue
            if self._counts(amount) or any(self.support.carries(amount, b) for b in self._befores(amount)):
                continue
            if amount.worded and amount.unit in ("lesion", "candidate", "slice"):
                if self.support.cited and not self.asks and amount.values[0] != 1:
                    problems.append(f"{amount.text!r} is not what the cited evidence counts")
                continue
            problems.append(f"{amount.text!r} is held by nothing that is cited")
        problems += [f"{said!r} is no range" for said in rows.turned(self.text, self.whole.amounts)]
        problems += [f"{said!r}: the two are not in that order" for said in rows.disordered(self.text, self.whole.amounts)]
        problems += [f"{sign!r} is a number that cannot be read" for sign in numerals.unread(self.rest)]
        if not self.asks:
            vague = words.VAGUE.search(self.unranked if self.ranking.true else self.asserted)
            if vague and self.support.cited and not self.support.quotes(vague[0]):
                problems.append(f"{vague[0].strip()!r} is a size or a time without a number")
        held = {date for text in self.support.texts for date in claims_of(text).dates}
        return problems + [
            f"the date {date} is held by nothing that is cited"
            for date in self.claims.dates
            if not any(known.startswith(date) for known in held)
        ]

    def _rows(self) -> list[str]:
        """Say which numbers, given by nothing but a cited text, are put together as it does not put them."""
        measured = [e for e in self.support.cited if e.kind not in ("passage", "category")]
        passages = [numerals.marked(e.text) for e in self.support.cited if e.kind == "passage"]
        others = [t for e in self.support.cited if e.kind == "category" for t in texts_of(e)]
        if not (passages or others) or stands(self.text.lower(), tuple(passages)):
            return []
        plain = without_editions(self.text, self.support.cited)
        told = [a for a in self.whole.amounts if plain[a.start : a.stop].strip()]
        told = [a for a in told if not any(carries(e, a, self._before(a)) for e in measured)]
        return rows.misplaced(numerals.folded(plain), told, passages, others)

    def _counts(self, amount: Amount) -> bool:
        """Return whether an amount counts the lesions that are cited, or those of them on the side it stands beside."""
        if amount.unit not in ("lesion", "candidate") or len(amount.values) != 1:
            return False
        value, cited = int(amount.values[0]), self.support.cited
        if value in count(cited, self.about):
            return value > 0
        return placed.counts(self.rest, amount.start, amount.end, value, cited, self.about)

    def _places(self) -> list[str]:
        problems = []
        for side in sorted(self.said.sides):
            if not self.support.holds("sides", side):
                problems.append(f"{side!r} is not the side that the cited evidence gives")
        for place in sorted(self.said.places):
            if not self.support.holds("places", place):
                problems.append(f"{place!r} is a place that the cited evidence does not give")
        return problems

    def _words(self) -> list[str]:
        if not self.support.cited and _OFFERED.search(self.text):
            return []
        problems = []
        for kind, said in (("qualifiers", self.said.qualifiers), ("findings", self.said.findings)):
            for name, affirmed in sorted(said):
                if not self.support.holds(kind, name, affirmed) and not given.has_smoked(name, affirmed, self.text, self.support.cited):
                    how = name if affirmed else f"no {name}"
                    problems.append(f"{how!r} is in nothing that is cited")
        problems += given.against(self.said.qualifiers, self.parts, self.support.cited)
        looked = words.LOOKED_AT.search(self.asserted)
        if looked and not any(e.kind == "search" for e in self.support.near) and not self.support.quotes(looked[0]):
            problems.append(f"nothing that is cited says that it {looked[0].strip()}")
        if "mass" in _nouns(self.asserted) and self.support.cited and not self._labelled("mass"):
            problems.append("'mass' is in nothing that is cited")
        return problems

    def _labelled(self, noun: str) -> bool:
        held = [str(e.inputs.get(k)) for e in self.support.near for k in ("label", "group")]
        return noun in held or any(noun in _nouns(t) for t in self.support.texts) or any(
            e.kind in ("search", "drawn") for e in self.support.near
        )

    def _other_guidelines(self) -> list[str]:
        """Say which guidelines are named though what is cited is of another one and does not name them."""
        if not any(e.kind == "passage" for e in self.support.cited):
            return []
        found = [(m[0], own) for pattern, own in guideline_names() for m in (pattern.search(self.rest),) if m]
        return [f"{name!r} is not the guideline that is cited" for name, own in found if not any(n in self.held for n in own)]

    def _unheard(self) -> list[str]:
        """Say which words about a lesion are neither how lesions are spoken of nor in anything that is cited."""
        if not any(e.kind in _OF_A_LESION for e in self.support.cited):
            return []
        own = (*self.support.texts, *(t for e in self.support.near for t in texts_of(e)), *(f"{e.producer} {e.kind}" for e in self.support.near))
        held_names = (q.name.replace("_", " ") for e in self.support.near for q in e.quantities)
        held = " ".join((*own, *held_names, self.ranking.words if self.ranking.true else "")).lower()
        said = limits.asserted(self.parts, named=False)
        said = restated.blanked(change.without_noise(said) if self.noise else said, held)
        if not speech.unlisted(said, held):
            return []
        for pattern, _ in guideline_names():
            said = pattern.sub(" ", said)
        return [f"{word!r} is in nothing that is cited" for word in speech.unknown(said, held)]

    def _comparisons(self) -> list[str]:
        if self.ranking.true is False:
            return [f"{self.ranking.words!r} is not how the cited sizes are"]
        if self.noise is False:
            return ["what readers differ by is not held against the change as the cited comparison holds it"]
        return [
            f"{name!r} is a comparison that nothing cited has made"
            for name in sorted(self.of_change)
            if not self._compared(name)
        ]

    def _compared(self, name: str) -> bool:
        """A comparison that holds it, a cited text that says it, or two sizes of one lesion in the order of the claim."""
        if change.holds(name, self.text, self.support) or change.denied(name, self.text, self.support):
            return True
        if not change.pairs_of(self.support) and self._told(name):
            return True
        sizes = [e for e in self.support.cited if e.quantity("axial_long_axis") or e.quantity("volume_voxel")]
        if name not in ("larger", "smaller") or len(sizes) != 2:
            return False
        old, new = sorted(sizes, key=lambda e: (not isinstance(e.inputs.get("prior"), int), e.number))
        same = bool(self.about[new.id]) and self.about[old.id] == self.about[new.id]
        steps = [
            b.value - a.value
            for q in (("hu_mean",) if names.DENSITY.search(self.text) else ("axial_long_axis", "volume_voxel"))
            if (a := old.quantity(q)) is not None and (b := new.quantity(q)) is not None
        ]
        return same and bool(steps) and any(s > 0 if name == "larger" else s < 0 for s in steps)

    def _told(self, name: str) -> bool:
        """Return whether a cited text says it. A comparison's own text tells how it was made, not what came of it.

        A guideline's text speaks of nodules like this one, never of a lesion of this case, nor of a scan before.
        """
        alone = change.of_the_case(name, self.rest)
        texts = tuple(
            e for e in self.support.cited if e.kind != "comparison" and not (alone and e.kind in ("passage", "category", "search", "scan"))
        )
        return Support(texts, texts).holds("comparisons", name)


def _contrast(item: Evidence) -> bool:
    return item.kind == "scan" and item.inputs.get("contrast") is True


def _nouns(text: str) -> set[str]:
    found = set()
    if re.search(r"\bmass(?:es)?\b|肿块", text, re.IGNORECASE):
        found.add("mass")
    return found
