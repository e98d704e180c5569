"""One copy of a model, without a cluster: what it says, and that what is sent to it twice is begun once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from acting import Actors, asked
from coroutines import run

from tools.engines.fingerprint import fingerprint
from tools.engines.parcel import pack
from tools.engines.replica import LOST, Replica
from tools.scan.cache import head_of


@pytest.fixture
def actors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Actors:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # a copy sets it for its process
    return Actors(tmp_path)


def said(copy: Replica, actors: Actors, ticket: str, **parameters: Any) -> list[list[Any]]:
    """Everything a copy says to a request."""
    request = asked(**parameters)
    parcel = pack([request], at_hand=[request.scan.id])
    head = {"scans": [head_of(request.scan)], "requests": parcel.head}

    async def all_of_it() -> list[list[Any]]:
        stream = copy.answer(fingerprint(actors.tool()), ticket, head, request.scan.voxels, *parcel.arrays)
        return [message async for batch in stream for message in batch]

    return run(all_of_it())


def test_a_try_is_begun_once_whatever_is_sent_again(actors: Actors, tmp_path: Path) -> None:
    tickets = {"a", "b"}

    def taken(ticket: str) -> bool:
        return ticket in tickets and not tickets.discard(ticket)

    first, second = (Replica("acting", str(actors.folder), (), "cpu", 1, taken) for _ in range(2))
    begun = tmp_path / "begun"
    assert said(first, actors, "a", begun=begun)[-1][0] == "result"
    assert said(second, actors, "a", begun=begun) == [[LOST]]
    assert said(first, actors, "a", begun=begun) == [[LOST]]
    assert len(begun.read_text().split()) == 1
    assert said(second, actors, "b", begun=begun)[-1][0] == "result"
    assert len(begun.read_text().split()) == 2
