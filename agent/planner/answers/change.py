"""What a comparison with a prior came to, pair by pair: both sizes, then the change or why it cannot be judged.

Never stable or growing by itself: a change within what two readers differ by is called that, and a pair by different
methods or on different slices gives both sizes and the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.change_words import reasons
from agent.planner.answers.wording import cite, joined, pick, ref, sentences
from agent.planner.reading import Language

Result = Mapping[str, Any]
SHOWN_PAIRS = 8
_DOUBLING = re.compile(r"doubling|\bvdt\b|倍增")


def compared(result: Result, language: Language, asked: str, *, sum_alone: bool = False) -> list[str]:
    """Say which scans were compared, each pair, the sum of targets, and what has to be known besides.

    `sum_alone`: only a sum was asked for.
    """
    said: list[str] = []
    if sum_alone and result.get("sum"):
        return _sum(result["sum"], language)
    doubling = _DOUBLING.search(asked) is not None
    for prior in [] if doubling else result.get("priors") or []:
        said += _prior(prior, language)
    pairs = list(result.get("pairs") or [])
    for pair in pairs[:SHOWN_PAIRS]:
        said += _pair(pair, language, doubling=doubling)
    if len(pairs) > SHOWN_PAIRS:
        said.append(pick(language, "The other pairs are in the report.", "其余配对见报告。"))
    if result.get("sum"):
        said += _sum(result["sum"], language)
    if language == "en":
        for prior in (result.get("priors") or [])[:1]:
            found = [s for n in result.get("notes") or [] for s in sentences(str(n))]
            said += [cite(language, s, str(prior["registration"])) for s in found]
    return said


def _prior(prior: Result, language: Language) -> list[str]:
    scan, held = str(prior["scan"]), prior.get("interval")
    en = "By their headers both scans are of one patient" if str(prior.get("identity")).startswith("same") else (
        "Identity not verified: the headers do not name the patient on both scans"
    )
    zh = "据文件头,两次扫描属同一患者" if str(prior.get("identity")).startswith("same") else "身份未核实:两次扫描的文件头未同时标明患者"
    said = [cite(language, pick(language, en, zh), scan)]
    if held is None:
        said.append(cite(language, pick(
            language, "The interval between the scans is not known: state how long before this one the prior was made",
            "两次扫描的间隔未知:请说明既往扫描早多久"), scan))  # fmt: skip
    elif prior.get("from") == "headers":
        said.append(cite(language, pick(language, f"The prior scan was made {ref(held, 'interval')} before this one, by the headers",
                                        f"据文件头,既往扫描早{ref(held, 'interval')}"), held))  # fmt: skip
    else:
        said.append(cite(language, pick(language, f"The prior scan was made {ref(held, 'prior_interval')} before this one, as you stated",
                                        f"据您的陈述,既往扫描早{ref(held, 'prior_interval')}"), held))  # fmt: skip
    return said


def _pair(pair: Result, language: Language, *, doubling: bool) -> list[str]:
    kind, item = pair.get("kind"), str(pair["evidence"])
    if kind in ("new", "gone", "unmatched"):
        return [_alone(pair, language)]
    said = [_sizes(pair, language)]
    if kind == "matched" and pair.get("growth_allowed"):
        return [*said, *_change(pair, language, doubling=doubling)]
    number = named(pair.get("lesions") or [], language)
    said.append(cite(language, pick(
        language, f"I cannot judge growth of {number} from this pair, and cannot give a doubling time",
        f"无法由此判断{number}的增长,也无法给出倍增时间"), item))  # fmt: skip
    why = reasons(pair.get("reasons") or [], language)
    return [*said, *(cite(language, pick(language, r, f"原因:{r}"), item) for r in why)]


def _sizes(pair: Result, language: Language) -> str:
    """Give both sizes: the mean diameter and the long axis, else the volumes together."""
    item, held = str(pair["evidence"]), pair.get("quantities") or {}
    number = named(pair.get("lesions") or [], language, head=True)
    parts = []
    for name, en, zh in (
        ("mean_diameter", "mean diameter", "平均直径"),
        ("axial_long_axis", "axial long axis", "轴位长径"),
        ("volume_voxel", "volume", "体积"),
    ):
        if f"prior_{name}" in held and f"current_{name}" in held:
            before, now = ref(item, f"prior_{name}"), ref(item, f"current_{name}")
            parts.append(pick(language, f"{en} {before} before, {now} now", f"{zh}此前{before},现在{now}"))
    return cite(language, number + pick(language, ": ", ":") + pick(language, "; ", ";").join(parts), item)


def _change(pair: Result, language: Language, *, doubling: bool) -> list[str]:
    item, held = str(pair["evidence"]), pair.get("quantities") or {}
    number = named(pair.get("lesions") or [], language, head=True)
    value = float((held.get("change_axial_long_axis") or {}).get("value", 0.0))
    shown = ("+" if value > 0 else "") + ref(item, "change_axial_long_axis")
    if pair.get("within_readers_noise"):
        text = pick(language, f"{number}: long axis {shown}: within what two readers differ by",
                    f"{number}:长径变化{shown}:在两位阅片者的差异范围内")  # fmt: skip
    else:
        way = pick(language, *(("larger", "增大") if value > 0 else ("smaller", "缩小")))
        text = pick(language, f"{number}: long axis {shown}: {way}, by more than two readers differ",
                    f"{number}:长径变化{shown}:{way},超出两位阅片者的差异")  # fmt: skip
    said = [cite(language, text, item)]
    if "change_volume_percent" in held:
        grown = "+" if held["change_volume_percent"]["value"] > 0 else ""
        percent = grown + ref(item, "change_volume_percent")
        said.append(cite(language, pick(language, f"{number}: change of the volume {percent}", f"{number}:体积变化{percent}"), item))
    if "doubling_time" in held:
        text = pick(language, f"{number}: volume doubling time {ref(item, 'doubling_time')}", f"{number}:体积倍增时间{ref(item, 'doubling_time')}")
        said.append(cite(language, text, item))
    elif doubling:
        known = "interval" in held
        en = "the volume did not change beyond what readers differ by, or did not rise" if known else "the interval is not known"
        zh = "体积变化未超出阅片者差异,或并未上升" if known else "间隔未知"
        said.append(cite(language, pick(language, f"I cannot give a doubling time of {_lower(number)}: {en}", f"无法给出{number}的倍增时间:{zh}"), item))
    return said


def _alone(pair: Result, language: Language) -> str:
    item, number = str(pair["evidence"]), named(pair.get("lesions") or [], language, head=True)
    match pair.get("kind"):
        case "new":
            text = pick(language, f"{number}: no outline on the prior scan matches it, so it is new as far as the prior is outlined",
                        f"{number}:既往扫描上没有与之相合的轮廓,就既往已勾画者而言为新发")  # fmt: skip
        case "gone":
            text = pick(language, f"{number}: outlined on the prior scan; no outline on this scan matches it, and whether it is still "
                        "there a reader must judge", f"{number}:既往扫描上已勾画,本次扫描没有与之相合的轮廓;是否仍在须由阅片者判断")  # fmt: skip
        case _:
            text = pick(language, f"{number}: no counterpart is outlined on the other scan, and I cannot tell whether it was there",
                        f"{number}:另一次扫描上没有相合的轮廓,无法判断当时是否存在")  # fmt: skip
    return cite(language, text, item)


def _sum(total: Result, language: Language) -> list[str]:
    item, held = str(total["evidence"]), total.get("quantities") or {}
    targets = named(total.get("targets") or [], language)
    now = ref(item, "current_sum_of_diameters")
    if "prior_sum_of_diameters" in held:
        before = ref(item, "prior_sum_of_diameters")
        en, zh = f"{before} before, {now} now", f"此前{before},现在{now}"
    else:
        en, zh = f"{now} now", f"现在{now}"
    nodes = [str(n["statement"]) for n in total.get("nodes") or []]
    if not nodes:
        text = pick(language, f"Sum of the long axes of the targets ({targets}): {en}", f"靶病灶({targets})长径之和:{zh}")
        rest = pick(language, "Only long axes are added up, and no response category follows from targets alone.",
                    "仅累加长径;不能仅凭靶病灶判断疗效。")  # fmt: skip
        return [cite(language, text, item), rest]
    which = named([n["lesion"] for n in total["nodes"]], language)
    as_what = "as a lymph node" if len(nodes) == 1 else "as lymph nodes"
    text = pick(language, f"Sum of the diameters of the targets ({targets}): {en}, with {which} by the short axis, {as_what}",
                f"靶病灶({targets})径线之和:{zh},其中{which}按淋巴结以短径计入")  # fmt: skip
    rest = pick(language, "No response category follows from targets alone.", "不能仅凭靶病灶判断疗效。")
    small = [_small_node(node, item, language) for node in total.get("small_nodes") or []]
    return [cite(language, text, item, *nodes), *small, rest]


def _small_node(node: Result, item: str, language: Language) -> str:
    """Say that a node's short axis is under the limit under which RECIST takes it as normal."""
    number, size = named([node["lesion"]], language, head=True), str(node["size"])
    text = pick(language, f"{number}: short axis {ref(size, 'axial_short_axis')}, under the {ref(item, 'node_limit')} from which "
                "a node counts as enlarged", f"{number}:短径{ref(size, 'axial_short_axis')},未达淋巴结视为肿大的{ref(item, 'node_limit')}")  # fmt: skip
    return cite(language, text, size, item)


def named(numbers: Sequence[int], language: Language, *, head: bool = False) -> str:
    """Return lesions by name; `head`: at the beginning of a sentence.

    >>> named([1, 2], "en", head=True), named([3], "zh")
    ('Lesions 1 and 2', '病灶3')
    """
    shown = [str(n) for n in numbers]
    if language == "zh":
        return "病灶" + "、".join(shown)
    word = ("Lesion" if head else "lesion") + ("s" if len(shown) > 1 else "")
    return f"{word} {joined(shown, language)}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
