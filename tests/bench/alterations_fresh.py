"""A second set of clauses, written after the checker was mended from `alterations_told`, and scored once before more.

False and true clauses over the same made cases, by templates: `a`, `b` long and short axis, `v` volume, `x` a false
number, `n` lesion, `m` measurement, `k` outline, `side` and `other` the lung. Nothing here uses the checker's code.
"""

from __future__ import annotations

from collections.abc import Iterator

from alterations_told import Case

from tools.evidence import Evidence

_ZH = {"right": "右", "left": "左"}
_OTHER = {"right": "left", "left": "right"}
FALSE = {
    "en": (
        "Lesion {n} measures {a} mm and looks aggressive [{m}].", "Lesion {n} ({a} mm) causes mild mass effect [{m}].", "Lesion {n} measures {a} mm with a feeding vessel [{m}].",
        "Lesion {n}, {a} mm, shows washout [{m}].", "Lesion {n} measures {a} mm; the trachea is deviated [{m}].", "There is mucus plugging around lesion {n} ({a} mm) [{m}].",
        "Lesion {n} measures {a} mm and is mobile [{m}].", "Lesion {n} is {a} mm; its neighbour is smaller [{m}].", "Lesion {n} measures {a} mm, up from {x} mm [{m}].",
        "Lesion {n} measures {a} mm, double that of 2021 [{m}].", "Lesion {n} measures {a} mm at the {other} base [{m}].", "Lesion {n}, {a} mm, is typical of a hamartoma [{m}].",
        "Lesion {n} has a {x}-mm cavity [{m}].", "Lesion {n} has a solid core of {x} mm [{m}].", "Lesion {n} sits {x} mm from the pleura [{m}].", "Lesion {n} spans {x} slices of 1 mm [{m}].",
        "Lesion {n} measures {x}mm×{b}mm [{m}].", "Lesion {n}: L {x} mm, S {b} mm [{m}].", "Lesion {n} measures {a} mm, i.e. {x} cm [{m}].", "Lesion {n} grew by {x} mm [{m}].",
        "Lesion {n} measures {a} mm, which is reassuring [{m}].", "Lesion {n} measures {a} mm, most consistent with a granuloma [{m}].", "Lesion {n} is {a} mm and hot on PET [{m}].",
        "Lesion {n} measures {a} mm; discuss at tumour board [{m}].", "Lesion {n} measures {a} mm and should be resected [{m}].", "Lesion {n} lies in the {other} lung [{k}].",
        "Lesion {n} straddles both lungs [{k}].", "Lesion {n} lies in the {side} lung, touching the diaphragm [{k}].", "Lesion {n} lies in the {side} lung; the {other} lung is emphysematous [{k}].",
        "Lesion {n} is in the {side} lung, anterior segment [{k}].",
    ),
    "zh": (
        "病灶{n}长径{a} mm\uff0c形态凶险 [{m}]。", "病灶{n}长径{a} mm\uff0c有占位效应 [{m}]。", "病灶{n}长径{a} mm\uff0c可见供血血管 [{m}]。", "病灶{n}长径{a} mm\uff0c气管受压移位 [{m}]。",
        "病灶{n}周围黏液栓形成 [{m}]。", "病灶{n}长径{a} mm\uff0c较{x} mm增大 [{m}]。", "病灶{n}长径{a} mm\uff0c位于{zother}肺底 [{m}]。", "病灶{n}内有{x} mm空洞 [{m}]。", "病灶{n}实性部分{x} mm [{m}]。",
        "病灶{n}距胸壁{x} mm [{m}]。", "病灶{n}大小{x}mm×{b}mm [{m}]。", "病灶{n}长径{a} mm\uff0c即{x} cm [{m}]。", "病灶{n}增大了{x} mm [{m}]。", "病灶{n}长径{a} mm\uff0c无需担心 [{m}]。",
        "病灶{n}长径{a} mm\uff0c符合肉芽肿 [{m}]。", "病灶{n}长径{a} mm\uff0cPET高摄取 [{m}]。", "病灶{n}长径{a} mm\uff0c应予切除 [{m}]。", "病灶{n}位于{zother}肺 [{k}]。", "病灶{n}跨越两肺 [{k}]。",
        "病灶{n}位于{zside}肺\uff0c贴近膈肌 [{k}]。", "病灶{n}位于{zside}肺前段 [{k}]。", "病灶{n}长径{a} mm\uff0c边缘见长毛刺 [{m}]。", "病灶{n}长径{a} mm\uff0c密度不均匀 [{m}]。",
    ),
}  # fmt: skip
TRUE = {
    "en": (
        "The measured long axis of lesion {n} comes to {a} mm [{m}].", "Lesion {n} has a maximum axial diameter of {a} mm [{m}].", "For lesion {n}, the software reports {a} mm × {b} mm [{m}].",
        "Size of lesion {n}: {a} mm (long axis), {b} mm (short axis) [{m}].", "Lesion {n} is {a} mm by {b} mm in the axial plane, with a volume of {v} mm³ [{m}].",
        "I measured lesion {n} at {a} mm [{m}].", "Here is the result for lesion {n}: {a} mm [{m}].", "Sure: lesion {n} measures {a} mm [{m}].", "As requested, lesion {n} was re-measured: {a} mm [{m}].",
        "According to the current outline, lesion {n} is {a} mm long and {b} mm wide [{m}].", "Its volume is {v} mm³ [{m}].", "The outline gives lesion {n} a long axis of {a} mm [{m}].",
        "The lesion (number {n}) is {a} mm in its greatest axial dimension [{m}].", "Please note that lesion {n} measures {a} mm [{m}].", "Lesion {n} currently has a short axis of {b} mm [{m}].",
        "Lesion {n} is located in the {side} lung [{k}].", "Lesion {n} can be found in the {side} lung [{k}].", "The {side}-sided lesion {n} measures {a} mm [{m}, {k}].", "Location of lesion {n}: {side} lung [{k}].",
        "Lesion {n} was identified in the {side} lung and measures {a} mm in long axis [{m}, {k}].",
    ),
    "zh": (
        "经测量\uff0c病灶{n}的长径为{a} mm [{m}]。", "病灶{n}最大轴位直径{a} mm [{m}]。", "病灶{n}的测量结果\uff1a长径{a} mm\uff0c短径{b} mm [{m}]。", "好的\uff0c病灶{n}长径为{a} mm [{m}]。",
        "根据当前轮廓\uff0c病灶{n}长{a} mm\u3001宽{b} mm [{m}]。", "我测得病灶{n}为{a} mm [{m}]。", "病灶{n}轴位大小{a} mm × {b} mm\uff0c体积{v} mm³ [{m}]。", "其体积为{v} mm³ [{m}]。", "重新测量后\uff0c病灶{n}长径{a} mm [{m}]。",
        "病灶{n}目前短径{b} mm [{m}]。", "病灶{n}见于{zside}肺 [{k}]。", "病灶{n}定位于{zside}肺 [{k}]。", "{zside}侧病灶{n}长径{a} mm [{m}, {k}]。", "在{zside}肺发现病灶{n}\uff0c长径{a} mm [{m}, {k}]。", "病灶{n}的位置\uff1a{zside}肺 [{k}]。",
    ),
}  # fmt: skip

