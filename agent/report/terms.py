"""The report's words for what is recorded as codes: places, stated facts, guideline inputs, in English and Chinese.

A value with no word here is shown as the reader stated it, never translated by guess.
"""

from __future__ import annotations

import re
from typing import Any

from agent.restate import quantity_name
from tools.quantity import Language

_LONGEST_QUOTE = 300
"""Characters of free text that a report repeats; a stated fact is kept shorter, a file's note may be longer."""

_TERMS: dict[str, tuple[str, str]] = {
    "CHEST": ("chest", "胸部"),
    "ABDOMEN": ("abdomen", "腹部"),
    "HEAD": ("head", "头部"),
    "PELVIS": ("pelvis", "盆腔"),
    "NECK": ("neck", "颈部"),
    "known": ("from the file", "来自文件"),
    "assumed": ("assumed from the image's values", "由图像数值推定"),
    "stated": ("stated by the clinician", "由医生陈述"),
    "unknown": ("not known", "未知"),
    "contrast.none": ("not stated", "未说明"),
    "contrast.yes": ("given, by the file's header", "已使用(据文件头)"),
    "contrast.no": ("not given, by the file's header", "未使用(据文件头)"),
    "kernel.none": ("not stated", "未说明"),
    "slice_thickness": ("slice thickness", "层厚"),
    "slice_interval": ("slice interval", "层间距"),
    "nodule": ("nodule", "结节"),
    "mass": ("mass", "肿块"),
    "lesion": ("lesion", "病变"),
    "place.unknown": ("place not determined", "位置未确定"),
    "right": ("right lung", "右肺"),
    "left": ("left lung", "左肺"),
    "third.upper": ("upper third", "上三分之一"),
    "third.middle": ("middle third", "中三分之一"),
    "third.lower": ("lower third", "下三分之一"),
    "how.drawn": ("by the reader", "由阅片者"),
    "how.box": ("by $tool from a box", "由$tool根据方框"),
    "how.point": ("by $tool from a point", "由$tool根据点击位置"),
    "how.other": ("by $tool", "由$tool"),
    "measure.area": ("area", "面积"),
    "measure.intensity_mean": ("mean intensity", "平均信号"),
    # What a clinician states: field=value
    "setting=incidental": ("incidental finding", "偶然发现"),
    "setting=screening": ("screening", "筛查"),
    "setting=oncology": ("oncology patient", "肿瘤科患者"),
    "setting=follow-up": ("follow-up of a known nodule", "已知结节随访"),
    "sex=female": ("female", "女性"),
    "sex=male": ("male", "男性"),
    "smoking=never": ("never smoked", "从不吸烟"),
    "smoking=former": ("former smoker", "曾吸烟"),
    "smoking=current": ("current smoker", "目前吸烟"),
    "risk=high": ("risk high", "风险高"),
    "risk=low": ("risk low", "风险低"),
    "known_cancer=True": ("known cancer", "有已知恶性肿瘤"),
    "known_cancer=False": ("no known cancer", "无已知恶性肿瘤"),
    "immunosuppressed=True": ("immunosuppressed", "免疫抑制"),
    "immunosuppressed=False": ("not immunosuppressed", "无免疫抑制"),
    "nodule_type=solid": ("solid", "实性"),
    "nodule_type=ground-glass": ("ground-glass", "磨玻璃"),
    "nodule_type=part-solid": ("part-solid", "部分实性"),
    "count=single": ("single", "单个"),
    "count=multiple": ("multiple", "多个"),
    "perifissural=True": ("typical perifissural nodule", "典型叶间裂旁结节"),
    "perifissural=False": ("not a perifissural nodule", "非叶间裂旁结节"),
    "emphysema=True": ("emphysema", "肺气肿"),
    "emphysema=False": ("no emphysema", "无肺气肿"),
    "fibrosis=True": ("pulmonary fibrosis", "肺纤维化"),
    "fibrosis=False": ("no pulmonary fibrosis", "无肺纤维化"),
    "asbestos=True": ("asbestos exposure", "石棉接触史"),
    "asbestos=False": ("no asbestos exposure", "无石棉接触史"),
    "family_history=True": ("family history", "有家族史"),
    "family_history=False": ("no family history", "无家族史"),
    "age": ("age", "年龄"),
    "pack_years": ("tobacco", "烟草暴露"),
    "cancer_text": ("history", "病史"),
    "lobe=right upper lobe": ("right upper lobe", "右肺上叶"),
    "lobe=right middle lobe": ("right middle lobe", "右肺中叶"),
    "lobe=right lower lobe": ("right lower lobe", "右肺下叶"),
    "lobe=left upper lobe": ("left upper lobe", "左肺上叶"),
    "lobe=left lower lobe": ("left lower lobe", "左肺下叶"),
    "lobe=lingula": ("lingula", "舌段"),
    "plane.axial": ("axial", "轴位"),
    "plane.coronal": ("coronal", "冠状位"),
    "plane.sagittal": ("sagittal", "矢状位"),
    "window.lung": ("lung", "肺"),
    "window.soft tissue": ("soft-tissue", "软组织"),
    "window.brain": ("brain", "脑"),
    "window.header": ("the file's own", "文件自带"),
    "window.full": ("full-range", "全范围"),
    # Inputs a guideline still needs
    "need.setting": ("setting (incidental, screening, oncology or follow-up)", "发现情况(偶然、筛查、肿瘤或随访)"),
    "need.age": ("age", "年龄"),
    "need.known_cancer": ("whether there is a known primary cancer", "有无已知原发恶性肿瘤"),
    "need.immunosuppressed": ("whether the patient is immunosuppressed", "是否免疫抑制"),
    "need.type": ("nodule type (solid, ground-glass or part-solid)", "结节类型(实性、磨玻璃或部分实性)"),
    "need.count": ("whether it is one nodule or several", "单个还是多个结节"),
    "need.risk": ("risk (low or high, in the clinician's judgement)", "风险(低或高,由医生判断)"),
    "solid_component": ("solid component", "实性成分"),
    "need.solid_component_mm": ("size of the solid component", "实性成分大小"),
}  # fmt: skip

