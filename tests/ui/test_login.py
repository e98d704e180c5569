"""Where the app listens without a login and where not, who a request comes from, which roles they have, and how a
log-in begins and ends."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from apps import last
from coroutines import run

from agent.people import Person
from agent.session import Session
from agent.workspace import Workspace
from tools.phantom import Sphere, chest_phantom
from ui.acts import Acts
from ui.app import serve, web
from ui.login import SESSION, Login, NoLogin, hashed, reader_id
from ui.login.cookie import NAME
from ui.login.readers import BadReader, Readers
from ui.login.sessions import Sessions
from ui.login.tries import LONGEST_S, Tries
from ui.rooms import Rooms

COOKIE = "c" * 43
WORDS = {"anna": "anna's long word", "bert": "bert's long word"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Anna signs, Bert reads."""
    made = tmp_path / "readers"
    made.write_text("\n".join([hashed("anna", WORDS["anna"], "signer"), hashed("bert", WORDS["bert"])]) + "\n")
    return made


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])
def test_it_refuses_to_listen_where_others_reach_it_and_nobody_is_asked(workspace: Workspace, host: str) -> None:
    with pytest.raises(NoLogin, match="SCANWRIGHT_LOGINS"):
        serve(workspace, host=host, port=1)


def test_with_a_login_or_on_this_machine_it_may_listen(tmp_path: Path) -> None:
    Login().check_place("127.0.0.1")
    Login(header="X-Reader").check_place("0.0.0.0")
    Login(file=tmp_path / "readers").check_place("0.0.0.0")


# The file of readers


def test_a_password_is_kept_as_a_hash_and_nothing_else_opens(file: Path) -> None:
    assert "long word" not in file.read_text()
    login = Login(file=file)
    assert login.lets_in("anna", WORDS["anna"])
    assert login.lets_in("bert", WORDS["bert"])
    for name, password in (("anna", WORDS["bert"]), ("anna", ""), ("carl", WORDS["anna"]), ("", ""), ("anna:x", "y")):
        assert not login.lets_in(name, password)
    with pytest.raises(BadReader, match="A name has"):
        hashed("a:b", "long enough")
    with pytest.raises(BadReader, match="10 characters"):
        hashed("carl", "short")


def test_a_line_that_was_taken_out_no_longer_opens_and_ends_its_log_ins(file: Path) -> None:
    login = Login(file=file)
    token = login.sessions.start("anna")
    assert login.owner(asked(cookies={SESSION: token})) == reader_id("anna")
    Readers(file).remove("anna")
    assert not login.lets_in("anna", WORDS["anna"])
    assert login.owner(asked(cookies={SESSION: token})) is None


def test_a_file_from_before_there_were_roles_means_signers(tmp_path: Path) -> None:
    file = tmp_path / "old"
    file.write_text(hashed("anna", WORDS["anna"]).rpartition(":")[0] + "\n# a remark\nbroken:line\n")
    readers = Readers(file)
    assert readers.lets_in("anna", WORDS["anna"])
    (anna,) = readers.all()
    assert anna.roles == {"reader", "signer"}


def test_an_operator_adds_changes_and_takes_out_readers(file: Path) -> None:
    readers = Readers(file)
    readers.add("carl", "carl's long word", frozenset({"operator"}))
    readers.set_roles("carl", frozenset({"signer", "operator"}))
    readers.set_password("bert", "another long word")
    assert not readers.lets_in("bert", WORDS["bert"])
    assert readers.lets_in("bert", "another long word")
    found = readers.find("carl")
    assert found is not None
    assert found.roles == {"reader", "signer", "operator"}
    assert file.stat().st_mode & 0o077 == 0
    for wrong in (
        lambda: readers.add("carl", "carl's long word", frozenset()),
        lambda: readers.remove("dora"),
        lambda: readers.set_password("carl", "short"),
    ):
        with pytest.raises(BadReader):
            wrong()
    assert [r.name for r in readers.all()] == ["anna", "bert", "carl"]


# Who a request comes from, and as what


def asked(headers: dict[str, str] | None = None, cookies: dict[str, str] | None = None) -> Any:
    return SimpleNamespace(headers=headers or {}, cookies=cookies or {})


