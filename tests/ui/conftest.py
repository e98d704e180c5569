"""One Chromium and one app for all tests that look at the page; a made scan and rooms for those that do not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apps import SPHERE, Scripted
from browsing import CHROMIUM, FLAGS, WEBGL, Browser, chest_file, served

from agent.settings import Settings
from agent.workspace import Workspace
from tools.phantom import chest_phantom
from tools.scan import Scan
from ui.rooms import Rooms


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app over an empty data folder."""
    with served(tmp_path_factory.mktemp("served")) as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=[*FLAGS, *WEBGL])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chest with a nodule."""
    return chest_file(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def anna(chromium: Any, address: str) -> Iterator[Browser]:
    """A first reader's browser."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    context.set_default_timeout(60_000)
    yield Browser.of(context, address)
    context.close()


@pytest.fixture(scope="module")
def scan() -> Scan:
    return chest_phantom((SPHERE,), spacing=(4.0, 4.0, 6.0))[0]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = Workspace.open(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


@pytest.fixture
def rooms(workspace: Workspace) -> Rooms:
    return Rooms(workspace, opener=Scripted)
