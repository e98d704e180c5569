"""Key images: each lesion's slice with its outline and the calipers of its evidence, whole and enlarged.

The slice is the one that the long axis was measured on; the ends drawn are the evidence's own. A picture is PNG bytes
with a caption that names slice, window and evidence. Knows no report file.
"""

from __future__ import annotations

import io
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.record import LesionRecord
from agent.report.findings import by_size
from agent.report.material import Material
from agent.toolset.desk import Desk
from tools.contract import ToolFailed
from tools.evidence import EvidenceError
from tools.quantity import show

if TYPE_CHECKING:
    from tools.mask import Mask
    from tools.scan import Scan

MOST = 8
"""Key images of one report, largest lesions first: more would hide the text."""
SIDE = 440
"""Pixels of each half: sharp at 6 cm on paper (180 dots an inch)."""
FIELD_MM, FIELD_TIMES = 40.0, 3.0
"""The enlarged half shows at least 40 mm, or three times the long axis."""
MOST_ENLARGED = 6
"""Times the slice is enlarged at most: beyond that single voxels are all one sees."""
OUTLINE, LINE, LABEL = (236, 178, 46), (38, 160, 218), (214, 238, 250)
"""Amber and blue: both are seen on a bright lesion and on dark lung, and told apart by every reader."""
_GAP = 6
_drawn: OrderedDict[tuple[str, str, int, str], tuple[bytes, int, int]] = OrderedDict()
"""Pictures of the last reports, drawn once for the page and the PDF."""
_AXES = ("axial_long_axis", "axial_short_axis")


@dataclass(frozen=True)
class KeyImage:
    """One picture: PNG bytes, its size in pixels, and its caption in the report's language."""

    lesion: int
    png: bytes
    width: int
    height: int
    caption: str
    cites: tuple[str, ...]


def key_images(desk: Desk, material: Material) -> list[KeyImage]:
    """Return the key images of a report: outlined lesions by size, then candidates; at most `MOST`."""
    if desk.scan is None:
        return []
    wanted = [*by_size(material.outlined), *material.candidates][:MOST]
    found = [_picture(desk, desk.scan, material, lesion) for lesion in wanted]
    return [x for x in found if x is not None]


def not_shown(material: Material) -> int:
    """Return how many lesions have no key image because there are too many."""
    return max(0, len(material.kept) - MOST)


def _picture(desk: Desk, scan: Scan, material: Material, lesion: LesionRecord) -> KeyImage | None:
    from tools.render import planes, slice_count, slice_index, windows

    try:
        mask = desk.evidence.mask(lesion.mask_evidence)
    except (EvidenceError, ToolFailed):
        return None  # a damaged outline: its numbers stand, it cannot be drawn
    plane = "axial" if "axial" in planes(scan) else planes(scan)[0]
    ends = _ends(lesion)
    middle = _middle(ends, mask)
    index = slice_index(scan, plane, middle)
    window, values = next(iter(windows(scan).items()))
    key = (scan.id, mask.hash, lesion.number, lesion.measurement.hash if lesion.measurement else "")
    if key not in _drawn:
        _drawn[key] = _sheet(*_halves(scan, plane, index, values, mask, lesion, ends, middle))
        while len(_drawn) > 2 * MOST:
            _drawn.popitem(last=False)
    png, width, height = _drawn[key]
    cites = tuple(e.id for e in (lesion.measurement, lesion.mask_evidence) if e is not None)
    count = slice_count(scan, plane)
    caption = _caption(material, lesion, plane, index, count, window, values)
    return KeyImage(lesion.number, png, width, height, caption, cites)


def _sheet(whole: Any, close: Any) -> tuple[bytes, int, int]:
    """Return the two halves side by side as PNG, with width and height."""
    from PIL import Image

    sheet = Image.new("RGB", (whole.width + _GAP + close.width, max(whole.height, close.height)), (255, 255, 255))
    sheet.paste(whole, (0, 0))
    sheet.paste(close, (whole.width + _GAP, 0))
    into = io.BytesIO()
    sheet.save(into, "PNG")
    return into.getvalue(), sheet.width, sheet.height


def _ends(lesion: LesionRecord) -> dict[str, Any]:
    item = lesion.measurement
    held = {n: item.quantity(n) for n in _AXES} if item is not None else {}
    return {n: q.end_points_mm for n, q in held.items() if q is not None and len(q.end_points_mm) == 2}


def _middle(ends: dict[str, Any], mask: Mask) -> Any:
    if "axial_long_axis" not in ends:
        return mask.core_mm
    p, q = ends["axial_long_axis"]
    return tuple((a + b) / 2 for a, b in zip(p, q, strict=True))


