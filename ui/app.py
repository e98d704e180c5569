"""The Gradio app: a viewer, a conversation beside it, report and evidence below. Lays out and wires, no more."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from agent.settings import Settings, quiet
from agent.workspace import Workspace
from ui.acts import Acts, Update
from ui.cookie import ReaderCookie, owner_of
from ui.panels import evidence_html, footer, intro, report_html
from ui.rooms import Rooms
from ui.viewer.pictures import Pictures

quiet()  # Gradio reads the environment when it is imported
import gradio as gr  # noqa: E402
from fastapi import FastAPI  # noqa: E402

log = logging.getLogger(__name__)

_ASSETS = Path(__file__).parent / "assets"
MAX_UPLOAD = "4gb"
PARALLEL = 16
"""Turns that run at once; each waits for its own case only."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_QUIETLY: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class Page:
    """The page's parts, laid out; made inside a `gr.Blocks`."""

    def __init__(self, settings: Settings) -> None:
        with gr.Row(elem_id="sw-head"):
            gr.HTML('<h1 class="sw-name">Scanwright</h1>', elem_id="sw-brand")
            self.upload = gr.UploadButton("Open a scan", file_count="multiple", elem_id="sw-open", size="sm", scale=0)
        with gr.Row(elem_id="sw-main"):
            with gr.Column(elem_id="sw-left"):
                self._left()
            with gr.Column(elem_id="sw-right"):
                self._right(settings)
        gr.HTML(footer(settings), apply_default_css=False, elem_id="sw-foot")

    def _left(self) -> None:
        with gr.Column(elem_id="sw-empty") as self.empty:
            self.drop = gr.File(
                label="Open a scan: DICOM (all files of a series, or a zip), NIfTI, NRRD, PNG or JPEG",
                file_count="multiple", elem_id="sw-drop", height=220,
            )  # fmt: skip
            self.phantom = gr.Button("Open the generated chest phantom", elem_id="sw-phantom", size="sm")
        self.viewer = gr.HTML(
            '{"case": null}', html_template=_asset("viewer.html"), js_on_load=_asset("viewer.js"),
            apply_default_css=False, elem_id="sw-viewer",
        )  # fmt: skip

    def _right(self, settings: Settings) -> None:
        first = f'<div class="sw-log">{intro(settings, has_scan=False)}</div>'
        self.chat = gr.HTML(first, js_on_load=_asset("chat.js"), apply_default_css=False, elem_id="sw-chat")
        with gr.Row(elem_id="sw-type"):
            self.text = gr.Textbox(
                show_label=False, label="Message", placeholder="Ask about the scan", lines=1,
                max_lines=5, elem_id="sw-text", container=False, scale=1,
            )  # fmt: skip
            self.send = gr.Button("Send", elem_id="sw-send", variant="primary", size="sm", scale=0)
            self.stop = gr.Button("Stop", elem_id="sw-stop", size="sm", scale=0)
        with gr.Tabs(elem_id="sw-tabs"):
            with gr.Tab("Report"):
                self.report = gr.HTML(report_html(None, None), apply_default_css=False, elem_id="sw-report")
            with gr.Tab("Evidence"):
                self.evidence = gr.HTML(evidence_html(None), apply_default_css=False, elem_id="sw-evidence")

    @property
    def shown(self) -> list[Any]:
        """The parts that an act may change."""
        return [self.viewer, self.chat, self.report, self.evidence, self.empty]

    def values(self, update: Update) -> dict[Any, Any]:
        """Return an act's update as Gradio takes it."""
        values = {getattr(self, name): value for name, value in update.items()}
        if self.empty in values:
            values[self.empty] = gr.Column(visible=values[self.empty])
        return values


def build(workspace: Workspace, rooms: Rooms | None = None) -> gr.Blocks:
    """Return the page over a workspace."""
    acts = Acts(rooms or Rooms(workspace))
    with gr.Blocks(title="Scanwright", fill_width=True, analytics_enabled=False, delete_cache=(600, 600)) as blocks:
        page = Page(workspace.settings)
        _wire_typing(page, acts)
        _wire_opening(page, acts)
        _wire_pressing(page, acts)
        _on(page, blocks.load, acts.arrive)
    blocks.queue(default_concurrency_limit=PARALLEL)
    return blocks


