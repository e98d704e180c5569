"""Every route of the app: before a log-in, for another's case, from another site's page, and what each answer carries."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from coroutines import run
from houses import ANNA, BERT, House, filled, routes

from agent.settings import Settings
from agent.toolset.why import FOLDER
from agent.workspace import Workspace
from ui.app import web
from ui.gate import DOORS, PUBLIC, Gate
from ui.login import SESSION, Login

# Before a log-in


def test_all_routes_of_the_app_are_known_here(house: House) -> None:
    found = routes(house.app)
    assert len(found) > 60  # ours, and Gradio's two dozen ways to files, calls, streams and uploads
    paths = {path for _, path in found}
    for known in ("/gradio_api/file={path_or_url:path}", "/gradio_api/upload", "/gradio_api/queue/join", "/config",
                  "/gradio_api/call/{api_name}", "/upload/{batch}/{number}", "/view/{case_id}/{plane}/{index}.png"):  # fmt: skip
        assert known in paths


def test_without_a_log_in_every_route_is_refused(house: House) -> None:
    """401 for a door that is there, 404 for all others, whatever Gradio serves; but for the one public door."""
    assert set(PUBLIC) == {"/login"}
    for method, path in sorted(routes(house.app)):
        answer = house.client.request(method, filled(path, house.case))
        if path == "/login":
            assert answer.status_code in (200, 401), (method, path)
        elif path == "/":
            assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        else:
            assert answer.status_code in (401, 404), (method, path, answer.status_code)


def test_only_the_doors_that_the_page_needs_are_there_for_a_reader_either(house: House) -> None:
    house.become("anna")
    endless = {("GET", "/gradio_api/heartbeat/{session_hash}"), ("GET", "/gradio_api/queue/data")}
    of_gradio = {(m, p) for m, p in routes(house.app) if p.startswith("/gradio_api")}
    assert endless < of_gradio
    there = {p for m, p in of_gradio - endless if house.client.request(m, filled(p, "x")).status_code != 404}
    assert there == {"/gradio_api/info", "/gradio_api/startup-events"}  # the queue wants to know whose page it is
    assert {d for d in DOORS if d.startswith("/gradio_api")} == {
        "/gradio_api/info", "/gradio_api/startup-events", "/gradio_api/heartbeat/", "/gradio_api/queue/join",
        "/gradio_api/queue/data", "/gradio_api/cancel",
    }  # fmt: skip
    for path in ("/gradio_api/file=/etc/passwd", "/gradio_api//file=/etc/passwd", "//gradio_api/file=/etc/passwd",
                 "/gradio_api/%66ile=/etc/passwd", "/gradio_api/upload", "/monitoring", "/openapi.json",
                 "/gradio_api/call/ask", "/gradio_api/queue/join/", "/gradio_api/run/predict"):  # fmt: skip
        for method in ("GET", "POST"):
            assert house.client.request(method, path).status_code == 404, path


def test_without_logins_only_this_machine_and_its_own_page_are_answered(tmp_path: Path) -> None:
    from starlette.testclient import TestClient

    opened = Workspace.open(Settings(home=tmp_path / "home"))

    async def made() -> Any:
        return web(opened, login=Login())

    with TestClient(run(made()), base_url="http://127.0.0.1") as client:
        assert client.get("/theme.css").status_code == 403  # no cookie yet
        assert client.get("/").status_code == 200
        assert client.get("/theme.css").status_code == 200
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:7860", ""):
            assert client.get("/", headers={"host": host}).status_code == 421
        assert client.get("/", headers={"host": "localhost:7860"}).status_code == 200
    opened.close()


# Another's case


def test_another_readers_case_is_not_found_by_any_route_also_after_a_share_has_ended(house: House) -> None:
    of_cases = sorted(p for m, p in routes(house.app) if "{case_id}" in p and m == "GET")
    assert len(of_cases) == 8
    house.workspace.cases.files(house.case).under(FOLDER).put("E1", b"a picture of what moved a score")

    def seen() -> dict[str, int]:
        return {p: house.client.get(place(p)).status_code for p in of_cases}

    def place(path: str) -> str:
        path = path.replace("/files/{case_id}/{name}", "/files/{case_id}/report.md")
        return filled(path, house.case) + "?across=0.5&down=0.5"

    house.become("anna")
    assert set(seen().values()) == {200}
    for stranger in ("bert", "olga"):  # an operator is a stranger too
        house.become(stranger)
        assert set(seen().values()) == {404}
    house.workspace.share(house.case, ANNA, BERT, "read")
    house.become("bert")
    assert set(seen().values()) == {200}
    house.workspace.unshare(house.case, ANNA, BERT)
    assert set(seen().values()) == {404}


def test_the_audit_log_is_the_operators(house: House) -> None:
    house.become("anna")
    refused = house.client.get("/audit.jsonl")
    assert refused.status_code == 403
    assert "needs the role operator" in refused.json()["detail"]
    house.become("olga")
    assert house.client.get("/audit.jsonl").status_code == 200


def test_another_readers_page_can_neither_be_listened_to_nor_spoken_in(house: House) -> None:
    house.become("anna")
    join = {"data": [None], "fn_index": 0, "session_hash": "annaspage"}
    assert house.client.post("/gradio_api/queue/join", json=join).status_code == 200
    house.become("bert")
    assert house.client.post("/gradio_api/queue/join", json=join).status_code == 404
    assert house.client.get("/gradio_api/queue/data?session_hash=annaspage").status_code == 404
    assert house.client.get("/gradio_api/heartbeat/annaspage").status_code == 404
    cancel = {"session_hash": "annaspage", "fn_index": 0, "event_id": "x"}
    assert house.client.post("/gradio_api/cancel", json=cancel).status_code == 404
    for nothing in (b"", b"[]", b"{}", b"\xff", b'{"session_hash": 7}'):
        assert house.client.post("/gradio_api/queue/join", content=nothing).status_code == 404
    assert house.client.post("/gradio_api/queue/join", content=b"x" * 5_000_000).status_code == 413


def test_a_stream_ends_with_its_log_in(house: House) -> None:
    """What an act under way still has to say does not reach a browser that logged out meanwhile."""
    token = house.login.start("anna")
    sent: list[Any] = []

    async def streaming(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hers", "more_body": True})
        house.login.sessions.end(token)
        for _ in range(2):
            await send({"type": "http.response.body", "body": b"no longer hers", "more_body": True})

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/gradio_api/queue/data", "query_string": b"session_hash=a-stream",
        "headers": [(b"cookie", f"{SESSION}={token}".encode()), (b"host", b"app.test")], "scheme": "https",
    }  # fmt: skip
    run(Gate(streaming, house.login, house.rooms.meters.acts)(scope, receive, send))
    bodies = [(m["body"], m["more_body"]) for m in sent if m["type"] == "http.response.body"]
    assert bodies == [(b"hers", True), (b"", False)]


# Headers, other sites, limits


def test_every_answer_has_the_protecting_headers(house: House) -> None:
    house.become("anna")
    paths = ("/", "/theme.css", f"/view/{house.case}/axial/3.png", "/nowhere", "/config",
             f"/files/{house.case}/report.html")  # fmt: skip
    for path in paths:
        headers = house.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "object-src 'none'" in policy
        assert "http" not in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["strict-transport-security"].startswith("max-age=")
        assert len(headers.get_list("cross-origin-resource-policy")) == 1
        assert "access-control-allow-origin" not in headers
    first, second = house.client.get("/"), house.client.get("/")
    words = [re.search(r"'nonce-([\w-]+)'", a.headers["content-security-policy"]) for a in (first, second)]
    assert words[0] and words[1]  # noqa: PT018
    assert words[0][1] != words[1][1]
    assert first.headers["cache-control"] == "no-store"
    scripts = re.findall(r"<script[^>]*>", first.text)
    assert len(scripts) > 3
    assert all(f'nonce="{words[0][1]}"' in s for s in scripts)
    house.client.base_url = "http://app.test"
    assert "strict-transport-security" not in house.client.get("/theme.css").headers
    house.client.base_url = "https://app.test"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403), ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.example"}, 403), ({"origin": "https://app.test.evil.example"}, 403),
        ({"origin": "null"}, 403), ({"origin": "https://app.test"}, 200),
        ({"sec-fetch-site": "same-origin", "origin": "https://app.test"}, 200), ({}, 200),
    ],
)  # fmt: skip
def test_what_another_sites_page_sends_is_not_done(house: House, headers: dict[str, str], status: int) -> None:
    house.become("anna")
    join = {"data": [None], "fn_index": 0, "session_hash": "apage"}
    assert house.client.post("/gradio_api/queue/join", json=join, headers=headers).status_code == status
    upload = house.client.post("/upload/abcdef0123/0?name=a.nii", content=b"x", headers=headers)
    assert upload.status_code == status
    if status == 403:
        assert house.client.post("/logout", headers=headers).status_code == 403
        assert house.client.get("/theme.css").status_code == 200
