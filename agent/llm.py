"""Which model answers: any OpenAI-compatible endpoint when a key or an address is set, else the embedded planner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.settings import Settings

if TYPE_CHECKING:
    import httpx
    from langchain_core.language_models import BaseChatModel

    from agent.planner.model import EmbeddedPlanner
    from agent.workspace import Workspace

RETRIES = 2


def planner(workspace: Workspace) -> EmbeddedPlanner:
    """Return the embedded planner, fitted from its own examples and those of every installed tool."""
    from agent.planner.model import EmbeddedPlanner

    utterances: dict[str, list[str]] = {}
    for spec in workspace.registry.specs:
        for sentences in spec.utterances.values():
            utterances.setdefault(spec.task, []).extend(sentences)
    return EmbeddedPlanner(utterances={task: tuple(found) for task, found in utterances.items()})


def endpoint(settings: Settings, http_client: httpx.Client | None = None) -> BaseChatModel:
    """Return the endpoint's chat model; streaming, with retries and a time-out.

    Args:
        settings: address, key and model name.
        http_client: a client of the caller's own (a proxy, or a test's mock transport).
    """
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    rest: dict[str, Any] = {"http_client": http_client} if http_client is not None else {}
    return ChatOpenAI(
        model=settings.model,
        base_url=settings.base_url,
        # Local servers want a key to be sent and do not look at it.
        api_key=SecretStr(settings.api_key or "none"),
        timeout=settings.timeout_s,
        max_retries=RETRIES,
        streaming=True,
        stream_usage=False,
        **rest,
    )
