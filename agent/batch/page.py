"""The page of a batch's results: one HTML file, nothing fetched, light and dark, a line a study with its report.

Names nobody and no place. What a lesion measures is shown as in its report; no score enters a summary.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from agent.batch.model import Outcome
from agent.batch.table import CSV
from agent.batch.words import WORDS, say
from tools.quantity import Language, Quantity, show, show_value

PAGE = "index.html"
STATUSES = ("done", "no_candidate", "not_assessed", "failed")
_HEADS = ("study", "scan", "found", "size", "volume", "report")

STYLE = """
:root { color-scheme: light dark; --ground: #f3f5f5; --sheet: #ffffff; --ink: #1d2529; --quiet: #5d6a70;
  --line: #dbe1e3; --mark: #0f5c6e; --warn: #8a5a00; --bad: #9a2a18; --hover: #f0f4f4; }
@media (prefers-color-scheme: dark) { :root { --ground: #0e1112; --sheet: #15191b; --ink: #e3e8ea; --quiet: #a3afb4;
  --line: #2c3438; --mark: #8fc7bd; --warn: #e6bd72; --bad: #eb9a8c; --hover: #1d2326; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI",
  "Noto Sans", "Noto Sans SC", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
main { max-width: 1120px; margin: 28px auto; padding: 34px 40px 24px; background: var(--sheet);
  border: 1px solid var(--line); border-radius: 6px; }
h1 { margin: 0 0 6px; font-size: 25px; font-weight: 600; letter-spacing: -.01em; }
p { margin: 2px 0; } .quiet { color: var(--quiet); font-size: 13.5px; } .warn { color: var(--warn); font-weight: 600; }
fieldset { border: 0; margin: 20px 0 10px; padding: 0; display: flex; flex-wrap: wrap; gap: 6px 8px; }
legend { float: left; margin-right: 12px; padding: 3px 0; color: var(--quiet); font-size: 13.5px; }
label { padding: 3px 12px; border: 1px solid var(--line); border-radius: 14px; font-size: 13.5px; cursor: pointer; }
label:hover { background: var(--hover); } label b { font-weight: 600; font-variant-numeric: tabular-nums; }
input { position: absolute; opacity: 0; } label:has(input:checked) { border-color: var(--mark); color: var(--mark); }
label:has(input:focus-visible) { outline: 2px solid var(--mark); outline-offset: 1px; }
main:has(#done:checked) tbody:not(.done), main:has(#no_candidate:checked) tbody:not(.no_candidate),
main:has(#not_assessed:checked) tbody:not(.not_assessed), main:has(#failed:checked) tbody:not(.failed)
  { display: none; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; font-size: 12.5px; color: var(--quiet); padding: 5px 14px 5px 0;
  border-bottom: 1px solid var(--line); vertical-align: bottom; }
td { padding: 6px 14px 6px 0; vertical-align: top; } td:last-child, th:last-child { padding-right: 0; }
tbody { border-bottom: 1px solid var(--line); } tbody:hover { background: var(--hover); }
tbody tr + tr td { padding-top: 0; } .n { white-space: nowrap; }
code { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
a { color: var(--mark); text-underline-offset: 2px; } .failed .told { color: var(--bad); }
.not_assessed .told { color: var(--warn); }
details { font-size: 13px; color: var(--quiet); } summary { cursor: pointer; }
footer { margin-top: 22px; padding-top: 10px; border-top: 1px solid var(--line); color: var(--quiet); font-size: 13px; }
@media (max-width: 700px) { main { margin: 0; padding: 20px 16px; border: 0; } }
@media print { body { background: #fff; } main { margin: 0; padding: 0; border: 0; max-width: none; }
  fieldset { display: none; } tbody { break-inside: avoid; } }
"""


def page(outcomes: Sequence[Outcome], language: Language = "en") -> bytes:
    """Return the page of these outcomes, in their order."""
    title = say("title", language)
    heads = "".join(f'<th scope="col">{say(k, language)}</th>' for k in _HEADS)
    body = "\n".join(_study(o, language) for o in outcomes)
    made = datetime.now(UTC).isoformat(timespec="minutes").replace("T", " ").replace("+00:00", " UTC")
    tongue = "zh-Hans" if language == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{tongue}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        f'<p class="warn">{say("drafts", language)}</p>\n<p class="quiet">{say("notice", language)}</p>\n'
        f"{_counts(outcomes, language)}\n"
        f'<div class="scroll"><table>\n<thead><tr>{heads}</tr></thead>\n{body}\n</table></div>\n'
        f'<footer>{say("table", language)}: <a href="{CSV}">{CSV}</a> · {say("made", language)} {made}'
        f"</footer>\n</main>\n</body>\n</html>\n"
    ).encode()


def _counts(outcomes: Sequence[Outcome], language: Language) -> str:
    """Return how many studies ended how, each to be chosen; no script is needed."""
    counted: Counter[str] = Counter(o.status for o in outcomes)
    held = [s for s in STATUSES if counted[s]]
    choices = [("all", len(outcomes)), *((s, counted[s]) for s in held)]
    labels = "".join(
        f'<label><input type="radio" name="show" id="{key}"{" checked" if key == "all" else ""}>'
        f"{say(key, language)} <b>{count}</b></label>"
        for key, count in choices
    )
    return f"<fieldset><legend>{say('show', language)}</legend>{labels}</fieldset>"


def _study(outcome: Outcome, language: Language) -> str:
    outlined = [x for x in outcome.lesions if x["outlined"]]
    rest = len(outcome.lesions) - len(outlined)
    lines = [_lesion(x, language) for x in outlined]
    if rest:
        lines.append(f'<td colspan="3" class="quiet">{say("more", language).format(n=rest)}</td>')
    if not outcome.lesions:
        lines.append(f'<td colspan="3">{_told(outcome, language)}{_notes(outcome, language)}</td>')
    span = f' rowspan="{len(lines)}"' if len(lines) > 1 else ""
    name = f'<td class="n"{span}><code>{html.escape(outcome.study)}</code></td>'
    first = f'{name}<td class="n"{span}>{_scan(outcome, language)}</td>'
    last = f'<td class="n"{span}>{_links(outcome, language)}</td>'
    rows = [f"<tr>{first}{lines[0]}{last}</tr>", *(f"<tr>{line}</tr>" for line in lines[1:])]
    return f'<tbody class="{outcome.status}">{"".join(rows)}</tbody>'


def _told(outcome: Outcome, language: Language) -> str:
    """Return what is told of a study without lesions, what it comes to first."""
    if outcome.status == "no_candidate":
        return html.escape(say("no_candidate.told", language))
    short = say(f"{outcome.status}.told", language)
    why = f'<span class="quiet">{html.escape(outcome.message)}</span>'
    return f'<span class="told">{html.escape(short)}</span> {why}'


def _notes(outcome: Outcome, language: Language) -> str:
    if not outcome.notes or outcome.status != "no_candidate":
        return ""
    told = "".join(f"<p>{html.escape(n)}</p>" for n in outcome.notes)
    return f"<details><summary>{say('notes', language)}</summary>{told}</details>"


def _lesion(lesion: Mapping[str, Any], language: Language) -> str:
    """Return a lesion's cells: what and where, size, volume."""
    held = {q["name"]: Quantity(q["name"], q["value"], q["unit"], "") for q in lesion["quantities"]}
    label = str(lesion["label"])
    words = [say(label, language) if label in WORDS and lesion["from_search"] else label]
    words += [say(str(lesion[k]), language) for k in ("side", "third") if lesion[k] in WORDS]
    long, short, volume = held.get("axial_long_axis"), held.get("axial_short_axis"), held.get("volume_voxel")
    size = show(long, language) if long else ""
    if long and short:
        size = f"{show_value(long)} × {show(short, language)}"
    cells = ("、" if language == "zh" else ", ").join(words)
    return (
        f"<td>{lesion['lesion']} {html.escape(cells)}</td><td class=\"n\">{size}</td>"
        f'<td class="n">{show(volume, language) if volume else ""}</td>'
    )


def _scan(outcome: Outcome, language: Language) -> str:
    """Return what the scan is, in a few words: modality, body part, slices, interval."""
    return "<br>".join(html.escape(words) for words in _scan_words(outcome.scan, language))


def _scan_words(scan: Mapping[str, Any], language: Language) -> Iterator[str]:
    if not scan:
        return
    how = scan.get("modality_how")
    name = scan.get("modality") or say("unknown", language)
    part = str(scan.get("body_part") or "").lower()
    yield f"{name} {part}".strip() + (f" ({say(f'how.{how}', language)})" if f"how.{how}" in WORDS else "")
    interval = scan.get("slice_interval_mm")
    yield f"{scan.get('slices')} {say('slices', language)}" + (f" × {interval:.1f} mm" if interval else "")


def _links(outcome: Outcome, language: Language) -> str:
    if outcome.status == "failed":
        return ""
    name = html.escape(outcome.study, quote=True)
    files = {"report.html": say("open", language), "report.pdf": say("pdf", language)}
    return " ".join(f'<a href="{name}/{f}">{word}</a>' for f, word in files.items() if f not in outcome.absent)
