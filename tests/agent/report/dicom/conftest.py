"""One case that was filed, for the tests that only read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from filed import Filed, cases, file_report


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filed]:
    """An axial series with two lesions, its report a draft, written out as DICOM; read-only."""
    folder: Path = tmp_path_factory.mktemp("filed")
    with cases(folder / "home") as open_case:
        yield file_report(open_case, folder / "in", pdf=b"%PDF-1.4\n%%EOF\n")
