"""True clauses in the voices of different report writers: terse, full, dictated, from a letter, from a model's chat.

Over every kind of evidence that a report rests on: scan, search, measurement, place, comparison, rating, statement,
category and passage. Written in one go before the checker had seen any of them; the figure of that first run stands in
the test that runs them. Written without the checker's tables; nothing here uses its code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from alterations_told import Case

import knowledge
from tools.evidence import CaseEvidence, Evidence, EvidenceStore
from tools.quantity import Quantity

_ZH = {"right": "右", "left": "左", "upper": "上", "middle": "中", "lower": "下"}
_APART = 0.06
"""Lengths in mm that are written with different digits."""

SIZE = {
    "en": (
        "Lesion {n}: {a} x {b} mm, {v} mm³ [{m}].", "There is a nodule (lesion {n}) measuring {a} mm in greatest axial diameter [{m}].", "Its greatest dimension on axial images is {a} mm (lesion {n}) [{m}].",
        "Nodule {n} demonstrates a long-axis diameter of {a} mm and a perpendicular short-axis diameter of {b} mm [{m}].", "On the axial plane, nodule {n} spans approximately {a} mm [{m}].",
        "Craniocaudally, lesion {n} extends over {cc} mm [{m}].", "The craniocaudal extent of lesion {n} amounts to {cc} mm [{m}].", "The maximum 3D diameter of lesion {n} is {d3} mm [{m}].",
        "Lesion {n} has an estimated volume of {ml} mL [{m}].", "Averaging both axes yields a mean diameter of {mean} mm for lesion {n} [{m}].", "Quantitatively, lesion {n} shows a segmented volume of {v} cubic millimetres [{m}].",
        "The {a} mm nodule (lesion {n}) was measured on an axial slice [{m}].", "Bidimensional measurements of lesion {n} are {a} mm and {b} mm [{m}].", "Lesion {n} attains a length of {a} mm and a breadth of {b} mm [{m}].",
        "A nodule of {a} mm is noted, designated lesion {n} [{m}].", "Lesion {n} tapes out at {a} mm [{m}].", "To answer your question, lesion {n} is {a} mm at its widest on axial images [{m}].",
        "With a long axis of {a} mm and a short axis of {b} mm, lesion {n} was quantified from its outline [{m}].", "Size: {a} mm (lesion {n}, long axis, axial plane) [{m}].", "The nodule numbered {n} measures about {acm} cm in maximal extent [{m}].",
    ),
    "zh": (
        "病灶{n}\uff1a{a} mm × {b} mm\uff0c体积{v} mm³ [{m}]。", "可见一枚结节\uff08病灶{n}\uff09\uff0c轴位最大径约{a} mm [{m}]。", "病灶{n}于横断面上最大长径为{a} mm\uff0c垂直短径为{b} mm [{m}]。", "病灶{n}头足方向长度为{cc} mm [{m}]。",
        "病灶{n}上下径约{cc} mm [{m}]。", "病灶{n}三维最大径为{d3} mm [{m}]。", "病灶{n}体积约{ml} ml [{m}]。", "长短径取平均\uff0c病灶{n}平均直径{mean} mm [{m}]。", "经分割定量\uff0c病灶{n}体积为{v}立方毫米 [{m}]。",
        "结节{n}大小约{a} mm×{b} mm [{m}]。", "所测病灶{n}的长径达{a} mm [{m}]。", "病灶{n}的长径与短径依次为{a} mm、{b} mm [{m}]。", "这枚结节\uff08编号{n}\uff09的最大径是{a}毫米 [{m}]。", "回答您的问题\uff1a病灶{n}最宽处{a} mm [{m}]。",
        "病灶{n}以长径计{a} mm [{m}]。", "该结节\uff08病灶{n}\uff09测得最大截面径线{a} mm × {b} mm [{m}]。", "病灶{n}最长处约{acm} cm [{m}]。", "本次测量显示\uff0c病灶{n}长径{a} mm\uff0c与之垂直的短径{b} mm [{m}]。", "病灶{n}轴位双径测量为{a} mm和{b} mm [{m}]。",
    ),
}  # fmt: skip
PLACE = {
    "en": (
        "A nodule (lesion {n}) is situated in the {third} third of the {side} lung [{k}].", "Lesion {n} projects over the {side} lung, {third} third [{k}].", "Within the {side} lung, in its {third} third, lies lesion {n} [{k}].",
        "The {side} lung harbours lesion {n} in its {third} zone [{k}].", "{Side} lung, {third} third: lesion {n}, {a} mm [{k}, {m}].", "Lesion {n} is seen in the {third} part of the {side} lung and measures {a} mm in length [{k}, {m}].",
        "The nodule in the {side} {third} zone (lesion {n}) has a long axis of {a} mm [{k}, {m}].", "By its position, lesion {n} falls into the {third} third of the {side} lung [{k}].", "Lesion {n} arises in the {side} lung [{k}].",
        "Regarding laterality, lesion {n} is {side}-sided [{k}].", "Lesion {n} is the {a} mm nodule in the {side} lung [{k}, {m}].",
    ),
    "zh": (
        "{zside}肺{zthird}三分之一可见结节\uff08病灶{n}\uff09 [{k}]。", "{zside}肺{zthird}野见病灶{n}\uff0c长径{a} mm [{k}, {m}]。", "病灶{n}坐落于{zside}肺{zthird}部 [{k}]。", "病灶{n}落在{zside}肺{zthird}三分之一区域 [{k}]。", "就侧别而言\uff0c病灶{n}在{zside}侧 [{k}]。",
        "{zside}肺的那枚结节即病灶{n}\uff0c长径{a} mm [{k}, {m}]。", "{zside}肺{zthird}野结节一枚\uff08病灶{n}\uff09\uff0c大小{a} mm×{b} mm [{k}, {m}]。", "病灶{n}所在部位为{zside}肺\uff0c{zthird}三分之一 [{k}]。",
    ),
}  # fmt: skip
DENSITY = {
    "en": ("The mean attenuation of lesion {n} is {hu} HU [{m}].", "Density readings within lesion {n} average {hu} HU [{m}].", "Lesion {n} has an average density of {hu} Hounsfield units [{m}]."),
    "zh": ("病灶{n}平均CT值为{hu} HU [{m}]。", "病灶{n}内部平均密度约{hu} HU [{m}]。", "病灶{n}的CT值均值为{hu} HU [{m}]。"),
}  # fmt: skip
SCAN = {
    "en": (
        "The examination is a CT of the chest comprising {slices} slices [{s}].", "Technique: chest CT, slice thickness {thick} mm, interval {gap} mm [{s}].", "Images were reconstructed with a slice thickness of {thick} mm [{s}].",
        "This CT dataset consists of {slices} axial slices spaced {gap} mm apart [{s}].", "Slice spacing is {gap} mm; the in-plane pixel size is {px} mm [{s}].", "The study was acquired as a chest CT with {thick} mm slices [{s}].",
        "It is not known whether contrast was given [{s}].",
    ),
    "zh": (
        "检查方式为胸部CT\uff0c共{slices}层 [{s}]。", "扫描技术\uff1a胸部CT\uff0c层厚{thick} mm\uff0c层间距{gap} mm [{s}]。", "图像重建层厚为{thick} mm [{s}]。", "本序列含{slices}层轴位图像\uff0c间隔{gap} mm [{s}]。", "像素大小为{px} mm\uff0c层厚为{thick} mm [{s}]。",
        "是否使用对比剂不详 [{s}]。",
    ),
}  # fmt: skip
SEARCH = {
    "en": (
        "The automated search of the right lung returned {count} candidates [{f}].", "A search of both lungs was performed and flagged {count} candidates [{g}].", "{Count} candidates exceeded the threshold in the right lung [{f}].",
        "The detector proposed {count} candidates, each of which needs review [{g}].", "Only the right lung was searched [{f}].", "The mediastinum was not searched [{g}].", "No candidate scored above the threshold; this is not a negative read [{h}].",
        "Please bear in mind that sensitivity on whole scans is not established [{h}].",
    ),
    "zh": (
        "对右肺进行自动搜索\uff0c得到{count}个候选 [{f}]。", "已搜索双肺\uff0c标出{count}个候选 [{g}]。", "右肺内有{count}个候选超过阈值 [{f}]。", "检测工具提示{count}个候选\uff0c均需复核 [{g}]。", "仅搜索了右肺 [{f}]。", "纵隔未搜索 [{g}]。", "未见超过阈值的候选\uff0c不等于阴性结论 [{h}]。",
    ),
}  # fmt: skip
CHANGE = {
    "en": (
        "Compared with the prior examination, lesion {n} went from {then} mm to {now} mm [{e}].", "Lesion {n} previously measured {then} mm; it now measures {now} mm [{e}].", "Interval change of lesion {n}: {then} mm to {now} mm [{e}].",
        "Against the previous scan of {days} days ago, lesion {n} is now {now} mm (then {then} mm) [{e}].", "Long axis of lesion {n}: prior {then} mm, current {now} mm [{e}].",
    ),
    "zh": (
        "与前次检查对照\uff0c病灶{n}由{then} mm变为{now} mm [{e}]。", "病灶{n}前次长径{then} mm\uff0c本次{now} mm [{e}]。", "病灶{n}长径变化\uff1a{then} mm至{now} mm [{e}]。", "对照{days}天前的检查\uff0c病灶{n}现为{now} mm\uff0c当时为{then} mm [{e}]。",
    ),
}  # fmt: skip
GROWN = {
    "en": ("Lesion {n} has enlarged since the prior scan, from {then} mm to {now} mm [{e}].", "There is interval growth of lesion {n}, now {now} mm compared to {then} mm [{e}].", "Lesion {n} is {diff} mm larger than on the previous scan [{e}].",
           "In the interval lesion {n} increased by {diff} mm in long axis [{e}]."),
    "zh": ("病灶{n}较前增大\uff0c由{then} mm增至{now} mm [{e}]。", "与前片相比\uff0c病灶{n}增大{diff} mm [{e}]。", "病灶{n}较前次检查长大\uff0c目前{now} mm\uff0c前次{then} mm [{e}]。"),
}  # fmt: skip
STEADY = {
    "en": ("Lesion {n} is unchanged within what readers differ by: {then} mm then, {now} mm now [{e}].", "Lesion {n} remains stable, within what two readers differ by [{e}]."),
    "zh": ("病灶{n}稳定\uff0c差异在阅片者差异范围之内\uff08{then} mm\uff0c现{now} mm\uff09 [{e}]。", "病灶{n}未见明显变化\uff0c在两位阅片者差异范围内 [{e}]。"),
}  # fmt: skip
TWO = {
    "en": ("Of the two, lesion {big} is the larger, at {x} mm versus {y} mm [{p}, {q}].", "The dominant nodule is lesion {big} ({x} mm); lesion {small} measures {y} mm [{p}, {q}].", "Lesion {small} ({y} mm) is smaller than lesion {big} ({x} mm) [{p}, {q}]."),
    "zh": ("两者中病灶{big}较大\uff0c为{x} mm\uff0c病灶{small}为{y} mm [{p}, {q}]。", "最大者为病灶{big}\uff0c长径{x} mm\uff0c其次为病灶{small}\uff0c长径{y} mm [{p}, {q}]。", "病灶{small}\uff08{y} mm\uff09小于病灶{big}\uff08{x} mm\uff09 [{p}, {q}]。"),
}  # fmt: skip
STATED = {
    "en": ("The patient is {age} years old, as stated [{g}].", "According to the information provided, the patient is aged {age} [{g}].", "Clinical details: age {age} [{g}].", "A {age}-year-old patient [{g}].",
           "You told me that the patient is {age} [{g}]."),
    "zh": ("患者{age}岁\uff08据陈述\uff09 [{g}]。", "根据所提供的信息\uff0c患者年龄为{age}岁 [{g}]。", "临床资料\uff1a年龄{age}岁 [{g}]。", "您告知患者年龄{age}岁 [{g}]。"),
}  # fmt: skip
RATED = {
    "en": ("On the LIDC readers' scale from 1 to 5, lesion {n} rates {r} [{c}].", "The rating tool gives lesion {n} a score of {r}, an opinion and not a diagnosis [{c}].", "Lesion {n} received a rating of {r} out of 5 [{c}]."),
    "zh": ("按LIDC阅片者1-5分量表\uff0c病灶{n}评分为{r} [{c}]。", "评分工具给予病灶{n} {r}分\uff0c属于意见而非诊断 [{c}]。", "病灶{n}的评分结果是{r}分 [{c}]。"),
}  # fmt: skip
ADVISED = {
    "en": ("The applicable row of {title} reads: {category} [{c}].", "Under {title}, this falls into the category '{category}' [{c}].", "Guideline assessment ({title}): {category} [{c}].", "{title} row: {category}; management: {action} [{c}]."),
    "zh": ("适用的{title}条目\uff1a{category} [{c}]。", "按照{title}\uff0c归入\u201c{category}\u201d [{c}]。", "指南评估\uff08{title}\uff09\uff1a{category} [{c}]。", "{title}条目为{category}\uff0c处理意见\uff1a{action} [{c}]。"),
}  # fmt: skip
GUIDED = {
    "en": ("Fleischner 2017 recommends CT at 6 to 12 months for a single solid nodule of 6 to 8 mm [{p}].", "According to the Fleischner guidance, a single solid nodule of 6 to 8 mm calls for CT at 6 to 12 months [{p}].",
           "For solid nodules under 6 mm at low risk, no routine follow-up is advised by Fleischner 2017 [{p}].", "If the nodule is over 8 mm, the guideline suggests considering CT at 3 months, PET/CT or tissue sampling [{p}].",
           "In the 6 to 8 mm range Fleischner advises CT at 6 to 12 months [{p}]."),
    "zh": ("Fleischner 2017建议6至8 mm单发实性结节6–12个月复查CT [{p}]。", "根据Fleischner指南\uff0c6–8 mm的实性结节应在6–12个月复查CT [{p}]。", "低危者小于6 mm时\uff0cFleischner 2017认为无需常规随访 [{p}]。", "对于大于8 mm者\uff0c可考虑3个月CT、PET/CT或组织取样 [{p}]。"),
}  # fmt: skip
UNSAID = {
    "en": ("The density type of lesion {n} was not determined [{m}].", "I cannot tell from this measurement whether lesion {n} is benign or malignant [{m}].", "No lobe has been assigned to lesion {n} [{k}].", "A lobe cannot be given for lesion {n}, since no lobe model was run [{k}]."),
    "zh": ("病灶{n}的密度类型尚未确定 [{m}]。", "仅凭测量无法判断病灶{n}的良恶性 [{m}]。", "病灶{n}所在肺叶未确定 [{k}]。", "由于未运行肺叶模型\uff0c无法给出病灶{n}的肺叶 [{k}]。"),
}  # fmt: skip


def true(case: Case) -> Iterator[tuple[str, str]]:
    """Yield what it is about, and a clause that is true of a case."""
    lesions = case.lesions()
    for number, measured, mask in lesions:
        yield from _of_a_lesion(case, words_of(number, measured, mask))
    for first, second in pairwise(lesions):
        big, small = sorted((first, second), key=lambda one: -_value(one[1], "axial_long_axis"))
        x, y = (_value(one[1], "axial_long_axis") for one in (big, small))
        if x - y > 1:
            told = {"big": big[0], "small": small[0], "x": f"{x:.1f}", "y": f"{y:.1f}", "p": big[1].id, "q": small[1].id}
            yield from (("two", form.format(**told)) for form in TWO[case.language])
    yield from (("change", text) for text in of_two_times(case, CHANGE))
    yield from _judged(case)
    yield from (("scan", text) for text in of_the_scan(case, SCAN))
    yield from _of_the_case(case)


def _of_a_lesion(case: Case, words: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for kind, forms in (("size", SIZE), ("place", PLACE), ("density", DENSITY), ("limit", UNSAID)):
        for form in forms[case.language]:
            if (words["zthird"] and words["zside"]) or kind != "place":
                yield kind, form.format(**words)


def of_two_times(case: Case, forms: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield clauses that give both sizes of each compared lesion."""
    for pair, told in _compared(case):
        yield from (form.format(**told) for form in forms[case.language] if pair.quantity("interval") or "{days}" not in form)


