"""What a reader may add, and what is refused with a clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge import BadInput, KnowledgeError, Store
from knowledge.ingest import ingest, remove


def test_a_pdf_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-1.7")
    with pytest.raises(KnowledgeError, match="Markdown"):
        ingest(path, Store(tmp_path / "store"))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.md", b"  \n", "no text"),
        ("only-heads.md", b"# a\n## b\n", "no text"),
        ("latin.md", b"\xff\xfe\x00bad", "UTF-8"),
        ("x.docx", b"PK", ".md"),
    ],
)
def test_what_cannot_be_read_is_refused_and_nothing_is_kept(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(KnowledgeError, match=says):
        ingest(tmp_path / name, Store(tmp_path / "store"))
    assert not list((tmp_path / "store").glob("documents/*"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nothing\.md"):
        ingest(tmp_path / "nothing.md", Store(tmp_path / "store"))


def test_a_name_of_a_shipped_guideline_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fleischner-2017.md"
    path.write_text("# Mine\n\ntext\n")
    with pytest.raises(BadInput, match="shipped"):
        ingest(path, Store(tmp_path / "store"))


def test_a_document_can_be_listed_and_removed(tmp_path: Path) -> None:
    path, store = tmp_path / "mine.md", Store(tmp_path / "store")
    path.write_text("# Mine\n\n第一段文字。\n\n## Two\n\nSecond text.\n", encoding="utf-8")
    made = ingest(path, store)
    assert [(s.id, list(s.texts)) for s in made.sections] == [("s1", ["zh"]), ("s2", ["en"])]
    assert [g.name for g in store.guidelines if not g.shipped] == ["mine"]
    remove("mine", store)
    assert [g.name for g in store.guidelines if not g.shipped] == []
    with pytest.raises(BadInput, match="mine"):
        remove("mine", store)
