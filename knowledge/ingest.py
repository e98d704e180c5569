"""The reader's own guidelines: Markdown and PDF files taken into the store's ``documents`` folder, listed, removed.

The original is copied, and a card with what was stated (and a PDF's text by pages) is written beside it; the index
follows at the next search. What stands in a document is text to be found and cited, never an instruction.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from knowledge.documents import Stated, card_for, name_of, read_document
from knowledge.library import Guideline, shipped
from knowledge.pdf import MAX_BYTES as MAX_PDF_BYTES
from knowledge.pdf import read_pdf
from knowledge.store import Store
from knowledge.types import BadInput

_MAX_BYTES = 5_000_000
"""A guideline is some hundred kilobytes of text; more is the wrong file."""
_ENDINGS = {".md": ".md", ".markdown": ".md", ".pdf": ".pdf"}


@dataclass(frozen=True)
class Kept:
    """One document of the reader's own as it is listed. `broken` says why it is not searched; empty when it is."""

    name: str
    title: str = ""
    edition: str = ""
    passages: int = 0
    pages: int | None = None
    rank: int = 0
    file: str = ""
    broken: str = ""


def ingest(path: Path | str, store: Store, stated: Stated | None = None) -> Guideline:
    """Keep a Markdown or PDF document in the store and return it as it will be searched.

    A document of the same name is replaced. The index is rebuilt at the next search. Raises BadInput for a missing
    file, another kind of file, one too large or a shipped guideline's name; KnowledgeError for one without readable
    text: scanned, encrypted, damaged, not UTF-8.
    """
    source, stated = Path(path), stated or Stated()
    kind = _checked_kind(source)
    name = name_of(source)
    store.documents.mkdir(parents=True, exist_ok=True)
    place = store.documents / f".draft-{uuid.uuid4().hex[:8]}"
    place.mkdir()
    try:
        draft, card = place / f"{name}{kind}", place / f"{name}.json"
        draft.write_bytes(source.read_bytes())
        text = read_pdf(draft) if kind == ".pdf" else None
        made = read_document(draft, stated, text)
        card.write_text(json.dumps(card_for(draft, stated, made, text), ensure_ascii=False), encoding="utf-8")
        os.replace(draft, store.documents / draft.name)
        os.replace(card, store.documents / card.name)
        other = ".md" if kind == ".pdf" else ".pdf"
        (store.documents / f"{name}{other}").unlink(missing_ok=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    store.reload()
    return made


def documents(store: Store) -> list[Kept]:
    """Return every document of the reader's own, readable or not, by name."""
    found = [
        Kept(
            name=item.name, title=item.guideline, edition=item.edition, passages=len(item.sections), rank=item.rank,
            pages=max((s.page or 0 for s in item.sections), default=0) or None, file=item.source.rpartition(" (")[0],
        )
        for item in store.guidelines
        if not item.shipped
    ]  # fmt: skip
    broken = [Kept(name=Path(file).stem, file=file, broken=why) for file, why in store.broken.items()]
    return sorted([*found, *broken], key=lambda item: item.name)


def remove(name: str, store: Store) -> None:
    """Take a document of the reader's own out of the store. Raises BadInput, naming those there are."""
    own = [item.name for item in documents(store)]
    if name not in own:
        raise BadInput(f"No document of yours is called {name!r}; there are {', '.join(own) or 'none'}.")
    for ending in (".md", ".pdf", ".json"):  # the card last: without its original it is nothing
        (store.documents / f"{name}{ending}").unlink(missing_ok=True)
    store.reload()


def _checked_kind(source: Path) -> str:
    """Return the ending a file is kept under. Raises BadInput for what is not taken."""
    if not source.is_file():
        raise BadInput(f"There is no file {source.name} there. Give the path of a Markdown (.md) or PDF file.")
    kind = _ENDINGS.get(source.suffix.lower())
    if kind is None:
        raise BadInput(
            f"{source.name} is a {source.suffix.lower() or 'file without ending'}; guidelines are taken as Markdown "
            "(.md) or PDF (.pdf)."
        )
    most = MAX_PDF_BYTES if kind == ".pdf" else _MAX_BYTES
    if source.stat().st_size > most:
        raise BadInput(f"{source.name} is over {most // 1_000_000} MB; give the guideline's text only.")
    if name_of(source) in {guideline.name for guideline in shipped()}:
        raise BadInput(
            f"{name_of(source)} is the name of a shipped guideline; rename your file so that both can be cited."
        )
    return kind
