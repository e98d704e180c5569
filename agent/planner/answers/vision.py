"""What find, segment, measure, classify and show came to, in sentences."""


from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.planner import refer
from agent.planner.answers.anatomy import outlined_places
from agent.planner.answers.beside import scores, scores_side_by_side, side_by_side
from agent.planner.answers.wording import cite, name_of, pick, place, ref
from agent.planner.reading import Language

SHOWN_CANDIDATES = 5
"""Candidates named one by one; the rest stand in the list beside the viewer."""
THICK_MM = 1.5
"""Above this slice thickness a nodule's type is provisional (DESIGN.md; Fleischner 2017 asks for at most 1.5 mm)."""

_ASKED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"volume|cubic|\bml\b|体积", ("volume_voxel",)),
    (r"attenuation|density|dense|hounsfield|\bhu\b|ct值|密度", ("hu_mean", "hu_sd", "hu_min", "hu_max")),
    (r"craniocaudal|tall|头足", ("craniocaudal_extent",)),
    (r"\b3-?d\b|largest diameter in space|三维", ("max_diameter_3d",)),
    (r"surface|表面积", ("surface_area",)),
    (r"\barea\b|(?<!表)面积", ("area",)),
    (r"spheric|\bround\b|球形", ("sphericity",)),
    (r"who product|product|乘积", ("who_product",)),
)

Card = Mapping[str, Any]
Result = Mapping[str, Any]


def found(result: Result, card: Card, language: Language) -> list[str]:
    """Say what a search found, what it may miss, and what was not looked at."""
    search = result["evidence"]
    if not result.get("count"):
        return [
            cite(language, pick(
                language,
                "The search found no candidate above threshold; sensitivity on whole scans is not established; "
                "not a negative read",
                "搜索没有超过阈值的候选;整幅扫描的敏感度未确定;不等于阴性结论"), search)
        ]  # fmt: skip
    said = [cite(language, pick(language, f"The search found {ref(search, 'candidates')}",
                                f"搜索找到{ref(search, 'candidates')}"), search)]  # fmt: skip
    # What was outlined since is told by its own outline.
    found = [c for c in result.get("candidates", []) if refer.lesion(card, c["lesion"]).get("mask") in (None, c["evidence"])]
    said += [_candidate(candidate, card, language) for candidate in found[:SHOWN_CANDIDATES]]
    if len(found) > SHOWN_CANDIDATES:
        said.append(pick(language, "The rest are in the list of lesions, further down the ranking.", "其余候选排名靠后,见病灶列表。"))
    said.append(
        cite(language, pick(
            language,
            "Candidates are rough regions, not outlined and not measured; the search may miss lesions, and its "
            "sensitivity on whole scans is not established",
            "候选仅为粗略区域,未勾画、未测量;搜索可能遗漏病灶,其在整幅扫描上的敏感度未确定"), search)
    )  # fmt: skip
    return said


def _candidate(candidate: Result, card: Card, language: Language) -> str:
    number, mask = candidate["lesion"], candidate["evidence"]
    entry = refer.lesion(card, number)
    where = place(candidate.get("side"), entry.get("third"), language)
    kind = candidate.get("group") or "nodule"
    en = f"Lesion {number}: {kind} candidate" + (f", {where}" if where else "")
    zh = f"病灶{number}:{'肿块' if kind == 'mass' else '结节'}候选" + (f",{where}" if where else "")
    return cite(language, pick(language, en, zh), mask)


def outlined(result: Result, card: Card, language: Language, *, again: bool) -> list[str]:
    """Say what was outlined, where, and at which threshold."""
    if "places" in result:
        return outlined_places(result, card, language)
    number, mask = result["lesion"], result["evidence"]
    entry = refer.lesion(card, number)
    where = place(result.get("side"), entry.get("third"), language)
    en = f"Lesion {number} is outlined{' again' if again else ''}"
    en += f" at a threshold of {ref(mask, 'threshold')}" if result.get("threshold") is not None else ""
    zh = f"病灶{number}已{'重新' if again else ''}勾画"
    zh += f",阈值{ref(mask, 'threshold')}" if result.get("threshold") is not None else ""
    said = [cite(language, pick(language, en, zh), mask)]
    if where:
        said.append(lies(number, where, mask, language))
    said += notes(result, mask, language)
    return said + side_by_side(result, language)


