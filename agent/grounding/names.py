"""What a number is called: the name that stands before it, and the quantities that it may then be.

"Long axis", "volume", "minimum of": a name reaches over joining words, not over another number; two names before a row
of numbers share it in their order, and the ends of a range are the least and the greatest value. Knows no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tools.quantity import Quantity

_SPREAD = r"(?:largest|greatest|longest|widest|max(?:imum|imal)?)"
_EXTENT = r"(?:diameter|extent|length|dimension|distance|axis|size)"
_SOLID = r"solid "
QUANTITY_WORDS: Mapping[str, tuple[str, ...]] = {
    r"long(?:est)?[- ]axis|long(?=(?: and |/| & )short ax[ei]s)|longest (?:axial )?(?:diameter|line)|长径|长轴": ("axial_long_axis",),
    r"short[- ]ax[ei]s|shortest (?:axial )?(?:diameter|line)|breadth|at right angles(?: to (?:it|this|that))?|perpendicular(?: (?:one|diameter|axis))?\b(?! (?:long|short|to))|(?<!长)短[径轴]|(?<!窗)宽(?:度|约|为)*\s*$": ("axial_short_axis",),
    r"(?:mean|average|avg\.?) diam(?:eter)?|平均(?:直)?径": ("mean_diameter", "fleischner_diameter", "lung_rads_diameter"),
    r"mesh volume|volume (?:\w+ ){0,4}?(?:surface )?mesh|网格法?(?:测得)?的?体积": ("volume_mesh",),
    r"ellipsoid(?:al)? volume|volume (?:\w+ ){0,4}?ellipsoid|椭球法?(?:测得)?的?体积": ("volume_ellipsoid",),
    rf"{_SOLID}volume|实性(?:部分|成分)?的?体积": ("solid_volume",),
    rf"{_SOLID}{_EXTENT}|实性(?:部分|成分)?的?(?:直|长)?径": ("solid_diameter",),
    r"(?<!mesh )(?<!ellipsoid )(?<!ellipsoidal )\bvol(?:ume)?\b|(?<!网格)(?<!椭球)体积": ("volume_voxel", "volume_percent"),
    r"mean (?:attenuation|density|hu|intensity|ct (?:value|number))|average (?:attenuation|density|hu)|平均(?:CT值|密度|信号)|平均衰减|(?:CT值|密度)的?均值": ("hu_mean", "intensity_mean"),
    r"standard deviation|\bsd\b|\bnoise\b|标准差": ("hu_sd", "intensity_sd"),
    r"minimum|lowest|\bmin\b|最小(?:CT|密度)?值|最低": ("hu_min", "intensity_min"),
    r"maximum (?:attenuation|hu|density|value|ct value)|highest|\bmax\b|最大(?:CT)?值|最高": ("hu_max", "intensity_max"),
    r"\b5th percentile|第5百分位": ("hu_p05", "intensity_p05"),
    r"median|中位": ("hu_p50", "intensity_p50"),
    r"95th percentile|第95百分位": ("hu_p95", "intensity_p95"),
    rf"(?:3-?d|three[- ]dimension(?:al(?:ly)?|s))(?:[ ,:-]|the\b|its\b|measured|overall|{_SPREAD})*{_EXTENT}"
    rf"|{_SPREAD}[ -]?(?:\w+ )?(?:3-?d|three-dimensional)(?: {_EXTENT})?|{_SPREAD} {_EXTENT}(?: of lesion)? in (?:3-?d|three dimensions)"
    r"|三维的?最[大长](?:直?径|长度)?|最[大长]的?三维(?:直?径|长度)?|三维直?径": ("max_diameter_3d",),
    r"cranio-?caudal|head[ -]to[ -](?:foot|toe)|top[ -]to[ -]bottom|superior[- ]inferior|\bheight\b|头足|头尾|上下(?:径|方向)|高度|高(?:约|为)*\s*$": ("craniocaudal_extent",),
    r"surface(?: area)?|表面积": ("surface_area",),
    r"sphericity|球形度": ("sphericity",),
    r"product(?: of (?:(?:the|its|both|two|long|short|longest|perpendicular|orthogonal|axial|and|&)[ -])*(?:diameters?|ax[ei]s|dimensions)?)?"
    r"|(?:(?:两|双|长短)[径轴]的?)?乘积": ("who_product",),
    r"thickness|层厚": ("slice_thickness",),
    r"slice (?:interval|spacing)|slices? (?:every|apart)|层间距|层距": ("slice_interval",),
    r"pixel (?:spacing|size)|像素(?:间距|大小)": ("pixel_spacing_i", "pixel_spacing_j"),
    r"threshold|阈值": ("threshold",),
    r"doubling time|倍增时间": ("doubling_time",),
    r"(?<!slice )(?<!in the )\binterval\b(?! (?:change|growth|increase|decrease|enlargement|progression))|间隔": ("interval", "prior_interval", "slice_interval"),
    r"sum of|总和|之和": ("sum_of_diameters", "sum_percent"),
}  # fmt: skip
"""What a number is called before it, and the quantities it may then be."""
_WORDS = tuple((re.compile(pattern, re.IGNORECASE), names) for pattern, names in QUANTITY_WORDS.items())
SOLID_MEASURE = re.compile(rf"\b{_SOLID}(?:volume|{_EXTENT})\b|实性(?:体积|直?径)", re.IGNORECASE)
"""The name of a measure of what is dense in a lesion: it says nothing of the lesion's type."""
_LEAST, _MOST = ("hu_min", "intensity_min"), ("hu_max", "intensity_max")
_OF_DENSITY = tuple(
    (re.compile(pattern, re.IGNORECASE), names)
    for pattern, names in ((r"max(?:imum)?\b(?:\s+(?:of|is|was))?\s*$|最大(?:为|值为?)?\s*$", _MOST), (r"min(?:imum)?\b(?:\s+(?:of|is|was))?\s*$|最小(?:为|值为?)?\s*$", _LEAST))
)
"""Names that are those of a density where the number is one: "up to a maximum of 87 HU"."""
DENSITY = re.compile(r"\b(?:hu|hounsfield(?: units?)?|attenuation|densit(?:y|ies)|ct (?:values?|numbers?))\b|CT值|密度|衰减", re.IGNORECASE)
_RANGE = re.compile(r"\b(?:rang(?:es?|ing)|runs?|running|spans?|spanning|vary|varies|between|extends?)\b(?: from)?|范围|分布|介于|波动", re.IGNORECASE)
_PERCENTILES = re.compile(r"\b5th and 95th percentiles?|第5和第?95百分位", re.IGNORECASE)
_BY_AREA = ("hu", "")
"""Units of a density, written or left out."""
_ACROSS = re.compile(r"[x×]\s*(?:约|about|[≈~=<>])?\s*$", re.IGNORECASE)
"""Where a second number of the same name follows: pixels are as wide as high, or not."""
_BOTH_AXES = re.compile(r"\bbidimensional\b|\baxial (?:diameters|axes|dimensions)\b|\bdimensions\b|\bboth (?:axes|diameters)\b|\b(?:its|the) two (?:axes|diameters)\b|两径|双径|长短[径轴](?!均|平均|取)", re.IGNORECASE)
_MEAN = re.compile(r"\b(?:mean|average|averag\w+)\b|平均|均值", re.IGNORECASE)
_TOGETHER = re.compile(r"\s*(?:and|&|/|与|和|及|、)\s*(?:the |its |a )?", re.IGNORECASE)
"""Between two names that share one row of numbers."""
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*(?!(?:th|d)\b)", re.IGNORECASE)
_LESION_NUMBER = re.compile(r"(\b(?:lesions?|nodules?|mass|candidates?)|病灶|结节|肿块)\s*\d{1,3}(?![\d.])(?:\s*(?:and|&|与|和|、)\s*\d{1,3}(?![\d.]|\s*(?:mm|cm|hu|%)))?", re.IGNORECASE)
_NAME_REACH = 60
"""Characters before a number in which its name is looked for."""
_PAIR = 2
_TIMES = re.compile(r"^(?:prior|current|change)_")
HIDDEN = frozenset(
    "axial_short_axis craniocaudal_extent max_diameter_3d pca_major pca_minor pca_least volume_mesh volume_ellipsoid surface_area "
    "sphericity who_product hu_sd hu_min hu_max hu_p05 hu_p50 hu_p95 intensity_sd intensity_min intensity_max "
    "intensity_p05 intensity_p50 intensity_p95 doubling_time".split()
)
"""Quantities that a bare number never means: twenty numbers of one lesion hold one near any digit. Name them."""

