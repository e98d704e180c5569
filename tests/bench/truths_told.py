"""True clauses in the forms that `alterations_told` makes false ones of: what a checker has to let pass.

Right numbers in brackets, in words, in Markdown, between two languages and behind full-width marks; the right lesion,
time and side in other orders of words; a passage's row told with its answer first, or inside a sentence. Written
without the checker's tables; nothing here uses its code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import alterations_rows
import truths_passages
from alterations_told import Case, chinese, english
from truths import Said

from tools.evidence import Evidence

_ZH = {"right": "右", "left": "左", "upper": "上", "middle": "中", "lower": "下"}
_SPELLED = {"en": "zero one two three four five six seven eight nine".split(), "zh": list("零一二三四五六七八九")}
_LEAST = 0.7
"""Two lengths closer than this, in mm, are not told as different."""

OF_A_LESION = {
    "en": ("Lesion {n} ({a} mm) was outlined [{m}].", "Lesion {n}: {a}mm [{m}].", "Lesion {n} is {words} millimetres long [{m}].", "Lesion {n} measures **{a} mm** [{m}].",
           "Measuring {a} mm by {b} mm, lesion {n} was outlined [{m}].", "At {a} mm, lesion {n} has a volume of {v} mm³ [{m}].", "Lesion {n} measures {a}×{b} mm [{m}].",
           "Lesion {n} measures {a} mm (long axis) and {b} mm (short axis) [{m}].", "A long axis of {a} mm was measured for lesion {n} [{m}].",
           "Lesion {n} 长径 {a} mm [{m}].", "- Lesion {n}: long axis {a} mm, short axis {b} mm [{m}].", "Lesion {n} is {cm} cm long [{m}].",
           "Lesion {n}, {a} mm in long axis and {b} mm in short axis [{m}].", "In lesion {n} the mean attenuation is {hu} HU [{m}]."),
    "zh": ("病灶{n}({a} mm)已勾画 [{m}]。", "病灶{n}\uff08{a} mm\uff09已勾画 [{m}]。", "病灶{n}长径\uff1a{a} mm\uff0c短径\uff1a{b} mm [{m}]。", "病灶{n}长径{zwords}毫米 [{m}]。",
           "病灶{n}长径**{a} mm** [{m}]。", "病灶{n}测得长径{a}毫米\uff1b体积{v}立方毫米 [{m}]。", "病灶{n}\uff1a{a}×{b} mm [{m}]。", "长径{a} mm的病灶{n} [{m}]。",
           "Lesion {n}长径{a} mm [{m}]。", "病灶{n}的大小为{a} mm×{b} mm [{m}]。", "病灶{n}长径为{cm} cm [{m}]。", "病灶{n}\uff0c长径{a} mm\uff0c平均CT值{hu} HU [{m}]。"),
}  # fmt: skip
WITH_A_PLACE = {
    "en": ("In the {side} lung, lesion {n} measures {a} mm [{m}, {k}].", "Lesion {n} ({side} lung): {a} mm [{m}, {k}].", "On the {side}, lesion {n} [{k}].",
           "The {side} lung holds lesion {n} [{k}].", "Lesion {n} 位于{zside}肺 [{k}]."),
    "zh": ("{zside}肺病灶{n}长径{a} mm [{m}, {k}]。", "病灶{n}\uff08{zside}肺\uff09\uff1a{a} mm [{m}, {k}]。", "{zside}肺可见病灶{n} [{k}]。", "病灶{n}\uff0c位于{zside}肺 [{k}]。"),
}  # fmt: skip
OF_TWO = {
    "en": ("Lesion {big} is larger than lesion {small} [{e}, {f}].", "Lesion {small} is smaller than lesion {big} [{e}, {f}].", "The larger of the two is lesion {big} [{e}, {f}].",
           "Lesion {n} measures {x} mm and lesion {o} measures {y} mm [{e}, {f}].", "Lesions {n} and {o} measure {x} mm and {y} mm [{e}, {f}].",
           "Lesion {n} is {x} mm long; lesion {o}, {y} mm [{e}, {f}]."),
    "zh": ("病灶{big}大于病灶{small} [{e}, {f}]。", "病灶{small}小于病灶{big} [{e}, {f}]。", "较大者为病灶{big} [{e}, {f}]。", "病灶{n}长径{x} mm\uff0c病灶{o}长径{y} mm [{e}, {f}]。",
           "病灶{n}和病灶{o}长径分别为{x} mm和{y} mm [{e}, {f}]。"),
}  # fmt: skip
OF_TWO_TIMES = {
    "en": ("Lesion {n} was {then} mm before and is {now} mm now [{e}].", "On the prior scan lesion {n} measured {then} mm [{e}].", "Currently {now} mm, lesion {n} was {then} mm previously [{e}].",
           "Lesion {n} is {now} mm today, previously {then} mm [{e}].", "Lesion {n}: {then} mm then, {now} mm now [{e}]."),
    "zh": ("病灶{n}此前{then} mm\uff0c目前{now} mm [{e}]。", "前片病灶{n}长径{then} mm [{e}]。", "病灶{n}现{now} mm\uff0c原{then} mm [{e}]。"),
}  # fmt: skip


def cases_of(said: Iterable[Said]) -> list[Case]:
    """Return the made cases behind true clauses, each once."""
    found = {id(s.evidence): Case(s.evidence, s.current, s.language) for s in said if s.source == "own"}
    return list(found.values())


def rows(home: Path) -> Iterator[tuple[str, str, str, Evidence]]:
    """Yield every passage's rows in these ways: text, the answer in it, language, the passage's evidence."""
    for cited in truths_passages.cited(home):
        for condition, answer in alterations_rows.rows(cited.evidence.text, cited.language):
            if not is_told_of_a_response(condition + answer):
                for text in of_a_row(condition, answer, cited.name, cited.language):
                    yield text, answer, cited.language, cited.evidence


def true(case: Case) -> Iterator[str]:
    """Yield clauses that are true of a case."""
    lesions = case.lesions()
    for number, measured, mask in lesions:
        words = _words(number, measured, mask)
        yield from (form.format(**words) for form in OF_A_LESION[case.language])
        if mask.inputs.get("side") in _ZH:
            yield from (form.format(**words) for form in WITH_A_PLACE[case.language])
    for (n, a, _), (o, b, _) in pairwise(lesions):
        x, y = _value(a, "axial_long_axis"), _value(b, "axial_long_axis")
        small, big = (n, o) if x < y else (o, n)
        apart = abs(x - y) >= _LEAST
        told = {"n": n, "o": o, "x": f"{x:.1f}", "y": f"{y:.1f}", "e": a.id, "f": b.id, "small": small, "big": big}
        yield from (form.format(**told) for form in OF_TWO[case.language] if apart or "{big}" not in form)
    for pair in case.pairs():
        if isinstance(pair.inputs.get("lesion"), int):
            now, then = _value(pair, "current_axial_long_axis"), _value(pair, "prior_axial_long_axis")
            told = {"n": pair.inputs["lesion"], "now": f"{now:.1f}", "then": f"{then:.1f}", "e": pair.id}
            yield from (form.format(**told) for form in OF_TWO_TIMES[case.language])


def of_a_row(condition: str, answer: str, name: str, language: str) -> tuple[str, ...]:
    """Return a row of a passage in the ways people tell it: inside a sentence, its answer first, as a list item."""
    low = condition[0].lower() + condition[1:] if condition[1:2].islower() else condition
    if language == "zh":
        return (f"{name}建议\uff1a{condition}者\uff0c{answer}", f"{answer}\uff08{name}\uff0c{condition}\uff09", f"根据{name}\uff0c{condition}\uff0c{answer}")
    return (f"{name} advises, {low}, {answer}", f"{answer[0].upper() + answer[1:]} ({name}, {low})", f"According to {name}: {low} - {answer}")


def _words(number: int, measured: Evidence, mask: Evidence) -> dict[str, object]:
    held = {q.name: q.value for q in measured.quantities}
    side = str(mask.inputs.get("side") or "")
    long = f"{held['axial_long_axis']:.1f}"
    return {
        "n": number, "m": measured.id, "k": mask.id, "a": long, "b": f"{held['axial_short_axis']:.1f}", "v": f"{held['volume_voxel']:.0f}",
        "cm": f"{held['axial_long_axis'] / 10:.1f}", "hu": f"{held.get('hu_mean', 0.0):.0f}", "words": _spelled(long, "en"), "zwords": _spelled(long, "zh"),
        "side": side, "zside": _ZH.get(side, ""),
    }  # fmt: skip


def _spelled(number: str, language: str) -> str:
    whole, _, rest = number.partition(".")
    digits = [_SPELLED[language][int(c)] for c in rest]
    if language == "zh":
        return chinese(int(whole)) + "点" + "".join(digits)
    return f"{english(int(whole))} point {' '.join(digits)}"


def _value(item: Evidence, name: str) -> float:
    quantity = item.quantity(name)
    assert quantity is not None
    return quantity.value


def is_told_of_a_response(text: str) -> bool:
    """Return whether a row names a response: never told in other words than the guideline's own."""
    return re.search(r"\b(?:response|disease)\b|缓解|进展|稳定", text) is not None
