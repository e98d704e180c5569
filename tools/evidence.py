"""The only truth: an append-only record of what was measured, stated, found and cited, case by case.

SQL rows hold everything but arrays; masks lie beside them as blobs named by the hash of their content. Every row
carries a hash over itself and its parents' hashes, so `verify()` finds any change, to a row or to an array.
Nothing is ever updated: a new result supersedes an old one, and what rested on the old one is no longer current.

Knows no tool, no language model and no scan file.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tools.blobs import BlobError, Blobs, StoreDown, folder_blobs
from tools.contract import ToolError
from tools.database import Databases, Files, Schema, never_changed
from tools.mask import Mask
from tools.quantity import Quantity

Kind = Literal[
    "scan", "search", "mask", "measurement", "classification", "comparison", "passage", "category", "stated", "drawn"
]
"""What a piece of evidence is. `scan` (the image's own geometry) and `search` (that a search ran, and what it did not
cover) stand beside the kinds a tool makes, so that "5 mm slices" and "no candidate" are traced like any number."""

SCHEMA = Schema(
    "evidence",
    """
CREATE TABLE IF NOT EXISTS evidence (
    case_id TEXT NOT NULL, number INTEGER NOT NULL, hash TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (case_id, number)
);
CREATE TABLE IF NOT EXISTS deleting (case_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS counted (case_id TEXT PRIMARY KEY, number INTEGER NOT NULL);
""",
    """
CREATE TRIGGER IF NOT EXISTS evidence_is_counted AFTER INSERT ON evidence
BEGIN
    INSERT OR IGNORE INTO counted VALUES (NEW.case_id, 0);
    UPDATE counted SET number = max(number, NEW.number) WHERE case_id = NEW.case_id;
END;
CREATE TRIGGER IF NOT EXISTS evidence_goes_only_with_its_case BEFORE DELETE ON evidence
WHEN NOT EXISTS (SELECT 1 FROM deleting WHERE case_id = OLD.case_id)
BEGIN SELECT RAISE(ABORT, 'evidence is append-only; only a whole case can be deleted'); END;
""",
    """
CREATE OR REPLACE FUNCTION evidence_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counted VALUES (NEW.case_id, NEW.number)
    ON CONFLICT (case_id) DO UPDATE SET number = greatest(counted.number, excluded.number);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER evidence_is_counted AFTER INSERT ON evidence FOR EACH ROW EXECUTE FUNCTION evidence_counts();
CREATE OR REPLACE FUNCTION evidence_goes_only_with_its_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM deleting WHERE case_id = OLD.case_id) THEN
        RAISE EXCEPTION 'evidence is append-only; only a whole case can be deleted'
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE OR REPLACE TRIGGER evidence_goes_only_with_its_case BEFORE DELETE ON evidence
FOR EACH ROW EXECUTE FUNCTION evidence_goes_only_with_its_case();
""",
).plus(never_changed("evidence", "evidence is append-only"))

_ARRAY = re.compile(r'"array": "([0-9a-f]{64})"')
"""An array in a row's JSON; inside a text its quotes would be escaped."""


class EvidenceError(ToolError):
    """The record was asked for what it does not hold, or to take what it must not."""