def test_with_a_proxy_the_header_is_who_it_is_and_a_cookie_is_nobody() -> None:
    login = Login(header="X-Reader")
    anna, bert = login.owner(asked({"X-Reader": "anna"})), login.owner(asked({"X-Reader": "bert"}))
    assert anna is not None
    assert bert is not None
    assert anna != bert
    assert login.owner(asked({"X-Reader": "anna"}, {NAME: COOKIE})) == anna
    assert login.owner(asked({}, {NAME: COOKIE})) is None
    assert login.owner(asked({"X-Reader": "a\nb"})) is None
    assert login.person(anna) == Person(anna, "anna", frozenset({"reader", "signer"}))


def test_a_proxys_roles_come_by_header_or_by_file_and_default_to_reader(tmp_path: Path) -> None:
    def roles(login: Login, **headers: str) -> set[str]:
        owner = login.owner(asked({"X-Reader": "anna", **headers}))
        assert owner is not None
        return set(login.person(owner).roles)

    by_header = Login(header="X-Reader", roles_header="Groups")
    assert roles(by_header, Groups="radiology, Signer ,operator") == {"reader", "signer", "operator"}
    assert roles(by_header, Groups="radiology") == {"reader"}
    assert roles(by_header) == {"reader"}
    file = tmp_path / "roles"
    file.write_text("anna:signer\nbert:operator\n")
    assert roles(Login(header="X-Reader", roles_file=file)) == {"reader", "signer"}
    file.write_text("bert:operator\n")
    assert roles(Login(header="X-Reader", roles_file=file)) == {"reader"}
    assert roles(Login(header="X-Reader", roles_file=tmp_path / "none")) == {"reader"}


def test_without_logins_the_cookie_is_who_it_is_and_a_header_is_nothing() -> None:
    login = Login()
    assert login.owner(asked({"X-Reader": "anna"})) is None
    assert login.owner(asked({"X-Reader": "anna"}, {NAME: COOKIE})) == login.owner(asked({}, {NAME: COOKIE}))


def test_a_role_that_is_taken_away_is_gone_at_the_next_act(file: Path) -> None:
    login = Login(file=file)
    owner = login.owner(asked(cookies={SESSION: login.sessions.start("anna")}))
    assert owner is not None
    assert login.person(owner).may("sign")
    Readers(file).set_roles("anna", frozenset({"reader"}))
    assert not login.person(owner).may("sign")


# How a log-in ends, and how one is slowed down


def test_a_log_in_ends_by_idleness_by_age_and_by_logging_out() -> None:
    clock = Clock()
    sessions = Sessions(clock=clock)
    token = sessions.start("anna")
    clock.now += sessions.idle_s - 1
    assert sessions.name(token) == "anna"
    clock.now += sessions.idle_s - 1
    assert sessions.name(token, use=False) == "anna"
    clock.now += 2
    assert sessions.name(token) is None
    token, started = sessions.start("anna"), clock.now
    while clock.now - started < sessions.most_s:
        assert sessions.name(token) == "anna"
        clock.now += sessions.idle_s / 2
    clock.now += 1
    assert sessions.name(token) is None
    token = sessions.start("anna")
    sessions.end(token)
    assert sessions.name(token) is None
    assert sessions.name(None) is None
    assert sessions.name("x" * 43) is None


def test_one_log_in_too_many_ends_the_longest_unused() -> None:
    clock = Clock()
    sessions = Sessions(clock=clock)
    tokens = []
    for _ in range(5):
        tokens.append(sessions.start("anna"))
        clock.now += 1
    sessions.name(tokens[0])
    others = sessions.start("bert")
    tokens.append(sessions.start("anna"))
    assert [sessions.name(t, use=False) for t in tokens] == ["anna", None, "anna", "anna", "anna", "anna"]
    assert sessions.name(others) == "bert"


