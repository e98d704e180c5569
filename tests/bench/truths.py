"""True clauses of made cases, both languages: what a checker has to let pass.

They come from reports, from the planner's answers, and from this file's own sentences over recorded evidence. Nothing
here uses the checker's code. Half of the cases are chest phantoms measured by the shipped tools; the other half are
small made scans with a prior, so that comparisons, statements and every guideline's rows are told too. Beside them
stand sentences over guideline passages (`truths_passages`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import scripted
import steered
import truths_passages

from agent import Clause, Session, Settings, Workspace
from tools.evidence import Evidence
from tools.phantom import Sphere, chest_phantom

SPACING = (1.4, 1.4, 2.5)
PHANTOMS: tuple[tuple[tuple[Sphere, ...], str, str], ...] = (
    ((Sphere((80.0, 10.0, 60.0), 16.0), Sphere((-85.0, -20.0, -50.0), 9.0), Sphere((75.0, 15.0, -45.0), 12.0)),
     "Incidental, 62, never smoked, no known cancer, immunocompetent. Lesion 1 is a solid nodule.",
     "偶然发现,62岁,从不吸烟,无肿瘤病史,免疫功能正常。病灶1为实性结节。"),
    ((Sphere((-80.0, 12.0, 55.0), 20.0), Sphere((82.0, -10.0, 0.0), 11.0)),
     "Incidental on a trauma CT, 71 years old, smoker, no known cancer, not immunosuppressed. Lesion 1 is part-solid.",
     "偶然发现,71岁,吸烟,无肿瘤病史,无免疫抑制。病灶1为部分实性结节。"),
    ((Sphere((78.0, -12.0, -40.0), 7.0), Sphere((-82.0, 8.0, 40.0), 14.0)),
     "Screening CT, 58 years old, 30 pack-years, no known cancer. Lesion 1 is solid.",
     "筛查,58岁,30包年,无肿瘤病史。病灶1为实性结节。"),
)  # fmt: skip
PAIRS: tuple[tuple[float, float, dict[str, Any], str, str], ...] = (
    (8.0, 6.0, {}, "Incidental, 66, former smoker, no known cancer, immunocompetent. Lesion 1 is solid.",
     "偶然发现,66岁,已戒烟,无肿瘤病史,免疫功能正常。病灶1为实性结节。"),
    (6.0, 8.0, {}, "Incidental, 55, never smoked, no known cancer, immunocompetent. Lesion 1 is ground-glass.",
     "偶然发现,55岁,从不吸烟,无肿瘤病史,免疫功能正常。病灶1为磨玻璃结节。"),
    (8.0, 7.8, {}, "Screening, 61 years old, 40 pack-years, no known cancer. Lesion 1 is a solid nodule.",
     "筛查,61岁,40包年,无肿瘤病史。病灶1为实性结节。"),
    (8.0, 6.0, {"reasons": ("A slice interval is 5 mm: above 2.5 mm no growth and no doubling time is given.",)},
     "Targets are lesions 1 and 2. 70, smoker, known cancer: colon, 2021.", "靶病灶为1和2。70岁,吸烟,有肿瘤病史:结肠癌,2021年。"),
    (8.0, 6.5, {"alone": (2,)}, "Incidental, 48, no known cancer, immunocompetent, no smoking. Lesion 1 is part-solid.",
     "偶然发现,48岁,无肿瘤病史,免疫功能正常,不吸烟。病灶1为部分实性。"),
    (5.0, 5.0, {}, "Incidental, 75, smoker, no known cancer, immunosuppressed. Lesion 1 is solid.",
     "偶然发现,75岁,吸烟,无肿瘤病史,免疫抑制。病灶1为实性结节。"),
    (7.0, 4.5, {}, "Incidental, 59 years old, 25 pack-years, emphysema, no known cancer, immunocompetent. Lesion 1 is solid.",
     "偶然发现,59岁,25包年,肺气肿,无肿瘤病史,免疫功能正常。病灶1为实性结节。"),
)  # fmt: skip
"""Radius of the bigger ball now and before in mm, how the comparison is steered, and what is stated."""
ASKED = {
    "en": ("measure lesion 1", "rate lesion 1", "what did you find so far?", "where is lesion 2?",
           "what follow-up for lesion 1?", "which threshold did you use?", "what do you know about the patient?",
           "list all measurements", "what is the volume of lesion 2?", "Lung-RADS for lesion 1?", "apply BTS to lesion 1",
           "apply RECIST", "describe lesion 2", "where is lesion 1?", "measure lesion 2", "what follow-up for lesion 2?",
           "how is it managed if it is a ground-glass nodule over 6 mm?", "look up part-solid nodules in Fleischner",
           "how big was lesion 1 before?"),
    "zh": ("测量病灶1", "给病灶2评分", "目前发现了什么?", "病灶2在哪里?", "病灶1怎么随访?", "患者信息有哪些?", "列出测量结果",
           "病灶1的Lung-RADS分类?", "用BTS评估病灶1", "用RECIST评估", "介绍一下病灶2", "病灶1在哪里?", "测量病灶2",
           "病灶2怎么随访?", "用的什么阈值?", "查一下部分实性结节的指南", "病灶1之前多大?", "病灶2体积多少?"),
}  # fmt: skip
ASKED_OF_A_PAIR = {
    "en": ("compare with the prior", "is lesion 1 growing?", "doubling time of lesion 1?", "sum of the targets?",
           "what has changed?"),
    "zh": ("与前片对比", "病灶1长大了吗?", "病灶1的倍增时间?", "靶病灶长径之和?", "有什么变化?"),
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


def cases(home: Path) -> Iterator[Said]:
    """Yield true clauses of made cases, each once."""
    said: set[tuple[str, str]] = set()
    for number, clause in _every(home):
        if (number, clause.text) not in said:
            said.add((number, clause.text))
            yield clause


def _every(home: Path) -> Iterator[tuple[str, Said]]:
    shipped = Workspace.open(Settings(home=home / "shipped"))
    small = scripted.workspace(home / "small")
    try:
        for language in ("en", "zh"):
            for number, (spheres, *stated) in enumerate(PHANTOMS):
                for one in _case(_phantom(shipped, spheres), stated[language == "zh"], language, ASKED[language]):
                    yield f"phantom {number} {language}", one
            for number, (now, then, steer, *words) in enumerate(PAIRS):
                session = Session.open(scripted.balls(number, source=scripted.QUIMBY), workspace=small)
                steered.with_prior(session, now=now, then=then, **steer)
                asked = (*ASKED[language], *ASKED_OF_A_PAIR[language])
                for one in _case(session, words[language == "zh"], language, asked):
                    yield f"pair {number} {language}", one
    finally:
        shipped.close()
        small.close()
    for passage in truths_passages.cited(home / "passages"):
        evidence = {passage.evidence.id: passage.evidence}
        for number, text in enumerate(passage.true):
            end = "." if passage.language == "en" else "。"
            yield passage.evidence.id, Said(
                f"{text} [{passage.evidence.id}]{end}", passage.language, "passage" if number else "passage, first",
                evidence, frozenset(evidence),
            )  # fmt: skip


def _phantom(workspace: Workspace, spheres: tuple[Sphere, ...]) -> Session:
    scan, masks = chest_phantom(spheres, spacing=SPACING)
    session = Session.open(scan, workspace=workspace)
    for number, mask in enumerate(masks, start=1):
        session.load_drawn(mask, number=number)
    return session


def _case(session: Session, stated: str, language: str, asked: tuple[str, ...]) -> Iterator[Said]:
    for lesion in session.record.lesions:
        session.call("measure", lesion=lesion.number)
        session.call("classify", lesion=lesion.number)
    for text in (stated, *asked):
        said = [e.text for e in session.ask(text) if isinstance(e, Clause)]
        record = session.record
        for clause in said:
            if re.search(r"\[E\d+", clause):
                yield Said(clause, language, "planner", record.by_id, record.current)
    for instruction in (None, "make it brief" if language == "en" else "简短一点"):
        session.call("write_report", language=language, **({"instruction": instruction} if instruction else {}))
        record, report = session.record, session.report
        assert report is not None
        for section in report.sections:
            for statement in section.statements:
                if statement.cites and section.key != "provenance":
                    yield Said(statement.text, language, "report", record.by_id, record.current, strict=True)
    for text in _own(record.by_id, record.current, language):
        yield Said(text, language, "own", record.by_id, record.current)


_OF_A_LESION = {
    "en": ("Lesion {n} measures {a} x {b} mm [{m}].", "Lesion {n} is {a} mm long and {b} mm wide [{m}].",
           "The long axis of lesion {n} is {a} mm [{m}].", "The short axis of nodule {n} is {b} mm [{m}].",
           "Lesion {n}: volume {v} mm³ [{m}].", "The volume of lesion {n} is {ml} ml [{m}].",
           "Lesion {n} has a long axis of {cm} cm [{m}].", "Its mean attenuation is {hu} HU [{m}].",
           "Lesion {n} lies in the {side} lung [{k}].", "Lesion {n} is in the {third} third of the {side} lung [{k}].",
           "Nodule {n}, {side} lung, {third} third, measures {a} mm [{m}, {k}].",
           "Lesion {n} measures {a} mm [{m}] and lies in the {side} lung [{k}].",
           "The mean diameter of lesion {n} is {d} mm in the axial plane [{m}].",
           "For lesion {n} I get {a} mm by {b} mm, volume {v} mm³ [{m}].",
           "Long axis {a} mm, short axis {b} mm [{m}].", "It is {a} mm across at its longest [{m}].",
           "Maximum 3-D diameter of lesion {n}: {d3} mm [{m}].", "Lesion {n} extends {cc} mm craniocaudally [{m}].",
           "The sphericity of lesion {n} is {sp} [{m}].", "Surface area of lesion {n}: {sa} mm² [{m}].",
           "Attenuation of lesion {n}: median {p50} HU [{m}].", "You will find lesion {n} on the {side} side [{k}]."),
    "zh": ("病灶{n}大小为{a} × {b} mm [{m}]。", "病灶{n}长径{a} mm,短径{b} mm [{m}]。", "结节{n}的长径为{a}毫米 [{m}]。",
           "病灶{n}体积为{v} mm³ [{m}]。", "病灶{n}位于{zside}肺 [{k}]。", "病灶{n}位于{zside}肺{zthird}三分之一 [{k}]。",
           "病灶{n}平均CT值{hu} HU [{m}]。", "病灶{n},{zside}肺,长径{a} mm [{m}, {k}]。", "病灶{n}长径约{cm}厘米 [{m}]。",
           "病灶{n}平均直径{d} mm [{m}]。", "病灶{n}短径{b}毫米 [{m}]。", "病灶{n}体积约{ml} ml [{m}]。",
           "测得病灶{n}长径{a} mm、短径{b} mm、体积{v} mm³ [{m}]。", "长径{a} mm,平均CT值{hu} HU [{m}]。",
           "病灶{n}三维最大径{d3} mm [{m}]。", "病灶{n}头足方向{cc} mm [{m}]。", "病灶{n}球形度{sp} [{m}]。",
           "病灶{n}表面积{sa} mm² [{m}]。", "病灶{n}在{zside}侧 [{k}]。"),
}  # fmt: skip
_OF_A_PAIR = {
    "en": ("Lesion {n} measures {now} mm now and measured {then} mm before [{e}].",
           "Before, the long axis of lesion {n} was {then} mm [{e}].", "Now lesion {n} is {now} mm long [{e}].",
           "Lesion {n}: prior volume {vthen} mm³, current volume {vnow} mm³ [{e}]."),
    "zh": ("病灶{n}目前长径{now} mm,此前{then} mm [{e}]。", "病灶{n}既往长径{then} mm [{e}]。", "病灶{n}现为{now} mm [{e}]。",
           "病灶{n}既往体积{vthen} mm³,目前体积{vnow} mm³ [{e}]。"),
}  # fmt: skip
_OF_A_CHANGE = {
    "en": ("Lesion {n} is {way}, by more than two readers differ: its long axis changed by {d} mm [{e}].",
           "The long axis of lesion {n} changed by {d} mm [{e}].", "Lesion {n} went from {then} mm to {now} mm [{e}]."),
    "zh": ("病灶{n}较前{zway},超出两位阅片者的差异:长径变化{d} mm [{e}]。", "病灶{n}长径变化{d} mm [{e}]。",
           "病灶{n}由{then} mm变为{now} mm [{e}]。"),
}  # fmt: skip
_STATED: dict[str, dict[str, Callable[[Any], str | None]]] = {
    "en": {
        "age": lambda v: f"You stated an age of {v} years", "pack_years": lambda v: f"You stated {v} pack-years",
        "known_cancer": lambda v: None if v else "No known cancer, as you stated",
        "immunosuppressed": lambda v: "The patient is immunosuppressed, as stated" if v else "Not immunosuppressed, as stated",
        "setting": lambda v: f"The nodule is {v}, as you stated" if v == "incidental" else None,
        "nodule_type": lambda v: f"You called it {v}",
    },
    "zh": {
        "age": lambda v: f"您陈述年龄{v}岁", "pack_years": lambda v: f"您陈述{v}包年",
        "known_cancer": lambda v: None if v else "如您所述,无肿瘤病史",
        "immunosuppressed": lambda v: "如您所述,患者免疫抑制" if v else "如您所述,无免疫抑制",
        "setting": lambda v: "如您所述,为偶然发现" if v == "incidental" else None,
        "nodule_type": lambda v: {"solid": "您称其为实性", "ground-glass": "您称其为磨玻璃", "part-solid": "您称其为部分实性"}.get(v),
    },
}  # fmt: skip
_ZH = {"right": "右", "left": "左", "upper": "上", "middle": "中", "lower": "下"}


def _own(by_id: Mapping[str, Evidence], current: frozenset[str], language: str) -> Iterator[str]:
    masks = {e.inputs["lesion"]: e for e in by_id.values() if e.kind in ("mask", "drawn") and e.id in current
             and "prior" not in e.inputs and "lesion" in e.inputs}  # fmt: skip
    for item in by_id.values():
        if item.id not in current:
            continue
        if item.kind == "measurement" and "prior" not in item.inputs and item.quantity("hu_mean"):
            yield from _of_a_lesion(item, masks[item.inputs["lesion"]], language)
        elif item.kind == "comparison" and item.inputs.get("kind") == "matched":
            yield from _of_a_pair(item, language)
        elif item.kind == "stated":
            say = _STATED[language].get(str(item.inputs.get("field")))
            said = say(_whole(item.inputs.get("value"))) if say else None
            if said:
                yield f"{said} [{item.id}]" + (". " if language == "en" else "。").strip()


def _half_up(value: float) -> str:
    """Return the whole number nearest to a value, half up, as readers round."""
    return str(Decimal(repr(value)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value == int(value) else value


def _of_a_lesion(item: Evidence, mask: Evidence, language: str) -> Iterator[str]:
    value = {q.name: q.value for q in item.quantities}
    side, third = mask.inputs.get("side"), mask.inputs.get("third")
    words = {
        "n": item.inputs["lesion"], "m": item.id, "k": mask.id, "side": side, "third": third,
        "zside": _ZH.get(str(side)), "zthird": _ZH.get(str(third)), "a": f"{value['axial_long_axis']:.1f}",
        "b": f"{value['axial_short_axis']:.1f}", "d": f"{value['mean_diameter']:.1f}",
        "v": _half_up(value["volume_voxel"]), "ml": f"{value['volume_voxel'] / 1000:.2f}",
        "cm": f"{value['axial_long_axis'] / 10:.2f}", "hu": _half_up(value["hu_mean"]),
        "d3": f"{value['max_diameter_3d']:.1f}", "cc": f"{value['craniocaudal_extent']:.1f}",
        "sp": f"{value['sphericity']:.2f}", "sa": _half_up(value["surface_area"]), "p50": _half_up(value["hu_p50"]),
    }  # fmt: skip
    for template in _OF_A_LESION[language]:
        needs_side = "side" in template or "third" in template
        if not needs_side or (side and (third or "third" not in template)):
            yield template.format(**words)


def _of_a_pair(item: Evidence, language: str) -> Iterator[str]:
    value = {q.name: q.value for q in item.quantities}
    change = value.get("change_axial_long_axis", 0.0)
    words = {
        "n": item.inputs["lesion"], "e": item.id, "now": f"{value['current_axial_long_axis']:.1f}",
        "then": f"{value['prior_axial_long_axis']:.1f}", "vnow": f"{value['current_volume_voxel']:.0f}",
        "vthen": f"{value['prior_volume_voxel']:.0f}", "d": f"{change:+.1f}",
        "way": "larger" if change > 0 else "smaller", "zway": "增大" if change > 0 else "缩小",
    }  # fmt: skip
    for template in _OF_A_PAIR[language]:
        yield template.format(**words)
    if item.inputs.get("growth_allowed") and not item.inputs.get("within_readers_noise"):
        for template in _OF_A_CHANGE[language]:
            yield template.format(**words)
