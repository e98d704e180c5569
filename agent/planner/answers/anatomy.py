"""Places outlined by a tool, in sentences: which lobes, by whom, and which of them each lesion lies in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.planner.answers.wording import cite, pick
from agent.planner.reading import Language

LOBES_ZH = {
    "right upper lobe": "右肺上叶", "right middle lobe": "右肺中叶", "right lower lobe": "右肺下叶",
    "left upper lobe": "左肺上叶", "left lower lobe": "左肺下叶", "lingula": "左肺舌段",
}  # fmt: skip
Result = Mapping[str, Any]


def outlined_places(result: Result, card: Mapping[str, Any], language: Language) -> list[str]:
    """Say what was outlined, that its figures are its authors', and where the lesions lie."""
    by = str(result["tool"])
    said = [
        cite(language, pick(language, f"The {p['place']} is outlined by {by}",
                            f"{LOBES_ZH.get(p['place'], p['place'])}已由{by}勾画"), p["evidence"])
        for p in result["places"]
    ]  # fmt: skip
    said.append(pick(language, f"How good {by} is was reported by its authors, not measured here; look at the fissures.",
                     f"{by}的准确度由其作者报告,此处未测量;请核对叶间裂。"))  # fmt: skip
    told = {x["lesion"] for x in result["lesions"]}
    said += [lies_in(x["lesion"], str(x["lobe"]), x["evidence"], language) for x in result["lesions"]]
    across = [x["id"] for x in card.get("lesions") or [] if x.get("id") not in told and x.get("status") != "rejected"]
    said += [
        pick(language, f"Lesion {n} lies mostly in none of them, so no lobe is named for it.", f"病灶{n}未主要位于其中任何一叶,不指明肺叶。")
        for n in across
    ]
    return said


def lies_in(number: int, lobe: str, evidence: str, language: Language) -> str:
    """Say the lobe a lesion lies in by a tool's outlines."""
    return cite(language, pick(language, f"Lesion {number} lies in the {lobe} as outlined by the lobe model",
                               f"病灶{number}位于{LOBES_ZH.get(lobe, lobe)}(按肺叶模型的轮廓)"), evidence)  # fmt: skip