_WIDE = re.compile(r"\s*(?:wide\b|in width\b|宽)")
_LONG_BEFORE = re.compile(r"\d\s*mm (?:long|in length),?\s*(?:and |by )?$", re.IGNORECASE)
_OVER = re.compile(r"\s*(?:across|broad)\b")
"""What is across, once a length was given, is the short axis."""
_TALL = re.compile(r"\s*(?:tall\b|in height\b|高(?![于度密]))|\s*(?:from )?(?:head to (?:foot|toe)|top to bottom)\b", re.IGNORECASE)
_NAMED_AFTER = re.compile(
    r"\s*(?:mm|毫米)?\s*\(?(?:as |of |in |for |along )?(?:the |its )?(slice thickness|slices?\b(?! (?:apart|interval|spacing))|apart\b|slice interval|cranio-?caudal|(?:long|short)[- ]axis|(?:long|short)(?= one\b)|[长短][径轴])", re.IGNORECASE
)
"""A number's name where it stands behind it."""
_CALLED = {"slice": "slice thickness", "slices": "slice thickness", "apart": "slice interval", "long": "long axis", "short": "short axis"}

_RATED = tuple(
    (re.compile(pattern, re.IGNORECASE), (name,))
    for pattern, name in (
        (r"\btexture\b|质地", "lidc_texture"), (r"\bmargins?\b|边缘", "lidc_margin"),
        (r"\bLIDC\b|\brat(?:ings?|ed?)\b|\bscored?\b|评分", "lidc_rating"),
    )
)
"""What readers rate, and the quantity; a number of it has no unit."""
_BY_SIZE = re.compile(r"\b(?:from|by|on) (?:its |the )?(?:diameter|size)\b|直?径|大小", re.IGNORECASE)
_END_OF = re.compile(r"(?:(?P<low>\b(?:lower|low)\b|下限)|(?:\b(?:upper|high)\b|上限))[^\d,;。)]*$", re.IGNORECASE)
_BETWEEN = re.compile(r"\bbetween\s*$|介于\s*$", re.IGNORECASE)
_SMALL = re.compile(r"(?:\b(?:smallest|minimum|minimal|shortest|least)|最[小短]的?)\s*$", re.IGNORECASE)
_METHOD = re.compile(r"(?P<mesh>\bmesh\b|网格)|\bellipsoid(?:al)?\b|椭球", re.IGNORECASE)

