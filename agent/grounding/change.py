"""What may be said of change: only what a cited comparison holds, in its own direction and beyond the readers' noise.

A size now may not be told as the size before, a change may not be told where the pair does not allow it, and a word
like "stable" stands only beside what it means: within what two readers differ by. Knows no report and no chat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from agent.grounding import vocabulary as words
from agent.grounding.claims import Amount
from agent.grounding.support import Support, is_quantity, told
from tools.evidence import Evidence
from tools.quantity import Quantity

PAIRS = ("matched", "merged", "split", "new", "gone", "unmatched")
PRIOR, NOW, CHANGE = "prior", "current", "change"

_NOISE = (
    r"(?:(?:what|how much|the amount by which) (?:two )?readers (?:differ|disagree)(?: by)?"
    r"|(?:what )?(?:the )?(?:inter-?)?(?:reader|observer|measurement)s?(?:'s|')?[ -](?:noise|variability|variation|disagreement|differences?|error)(?: (?:would|could|can) explain)?)"
)
_NOISE_ZH = "(?:(?:阅|读)片者|观察者|测量)(?:之间|间)?的?(?:测量|正常)?(?:误差|噪声|差异|差别|变异|分歧)(?:的?范围)?"
_NOT_MORE = r"\b(?:not|n't|no|never|neither)\b[^,;.]{0,24}"
_BEYOND = r"(?:beyond|exceed\w*|above|outside|over|more than|larger than|greater than)(?: of)? (?:the )?"
_WITHIN = re.compile(
    rf"(?<!not )within (?:the )?(?:range of |limits of )?{_NOISE}|{_NOT_MORE}{_BEYOND}{_NOISE}|{_NOISE_ZH}(?:之|以)?内|(?:未|没有|不)(?:超过|超出|大于){_NOISE_ZH}|(?:小|低)于{_NOISE_ZH}|(?:less|smaller|lower) than (?:the )?{_NOISE}|\bbelow (?:the )?{_NOISE}",
    re.IGNORECASE,
)
_OUTSIDE = re.compile(
    rf"{_NOT_MORE}within (?:the )?(?:range of |limits of )?{_NOISE}|{_BEYOND}{_NOISE}|(?:超过|超出|大于|不在){_NOISE_ZH}(?:之|以)?[内外]?", re.IGNORECASE
)
"""What a change is held against: by how much two readers of the same lesion differ."""
_EITHER = re.compile(r"\bor\b|或", re.IGNORECASE)
_UNTOLD = r"(?:given|calculated|computed|reported|stated|derived|available|provided|determined|judged)"
_DENIED = {
    "doubling time": re.compile(
        rf"\b(?:no|nor(?: an?)?|neither(?: an?)?|without an?) (?:volume )?doubling time\b|\bdoubling time\b[^,;.]{{0,12}}\bnot\b[^,;.]{{0,8}}{_UNTOLD}|(?:不|未|无法|没有|无)(?:能|予|作)?(?:给出|计算|提供|得出)?(?:体积)?倍增时间",
        re.IGNORECASE,
    ),
    "larger": re.compile(rf"\b(?:no|neither|nor) growth\b[^,;.]{{0,40}}{_UNTOLD}|(?:不|未|无法)(?:作|做|予|进行)?(?:生长|增长)(?:计算|判断|评价)", re.IGNORECASE),
}
"""That something of change is not given: so it is where the pair does not hold it."""
_WHETHER = re.compile(r"^\s*(?:and |but )?(?:whether|if)\b|^\s*是否", re.IGNORECASE)
_FINITE = re.compile(r"\b(?:is|are|has|have|had|was|were|grew|grows|shrank|shows?|measures|did|remains?)\b|[\u3400-\u9fff]")
"""A segment without a verb asserts nothing by itself: it belongs to the one that follows."""
_PIECES = re.compile(r"[,,;;::。]|\.\s")
_CONDITION = re.compile(r"\b(?:if|when|once|unless|until|after|while|or)\b|若|如果|当|时|或|者", re.IGNORECASE)
_BEFORE = re.compile(r"\bthan before\b|\bsince (?:the )?(?:last|previous|prior)(?: time)?\b|较前|比(?:以前|上次|之前)", re.IGNORECASE)
_IN_SIZE = re.compile(r"\b(?:in )?(?:size|volume|diameter|slightly|somewhat)\b|体积|大小|长径|有所|略有?|稍有?|明显", re.IGNORECASE)
"""What a comparison may be in, and how much: it adds nothing that makes a sentence of it."""
_OTHER_WORDS, _OTHER_SIGNS = 3, 4
"""Words, or Chinese signs, beside it from which on a piece says more than the comparison alone."""
_AND_THEN = re.compile(
    r"\b(?:and|but|yet|though) (?:it|they|this|that|lesion \d+|the \w+) (?:is|are|has|have|was|were|grew|shrank)\b"
    r"|[,,](?:但|而)",
    re.IGNORECASE,
)
"""Where a clause goes on to assert after it has said what cannot be told."""
_MORE_LIMITS = re.compile(
    r"\b(?:cannot|can't|could not|can not) be\b|\b(?:is|are|was|were) not (?:possible|comparable|reliable|conclusive|given|judged)\b"
    r"|\bno (?=\w+ (?:can|could|is given))",
    re.IGNORECASE,
)
_THEN = re.compile(
    r"\bcompared (?:to|with)\b(?! (?:the |a |its |an )?(?:prior|previous|earlier|last|former|scan|study|exam))|\b(?:prior|previous(?:ly)?|before|earlier|was|were|old|formerly|last)\b|\bthen\b(?=[ :]*\d)|此前|既往|之前|上次|前次|前片|以前|过去|早先|当时|原(?=为|长|\s*约?\s*\d)", re.IGNORECASE
)
_TODAY = re.compile(r"\b(?:now|current(?:ly)?|today|measures|this scan)\b|目前|现在|本次|当前|如今|今(?=长|\s*约?\s*\d)|现为|现(?=长|\s*约?\s*\d)", re.IGNORECASE)
_SEGMENT = re.compile(r"[,,;;::→。]|\((?=[^()]*\d\s*(?:mm|cm|毫米|厘米))|(?<!\d)[.]\s|\s-+>\s|\band\b|(?<!compared )\bto\b|\b(?:versus|vs)\b|、")
_LETTER = re.compile(r"[A-Za-z\u3400-\u9fff]")
_LABEL = re.compile(r"\s*\(([^()\d]{1,16})\)")
"""What stands in brackets right behind a size: "12.4 mm (prior)"."""
_CHANGED = re.compile(r"\b(?:chang\w+|by|larger|smaller|grew|grown|shr\w+|difference|gain\w*|ris(?:e|en)|rose)\b|变化|增|减|缩|差|[多高超]出|[大长小短]了", re.IGNORECASE)
_BY_SO_MUCH = re.compile(r"\s*(?:larger|bigger|longer|wider|greater|higher|smaller|shorter|lower|more|less)\b", re.IGNORECASE)
_FROM = re.compile(r"\bfrom\s*$|由\s*$|从\s*$", re.IGNORECASE)
_TO = re.compile(r"^\s*(?:to|→|-+>|至|到|变为|增至|减至|增加到|升至|升到|降至|降到)\s*$", re.IGNORECASE)
_JOINED = re.compile(r"\bto\b|至|到|→", re.IGNORECASE)


def asserted(parts: Sequence[str]) -> str:
    """Return what is asserted of change: a part that says what cannot be told still asserts what stands before."""
    kept = []
    for part in parts:
        limit = is_a_limit(part)
        if limit is None:
            kept.append(part)
            continue
        before = re.split(r"[,,::]", part[: limit.start()])[:-1]
        kept += [p for p in before if _FINITE.search(p) and not _WHETHER.search(p)]
        kept += [part[m.start() :] for m in (_AND_THEN.search(part, limit.end()),) if m is not None]
    return "; ".join(kept)


def is_a_limit(part: str) -> re.Match[str] | None:
    """Return where a part says what was not looked at, or cannot be told."""
    return words.LIMITS.search(part) or _MORE_LIMITS.search(part)


def of_the_case(name: str, text: str) -> bool:
    """Return whether a word of comparison is said of this case, not of nodules like it: alone, of a lesion, of before.

    >>> of_the_case("unchanged", "CT at 6 months, stable"), of_the_case("unchanged", "if stable, annual CT")
    (True, False)
    """
    for part in _PIECES.split(text):
        found = words.COMPARISONS[name].search(part)
        if found is None or _CONDITION.search(part):
            continue
        rest = _IN_SIZE.sub(" ", _BEFORE.sub(" ", part[: found.start()] + " " + part[found.end() :]))
        few = len(re.findall(r"[A-Za-z]{2,}", rest)) < _OTHER_WORDS and len(re.findall(r"[\u3400-\u9fff]", rest)) < _OTHER_SIGNS
        if few or words.NAMED_LESION.search(part) or _BEFORE.search(part):
            return True
    return False


def noise(text: str, support: Support) -> bool | None:
    """Return whether a change is held against what readers differ by as the cited pairs hold it; None: it is not."""
    told = True if _WITHIN.search(text) else (False if _OUTSIDE.search(text) else None)
    pairs = [e for e in pairs_of(support) if isinstance(e.inputs.get("within_readers_noise"), bool)]
    if told is None or not pairs or _EITHER.search(text):
        return None
    return all(e.inputs.get("growth_allowed") is True and e.inputs["within_readers_noise"] == told for e in pairs)


def without_noise(text: str) -> str:
    """Return the text without what a change is held against."""
    return _OUTSIDE.sub(" ", _WITHIN.sub(" ", text))


def denied(name: str, text: str, support: Support) -> bool:
    """Return whether a text says only that something of change is not given, and no cited pair gives it."""
    found, pairs = _DENIED.get(name), pairs_of(support)
    if found is None or not pairs or found.search(text) is None or name in _named_in(found.sub(" ", text)):
        return False
    if name == "doubling time":
        return all(e.quantity("doubling_time") is None for e in pairs)
    return not any(e.inputs.get("growth_allowed") for e in pairs)


def _named_in(text: str) -> set[str]:
    return {name for name, pattern in words.COMPARISONS.items() if pattern.search(text)}


def pairs_of(support: Support) -> list[Evidence]:
    """Return the cited comparisons of lesions."""
    return [e for e in support.cited if e.kind == "comparison" and e.inputs.get("kind") in PAIRS]


def holds(name: str, text: str, support: Support) -> bool:
    """Return whether a cited comparison carries a word of comparison (see `vocabulary.COMPARISONS`)."""
    return any(_holds(e, name, text) for e in pairs_of(support))


def _holds(item: Evidence, name: str, text: str) -> bool:
    kind, allowed = item.inputs.get("kind"), item.inputs.get("growth_allowed") is True
    within = item.inputs.get("within_readers_noise")
    if name in ("new", "resolved"):
        return kind == {"new": "new", "resolved": "gone"}[name]
    if name == "doubling time":
        return allowed and item.quantity("doubling_time") is not None
    if kind != "matched" or not allowed:
        return False
    if name == "unchanged":
        return within is True and _WITHIN.search(text) is not None
    change = item.quantity("change_axial_long_axis") or item.quantity("change_mean_diameter")
    if within is not False or change is None:
        return False
    return change.value > 0 if name == "larger" else change.value < 0


def misplaced(text: str, amounts: Sequence[Amount], support: Support) -> list[str]:
    """Say which amounts are told as of another time than they are of, and which changes the pair does not allow."""
    if not any(e.kind == "comparison" or isinstance(e.inputs.get("prior"), int) for e in support.cited):
        return []
    problems = []
    for number, amount in enumerate(amounts):
        if any(told(e, amount) for e in support.cited):
            continue  # a reason or a statement gives it
        for value, wanted in zip(amount.values, _times(text, amounts, number), strict=True):
            roles = {role for role, _, q in _roles(support) if is_quantity(q, value, amount.unit)}
            when = "before" if wanted == PRIOR else "now"
            if wanted and roles and roles <= {PRIOR, NOW} and wanted not in roles:
                problems.append(f"{amount.text!r} is not the size {when}")
            elif wanted and roles == {CHANGE} and (_is_a_step(text, amounts, number) or not (_CHANGED.search(text[: amount.start]) or _BY_SO_MUCH.match(text, amount.end))):
                problems.append(f"{amount.text!r} is a change, not the size {when}")
        problems += _not_allowed(amount, support)
    return problems


def _not_allowed(amount: Amount, support: Support) -> Iterator[str]:
    """Say that a change was given though its pair does not let change be judged."""
    held = [(role, e) for role, e, q in _roles(support) if is_quantity(q, amount.values[0], amount.unit)]
    changes = [e for role, e in held if role == CHANGE]
    if changes and len(changes) == len(held) and not any(e.inputs.get("growth_allowed") for e in changes):
        yield f"{amount.text!r} is a change that this pair does not let judge: give both sizes and the reason"


def _roles(support: Support) -> Iterator[tuple[str, Evidence, Quantity]]:
    """Yield what time each cited quantity is of."""
    for item in support.cited:
        for quantity in item.quantities:
            if item.kind == "comparison":
                role = quantity.name.split("_")[0]
                yield (role if role in (PRIOR, NOW, CHANGE) else "", item, quantity)
            elif item.kind in ("measurement", "drawn", "mask"):
                yield (PRIOR if isinstance(item.inputs.get("prior"), int) else NOW, item, quantity)
            else:
                yield ("", item, quantity)


def _times(text: str, amounts: Sequence[Amount], number: int) -> list[str]:
    """Return what time each value of an amount is told to be of: prior, current, or nothing said."""
    amount = amounts[number]
    if len(amount.values) == 2 and _JOINED.search(amount.text):
        return [PRIOR, NOW]
    when = ""
    after, before = amounts[number + 1 : number + 2], amounts[number - 1 : number] if number else ()
    if after and _TO.match(text[amount.end : after[0].start]):
        when = PRIOR
    elif before and _TO.match(text[before[0].end : amount.start]):
        when = NOW
    else:
        when = _said(text, amount)
    return [when] * len(amount.values)


def _is_a_step(text: str, amounts: Sequence[Amount], number: int) -> bool:
    """Return whether an amount goes on to another one, or another one to it: "12.4 mm to 16.8 mm"."""
    near = amounts[max(0, number - 1) : number + 2]
    return any(_TO.match(text[a.end : b.start]) for a, b in pairwise(near))


def _said(text: str, amount: Amount) -> str:
    label = _LABEL.match(text, amount.end)
    for role, pattern in ((PRIOR, _THEN), (NOW, _TODAY)):
        if label is not None and pattern.search(label[1]):
            return role
    cuts = list(_SEGMENT.finditer(text))
    start = max((m.end() for m in cuts if m.end() <= amount.start), default=0)
    end = min((m.start() for m in cuts if m.start() >= amount.end), default=len(text))
    found = [(m.start(), PRIOR) for m in _THEN.finditer(text, start, end)]
    found += [(m.start(), NOW) for m in _TODAY.finditer(text, start, end)]
    if len({role for _, role in found}) == 1:
        return found[0][1]
    if not found and not _LETTER.search(text, start, amount.start):
        begin = max((m.end() for m in re.finditer(r"\d", text[:start])), default=0)
        found = [(m.start(), PRIOR) for m in _THEN.finditer(text, begin, amount.start)]
        found += [(m.start(), NOW) for m in _TODAY.finditer(text, begin, amount.start)]
        found = found if len({role for _, role in found}) == 1 else []
    ahead = [x for x in found if x[0] < amount.start]
    return max(ahead)[1] if ahead else ""
