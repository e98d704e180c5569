"""Two more sets of true and false clauses in the voices of report writers, each written after the checker had been mended
from the one before, and run once before it was read.

First runs: of the second set 25.6 % of the true clauses were refused in English and 34.1 % in Chinese, of the third
16.7 % and 35.1 %; of the false ones 21 of 826 passed, then 63 of 504. Mended by cause since: a name that stands behind
its number, names that share a row of numbers, a time in brackets, and words of reporting that were on no list. Written
without the checker's tables; nothing here uses its code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import truths_voices
from alterations_told import Case

_OTHER = {"right": "left", "left": "right"}
Forms = Mapping[str, tuple[str, ...]]

SIZE_SECOND: Forms = {
    "en": (
        "We obtained {a} mm for the long axis of lesion {n} and {b} mm for the short one [{m}].",
        "Lesion {n} scales to {a} mm along its longest axial line [{m}].", "Lesion {n} - {a} mm long, {b} mm across [{m}].",
        "In lesion {n}, maximal axial diameter equals {a} mm; the perpendicular is {b} mm [{m}].", "Volumetry of lesion {n}: {v} mm³ [{m}].",
        "Lesion {n} has a calculated volume of {v} mm³, based on voxel counting [{m}].", "Mean of the two axes, lesion {n}: {mean} mm [{m}].",
        "From top to bottom, lesion {n} covers {cc} mm in the craniocaudal direction [{m}].", "Nodule {n} is sized at {a} × {b} mm [{m}].",
        "The software-derived diameter of lesion {n} is {a} mm [{m}].", "I would report lesion {n} as {a} mm [{m}].",
        "The outlined nodule, number {n}, is {a} mm long [{m}].", "For the record, lesion {n} currently stands at a long axis of {a} mm [{m}].",
        "The measurement tool recorded {a} mm as the long axis of lesion {n} [{m}].",
        "Lesion {n}, long axis: {a} mm; short axis: {b} mm; volume: {v} mm³ [{m}].",
        "The longest distance across lesion {n} on a single axial slice is {a} mm [{m}].",
        "A well-known convention rounds this; unrounded, lesion {n} is {a} mm [{m}].", "Lesion {n} (nodule) — axial diameters {a} mm / {b} mm [{m}].",
        "Measured digitally, nodule {n} comes in at {a} mm [{m}].",
        "Overall, the size of lesion {n} amounts to {a} mm in its long axis and {b} mm in its short axis [{m}].",
    ),
    "zh": (
        "病灶{n}长轴径线{a} mm\uff0c短轴径线{b} mm [{m}]。", "病灶{n}最大横断面直径为{a} mm [{m}]。", "病灶{n}体积测量值\uff1a{v} mm³ [{m}]。",
        "病灶{n}的平均径\uff08长短径均值\uff09为{mean} mm [{m}]。", "结节{n}长约{a} mm\uff0c宽约{b} mm [{m}]。", "软件算得病灶{n}直径{a} mm [{m}]。",
        "病灶{n}头尾方向共{cc} mm [{m}]。", "我将病灶{n}记为{a} mm [{m}]。", "编号为{n}的病灶长径{a} mm [{m}]。",
        "病灶{n}\uff1a长径{a} mm\uff1b短径{b} mm\uff1b体积{v} mm³ [{m}]。", "病灶{n}在单层轴位图像上的最长距离为{a} mm [{m}]。",
        "数字测量下\uff0c病灶{n}为{a} mm [{m}]。", "总的看\uff0c病灶{n}大小为长径{a} mm、短径{b} mm [{m}]。", "病灶{n}尺寸约为{a}×{b}毫米 [{m}]。",
        "现将病灶{n}长径更新为{a} mm [{m}]。",
    ),
}  # fmt: skip
PLACE_SECOND: Forms = {
    "en": (
        "Lesion {n} is found on the {side} side, {third} third [{k}].", "Location: {side} lung, {third} third (lesion {n}) [{k}].",
        "Anatomically, lesion {n} belongs to the {third} third of the {side} lung [{k}].", "The {side} lung contains lesion {n} [{k}].",
        "Lesion {n} can be localised to the {side} lung [{k}].", "Seen in the {side} lung: lesion {n}, {a} mm [{k}, {m}].",
    ),
    "zh": (
        "病灶{n}在{zside}侧\uff0c{zthird}三分之一 [{k}]。", "位置\uff1a{zside}肺{zthird}三分之一\uff08病灶{n}\uff09 [{k}]。",
        "从解剖位置看\uff0c病灶{n}属于{zside}肺{zthird}部 [{k}]。", "{zside}肺内含病灶{n} [{k}]。", "病灶{n}可定位到{zside}肺 [{k}]。",
    ),
}  # fmt: skip
CHANGE_SECOND: Forms = {
    "en": (
        "Then {then} mm, now {now} mm: that is lesion {n} over the interval [{e}].",
        "Lesion {n} measured {then} mm on the earlier CT and measures {now} mm on the present one [{e}].",
        "Prior size {then} mm, present size {now} mm (lesion {n}) [{e}].", "Over {days} days, lesion {n} moved from {then} mm to {now} mm [{e}].",
    ),
    "zh": (
        "病灶{n}上次{then} mm\uff0c这次{now} mm [{e}]。", "既往{then} mm、目前{now} mm\uff08病灶{n}\uff09 [{e}]。",
        "{days}天间隔内\uff0c病灶{n}从{then} mm到{now} mm [{e}]。",
    ),
}  # fmt: skip
SCAN_SECOND: Forms = {
    "en": (
        "CT chest, {slices} slices, {thick} mm thick [{s}].", "The voxel grid has {slices} slices at {gap} mm spacing [{s}].",
        "Contrast administration is not documented [{s}].", "Pixels measure {px} mm in plane [{s}].",
    ),
    "zh": (
        "胸部CT\uff0c{slices}层\uff0c每层厚{thick} mm [{s}]。", "体素网格共{slices}层\uff0c层距{gap} mm [{s}]。", "对比剂使用情况未记录 [{s}]。",
    ),
}  # fmt: skip
FALSE_SECOND: Forms = {
    "en": (
        "Lesion {n} measures {a} mm and parts the fissure [{m}].", "Lesion {n} runs {a} mm along the bronchus [{m}].",
        "Lesion {n} contains {a} mm of air [{m}].", "Lesion {n} contains fluid and measures {a} mm [{m}].",
        "Lesion {n} rises {a} mm above the diaphragm [{m}].", "Lesion {n} falls to {a} mm [{m}].",
        "Lesion {n} projects into the airway by {a} mm [{m}].", "Lesion {n} sits close to the heart [{k}].",
        "The typical lesion {n} of an old infarct measures {a} mm [{m}].", "Lesion {n} houses a crescent of air, {a} mm [{m}].",
        "Lesion {n} reads as active, {a} mm [{m}].", "Lesion {n} measures {a} mm; the patient is stable [{m}].",
        "Lesion {n} measures {a} mm, low risk [{m}].", "Lesion {n} measures {a} mm and is not growing [{m}].",
        "Lesion {n} measures {a} mm, both in the {side} and {other} lungs [{m}].", "Lesion {n} measures {a} mm; clinical concern is low [{m}].",
        "Lesion {n}, {a} mm, has a minor halo [{m}].", "Lesion {n} measures {a} mm, unusually round [{m}].",
        "Lesion {n} is too small to matter at {a} mm [{m}].", "Lesion {n} measures {a} mm, major pathology [{m}].",
        "Lesion {n} has two components, {a} mm and {a1} mm [{m}].", "Lesion {n}'s long and short axes are {a1} mm and {b} mm [{m}].",
        "The long and short axes of lesion {n} are {b1} mm and {a1} mm [{m}].", "Lesion {n} measured {a} mm in 2019 [{m}].",
        "Lesion {n} measures {a} mm, half as much as last time [{m}].",
    ),
    "zh": (
        "病灶{n}沿支气管走行{a} mm [{m}]。", "病灶{n}内含气体{a} mm [{m}]。", "病灶{n}高出膈面{a} mm [{m}]。", "病灶{n}降至{a} mm [{m}]。",
        "病灶{n}突入气道{a} mm [{m}]。", "病灶{n}靠近心脏 [{k}]。", "病灶{n}长径{a} mm\uff0c活动性 [{m}]。", "病灶{n}长径{a} mm\uff0c低危 [{m}]。",
        "病灶{n}长径{a} mm\uff0c未见增大 [{m}]。", "病灶{n}长径{a} mm\uff0c临床意义不大 [{m}]。", "病灶{n}伴晕征\uff0c{a} mm [{m}]。",
        "病灶{n}太小\uff0c{a} mm\uff0c可忽略 [{m}]。", "病灶{n}长径与短径依次为{a1} mm、{b} mm [{m}]。", "病灶{n}2019年长径{a} mm [{m}]。",
        "病灶{n}长径{a} mm\uff0c形态圆 [{m}]。",
    ),
}  # fmt: skip
SIZE_THIRD: Forms = {
    "en": (
        "Lesion {n} yields {a} mm on caliper placement along the long axis [{m}].", "A {a} mm by {b} mm nodule, lesion {n}, is described [{m}].",
        "I get {v} mm³ when I compute the volume of lesion {n} [{m}].", "Largest cross-section of lesion {n}: {a} mm × {b} mm [{m}].",
        "Lesion {n} boasts a long axis of {a} mm [{m}].",
        "Dimensions of lesion {n} are as follows: long axis {a} mm, short axis {b} mm, craniocaudal {cc} mm [{m}].",
        "In numbers, lesion {n} is {a} mm long with a volume of {v} mm³ [{m}].",
        "The tool's figure for the mean diameter of lesion {n} is {mean} mm [{m}].", "Its long diameter, that of lesion {n}, is {a} mm [{m}].",
        "Sizewise, lesion {n} is {a} mm [{m}].", "Going by the outline, lesion {n} takes up {v} mm³ [{m}].",
        "The widest span of lesion {n} is {a} mm [{m}].", "Your lesion {n} is {a} mm long [{m}].",
        "The long axis of nodule {n} was determined to be {a} mm [{m}].", "Lesion {n} was contoured; the resulting long axis is {a} mm [{m}].",
    ),
    "zh": (
        "病灶{n}的长径经卡尺测得为{a} mm [{m}]。", "描述一枚{a} mm×{b} mm结节\uff0c即病灶{n} [{m}]。", "计算病灶{n}体积得{v} mm³ [{m}]。",
        "病灶{n}各径线如下\uff1a长径{a} mm\uff0c短径{b} mm\uff0c头足径{cc} mm [{m}]。", "从数字上看\uff0c病灶{n}长{a} mm\uff0c体积{v} mm³ [{m}]。",
        "工具给出的病灶{n}平均直径是{mean} mm [{m}]。", "就病灶{n}来讲\uff0c长径为{a} mm [{m}]。", "按轮廓计\uff0c病灶{n}占{v} mm³ [{m}]。",
        "病灶{n}最宽跨度{a} mm [{m}]。", "您的病灶{n}长{a} mm [{m}]。", "结节{n}的长径被测定为{a} mm [{m}]。",
        "病灶{n}勾画完毕\uff0c所得长径{a} mm [{m}]。", "测得病灶{n}之长径为{a} mm\uff0c短径为{b} mm [{m}]。",
    ),
}  # fmt: skip
PLACE_THIRD: Forms = {
    "en": (
        "The {side} lung is where lesion {n} sits [{k}].", "Lesion {n} has been placed in the {third} third of the {side} lung [{k}].",
        "Looking at the {side} lung, lesion {n} measures {a} mm [{k}, {m}].", "Side: {side}; lesion {n} [{k}].",
    ),
    "zh": (
        "病灶{n}出自{zside}肺 [{k}]。", "侧别\uff1a{zside}\uff1b病灶{n} [{k}]。", "看{zside}肺\uff0c病灶{n}长径{a} mm [{k}, {m}]。",
        "病灶{n}归在{zside}肺{zthird}三分之一 [{k}]。",
    ),
}  # fmt: skip
CHANGE_THIRD: Forms = {
    "en": (
        "The long axis of lesion {n} used to be {then} mm and is {now} mm at present [{e}].",
        "On the two scans lesion {n} measures {then} mm (prior) and {now} mm (current) [{e}].",
        "Lesion {n}, which was {then} mm, is {now} mm today [{e}].",
    ),
    "zh": (
        "病灶{n}过去为{then} mm\uff0c如今{now} mm [{e}]。", "两次检查中病灶{n}长径分别为{then} mm\uff08前次\uff09和{now} mm\uff08本次\uff09 [{e}]。",
        "病灶{n}以前{then} mm\uff0c今{now} mm [{e}]。",
    ),
}  # fmt: skip
SCAN_THIRD: Forms = {
    "en": (
        "We are dealing with a CT of the chest of {slices} slices [{s}].", "Slices are {thick} mm thick and {gap} mm apart [{s}].",
        "The scan does not say whether contrast was given [{s}].",
    ),
    "zh": (
        "这是一次胸部CT检查\uff0c共{slices}层 [{s}]。", "层厚{thick} mm、层距{gap} mm [{s}]。", "扫描未注明是否使用对比剂 [{s}]。",
    ),
}  # fmt: skip
FALSE_THIRD: Forms = {
    "en": (
        "Lesion {n} takes up {a} mm of the lobe [{m}].", "Lesion {n} has a track of {a} mm to the skin [{m}].",
        "Lesion {n} expresses {a} mm of mucus [{m}].", "Lesion {n} is right at {a1} mm [{m}].", "Lesion {n} tracks along the fissure, {a} mm [{m}].",
        "Lesion {n}, {a} mm, is the major finding and pathological [{m}].", "Lesion {n} hosts calcium, {a} mm [{m}].",
        "Lesion {n} measures {a} mm in a patient with present haemoptysis [{m}].", "Lesion {n} used to be {a1} mm [{m}].",
        "Typically malignant, lesion {n} measures {a} mm [{m}].", "Lesion {n} measures {a} mm; dimensions {a1} mm and {b} mm [{m}].",
        "Lesion {n} is {a} mm long, {b1} mm across [{m}].", "Lesion {n} rests on the pleura [{k}].", "Lesion {n} is close by the aorta [{k}].",
    ),
    "zh": (
        "病灶{n}占据肺叶{a} mm [{m}]。", "病灶{n}与皮肤相连{a} mm [{m}]。", "病灶{n}分布于两肺 [{k}]。", "病灶{n}长径{a} mm\uff0c距离近 [{m}]。",
        "病灶{n}原为{a1} mm [{m}]。", "病灶{n}长{a} mm宽{b1} mm [{m}]。", "病灶{n}长短径为{a1} mm和{b} mm [{m}]。", "病灶{n}两端与血管相连 [{k}]。",
        "病灶{n}改为实性 [{k}]。", "病灶{n}长径{a} mm\uff0c识别为肺癌 [{m}]。",
    ),
}  # fmt: skip


def true(case: Case) -> Iterator[str]:
    """Yield clauses that are true of a case."""
    for number, measured, mask in case.lesions():
        words = truths_voices.words_of(number, measured, mask)
        for forms in (SIZE_SECOND, SIZE_THIRD):
            yield from (form.format(**words) for form in forms[case.language])
        if words["zside"] and words["zthird"]:
            for forms in (PLACE_SECOND, PLACE_THIRD):
                yield from (form.format(**words) for form in forms[case.language])
    for change, scan in ((CHANGE_SECOND, SCAN_SECOND), (CHANGE_THIRD, SCAN_THIRD)):
        yield from truths_voices.of_two_times(case, change)
        yield from truths_voices.of_the_scan(case, scan)


def false(case: Case) -> Iterator[str]:
    """Yield clauses that are false of a case, or that nothing in it holds."""
    for number, measured, mask in case.lesions():
        words = dict(truths_voices.words_of(number, measured, mask))
        words |= {
            "a1": f"{float(str(words['a'])) * 1.31 + 4:.1f}", "b1": f"{float(str(words['b'])) * 1.5 + 3:.1f}",
            "other": _OTHER.get(str(words["side"]), ""),
        }  # fmt: skip
        for forms in (FALSE_SECOND, FALSE_THIRD):
            yield from (form.format(**words) for form in forms[case.language] if words["zside"] or "side}" not in form)
