"""Which tools there are: built-ins and pip packages by entry point, the operator's own files and bundles by folder.

Built-ins come the same way as yours. A tool that cannot be listed is kept as broken with its reason and harms no
other. Knows no tool by name.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from pathlib import Path
from typing import Any

from tools.allowed import is_allowed
from tools.bundles.expressions import Refused
from tools.bundles.pins import PINS
from tools.contract import (
    REQUESTS,
    SHIPPED,
    NotApplicable,
    Progress,
    Request,
    Task,
    ToolError,
    ToolSpec,
    UnknownTool,
    VisionTool,
)
from tools.device import best_device, use_cores
from tools.fetch import NotFetched, in_place
from tools.scan import Scan, ScanError

log = logging.getLogger(__name__)

GROUP = "scanwright.tools"
OWN = "own"
"""Stands for every tool that does not come with Scanwright."""


class Unfit(TypeError, ValueError):
    """A class is no tool, or its spec is not what the contract asks; the message says which in plain words."""


def _shipped(point: EntryPoint) -> bool:
    """Whether an entry point is one of Scanwright's own."""
    return point.dist is not None and point.dist.name == "scanwright"


def _whence(point: EntryPoint) -> str:
    """Return where an entry point comes from, as an operator knows it."""
    return point.name if _shipped(point) or point.dist is None else f"the package {point.dist.name}"


def _code(tool_class: type[VisionTool]) -> str:
    """Return a short hash of the file that a tool is written in, as it is now."""
    file = getattr(sys.modules.get(tool_class.__module__), "__file__", None)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:12] if file and Path(file).is_file() else "no file"


class Installed:
    """A tool that is at hand: made and loaded at first use, once, and checked for scope at each run."""

    def __init__(
        self, tool_class: type[VisionTool], origin: str, shipped: bool = True, trusted: bool | None = None
    ) -> None:
        self.spec: ToolSpec = tool_class.spec
        self.origin = origin
        self.shipped = shipped
        self.trusted = shipped if trusted is None else trusted
        """Whether its results may feed guideline criteria: what is shipped, and what the operator allowed."""
        self.device: str | None = None
        self.isolated = False
        """Whether it runs in a process of its own."""
        self.code = _code(tool_class)
        """What it was made from, as a hash: two machines with the same version may still differ."""
        self._make: Callable[[], Any] = tool_class
        self._tool: VisionTool | None = None
        self._lock = threading.Lock()

    def load(self, device: str | None = None) -> None:
        """Load on a device (None: the GPU when there is one). Loading again moves only when the device differs."""
        with self._lock:
            device = device or self.device or best_device()
            if self._tool is None or device != self.device:
                tool = self._make()
                tool.load(device)
                use_cores()
                self._tool, self.device = tool, device

    def run(self, request: Request, progress: Progress = lambda fraction, phrase: None) -> Any:
        """Check the scope, load if need be, and answer. Raises the tool's ToolError."""
        self.spec.check_request(request)
        self.load(self.device)
        assert self._tool is not None
        return self._tool.run(request, progress)

    def run_batch(
        self, requests: Sequence[Request], progress: Progress = lambda fraction, phrase: None
    ) -> Sequence[Any]:
        """Answer several requests, each checked for scope already. Raises the tool's ToolError."""
        self.load(self.device)
        assert self._tool is not None
        return self._tool.run_batch(requests, progress)

    def isolate(self, folder: Path | None) -> None:
        """Run it in a process of its own from now on; `folder` is the operator's, for the child to find it in."""
        from tools.isolated import IsolatedTool

        self.spec = replace(self.spec, batch=1)
        self._make = lambda: IsolatedTool(self.spec, folder)
        self._tool, self.isolated = None, True

    def __repr__(self) -> str:
        return f"<Installed {self.spec.name} {self.spec.version} for {self.spec.task}>"


