"""Draws the size of every lesion through time: a small panel a lesion, one scale of days for all, as SVG.

The shaded band is what two readers differ by, around a lesion's first size: a later size within it is no change. Sizes
are joined only where they rest on the same method: by a full line where growth may be judged, by a dotted one where
not. Times are days from the first scan, never dates. Knows no record, no patient and no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape

from tools.change import READERS_DIAMETER_MM
from tools.quantity import Language

Join = Literal["judged", "not judged", "other method"]
Mark = Literal["", "new", "gone", "unmatched", "merged", "split"]

WIDTH, PANEL, GAP, EDGE = 720.0, 146.0, 20.0, 14.0
HEAD, FOOT, ROW = 34.0, 20.0, 13.0
LEFT, RIGHT, TOP, BOTTOM = 34.0, 40.0, 40.0, 22.0
"""Room inside a panel for the scale, the last size's figure, name with mark, and days."""
ABOVE, BELOW, NEAR = 9.0, 16.0, 30.0
"""A size's figure stands this far above its dot, and below it where the one before is nearer than the last of these."""
LEAST_SPAN_MM = 6.0
"""A panel shows at least this range of sizes, so that what readers differ by never looks like a leap."""

_LIGHT = {"ink": "#1d2529", "quiet": "#5f6b70", "line": "#d5dcdf", "mark": "#0f5c6e"}
_DARK = {"ink": "#e8edef", "quiet": "#a3afb5", "line": "#3a464e", "mark": "#6cc3d5"}
_WORDS: dict[str, tuple[str, str]] = {
    "title": ("Axial long axis of each lesion through time, mm", "各病灶轴位长径随时间的变化(mm)"),
    "band": (f"band: within {READERS_DIAMETER_MM:g} mm of the first size, as two readers differ",
             f"阴影:与首次相差{READERS_DIAMETER_MM:g} mm以内,即两位阅片者的差异"),
    "joins": ("full line: comparable; dotted: growth not judged; not joined: other method",
              "实线:可比;点线:未判断增长;不相连:方法不同"),
    "marks": ("dot: outlined by a tool; square: drawn by a reader; each panel has its own scale",
              "圆点:工具勾画;方块:阅片者所画;各图刻度不同"),
    "day": ("day {n}", "第{n}天"),
    "order": ("scans in order, intervals not known", "按先后排列,间隔未知"),
    "new": ("new: no outline before", "新发:此前无轮廓"),
    "gone": ("no outline now", "现无轮廓"),
    "unmatched": ("no counterpart outlined", "另一次无相合轮廓"),
    "merged": ("merged", "融合"),
    "split": ("split", "分裂"),
    "no_size": ("no size in mm", "无毫米大小"),
}  # fmt: skip


@dataclass(frozen=True)
class Size:
    """One lesion's long axis on one scan (0 is the first); `drawn`: by a reader, else by a tool."""

    scan: int
    mm: float
    drawn: bool = False


@dataclass(frozen=True)
class Course:
    """One lesion through time.

    Attributes:
        name: what it is called in the report.
        sizes: by scan, first to last.
        joins: between each size and the next: what may be read from the two.
        mark: ``new`` or ``gone`` as far as the scans are outlined, ``unmatched`` where that is not known…
    """

    name: str
    sizes: tuple[Size, ...]
    joins: tuple[Join, ...] = ()
    mark: Mark = ""

    def __post_init__(self) -> None:
        if len(self.joins) != max(0, len(self.sizes) - 1):
            raise ValueError(f"{len(self.sizes)} sizes have {len(self.sizes) - 1} joins; seen {len(self.joins)}.")


@dataclass(frozen=True)
class Timeline:
    """Every lesion through time; `days`: of each scan from the first, or None where an interval is not known."""

    scans: int
    days: tuple[int, ...] | None
    courses: tuple[Course, ...]


