"""Find, fetch and send, both ways, against small archives in this process: what goes well, and what is refused."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import archives
import pydicom
import pytest
from archives import Kept
from filed import ball_series, file_report, load_series, write_series
from made import tells_nobody

from agent.events import AgentError
from agent.io.archive import Archive, ArchiveFailed, NoArchive, NotApproved, Query, fetch, send
from agent.io.choose import open_archive
from agent.settings import Settings

WAYS = ("node", "dicomweb")
SMALL = (16, 12, 3)
BALL = (((8, 6, 1), 3.0),)


def series(name: str = "one") -> Any:
    return ball_series(BALL, SMALL, series=name)


@pytest.fixture
def images(tmp_path: Path) -> list[bytes]:
    """The files of a series of three images."""
    return [f.read_bytes() for f in sorted(write_series(series(), tmp_path / "images").iterdir())]


@contextlib.contextmanager
def opened(via: str, kept: Kept, **more: Any) -> Iterator[Archive]:
    """Give an archive spoken to one of the two ways."""
    with archives.node(kept) if via == "node" else archives.web(kept) as address:
        yield open_archive(settings(via, address, **more))


def settings(via: str, address: str, **more: Any) -> Settings:
    where = {"pacs_node": address} if via == "node" else {"dicomweb_url": address}
    return Settings(home=Path("/nowhere"), **where, **more)


@pytest.mark.parametrize("via", WAYS)
def test_what_is_sent_is_found_fetched_and_opens_as_the_same_scan(via: str, images: list[bytes], tmp_path: Path) -> None:
    kept = Kept()
    with opened(via, kept) as archive:
        assert "answered" in archive.echo()
        assert send(archive, images, approved=True) == 3
        (study,) = archive.find(Query(patient_id="MRN-771"))
        assert (study["PatientName"], study["NumberOfStudyRelatedInstances"]) == ("Quimby^Zephyr", "3")
        assert archive.find(Query(patient_id="somebody else")) == []
        (found,) = archive.find(Query(study=study["StudyInstanceUID"]))
        assert (found["Modality"], found["NumberOfSeriesRelatedInstances"]) == ("CT", "3")
        files = fetch(archive, tmp_path / "back", found["StudyInstanceUID"], found["SeriesInstanceUID"])
        assert sorted(f.name for f in (tmp_path / "back").iterdir()) == sorted(f.name for f in files)
        assert load_series(tmp_path / "back").id == load_series(tmp_path / "images").id
        assert len(fetch(archive, tmp_path / "whole", found["StudyInstanceUID"])) == 3


@pytest.mark.parametrize("via", WAYS)
def test_a_report_arrives_byte_for_byte_what_it_was(via: str, open_case: Any, tmp_path: Path) -> None:
    filed = file_report(open_case, tmp_path / "in", series(), balls=BALL, pdf=b"%PDF-1.4\n%%EOF\n")
    kept = Kept()
    with opened(via, kept) as archive:
        send(archive, list(filed.files.values()), approved=True)
    for name in filed.files:
        sent = filed.dataset(name)
        assert archived(kept, sent.SOPInstanceUID) == sent


def archived(kept: Kept, uid: str) -> Any:
    from io import BytesIO

    return pydicom.dcmread(BytesIO(kept.files[uid]))


@pytest.mark.parametrize("via", WAYS)
def test_nothing_is_sent_without_a_yes(via: str, images: list[bytes]) -> None:
    kept = Kept()
    with opened(via, kept) as archive, pytest.raises(NotApproved, match="--approve"):
        send(archive, images, approved=False)
    assert kept.files == {}
    assert kept.asked == []


@pytest.mark.parametrize("via", WAYS)
def test_an_archive_that_refuses_is_told_and_what_is_here_stays(via: str, open_case: Any, tmp_path: Path) -> None:
    filed = file_report(open_case, tmp_path / "in", series(), balls=BALL)
    kept = Kept(refuses={"1.2.840.10008.5.1.4.1.1.66.4"})
    with opened(via, kept) as archive, pytest.raises(ArchiveFailed, match=r"refused.*othing here is lost") as told:
        send(archive, list(filed.files.values()), approved=True)
    assert tells_nobody(str(told.value))
    assert list(kept.files) == [filed.dataset("sr.dcm").SOPInstanceUID]


@pytest.mark.parametrize("via", WAYS)
def test_an_archive_that_is_not_there_is_told(via: str, images: list[bytes]) -> None:
    address = "GONE@127.0.0.1:9" if via == "node" else "http://127.0.0.1:9"
    archive = open_archive(settings(via, address))
    for act in (archive.echo, lambda: archive.find(Query()), lambda: send(archive, images, approved=True)):
        with pytest.raises(ArchiveFailed, match="cannot be reached"):
            act()


@pytest.mark.parametrize("via", WAYS)
def test_nothing_of_that_name_leaves_no_file(via: str, tmp_path: Path) -> None:
    with opened(via, Kept()) as archive, pytest.raises(ArchiveFailed):
        fetch(archive, tmp_path / "out", "1.2.3", "1.2.3.4")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_series_of_which_one_image_cannot_be_given_is_not_kept_in_part(images: list[bytes], tmp_path: Path) -> None:
    kept = Kept()
    with opened("node", kept) as archive:
        send(archive, images, approved=True)
        kept.loses = set(list(kept.files)[1:2])
        study = pydicom.dcmread(next((tmp_path / "images").iterdir()))
        with pytest.raises(ArchiveFailed, match="nothing was kept"):
            fetch(archive, tmp_path / "out", study.StudyInstanceUID, study.SeriesInstanceUID)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("via", WAYS)
def test_a_folder_that_cannot_be_written_is_told(via: str, images: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with opened(via, Kept()) as archive:
        send(archive, images, approved=True)
        study = str(pydicom.dcmread(next((tmp_path / "images").iterdir())).StudyInstanceUID)
        with pytest.raises(AgentError, match="could not be written"):
            fetch(archive, tmp_path / "taken" / "below", study)
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.parametrize("uid", ["../../etc/passwd", "1.2.3/../4", "", "1" * 65, "1..2", "1.2.*"])
def test_a_uid_that_is_none_goes_nowhere(uid: str, tmp_path: Path) -> None:
    kept = Kept()
    with opened("dicomweb", kept) as archive, pytest.raises(ArchiveFailed, match="up to 64 digits"):
        fetch(archive, tmp_path / "out", uid)
    assert kept.asked == []


def test_a_token_is_sent_and_a_wrong_one_is_told_without_it(images: list[bytes]) -> None:
    kept = Kept(token="open-sesame")
    with opened("dicomweb", kept, dicomweb_token="open-sesame") as archive:
        assert send(archive, images, approved=True) == 3
    with opened("dicomweb", kept, dicomweb_token="wrong") as archive, pytest.raises(ArchiveFailed, match="401") as told:
        archive.find(Query())
    assert "wrong" not in str(told.value)
    assert "SCANWRIGHT_DICOMWEB_TOKEN" in str(told.value)


@pytest.mark.parametrize("says", [(500, b"Quimby's study broke"), (200, b"<html>Quimby"), (200, b'[{"00100010": 5}]')])
def test_an_answer_that_makes_no_sense_is_told_without_its_words(says: tuple[int, bytes]) -> None:
    with opened("dicomweb", Kept(says=says)) as archive, pytest.raises(ArchiveFailed) as told:
        archive.find(Query())
    assert tells_nobody(str(told.value))


def test_a_node_that_does_not_know_us_is_told() -> None:
    with archives.node(Kept(), knows="SOMEBODY") as address:
        with pytest.raises(ArchiveFailed, match=r"refused the connection.*SCANWRIGHT"):
            open_archive(settings("node", address)).echo()
        assert "answered" in open_archive(settings("node", address, ae_title="SOMEBODY")).echo()


@pytest.mark.parametrize(
    ("given", "via", "said"),
    [
        ({}, None, "No archive is set up"), ({"pacs_node": "A@b:1"}, "dicomweb", "SCANWRIGHT_DICOMWEB_URL"),
        ({"pacs_node": "A@b:1"}, "fax", "dicomweb or node"), ({"pacs_node": "b:1"}, None, "TITLE@host:port"),
        ({"pacs_node": "A@b:99999"}, None, "TITLE@host:port"), ({"dicomweb_url": "ftp://b"}, None, "http"),
        ({"pacs_node": "A@b:1", "ae_title": "A" * 17}, None, "16 characters"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_told(given: dict[str, str], via: str | None, said: str) -> None:
    with pytest.raises(NoArchive, match=said):
        open_archive(Settings(home=Path("/nowhere"), **given), via)


@pytest.mark.parametrize(("module", "address"), [("pynetdicom", "pacs_node"), ("dicomweb_client", "dicomweb_url")])
def test_a_missing_extra_is_named(module: str, address: str) -> None:
    code = f"""
import sys
sys.modules[{module!r}] = None
from pathlib import Path
from agent.io.archive import NoArchive
from agent.io.choose import open_archive
from agent.settings import Settings
try: open_archive(Settings(home=Path("."), {address}={"A@b:1" if address == "pacs_node" else "http://b"!r}))
except NoArchive as error: assert "extra `pacs`" in str(error), error
else: raise SystemExit("it opened")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_no_dicom_is_not_sent(images: list[bytes]) -> None:
    for via in WAYS:
        kept = Kept()
        with opened(via, kept) as archive, pytest.raises(AgentError, match="not DICOM"):
            send(archive, [*images, b"a letter"], approved=True)
        assert kept.files == {}