def test_failed_log_ins_wait_twice_as_long_each_time_whether_the_name_exists_or_not() -> None:
    for name in ("anna", "nobody of that name"):
        clock = Clock()
        tries, waits = Tries(clock=clock), []
        for _ in range(20):
            wait = tries.begin(name, "10.0.0.1")
            waits.append(wait)
            if wait:
                clock.now += wait
                assert tries.begin(name, "10.0.0.1") == 0
        assert waits[:8] == [0, 0, 0, 0, 1, 2, 4, 8]
        assert max(waits) == LONGEST_S
        assert tries.begin(name, "10.0.0.2") == 0  # elsewhere the same reader still gets in
        tries.succeeded(name, "10.0.0.2")


def test_who_guesses_from_many_places_or_at_many_names_is_slowed_down_too() -> None:
    clock = Clock()
    tries = Tries(clock=clock)
    assert sum(tries.begin("anna", f"10.0.0.{n}") == 0 for n in range(200)) == 30
    assert sum(tries.begin(f"reader{n}", "10.9.9.9") == 0 for n in range(200)) == 60


# The whole way


def test_behind_a_login_pages_routes_and_uploads_are_closed(workspace: Workspace, file: Path) -> None:
    from starlette.testclient import TestClient

    login = Login(file=file)

    async def made() -> Any:
        return web(workspace, login=login)

    scan, _ = chest_phantom((Sphere((70.0, 0.0, 0.0), 18.0),), spacing=(8.0, 8.0, 12.0))
    case = Session.open(scan, workspace=workspace, owner="somebody").case_id
    mine = Session.open(scan, workspace=workspace, owner=reader_id("anna")).case_id
    with TestClient(run(made()), base_url="https://app.test", follow_redirects=False) as client:
        client.cookies.set(NAME, COOKIE)
        assert client.post("/upload/abcdef0123/0?name=a.nii", content=b"x").status_code == 401
        assert client.get(f"/view/{case}/axial/1.png").status_code == 401
        first = client.get("/")
        assert (first.status_code, first.headers["location"]) == (303, "/login")
        page = client.get("/login", headers={"accept-language": "zh-CN"})
        assert "登录" in page.text
        assert "script-src 'none'" in page.headers["content-security-policy"]
        wrong = client.post("/login", data={"username": "anna", "password": "wrong"})
        unknown = client.post("/login", data={"username": "nobody", "password": "wrong"})
        assert (wrong.status_code, wrong.text) == (unknown.status_code, unknown.text) == (401, wrong.text)
        right = client.post("/login", data={"username": "anna", "password": WORDS["anna"]})
        assert right.status_code == 303
        assert {"HttpOnly", "SameSite=Lax", "Secure", "Path=/"} <= set(right.headers["set-cookie"].split("; "))
        assert "Logged in" not in client.get("/").text  # the page is the same for everybody; who it is comes after
        assert client.get("/").status_code == 200
        assert client.get(f"/view/{case}/axial/1.png").status_code == 404  # known now, and the case is not hers
        assert client.get(f"/view/{mine}/axial/1.png").status_code == 200
        assert client.post("/upload/abcdef0123/0?name=a.nii", content=b"x").status_code == 200
        token = client.cookies[SESSION]
        assert client.post("/logout").status_code == 303
        client.cookies.set(SESSION, token)  # the server ended it, whatever a browser kept
        assert client.get(f"/view/{mine}/axial/1.png").status_code == 401
        for _ in range(8):
            last = client.post("/login", data={"username": "anna", "password": "wrong"})
        assert last.status_code == 429
        assert int(last.headers["retry-after"]) >= 1
        assert "UTC" in last.text
        right = client.post("/login", data={"username": "anna", "password": WORDS["anna"]})
        assert right.status_code == 429  # not even looked at
    said = [(line.who, line.what) for line in workspace.audit.lines()]
    assert (reader_id("anna"), "logged in") in said
    assert (reader_id("anna"), "logged out") in said


def test_behind_a_proxy_who_it_does_not_name_gets_nothing(workspace: Workspace) -> None:
    from starlette.testclient import TestClient

    async def made() -> Any:
        return web(workspace, login=Login(header="X-Reader"))

    with TestClient(run(made()), base_url="https://app.test", follow_redirects=False) as client:
        assert client.get("/").status_code == 401
        assert client.get("/", headers={"x-reader": "anna"}).status_code == 200
        assert client.get("/login", headers={"x-reader": "anna"}).status_code == 404


