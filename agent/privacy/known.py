"""Replaces a case's known identifiers in text that leaves the machine.

What is known comes from the scan's `Source`: names, numbers, dates, addresses, file and folder names. What no header
holds is found by its form (`identifiers`), and both together by what goes out (`leaving`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.scan import Source

WITHHELD = "[withheld]"
SHORTEST = 3
"""Parts of a name shorter than this would take common words with them; such a name is taken as a whole."""
FOLDERS = 3
"""Folders above a file whose names are withheld too: people file scans under a patient's name and a date."""

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_HAS_CJK = re.compile(f"[{_CJK}]")
_BEFORE, _AFTER = rf"(?<![^\W_{_CJK}])", rf"(?![^\W_{_CJK}])"
"""A word ends where its letters end: an underscore or a Chinese character beside it hides nobody."""
_NO_UNIT = r"(?!\s*(?:mm|cm|HU\b|%|days?\b|years?\b|slices?\b|months?\b|毫米|厘米|岁|天|层|个月))"
"""A short number before a unit is a size, whatever number the patient has."""
_LONG_NUMBER = 5
_DATE = re.compile(r"^(\d{4})[-.]?(\d{2})[-.]?(\d{2})$")
_TIME = re.compile(r"^([01]\d|2[0-3])([0-5]\d)([0-5]\d)?(?:\.\d+)?$")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH_ENDS = "uary ruary ch il  e y ust tember ober ember ember".split(" ")
_NAMES = frozenset(
    "PatientName PatientBirthName OtherPatientNames PatientMotherBirthName ResponsiblePerson ReferringPhysicianName "
    "PerformingPhysicianName PhysiciansOfRecord NameOfPhysiciansReadingStudy RequestingPhysician OperatorsName".split()
)
COMMON = frozenset(
    "chest thorax thoracic lung lungs pulmonary lobe image images scan scans series study studies none anonymous "
    "anonymized unknown phantom the and for with without not from this that ct mr mri pet xray dicom dcm nii "
    "nifti nrrd png jpg jpeg zip upper middle lower left right both nodule nodules mass lesion lesions follow "
    "followup up screening routine protocol standard low high dose thin thick slice slices axial coronal sagittal "
    "plane contrast enhanced plain native arterial venous phase delayed delay recon reconstruction reformat "
    "mediastinum mediastinal bone soft tissue window kernel sharp smooth abdomen abdominal pelvis head neck brain "
    "heart cardiac liver spine whole body trauma emergency cancer carcinoma tumor tumour oncology staging "
    "restaging biopsy guided history known solid ground glass ggo ggn part size long short axis diameter volume "
    "mean measure measured measurement segment report guideline fleischner recist rads case evidence value unit "
    "text data home tmp temp users user downloads desktop documents export exports input output sample test "
    "original primary derived secondary hospital department radiology clinic medical center centre university "
    "general service patient male female adult smoker never former current age year years month months day days "
    "day1 scanner medium large small helical spiral hires full inspiration expiration supine prone localizer "
    "scout topogram survey pulmonology internal medicine surgery follow-up stable new old prior previous compare "
    "comparison file files folder volumes mask masks label labels".split()
)
"""Words of the trade: a study called "lung nodule follow-up" must not take "nodule" out of every message."""

_FILE_WORDS = frozenset(
    "picture pictures photo photos photograph snapshot screenshot screen capture untitled final copy draft download "
    "film films frontal lateral front side view views radiograph upload uploads shared share archive backup project "
    "projects work working result results record records open opened first last next number numbers box point "
    "points click outline outlines drawn one two three four five another other some example examples demo try trial "
    "temporary volume1 scan1 scan2 image1 image2 case1 case2 region area finding findings candidate candidates "
    "distance size sizes today yesterday now before after current latest baseline inner outer top bottom "
    "center middle".split()
)
"""Words of every day that a file or a folder is called by; the answers use them too, and they are nobody's name."""

