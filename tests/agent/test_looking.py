"""Slices shown to an endpoint: only when allowed, only after a yes, pixels alone; what it says is no evidence."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from scripted import BIG, NOBODY, QUIMBY, balls
from wire import Server, of, says, status, text, tool

from agent.events import Approval, Failed, Impression
from agent.grounding import measures, never_said
from agent.llm import endpoint
from agent.looking import MOST_PICTURES, PICTURE_PIXELS, sifted, slices
from agent.session import Session
from agent.settings import Settings
from agent.workspace import Workspace

SEEN = "A round opacity stands out against the lung. It is about 12 mm wide. This is likely malignant."


@pytest.fixture
def allowed(workspace: Workspace) -> Workspace:
    workspace.settings = dataclasses.replace(
        workspace.settings, base_url="http://llm.test:8000/v1", api_key="sk-test", model="some-model", vision=True
    )
    return workspace


def opened(workspace: Workspace, server: Server, client: httpx.Client) -> Session:
    model = endpoint(workspace.settings, http_client=client)
    session = Session.open(balls(source=QUIMBY), workspace=workspace, endpoint=model)
    session.call("segment", point=list(BIG))
    return session


@pytest.fixture
def looking(allowed: Workspace, server: Server) -> Iterator[Session]:
    with httpx.Client(transport=httpx.MockTransport(server)) as client:
        yield opened(allowed, server, client)


def asked(session: Session, server: Server, **arguments: Any) -> list[Any]:
    server.answers = [tool("look", {"lesion": 1, "question": "What does Zephyr Quimby have there?", **arguments})]
    return list(session.ask("have a look at lesion 1 yourself"))


def pictures(body: dict[str, Any]) -> list[bytes]:
    found = []
    for message in body["messages"]:
        for part in message["content"] if isinstance(message["content"], list) else []:
            if part["type"] == "image_url":
                head, _, data = part["image_url"]["url"].partition(",")
                assert head == "data:image/png;base64"
                found.append(base64.b64decode(data))
    return found


def test_without_the_setting_there_is_no_such_function(wired: Session, server: Server) -> None:
    server.answers = [tool("look", {"lesion": 1}), text("It cannot be done.")]
    events = list(wired.ask("look at lesion 1"))
    assert not of(events, Approval)
    assert "look" not in {t["function"]["name"] for t in server.bodies[0]["tools"]}
    assert "image" not in "".join(server.raw)
    assert of(events, Failed)


def test_it_is_off_unless_the_operator_says_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCANWRIGHT_VISION", raising=False)
    assert Settings.from_environment().vision is False
    for said, meant in (("0", False), ("no", False), ("yes", True), ("1", True)):
        monkeypatch.setenv("SCANWRIGHT_VISION", said)
        assert Settings.from_environment().vision is meant


def test_the_embedded_planner_is_never_shown_anything(workspace: Workspace) -> None:
    workspace.settings = dataclasses.replace(workspace.settings, vision=True)
    session = Session.open(balls(), workspace=workspace)
    assert "look" not in session.graph.nodes["tools"].bound.tools_by_name


def test_the_reader_is_told_what_would_leave_and_where_to_before_anything_does(looking: Session, server: Server) -> None:
    events = asked(looking, server)
    approval = of(events, Approval)[0]
    sends = approval.arguments["sends"]
    assert "3 rendered axial slices" in sends
    assert "llm.test:8000" in sends
    assert "burned" in sends
    assert "sk-test" not in sends
    assert len(server.bodies) == 1
    assert "image_url" not in server.raw[0]


def test_after_a_no_no_pixel_has_left(looking: Session, server: Server) -> None:
    asked(looking, server)
    server.answers = [text("It was not shown.")]
    list(looking.resume("reject"))
    assert "image_url" not in "".join(server.raw)


def test_going_on_without_an_answer_is_a_no(looking: Session, server: Server) -> None:
    asked(looking, server)
    server.answers = [text("Yes?")]
    list(looking.ask("never mind"))
    assert "image_url" not in "".join(server.raw)
    assert of(list(looking.resume("approve")), Failed)[0].error == "NothingToApprove"


def test_after_a_yes_pixels_leave_and_nothing_else(looking: Session, server: Server) -> None:
    asked(looking, server)
    server.answers = [text(SEEN), text("The words stand above.")]
    list(looking.resume("approve"))
    shown = [b for b in server.bodies if pictures(b)]
    assert len(shown) == 1
    files = pictures(shown[0])
    assert len(files) == MOST_PICTURES
    for file in files:
        picture = Image.open(io.BytesIO(file))
        picture.load()
        assert max(picture.size) <= PICTURE_PIXELS
        assert picture.info == {}
        chunks = {file[n + 4 : n + 8] for n in range(8, len(file)) if file[n + 4 : n + 8] in (b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME")}
        assert not chunks
    sent = json.dumps(shown[0])
    assert not any(name in sent.lower() for name in NOBODY)
    assert [m["role"] for m in shown[0]["messages"]] == ["user"]
    assert "tools" not in shown[0]


def test_what_it_says_is_an_impression_and_no_clause_no_evidence_no_history(looking: Session, server: Server) -> None:
    before = [e.hash for e in looking.evidence.all()]
    asked(looking, server)
    server.answers = [text(SEEN), text("The words stand above.")]
    events = list(looking.resume("approve"))
    told = of(events, Impression)
    assert len(told) == 1
    assert told[0].text.startswith("Impression of some-model from 3 rendered slices; not evidence")
    assert "round opacity" in told[0].text
    assert "12 mm" not in told[0].text
    assert "malignant" not in told[0].text
    assert "2 sentences left out" in told[0].text
    assert not any("opacity" in c for c in says(events))
    assert "opacity" not in json.dumps(looking.history()) + str(looking.thread.messages)
    assert [e.hash for e in looking.evidence.all()] == before
    assert "opacity" not in "".join(server.raw[-1:])
    server.answers = [tool("write_report", {}), text("The report is written.")]
    list(looking.ask("write the report"))
    assert looking.report is not None
    assert "opacity" not in " ".join(s.text for part in looking.report.sections for s in part.statements)


def test_an_endpoint_that_takes_no_pictures_is_an_error_and_the_turn_goes_on(looking: Session, server: Server) -> None:
    asked(looking, server)
    server.answers = [status(400, "no images"), text("It could not be shown.")]
    events = list(looking.resume("approve"))
    assert of(events, Failed)[0].error == "EndpointDown"
    assert not of(events, Impression)


def test_what_does_not_exist_is_not_shown(looking: Session, server: Server) -> None:
    for wrong in ({"lesion": 7}, {"lesion": None, "slice": 9000}):
        events = asked(looking, server, **wrong)
        assert of(events, Approval)[0].arguments["sends"].startswith("Nothing would be sent")
        server.answers = [text("There is none.")]
        events = list(looking.resume("approve"))
        assert of(events, Failed)[0].error == "NotApplicable"
    assert "image_url" not in "".join(server.raw)


def test_which_slices(looking: Session) -> None:
    numbers = slices(looking.desk, 1, None)
    assert numbers == sorted(numbers)
    assert 1 < len(numbers) <= MOST_PICTURES
    assert slices(looking.desk, None, 3) == [3]


def test_a_picture_is_warned_of_as_one(allowed: Workspace, server: Server, tmp_path: Path) -> None:
    Image.new("L", (64, 64), 90).save(tmp_path / "film.png")
    with httpx.Client(transport=httpx.MockTransport(server)) as client:
        model = endpoint(allowed.settings, http_client=client)
        session = Session.open(tmp_path / "film.png", workspace=allowed, endpoint=model)
        server.answers = [tool("look", {"question": "what is it?"})]
        sends = of(list(session.ask("look at it")), Approval)[0].arguments["sends"]
    assert "burned into it leaves with it" in sends


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("A rounded opacity with an irregular edge.", True),
        ("It measures 2 cm.", False),
        ("A density of 40 HU.", False),
        ("A 70 % chance of cancer.", False),
        ("Consistent with a metastasis.", False),
        ("The lungs are clear.", False),
        ("Probably benign.", False),
        ("右上肺可见圆形影。", True),
        ("考虑为恶性。", False),
        ("大小约12毫米。", False),
    ],
)
def test_what_may_be_told_of_an_impression(said: str, kept: bool) -> None:
    assert (not measures(said) and not never_said(said)) is kept
    assert (sifted(said)[0] == [said]) is kept


def test_in_the_terminal_it_asks_and_without_a_yes_nothing_leaves(
    looking: Session, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    from ui.terminal import converse

    server.answers = [tool("look", {"lesion": 1, "question": "What stands out?"}), text("It was not shown.")]
    converse(looking, "have a look at lesion 1")
    out = capsys.readouterr().out
    assert "asks for approval: look" in out
    assert "would leave this machine" in out
    assert "image_url" not in "".join(server.raw)
    server.answers = [tool("look", {"lesion": 1, "question": "What stands out?"}), text(SEEN), text("It stands above.")]
    converse(looking, "have a look at lesion 1", approve=True)
    assert "Impression of some-model" in capsys.readouterr().out


def test_in_the_app_it_waits_and_is_shown_as_a_callout(looking: Session, server: Server) -> None:
    from ui.chat import Transcript, Waiting

    told = Transcript()
    told.start("have a look")
    for event in asked(looking, server):
        told.take(event)
    waiting = [p for turn in told.turns for p in turn.parts if isinstance(p, Waiting)]
    assert "would leave this machine" in waiting[0].arguments["sends"]
    server.answers = [text(SEEN), text("It stands above.")]
    for event in looking.resume("approve"):
        told.take(event)
    notes = [p for turn in told.turns for p in turn.parts if getattr(p, "kind", "") == "impression"]
    assert len(notes) == 1
