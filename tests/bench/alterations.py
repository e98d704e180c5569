"""True clauses made false, one way at a time: what a checker has to catch.

Nothing here uses the checker's code: words, numbers and units are found by this file's own, cruder patterns. Numbers
and places written otherwise are in `alterations_forms`, rows of a passage put together falsely in `alterations_rows`.
Where the true clauses come from is told in `truths`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

import alterations_forms as forms
import alterations_rows
from truths import Said, cases

from tools.evidence import Evidence

__all__ = ["Altered", "Said", "alter", "cases"]


@dataclass(frozen=True)
class Altered:
    """A clause made false in one way."""

    kind: str
    text: str
    of: Said


_UNIT = r"mm³|mm²|mm|cm|HU|ml|%|years?|days?|months?|毫米|厘米|岁|个月|天"
_NUMBER = re.compile(rf"(?<![\w.\[{{-])-?\d+(?:\.\d+)?(?=\s?-?(?:{_UNIT})(?![A-Za-z]))|(?<= )\d+\.\d+(?= [x×] )")
_OTHER_UNIT = {"mm³": "ml", "mm²": "cm²", "mm": "cm", "cm": "mm", "HU": "mm", "ml": "mm³", "毫米": "厘米", "厘米": "毫米",
               "years": "months", "year": "month", "months": "days", "month": "week", "岁": "个月", "个月": "天"}  # fmt: skip
_SWAP = (("right", "left"), ("左", "右"))
_ZONES = (("upper third", "lower third"), ("lower third", "upper third"), ("middle third", "upper third"),
          ("上三分之一", "下三分之一"), ("下三分之一", "上三分之一"), ("中三分之一", "上三分之一"))  # fmt: skip
_POLARITY = (("never smoked", "has smoked for years"), ("never smoker", "smoker"), ("no known cancer", "known cancer"),
             ("No known cancer", "Known cancer"), ("not immunosuppressed", "immunosuppressed"),
             ("immunocompetent", "immunosuppressed"), ("无肿瘤病史", "有肿瘤病史"), ("免疫功能正常", "免疫抑制"),
             ("无免疫抑制", "免疫抑制"), ("从不吸烟", "长期吸烟"))  # fmt: skip
_QUALIFIED = {"en": ("spiculated", "calcified", "ground-glass", "cavitary", "lobulated", "part-solid"),
              "zh": ("有毛刺的", "钙化的", "磨玻璃", "有空洞的", "分叶状")}  # fmt: skip
_COMPARED = {"en": ("larger than before", "smaller than before", "unchanged", "new since the last scan", "stable"),
             "zh": ("较前增大", "较前缩小", "稳定", "为新发")}  # fmt: skip
_FOUND = {"en": ("with a small pleural effusion", "with emphysema", "with enlarged lymph nodes",
                 "beside a rib fracture", "with consolidation"),
          "zh": ("伴少量胸腔积液", "伴肺气肿", "伴淋巴结肿大", "伴肋骨骨折")}  # fmt: skip
_DATED = {"en": ("as on 2023-05-14", "compared with 2022-11-02"), "zh": ("见于2023-05-14", "与2022-11-02相比")}
_ENDING = re.compile(r"\s*(\[E[^\]]*\])?\s*([.。])\s*$")


def alter(true: Said, rng: random.Random) -> Iterator[Altered]:
    """Yield a clause made false in every way that fits it."""
    text, language = true.text, true.language
    for match in _NUMBER.finditer(text):
        yield Altered("number", text[: match.start()] + _other(match[0], rng) + text[match.end() :], true)
        unit = re.compile(rf"\s?(?:{_UNIT})").match(text, match.end())
        if float(match[0]) == 0.0:
            continue  # nothing is nothing in any unit
        other = _OTHER_UNIT.get(unit[0].strip()) if unit else None
        if unit and other:
            yield Altered("unit", text[: unit.start()] + " " + other + text[unit.end() :], true)
    for a, b in _SWAP:
        if (a in text) != (b in text) and not re.search(r"stated|陈述|“", text):
            swapped = text.replace(a, b) if a in text else text.replace(b, a)
            yield Altered("side", swapped, true)
    for kind, pairs in (("zone", _ZONES), ("polarity", _POLARITY)):
        for a, b in pairs:
            if a in text:
                yield Altered(kind, text.replace(a, b, 1), true)
                break
    for kind, said in _written_otherwise(text, language, rng):
        yield Altered(kind, said, true)
    if true.source.startswith("passage"):
        yield from _of_a_passage(true, rng)
        return
    yield from _added(true, rng)
    yield from _cited_otherwise(true, rng)
    named = re.search(r"(?:[Ll]esion|[Nn]odule|病灶|结节) ?(\d+)", text)
    if named:
        word = rng.choice([w for w in _QUALIFIED[language] if w not in text])
        gap = " " if language == "en" else ""
        yield Altered("qualifier", text[: named.start()] + word + gap + text[named.start() :], true)


def _written_otherwise(text: str, language: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield kind and text of numbers and places made false and written in another form."""
    found = list(forms.marks(text))
    if found:
        at = rng.choice(found)
        yield from forms.numbers(text, language, _other(at[1], rng), at, rng)
    yield from forms.places(text, language, rng)
    for said in forms.denied(text, language):
        yield "denied", said


