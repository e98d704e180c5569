"""TorchXRayVision's released network, a pickle of a whole model -> its tensors as safetensors, nothing of it run.

Both of PyTorch's file formats are read: the zip, and the stream of before 1.6 that the network was released in.
"""

from __future__ import annotations

import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from tools.fetch.errors import FetchFailed
from tools.models.chest_xray.instructions import KINDS, Cut, Follower, NotANetwork, Numbers, Part

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
"""What the older format begins with."""
BROKEN = (ValueError, TypeError, IndexError, KeyError, OverflowError, struct.error, zipfile.BadZipFile, EOFError)
"""How a file that is no network shows itself."""
DEEPEST = 20
"""Parts within parts."""
Array = npt.NDArray[Any]


def library() -> Any:
    """Return the library's models. Importing it silences every warning of the process, which is undone here."""
    try:
        with warnings.catch_warnings():
            import torchxrayvision
    except ImportError as error:
        raise FetchFailed("This needs the extra xray: pip install 'scanwright[xray]'.") from error
    return torchxrayvision


def convert(file: Path, target: Path) -> None:
    """Write a network's tensors as safetensors. Raises FetchFailed when the file holds anything else."""
    from safetensors.numpy import save_file

    try:
        tensors = _zipped(file) if zipfile.is_zipfile(file) else _streamed(file)
        tensors.pop("op_threshs", None)
        if not tensors:
            raise NotANetwork("it holds no tensors")
    except BROKEN as error:
        said = str(error) if isinstance(error, NotANetwork) else type(error).__name__
        raise FetchFailed(
            f"{file.name} is no network that is read, or is damaged; nothing in it was run ({said[:200]})."
        ) from error
    save_file(tensors, str(target))


def _streamed(file: Path) -> dict[str, Array]:
    with file.open("rb") as opened:
        if (Follower().follow(opened), Follower().follow(opened)) != (MAGIC, PROTOCOL):
            raise NotANetwork("it does not begin as a file of PyTorch does")
        Follower().follow(opened)  # of the machine it was written on
        follower = Follower()
        network = follower.follow(opened)
        keys = Follower().follow(opened)
        runs = {str(key): _next_run(opened, follower.runs[str(key)]) for key in keys}
    return _named(network, runs.__getitem__)


def _next_run(opened: BinaryIO, run: Numbers) -> Array:
    (count,) = struct.unpack("<q", opened.read(8))
    if count != run.count:
        raise NotANetwork("its numbers are not as many as it says")
    return _numbers(opened.read(count * np.dtype(KINDS[run.kind]).itemsize), run)


def _zipped(file: Path) -> dict[str, Array]:
    with zipfile.ZipFile(file) as archive:
        (main,) = [n for n in archive.namelist() if n.endswith("/data.pkl")]
        place = main.removesuffix("data.pkl")
        follower = Follower()
        with archive.open(main) as opened:
            network = follower.follow(opened)  # type: ignore[arg-type]
        size = {i.filename: i.file_size for i in archive.infolist()}

        def run(key: str) -> Array:
            due = follower.runs[key]
            if size.get(f"{place}data/{key}") != due.count * np.dtype(KINDS[due.kind]).itemsize:
                raise NotANetwork("its numbers are not as many as it says")
            return _numbers(archive.read(f"{place}data/{key}"), due)

        return _named(network, run)


def _numbers(content: bytes, run: Numbers) -> Array:
    kind = np.dtype(KINDS[run.kind])
    if len(content) != run.count * kind.itemsize:
        raise NotANetwork("its numbers are cut off")
    return np.frombuffer(content, kind)


def _named(network: Any, run: Callable[[str], Array]) -> dict[str, Array]:
    if not isinstance(network, Part):
        raise NotANetwork("it holds no network")
    return {name: _tensor(cut, run(cut.numbers.key)) for name, cut in _tensors(network, "", 0)}


def _tensors(part: Part, prefix: str, depth: int) -> list[tuple[str, Cut]]:
    """Return the parameters and buffers of a part and of those in it, named as PyTorch names them."""
    if depth > DEEPEST:
        raise NotANetwork("its parts lie too deep in each other")
    found = [
        (prefix + name, value)
        for kind in ("_parameters", "_buffers")
        for name, value in part.held.get(kind, {}).items()
        if isinstance(value, Cut)
    ]
    for name, inner in part.held.get("_modules", {}).items():
        if isinstance(inner, Part):
            found += _tensors(inner, f"{prefix}{name}.", depth + 1)
    return found


def _tensor(cut: Cut, run: Array) -> Array:
    last = cut.offset + sum((n - 1) * s for n, s in zip(cut.shape, cut.strides, strict=True))
    if min((cut.offset, *cut.strides)) < 0 or min(cut.shape, default=1) < 1 or last >= run.size:
        raise NotANetwork("a tensor lies outside its numbers")
    strides = [s * run.itemsize for s in cut.strides]
    return np.array(np.lib.stride_tricks.as_strided(run[cut.offset :], cut.shape, strides))
