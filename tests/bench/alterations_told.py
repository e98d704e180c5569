"""Clauses as a hostile or a careless model would write them: numbers in disguise, and things told that nobody found.

Composed from a case's evidence, not from its true clauses, in two families. `written`: a false number in a form that
a reader understands at once (in brackets, in words, as a range, a fraction, a footnote, in Markdown, between two
languages). `told`: the right number for the wrong lesion or the wrong time, a comparison the other way round, a date
in another form, an adjective or a second finding slipped in beside the truth, a passage cited for what another says.
Written without the checker's tables; nothing here uses its code. What is true in the same forms is in `truths_told`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from tools.evidence import Evidence

_SIDES = {"en": {"right": "right", "left": "left"}, "zh": {"right": "右", "left": "左"}}
_OTHER_SIDE = {"right": "left", "left": "right"}
_NEAR = 0.7
"""A false number lies at least so far from every length of its lesion, in mm."""

WRITTEN = {
    "bracketed": {
        "en": ("Lesion {n} ({x} mm) was outlined [{m}].", "Lesion {n} (long axis: {x}mm) [{m}].", "Lesion {n} [{x} mm] was measured [{m}].",
               "Lesion {n}({x}mm) [{m}].", "Size (lesion {n}):({x})mm [{m}]."),
        "zh": ("病灶{n}({x} mm)已勾画 [{m}]。", "病灶{n}\uff08{x}mm\uff09 [{m}]。", "病灶{n}\uff08长径\uff1a{x}毫米\uff09 [{m}]。", "病灶{n}【{x} mm】 [{m}]。"),
    },
    "in words": {
        "en": ("Lesion {n} is some {words} millimeters long [{m}].", "Lesion {n} has a long axis of {words} mm [{m}].",
               "Lesion {n} is roughly {Words} millimetres across [{m}].", "{Words} millimetres is the long axis of lesion {n} [{m}]."),
        "zh": ("病灶{n}长径约{zh}毫米左右 [{m}]。", "病灶{n}大约有{zh}个毫米 [{m}]。", "{zh}毫米为病灶{n}的长径 [{m}]。", "病灶{n}长径{zh}mm [{m}]。"),
    },
    "vague": {
        "en": ("Lesion {n} is several centimetres across [{m}].", "Lesion {n} is a couple of centimetres long [{m}].",
               "Lesion {n} is the size of a golf ball [{m}].", "Lesion {n} is a fingertip in size [{m}].",
               "Lesion {n} is just under an inch [{m}].", "Lesion {n} is about as big as a walnut [{m}]."),
        "zh": ("病灶{n}有好几厘米 [{m}]。", "病灶{n}约核桃大小 [{m}]。", "病灶{n}鸡蛋大小 [{m}]。", "病灶{n}两公分多 [{m}]。", "病灶{n}约一寸 [{m}]。"),
    },
    "range": {
        "en": ("Lesion {n} measures between {lo} and {hi} mm [{m}].", "Lesion {n} measures {lo}-{hi} mm [{m}].", "Lesion {n} is {lo}mm to {hi}mm long [{m}].",
               "Lesion {n} measures {x} ± 0.5 mm [{m}].", "Lesion {n}: {lo}…{hi} mm [{m}].", "Lesion {n} exceeds {hi} mm [{m}]."),
        "zh": ("病灶{n}长径在{lo}至{hi} mm之间 [{m}]。", "病灶{n}长径{lo}\uff5e{hi}毫米 [{m}]。", "病灶{n}长径{x}±0.5 mm [{m}]。", "病灶{n}大于{hi} mm [{m}]。"),
    },
    "fraction": {
        "en": ("Lesion {n} measures {w}½ mm [{m}].", "Lesion {n} measures {w} 1/2 mm [{m}].", "Lesion {n} measures 1/2 inch [{m}].",
               "Lesion {n} measures {e} mm [{m}].", "Lesion {n} measures {w} and a half millimetres [{m}].", "Lesion {n} measures 0{x} mm [{m}]."),
        "zh": ("病灶{n}长径{w}又二分之一毫米 [{m}]。", "病灶{n}长径{w}毫米半 [{m}]。", "病灶{n}长径{e} mm [{m}]。", "病灶{n}长径{w}½ mm [{m}]。"),
    },
    "marked up": {
        "en": ("Lesion {n} measures **{x}** mm [{m}].", "Lesion {n} measures **{x} mm** [{m}].", "Lesion {n} measures `{x}` mm [{m}].",
               "Lesion {n} measures $ {x} $ mm [{m}].", "Lesion {n} measures {a}**{b}** mm [{m}].", "Lesion {n} measures <b>{x}</b>mm [{m}].",
               "Lesion {n} measures _{x}_ mm [{m}].", "Lesion {n} measures {x}&nbsp;mm [{m}].", "Lesion {n} measures {x}\\u00a0mm [{m}]."),
        "zh": ("病灶{n}长径**{x}** mm [{m}]。", "病灶{n}长径**{x} mm** [{m}]。", "病灶{n}长径`{x}`mm [{m}]。", "病灶{n}长径_{x}_毫米 [{m}]。", "病灶{n}长径{a}**{b}** mm [{m}]。"),
    },
    "footnote": {
        "en": ("Lesion {n} measures {x}* mm [{m}].", "Lesion {n} measures {x}† mm [{m}].", "Lesion {n} measures {sup} mm [{m}].",
               "Lesion {n} measures {x}¹ mm [{m}].", "Lesion {n} measures {x} mm* [{m}].", "Lesion {n} measures {x}(1) mm [{m}]."),
        "zh": ("病灶{n}长径{x}* mm [{m}]。", "病灶{n}长径{sup} mm [{m}]。", "病灶{n}长径{x}① mm [{m}]。", "病灶{n}长径{x}(1)毫米 [{m}]。"),
    },
    "unit first": {
        "en": ("Lesion {n}, size in mm: {x} [{m}].", "Lesion {n} (mm): {x} [{m}].", "Lesion {n} measures mm {x} [{m}].", "Long axis of lesion {n}, mm = {x} [{m}]."),
        "zh": ("病灶{n}长径(mm):{x} [{m}]。", "病灶{n}\uff0c单位mm\uff1a{x} [{m}]。", "病灶{n}毫米数为{x} [{m}]。"),
    },
    "unit of another kind": {
        "en": ("Lesion {n} measures {t} % [{m}].", "Lesion {n} measures {t} percent [{m}].", "Lesion {n} measures {t} HU [{m}].", "Lesion {n} measures {t} mm² [{m}].",
               "Lesion {n} measures {t} metres [{m}].", "Lesion {n} measures {t} µm [{m}].", "Lesion {n} measures {t} inches [{m}].",
               "Lesion {n} has a radius of {t} mm [{m}].", "Lesion {n} has a circumference of {t} mm [{m}].", "Lesion {n} measures {t} kg [{m}].",
               "Lesion {n} is {t} mm deep below the pleura [{m}]."),
        "zh": ("病灶{n}长径{t}% [{m}]。", "病灶{n}长径{t}\uff05 [{m}]。", "病灶{n}长径{t}米 [{m}]。", "病灶{n}长径{t}微米 [{m}]。", "病灶{n}长径{t}寸 [{m}]。",
               "病灶{n}半径{t} mm [{m}]。", "病灶{n}长径百分之{t} [{m}]。", "病灶{n}距胸膜{t} mm [{m}]。"),
    },
    "two languages": {
        "en": ("Lesion {n} 长径 {x} mm [{m}].", "病灶{n} measures {x} mm [{m}].", "Lesion {n} 约{zh}毫米 [{m}].", "Lesion {n} 位于{zo}肺 [{k}].", "Lesion {n} 有毛刺 [{m}]."),
        "zh": ("病灶{n} measures {x} mm [{m}]。", "病灶{n} lies in the {o} lung [{k}]。", "Lesion {n}长径{x}毫米 [{m}]。", "病灶{n} is {words} mm long [{m}]。", "病灶{n} is spiculated [{m}]。"),
    },
}  # fmt: skip
"""Forms of a false number, by kind and language. `x` is false, `t` the true long axis in a unit that is not its own."""

BESIDE = {
    "adjective": {
        "en": ("spiculated", "hypermetabolic", "FDG-avid", "cystic", "hypervascular", "coarsely calcified", "fat-containing", "pleural-based",
               "umbilicated", "lobular", "angular", "worrisome", "ominous", "innocent-looking", "necrotic", "bubbly", "thick-walled", "low-density"),
        "zh": ("边缘毛糙的", "有短毛刺的", "代谢增高的", "囊性", "血供丰富的", "爆米花样钙化的", "含脂肪的", "厚壁", "偏心钙化的", "浅分叶的", "可疑的", "低密度"),
    },
    "second finding": {
        "en": ("while a second nodule is seen nearby", "with a further 3 mm nodule next to it", "which abuts the oblique fissure", "which tethers the pleura",
               "and coronary calcification is noted", "with an air bronchogram", "in a patient with adrenal thickening", "where a dilated bronchus ends",
               "although the mediastinal nodes are enlarged", "which encases a vessel", "and there is a small liver lesion", "with surrounding halo",
               "on a background of interstitial lung disease", "with satellite nodules", "together with a thyroid nodule", "which has invaded the chest wall",
               "next to a rib lesion", "and a pericardial effusion is present", "with tree-in-bud opacities", "in keeping with scarring"),
        "zh": ("另见左肺小结节", "同时可见胸膜增厚", "合并冠状动脉钙化", "伴纵隔淋巴结增大", "牵拉邻近胸膜", "可见支气管充气征", "周围有卫星灶", "邻近肋骨破坏",
               "伴晕征", "侵犯胸壁", "肝内另见低密度灶", "背景为间质性肺病", "与血管相连", "伴树芽征", "另有甲状腺结节", "可见空泡征"),
    },
    "verdict": {
        "en": ("which is worrisome for an early adenocarcinoma", "so it can be ignored", "so there is no cause for concern", "which is nothing to worry about",
               "which makes it Lung-RADS 4B", "highly suspicious", "so surgery is the best option", "probably an old granuloma", "a T1b tumour",
               "most likely inflammatory", "which needs no follow-up", "so the patient can be reassured", "which warrants urgent biopsy"),
        "zh": ("高度怀疑肺癌", "不用担心", "可以放心", "大概率是良性", "属Lung-RADS 4B类", "建议尽快手术", "考虑炎性可能", "不排除早期肺癌", "无需随访", "应尽快活检", "为陈旧性病变"),
    },
    "place": {
        "en": ("in segment S6", "in the posterior segment", "near the hilum", "in a paramediastinal position", "in the right middle lobe", "in the costophrenic angle",
               "in the lingula", "beneath the pleura", "in the liver dome", "retrocardiac"),
        "zh": ("位于S6段", "位于后段", "近肺门", "纵隔旁", "位于右肺中叶", "位于肋膈角", "位于舌段", "位于胸膜下", "位于心影后"),
    },
    "date": {
        "en": ("first seen on 3/14/23", "last measured 14-May-23", "present since last May", "known since spring 2023", "first seen in Q2 2023", "known for two years",
               "seen three weeks ago", "present since 2019", "as of May '23", "seen yesterday", "seen on the 14th", "first noted in 05/2023"),
        "zh": ("首见于去年5月", "三个月前已有", "2019年起即有", "见于5月14日", "昨日所见", "首见于23年5月", "两年前已存在", "见于2023-5-14", "首见于上个月"),
    },
    "change": {
        "en": ("and it has since got bigger", "having crept up", "a touch larger", "which is static", "showing interval growth", "slightly more prominent", "no interval change",
               "looking much the same", "with a rapid doubling", "which is progressing", "shrinking nicely", "an interval development", "up 20 % on last year"),
        "zh": ("较前略大", "有所进展", "与前片相比无明显改变", "较前饱满", "略有缩小", "近期新见", "生长迅速", "基本同前片", "维持原状", "较去年增大20%"),
    },
}  # fmt: skip
"""What is slipped in beside a true size: nothing of it is in any evidence."""

ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Case:
    """A made case: its evidence, what of it is current, and the language that is spoken."""

    evidence: Mapping[str, Evidence]
    current: frozenset[str]
    language: str

    def lesions(self) -> list[tuple[int, Evidence, Evidence]]:
        """Return number, measurement and mask of each lesion of this scan."""
        masks = {e.inputs["lesion"]: e for e in self._of("mask", "drawn")}
        return [(e.inputs["lesion"], e, masks[e.inputs["lesion"]]) for e in self._of("measurement")
                if e.quantity("axial_long_axis") and e.inputs["lesion"] in masks]  # fmt: skip

    def pairs(self) -> list[Evidence]:
        """Return the comparisons that hold both sizes."""
        return [e for e in self.evidence.values() if e.id in self.current and e.kind == "comparison"
                and e.quantity("prior_axial_long_axis") and e.quantity("current_axial_long_axis")]  # fmt: skip

    def _of(self, *kinds: str) -> list[Evidence]:
        return [e for e in self.evidence.values() if e.kind in kinds and e.id in self.current
                and "prior" not in e.inputs and isinstance(e.inputs.get("lesion"), int)]  # fmt: skip


def false(case: Case, rng: random.Random, each: int = 2) -> Iterator[tuple[str, str]]:
    """Yield kind and text of clauses that are false of a case; `each` forms of a kind a lesion."""
    for number, measured, mask in case.lesions():
        words = _words(number, measured, mask, rng)
        for kind, forms in WRITTEN.items():
            for form in rng.sample(forms[case.language], min(each, len(forms[case.language]))):
                if words["o"] or ("{o}" not in form and "{zo}" not in form):
                    yield f"written: {kind}", form.format(**words)
        for kind, added in BESIDE.items():
            for said in rng.sample(added[case.language], min(each, len(added[case.language]))):
                yield f"told: {kind}", _beside(kind, said, words, case.language)
    yield from _other_lesion(case, rng)
    yield from _turned(case)
    yield from _other_time(case)


def passages(told: list[tuple[str, str, str, Evidence]], rng: random.Random) -> Iterator[tuple[str, str, Evidence]]:
    """Yield a row of one passage cited from another one of its language: text, language, cited evidence.

    Args:
        told: a true sentence, the answer in it, its language and its passage, each.
    """
    for text, answer, language, item in told:
        others = [e for _, _, spoken, e in told if spoken == language and e.id != item.id and answer.lower() not in e.text.lower()]
        if others:
            yield text, language, rng.choice(others)


def _words(number: int, measured: Evidence, mask: Evidence, rng: random.Random) -> dict[str, str]:
    true = _value(measured, "axial_long_axis")
    lengths = [q.value for q in measured.quantities if q.unit == "mm"]
    fits = [v for v in (true * f for f in (0.45, 0.6, 1.3, 1.45, 1.7, 2.1)) if all(abs(v - w) > _NEAR for w in lengths) and v < 99]
    x = rng.choice(fits)
    whole = int(x) if int(x) != round(true) else int(x) + 2
    side = str(mask.inputs.get("side") or "")
    other = _OTHER_SIDE.get(side, "")
    low, high = (true * 1.2, true * 1.6) if rng.random() < 0.5 else (true * 1.15, true * 1.4)
    return {
        "n": str(number), "m": measured.id, "k": mask.id, "x": f"{x:.1f}", "t": f"{true:.1f}", "w": str(whole), "lo": f"{low:.0f}", "hi": f"{high:.0f}",
        "words": english(whole), "Words": english(whole).capitalize(), "zh": chinese(whole), "e": f"{x / 10:.2f}e1",
        "sup": f"{whole}".translate({ord(c): s for c, s in zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True)}),
        "a": f"{x:.1f}"[:1], "b": f"{x:.1f}"[1:], "o": other, "zo": _SIDES["zh"].get(other, ""),
    }  # fmt: skip


def _beside(kind: str, said: str, words: dict[str, str], language: str) -> str:
    n, t, m = words["n"], words["t"], words["m"]
    if kind == "adjective":
        return f"The {said} lesion {n} measures {t} mm [{m}]." if language == "en" else f"{said}病灶{n}长径{t} mm [{m}]。"
    return f"Lesion {n} measures {t} mm, {said} [{m}]." if language == "en" else f"病灶{n}长径{t} mm,{said} [{m}]。"


def _other_lesion(case: Case, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield one lesion's size told of another one, and two lesions compared the wrong way round."""
    english_ = case.language == "en"
    for (n, a, _), (o, b, _) in pairwise(case.lesions()):
        mine, its = _value(a, "axial_long_axis"), _value(b, "axial_long_axis")
        if abs(mine - its) < _NEAR:
            continue
        small, big = (n, o) if mine < its else (o, n)
        both = f"[{a.id}, {b.id}]"
        forms = (
            (f"Lesion {o} measures {mine:.1f} mm [{a.id}].", f"Lesion {o} measures {mine:.1f} mm and lesion {n} measures {its:.1f} mm {both}.",
             f"Both lesions measure {mine:.1f} mm {both}.", f"Lesions {n} and {o} measure {its:.1f} mm and {mine:.1f} mm respectively {both}.",
             f"Lesion {n} measures {mine:.1f} mm, the same as lesion {o} {both}.")
            if english_ else
            (f"病灶{o}长径{mine:.1f} mm [{a.id}]。", f"病灶{o}长径{mine:.1f} mm,病灶{n}长径{its:.1f} mm {both}。", f"两个病灶长径均为{mine:.1f} mm {both}。",
             f"病灶{n}和病灶{o}长径分别为{its:.1f} mm和{mine:.1f} mm {both}。", f"病灶{n}长径{mine:.1f} mm,与病灶{o}相同 {both}。")
        )  # fmt: skip
        yield from (("told: another lesion", said) for said in forms)
        turned = (
            (f"Lesion {small} is larger than lesion {big} {both}.", f"Lesion {big} is smaller than lesion {small} {both}.",
             f"The larger of the two is lesion {small} {both}.", f"Than lesion {small}, lesion {big} is the smaller {both}.",
             f"Lesion {small} exceeds lesion {big} in size {both}.", f"Lesion {small} is twice as long as lesion {big} {both}.")
            if english_ else
            (f"病灶{small}大于病灶{big} {both}。", f"病灶{small}比病灶{big}大 {both}。", f"病灶{big}小于病灶{small} {both}。", f"较大者为病灶{small} {both}。",
             f"最大的是病灶{small} {both}。", f"与病灶{small}相比,病灶{big}较小 {both}。")
        )  # fmt: skip
        yield from (("told: turned round", said) for said in rng.sample(turned, 4))


