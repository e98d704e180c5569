"""What of a reader's words leaves for a language model, and what of its answer comes back to the reader.

A pasted letter or report stays here: a line says how long it was, with the facts that code read in it. In all other
text what identifies somebody, known to the case or by its form, is a mark such as ``[withheld name A]``. A mark that
comes back is turned into what the reader typed; one that was never given out becomes plain words. Text on our own disk
stays as it was typed. Knows no graph and no endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from agent.privacy.identifiers import Found, identifiers
from agent.privacy.known import WITHHELD, Redactor, edged
from agent.privacy.pasted import in_code, pasted
from agent.privacy.words import everyday
from agent.stated import read_statements
from agent.stated.letter import others_words
from tools.quantity import Language

MARK = re.compile(r"\[withheld(?: (?:name|number|date of birth|phone|e-mail|address))? ([A-Z]+)\]", re.IGNORECASE)
_ANY_MARK = re.compile(r"\[withheld\b[^\[\]\n]{0,40}\]", re.IGNORECASE)
_HELD_MARK = re.compile(r"\[held back:[^\[\]]*\]", re.IGNORECASE)
HELD = "[held back: words of a letter]"
_SHORTEST = 4
"""Letters or digits of what is learnt from one place and looked for in others; Chinese names have two."""
_SHORTEST_LINE = 20
"""Characters of a letter's line that make it that line wherever it stands again; shorter ones are anybody's."""
_KEPT = 512
"""Texts that are known without being looked through again: some of what a thread's last messages are made of."""
_FACTS = 20
_PLAIN: dict[Language, tuple[str, str]] = {"en": ("(withheld)", "(the letter)"), "zh": ("(未发送)", "(信件)")}
_KINDS: dict[Language, dict[str, tuple[str, str]]] = {
    "en": {
        "name": ("a name", "names"), "number": ("a number that identifies", "numbers that identify"),
        "date of birth": ("a date of birth", "dates of birth"), "phone": ("a phone number", "phone numbers"),
        "e-mail": ("an e-mail address", "e-mail addresses"), "address": ("an address", "addresses"),
    },
    "zh": {
        "name": ("姓名", "姓名"), "number": ("身份号码", "身份号码"), "date of birth": ("出生日期", "出生日期"),
        "phone": ("电话", "电话"), "e-mail": ("电子邮箱", "电子邮箱"), "address": ("地址", "地址"),
    },
}  # fmt: skip