TRUE_AGAIN = {
    "en": (
        "Lesion {n} works out at {a} mm on the long axis [{m}].", "On this scan I make lesion {n} {a} mm long [{m}].", "The dimensions of lesion {n} are {a} mm × {b} mm [{m}].",
        "The tool puts lesion {n} at {a} mm [{m}].", "Lesion {n} turns out to be {a} mm in long axis [{m}].", "In summary, lesion {n} measures {a} mm x {b} mm [{m}].",
        "Lesion {n}'s long axis stands at {a} mm [{m}].", "From end to end lesion {n} spans {a} mm [{m}].", "Its volume comes out as {v} mm³ [{m}].",
        "The volumetric measurement of lesion {n} is {v} mm³ [{m}].", "Segmentation of lesion {n} gave a long axis of {a} mm [{m}].", "Lesion {n} occupies {v} mm³ [{m}].",
        "The nodule labelled lesion {n} resides in the {side} lung [{k}].", "You can see lesion {n} on the {side} side [{k}].", "Lesion {n} belongs to the {side} lung [{k}].",
    ),
    "zh": (
        "病灶{n}长径测定为{a} mm [{m}]。", "病灶{n}的两径分别是{a} mm和{b} mm [{m}]。", "病灶{n}轴面最长径{a} mm [{m}]。", "就大小而言\uff0c病灶{n}为{a} mm [{m}]。", "刚才测的病灶{n}长径是{a} mm [{m}]。",
        "病灶{n}所占体积{v} mm³ [{m}]。", "总结\uff1a病灶{n}长径{a} mm、短径{b} mm [{m}]。", "病灶{n}的尺寸是{a} mm乘{b} mm [{m}]。", "病灶{n}在{zside}肺里 [{k}]。", "病灶{n}处在{zside}肺 [{k}]。",
        "{zside}肺的病灶{n} [{k}]。", "可以看到病灶{n}在{zside}侧 [{k}]。",
    ),
}  # fmt: skip
"""True clauses written after the list of words was widened from `TRUE`."""