def timeline_svg(timeline: Timeline, language: Language = "en", *, dark: bool = False) -> str:
    """Return the drawing as SVG.

    Args:
        timeline: the lesions.
        language: of its words.
        dark: whether its ink follows a reader's dark screen: for a file of its own, not for a page that is light.
    """
    columns = 1 if len(timeline.courses) == 1 else 2 if len(timeline.courses) <= 6 else 3
    width = (WIDTH - 2 * EDGE - (columns - 1) * GAP) / columns
    rows = -(-len(timeline.courses) // columns)
    word = _words(language)
    legend = [word[key] for key in ("band", "joins", "marks")] + ([] if timeline.days else [word["order"]])
    height = HEAD + rows * (PANEL + GAP) + ROW * len(legend) + FOOT - GAP
    body = [_text(EDGE, 20, word["title"], "ink", size=13, weight=600)]
    for n, course in enumerate(timeline.courses):
        left, top = EDGE + n % columns * (width + GAP), HEAD + n // columns * (PANEL + GAP)
        body += _Panel(timeline, course, left, top, width, word).draw()
    start = height - ROW * len(legend)
    body += [_text(EDGE, start + ROW * n, line, "quiet", size=10) for n, line in enumerate(legend)]
    title = escape(word["title"])
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" width="{WIDTH:g}" '
        f'height="{height:g}" role="img" aria-label="{title}" font-family="system-ui, \'Noto Sans\', \'Noto Sans SC\', '
        f'\'Noto Sans CJK SC\', sans-serif"><title>{title}</title>'
    )
    return "\n".join([head, _style() if dark else "", *body, "</svg>\n"])


def _words(language: Language) -> dict[str, str]:
    return {key: both[language == "zh"] for key, both in _WORDS.items()}


def _style() -> str:
    """Return the rules by which ink turns light on a dark screen; print keeps the ink for paper."""
    rules = "".join(
        f".{name}-f{{fill:{colour}}}.{name}-s{{stroke:{colour}}}" for name, colour in _DARK.items()
    )
    return f"<style>@media screen and (prefers-color-scheme: dark){{:root{{background:#14191c}}{rules}}}</style>"


