"""A patient planted in tags, private tags, file and folder names and chat is found in nothing that is sent or kept for
others to read; and a deleted case leaves nothing at all."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import planted
import pytest
import scripted
from made import Made, save
from scripted import workspace
from wire import Server, text, tool

from agent.llm import endpoint
from agent.session import Session
from agent.settings import Settings
from agent.workspace import Workspace
from tools import Mask, ScanError, load_scan
from tools.scan.load import list_series

MAY_NAME = ("cases.sqlite", "conversations.sqlite")
"""Where the headers' identity (for export) and the reader's own words are kept until the case is deleted."""
CHAT = (
    f"Measure lesion 1 of {planted.STATED} ({planted.ID}), please.",
    "Send the report of Ottoline to Dr Thistlewick at Saint Wumpus Infirmary.",
    "患者Vandermeulen的病灶1有多大?",
    "write the report",
)


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Session, Server, Workspace]]:
    """A case of a planted series behind an endpoint that writes down what it gets; temporary files are watched."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    made, server = workspace(tmp_path / "home"), Server()
    settings = Settings(home=tmp_path / "home", base_url="http://llm.test/v1", api_key="sk-test", model="some-model")
    with httpx.Client(transport=httpx.MockTransport(server)) as client:
        model = endpoint(settings, http_client=client)
        session = Session.open(str(planted.series(tmp_path)), workspace=made, endpoint=model)
        scan = session.scan
        assert scan is not None
        grid = scan.voxels > 10_000
        grid = grid.copy()
        grid[10:20, 10:22, 1:3] = True
        session.load_drawn(Mask.from_grid(scan.id, grid, scan.affine, "nodule"), 1)
        yield session, server, made
    made.close()


def _talk(session: Session, server: Server) -> list[Any]:
    events: list[Any] = []
    for words in CHAT:
        server.answers = [
            tool("recall", {"topic": "findings"}), tool("measure", {"lesion": 1}, "call_2"),
            text("Lesion 1 is {E3.axial_long_axis} long [E3]."),
        ]  # fmt: skip
        if words.startswith("write"):
            server.answers = [tool("write_report", {}), text("The report is written.")]
        events += list(session.ask(words))
    return events


def test_the_planted_strings_are_there_to_be_found(tmp_path: Path) -> None:
    """Without this the tests below could pass by finding nothing because nothing was planted."""
    folder = planted.series(tmp_path)
    names = {string for string, _ in planted.kept(tmp_path)}
    assert names >= {"vandermeulen", "ottoline", "4471902", "19230417", "quillfeather", "brackenmoor", "thistlewick",
                     "barnaby", "wumpus", "9914427", "960733", "20240229"}  # fmt: skip
    source = load_scan(folder).source
    assert planted.found(str(source.identity))


def test_nothing_planted_is_sent_logged_or_told(
    case: tuple[Session, Server, Workspace], caplog: pytest.LogCaptureFixture
) -> None:
    session, server, _ = case
    caplog.set_level(logging.DEBUG)
    events = _talk(session, server)
    assert len(server.raw) >= len(CHAT)
    for body in server.raw:
        assert planted.found(body) == []
    assert planted.found(caplog.text) == []
    for event in events:
        assert planted.found(str(event.to_json())) == [], event


def test_nothing_planted_is_kept_outside_the_two_files_that_may_hold_it(
    case: tuple[Session, Server, Workspace], tmp_path: Path
) -> None:
    session, server, made = case
    _talk(session, server)
    home = made.settings.home
    may = [f"{name}{end}" for name in MAY_NAME for end in ("", "-wal", "-shm")]
    assert list(planted.kept(home, but=may)) == []
    assert {s for s, _ in planted.kept(home)} >= {"vandermeulen"}  # the two files do hold some
    for path in (tmp_path / "tmp").rglob("*"):
        assert planted.found(path.name) == []
    assert list(planted.kept(tmp_path / "tmp")) == []


def test_reports_name_nobody_but_where_dicom_must(case: tuple[Session, Server, Workspace], tmp_path: Path) -> None:
    """SR, SEG and the FHIR bundle are for the archive the scan came from, and carry its patient; nothing else does."""
    session, server, _ = case
    _talk(session, server)
    files = session.export_files(tmp_path / "out")
    assert {f.name for f in files} >= {"report.md", "report.html", "report.pdf", "evidence.json"}
    named = {where for _, where in planted.kept(tmp_path / "out")}
    assert {n for n in named if not n.endswith(".dcm") and n != "fhir.json"} == set()
    from pypdf import PdfReader

    pages = PdfReader(tmp_path / "out" / "report.pdf")
    assert planted.found("".join(p.extract_text() for p in pages.pages) + str(pages.metadata)) == []


def test_errors_of_a_planted_series_name_nobody(tmp_path: Path) -> None:
    folder = planted.series(tmp_path)
    files = sorted(folder.iterdir())
    whole = files[0].read_bytes()
    said = []
    for cut in range(140, len(whole), 211):
        files[0].write_bytes(whole[:cut])
        for read in (load_scan, list_series):
            try:
                read(folder)
            except ScanError as error:
                said.append(f"{error!r} {error.__cause__!r} {error.__context__!r}")
    assert len(said) > 10
    assert [s for s in said if planted.found(s)] == []


def test_a_deleted_case_is_gone(case: tuple[Session, Server, Workspace], tmp_path: Path) -> None:
    """Rows, arrays, conversation, and what databases keep of deleted rows in their free pages and write-ahead files."""
    session, server, made = case
    _talk(session, server)
    other = Session.open(scripted.balls(), workspace=made, endpoint=scripted.ScriptedModel())
    list(other.ask("hello"))
    home, gone = made.settings.home, session.case_id
    made.delete_case(gone, "local")
    assert list(planted.kept(home)) == []
    for path in home.rglob("*"):
        assert gone not in path.name
        if path.is_file() and not path.name.startswith("audit."):
            assert gone.encode() not in path.read_bytes(), path.name
    assert any(line.case == gone and line.what == "case deleted" for line in made.audit.lines())
    assert made.audit.verify() == []
    assert other.history()[0]["text"] == "hello"
    assert made.evidence.verify() == []
    arrays = {p.name for p in (home / "evidence" / "arrays").rglob("*.npz")}
    assert not arrays


@pytest.mark.parametrize(
    ("said", "storage", "warned"),
    [("YES", None, True), ("NO", None, False), (None, None, False), (None, "1.2.840.10008.5.1.4.1.1.7", True),
     ("NO", "1.2.840.10008.5.1.4.1.1.7", False)],
)  # fmt: skip
def test_pixels_that_may_show_a_name_are_warned_of(tmp_path: Path, said: str | None, storage: str | None, warned: bool) -> None:
    ds = Made().dataset(0)
    if said is not None:
        ds.BurnedInAnnotation = said
    if storage is not None:
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = storage
    notes = " ".join(load_scan(save(ds, tmp_path / "x.dcm")).notes)
    assert ("burned into this image" in notes) is warned
