"""Other agents over MCP: the SDK's own client, both generations of the protocol, and nothing beyond what is allowed."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import coroutines
import numpy as np
import pytest
import scripted
from filed import ball_series, write_series
from made import SECRETS
from scripted import BIG, balls

pytest.importorskip("mcp", reason="the extra mcp is not installed")

from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, ElicitResult

from agent.io import mcp as protocol
from agent.io.mcp_folders import Folders, NotAllowed, names_in
from agent.io.mcp_room import OWNER, Room
from agent.toolset import FUNCTIONS
from agent.workspace import Workspace

BOTH = pytest.mark.parametrize("mode", ["legacy", "auto"])
"""The handshake of protocol 2025-11-25, where we ask in a request of our own, and 2026-07-28, where a result asks."""
BALL = (((24, 24, 8), 6.0),)
FACTS = {"setting": "incidental", "age": "58", "known_cancer": "no", "immunosuppressed": "no", "type": "solid",
         "risk": "never smoked"}  # fmt: skip


class Person:
    """Sits at the client: says yes or no to what needs approval, and answers what a table needs."""

    def __init__(self, yes: bool = True, facts: dict[str, str] | None = None) -> None:
        self.yes, self.facts = yes, facts or {}
        self.asked: list[str] = []

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        self.asked.append(params.message)
        fields = params.requested_schema["properties"]
        if "approve" in fields:
            return ElicitResult(action="accept", content={"approve": self.yes})
        return ElicitResult(action="accept", content={n: self.facts[n] for n in fields if n in self.facts})


class Steps:
    """Calls of a client, and the progress it was told."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.told: list[tuple[float, str | None]] = []

    async def __call__(self, name: str, **arguments: Any) -> dict[str, Any]:
        async def tell(progress: float, total: float | None, message: str | None) -> None:
            self.told.append((progress, message))

        result = await self.client.call_tool(name, arguments, progress_callback=tell)
        assert isinstance(result, CallToolResult)
        said = result.structured_content
        assert json.loads(result.content[0].text) == said  # type: ignore[union-attr]
        assert said["ok"] is not result.is_error
        return said  # type: ignore[no-any-return]


Act = Callable[[Steps], Awaitable[None]]


