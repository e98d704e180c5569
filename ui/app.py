"""The Gradio app: a viewer, a conversation beside it, panels below. Lays out and wires, no more."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agent.settings import Settings, quiet
from agent.workspace import Workspace
from ui.acts import Acts, Update
from ui.acts.deeds import deed
from ui.login import LOOPBACK, Login
from ui.opener import opener_html
from ui.panels import footer, intro, settings_html
from ui.rooms import Rooms
from ui.uploads import Uploads
from ui.viewer.pictures import Pictures

quiet()  # Gradio reads the environment when it is imported
import gradio as gr  # noqa: E402
from fastapi import FastAPI  # noqa: E402

_ASSETS = Path(__file__).parent / "assets"
MAX_UPLOAD = "1mb"
"""Of Gradio's own upload, which nothing here uses; scans come by a route of our own."""
PARALLEL = 16
"""Turns that run at once; each waits for its own case only."""
_QUIETLY: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_TABS = {
    "lesions": "Lesions", "report": "Report", "evidence": "Evidence", "context": "Patient", "guidelines": "Guidelines",
    "cases": "Cases", "tools": "Tools", "settings": "Settings",
}  # fmt: skip
_AT_FIRST_LOOK = ("guidelines", "tools")
"""Panels made when they are first looked at: they need what takes a while to load."""


class Page:
    """The page's parts, laid out; made inside a `gr.Blocks`."""

    def __init__(self, settings: Settings) -> None:
        self.head = _html(_asset("head.html"), "sw-head", script="head")
        with gr.Row(elem_id="sw-main"):
            with gr.Column(elem_id="sw-left"):
                self.opener = _html(opener_html(), "sw-opener", script="panel")
                self.viewer = gr.HTML(
                    '{"case": null}', html_template=_asset("viewer.html"), js_on_load=_script("viewer"),
                    apply_default_css=False, elem_id="sw-viewer",
                )  # fmt: skip
            with gr.Column(elem_id="sw-right"):
                self._right(settings)
        self.foot = _html(footer(settings), "sw-foot")

    def _right(self, settings: Settings) -> None:
        first = f'<div class="sw-log">{intro(settings, has_scan=False)}</div>'
        self.chat = _html(first, "sw-chat", script="chat")
        with gr.Row(elem_id="sw-type"):
            self.text = gr.Textbox(
                show_label=False, label="Message", placeholder="Ask about the scan", lines=1,
                max_lines=5, elem_id="sw-text", container=False, scale=1,
            )  # fmt: skip
            self.send = gr.Button("Send", elem_id="sw-send", variant="primary", size="sm", scale=0)
            self.stop = gr.Button("Stop", elem_id="sw-stop", size="sm", scale=0)
        self.panels: dict[str, Any] = {}
        self.tabs: dict[str, Any] = {}
        with gr.Tabs(elem_id="sw-tabs"):
            for name, title in _TABS.items():
                with gr.Tab(title, id=name) as self.tabs[name]:
                    value = '<p class="sw-empty">Reading.</p>' if name in _AT_FIRST_LOOK else ""
                    if name == "settings":
                        value = settings_html(settings, "en", may_change=False)
                    self.panels[name] = _html(value, f"sw-{name}", script="panel")

    @property
    def parts(self) -> dict[str, Any]:
        """The parts that an act may change, by name."""
        return {"viewer": self.viewer, "chat": self.chat, "opener": self.opener, "foot": self.foot, **self.panels}

    @property
    def speaking(self) -> list[Any]:
        """The parts whose scripts ask for acts."""
        return [self.head, self.opener, self.viewer, self.chat, *self.panels.values()]

    def values(self, update: Update) -> dict[Any, Any]:
        """Return an act's update as Gradio takes it."""
        parts = self.parts
        return {parts[name]: value for name, value in update.items() if name in parts}


def build(workspace: Workspace, rooms: Rooms | None = None, login: Login | None = None) -> gr.Blocks:
    """Return the page over a workspace."""
    acts, login = Acts(rooms or Rooms(workspace)), login or Login()
    with gr.Blocks(title="Scanwright", fill_width=True, analytics_enabled=False, delete_cache=(600, 600)) as blocks:
        page = Page(workspace.settings)
        wire = _Wire(page, acts, login)
        wire.typing()
        for part in page.speaking:
            wire.event(part)
        for name in (*_AT_FIRST_LOOK, "settings"):
            wire.on(page.tabs[name].select, lambda owner, name=name: acts.panel(owner, name))
        wire.on(blocks.load, acts.arrive)
    blocks.queue(default_concurrency_limit=PARALLEL)
    return blocks


