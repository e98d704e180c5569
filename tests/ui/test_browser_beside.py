"""In Chromium: what the tools panel says of a newcomer, and two tools' outlines over one another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import NODULE, PATIENT_MS, SLICE, Browser, served

pytestmark = [pytest.mark.browser, pytest.mark.long]

DOCS = Path(__file__).resolve().parents[2] / "docs"
OWN = re.compile(r"^```python file=home/(\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def bea(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A reader whose data folder holds the tutorial's own tool."""
    folder = tmp_path_factory.mktemp("with_own_tool")
    named = OWN.search((DOCS / "your-own-model.md").read_text(encoding="utf-8"))
    assert named is not None
    path = folder / "home" / named[1]
    path.parent.mkdir(parents=True)
    path.write_text(named[2], encoding="utf-8")
    with served(folder) as address:
        context = chromium.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(90_000)
        yield Browser.of(context, address)
        context.close()


def test_the_panel_says_who_comes_from_where_and_how_another_comes_in(bea: Browser) -> None:
    bea.enter()
    bea.tab("Tools")
    page = bea.page
    page.wait_for_selector("[data-tool='bright-region']")
    own = page.inner_text("[data-tool='bright-region']")
    assert "Added by the operator" in own
    assert "feed no guideline criteria until the operator allows it: scanwright tools allow bright-region" in own
    assert "No accuracy is reported." in own
    assert "may feed guideline criteria" in page.inner_text("[data-tool='nodule-segmenter']")
    assert "scanwright tools fetch lobes" in page.inner_text(".sw-ways")


def test_two_outlines_lie_over_one_another_until_one_is_taken(bea: Browser, file: Path) -> None:
    page = bea.page
    bea.upload(file)
    page.wait_for_selector(".sw-picture img", timeout=PATIENT_MS)
    bea.ask("this is a chest CT")
    bea.go_to(SLICE)
    bea.click(NODULE.centre[0], NODULE.centre[1])
    page.wait_for_selector("canvas.sw-over[data-outlines='1']", timeout=PATIENT_MS)
    bea.quiet()
    bea.ask("segment lesion 1 with both")
    page.wait_for_selector("canvas.sw-over[data-outlines='2']", timeout=PATIENT_MS)
    assert "the Dice overlap of nodule-segmenter and bright-region is 0." in bea.log()
    bea.ask("take the second")
    assert "Lesion 1 keeps the outline of bright-region" in bea.log()
    assert bea.outlines() == 2
    assert bea.errors == []
