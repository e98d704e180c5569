"""Which lesion a clause means, given the case card: by number, place, size, side, or because it is the one in focus.

One convention holds everywhere: a lesion that the reader names or points at ("lesion 2", "the bigger one", "it",
"the nodule" with one in focus or only one there) is put into the arguments by number; when nothing is said about
which, the argument is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.planner.mention import Reference

SAME_SIZE_MM = 0.6
"""A size said in passing ("the 8 mm one") fits a measured one this near: readers round to whole millimetres."""

_THIRD = re.compile(r"\b(upper|middle|lower) third\b")
_SIDE = re.compile(r"\b(left|right)\b")

Card = Mapping[str, Any]


@dataclass(frozen=True)
class Meant:
    """The lesions that are meant, or several between which only the reader can choose."""

    numbers: tuple[int, ...] = ()
    between: tuple[int, ...] = ()
    said: bool = False


def lesions(card: Card) -> list[Mapping[str, Any]]:
    """Return the card's lesions that were not rejected."""
    found = card.get("lesions") or []
    return [
        x for x in found if isinstance(x, Mapping) and isinstance(x.get("id"), int) and x.get("status") != "rejected"
    ]


def lesion(card: Card, number: int | None) -> Mapping[str, Any]:
    """Return a lesion's entry in the card, or an empty one."""
    return next((x for x in card.get("lesions") or [] if isinstance(x, Mapping) and x.get("id") == number), {})


def focus(card: Card) -> int | None:
    """Return the lesion in focus, or the only one there is."""
    there = [int(x["id"]) for x in lesions(card)]
    chosen = card.get("focus")
    if chosen in there:
        return int(chosen)
    return there[0] if len(there) == 1 else None


def meant(reference: Reference, card: Card) -> Meant:
    """Return the lesions a reference means on this card."""
    there = lesions(card)
    ids = [int(x["id"]) for x in there]
    if 0 in reference.numbers:  # there is none of that number
        return Meant(between=tuple(ids), said=True)
    if reference.numbers:
        return Meant(reference.numbers, said=True)
    if reference.every:
        return Meant(tuple(ids) if _focused(card, ids) else (), said=True)
    if reference.place is not None:
        return Meant(_by_place(reference.place, ids), said=True)
    if reference.by_size is not None and len(there) > 1:  # one of several is meant, whichever is in focus
        sized = _by_size(reference.by_size, there)
        return Meant((sized,), said=True) if sized is not None else Meant(between=tuple(ids), said=True)
    if reference.other:
        rest = [n for n in ids if n != card.get("focus")]
        return Meant((rest[0],), said=True) if len(rest) == 1 else Meant(between=tuple(rest or ids), said=True)
    fits = _told_apart(reference, there)
    if fits is not None and len(fits) == 1:
        return Meant(fits, said=True)
    if fits is not None and focus(card) not in fits:
        return Meant(between=fits or tuple(ids), said=True)
    if not (reference.pointer or reference.by_size or reference.side or reference.lobe):
        return Meant()
    only = focus(card)
    if only is not None:
        return Meant((only,), said=True)
    return Meant(between=tuple(ids), said=True)


def _focused(card: Card, ids: Sequence[int]) -> bool:
    """Left out, a lesion means every one only where none is in focus; else each has to be named."""
    return card.get("focus") in ids and len(ids) > 1


def _by_place(place: int, ids: Sequence[int]) -> tuple[int, ...]:
    if place == -1:
        return (ids[-1],) if ids else ()
    if place <= len(ids):
        return (ids[place - 1],)
    return (place,)


def _by_size(which: str, there: Sequence[Mapping[str, Any]]) -> int | None:
    sized = [(float(x["size_mm"]), int(x["id"])) for x in there if isinstance(x.get("size_mm"), (int, float))]
    if not sized or (len(sized) < 2 and len(there) > 1):
        return None
    chosen = max(sized, key=lambda p: p[0]) if which == "bigger" else min(sized, key=lambda p: p[0])
    return chosen[1]


def side_of(lesion: Mapping[str, Any]) -> str | None:
    """Return a lesion's side: the card's own word, or what its place in words says.

    >>> side_of({"where": "left lung, lower third"}), third_of({"where": "left lung, lower third"})
    ('left', 'lower')
    """
    found = _SIDE.search(str(lesion.get("where") or ""))
    return str(lesion["side"]) if lesion.get("side") else found[1] if found else None


def third_of(lesion: Mapping[str, Any]) -> str | None:
    """Return the third of the lung that a lesion lies in, read in the same way."""
    found = _THIRD.search(str(lesion.get("where") or ""))
    return str(lesion["third"]) if lesion.get("third") else found[1] if found else None


def _told_apart(reference: Reference, there: Sequence[Mapping[str, Any]]) -> tuple[int, ...] | None:
    """Return the one lesion that lobe, side, third, size or group single out; else those on the side that is said.

    None where nothing told them apart. No lesion on a side that is said is an empty answer: nothing fits.
    """
    tests = (
        reference.lobe and (lambda x: (x.get("lobe_stated") or x.get("lobe_outlined")) == reference.lobe),
        reference.side and reference.third and (
            lambda x: side_of(x) == reference.side and third_of(x) == reference.third),
        reference.side and (lambda x: side_of(x) == reference.side),
        reference.third and (lambda x: third_of(x) == reference.third),
        reference.size_mm and (
            lambda x: isinstance(x.get("size_mm"), (int, float))
            and abs(x["size_mm"] - reference.size_mm) <= SAME_SIZE_MM),
        reference.group and (lambda x: reference.group in (x.get("group"), x.get("label"))),
    )  # fmt: skip
    for test in tests:
        if not test:
            continue
        fits = [int(x["id"]) for x in there if test(x)]
        if len(fits) == 1 and len(there) > 1:
            return (fits[0],)
    if reference.side and there and all(side_of(x) for x in there):
        return tuple(int(x["id"]) for x in there if side_of(x) == reference.side)
    return None
