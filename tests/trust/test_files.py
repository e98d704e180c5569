"""Broken and hostile files: each is read or refused in one sentence that names nobody, and nothing else happens.

What each reader says of each single fault is tested beside it, in tests/tools/scan; here it is anything at all.
"""

from __future__ import annotations

import copy
import json
import os
import random
import struct
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import hostile
import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import Made, save, tells_nobody

from agent import UngroundedAnswer, verify
from tools import Scan, ScanError, UnreadableScan, load_scan
from tools.scan.archive import climbs

Report = tuple[str, dict[str, Any]]
QUICK, LONG = 12, 1500
"""Mutated files a seed: by default, and in the long run."""


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return hostile.seeds(tmp_path_factory.mktemp("seeds"))


def _fuzz(folder: Path, seeds: dict[str, bytes], count: int, seed: int) -> Counter[str]:
    """Read mutated files and return how it ended: a scan, a refusal, or the end of the child, never another error."""
    found: Counter[str] = Counter()
    for name, data in seeds.items():
        path = folder / ("Quimby" + name[name.index(".") :])
        for number, changed in enumerate(hostile.mutations(data, name, count, seed)):
            path.write_bytes(changed)
            ended, said = hostile.outcome(path)
            found[ended] += 1
            assert ended in ("read", "refused", "ended"), f"{name}, seed {seed}, mutation {number}: {ended}, {said}"
            assert tells_nobody(said), said
            assert "\n" not in said
    return found


def test_every_seed_is_a_scan(tmp_path: Path, seeds: dict[str, bytes]) -> None:
    for name, data in seeds.items():
        (tmp_path / name).write_bytes(data)
        assert isinstance(load_scan(tmp_path / name), Scan), name


def test_mutated_files_are_read_or_refused(tmp_path: Path, seeds: dict[str, bytes]) -> None:
    found = _fuzz(tmp_path, seeds, QUICK, 1)
    assert found["refused"] > QUICK
    assert found["read"] > QUICK


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [2, 3])
def test_many_mutated_files_are_read_or_refused(tmp_path: Path, seeds: dict[str, bytes], seed: int) -> None:
    found = _fuzz(tmp_path, seeds, LONG, seed)
    assert sum(found.values()) == LONG * len(seeds)


def test_a_decoder_that_panics_is_an_unreadable_scan(tmp_path: Path, seeds: dict[str, bytes]) -> None:
    """pylibjpeg-rle panics on damaged runs with an error that is no `Exception`: kept from the fuzzer."""
    for number, changed in enumerate(hostile.mutations(seeds["rle.dcm"], "rle.dcm", 13)):
        if number in (2, 4, 5, 11, 12):
            (tmp_path / "x.dcm").write_bytes(changed)
            with pytest.raises(UnreadableScan, match=r"could not be decoded \(PanicException\)"):
                load_scan(tmp_path / "x.dcm")


def test_a_decoder_that_aborts_ends_its_process_and_nothing_else(tmp_path: Path, seeds: dict[str, bytes]) -> None:
    """openjpeg aborts on some damaged streams (SIGABRT), which no `except` sees: kept from the fuzzer."""
    changed = list(hostile.mutations(seeds["jpeg2000.dcm"], "jpeg2000.dcm", 94, 3))[93]
    (tmp_path / "x.dcm").write_bytes(changed)
    ended, said = hostile.outcome(tmp_path / "x.dcm")
    assert ended in ("ended", "refused")
    assert tells_nobody(said)
    (tmp_path / "y.nii").write_bytes(seeds["x.nii"])
    assert load_scan(tmp_path / "y.nii").shape == (7, 5, 4)


# Lying headers


