"""False clauses in the same voices as `truths_voices`: one claim slipped into a sentence that is otherwise true.

What the checker was widened for is what these try: a verb of the writer's own before a size, a phrase before the
sentence, a remark behind it, a limit that hides a claim, a guideline told with another row's answer. Written before the
widening and without the checker's tables; the clauses of `truths_voices` are altered by `alterations` besides.
"""

from __future__ import annotations

from collections.abc import Iterator

from alterations_told import Case
from truths_voices import words_of

FALSE = {
    "en": (
        "Lesion {n} indents {a} mm of the diaphragm [{m}].", "Lesion {n} obstructs a bronchus over {a} mm [{m}].", "Lesion {n} erodes {a} mm of the rib [{m}].", "Lesion {n} doubles to {a} mm [{m}].",
        "Lesion {n} invades the {side} lung [{k}].", "Lesion {n} destroys the {side} lung [{k}].", "Lesion {n} collapses the {side} lung [{k}].", "Lesion {n} metastasises in the {side} lung [{k}].",
        "Alarmingly, lesion {n} measures {a} mm [{m}].", "Fortunately, lesion {n} measures {a} mm [{m}].", "As expected in sarcoidosis, lesion {n} measures {a} mm [{m}].", "In this smoker lesion {n} measures {a} mm [{m}].",
        "Lesion {n} measures {a} mm, dangerously large [{m}].", "Lesion {n} measures only {a} mm, so it is harmless [{m}].", "Lesion {n} measures {a} mm, a suspicious size [{m}].", "Lesion {n} measures {a} mm and is tender [{m}].",
        "Lesion {n} measures {a} mm with rim uptake [{m}].", "Lesion {n} measures {a} mm and drains pus [{m}].", "The dominant nodule, lesion {n}, is vascular and measures {a} mm [{m}].", "The ugly lesion {n} measures {a} mm [{m}].",
        "The stellate lesion {n} spans {a} mm [{m}].", "The dense rim of lesion {n} measures {a} mm [{m}].", "The wall of lesion {n} is {a} mm thick [{m}].", "The solid part of lesion {n} is {a} mm [{m}].",
        "The depth of lesion {n} below the pleura is {a} mm [{m}].", "The gap between lesion {n} and the heart is {a} mm [{m}].", "Lesion {n} has a short axis of {a1} mm [{m}].", "Lesion {n} has a craniocaudal extent of {a1} mm [{m}].",
        "The volume of lesion {n} is {a} mm³ [{m}].", "The density type of lesion {n} was not determined, but it looks calcified [{m}].", "Lesion {n} was not assigned a lobe and has a spiculated edge [{k}].",
        "Although its lobe is unknown, lesion {n} has increased [{k}].", "Lesion {n} has a diameter of {a} mm, that is T1c [{m}].", "With {a} mm, lesion {n} qualifies for resection [{m}].", "With {a} mm, lesion {n} meets criteria for surveillance [{m}].",
        "Lesion {n} measures {a} mm, stage I disease [{m}].", "Lesion {n}, {a} mm, is inoperable [{m}].", "Lesion {n}, {a} mm, is accessible for biopsy [{m}].", "Lesion {n} measures {a} mm; the airways are patent [{m}].",
        "Lesion {n} measures {a} mm; the heart is normal in size [{m}].", "Lesion {n} measures {a} mm. There are no others of note [{m}].", "Lesion {n} is the only nodule, {a} mm [{m}].", "Lesion {n} is the dominant one of eight nodules, {a} mm [{m}].",
        "Lesion {n} shows {a} mm of growth [{m}].", "Lesion {n} reached {a} mm within a year [{m}].", "Lesion {n} persists at {a} mm [{m}].", "Lesion {n} recurred at {a} mm [{m}].", "Lesion {n} responded, now {a} mm [{m}].",
        "Lesion {n} measures {a} mm on the coronal plane [{m}].", "Lesion {n} measures {a} mm on MRI [{m}].", "Lesion {n} measured {a} mm at surgery [{m}].", "Lesion {n} measures {a} mm after treatment [{m}].", "Lesion {n} measures {a} mm with contrast [{m}].",
    ),
    "zh": (
        "病灶{n}压迫横膈{a} mm [{m}]。", "病灶{n}阻塞支气管{a} mm [{m}]。", "病灶{n}侵蚀肋骨{a} mm [{m}]。", "病灶{n}侵犯{zside}肺 [{k}]。", "病灶{n}破坏{zside}肺 [{k}]。", "病灶{n}转移至{zside}肺 [{k}]。",
        "令人担忧的是\uff0c病灶{n}长径{a} mm [{m}]。", "所幸病灶{n}长径{a} mm [{m}]。", "在结节病背景下\uff0c病灶{n}长径{a} mm [{m}]。", "病灶{n}长径{a} mm\uff0c尺寸可疑 [{m}]。", "病灶{n}长径仅{a} mm\uff0c无害 [{m}]。", "病灶{n}长径{a} mm\uff0c有压痛 [{m}]。",
        "病灶{n}长径{a} mm\uff0c环形摄取 [{m}]。", "星芒状病灶{n}跨度{a} mm [{m}]。", "病灶{n}壁厚{a} mm [{m}]。", "病灶{n}实性成分长径{a} mm [{m}]。", "病灶{n}深度距胸膜{a} mm [{m}]。", "病灶{n}与心脏相距{a} mm [{m}]。", "病灶{n}短径{a1} mm [{m}]。",
        "病灶{n}体积{a} mm³ [{m}]。", "病灶{n}密度类型未确定\uff0c但可见钙化 [{m}]。", "病灶{n}肺叶未确定\uff0c边缘有毛刺 [{k}]。", "病灶{n}长径{a} mm\uff0c即T1c [{m}]。", "病灶{n}长径{a} mm\uff0c符合手术指征 [{m}]。", "病灶{n}长径{a} mm\uff0c气道通畅 [{m}]。",
        "病灶{n}长径{a} mm\uff0c心脏大小正常 [{m}]。", "病灶{n}是唯一结节\uff0c长径{a} mm [{m}]。", "病灶{n}增长了{a} mm [{m}]。", "病灶{n}一年内达{a} mm [{m}]。", "病灶{n}复发\uff0c长径{a} mm [{m}]。", "病灶{n}治疗后长径{a} mm [{m}]。",
        "病灶{n}冠状位长径{a} mm [{m}]。", "病灶{n}在MRI上长径{a} mm [{m}]。", "病灶{n}术中测得{a} mm [{m}]。", "病灶{n}横穿纵隔\uff0c长径{a} mm [{m}]。", "病灶{n}跨叶生长\uff0c长径{a} mm [{m}]。", "一颗恶性病灶{n}\uff0c长径{a} mm [{m}]。",
    ),
}  # fmt: skip


def false(case: Case) -> Iterator[str]:
    """Yield clauses that are false of a case, or that nothing in it holds."""
    for number, measured, mask in case.lesions():
        words = words_of(number, measured, mask)
        words["a1"] = f"{float(str(words['a'])) * 1.31 + 4:.1f}"
        for form in FALSE[case.language]:
            if words["zside"] or "side}" not in form:
                yield form.format(**words)