_UNSAFE = str.maketrans({"[": "(", "]": ")", "{": "(", "}": ")", "<": "‹", ">": "›", "|": "/", "`": "'", "*": "·"})
"""Signs that Markdown, HTML, citations or references would read as their own."""
_STOP = re.compile(r"[.!?]+(?=\s)|[。!?]+")
"""A full stop inside a quotation would end the report's sentence before its citation."""


def term(code: str, language: Language) -> str | None:
    """Return the word for a code, or None when there is none."""
    known = _TERMS.get(code)
    return None if known is None else known[language == "zh"]


def known_words() -> list[str]:
    """Return every word there is, in both languages."""
    return [text for pair in _TERMS.values() for text in pair]


def word(code: str, language: Language) -> str:
    """Return the word for a code, or the code itself made plain."""
    return term(code, language) or plain(code)


def value_word(field: str, value: Any, language: Language) -> str | None:
    """Return the word for a stated value, or None when only the reader's own words tell it."""
    return term(f"{field}={value}", language)


def measure_name(name: str, language: Language) -> str:
    """Return a quantity's name as a report writes it."""
    return term(f"measure.{name}", language) or quantity_name(name, language)


def place(side: str | None, third: str | None, language: Language) -> str:
    """Return where in the lungs, from side and third.

    >>> place("right", "upper", "en")
    'right lung, upper third'
    """
    if side not in ("right", "left"):
        return word("place.unknown", language)
    joined = ", " if language == "en" else ""
    return joined.join(w for w in (word(side, language), term(f"third.{third}", language)) if w)


def named(text: str, longest: int) -> str:
    """Return a person's name on one line, without signs that Markdown or a citation would read as their own."""
    return " ".join(text.translate(_UNSAFE).split())[:longest]


def plain(text: str, longest: int = _LONGEST_QUOTE) -> str:
    """Return free text on one line, without signs that Markdown or a citation would read as their own.

    >>> plain("seen [E4]\\n<b>")
    'seen (E4) ‹b›'
    """
    flat = re.sub(r"\s+", " ", text.translate(_UNSAFE)).strip()
    flat = _STOP.sub(";", flat).rstrip(" .;")
    return flat if len(flat) <= longest else flat[:longest] + "…"


def listed(parts: list[str], language: Language) -> str:
    """Return parts joined as a list in the language."""
    return ("、" if language == "zh" else ", ").join(parts)
