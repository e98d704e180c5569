"""Scanwright as an MCP server: the room's functions over the official SDK, with progress and with people's approval.

    AgentError
    └── NoServer       the extra that speaks the protocol is not installed

Knows the protocol and nothing else: what is offered is in `mcp_offers`, what is done in `mcp_room`. A person is asked
through elicitation, in both of its shapes: a request of our own up to protocol 2025-11-25, a result that asks for
input since. Where the client cannot ask anybody, what needs a person's yes is refused with the reason.
"""

from __future__ import annotations

import importlib.util
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.events import AgentError
from agent.io.mcp_offers import LIMITS, offers
from agent.io.mcp_room import Room
from tools.contract import Cancelled

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server
    from mcp.types import CallToolRequestParams, CallToolResult, InputRequiredResult, ListToolsResult

NAME = "scanwright"
ASKED = "asked"
"""Key of our one question in a result that asks for input."""
MOST_PENDING = 100
"""Questions that wait for an answer; the oldest is forgotten."""
YES = {
    "type": "object",
    "properties": {"approve": {"type": "boolean", "title": "Yes, do it"}},
    "required": ["approve"],
}


class NoServer(AgentError):
    """What speaks the protocol is not installed."""


class _Asks(Exception):
    """No error: carries the result that asks the client for input, after which the call comes again."""

    def __init__(self, result: InputRequiredResult) -> None:
        super().__init__("a person is asked")
        self.result = result


class Questions:
    """Asks a person through the client, once a call."""

    def __init__(self) -> None:
        self._pending: OrderedDict[str, str] = OrderedDict()

    def can_ask(self, ctx: ServerRequestContext) -> bool:
        """Return whether the client says that it can put a form before a person."""
        able = ctx.session.client_capabilities
        asks = able.elicitation if able is not None else None
        return asks is not None and (asks.form is not None or asks.url is None)

    def answered(self, params: CallToolRequestParams) -> bool:
        """Return whether this call brings the answer to a question of ours about this very call."""
        return params.request_state is not None and self._pending.get(params.request_state) == _signature(params)

    async def ask(
        self, ctx: ServerRequestContext, params: CallToolRequestParams, message: str, form: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """Return what the person filled in, or None for a no. Raises _Asks where the answer comes with a later call."""
        from mcp.types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
        from mcp.types.version import MODERN_PROTOCOL_VERSIONS

        if ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            said = await ctx.session.elicit_form(message, dict(form), related_request_id=ctx.request_id)
            return said.content or {} if said.action == "accept" else None
        if self.answered(params):
            self._pending.pop(str(params.request_state))
            answer = (params.input_responses or {}).get(ASKED)
            good = isinstance(answer, ElicitResult) and answer.action == "accept"
            return answer.content or {} if good and isinstance(answer, ElicitResult) else None
        token = secrets.token_urlsafe(16)
        self._pending[token] = _signature(params)
        while len(self._pending) > MOST_PENDING:
            self._pending.popitem(last=False)
        question = ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=dict(form)))
        raise _Asks(InputRequiredResult(input_requests={ASKED: question}, request_state=token))


