"""Who may do what: every route and every function asks, before a log-in, for another's case, when a share has ended."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import scripted
from coroutines import run

from agent.by_hand import ByHand
from agent.events import Failed, NoRight, UnknownCase
from agent.people import ACTS, AGENT, LEVELS, ROLES, Person, at_the_machine
from agent.session import Session
from agent.settings import Settings
from agent.workspace import Workspace
from tools.phantom import Sphere, chest_phantom
from ui.acts import Acts
from ui.app import web
from ui.deeds import DEEDS, deed
from ui.gate import DOORS, PUBLIC, Gate
from ui.login import SESSION, Login, hashed, reader_id
from ui.rooms import Rooms

ANNA, BERT, OLGA = reader_id("anna"), reader_id("bert"), reader_id("olga")
SCAN, MASKS = chest_phantom((Sphere((70.0, 0.0, 0.0), 18.0),), spacing=(8.0, 8.0, 12.0))


@dataclass
class House:
    """The whole app behind logins, Anna's case in it, and a browser."""

    client: Any
    workspace: Workspace
    rooms: Rooms
    login: Login
    case: str
    app: Any

    def become(self, name: str | None) -> None:
        """Log the browser in as somebody, or out."""
        self.client.cookies.clear()
        if name is not None:
            self.client.cookies.set(SESSION, self.login.start(name))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    from starlette.testclient import TestClient

    folder = tmp_path_factory.mktemp("people")
    file = folder / "readers"
    who = (("anna", "signer"), ("bert", "reader"), ("olga", "operator"))
    file.write_text("".join(f"{hashed(name, f'the word of {name}', role)}\n" for name, role in who))
    workspace = Workspace.open(Settings(home=folder / "home", logins=file))
    login, rooms = Login.of(workspace.settings), Rooms(workspace)
    session = Session.open(SCAN, owner=ANNA, workspace=workspace)
    session.load_mask(MASKS[0].voxels, "nodule")
    session.call("measure", lesion=1)
    session.call("write_report")

    async def made() -> Any:
        return web(workspace, rooms, login)

    app = run(made())
    with TestClient(app, base_url="https://app.test", follow_redirects=False, raise_server_exceptions=False) as client:
        yield House(client, workspace, rooms, login, session.case_id, app)
    workspace.close()


@pytest.fixture
def house(built: House) -> Iterator[House]:
    """The house, the case shared with nobody."""
    built.become(None)
    yield built
    for share in built.workspace.cases.shared_with(built.case, ANNA):
        built.workspace.unshare(built.case, ANNA, share.reader)


def routes(app: Any) -> set[tuple[str, str]]:
    """Every method and path that anything in the app answers, Gradio's and mounted ones too."""
    found: set[tuple[str, str]] = set()

    def walk(router: Any, before: str) -> None:
        for route in getattr(router, "routes", ()):
            inner = getattr(route, "original_router", None) or getattr(route, "app", None)
            if hasattr(inner, "routes") and not getattr(route, "methods", None):
                walk(inner, before + getattr(route, "path", ""))
                continue
            assert getattr(route, "methods", None), f"a route of another kind: {route!r}"
            found.update((method, before + route.path) for method in route.methods)

    walk(app, "")
    return found


SAMPLES = {
    "case_id": "{case}", "plane": "axial", "index": "3", "name": "E1", "path": "etc/passwd", "batch": "abcdef0123",
    "number": "0", "session_hash": "abc123", "event_id": "abc", "api_name": "predict",
}  # fmt: skip


