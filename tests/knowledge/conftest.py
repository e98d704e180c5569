"""One real store for the whole folder: building it embeds every passage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge import Store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    import torch

    torch.set_num_threads(1)
    made = Store(tmp_path_factory.mktemp("knowledge"))
    made.ready()
    yield made
    made.close()


@pytest.fixture(scope="session")
def questions() -> Path:
    path = Path(__file__).resolve().parents[3] / "shared" / "questions_dev.jsonl"
    if not path.is_file():
        pytest.skip("the development questions are not beside this checkout")
    return path
