"""What a report is made of: the record, the language, and how a sentence with its citations is put together.

Every part of a report takes this and returns drafts. A draft's digits are still references; nothing is checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.record import LesionRecord, Record
from agent.report.guidance import Guidance
from agent.report.phrases import phrase
from agent.report.terms import listed, place, plain, value_word, word
from tools.contract import ToolSpec
from tools.evidence import Evidence
from tools.measure import CUT_OFF
from tools.quantity import Language

THIN_MM, THICK_MM = 1.5, 2.5
"""Above 1.5 mm a nodule's type is provisional; above 2.5 mm no part-solid call, growth category or doubling time
(Fleischner 2017 asks for sections of at most 1.5 mm; 2.5 mm is our own limit)."""

_KEY = str.maketrans({" ": "", "、": "-", ",": "-"})
"""Lesion numbers in a sentence's key read alike in both languages."""


@dataclass(frozen=True)
class Draft:
    """A sentence before its digits are filled in, its citations written in it; `key`: which sentence, and of what."""

    text: str
    key: str = ""


@dataclass(frozen=True)
class RowDraft:
    """A table row before its digits are filled in."""

    cells: tuple[str, ...]
    cites: tuple[str, ...]


@dataclass(frozen=True)
class Material:
    """Everything a part of the report may draw on.

    Attributes:
        record: the case as it stands.
        language: of the report.
        clean: replaces the case's known identifiers in what a reader typed.
        guidance: what each guideline says, by lesion number.
        specs: what the installed tools say of themselves, by name.
        templates: folder of the site's own templates, which need not exist.
        composed: UTC, ISO 8601.
    """

    record: Record
    language: Language
    clean: Callable[[str], str]
    guidance: Mapping[int, tuple[Guidance, ...]] = field(default_factory=dict)
    composed: str = ""
    specs: Mapping[str, ToolSpec] = field(default_factory=dict)
    templates: Path | None = None

    def say(self, key: str, *cites: str, **values: Any) -> Draft:
        """Return a sentence: a phrase filled, its citations, its stop."""
        text = phrase(key, self.language, **values)
        about = str(values["n"]).translate(_KEY) if "n" in values else ""
        return self.sentence(text, *cites, key=f"{key}.{about}" if about else key)

    def sentence(self, text: str, *cites: str, key: str = "") -> Draft:
        """Return a sentence of words at hand."""
        text = text[:1].upper() + text[1:]
        named = f" [{', '.join(dict.fromkeys(cites))}]" if cites else ""
        return Draft(f"{text}{named}{'。' if self.language == 'zh' else '.'}", key)

    def phrase(self, key: str, **values: Any) -> str:
        """Return a part of a sentence."""
        return phrase(key, self.language, **values)

    def word(self, code: str) -> str:
        """Return the word for a code."""
        return word(code, self.language)

    def listed(self, parts: Iterable[str]) -> str:
        """Return parts joined as a list."""
        return listed(list(parts), self.language)

    def quoted(self, text: str) -> str:
        """Return what a reader typed, or a file said, fit for a report."""
        return plain(self.clean(text))

    def place(self, lesion: LesionRecord) -> str:
        """Return where a lesion lies, by geometry alone."""
        return place(lesion.side, lesion.third, self.language)

    def stated_value(self, item: Evidence) -> str | None:
        """Return the word for what was stated; None where only the reader's own words tell it."""
        name = str(item.inputs.get("field"))
        if item.quantity(name) is not None:
            return f"{self.word(name)} {{{item.id}.{name}}}"
        return value_word(name, item.inputs.get("value"), self.language)

    @property
    def scan_cites(self) -> tuple[str, ...]:
        """The scan's evidence, where the case has a scan."""
        return (self.record.scan.id,) if self.record.scan else ()

    @property
    def kept(self) -> list[LesionRecord]:
        """Lesions that the reader has not rejected, by number."""
        return [x for x in self.record.lesions if x.status != "rejected"]

    @property
    def outlined(self) -> list[LesionRecord]:
        """Kept lesions with an outline, by number."""
        return [x for x in self.kept if x.outlined]

    @property
    def candidates(self) -> list[LesionRecord]:
        """Kept lesions that are only a search's rough region, by number."""
        return [x for x in self.kept if not x.outlined]

    @property
    def is_chest_ct(self) -> bool:
        """Whether the scan is taken to be a chest CT."""
        inputs = self.record.scan.inputs if self.record.scan else {}
        return inputs.get("modality") == "CT" and inputs.get("body_part") == "CHEST"

    def name(self, lesion: LesionRecord) -> str:
        """Return a lesion's name in a running sentence."""
        return self.phrase("lesion", n=lesion.number)

    def names(self, lesions: Iterable[LesionRecord]) -> str:
        """Return several lesions' names."""
        return self.listed(self.name(x) for x in lesions)


def is_cut_off(lesion: LesionRecord) -> bool:
    """Return whether the measured mask reaches the edge of the image."""
    return lesion.measurement is not None and CUT_OFF in lesion.measurement.text


def reference(item: Evidence, *names: str) -> str | None:
    """Return ``{E9.name}`` for the first of these quantities that the evidence holds, or None."""
    held = next((n for n in names if item.quantity(n) is not None), None)
    return None if held is None else f"{{{item.id}.{held}}}"