@dataclass(frozen=True)
class Evidence:
    """One traced fact.

    Attributes:
        id: ``E`` and its number in the case.
        kind: see `Kind`.
        producer, version, weights: the tool (or ``reader``), its version, its weights' sha256 or None.
        scan_id: the scan it is about, or None.
        inputs: what went in (click, threshold, lesion number, stated field…), JSON-ready.
        quantities: the numbers.
        text: what a reader said, a passage's text, or notes.
        array: hash of the mask, or None.
        parents: evidence ids it was made from.
        supersedes: evidence ids it replaces.
        created: UTC, ISO 8601.
        hash: sha256 over all of the above and the parents' hashes.
    """

    id: str
    case_id: str
    kind: Kind
    producer: str
    version: str
    created: str
    weights: str | None = None
    scan_id: str | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    quantities: tuple[Quantity, ...] = ()
    text: str = ""
    array: str | None = None
    parents: tuple[str, ...] = ()
    supersedes: tuple[str, ...] = ()
    hash: str = ""

    @property
    def number(self) -> int:
        """The number in its id."""
        return int(self.id[1:])

    def quantity(self, name: str) -> Quantity | None:
        """Return the quantity of that name, or None."""
        return next((q for q in self.quantities if q.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary that `from_json` reads back identical."""
        return {
            "id": self.id, "case": self.case_id, "kind": self.kind, "producer": self.producer,
            "version": self.version, "weights": self.weights, "scan": self.scan_id, "inputs": self.inputs,
            "quantities": [q.to_json() for q in self.quantities], "text": self.text, "array": self.array,
            "parents": list(self.parents), "supersedes": list(self.supersedes), "created": self.created,
            "hash": self.hash,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Evidence:
        """Build evidence from `to_json`'s dictionary. Raises KeyError, TypeError or ValueError when it is none."""
        made = cls(
            id=data["id"], case_id=data["case"], kind=data["kind"], producer=data["producer"],
            version=data["version"], weights=data.get("weights"), scan_id=data.get("scan"),
            inputs=dict(data.get("inputs", {})),
            quantities=tuple(Quantity.from_json(q) for q in data.get("quantities", ())),
            text=data.get("text", ""), array=data.get("array"), parents=tuple(data.get("parents", ())),
            supersedes=tuple(data.get("supersedes", ())), created=data["created"], hash=data.get("hash", ""),
        )  # fmt: skip
        texts = (made.case_id, made.kind, made.producer, made.version, made.text, made.created, made.hash)
        named = (made.id, *made.parents, *made.supersedes)
        maybe = (made.weights, made.scan_id, made.array)
        if not all(isinstance(t, str) for t in (*texts, *named, *(m for m in maybe if m is not None))):
            raise TypeError("a field that is text is something else")
        if not all(_ID.fullmatch(n) for n in named):
            raise ValueError("an id that is not E and a number")
        return made

    def digest(self, parents: Sequence[str]) -> str:
        """Return the sha256 of this evidence over its parents' hashes."""
        body = self.to_json()
        body["hash"] = list(parents)
        return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


_ID = re.compile(r"E\d{1,9}")


def current_ids(items: Sequence[Evidence]) -> set[str]:
    """Return the ids that are current: not superseded, and every parent current."""
    replaced = {old for item in items for old in item.supersedes}
    current: set[str] = set()
    for item in sorted(items, key=lambda e: e.number):
        if item.id not in replaced and all(parent in current for parent in item.parents):
            current.add(item.id)
    return current


class EvidenceStore:
    """The evidence of every case, in a folder or shared. Safe for several threads and processes."""

    def __init__(self, folder: Path, databases: Databases | None = None, blobs: Blobs | None = None) -> None:
        """Open the record.

        Args:
            folder: where its file and its arrays lie.
            databases: where the rows lie instead.
            blobs: where the arrays lie instead.
        """
        self.folder = folder
        self.arrays = folder / "arrays"
        self._blobs = blobs or folder_blobs(folder)
        self._db = (databases or Files({"evidence": folder / "evidence.sqlite"})).open(SCHEMA)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def case(self, case_id: str, told: Callable[[Evidence], None] | None = None) -> CaseEvidence:
        """Return the view of one case; `told` hears of each piece that is added through it."""
        return CaseEvidence(self, case_id, told)

    def rows(self, case_id: str) -> list[Evidence]:
        """Return a case's evidence, oldest first."""
        found = self._db.rows("SELECT body, hash FROM evidence WHERE case_id = ? ORDER BY number", (case_id,))
        return [Evidence.from_json({**json.loads(body), "hash": digest}) for body, digest in found]

    def counts(self) -> dict[str, int]:
        """Return the number of each case's last piece of evidence: it moves when anything is added."""
        return {str(case_id): int(number) for case_id, number in self._db.rows("SELECT case_id, number FROM counted")}

    def append(self, case_id: str, mask: Mask | None = None, **fields: Any) -> Evidence:
        """Append one piece of evidence and return it with its id and hash.

        Raises:
            EvidenceError: a parent or a superseded id is not in the case.
        """
        with self._db.writing(alone=(f"evidence {case_id}",), beside=("arrays",)):
            # The mask is written inside the transaction: a case that is being deleted elsewhere waits for it.
            array = self._write_mask(mask) if mask is not None else fields.pop("array", None)
            known = dict(self._db.rows("SELECT 'E' || number, hash FROM evidence WHERE case_id = ?", (case_id,)))
            for name in (*fields.get("parents", ()), *fields.get("supersedes", ())):
                if name not in known:
                    raise EvidenceError(f"{name} is not in this case, which holds {len(known)} pieces of evidence.")
            draft = Evidence(
                id=f"E{max((int(name[1:]) for name in known), default=0) + 1}", case_id=case_id, array=array,
                created=datetime.now(UTC).isoformat(timespec="milliseconds"), **fields,
            )  # fmt: skip
            # Read back through JSON first: what is hashed is exactly what a later reader will see.
            draft = Evidence.from_json(json.loads(json.dumps(draft.to_json(), ensure_ascii=False)))
            digest = draft.digest([known[p] for p in draft.parents])
            body = json.dumps(draft.to_json(), ensure_ascii=False, sort_keys=True)
            self._db.execute("INSERT INTO evidence VALUES (?, ?, ?, ?)", (case_id, draft.number, digest, body))
        return Evidence.from_json({**draft.to_json(), "hash": digest})

    def read_mask(self, array: str) -> Mask:
        """Return the mask of an array hash. Raises EvidenceError when its blob is missing or altered."""
        try:
            with np.load(io.BytesIO(self._blobs.get(_name(array))), allow_pickle=False) as data:
                shape = tuple(int(v) for v in data["shape"])
                box = np.unpackbits(data["bits"], count=int(np.prod(shape))).reshape(shape).astype(bool)
                mask = Mask(
                    str(data["scan_id"]), box, tuple(data["offset"]), tuple(data["grid_shape"]), data["grid_affine"],
                    str(data["label"]),
                )  # fmt: skip
        except StoreDown:
            raise
        except (BlobError, OSError, EOFError, ValueError, LookupError, TypeError, zipfile.BadZipFile,
                zlib.error) as error:  # fmt: skip
            raise EvidenceError(f"The stored mask {array[:12]} is missing or damaged; segment again.") from error
        if mask.hash != array:
            raise EvidenceError(f"The stored mask {array[:12]} is not the one that was recorded; segment again.")
        return mask

    def verify(self, case_id: str | None = None) -> list[str]:
        """Re-derive every hash and return one line a problem (none: an empty list)."""
        found = self._db.rows("SELECT case_id FROM evidence UNION SELECT case_id FROM counted")
        names = sorted(row[0] for row in found) if case_id is None else [case_id]
        return [problem for name in names for problem in self._verify_case(name)]

    def _verify_case(self, case_id: str) -> Iterator[str]:
        rows = self._db.rows("SELECT number, hash, body FROM evidence WHERE case_id = ? ORDER BY number", (case_id,))
        counted = self._db.row("SELECT number FROM counted WHERE case_id = ?", (case_id,))
        hashes = {f"E{number}": digest for number, digest, _ in rows}
        last = max([number for number, _, _ in rows] + [counted[0] if counted else 0], default=0)
        for number in range(1, last + 1):
            if f"E{number}" not in hashes:
                yield f"case {case_id}: E{number} is missing."
        for number, digest, body in rows:
            try:
                item = Evidence.from_json(json.loads(body))
                intact = item.digest([hashes.get(p, "") for p in item.parents]) == digest
            except (ValueError, TypeError, LookupError, AttributeError):
                intact = False
            if not intact or (item.id, item.case_id) != (f"E{number}", case_id):
                yield f"case {case_id}: E{number} was altered after it was recorded."
            elif item.array is not None:
                try:
                    self.read_mask(item.array)
                except EvidenceError as error:
                    yield f"case {case_id}: E{number}: {error}"

    def forget(self) -> None:
        """Leave nothing of what was deleted in the files beside the database."""
        self._db.forget()

    def delete_case(self, case_id: str) -> None:
        """Delete a case's rows, and the arrays that no other case uses."""
        with self._db.writing(alone=("arrays", f"evidence {case_id}")):
            gone = self._arrays("case_id = ?", case_id)
            self._db.execute("INSERT INTO deleting VALUES (?) ON CONFLICT DO NOTHING", (case_id,))
            self._db.execute("DELETE FROM evidence WHERE case_id = ?", (case_id,))
            self._db.execute("DELETE FROM deleting WHERE case_id = ?", (case_id,))
            self._db.execute("DELETE FROM counted WHERE case_id = ?", (case_id,))
            # Still inside the transaction: nobody can come to use one of them in between.
            for array in gone - self._arrays("case_id != ?", case_id):
                self._blobs.delete(_name(array))

    def _arrays(self, where: Literal["case_id = ?", "case_id != ?"], case_id: str) -> set[str]:
        """Return the arrays that rows name, damaged rows too: a case must be deletable whatever became of it."""
        bodies = self._db.rows(f"SELECT body FROM evidence WHERE {where}", (case_id,))  # noqa: S608 - one of two
        return {array for (body,) in bodies for array in _ARRAY.findall(body)}

    def _write_mask(self, mask: Mask) -> str:
        array = mask.hash
        if self._blobs.exists(_name(array)):
            with contextlib.suppress(EvidenceError):  # a damaged one is written anew
                self.read_mask(array)
                return array
        data = io.BytesIO()
        np.savez_compressed(
            data, bits=np.packbits(mask.box), shape=mask.box.shape, offset=mask.offset,
            grid_shape=mask.grid_shape, grid_affine=mask.grid_affine, scan_id=mask.scan_id, label=mask.label,
        )  # fmt: skip
        self._blobs.put(_name(array), data.getbuffer())
        return array


def _name(array: str) -> str:
    return f"arrays/{array[:2]}/{array}.npz"


class CaseEvidence:
    """One case's evidence: append, look up, ask what is current."""

    def __init__(self, store: EvidenceStore, case_id: str, told: Callable[[Evidence], None] | None = None) -> None:
        self.store = store
        self.case_id = case_id
        self._told = told

    def add(
        self, kind: Kind, producer: str, version: str = "1", *, mask: Mask | None = None, **fields: Any
    ) -> Evidence:
        """Append evidence. See `Evidence` for the fields, `EvidenceStore.append` for errors."""
        item = self.store.append(self.case_id, mask, kind=kind, producer=producer, version=version, **fields)
        if self._told is not None:
            self._told(item)
        return item

    def all(self) -> list[Evidence]:
        """Return everything, oldest first, superseded or not."""
        return self.store.rows(self.case_id)

    def get(self, name: str) -> Evidence:
        """Return the evidence of an id. Raises EvidenceError when there is none."""
        for item in self.all():
            if item.id == name:
                return item
        raise EvidenceError(f"{name} is not in this case. It holds E1 to E{len(self.all())}.")

    def current(self, kind: Kind | None = None) -> list[Evidence]:
        """Return what is current, oldest first, of one kind or of all."""
        items = self.all()
        ids = current_ids(items)
        return [e for e in items if e.id in ids and (kind is None or e.kind == kind)]

    def mask(self, item: Evidence) -> Mask:
        """Return the mask of a piece of evidence. Raises EvidenceError when it has none."""
        if item.array is None:
            raise EvidenceError(f"{item.id} is a {item.kind} and holds no mask.")
        return self.store.read_mask(item.array)
