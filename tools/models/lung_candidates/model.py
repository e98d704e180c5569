"""Finds candidates for lung lesions in a whole chest CT: an aid that misses lesions, and says so.

Lung fields, then lumps of soft tissue in their hulls, ranked by shape in two lists: masses (30 mm and more) and
nodules. Classical geometry, no weights. Click and box stay the first way to a lesion.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tools.contract import (
    Accuracy,
    Candidate,
    FindRequest,
    FindResult,
    MissingSpacing,
    NotApplicable,
    Progress,
    ToolSpec,
    VisionTool,
)
from tools.lungs import LungFields, Side, lung_fields, place
from tools.mask import Mask
from tools.models.lung_candidates.lumps import BANDS, Lump, find_lumps, without_overlaps
from tools.models.lung_candidates.space import Space, search_space
from tools.scan import Scan

PLANE_MM, SLICE_MM = 1.2, 1.5
"""Cells are about this large, never finer than the scan: a 6 mm nodule is five cells wide."""
TISSUE_HU = -400.0
"""Half way between lung and soft tissue. Ground glass lies below and is not searched for."""
MASS_SHARE = 0.4
"""Masses take at most this share of the list when both kinds are found: there are few, and nodules hide more easily."""
THICK_MM = 2.5
"""Above this slice distance small nodules fall between slices or look like vessels."""

NOTHING = (
    "No candidate above threshold; sensitivity on whole scans is not established; not a negative read."
)
MAY_MISS = (
    "The search may miss lesions: its sensitivity on whole scans is not established. "
    "Candidates are places to look at, not findings; most are vessels."
)
NOT_ASSESSED = (
    "Not searched: mediastinum, hila, airways, chest wall, bones and upper abdomen.",
    "Not searched: ground-glass and faint part-solid nodules (below about -400 HU).",
    "Not searched: lumps under about 5 mm, or over 100 mm.",
    "Not searched: lung without air (collapse, consolidation, behind an effusion).",
)

_DATA = "3 whole CTs of 3 patients, 5 and 8 mm slices, one annotated lesion each; the method was shaped on them"
_IMPLANTS = "LIDC-IDRI nodules pasted into the lungs of those 3 CTs, ten candidates listed"


class LungCandidates(VisionTool):
    """Lists candidates for masses and nodules, best first."""

    spec = ToolSpec(
        name="lung-candidates",
        task="find",
        version="1.0.0",
        summary="Lists places in a chest CT that may be a lung mass or nodule, best first, as a second look.",
        not_for=(
            "Not for ruling lesions out, not for screening, and not in place of reading the scan: it misses lesions "
            "and lists vessels. Not for ground glass, the mediastinum, pleura, bones or upper abdomen."
        ),
        modalities=("CT",),
        body_parts=("CHEST",),
        labels=("mass", "nodule"),
        licence="Apache-2.0",
        utterances={
            "en": (
                "find nodules", "search the scan", "are there any nodules", "look for lung lesions",
                "find suspicious spots in the lungs", "detect nodules in this CT", "scan the whole chest for masses",
                "search the left lung", "is there anything in the right lung", "where are the nodules",
                "find the tumour", "list candidates", "look through both lungs", "any lesions you can see",
            ),
            "zh": (
                "查找结节", "搜索整个扫描", "有没有结节", "找一下肺部病灶", "检测肺结节", "找出可疑病灶",
                "看看左肺有没有结节", "右肺有病变吗", "结节在哪里", "全肺搜索", "找肿块", "列出候选病灶",
                "自动检测一下", "帮我找找病灶",
            ),
        },
        accuracy=(
            Accuracy("scans of 3 whose annotated lesion leads its list (place and size)", 2, _DATA,
                     "the Scanwright authors", baseline="none; a demonstration, not a sensitivity"),
            Accuracy("share of 26 solid implants of 10-30 mm listed", 0.81, _IMPLANTS, "the Scanwright authors"),
            Accuracy("share of 24 solid implants of 6-10 mm listed", 0.42, _IMPLANTS, "the Scanwright authors"),
        ),
    )  # fmt: skip

    def run(self, request: FindRequest, progress: Progress = lambda fraction, phrase: None) -> FindResult:
        """Search the request's scan.

        Raises:
            NotApplicable: no lungs are seen in the scan, or not the side asked for.
            MissingSpacing: the scan has no spacing in mm.
        """
        scan = request.scan
        if not scan.has_mm:
            raise MissingSpacing("Searching needs voxel spacing in mm; this scan has none. Load one with spacing.")
        progress(0.02, "finding the lungs")
        fields = lung_fields(scan)
        _check(fields, request.side)
        progress(0.2, "laying out the search")
        space = search_space(scan, fields, plane_mm=PLANE_MM, slice_mm=SLICE_MM, tissue_hu=TISSUE_HU)
        lumps = without_overlaps(_search(space, request.side, progress))
        progress(0.95, "ranking")
        found = _candidates(scan, fields, space, lumps, request)
        progress(1.0, "done")
        return FindResult(found, (*NOT_ASSESSED, *_unseen(scan, fields, request.side)), _notes(scan, found))


def _check(fields: LungFields, side: Side | None) -> None:
    """Raise NotApplicable when there is nothing to search."""
    if not fields.found:
        raise NotApplicable(
            f"lung-candidates searches lungs, and none were found in this scan. {fields.why} "
            "Load a chest CT in Hounsfield units that shows at least one lung, or point at the place yourself."
        )
    if side is not None and side not in fields.sides:
        raise NotApplicable(
            f"No aerated {side} lung was found in this scan; there is one on the {fields.sides[0]}. "
            "Search that one, or point at the place yourself."
        )


def _search(space: Space, side: Side | None, progress: Progress) -> list[Lump]:
    lumps: list[Lump] = []
    for n, band in enumerate(BANDS):
        words = f"looking for lumps, pass {n + 1} of {len(BANDS)}"

        def tick(fraction: float, n: int = n, words: str = words) -> None:
            progress(0.3 + 0.65 * (n + fraction) / len(BANDS), words)

        lumps += find_lumps(space, side=side, band=band, tick=tick)
    return lumps


def _candidates(
    scan: Scan, fields: LungFields, space: Space, lumps: Sequence[Lump], request: FindRequest
) -> tuple[Candidate, ...]:
    """Return the best masses, then the best nodules, as many as were asked for in all."""
    placed: dict[str, list[tuple[Lump, Mask, Side | None]]] = {"mass": [], "nodule": []}
    for lump in lumps:
        if len(placed[lump.group]) >= request.max_candidates:
            continue
        mask = _mask(scan, space, lump)
        side = place(mask, scan, fields).side
        if request.side is None or side == request.side:
            placed[lump.group].append((lump, mask, side))
    most = request.max_candidates
    masses = min(len(placed["mass"]), max(int(np.ceil(MASS_SHARE * most)), most - len(placed["nodule"])))
    out = []
    for kept in (placed["mass"][:masses], placed["nodule"][: most - masses]):
        for rank, (lump, mask, side) in enumerate(kept, start=1):
            size = round(lump.diameter_mm, 1)
            out.append(Candidate(mask, lump.group, rank, round(lump.score, 4), size, side))
    return tuple(out)


def _mask(scan: Scan, space: Space, lump: Lump) -> Mask:
    """Return a lump on the scan's own grid."""
    box, offset = space.grid.to_scan(lump.cells, lump.start, scan)
    return Mask(scan.id, box, offset, scan.shape, scan.affine, lump.group)


def _unseen(scan: Scan, fields: LungFields, side: Side | None) -> list[str]:
    """Return what this scan, or this request, left out."""
    out = []
    missing = [s for s in ("right", "left") if s not in fields.sides]
    if missing:
        out.append(f"No aerated {missing[0]} lung was found; that side was not searched.")
    if side is not None and len(fields.sides) == 2:
        out.append(f"Only the {side} lung was searched, as asked.")
    if fields.cut:
        ends = sorted({f"{end} of the {s} lung" for s, end in fields.cut})
        out.append(f"The scan does not reach the {' and the '.join(ends)}.")
    return out


def _notes(scan: Scan, found: Sequence[Candidate]) -> tuple[str, ...]:
    notes = [MAY_MISS if found else NOTHING]
    slices = max(float(v) for v in np.abs(scan.affine[2, :3]))
    if slices > THICK_MM:
        notes.append(
            f"Slices lie {slices:.1f} mm apart: nodules smaller than about {max(6.0, 1.5 * slices):.0f} mm can fall "
            "between them or look like vessels."
        )
    if not scan.laterality_known:
        notes.append("The image does not say which side is right: sides are left open.")
    return tuple(notes)
