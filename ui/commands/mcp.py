"""The command that lets other agents work here: a server of the Model Context Protocol on standard input and output."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.commands.options import BodyPart, Modality, quiet_libraries

commands = typer.Typer()


@commands.command("mcp")
def serve(
    allow: Annotated[
        list[Path] | None, typer.Option("--allow", metavar="DIR", help="A folder scans may be opened from; repeatable.")
    ] = None,
    modality: Modality = None,
    body_part: BodyPart = None,
) -> None:
    """Serve other agents over MCP on stdin and stdout: open, segment, measure, look up, assess, compose."""
    quiet_libraries(log=True)
    from agent import Workspace
    from agent.io.mcp import require_sdk, serve_stdio
    from agent.io.mcp_folders import Folders
    from agent.io.mcp_room import Room

    require_sdk()
    folders = Folders.named(allow or [])
    workspace = Workspace.open()
    try:
        serve_stdio(Room(workspace, folders, modality, body_part))
    finally:
        workspace.close()
