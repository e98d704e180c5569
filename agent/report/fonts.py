"""The font of a PDF: found, cut down to the signs that one report uses, and turned into outlines that a PDF embeds.

Noto Sans SC (SIL Open Font License 1.1) holds Latin and simplified Chinese; it comes with the package
pylopdf-fonts-zh-cn, or from the system. A sign that the font does not hold is an error, never an empty box. Knows no
report.
"""

from __future__ import annotations

import io
import logging
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from agent.events import AgentError

PACKAGE, FILE = "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"
SYSTEM = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/source-han-sans/SourceHanSansSC-Regular.otf",
)
"""Where Debian, Fedora and Arch put the same font."""
_FAMILY = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC")
MAX_ERROR = 1.0
"""Cubic curves become quadratic ones within one thousandth of the em: at 10 points, 0.0035 mm."""


class NoFont(AgentError):
    """There is no font for the signs of a report."""


def places() -> list[Path]:
    """Return the font files that are there, the package's first."""
    found = find_spec(PACKAGE)
    inside = [Path(p) / FILE for p in found.submodule_search_locations or ()] if found else []
    return [p for p in (*inside, *(Path(s) for s in SYSTEM)) if p.is_file()]


def embeddable(text: str) -> bytes | None:
    """Return a TrueType font of the signs of a text, or None where no font is there and none is needed.

    The signs that any report can hold are always in it, so that it is made once a process.

    Raises:
        NoFont: the text holds a sign that no font at hand has; a standard PDF font holds Latin letters alone.
    """
    wanted = frozenset(text) - {"\n"}
    found = places()
    if not found:
        strange = sorted(c for c in wanted if not _latin(c))
        if strange:
            raise NoFont(
                f"There is no font for Chinese here, so no PDF with {strange[0]!r} in it can be written. Install the "
                f"Python package pylopdf-fonts-zh-cn, or the system's fonts-noto-cjk; the other files need none."
            )
        return None
    return _cut(found[0], "".join(sorted(wanted | _usual())))


@lru_cache(maxsize=1)
def _usual() -> frozenset[str]:
    """Return the signs of every phrase and term, and ASCII."""
    from agent.report.phrases import COLUMNS, PHRASES
    from agent.report.terms import known_words

    said = (*(t for pair in PHRASES.values() for t in pair), *(h for row in COLUMNS.values() for h in row))
    return frozenset("".join((*said, *known_words()))) | {chr(c) for c in range(0x20, 0x7F)}


def _latin(sign: str) -> bool:
    try:
        sign.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=8)
def _cut(path: Path, signs: str) -> bytes:
    """Return the font cut down to these signs, as TrueType. Raises NoFont for a sign that it does not hold."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    logging.getLogger("fontTools").setLevel(logging.WARNING)
    font = _open(path)
    missing = [c for c in signs if ord(c) not in font.getBestCmap()]
    if missing:
        raise NoFont(
            f"The font {path.name} has no sign for {missing[0]!r} (U+{ord(missing[0]):04X}), so the PDF was not "
            "written. Change the sentence that holds it; the other files are not affected."
        )
    options = Options(
        layout_features=[], name_IDs=[1, 2, 4, 6], notdef_outline=True, hinting=False, desubroutinize=True
    )
    subsetter = Subsetter(options)
    subsetter.populate(text=signs)
    subsetter.subset(font)
    made: TTFont = _quadratic(font)
    into = io.BytesIO()
    made.save(into, reorderTables=False)
    return into.getvalue()


def _open(path: Path) -> Any:
    """Return a font file's font: of a collection, the one with simplified Chinese forms."""
    from fontTools.ttLib import TTCollection, TTFont, TTLibError

    try:
        held = io.BytesIO(path.read_bytes())
        if path.suffix != ".ttc":
            return TTFont(held, lazy=True)
        fonts = TTCollection(held, lazy=True).fonts
        return next((f for f in fonts if f["name"].getDebugName(1) in _FAMILY), fonts[0])
    except (OSError, TTLibError) as error:
        raise NoFont(f"The font {path.name} cannot be read ({error}). Install fonts-noto-cjk anew.") from error


def _quadratic(font: Any) -> Any:
    """Return a font with cubic outlines (CFF) as one with quadratic ones (glyf), which a PDF library can embed."""
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib import newTable

    if "glyf" in font:
        return font
    order, glyphs = font.getGlyphOrder(), font.getGlyphSet()
    outlines = {}
    for name in order:
        pen = TTGlyphPen(None)
        glyphs[name].draw(Cu2QuPen(pen, MAX_ERROR, reverse_direction=True))
        outlines[name] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = order, outlines
    font["hmtx"].metrics = {n: (font["hmtx"][n][0], _left(outlines[n], font["glyf"])) for n in order}
    largest = font["maxp"]
    largest.tableVersion, largest.numGlyphs = 0x00010000, len(order)
    for name in (
        "maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs", "maxStackElements",
        "maxSizeOfInstructions", "maxComponentElements", "maxPoints", "maxContours", "maxCompositePoints",
        "maxCompositeContours", "maxComponentDepth",
    ):  # fmt: skip
        setattr(largest, name, 1 if name == "maxZones" else 0)
    for table in ("CFF ", "VORG", "CFF2", "vhea", "vmtx"):
        if table in font:
            del font[table]
    font["post"].formatType, font["post"].extraNames, font["post"].mapping = 2.0, [], {}
    font["post"].glyphOrder = order
    font.sfntVersion = "\x00\x01\x00\x00"
    return font


def _left(glyph: Any, table: Any) -> int:
    glyph.recalcBounds(table)
    return int(getattr(glyph, "xMin", 0))
