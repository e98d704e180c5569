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
    "locked": (
        "{whose} shared this case with you to read: you can look at all of it, and nothing is recorded. To work in it, "
        "ask for it to be shared to work.",
        "{whose}以“只读”方式与您共享了此病例:您可以查看全部内容,但不会记录任何操作。如需操作,请对方改为“可操作”共享。",
    ),
    "off": ("{whose} shared this with you to read; nothing is recorded", "{whose}以只读方式共享,不会记录任何操作"),
    "somebody": ("Its owner", "病例所有者"),
    "gone": (
        "The case that was open here is no longer there, or no longer shared with you.",
        "此前打开的病例已不存在,或不再与您共享。",
    ),
    "no case": ("No case yet.", "暂无病例。"),
    "from": ("{whose}'s, shared with you {level}", "{whose}的病例,与您共享({level})"),
    "with": ("Shared with {names}", "已与{names}共享"),
    "open": ("Open", "打开"),
    "share": ("Share…", "共享…"),
    "delete": ("Delete", "删除"),
    "sure": (
        "Delete this case for good: scan, evidence, conversation, report? This cannot be undone.",
        "永久删除此病例(影像、证据、对话、报告)?此操作无法撤销。",
    ),
    "end": ("End", "停止"),
    "nobody yet": ("Shared with nobody.", "尚未共享。"),
    "share title": ("Share case", "共享病例"),
    "reader": ("Reader (the name they log in with)", "用户(登录名)"),
    "for": ("May", "权限"),
    "share now": ("Share", "共享"),
    "share hint": (
        "To read: look at all of it, the conversation too. To work: all that you do, but for sharing and deleting.",
        "只读:可查看全部内容,包括对话。可操作:除共享与删除外,权限与您相同。",
    ),
    "close": ("Close", "关闭"),
    "kept": ("Kept.", "已保存。"),
    "shared": ("Shared with {name}, {level}.", "已与{name}共享,{level}。"),
    "unshared": ("No longer shared with {name}.", "已停止与{name}共享。"),
    "to read": ("to read", "只读"),
    "to work": ("to work", "可操作"),
    "nobody": (
        "No reader of the name {name} can log in here. Check the spelling; nothing was shared.",
        "没有名为{name}的用户。请检查拼写;未共享任何内容。",
    ),
    "no logins": (
        "Sharing needs logins, and this app runs without them. Ask its operator.",
        "共享需要登录功能,而此应用未启用登录。请联系管理员。",
    ),
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
