"""What the compare command does, as data, lines and a drawing: calls public functions, prints nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.report.timeline import Course
    from tools import Quantity
    from tools.scan import Scan

FROM_FILES = "Both outlines come from files; that they were made by the same method is taken from whoever gave them."


def compare(
    scan_path: str,
    mask_path: str,
    prior_path: str,
    prior_mask_path: str,
    days: int | None,
    modality: str | None,
    body_part: str | None,
) -> dict[str, Any]:
    """Lay a prior on a scan, match the lesions of both label files and return what changed."""
    from tools import NotApplicable, load_scan
    from tools.compare import TimePoint
    from tools.compare import compare as work
    from tools.lesions import read_labels

    points = []
    for image, labels in ((scan_path, mask_path), (prior_path, prior_mask_path)):
        scan = load_scan(image, modality=modality, body_part=body_part)
        masks = read_labels(labels, scan)
        points.append(TimePoint(scan, masks, dict.fromkeys(masks, "outline from a mask file")))
    now, then = points
    identity, known_days = _identity(now.scan, then.scan)
    if days is not None and known_days is not None and days != known_days:
        raise NotApplicable(
            f"--days says {days}, and the headers' dates are {known_days} days apart. Leave --days out."
        )
    found = work(now, then, days=days if days is not None else known_days)
    return {
        "registration": {
            "matrix": [list(row) for row in found.registration.matrix],
            "quality": _named(found.registration.quality),
            "notes": list(found.registration.notes),
        },
        "pairs": [_pair(pair) for pair in found.pairs],
        "days": found.days,
        "notes": [identity, FROM_FILES, *found.notes],
    }


def _identity(current: Scan, prior: Scan) -> tuple[str, int | None]:
    """Return what the headers say of the two patients, and the days between. Raises NotApplicable for two patients."""
    from agent.priors import compare_identity, days_between
    from tools import NotApplicable

    identity = compare_identity(current.source, prior.source)
    if identity.differ:
        raise NotApplicable("The headers of the two scans name different patients, so they are not compared.")
    words = f"{identity.words[0].upper()}{identity.words[1:]}."
    return words, days_between(prior.source.study_date, current.source.study_date)


def _pair(pair: Any) -> dict[str, Any]:
    return {
        "kind": pair.kind, "current": list(pair.current), "prior": list(pair.prior),
        "confidence": round(pair.confidence, 3), "quantities": _named(pair.quantities),
        "within_readers_noise": pair.within_readers_noise, "growth_allowed": pair.growth_allowed,
        "reasons": list(pair.reasons),
    }  # fmt: skip


def _named(quantities: tuple[Quantity, ...]) -> dict[str, Any]:
    return {q.name: {k: v for k, v in q.to_json().items() if k != "name"} for q in quantities}


def plot(data: dict[str, Any], path: Path) -> None:
    """Draw what `compare` found as SVG. Raises NotApplicable for another ending, OSError where it cannot be written."""
    from agent.report.timeline import Timeline, timeline_svg

    check_plot(path)
    courses = tuple(_course(pair) for pair in data["pairs"])
    days = None if data["days"] is None else (0, int(data["days"]))
    path.write_text(timeline_svg(Timeline(2, days, courses), dark=True), encoding="utf-8")


def check_plot(path: Path) -> None:
    """Raise NotApplicable where a plot cannot be written under a name, before anything is worked out for it."""
    from tools import NotApplicable

    if path.suffix.lower() != ".svg":
        raise NotApplicable(f"A plot is written as SVG: end its name in .svg (it is {path.name!r}).")
    if not path.parent.is_dir():
        raise NotApplicable(f"There is no folder for {path.name!r} to be written in. Name one that exists.")


def _course(pair: dict[str, Any]) -> Course:
    from agent.report.timeline import Course, Size

    held = [pair["quantities"].get(f"{time}_axial_long_axis") for time in ("prior", "current")]
    sizes = tuple(Size(scan, q["value"]) for scan, q in enumerate(held) if q is not None)
    numbers = "+".join(map(str, pair["current"] or pair["prior"]))
    name = f"Lesion {numbers}" if pair["current"] else f"Prior lesion {numbers}"
    joins = ("judged" if pair["growth_allowed"] else "not judged",)
    unseen = pair["kind"] in ("new", "gone") and pair["confidence"] == 0
    mark = "unmatched" if unseen else "" if pair["kind"] == "matched" else pair["kind"]
    return Course(name, sizes, joins if len(sizes) == 2 else (), mark)  # type: ignore[arg-type]


def lines(data: dict[str, Any]) -> list[str]:
    """Return what `compare` found as lines for a terminal."""
    from tools.quantity import Quantity, show

    told = []
    for pair in data["pairs"]:
        who = [f"{time} {'+'.join(map(str, pair[time]))}" for time in ("current", "prior") if pair[time]]
        told.append(f"{pair['kind']}: {', '.join(who)} (confidence {pair['confidence']:.2f})")
        for name, q in pair["quantities"].items():
            sign = "+" if q["value"] > 0 and name.startswith("change_") else ""
            note = q.get("note", "")
            told.append(f"  {name:<28} {sign + show(Quantity(name, q['value'], q['unit'], q['method'])):>14}   {note}")
        if pair["within_readers_noise"]:
            told.append("  The change of the long axis is within what two readers differ by.")
        told += [f"  no growth is given: {reason}" for reason in pair["reasons"]]
    return [*told, *data["notes"]]