class _Wire:
    """Ties what happens on the page to acts, each for the owner that the request comes from."""

    def __init__(self, page: Page, acts: Acts, login: Login) -> None:
        self._page, self._acts, self._login = page, acts, login
        self._shown = list(page.parts.values())

    def on(self, trigger: Callable[..., Any], act: Callable[..., Iterator[Update]], given: Any = None) -> None:
        """Let an act answer a trigger: it gets the owner's id and the value of a part, if one is given."""

        def plain(request: gr.Request) -> Iterator[dict[Any, Any]]:
            yield from map(self._page.values, act(self._login.owner(request)))

        def with_value(value: Any, request: gr.Request) -> Iterator[dict[Any, Any]]:
            yield from map(self._page.values, act(self._login.owner(request), value))

        trigger(
            plain if given is None else with_value, given, self._shown,
            concurrency_limit=PARALLEL, trigger_mode="multiple", **_QUIETLY,
        )  # fmt: skip

    def event(self, part: Any) -> None:
        """Let the acts answer what a part's script asks for."""

        def handler(event: gr.EventData, request: gr.Request) -> Iterator[dict[Any, Any]]:
            yield from map(self._page.values, deed(self._acts, self._login.owner(request), event._data))

        part.act(handler, None, self._shown, concurrency_limit=PARALLEL, trigger_mode="multiple", **_QUIETLY)

    def typing(self) -> None:
        """Let a message be sent and a turn be stopped."""
        page = self._page
        for trigger in (page.text.submit, page.send.click):
            # What is in the box travels with the first; the second empties it in the browser, at once.
            self.on(trigger, self._acts.ask, page.text)
            trigger(None, None, page.text, js="() => ''", **_QUIETLY)

        def stopped(request: gr.Request) -> None:
            self._acts.stop(self._login.owner(request))

        page.stop.click(stopped, None, None, queue=False, **_QUIETLY)


def web(workspace: Workspace, rooms: Rooms | None = None, login: Login | None = None) -> FastAPI:
    """Return the whole web application: the page, its pictures and files, each reader behind cookie or login."""
    from ui.doors import add_doors
    from ui.gate import Gate
    from ui.login.page import add_login
    from ui.routes import add_routes

    # Uploads rest in the data folder, not in a temporary folder that others of this machine may read.
    uploads = workspace.settings.home / "uploads"
    uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)
    Uploads(workspace.settings.home).tidy()
    rooms, login = rooms or Rooms(workspace), login or Login.of(workspace.settings)
    rooms.login = login
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_routes(app, workspace, Pictures(workspace), login)
    add_doors(app, workspace, login.owner, rooms.meters)
    add_login(app, workspace, login)
    app.add_middleware(Gate, login=login, acts=rooms.meters.acts)  # type: ignore[arg-type]
    gr.mount_gradio_app(
        app, build(workspace, rooms, login), "/", footer_links=[], run_history=False, max_file_size=MAX_UPLOAD,
        show_error=False, theme=_theme(), css=_styles(), enable_monitoring=False, ssr_mode=False, pwa=False,
    )  # fmt: skip
    return app


def serve(workspace: Workspace, *, host: str = "127.0.0.1", port: int = 7860, scan_case: str | None = None) -> None:
    """Serve the app until it is interrupted.

    Args:
        workspace: this process's services.
        host, port: where to listen.
        scan_case: id of a case of owner ``local`` that the first browser gets; only on this machine's own address.

    Raises:
        NoLogin: an address that others reach, and nobody would be asked to log in.
    """
    import uvicorn

    login = Login.of(workspace.settings)
    login.check_place(host)
    app = web(workspace, Rooms(workspace, hand_over=scan_case if host in LOOPBACK else None), login)
    workspace.warm()
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)


def _html(value: str, name: str, script: str | None = None) -> Any:
    loaded = {"js_on_load": _script(script)} if script else {}
    return gr.HTML(value, apply_default_css=False, elem_id=name, **loaded)


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _script(name: str) -> str:
    """Return a part's script: one file, or a folder of files in the order of their names."""
    place = _ASSETS / name
    files = sorted(place.glob("*.js")) if place.is_dir() else [_ASSETS / f"{name}.js"]
    return "\n".join(f.read_text(encoding="utf-8") for f in files)


def _styles() -> str:
    return "\n".join(f.read_text(encoding="utf-8") for f in sorted((_ASSETS / "css").glob("*.css")))


def _theme() -> gr.themes.Base:
    fonts = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "sans-serif"]
    return gr.themes.Base(font=fonts, font_mono=["ui-monospace", "Consolas", "monospace"])