def measured(result: Result, card: Card, language: Language, asked: str, *, place_said: bool) -> list[str]:
    """Say the sizes of every lesion that was measured; first what was asked for."""
    said: list[str] = []
    for one in result.get("results", []):
        said += _sizes(one, card, language, asked, place_said=place_said)
    scan = card.get("scan") or {}
    if scan.get("evidence") and scan.get("has_mm") is False:
        said.append(no_millimetres(str(scan["evidence"]), language))
    thick = thick_slices(card, language)
    return [*said, thick] if said and thick else said


def _sizes(one: Result, card: Card, language: Language, asked: str, *, place_said: bool) -> list[str]:
    number, item, held = one["lesion"], one["evidence"], one.get("quantities", {})
    said = []
    wanted = [q for pattern, names in _ASKED if re.search(pattern, asked) for q in names if q in held]
    if wanted:
        parts = [f"{name_of(q, language)} {ref(item, q)}" for q in wanted[:3]]
        said.append(cite(language, pick(language, f"Lesion {number}: {', '.join(parts)}",
                                        f"病灶{number}:{'、'.join(parts)}"), item))  # fmt: skip
    said.append(axes(number, item, list(held), language))
    if "volume_voxel" in held and "volume_voxel" not in wanted:
        said.append(cite(language, pick(language, f"Its volume is {ref(item, 'volume_voxel')}",
                                        f"体积为{ref(item, 'volume_voxel')}"), item))  # fmt: skip
    if one.get("by") == "reader":
        said.append(cite(language, pick(language, "The long axis is the line set by the reader; no mean diameter is computed from it alone",
                                        "长径为阅片者所画;不单独由其计算平均直径"), item))  # fmt: skip
    if one.get("outlined") is False:
        said.append(
            cite(language, pick(language, f"Lesion {number} was measured on the search's rough region, not on an outline",
                                f"病灶{number}是在搜索的粗略区域上测量的,并非勾画轮廓"), item)
        )  # fmt: skip
    entry = refer.lesion(card, number)
    where = place(entry.get("side"), entry.get("third"), language)
    mask = one.get("mask") or entry.get("mask")
    if where and mask and not place_said:
        said.append(lies(number, where, str(mask), language))
    return said + notes(one, item, language)


def axes(number: int, item: str, held: Sequence[str], language: Language, *, before: bool = False) -> str:
    """Say long and short axis and the mean diameter, as far as they are held; `before`: of an earlier measurement."""
    if "axial_long_axis" not in held:
        names = [q for q in held if not q.startswith("hu_")][:3] or list(held)[:3]
        parts = [f"{name_of(q, language)} {ref(item, q)}" for q in names]
        return cite(language, pick(language, f"Lesion {number}{' before' if before else ''}: {', '.join(parts)}",
                                   f"病灶{number}{'此前' if before else ''}:{'、'.join(parts)}"), item)  # fmt: skip
    long, short = ref(item, "axial_long_axis"), ref(item, "axial_short_axis")
    pair = f"{long} x {short}" if "axial_short_axis" in held else long
    pair_zh = f"{long} × {short}" if "axial_short_axis" in held else long
    mean = "mean_diameter" in held
    en = f"Lesion {number} {'measured' if before else 'measures'} {pair} in the axial plane" + (" before" if before else "")
    en += f", mean diameter {ref(item, 'mean_diameter')}" if mean else ""
    zh = f"病灶{number}{'此前' if before else ''}轴位大小为{pair_zh}"
    zh += f",平均直径{ref(item, 'mean_diameter')}" if mean else ""
    return cite(language, pick(language, en, zh), item)


def lies(number: int, where: str, mask: str, language: Language) -> str:
    """Say where a lesion lies by geometry."""
    return cite(language, pick(language, f"Lesion {number} lies in the {where}", f"病灶{number}位于{where}"), mask)


