"""Finds candidates for lung lesions in a whole chest CT: an aid that misses lesions, and says so.

Lung fields, then lumps of soft tissue in their hulls, ranked by shape and outlined by the nodule segmenter, in two
lists: masses (30 mm and more) and nodules. The ranking is classical geometry, nothing in it is learnt. Click and box
stay the first way to a lesion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tools.contract import (
    SHIPPED,
    Accuracy,
    Candidate,
    FindRequest,
    FindResult,
    MissingSpacing,
    NotApplicable,
    Progress,
    ToolFailed,
    ToolSpec,
    VisionTool,
)
from tools.lungs import LungFields, Side, lung_fields, place
from tools.mask import Mask
from tools.models.lung_candidates.lumps import BANDS, MASS_MM, Lump, find_lumps, without_overlaps
from tools.models.lung_candidates.outlines import diameter_of, outlined, same
from tools.models.lung_candidates.space import Space, search_space
from tools.models.nodule_segmenter.model import SHA256, NoduleSegmenter
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
BY = "the Scanwright authors"
_IMPLANTS = "LIDC-IDRI nodules put into the lungs of those 3 CTs, 5 and 8 mm slices"


class LungCandidates(VisionTool):
    """Lists candidates for masses and nodules, best first."""

    spec = ToolSpec(
        name="lung-candidates",
        task="find",
        reported_by=SHIPPED,
        version="1.1.0",
        summary="Lists places in a chest CT that may be a lung mass or nodule, best first, as a second look.",
        not_for=(
            "Not for ruling lesions out, not for screening, and not in place of reading the scan: it misses lesions "
            "and lists vessels. Not for ground glass, the mediastinum, pleura, bones or upper abdomen."
        ),
        modalities=("CT",),
        body_parts=("CHEST",),
        labels=("mass", "nodule"),
        licence="Apache-2.0",
        weights_sha256=SHA256,
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
            Accuracy("scans of 3 whose annotated lesion leads its list (place and size)", 3, _DATA, BY,
                     baseline="none; a demonstration, not a sensitivity"),
            Accuracy("share of 12 solid implants of 10-30 mm found at 4 false candidates a scan",
                     0.833, _IMPLANTS, BY, baseline="ranked by size alone: 0.583"),
            Accuracy("share of 15 solid implants of 6-10 mm found at 4 false candidates a scan",
                     0.133, _IMPLANTS, BY, baseline="ranked by size alone: 0.0"),
        ),
    )  # fmt: skip

    def __init__(self) -> None:
        """Start without the segmenter, which `load` reads."""
        self._segmenter: NoduleSegmenter | None = None

    def load(self, device: str) -> None:
        """Load the segmenter that outlines candidates. Raises ToolFailed when its weights are missing or others."""
        segmenter = NoduleSegmenter()
        segmenter.load(device)
        self._segmenter = segmenter

    def run(self, request: FindRequest, progress: Progress = lambda fraction, phrase: None) -> FindResult:
        """Search the request's scan.

        Raises:
            NotApplicable: out of scope, no lungs are seen in the scan, or not the side asked for.
            MissingSpacing: the scan has no spacing in mm.
            ToolFailed: the segmenter's weights are missing, changed, or were not loaded.
        """
        scan = request.scan
        if not scan.has_mm:
            raise MissingSpacing("Searching needs voxel spacing in mm; this scan has none. Load one with spacing.")
        self.spec.check_scope(scan)
        if self._segmenter is None:
            raise ToolFailed(f"{self.spec.name} was not loaded. Call load(device) first, or take it from the registry.")
        progress(0.02, "finding the lungs")
        fields = lung_fields(scan)
        _check(fields, request.side)
        progress(0.15, "laying out the search")
        space = search_space(scan, fields, plane_mm=PLANE_MM, slice_mm=SLICE_MM, tissue_hu=TISSUE_HU)
        lumps = without_overlaps(_search(space, request.side, progress))
        found = _candidates(list(_places(scan, fields, space, lumps, request, self._segmenter, progress)), request)
        progress(1.0, "done")
        return FindResult(found, (*NOT_ASSESSED, *_unseen(fields, request.side)), _notes(scan, found))


@dataclass(frozen=True)
class _Place:
    """A lump outlined: its mask on the scan's grid, its score, and what follows from the mask."""

    mask: Mask
    score: float
    side: Side | None

    @property
    def diameter_mm(self) -> float:
        return diameter_of(self.mask)

    @property
    def group(self) -> Literal["mass", "nodule"]:
        return "mass" if self.diameter_mm >= MASS_MM else "nodule"


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
            progress(0.2 + 0.45 * (n + fraction) / len(BANDS), words)

        lumps += find_lumps(space, side=side, band=band, tick=tick)
    return lumps


def _places(
    scan: Scan,
    fields: LungFields,
    space: Space,
    lumps: Sequence[Lump],
    request: FindRequest,
    segmenter: NoduleSegmenter,
    progress: Progress,
) -> Iterator[_Place]:
    """Yield the best lumps of each kind, as many as were asked for, outlined; what lies in a better one is left out."""
    kept: list[Mask] = []
    counts = {"mass": 0, "nodule": 0}
    for lump in lumps:
        if counts[lump.group] >= request.max_candidates:
            continue
        rough = _mask(scan, space, lump)
        side = place(rough, scan, fields).side
        if request.side is not None and side != request.side:
            continue
        done = sum(counts.values()) / (2 * request.max_candidates)
        progress(0.65 + 0.3 * done, f"outlining candidate {sum(counts.values()) + 1}")
        mask = outlined(segmenter, scan, rough)
        if mask is None and lump.group == "mass":
            continue
        mask = rough if mask is None else mask
        counts[lump.group] += 1
        if not any(same(mask, other) for other in kept):
            kept.append(mask)
            yield _Place(mask, lump.score, side)


def _candidates(places: Sequence[_Place], request: FindRequest) -> tuple[Candidate, ...]:
    """Return the best masses, then the best nodules, as many as were asked for in all."""
    ranked = sorted(places, key=lambda p: -p.score)
    mass = [p for p in ranked if p.group == "mass"]
    nodule = [p for p in ranked if p.group == "nodule"]
    most = request.max_candidates
    masses = min(len(mass), max(int(np.ceil(MASS_SHARE * most)), most - len(nodule)))
    return tuple(
        Candidate(replace(p.mask, label=p.group), p.group, rank, round(p.score, 4), round(p.diameter_mm, 1), p.side)
        for kept in (mass[:masses], nodule[: most - masses])
        for rank, p in enumerate(kept, start=1)
    )


def _mask(scan: Scan, space: Space, lump: Lump) -> Mask:
    """Return a lump on the scan's own grid."""
    box, offset = space.grid.to_scan(lump.cells, lump.start, scan)
    return Mask(scan.id, box, offset, scan.shape, scan.affine, lump.group)


def _unseen(fields: LungFields, side: Side | None) -> list[str]:
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
