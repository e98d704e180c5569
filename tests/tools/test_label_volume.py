"""A label volume's masks: whatever values stand in it, and an image taken for one is refused."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from tools import NotApplicable, Scan
from tools.label_volume import masks_of
from tools.lesions import read_labels


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint32, np.float32])
def test_each_value_is_a_mask_of_its_own_box(kind: type) -> None:
    labels = np.zeros((9, 8, 7), kind)
    labels[1:3, 2:5, 3] = 4
    labels[5:8, 1, 2:6] = 200 if kind is np.uint8 else 300
    found = masks_of(labels, np.eye(4))
    assert sorted(found) == [4, 200 if kind is np.uint8 else 300]
    for value, mask in found.items():
        assert np.array_equal(mask.voxels, labels == value)


def test_large_values_are_kept() -> None:
    labels = np.zeros((4, 4, 4), np.int64)
    labels[0, 0, 0], labels[3, 3, 3] = 70_000, 2_000_000_000
    assert {n: m.offset for n, m in masks_of(labels, np.eye(4)).items()} == {70_000: (0, 0, 0), 2_000_000_000: (3, 3, 3)}


def test_more_values_than_may_be_there_are_an_image() -> None:
    labels = np.arange(8).reshape(2, 2, 2)
    assert len(masks_of(labels, np.eye(4), most=7)) == 7
    with pytest.raises(NotApplicable, match="holds 7 values, and at most 6"):
        masks_of(labels, np.eye(4), most=6)


@pytest.mark.parametrize(("values", "message"), [
    (np.zeros((4, 4, 4), np.int16), "is empty"),
    (np.full((4, 4, 4), -1000, np.int16), "from -1000: it is an image"),
])  # fmt: skip
def test_a_mask_file_that_is_none(tmp_path: Path, values: np.ndarray, message: str) -> None:
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / "mask.nii.gz")
    scan = Scan.build(np.zeros((4, 4, 4), np.int16), np.eye(4))
    with pytest.raises(NotApplicable, match=message):
        read_labels(tmp_path / "mask.nii.gz", scan)
