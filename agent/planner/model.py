"""The embedded planner as a LangChain chat model: it reads the same messages as a language model and calls real tools.

Each step is decided from the messages alone: the case card in the system message, the reader's last message, and
the calls since. It either makes the next call of the plan or writes the answer. No key, no network, no GPU.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import Field

from agent.planner.answers.compose import compose
from agent.planner.changes import learned
from agent.planner.intents import router
from agent.planner.steps import first_step, make_plan
from agent.planner.turn import PLAN_KEY, read_turn, remaining, settled, write_goals

_SENTENCES = re.compile(r".*?(?:[.!?。!?](?=\s|$)|[。!?]|\n|$)\s*", re.DOTALL)


class EmbeddedPlanner(BaseChatModel):
    """Picks functions and writes answers by rules and a small learned router.

    Attributes:
        utterances: by task, how people ask for each installed tool; the router is fitted from them too.
    """

    utterances: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)

    def ready(self) -> None:
        """Fit what is learned now, so that no first message waits for it."""
        router(self.utterances)
        learned()

    @property
    def _llm_type(self) -> str:
        return "scanwright-embedded-planner"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self._llm_type}

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Any | BaseTool], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        """Return this model: it knows the functions it may call by name."""
        return self

    def next_message(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """Return the next step of the turn: calls, or the answer."""
        turn = read_turn(messages)
        planned = make_plan(turn.text, turn.card, self.utterances, turn.before)
        goals = planned.goals if turn.kept is None else turn.kept
        left = remaining(goals, turn.done, kept=turn.kept is not None or not turn.done)
        step = [settled(goal, turn) for goal in first_step(left)]
        if step:
            calls = [
                {"name": g.function, "args": g.arguments, "id": f"call_{uuid.uuid4().hex}", "type": "tool_call"}
                for g in step
            ]
            kept = {} if turn.done else {PLAN_KEY: write_goals(goals)}
            return AIMessage("", tool_calls=calls, additional_kwargs=kept)
        answer = compose(planned, turn)
        return AIMessage(answer.text, additional_kwargs={"options": list(answer.options)} if answer.options else {})

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.next_message(messages))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        message = self.next_message(messages)
        chunks = [
            tool_call_chunk(name=c["name"], args=json.dumps(c["args"], ensure_ascii=False), id=c["id"], index=n)
            for n, c in enumerate(message.tool_calls)
        ]
        # Chunks are added up, so what may come only once goes with one of them: calls and plan with the first, the
        # answers on offer with the last sentence, which is the question.
        sentences = [x for x in _SENTENCES.findall(str(message.content)) if x]
        once = dict(message.additional_kwargs)
        if chunks:
            first = AIMessageChunk(content="", tool_call_chunks=chunks, additional_kwargs=once)
            yield ChatGenerationChunk(message=first)
        for number, sentence in enumerate(sentences, start=1):
            rest = once if number == len(sentences) else {}
            yield ChatGenerationChunk(message=AIMessageChunk(content=sentence, additional_kwargs=rest))
        yield ChatGenerationChunk(message=AIMessageChunk(content="", chunk_position="last"))
