"""What write_report and export came to, in sentences."""


from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.planner.answers.memory import lobe_stated, stated
from agent.planner.answers.wording import pick
from agent.planner.reading import Language

SHOWN_LINES = 10
"""Sentences of the report that are said in the chat; the rest is read in the report."""

SHOWN_NOT_ASSESSED = 5

Card = Mapping[str, Any]
Result = Mapping[str, Any]


def written(result: Result, card: Card, language: Language) -> list[str]:
    """Say that the report is a draft, what it says, what was stated, and what was not assessed."""
    report = result.get("report") or {}
    said = [
        pick(language, "The report is written as a draft, for research use only; it needs review by a qualified reader.",
             "报告已写为草稿,仅供研究使用,须由有资质的阅片者复核。")
    ]  # fmt: skip
    in_it = [str(line).strip() for line in report.get("lines") or []]
    said += [_ended(line, language) for line in in_it[:SHOWN_LINES]]
    held = [c for c in (card.get("context") or {}).values() if c.get("words") and c.get("evidence")]
    said += stated([(str(c["words"]), str(c["evidence"])) for c in held], language)
    for lesion in card.get("lesions") or []:
        if lesion.get("lobe_stated") and lesion.get("lobe_evidence"):
            said.append(lobe_stated(str(lesion["lobe_stated"]), str(lesion["lobe_evidence"]), language))
    left_out = [_ended(str(line), language) for line in report.get("not_assessed") or []]
    said += left_out[:SHOWN_NOT_ASSESSED]
    if not 0 < len(left_out) <= SHOWN_NOT_ASSESSED:
        said.append(pick(language, "The report lists in full what was not assessed.", "未评估的全部内容列于报告。"))
    said += [_ended(str(n), language) for n in result.get("notes") or [] if language == "en"]
    return list(dict.fromkeys(said))


def exported(result: Result, language: Language, asked: str) -> list[str]:
    """Say that files were written."""
    said = [pick(language, "The report's files are written.", "报告文件已写出。")]
    if "pdf" in asked:
        said.append(pick(language, "PDF is not among the forms I can write yet: the report is in Markdown and JSON.",
                         "目前不能写PDF:报告为Markdown和JSON格式。"))  # fmt: skip
    return said


def _ended(line: str, language: Language) -> str:
    return line if line.endswith((".", "。", "!", "?")) else line + ("。" if language == "zh" else ".")
