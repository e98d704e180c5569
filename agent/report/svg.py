"""The drawing that `timeline` makes, set on a PDF page: its lines, boxes, dots and words, and nothing else of SVG.

Knows no record. It reads our own drawing alone: what it does not know is an error, not a gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

_SPACE = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"[\d.]+")


def words(svg: str) -> str:
    """Return the words of a drawing: what a font must hold."""
    return " ".join(text for text in _root(svg).itertext() if text.strip()) if svg else ""


def flowable(svg: str, width: float, font: str) -> Any:
    """Return a drawing as a flowable `width` points wide, its words in a registered font."""
    from reportlab.platypus import Flowable

    root = _root(svg)
    scale = width / float(root.get("width", "1"))
    tall = float(root.get("height", "1"))

    class Drawing(Flowable):  # type: ignore[misc]
        """Draws the elements in order."""

        def wrap(self, available: float, height: float) -> tuple[float, float]:
            self.width, self.height = width, tall * scale
            return self.width, self.height

        def draw(self) -> None:
            self.canv.saveState()
            self.canv.scale(scale, scale)
            for tag, element in _elements(root):
                _DRAWN[tag](self.canv, element, tall, font)
            self.canv.restoreState()

    return Drawing()


def _root(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own drawing, made in this process


def _elements(root: ElementTree.Element) -> Iterator[tuple[str, ElementTree.Element]]:
    for element in root:
        tag = element.tag.removeprefix(_SPACE)
        if tag not in ("title", "style"):
            yield tag, element


def _ink(canvas: Any, element: ElementTree.Element) -> tuple[int, int]:
    """Set an element's colours and line; return whether it is stroked and filled, as the library wants it."""
    from reportlab.lib.colors import HexColor

    fill, stroke = element.get("fill", "none"), element.get("stroke", "none")
    if fill != "none":
        canvas.setFillColor(HexColor(fill), alpha=float(element.get("fill-opacity", element.get("opacity", "1"))))
    if stroke != "none":
        canvas.setStrokeColor(HexColor(stroke))
        canvas.setLineWidth(float(element.get("stroke-width", "1")))
        canvas.setLineCap(1 if element.get("stroke-linecap") == "round" else 0)
        canvas.setDash([float(v) for v in _NUMBER.findall(element.get("stroke-dasharray", ""))] or [])
    return int(stroke != "none"), int(fill != "none")


def _get(element: ElementTree.Element, *names: str) -> list[float]:
    return [float(element.get(n, "0")) for n in names]


def _line(canvas: Any, element: ElementTree.Element, tall: float, font: str) -> None:
    x1, y1, x2, y2 = _get(element, "x1", "y1", "x2", "y2")
    _ink(canvas, element)
    canvas.line(x1, tall - y1, x2, tall - y2)


def _rect(canvas: Any, element: ElementTree.Element, tall: float, font: str) -> None:
    x, y, width, height = _get(element, "x", "y", "width", "height")
    stroke, fill = _ink(canvas, element)
    canvas.rect(x, tall - y - height, width, height, stroke=stroke, fill=fill)


def _circle(canvas: Any, element: ElementTree.Element, tall: float, font: str) -> None:
    x, y, r = _get(element, "cx", "cy", "r")
    stroke, fill = _ink(canvas, element)
    canvas.circle(x, tall - y, r, stroke=stroke, fill=fill)


def _text(canvas: Any, element: ElementTree.Element, tall: float, font: str) -> None:
    x, y, size = _get(element, "x", "y", "font-size")
    _ink(canvas, element)
    canvas.setFont(font, size)
    draw = {"middle": canvas.drawCentredString, "end": canvas.drawRightString}.get(
        element.get("text-anchor", "start"), canvas.drawString
    )
    draw(x, tall - y, element.text or "")


_DRAWN = {"line": _line, "rect": _rect, "circle": _circle, "text": _text}
