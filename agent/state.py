"""Where a workspace's record lies: in the data folder, or in a database and a store that several replicas share.

With both set a replica holds nothing that another could miss: what its data folder then has is copies. Knows no table
and no tool.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agent.home import database_files, is_empty
from tools.blobs import BlobError, Blobs, Folder, MissingBlob, folder_blobs
from tools.blobs_remote import open_store
from tools.database import Databases, Files, open_databases
from tools.vault import FOLDER, STORE, Vault, admit_all

if TYPE_CHECKING:
    from agent.audit import AuditLog
    from agent.cases import Cases
    from agent.settings import Settings
    from tools.evidence import EvidenceStore

log = logging.getLogger(__name__)

FORMAT = 1
"""How blobs are named and written; the store says which one it has."""
_MARK = "format"


@dataclass(frozen=True)
class State:
    """Where rows and blobs lie; None: in the data folder."""

    home: Path = Path()
    databases: Databases | None = None
    blobs: Blobs | None = None
    vault: Vault | None = None
    """The operator's keys, with which files and blobs are encrypted; None: they are not."""

    @classmethod
    def open(cls, settings: Settings) -> State:
        """Open what the settings name.

        Raises:
            KeyFileError, VaultError: the operator's key cannot be used, or is not the one that closed what is there.
            DatabaseDown, StoreDown: it cannot be reached, or refuses us.
            DatabaseMismatch, BlobError: it is of a newer version, or what reaches it is not installed.
        """
        vault = Vault.of(settings.key_file)
        blobs = open_store(settings.store, settings.home) if settings.store is not None else None
        home = [(FOLDER, folder_blobs(settings.home), partial(is_empty, settings.home))]
        admit_all(home + ([(STORE, blobs, partial(_holds_nothing, blobs))] if blobs is not None else []), vault)
        if blobs is not None:
            check_store(blobs)
        if vault is not None:
            blobs = Blobs(blobs.place if blobs is not None else Folder(settings.home), vault)
        databases = open_databases(settings.database, {}) if settings.database is not None else None
        if databases is None and vault is not None:
            databases = Files(database_files(settings.home), vault.database_key)
        if (settings.database is None) != (settings.store is None):
            log.warning(
                "%s is shared and %s is not: this is for one machine. Replicas need both.",
                *(("the database", "the store") if settings.database else ("the store", "the database")),
            )
        return cls(settings.home, databases, blobs, vault)

    def evidence(self) -> EvidenceStore:
        """Open the record."""
        from tools.evidence import EvidenceStore

        blobs = self.blobs.under("evidence") if self.blobs is not None else None
        return EvidenceStore(self.home / "evidence", self.databases, blobs)

    def cases(self) -> Cases:
        """Open the cases."""
        from agent.cases import Cases

        made = Cases(self.home, self.databases, self.blobs)
        made.sweep()
        return made

    def audit(self) -> AuditLog:
        """Open the audit log."""
        from agent.audit import AuditLog

        return AuditLog(self.home, self.databases)

    def turn(self, case_id: str, wait_s: float) -> contextlib.AbstractContextManager[bool]:
        """Hold a case's turn among all replicas; give whether it was got within the wait."""
        return contextlib.nullcontext(True) if self.databases is None else self.databases.turn(case_id, wait_s)

    def close(self) -> None:
        """Close what is shared; whoever opened a part closes it first."""
        if self.databases is not None:
            self.databases.close()


def _holds_nothing(blobs: Blobs) -> bool:
    return not blobs.names("cases") and not blobs.names("evidence")


def check_store(blobs: Blobs) -> None:
    """See that a store can be read and written and is of our format. Raises BlobError."""
    try:
        found = blobs.get(_MARK).decode("ascii", "replace").strip()
    except MissingBlob:
        blobs.put(_MARK, f"{FORMAT}\n".encode())
        return
    if not found.isdigit() or int(found[:6]) > FORMAT:
        raise BlobError(
            f"The store in SCANWRIGHT_STORE was written by a newer version (format {found[:12]!r}; this one reads up "
            f"to {FORMAT}). Nothing was changed. Use that version, or name another place."
        )
