"""True clauses of made cases, and the same clauses made false: what a checker has to catch, and what it must let pass.

Nothing here uses the checker's code: words, numbers and units are found by this file's own, cruder patterns. A true
clause comes from a report, from the planner, or from this file's own sentences over recorded evidence.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent import Clause, Session, Workspace
from tools.evidence import Evidence
from tools.phantom import Sphere, chest_phantom

SPACING = (1.4, 1.4, 2.5)
CASES: tuple[tuple[tuple[Sphere, ...], str, str], ...] = (
    ((Sphere((80.0, 10.0, 60.0), 16.0), Sphere((-85.0, -20.0, -50.0), 9.0), Sphere((75.0, 15.0, -45.0), 12.0)),
     "Incidental, 62, never smoked, no known cancer, immunocompetent. Lesion 1 is a solid nodule.",
     "偶然发现,62岁,从不吸烟,无肿瘤病史,免疫功能正常。病灶1为实性结节。"),
    ((Sphere((-80.0, 12.0, 55.0), 20.0), Sphere((82.0, -10.0, 0.0), 11.0)),
     "Incidental on a trauma CT, 71 years old, smoker, no known cancer, not immunosuppressed. Lesion 1 is part-solid.",
     "偶然发现,71岁,吸烟,无肿瘤病史,无免疫抑制。病灶1为部分实性结节。"),
)  # fmt: skip
ASKED = {
    "en": ("measure lesion 1", "rate lesion 1", "what did you find so far?", "where is lesion 2?",
           "what follow-up for lesion 1?", "which threshold did you use?", "what do you know about the patient?",
           "list all measurements", "what is the volume of lesion 2?"),
    "zh": ("测量病灶1", "给病灶2评分", "目前发现了什么?", "病灶2在哪里?", "病灶1怎么随访?", "患者信息有哪些?", "列出测量结果"),
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """A clause that is true of its evidence. `strict`: it stands in a report."""

    text: str
    language: str
    source: str
    evidence: Mapping[str, Evidence]
    current: frozenset[str]
    strict: bool = False


@dataclass(frozen=True)
class Altered:
    """A clause made false in one way."""

    kind: str
    text: str
    of: Said


def cases(home: Path) -> Iterator[Said]:
    """Yield true clauses of made cases in both languages."""
    workspace = Workspace.open(_settings(home))
    try:
        for spheres, english, chinese in CASES:
            for language, stated in (("en", english), ("zh", chinese)):
                yield from _case(workspace, spheres, stated, language)
    finally:
        workspace.close()


def _settings(home: Path) -> Any:
    from agent import Settings

    return Settings(home=home)


def _case(workspace: Workspace, spheres: tuple[Sphere, ...], stated: str, language: str) -> Iterator[Said]:
    scan, masks = chest_phantom(spheres, spacing=SPACING)
    session = Session.open(scan, workspace=workspace)
    for number, mask in enumerate(masks, start=1):
        session.load_drawn(mask, number=number)
        session.call("measure", lesion=number)
    for text in (stated, *ASKED[language]):
        said = [e.text for e in session.ask(text) if isinstance(e, Clause)]
        record = session.record
        for clause in said:
            if re.search(r"\[E\d+", clause):
                yield Said(clause, language, "planner", record.by_id, record.current)
    session.call("write_report", language=language)
    record, report = session.record, session.report
    assert report is not None
    for section in report.sections:
        for statement in section.statements:
            if statement.cites and section.key != "provenance":
                yield Said(statement.text, language, "report", record.by_id, record.current, strict=True)
    for text in _own(record.by_id, record.current, language):
        yield Said(text, language, "own", record.by_id, record.current)


_OWN = {
    "en": ("Lesion {n} measures {a} x {b} mm [{m}].", "Lesion {n} is {a} mm long and {b} mm wide [{m}].",
           "The long axis of lesion {n} is {a} mm [{m}].", "The short axis of nodule {n} is {b} mm [{m}].",
           "Lesion {n}: volume {v} mm³ [{m}].", "The volume of lesion {n} is {ml} ml [{m}].",
           "Lesion {n} has a long axis of {cm} cm [{m}].", "Its mean attenuation is {hu} HU [{m}].",
           "Lesion {n} lies in the {side} lung [{k}].", "Lesion {n} is in the {third} third of the {side} lung [{k}].",
           "Nodule {n}, {side} lung, {third} third, measures {a} mm [{m}, {k}].",
           "Lesion {n} measures {a} mm [{m}] and lies in the {side} lung [{k}].",
           "The mean diameter of lesion {n} is {d} mm in the axial plane [{m}]."),
    "zh": ("病灶{n}大小为{a} × {b} mm [{m}]。", "病灶{n}长径{a} mm,短径{b} mm [{m}]。", "结节{n}的长径为{a}毫米 [{m}]。",
           "病灶{n}体积为{v} mm³ [{m}]。", "病灶{n}位于{zside}肺 [{k}]。", "病灶{n}位于{zside}肺{zthird}三分之一 [{k}]。",
           "病灶{n}平均CT值{hu} HU [{m}]。", "病灶{n},{zside}肺,长径{a} mm [{m}, {k}]。", "病灶{n}长径约{cm}厘米 [{m}]。",
           "病灶{n}平均直径{d} mm [{m}]。"),
}  # fmt: skip
_ZH = {"right": "右", "left": "左", "upper": "上", "middle": "中", "lower": "下"}


def _own(by_id: Mapping[str, Evidence], current: frozenset[str], language: str) -> Iterator[str]:
    masks = {e.inputs["lesion"]: e for e in by_id.values() if e.kind in ("mask", "drawn") and e.id in current}
    for item in by_id.values():
        if item.kind != "measurement" or item.id not in current:
            continue
        number, mask = item.inputs["lesion"], masks[item.inputs["lesion"]]
        value = {q.name: q.value for q in item.quantities}
        side, third = mask.inputs.get("side"), mask.inputs.get("third")
        words = {
            "n": number, "m": item.id, "k": mask.id, "side": side, "third": third, "zside": _ZH.get(str(side)),
            "zthird": _ZH.get(str(third)), "a": f"{value['axial_long_axis']:.1f}",
            "b": f"{value['axial_short_axis']:.1f}", "d": f"{value['mean_diameter']:.1f}",
            "v": f"{value['volume_voxel']:.0f}", "ml": f"{value['volume_voxel'] / 1000:.2f}",
            "cm": f"{value['axial_long_axis'] / 10:.2f}", "hu": f"{value['hu_mean']:.0f}",
        }  # fmt: skip
        for template in _OWN[language]:
            needs_side = "side" in template or "third" in template
            if not needs_side or (side and (third or "third" not in template)):
                yield template.format(**words)


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
    yield from _added(true, rng)
    yield from _cited_otherwise(true, rng)
    named = re.search(r"(?:[Ll]esion|[Nn]odule|病灶|结节) ?(\d+)", text)
    if named:
        word = rng.choice([w for w in _QUALIFIED[language] if w not in text])
        gap = " " if language == "en" else ""
        yield Altered("qualifier", text[: named.start()] + word + gap + text[named.start() :], true)


def _added(true: Said, rng: random.Random) -> Iterator[Altered]:
    """Add a comparison, a date or a finding to what is said of a lesion."""
    end = _ENDING.search(true.text)
    about = re.search(r"[Ll]esion|[Nn]odule|病灶|结节", true.text)
    if end is None or about is None or true.text.rstrip(" .。").endswith(("?", "?")):
        return
    comma = ", " if true.language == "en" else ","
    for kind, words in (("comparison", _COMPARED), ("date", _DATED), ("finding", _FOUND)):
        said = rng.choice(words[true.language])
        yield Altered(kind, true.text[: end.start()] + comma + said + " " + (end[1] or "") + end[2], true)


def _cited_otherwise(true: Said, rng: random.Random) -> Iterator[Altered]:
    """Cite another lesion's evidence of the same kind, or what the reader stated, in place of what carries it."""
    names = re.findall(r"E\d+", true.text)
    first = true.evidence.get(names[0]) if names else None
    if first is None or not re.search(r"\d(?:\.\d)? ?(?:mm|HU|cm|毫米|厘米)|lung|肺", true.text):
        return
    lesion = first.inputs.get("lesion")
    others = [
        e.id for e in true.evidence.values()
        if e.id in true.current and e.kind == first.kind and e.inputs.get("lesion") not in (None, lesion)
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
