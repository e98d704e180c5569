"""Which model answers: any OpenAI-compatible endpoint when a key or an address is set, else the embedded planner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.settings import DEFAULT_MODEL, Settings

if TYPE_CHECKING:
    import httpx
    from langchain_core.language_models import BaseChatModel

    from agent.planner.model import EmbeddedPlanner
    from agent.workspace import Workspace

RETRIES = 2
_CHECK_KEY = "Check SCANWRIGHT_API_KEY"
_CHECK_PLACE = "Check SCANWRIGHT_BASE_URL"
_SEEN = (
    ("TimeoutError", "did not answer in time", "Try again, or check whether it is overloaded"),
    ("ConnectionError", "cannot be reached", _CHECK_PLACE),
    ("AuthenticationError", "refused the key", _CHECK_KEY),
    ("PermissionDeniedError", "does not let this key use the model", f"{_CHECK_KEY} and SCANWRIGHT_MODEL"),
    ("NotFoundError", "knows no such model or address", "Check SCANWRIGHT_MODEL and SCANWRIGHT_BASE_URL"),
    ("RateLimitError", "says it is asked too often, or that its quota is spent", "Wait, or look at its quota"),
    ("ContextOverflowError", "cannot read a conversation this long", "Name a model with a longer context"),
    ("EndpointDown", "answered with nothing", f"{_CHECK_PLACE} and SCANWRIGHT_MODEL"),
    ("JSONDecodeError", "answered with what is no chat completion", _CHECK_PLACE),
    ("ValueError", "answered with what is no chat completion", _CHECK_PLACE),
    ("TypeError", "answered with what is no chat completion", _CHECK_PLACE),
)
"""Endings of error names as langchain-core and openai have them, what was seen, and what to do."""


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


def why_failed(error: Exception) -> str:
    """Return what an endpoint's failure was, for a reader: what was seen, who answers instead, what to do."""
    names = [kind.__name__ for kind in type(error).__mro__]
    what = getattr(error, "status_code", None) or names[0]
    unknown = (f"failed ({what})", f"{_CHECK_PLACE}, the key and the model")
    known = ((seen, to_do) for ending, seen, to_do in _SEEN if any(name.endswith(ending) for name in names))
    seen, to_do = next(known, unknown)
    return f"The language model's endpoint {seen}; the embedded planner answers this turn. {to_do}."


def unplaced(settings: Settings) -> str:
    """Return what to tell a reader whose settings name a model and neither a key nor an address; else nothing."""
    if settings.uses_endpoint or settings.model == DEFAULT_MODEL:
        return ""
    return (
        f"SCANWRIGHT_MODEL names {settings.model}, but there is no key and no address of an endpoint: the embedded "
        "planner answers. Set SCANWRIGHT_API_KEY, SCANWRIGHT_BASE_URL or both."
    )