Names = tuple[str, ...]


def named(quantities: Sequence[Quantity], before: str, unit: str) -> list[Quantity]:
    """Return the quantities a number may be: by the name that stands before it, else those a bare number may mean."""
    tail = tail_of(before)
    row, end = series(before, unit)
    told = len(_DIGITS.findall(tail[end:]))
    if told < len(row):
        return of(quantities, row[told])
    hits = [] if row else names_in(tail)
    if unit == "hu":
        hits += [(m.start(), m.end(), names) for p, names in _OF_DENSITY for m in (p.search(tail),) if m]
    judged = _rating_in(before)
    if judged and not unit and not hits and not row and of(quantities, judged):
        return of(quantities, judged)
    if hits:
        start, end, names = max(hits)
        names = _by_method(before, names)
        if "max_diameter_3d" in names and _SMALL.search(tail[:start]):
            return []
        goes_on = names[0].startswith("pixel_spacing") and _ACROSS.search(tail[end:])
        if goes_on or not _DIGITS.search(tail[end:]):
            found = of(quantities, names)
            if "interval" not in names or any(q.unit == unit or unit in ("day", "year") for q in found):
                return found
    return [q for q in quantities if measured(q.name) not in HIDDEN]


def _by_method(before: str, names: Names) -> Names:
    """Return which volume is meant where its method stands before it: "by the ellipsoid formula, the volume of"."""
    found = list(_METHOD.finditer(before))
    if "volume_voxel" not in names or not found or re.search(r"\d", _LESION_NUMBER.sub("", before[found[-1].end() :])):
        return names
    return ("volume_mesh",) if found[-1]["mesh"] else ("volume_ellipsoid",)


def rated(before: str) -> bool:
    """Return whether a number without a unit is one of a rating's, or a share that only its name tells apart."""
    return bool(_rating_in(before)) or any("sphericity" in n for _, _, n in names_in(_sentence(before)))


def _rating_in(before: str) -> Names:
    """Return the rating that a sentence speaks of last, also as told from a lesion's diameter where that is named."""
    said = _sentence(before)
    found = [(m.start(), names) for pattern, names in _RATED for m in pattern.finditer(said)]
    special = [x for x in found if x[1] != ("lidc_rating",)] or found
    names = max(special)[1] if special else ()
    end = _END_OF.search(said)
    if end is not None:
        return tuple(f"{n}_{'low' if end['low'] else 'high'}" for n in names)
    return (*names, *(f"{n}_from_diameter" for n in names)) if _BY_SIZE.search(said) else names


