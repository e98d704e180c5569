"""Who it is taken out of DICOM images, by the standard's Basic Application Level Confidentiality Profile (PS3.15, E).

    pseudonyms  a patient's and an object's other name: the same for the same key, and no way back without it
    rules       what becomes of each element: the standard's table as dicom-anonymizer keeps it, and what we add
    dataset     one dataset, in place, sequences too
    pixels      which pixels may show text: warned of, never cleaned
    series      a folder, a file or a zip -> the same images of nobody

The table is the library's; the walk is ours, because the library's stays on the top level, turns removed dates into the
year 1, gives UIDs at random (so that what is written tomorrow fits nothing of today), and marks nothing.
Not taken out: what pixels show, a face that a head scan gives back, and what an image says of its machine's make.
Knows no case and no report.
"""

from __future__ import annotations

from tools.deidentify.dataset import deidentify, mark
from tools.deidentify.pseudonyms import Pseudonyms
from tools.deidentify.series import Cleared, DeidentifyError, PixelsMayName, deidentify_files, deidentify_series

__all__ = [
    "Cleared", "DeidentifyError", "PixelsMayName", "Pseudonyms", "deidentify", "deidentify_files", "deidentify_series",
    "mark",
]  # fmt: skip
