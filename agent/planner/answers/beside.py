"""Outlines and scores side by side, in sentences: each tool's, how far every two are apart, and what the lesion keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.planner.answers.wording import cite, name_of, pick, ref, safe, sentences
from agent.planner.reading import Language

Result = Mapping[str, Any]
SHOWN = ("axial_long_axis", "axial_short_axis", "volume_voxel", "area")
"""What of an outline's size is said."""
LARGEST = "largest_difference"
MOST_SCORES = 6
"""Scores of another classifier than ours that are read out."""


def side_by_side(result: Result, language: Language) -> list[str]:
    """Say what several tools outlined; nothing where one did."""
    rows = list(result.get("beside") or [])
    said = [_row(result["lesion"], row, language) for row in rows] if len(rows) > 1 else []
    for pair in result.get("agreement") or []:
        a, b = pair["tools"]
        value = ref(pair["evidence"], "dice")
        said.append(cite(language, pick(language, f"Lesion {result['lesion']}: the Dice overlap of {a} and {b} is {value}",
                                        f"病灶{result['lesion']}:{a}与{b}的Dice重叠为{value}"), pair["evidence"]))  # fmt: skip
    if len(rows) > 1:
        en = f"Lesion {result['lesion']} keeps the outline of {rows[0]['tool']}; the others lie beside it, and you can take one by name or place"
        zh = f"病灶{result['lesion']}采用{rows[0]['tool']}的轮廓;其余轮廓并列,可按名称或次序采用"
        said.append(cite(language, pick(language, en, zh), rows[0]["evidence"]))
    for one in result.get("not_outlined") or []:
        why = _first(str(one["why"]))
        told = f": “{why}”" if why else "; its reason stands with the step"
        said.append(pick(language, f"No outline by {one['tool']}{told}.", f"{one['tool']}未给出轮廓。"))
    return said


def scores_side_by_side(result: Result, language: Language) -> list[str]:
    """Say what several classifiers gave a lesion and how far they are apart; who is right is said nowhere."""
    rows, number = list(result.get("beside") or []), result["lesion"]
    said = [scores(number, row, language, by=row["tool"]) for row in rows]
    for pair in result.get("agreement") or []:
        a, b = pair["tools"]
        if not pair["evidence"]:
            said.append(pick(language, f"{a} and {b} give no score in common, so they are not compared.",
                             f"{a}与{b}没有共同的评分,不作比较。"))  # fmt: skip
        elif LARGEST in pair["differences"]:
            top = ref(pair["evidence"], LARGEST)
            said.append(cite(language, pick(language, f"Lesion {number}: the scores that {a} and {b} share differ by {top} at most",
                                            f"病灶{number}:{a}与{b}共有的评分最多相差{top}"), pair["evidence"]))  # fmt: skip
    if len(rows) > 1:
        en = f"Lesion {number} keeps the scores of {rows[0]['tool']}, the tool named before the others"
        zh = f"病灶{number}保留{rows[0]['tool']}的评分,即列在最前的工具"
        said.append(cite(language, pick(language, en, zh), rows[0]["evidence"]))
    for one in result.get("not_scored") or []:
        why = f": “{safe(str(one['why']))}”" if one.get("sayable") else "; its reason stands with the step"
        said.append(pick(language, f"No score by {one['tool']}{why}.", f"{one['tool']}未给出评分。"))
    return said


def _first(reason: str) -> str:
    """Return a reason's first sentence; nothing where it holds a number, which no evidence would carry.

    >>> _first("net-a works on MR. Use another."), _first("net-a was stopped after 600 s.")
    ('net-a works on MR', '')
    """
    first = safe(sentences(reason)[0]) if sentences(reason) else ""
    return "" if any(c.isdigit() for c in first) else first


def scores(number: int, row: Result, language: Language, by: str = "") -> str:
    """Say one tool's scores of a lesion; where their names would say what it is, that they stand with their evidence."""
    held, item = row.get("quantities") or {}, row["evidence"]
    if "lidc_rating" in held:
        en = f"LIDC readers' rating, 1-5, as estimated {f'by {by} ' if by else ''}for lesion {number}: {ref(item, 'lidc_rating')}"
        zh = f"LIDC阅片者评分,1-5,{by}病灶{number}的估计值:{ref(item, 'lidc_rating')}"
        if "lidc_rating_from_diameter" in held:
            alone = ref(item, "lidc_rating_from_diameter")
            en, zh = f"{en} (from diameter alone: {alone})", f"{zh}(仅由直径:{alone})"
    elif len(held) > MOST_SCORES or row.get("sayable") is False:  # a list of findings' names would read as findings
        en = f"The scores of {by} for lesion {number} stand with their evidence" if by else "The tool's scores stand with their evidence"
        zh = f"{by}对病灶{number}的各项评分列于证据中" if by else "该工具的各项评分列于证据中"
    else:
        parts = [f"{name_of(q, language)} {ref(item, q)}" for q in held]
        en, zh = f"Lesion {number}{f' by {by}' if by else ''}: {', '.join(parts)}", f"病灶{number}{f',{by}' if by else ''}:{'、'.join(parts)}"
    return cite(language, pick(language, en, zh), item)


def _row(number: int, row: Result, language: Language) -> str:
    held, item = row.get("quantities") or {}, row["measurement"]
    parts = [f"{name_of(q, language)} {ref(item, q)}" for q in SHOWN if q in held]
    en = f"Lesion {number} by {row['tool']}: {', '.join(parts)}"
    return cite(language, pick(language, en, f"病灶{number},{row['tool']}:{'、'.join(parts)}"), item)
