"""A real case in an empty data folder: real evidence, the shipped measuring tool, and a searcher the tests steer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scripted

from agent.cases import Cases
from agent.grounding import verify
from agent.report import Report, compose, evidence_json, material_of, to_markdown
from agent.session import Session
from agent.settings import Settings
from agent.stated import read_statements
from agent.toolset.paper import write_report
from agent.toolset.vision import measure, record_drawn
from agent.workspace import Workspace
from tools import (
    Candidate,
    EvidenceStore,
    FindRequest,
    FindResult,
    Known,
    Mask,
    Registry,
    Runtime,
    Scan,
    ToolSpec,
    VisionTool,
)
from tools.measure import LesionMeasure


class Searcher(VisionTool):
    """Lists the masks it was given, as a search does."""

    spec = ToolSpec(
        name="a-searcher", task="find", version="0.1", summary="Lists what a test gives it.", not_for="Patients.",
        modalities=("CT",), body_parts=("CHEST",), labels=("nodule",), licence="Apache-2.0",
    )  # fmt: skip
    masks: tuple[Mask, ...] = ()

    def run(self, request: FindRequest, progress: Any = None) -> FindResult:
        """Return the masks as candidates."""
        found = [Candidate(m, "nodule", n, 1.0 / n, 9.0) for n, m in enumerate(self.masks, start=1)]
        return FindResult(tuple(found), ("Lymph nodes were not searched.",), ("It looks for round things only.",))


class CaseUnderTest:
    """A session with short ways to fill it and to read its report."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.desk = session.desk

    def outline(self, *masks: Mask, measured: bool = True) -> None:
        """Draw masks and measure them."""
        for mask in masks:
            number = record_drawn(self.desk, mask).inputs["lesion"]
            if measured:
                measure(self.desk, number)

    def state(self, text: str, lesion: int | None = None) -> None:
        """Record what a message states."""
        found = read_statements(text, lesion=lesion)
        assert found
        for statement in found:
            self.session.state_fact(statement)

    def compose(self, language: str = "en", form: str = "full") -> Report:
        """Return the report as it would be composed now."""
        return compose(material_of(self.desk, language), form=form)  # type: ignore[arg-type]

    def verify(self, report: Report) -> list[str]:
        """Check the rendered report against its evidence file, as `scanwright verify` does."""
        material = material_of(self.desk, report.language)
        return verify(to_markdown(report), json.loads(evidence_json(material, report, self.desk.case_id)))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with the measuring tool and the tests' searcher."""
    registry = Registry()
    for tool in (LesionMeasure, Searcher):
        registry.add(tool)
    home = tmp_path / "home"
    home.mkdir()
    made = Workspace(Settings(home=home), registry, Runtime("cpu"), EvidenceStore(home / "evidence"), Cases(home))
    yield made
    made.close()
    Searcher.masks = ()


@pytest.fixture
def open_case(workspace: Workspace) -> Callable[[Scan], CaseUnderTest]:
    """Return a function that opens a scan in a new case."""
    return lambda scan: CaseUnderTest(Session.open(scan, workspace=workspace))


@pytest.fixture
def case(open_case: Callable[[Scan], CaseUnderTest], chest: tuple[Scan, tuple[Mask, ...]]) -> CaseUnderTest:
    """A case of the generated chest, nothing done yet."""
    return open_case(chest[0])


@pytest.fixture
def radiograph(open_case: Callable[[Scan], CaseUnderTest]) -> CaseUnderTest:
    """A picture without spacing and without sides, a region of it outlined and measured."""
    rng = np.random.default_rng(3)
    scan = Scan.build(
        rng.integers(0, 255, (80, 60, 1)), np.eye(4), spacing=(None, None, None), calibration="none",
        modality=Known("DX", "stated"), laterality_known=False,
    )  # fmt: skip
    case = open_case(scan)
    grid = np.zeros(scan.shape, bool)
    grid[20:40, 20:32] = True
    case.outline(Mask.from_grid(scan.id, grid, scan.affine))
    return case


@pytest.fixture
def searcher() -> type[Searcher]:
    """The tests' searcher, to steer."""
    return Searcher


@pytest.fixture
def written(case: CaseUnderTest, chest: tuple[Scan, tuple[Mask, ...]]) -> CaseUnderTest:
    """A case with two measured lesions and a report."""
    case.outline(*chest[1])
    write_report(case.desk)
    return case


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """A function that opens a scan, or two solid balls of somebody with a name, in a workspace of its own."""
    there = scripted.workspace(tmp_path / "there")
    yield lambda scan=None: Session.open(scan or scripted.balls(source=scripted.QUIMBY), workspace=there)
    there.close()
