"""Shorthand and slips of the keyboard in a plain message put right: ``mesure leison`` is ``measure lesion``.

Only words that are no word this planner knows are touched, and only towards words of the trade; figures never are.
Knows no function and no case.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

SHORTEST = 5
"""Letters from which a word is put right: of shorter ones too many are near each other."""
TWO_SLIPS = 8
"""Letters from which two slips are forgiven instead of one."""
OFTEN = 6
"""Examples that have a word before it is known: strangers' slips are in the examples too, a few times each."""
RARELY = 12
"""A word that is this many times rarer than the word of the trade beside it is a slip of it."""

_SHORT = {
    "lt": "left", "rt": "right", "u": "you", "r": "are", "whats": "what's", "wheres": "where's", "whos": "who's", "sz": "size", "n1": "nodule 1", "n2": "nodule 2", "n3": "nodule 3", "hows": "how's",
    "pls": "please", "plz": "please", "thr": "threshold", "thresh": "threshold", "sag": "sagittal", "cor": "coronal",
    "ax": "axial", "prev": "previous", "dims": "dimensions", "dim": "dimensions", "dia": "diameter",
    "diam": "diameter", "vol": "volume", "gimme": "give me", "dat": "that", "win": "window", "seg": "segment",
    "goto": "go to", "pt": "patient", "approx": "about", "info": "information", "followup": "follow-up", "f/u": "follow-up",
    "rpt": "report", "dont": "don't", "doesnt": "doesn't", "cant": "can't", "isnt": "isn't", "im": "i'm", "w/": "with",
    "meas": "measure", "msr": "measure", "les": "lesion", "nod": "nodule", "nods": "nodules", "segm": "segment", "fu": "follow-up", "sl": "slice", "img": "image", "b4": "before",
    "ca": "cancer", "cmp": "compare", "bx": "biopsy", "hx": "history", "rept": "report", "n": "and",
    "thx": "thanks", "ty": "thanks", "tx": "thanks",
    "loc": "location", "impr": "impression", "md": "markdown", "rescan": "repeat the ct",
}  # fmt: skip
_SHORT_ZH = {"啥": "什么", "咋办": "怎么办", "咋样": "怎么样", "咋": "怎么", "木有": "没有", "来着": "", "一哈": "一下"}
_TRADE = (
    "measure measured measurement measurements diameter diameters volume density attenuation lesion lesions nodule nodules "
    "segment segmented segmentation outline outlined contour threshold cutoff tighter looser tighten loosen shrink expand "
    "report reports impression conclusion findings finding shorten shorter summary export download markdown compare "
    "comparison previous earlier threshold fleischner guideline guidelines recommend recommendation follow-up sagittal "
    "coronal axial window mediastinum mediastinal slice second third fourth bigger biggest larger largest smaller smallest "
    "search candidate candidates classify malignant benign cancer rating suspicious incidental biopsy location patient "
    "adrenal emphysema effusion doubling malignancy perifissural recist baseline screening pneumothorax calcified spiculated follow interval "
    "vessel pleura right upper lower middle chinese english please delineate dimensions sphericity longest shortest"
).split()
_CHAIN = re.compile(
    r"(?<=[\w\u3400-\u9fff])\s*(?:[/+&>]|->|=>|→)+\s*(?=(?:seg|meas|outl|contour|rpt|rep(?:ort|t)|rate\b|rating|class|compare|cmp|assess|siz|vol|score|export|pdf)|(?:分割|勾画|测量|量一|评分|写|出报告|报告|对比|随访|导出))"
)
"""Orders strung together: seg/meas/report, 分割+测量."""
_PATH = re.compile(r"(?:^|[\s\u3400-\u9fff])(?:~|\.{1,2})?/\w|\w:\\")
_LONG_AX = re.compile(r"\b(long|short|major|minor) ax\b")
_TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_ONES = "one two three four five six seven eight nine".split()
_SIDE_LETTER = re.compile(
    r"\b([rl])(?=[ -](?:lungs?|sided?|base|apex|apical|upper|lower|middle|mid|hil\w+|nodules?|lesions?|mass|one|hemithorax)\b)"
)
"""A letter that is a side before what has one: the R lung, L base."""
_SIDE_LETTER_ZH = re.compile(r"(?<![a-z])([rl])(?=侧|边|肺)")
_SEG_FILE = re.compile(r"\b(sr|dicom)\s*(?:and|&|\+|/|,)?\s*seg\b(?! it| the)(?: files?| objects?)?")
"""A DICOM SEG is a file, not an order."""
_UNIT = re.compile(r"(?<=\d) ?(d|wk|mo|mth|yr)s?(?= (?:ago|apart|later|back|between)\b)")
_UNITS = {"d": " days", "wk": " weeks", "mo": " months", "mth": " months", "yr": " years"}
_PERCENT = re.compile(rf"\b({'|'.join(_TENS)})(?:[ -]({'|'.join(_ONES)}))? (?:percent|per cent)\b")
_WORD = re.compile(r"(?<![\w/.~-])[a-z][a-z'-]*(?![\w.@])(?:/(?=\s))?|\bf/u\b|\bw/(?=\s)")


