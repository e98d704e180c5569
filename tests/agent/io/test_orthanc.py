"""The archive for real: an Orthanc that the test starts, over DICOMweb and as a DICOM node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orthanc
import pydicom
import pytest
from filed import ball_series, file_report, load_series, write_series

from agent.io.archive import ArchiveFailed, NotApproved, Query, fetch, send
from agent.io.choose import open_archive
from agent.settings import Settings

pytestmark = [pytest.mark.long, pytest.mark.skipif(orthanc.why_not() is not None, reason=str(orthanc.why_not()))]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[orthanc.Orthanc]:
    with orthanc.running(tmp_path_factory.mktemp("orthanc")) as found:
        yield found


def archive(server: orthanc.Orthanc, via: str) -> Any:
    return open_archive(Settings(home=Path("/nowhere"), dicomweb_url=server.web, pacs_node=server.node), via)


@pytest.mark.parametrize("via", ["dicomweb", "node"])
def test_a_report_goes_there_and_comes_back_with_its_scan(server: Any, via: str, open_case: Any, tmp_path: Path) -> None:
    series = ball_series(series=f"of {via}")
    filed = file_report(open_case, tmp_path / "in", series, pdf=b"%PDF-1.4\n%%EOF\n", signed_by="Ada King")
    there = archive(server, via)
    assert "answered" in there.echo()
    images = [f.read_bytes() for f in sorted((tmp_path / "in").iterdir())]
    with pytest.raises(NotApproved):
        send(there, images, approved=False)
    study = str(filed.filing.original.first.StudyInstanceUID)
    assert send(there, images, approved=True) == 12
    assert send(there, list(filed.files.values()), approved=True) == 3

    assert any(s["StudyInstanceUID"] == study for s in there.find(Query(patient_id="MRN-771")))
    assert there.find(Query(patient_id="nobody")) == []
    kinds = {s["SeriesInstanceUID"]: s["Modality"] for s in there.find(Query(study=study))}
    assert kinds[str(filed.filing.original.first.SeriesInstanceUID)] == "CT"
    assert {"CT", "SR", "SEG", "DOC"} <= set(kinds.values())

    back = fetch(there, tmp_path / "back", study, str(filed.filing.original.first.SeriesInstanceUID))
    assert len(back) == 12
    scan = load_series(tmp_path / "back")
    assert scan.id == filed.filing.scan.id, "the same voxels in the same place"
    sr = next(s for s in kinds if s == filed.dataset("sr.dcm").SeriesInstanceUID)
    (file,) = fetch(there, tmp_path / "sr", study, sr)
    assert pydicom.dcmread(file).ContentSequence == filed.dataset("sr.dcm").ContentSequence
    seg = fetch(there, tmp_path / "seg", study, filed.dataset("seg.dcm").SeriesInstanceUID)
    assert np.array_equal(pydicom.dcmread(seg[0]).pixel_array, filed.dataset("seg.dcm").pixel_array)
    whole = fetch(there, tmp_path / "all", study)
    assert len(whole) >= 15


@pytest.mark.parametrize("via", ["dicomweb", "node"])
def test_what_is_not_there_is_told_and_nothing_is_written(server: Any, via: str, tmp_path: Path) -> None:
    with pytest.raises(ArchiveFailed):
        fetch(archive(server, via), tmp_path / "out", "1.2.3.4", "1.2.3.4.5")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_series_written_back_compressed_opens(server: Any, tmp_path: Path) -> None:
    from pydicom.uid import RLELossless

    series = ball_series(series="packed")
    series.write(tmp_path / "in", syntax=RLELossless)
    files = [f.read_bytes() for f in sorted((tmp_path / "in").iterdir())]
    plain = load_series(write_series(series, tmp_path / "plain"))
    for via in ("node", "dicomweb"):
        there = archive(server, via)
        send(there, files, approved=True)
        uid = str(series.dataset(0).SeriesInstanceUID)
        fetch(there, tmp_path / via, str(series.dataset(0).StudyInstanceUID), uid)
        assert load_series(tmp_path / via).id == plain.id