def _judged(case: Case) -> Iterator[tuple[str, str]]:
    for pair, told in _compared(case):
        judged, within = pair.inputs.get("growth_allowed"), pair.inputs.get("within_readers_noise")
        if judged and within is False and float(str(told["diff"])) > _APART:
            yield from (("grown", form.format(**told)) for form in GROWN[case.language])
        if judged and within is True:
            yield from (("steady", form.format(**told)) for form in STEADY[case.language])


def _compared(case: Case) -> Iterator[tuple[Evidence, dict[str, object]]]:
    for pair in case.pairs():
        if not isinstance(pair.inputs.get("lesion"), int):
            continue
        now, then = _value(pair, "current_axial_long_axis"), _value(pair, "prior_axial_long_axis")
        days = pair.quantity("interval")
        told: dict[str, object] = {"n": pair.inputs["lesion"], "now": f"{now:.1f}", "then": f"{then:.1f}", "diff": f"{now - then:.1f}", "e": pair.id}
        yield pair, told | {"days": f"{days.value:.0f}" if days else ""}


def of_the_scan(case: Case, forms: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield clauses about the open scan's slices and pixels."""
    for item in case.evidence.values():
        if item.id in case.current and item.kind == "scan" and "prior" not in item.inputs and item.quantity("slice_interval"):
            told: dict[str, object] = {"thick": f"{_value(item, 'slice_thickness'):.1f}", "gap": f"{_value(item, 'slice_interval'):.1f}", "s": item.id}
            told |= {name: f"{_value(item, q):g}" for name, q in _OF_A_SCAN.items()}
            yield from (form.format(**told) for form in forms[case.language])


def _of_the_case(case: Case) -> Iterator[tuple[str, str]]:
    at = 0 if case.language == "en" else 1
    for item in case.evidence.values():
        if item.id not in case.current:
            continue
        if item.kind == "stated" and item.inputs.get("field") == "age":
            yield from (("stated", form.format(age=f"{_value(item, 'age'):.0f}", g=item.id)) for form in STATED[case.language])
        elif item.kind == "classification" and item.quantity("lidc_rating"):
            told = {"n": item.inputs["lesion"], "r": f"{_value(item, 'lidc_rating'):.1f}", "c": item.id}
            yield from (("rated", form.format(**told)) for form in RATED[case.language])
        elif item.kind == "category" and item.inputs.get("category"):
            said = [*(item.text or "").split(" | "), ""]
            action = (said[at] or said[0]).rstrip(".。").replace(". ", "; ")
            told = {"title": item.inputs["title"], "category": item.inputs["category"], "action": action, "c": item.id}
            yield from (("category", form.format(**told)) for form in ADVISED[case.language])


_OF_A_SCAN = {"slices": "slices", "px": "pixel_spacing_i"}


def cited_alone(home: Path) -> Iterator[tuple[str, str, CaseEvidence]]:
    """Yield language, clause and its evidence where a search or a passage is cited: made here."""
    book = EvidenceStore(home).case("voices")
    number = Quantity("candidates", 4, "{candidate}", "above threshold"), Quantity("candidates", 0, "{candidate}", "above threshold")
    where = {"f": ("right", number[0], ""), "g": (None, number[0], "The mediastinum was not searched. | 纵隔未搜索。"),
             "h": (None, number[1], "Sensitivity on whole scans is not established; not a negative read. | 整幅扫描的敏感度尚未确定\uff0c不等于阴性结论。")}  # fmt: skip
    ids: dict[str, object] = {
        name: book.add("search", "lung-candidates", "1.0.0", inputs={"side": side}, quantities=(held,), text=text).id
        for name, (side, held, text) in where.items()
    }
    for language, counted in (("en", "four"), ("zh", "4")):
        passage = knowledge.passage(f"fleischner-2017/solid-single/{language}")
        held = book.add("passage", "guidelines", "2017", text=passage.text,
                        inputs={"passage": passage.id, "guideline": passage.guideline, "edition": passage.edition})  # fmt: skip
        for form in (*SEARCH[language], *GUIDED[language]):
            yield language, form.format(**ids, p=held.id, count=counted, Count=counted.capitalize()), book


def words_of(number: int, measured: Evidence, mask: Evidence) -> dict[str, object]:
    """Return what stands in the forms for a lesion: its sizes, its place, the ids of its evidence."""
    held = {q.name: q.value for q in measured.quantities}
    side, third = str(mask.inputs.get("side") or ""), str(mask.inputs.get("third") or "")
    told = {"a": "axial_long_axis", "b": "axial_short_axis", "mean": "mean_diameter", "cc": "craniocaudal_extent", "d3": "max_diameter_3d"}
    return {
        **{name: f"{held[q]:.1f}" for name, q in told.items()},
        "n": number, "m": measured.id, "k": mask.id, "v": f"{held['volume_voxel']:.0f}", "ml": f"{held['volume_voxel'] / 1000:.1f}", "acm": f"{held['axial_long_axis'] / 10:.1f}",
        "hu": f"{held.get('hu_mean', 0.0):.0f}", "side": side, "third": third, "Side": side.capitalize(), "zside": _ZH.get(side, ""), "zthird": _ZH.get(third, ""),
    }  # fmt: skip


def _value(item: Evidence, name: str) -> float:
    quantity = item.quantity(name)
    assert quantity is not None, name
    return quantity.value
