"""Templates: which sections a report has, in which order, under which titles, and with which fixed sentences.

Shipped ones lie beside this file; a site's own are YAML files in the data folder's ``templates/``, and one of the same
name replaces a shipped one. What a site writes is checked when it is read: a fixed sentence may hold no number, since
no tool measured it, and nothing that a report never says. Knows no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent import grounding
from agent.events import AgentError
from agent.grounding.claims import claims
from agent.record import Record
from tools.quantity import Language

SHIPPED = Path(__file__).parent / "templates"
SECTIONS = (
    "about", "context", "technique", "comparison", "targets", "findings", "measurements", "impression",
    "recommendation", "not_assessed", "provenance",
)  # fmt: skip
"""Every section a report can have."""
NEVER_LEFT_OUT = ("about", "impression", "not_assessed", "provenance")
"""Sections that no template may drop: without them a report would look more complete than it is."""
LANGUAGES: tuple[Language, ...] = ("en", "zh")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_DIGIT = re.compile(r"\d")
_LONGEST = 300
"""Characters of a fixed sentence or a title."""

Worded = Mapping[Language, str]


class BadTemplate(AgentError):
    """A site's template cannot be used as it is written."""


@dataclass(frozen=True)
class Part:
    """One section of a template: its key, its own title and fixed sentences, where it has any, by language."""

    key: str
    title: Worded = field(default_factory=dict)
    text: Mapping[Language, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Template:
    """A template: name, title by language, and its sections in reading order."""

    name: str
    title: Worded
    parts: tuple[Part, ...]


def choose(name: str | None, record: Record, folder: Path | None) -> Template:
    """Return the template of a name, or (None) the one that fits what is stated and recorded.

    Raises:
        BadTemplate: there is none of that name, or the site's own is not valid.
    """
    return read(name or _fitting(record), folder)


def _fitting(record: Record) -> str:
    inputs: dict[str, Any] = record.scan.inputs if record.scan else {}
    setting = record.stated("setting")
    if setting == "oncology" or record.sums:
        return "oncology-targets"
    if inputs.get("modality") != "CT" or inputs.get("body_part") != "CHEST":
        return "general"
    if setting == "screening":
        return "lung-screening"
    return "nodule-followup" if setting == "follow-up" or record.priors else "general"


def names(folder: Path | None) -> list[str]:
    """Return the names of all templates at hand, the site's own among them."""
    return sorted({p.stem for at in (SHIPPED, folder) if at is not None for p in at.glob("*.y*ml")})


def read(name: str, folder: Path | None) -> Template:
    """Return a template by name, the site's own before a shipped one. Raises BadTemplate."""
    places = [at / f"{name}{end}" for at in (folder, SHIPPED) if at is not None for end in (".yaml", ".yml")]
    path = next((p for p in places if _NAME.fullmatch(name) and p.is_file()), None)
    if path is None:
        raise BadTemplate(f"There is no template {name[:40]!r}. There are: {', '.join(names(folder))}.")
    return parse(path)


def parse(path: Path) -> Template:
    """Return the template that a YAML file holds, checked. Raises BadTemplate, saying what to mend."""
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadTemplate(f"The template {path.name} is not readable YAML ({type(error).__name__}).") from error
    if not isinstance(data, dict) or not isinstance(data.get("sections"), list):
        raise BadTemplate(f"The template {path.name} needs a title and a list of sections; see the shipped ones.")
    _known(data, ("name", "title", "sections"), path.name)
    parts = tuple(_part(item, path.name) for item in data["sections"])
    keys = [p.key for p in parts]
    twice = next((k for k in keys if keys.count(k) > 1), None)
    if twice:
        raise BadTemplate(f"The template {path.name} lists the section {twice} twice.")
    dropped = [k for k in NEVER_LEFT_OUT if k not in keys]
    if dropped:
        raise BadTemplate(f"The template {path.name} leaves out {', '.join(dropped)}, which every report has. Add it.")
    return Template(path.stem, _worded(data.get("title"), path.name, "title"), parts)


def _known(data: Mapping[str, Any], allowed: tuple[str, ...], name: str) -> None:
    strange = [str(k) for k in data if k not in allowed]
    if strange:
        raise BadTemplate(f"The template {name} has {strange[0]!r}; allowed there are {', '.join(allowed)}.")


def _part(item: Any, name: str) -> Part:
    data = {"key": item} if isinstance(item, str) else item
    if not isinstance(data, dict):
        raise BadTemplate(f"The template {name} has a section that is neither a key nor a mapping with one.")
    _known(data, ("key", "title", "text"), name)
    key = data.get("key")
    if key not in SECTIONS:
        raise BadTemplate(f"The template {name} has a section {key!r}; sections are {', '.join(SECTIONS)}.")
    text = data.get("text") or {}
    if not isinstance(text, dict):
        raise BadTemplate(f"The template {name}: the text of {key} is given by language, en and zh.")
    _known(text, LANGUAGES, name)
    sentences = {
        code: tuple(_checked(line, name, key) for line in ([lines] if isinstance(lines, str) else lines or ()))
        for code, lines in text.items()
    }
    return Part(key, _worded(data["title"], name, key) if "title" in data else {}, sentences)


def _worded(value: Any, name: str, what: str) -> Worded:
    """Return a title in both languages; one string stands for both."""
    words = dict.fromkeys(LANGUAGES, value) if isinstance(value, str) else value
    if not isinstance(words, dict) or not all(isinstance(words.get(c), str) and words[c].strip() for c in LANGUAGES):
        raise BadTemplate(f"The template {name}: the title of {what} is one text, or one each for en and zh.")
    for code in LANGUAGES:
        if _DIGIT.search(words[code]) or len(words[code]) > _LONGEST:
            raise BadTemplate(f"The template {name}: the title of {what} is too long or holds a number.")
        _may_stand(words[code], name, f"the title of {what}")
    return {code: " ".join(words[code].split()) for code in LANGUAGES}


def _checked(line: Any, name: str, key: str) -> str:
    """Return a fixed sentence that may stand in any report. Raises BadTemplate for one that may not."""
    if not isinstance(line, str) or not line.strip() or len(line) > _LONGEST:
        raise BadTemplate(f"The template {name}: a fixed sentence of {key} is empty, too long or no text.")
    text = " ".join(line.split())
    said = claims(text)
    if _DIGIT.search(text) or said.amounts or said.dates:
        what = f"a fixed sentence of {key} holds a number that no tool measured"
        raise BadTemplate(f"The template {name}: {what}: {text}")
    _may_stand(text, name, f"a fixed sentence of {key}")
    return text


def _may_stand(text: str, name: str, what: str) -> None:
    """Raise BadTemplate for a text that says of a patient what no tool or reader of the case did."""
    problems = [p for clause in grounding.split_clauses(text) for p in grounding.check(clause, {}, current=())]
    if problems or set("[]{}`|<>") & set(text):
        why = problems[0] if problems else "signs that a report reads as its own"
        raise BadTemplate(f"The template {name}: {what} cannot stand in a report ({why}): {text}")
