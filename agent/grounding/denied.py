"""What a clause denies though what it cites holds it: "was not measured at 14.4 mm", "is not provisional", 不适用 turned round.

What is not so no evidence holds; a limit ("the lobe was not determined") is no denial. Knows no word of order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.grounding import vocabulary as words
from agent.grounding.claims import claims_of
from agent.grounding.quotes import denied_quote
from agent.grounding.support import Support, guideline_names

_LED = r"\b(?:(?:is|are|was|were|has|have|had|does|do|did) not|(?:is|are|was|were|has|have|had|does|do|did)n't)\s+"
_UNDONE = re.compile(
    rf"{_LED}(?:been )?(?:re-?)?(?:measured|calculated|computed|rated|scored|outlined|found|seen|observed|taken|stated)\b"
    r"|(?:并?未|没有|不)(?:被)?(?:测量|测得|测出|计算|评为|勾画|陈述|见于)",
    re.IGNORECASE,
)
"""That something was not done, or not found."""
_UNPAIRED = re.compile(rf"{_LED}(?:been )?(?:paired|matched)\b|(?:未|没有|不)(?:能)?(?:与[^,。]{{0,10}})?(?:配对|匹配)", re.IGNORECASE)
_NUMBERED = re.compile(
    rf"{_LED}(?:now |about |exactly |quite |really |actually )*(?:an? |the )?(?:-?\d|(?:long|short|mean|volume|surface|sphericity|cranio|maximum|LIDC|rating)\b|lesions? \d)"
    rf"|\bthere (?:is|was) not an? ",
    re.IGNORECASE,
)  # fmt: skip
_TURNED = tuple(
    (re.compile(said, re.IGNORECASE), re.compile(held, re.IGNORECASE))
    for said, held in (
        (r"\bnot provisional\b|(?:不是|并非|不再?|非)暂定", r"provisional|暂定"),
        (r"\b(?:not|no)(?: only)? (?:an? )?opinion\b|(?:不是|并非|不属于|非)[^,。;]{0,5}意见", r"\bopinion\b|意见"),
        (r"\b(?:more|very|fairly|quite) (?:sure|certain|reliable)\b|\bsurer\b|\bnot (?:less sure|uncertain|unsure)\b|把握(?:较|更|比较|很)?(?:大|高)|更可靠", r"less sure"),
        (r"\bnot unlike\b|(?<!un)\blike nearly all\b", r"\bunlike nearly all\b"),
        (r"(?:不是|并非|非)(?:一例)?(?:生成|合成)的|\bnot (?:an? )?generated\b", r"generated"),
        (r"\bonly (?:a )?pathology\b|\bonly (?:a )?patient\b", r"not (?:pathology|a patient)"),
    )
)
"""A cited text's own statement turned round, and where that text says it."""
_APPLIES = re.compile(
    r"\b(?:applies|apply|applied|applicable|fits?|suits?|valid|used|meant|intended|suitable|made)\b|(?<!not )\b(?:is|are|was) (?:only |solely )?for\b|适用于?|用于",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|never|no longer|out of|without|nor)\b|n't\b|不|非|未|超出|仅限", re.IGNORECASE)
_NOT_FOR = re.compile(r"[^.。;]*?\b(?:is|are) not for\b(?P<a>[^.。;|]*)|[^.。;]*不适用于(?P<b>[^.。;|]*)|[^.。;]*, not for(?P<c>[^.。;|]*)", re.IGNORECASE)


def problems(text: str, rest: str, asserted: str, parts: Sequence[str], support: Support) -> list[str]:
    """Say what is denied though it is held.

    Args:
        text: the clause without citations. rest: the same without quotations. asserted: what is no limit of it.
        parts: its statements. support: what is cited.
    """
    turned = denied_quote(text, rest)
    if turned:
        return [f"{turned!r} denies what is quoted"]
    unsaid = words.NEVER_STATED.search(text)
    if unsaid and any(e.kind == "stated" for e in support.cited) and not support.quotes(unsaid[0]):
        return [f"{unsaid[0].strip()!r} denies what was stated"]
    return [*_of_places_and_sizes(text, asserted, support), *_of_what_was_done(parts, support), *_of_texts(rest, support), *_of_scope(re.split("[;。]", text), support)]


def _of_places_and_sizes(text: str, asserted: str, support: Support) -> list[str]:
    found = words.DENIES.search(asserted) or _NUMBERED.search(asserted)
    if found is None or not support.cited or support.quotes(found[0]):
        return []
    said = claims_of(text[max(0, text.find(found[0].strip())) :])
    sized = any(a.unit or any("." in str(v) for v in a.values) for a in claims_of(text).amounts)
    given = said.sides or said.places or sized or said.qualifiers or said.lesions
    return [f"{found[0].strip()!r} denies what is cited"] if given else []


def _of_what_was_done(parts: Sequence[str], support: Support) -> list[str]:
    for part in parts:
        undone, unpaired = _UNDONE.search(part), _UNPAIRED.search(part)
        if unpaired and any(e.kind == "comparison" and e.inputs.get("kind") == "matched" for e in support.cited):
            return [f"{unpaired[0].strip()!r} denies what is cited"]
        if undone is None or support.quotes(undone[0]):
            continue
        said = claims_of(part)
        sized = any((a.unit or any("." in str(v) for v in a.values)) and support.carries(a, part[: a.start]) for a in said.amounts)
        stated = [e for e in support.cited if e.kind == "stated"]
        told = any(Support((e,), (e,)).holds(kind, name) for e in stated for kind in ("qualifiers", "findings") for name, _ in getattr(said, kind))
        sized = sized and not undone[0].lower().endswith(("stated", "陈述"))
        if sized or told or any(s in part.lower() for e in stated for s in (e.text.lower(),) if s):
            return [f"{undone[0].strip()!r} denies what is cited"]
    return []


def _of_texts(rest: str, support: Support) -> list[str]:
    held = " ".join(support.texts)
    return [f"{m[0].strip()!r} turns what is cited round" for said, source in _TURNED for m in (said.search(rest),) if m and source.search(held)]


def _of_scope(parts: Sequence[str], support: Support) -> list[str]:
    """Say where a guideline is told to be for those whom a cited category says that it is not for."""
    out = [e for e in support.cited if e.kind == "category" and e.inputs.get("out_of_scope") is True]
    shut = {name for e in out for m in _NOT_FOR.finditer(e.text) for name in _names(m["a"] or m["b"] or m["c"] or "")}
    for part in parts:
        applies = _APPLIES.search(part)
        if applies and shut & _names(part[applies.end() :]) and not _NOT.search(part) and any(p.search(part) for p, _ in guideline_names()):
            return [f"{applies[0].strip()!r} is said of those whom the cited category is not for"]
    return []


def _names(text: str) -> set[str]:
    said = claims_of(text)
    return {name for name, _ in (*said.qualifiers, *said.findings)}