def rated(result: Result, language: Language, asked: str) -> list[str]:
    """Say the readers' rating that the model estimates, and that it is no diagnosis."""
    number, item, held = result["lesion"], result["evidence"], result.get("quantities", {})
    said = []
    if re.search(r"malignan|benign|cancer|diagnos|tumou?r|恶|良|癌|诊断|什么病", asked):
        said.append(pick(language, "I cannot tell what a lesion is from its image: that is no question a tool here decides.",
                         "我无法由图像判断病灶的性质:这里没有工具能回答这个问题。"))  # fmt: skip
    several = scores_side_by_side(result, language)
    said += several or [scores(number, result, language)]
    said += _attributes(held, item, language)
    if result.get("explanation"):
        said.append(
            cite(language, pick(language, "The picture kept with the case shows what moved it: orange raised it, blue lowered it; it is not evidence",
                                "图中显示影响评分的部位:橙色使其升高,蓝色使其降低;仅为解释,不是证据"), item)
        )  # fmt: skip
    whose = ("a readers' opinion", "阅片者的意见") if "lidc_rating" in held else ("the tool's own score", "该工具自己的评分")
    said.append(
        cite(language, pick(language, f"It is {whose[0]}, no diagnosis, and enters neither impression nor criteria",
                            f"这是{whose[1]},不是诊断,不进入印象与标准"), item)
    )  # fmt: skip
    return said


def _attributes(held: Mapping[str, Any], item: str, language: Language) -> list[str]:
    """Say the other ratings that the tool estimates, as readers' ratings."""
    parts = [f"{name_of(q, language)} {ref(item, q)}" for q in ("lidc_texture", "lidc_margin") if q in held]
    if not parts:
        return []
    en = f"LIDC readers' rating, 1-5, as estimated, of {', '.join(parts)}"
    return [cite(language, pick(language, en, f"LIDC阅片者评分的估计值,1-5:{'、'.join(parts)}"), item)]


def shown(result: Result, card: Card, language: Language) -> list[str]:
    """Say where the viewer is now."""
    view, number = result.get("view") or {}, result.get("lesion")
    parts = [pick(language, f"{view['plane']} plane", {"axial": "横断面", "coronal": "冠状面", "sagittal": "矢状面"}.get(view["plane"], ""))
             if view.get("plane") else "",
             pick(language, f"{view['window']} window", {"lung": "肺窗", "mediastinum": "纵隔窗", "bone": "骨窗", "brain": "脑窗",
                  "soft tissue": "软组织窗"}.get(view["window"], "")) if view.get("window") else ""]  # fmt: skip
    rest = pick(language, ", ", "、").join(p for p in parts if p)
    if number is not None:
        mask = refer.lesion(card, number).get("mask")
        text = pick(language, f"The viewer is on lesion {number}{', ' + rest if rest else ''}",
                    f"视图已移到病灶{number}{',' + rest if rest else ''}")  # fmt: skip
        return [cite(language, text, mask)]
    if rest:
        return [cite(language, pick(language, f"The viewer shows: {rest}", f"视图:{rest}"))]
    return [cite(language, pick(language, "The viewer has moved as asked", "视图已按要求移动"))]


def notes(result: Result, item: str, language: Language) -> list[str]:
    """Say what a tool notes about its own result, in its own (English) words."""
    if language == "zh":
        return []
    from agent.planner.answers.wording import sentences

    return [cite(language, s, item) for note in result.get("notes") or [] for s in sentences(str(note))]


def no_millimetres(scan: str, language: Language) -> str:
    """Say that sizes are in pixels."""
    return cite(language, pick(language, "The image has no pixel spacing, so sizes are in pixels, not in millimetres",
                               "图像没有像素间距,大小以像素计,不以毫米计"), scan)  # fmt: skip


def thick_slices(card: Card, language: Language) -> str | None:
    """Say that the slices are thick, when they are."""
    scan = card.get("scan") or {}
    held = [(float(scan[f"{n}_mm"]), n) for n in ("slice_interval", "slice_thickness") if scan.get(f"{n}_mm")]
    if not scan.get("evidence") or not held or max(held)[0] <= THICK_MM:
        return None
    _, name = max(held)
    en = f"The {name.replace('_', ' ')} is {ref(scan['evidence'], name)}: on slices this thick the nodule type is provisional"
    zh = f"{'层厚' if name == 'slice_thickness' else '层间距'}为{ref(scan['evidence'], name)}:层厚较大,结节类型为暂定"
    return cite(language, pick(language, en, zh), str(scan["evidence"]))
