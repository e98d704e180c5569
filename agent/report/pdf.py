"""A report as PDF: A4, its font embedded, key images, one table, page numbers, a watermark until it is signed.

The same report gives the same bytes. Knows no evidence: what it is given has passed.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent.report import svg
from agent.report.fonts import NoFont, embeddable
from agent.report.lines import Run, Style, flowable
from agent.report.model import KEY_SECTIONS, Made, Report, Section, Statement, Table
from agent.report.page import BEFORE_PICTURES, is_source
from agent.report.phrases import phrase
from agent.report.pictures import KeyImage, key_images, not_shown
from agent.report.timepoints import drawing

if TYPE_CHECKING:
    from agent.report.material import Material
    from agent.toolset.desk import Desk

MM = 72 / 25.4
WIDTH, HEIGHT = 210 * MM, 297 * MM
MARGIN, FOOT = 19 * MM, 17 * MM
INNER = WIDTH - 2 * MARGIN
ALONE_MM, PAIRED_MM = 118.0, 81.0
"""Width of a key image that is the only one, and of one of a pair in a row."""
INK, QUIET, FAINT = (0.11, 0.15, 0.16), (0.43, 0.48, 0.5), (0.6, 0.64, 0.66)
TITLE_COLOUR, WARN, SIGNED, OWN = (0.06, 0.36, 0.43), (0.54, 0.35, 0.0), (0.12, 0.42, 0.23), (0.56, 0.72, 0.76)
MARK = (0.94, 0.948, 0.952)
"""The watermark: seen at once, and no letter above it harder to read."""
_SPLIT = re.compile(r"(\[\s*E\d+(?:\s*[,;]\s*E\d+)*\s*\]|`[^`]*`)")
_STANDARD = "Helvetica"
_PLAIN = str.maketrans({"−": "-", "≥": ">=", "≤": "<=", "→": "->", "≈": "~"})
"""Signs that the standard font lacks, where no other is there."""
_NARROW = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})
"""The font's quotation marks are Chinese ones, a whole sign wide: in English text they would tear a hole."""


def write(desk: Desk, report: Report, material: Material, made: Mapping[str, bytes]) -> Made:
    """Return report.pdf, or the reason why it cannot be made."""
    more = phrase("picture.more", report.language) if not_shown(material) else ""
    try:
        made_pdf = to_pdf(report, key_images(desk, material), more=more, timeline=drawing(material))
        return Made({"report.pdf": made_pdf}, {})
    except NoFont as reason:
        return Made({}, {"report.pdf": str(reason)})


def to_pdf(report: Report, pictures: Sequence[KeyImage] = (), *, more: str = "", timeline: str = "") -> bytes:
    """Return the report as PDF. Raises NoFont for signs that no font here holds.

    Args:
        pictures: key images, in order.
        more: said below them when there are lesions without one.
        timeline: a drawing of sizes through time, SVG; empty for none.
    """
    from reportlab import rl_config
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

    rl_config.useA85 = 0  # streams as they are: text armour takes seconds a picture, and a quarter more room
    setter = _Setter(report, _font(report, pictures, more, svg.words(timeline)), timeline)
    into = io.BytesIO()
    document = BaseDocTemplate(
        into, pagesize=(WIDTH, HEIGHT), title=report.title, author="Scanwright", subject=report.notices[-1],
        creator="Scanwright", lang="zh-CN" if report.language == "zh" else "en", invariant=1,
    )  # fmt: skip
    frame = Frame(MARGIN, MARGIN, INNER, HEIGHT - MARGIN - FOOT, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=setter.background))
    document.build(setter.story(pictures, more), canvasmaker=_numbered(setter))
    return into.getvalue()


