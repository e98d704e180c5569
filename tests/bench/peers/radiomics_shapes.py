"""Run inside pyradiomics' own environment: shape features of boxed masks, and the time for each.

Usage: python radiomics_shapes.py MASKS.npz OUT.json. The file holds `mask_N` (boolean, i j k) and `spacing_N`.
"""

from __future__ import annotations

import json
import logging
import sys
import time

import numpy as np
import SimpleITK as sitk  # noqa: N813
from radiomics.shape import RadiomicsShape

logging.getLogger("radiomics").setLevel(logging.ERROR)
found = []
with np.load(sys.argv[1]) as data:
    for n in range(len(data.files) // 2):
        label = sitk.GetImageFromArray(data[f"mask_{n}"].transpose(2, 1, 0).astype(np.uint8))
        label.SetSpacing([float(v) for v in data[f"spacing_{n}"]])
        image = sitk.Cast(label, sitk.sitkFloat32)
        start = time.perf_counter()
        shape = RadiomicsShape(image, label, label=1)
        shape.enableAllFeatures()
        values = {name: float(value) for name, value in shape.execute().items()}
        found.append({"seconds": time.perf_counter() - start, "values": values})
with open(sys.argv[2], "w", encoding="utf-8") as out:
    json.dump(found, out)
