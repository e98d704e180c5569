"""What the reader states about the patient or a lesion, read from one message in English or Chinese.

Deterministic and careful: a question, a request, a hypothesis, a quotation or somebody else's letter (`letter`)
states nothing, and what is not clear is not taken. Knows nothing of a case: which fields were asked for and which
lesion is meant are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.stated import criteria
from agent.stated import words as said
from agent.stated.letter import own_words
from agent.stated.nodes import nodes_of
from agent.stated.packs import pack_years_of
from agent.stated.prior import interval_of, targets_of

_MAX_READ = 20_000
"""Characters of a message that are read; more than anybody types."""
_MAX_WORDS = 200
"""Longest quotation of the reader's own words that is kept."""
_MAX_AGE, _MAX_PACK_YEARS, _MAX_PRIOR_MM = 120.0, 300.0, 500.0


@dataclass(frozen=True)
class Statement:
    """One fact the reader stated.

    Attributes:
        field: ``setting age sex smoking pack_years risk known_cancer cancer_text immunosuppressed nodule_type lobe
            modality body_part count prior_size solid_component perifissural family_history emphysema fibrosis
            asbestos prior_interval targets lymph_node``, and those of `criteria`.
        value: text, number or truth; lengths in mm.
        words: the reader's own words.
        unit: UCUM code where the value is a number.
        lesion: the lesion's number where it is about one.
    """

    field: str
    value: str | float | bool
    words: str
    unit: str = ""
    lesion: int | None = None


_EDGES = " \t\r.!?。;-*•()\n"
_MEMBER_WORDS = 5
"""Words of one member of a list; more is a clause of its own."""


@dataclass(frozen=True)
class _Clause:
    text: str
    """Lower case, full-width signs made plain."""
    words: str
    lesion: int | None


def read_statements(text: str, *, asked: Sequence[str] = (), lesion: int | None = None) -> list[Statement]:
    """Return what a message states, in the order of its words; of two on one field the later one.

    Args:
        text: what the reader typed.
        asked: names of the inputs last asked for; a bare "no" or "58" is only an answer to one of these.
        lesion: the lesion in focus, which "it" means.
    """
    text = own_words(text[:_MAX_READ])
    found: dict[tuple[str, int | None], Statement] = {}
    clauses = list(_clauses(text, lesion))
    for clause in clauses:
        for statement in _read(clause, asked):
            found.pop((statement.field, statement.lesion), None)
            found[statement.field, statement.lesion] = statement
    if not any(s.field == "age" for s in found.values()) and ("age" in asked or found):
        for clause in clauses:
            age = said.BARE_AGE.match(clause.text)
            if age and 0 <= float(age[1]) <= _MAX_AGE and (len(clauses) > 1 or "age" in asked):
                found["age", None] = Statement("age", float(age[1]), clause.words, "a")
                break
    packs = pack_years_of(text) if ("pack_years", None) not in found else None
    if packs is not None and packs[0] <= _MAX_PACK_YEARS:
        found["pack_years", None] = Statement("pack_years", packs[0], packs[1][:_MAX_WORDS], "{pack-years}")
    for name, value, words, unit in (*interval_of(text[:_MAX_READ]), *targets_of(text[:_MAX_READ])):
        found[name, None] = Statement(name, value, words[:_MAX_WORDS], unit)
    for number, is_node, words in nodes_of(text[:_MAX_READ], lesion):
        found["lymph_node", number] = Statement("lymph_node", is_node, words[:_MAX_WORDS], lesion=number)
    return list(found.values())


def _clauses(text: str, lesion: int | None) -> Iterator[_Clause]:
    """Yield the clauses that state something: no question, request, hypothesis or quotation."""
    raw = text[:_MAX_READ]
    plain = raw.translate(said.WIDE).lower()
    if len(plain) != len(raw):  # a rare capital grows when lowered; then positions would not match
        raw = plain
    plain = said.QUOTED.sub(lambda m: " " * len(m[0]), plain)
    for sentence in said.SENTENCE.finditer(plain):
        body = sentence[0]
        tag = said.TAG.search(body)
        parts = [(m.start(), m[0]) for m in said.CLAUSE.finditer(body[: tag.start()] if tag else body)]
        asking = body.rstrip().endswith("?") and not tag
        if asking and parts and said.ASKS.search(parts[0][1].strip()):
            continue
        denial = ""
        for number, (start, part) in enumerate(parts):
            last = number == len(parts) - 1
            start, part = _past_label(start, part)
            trimmed = part.strip(_EDGES)
            listed = said.LISTED_NO.match(trimmed)
            if listed:
                denial = next(g for g in listed.groups() if g)
            elif denial and not _carries(denial, [p for _, p in parts[number:]], body[start - 1 : start]):
                denial = ""
            if not trimmed or (asking and last) or _no_statement(trimmed):
                continue
            at = sentence.start() + start
            words = raw[at : at + len(part)].strip(_EDGES + "\uff01\uff1f\uff1b")[:_MAX_WORDS]
            named = said.LESION_NAMED.search(trimmed)
            which = int(next(g for g in named.groups() if g)) if named else lesion
            if denial and not listed:
                trimmed = f"{denial} {trimmed}" if denial.isascii() else f"{denial}{trimmed}"
            for joined in _and_split(trimmed, words):
                yield _Clause(joined[0], joined[1], which)


