"""Holds a draft and releases only what its evidence carries.

Each clause is held, filled in, checked against the evidence it cites, and only then released. What fails is written
once more by the model, then restated from the evidence, else struck and the reader told. Knows no graph and no scan.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from agent import grounding
from agent.events import Clause, Event, Question, Struck, UngroundedAnswer
from agent.privacy.asking_who import asks_who
from agent.record import Record
from agent.restate import restate
from tools.quantity import Language

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

log = logging.getLogger(__name__)


_CALL = re.compile(r"\s*(?:```|<tool_call>|\[?\s*\{\s*\")")


class Writer:
    """Holds a draft, releases each clause that its evidence carries, and sees to those that fall."""

    def __init__(
        self,
        record: Callable[[], Record],
        language: Language,
        shown: Callable[[str, Language], str] = lambda text, _: text,
    ) -> None:
        """Take what gives the record, the answer's language, and what turns marks back into what the reader typed."""
        self._record = record
        self._language = language
        self._shown = shown
        self._draft: dict[str, str] = {}
        self._fallen: list[tuple[str, str, str]] = []
        self._options: dict[str, tuple[str, ...]] = {}
        self.released: dict[str, list[str]] = {}

    def take(self, message_id: str, text: str, options: tuple[str, ...] = ()) -> Iterator[Event]:
        """Add text to a message's draft and release the clauses that are complete.

        `options` are ready answers to the question that the message asks.
        """
        self.released.setdefault(message_id, [])
        if options:
            self._options[message_id] = options
        draft = self._draft.get(message_id, "") + text
        if _CALL.match(draft):  # a server without tool calls writes them out; what it is shows at the end
            self._draft[message_id] = draft
            return
        clauses = grounding.split_clauses(draft)
        # The last clause may still be growing, or its citation may still come.
        if clauses and not draft.endswith("\n"):
            self._draft[message_id] = clauses.pop()
        else:
            self._draft[message_id] = ""
        for clause in clauses:
            yield from self._judge(message_id, clause)

    def keep_only(self, finished: Collection[str]) -> None:
        """Forget what is still held of messages that were never finished: a stream was cut, and nobody will go on."""
        self._draft = {name: draft for name, draft in self._draft.items() if name in finished}
        self._fallen = [one for one in self._fallen if one[0] in finished]

    def finish(
        self, endpoint: BaseChatModel | None, clean: Callable[[str], str], made: Sequence[str] = ()
    ) -> Iterator[Event]:
        """Release what is left, give fallen clauses their one retry, restate or strike the rest.

        Args:
            endpoint: the model that may write fallen clauses again; None: they are restated.
            clean: replaces known identifiers in what goes to it.
            made: evidence of this turn: told where nothing that the model wrote could be said.
        """
        for message_id, rest in list(self._draft.items()):
            self._draft[message_id] = ""
            for clause in grounding.split_clauses(rest):
                yield from self._judge(message_id, clause)
        fallen, self._fallen = self._fallen, []
        if fallen and endpoint is not None:
            message_id = fallen[0][0]
            again = self._once_more(endpoint, fallen, clean)
            for clause in again:
                yield from self._judge(message_id, clause)
            if again:  # else what fell was left out, and the reader is told
                fallen, self._fallen = self._fallen, []
        said: set[str] = set()
        for message_id, clause, reason in fallen:
            replaced = False
            for sentence in restate(grounding.cites_of(clause), self._record().by_id, self._language):
                if sentence not in said and not self._problems(sentence):
                    said.add(sentence)
                    replaced = True
                    yield from self._judge(message_id, sentence)
            if not replaced:
                yield Struck(f"A sentence was struck out: {reason}")
        if fallen and not any(self.released.values()):
            for sentence in restate(made, self._record().by_id, self._language):
                if not self._problems(sentence):
                    yield from self._judge(fallen[0][0], sentence)

    def _judge(self, message_id: str, clause: str) -> Iterator[Event]:
        problems = self._problems(clause)
        if problems:
            log.info("clause held back: %s", "; ".join(problems))
            self._fallen.append((message_id, clause, "; ".join(problems)))
            return
        text = grounding.fill(clause, self._record().by_id, self._language).strip()
        text = self._shown(text, self._language)
        self.released[message_id].append(text)
        if text.endswith(("?", "\uff1f")) and message_id in self._options:
            yield Question(text, self._options.pop(message_id))
        else:
            yield Clause(text, grounding.cites_of(text))

    def _problems(self, clause: str) -> list[str]:
        record = self._record()
        try:
            filled = grounding.fill(clause, record.by_id, self._language)
        except UngroundedAnswer as error:
            return [str(error)]
        if asks_who(filled):
            return ["it asks who the patient is or for a letter; nothing here needs that, and it is not passed on."]
        return grounding.check(filled, record.by_id, current=record.current)

    def _once_more(
        self, endpoint: BaseChatModel, fallen: list[tuple[str, str, str]], clean: Callable[[str], str]
    ) -> list[str]:
        """Ask the model to write fallen clauses again; their drafts stay out of the thread."""
        import json

        from langchain_core.messages import HumanMessage, SystemMessage

        from agent.card import PROMPT

        known = {
            e.id: {"kind": e.kind, "lesion": e.inputs.get("lesion"), "quantities": [q.name for q in e.quantities]}
            for e in self._record().live
        }
        lines = "\n".join(f"- {clause}\n  Problem: {reason}" for _, clause, reason in fallen)
        asked = (
            "These sentences were struck because their evidence does not carry them. The problem names the word or "
            "number: leave it out, or say it as the evidence does, with a reference such as {E9.axial_long_axis} for "
            "each size. One fact a sentence; leave out a sentence that cannot be mended. Answer with the sentences "
            f"only.\n{lines}\nEvidence: {json.dumps(known)}"
        )
        try:
            answer = endpoint.invoke([SystemMessage(PROMPT), HumanMessage(clean(asked))])
        except Exception as error:  # noqa: BLE001 - endpoints fail in every way there is; the clause is then restated
            log.warning("no second try from the endpoint: %s", type(error).__name__)
            return [clause for _, clause, _ in fallen]
        return grounding.split_clauses(str(answer.text))
