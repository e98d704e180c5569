"""Guideline files as objects: one Markdown file a guideline, sections with their facts, English and Chinese.

A file starts with YAML front matter. A section is a level-2 heading, ``## English title | 中文标题``, bullets
``- id:`` and ``- facts:``, then ``### English``, ``### 中文`` and ``### Asked as`` (how people ask for it: indexed,
never shown). The reader's own documents are read in documents.py. Knows no vectors and no search.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from knowledge.facts import facts, read_yaml, sources
from knowledge.types import KnowledgeError, Language, Passage

SHIPPED = Path(__file__).with_name("guidelines")
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_LANGUAGE_OF_HEADING: dict[str, Language] = {"English": "en", "中文": "zh"}
_CJK = re.compile(r"[\u3400-\u9fff]")
_LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True)
class Section:
    """One passage in one or two languages, with what it rests on."""

    id: str
    titles: dict[Language, str]
    texts: dict[Language, str]
    facts: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    page: int | None = None

    @property
    def confidence(self) -> str:
        """Return the lowest confidence of the facts it rests on; ``high`` for a document of the user's own."""
        known = facts()
        return "medium" if any(known[name].confidence == "medium" for name in self.facts) else "high"


@dataclass(frozen=True)
class Guideline:
    """One guideline file."""

    name: str
    guideline: str
    edition: str
    title: dict[Language, str]
    source: str
    sections: tuple[Section, ...]
    year: int | None = None
    body_parts: tuple[str, ...] = ("any",)
    population: tuple[str, ...] = ()
    scope: dict[Language, str] = field(default_factory=dict)
    not_for: dict[Language, str] = field(default_factory=dict)
    technique: dict[Language, str] = field(default_factory=dict)
    licence_note: str = ""
    aliases: tuple[str, ...] = ()
    shipped: bool = True
    rank: int = 0
    """Passages of a higher rank go first; shipped guidelines have 0."""

    def passage(self, section: Section, language: Language, score: float = 0.0) -> Passage:
        """Return the section's passage in `language`, or in the one it has when it lacks that one."""
        shown = language if language in section.texts else next(iter(section.texts))
        return Passage(
            id=f"{self.name}/{section.id}/{shown}",
            text=section.texts[shown],
            guideline=self.guideline,
            edition=self.edition,
            section=section.titles[shown],
            source=self._cite(section),
            language=shown,
            page=section.page,
            confidence=section.confidence,
            score=score,
        )

    def _cite(self, section: Section) -> str:
        """Write the guideline's own publication, then where the section's figures were read."""
        lines = [self.source]
        for name in section.facts:
            lines += [str(source) for source in facts()[name].sources]
        return "; ".join(dict.fromkeys(lines))


def language_of(text: str) -> Language:
    """Return ``zh`` when the text holds any Chinese character, else ``en``."""
    return "zh" if _CJK.search(text) else "en"


@lru_cache(maxsize=1)
def shipped() -> tuple[Guideline, ...]:
    """Return every guideline that comes with the package, by name."""
    return tuple(read_guideline(path) for path in sorted(SHIPPED.glob("*.md")))


def passage(passage_id: str, guidelines: tuple[Guideline, ...] | None = None) -> Passage:
    """Return the passage of that id, e.g. ``fleischner-2017/solid-single/en``, without any search.

    Raises KnowledgeError when there is none.
    """
    name, _, rest = passage_id.partition("/")
    section_id, _, language = rest.rpartition("/")
    for guideline in shipped() if guidelines is None else guidelines:
        for section in guideline.sections if guideline.name == name else ():
            for known in _LANGUAGES:
                if section.id == section_id and known == language and known in section.texts:
                    return guideline.passage(section, known)
    raise KnowledgeError(
        f"No passage has the id {passage_id!r}. Ids read guideline/section/language, e.g. "
        "fleischner-2017/solid-single/en; search() returns them."
    )


def read_guideline(path: Path) -> Guideline:
    """Read one shipped guideline file. Raises KnowledgeError when it does not follow the form."""
    text = path.read_text(encoding="utf-8")
    head = _FRONT_MATTER.match(text)
    if head is None:
        raise KnowledgeError(f"{path.name} has no front matter between --- lines: see knowledge/library.py.")
    meta = read_yaml(head.group(1))
    blocks = re.split(r"^## ", text[head.end() :], flags=re.MULTILINE)[1:]
    return Guideline(
        name=meta["name"],
        guideline=meta["guideline"],
        edition=str(meta["edition"]),
        year=meta["year"],
        title=meta["title"],
        source=str(sources()[meta["source"]]),
        sections=tuple(_section(block, path) for block in blocks),
        body_parts=tuple(meta["body_parts"]),
        population=tuple(meta["population"]),
        scope=meta["scope"],
        not_for=meta["not_for"],
        technique=meta["technique"],
        licence_note=meta["licence_note"],
        aliases=tuple(meta["aliases"]),
    )


def _section(block: str, path: Path) -> Section:
    title, _, body = block.partition("\n")
    head, *parts = re.split(r"^### ", body, flags=re.MULTILINE)
    bullets = dict(re.findall(r"^- (\w+): *(.*)$", head, flags=re.MULTILINE))
    named = {name.strip(): text for name, _, text in (part.partition("\n") for part in parts)}
    unknown = sorted(set(named) - {*_LANGUAGE_OF_HEADING, "Asked as"})
    if "id" not in bullets or unknown or not set(_LANGUAGE_OF_HEADING) <= set(named):
        raise KnowledgeError(
            f"{path.name}, section {title!r}: needs '- id:', '### English' and '### 中文', and nothing but "
            f"'### Asked as' beside them; seen {sorted(bullets)} and {sorted(named)}."
        )
    english, _, chinese = title.partition("|")
    return Section(
        id=bullets["id"],
        titles={"en": english.strip(), "zh": chinese.strip()},
        texts={_LANGUAGE_OF_HEADING[name]: _join(named[name], name) for name in _LANGUAGE_OF_HEADING},
        facts=tuple(name.strip() for name in bullets.get("facts", "").split(",") if name.strip()),
        asks=tuple(re.findall(r"^- (.*)$", named.get("Asked as", ""), flags=re.MULTILINE)),
    )


def _join(text: str, heading: str) -> str:
    """Undo the file's line breaks: a space in English, nothing in Chinese."""
    glue = " " if heading == "English" else ""
    return glue.join(line.strip() for line in text.strip().splitlines() if line.strip())
