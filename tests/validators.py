"""The validators of DICOM that other people use, run on files that we wrote. Their exit status is not believed: their
text is read."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

INSTALL = "apt-get install dicom3tools pixelmed-apps, or: make validators"
JAVA = "-Xmx4g " + " ".join(f"-Djdk.xml.xpath{limit}OpLimit=0" for limit in ("Total", "Expr", "ExprGrp")).replace(
    "xpathExprGrpOpLimit", "xpathExprGrpLimit"
)
"""The template's rules are larger than what Java lets an expression be, and many lesions than its usual memory."""
_COMPLETE = ("IOD validation complete", "Root Template Validation Complete")


def why_not() -> str | None:
    """Return why there are no validators, or None."""
    absent = [name for name in ("dciodvfy", "DicomSRValidator") if shutil.which(name) is None]
    return f"{' and '.join(absent)} not installed ({INSTALL})" if absent else None


def dciodvfy(file: Path) -> list[str]:
    """Return the errors that dciodvfy finds in a DICOM file."""
    said = _run(["dciodvfy", "-new", str(file)])
    assert said.strip(), "it names at least the kind of object"
    return [line for line in said.splitlines() if re.match(r"\s*Error", line)]


def sr_validator(file: Path) -> list[str]:
    """Return the errors that DicomSRValidator finds in a structured report."""
    said = _run(["DicomSRValidator", str(file)], JAVA_TOOL_OPTIONS=JAVA)
    missing = [f"it did not say: {words}\n{said[-1500:]}" for words in _COMPLETE if words not in said]
    return [*missing, *(line for line in said.splitlines() if line.startswith("Error") or "Exception" in line)]


def _run(command: list[str], **environment: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, timeout=600,
        env={**os.environ, **environment},
    )  # fmt: skip
    return done.stdout + done.stderr