def _turned(case: Case) -> Iterator[tuple[str, str]]:
    """Yield a place and its opposite in one breath."""
    for n, _, mask in case.lesions():
        side = str(mask.inputs.get("side") or "")
        if side not in _OTHER_SIDE:
            continue
        other = _OTHER_SIDE[side]
        z, zo = _SIDES["zh"][side], _SIDES["zh"][other]
        forms = (
            (f"Lesion {n} lies not in the {side} but in the {other} lung [{mask.id}].", f"Lesion {n} is on the {other}, not the {side} [{mask.id}].",
             f"Opposite to the {side} lung lies lesion {n} [{mask.id}].", f"Lesion {n} lies contralaterally, in the {other} hemithorax [{mask.id}].")
            if case.language == "en" else
            (f"病灶{n}不在{z}肺而在{zo}肺 [{mask.id}]。", f"病灶{n}在{zo}侧,非{z}侧 [{mask.id}]。", f"病灶{n}在{z}肺的对侧 [{mask.id}]。", f"病灶{n}位于{zo}胸 [{mask.id}]。")
        )  # fmt: skip
        yield from (("told: other side", said) for said in forms)


def _other_time(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the size now as the size before, and the other way round."""
    for pair in case.pairs():
        now, then = _value(pair, "current_axial_long_axis"), _value(pair, "prior_axial_long_axis")
        n = pair.inputs.get("lesion")
        if abs(now - then) < _NEAR or not isinstance(n, int):
            continue
        forms = (
            (f"Lesion {n} was {now:.1f} mm before and is {then:.1f} mm now [{pair.id}].", f"On the prior scan lesion {n} measured {now:.1f} mm [{pair.id}].",
             f"Currently {then:.1f} mm, lesion {n} was {now:.1f} mm previously [{pair.id}].", f"Lesion {n} changed from {now:.1f} to {then:.1f} mm [{pair.id}].",
             f"Lesion {n} is {then:.1f} mm today, previously {now:.1f} mm [{pair.id}].", f"Lesion {n}: {now:.1f} mm then, {then:.1f} mm now [{pair.id}].")
            if case.language == "en" else
            (f"病灶{n}此前{now:.1f} mm,目前{then:.1f} mm [{pair.id}]。", f"前片病灶{n}长径{now:.1f} mm [{pair.id}]。", f"病灶{n}由{now:.1f} mm变为{then:.1f} mm [{pair.id}]。",
             f"病灶{n}现{then:.1f} mm,原{now:.1f} mm [{pair.id}]。", f"病灶{n}从{now:.1f}变到{then:.1f} mm [{pair.id}]。")
        )  # fmt: skip
        yield from (("told: other time", said) for said in forms)


def english(value: int) -> str:
    """Return a whole number below 100 in English words.

    >>> english(43)
    'forty-three'
    """
    if value < len(ONES):
        return ONES[value]
    return TENS[value // 10] + (f"-{ONES[value % 10]}" if value % 10 else "")


def chinese(value: int) -> str:
    """Return a whole number below 100 in Chinese words.

    >>> chinese(43)
    '四十三'
    """
    if value < 10:
        return DIGITS[value]
    return (DIGITS[value // 10] if value >= 20 else "") + "十" + (DIGITS[value % 10] if value % 10 else "")


def _value(item: Evidence, name: str) -> float:
    quantity = item.quantity(name)
    assert quantity is not None
    return quantity.value
