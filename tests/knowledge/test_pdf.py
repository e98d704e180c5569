"""What a PDF gives: blocks by heading and page; and what it cannot do to us."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pdfs import bomb, pdf

from knowledge import BadInput, KnowledgeError
from knowledge.pdf import MAX_PAGES, Line, blocks_of, read_pdf

BODY = "The ward rescans every nodule of this kind after nine weeks, whatever the size on the first scan."


def kept(folder: Path, content: bytes, name: str = "ward.pdf") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_text_comes_by_heading_and_page(tmp_path: Path) -> None:
    made = pdf([[("Ward protocol", 20), (BODY, 12)], [("Second part", 16), (BODY, 12), ("and so on.", 12)]])
    found = read_pdf(kept(tmp_path, made))
    assert [(b.heading, b.page) for b in found.blocks] == [("Ward protocol", 1), ("Second part", 2)]
    assert found.blocks[1].text == f"{BODY} and so on."
    assert (found.title, found.pages, found.unread) == ("Ward protocol", 2, ())


def test_a_section_that_runs_over_a_page_is_cited_by_each_page(tmp_path: Path) -> None:
    found = read_pdf(kept(tmp_path, pdf([[("Only part", 16), (BODY, 12)], [(BODY, 12)]], title="Protocol 7")))
    assert [(b.heading, b.page) for b in found.blocks] == [("Only part", 1), ("Only part", 2)]
    assert found.title == "Protocol 7"


def test_chinese_is_read(tmp_path: Path) -> None:
    made = pdf([[("结节处理流程", 18), ("本院对此类结节均在九周后复查,不论首次大小如何。此规定自今年起施行。", 12)]])
    (block,) = read_pdf(kept(tmp_path, made)).blocks
    assert (block.heading, block.page) == ("结节处理流程", 1)
    assert "九周后复查" in block.text


def test_running_heads_and_page_numbers_are_no_text(tmp_path: Path) -> None:
    pages = [[("City Hospital", 12), (f"{BODY} Number {'abcde'[n]}.", 12), (f"Page {n + 1} of 5", 12)] for n in range(5)]
    text = " ".join(block.text for block in read_pdf(kept(tmp_path, pdf(pages))).blocks)
    assert "City Hospital" not in text
    assert "Page" not in text
    assert text.count(BODY) == 5


def test_pages_without_text_are_named(tmp_path: Path) -> None:
    assert read_pdf(kept(tmp_path, pdf([[(BODY, 12)], [], [(BODY, 12)]]))).unread == (2,)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "damaged or no PDF"),
        (b"%PDF-1.7", "damaged or no PDF"),
        (b"hello, this is no PDF at all", "damaged or no PDF"),
        (pdf([[(BODY, 12)]])[:300], "damaged or no PDF|no page"),
        (pdf([[], [], []]), "scanned"),
        (pdf([[("7", 12)]]), "ocrmypdf"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_do(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(KnowledgeError, match=says):
        read_pdf(kept(tmp_path, content))


def test_an_encrypted_file_is_refused(tmp_path: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([[(BODY, 12)]]))))
    writer.encrypt("secret", algorithm="RC4-128")
    path = tmp_path / "locked.pdf"
    writer.write(path)
    with pytest.raises(KnowledgeError, match=r"locked\.pdf is encrypted"):
        read_pdf(path)


def test_a_file_that_anyone_may_open_is_read_though_it_is_protected(tmp_path: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([[(BODY, 12)]]))))
    writer.encrypt("", owner_password="owner", algorithm="RC4-128")
    path = tmp_path / "protected.pdf"
    writer.write(path)
    assert read_pdf(path).blocks[0].text == BODY


def test_two_thousand_pages_are_refused_with_the_limit(tmp_path: Path) -> None:
    path = kept(tmp_path, pdf([[(BODY, 12)]] * 2000))
    with pytest.raises(BadInput, match=f"2000 pages; at most {MAX_PAGES}"):
        read_pdf(path)


def test_a_page_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = kept(tmp_path, bomb(0.5))
    assert path.stat().st_size < 1_000_000
    with pytest.raises(KnowledgeError, match=r"no page of it can be read|unpacks to more|scanned|too much memory"):
        read_pdf(path)


def test_a_page_tree_that_holds_itself_ends(tmp_path: Path) -> None:
    from pdfs import written

    made = written(
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 9 /Kids [2 0 R 2 0 R] >>"], b"/Root 1 0 R"
    )
    with pytest.raises(KnowledgeError):
        read_pdf(kept(tmp_path, made))


def test_a_numbered_list_is_no_heading() -> None:
    lines = [Line(1, 12, False, text) for text in ("2.1 Scope", "1. Ask the patient", BODY)]
    assert [(b.heading, b.text) for b in blocks_of(lines)] == [("2.1 Scope", f"1. Ask the patient {BODY}")]


def test_a_bold_line_is_a_heading_and_a_hyphen_at_the_end_goes() -> None:
    lines = [Line(1, 12, True, "Follow-up"), Line(1, 12, False, f"{BODY} It is a pul-"), Line(1, 12, False, "monary clinic.")]
    (block,) = blocks_of(lines)
    assert (block.heading, block.text) == ("Follow-up", f"{BODY} It is a pulmonary clinic.")