def _halves(
    scan: Scan, plane: Any, index: int, window: Any, mask: Mask, lesion: LesionRecord, ends: dict[str, Any], middle: Any
) -> tuple[Any, Any]:  # fmt: skip
    """Return the whole slice with the lesion's outline, and its surroundings enlarged, with outline and calipers."""
    from PIL import Image

    from tools.render import Caliper, Frame, Outline, render_slice

    outline = [Outline(mask, OUTLINE, lesion.number)]
    whole = Image.fromarray(render_slice(scan, plane, index, window, outlines=outline, size=SIDE))
    times = _times(scan, plane, index, ends)
    frame = Frame.of(scan, plane, index, SIDE * times)
    lines = [Caliper(pair, _label(lesion, name)) for name, pair in ends.items()]
    large = Image.fromarray(render_slice(scan, plane, index, window, size=SIDE * times))
    column, row, _ = frame.to_pixel(middle)
    side = min(SIDE, whole.height)
    left = round(min(max(column - side / 2, 0), max(frame.width - side, 0)))
    top = round(min(max(row - side / 2, 0), max(frame.height - side, 0)))
    close = large.crop((left, top, left + min(side, frame.width), top + min(side, frame.height)))
    _draw(close, frame, (left, top), mask, lines, lesion.number)
    return whole, close


def _times(scan: Scan, plane: Any, index: int, ends: dict[str, Any]) -> int:
    """Return how much the slice is enlarged around a lesion: a whole number, 1 where nothing is known in mm."""
    from tools.render import Frame

    frame = Frame.of(scan, plane, index, SIDE)
    step = scan.spacing_or_unit
    across = max(frame.counts[0] * step[frame.voxel_axes[0]], frame.counts[1] * step[frame.voxel_axes[1]])
    longest = max((math.dist(*pair) for pair in ends.values()), default=0.0)
    field = max(FIELD_MM if scan.has_mm else across / 4, FIELD_TIMES * longest)
    return max(1, min(MOST_ENLARGED, int(across / field)))


def _draw(image: Any, frame: Any, corner: tuple[int, int], mask: Mask, lines: Sequence[Any], number: int) -> None:
    """Draw outline, calipers and letters on the enlarged half, in lines as thin as on the whole one."""
    from PIL import ImageDraw, ImageFont

    from tools.render import letters, outline_lines

    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(19)
    for start, end in outline_lines(frame, mask):
        pen.line([(start[0] - corner[0], start[1] - corner[1]), (end[0] - corner[0], end[1] - corner[1])], fill=OUTLINE)
    for line in lines:
        p, q = ((x - corner[0], y - corner[1]) for x, y, _ in (frame.to_pixel(e) for e in line.ends))
        pen.line([p, q], fill=LINE, width=2)
        _ticks(pen, p, q)
    for row, line in enumerate(lines):
        text_at = (10, image.height - 12 - 24 * (len(lines) - 1 - row))
        pen.text(text_at, line.label, fill=LABEL, font=font, anchor="ls", stroke_width=2, stroke_fill=(0, 0, 0))
    pen.text((10, 10), str(number), fill=OUTLINE, font=font, anchor="lt", stroke_width=2, stroke_fill=(0, 0, 0))
    middle = (image.width / 2, image.height / 2)
    places = (((5, middle[1]), "lm"), ((image.width - 5, middle[1]), "rm"), ((middle[0], 5), "mt"),
              ((middle[0], image.height - 5), "mb"))  # fmt: skip
    for letter, (place, anchor) in zip(letters(frame.scan, frame.plane) or (), places, strict=False):
        pen.text(place, letter, fill=(205, 213, 216), font=font, anchor=anchor, stroke_width=2, stroke_fill=(0, 0, 0))


def _ticks(pen: Any, p: tuple[float, float], q: tuple[float, float]) -> None:
    length = math.dist(p, q) or 1.0
    across = ((q[1] - p[1]) / length * 5, (p[0] - q[0]) / length * 5)
    for x, y in (p, q):
        pen.line([(x - across[0], y - across[1]), (x + across[0], y + across[1])], fill=LINE, width=2)


def _label(lesion: LesionRecord, name: str) -> str:
    quantity = lesion.measurement.quantity(name) if lesion.measurement else None
    return "" if quantity is None else show(quantity)


def _caption(
    material: Material, lesion: LesionRecord, plane: str, index: int, count: int, window: str,
    values: tuple[float, float],
) -> str:  # fmt: skip
    """Return what the picture shows: lesion, slice, window; drawn from what evidence."""
    unit = " HU" if material.record.scan is not None and material.record.scan.inputs.get("modality") == "CT" else ""
    known = material.word(f"window.{window}")
    named = known if known != f"window.{window}" else window
    centre, width = (f"{v:.0f}" for v in values)
    key = "picture.lesion" if lesion.outlined else "picture.candidate"
    return material.phrase(
        key, n=lesion.number, plane=material.word(f"plane.{plane}"), index=index + 1, count=count, window=named,
        centre=centre, width=width, unit=unit,
    )  # fmt: skip