def _of_a_passage(true: Said, rng: random.Random) -> Iterator[Altered]:
    """Yield the false rows of a passage, once: from the first of its sentences."""
    cited = re.search(r"\[(E\d+)\]", true.text)
    if cited is None or true.source != "passage, first":
        return
    item = true.evidence[cited[1]]
    name = f"{item.inputs['guideline']} {item.inputs['edition']}"
    for kind, said in alterations_rows.swapped(item.text, true.language, name, rng):
        yield Altered(kind, f"{said} [{item.id}]" + (". " if true.language == "en" else "。").strip(), true)


def _added(true: Said, rng: random.Random) -> Iterator[Altered]:
    """Add a comparison, a date or a finding to what is said of a lesion."""
    end = _ENDING.search(true.text)
    about = re.search(r"[Ll]esion|[Nn]odule|病灶|结节", true.text)
    if end is None or about is None or true.text.rstrip(" .。").endswith(("?", "?")):
        return
    comma = ", " if true.language == "en" else ","
    told = " ".join(e.text for e in true.evidence.values()).lower()
    for kind, words in (
        ("comparison", _not_true(true)), ("comparison in other words", _not_true_otherwise(true)), ("finding", _FOUND[true.language]),
        ("date", _DATED[true.language]), ("date form", forms.DATES[true.language]),
    ):  # fmt: skip
        false = [w for w in words if not any(f in w and f in told for f in ("emphysema", "肺气肿"))]
        if not false:
            continue
        said = rng.choice(false)
        yield Altered(kind, true.text[: end.start()] + comma + said + " " + (end[1] or "") + end[2], true)


def _not_true(true: Said) -> tuple[str, ...]:
    """Return words of comparison that are false of what is cited: where it holds a pair, the opposite of its change."""
    cited = [true.evidence[n] for n in re.findall(r"E\d+", true.text) if n in true.evidence]
    changes = [q.value for e in cited if e.kind == "comparison" for q in e.quantities if q.name == "change_axial_long_axis"]
    if not any(e.kind == "comparison" for e in cited):
        return _COMPARED[true.language]
    if not changes or len(changes) > 1:
        return ()
    larger, smaller = _COMPARED[true.language][:2]
    return (larger,) if changes[0] < 0 else (smaller,) if changes[0] > 0 else (larger, smaller)


def _not_true_otherwise(true: Said) -> tuple[str, ...]:
    """The same in other words."""
    ways = forms.CHANGES[true.language]
    plain = _not_true(true)
    if len(plain) > 2:
        return tuple(w for words in ways.values() for w in words)
    larger = _COMPARED[true.language][0]
    return tuple(w for said in plain for w in ways["larger" if said == larger else "smaller"])


def _held(item: Evidence) -> list[tuple[str, float]]:
    return [(q.name, round(q.value, 2)) for q in item.quantities]


def _tells_the_same(text: str, first: Evidence, other: Evidence) -> bool:
    """Return whether every quantity whose number a clause may tell is, as shown, the same in another lesion's evidence."""
    if _held(first) == _held(other):
        return True
    told = {float(n) for n in re.findall(r"\d+(?:\.\d+)?", text)}
    shown = {round(v, d) for _, v in _held(first) for d in (0, 1, 2)} | {round(v / s, 2) for _, v in _held(first) for s in (10, 1000)}
    theirs = {round(v, d) for _, v in _held(other) for d in (0, 1, 2)} | {round(v / s, 2) for _, v in _held(other) for s in (10, 1000)}
    return bool(told & shown) and told & shown <= theirs


def _cited_otherwise(true: Said, rng: random.Random) -> Iterator[Altered]:
    """Cite another lesion's evidence of the same kind, or what the reader stated, in place of what carries it."""
    names = re.findall(r"E\d+", true.text)
    first = true.evidence.get(names[0]) if names else None
    if first is None or not re.search(r"\d(?:\.\d)? ?(?:mm|HU|cm|毫米|厘米)|lung|肺", true.text):
        return
    lesion = first.inputs.get("lesion")
    named = re.search(r"(?:[Ll]esion|[Nn]odule|病灶|结节) ?\d+", true.text)
    if not named and first.kind == "comparison":
        return  # a reason that holds for every pair
    others = [
        e.id for e in true.evidence.values()
        if e.id in true.current and e.kind == first.kind and e.inputs.get("lesion") not in (None, lesion)
        and (named or not _tells_the_same(true.text, first, e))
    ]  # fmt: skip
    if lesion is not None and others:
        swapped = rng.choice(others)
        yield Altered("citation", re.sub(rf"\b{names[0]}\b", swapped, true.text), true)


def _other(number: str, rng: random.Random) -> str:
    """Return another number of the same form, near or far."""
    decimals = len(number.partition(".")[2])
    value, step = float(number), 10.0**-decimals
    while True:
        way = rng.randrange(4)
        new = value + step * rng.choice((-3, -2, 2, 3)) if way == 0 else value * rng.choice((0.5, 1.3, 2.0, 10.0))
        if way == 3 and len(number) > 1:
            new = float(number[1] + number[0] + number[2:]) if number[1].isdigit() and number[0].isdigit() else new
        said = f"{new:.{decimals}f}"
        if said != number and not said.startswith("0" * 2):
            return said