def middle(opened: dict[str, Any]) -> list[float]:
    """The middle of a scan that was opened, where the ball is."""
    return [sum(opened["extent_ras_mm"][axis]) / 2 for axis in "xyz"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An allowed folder with a DICOM series that names somebody, under a patient's name, and a NIfTI beside it."""
    import nibabel

    allowed = tmp_path / "allowed"
    write_series(ball_series(BALL, (48, 48, 16)), allowed / "Quimby_Zephyr")
    scan = balls()
    nibabel.save(nibabel.Nifti1Image(np.asarray(scan.voxels), scan.affine), allowed / "balls.nii.gz")
    return allowed


@pytest.fixture
def room(workspace: Workspace, folder: Path) -> Room:
    return Room(workspace, Folders.named([folder]))


def run(room: Room, act: Act, person: Person | None = None, mode: str = "auto") -> None:
    async def go() -> None:
        async with Client(protocol.make_server(room), mode=mode, elicitation_callback=person) as client:
            await act(Steps(client))

    coroutines.run(go())


@BOTH
def test_the_functions_are_the_toolsets_own_with_a_case_and_no_viewer(room: Room, mode: str) -> None:
    async def act(step: Steps) -> None:
        tools = {t.name: t for t in (await step.client.list_tools()).tools}
        assert set(tools) == {f.name for f in FUNCTIONS} - {"show"} | {"open_scan", "add_prior"}
        segment = tools["segment"].input_schema
        own = next(f for f in FUNCTIONS if f.name == "segment").arguments.model_json_schema()
        assert set(segment["properties"]) == set(own["properties"]) | {"case"}
        assert segment["additionalProperties"] is False
        assert "cut-segmenter: made for tests Not for: patients" in (tools["segment"].description or "")
        destination = json.dumps(tools["export"].input_schema["properties"]["destination"])
        assert "pacs" in destination
        assert "a folder" not in destination

    run(room, act, mode=mode)


@BOTH
def test_a_scan_from_opening_to_report_with_a_person_at_the_client(room: Room, mode: str, folder: Path) -> None:
    person = Person(facts=FACTS)

    async def act(step: Steps) -> None:
        opened = await step("open_scan", path="balls.nii.gz", modality="CT", body_part="CHEST")
        assert (opened["scan"]["modality"], opened["scan"]["modality_how"]) == ("CT", "stated")
        assert opened["extent_ras_mm"]["x"] == [-31.5, 31.5]
        case = opened["case"]
        outlined = await step("segment", point=list(BIG), case=case)
        assert (outlined["lesion"], outlined["recorded"]) == (1, [outlined["evidence"]])
        assert step.told == [(0.5, "cutting")]
        size = (await step("measure"))["results"][0]
        assert size["quantities"]["axial_long_axis"]["value"] == pytest.approx(16.0, abs=1.5)
        assert (await step("classify", lesion=1))["quantities"]["lidc_rating"]["value"] == 3.0
        advice = await step("assess", guideline="fleischner-2017")
        assert advice["row"] == "solid-single-gt8"
        assert advice["needs"] == []
        written = await step("write_report")
        assert written["report"]["problems"] == []
        assert any("15.9 mm" in x or "16." in x for x in written["report"]["lines"])
        assert (await step("export", format="markdown"))["files"] == ["report.md"]

    run(room, act, person, mode)
    assert len(person.asked) == 3
    assert "modality CT, body part CHEST" in person.asked[0]
    assert "Fleischner" in person.asked[1]
    assert "write the report" in person.asked[2]
    (case,) = room.workspace.cases.of_owner(OWNER)
    text = (room.workspace.cases.case_folder(case.id) / "report" / "report.md").read_text(encoding="utf-8")
    assert "58" in text
    lines = list(room.workspace.audit.lines(case.id))
    assert {line.who for line in lines} == {OWNER}
    assert {"opened", "mask", "measurement", "stated", "exported"} <= {line.what for line in lines}


@BOTH
def test_what_needs_a_yes_is_refused_after_a_no_and_nothing_is_done(room: Room, mode: str) -> None:
    async def act(step: Steps) -> None:
        stated = await step("open_scan", path="balls.nii.gz", modality="CT", body_part="CHEST")
        assert stated["error"] == "NotApproved"
        assert "did not approve" in stated["message"]
        opened = await step("open_scan", path="Quimby_Zephyr")
        assert (await step("segment", point=middle(opened), tool="cut-segmenter"))["ok"]
        assert (await step("write_report", instruction="add: no metastases"))["error"] == "NotApproved"
        assert (await step("write_report"))["ok"]
        assert (await step("export"))["error"] == "NotApproved"

    run(room, act, Person(yes=False), mode)
    (case,) = room.workspace.cases.of_owner(OWNER)
    assert not (room.workspace.cases.case_folder(case.id) / "report").exists()


@BOTH
def test_a_client_that_can_ask_nobody_is_told_why_and_open_needs_stay_open(room: Room, mode: str) -> None:
    async def act(step: Steps) -> None:
        opened = await step("open_scan", path="Quimby_Zephyr")
        assert opened["ok"]
        centre = middle(opened)
        assert (await step("segment", point=centre))["ok"]
        needs = await step("assess", guideline="fleischner-2017")
        assert {"age", "setting"} <= {n["name"] for n in needs["needs"]}
        assert needs["evidence"] is None
        await step("write_report")
        refused = await step("export")
        assert refused["error"] == "NotApproved"
        assert "elicitation" in refused["message"]

    run(room, act, None, mode)


def test_an_answer_counts_for_the_very_call_it_was_asked_for(room: Room) -> None:
    """A client that replays an approval, or makes one up, is asked again."""
    from mcp.types import InputRequiredResult

    async def act(step: Steps) -> None:
        await step("open_scan", path="Quimby_Zephyr")
        session = step.client.session
        yes = {protocol.ASKED: ElicitResult(action="accept", content={"approve": True})}
        made_up = await session.call_tool(
            "export", {}, input_responses=yes, request_state="guess", allow_input_required=True
        )
        assert isinstance(made_up, InputRequiredResult)
        other = await session.call_tool(
            "export", {"format": "pdf"}, input_responses=yes, request_state=made_up.request_state,
            allow_input_required=True,
        )  # fmt: skip
        assert isinstance(other, InputRequiredResult)

    run(room, act, Person())


def test_nothing_of_the_patient_and_no_path_is_told(room: Room, folder: Path) -> None:
    said: list[str] = []

    async def act(step: Steps) -> None:
        opened = await step("open_scan", path=str(folder / "Quimby_Zephyr"))
        centre = middle(opened)
        said.append(json.dumps(opened))
        for name, arguments in (
            ("segment", {"point": centre}), ("measure", {}), ("recall", {"what": "history"}), ("write_report", {}),
            ("export", {"format": "markdown"}), ("segment", {"point": [999, 0, 0]}),
        ):  # fmt: skip
            said.append(json.dumps(await step(name, **arguments)))

    run(room, act, Person())
    for secret in (*SECRETS, str(folder), str(room.workspace.settings.home), ".dcm"):
        assert not [text for text in said if secret.lower() in text.lower()], secret


def test_a_broken_file_is_told_without_its_name(room: Room, folder: Path) -> None:
    (folder / "Doe_Jane_1950.nii.gz").write_bytes(b"\x1f\x8b broken")

    async def act(step: Steps) -> None:
        told = await step("open_scan", path="Doe_Jane_1950.nii.gz")
        assert told["error"] == "UnreadableScan"
        assert not [w for w in ("Doe", "Jane", str(folder)) if w in told["message"]]

    run(room, act)


def test_only_allowed_folders_are_read_and_the_refusal_tells_nothing(tmp_path: Path, folder: Path) -> None:
    outside = tmp_path / "secret.nii.gz"
    outside.write_bytes(b"x")
    (folder / "link.nii.gz").symlink_to(outside)
    (folder / "study").mkdir()
    (folder / "study" / "1.dcm").symlink_to(outside)
    folders = Folders.named([folder])
    refused = set()
    for path in (str(outside), str(tmp_path / "absent"), "../secret.nii.gz", "link.nii.gz", "", "\0", "http://x/y", "/"):
        with pytest.raises(NotAllowed) as error:
            folders.find(path)
        refused.add(str(error.value))
    assert len(refused) == 1
    with pytest.raises(NotAllowed, match="link to something outside"):
        folders.find("study")
    with pytest.raises(NotAllowed, match="no such file"):
        folders.find("nowhere")
    assert folders.find("balls.nii.gz") == folders.find(str(folder / "balls.nii.gz")) == folder.resolve() / "balls.nii.gz"
    with pytest.raises(NotAllowed, match="--allow FOLDER"):
        Folders().find("balls.nii.gz")
    with pytest.raises(NotAllowed, match="takes a folder"):
        Folders.named([tmp_path / "absent"])
    assert folder / "Quimby_Zephyr" in names_in(folder)


def test_wrong_calls_are_one_clear_answer_and_a_case_of_somebody_else_is_out_of_reach(room: Room) -> None:
    from agent import Session

    other = Session.open(balls(), workspace=room.workspace)

    async def act(step: Steps) -> None:
        assert (await step("measure"))["error"] == "UnknownCase"
        assert (await step("measure", case=other.case_id))["error"] == "UnknownCase"
        assert "There are: open_scan" in (await step("show", lesion=1))["message"]
        await step("open_scan", path="Quimby_Zephyr")
        assert "destination" in (await step("export", destination="/tmp/elsewhere"))["message"]
        assert "Nothing was done" in (await step("segment", pint=[1, 2, 3]))["message"]

    run(room, act, Person())


def test_a_tool_that_breaks_costs_one_call(workspace: Workspace, folder: Path) -> None:
    class Broken(scripted.CutSegmenter):
        spec = scripted._spec("breaks", "segment")

        def run(self, request: Any, progress: Any = lambda fraction, phrase: None) -> Any:
            raise OSError(f"cannot read {folder}")

    workspace.registry.add(Broken)

    async def act(step: Steps) -> None:
        opened = await step("open_scan", path="Quimby_Zephyr")
        told = await step("segment", point=middle(opened), tool="breaks")
        assert told["error"] == "ToolFailed"
        assert str(folder) not in told["message"]
        assert (await step("recall"))["ok"]

    run(Room(workspace, Folders.named([folder])), act)


def test_a_call_that_is_cancelled_stops_at_the_tools_next_step(room: Room) -> None:
    from tools.contract import Cancelled

    def stop(fraction: float, phrase: str) -> None:
        raise Cancelled("The other agent cancelled the call.")

    opened, _ = room.do("open_scan", {"path": "Quimby_Zephyr"})
    said, good = room.do("segment", {"point": middle(opened)}, tell=stop)
    assert (good, said["error"]) == (False, "Cancelled")
    (case,) = room.workspace.cases.of_owner(OWNER)
    assert [e for e in room.workspace.evidence.case(case.id).all() if e.kind == "mask"] == []


def test_a_missing_extra_and_a_folder_that_is_none_are_one_line(tmp_path: Path, capsys: Any, home: Path) -> None:
    from ui.cli import app, guard

    with pytest.raises(protocol.NoServer, match=r"pip install 'scanwright\[mcp\]'"):
        protocol.require_sdk("no_such_package_here")
    code = guard(lambda: app(["mcp", "--allow", str(tmp_path / "absent")], standalone_mode=False))
    out, err = capsys.readouterr()
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "--allow takes a folder that exists" in err


OWN_TOOL = '''
from tools import Mask, SegmentRequest, SegmentResult, ToolSpec, VisionTool

class Cut(VisionTool):
    spec = ToolSpec(
        name="cut", task="segment", version="1", summary="above -400", not_for="patients", modalities=("CT",),
        body_parts=(), labels=("nodule",), licence="Apache-2.0",
    )

    def run(self, request, progress=lambda fraction, phrase: None):
        progress(0.5, "cutting")
        return SegmentResult(Mask.from_grid(request.scan.id, request.scan.voxels > -400, request.scan.affine, "nodule"), 0.5)
'''


@pytest.fixture
def command(tmp_path: Path, folder: Path) -> StdioServerParameters:
    own = tmp_path / "home" / "tools"
    own.mkdir(parents=True)
    (own / "cut.py").write_text(OWN_TOOL, encoding="utf-8")
    return StdioServerParameters(
        command=sys.executable, args=["-m", "ui.cli", "mcp", "--allow", str(folder)],
        env={"SCANWRIGHT_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}, cwd=Path(__file__).parents[3],
    )  # fmt: skip


def over_stdio(command: StdioServerParameters, act: Act, person: Person | None = None) -> None:
    async def go() -> None:
        async with Client(command, elicitation_callback=person) as client:
            await act(Steps(client))

    coroutines.run(go())


def test_a_real_client_over_stdio(command: StdioServerParameters) -> None:
    async def act(step: Steps) -> None:
        assert "segment" in {t.name for t in (await step.client.list_tools()).tools}
        assert (await step("open_scan", path="/etc/hostname"))["error"] == "NotAllowed"
        assert (await step("open_scan", path="Quimby_Zephyr"))["scan"]["modality"] == "CT"
        assert (await step("segment", point=[0, 0, 0], tool="cut"))["error"] == "NotApplicable"
        opened = await step("open_scan", path="Quimby_Zephyr")
        centre = middle(opened)
        assert (await step("segment", point=centre, tool="cut"))["lesion"] == 1
        assert step.told == [(0.5, "cutting")]
        assert (await step("measure"))["results"][0]["quantities"]["axial_long_axis"]["unit"] == "mm"
        assert (await step("export"))["error"] == "NotApproved"

    over_stdio(command, act)


@pytest.mark.long
def test_a_chest_over_stdio_with_the_shipped_tools_and_guidelines(
    command: StdioServerParameters, folder: Path, chest: Any
) -> None:
    import nibabel

    scan = chest[0]
    nibabel.save(nibabel.Nifti1Image(np.asarray(scan.voxels), scan.affine), folder / "chest.nii.gz")

    async def act(step: Steps) -> None:
        await step("open_scan", path="chest.nii.gz", modality="CT", body_part="CHEST")
        assert (await step("find"))["count"] >= 1
        assert (await step("segment", point=[80, 10, 20]))["tool"] == "nodule-segmenter"
        size = (await step("measure"))["results"][0]["quantities"]["axial_long_axis"]["value"]
        assert size == pytest.approx(20.0, abs=3.0)
        found = await step("find_guideline", question="follow-up of a 7 mm solid nodule")
        assert found["passages"][0]["guideline"] == "Fleischner"
        assert (await step("assess", guideline="fleischner-2017"))["row"]
        assert (await step("write_report"))["report"]["problems"] == []
        assert "report.md" in (await step("export", format="all"))["files"]

    over_stdio(command, act, Person(facts=FACTS))
