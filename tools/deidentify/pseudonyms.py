"""Other names of patients, studies and images, from a keyed hash: the same gets the same, and no way leads back.

Whoever has the key and the original can tell that they belong together; whoever has only one of the two cannot.
Knows no DICOM dataset.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import date, timedelta
from pathlib import Path

from tools.keys import own_key

KEY_NAME = "deidentify.key"
"""The key in a data folder, made at first use."""
LONGEST_SHIFT_DAYS, SHORTEST_SHIFT_DAYS = 3650, 30
"""Dates go back by one month to ten years: far enough that a known appointment does not give the patient away."""


class Pseudonyms:
    """Other names from one key, with what becomes of dates.

    >>> names = Pseudonyms(b"k" * 32)
    >>> names.uid("1.2.3") == names.uid("1.2.3") != names.uid("1.2.4")
    True
    >>> names.patient("Q-1").startswith("SW-")
    True
    """

    def __init__(self, key: bytes, *, shift_dates: bool = False) -> None:
        """Take the key, and whether dates are kept, moved by a number of days of the patient's own."""
        self._key = key
        self.shift_dates = shift_dates

    @classmethod
    def of(cls, home: Path, key_file: Path | None = None, *, shift_dates: bool = False) -> Pseudonyms:
        """Return those of a data folder: by the operator's key file, else by a key kept there. Raises KeyFileError."""
        from tools.keys import read_key

        return cls(read_key(key_file) if key_file else own_key(home / KEY_NAME), shift_dates=shift_dates)

    def uid(self, old: str) -> str:
        """Return another UID: a name-based UUID of version 8 under 2.25 (PS3.5, B.2)."""
        digest = bytearray(self._digest("uid", old)[:16])
        digest[6] = digest[6] & 0x0F | 0x80
        digest[8] = digest[8] & 0x3F | 0x80
        return f"2.25.{int.from_bytes(digest, 'big')}"

    def patient(self, old: str) -> str:
        """Return a patient's other name and number."""
        return "SW-" + base64.b32encode(self._digest("patient", old)[:10]).decode()

    def case(self, old: str) -> str:
        """Return a case's other id: a reader may have named it after the patient."""
        return self._digest("case", old)[:6].hex()

    def days(self, patient: str) -> int:
        """Return by how many days a patient's dates are moved back."""
        span = LONGEST_SHIFT_DAYS - SHORTEST_SHIFT_DAYS + 1
        return SHORTEST_SHIFT_DAYS + int.from_bytes(self._digest("days", patient)[:8], "big") % span

    def moved(self, day: date, patient: str) -> date:
        """Return a patient's day moved back. Raises OverflowError before the year 1."""
        return day - timedelta(days=self.days(patient))

    def _digest(self, what: str, old: str) -> bytes:
        return hmac.new(self._key, f"{what}\0{old}".encode(), hashlib.sha256).digest()