def _no_statement(text: str) -> bool:
    """Return whether a clause asks, orders, or speaks of a rule."""
    return any(pattern.search(text) is not None for pattern in (said.ASKS, said.ORDERS, said.RULES))


def _past_label(start: int, part: str) -> tuple[int, str]:
    """Return a clause and its place without what orders before it: "Note: 62-year-old", "measure it and she is 62"."""
    for cut in (":", said.THEN_STATES):
        if isinstance(cut, str):
            label, found, rest = part.partition(cut)
            length = len(label) + len(found)
        else:
            joined = cut.search(part)
            label, length = (part[: joined.start()], joined.end()) if joined else (part, len(part))
            rest = part[length:]
        if rest.strip() and _no_statement(label.strip(_EDGES)):
            start, part = start + length, rest
    return start, part


def _carries(denial: str, rest: Sequence[str], joint: str) -> bool:
    """Return whether a negation at the head of a list still reaches its next member, ``rest[0]``."""
    member = rest[0].strip(_EDGES)
    if said.OWN_WORD.match(member) or len(member.split()) > _MEMBER_WORDS:
        return False
    if not denial.isascii():
        return joint == "、"
    return any(re.search(r"\bn?or\b", part) for part in rest)


def _and_split(text: str, words: str) -> Iterator[tuple[str, str]]:
    """Split at "and"/"but", so that a "no" reaches only its own half."""
    if len(text) != len(words) or re.search(said.OTHERS, text):  # "his father smoked and died at 75" is all about one
        yield text, words
        return
    start = 0
    for found in re.finditer(r"\s+(?:and|but)\s+|[但且](?=无|没|有|不|免疫)", text):
        if found.start() > start:
            yield text[start : found.start()], words[start : found.start()]
        start = found.end()
    yield text[start:], words[start:]


def _read(clause: _Clause, asked: Sequence[str]) -> Iterator[Statement]:
    """Yield every statement of one clause."""
    text, words = clause.text, clause.words
    yield from _answers(text, words, asked, clause.lesion)
    seen: set[str] = set()
    for name, value, pattern in said.PLAIN:
        hit = re.search(pattern, text, re.ASCII)
        if not hit or name in seen or (name in said.OF_PATIENT and _of_another(text, hit.start())):
            continue
        denied = _denied(text, hit.start())
        unsure = re.search(said.UNSURE, text) is not None and name != "setting" and name != "risk"
        if name == "setting" and value == "screening" and re.search(r"screening (?:guideline|criteria|age)|指南", text):
            continue
        if unsure or (denied and name not in said.NEGATABLE):
            continue
        seen.add(name)
        which = clause.lesion if name in said.OF_LESION else None
        yield Statement(name, not denied if name in said.NEGATABLE else value, words, lesion=which)
    yield from _cancer(text, words)
    yield from _immunity(text, words)
    yield from _numbers(text, words, clause.lesion, asked)
    yield from _places(text, words, clause.lesion)
    for told, what, unit in criteria.read(text, asked):
        yield Statement(told, what, words, unit, clause.lesion if told in criteria.OF_LESION else None)


def _denied(text: str, at: int) -> bool:
    """Return whether a negation reaches what stands at a place: right before it, or through "or"."""
    reach = r"(?:[^,]{0,10}|[^,]*\bn?or\s+(?:[\w-]+\s+){0,2}|[^,但有]*[或和及与、][^,]{0,4})$"
    return re.search(rf"(?:{said.NO}){reach}", text[max(0, at - said.REACH) : at]) is not None


def _of_another(text: str, at: int) -> bool:
    """Return whether somebody else was named before a place."""
    return re.search(said.OTHERS, text[:at]) is not None


