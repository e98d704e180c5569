"""The masks in a label volume, each in its own small box: one pass over the volume, whatever the number of lesions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tools.contract import NotApplicable
from tools.mask import FloatArray, Mask

MOST_DIRECT = 65_535
"""Larger label values are numbered anew while the boxes are looked for, as a table is as long as its largest value."""


def masks_of(
    labels: npt.NDArray[Any], affine: FloatArray, scan_id: str = "", *, most: int | None = None
) -> dict[int, Mask]:
    """Return the mask of every value but 0, by value.

    Args:
        labels: whole numbers, axes ``(i, j, k)``; booleans are one lesion.
        affine: 4x4, voxel index -> RAS mm.
        scan_id: of the scan whose grid it is.
        most: so many values may be there; None: any number.

    Raises:
        NotApplicable: fractions, negative values or more values than may be there: an image, not labels.
    """
    from scipy.ndimage import find_objects

    whole = labels.view(np.uint8) if labels.dtype == bool else labels
    if not np.issubdtype(whole.dtype, np.integer):
        whole = _whole(labels)
    if whole.size and np.issubdtype(whole.dtype, np.signedinteger) and whole.min() < 0:
        raise NotApplicable(f"The label volume holds the value {int(whole.min())}: labels are 0, 1, 2 and so on.")
    names = np.arange(MOST_DIRECT + 1)
    top = int(whole.max(initial=0))
    if top > MOST_DIRECT:
        names, numbered = np.unique(np.append(whole.ravel(), 0), return_inverse=True)  # names[0] is the background
        whole, top = numbered[:-1].reshape(labels.shape), len(names) - 1
    shape = (whole.shape[0], whole.shape[1], whole.shape[2])
    boxes = [(value, box) for value, box in enumerate(find_objects(whole, top) if top else (), start=1) if box]
    if most is not None and len(boxes) > most:
        raise NotApplicable(
            f"The label volume holds {len(boxes)} values, and at most {most} are lesions: it is an image, not labels."
        )
    found = {}
    for value, box in boxes:
        offset = (box[0].start, box[1].start, box[2].start)
        found[int(names[value])] = Mask(scan_id, whole[box] == value, offset, shape, affine)
    return found


def _whole(labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if not np.isfinite(labels).all() or (labels != np.rint(labels)).any():
        raise NotApplicable("The label volume holds fractions. Save it with whole numbers: 0, 1, 2 and so on.")
    return labels.astype(np.int64)
