"""The reader's own documents as guidelines: Markdown and PDF, kept as files in the store's ``documents`` folder.

A document is its original (``NAME.md``, ``NAME.pdf``) and, when it was ingested, a card beside it, ``NAME.json``: what
was stated when it was taken (rank, title, edition) and, for a PDF, its text by headings and pages. A Markdown file
that was just put into the folder is read as it stands; its front matter may state the same. What cannot be read is
reported and left out, so that one damaged document never stops the search. Text is split by heading into passages
short enough for an embedder. Knows no vectors.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from knowledge.facts import read_yaml
from knowledge.library import Guideline, Section, language_of
from knowledge.pdf import Block, PdfText, read_pdf
from knowledge.types import BadInput, KnowledgeError

logger = logging.getLogger(__name__)

MAX_RANK = 9
"""Ranks run from -9 to 9; shipped guidelines have 0."""
_CARD_FORMAT = 1
_FRONT_MATTER = re.compile(r"\A---\r?\n(.{0,8000}?)\r?\n---\r?\n", re.DOTALL)
_LONGEST = {"en": 1200, "zh": 600}
"""Characters of one passage: about the 256 word pieces that the packaged embedder reads."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)|(?<=[。!?;])")
_OWN_ID = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Stated:
    """What its reader says of a document. Empty: taken from the document itself."""

    rank: int = 0
    title: str = ""
    edition: str = ""
    year: int | None = None
    body_parts: tuple[str, ...] = ("any",)
    population: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise BadInput for a rank out of range."""
        if not -MAX_RANK <= self.rank <= MAX_RANK:
            raise BadInput(
                f"The rank is {self.rank}; it runs from -{MAX_RANK} to {MAX_RANK}. Shipped guidelines have 0, and a "
                "higher rank goes first."
            )


def name_of(path: Path) -> str:
    """Return the name a file is kept, listed and removed under: its stem, with blanks as hyphens."""
    return _OWN_ID.sub("-", path.stem).strip("-.") or "document"


def read_documents(folder: Path) -> tuple[tuple[Guideline, ...], dict[str, str]]:
    """Return every document of a folder, by name, and why others could not be read, by file name."""
    found: dict[str, Guideline] = {}
    broken: dict[str, str] = {}
    originals = sorted(p for p in folder.glob("*") if p.suffix in {".md", ".pdf"} and not p.name.startswith("."))
    for path in originals:
        try:
            found[path.stem] = read_document(path)
        except (KnowledgeError, OSError, ValueError) as error:
            logger.warning("document %s is left out of the search: %s", path.name, error)
            broken[path.name] = str(error)
    return tuple(found[name] for name in sorted(found)), broken


def read_document(path: Path, stated: Stated | None = None, text: PdfText | None = None) -> Guideline:
    """Read a document: one section a heading, text as it stands.

    What is not given is taken from its card, else from the document. Raises KnowledgeError when it holds no text or
    cannot be read.
    """
    card = _card(path) if stated is None else None
    stated = stated or (_stated(card["stated"], "its card") if card else Stated())
    if path.suffix == ".pdf":
        text = text or _held(card) or read_pdf(path)
        return _guideline(path, replace(stated, title=stated.title or text.title), text.blocks)
    try:
        written = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise KnowledgeError(f"{path.name} is not UTF-8 text: save it as UTF-8 Markdown and try again.") from error
    head = _FRONT_MATTER.match(written)
    if head:
        stated = _over(stated, _front_matter(head.group(1), path))
    pairs = _headings(written[head.end() :] if head else written)
    blocks = tuple(Block(title, 0, body) for title, body in pairs)
    first = next((title for title, _ in pairs if title), path.stem)
    return _guideline(path, replace(stated, title=stated.title or first), blocks)


def card_for(path: Path, stated: Stated, guideline: Guideline, text: PdfText | None) -> dict[str, Any]:
    """Return the card that is kept beside an original."""
    return {
        "format": _CARD_FORMAT,
        "file": path.name,
        "sha256": _digest(path),
        "stated": asdict(stated),
        "passages": len(guideline.sections),
        "text": asdict(text) if text else None,
    }


def _card(path: Path) -> Mapping[str, Any] | None:
    """Return the card beside an original; None when there is none, or when it is damaged or of another file."""
    place = path.with_suffix(".json")
    if not place.is_file():
        return None
    try:
        card = json.loads(place.read_text(encoding="utf-8"))
        if card["format"] != _CARD_FORMAT or not isinstance(card["stated"], dict):
            raise ValueError("another format")
    except (ValueError, KeyError, TypeError, OSError) as error:
        logger.warning("the card of %s cannot be read (%s): it is read anew, with rank 0", path.name, error)
        return None
    if card.get("sha256") != _digest(path):
        logger.info("%s was changed since it was ingested: its text is read anew", path.name)
        return {**card, "text": None}
    return dict(card)


def _held(card: Mapping[str, Any] | None) -> PdfText | None:
    """Return a PDF's text from its card."""
    if not card or not card.get("text"):
        return None
    text = card["text"]
    try:
        blocks = tuple(Block(str(b["heading"]), int(b["page"]), str(b["text"])) for b in text["blocks"])
        return PdfText(str(text["title"]), int(text["pages"]), blocks, tuple(text["unread"]))
    except (KeyError, TypeError, ValueError):
        return None