@dataclass
class Registry:
    """The tools at hand, and those that are broken with the reason."""

    tools: dict[str, Installed] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    """Tools whose weights or extra are not here yet, with what to do."""

    @classmethod
    def discover(cls, folder: Path | None = None, isolate: Collection[str] = ()) -> Registry:
        """Return every tool: entry points of the group ``scanwright.tools``, shipped bundles, then ``folder``'s own.

        Args:
            folder: the operator's: Python files, MONAI bundle folders, and zips of those.
            isolate: names of tools that run in a process of their own; ``own``: all that do not come with Scanwright.
        """
        registry = cls()
        for point in sorted(entry_points(group=GROUP), key=lambda p: (not _shipped(p), p.name, _whence(p))):
            try:
                made = in_place(point.load(), folder)
                registry.add(made, origin=_whence(point), shipped=_shipped(point), allowed=folder)
            except NotFetched as missing:
                registry.waiting[point.name] = str(missing)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a plug-in may do anything while it is imported
                taken = point.name in registry.tools or point.name in registry.broken
                registry._note_broken(f"{point.name} ({_whence(point)})" if taken else point.name, error)
        registry._add_bundles(Path(__file__).parent / "models", shipped=True)
        if folder is not None and folder.is_dir():
            for path in sorted(folder.glob("*.py")):
                registry.add_file(path)
            registry._add_bundles(folder)
        for name, tool in registry.tools.items():
            if name in isolate or (OWN in isolate and not tool.shipped):
                tool.isolate(folder)
        return registry

    def add(
        self, tool_class: type[VisionTool], origin: str = "", shipped: bool = True, allowed: Path | None = None
    ) -> None:
        """Add a tool class after checking its spec.

        Args:
            tool_class: the class.
            origin: where it comes from, for the reader.
            shipped: whether it comes with Scanwright, or is added by the program itself.
            allowed: the folder that holds what the operator allowed, for one that is not.

        Raises:
            Unfit: saying what is wrong with it.
        """
        if not (isinstance(tool_class, type) and issubclass(tool_class, VisionTool)):
            raise Unfit("it is not a subclass of tools.VisionTool")
        if isabstract(tool_class):
            raise Unfit("it does not write `run`")
        spec = getattr(tool_class, "spec", None)
        if not isinstance(spec, ToolSpec):
            raise Unfit("its `spec` is not a tools.ToolSpec")
        if spec.task not in REQUESTS:
            raise Unfit(f"its task is {spec.task!r}; the tasks are {', '.join(REQUESTS)}")
        if spec.name in self.tools:
            there = self.tools[spec.name].origin
            from_there = f" (it comes from {there})" if there and there != spec.name else ""
            raise Unfit(f"another tool is already called {spec.name!r}{from_there}; rename one of them")
        if not shipped and spec.reported_by == SHIPPED:
            raise Unfit(f"it names {SHIPPED} for its figures; `reported_by` is who measured them")
        self.tools[spec.name] = Installed(tool_class, origin, shipped, shipped or is_allowed(spec, allowed))

    @property
    def specs(self) -> list[ToolSpec]:
        """The specs, by name."""
        return [self.tools[name].spec for name in sorted(self.tools)]

    def get(self, name: str) -> Installed:
        """Return the tool of a name. Raises UnknownTool with the names there are."""
        if name in self.tools:
            return self.tools[name]
        broken = next((n for n in self.broken if n == name), None) or next(
            (n for n in self.broken if _plain(n) == _plain(name)), None
        )
        if broken is not None:
            raise UnknownTool(f"{broken} is installed but broken: {self.broken[broken]}.")
        if name in self.waiting:
            raise UnknownTool(f"{name} is not at hand yet: {self.waiting[name]}.")
        raise UnknownTool(f"There is no tool called {name!r}. Installed: {', '.join(sorted(self.tools)) or 'none'}.")

    def best(self, task: Task, scan: Scan) -> Installed:
        """Return the first tool of a task whose scope holds the scan, the shipped ones first.

        Raises:
            UnknownTool: no tool of the task.
            NotApplicable: none takes this scan; the reason of the nearest one.
        """
        reasons: list[str] = []
        for tool in self._of_task(task):
            try:
                tool.spec.check_scope(scan)
            except NotApplicable as error:
                reasons.append(str(error))
                continue
            return tool
        if not reasons:
            raise UnknownTool(f"No tool for the task {task!r} is installed.")
        raise NotApplicable(reasons[0])

    def all_for(self, task: Task, scan: Scan) -> list[Installed]:
        """Return every tool of a task whose scope holds the scan, best first."""
        found = []
        for tool in self._of_task(task):
            try:
                tool.spec.check_scope(scan)
            except NotApplicable:
                continue
            found.append(tool)
        return found

    def _of_task(self, task: Task) -> Iterable[Installed]:
        found = [t for t in self.tools.values() if t.spec.task == task]
        return sorted(found, key=lambda t: (t.spec.anatomy, not t.shipped, t.spec.reported_by != SHIPPED, t.spec.name))

    def add_file(self, path: Path) -> None:
        """Add the tools that a Python file holds, or note it as broken."""
        name = f"scanwright_own_{path.stem}"
        try:
            spec = importlib.util.spec_from_file_location(name, path)
            if spec is None or spec.loader is None:
                raise ImportError("it cannot be imported")
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
            classes = [
                value
                for value in vars(module).values()
                if isinstance(value, type) and issubclass(value, VisionTool) and value.__module__ == name
            ]
            if not classes:
                raise Unfit("it holds no subclass of tools.VisionTool")
            for tool_class in classes:
                self.add(tool_class, origin=path.name, shipped=False, allowed=path.parent)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - an operator's file may do anything
            self._note_broken(path.name, error)

    def _add_bundles(self, folder: Path, shipped: bool = False) -> None:
        from tools.bundles import bundle_tool, bundles_in

        for place, seen_as in bundles_in(folder, self._note_broken):
            try:
                book = None if shipped else folder / PINS
                made = bundle_tool(place, shipped=shipped, book=book)
                self.add(made, origin=f"bundle {seen_as}", shipped=shipped, allowed=folder)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - an operator's folder may hold anything
                self._note_broken(seen_as, error)

    def _note_broken(self, name: str, error: BaseException) -> None:
        log.warning("the tool %s cannot be used: %s", name, error)
        self.broken[name] = in_a_line(error)


def _plain(name: str) -> str:
    """Return a tool's name as a file or folder that holds it may spell it, without the ending."""
    return name.removesuffix(".py").removesuffix(".zip").lower().replace("_", "-")


def in_a_line(error: BaseException) -> str:
    """Return why a tool cannot be used: in our own words where they are ours, else with the kind of the error."""
    ours = isinstance(error, (Unfit, Refused, ToolError, ScanError))
    said = str(error) if ours else f"{type(error).__name__}: {error}"
    return (said.strip().splitlines() or [type(error).__name__])[0].rstrip(". ")
