"""What every test folder shares: a generated chest, an empty data folder, and the data beside the checkout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import servers
from bothways import PLACES, Place
from hypothesis import settings

from agent.settings import Settings
from tools import EvidenceStore, Mask, Scan
from tools.phantom import Sphere, chest_phantom

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
settings.register_profile("repeatable", derandomize=True, database=None)
settings.load_profile("repeatable")  # the same examples on every machine; --hypothesis-profile=default searches anew

COARSE = (1.4, 1.4, 2.5)
"""Spacing that keeps a whole chest under four million voxels."""


@pytest.fixture(scope="session")
def chest() -> tuple[Scan, tuple[Mask, ...]]:
    """A coarse generated chest with a 20 mm nodule in the right lung and a 12 mm one in the left; read-only."""
    spheres = (Sphere((80.0, 10.0, 20.0), 20.0), Sphere((-85.0, -20.0, -40.0), 12.0))
    return chest_phantom(spheres, spacing=COARSE)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder that SCANWRIGHT_HOME names."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("SCANWRIGHT_HOME", str(folder))
    return folder


@pytest.fixture
def evidence(tmp_path: Path) -> Iterator[EvidenceStore]:
    """A real evidence store in a folder of its own."""
    store = EvidenceStore(tmp_path / "evidence")
    yield store
    store.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[servers.PostgresServer]:
    """A real PostgreSQL; skipped with the reason where there is none."""
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def bucket() -> Iterator[servers.Bucket]:
    """A real S3-compatible server with a bucket; skipped with the reason where there is none."""
    with servers.s3() as server:
        yield server


@pytest.fixture
def shared_settings(
    postgres: servers.PostgresServer, bucket: servers.Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings of a replica: an empty database, an empty place in a bucket."""
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    return Settings(home=tmp_path / "a", database=postgres.fresh(), store=bucket.store())


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Each of the two databases that the record can lie in."""
    made = Place(request.getfixturevalue("postgres").fresh() if request.param == "postgresql" else None)
    yield made
    made.close()


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Return a path in the data beside the checkout; the test is skipped with the reason when it is not there."""

    def find(name: str) -> Path:
        path = DATA / name
        if not path.exists():
            pytest.skip(f"{name} of the data beside this checkout is not here")
        return path

    return find
