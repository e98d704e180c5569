"""A plain sentence made from evidence alone: what a reader gets when a model's own sentence did not pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.evidence import Evidence
from tools.quantity import Language

_NAMES: dict[str, tuple[str, str]] = {
    "axial_long_axis": ("axial long axis", "轴位长径"),
    "axial_short_axis": ("axial short axis", "轴位短径"),
    "mean_diameter": ("mean diameter", "平均直径"),
    "volume_voxel": ("volume", "体积"),
    "hu_mean": ("mean attenuation", "平均CT值"),
    "lidc_rating": ("LIDC readers' rating", "LIDC阅片者评分"),
    "lidc_rating_low": ("lower end of its range", "范围下限"),
    "lidc_rating_high": ("upper end of its range", "范围上限"),
    "lidc_rating_from_diameter": ("from diameter alone", "仅由直径估计"),
    "lidc_texture": ("texture (higher is denser)", "密度(越高越致密)"),
    "lidc_margin": ("margin (higher is sharper)", "边缘(越高越锐利)"),
    "candidates": ("candidates found", "候选数目"),
}


def quantity_name(name: str, language: Language = "en") -> str:
    """Return a quantity's name in words."""
    known = _NAMES.get(name)
    return name.replace("_", " ") if known is None else known[language == "zh"]


def restate(ids: Sequence[str], evidence: Mapping[str, Evidence], language: Language) -> list[str]:
    """Return one draft sentence for each cited piece of evidence that holds quantities we have words for."""
    sentences = []
    for name in dict.fromkeys(ids):
        item = evidence.get(name)
        if item is None:
            continue
        held = [q.name for q in item.quantities if q.name in _NAMES]
        if not held:
            continue
        lesion = item.inputs.get("lesion")
        parts = [f"{quantity_name(q, language)} {{{name}.{q}}}" for q in held]
        if language == "zh":
            head = f"病灶{lesion}:" if lesion else ""
            sentences.append(f"{head}{'、'.join(parts)} [{name}]。")
        else:
            head = f"Lesion {lesion}: " if lesion else ""
            sentences.append(f"{head}{', '.join(parts)} [{name}].")
    return sentences
