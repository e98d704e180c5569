"""Which pixels may show who it is: by what the header says and by the kind of machine. Nothing is cleaned.

Knows no pixel but the bytes of packed ones, which may carry words of their own (a JPEG's comment).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tools.scan.dicom_header import may_show_text

SCREENS = {
    "US": "ultrasound", "IVUS": "ultrasound", "ES": "endoscopy", "XC": "a photograph", "GM": "microscopy",
    "SM": "a slide", "OP": "a photograph of the eye", "DOC": "a document", "OT": "of no stated kind",
    "RF": "fluoroscopy", "XA": "angiography",
}  # fmt: skip
"""Modalities whose machines write names into the picture, or whose pictures show a face, a label, a document."""


LEAST_IN_PLAIN = 6
"""Letters of a word that stand in plain pixels by chance as good as never; packed ones are shorter by far."""


def why_named(header: Any, known: Iterable[str] = ()) -> str | None:
    """Return why pixels may show a name, or None. `known` are words that name somebody, in lower case."""
    said = str(header.get("BurnedInAnnotation") or "").strip().upper()
    if may_show_text(header):
        return "the header says that text is burned in" if said == "YES" else "it is a screen capture"
    if said != "NO" and (kind := SCREENS.get(str(header.get("Modality") or ""))):
        return f"it is {kind}"
    if str(header.get("RecognizableVisualFeatures") or "").strip().upper() == "YES":
        return "the header says that the person can be recognised"
    data = header.get("PixelData")
    if isinstance(data, bytes) and known:
        least, low = 1 if _is_packed(header) else LEAST_IN_PLAIN, data.lower()
        if any(word.encode() in low for word in known if len(word) >= least):
            return "its pixel data carry a word that names somebody"
    return None


def _is_packed(dataset: Any) -> bool:
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    return bool(syntax is not None and syntax.is_compressed)
