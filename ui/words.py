"""The app's own sentences in English and Chinese, and what it suggests to ask, by the state of the case.

Knows no HTML. Numbers come in ready, from the record.
"""

from __future__ import annotations

from agent.session import Session
from tools.quantity import Language

_SAID: dict[str, tuple[str, str]] = {
    "sized": (
        "By hand: lesion {lesion}{where}: {size}{was} [{evidence}]", "手动:病灶{lesion}{where}:{size}{was} [{evidence}]"
    ),
    "was": (", before {size}", ",此前 {size}"),
    "undone": ("Taken back: {evidence}, lesion {lesion}.", "已撤销:{evidence},病灶{lesion}。"),
    "accepted": ("Lesion {lesion} accepted by the reader.", "病灶{lesion}已由阅片者接受。"),
    "rejected": ("Lesion {lesion} rejected by the reader{reason}.", "病灶{lesion}已由阅片者排除{reason}。"),
    "candidate": ("Lesion {lesion} is a candidate again.", "病灶{lesion}恢复为候选。"),
    "ruled": ("Ruler: {size} [{evidence}]", "测距:{size} [{evidence}]"),
    "stated": ("Stated: {field}: {value} [{evidence}]", "已陈述:{field}:{value} [{evidence}]"),
}  # fmt: skip

_FIND = ("Find candidate nodules", "查找候选结节")
_MEASURE = ("Measure lesion {n}", "测量病灶{n}")
_RATE = ("Classify lesion {n}", "对病灶{n}分级")
_FLEISCHNER = ("What does Fleischner say for lesion {n}?", "按Fleischner指南,病灶{n}如何处理?")
_COMPARE = ("Compare with the prior scan", "与既往检查比较")
_REPORT = ("Write the report", "写报告")
_AGAIN = ("Write the report again", "重写报告")
_LOOK_UP = ("What does Fleischner say about a 7 mm nodule?", "Fleischner指南对7 mm结节怎么说?")
_MOST = 4


def say(key: str, language: Language, **given: object) -> str:
    """Return one of the app's sentences, filled in."""
    return _SAID[key][language == "zh"].format(**given)


def suggestions(session: Session, language: Language) -> tuple[str, ...]:
    """Return what fits to ask now: a search first, then what is missing of the lesion in focus, then the report."""
    record, scan = session.record, session.scan
    lesions = [x for x in record.lesions if x.status != "rejected"]
    outlined = [x for x in lesions if x.outlined]
    chest = (
        scan is not None and not scan.is_2d and scan.modality.value == "CT" and scan.body_part.value in ("CHEST", None)
    )
    wanted: list[tuple[tuple[str, str], int]] = []
    if chest and record.search is None:
        wanted.append((_FIND, 0))
    focus = next((x for x in outlined if x.number == session.state.get("focus")), outlined[0] if outlined else None)
    if focus is not None and focus.measurement is None:
        wanted.append((_MEASURE, focus.number))
    if focus is not None and focus.measurement is not None and focus.rating is None and chest:
        wanted.append((_RATE, focus.number))
    if focus is not None and focus.measurement is not None and focus.category is None and chest:
        wanted.append((_FLEISCHNER, focus.number))
    if record.priors and not record.comparisons and outlined:
        wanted.append((_COMPARE, 0))
    if not outlined and chest:
        wanted.append((_LOOK_UP, 0))
    report = session.report
    if report is None:
        wanted.append((_REPORT, 0))
    elif report.evidence_count < len(record.items) - 1:
        wanted.append((_AGAIN, 0))
    return tuple(text[language == "zh"].format(n=n) for text, n in wanted[:_MOST])
