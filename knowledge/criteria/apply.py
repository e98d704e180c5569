"""Apply a guideline's table to stated inputs: a row, or what is still needed, or why it does not apply.

Conditions have three values: true, false, and unknown while an input is missing. So a scope exit fires as soon as
it is known, nothing fires while it depends on something unknown, and only what matters is asked for. An optional input
that was not stated makes a condition false: what depends on it is not given, and it is not asked for.
Knows no thresholds: those are in the tables.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from knowledge.criteria.derive import HOW
from knowledge.criteria.table import Condition, Input, Row, Table, table
from knowledge.facts import facts
from knowledge.types import Assessment, BadInput, KnowledgeError, Language, Need

_LANGUAGES: tuple[Language, ...] = ("en", "zh")
_WORDS = {"true": True, "yes": True, "是": True, "有": True, "false": False, "no": False, "否": False, "无": False}
_MEDIUM: dict[Language, str] = {
    "en": "Medium confidence: this row was read in one secondary source or an older edition only.",
    "zh": "可信度中等:本条仅见于一处二手来源或旧版本。",
}


def assess(name: str, **inputs: Any) -> Assessment:
    """Apply the criteria `name` to what is stated.

    Inputs are the table's own, by keyword; None or left out means not stated. Lengths are in mm, age in years.
    Raises UnknownGuideline for another name, BadInput for a keyword or a value the table does not take.
    """
    rules = table(name)
    values = _with_derived(rules, _checked(rules, inputs))
    for exit_ in rules.scope:
        if _holds(rules, exit_.when, values) is True:
            cites = _cites(rules, exit_.section) if exit_.section else ()
            used = _used(rules, _names(exit_.when), values)
            return Assessment(guideline=name, out_of_scope=exit_.reason, cites=cites, used=used)
    row, needs = _row_or_needs(rules, values)
    if row is None or needs:
        return Assessment(guideline=name, needs=tuple(_need(rules.inputs[key]) for key in needs))
    return _answer(rules, row, values)


def _checked(rules: Table, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stated values, defaults included. Raises BadInput."""
    unknown = sorted(set(given) - set(rules.inputs))
    if unknown:
        raise BadInput(f"{rules.name} takes no {', '.join(unknown)}; it takes {', '.join(rules.inputs)}.")
    values = {key: item.default for key, item in rules.inputs.items() if item.default is not None}
    values |= {key: _value(rules.inputs[key], given[key]) for key in given if given[key] is not None}
    return values


def _value(item: Input, given: Any) -> Any:
    if item.kind == "choice":
        named = {value.lower(): value for value in item.values}
        if str(given).strip().lower() not in named:
            raise BadInput(f"{item.name} is {given!r}; it must be one of {', '.join(item.values)}.")
        return named[str(given).strip().lower()]
    if item.kind == "yes-no":
        known = given if isinstance(given, bool) else _WORDS.get(str(given).strip().lower())
        if known is None:
            raise BadInput(f"{item.name} is {given!r}; it must be true or false.")
        return known
    try:
        number = math.nan if isinstance(given, bool) else float(given)
    except (TypeError, ValueError):
        number = math.nan
    if not item.low <= number <= item.high:
        raise BadInput(
            f"{item.name} is {given!r}; it must be a number from {item.low:g} to {item.high:g}"
            f"{' ' + item.unit if item.unit else ''}."
        )
    whole = number.is_integer() and not isinstance(given, float)
    return int(number) if whole else number


def _with_derived(rules: Table, values: dict[str, Any]) -> dict[str, Any]:
    """Add every derived value whose inputs are all known, in the table's order; what was stated stays."""
    values = dict(values)
    for name, entry in rules.derived.items():
        known = [values[source] for source in entry["of"] if source in values]
        if entry.get("any"):
            known = known[:1]
        if name not in values and len(known) == (1 if entry.get("any") else len(entry["of"])):
            found = HOW[entry["how"]](entry, *known)
            if found is not None:
                values[name] = found
    return values


