"""Our concepts as highdicom's coded concepts, and what all DICOM objects share. Imports highdicom late."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from typing import Any

from agent.report.dicom.codes import Concept
from tools.scan.dicom_header import quiet


def concept(of: Concept) -> Any:
    """Return a concept as highdicom wants one."""
    from highdicom.sr import CodedConcept

    return CodedConcept(of.value, of.scheme, of.meaning)


def anatomy(of: Concept) -> Any:
    """Return a concept as an item of a code sequence."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = of.value, of.scheme, of.meaning
    return item


def person(name: str) -> str:
    """Return a name as DICOM writes one: family name first, its parts joined by ``^``.

    >>> person("Ada King"), person("王芳"), person("King^Ada")
    ('King^Ada', '王芳^', 'King^Ada')
    """
    if "^" in name:
        return name
    words = name.replace("=", " ").replace("\\", " ").split()
    return "^".join([words[-1], *(words[:-1] or [""])]) if words else "unknown^"


@contextmanager
def silent() -> Iterator[None]:
    """Silence the libraries while they write: their warnings and logs quote the names in headers."""
    log = logging.getLogger("highdicom")
    with quiet():
        was, log.disabled = log.disabled, True
        try:
            yield
        finally:
            log.disabled = was


def date(made: Any, moment: datetime) -> None:
    """Put the report's moment wherever the library puts the present one: the same report is the same file."""
    made.InstanceCreationDate, made.InstanceCreationTime = made.ContentDate, made.ContentTime
    for equipment in made.get("ContributingEquipmentSequence", ()):
        equipment.ContributionDateTime = moment.strftime("%Y%m%d%H%M%S")


def to_bytes(dataset: Any) -> bytes:
    """Return a dataset as the bytes of a DICOM file."""
    with BytesIO() as buffer:
        dataset.save_as(buffer, enforce_file_format=True)
        return buffer.getvalue()
