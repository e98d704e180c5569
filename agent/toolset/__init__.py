"""The functions a model may call, made from one table: name, what for, arguments, the act behind it.

Each resolves what the reader means, submits to the runtime and records evidence; the model sees a short JSON, and
the only thing kept beside it is evidence ids. Tool names and limits in the descriptions come from the specs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.events import ToolFinished, ToolProgress, ToolStarted
from agent.toolset import advice, change, memory, paper, scores, vision
from agent.toolset.desk import Desk
from tools.contract import NotApplicable, ToolSpec

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool


Place = Annotated[list[float], Field(min_length=3, max_length=3)]
"""A point as a model writes it: three numbers, RAS mm."""


class Arguments(BaseModel):
    """What every function's arguments share: nothing unknown is taken."""

    model_config = ConfigDict(extra="forbid")


class Find(Arguments):
    side: Literal["left", "right"] | None = Field(None, description="search one lung only")
    max_candidates: int = Field(10, ge=1, le=50, description="how many candidates to keep")
    tool: str | None = Field(None, description="a finder by name; left out: the scan's best")


class Segment(Arguments):
    lesion: int | None = Field(None, ge=1, description="outline this lesion again")
    point: list[float] | None = Field(None, min_length=3, max_length=3, description="RAS mm, inside the lesion")
    box: list[float] | None = Field(None, min_length=6, max_length=6, description="RAS mm, two opposite corners")
    add: list[Place] | None = Field(None, max_length=20, description="further clicks inside the lesion, RAS mm")
    avoid: list[Place] | None = Field(None, max_length=20, description="clicks on what must be left out, RAS mm")
    threshold: float | None = Field(None, gt=0, lt=1, description="probability that counts as inside")
    change: Literal["tighter", "looser"] | None = Field(None, description="relative to the current outline")
    tool: str | None = Field(None, description="a segmenter by name; of outlines side by side, the one to take")
    tools: list[str] | None = Field(
        None, min_length=1, max_length=6, description="several segmenters side by side, by name; all: every fitting one"
    )


class OneLesion(Arguments):
    lesion: int | None = Field(None, ge=1, description="lesion number; left out: the one in focus")


class Classify(OneLesion):
    explain: bool | None = Field(None, description="also a map of what the tool looked at: explanation, no evidence")
    tool: str | None = Field(None, description="a classifier by name; left out: the scan's best")
    tools: list[str] | None = Field(
        None, min_length=1, max_length=6, description="several classifiers side by side, by name; all: every fit"
    )


class Measure(OneLesion):
    own_line: bool | None = Field(None, description="take the line that the reader drew as the long axis")


class Compare(Arguments):
    days: int | None = Field(None, ge=1, description="days between the scans; only what the reader stated is taken")
    prior: int | None = Field(None, ge=1, description="number of the prior; left out: every prior of the case")
    which: str | None = Field(None, max_length=200, description="which prior, in the reader's words: from March")
    targets: list[int] | None = Field(None, max_length=50, description="lesions whose long axes are added up")
    sum_targets: bool | None = Field(None, description="add up the targets that the reader stated")


class Assess(Arguments):
    guideline: str | None = Field(
        None, description="name of the criteria; left out: those of withdrawn advice, else fleischner-2017"
    )
    lesion: int | None = Field(None, ge=1, description="lesion number; left out: the one in focus")


class FindGuideline(Arguments):
    question: str = Field(min_length=1, max_length=500, description="what to look up")
    guideline: str | None = Field(None, description="only in this guideline")


class Recall(Arguments):
    what: Literal["measurements", "history", "settings", "context", "findings", "location", "report"] = "findings"
    lesion: int | None = Field(None, ge=1)


class Show(Arguments):
    lesion: int | None = Field(None, ge=1)
    plane: Literal["axial", "coronal", "sagittal"] | None = None
    window: str | None = Field(None, max_length=30, description="lung, mediastinum, bone, brain, soft tissue")
    slice: int | None = Field(None, ge=1)


class WriteReport(Arguments):
    language: Literal["en", "zh"] | None = None
    instruction: str | None = Field(None, max_length=500, description="what the reader wants changed or added")
    template: str | None = Field(None, max_length=40, description="a template by name; left out: the fitting one")


class Export(Arguments):
    format: Literal["markdown", "text", "html", "pdf", "json", "dicom", "fhir", "all"] = "all"
    destination: str | None = Field(
        None, max_length=300, description="a folder, or pacs: the archive that is set up; left out: the case's own"
    )
    deidentify: bool | None = Field(None, description="leave out who the patient is (de-identified copy)")


@dataclass(frozen=True)
class Function:
    """One function a model may call."""

    name: str
    purpose: str
    arguments: type[Arguments]
    act: Callable[..., dict[str, Any]]
    task: str | None = None
    asks_approval: bool = False


