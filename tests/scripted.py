"""Stand-ins that are real parts: a chat model that follows a script, and vision tools without trained weights."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from agent.cases import Cases
from agent.settings import Settings
from agent.state import State
from agent.workspace import Workspace
from tools import (
    Candidate,
    ClassifyRequest,
    ClassifyResult,
    EvidenceStore,
    FindRequest,
    FindResult,
    Known,
    Mask,
    Quantity,
    Registry,
    Runtime,
    Scan,
    SegmentRequest,
    SegmentResult,
    Source,
    ToolSpec,
    VisionTool,
)
from tools.measure import LesionMeasure

Step = AIMessage | Callable[[Sequence[BaseMessage]], AIMessage] | Exception
AIR, SOLID = -860, 30
BIG, SMALL = (10.0, 8.0, 0.0), (-14.0, -10.0, 8.0)
"""Centres of the two balls in `balls`, RAS mm: 16 and 10 mm wide."""


def call(function: str, *, to: str = "", **arguments: Any) -> AIMessage:
    """Return a message that calls a function."""
    made = {"name": function, "args": arguments, "id": to or f"call_{function}", "type": "tool_call"}
    return AIMessage("", tool_calls=[made])


class ScriptedModel(BaseChatModel):
    """Says what it is told to, one step a call; what it was asked is kept in `asked`. After the script: "Done."."""

    steps: list[Any] = []  # noqa: RUF012 - a pydantic field, copied for each instance
    asked: list[Any] = []  # noqa: RUF012

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    def _next(self, messages: Sequence[BaseMessage]) -> AIMessage:
        self.asked.append(list(messages))
        step = self.steps.pop(0) if self.steps else AIMessage("Done.")
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, AIMessage) else step(messages)

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages))])

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        message = self._next(messages)
        calls = [
            tool_call_chunk(name=c["name"], args=json.dumps(c["args"]), id=c["id"], index=n)
            for n, c in enumerate(message.tool_calls)
        ]
        if calls:
            yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=calls))
        text = str(message.content)
        for start in range(0, len(text), 5):
            yield ChatGenerationChunk(message=AIMessageChunk(content=text[start : start + 5]))
        yield ChatGenerationChunk(message=AIMessageChunk(content="", chunk_position="last"))


def balls(shift: int = 0, **changes: Any) -> Scan:
    """Return a small chest CT, 64 x 64 x 32 voxels of 1 x 1 x 2 mm, air but for two solid balls.

    `shift` makes another scan of the same kind; `changes` are attributes of `Scan`.
    """
    affine = np.diag([-1.0, -1.0, 2.0, 1.0])
    affine[:3, 3] = (31.5, 31.5, -31.0)
    index = np.indices((64, 64, 32)).reshape(3, -1)
    place = (affine[:3, :3] @ index + affine[:3, 3:]).reshape(3, 64, 64, 32)
    voxels = np.full((64, 64, 32), AIR + shift, np.int16)
    for centre, radius in ((BIG, 8.0), (SMALL, 5.0)):
        away = np.sqrt(sum((place[a] - centre[a]) ** 2 for a in range(3)))
        voxels[away <= radius] = SOLID
        voxels[away <= radius * 0.6] = SOLID + 1000
    given = {"modality": Known("CT", "known"), "body_part": Known("CHEST", "known"), "slice_interval_mm": 2.0}
    return Scan.build(voxels, affine, **{**given, "slice_thickness_mm": 2.0, **changes})


def _spec(name: str, task: Any, **changes: Any) -> ToolSpec:
    given: dict[str, Any] = {
        "version": "1", "summary": "made for tests", "not_for": "patients", "modalities": ("CT",),
        "body_parts": ("CHEST",), "labels": ("nodule",), "licence": "Apache-2.0",
    }  # fmt: skip
    return ToolSpec(name=name, task=task, **{**given, **changes})


class CutSegmenter(VisionTool):
    """Everything above a cut in HU that hangs together with the seed; a higher threshold is a higher cut."""

    spec = _spec("cut-segmenter", "segment", weights_sha256="0" * 64)

    def run(self, request: SegmentRequest, progress: Any = lambda fraction, phrase: None) -> SegmentResult:
        from scipy.ndimage import label

        progress(0.5, "cutting")
        cut = -400.0 + (request.threshold - 0.5) * 3000.0
        parts, _ = label(request.scan.voxels > cut)
        i, j, k = (round(v) for v in request.scan.to_index(request.seed))
        inside = (parts == parts[i, j, k]) & (parts > 0)
        return SegmentResult(Mask.from_grid(request.scan.id, inside, request.scan.affine, "nodule"), request.threshold)


class PartFinder(VisionTool):
    """Every connected part, largest first."""

    spec = _spec("part-finder", "find")

    def run(self, request: FindRequest, progress: Any = lambda fraction, phrase: None) -> FindResult:
        from scipy.ndimage import label

        parts, count = label(request.scan.voxels > -400)
        masks = [
            Mask.from_grid(request.scan.id, parts == n, request.scan.affine, "nodule") for n in range(1, count + 1)
        ]
        masks.sort(key=lambda m: -m.count)
        found = [Candidate(m, "nodule", n, 1.0, 10.0) for n, m in enumerate(masks[: request.max_candidates], start=1)]
        return FindResult(tuple(found), ("the mediastinum was not searched",), ("a made search",))


class Rater(VisionTool):
    """Rates everything 3."""

    spec = _spec("rater", "classify")

    def run(self, request: ClassifyRequest, progress: Any = lambda fraction, phrase: None) -> ClassifyResult:
        return ClassifyResult((Quantity("lidc_rating", 3.0, "{rating}", "LIDC readers' rating, 1-5"),))


TOOLS: tuple[type[VisionTool], ...] = (CutSegmenter, PartFinder, Rater, LesionMeasure)


def workspace(home: Path, *, also: Sequence[type[VisionTool]] = (), **settings: Any) -> Workspace:
    """Return a workspace of real services over a folder, with these tools alone."""
    registry = Registry()
    for tool in (*TOOLS, *also):
        registry.add(tool)
    home.mkdir(parents=True, exist_ok=True)
    return Workspace(
        settings=Settings(home=home, **settings), registry=registry, runtime=Runtime("cpu"),
        evidence=EvidenceStore(home / "evidence"), cases=Cases(home),
    )  # fmt: skip


def shared_workspace(settings: Settings, home: Path) -> Workspace:
    """Return a workspace over the database and the store of these settings, with a data folder of its own."""
    chosen = dataclasses.replace(settings, home=home)
    home.mkdir(parents=True, exist_ok=True)
    registry = Registry()
    for tool in TOOLS:
        registry.add(tool)
    state = State.open(chosen)
    return Workspace(
        settings=chosen, registry=registry, runtime=Runtime("cpu"), evidence=state.evidence(), cases=state.cases(),
        state=state,
    )  # fmt: skip


QUIMBY = Source(
    files=(Path("/srv/archive/Quimby_Zephyr/IM-0001-ZQ.dcm"),),
    format="DICOM",
    identity={
        "PatientName": "Quimby^Zephyr", "PatientID": "MRN-77123", "PatientBirthDate": "19110203",
        "AccessionNumber": "8842117", "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.77",
        "InstitutionName": "Saint Elsewhere", "StudyDate": "20240229", "StudyDescription": "CT lung nodule for Quimby",
    },
    study_date="2024-02-29",
)  # fmt: skip
"""A patient who is nobody."""
NOBODY = ("quimby", "zephyr", "77123", "19110203", "1911", "8842117", "3680043", "elsewhere", "2024-02-29", "20240229",
          "/srv/archive", "0001-zq")  # fmt: skip
"""What must never be sent of that patient, in lower case."""