def _over(first: Stated, second: Stated) -> Stated:
    """Return `first`, with `second` where it says nothing."""
    nothing = asdict(Stated())
    return replace(second, **{key: value for key, value in asdict(first).items() if value != nothing[key]})


def _front_matter(text: str, path: Path) -> Stated:
    import yaml

    try:
        raw = read_yaml(text)
    except yaml.YAMLError as error:
        raise KnowledgeError(f"The front matter of {path.name} is not YAML: {str(error).splitlines()[0]}.") from error
    return _stated(raw, f"the front matter of {path.name}") if isinstance(raw, dict) else Stated()


def _stated(raw: Mapping[str, Any], where: str) -> Stated:
    """Return what is stated in a mapping; keys of other programs are passed over. Raises KnowledgeError."""

    def words(key: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
        value = raw.get(key) or otherwise
        many = [value] if isinstance(value, str) else value
        if not isinstance(many, (list, tuple)):
            raise KnowledgeError(f"{key} in {where} is {value!r}; give a word or a list of words.")
        return tuple(str(word)[:100].lower() for word in many[:20])

    try:
        return Stated(
            rank=int(raw.get("rank") or 0),
            title=str(raw.get("title") or "")[:200] if not isinstance(raw.get("title"), (dict, list)) else "",
            edition=str(raw.get("edition") or "")[:60],
            year=int(raw["year"]) if raw.get("year") else None,
            body_parts=words("body_parts", ("any",)),
            population=words("population", ()),
            aliases=words("aliases", ()),
        )
    except (TypeError, ValueError) as error:
        raise KnowledgeError(f"rank and year in {where} must be whole numbers ({error}).") from error


def _headings(text: str) -> list[tuple[str, str]]:
    """Return a Markdown text as (heading, body) pairs; what stands before the first heading has none."""
    found: list[tuple[str, list[str]]] = [("", [])]
    fenced = False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        heading = None if fenced else re.match(r"#{1,6}\s+(.+?)\s*#*$", line)
        if heading:
            found.append((heading.group(1), []))
        else:
            found[-1][1].append(line)
    return [(title, "\n".join(body)) for title, body in found]


def _guideline(path: Path, stated: Stated, blocks: tuple[Block, ...]) -> Guideline:
    """Return blocks as a guideline. Raises KnowledgeError when they hold no text."""
    sections = tuple(
        Section(
            id=f"s{number}",
            titles={language_of(text): block.heading or stated.title},
            texts={language_of(text): text},
            page=block.page or None,
        )
        for number, (block, text) in enumerate(((b, t) for b in blocks for t in _pieces(b.text)), start=1)
    )
    if not sections:
        raise KnowledgeError(f"{path.name} holds no text under its headings: nothing to search. Check the file.")
    return Guideline(
        name=name_of(path),
        guideline=stated.title,
        edition=stated.edition or (str(stated.year) if stated.year else ""),
        title={"en": stated.title, "zh": stated.title},
        source=f"{path.name} (your own document)",
        sections=sections,
        year=stated.year,
        body_parts=stated.body_parts,
        population=stated.population,
        aliases=stated.aliases,
        shipped=False,
        rank=stated.rank,
    )


def _pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces that an embedder reads whole, cut between sentences where there are any."""
    plain = " ".join(text.split())
    longest = _LONGEST[language_of(plain)]
    piece = ""
    for sentence in _SENTENCE.split(plain) if len(plain) > longest else [plain]:
        for start in range(0, len(sentence), longest):
            part = sentence[start : start + longest]
            if piece and len(piece) + len(part) + 1 > longest:
                yield piece
                piece = ""
            piece = f"{piece} {part}".strip()
    if piece:
        yield piece


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
