"""Which tools there are: built-ins and pip packages by entry point, the operator's own files by folder.

Built-ins come the same way as yours. A tool that cannot be listed is kept as broken with its reason and harms no
other. Knows no tool by name.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from inspect import isabstract
from pathlib import Path
from typing import Any

from tools.contract import (
    REQUESTS,
    NotApplicable,
    Progress,
    Request,
    Task,
    ToolSpec,
    UnknownTool,
    VisionTool,
)
from tools.device import best_device
from tools.scan import Scan

log = logging.getLogger(__name__)

GROUP = "scanwright.tools"


class Installed:
    """A tool that is at hand: made and loaded at first use, once, and checked for scope at each run."""

    def __init__(self, tool_class: type[VisionTool], origin: str) -> None:
        self.spec: ToolSpec = tool_class.spec
        self.origin = origin
        self.device: str | None = None
        self._class = tool_class
        self._tool: VisionTool | None = None
        self._lock = threading.Lock()

    def load(self, device: str | None = None) -> None:
        """Load on a device (None: the GPU when there is one). Loading again moves only when the device differs."""
        with self._lock:
            device = device or self.device or best_device()
            if self._tool is None or device != self.device:
                tool = self._class()
                tool.load(device)
                self._tool, self.device = tool, device

    def run(self, request: Request, progress: Progress = lambda fraction, phrase: None) -> Any:
        """Check the scope, load if need be, and answer. Raises the tool's ToolError."""
        self.spec.check_scope(request.scan)
        self.spec.check_parameters(request.parameters)
        self.load(self.device)
        assert self._tool is not None
        return self._tool.run(request, progress)

    def __repr__(self) -> str:
        return f"<Installed {self.spec.name} {self.spec.version} for {self.spec.task}>"


@dataclass
class Registry:
    """The tools at hand, and those that are broken with the reason."""

    tools: dict[str, Installed] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    @classmethod
    def discover(cls, folder: Path | None = None) -> Registry:
        """Return every tool: entry points of the group ``scanwright.tools``, then the files in ``folder``."""
        registry = cls()
        for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
            try:
                registry.add(point.load(), origin=point.name)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a plug-in may do anything while it is imported
                registry._note_broken(point.name, error)
        if folder is not None and folder.is_dir():
            for path in sorted(folder.glob("*.py")):
                registry._add_file(path)
        return registry

    def add(self, tool_class: type[VisionTool], origin: str = "") -> None:
        """Add a tool class after checking its spec. Raises TypeError or ValueError saying what is wrong."""
        if not (isinstance(tool_class, type) and issubclass(tool_class, VisionTool)):
            raise TypeError("it is not a subclass of tools.VisionTool")
        if isabstract(tool_class):
            raise TypeError("it does not write `run`")
        spec = getattr(tool_class, "spec", None)
        if not isinstance(spec, ToolSpec):
            raise TypeError("its `spec` is not a tools.ToolSpec")
        if spec.task not in REQUESTS:
            raise ValueError(f"its task is {spec.task!r}; the tasks are {', '.join(REQUESTS)}")
        if spec.name in self.tools:
            raise ValueError(f"another tool is already called {spec.name!r}; rename one of them")
        self.tools[spec.name] = Installed(tool_class, origin)

    @property
    def specs(self) -> list[ToolSpec]:
        """The specs, by name."""
        return [self.tools[name].spec for name in sorted(self.tools)]

    def get(self, name: str) -> Installed:
        """Return the tool of a name. Raises UnknownTool with the names there are."""
        if name in self.tools:
            return self.tools[name]
        if name in self.broken:
            raise UnknownTool(f"{name} is installed but broken: {self.broken[name]}.")
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

    def _of_task(self, task: Task) -> Iterable[Installed]:
        found = [t for t in self.tools.values() if t.spec.task == task]
        return sorted(found, key=lambda t: (t.spec.reported_by != "the Scanwright authors", t.spec.name))

    def _add_file(self, path: Path) -> None:
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
                raise TypeError("it holds no subclass of tools.VisionTool")
            for tool_class in classes:
                self.add(tool_class, origin=path.name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - an operator's file may do anything
            self._note_broken(path.stem, error)

    def _note_broken(self, name: str, error: BaseException) -> None:
        log.warning("the tool %s cannot be used: %s", name, error)
        self.broken[name] = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(". ")
