"""Outlines side by side, in sentences: each tool's size, how far every two agree, and which one the lesion keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.planner.answers.wording import cite, name_of, pick, ref, safe
from agent.planner.reading import Language

Result = Mapping[str, Any]
SHOWN = ("axial_long_axis", "axial_short_axis", "volume_voxel", "area")
"""What of an outline's size is said."""


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
        why = safe(str(one["why"]))
        said.append(pick(language, f"No outline by {one['tool']}: “{why}”.", f"{one['tool']}未给出轮廓。"))
    return said


def _row(number: int, row: Result, language: Language) -> str:
    held, item = row.get("quantities") or {}, row["measurement"]
    parts = [f"{name_of(q, language)} {ref(item, q)}" for q in SHOWN if q in held]
    en = f"Lesion {number} by {row['tool']}: {', '.join(parts)}"
    return cite(language, pick(language, en, f"病灶{number},{row['tool']}:{'、'.join(parts)}"), item)
