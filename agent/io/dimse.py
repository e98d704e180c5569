"""An archive as a DICOM node: C-ECHO, C-FIND, C-GET and C-STORE, by pynetdicom.

Images are fetched by C-GET, over the connection that we opened: no port of ours is ever open.
"""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    Verification,
)

from agent.io.archive import (
    MOST_FOUND,
    SERIES_FIELDS,
    STUDY_FIELDS,
    TIMEOUT_S,
    Archive,
    ArchiveFailed,
    NoArchive,
    Query,
    plain,
    read,
)

_ADDRESS = re.compile(r"(?P<title>[^@\s]{1,16})@(?P<host>\[[0-9a-fA-F:]+\]|[^:\s\[\]]+):(?P<port>\d{1,5})")
_PENDING, _SUCCESS, _OUT_OF_RESOURCES = (0xFF00, 0xFF01), 0x0000, 0xA700
REACHED_IN_S = 10.0
_WARNINGS = (0xB000, 0xB006, 0xB007)
"""C-STORE: stored, with a remark."""

FETCHED = (
    "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.2", "1.2.840.10008.5.1.4.1.1.1.3", "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2", "1.2.840.10008.5.1.4.1.1.3.1",
    "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.4.4",
    "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.7.2",
    "1.2.840.10008.5.1.4.1.1.7.3", "1.2.840.10008.5.1.4.1.1.7.4", "1.2.840.10008.5.1.4.1.1.12.1",
    "1.2.840.10008.5.1.4.1.1.12.2", "1.2.840.10008.5.1.4.1.1.20", "1.2.840.10008.5.1.4.1.1.66.4",
    "1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.5.1.4.1.1.88.22", "1.2.840.10008.5.1.4.1.1.88.33",
    "1.2.840.10008.5.1.4.1.1.88.34", "1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.128",
    "1.2.840.10008.5.1.4.1.1.128.1", "1.2.840.10008.5.1.4.1.1.130",
)  # fmt: skip
"""Kinds of objects that are taken in: images of every kind that is read, segmentations, reports, documents. An
association holds 128 kinds at most, so the list is written out."""
SYNTAXES = (
    "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.5",
)  # fmt: skip
"""How pixels may be packed: what `tools.scan` decodes, plain first."""