class Desk:
    """Answers the protocol's two requests: what is there, and do it."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._questions = Questions()

    async def list_tools(self, ctx: ServerRequestContext, params: Any) -> ListToolsResult:
        """Return the functions, made from the toolset's table and the tools' specs."""
        from mcp.types import ListToolsResult, Tool

        found = offers(self._room.workspace.registry.specs)
        tools = [Tool(name=o.name, description=o.description, input_schema=o.schema) for o in found]
        return ListToolsResult(tools=tools)

    async def call_tool(
        self, ctx: ServerRequestContext, params: CallToolRequestParams
    ) -> CallToolResult | InputRequiredResult:
        """Run one function and return its JSON; ask a person first, or for what is missing, where that is due."""
        from mcp.types import CallToolResult, TextContent

        try:
            result, good = await self._answer(ctx, params)
        except _Asks as asks:
            return asks.result
        text = json.dumps(result, ensure_ascii=False)
        return CallToolResult(
            content=[TextContent(type="text", text=text)], structured_content=result, is_error=not good
        )

    async def _answer(self, ctx: ServerRequestContext, params: CallToolRequestParams) -> tuple[dict[str, Any], bool]:
        name, arguments = params.name, params.arguments or {}
        question = self._room.consent(name, arguments)
        if question is not None:
            if not self._questions.can_ask(ctx):
                return await self._run(ctx, name, arguments)
            said = await self._questions.ask(ctx, params, question, YES)
            yes = said is not None and said.get("approve") is True
            return await self._run(ctx, name, arguments, approved=yes)
        if name == "assess" and self._questions.answered(params):
            return await self._with_answers(ctx, params, {}, None)
        result, good = await self._run(ctx, name, arguments)
        if name == "assess" and result.get("needs") and self._questions.can_ask(ctx):
            return await self._with_answers(ctx, params, result, good)
        return result, good

    async def _with_answers(
        self, ctx: ServerRequestContext, params: CallToolRequestParams, result: dict[str, Any], good: bool | None
    ) -> tuple[dict[str, Any], bool]:
        """Ask a person for what a guideline's table still needs, and apply it again with what was said."""
        from anyio import to_thread

        arguments = params.arguments or {}
        said = await self._questions.ask(ctx, params, *_form(result))
        if said is None and good is not None:
            return result, good
        words = {name: str(value) for name, value in (said or {}).items() if str(value).strip()}
        lesion = result.get("lesion") or arguments.get("lesion")
        await to_thread.run_sync(self._room.state, arguments.get("case"), words, lesion)
        return await self._run(ctx, params.name, arguments)

    async def _run(
        self, ctx: ServerRequestContext, name: str, arguments: Mapping[str, Any], *, approved: bool | None = None
    ) -> tuple[dict[str, Any], bool]:
        """Run a function in a thread, telling progress; a call that is cancelled stops at the tool's next step."""
        from anyio import from_thread, to_thread
        from anyio.lowlevel import current_token

        stopped, told, loop = threading.Event(), 0.0, current_token()

        def tell(fraction: float, phrase: str) -> None:
            nonlocal told
            if stopped.is_set():
                raise Cancelled("The other agent cancelled the call; nothing further was recorded.")
            if fraction > told:  # the protocol wants it to increase
                told = fraction
                # Tools run in threads of their own, so the loop is named.
                from_thread.run(ctx.session.report_progress, fraction, 1.0, phrase, token=loop)

        def work() -> tuple[dict[str, Any], bool]:
            return self._room.do(name, arguments, approved=approved, tell=tell)

        try:
            return await to_thread.run_sync(work, abandon_on_cancel=True)
        finally:
            stopped.set()


def require_sdk(package: str = "mcp") -> None:
    """Raise NoServer when the SDK is not installed."""
    if importlib.util.find_spec(package) is None:
        raise NoServer(
            "Speaking MCP needs the extra `mcp`, which is not installed. Install it: pip install 'scanwright[mcp]'."
        )


def make_server(room: Room) -> Server:
    """Return the server of a room. Raises NoServer when the SDK is not installed."""
    require_sdk()
    from importlib.metadata import version

    from mcp.server.lowlevel import Server

    desk = Desk(room)
    return Server(
        NAME, version=version(NAME), instructions=LIMITS, on_list_tools=desk.list_tools, on_call_tool=desk.call_tool
    )


def serve_stdio(room: Room) -> None:
    """Serve a room on standard input and output until the client closes them."""
    server = make_server(room)
    import anyio

    async def serve() -> None:
        from mcp.server.stdio import stdio_server

        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())

    anyio.run(serve)


def _form(result: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the question to a person and its form: one line of text for each thing that a table still needs."""
    needs = {n["name"]: n["question"].get("en") or n["name"] for n in result.get("needs", ())}
    fields = {name: {"type": "string", "title": name.replace("_", " "), "description": q} for name, q in needs.items()}
    message = f"To apply {result.get('title', 'the guideline')}, please say what you know; leave the rest empty."
    return message, {"type": "object", "properties": fields}


def _signature(params: CallToolRequestParams) -> str:
    return json.dumps([params.name, params.arguments or {}], sort_keys=True, ensure_ascii=False)
