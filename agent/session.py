"""One reader's conversation about one case: open it, ask, get events, resume.

Runs the graph in a thread of its own, hands its drafts to `writer`, and leaves in the thread only what was released.
"""

from __future__ import annotations

import dataclasses
import logging
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import chart, llm, priors
from agent.approving import NAMELESS, approval_of, said_before
from agent.by_hand import ByHand
from agent.card import card, withdrawn
from agent.down import broke, told_when_down
from agent.events import Approval, Busy, Event, Failed, NoRight, Notice, Question, ToolFinished, UnknownCase
from agent.hearing import heard, offered, typed
from agent.opposed import opposed, which
from agent.people import enough
from agent.planner.reading import language_of
from agent.planner.steps import of_no_case
from agent.privacy import Redactor
from agent.privacy.leaving import Leaving
from agent.record import Record
from agent.rights import needs
from agent.stated import Statement
from agent.thread import Thread, finished
from agent.toolset.desk import Desk
from agent.workspace import Workspace
from agent.writer import Writer
from tools.contract import Cancelled, ToolError
from tools.evidence import CaseEvidence, Evidence
from tools.quantity import Language
from tools.scan import Scan, load_scan

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from agent.report import Report

log = logging.getLogger(__name__)

_FREE_TEXT = ("cancer_text",)
"""Facts whose value is the reader's own words; any other text value is one of our codes ("rejected", "upper")."""
_END = object()


