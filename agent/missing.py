"""Runs what is missing in a case before its report: search, outlines of the first candidates, sizes, ratings.

What `scanwright report` and a batch share, so that both give the same report of the same scan. Knows no file.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.session import Session
from tools.contract import StateDown, ToolError
from tools.engines.errors import EngineError

OUTLINES = 3
"""How many of a search's nodule candidates are outlined and measured when nothing is outlined yet."""
MASSES = 1
"""The same for masses: the first alone."""

LOST = (EngineError, StateDown)
"""What is no fault of the scan: a report without what could not be reached would look like one with nothing found."""


@dataclass(frozen=True)
class Missing:
    """What could not be done, one line each; `no_search`: why no search ran, None where one did or none was due."""

    notes: tuple[str, ...] = ()
    no_search: ToolError | None = None


def run_missing(session: Session) -> Missing:
    """Find, outline, measure and rate what is missing in a case; return what could not be done.

    Raises:
        EngineError, StateDown: what runs the tools, or keeps the record, cannot be reached.
    """
    found = Missing()
    if not any(x.outlined for x in session.record.lesions):
        found = _search(session)
    return Missing((*found.notes, *_measure_and_rate(session)), found.no_search)


def _search(session: Session) -> Missing:
    """Search the scan and outline the first nodule candidates and the first mass."""
    try:
        found = session.call("find")
    except LOST:
        raise
    except ToolError as error:
        return Missing((f"no search: {error}",), error)
    notes = []
    for candidate in found["candidates"]:
        if candidate["rank"] > (OUTLINES if candidate["group"] == "nodule" else MASSES):
            continue
        try:
            session.call("segment", lesion=candidate["lesion"])
        except LOST:
            raise
        except ToolError as error:
            notes.append(f"candidate {candidate['lesion']}: {error}")
    return Missing(tuple(notes))


def _measure_and_rate(session: Session) -> list[str]:
    """Measure and rate every outlined lesion that is not yet; return what could not be done."""
    notes = []
    for lesion in session.record.lesions:
        if not lesion.outlined or lesion.status == "rejected":
            continue
        for function, have in (("measure", lesion.measurement), ("classify", lesion.rating)):
            if have is None:
                try:
                    session.call(function, lesion=lesion.number)
                except LOST:
                    raise
                except ToolError as error:
                    notes.append(f"lesion {lesion.number}: {error}")
    return notes