class Leaving:
    """What may leave of one case's words: knows its identifiers, and which mark stands for what."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._marks: dict[str, str] = {}
        self._typed: dict[str, str] = {}
        self._learnt: dict[str, str] = {}
        self._again: re.Pattern[str] | None = None
        self._looked: dict[str, list[Found]] = {}

    def learn(self, text: str) -> None:
        """Know what identifies somebody in a text by its form wherever it stands again, without title or label too."""
        before = len(self._learnt)
        for found in self._by_form(text):
            typed = text[found.start : found.end]
            words = re.findall(r"[^\W\d_]+", typed) if found.kind == "name" else ()
            for one in (typed, *words):
                least = 2 if not one.isascii() else _SHORTEST - one.isalpha()
                if len(one) >= least and not everyday(one.lower()):
                    self._learnt.setdefault(one.casefold(), found.kind)
        if len(self._learnt) > before:
            longest = sorted(self._learnt, key=lambda one: (-len(one), one))
            self._again = re.compile("|".join(map(edged, map(re.escape, longest))), re.IGNORECASE)

    def _by_form(self, text: str) -> list[Found]:
        """Return what identifies somebody by its form. A thread's messages go out again with every call of a model."""
        found = self._looked.get(text)
        if found is None:
            if len(self._looked) >= _KEPT:
                self._looked.clear()
            found = self._looked[text] = identifiers(text)
        return found

    def clean(self, text: str) -> str:
        """Return text with a mark in place of each known identifier and of what is one by its form."""
        self.learn(text)
        pieces = re.split(f"({_ANY_MARK.pattern})", text, flags=re.IGNORECASE)
        return "".join(piece if n % 2 else self._cleaned(piece) for n, piece in enumerate(pieces))

    def _cleaned(self, text: str) -> str:
        found = [(f.start, f.end, f.kind) for f in self._by_form(text)]
        if self._again is not None:
            found += [(*m.span(), self._learnt.get(m[0].casefold(), "")) for m in self._again.finditer(text)]
        spans = _merged([*((a, b, "") for a, b in self._redactor.spans(text)), *found])
        at, parts = 0, []
        for start, end, kind in spans:
            parts += [text[at:start], self._mark(text[start:end], kind)]
            at = end
        return "".join([*parts, text[at:]])

    def words(self, text: str) -> str:
        """Return what of a reader's message goes out: letters are told of, the rest is cleaned."""
        at, parts = 0, []
        for start, end in pasted(text):
            parts += [self.clean(text[at:start]), self._told_of(text[start:end])]
            at = end
        return "".join([*parts, self.clean(text[at:])])

    def without(self, text: str, lines: Iterable[str]) -> str:
        """Return other text that goes out, cleaned, without the lines of letters that were held back."""
        for line in lines:
            text = text.replace(line, HELD)
        return self.clean(text)

    def shown(self, text: str, language: Language = "en") -> str:
        """Return an answer with each known mark as the reader typed it, and any other as plain words."""
        text = MARK.sub(lambda m: self._typed.get(m[1].upper(), m[0]), text)
        text = _ANY_MARK.sub(_PLAIN[language][0], text)
        return _HELD_MARK.sub(_PLAIN[language][1], text)

    def told(self, text: str, language: Language) -> str | None:
        """Return the line that tells the reader what of a message does not leave; None where all of it does."""
        held = [text[start:end] for start, end in pasted(text)]
        rest = text
        for one in held:
            rest = rest.replace(one, "\n")
        kinds: dict[str, int] = {}
        for found in identifiers(rest):
            kinds[found.kind] = kinds.get(found.kind, 0) + 1
        return _line(sum(_lines(h) for h in held), kinds, language)

    def _mark(self, typed: str, kind: str) -> str:
        key = " ".join(typed.split()).casefold()
        if key not in self._marks:
            letters = _letters(len(self._marks))
            self._typed[letters] = typed
            self._marks[key] = f"[withheld {kind} {letters}]" if kind else f"[withheld {letters}]"
        return self._marks[key]

    def _told_of(self, letter: str) -> str:
        """Return the line that stands in a letter's place, with what code read in it."""
        facts = [in_code(s, "en").words for s in read_statements(others_words(letter) or letter)]
        read = "; ".join(self.clean(f) for f in dict.fromkeys(facts[:_FACTS]))
        count = _lines(letter)
        size = "a line" if count == 1 else f"a letter of {count} lines"
        return (
            f"\n[held back: {size} of somebody else's words, which you are not given and cannot ask for. "
            f"Code read in it: {read or 'nothing about the patient that it knows'}.]\n"
        )


def neutral(value: Any) -> Any:
    """Return a call's arguments with the plain word in place of every mark: what a function keeps names nobody."""
    if isinstance(value, str):
        return _HELD_MARK.sub(WITHHELD, _ANY_MARK.sub(WITHHELD, value))
    if isinstance(value, list):
        return [neutral(v) for v in value]
    return {k: neutral(v) for k, v in value.items()} if isinstance(value, dict) else value


def held_lines(texts: Sequence[str]) -> list[str]:
    """Return the lines of the letters in some messages, longest first, as text and as JSON write them."""
    import json

    lines = {
        line.strip() for text in texts for start, end in pasted(text) for line in text[start:end].splitlines()
    }
    kept = {line for line in lines if len(line) >= _SHORTEST_LINE}
    written = {json.dumps(line, ensure_ascii=False)[1:-1] for line in kept}
    return sorted(kept | written, key=lambda line: (-len(line), line))


def _merged(spans: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    kept: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(spans):
        if kept and start < kept[-1][1]:
            first, last, before = kept[-1]
            kept[-1] = (first, max(last, end), before or kind)
        else:
            kept.append((start, end, kind))
    return kept


def _letters(number: int) -> str:
    """Return a mark's letters: A to Z, AA, AB; letters, so that no mark is taken for a number."""
    text = ""
    number += 1
    while number:
        number, last = divmod(number - 1, 26)
        text = chr(ord("A") + last) + text
    return text


def _lines(text: str) -> int:
    return max(1, sum(1 for line in text.splitlines() if line.strip()))


def _line(held: int, kinds: dict[str, int], language: Language) -> str | None:
    names = [_KINDS[language][kind][count > 1] for kind, count in kinds.items()]
    told: list[str] = []
    if language == "zh":
        told += [f"粘贴的文字({held}行)留在本机\uff0c未发给语言模型。"] if held else []
        told += [f"发给语言模型前已隐去\uff1a{'、'.join(names)}。"] if names else []
        return "".join(told) or None
    size = f"{held} line{'s' if held > 1 else ''}"
    told += [f"The pasted text ({size}) stays here and is not sent to the language model."] if held else []
    told += [f"Replaced before your message goes to the language model: {', '.join(names)}."] if names else []
    return " ".join(told) or None