@dataclass(frozen=True)
class _Panel:
    """One lesion's panel, with its upper left corner and width in units of the drawing."""

    timeline: Timeline
    course: Course
    left: float
    top: float
    width: float
    word: dict[str, str]

    def draw(self) -> Iterator[str]:
        """Yield the panel's parts, from the back to the front."""
        name = self.course.name
        yield _text(self.left, self.top + 12, name, "ink", size=12, weight=600)
        if self.course.mark:
            yield _text(self.left, self.top + 26, self.word[self.course.mark], "mark", size=10.5)
        yield from self._days()
        if not self.course.sizes:
            yield _text(self.left + LEFT, self.top + PANEL / 2, self.word["no_size"], "quiet")
            return
        yield from self._scale()
        yield from self._band()
        yield from self._lines()
        yield from self._sizes()
        yield from self._missing()

    @property
    def _range(self) -> tuple[float, float]:
        """The sizes that are shown, lowest and highest, mm."""
        sizes = [s.mm for s in self.course.sizes]
        low, high = min(sizes) - 1.5 * READERS_DIAMETER_MM, max(sizes) + 1.5 * READERS_DIAMETER_MM
        more = max(0.0, LEAST_SPAN_MM - (high - low)) / 2
        low = max(0.0, low - more)
        return low, max(high + more, low + LEAST_SPAN_MM)

    def _x(self, scan: int) -> float:
        room, days = self.width - LEFT - RIGHT, self.timeline.days
        last = self.timeline.scans - 1
        share = 1.0 if not last else scan / last if not days or not days[-1] else days[scan] / days[-1]
        return self.left + LEFT + share * room

    def _y(self, mm: float) -> float:
        low, high = self._range
        return self.top + TOP + (high - mm) / (high - low) * (PANEL - TOP - BOTTOM)

    def _days(self) -> Iterator[str]:
        bottom, days = self.top + PANEL - BOTTOM, self.timeline.days
        yield _line(self.left + LEFT - 8, bottom, self.left + self.width - 8, bottom, "line")
        shown = -1e9
        for scan in range(self.timeline.scans):
            x = self._x(scan)
            yield _line(x, bottom, x, bottom + 4, "line")
            label = self.word["day"].format(n=days[scan]) if days else f"{scan + 1}"
            if x - shown >= 44:  # the last scan's day would lie on a near one before it
                yield _text(x, bottom + 16, label, "quiet", size=10, anchor="middle")
                shown = x

    def _scale(self) -> Iterator[str]:
        low, high = self._range
        step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10_000) if (high - low) / s <= 4)
        mark = step * -(-low // step)
        while mark <= high:
            y = self._y(mark)
            yield _line(self.left + LEFT - 8, y, self.left + self.width - 8, y, "line", width=0.6)
            yield _text(self.left + LEFT - 12, y + 3.5, f"{mark:g}", "quiet", size=10, anchor="end")
            mark += step

    def _band(self) -> Iterator[str]:
        first = self.course.sizes[0]
        joined = next((n for n, join in enumerate(self.course.joins) if join == "other method"), len(self.course.joins))
        if not joined:
            return
        top, bottom = self._y(first.mm + READERS_DIAMETER_MM), self._y(max(0.0, first.mm - READERS_DIAMETER_MM))
        x, end = self._x(first.scan), self._x(self.course.sizes[joined].scan)
        yield (f'<rect x="{x:.1f}" y="{top:.1f}" width="{max(0.0, end - x):.1f}" height="{bottom - top:.1f}" '
               f'class="mark-f" fill="{_LIGHT["mark"]}" fill-opacity="0.13"/>')  # fmt: skip

    def _lines(self) -> Iterator[str]:
        for a, b, join in zip(self.course.sizes, self.course.sizes[1:], self.course.joins, strict=False):
            if join != "other method":
                ends = (self._x(a.scan), self._y(a.mm), self._x(b.scan), self._y(b.mm))
                yield _line(*ends, "mark", width=1.6, dots="" if join == "judged" else "1.5 4")

    def _sizes(self) -> Iterator[str]:
        before, under = -NEAR, False
        for size in self.course.sizes:
            x, y = self._x(size.scan), self._y(size.mm)
            if size.drawn:
                yield (f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7" class="mark-s" '
                       f'fill="none" stroke="{_LIGHT["mark"]}" stroke-width="1.6"/>')  # fmt: skip
            else:
                yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6" class="mark-f" fill="{_LIGHT["mark"]}"/>'
            last = size.scan == self.timeline.scans - 1
            under = x - before < NEAR and not under
            first = size.scan == 0  # its figure must not reach into the scale
            at = (x + 8, y + 3.8) if last else (x - 5 if first else x, y + BELOW if under else y - ABOVE)
            before = x
            yield _text(*at, f"{size.mm:.1f}", "ink", size=11, anchor="start" if last or first else "middle")

    def _missing(self) -> Iterator[str]:
        """Yield a small cross on the axis for each scan without a size, where a mark says what that means."""
        have = {s.scan for s in self.course.sizes}
        bottom = self.top + PANEL - BOTTOM
        for scan in range(self.timeline.scans):
            if scan not in have and self.course.mark:
                x = self._x(scan)
                yield _line(x - 3, bottom - 11, x + 3, bottom - 5, "quiet", width=1.2)
                yield _line(x - 3, bottom - 5, x + 3, bottom - 11, "quiet", width=1.2)


def _text(
    x: float, y: float, text: str, ink: str, *, size: float = 11, weight: int = 400, anchor: str = "start"
) -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" font-weight="{weight}" text-anchor="{anchor}" '
            f'class="{ink}-f" fill="{_LIGHT[ink]}">{escape(text)}</text>')  # fmt: skip


def _line(x: float, y: float, to_x: float, to_y: float, ink: str, *, width: float = 1.0, dots: str = "") -> str:
    dashed = f' stroke-dasharray="{dots}" stroke-linecap="round"' if dots else ""
    return (f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" class="{ink}-s" '
            f'stroke="{_LIGHT[ink]}" stroke-width="{width:g}"{dashed}/>')  # fmt: skip


def in_days(before: Sequence[int | None]) -> tuple[int, ...] | None:
    """Return days from the first scan, given how many days before the last each was; None where one is not known.

    >>> in_days([365, 90, 0])
    (0, 275, 365)
    """
    known = [d for d in before if d is not None]
    return tuple(known[0] - d for d in known) if known and len(known) == len(before) else None
