"""The text of a PDF, by headings and pages. Bounded, because a PDF is somebody else's file.

A PDF is read in a process of its own with a limit on time, on pages, on text and (where the platform has it) on
memory: a file that unpacks to gigabytes or never ends costs an error message. What is encrypted, damaged or scanned
is refused with what to do. Its text is text to be found and cited, whatever it says. Knows no store.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from knowledge.types import BadInput, KnowledgeError

MAX_BYTES = 50_000_000
"""A guideline with pictures is some megabytes; more is the wrong file."""
MAX_PAGES = 400
"""The longest guidelines run to some 300 pages; a book is to be given chapter by chapter."""
MAX_CHARACTERS = 2_000_000
"""Text taken from one file: 400 pages of 5,000 characters."""
MAX_SECONDS = 90.0
"""Time to read one file: a guideline of 300 pages takes about 20 s."""
MAX_MEMORY = 1_500_000_000
"""Bytes that the reading process may take beyond what Python itself holds."""
_LETTERS_A_PAGE = 20
"""Fewer letters a page than this, over the whole file, and it is a scan: pictures of pages."""
_HEADING_SCALE = 1.12
"""A line this much larger than the body text is a heading."""
_HEADING_LENGTH = 120
_REPEATED = 0.5
"""A line on more than this share of the pages is a running head, not text."""
_NUMBERED = re.compile(
    r"(?:\d{1,2}(?:\.\d{1,2}){0,3}\.?\s+[A-Z\u3400-\u9fff]|第.{1,3}[章节]|[一二三四五六七八九十]{1,3}、)"
)
_ENDS = tuple(".;,。;,、::")


@dataclass(frozen=True)
class Line:
    """One line as it stands on a page; `size` in points, `bold` when its font's name says so."""

    page: int
    size: float
    bold: bool
    text: str


@dataclass(frozen=True)
class Block:
    """What stands under one heading on one page."""

    heading: str
    page: int
    text: str


@dataclass(frozen=True)
class PdfText:
    """A PDF's blocks in order; `title` from its metadata or its first heading, `unread` the pages without text."""

    title: str
    pages: int
    blocks: tuple[Block, ...]
    unread: tuple[int, ...] = ()


def read_pdf(path: Path) -> PdfText:
    """Return a PDF's text by headings and pages.

    Raises BadInput for a file too large or too long, KnowledgeError for one that is encrypted, damaged or scanned.
    """
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(f"{path.name} is over {MAX_BYTES // 1_000_000} MB; give the guideline's text only.")
    found = _in_a_process_of_its_own(path)
    if "refused" in found:
        kind = BadInput if found["kind"] == "input" else KnowledgeError
        raise kind(f"{path.name} {found['refused']}")
    lines = [Line(*line) for line in found["lines"]]
    letters = sum(character.isalpha() for line in lines for character in line.text)
    if letters < _LETTERS_A_PAGE * found["pages"]:
        raise KnowledgeError(
            f"{path.name} holds {letters} letters on {found['pages']} pages: it looks scanned, pictures of pages. "
            "Run text recognition over it (for example ocrmypdf) and ingest the result."
        )
    blocks = blocks_of(lines)
    read = {line.page for line in lines}
    title = found["title"] or next((block.heading for block in blocks if block.heading), "") or path.stem
    unread = tuple(page for page in range(1, found["pages"] + 1) if page not in read)
    return PdfText(title, found["pages"], tuple(blocks), unread)


def _in_a_process_of_its_own(path: Path) -> dict[str, Any]:
    code = "import sys; sys.path.insert(0, sys.argv[1]); from knowledge.pdf import child; child(sys.argv[2])"
    command = [sys.executable, "-I", "-c", code, str(Path(__file__).resolve().parents[1]), str(path.resolve())]
    try:
        done = subprocess.run(command, capture_output=True, timeout=MAX_SECONDS, check=False)  # noqa: S603 - our own
    except subprocess.TimeoutExpired as error:
        raise KnowledgeError(
            f"{path.name} was not read within {MAX_SECONDS:.0f} s. Print it to a new PDF, or give its text as Markdown."
        ) from error
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:  # killed, or out of memory before it could say so
        raise KnowledgeError(
            f"{path.name} cannot be read as a PDF: reading it took too much memory or broke off (exit "
            f"{done.returncode}). Print it to a new PDF, or give its text as Markdown."
        ) from error
    return found


def child(path: str) -> None:
    """Read a PDF in this process and write what was found to stdout as JSON."""
    import logging

    logging.disable(logging.CRITICAL)  # the library's remarks on each odd object are no use to the reader
    _limit_memory()
    try:
        found = _extract(Path(path))
    except MemoryError:
        found = _refused("unpacks to more than may be held in memory. Print it to a new PDF and try again.")
    except RecursionError:
        found = _refused("is damaged: its objects refer to each other without end. Print it to a new PDF.")
    sys.stdout.buffer.write(json.dumps(found).encode())


def _limit_memory() -> None:
    """Limit this process's memory, where the platform can."""
    try:
        import resource

        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + MAX_MEMORY, held + MAX_MEMORY))
    except (ImportError, OSError, ValueError):
        return


def _refused(why: str, kind: str = "file") -> dict[str, Any]:
    return {"refused": why, "kind": kind}