@pytest.mark.parametrize(("rows", "columns", "frames"), [(65535, 65535, 1), (5, 7, 99999), (65535, 65535, 99999), (5, 7, 2), (6, 7, 1)])
def test_a_header_that_claims_more_pixels_than_there_are(tmp_path: Path, rows: int, columns: int, frames: int) -> None:
    ds = Made().dataset(0)
    ds.Rows, ds.Columns = rows, columns
    if frames > 1:
        ds.NumberOfFrames = frames
    with pytest.raises(ScanError):
        load_scan(save(ds, tmp_path / "x.dcm"))


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "0", "1e308", "1e-320", "x", ""])
def test_a_spacing_that_is_none(tmp_path: Path, value: str) -> None:
    """Not a number, infinite, negative, none: refused or without millimetres, never a silent 1 mm."""
    files = Made().write(tmp_path)
    for file in files:
        data = file.read_bytes()
        assert data.count(b"0.9\\0.7 ") == 1
        file.write_bytes(data.replace(b"0.9\\0.7 ", value.encode().ljust(7)[:7] + b"\\"))
    ended, said = hostile.outcome(tmp_path)
    assert tells_nobody(said)
    assert ended == "refused" or not load_scan(tmp_path).has_mm


def test_a_picture_that_is_also_dicom_is_one_of_both(tmp_path: Path) -> None:
    """A polyglot: another format's first bytes in the preamble. It is DICOM by its mark, whatever else it is."""
    data = bytearray(Made().write(tmp_path / "m", slices=[0])[0].read_bytes())
    for start in (b"\x89PNG\r\n\x1a\n", b"MZ\x90\0", b"II*\0\x08\0\0\0", b"#!/bin/sh\n", b"PK\x03\x04", b"NRRD0005\n"):
        data[: len(start)] = start
        (tmp_path / "x.png").write_bytes(data)
        assert load_scan(tmp_path / "x.png").source.format == "DICOM"


def test_a_bad_value_representation(tmp_path: Path) -> None:
    data = bytearray(Made().write(tmp_path / "m", slices=[0])[0].read_bytes())
    for at in [n for n in range(132, len(data) - 8) if data[n : n + 2] in (b"DS", b"US", b"UI", b"PN")][:40]:
        broken = bytearray(data)
        broken[at : at + 2] = b"??"
        (tmp_path / "x.dcm").write_bytes(broken)
        assert hostile.outcome(tmp_path / "x.dcm")[0] in ("read", "refused")


def test_a_disc_index_cannot_lead_out_of_its_folder(tmp_path: Path) -> None:
    """A DICOMDIR names files; it is never followed: what is read are the files that lie in the folder."""
    outside, disc = tmp_path / "outside", tmp_path / "disc"
    Made(series="other").write(outside)
    files = Made().write(disc)
    index = Made().dataset(0)
    index.ReferencedFileID = ["OUTSIDE", "A"]
    save(index, disc / "DICOMDIR")
    place = (disc / "DICOMDIR").read_bytes().replace(b"OUTSIDE\\A ", b"..\\OUTSIDE"[:10])
    assert b"..\\OUT" in place
    (disc / "DICOMDIR").write_bytes(place)
    (disc / "link.dcm").symlink_to(sorted(outside.iterdir())[0])
    scan = load_scan(disc)
    assert sorted(scan.source.files) == sorted(files)


