"""Text set in lines on a PDF page: Latin breaks between words, Chinese between signs, a number never from its unit.

Runs of text in a few styles; no markup, so that nothing a reader typed is read as any. Knows no report.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

_CJK = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_PIECE = re.compile(rf"[{_CJK}]|\s+|[^\s{_CJK}]+")
_UNIT = re.compile(r"(?:mm[²³]?|HU|%|cm|days?|years?|pixels?|voxels?|slices?|x|×|[²³])[,;.:)]*")
_NUMBER = re.compile(r"[\d.,+–-]*\d[\d.,]*|[x×]")
_CITE = re.compile(r"\[E[^\]]{0,22}\]")
"""A short citation stays with the word before it: alone on a line it would cite nothing."""
_NOT_FIRST = set("，。、；：！？）】》”’,.;:!?)]%％·")
_NOT_LAST = set("（【《“‘([")


@dataclass(frozen=True)
class Style:
    """How a run of text looks: font, size in points, colour as red, green, blue from 0 to 1."""

    font: str
    size: float
    colour: tuple[float, float, float] = (0.11, 0.15, 0.16)


@dataclass(frozen=True)
class Run:
    """A piece of text in one style."""

    text: str
    style: Style


Width = Callable[[str, str, float], float]
Line = list[Run]


def broken(runs: Sequence[Run], width: float, measure: Width) -> list[Line]:
    """Return runs as lines no wider than `width` points; a piece that is wider than a line is cut.

    Args:
        measure: width in points of a text in a font at a size.
    """
    lines: list[Line] = [[]]
    used = 0.0
    for run in _glued(runs):
        size = sum(measure(p.text, p.style.font, p.style.size) for p in run)
        if used and used + size > width and run[0].text.strip():
            lines[-1] = _trimmed(lines[-1])
            lines.append([])
            used = 0.0
        if not run[0].text.strip() and (not used or used + size > width):
            continue
        for piece in run if size <= width else [c for p in run for c in _cut(p, width, measure)]:
            wide = measure(piece.text, piece.style.font, piece.style.size)
            if used and used + wide > width + 0.01:
                lines.append([])
                used = 0.0
            lines[-1].append(piece)
            used += wide
    return [_joined(line) for line in lines if line] or [[]]


def _glued(runs: Sequence[Run]) -> list[list[Run]]:
    """Return the pieces that must stay on one line, each as a list of runs."""
    found: list[list[Run]] = []
    for run in runs:
        if _CITE.fullmatch(run.text) and len(found) >= 2:
            found[-2:] = [[*found[-2], *found[-1], run]]
            continue
        for match in _PIECE.finditer(run.text):
            piece = Run(match[0], run.style)
            if found and _stays(found[-1], piece.text):
                found[-1].append(piece)
            else:
                found.append([piece])
            if len(found) >= 3 and _UNIT.fullmatch(piece.text) and _is_number(found[-3]) and found[-2][0].text == " ":
                found[-3:] = [[*found[-3], *found[-2], *found[-1]]]
    return found


def _stays(before: list[Run], text: str) -> bool:
    """Return whether a piece may not begin a line after what stands before it."""
    last = before[-1].text[-1]
    if last.isspace() or text[0].isspace():
        return False
    return text[0] in _NOT_FIRST or last in _NOT_LAST or (last.isdigit() and _UNIT.fullmatch(text) is not None)


def _is_number(piece: list[Run]) -> bool:
    return _NUMBER.fullmatch(piece[-1].text) is not None


def _cut(piece: Run, width: float, measure: Width) -> list[Run]:
    """Return a piece that is wider than a line in parts that are not."""
    parts, start = [], 0
    for end in range(1, len(piece.text) + 1):
        if measure(piece.text[start:end], piece.style.font, piece.style.size) > width and end - start > 1:
            parts.append(Run(piece.text[start : end - 1], piece.style))
            start = end - 1
    return [*parts, Run(piece.text[start:], piece.style)]


def _trimmed(line: Line) -> Line:
    return line[:-1] if line and not line[-1].text.strip() else line


def _joined(line: Line) -> Line:
    """Return a line with neighbours of one style as one run."""
    found: Line = []
    for run in line:
        if found and found[-1].style == run.style:
            found[-1] = Run(found[-1].text + run.text, run.style)
        else:
            found.append(run)
    return found


def flowable(runs: Sequence[Run], leading: float, *, after: float = 2.0, bar: Any = None) -> Any:
    """Return runs as a flowable: `leading` points a line, `after` below, `bar` the colour of a line at the left."""
    from reportlab.pdfbase.pdfmetrics import stringWidth
    from reportlab.platypus import Flowable

    class Lines(Flowable):  # type: ignore[misc]
        """Lines of text that a page may break between, two at least on each side."""

        def __init__(self, lines: list[Line] | None = None) -> None:
            super().__init__()
            self.lines = lines
            self.spaceAfter = after

        def wrap(self, width: float, height: float) -> tuple[float, float]:
            if self.lines is None or getattr(self, "broken_at", width) != width:
                self.lines = broken(runs, width, stringWidth)
                self.broken_at = width
            self.width, self.height = width, leading * len(self.lines)
            return self.width, self.height

        def split(self, width: float, height: float) -> list[Any]:
            self.wrap(width, height)
            lines = self.lines or []
            fit = min(int(height // leading), len(lines) - 2)
            if fit < 2:
                return []
            return [Lines(lines[:fit]), Lines(lines[fit:])]

        def draw(self) -> None:
            canvas, y = self.canv, self.height
            if bar is not None:
                canvas.setStrokeColorRGB(*bar)
                canvas.setLineWidth(1.2)
                canvas.line(-6, 1.5, -6, self.height - 1.5)
            for line in self.lines or []:
                x, y = 0.0, y - leading
                for run in line:
                    canvas.setFillColorRGB(*run.style.colour)
                    canvas.setFont(run.style.font, run.style.size)
                    canvas.drawString(x, y + leading * 0.26, run.text)
                    x += stringWidth(run.text, run.style.font, run.style.size)

    return Lines()
