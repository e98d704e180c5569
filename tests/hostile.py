"""Broken and hostile files: a seed of every format, a mutation fuzzer over bytes, and how reading one ended.

Everything follows from a number, so that a file that did harm can be made again.
"""

from __future__ import annotations

import gzip
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nibabel
import nrrd
import numpy as np
from made import Made, enhanced_ct, radiograph, save, values
from PIL import Image

from tools import ScanError, load_scan

Outcome = str
"""``read``, ``refused`` (with a reason), ``ended`` (the child died or took too long), or ``escaped: TYPE``."""
_ENDED = ("crashed the process", "was stopped", "was ended", "no sensible answer")


def seeds(folder: Path) -> dict[str, bytes]:
    """Return one small valid file a format and encoding, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, bytes] = {}

    def keep(name: str, path: Path) -> None:
        made[name] = path.read_bytes()

    one = Made(hu=values((7, 5, 1)))
    keep("ct.dcm", one.write(folder / "ct")[0])
    square = Made(hu=values((64, 64, 1)))
    for name, syntax in (
        ("deflated.dcm", "1.2.840.10008.1.2.1.99"), ("rle.dcm", "1.2.840.10008.1.2.5"),
        ("jpegls.dcm", "1.2.840.10008.1.2.4.80"), ("jpeg2000.dcm", "1.2.840.10008.1.2.4.90"),
    ):  # fmt: skip
        keep(name, square.write(folder / name, syntax=syntax)[0])
    keep("enhanced.dcm", save(enhanced_ct(Made()), folder / "e.dcm"))
    flat = np.arange(24, dtype=np.uint16).reshape(4, 6)
    keep("dx.dcm", save(radiograph(flat, PixelSpacing=[0.1, 0.2], WindowCenter=3, WindowWidth=4), folder / "dx.dcm"))
    for name in ("x.nii", "x.nii.gz"):
        nibabel.save(nibabel.Nifti1Image(values(), np.diag([0.7, 0.8, 2.0, 1.0])), folder / name)
        keep(name, folder / name)
    nibabel.save(nibabel.Nifti2Image(values(), np.eye(4)), folder / "two.nii")
    keep("two.nii", folder / "two.nii")
    for encoding in ("raw", "gzip", "bzip2", "ascii"):
        head = {"space": "LPS", "space directions": np.eye(3), "space origin": np.zeros(3), "encoding": encoding}
        nrrd.write(str(folder / "x.nrrd"), values(), head)
        keep(f"{encoding}.nrrd", folder / "x.nrrd")
    for name in ("x.png", "x.jpg"):
        Image.fromarray(np.arange(72, dtype=np.uint8).reshape(8, 9)).save(folder / name)
        keep(name, folder / name)
    with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_DEFLATED) as z:
        for file in Made(hu=values((4, 4, 3))).write(folder / "zipped"):
            z.write(file, f"series/{file.name}")
    keep("x.zip", folder / "x.zip")
    return made


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Return the bytes with one to five things done to them: flipped, overwritten, doubled, cut out, cut off, moved."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 5)):
        if not changed:
            break
        near = min(len(changed), 4096) if rng.random() < 0.7 else len(changed)
        at = rng.randrange(near)
        _CHANGES[rng.randrange(len(_CHANGES))](changed, at, rng)
    return bytes(changed)


def _flip(data: bytearray, at: int, rng: random.Random) -> None:
    data[at] ^= 1 << rng.randrange(8)


def _write(data: bytearray, at: int, rng: random.Random) -> None:
    data[at : at + rng.choice((1, 2, 4, 8))] = rng.choice(
        (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\0\0\0", rng.randbytes(4))
    )


def _double(data: bytearray, at: int, rng: random.Random) -> None:
    data[at:at] = data[at : at + rng.randint(1, 200)]


def _take(data: bytearray, at: int, rng: random.Random) -> None:
    del data[at : at + rng.randint(1, 64)]


def _cut(data: bytearray, at: int, rng: random.Random) -> None:
    if rng.random() < 0.3:
        del data[at:]


def _move(data: bytearray, at: int, rng: random.Random) -> None:
    other, length = rng.randrange(len(data)), rng.randint(1, 32)
    data[at : at + length] = data[other : other + length]


def _digits(data: bytearray, at: int, rng: random.Random) -> None:
    """Make the next number in the text another one."""
    for place in range(at, min(at + 400, len(data))):
        if chr(data[place]).isdigit():
            data[place : place + 1] = rng.choice((b"0", b"-1", b"99999999", b"nan", b"1e308", b"4294967297"))
            return


_CHANGES: tuple[Callable[[bytearray, int, random.Random], None], ...] = (
    _flip, _flip, _write, _write, _double, _take, _cut, _move, _digits,
)  # fmt: skip


def mutations(data: bytes, name: str, count: int, seed: int = 1) -> Iterator[bytes]:
    """Yield that many mutated files of a seed; gzip's content is mutated inside its packing every second time."""
    rng = random.Random(f"{name}/{seed}")
    packed = data.startswith(b"\x1f\x8b")
    for number in range(count):
        if packed and number % 2:
            yield gzip.compress(mutate(gzip.decompress(data), rng), 1, mtime=0)
        else:
            yield mutate(data, rng)


def outcome(path: Path, read: Callable[[Path], Any] = load_scan) -> tuple[Outcome, str]:
    """Return how reading a file ended, and what was said."""
    try:
        read(path)
    except ScanError as error:
        said = str(error)
        return ("ended" if any(w in said for w in _ENDED) else "refused"), said
    except Exception as error:  # anything else is what the tests look for
        return f"escaped: {type(error).__name__}", str(error)
    return "read", ""
