"""An archive over DICOMweb: QIDO to find, WADO to fetch, STOW to store, by dicomweb-client."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset
from requests.auth import HTTPBasicAuth

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
from tools.scan.dicom_header import broken, quiet


class _Session(requests.Session):
    """A session that gives up on an archive that does not answer."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        kwargs.setdefault("timeout", TIMEOUT_S)
        return super().request(*args, **kwargs)


class DicomWeb(Archive):
    """An archive at a DICOMweb address, with a bearer token or ``name:password`` where it wants one."""

    def __init__(self, url: str, token: str | None = None, user: str | None = None) -> None:
        if not url.startswith(("http://", "https://")):
            raise NoArchive(f"SCANWRIGHT_DICOMWEB_URL begins with http:// or https://; seen {url!r}.")
        self.url = url.rstrip("/")
        session = _Session()
        session.trust_env = False  # no proxy and no netrc that nobody named
        if token:
            session.headers["Authorization"] = f"Bearer {token}"
        elif user:
            name, _, password = user.partition(":")
            session.auth = HTTPBasicAuth(name, password)
        self._client = DICOMwebClient(self.url, session=session)
        # Its retries would repeat a request that was refused, and its log quotes addresses with UIDs in them.
        self._client.set_http_retry_params(retry=False)
        logging.getLogger("dicomweb_client").setLevel(logging.CRITICAL)

    def echo(self) -> str:
        """Return a line that says who answered."""
        with self._told("the question"):
            self._client.search_for_studies(limit=1)
        return f"The archive at {self.url} answered."

    def find(self, query: Query) -> list[dict[str, str]]:
        """Return the studies, or the series of a study, that match."""
        fields = SERIES_FIELDS if query.study else STUDY_FIELDS
        wanted = {k: v for k, v in query.fields().items() if v}
        study = wanted.pop("StudyInstanceUID", None)
        with self._told("the question"):
            more: dict[str, Any] = {"search_filters": wanted, "fields": list(fields), "limit": MOST_FOUND + 1}
            found = (
                self._client.search_for_series(study, **more) if study else self._client.search_for_studies(**more)
            )
            answers = [plain(Dataset.from_json(answer), fields) for answer in found]
        if len(answers) > MOST_FOUND:
            raise ArchiveFailed(f"More than {MOST_FOUND} match. Ask more narrowly: by patient, date, modality.")
        return answers

    def images(self, study: str, series: str | None, take: Callable[[str, bytes], None]) -> int | None:
        """Hand every image to `take`, as it is stored there."""
        with self._told("the request"):
            as_stored = (("application/dicom", "*"),)
            stream = (
                self._client.iter_series(study, series, media_types=as_stored)
                if series
                else self._client.iter_study(study, media_types=as_stored)
            )
            for dataset in stream:
                with BytesIO() as buffer:
                    dataset.save_as(buffer, enforce_file_format=True)
                    take(str(dataset.SOPInstanceUID), buffer.getvalue())
        return None

    def store(self, files: Sequence[bytes]) -> None:
        """Store DICOM files in one request."""
        datasets = [read(data) for data in files]
        with self._told("the files"):
            answer = self._client.store_instances(datasets)
        refused = answer.get("FailedSOPSequence") or ()
        if refused:
            reason = int(refused[0].get("FailureReason") or 0)
            raise ArchiveFailed(
                f"The archive at {self.url} refused {len(refused)} of {len(datasets)} files (reason 0x{reason:04X}). "
                "Nothing here is lost; send again later."
            )

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Turn what goes wrong on the wire into ArchiveFailed with a way on; never the other side's own text."""
        try:
            with quiet():
                yield
        except requests.HTTPError as error:
            code = error.response.status_code if error.response is not None else 0
            hint = "Check SCANWRIGHT_DICOMWEB_TOKEN or _USER." if code in (401, 403) else "Nothing here is lost."
            raise ArchiveFailed(f"The archive at {self.url} refused {what} (HTTP {code}). {hint}") from None
        except requests.RequestException as error:
            raise ArchiveFailed(
                f"The archive at {self.url} cannot be reached ({type(error).__name__}). Check its address, and that it "
                "runs. Nothing here is lost."
            ) from None
        except broken() as error:
            if isinstance(error, OSError):
                raise
            raise ArchiveFailed(
                f"The archive at {self.url} answered with something that is not DICOMweb ({type(error).__name__})."
            ) from None
