"""The desk a case is worked on: its scan, its record, the tools at hand, and where progress is told.

What every function needs and none owns. Knows no language model.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.people import Level
from agent.record import LesionRecord, Record
from agent.workspace import Workspace
from tools.contract import FindResult, NotApplicable, Request, SegmentResult, Task, ToolError, ToolFailed, ToolSpec
from tools.evidence import CaseEvidence
from tools.mask import Mask
from tools.quantity import Quantity, show_value
from tools.scan import Scan

if TYPE_CHECKING:
    from agent.cases import Case
    from agent.report.nameless import Nameless
    from tools.compare import Comparison, TimePoint
    from tools.lungs import LungFields, Place

KEPT_LUNGS = 4
"""Lung fields kept in memory: a few hundred kilobytes each, some seconds to find again."""

_lungs: OrderedDict[str, LungFields] = OrderedDict()


def _nothing(function: str, fraction: float, phrase: str) -> None:
    """Tell nobody."""


def _compare(current: TimePoint, prior: TimePoint, **options: Any) -> Comparison:
    """Compare with the shipped comparison, loaded at first use."""
    from tools.compare import compare

    return compare(current, prior, **options)


@dataclass
class Desk:
    """One case under work."""

    workspace: Workspace
    case_id: str
    owner: str
    scan: Scan | None
    evidence: CaseEvidence
    on_progress: Callable[[str, float, str], None] = _nothing
    compare_scans: Callable[..., Comparison] = _compare
    """Compares two time points; see `tools.compare.compare`."""
    stated_now: list[str] = field(default_factory=list)
    said: str | None = None
    """The message under way; None outside a conversation, where who calls is the reader."""
    hide: bool = False
    """Whether the reader's yes was to a report without the patient."""
    nameless: Nameless | None = None
    """How what is written becomes a report of nobody; None: it is the patient's."""

    @property
    def record(self) -> Record:
        """The case as it stands now."""
        return Record.of(self.evidence)

    @property
    def state(self) -> dict[str, Any]:
        """What the reader left the case in: selection, focus, open question, view."""
        return self.need("read").state

    def keep(self, **changes: Any) -> None:
        """Merge changes into the state."""
        self.workspace.cases.keep_state(self.case_id, **changes)

    def need(self, level: Level) -> Case:
        """Return the case. Raises UnknownCase or NoRight unless who works here may do so much in it now."""
        return self.workspace.cases.get(self.case_id, self.owner, need=level)

    def need_scan(self) -> Scan:
        """Return the scan. Raises NotApplicable when the case has none yet."""
        if self.scan is None:
            raise NotApplicable("No scan is open in this case. Load one first: DICOM, NIfTI, NRRD, PNG or JPEG.")
        return self.scan

    def submit(self, function: str, task: Task, request: Request, name: str | None = None) -> tuple[Any, ToolSpec]:
        """Run a task with the best tool for this scan, or the named one, and return result and spec."""
        registry = self.workspace.registry
        tool = registry.get(name) if name else registry.best(task, request.scan)
        if tool.spec.task != task:
            raise NotApplicable(f"{name} is a tool to {tool.spec.task}, not to {task}.")
        job = self.workspace.runtime.submit(
            tool, request, lambda f, p: self.on_progress(function, f, p), case=self.case_id
        )
        if job.place_in_queue:
            self.on_progress(function, 0.0, f"{job.place_in_queue} before it in the queue")
        result = job.result()
        self._check_grid(result, tool.spec, request.scan)
        return result, tool.spec

    def hold_to_allowed(self, lesion: LesionRecord) -> None:
        """Raise NotApplicable when a lesion's outline or size is by a tool that may not feed criteria."""
        spec = self.not_allowed(lesion)
        if spec is not None:
            raise NotApplicable(
                f"Lesion {lesion.number} was outlined by {spec.name}, whose figures are reported by "
                f"{spec.reported_by}; its results feed no guideline criteria until the operator allows it "
                f"(scanwright tools allow {spec.name})."
            )

    def not_allowed(self, lesion: LesionRecord) -> ToolSpec | None:
        """Return the tool of a lesion's outline or size that may not feed criteria, or None."""
        for item in (lesion.mask_evidence, lesion.measurement):
            tool = self.workspace.registry.tools.get(item.producer) if item is not None else None
            if tool is not None and not tool.trusted:
                return tool.spec
        return None

    def by_itself(self, task: Task, name: str | None = None) -> bool:
        """Return whether the tool that would take this task needs no point and no box."""
        registry = self.workspace.registry
        try:
            tool = registry.get(name) if name else registry.best(task, self.need_scan())
        except ToolError:
            return False
        return tool.spec.prompts != "needed"

    def _check_grid(self, result: Any, spec: ToolSpec, scan: Scan) -> None:
        """Raise ToolFailed when a tool's mask does not lie on the scan's grid that it was given."""
        masks = [result.mask, *result.parts] if isinstance(result, SegmentResult) else []
        masks += [c.mask for c in result.candidates] if isinstance(result, FindResult) else []
        if any(m.scan_id != scan.id or m.grid_shape != scan.shape for m in masks):
            raise ToolFailed(f"{spec.name} answered with a mask of another grid than the scan's; nothing was recorded.")

    def compare(self, current: TimePoint, prior: TimePoint, days: int | None) -> Comparison:
        """Compare two time points, telling progress."""
        return self.compare_scans(
            current, prior, days=days or None, progress=lambda f, phrase: self.on_progress("compare", f, phrase)
        )

    def pick(self, number: int | None) -> LesionRecord:
        """Return the lesion of a number, or the one in focus, or the only one.

        Raises:
            NotApplicable: there is no such lesion, none at all, or several to choose from.
        """
        record = self.record
        lesions = record.lesions
        if number is not None:
            found = record.lesion(number)
            if found is not None:
                return found
            there = ", ".join(str(x.number) for x in lesions) or "none yet"
            raise NotApplicable(f"There is no lesion {number} in this case. Lesions: {there}.")
        usable = [x for x in lesions if x.status != "rejected"]
        focus = self.state.get("focus")
        chosen = next((x for x in usable if x.number == focus), None)
        if chosen is None and len(usable) == 1:
            chosen = usable[0]
        if chosen is None and not usable and lesions:
            gone = ", ".join(str(x.number) for x in lesions)
            raise NotApplicable(f"Every lesion of this case was rejected ({gone}). Name one, or accept it first.")
        if chosen is None and not usable:
            raise NotApplicable("No lesion is outlined yet. Click on one, draw a box around it, or ask to search.")
        if chosen is None:
            raise NotApplicable(f"Which lesion? There are {', '.join(str(x.number) for x in usable)}.")
        return chosen

    def lungs(self) -> LungFields | None:
        """Return the scan's lung fields, or None where it is no chest CT or they were not found."""
        scan = self.scan
        if scan is None or scan.is_2d or scan.modality.value != "CT" or scan.body_part.value not in ("CHEST", None):
            return None
        if scan.id not in _lungs:
            from tools.lungs import lung_fields

            _lungs[scan.id] = lung_fields(scan)
            while len(_lungs) > KEPT_LUNGS:
                _lungs.popitem(last=False)
        fields = _lungs[scan.id]
        return fields if fields.found else None

    def place(self, mask: Mask) -> dict[str, Any]:
        """Return side, third and words for where a mask lies; nothing that geometry does not give."""
        fields = self.lungs()
        if fields is None or self.scan is None or not self.scan.laterality_known:
            return {"side": None, "third": None, "where": ""}
        from tools.lungs import place

        found: Place = place(mask, self.scan, fields)
        words = f"{found.side} lung" if found.side else ""
        if found.side and found.third:
            words = f"{found.side} lung, {found.third} third"
        return {"side": found.side, "third": found.third, "where": words}


def brief(quantities: tuple[Quantity, ...]) -> dict[str, dict[str, Any]]:
    """Return quantities as a model sees them: rounded as a reader would, with unit."""
    return {q.name: {"value": float(show_value(q)), "unit": q.unit} for q in quantities}