def _on(page: Page, trigger: Callable[..., Any], act: Callable[..., Iterator[Update]], given: Any = None) -> Any:
    """Let an act answer a trigger: it gets the browser's owner id and the value of a part, if one is given."""

    def plain(request: gr.Request) -> Iterator[dict[Any, Any]]:
        yield from map(page.values, act(_owner(request)))

    def with_value(value: Any, request: gr.Request) -> Iterator[dict[Any, Any]]:
        yield from map(page.values, act(_owner(request), value))

    return trigger(
        plain if given is None else with_value, given, page.shown,
        concurrency_limit=PARALLEL, trigger_mode="multiple", **_QUIETLY,
    )  # fmt: skip


def _on_event(
    page: Page, trigger: Callable[..., Any], act: Callable[..., Iterator[Update]], names: Sequence[str]
) -> None:
    """Let an act answer an event of our own scripts; of what the event carries it gets the named values."""

    def handler(event: gr.EventData, request: gr.Request) -> Iterator[dict[Any, Any]]:
        sent = event._data if isinstance(event._data, dict) else {}
        if all(name in sent for name in names):
            yield from map(page.values, act(_owner(request), *(sent[name] for name in names)))

    trigger(handler, None, page.shown, concurrency_limit=PARALLEL, trigger_mode="multiple", **_QUIETLY)


def _wire_typing(page: Page, acts: Acts) -> None:
    for trigger in (page.text.submit, page.send.click):
        # What is in the box travels with the first; the second empties it in the browser, at once.
        _on(page, trigger, acts.ask, page.text)
        trigger(None, None, page.text, js="() => ''", **_QUIETLY)

    def stopped(request: gr.Request) -> None:
        acts.stop(_owner(request))

    page.stop.click(stopped, None, None, queue=False, **_QUIETLY)


def _wire_opening(page: Page, acts: Acts) -> None:
    for place in (page.upload, page.drop):
        opened = _on(page, place.upload, acts.open_files, place)
        opened.then(lambda: None, None, place, **_QUIETLY)
    _on(page, page.phantom.click, acts.open_phantom)


def _wire_pressing(page: Page, acts: Acts) -> None:
    _on_event(page, page.viewer.pick, acts.click, ("plane", "index", "across", "down"))
    _on_event(page, page.viewer.declare, acts.state_scan, ("modality", "body_part"))
    _on_event(page, page.chat.say, acts.ask, ("text",))
    _on_event(page, page.chat.decide, acts.decide, ("decision",))


def web(workspace: Workspace, rooms: Rooms | None = None) -> FastAPI:
    """Return the whole web application: the page, its pictures and files, each browser behind its own cookie."""
    from ui.routes import add_routes

    # Uploads rest in the data folder, not in a temporary folder that others of this machine may read.
    uploads = workspace.settings.home / "uploads"
    uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_routes(app, workspace, Pictures(workspace))
    app.add_middleware(ReaderCookie)  # type: ignore[arg-type]
    gr.mount_gradio_app(
        app, build(workspace, rooms), "/", footer_links=[], run_history=False, max_file_size=MAX_UPLOAD,
        show_error=False, theme=_theme(), css=_asset("app.css"), enable_monitoring=False, ssr_mode=False, pwa=False,
    )  # fmt: skip
    return app


def serve(workspace: Workspace, *, host: str = "127.0.0.1", port: int = 7860, scan_case: str | None = None) -> None:
    """Serve the app until it is interrupted.

    Args:
        workspace: this process's services.
        host, port: where to listen. Off this machine's own address nobody is asked to log in.
        scan_case: id of a case of owner ``local`` that the first browser gets.
    """
    import uvicorn

    if host not in _LOOPBACK:
        log.warning("listening on %s without a login: anybody who reaches this address can open scans here", host)
    app = web(workspace, Rooms(workspace, hand_over=scan_case))
    workspace.warm()
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)


def _owner(request: gr.Request) -> str | None:
    return owner_of(request.cookies)


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _theme() -> gr.themes.Base:
    fonts = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "sans-serif"]
    return gr.themes.Base(font=fonts, font_mono=["ui-monospace", "Consolas", "monospace"])