class As(Login):
    """A login of which everybody is one person."""

    who = Person("", "")

    def person(self, owner: str) -> Person:
        return Person(owner, self.who.name, self.who.roles)


def test_only_a_signer_who_logged_in_signs_and_under_that_name(workspace: Workspace) -> None:
    rooms = Rooms(workspace)
    acts, owner = Acts(rooms), "o" * 64
    scan, masks = chest_phantom((Sphere((70.0, 0.0, 0.0), 18.0),), spacing=(4.0, 4.0, 6.0))
    rooms.open(rooms.enter(owner), scan)
    session = rooms.enter(owner).session
    assert session is not None
    session.load_mask(masks[0].voxels, "nodule")
    session.call("measure", lesion=1)
    session.call("write_report")
    assert "Signing needs a login" in last(acts.sign(owner))["chat"]
    rooms.login = As()
    rooms.login.who = Person("", "Dr. Bert")
    shown = last(acts.sign(owner))
    assert "needs the role signer; yours: reader" in shown["chat"]
    assert "Signing needs the role signer" in shown["report"]
    assert session.report.signature is None  # type: ignore[union-attr]
    rooms.login.who = Person("", "Dr. Anna", frozenset({"reader", "signer"}))
    shown = last(acts.sign(owner))
    assert "Signed by Dr. Anna" in shown["report"]
    assert "data-edit" not in shown["report"]  # what is signed is not edited where it stands


def test_with_logins_settings_guidelines_tools_and_readers_are_the_operators(workspace: Workspace) -> None:
    rooms, owner = Rooms(workspace), "o" * 64
    rooms.login = As()
    rooms.login.who = Person("", "Dr. Anna", frozenset({"reader", "signer"}))
    acts = Acts(rooms)
    for act in (
        lambda: acts.endpoint(owner, "http://127.0.0.1:1/v1", "m", "k"),
        lambda: acts.allow(owner, "lesion-measure", "yes"),
        lambda: acts.forget(owner, "some-guideline"),
        lambda: acts.reader_add(owner, "carl", "carl's long word", "operator"),
        lambda: acts.reader_roles(owner, "anna", "operator"),
        lambda: acts.reader_password(owner, "anna", "another long word"),
        lambda: acts.reader_remove(owner, "anna"),
    ):
        assert "needs the role operator" in last(act())["chat"].rpartition("sw-failed")[2]
    assert workspace.settings.base_url is None
    shown = last(acts.panel(owner, "settings"))["settings"]
    assert "Audit log" not in shown
    assert "Logged in as <b>Dr. Anna</b> (reader, signer)" in shown


def test_an_operator_manages_readers_in_the_app_and_it_is_in_the_log(workspace: Workspace, file: Path) -> None:
    rooms, owner = Rooms(workspace), "o" * 64
    rooms.login = As(file=file)
    rooms.login.who = Person("", "Olga", frozenset({"reader", "operator"}))
    acts = Acts(rooms)
    shown = last(acts.reader_add(owner, "carl", "carl's long word", "signer"))["settings"]
    assert "carl may log in now" in shown
    assert "Audit log" in shown
    token = rooms.login.sessions.start("carl")
    assert "new password" in last(acts.reader_password(owner, "carl", "another long word"))["settings"]
    assert rooms.login.sessions.name(token) is None
    assert "10 characters" in last(acts.reader_password(owner, "carl", "short"))["chat"]
    last(acts.reader_remove(owner, "carl"))
    assert [r.name for r in Readers(file).all()] == ["anna", "bert"]
    assert {"reader added", "reader's password set", "reader removed"} <= {x.what for x in workspace.audit.lines()}
    assert all("carl" not in x.detail and "word" not in x.detail for x in workspace.audit.lines())


def test_a_language_that_was_chosen_is_kept_for_its_reader(workspace: Workspace) -> None:
    anna, bert = "a" * 64, "b" * 64
    last(Acts(Rooms(workspace)).language(anna, "zh"))
    again = Rooms(workspace)
    assert again.enter(anna).language == "zh"
    assert again.enter(bert).language == "en"