def filled(path: str, case: str) -> str:
    """A path with something plausible for each of its parts."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda m: SAMPLES.get(m[1], "x").format(case=case), path)


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
    assert len(of_cases) == 7

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


BY_OTHER_MEANS = {
    "open": "asks the cases itself, before a session is made",
    "ask": "says so as an event; see below",
    "resume": "says so as an event; see below",
    "stop": "ends this session's own turn and shows nothing",
    "need": "is the question",
}
"""Public methods of a session without the mark, each with what it does instead."""
INSIDE = {"graph", "thread"}
"""Properties that a turn works with after it was let in; they show nothing by themselves."""


def test_every_function_of_a_session_asks_for_the_right(house: House) -> None:
    house.workspace.share(house.case, ANNA, BERT, "work")
    session = Session.open(case=house.case, owner=BERT, workspace=house.workspace)
    assert session.record.lesions
    house.workspace.unshare(house.case, ANNA, BERT)
    asked = 0
    for name, member in inspect.getmembers(Session):
        if name.startswith("_") or name in INSIDE:
            continue
        if isinstance(member, property):
            with pytest.raises(UnknownCase):
                getattr(session, name)
        elif callable(member) and name not in BY_OTHER_MEANS:
            assert member.needs in LEVELS, name
            with pytest.raises(UnknownCase):
                getattr(session, name)()
        else:
            continue
        asked += 1
    assert asked >= 25
    assert {n for n in vars(ByHand) if not n.startswith("_")} >= {"paint", "sign_report"}
    for events in (session.ask("how big is it?"), session.resume("approve")):
        assert [type(e) for e in events] == [Failed]
    with pytest.raises(UnknownCase):
        Session.open(case=house.case, owner=BERT, workspace=house.workspace)
    with pytest.raises(UnknownCase):
        Session.open(SCAN, case=house.case, owner=BERT, workspace=house.workspace)


def test_every_function_of_the_workspace_that_takes_a_case_asks_for_the_right(house: House) -> None:
    taking = {n for n, m in inspect.getmembers(Workspace, inspect.isfunction)
              if not n.startswith("_") and "case_id" in inspect.signature(m).parameters}  # fmt: skip
    assert taking == {"admit", "share", "unshare", "delete_case", "lock"}  # a lock keeps turns apart and shows nothing
    workspace = house.workspace
    for who in (BERT, OLGA, "", "local", AGENT.id):
        for act in (
            lambda who=who: workspace.admit(house.case, who),
            lambda who=who: workspace.share(house.case, who, OLGA, "read"),
            lambda who=who: workspace.share(house.case, who, who, "work"),
            lambda who=who: workspace.unshare(house.case, who, ANNA),
            lambda who=who: workspace.delete_case(house.case, who),
            lambda who=who: workspace.cases.hand_over(house.case, who, who),
            lambda who=who: workspace.cases.shared_with(house.case, who),
        ):
            with pytest.raises(UnknownCase):
                act()
    workspace.share(house.case, ANNA, BERT, "work")
    for act in (
        lambda: workspace.share(house.case, BERT, OLGA, "read"),
        lambda: workspace.unshare(house.case, BERT, BERT),
        lambda: workspace.delete_case(house.case, BERT),
        lambda: workspace.cases.hand_over(house.case, BERT, BERT),
    ):
        with pytest.raises(NoRight, match="one's own"):
            act()


def test_to_read_is_to_look_and_record_nothing(house: House) -> None:
    workspace = house.workspace
    workspace.share(house.case, ANNA, BERT, "read")
    before = [e.id for e in workspace.evidence.case(house.case).all()]
    session = Session.open(case=house.case, owner=BERT, workspace=workspace)
    assert session.report is not None
    assert session.report_versions()
    assert session.history() == []
    for name, member in inspect.getmembers(Session, inspect.isfunction):
        if getattr(member, "needs", "") == "work":
            with pytest.raises(NoRight, match="shares it to work"):
                getattr(session, name)()
    (event,) = session.ask("segment it")
    assert isinstance(event, Failed)
    assert "to read" in event.text
    with pytest.raises(NoRight):
        Session.open(case=house.case, owner=BERT, workspace=workspace, modality="MR")
    assert [e.id for e in workspace.evidence.case(house.case).all()] == before


GIVEN: dict[type, Any] = {str: "x", int: 1, float: 0.5, bool: True, list: [[0.5, 0.5]], dict: {"age": "58"}}


def test_no_act_of_the_page_changes_a_case_that_is_shared_to_read(house: House) -> None:
    workspace, acts = house.workspace, Acts(house.rooms)
    house.become("bert")
    house.client.get("/niivue.js")  # who comes with this cookie is known from now on
    workspace.share(house.case, ANNA, BERT, "read")
    cases = workspace.cases

    def kept() -> tuple[Any, ...]:
        held = [e.id for e in workspace.evidence.case(house.case).all()]
        return held, cases.get(house.case, ANNA).state, cases.shared_with(house.case, ANNA), workspace.settings

    room, before = house.rooms.enter(BERT), kept()
    for name, (_, takes) in DEEDS.items():
        if name in ("phantom", "look_up"):  # a case of one's own; a question to the guidelines
            continue
        if room.session is None or room.session.case_id != house.case:
            house.rooms.reopen(room, house.case)
        sent = {key: house.case if key == "case" else GIVEN[kind] for key, kind in takes.items()}
        sent |= {"plane": "axial"} if "plane" in takes else {}
        list(deed(acts, BERT, {"do": name, **sent}))
        assert kept() == before, name
    shown: dict[str, Any] = {}
    for update in acts.reopen(BERT, house.case):
        shown |= update
    assert "shared this with you to read; nothing is recorded" in shown["chat"].partition("data-locked=")[2][:90]
    assert "To work in it, ask for it to be shared to work" in shown["chat"]
    assert '"locked": true' in shown["viewer"]
    assert "data-edit" not in shown["report"]


def test_an_open_page_loses_a_case_with_the_next_act(house: House) -> None:
    acts, workspace = Acts(house.rooms), house.workspace
    workspace.share(house.case, ANNA, BERT, "work")
    for _ in acts.reopen(BERT, house.case):
        pass
    assert house.rooms.enter(BERT).session is not None
    workspace.unshare(house.case, ANNA, BERT)
    shown: dict[str, Any] = {}
    for update in acts.judge(BERT, 1, "accepted", ""):
        shown |= update
    assert "no longer shared with you" in shown["chat"]
    assert house.case not in str(shown)
    assert workspace.evidence.case(house.case).all()[-1].kind != "stated"


# Sharing


def test_an_owner_shares_and_takes_back_and_the_log_has_it(house: House) -> None:
    acts, workspace = Acts(house.rooms), house.workspace
    house.become("anna")
    house.client.get("/niivue.js")
    house.become("bert")
    house.client.get("/niivue.js")

    def last(updates: Iterator[dict[str, Any]]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for update in updates:
            shown |= update
        return shown

    lines = len(list(workspace.audit.lines(house.case)))
    assert "No reader of the name carl" in last(acts.share(ANNA, house.case, "carl", "read"))["chat"]
    assert "yours already" in last(acts.share(ANNA, house.case, "anna", "read"))["chat"]
    shown = last(acts.share(ANNA, house.case, "bert", "work"))
    assert "Shared with bert, to work." in shown["chat"]
    assert "Shared with bert" in shown["cases"]
    theirs = last(acts.arrive(BERT))["cases"]
    assert "anna&#x27;s, shared with you to work" in theirs
    assert 'data-do="delete"' not in theirs
    assert "share-" not in theirs
    last(acts.reopen(BERT, house.case))
    last(acts.judge(BERT, 1, "accepted", ""))
    last(acts.undo(BERT))
    assert "No longer shared with bert" in last(acts.unshare(ANNA, house.case, BERT))["chat"]
    said = [(x.who, x.what) for x in list(workspace.audit.lines(house.case))[lines:]]
    assert said[0] == (ANNA, "shared")
    assert (BERT, "opened another's") in said
    assert (BERT, "stated") in said  # what a colleague did is written under their own name
    assert said[-1] == (ANNA, "sharing ended")
    assert workspace.audit.verify() == []


def test_who_looks_at_anothers_case_by_its_address_alone_is_in_the_log_too(house: House) -> None:
    house.workspace.share(house.case, ANNA, OLGA, "read")
    house.become("olga")
    before = len(list(house.workspace.audit.lines(house.case)))
    for _ in range(3):
        assert house.client.get(f"/view/{house.case}/axial/3.png").status_code == 200
    said = [(x.who, x.what) for x in list(house.workspace.audit.lines(house.case))[before:]]
    assert said == [(OLGA, "opened another's")]


def test_handing_a_case_over_or_deleting_it_ends_its_shares(tmp_path: Path) -> None:
    opened = Workspace.open(Settings(home=tmp_path / "home"))
    cases = opened.cases
    case = cases.create(ANNA).id
    opened.share(case, ANNA, BERT, "work")
    assert [c.id for c in cases.visible_to(BERT)] == [case]
    cases.hand_over(case, ANNA, OLGA)
    assert cases.visible_to(BERT) == cases.visible_to(ANNA) == []
    opened.share(case, OLGA, BERT, "read")
    opened.delete_case(case, OLGA)
    assert cases.visible_to(BERT) == []
    assert cases.create(ANNA, case).owner == ANNA
    assert cases.visible_to(BERT) == []
    opened.close()


# The table


def test_the_table_says_what_each_role_may_do() -> None:
    may = {role: {a for a in ACTS if Person("x", "x", frozenset({role})).may(a)} for role in ROLES}
    assert may["reader"] == {"look", "work", "open", "export", "share", "delete"}
    assert may["signer"] - may["reader"] == {"sign"}
    theirs = {"set up", "keep guidelines", "allow tools", "read the log", "manage readers"}
    assert may["operator"] - may["reader"] == theirs
    assert {a for a in ACTS if AGENT.may(a)} == may["reader"]
    assert not at_the_machine().may("sign")
    assert at_the_machine(signs=True).may("sign")
    assert ACTS["sign"].level == "work"


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


def test_a_share_that_ends_inside_a_turn_stops_it_and_leaves_the_conversation_whole(tmp_path: Path) -> None:
    made = scripted.workspace(tmp_path / "home")
    scan = scripted.balls()
    case = Session.open(scan, owner=ANNA, workspace=made).case_id
    made.share(case, ANNA, BERT, "work")

    def taken_back(messages: Any) -> Any:
        made.unshare(case, ANNA, BERT)
        return scripted.call("segment", point=list(scripted.BIG))

    model = scripted.ScriptedModel(steps=[taken_back])
    session = Session.open(case=case, owner=BERT, workspace=made, endpoint=model)
    list(session.ask("outline the big one"))
    owners = Session.open(case=case, owner=ANNA, workspace=made, endpoint=scripted.ScriptedModel())
    assert not owners.record.lesions  # nothing was outlined by who may no longer
    assert owners.history()[0]["text"] == "outline the big one"
    assert not owners.state.get("released")
    assert [type(e) for e in session.ask("and now?")] == [Failed]
    list(owners.ask("hello"))
    assert [m["text"] for m in owners.history() if m["role"] == "user"] == ["outline the big one", "hello"]
    made.close()
