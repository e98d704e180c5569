"""The assistant: planner or language model, the functions it may call, grounding, report, sessions.

The only package that knows both `tools` and `knowledge`. Knows no user interface.
"""

from agent.events import (
    AgentError,
    Approval,
    Clause,
    EndpointDown,
    Event,
    Failed,
    Notice,
    Question,
    Struck,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    UngroundedAnswer,
    UnknownCase,
)
from agent.grounding import verify
from agent.planner import ToolCall, plan
from agent.session import Session
from agent.settings import Settings
from agent.workspace import Workspace

__all__ = [
    "AgentError",
    "Approval",
    "Clause",
    "EndpointDown",
    "Event",
    "Failed",
    "Notice",
    "Question",
    "Session",
    "Settings",
    "Struck",
    "ToolCall",
    "ToolFinished",
    "ToolProgress",
    "ToolStarted",
    "UngroundedAnswer",
    "UnknownCase",
    "Workspace",
    "plan",
    "verify",
]
