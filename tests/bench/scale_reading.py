"""A DICOM series of known size: SimpleITK's series reader, MONAI's, ours; and the study opened again from its copy."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import from_here, in_a_process, in_turn, peak_mb

PLANE = 512


def write(folder: Path, slices: int, side: int = PLANE) -> None:
    """Write a CT series of noise, uncompressed."""
    from made import Made

    voxels = np.random.default_rng(0).integers(-1000, 400, (side, side, slices)).astype(np.int16)
    Made(hu=voxels, interval_mm=1.0, thickness_mm=1.0, column_mm=0.7, row_mm=0.7).write(folder)


def times(slices: int, rounds: int) -> dict[str, Any]:
    """Return seconds and ratios to SimpleITK, of each way to read one series."""
    import SimpleITK as sitk  # noqa: N813

    from tools.apart import ask
    from tools.scan.cache import open_scan, save_scan
    from tools.scan.load import load_scan, read_scan

    with tempfile.TemporaryDirectory() as name:
        folder, kept = Path(name) / "in", Path(name) / "kept"
        write(folder, slices)
        save_scan(read_scan(folder), kept)
        ask.warm()

        def itk() -> None:
            reader = sitk.ImageSeriesReader()
            reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
            reader.Execute()

        ways = {
            "SimpleITK's series reader": itk,
            "ours, in this process": lambda: read_scan(folder),
            "ours, in the warm child": lambda: load_scan(folder),
            "ours, opened again, every voxel touched": lambda: int(np.asarray(open_scan(kept).voxels).max()),
            **_monai(folder),
        }
        found = in_turn(ways, rounds)
    return {"slices": slices, "mb": slices * PLANE * PLANE * 2 / 2**20, "ways": found}


def _monai(folder: Path) -> dict[str, Any]:
    import logging
    import warnings
    from importlib.util import find_spec

    from monai.transforms import LoadImage

    warnings.simplefilter("ignore")  # MONAI tells at each reading which decoders are not installed
    logging.disable(logging.WARNING)
    readers = ["PydicomReader", *(["ITKReader"] if find_spec("itk") else [])]
    return {f"MONAI {r}": lambda r=r: LoadImage(reader=r, image_only=True)(str(folder)) for r in readers}


def growth(counts: list[int]) -> list[dict[str, Any]]:
    """Return time and memory against slices, each count in a process of its own."""
    return [in_a_process("scale_reading", f"one({n})") for n in counts]


def one(slices: int, side: int = 256) -> dict[str, Any]:
    """Return milliseconds to read a series, and how many times its volume the memory grew by."""
    import statistics
    import time

    import pydicom.pixels  # noqa: F401

    from tools.scan.load import read_scan

    with tempfile.TemporaryDirectory() as name:
        write(Path(name), 3, side)
        read_scan(name)
        for file in Path(name).iterdir():
            file.unlink()
        in_a_process("scale_reading", f"put({name!r}, {slices}, {side})")
        took, before = [], from_here()
        for _ in range(3):
            began = time.perf_counter()
            scan = read_scan(name)
            took.append(time.perf_counter() - began)
            volume = scan.voxels.nbytes / 2**20
            if len(took) == 1:
                grown = peak_mb() - before
            del scan
    return {"slices": slices, "ms": round(statistics.median(took) * 1000, 1), "ms_a_slice": round(statistics.median(took) * 1000 / slices, 3),
            "volume_mb": round(volume, 1), "memory_volumes": round(grown / volume, 2)}  # fmt: skip


def put(folder: str, slices: int, side: int) -> int:
    """Write a series, in a process whose memory does not count."""
    write(Path(folder), slices, side)
    return slices