def _immunity(text: str, words: str) -> Iterator[Statement]:
    hit = said.SUPPRESSED.search(text)
    if re.search(said.UNSURE, text) or (hit and _of_another(text, hit.start())):
        return
    if said.COMPETENT.search(text):
        yield Statement("immunosuppressed", False, words)
    elif hit and not _denied(text, hit.start()):
        yield Statement("immunosuppressed", True, words)
    elif hit and re.match(r"immuno|免疫", hit[0]):  # "not on chemotherapy" says nothing of immunity, this does
        yield Statement("immunosuppressed", False, words)


def _cancer(text: str, words: str) -> Iterator[Statement]:
    kin = re.search(said.KIN, text)
    cancer = re.search(rf"{said.CANCER}|{said.CANCER_ZH}", text)
    if kin and (cancer or "family history" in text or "家族史" in text):
        denied = re.search(said.NO, text[: kin.start()]) is not None
        yield Statement("family_history", not denied, words)
        return
    if not cancer or re.search(said.UNSURE, text):
        return
    if said.NO_CANCER.search(text):
        yield Statement("known_cancer", False, words)
        return
    if re.search(said.NO, text[: cancer.start()]) or re.search(r"recurren|free|良性|benign", text):
        return
    if said.HAD_CANCER.search(text) or said.HAD_CANCER_ZH.search(text):
        yield Statement("known_cancer", True, words)
        yield Statement("cancer_text", words, words)


def _numbers(text: str, words: str, lesion: int | None, asked: Sequence[str]) -> Iterator[Statement]:
    for found in said.AGE.finditer(text):
        age = float(next(g for g in found.groups() if g))
        another = re.search(r"(?:\bnot|不是)\s*$", text[: found.start()]) or _of_another(text, found.start())
        if 0 <= age <= _MAX_AGE and not another:
            yield Statement("age", age, words, "a")
            break
    years = None
    if found_years := said.PACK_YEARS.search(text):
        years = float(found_years[1])
    elif found_packs := said.PACKS.search(text):
        packs = found_packs[1] or found_packs[2]
        years = (said.PACK_WORDS.get(packs) or float(packs)) * float(found_packs[3])
    if years is not None and years <= _MAX_PACK_YEARS and not re.search(said.OTHERS, text):
        yield Statement("pack_years", years, words, "{pack-years}")
    size = said.SIZE.search(text)
    value = float(size[1]) * (10.0 if size[2][0] in "c厘" else 1.0) if size else 0.0
    if not 0 < value <= _MAX_PRIOR_MM:
        return
    if said.BEFORE.search(text):
        yield Statement("prior_size", round(value, 3), words, "mm", lesion)
    elif said.SOLID_PART.search(text) or ("solid_component_mm" in asked and said.BARE_SIZE.match(text)):
        yield Statement("solid_component", round(value, 3), words, "mm", lesion)


def _places(text: str, words: str, lesion: int | None) -> Iterator[Statement]:
    named = [name for name, pattern in said.LOBES.items() if re.search(pattern, text, re.ASCII)]
    if len(named) == 1 and not re.search(rf"{said.NO}|{said.UNSURE}", text):
        yield Statement("lobe", named[0], words, lesion=lesion)
    if said.THIS_IS.search(text) and not re.search(said.NO, text):
        kind = next((name for name, pattern in said.MODALITIES.items() if re.search(pattern, text, re.ASCII)), None)
        if kind is not None:
            yield Statement("modality", kind, words)
            part = next((name for name, pattern in said.BODY.items() if re.search(pattern, text, re.ASCII)), None)
            if part is not None:
                yield Statement("body_part", part, words)


def _answers(text: str, words: str, asked: Sequence[str], lesion: int | None) -> Iterator[Statement]:
    """Yield what a bare word says when one thing was asked, or "neither" when several were."""
    truths = [name for name in asked if name in said.TRUTHS or name in criteria.TRUTHS]
    if len(asked) == 1 and truths and (said.YES.match(text) or said.NAY.match(text)):
        yield Statement(truths[0], bool(said.YES.match(text)), words)
    elif said.NEITHER.match(text):
        yield from (Statement(name, False, words) for name in truths)
    elif "risk" in asked and (level := re.match(r"^(?:it's |is )?(low|high|低|高)(?:危|风险)?$", text)):
        yield Statement("risk", "high" if level[1] in ("high", "高") else "low", words)
    elif "count" in asked and re.match(r"^(?:just |only )?(?:one|1|一个|1个)$", text):
        yield Statement("count", "single", words)