def _sentence(before: str) -> str:
    return re.split(r"[;。]", before)[-1]


def named_after(text: str, start: int, end: int) -> str:
    """Return the name of a number that stands behind it, as one that stands before would be written; often nothing.

    >>> named_after("It is 15 mm tall", 6, 11)
    ' craniocaudal '
    """
    if _TALL.match(text, end):
        return " craniocaudal "
    found = _NAMED_AFTER.match(text, end)
    if found:
        return f" {_CALLED.get(found[1].lower(), found[1])} "
    return " short axis " if _WIDE.match(text, end) or (_LONG_BEFORE.search(text[:start]) and _OVER.match(text, end)) else ""


def unit_of(unit: str, before: str) -> str:
    """Return the unit of a number: the Hounsfield unit where only its name says so ("the lowest HU value is -27")."""
    return "hu" if unit == "" and DENSITY.search(tail_of(before)) else unit


def series(before: str, unit: str = "", *, ends: bool = False) -> tuple[tuple[Names, ...], int]:
    """Return the quantities that are named together before a row of numbers, and where in its stretch; one is no row.

    >>> series("the long and short axes of lesion 1 are ")[0]
    (('axial_long_axis',), ('axial_short_axis',))
    `ends`: the number is a range.

    >>> series("attenuation in lesion 1 ranges from ", "hu")[0][0]
    ('hu_min', 'intensity_min')
    """
    tail = tail_of(before)
    hits = sorted(names_in(tail))
    shared = _PERCENTILES.search(tail)
    if shared is not None:
        return (("hu_p05", "intensity_p05"), ("hu_p95", "intensity_p95")), shared.end()
    judged = _rating_in(before)
    if (ends or _BETWEEN.search(tail)) and unit == "" and judged and not hits:
        return ((f"{judged[0]}_low",), (f"{judged[0]}_high",)), len(tail)
    spread = list((DENSITY if ends and not hits else _RANGE).finditer(tail))
    if spread and unit in _BY_AREA and (unit or DENSITY.search(tail)) and not any(n[0] in _LEAST + _MOST for _, _, n in hits):
        return (_LEAST, _MOST), spread[-1].end()
    both = [m for m in _BOTH_AXES.finditer(tail) if not any(a <= m.start() and m.end() <= b for a, b, _ in hits)]
    if both and not _MEAN.search(tail) and (not hits or both[-1].end() >= hits[-1][1]):
        return (("axial_long_axis",), ("axial_short_axis",)), both[-1].end()
    last = hits[-_PAIR:]
    if len(last) < _PAIR or not _TOGETHER.fullmatch(tail[last[0][1] : last[1][0]]):
        return (), 0
    return tuple(names for _, _, names in last), last[-1][1]


def tail_of(before: str) -> str:
    """Return the stretch before a number in which its name may stand: back over what holds no number and no name."""
    before = _LESION_NUMBER.sub(r"\1", before)
    pieces = re.split(r"([;;。]|(?<!\d)[,,]|[,,](?!\d))", before)
    tail = pieces.pop()[-_NAME_REACH:]
    while len(pieces) > 1 and pieces.pop() in ",," and not names_in(tail) and not re.search(r"\d", tail):
        tail = pieces.pop() + " " + tail
    return tail[-2 * _NAME_REACH :]


def names_in(tail: str) -> list[tuple[int, int, Names]]:
    """Return where names of quantities begin and end in a stretch, and what they name; a name inside another is none."""
    found = [(m.start(), m.end(), names) for pattern, names in _WORDS for m in pattern.finditer(tail)]
    return [x for x in found if not any((a, b) != x[:2] and a <= x[0] and x[1] <= b for a, b, _ in found)]


def last_name(before: str) -> str:
    """Return the last name of a quantity that stands before a place, in its own words; nothing where none does."""
    hits = names_in(before)
    if not hits:
        return ""
    start, end, _ = max(hits)
    return before[start:end]


def of(quantities: Sequence[Quantity], names: Sequence[str]) -> list[Quantity]:
    """Return those of the quantities that bear one of the names, at whatever time."""
    return [q for q in quantities if measured(q.name) in names]


def measured(name: str) -> str:
    """Return what a quantity is of, whatever time it is of: a comparison holds it as prior, current and change."""
    return name if name == "prior_interval" else _TIMES.sub("", name)