TRUE_LAST = {
    "en": (
        "Lesion {n} tips the ruler at {a} mm [{m}].", "The contour encloses {v} mm³ for lesion {n} [{m}].", "The dominant axis of lesion {n} is {a} mm [{m}].", "Regarding lesion {n}: {a} mm by {b} mm [{m}].",
        "My measurement for lesion {n}: {a} mm [{m}].", "Lesion {n} stretches over {a} mm [{m}].", "The bigger of its two diameters is {a} mm for lesion {n} [{m}].", "That makes lesion {n} {a} mm long [{m}].",
        "Within the {side} lung, lesion {n} [{k}].", "Lesion {n} inhabits the {side} lung [{k}].", "We are looking at lesion {n} in the {side} lung [{k}].", "The long axis reads {a} mm for lesion {n} [{m}].",
    ),
    "zh": (
        "病灶{n}的长轴量出来是{a} mm [{m}]。", "病灶{n}跨度{a} mm [{m}]。", "轮廓内体积为{v} mm³(病灶{n}) [{m}]。", "病灶{n}横径最长{a} mm [{m}]。", "这颗病灶{n}长{a} mm [{m}]。", "病灶{n}的个头为{a} mm [{m}]。",
        "病灶{n}长在{zside}肺 [{k}]。", "{zside}肺内有病灶{n} [{k}]。", "您问的病灶{n}在{zside}肺 [{k}]。", "病灶{n}测值如下\uff1a{a} mm × {b} mm [{m}]。",
    ),
}  # fmt: skip
"""The same once more, scored once and never mended from."""


def clauses(case: Case) -> Iterator[tuple[bool, str]]:
    """Yield whether it is true, and the clause."""
    for number, measured, mask in case.lesions():
        words = _words(number, measured, mask)
        for true, forms in ((False, FALSE), (True, TRUE), (True, TRUE_AGAIN), (True, TRUE_LAST)):
            for form in forms[case.language]:
                if words["side"] or not any(part in form for part in ("side}", "other}")):
                    yield true, form.format(**words)


def _words(number: int, measured: Evidence, mask: Evidence) -> dict[str, object]:
    held = {q.name: q.value for q in measured.quantities}
    side = str(mask.inputs.get("side") or "")
    false = held["axial_long_axis"] * 1.37 + 31.0
    return {
        "n": number, "m": measured.id, "k": mask.id, "a": f"{held['axial_long_axis']:.1f}", "b": f"{held['axial_short_axis']:.1f}", "v": f"{held['volume_voxel']:.0f}",
        "x": f"{false:.1f}", "side": side, "other": _OTHER.get(side, ""), "zside": _ZH.get(side, ""), "zother": _ZH.get(_OTHER.get(side, ""), ""),
    }  # fmt: skip