def spelled(text: str) -> str:
    """Return plain text with shorthand written out and slips put right.

    >>> spelled("mesure the secnd nodul, lt lung")
    'measure the second nodule, left lung'
    >>> spelled("seg/meas/rpt")
    'segment, measure, report'
    """
    text = _UNIT.sub(lambda m: _UNITS[m[1]], text)
    text = _SEG_FILE.sub(r"\1 with seg-object", text)
    text = _LONG_AX.sub(r"\1 axis", text if _PATH.search(text) else _CHAIN.sub(", ", text))
    text = _SIDE_LETTER.sub(lambda m: "right" if m[1] == "r" else "left", text)
    text = _SIDE_LETTER_ZH.sub(lambda m: "右" if m[1] == "r" else "左", text)
    for short, whole in _SHORT_ZH.items():
        text = text.replace(short, whole)
    text = _PERCENT.sub(_figures, text)
    return _WORD.sub(lambda m: _SHORT.get(m[0]) or _righted(m[0]), text)


def _figures(match: re.Match[str]) -> str:
    ones = _ONES.index(match[2]) + 1 if match[2] else 0
    return f"{(_TENS.index(match[1]) + 1) * 10 + ones} %"


@lru_cache(maxsize=4096)
def _righted(word: str) -> str:
    return word if word in _known() else _nearest(word) or word


def _nearest(word: str) -> str | None:
    """Return the word of the trade that a word is a slip of, or None."""
    if len(word) < SHORTEST:
        return None
    most = 2 if len(word) >= TWO_SLIPS else 1
    near = [(_slips(word, term, most), term) for term in _TRADE if term[0] == word[0]]
    best = min(near, default=(most + 1, word))
    return best[1] if best[0] <= most else None


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    """Return the words that the shipped examples have often, those of the trade, and their plain forms."""
    from agent.planner.intents import examples

    seen = Counter(w for lines in examples().values() for line in lines for w in set(re.findall(r"[a-z'-]+", line.lower())))
    often = {w for w, times in seen.items() if times >= OFTEN and seen[_nearest(w) or w] <= RARELY * times}
    words = {*_TRADE, *_ORDINARY, *often}
    return frozenset(words | {w + end for w in words for end in ("s", "'s")})


_ORDINARY = (
    "attention occlusion saliency "
    "lesson module modules model models reporter reported reporting sport resort export exports porter median measures "
    "measuring segmenting contours outlines outlining thresholds comparing compared classifying classified sliced slices "
    "several seconds thirds cancers patients patient's vessels vessel's windows searching searched searches "
    "previously lowest highest locations ratings suspicion incident accidental pleased pleasant winter "
    "rights uppermost lowers finding's nodular nodularity lesional volumetric volumes densities dense dimension "
    "tighten tightened tightly loosened loosely loose loosen expanded expanding shrunk shrinking small smalls large "
    "great bigger figure figures finger fingers trigger thirty thirds fourth forth forty forte slide slides sliver "
    "fellow fellows impressive corona bugger followup incidentally segmenter segmenters contoured coronary delineated earliest obtained shortcut slicer mistake stable status cancel cancelled canceled compute computer contact content control"
).split()
"""Words of everyday that lie near a word of the trade and are not it."""


def _slips(a: str, b: str, most: int) -> int:
    """Return how many letters are missing, added, changed or swapped between two words; more than `most`: any more."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    older: list[int] = []
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        last, row, older = row, [i], before
        for j, y in enumerate(b, start=1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        before = last
    return row[-1]
