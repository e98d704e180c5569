"""Where a message is not typed but pasted: quoted lines, a letter, a report, a long block. None of it leaves.

What such a text states is told in words of our own: its own words may name somebody in the middle of a fact. Knows a
text and nothing else; what a letter states is read in `agent.stated`.
"""

from __future__ import annotations

import dataclasses
import re

from agent.privacy.words import everyday
from agent.stated import Statement
from agent.stated.letter import letters, told
from tools.quantity import Language

LONG_TOLD = 160
"""Characters of reported speech that is still one's own sentence about a letter, and not the letter."""
MANY_LINES, MANY_CHARACTERS = 7, 1_000
"""A paragraph from which on it is taken for pasted, whatever it says; longer than anybody types into a chat."""
_PARAGRAPH = re.compile(r"\S[\s\S]*?(?=\n[ \t]*\n|\Z)")
_LISTED = re.compile(r"[ \t]*(?:\d{1,2}[.)、]|[-*•])[ \t]*\S[^\n]{0,119}$")

_UNITS = {"a": "years", "1": "", "{pack-years}": "pack-years"}
_ZH = {
    "setting": "检查背景", "age": "年龄", "sex": "性别", "smoking": "吸烟", "pack_years": "吸烟包年",
    "risk": "风险", "known_cancer": "肿瘤病史", "cancer_text": "肿瘤", "immunosuppressed": "免疫抑制",
    "nodule_type": "结节类型", "lobe": "肺叶", "modality": "检查方式", "body_part": "部位", "count": "数目",
    "prior_size": "既往大小", "solid_component": "实性成分", "perifissural": "叶裂旁", "emphysema": "肺气肿",
    "family_history": "家族史", "fibrosis": "肺纤维化", "asbestos": "石棉接触", "prior_interval": "间隔",
    "targets": "靶病灶", "lymph_node": "淋巴结",
}  # fmt: skip


def pasted(text: str) -> list[tuple[int, int]]:
    """Return where a message is somebody else's text, in order, none overlapping another.

    >>> pasted("measure lesion 2")
    []
    """
    found = letters(text)
    found += [(a, b) for a, b in told(text) if "\n" in text[a:b].strip() or b - a > LONG_TOLD]
    found += [m.span() for m in _PARAGRAPH.finditer(text) if _is_block(m[0])]
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if kept and not text[kept[-1][1] : start].strip():  # those that follow each other are one letter
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]))
        else:
            kept.append((start, end))
    return kept


def _is_block(paragraph: str) -> bool:
    lines = [line for line in paragraph.splitlines() if line.strip()]
    if len(paragraph) > MANY_CHARACTERS:
        return True
    return len(lines) >= MANY_LINES and not all(_LISTED.match(line) for line in lines)


def in_code(statement: Statement, language: Language) -> Statement:
    """Return a statement in words of our own: its field and its value.

    >>> in_code(Statement("age", 62.0, "this 62-year-old Jane Roe", "a"), "en").words
    'age 62 years'
    """
    value = statement.value
    if isinstance(value, bool):
        shown = ("是" if value else "否") if language == "zh" else ("yes" if value else "no")
    elif isinstance(value, float):
        unit = _UNITS.get(statement.unit, statement.unit)
        shown = f"{value:g} {'岁' if unit == 'years' and language == 'zh' else unit}".strip()
    else:
        value = shown = _plain_words(str(value))
    field = _ZH.get(statement.field, "") if language == "zh" else ""
    return dataclasses.replace(statement, value=value, words=f"{field or statement.field.replace('_', ' ')} {shown}")


def _plain_words(value: str) -> str:
    """Return a text's words of the trade and of every day, and its numbers; characters of Chinese stay."""
    words = re.findall(r"[\u3400-\u9fff]+|[^\W\d_\u3400-\u9fff]+|\d+(?:\.\d+)?", value)
    return " ".join(w for w in words if not w.isalpha() or "\u3400" <= w[0] <= "\u9fff" or everyday(w.lower()))