def test_a_folder_that_leads_in_circles(tmp_path: Path) -> None:
    Made().write(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.dcm")
    assert load_scan(tmp_path).shape == Made().hu.shape


def test_bombs_of_each_packing_cost_a_message(tmp_path: Path) -> None:
    size = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    (tmp_path / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + size + struct.pack(">I", zlib.crc32(size)) + b"\0\0\0\0IDAT"
    )
    header = nibabel.Nifti1Header()
    header.set_data_shape((32767, 32767, 32767))
    (tmp_path / "huge.nii").write_bytes(header.binaryblock + b"\0" * 400)
    (tmp_path / "lies.nrrd").write_bytes(
        b"NRRD0005\ntype: double\ndimension: 3\nsizes: 99999 99999 99999\nencoding: gzip\n\n\x1f\x8b"
    )
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("x.dcm", b"\0" * 40_000_000)
    for name in ("bomb.png", "huge.nii", "lies.nrrd", "bomb.zip"):
        ended, said = hostile.outcome(tmp_path / name)
        assert ended == "refused", (name, ended, said)


# Properties


@given(st.binary(max_size=2000), st.sampled_from(["dcm", "nii", "nii.gz", "nrrd", "png", "zip", ""]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_scan_or_a_sentence(tmp_path: Path, data: bytes, ending: str) -> None:
    path = tmp_path / f"Quimby.{ending}"
    path.write_bytes(data)
    ended, said = hostile.outcome(path)
    assert ended in ("read", "refused")
    assert tells_nobody(said)


@given(
    st.lists(st.integers(-(2**15), 2**15 - 1), min_size=3, max_size=3),
    st.lists(st.floats(width=32), min_size=3, max_size=3),
    st.floats(width=32), st.floats(width=32), st.integers(0, 2000),
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_nifti_header_gives_a_sound_scan_or_a_sentence(
    tmp_path: Path, dims: list[int], sizes: list[float], slope: float, start: float, length: int
) -> None:
    header = nibabel.Nifti1Header()
    header["dim"][:4], header["pixdim"][1:4] = [3, *dims], sizes
    header["scl_slope"], header["vox_offset"], header["magic"], header["qform_code"] = slope, start, b"n+1", 1
    (tmp_path / "x.nii").write_bytes(header.binaryblock + b"\0" * length)
    try:
        scan = load_scan(tmp_path / "x.nii")
    except ScanError:
        return
    assert scan.voxels.shape == scan.shape
    assert np.isfinite(scan.voxels).all()
    assert all(s is None or (np.isfinite(s) and s > 0) for s in scan.spacing)


@given(st.lists(st.sampled_from(["..", ".", "a", "", "/", "\\", "C:", "~", "\0", "x.dcm"]), max_size=6))
@settings(max_examples=200, deadline=None)
def test_a_name_that_is_let_through_stays_in_its_folder(parts: list[str]) -> None:
    for name in ("/".join(parts), "\\".join(parts)):
        if not climbs(name):
            base = Path("/base/folder")
            assert Path(os.path.normpath(base / name.replace("\\", "/"))).is_relative_to(base)


# `verify` reads files of somebody else, too


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in _leaves(v, (*path, k))]
    if isinstance(value, list):
        return [p for n, v in enumerate(value) for p in _leaves(v, (*path, n))]
    return [path]


def _changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    made = copy.deepcopy(data)
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return made


ODD = (None, True, -1, 1e308, "", "x" * 300, [], {}, [[]], {"a": 1}, "E1", "E999")


def _verify(markdown: str, data: Any) -> list[str] | None:
    """Return the problems, or None where the file was refused."""
    try:
        return verify(markdown, data)
    except UngroundedAnswer:
        return None


def _alter(report: Report, every: int) -> int:
    markdown, evidence = report
    assert verify(markdown, evidence) == []
    leaves = [p for p in _leaves(evidence) if p[0] == "evidence" and p[-1] != "current"]  # worked out anew, not read
    tried = 0
    for number, path in enumerate(leaves):
        for turn, odd in enumerate(ODD):
            if (number + turn) % every == 0:
                changed = _changed(evidence, path, odd)
                if changed != evidence:
                    tried += 1
                    assert _verify(markdown, changed) != [], (path, odd)
    return tried


def test_no_alteration_of_the_evidence_passes(report: Report) -> None:
    assert _alter(report, 29) > 50


@pytest.mark.long
def test_no_alteration_of_any_value_of_the_evidence_passes(report: Report) -> None:
    assert _alter(report, 1) > 1000


def _scramble(report: Report, count: int, seed: int) -> int:
    markdown, evidence = report
    rng = random.Random(seed)
    text = json.dumps(evidence).encode()
    for number in range(count):
        if number % 2:
            _verify(hostile.mutate(markdown.encode(), rng).decode("utf-8", "replace"), evidence)
            continue
        try:
            data = json.loads(hostile.mutate(text, rng).decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict):
            _verify(markdown, data)
    return count


def test_verify_survives_broken_reports_and_evidence(report: Report) -> None:
    assert _scramble(report, 24, 1)


@pytest.mark.long
def test_verify_survives_many_broken_reports_and_evidence(report: Report) -> None:
    assert _scramble(report, 600, 2)
