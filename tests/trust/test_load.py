"""Many readers at once on one machine: nothing crosses over, no turn is lost, memory stays, everybody gets their turn."""

from __future__ import annotations

from pathlib import Path

import pytest
from crowd import crowd


def test_four_readers_at_once_get_their_own_answers(tmp_path: Path) -> None:
    load = crowd(tmp_path, 4, 0.1)
    assert load.wrong == []
    assert all(load.turns.values())


@pytest.mark.long
@pytest.mark.timeout(900)
def test_sixteen_readers_for_a_minute(tmp_path: Path) -> None:
    load = crowd(tmp_path, 16, 60.0)
    assert load.wrong == []
    turns = load.turns.values()
    assert min(turns) >= 1
    assert max(turns) <= 4 * min(turns) + 4  # nobody waits while another is served again and again
    early, late = load.memory_mb
    assert late - early < 700
