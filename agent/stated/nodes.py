"""Which lesions the reader says are lymph nodes: RECIST measures a node by its short axis. Knows no case.

Only a plain statement counts: no question, no rule, nothing unsure, no node inside the lung (a kind of nodule).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.stated.prior import sentences

_LIST = r"\d{1,3}(?:\s*(?:,\s*(?=\d)|,?\s*(?:and|&|\+|、|和|与|及)\s*(?:(?:lesions?|nodules?|病灶)\s*)?)\d{1,3})*"
_KIND = (
    "an?|the|both|all|mediastinal|hilar|axillary|subcarinal|paratracheal|supraclavicular|retroperitoneal|abdominal|"
    "cervical|inguinal|enlarged|pathological|lymph"
)
_WORDS = rf"(?:(?:{_KIND})[\s-]+){{0,4}}"
_EN = re.compile(
    rf"\b(?:(?:lesions?|nodules?|targets?|numbers?|no\.?|#)\s*(?P<n>{_LIST})|(?P<it>it|this(?: one| lesion)?))\s*"
    rf"(?:(?:is|are|was|were)(?P<no>\s+not|n't)?|'s)\s+{_WORDS}nodes?\b(?![\s-]*(?:positive|negative|status|stage))"
    rf"|\b(?:count|treat|take|measure|consider|regard|use)\s+(?:lesions?|nodules?|targets?|#)\s*(?P<m>{_LIST})\s+as\s+{_WORDS}nodes?\b",
    re.ASCII,
)
_ZH = re.compile(
    rf"(?:病灶|结节|靶病灶|靶灶)\s*(?P<n>{_LIST})\s*(?:号)?(?P<no>不)?(?:都)?(?:是|为)[^,。;?]{{0,8}}?淋巴结"
    rf"|(?:把|将)?(?:病灶|靶病灶)\s*(?P<m>{_LIST})\s*(?:当作|作为|按|视为)[^,。;?]{{0,8}}?淋巴结"
)
_UNCERTAIN = re.compile(
    r"\b(?:if|whether|suppose|might|may|could|perhaps|maybe|possib\w+|probab\w+|likely|suspect\w*|unsure|intrapulmonary)\b|如果|假如|是否|可能|也许|疑|肺内淋巴结"
)


def nodes_of(text: str, focus: int | None = None) -> Iterator[tuple[int, bool, str]]:
    """Yield the number of a lesion, whether it is a lymph node, and the reader's words.

    >>> [found[:2] for found in nodes_of("Lesions 2 and 3 are nodes. Lesion 1 is not a node. Is lesion 4 a node?")]
    [(2, True), (3, True), (1, False)]
    """
    for sentence, words in sentences(text):
        if _UNCERTAIN.search(sentence):
            continue
        for pattern in (_EN, _ZH):
            for found in pattern.finditer(sentence):
                named = found.groupdict()
                numbers = re.findall(r"\d+", named["n"] or named["m"] or "") or ([focus] if focus else [])
                asked = sentence[found.end() :].lstrip().startswith("吗") or _asked(text, words)
                for number in () if asked else numbers:
                    yield int(number), not named["no"], words


def _asked(text: str, words: str) -> bool:
    """Return whether a sentence ends in a question mark."""
    at = text.find(words)
    return at >= 0 and text[at + len(words) :].lstrip()[:1] in ("?", "\uff1f")
