"""What went wrong, for a reader of Chinese: tools tell it in English, and the commonest of it is told again here.

No number is repeated: those of a fault are in its own line, shown before the answer.
"""

from __future__ import annotations

import re

_SAID: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"^There is no lesion", "本病例没有您所说的病灶。"),
        (r"^There is no prior", "本病例没有您所说的既往扫描。"),
        (r"^No prior scan", "本病例没有既往扫描可供对比。"),
        (r"^There is no tool called", "没有您所说的工具。"),
        (r"^No scan is open", "本病例尚未打开扫描。请先载入。"),
        (r"^No lesion is outlined", "尚未勾画任何病灶。"),
        (r"^Which lesion\?", "指的是哪个病灶?请说编号。"),
        (r"^Every lesion of this case was rejected", "本病例的病灶均已被否定。请说编号,或先接受其中之一。"),
        (r"outlined nothing there|no outline above the threshold", "该处在此阈值下没有可勾画的内容。"),
        (r"^No border of a lesion is seen", "该处看不到病灶的边界。"),
        (r"^The point is on air", "点击处是空气。"),
        (r"lies outside the body", "该位置在体外。"),
        (r"lies outside the image", "该位置在图像之外。"),
        (r"^There is no lung around", "该位置周围没有含气肺组织。"),
        (r"^The box has no area", "画的框没有面积。"),
        (r"searches lungs, and none were found|^No aerated", "未在此扫描中找到可搜索的肺。"),
        (r"slices run from", "没有您所说的层面。"),
        (r"this image does not say its", "此扫描未说明模态或部位。请先说明,例如“这是胸部CT”。"),
        (r" works on ", "所用工具不适用于此扫描。"),
        (r"size rule needs", "缺少以毫米为单位的平均直径,无法应用指南的大小规则。"),
    )
)


def in_chinese(message: str) -> str:
    """Return the fault in Chinese, or nothing where it is none of the common ones."""
    return next((words for pattern, words in _SAID if pattern.search(message)), "")
