"""Who may do what: every function and every act asks, for one's own case, for another's, and when a share has ended."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import scripted
from apps import last
from houses import ANNA, BERT, OLGA, SCAN, House

from agent.by_hand import ByHand
from agent.events import Failed, NoRight, UnknownCase
from agent.people import ACTS, AGENT, LEVELS, ROLES, Person, at_the_machine
from agent.session import Session
from agent.settings import Settings
from agent.workspace import Workspace
from ui.acts import Acts
from ui.acts.deeds import DEEDS, deed

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
