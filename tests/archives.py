"""Two small archives inside the test's own process, on loopback: a DICOM node and a DICOMweb server.

They keep what they are given, answer by study and series, and refuse what a test tells them to.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pydicom
from pydicom.dataset import Dataset
from pynetdicom import AE, StoragePresentationContexts, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    Verification,
)

from agent.io.dimse import SYNTAXES


@dataclass
class Kept:
    """What an archive holds, and how it behaves.

    Attributes:
        files: bytes by SOPInstanceUID.
        refuses: SOP class UIDs that are not stored.
        loses: SOPInstanceUIDs that it lists and cannot give.
        token: what a request must carry, or None.
        says: what it answers instead of DICOMweb, as status and body, or None.
        asked: requests so far.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    loses: set[str] = field(default_factory=set)
    token: str | None = None
    says: tuple[int, bytes] | None = None
    asked: list[str] = field(default_factory=list)

    def take(self, data: bytes) -> bool:
        """Store a file; return whether it was taken."""
        ds = pydicom.dcmread(BytesIO(data), stop_before_pixels=True)
        if str(ds.SOPClassUID) in self.refuses:
            return False
        self.files[str(ds.SOPInstanceUID)] = data
        return True

    def match(self, wanted: dict[str, str]) -> list[Dataset]:
        """Return the files' datasets in which every wanted field has the wanted value."""
        found = [pydicom.dcmread(BytesIO(data)) for data in self.files.values()]
        return [d for d in found if all(not v or str(d.get(k, "")) == v for k, v in wanted.items())]

    def answers(self, level: str, wanted: dict[str, str]) -> list[Dataset]:
        """Return one answer a study, or a series."""
        by: dict[str, list[Dataset]] = {}
        for ds in self.match(wanted):
            by.setdefault(str(ds.get("SeriesInstanceUID" if level == "SERIES" else "StudyInstanceUID")), []).append(ds)
        made = []
        for group in by.values():
            answer = Dataset()
            answer.QueryRetrieveLevel = level
            for keyword in ("StudyInstanceUID", "PatientID", "PatientName", "StudyDate"):
                setattr(answer, keyword, group[0].get(keyword, ""))
            if level == "SERIES":
                answer.SeriesInstanceUID, answer.Modality = group[0].SeriesInstanceUID, group[0].Modality
                answer.NumberOfSeriesRelatedInstances = len(group)
            else:
                answer.ModalitiesInStudy = sorted({g.Modality for g in group})
                answer.NumberOfStudyRelatedInstances = len(group)
            made.append(answer)
        return made


@contextlib.contextmanager
def node(kept: Kept, *, title: str = "ARCHIVE", knows: str | None = None) -> Iterator[str]:
    """Run a DICOM node and give its ``TITLE@host:port``; with `knows` it lets only that title in."""
    entity = AE(ae_title=title)
    entity.maximum_pdu_size = 0
    entity.add_supported_context(Verification)
    entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    entity.add_supported_context(StudyRootQueryRetrieveInformationModelGet)
    for context in StoragePresentationContexts:
        entity.add_supported_context(context.abstract_syntax, list(SYNTAXES), scp_role=True, scu_role=True)
    if knows:
        entity.require_calling_aet = [knows]

    def wanted(event: Any) -> dict[str, str]:
        asked = event.identifier
        return {e.keyword: str(e.value) for e in asked if e.keyword in WANTED and e.value not in (None, "")}

    def find(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        kept.asked.append("find")
        for answer in kept.answers(str(event.identifier.QueryRetrieveLevel), wanted(event)):
            yield 0xFF00, answer

    def get(event: Any) -> Iterator[Any]:
        kept.asked.append("get")
        found = kept.match(wanted(event))
        yield len(found)
        for ds in found:
            lost = str(ds.SOPInstanceUID) in kept.loses
            if lost:
                ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"  # one that nobody asked for
            yield 0xFF00, ds

    def store(event: Any) -> int:
        return 0x0000 if kept.take(event.encoded_dataset()) else 0xA700

    handlers = [(evt.EVT_C_FIND, find), (evt.EVT_C_GET, get), (evt.EVT_C_STORE, store)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        yield f"{title}@127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


WANTED = ("StudyInstanceUID", "SeriesInstanceUID", "PatientID", "Modality")


@contextlib.contextmanager
def web(kept: Kept) -> Iterator[str]:
    """Run a DICOMweb server and give its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            if self._refused():
                return
            parts = urlsplit(self.path)
            words = [w for w in parts.path.split("/") if w]
            query = {k: v[0] for k, v in parse_qs(parts.query).items()}
            wanted = {k: v for k, v in query.items() if k in WANTED}
            wanted |= dict(zip(("StudyInstanceUID", "SeriesInstanceUID"), words[1::2], strict=False))
            if len(words) % 2:  # /studies, /studies/1/series: a question
                found = kept.answers("SERIES" if len(words) == 3 else "STUDY", wanted)
                self._send(200, json.dumps([d.to_json_dict() for d in found]).encode(), "application/dicom+json")
                return
            found = [kept.files[str(d.SOPInstanceUID)] for d in kept.match(wanted)]
            if not found:
                self._send(404, b"", "text/plain")
                return
            body = b"".join(b"--edge\r\nContent-Type: application/dicom\r\n\r\n" + f + b"\r\n" for f in found) + b"--edge--\r\n"
            self._send(200, body, 'multipart/related; type="application/dicom"; boundary=edge')

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self._refused():
                return
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            parts = BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()  # type: ignore[attr-defined]
            answer, failed = Dataset(), []
            for part in parts:
                data = part.get_payload(decode=True)
                if not kept.take(data):
                    ds, item = pydicom.dcmread(BytesIO(data), stop_before_pixels=True), Dataset()
                    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
                    item.FailureReason = 0x0122
                    failed.append(item)
            if failed:
                answer.FailedSOPSequence = failed
            self._send(202 if failed else 200, json.dumps(answer.to_json_dict()).encode(), "application/dicom+json")

        def _refused(self) -> bool:
            kept.asked.append(f"{self.command} {self.path}")
            if kept.says is not None:
                self._send(kept.says[0], kept.says[1], "application/dicom+json")
                return True
            if kept.token is not None and self.headers.get("Authorization") != f"Bearer {kept.token}":
                self._send(401, b"", "text/plain")
                return True
            return False

        def _send(self, code: int, body: bytes, kind: str) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
