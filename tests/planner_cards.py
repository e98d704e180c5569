"""Case cards that the planner's tables are read on: what `agent.card.card` gives, or less of it."""

from __future__ import annotations

from typing import Any

CHEST_CT: dict[str, Any] = {
    "evidence": "E1", "modality": "CT", "modality_how": "known", "body_part": "CHEST", "body_part_how": "known",
    "is_2d": False, "has_mm": True, "side_known": True, "slice_interval_mm": 1.0, "slice_thickness_mm": 1.0,
}  # fmt: skip
PICTURE = {**CHEST_CT, "modality": None, "body_part": None, "is_2d": True, "has_mm": False, "side_known": False,
           "slice_interval_mm": None, "slice_thickness_mm": None}  # fmt: skip
TOOLS = [
    {"name": "lung-candidates", "task": "find"}, {"name": "nodule-segmenter", "task": "segment"},
    {"name": "nodule-rating", "task": "classify"}, {"name": "lesion-measure", "task": "measure"},
]  # fmt: skip


def lesion(number: int, side: str, third: str, mask: str, **more: Any) -> dict[str, Any]:
    """Return a lesion's entry as the card gives it."""
    return {
        "id": number, "label": "nodule", "group": None, "rank": None, "status": "candidate", "outlined": True,
        "side": side, "third": third, "where": f"{side} lung, {third} third", "lobe_stated": None, "mask": mask,
        "threshold": 0.5, "axial_long_axis": None, "size_mm": None, "rating": None, "category": None, **more,
    }  # fmt: skip


FIRST = lesion(1, "right", "upper", "E4", axial_long_axis="E5", size_mm=14.2)
SECOND = lesion(2, "left", "lower", "E6", axial_long_axis="E7", size_mm=8.1)
THIRD = lesion(3, "left", "upper", "E8", size_mm=6.0, outlined=False, group="mass", label="mass")


def full(**more: Any) -> dict[str, Any]:
    """Return a whole card of a chest CT with nothing in it yet, changed as given."""
    empty = {
        "scan": CHEST_CT, "prior": None, "selection": None, "lesions": [], "focus": None, "context": {},
        "asked": None, "stated_now": [], "withdrawn": [], "report": None, "tools": TOOLS,
    }  # fmt: skip
    return {**empty, **more}


CARDS: dict[str, dict[str, Any]] = {
    "none": {},
    "one": {"lesions": [{"id": 1}]},
    "two": {"lesions": [{"id": 1}, {"id": 2}]},
    "two2": {"lesions": [{"id": 1}, {"id": 2}], "focus": 2},
    "far": {"lesions": [{"id": 3}, {"id": 5}, {"id": 8}]},
    "empty": full(),
    "clicked": full(selection={"point": [1.0, 2.0, 3.0]}),
    "pair": full(lesions=[FIRST, SECOND]),
    "pair1": full(lesions=[FIRST, SECOND], focus=1),
    "three": full(lesions=[FIRST, SECOND, THIRD]),
    "single": full(lesions=[FIRST], focus=1),
    "fresh": full(lesions=[{**FIRST, "axial_long_axis": None, "size_mm": None}], focus=1),
    "stated": full(lesions=[{**FIRST, "lobe_stated": "right upper lobe"}, {**SECOND, "lobe_stated": "lingula"}]),
    "asked": full(lesions=[FIRST], focus=1, asked={"function": "assess", "guideline": "fleischner-2017", "lesion": 1,
                                                   "needs": ["setting", "age", "known_cancer", "immunosuppressed"]}),
    "withdrawn": full(lesions=[FIRST], focus=1, withdrawn=["E12"]),
    "reported": full(lesions=[FIRST], focus=1, report={"version": 1, "language": "en"}),
    "picture": full(scan=PICTURE, selection={"box": [1, 1, 0, 9, 9, 1]}),
}  # fmt: skip
