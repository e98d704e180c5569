"""A report page read back into lines, so that `verify` holds report.html to the same check as report.md.

Reads the pages that `page` writes: sentences, headings and tables; pictures, their captions and the list of what is to
be settled are no statements. Knows no evidence.
"""

from __future__ import annotations

from html.parser import HTMLParser

_SKIPPED = ("style", "head", "figure", "aside", "footer", "svg")
_BLOCKS = ("p", "h1", "h2", "h3", "th", "td")


def is_page(text: str) -> bool:
    """Return whether a text is an HTML page."""
    return text.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))


def to_markdown(page: str) -> str:
    """Return a report page's statements as Markdown, a line each."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return "\n".join(reader.lines) + "\n"


class _Reader(HTMLParser):
    """Collects the lines of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._skip = 0
        self._text: list[str] = []
        self._row: list[str] = []
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block, a row or a part that is left out."""
        mark = tag == "div" and (self._skip or dict(attrs).get("class") == "mark")
        if tag in _SKIPPED or mark:
            self._skip += 1
        elif tag in _BLOCKS:
            self._open, self._text = tag, []
        elif tag == "tr":
            self._row = []
        elif tag == "code":
            self._text.append("`")

    def handle_endtag(self, tag: str) -> None:
        """End it, and keep its line."""
        if self._skip:
            self._skip -= tag in _SKIPPED or tag == "div"
        elif tag == "code":
            self._text.append("`")
        elif tag in ("th", "td"):
            self._row.append(self._said())
        elif tag == "tr":
            heading = self._open == "th"
            self.lines.append(f"| {' | '.join(self._row)} |")
            if heading:
                self.lines.append(f"|{' --- |' * len(self._row)}")
        elif tag == "table":
            self.lines.append("")
        elif tag in _BLOCKS and tag == self._open:
            self.lines.append(f"{'#' * int(tag[1])} {self._said()}" if tag[0] == "h" else self._said())
            self._open = ""

    def handle_data(self, data: str) -> None:
        """Take text of the open block."""
        if not self._skip and self._open:
            self._text.append(data)

    def _said(self) -> str:
        return " ".join("".join(self._text).split())
