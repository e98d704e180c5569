"""The page where a reader logs in, and the way out: plain HTML, no script, English or Chinese as the browser reads.

A wrong name and a wrong password are one answer, after the same time. Knows no case.
"""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from agent.notice import NOTICE
from agent.workspace import Workspace
from ui.login.cookie import written
from ui.login.who import SESSION, Login, reader_id
from ui.meters import until

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("Log in to Scanwright", "登录 Scanwright"),
    "name": ("Name", "用户名"),
    "password": ("Password", "密码"),
    "go": ("Log in", "登录"),
    "wrong": ("Name or password is not right.", "用户名或密码不正确。"),
    "wait": ("Too many tries. The next one is looked at from {until}.", "尝试次数过多。{until} 之后可再次尝试。"),
    "ended": (
        "You are logged out, or were away too long. Log in again to go on.", "您已退出登录,或离开时间过长。请重新登录。"
    ),
}  # fmt: skip
_STYLE = (
    "body{margin:0;min-height:100vh;display:grid;place-items:center;background:#0e1112;color:#e3e8ea;"
    "font:15px/1.5 ui-sans-serif,system-ui,-apple-system,'Segoe UI','Noto Sans','Noto Sans CJK SC',sans-serif}"
    "main{width:20rem;padding:1rem}h1{font-size:1.1rem;font-weight:600;margin:0 0 1rem}"
    "label{display:block;margin:0 0 .75rem}input{display:block;width:100%;box-sizing:border-box;margin-top:.25rem;"
    "padding:.5rem;border:1px solid #46545a;border-radius:4px;background:#1d2326;color:inherit;font:inherit}"
    "button{padding:.5rem 1rem;border:1px solid #3b8375;border-radius:4px;background:#24584f;color:#f2f7f6;"
    "font:inherit;cursor:pointer}:focus-visible{outline:2px solid #8fc7bd;outline-offset:2px}"
    "p{color:#a3afb4;font-size:.85rem;margin:1rem 0 0}p.told{color:#e6bd72;margin:0 0 .75rem}"
)


def add_login(app: FastAPI, workspace: Workspace, login: Login) -> None:
    """Add the page, and the way out, where readers log in with a password."""

    def page(request: Request, ended: bool = False) -> Response:
        return HTMLResponse(login_page(_language(request), "ended" if ended else ""))

    async def enter(request: Request) -> Response:
        from anyio.to_thread import run_sync

        form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10)
        name, password = (form.get(k, [""])[0] for k in ("username", "password"))
        name, address = name.strip()[:200], request.client.host if request.client else ""
        wait = login.tries.begin(name, address)
        if wait > 0:
            text = login_page(_language(request), "wait", until=until(wait))
            return HTMLResponse(text, 429, {"Retry-After": str(int(wait) + 1)})
        if not await run_sync(login.lets_in, name, password):
            return HTMLResponse(login_page(_language(request), "wrong"), 401)
        login.tries.succeeded(name, address)
        await run_sync(workspace.audit.add, reader_id(name), "logged in")
        return _sent(request, "/", login.start(name))

    def leave(request: Request) -> Response:
        name = login.name(request)
        login.sessions.end(request.cookies.get(SESSION))
        if name is not None:
            workspace.audit.add(reader_id(name), "logged out")
        return _sent(request, "/login?ended=1", None)

    if login.by_password:
        app.add_api_route("/login", page, methods=["GET"], response_class=HTMLResponse)
        app.add_api_route("/login", enter, methods=["POST"], response_class=HTMLResponse)
        app.add_api_route("/logout", leave, methods=["POST"], response_class=Response)


def login_page(language: str, told: str = "", **given: Any) -> str:
    """Return the page; `told`: what it says above the form."""

    def say(key: str) -> str:
        return html.escape(_WORDS[key][language == "zh"].format(**given))

    note = f'<p class="told" role="alert">{say(told)}</p>' if told else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{say("title")}</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style></head><body><main><h1>{say('title')}</h1>{note}"
        f'<form method="post" action="/login"><label>{say("name")}<input name="username" autocomplete="username" '
        f'required autofocus maxlength="64"></label><label>{say("password")}<input name="password" type="password" '
        f'autocomplete="current-password" required maxlength="1000"></label><button>{say("go")}</button></form>'
        f"<p>{html.escape(NOTICE)}</p></main></body></html>"
    )


def _language(request: Request) -> str:
    return "zh" if request.headers.get("accept-language", "").lower().startswith("zh") else "en"


def _sent(request: Request, place: str, token: str | None) -> Response:
    """Return what sends the browser on, with its cookie, or without."""
    answer = RedirectResponse(place, 303)
    secure = request.url.scheme == "https"
    answer.headers.append("set-cookie", written(SESSION, token or "", secure=secure, seconds=None if token else 0))
    return answer
