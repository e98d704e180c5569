"""A report as one HTML page: no script, nothing fetched, light, fit to print. Citations are there and quiet.

Knows no evidence: what it is given has passed.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from agent.grounding.clauses import CITE
from agent.report.model import KEY_SECTIONS, Made, Report, Row, Section, Statement, Table
from agent.report.phrases import phrase
from agent.report.pictures import KeyImage, key_images, not_shown
from agent.report.timepoints import drawing

if TYPE_CHECKING:
    from agent.report.material import Material
    from agent.toolset.desk import Desk

_CODE = re.compile(r"`([^`]*)`")
_WITH_UNIT = re.compile(r"(?<=\d) (?=(?:mm|HU|days|years|pixels|voxels|slices|×)[^A-Za-z]|(?:mm|HU)$|mm[²³])")
_NO_BREAK = "\u00a0"
"""A number is not parted from its unit at the end of a line."""
BEFORE_PICTURES = ("addendum", "findings", "measurements")
"""Key images stand after the last of these."""

STYLE = """
:root { color-scheme: light; --ink: #1d2529; --quiet: #6d7a80; --line: #dbe1e3; --mark: #0f5c6e; --warn: #8a5a00; }
* { box-sizing: border-box; }
body { margin: 0; background: #f3f5f5; color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans SC", "Noto Sans CJK SC",
  "PingFang SC", "Microsoft YaHei", sans-serif; }
main { position: relative; max-width: 860px; margin: 28px auto; padding: 40px 52px 30px; background: #fff;
  border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
h1 { margin: 0 0 6px; font-size: 25px; font-weight: 600; letter-spacing: -.01em; }
h2 { margin: 26px 0 6px; font-size: 12.5px; font-weight: 650; letter-spacing: .06em; text-transform: uppercase;
  color: var(--mark); break-after: avoid; }
.status { margin: 0; font-weight: 600; color: var(--warn); }
.signed .status { color: #1f6b3b; }
.notice { margin: 2px 0 0; color: var(--quiet); font-size: 13px; }
.check { margin: 16px 0 0; padding: 9px 14px; border-left: 3px solid #d9a441; background: #fdf8ec; font-size: 13.5px; }
.check p { margin: 2px 0; }
section p.s { margin: 3px 0; break-inside: avoid; }
section.key p.s { font-size: 16.5px; line-height: 1.5; margin: 5px 0; }
section.key p.source { font-size: 12.5px; color: var(--quiet); }
.c { color: #98a3a8; font-size: .76em; white-space: nowrap; }
.own { border-left: 2px solid #8fb7c2; padding-left: 9px; margin-left: -11px; }
table { width: 100%; border-collapse: collapse; margin: 8px 0 4px; font-size: 14px;
  font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; font-size: 12.5px; color: var(--quiet); border-bottom: 1px solid #b9c4c8;
  padding: 4px 12px 4px 0; vertical-align: bottom; }
td { border-bottom: 1px solid var(--line); padding: 5px 12px 5px 0; vertical-align: top; }
tr { break-inside: avoid; }
td:last-child { color: #98a3a8; font-size: 11.5px; }
.scroll { overflow-x: auto; }
figure { margin: 12px 0 16px; break-inside: avoid; }
figure img { display: block; width: 100%; max-width: 640px; height: auto; border-radius: 3px; }
figcaption { margin-top: 5px; color: var(--quiet); font-size: 13px; }
.timeline svg { max-width: 100%; height: auto; }
section.small { color: var(--quiet); font-size: 12.5px; overflow-wrap: anywhere; }
code { font: .93em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; color: #46535a; }
footer { margin-top: 26px; padding-top: 10px; border-top: 1px solid var(--line); color: var(--quiet);
  font-size: 12.5px; }
.mark { position: absolute; inset: 0; pointer-events: none; overflow: hidden; }
.mark span { position: absolute; left: 50%; transform: translate(-50%, -50%) rotate(-32deg); font-size: 150px;
  font-weight: 700; letter-spacing: .12em; color: rgba(15, 40, 50, .045); white-space: nowrap; }
@media (max-width: 640px) { main { margin: 0; padding: 22px 18px; border: 0; } .mark span { font-size: 80px; } }
@media print {
  @page { size: A4; margin: 16mm 16mm 18mm; }
  body { background: #fff; font-size: 10.5pt; }
  main { margin: 0; padding: 0; border: 0; max-width: none; overflow: visible; }
  section.key p.s { font-size: 11.5pt; }
  .mark { position: fixed; } .mark span:not(:first-child) { display: none; } .mark span { top: 50% !important; }
}
"""


def write(desk: Desk, report: Report, material: Material, made: Mapping[str, bytes]) -> Made:
    """Return report.html."""
    more = phrase("picture.more", report.language) if not_shown(material) else ""
    page = to_html(report, key_images(desk, material), more=more, timeline=drawing(material))
    return Made({"report.html": page.encode()}, {})


def to_html(report: Report, pictures: Sequence[KeyImage] = (), *, more: str = "", timeline: str = "") -> str:
    """Return the report as a whole HTML page.

    Args:
        pictures: key images, in order.
        more: said below them when there are lesions without one.
        timeline: a drawing of sizes through time, SVG; empty for none.
    """
    language = "zh-Hans" if report.language == "zh" else "en"
    draft = report.signature is None
    body = [_head(report)]
    at = max((n for n, s in enumerate(report.sections) if s.key in BEFORE_PICTURES), default=len(report.sections) - 1)
    for number, section in enumerate(report.sections):
        body.append(_section(section))
        if section.key == "comparison" and timeline:
            body.append(f'<figure class="timeline">{timeline}</figure>')
        if number == at and pictures:
            body.append(_pictures(report, pictures, more))
    word = html.escape(phrase("watermark", report.language))
    places = range(22, 100, 28)
    mark = "".join(f'<span style="top:{p}%">{word}</span>' for p in places)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(report.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<main class="{"draft" if draft else "signed"}">\n' + "\n".join(body)
        + f"\n<footer>{html.escape(report.notices[-1])}</footer>\n"
        + (f'<div class="mark" aria-hidden="true">{mark}</div>\n' if draft else "")
        + "</main>\n</body>\n</html>\n"
    )


def _head(report: Report) -> str:
    status, *rest = report.notices
    lines = [f"<h1>{html.escape(report.title)}</h1>", f'<p class="status">{marked(status)}</p>']
    lines += [f'<p class="notice">{marked(n)}</p>' for n in rest]
    if report.problems and report.signature is None:
        title = html.escape(phrase("problems", report.language))
        told = "".join(f"<p>{html.escape(p)}</p>" for p in report.problems)
        lines.append(f'<aside class="check"><strong>{title}</strong>{told}</aside>')
    return "\n".join(lines)


def _section(section: Section) -> str:
    kind = "key" if section.key in KEY_SECTIONS else "small" if section.key == "provenance" else "plain"
    lines = "\n".join(_statement(s) for s in section.statements)
    table = _table(section.table) if section.table is not None and section.table.rows else ""
    return f'<section class="{kind}">\n<h2>{html.escape(section.title)}</h2>\n{lines}\n{table}</section>'


def is_source(statement: Statement) -> bool:
    """Return whether a sentence only names the publication behind another: it is set smaller."""
    return statement.id.startswith("recommendation/advice.source")


def _statement(statement: Statement) -> str:
    own = " own" if statement.by else " source" if is_source(statement) else ""
    name = f' id="{html.escape(statement.id, quote=True)}"' if statement.id else ""
    return f'<p class="s{own}"{name}>{marked(statement.text)}</p>'


def marked(text: str) -> str:
    """Return a sentence as HTML: citations quiet, identifiers as code."""
    whole = _WITH_UNIT.sub(_NO_BREAK, text)
    safe = _CODE.sub(r"<code>\1</code>", html.escape(whole, quote=False))
    return CITE.sub(lambda m: f'<span class="c">{m[0]}</span>', safe)


def _table(table: Table) -> str:
    heads = "".join(f'<th scope="col">{html.escape(h)}</th>' for h in table.heads)
    rows = "\n".join(f"<tr>{_cells(row)}<td>[{', '.join(row.cites)}]</td></tr>" for row in table.rows)
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>\n'


def _cells(row: Row) -> str:
    return "".join(f"<td>{html.escape(_WITH_UNIT.sub(_NO_BREAK, cell))}</td>" for cell in row.cells)


def _pictures(report: Report, pictures: Sequence[KeyImage], more: str) -> str:
    title = html.escape(phrase("pictures", report.language))
    figures = "\n".join(_figure(p) for p in pictures)
    rest = f'<p class="notice">{html.escape(more)}</p>' if more else ""
    return f'<div class="pictures">\n<h2>{title}</h2>\n{figures}\n{rest}</div>'


def _figure(picture: KeyImage) -> str:
    data = base64.b64encode(picture.png).decode()
    caption = f'{html.escape(picture.caption)} <span class="c">[{", ".join(picture.cites)}]</span>'
    alt = html.escape(picture.caption, quote=True)
    size = f'width="{picture.width}" height="{picture.height}"'
    image = f'<img src="data:image/png;base64,{data}" {size} alt="{alt}">'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"
