"""All that a turn has to say, in order: what was done, then what the topics call for, then at most one question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.planner.answers import advice, change, memory, paper, talk, vision
from agent.planner.answers.faults import in_chinese
from agent.planner.answers.wording import pick
from agent.planner.reading import Language, plain
from agent.planner.steps import Plan
from agent.planner.turn import Done, Turn

_HINTS: dict[str, tuple[str, str]] = {
    "segment": ("Click on the lesion or draw a box around it, then ask again; or ask me to search the scan.",
                "请点击病灶或画框后再试;也可以让我搜索整个扫描。"),
    "find": ("You can click on a lesion or draw a box and ask me to outline it.", "您可以点击病灶或画框,让我勾画。"),
    "compare": ("Prior sizes can be stated; they are then kept as stated, not as measured.",
                "可以陈述既往大小;将按陈述记录,而非测量。"),
    "export": ("Ask me to write the report first, then to export it.", "请先让我写报告,再导出。"),
}  # fmt: skip
_NOTHING = ("Nothing else in the case was changed.", "病例中的其他内容未改变。")
_AGAIN = re.compile(r"\bagain\b|\bre-?(?:do|segment|outline)|once more|重新|再")
_FIRST = ("not_a_read",)


@dataclass(frozen=True)
class Answer:
    """Sentences, and ready answers to the question they end with."""

    text: str
    options: tuple[str, ...] = ()


def compose(planned: Plan, turn: Turn) -> Answer:
    """Return the answer of a turn whose calls are done."""
    language, card = planned.language, turn.card
    said: list[str] = []
    options: tuple[str, ...] = ()
    for topic in planned.topics:
        if topic in _FIRST:
            said += talk.about(topic, card, language, turn.last_answer)
    asked = ""
    for number, done in enumerate(turn.done):
        lines, offers = _of(done, number, planned, turn)
        question = next((s for s in lines if s.endswith(("?", "?"))), "")
        asked, options = (question, offers) if question else (asked, options)
        said += [s for s in lines if s != question]
    for topic in planned.topics:
        if topic not in _FIRST and not (turn.done and topic in ("noted", "thanks", "greeting")):
            said += talk.about(topic, card, language, turn.last_answer)
    if planned.which is not None:
        asked, options = talk.which(planned.which, language)
    elif planned.unsure is not None and not said:
        asked, options = talk.unsure(planned.unsure, language)
    if not said and not asked:
        said = [pick(language, *_NOTHING)] if turn.done else [pick(language, *talk._PLAIN["greeting"])]
    return Answer(_text([*said, asked], language), options if asked else ())


def _of(done: Done, number: int, planned: Plan, turn: Turn) -> tuple[list[str], tuple[str, ...]]:
    """Return the sentences of one result and ready answers, if it ends in a question."""
    language, card, result = planned.language, turn.card, done.result
    asked = plain(planned.text)
    if not done.ok:
        told = in_chinese(str(done.result.get("message", ""))) if language == "zh" else ""
        return [*([told] if told else []), *_failed(done, language)], ()
    match done.function:
        case "find":
            return vision.found(result, card, language), ()
        case "segment":
            again = bool(result.get("supersedes")) and (
                bool(done.arguments.keys() & {"change", "threshold", "add", "avoid"}) or _AGAIN.search(asked) is not None
            )
            return vision.outlined(result, card, language, again=again), ()
        case "measure":
            placed = any(d.ok and d.function == "segment" for d in turn.done[:number])
            return vision.measured(result, card, language, asked, place_said=placed), ()
        case "classify":
            return vision.rated(result, language, asked), ()
        case "show":
            return vision.shown(result, card, language), ()
        case "assess":
            return advice.assessed(result, card, language)
        case "find_guideline":
            return advice.passages(result, language), ()
        case "recall":
            changed = any(d.ok and d.function == "segment" for d in turn.done[:number])
            return memory.recalled(result, card, language, after_change=changed), ()
        case "write_report":
            return paper.written(result, card, language), ()
        case "export":
            return paper.exported(result, language, asked), ()
        case "compare":
            alone = bool(done.arguments.keys() & {"targets", "sum_targets"})
            return change.compared(result, language, asked, sum_alone=alone), ()
    return [], ()


def _failed(done: Done, language: Language) -> list[str]:
    """Return a hint on what to do; the error itself was told already, in English."""
    if done.function == "export" and done.result.get("error") == "NotJson":
        return [pick(language, "Nothing was exported.", "没有导出任何内容。")]
    if done.function in ("measure", "classify", "assess") and "outlined yet" in str(done.result.get("message", "")):
        return [pick(language, *_HINTS["segment"])]
    if done.function == "compare" and "No prior scan" not in str(done.result.get("message", "")):
        return [pick(language, "Nothing was compared.", "未作对比。")]
    hint = _HINTS.get(done.function)
    return [pick(language, *hint)] if hint else [pick(language, *_NOTHING)]


def _text(parts: Sequence[str], language: Language) -> str:
    return (" " if language == "en" else "").join(p for p in dict.fromkeys(parts) if p)
