"""The search over a reader's cases: the box above their list, and what it finds. All HTML escaped; nothing computed.

Knows nothing of Gradio.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tools.quantity import Language
from ui.acts.cases import LISTED, CaseActs
from ui.acts.stage import Update
from ui.case_list import cases_html
from ui.rooms import Room

if TYPE_CHECKING:
    from agent.finder import Hit, Hits

_LESIONS = 3
"""Lesions named in a case's line."""
_SAID: dict[str, tuple[str, str]] = {
    "title": ("Search your cases", "搜索病例"),
    "hint": ("words, nodule, right, over 8 mm, grown", "词语、结节、右、大于8毫米、增大"),
    "go": ("Search", "搜索"),
    "none": ("No case has that. Use fewer words, or leave a limit out.", "没有符合的病例。请减少词语或放宽条件。"),
    "some": ("No case has every word; these have some of them.", "没有病例包含全部词语;以下包含其中一部分。"),
    "count": ("{n} found, the best first.", "找到 {n} 个,最符合者在前。"),
    "more": ("The newest {n} are listed; search for the others.", "仅列出最近 {n} 个;其余请搜索。"),
    "right": ("right", "右"), "left": ("left", "左"), "nodule": ("nodule", "结节"), "mass": ("mass", "肿块"),
    "grown": ("grown", "增大"),
}  # fmt: skip


def say(key: str, language: Language, **values: object) -> str:
    """Return a phrase of the search."""
    return _SAID[key][language == "zh"].format(**values)


def search_form(language: Language = "en", asked: str = "", *, more: bool = False) -> str:
    """Return the box to search in; `more`: there are older cases than those listed below it."""
    hint = f'<p class="sw-hint">{say("more", language, n=LISTED)}</p>' if more else ""
    return (
        f'<form class="sw-form" data-do="look_for"><label class="sw-wide">{say("title", language)}'
        f'<input name="text" value="{html.escape(asked, quote=True)}" maxlength="500" '
        f'placeholder="{html.escape(say("hint", language), quote=True)}"></label>'
        f'<button type="submit">{say("go", language)}</button></form>{hint}'
    )


def told(found: Hits, language: Language) -> str:
    """Return how many were found, and whether each has every word."""
    if not found.cases:
        return f'<p class="sw-empty" role="status">{say("none", language)}</p>'
    words = say("count", language, n=found.count) + ("" if found.every_word else " " + say("some", language))
    return f'<p class="sw-hint" role="status">{words}</p>'


def line(hit: Hit, language: Language) -> str:
    """Return what a case was found for: its lesions and the sentence with the words, as plain text."""
    lesions = [_lesion(x, language) for x in hit.lesions if x["outlined"]][:_LESIONS]
    return "; ".join([*lesions, *([f"“{hit.sentence}”"] if hit.sentence else [])])


def _lesion(lesion: dict[str, Any], language: Language) -> str:
    def word(value: str) -> str:
        return say(value, language) if value in _SAID else value

    size = f"{lesion['size_mm']:.1f} mm" if lesion["size_mm"] is not None else ""
    grown = word("grown") if lesion["grown"] else ""
    parts = (word(str(lesion["label"])), word(str(lesion["side"] or "")), size, grown)
    return f"{lesion['lesion']} {' '.join(p for p in parts if p)}"


class SearchActs(CaseActs):
    """The act of searching."""

    def look_for(self, owner: str | None, text: str) -> Iterator[Update]:
        """Find cases among this reader's own and what is shared with them; with no words the list is back."""

        def work(room: Room) -> Update | None:
            asked = text.strip()
            if not asked:
                return None
            from agent.finder import Query

            found = self._rooms.workspace.finder.search(Query.of_text(asked), room.owner)
            return {"cases": self._found(room, asked, found.cases, told(found, room.language))}

        yield from self._quietly(owner, work)

    def _search_box(self, room: Room, *, more: bool) -> str:
        """See `CaseActs`."""
        return search_form(room.language, more=more)

    def _found(self, room: Room, asked: str, hits: Sequence[Hit], said: str) -> str:
        rows = {row["id"]: row for row in self.case_rows(room.owner, [hit.case for hit in hits])}
        listed = [
            rows[h.case] | {"what": ": ".join(filter(None, (rows[h.case]["what"], line(h, room.language))))}
            for h in hits
            if h.case in rows
        ]
        current = room.session.case_id if room.session else ""
        table = cases_html(listed, current, room.language, shares=bool(room.person.name)) if listed else ""
        return search_form(room.language, asked) + said + table
