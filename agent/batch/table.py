"""The table of a batch: one row a lesion, one for each study without; as CSV and as Parquet, the same columns.

The names of quantities are the design's, each with its unit in the head; a quantity in another unit (pixels, where no
millimetre is known) is a column of its own. Names nobody; where a study lies only when the operator asked for it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.batch.model import BatchError, Outcome
from agent.notice import NOTICE
from tools.quantity import HU

CSV, PARQUET = "results.csv", "results.parquet"
NO_CANDIDATE = "No candidate above threshold; sensitivity on whole scans is not established; not a negative read."
NO_SEARCH = "Not assessed: no search could be made of it."
DIGITS = 6
"""Decimals that are kept: a nanometre in mm."""

_LENGTHS = (
    "axial_long_axis axial_short_axis mean_diameter fleischner_diameter lung_rads_diameter craniocaudal_extent "
    "max_diameter_3d pca_major pca_minor pca_least"
).split()
_VOLUMES = ("volume_voxel", "volume_mesh", "volume_ellipsoid")
_HU = ("hu_mean", "hu_sd", "hu_min", "hu_max", "hu_p05", "hu_p50", "hu_p95")
USUAL = (
    *((name, "mm") for name in _LENGTHS), ("who_product", "mm2"), *((name, "mm3") for name in _VOLUMES),
    ("surface_area", "mm2"), ("sphericity", "1"), *((name, HU) for name in _HU),
)  # fmt: skip
"""Quantities that always have a column."""
OF_THE_STUDY = ("study", "case", "status", "error", "message")
OF_THE_SCAN = (
    "scan", "modality", "modality_how", "body_part", "body_part_how", "calibration", "contrast", "columns", "rows",
    "slices", "pixel_spacing_i_mm", "pixel_spacing_j_mm", "slice_interval_mm", "slice_thickness_mm",
)  # fmt: skip
OF_THE_LESION = ("lesion", "label", "lesion_status", "outlined", "from_search", "rank", "side", "third")
AT_THE_END = ("tools", "notes", "seconds", "notice")
WHOLE = frozenset({"columns", "rows", "slices", "lesion", "rank"})
TRUTH = frozenset({"outlined", "from_search"})
SPACED = frozenset(f"{n}_mm" for n in ("pixel_spacing_i", "pixel_spacing_j", "slice_interval", "slice_thickness"))
_UNITS = {HU: "HU", "{rating}": "rating 1-5", "{pixel}": "pixel", "{pixel}2": "pixel2", "{voxel}": "voxel"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula at the start of a cell."""


def head(name: str, unit: str) -> str:
    """Return a quantity's column head.

    >>> head("hu_mean", "[hnsf'U]")
    'hu_mean [HU]'
    """
    return f"{name} [{_UNITS.get(unit, unit)}]"


def columns(outcomes: Sequence[Outcome], *, with_paths: bool) -> list[str]:
    """Return the table's columns in order: the usual ones, then what else was measured, then ratings."""
    measured = {(q["name"], q["unit"]) for o in outcomes for x in o.lesions for q in x["quantities"]}
    rated = {(q["name"], q["unit"]) for o in outcomes for x in o.lesions for q in x["rating"]}
    more = sorted(measured - set(USUAL) - rated)
    return [
        *OF_THE_STUDY, *(("path",) if with_paths else ()), *OF_THE_SCAN, *OF_THE_LESION,
        *(head(*q) for q in USUAL), *(head(*q) for q in more), *(head(*q) for q in sorted(rated)), *AT_THE_END,
    ]  # fmt: skip


def rows(outcomes: Sequence[Outcome], places: Mapping[str, Path] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows: a lesion each, and one for each study that has none."""
    for outcome in outcomes:
        common = {
            "study": outcome.study, "case": outcome.case, "status": outcome.status, "error": outcome.error,
            "message": message(outcome), **outcome.scan, "tools": "; ".join(outcome.made_by),
            "notes": " ".join(outcome.notes), "seconds": outcome.seconds, "notice": NOTICE,
        }  # fmt: skip
        if places is not None:
            common["path"] = str(places.get(outcome.study, ""))
        for lesion in outcome.lesions or ({"quantities": (), "rating": ()},):
            values = {
                head(q["name"], q["unit"]): round(q["value"], DIGITS)
                for q in (*lesion["quantities"], *lesion["rating"])
            }
            yield {**common, **{k: v for k, v in lesion.items() if k in OF_THE_LESION}, **values}


def message(outcome: Outcome) -> str:
    """Return what is told of a study without lesions; of a failure, what went wrong."""
    if outcome.status == "no_candidate":
        return NO_CANDIDATE
    return f"{NO_SEARCH} {outcome.message}" if outcome.status == "not_assessed" else outcome.message


def csv_bytes(outcomes: Sequence[Outcome], places: Mapping[str, Path] | None = None) -> bytes:
    """Return the table as CSV, UTF-8, a header first; an unknown value is an empty cell."""
    text = io.StringIO()
    names = columns(outcomes, with_paths=places is not None)
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    for row in rows(outcomes, places):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """Return a value as a cell: text that a spreadsheet would run is made plain text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def parquet_bytes(outcomes: Sequence[Outcome], places: Mapping[str, Path] | None = None) -> bytes:
    """Return the table as Parquet, typed; an unknown value is null. Raises BatchError without pyarrow."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise BatchError(
            f"{PARQUET} was not written: that needs pyarrow. Install the extra: pip install 'scanwright[batch]'. "
            f"{CSV} has the same."
        ) from error
    names = columns(outcomes, with_paths=places is not None)
    schema = pyarrow.schema(
        [(name, _type(pyarrow, name)) for name in names], metadata={"notice": NOTICE, "made by": "Scanwright"}
    )
    found = [{name: row.get(name) for name in names} for row in rows(outcomes, places)]
    held = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(found, schema=schema), held)
    return held.getvalue()


def _type(pyarrow: Any, name: str) -> Any:
    if name in TRUTH:
        return pyarrow.bool_()
    if name in WHOLE:
        return pyarrow.int64()
    return pyarrow.float64() if name in SPACED or name == "seconds" or name.endswith("]") else pyarrow.string()