class Session(ByHand):
    """A conversation about a case. Make one with `open`."""

    def __init__(self, workspace: Workspace, case_id: str, owner: str, endpoint: BaseChatModel | None = None) -> None:
        self.workspace = workspace
        self.case_id = case_id
        self.owner = owner
        self.evidence: CaseEvidence = workspace.evidence.case(case_id, workspace.witness(owner))
        scans = workspace.cases.scans(case_id)
        scan = chart.as_stated(scans[-1], Record.of(self.evidence)) if scans else None
        self.desk = Desk(workspace, case_id, owner, scan, self.evidence)
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stopped, self._worker = threading.Event(), threading.Thread()
        self._finished: set[str] = set()
        self._endpoint = endpoint
        self._untold = "" if endpoint else llm.unplaced(workspace.settings)
        self._graph: Any = None
        self._known, self._leaving = 0, Leaving(Redactor([]))

    @classmethod
    def open(
        cls,
        scan: str | Path | Scan | None = None,
        *,
        case: str | None = None,
        owner: str = "local",
        workspace: Workspace | None = None,
        modality: str | None = None,
        body_part: str | None = None,
        endpoint: BaseChatModel | None = None,
    ) -> Session:
        """Open a scan in a new case, or go on with a case.

        Args:
            scan: a path `load_scan` takes, a `Scan`, or None to go on with a case's own.
            case: a case's id; made when it is new. None makes a fresh one.
            owner: who opens it: whose case it is, or somebody it is shared with.
            workspace: this process's services; opened from the environment when None.
            modality, body_part: what the reader states of a file that does not say.
            endpoint: a chat model to use instead of the configured one.

        Raises:
            ScanError: the scan cannot be read.
            UnknownCase: the case is somebody else's and not shared, or holds another scan.
            NoRight: it is shared to be read, and something is stated of it.
        """
        workspace = workspace or Workspace.open()
        if scan is None and case is None:
            raise UnknownCase("Give a scan to open, or the id of a case to go on with.")
        loaded = scan if isinstance(scan, Scan) or scan is None else load_scan(scan)
        if scan is None:
            assert case is not None
            made = workspace.cases.get(case, owner, need="read")
        else:
            made = workspace.cases.create(owner, case)
        workspace.note_opening(made, owner)
        if loaded is not None:
            workspace.cases.attach(made.id, loaded)
        session = cls(workspace, made.id, owner, endpoint)
        for name, value in (("modality", modality), ("body_part", body_part)):
            if value:
                session.need("work")
                chart.record_statement(session.desk, Statement(name, value.upper(), value))
        if enough(made.level, "work"):
            chart.record_scan(session.desk)
        return session

    # What the case holds

    @property
    @needs("read")
    def scan(self) -> Scan | None:
        """The scan that is worked on, as its file and the reader have it."""
        return self.desk.scan

    @property
    @needs("read")
    def record(self) -> Record:
        """The case as its evidence has it now."""
        return Record.of(self.evidence)

    @property
    def state(self) -> dict[str, Any]:
        """Selection, focus, open question, view."""
        return self.desk.state

    @property
    @needs("read")
    def report(self) -> Report | None:
        """The last composed report, or None."""
        from agent.report import last_report

        return last_report(self.desk)

    @needs("read")
    def card(self) -> dict[str, Any]:
        """Return the case card that planner and language model read."""
        specs = self.workspace.registry.specs
        return card(self.record, self.scan, self.state, self.desk.stated_now, specs)

    @needs("read")
    def history(self) -> list[dict[str, str]]:
        """Return the thread so far: role and text, oldest first."""
        return self.thread.history(self.state.get("released") or {})

    @needs("read")
    def export_files(self, folder: Path) -> list[Path]:
        """Write report and evidence into a folder and return the files. Raises AgentError without a report."""
        from agent.report import write_files

        return list(write_files(self.desk, folder).files)

    # What the reader states, and does directly; what is done by hand is in `ByHand`

    @needs("work")
    def state_fact(self, statement: Statement, **more: Any) -> Evidence:
        """Record what the reader states, known identifiers replaced in their words.

        Raises:
            NotApplicable: a modality or body part that the file itself contradicts.
        """
        clean = self._redactor().clean
        value = statement.value
        if statement.field in _FREE_TEXT and isinstance(value, str):
            value = clean(value)
        said = dataclasses.replace(statement, words=clean(statement.words), value=value)
        return chart.record_statement(self.desk, said, **more)

    @needs("work")
    def call(self, function: str, **arguments: Any) -> dict[str, Any]:
        """Run one function directly, without planner or model, and return what a model would have seen.

        Raises:
            NotApplicable: no such function, arguments it does not take, or out of scope.
            ToolError, ScanError, AgentError: as the function raises them.
        """
        from agent.toolset import act

        with self.workspace.lock(self.case_id):
            if function == "compare" and isinstance(arguments.get("days"), int) and self.record.priors:
                priors.state_interval(self.desk, arguments["days"])  # who calls this is the reader
            return act(self.desk, function, arguments)

    def stop(self) -> None:
        """Stop the turn under way: no further clause is released, running tools stop at their next step."""
        self._stopped.set()

    # A turn

    @told_when_down
    def ask(self, text: str) -> Iterator[Event]:
        """Take one message and yield what happens, in order."""
        clean = typed(text)
        if not clean:
            yield Failed("EmptyMessage", "The message is empty. Ask something about the scan.")
            return
        if len(clean) > (limit := self.workspace.settings.max_text):
            yield Failed(
                "MessageTooLong",
                f"The message has {len(clean)} characters; up to {limit} are read. Send it in parts; nothing was done.",
            )
            return
        if halves := opposed(clean):
            yield Question(which(halves, language_of(clean)), halves)
            return
        from langchain_core.messages import HumanMessage

        if self._untold:
            yield Notice(self._untold)
            self._untold = ""
        try:
            self.need("work")
            with self.workspace.lock(self.case_id):
                self.desk.said = clean
                yield from self._take_in(clean)
                self.thread.leave_waiting()
                if self._endpoint is not None and (kept := self._leaving.told(clean, language_of(clean))):
                    yield Notice(kept)
                yield from self._turn({"messages": [HumanMessage(clean)]}, language_of(clean))
                yield from offered(self.desk, clean)
        except (Busy, NoRight, UnknownCase) as error:
            yield Failed(type(error).__name__, str(error))
        finally:
            self.desk.said = None

    @told_when_down
    def resume(self, decision: str) -> Iterator[Event]:
        """Answer an `Approval`: ``approve``, ``approve without the patient`` (de-identified) or ``reject``."""
        from langgraph.types import Command

        kind = "approve" if decision in ("approve", NAMELESS) else "reject"
        try:
            self.need("work")
            with self.workspace.lock(self.case_id):
                waiting = self.thread.waiting
                if not waiting:
                    yield Failed("NothingToApprove", "Nothing waits for approval in this case.")
                    return
                asked = [m["text"] for m in self.history() if m["role"] == "user"]
                self.desk.hide = decision == NAMELESS
                answer: Command[Any] = Command(resume={"decisions": [{"type": kind}] * waiting})
                yield from self._turn(answer, language_of(asked[-1] if asked else ""))
        except (Busy, NoRight, UnknownCase) as error:
            yield Failed(type(error).__name__, str(error))

    def _take_in(self, text: str) -> Iterator[Event]:
        """Record what the reader stated in this message."""
        before = set(withdrawn(self.record))
        self.desk.stated_now.clear()
        there = {x.number for x in self.record.lesions} | {None}
        strangers: set[int | None] = set()
        # A question about a patient of its own states nothing of this case.
        elsewhere = of_no_case(text, self.card(), llm.planner(self.workspace).utterances)
        told = [] if elsewhere else heard(self.desk, text)
        for statement in told:
            if statement.lesion not in there:
                strangers.add(statement.lesion)
                continue
            try:
                item = self.state_fact(statement)
            except ToolError as error:
                yield Failed(type(error).__name__, str(error))
                continue
            self.desk.stated_now.append(item.id)
        for number in strangers:
            yield Failed(
                "NotApplicable", f"There is no lesion {number} in this case; what was stated about it was not kept."
            )
        gone = [name for name in withdrawn(self.record) if name not in before]
        if gone:
            yield Notice(f"What was stated changes the ground of earlier advice: {', '.join(gone)} is withdrawn.")

    def _turn(self, given: Any, language: Language) -> Iterator[Event]:
        if self._worker.is_alive():  # a step that does not end: what it still does may not fall into another turn
            raise Busy("The turn before was stopped and has not come to its end yet. Try again in a moment.")
        self._stopped.clear()
        self._events, self._finished = queue.SimpleQueue(), set()
        self._worker = threading.Thread(target=self._run, args=(given,), name="scanwright-turn", daemon=True)
        self._worker.start()
        writer = Writer(lambda: Record.of(self.evidence), language, self._leaving.shown)
        made: list[str] = []
        try:
            while True:
                event = self._events.get()
                if event is _END:
                    break
                if isinstance(event, Approval):
                    yield from said_before(event, language)
                if isinstance(event, Event):
                    made += event.evidence if isinstance(event, ToolFinished) else ()
                    yield event
                elif not self._stopped.is_set():
                    yield from writer.take(*event)
            if not self._stopped.is_set():
                writer.keep_only(self._finished)
                yield from writer.finish(self._endpoint_model(), self._leaving.clean, made)
        finally:
            self.desk.hide = False
            self._stopped.set()
            self._worker.join(timeout=self.workspace.settings.timeout_s)
            self._settle(writer)
            if not self._worker.is_alive():
                self._stopped.clear()

    def _run(self, given: Any) -> None:
        """Run the graph and put events and text on the queue. Works in a thread of its own."""
        from langchain.agents.middleware.model_call_limit import ModelCallLimitExceededError
        from langchain_core.messages import AIMessage, AIMessageChunk

        try:
            stream = self.graph.stream(
                given, self.thread.config, stream_mode=["messages", "updates"], durability="exit"
            )
            for mode, data in stream:
                if self._stopped.is_set():
                    break
                if mode == "messages":
                    message = data[0]
                    if isinstance(message, (AIMessage, AIMessageChunk)) and message.text:
                        options = tuple(message.additional_kwargs.get("options", ()))
                        self._events.put((message.id, str(message.text), options))
                elif "__interrupt__" in data:
                    for interrupt in data["__interrupt__"]:
                        for action in interrupt.value["action_requests"]:
                            self._events.put(approval_of(action))
                else:
                    self._finished |= finished(data)
        except ModelCallLimitExceededError:
            steps = self.workspace.settings.max_steps
            text = f"The turn was stopped after {steps} steps. What was recorded is kept; ask for the rest by itself."
            self._events.put(Failed("TooManySteps", text))
        except Cancelled:
            self._events.put(Notice("Stopped. What was recorded before is kept; nothing further was done."))
        except Exception as error:  # noqa: BLE001 - whatever it is, the reader is told and the log has the rest
            self._events.put(broke(error))
        finally:
            self._events.put(_END)

    # The graph and its thread

    @property
    def graph(self) -> Any:
        """The assembled graph, made at first use."""
        held = len(self.workspace.cases.sources(self.case_id))
        if self._graph is None or held != self._known:  # another reader may have added a prior, and more to keep here
            from agent.assemble import assemble

            self._known, self._leaving = held, Leaving(self._redactor())
            self._graph = assemble(
                self.desk,
                llm.planner(self.workspace),
                self._endpoint_model(),
                card=self.card,
                leaving=self._leaving,
                tell=self._tell,
                # The planner reads the card alone.
                archived=self._archived if self._endpoint_model() is not None else tuple,
            )
        return self._graph

    def _tell(self, event: Event) -> None:
        if self._stopped.is_set():
            raise Cancelled("Stopped by the reader; nothing further was recorded.")
        self._events.put(event)

    @property
    def thread(self) -> Thread:
        """The kept conversation."""
        return Thread(self.graph, self.workspace.checkpoints, self.case_id)

    def _archived(self) -> list[tuple[str, str]]:
        return [(kind, text) for _, kind, text in self.thread.archive.all()]

    def _endpoint_model(self) -> BaseChatModel | None:
        if self._endpoint is None and self.workspace.settings.uses_endpoint:
            self._endpoint = llm.endpoint(self.workspace.settings)
        return self._endpoint

    def _redactor(self) -> Redactor:
        return Redactor(self.workspace.cases.sources(self.case_id))

    def _settle(self, writer: Writer) -> None:
        """Leave in the thread what was released; what waits for approval is settled with the turn that answers it."""
        state = self.workspace.cases.kept_state(self.case_id)  # also when the reader's right ended in this turn
        released = {**(state.get("released") or {}), **{k: " ".join(v) for k, v in writer.released.items()}}
        settled = self.thread.settle(released)
        if not settled or state.get("released"):
            self.desk.keep(released=None if settled else released)
