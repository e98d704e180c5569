"""Speed and growth, side by side with the peers in the same run: inference, reading, whole cases, long threads.

Ratios are of times in the same round, ways in turn. `--quick` takes small volumes and few rounds: it shows that all
works. `--only PART` runs one part; `--out FOLDER` writes scale.json and scale.md. The last table has a line an aim:
aims are shown, never asserted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:] = [p for p in sys.path if p != str(HERE)]
for folder in (str(HERE.parents[1]), str(HERE.parent), str(HERE)):  # last: a bench may have the name of what it measures
    if folder not in sys.path:
        sys.path.append(folder)

import scale_aims  # noqa: E402
import scale_cases  # noqa: E402
import scale_inference  # noqa: E402
import scale_reading  # noqa: E402
from side_by_side import machine  # noqa: E402

AIMS = {
    "inference": "CPU: ours at most 0.5 of MONAI as usually called, within 1.02 of the bare passes; GPU: a third, 0.85",
    "prompted": "GPU: a prompted nodule under 15 ms end to end",
    "chest": "GPU: 500 slices from voxels to measured lesions under 5 s",
    "reading": "in process at most 0.65 of SimpleITK, in the warm child 0.8, opened again 0.1; memory 1.3 volumes",
    "threads": "a turn at most 1.5 of the bare graph's; 500 messages at most 2 of 12; database at most 0.05",
    "crowd": "32 cases at once without a failure",
    "growth": "milliseconds a slice and a lesion do not grow with their number",
}


def run(arguments: Sequence[str]) -> dict[str, Any]:
    """Run the parts asked for and return their figures; prints a table and writes files where asked."""
    parser = argparse.ArgumentParser(prog="scanwright bench scale", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", choices=sorted(_parts(True)), help="a part; may be given again")
    parser.add_argument("--rounds", type=int, help="rounds of what is timed")
    parser.add_argument("--out", type=Path, help="folder for scale.json and scale.md")
    options = parser.parse_args(list(arguments))
    parts = _parts(options.quick, options.rounds)
    result: dict[str, Any] = {"quick": options.quick, "machine": machine(), "aims": AIMS}
    for name, part in parts.items():
        if not options.only or name in options.only:
            result[name] = part()
            sys.stdout.write(_section(name, result[name]) + "\n")
            sys.stdout.flush()
    sys.stdout.write("\naims\n" + _lines(_aims(result)) + "\n")
    result["machine"]["load at the end"] = machine()["load"]
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "scale.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        (options.out / "scale.md").write_text(markdown(result), encoding="utf-8")
    return result


def _parts(quick: bool, rounds: int | None = None) -> dict[str, Callable[[], Any]]:
    times = rounds or (2 if quick else 5)
    return {
        "inference": lambda: scale_inference.times("quick" if quick else "full", times),
        "dice": lambda: scale_inference.dice(4 if quick else 30),
        "prompted": lambda: scale_inference.prompted(times),
        "imports": scale_inference.imports,
        "reading": lambda: [scale_reading.times(n, times) for n in ((40,) if quick else (99, 300))],
        "slices": lambda: scale_reading.growth([10, 100] if quick else [10, 30, 100, 300, 1000]),
        "lesions": lambda: scale_cases.lesions([1, 20] if quick else [1, 10, 100, 400]),
        "study": lambda: [_study(e) for e in ("local", "ray")],
        "chest": lambda: [scale_cases.chest(n) for n in ((60,) if quick else (100, 250, 500))],
        "crowd": lambda: [scale_cases.crowd(n) for n in ((1, 4) if quick else (1, 2, 4, 8, 16, 32))],
        "threads": lambda: scale_cases.threads(rounds or (3 if quick else 15)),
        "others": lambda: scale_cases.others(quick),
    }


def _study(engine: str) -> dict[str, Any]:
    try:
        return scale_cases.study(engine)
    except RuntimeError as error:
        return {"engine": engine, "skipped": str(error).strip().splitlines()[-1][:200]}


def markdown(result: dict[str, Any]) -> str:
    """Return the result as a page."""
    on = result["machine"]
    lines = ["# Figures of `scanwright bench scale`" + (" (quick: they say that it runs, nothing else)" if result["quick"] else ""), ""]
    lines += [f"Measured on: {', '.join(f'{k} {v}' for k, v in on.items())}.", ""]
    for name, part in result.items():
        if name not in ("quick", "machine", "aims"):
            lines += [f"## {name.capitalize()}", *([f"Aim: {AIMS[name]}.", ""] if name in AIMS else []), _section(name, part, "|"), ""]
    head, *rows = _aims(result)
    return "\n".join([*lines, "## Aims", _row(head), "|---|---|---|---|", *map(_row, rows), ""])


def _aims(result: dict[str, Any]) -> list[Sequence[str]]:
    return [("what", "aim", "seen", ""), *scale_aims.rows(result)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _lines(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("  " + "  ".join(c.ljust(18 if n else 52) for n, c in enumerate(r)).rstrip() for r in rows)


def _section(name: str, part: Any, mark: str = "") -> str:
    """Return a part as lines, or as a Markdown table."""
    rows: list[list[str]] = []
    for block in part if isinstance(part, list) else [part]:
        if isinstance(block, dict) and "ways" in block:
            rows.append([", ".join(f"{k} {v}" for k, v in block.items() if k != "ways"), "seconds", "of the first", "range"])
            rows += [[way, f"{v['seconds']:.3f}", f"{v['ratio']:.2f}", f"{v['least']:.2f}-{v['most']:.2f}"] for way, v in block["ways"].items()]
        elif isinstance(part, list) and isinstance(block, dict):
            rows += [[str(k) for k in block]] if not rows or len(rows[0]) != len(block) else []
            rows.append([_short(v) for v in block.values()])
        else:
            rows += [[str(k), _short(v)] for k, v in block.items()] if isinstance(block, dict) else [[_short(block)]]
    if not mark:
        return f"\n{name}\n{_lines(rows)}"
    width = max(len(r) for r in rows)
    table = [_row([*r, *[""] * (width - len(r))]) for r in rows]
    head = [] if isinstance(part, list) or (isinstance(part, dict) and "ways" in part) else ["| what | value |"]
    table = head + table
    return "\n".join([table[0], "|" + "---|" * max(width, 2 if head else width), *table[1:]])


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


if __name__ == "__main__":
    run(sys.argv[1:])