def _font(report: Report, pictures: Sequence[KeyImage], *more: str) -> str:
    """Return the name of a registered font that holds every sign of the report."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    said = [report.title, *report.notices, *report.problems, *more, *(p.caption for p in pictures)]
    for section in report.sections:
        said += [section.title, *(s.text for s in section.statements)]
        if section.table is not None:
            said += [*section.table.heads, *(c for r in section.table.rows for c in r.cells)]
    text = " ".join(said)
    data = embeddable(text.translate(_PLAIN) if not _has_font() else text)
    if data is None:
        return _STANDARD
    name = f"sw-{hashlib.sha256(data).hexdigest()[:16]}"
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(data)))
    return name


def _has_font() -> bool:
    from agent.report.fonts import places

    return bool(places())


class _Setter:
    """Sets one report in type."""

    def __init__(self, report: Report, font: str, timeline: str) -> None:
        self.report, self.font, self.timeline = report, font, timeline
        self.draft = report.signature is None

    def style(self, size: float, colour: tuple[float, float, float] = INK) -> Style:
        return Style(self.font, size, colour)

    def text(self, text: str) -> str:
        """Return text as this font can write it."""
        if self.font == _STANDARD:
            return text.translate(_PLAIN)
        return text.translate(_NARROW) if self.report.language == "en" else text

    def runs(self, text: str, size: float, colour: tuple[float, float, float] = INK) -> list[Run]:
        """Return a sentence as runs, its citations small and quiet, its identifiers without their marks."""
        found = []
        for part in _SPLIT.split(self.text(text)):
            if part.startswith("["):
                found.append(Run(part, self.style(size * 0.72, FAINT)))
            elif part:
                found.append(Run(part.strip("`"), self.style(size, colour)))
        return found

    def story(self, pictures: Sequence[KeyImage], more: str) -> list[Any]:
        """Return everything in reading order."""
        found = self._head()
        sections = self.report.sections
        at = max((n for n, s in enumerate(sections) if s.key in BEFORE_PICTURES), default=len(sections) - 1)
        for number, section in enumerate(sections):
            found += self._section(section)
            if section.key == "comparison" and self.timeline:
                found.append(svg.flowable(self.timeline, INNER, self.font))
            if number == at and pictures:
                found += self._pictures(pictures, more)
        return found

    def _head(self) -> list[Any]:
        from reportlab.platypus import HRFlowable

        report = self.report
        status, *rest = report.notices
        found = [flowable(self.runs(report.title, 17), 22, after=1)]
        found.append(flowable(self.runs(status, 9.5, WARN if self.draft else SIGNED), 12.5, after=0))
        found += [flowable(self.runs(n, 8.2, QUIET), 11, after=3) for n in rest]
        found.append(HRFlowable(width="100%", thickness=0.6, color=_colour(TITLE_COLOUR), spaceBefore=2, spaceAfter=3))
        if report.problems and self.draft:
            found.append(flowable(self.runs(phrase("problems", report.language), 8.2, WARN), 11, after=0))
            found += [flowable(self.runs(p, 8.2, WARN), 10.6, after=1, bar=WARN) for p in report.problems]
        return found

    def _section(self, section: Section) -> list[Any]:
        from reportlab.platypus import CondPageBreak, Spacer

        size, colour = (10.4, INK) if section.key in KEY_SECTIONS else (9.2, INK)
        if section.key == "provenance":
            size, colour = 6.6, QUIET
        found: list[Any] = [CondPageBreak(34), Spacer(1, 5)]
        found.append(flowable(self.runs(section.title, 8.6, TITLE_COLOUR), 12, after=1.5))
        found += [self._statement(s, *((7.6, QUIET) if is_source(s) else (size, colour))) for s in section.statements]
        if section.table is not None and section.table.rows:
            found.append(self._table(section.table))
        return found

    def _statement(self, statement: Statement, size: float, colour: tuple[float, float, float]) -> Any:
        bar = OWN if statement.by else None
        return flowable(self.runs(statement.text, size, colour), size * 1.36, after=size * 0.2, bar=bar)

    def _table(self, table: Table) -> Any:
        from reportlab.platypus import Table as Grid

        def cell(text: str, size: float, colour: tuple[float, float, float] = INK) -> Any:
            return flowable(self.runs(text, size, colour), size * 1.28, after=0)

        data = [[cell(h, 7.4, QUIET) for h in table.heads]]
        data += [[*(cell(c, 8.8) for c in r.cells), cell(f"[{', '.join(r.cites)}]", 8.8)] for r in table.rows]
        grid = Grid(data, colWidths=_columns(table), repeatRows=1, spaceBefore=2, spaceAfter=4)
        grid.setStyle([
            ("LINEBELOW", (0, 0), (-1, 0), 0.6, _colour((0.72, 0.77, 0.78))),
            ("LINEBELOW", (0, 1), (-1, -1), 0.35, _colour((0.86, 0.88, 0.89))),
            ("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 6),
            ("TOPPADDING", (0, 0), (-1, -1), 2.2), ("BOTTOMPADDING", (0, 0), (-1, -1), 2.4),
            ("VALIGN", (0, 0), (-1, -1), "TOP"), ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ])  # fmt: skip
        return grid

    def _pictures(self, pictures: Sequence[KeyImage], more: str) -> list[Any]:
        from reportlab.platypus import KeepTogether, Spacer
        from reportlab.platypus import Table as Grid

        title = flowable(self.runs(phrase("pictures", self.report.language), 8.6, TITLE_COLOUR), 12, after=2)
        if len(pictures) == 1:
            rows = [[self._figure(pictures[0], ALONE_MM * MM)]]
            widths = [INNER]
        else:
            cells = [self._figure(p, PAIRED_MM * MM) for p in pictures]
            cells += [[]] * (len(cells) % 2)
            rows = [cells[n : n + 2] for n in range(0, len(cells), 2)]
            widths = [INNER / 2, INNER / 2]
        plain = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 9),
                 ("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
                 ("VALIGN", (0, 0), (-1, -1), "TOP")]  # fmt: skip
        grids = [Grid([row], colWidths=widths, style=plain, hAlign="LEFT") for row in rows]
        found: list[Any] = [KeepTogether([Spacer(1, 5), title, grids[0]]), *grids[1:]]
        if more:
            found.append(flowable(self.runs(more, 8, QUIET), 11))
        return found

    def _figure(self, picture: KeyImage, width: float) -> list[Any]:
        from reportlab.platypus import Image

        image = Image(io.BytesIO(picture.png), width, width * picture.height / picture.width, hAlign="LEFT")
        told = f"{picture.caption} [{', '.join(picture.cites)}]"
        return [image, flowable(self.runs(told, 7.6, QUIET), 10, after=2)]

    def background(self, canvas: Any, document: Any) -> None:
        """Draw the watermark of a draft, below everything else."""
        if not self.draft:
            return
        canvas.saveState()
        canvas.setFillColorRGB(*MARK)
        canvas.setFont(self.font, 120)
        canvas.translate(WIDTH / 2, HEIGHT / 2)
        canvas.rotate(52)
        canvas.drawCentredString(0, -40, phrase("watermark", self.report.language))
        canvas.restoreState()

    def foot(self, canvas: Any, page: int, pages: int) -> None:
        """Draw the foot of a page: the notice and the page's number."""
        canvas.setFillColorRGB(*QUIET)
        canvas.setFont(self.font, 7.2)
        canvas.drawString(MARGIN, 9.5 * MM, self.text(self.report.notices[-1]))
        numbered = phrase("page", self.report.language, page=page, pages=pages)
        canvas.drawRightString(WIDTH - MARGIN, 9.5 * MM, numbered)


def _columns(table: Table) -> list[float]:
    """Return column widths in points: the place and the evidence get more, the rest share evenly."""
    shares = [1.0] * len(table.heads)
    shares[0], shares[-1] = 0.75, 0.9
    if len(shares) > 2:
        shares[1] = 1.7
    return [INNER * s / sum(shares) for s in shares]


def _colour(rgb: tuple[float, float, float]) -> Any:
    from reportlab.lib.colors import Color

    return Color(*rgb)


def _numbered(setter: _Setter) -> Any:
    """Return a canvas that writes every page's foot once the number of pages is known."""
    from reportlab.pdfgen.canvas import Canvas

    class Numbered(Canvas):  # type: ignore[misc]
        """Holds its pages back until the last one is there."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._held: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - the library's name
            self._held.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._held, start=1):
                self.__dict__.update(page)
                setter.foot(self, number, len(self._held))
                super().showPage()
            super().save()

    return Numbered
