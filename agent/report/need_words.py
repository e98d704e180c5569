"""What a guideline still needs, in the report's words, beside those that `terms` holds."""

from __future__ import annotations

from agent.report.terms import term
from tools.quantity import Language

BROCK = frozenset({"sex", "family_history", "emphysema", "upper_lobe", "nodule_count", "spiculation"})
"""Inputs that only the Brock probability asks for."""
_WORDS: dict[str, tuple[str, str]] = {
    "timing": ("when the nodule was first seen (this CT or an earlier one)", "首次见到该结节的时间(本次或更早的CT)"),
    "growing": ("its change since the earlier CT", "与前次CT相比的变化"),
    "solid_component_growing": ("the change of its solid component", "实性成分的变化"),
    "previous_category": ("its category at the screening before", "上次筛查的类别"),
    "doubling_days": ("volume doubling time, or both sizes and the interval", "体积倍增时间,或两次大小及间隔"),
    "sex": ("sex", "性别"),
    "family_history": ("family history of lung cancer", "肺癌家族史"),
    "emphysema": ("emphysema", "肺气肿"),
    "upper_lobe": ("upper lobe or not", "是否位于上叶"),
    "nodule_count": ("the number of nodules on this CT", "本次CT的结节个数"),
    "spiculation": ("spiculation", "毛刺"),
    "targets": ("which lesions are the targets", "哪些病灶为靶病灶"),
    "baseline_sum_mm": ("the sum of target diameters at baseline", "基线靶病灶径线总和"),
    "nadir_sum_mm": ("the smallest sum so far (nadir)", "迄今最小总和(nadir)"),
    "current_sum_mm": ("the sum of target diameters now", "目前靶病灶径线总和"),
    "targets_gone": ("whether all targets are gone", "靶病灶是否全部消失"),
    "concerning_morphology": ("whether its morphology is of concern", "形态是否可疑"),
}


def need_word(name: str, language: Language) -> str:
    """Return the word for an input that is still missing.

    >>> need_word("sex", "en")
    'sex'
    """
    held = _WORDS.get(name)
    return held[language == "zh"] if held else term(f"need.{name}", language) or name.replace("_", " ")