def _extract(path: Path) -> dict[str, Any]:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, LimitReachedError, PyPdfError

    locked = "is encrypted. Save a copy without a password (and without protection) and ingest that."
    broken = (PyPdfError, OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError,
              AssertionError, NotImplementedError)  # fmt: skip
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            return _refused(locked)
        pages = len(reader.pages)
        if pages > MAX_PAGES:
            return _refused(f"has {pages} pages; at most {MAX_PAGES} are taken. Give the chapters you need.", "input")
        if not pages:
            return _refused("holds no page. Is it the right file?")
        lines, size, failed = [], 0, 0
        for number in range(1, pages + 1):
            try:
                found = _lines(reader.pages[number - 1], number)
            except LimitReachedError:
                return _refused("unpacks to more than is allowed for one page. Print it to a new PDF and try again.")
            except DependencyError:
                return _refused(locked)
            except broken:
                failed += 1
                continue
            size += sum(len(line[3]) for line in found)
            if size > MAX_CHARACTERS:
                return _refused(f"holds over {MAX_CHARACTERS:,} characters. Give the chapters you need.", "input")
            lines += found
        if failed == pages:
            return _refused("is damaged: no page of it can be read. Open it in a viewer and print it to a new PDF.")
        title = str((reader.metadata.title if reader.metadata else "") or "").strip()
    except DependencyError:
        return _refused(locked)
    except broken as error:
        what = " ".join(str(error).split())[:120] or type(error).__name__
        return _refused(f"is damaged or no PDF ({what}). Open it in a viewer and print it to a new PDF.")
    return {"pages": pages, "title": title[:200], "lines": lines}


def _lines(page: Any, number: int) -> list[tuple[int, float, bool, str]]:
    """Return a page's lines with the size and weight of most of their letters."""
    made: list[tuple[int, float, bool, str]] = []
    pieces: list[tuple[str, float, bool]] = []

    def end() -> None:
        text = " ".join("".join(piece[0] for piece in pieces).split())
        if text:
            weights: Counter[tuple[float, bool]] = Counter()
            for piece, size, bold in pieces:
                weights[size, bold] += len(piece.strip())
            (size, bold), _ = weights.most_common(1)[0]
            made.append((number, size, bold, text))
        pieces.clear()

    def visit(text: str, cm: Sequence[float], tm: Sequence[float], font: Any, size: float) -> None:
        scale = abs(tm[0] * tm[3] - tm[1] * tm[2]) ** 0.5 * abs(cm[0] * cm[3] - cm[1] * cm[2]) ** 0.5
        bold = "bold" in str((font or {}).get("/BaseFont", "")).lower()
        for at, part in enumerate(text.split("\n")):
            if at:
                end()
            if part:
                pieces.append((part, round(size * scale, 1), bold))

    page.extract_text(visitor_text=visit)
    end()
    return made


def blocks_of(lines: Sequence[Line]) -> list[Block]:
    """Return lines as blocks: a heading starts one, and so does a page."""
    kept = _without_running_heads(lines)
    body = _body(kept)
    blocks: list[Block] = []
    heading, texts, page = "", list[str](), kept[0].page if kept else 1
    last: Line | None = None
    for line in kept:
        is_heading = _is_heading(line, body)
        goes_on = is_heading and last is not None and not texts and (last.size, last.page) == (line.size, line.page)
        if (is_heading and not goes_on) or line.page != page:
            if texts:
                blocks.append(Block(heading, page, _joined(texts)))
            texts, page = [], line.page
        if is_heading:
            heading = f"{heading} {line.text}" if goes_on else line.text
            last = line
        else:
            texts.append(line.text)
            last = None
    if texts:
        blocks.append(Block(heading, page, _joined(texts)))
    return blocks


def _without_running_heads(lines: Sequence[Line]) -> list[Line]:
    """Leave out page numbers and lines that stand on most pages."""
    pages = len({line.page for line in lines})
    seen = Counter(key for key, _ in {(_plain(line.text), line.page) for line in lines})
    return [
        replace(line, text=line.text.replace("\x00", ""))
        for line in lines
        if _plain(line.text) and not (pages >= 4 and seen[_plain(line.text)] > _REPEATED * pages)
    ]


def _plain(text: str) -> str:
    """Return the text without its digits and marks: "Page 3 of 9" is the same on every page."""
    return re.sub(r"[\W\d_]+", " ", text).strip().lower()


def _body(lines: Iterable[Line]) -> tuple[float, bool]:
    """Return size and weight of most of the text."""
    weights: Counter[tuple[float, bool]] = Counter()
    for line in lines:
        weights[line.size, line.bold] += len(line.text)
    return weights.most_common(1)[0][0] if weights else (0.0, False)


def _is_heading(line: Line, body: tuple[float, bool]) -> bool:
    size, bold = body
    if len(line.text) > _HEADING_LENGTH or line.text.endswith(_ENDS) or not _plain(line.text):
        return False
    heavier = line.bold and not bold and line.size >= size
    if line.size >= size * _HEADING_SCALE or heavier:
        return True
    return line.size >= size and len(line.text) <= 40 and bool(_NUMBERED.match(line.text)) and not _listed(line.text)


def _listed(text: str) -> bool:
    """Return whether a numbered line reads like an item of a list, "1. Ask the patient", not like "2.1 Scope"."""
    return bool(re.match(r"\d{1,2}\.\s", text))


def _joined(texts: Sequence[str]) -> str:
    """Join lines: a hyphen at a line's end goes, Chinese takes no space."""
    made = texts[0]
    for text in texts[1:]:
        if re.search(r"[a-z]-$", made) and text[:1].islower():
            made = made[:-1] + text
        elif re.search(r"[\u3000-\u9fff\uff00-\uffef]$", made) and re.match(r"[\u3000-\u9fff\uff00-\uffef]", text):
            made += text
        else:
            made += f" {text}"
    return made