Pattern = tuple[bool, str]
"""Whether it is a part (a single word or number, a year) of something longer, and the regular expression."""


class Redactor:
    """Knows what must not leave and takes it out of text."""

    def __init__(self, sources: Iterable[Source]) -> None:
        found: set[Pattern] = set()
        for source in sources:
            for keyword, value in source.identity.items():
                found.update(_patterns(keyword, str(value)))
            for file in source.files:
                found.update(_of_file(file))
            if source.study_date:
                found.update(_patterns("StudyDate", source.study_date))
        self._passes = []
        for part in (False, True):  # wholes first: what is left of a date once its year is gone would stay
            chosen = sorted((p for is_part, p in found if is_part == part), key=lambda p: (-len(p), p))
            if chosen:
                self._passes.append(re.compile("|".join(chosen), re.IGNORECASE))

    def clean(self, text: str) -> str:
        """Return the text with every known identifier replaced."""
        for pattern in self._passes:
            text = pattern.sub(WITHHELD, text)
        return text

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where known identifiers stand, in order; those found two ways may overlap."""
        return sorted(m.span() for pattern in self._passes for m in pattern.finditer(text))


def _patterns(keyword: str, value: str) -> Iterator[Pattern]:
    """Yield regular expressions for a header value's spellings."""
    value = value.strip()
    date, time = _DATE.match(value), _TIME.match(value)
    if date and "01" <= date[2] <= "12" and "01" <= date[3] <= "31":
        yield from ((False, pattern) for pattern in _of_date(date[1], date[2], date[3]))
        if "Birth" in keyword:
            yield True, rf"(?<![\d.]){date[1]}(?!\d|\.\d){_NO_UNIT}"
        return
    if time and "Time" in keyword:
        hour, minute, second = time[1], time[2], time[3]
        yield True, rf"(?<!\d){hour}:{minute}(?::{second})?(?!\d)" if second else rf"(?<!\d){hour}:{minute}(?!\d)"
    for one in re.split(r"\\|=|['\"\[\]]+,?\s*['\"\[\]]*", value):
        if keyword in _NAMES:
            yield from _of_name(one)
        else:
            yield from _of_text(one)


def _of_name(value: str) -> Iterator[Pattern]:
    parts = [p for p in re.split(r"[\^,\s]+", value) if p]
    if not parts:
        return
    for order in (parts, parts[::-1], parts[1:] + parts[:1], parts[:2], parts[:2][::-1]):
        whole = "".join(order)
        if len(whole) >= SHORTEST or _HAS_CJK.search(whole):
            yield False, _words(order)
    for part in parts:
        yield from _word(part, named=True)


def _of_text(value: str) -> Iterator[Pattern]:
    """Yield patterns for a number, an address or a description: as a whole, and each word that is not of the trade."""
    parts = [p for p in re.split(r"[\^,;:\s]+", value) if p]
    uncommon = [p for p in parts if p.lower().strip("().") not in COMMON]
    if len(parts) > 1 and (uncommon or len(parts) > 2):
        yield False, _words(parts)
    for part in uncommon:
        yield from _word(part.strip("()."), named=False)


def _of_file(file: Path) -> Iterator[Pattern]:
    yield False, edged(re.escape(str(file)))
    yield from _of_path_part(file.name)
    stem = file.name.split(".")[0]
    yield from _of_path_part(stem)
    for folder in list(file.parents)[:FOLDERS]:
        yield from _of_path_part(folder.name)


def _of_path_part(name: str) -> Iterator[Pattern]:
    if (len(name) >= SHORTEST and not _everyday(name)) or (_HAS_CJK.search(name) and len(name) > 1):
        yield False, edged(re.escape(name))
    for part in re.split(r"[_\-.\s^,]+", name):
        if (len(part) > SHORTEST and not _everyday(part)) or _HAS_CJK.search(part):
            yield from _word(part, named=False)