FUNCTIONS: tuple[Function, ...] = (
    Function("find", "Search the whole scan for candidate lesions.", Find, vision.find, "find"),
    Function("segment", "Outline a lesion, or outline it again tighter, looser or at a threshold.", Segment,
             vision.segment, "segment"),
    Function("measure", "Measure a lesion: axes, volume, attenuation.", Measure, vision.measure, "measure"),
    Function("classify", "Give the LIDC readers' rating of a lesion, or another tool's scores; never a diagnosis.",
             Classify, scores.classify, "classify"),
    Function("compare", "Compare this scan's lesions with a prior scan's; add up the diameters of targets.", Compare,
             change.compare),
    Function("assess", "Apply a guideline's table to a lesion; says what it still needs.", Assess, advice.assess),
    Function("find_guideline", "Look up guideline passages.", FindGuideline, advice.find_guideline),
    Function("recall", "Answer from the record: sizes now and before, settings, statements, findings.", Recall,
             memory.recall),
    Function("show", "Move the viewer to a lesion, plane, window or slice.", Show, memory.show),
    Function("write_report", "Compose the report from current evidence.", WriteReport, paper.write_report),
    Function("export", "Write the report's files to a folder, after approval.", Export, paper.export,
             asks_approval=True),
)  # fmt: skip

NEEDS_APPROVAL = tuple(f.name for f in FUNCTIONS if f.asks_approval)


def checked(
    name: str, arguments: Mapping[str, Any], more: Sequence[Function] = ()
) -> tuple[Function, dict[str, Any]]:
    """Return a function and its arguments, validated and coerced. `more`: functions that only some cases have.

    Raises:
        NotApplicable: no function of that name, or arguments it does not take.
    """
    function = next((f for f in (*FUNCTIONS, *more) if f.name == name), None)
    if function is None:
        raise NotApplicable(f"There is no function {name!r}. The functions are {', '.join(f.name for f in FUNCTIONS)}.")
    return function, validated(function, arguments)


def validated(function: Function, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a function's arguments, validated and coerced. Raises NotApplicable for what it does not take."""
    try:
        return function.arguments.model_validate(dict(arguments)).model_dump(exclude_none=True)
    except ValidationError as error:
        parts = [f"{'.'.join(str(p) for p in e['loc']) or function.name}: {_why(e)}" for e in error.errors()[:3]]
        raise NotApplicable(
            f"{function.name} was called with arguments it does not take ({'; '.join(parts)}). Nothing was done."
        ) from error


def _why(error: Mapping[str, Any]) -> str:
    """Return what is wrong with one argument, in a reader's words where it is a number or a count out of range."""
    allowed, given = error.get("ctx") or {}, error["input"]
    match error["type"]:
        case "less_than_equal":
            return f"at most {allowed['le']} is allowed, {given} was asked for"
        case "greater_than_equal":
            return f"at least {allowed['ge']} is allowed, {given} was asked for"
        case "less_than":
            return f"less than {allowed['lt']} is allowed, {given} was asked for"
        case "greater_than":
            return f"more than {allowed['gt']} is allowed, {given} was asked for"
        case "too_short" | "too_long":
            wanted = allowed.get("min_length", allowed.get("max_length"))
            return f"{wanted} values are needed, {allowed['actual_length']} were given"
    return str(error["msg"])


def act(desk: Desk, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Run a function by name on a desk and return what a model would see."""
    desk.need("work")
    function, known = checked(name, arguments)
    return function.act(desk, **known)


def describe(function: Function, specs: Sequence[ToolSpec]) -> str:
    """Return a function's purpose with the tools behind it and what they are not for."""
    behind = [s for s in specs if s.task == function.task]
    lines = [function.purpose, *(f"{s.name}: {s.summary} Not for: {s.not_for}" for s in behind)]
    return "\n".join(lines)


def langchain_tools(desk: Desk, more: Sequence[Function] = ()) -> list[BaseTool]:
    """Return the functions, and those that only some cases have, as LangChain tools bound to a desk."""
    from langchain_core.tools import StructuredTool

    specs = desk.workspace.registry.specs
    return [
        StructuredTool.from_function(
            func=_bound(function, desk),
            name=function.name,
            description=describe(function, specs),
            args_schema=function.arguments,
            response_format="content_and_artifact",
        )
        for function in (*FUNCTIONS, *more)
    ]


def _bound(function: Function, desk: Desk) -> Callable[..., tuple[str, list[str]]]:
    def call(**arguments: Any) -> tuple[str, list[str]]:
        desk.need("work")
        before = len(desk.evidence.all())
        result = {"ok": True, "function": function.name, **function.act(desk, **arguments)}
        made = [e.id for e in desk.evidence.all()[before:]]
        return json.dumps(result, ensure_ascii=False), made

    return call


class Trace:
    """Tells a turn's listener what the functions do: started, at work, ended with which evidence."""

    def __init__(self, tell: Callable[[Any], None]) -> None:
        self._tell = tell
        self._since: dict[str, float] = {}

    def started(self, call: str, function: str, arguments: dict[str, Any]) -> None:
        """Tell that a function was called."""
        self._since[call] = time.monotonic()
        self._tell(ToolStarted(call, function, {k: v for k, v in arguments.items() if v is not None}))

    def progress(self, function: str, fraction: float, phrase: str) -> None:
        """Tell how far a function is."""
        self._tell(ToolProgress(function, round(fraction, 3), phrase))

    def finished(self, call: str, function: str, evidence: Sequence[str], result: dict[str, Any]) -> None:
        """Tell that a function ended."""
        seconds = time.monotonic() - self._since.pop(call, time.monotonic())
        self._tell(ToolFinished(call, function, tuple(evidence), result, round(seconds, 3)))