def _holds(rules: Table, when: Condition, values: Mapping[str, Any]) -> bool | None:
    """Return whether a condition holds; None while that is unknown."""
    if isinstance(when, list):
        found = [_holds(rules, part, values) for part in when]
        return True if True in found else None if None in found else False
    parts = [
        _test(test, values[name]) if name in values else _while_unknown(rules, name, values)
        for name, test in when.items()
    ]
    return False if False in parts else None if None in parts else True


def _while_unknown(rules: Table, name: str, values: Mapping[str, Any]) -> bool | None:
    """Return False for what rests on an optional input that was not stated, else None."""
    return False if any(rules.inputs[root].optional for root in rules.roots(name) if root not in values) else None


def _test(test: Any, value: Any) -> bool:
    if isinstance(test, list):
        return value in test
    if isinstance(test, Mapping):
        return all(_COMPARE[word](value, limit) for word, limit in test.items())
    return bool(value == test)


_COMPARE = {
    "lt": lambda value, limit: value < limit,
    "le": lambda value, limit: value <= limit,
    "gt": lambda value, limit: value > limit,
    "ge": lambda value, limit: value >= limit,
}


def _open(rules: Table, when: Condition, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names that a condition which is still unknown depends on."""
    parts = when if isinstance(when, list) else [when]
    return _names([part for part in parts if _holds(rules, part, values) is None])


def _names(when: Condition) -> tuple[str, ...]:
    parts = when if isinstance(when, list) else [when]
    return tuple(dict.fromkeys(name for part in parts for name in part))


def _row_or_needs(rules: Table, values: Mapping[str, Any]) -> tuple[Row | None, tuple[str, ...]]:
    """Return the row that fires, and the inputs still missing, in the order they should be asked for."""
    fired: Row | None = None
    missing: set[str] = set()
    for row in rules.rows:
        found = _holds(rules, row.when, values)
        if found is None:
            missing |= set(_missing(rules, _open(rules, row.when, values), values))
        if found is True:
            fired = row
            break
    needs = [key for key in rules.required if key not in values]
    for stage in rules.stages:
        asked = [key for key in stage if key in missing and key not in needs]
        if asked:
            needs += asked
            break
    if fired is None and not needs:
        raise KnowledgeError(f"{rules.name} has no row for {dict(values)}: its table is incomplete; please report it.")
    order = list(rules.inputs)
    return fired, tuple(sorted(needs, key=order.index))


def _missing(rules: Table, names: Iterable[str], values: Mapping[str, Any]) -> list[str]:
    return [root for name in names if name not in values for root in rules.roots(name) if root not in values]


def _need(item: Input) -> Need:
    return Need(name=item.name, question=item.ask)


def _answer(rules: Table, row: Row, values: Mapping[str, Any]) -> Assessment:
    shown = {key: value for key, value in values.items() if not isinstance(value, bool)}
    caveats = [caveat.text for caveat in rules.caveats if _holds(rules, caveat.when, values) is True]
    if row.note:
        caveats.append(row.note)
    if any(facts()[fact].confidence == "medium" for fact in row.facts):
        caveats.append(_MEDIUM)
    return Assessment(
        guideline=rules.name,
        category=row.category.format(**shown),
        action={language: row.action[language].format(**shown) for language in _LANGUAGES},
        row=row.id,
        cites=tuple(cite for section in (row.section, *row.also) for cite in _cites(rules, section)),
        caveats=tuple(caveats),
        used=_used(rules, (*rules.required, *_names(row.when)), values),
    )


def _cites(rules: Table, section: str) -> tuple[str, ...]:
    """Return the passage ids of a section of this guideline, or of ``other-guideline/section``, in both languages."""
    place = section if "/" in section else f"{rules.name}/{section}"
    return tuple(f"{place}/{language}" for language in _LANGUAGES)


def _used(rules: Table, names: Iterable[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the known values behind these names: the inputs, and what was derived from them."""
    keys = [key for name in names for key in (*rules.roots(name), name)]
    return {key: values[key] for key in dict.fromkeys(keys) if key in values}