def _everyday(name: str) -> bool:
    """Return whether a file or a folder has a word of the trade or of every day for a name: it names nobody.

    >>> _everyday("picture"), _everyday("Quimby")
    (True, False)
    """
    words = [w for w in re.split(r"[_\-.\s^,]+", name.lower()) if w]
    return bool(words) and all(w in COMMON or w in _FILE_WORDS for w in words)


def _word(word: str, *, named: bool) -> Iterator[Pattern]:
    """Yield the pattern of one word, and of its plain-letter spelling; nothing for what is too short or too common."""
    common = word.lower() in COMMON
    if _HAS_CJK.search(word):
        if len(word) > 1:
            yield True, re.escape(word)
    elif len(word) >= SHORTEST and not (common and not named) and word.lower() not in ("none", "anonymous", "unknown"):
        # A name that is also a word of the trade is not looked for inside axial_long_axis.
        edge = (r"(?<!\w)", r"(?!\w)") if common else (_BEFORE, _AFTER)
        if word.isdigit():
            unit = _NO_UNIT if len(word) < _LONG_NUMBER else ""
            yield True, rf"(?<!\d)(?<!\d\.){word}(?!\d|\.\d){unit}"
        else:
            for spelling in dict.fromkeys((word, _plain(word))):
                yield True, edge[0] + _loose(spelling) + edge[1]
            for number in re.findall(rf"\d{{{_LONG_NUMBER},}}", word):
                yield True, rf"(?<!\d)(?<!\d\.){number}(?!\d|\.\d)"


def _words(parts: list[str]) -> str:
    """Return the pattern of several words in a row, whatever stands between them."""
    return edged(r"[\s,.^_\-]*".join(re.escape(p) for p in parts))


def _loose(word: str) -> str:
    """Return a word's pattern in which marks between its letters and digits may be left out or changed: MRN-771."""
    runs = re.findall(r"[^\W_]+", word)
    return r"[\W_]?".join(re.escape(r) for r in runs) if runs else re.escape(word)


def edged(pattern: str) -> str:
    """Return a pattern that matches whole words only; characters of Chinese have no edges."""
    return _BEFORE + pattern + _AFTER


def _plain(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def _of_date(year: str, month: str, day: str) -> Iterator[str]:
    """Yield the ways people write a date, in English, Chinese and DICOM."""
    years = rf"(?:{year}|'?{year[2:]})"
    m, d, gap = f"0?{int(month)}", f"0?{int(day)}", r"\s?[-./\\]\s?"
    yield rf"(?<!\d){year}{month}{day}(?:[0-2]\d[0-5]\d(?:[0-5]\d)?(?:\.\d+)?(?!\d))?"
    yield rf"(?<!\d){year}{gap}{m}{gap}{d}(?!\d)"
    yield rf"(?<!\d){d}{gap}{m}{gap}{years}(?!\d)"
    yield rf"(?<!\d){m}{gap}{d}{gap}{years}(?!\d)"
    yield rf"(?<!\d){year}\s?年\s?{m}\s?月(?:\s?{d}\s?[日号]?)?"
    yield rf"(?<!\d){m}\s?月\s?{d}\s?[日号]"
    name, end = _MONTHS[int(month) - 1], _MONTH_ENDS[int(month) - 1]
    word = rf"{name}(?:t|{end})?\.?" if name == "sep" else rf"{name}(?:{end})?\.?"
    ordinal = rf"{d}(?:st|nd|rd|th)?"
    yield rf"(?<!\d){ordinal}[\s\-./]*(?:of\s+)?{word}(?![a-z])(?:[\s\-./,]*{years}(?!\d))?"
    yield rf"(?<![a-z]){word}[\s\-./]*{ordinal}(?!\d)(?:[\s\-./,]*{years}(?!\d))?"
    yield rf"(?<!\d){year}[\s\-./]+{word}[\s\-./]*{ordinal}(?!\d)"
    yield rf"(?<![a-z]){word}[\s\-./,]+{year}(?!\d)"
