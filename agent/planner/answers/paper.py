"""What write_report and export came to, in sentences."""


from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.planner.answers.memory import lobe_stated, stated
from agent.planner.answers.wording import pick
from agent.planner.reading import Language, language_of

SHOWN_LINES = 10
"""Sentences of the report that are said in the chat; the rest is read in the report."""

SHOWN_NOT_ASSESSED = 5

_NOT_MEASURED = ("measured here)", "与此处测量不一致)", "非此处测量)")
"""How a clinician's sentence is marked whose numbers the tools did not measure."""

Card = Mapping[str, Any]
Result = Mapping[str, Any]


def written(result: Result, card: Card, language: Language) -> list[str]:
    """Say that the report is a draft, what it says, what was stated, and what was not assessed."""
    report = result.get("report") or {}
    if report.get("edited"):
        return _edit(report, language)
    in_it = [str(line).strip() for line in report.get("lines") or []]
    other = bool(in_it) and all(language_of(line) != language for line in in_it)  # asked for in one language, in the other
    said = [
        pick(language, f"The report is written{' in Chinese' if other else ''} as a draft, for research use only; it needs review by a qualified reader.",
             f"报告已{'用英文' if other else ''}写为草稿,仅供研究使用,须由有资质的阅片者复核。")
    ]  # fmt: skip
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
    said += [_ended(str(n), language) for n in result.get("notes") or [] if language_of(str(n)) == language]
    return list(dict.fromkeys(said))


def exported(result: Result, language: Language, asked: str) -> list[str]:
    """Say which files were written, and why others were not."""
    said = [pick(language, "The report's files are written.", "报告文件已写出。")]
    if "sent" in result:
        said = [pick(language, "The report was sent to the PACS.", "报告已发送到PACS。")]
    if result.get("deidentified"):
        said.append(pick(language, "They are de-identified; what you typed is in them, so read them before they leave.",
                         "已去标识;其中包含您输入的文字,发出前请先阅读。"))  # fmt: skip
    for name, why in (result.get("not_written") or {}).items():
        if language == "en":
            said.append(_ended(f"{name} was not written: {why}", language))
        else:
            said.append(f"{name}未能写出。")
    return said


def _edit(report: Mapping[str, Any], language: Language) -> list[str]:
    """Say what the clinician's edit came to: the words as they stand, and that a number in them is not measured."""
    said = [pick(language, "Your edit is in the report, marked as the clinician's.", "您的修改已写入报告,并标明为医生所写。")]
    said += [_ended(str(line), language) for line in report.get("edited_lines") or []]
    edited = [str(e) for e in report.get("edited") or []]
    if edited and any(mark in str(line) for line in report.get("edited_lines") or [] for mark in _NOT_MEASURED):
        told = pick(language, "What it says of size or place is not what was measured; it is kept as you wrote it",
                    "其中所写的大小或位置与测量不一致;已按原文保留")  # fmt: skip
        said.append(f"{told} [{edited[-1]}]{pick(language, '.', '。')}")
    return said


def _ended(line: str, language: Language) -> str:
    return line if line.endswith((".", "。", "!", "?")) else line + ("。" if language == "zh" else ".")
