"""The reader's own guidelines: Markdown files copied into the store's ``documents`` folder, listed, removed.

What stands in a document is text to be found and cited, never an instruction. PDF is not taken yet.
"""

from __future__ import annotations

import os
from pathlib import Path

from knowledge.library import Guideline, read_document, shipped
from knowledge.store import Store
from knowledge.types import BadInput, KnowledgeError

_MAX_BYTES = 5_000_000
"""A guideline is some hundred kilobytes of text; more is the wrong file."""


def ingest(path: Path | str, store: Store) -> Guideline:
    """Keep a Markdown document in the store and return it as it will be searched.

    A document of the same file name is replaced. The index is rebuilt at the next search. Raises BadInput for a
    missing file, another kind of file or a shipped guideline's name, KnowledgeError for one without readable text.
    """
    source = Path(path)
    _check_kind(source)
    try:
        made = read_document(source)
    except UnicodeDecodeError as error:
        raise KnowledgeError(f"{source.name} is not UTF-8 text: save it as UTF-8 Markdown and try again.") from error
    store.documents.mkdir(parents=True, exist_ok=True)
    draft = store.documents / f".{source.stem}.draft"
    draft.write_bytes(source.read_bytes())
    os.replace(draft, store.documents / f"{source.stem}.md")
    store.reload()
    return made


def remove(name: str, store: Store) -> None:
    """Take a document of the reader's own out of the store. Raises BadInput, naming those there are."""
    own = [guideline.name for guideline in store.guidelines if not guideline.shipped]
    if name not in own:
        raise BadInput(f"No document of yours is called {name!r}; there are {', '.join(own) or 'none'}.")
    (store.documents / f"{name}.md").unlink()
    store.reload()


def _check_kind(source: Path) -> None:
    if not source.is_file():
        raise BadInput(f"There is no file {source.name} there. Give the path of a Markdown (.md) file.")
    kind = source.suffix.lower()
    if kind == ".pdf":
        raise KnowledgeError(f"{source.name} is a PDF, which is not taken yet. Save its text as Markdown (.md).")
    if kind not in {".md", ".markdown"}:
        raise BadInput(f"{source.name} is a {kind or 'file without ending'}; guidelines are taken as Markdown (.md).")
    if source.stat().st_size > _MAX_BYTES:
        raise BadInput(f"{source.name} is over {_MAX_BYTES // 1_000_000} MB; give the guideline's text only.")
    if source.stem in {guideline.name for guideline in shipped()}:
        raise BadInput(f"{source.stem} is the name of a shipped guideline; rename your file so that both can be cited.")