class Node(Archive):
    """A DICOM node at ``TITLE@host:port``."""

    def __init__(self, address: str, own_title: str) -> None:
        found = _ADDRESS.fullmatch(address.strip())
        if found is None or not 0 < int(found["port"]) < 65536:
            raise NoArchive(f"SCANWRIGHT_PACS_NODE is TITLE@host:port, e.g. ORTHANC@127.0.0.1:4242; seen {address!r}.")
        if not 0 < len(own_title.strip()) <= 16:
            raise NoArchive(f"SCANWRIGHT_AE_TITLE has 1 to 16 characters; seen {own_title!r}.")
        self.title, self.host, self.port = found["title"], found["host"].strip("[]"), int(found["port"])
        self._own_title = own_title.strip()
        # Its log would quote what it sends and receives.
        logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)

    def echo(self) -> str:
        """Return a line that says who answered."""
        with self._association([(Verification, SYNTAXES[:2])]) as association:
            self._check(association.send_c_echo().get("Status"), "the echo")
        return f"{self.title} at {self.host}:{self.port} answered."

    def find(self, query: Query) -> list[dict[str, str]]:
        """Return the studies, or the series of a study, that match."""
        fields = SERIES_FIELDS if query.study else STUDY_FIELDS
        asked = self._identifier("SERIES" if query.study else "STUDY", fields, query.fields())
        found: list[dict[str, str]] = []
        with self._association([(StudyRootQueryRetrieveInformationModelFind, SYNTAXES[:2])]) as association:
            for status, answer in association.send_c_find(asked, StudyRootQueryRetrieveInformationModelFind):
                if status.get("Status") not in _PENDING:
                    self._check(status.get("Status"), "the question")
                elif answer is not None:
                    found.append(plain(answer, fields))
                if len(found) > MOST_FOUND:
                    raise ArchiveFailed(f"More than {MOST_FOUND} match. Ask more narrowly: by patient, date, modality.")
        return found

    def images(self, study: str, series: str | None, take: Callable[[str, bytes], None]) -> int | None:
        """Hand every image to `take`, by C-GET."""
        broken: list[Exception] = []

        def stored(event: Any) -> int:
            if broken:
                return _OUT_OF_RESOURCES
            try:
                take(str(event.request.AffectedSOPInstanceUID), event.encoded_dataset())
            except (OSError, ArchiveFailed) as error:  # told after the association has ended in order
                broken.append(error)
                return _OUT_OF_RESOURCES
            return _SUCCESS

        asked = self._identifier("SERIES" if series else "STUDY", (), {"StudyInstanceUID": study})
        if series:
            asked.SeriesInstanceUID = series
        wanted = [(StudyRootQueryRetrieveInformationModelGet, SYNTAXES[:2]), *((kind, SYNTAXES) for kind in FETCHED)]
        roles = [build_role(kind, scp_role=True) for kind in FETCHED]
        done = None
        with self._association(wanted, roles, [(evt.EVT_C_STORE, stored)]) as association:
            for status, _ in association.send_c_get(asked, StudyRootQueryRetrieveInformationModelGet):
                done = status
        if broken:
            raise broken[0]
        failed = int((done or {}).get("NumberOfFailedSuboperations") or 0)
        if failed:
            raise ArchiveFailed(f"The archive could not give {failed} of the images; nothing was kept. Try again.")
        self._check((done or {}).get("Status"), "the request")
        return None

    def store(self, files: Sequence[bytes]) -> None:
        """Store DICOM files, one after the other; stops at the first that is refused."""
        datasets = [read(data) for data in files]
        wanted = {(str(d.SOPClassUID), str(d.file_meta.TransferSyntaxUID)) for d in datasets}
        with self._association([(kind, (syntax,)) for kind, syntax in sorted(wanted)]) as association:
            for number, dataset in enumerate(datasets, start=1):
                what = f"file {number} of {len(datasets)}"
                try:
                    status = association.send_c_store(dataset).get("Status")
                except (ValueError, RuntimeError) as error:
                    raise ArchiveFailed(
                        f"{self.title} does not take the kind of {what}; {number - 1} were stored, and nothing "
                        "here is lost."
                    ) from error
                if status not in _WARNINGS:
                    self._check(status, what, stored=number - 1)

    def _identifier(self, level: str, fields: Sequence[str], wanted: dict[str, str]) -> Any:
        from pydicom.dataset import Dataset

        asked = Dataset()
        asked.QueryRetrieveLevel = level
        asked.SpecificCharacterSet = "ISO_IR 192"
        for keyword in fields:
            setattr(asked, keyword, None if keyword.startswith("Number") else "")
        for keyword, value in wanted.items():
            setattr(asked, keyword, value)
        return asked

    @contextmanager
    def _association(
        self, wanted: Sequence[tuple[Any, Sequence[str]]], roles: Sequence[Any] = (), handlers: Sequence[Any] = ()
    ) -> Iterator[Any]:
        """Give an open association, released at the end. Raises ArchiveFailed when there is none to be had."""
        self._reach()
        entity = AE(ae_title=self._own_title)
        entity.connection_timeout = entity.acse_timeout = REACHED_IN_S
        entity.dimse_timeout = entity.network_timeout = TIMEOUT_S
        for kind, syntaxes in wanted:
            entity.add_requested_context(kind, list(syntaxes))
        association = entity.associate(
            self.host, self.port, ae_title=self.title, ext_neg=list(roles), evt_handlers=list(handlers)
        )
        if not association.is_established:
            raise ArchiveFailed(
                f"{self.title} at {self.host}:{self.port} refused the connection. Check its title, and that it knows "
                f"us as {self._own_title}. Nothing was changed."
            )
        try:
            yield association
        finally:
            association.release()

    def _reach(self) -> None:
        """Raise ArchiveFailed when nothing listens there; the library would leave a socket open over it."""
        try:
            socket.create_connection((self.host, self.port), timeout=REACHED_IN_S).close()
        except OSError as error:
            raise ArchiveFailed(
                f"{self.title} at {self.host}:{self.port} cannot be reached ({error.strerror or type(error).__name__})."
                " Check its address, and that it runs. Nothing was changed."
            ) from error

    def _check(self, status: int | None, what: str, stored: int | None = None) -> None:
        """Raise ArchiveFailed for a status that is no success; None is a connection that broke."""
        if status == _SUCCESS:
            return
        said = "broke off" if status is None else f"refused with status 0x{status:04X}"
        rest = "" if stored is None else f"; {stored} were stored before it, and nothing here is lost. Send again later"
        raise ArchiveFailed(f"{self.title} {said} at {what}{rest}.")
