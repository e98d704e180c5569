"""What every answer is made of: both languages side by side, references, citations, names of quantities and places."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.planner.reading import Language
from agent.restate import quantity_name

_MORE_NAMES = {
    "axial_long_axis": "轴位长径", "axial_short_axis": "轴位短径", "mean_diameter": "平均直径",
    "volume_voxel": "体积", "hu_mean": "平均CT值", "hu_min": "最低CT值", "hu_max": "最高CT值",
    "hu_sd": "CT值标准差", "max_diameter_3d": "三维最大径", "craniocaudal_extent": "头足向径",
    "surface_area": "表面积", "area": "面积", "sphericity": "球形度", "who_product": "两径乘积",
}  # fmt: skip
_ENGLISH = {
    "hu_mean": "mean attenuation", "hu_min": "lowest attenuation", "hu_max": "highest attenuation",
    "hu_sd": "standard deviation of the attenuation", "max_diameter_3d": "largest diameter in space",
    "craniocaudal_extent": "craniocaudal extent", "who_product": "product of the two axes",
}  # fmt: skip
_UNSAFE = str.maketrans({"[": "(", "]": ")", "{": "(", "}": ")", "“": "'", "”": "'", '"': "'"})
_STOP = re.compile(r"[.!?]+(?=\s)|[。!?;]+")
_SENTENCE = re.compile(r"[^。!?]*[。!?]|.+?[.!?](?=\s+[A-Z(]|\s*$)|.+$")
_ENDS = "".join(sorted(set(" .,;!?,。!?;")))
LONGEST_QUOTE = 160


def pick(language: Language, en: str, zh: str) -> str:
    """Return the wording of the language."""
    return zh if language == "zh" else en


def ref(evidence: str, quantity: str) -> str:
    """Return the reference that code fills with value and unit."""
    return f"{{{evidence}.{quantity}}}"


def cite(language: Language, text: str, *evidence: str | None) -> str:
    """Return a sentence with its citations before the full stop."""
    names = ", ".join(dict.fromkeys(e for e in evidence if e))
    body = text.strip().rstrip(".。")
    mark = f" [{names}]" if names else ""
    return f"{body}{mark}{'。' if language == 'zh' else '.'}"


def name_of(quantity: str, language: Language) -> str:
    """Return a quantity's name in words."""
    if language == "zh":
        return _MORE_NAMES.get(quantity) or quantity_name(quantity, "zh")
    return _ENGLISH.get(quantity) or quantity_name(quantity, "en")


def place(side: str | None, third: str | None, language: Language) -> str:
    """Return where in the lungs; empty when the side is not known.

    >>> place("right", "upper", "en"), place("left", "lower", "zh")
    ('right lung, upper third', '左肺下三分之一')
    """
    if side not in ("right", "left"):
        return ""
    if language == "zh":
        thirds = {"upper": "上三分之一", "middle": "中三分之一", "lower": "下三分之一"}
        return {"right": "右肺", "left": "左肺"}[side] + thirds.get(str(third), "")
    return f"{side} lung" + (f", {third} third" if third in ("upper", "middle", "lower") else "")


def safe(words: str) -> str:
    """Return free text on one line, without signs that read as a citation, a reference or the end of a sentence."""
    flat = _STOP.sub(",", " ".join(str(words).translate(_UNSAFE).split())).strip(_ENDS)
    return flat if len(flat) <= LONGEST_QUOTE else flat[:LONGEST_QUOTE].rsplit(" ", 1)[0] + "…"


def in_language(texts: Sequence[str], language: Language) -> str:
    """Return the first text that is in the language, or the first."""
    chinese = [bool(re.search(r"[\u3400-\u9fff]", t)) for t in texts]
    fits = [t for t, zh in zip(texts, chinese, strict=True) if zh == (language == "zh") and t.strip()]
    return (fits or [t for t in texts if t.strip()] or [""])[0]


def sentences(text: str) -> list[str]:
    """Return a passage's sentences, numbers left whole."""
    return [s.strip() for s in _SENTENCE.findall(" ".join(text.split())) if s.strip()]


def joined(parts: Sequence[str], language: Language) -> str:
    """Return parts as a list in the language."""
    if language == "zh":
        return "、".join(parts)
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1] if parts else ""
