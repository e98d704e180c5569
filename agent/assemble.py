"""Wires model, functions, middleware and checkpoints into one graph, and does nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from agent.card import prompt
from agent.looking import LOOK, look_function, what_leaves
from agent.middleware import CaseCard, Fallback, Privacy, ScopeGate, ToolErrors
from agent.privacy.leaving import Leaving
from agent.toolset import NEEDS_APPROVAL, Trace, langchain_tools
from agent.toolset.desk import Desk

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.graph.state import CompiledStateGraph


def assemble(
    desk: Desk,
    planner: BaseChatModel,
    endpoint: BaseChatModel | None,
    *,
    card: Callable[[], dict[str, Any]],
    leaving: Leaving,
    tell: Callable[[Any], None],
    archived: Callable[[], Sequence[tuple[str, str]]] = tuple,
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Return the graph of one case.

    Args:
        desk: the case.
        planner, endpoint: the embedded planner; the language model, or None.
        card: gives the case card at each model call.
        leaving: what of the case's words may go to the endpoint.
        tell: takes events as they happen.
        archived: gives role and text of what the thread no longer holds.
    """
    from langchain.agents import create_agent
    from langchain.agents.middleware import (
        HumanInTheLoopMiddleware,
        ModelCallLimitMiddleware,
        ToolCallLimitMiddleware,
    )

    settings = desk.workspace.settings
    trace = Trace(tell)
    desk.on_progress = trace.progress
    # Outermost first. The card is added before identifiers are replaced, so the card is cleaned too.
    guards: list[Any] = [] if endpoint is None else [
        Fallback(planner, tell, settings.max_sent),
        Privacy(leaving, planner),
    ]
    looks = endpoint is not None and settings.vision
    more = [look_function(endpoint, settings.model, leaving.clean, tell)] if endpoint is not None and looks else []
    approved: dict[str, Any] = {name: {"allowed_decisions": ["approve", "reject"]} for name in NEEDS_APPROVAL}
    if looks:
        approved[LOOK] = {
            "allowed_decisions": ["approve", "reject"],
            "description": lambda call, *_: what_leaves(desk, settings.place, call["args"]),
        }
    middleware: list[Any] = [
        ModelCallLimitMiddleware(run_limit=settings.max_steps, exit_behavior="error"),
        ToolCallLimitMiddleware(run_limit=settings.max_tool_calls, exit_behavior="continue"),
        HumanInTheLoopMiddleware(interrupt_on=approved),
        CaseCard(lambda: prompt(desk.workspace.registry.specs), card, archived, leaving.words),
        *guards,
        ToolErrors(trace, tell, more),
        ScopeGate(desk),
    ]
    return create_agent(
        endpoint or planner,
        langchain_tools(desk, more),
        middleware=middleware,
        checkpointer=desk.workspace.checkpoints,
    )
