"""The panels without a browser: context, guidelines, report, settings; what a script may ask for; suggestions."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apps import last

from agent.session import Session
from agent.settings import Settings
from agent.workspace import Workspace
from tools.phantom import Sphere, chest_phantom
from ui.acts import Acts
from ui.acts.deeds import DEEDS, deed
from ui.panels import settings_html
from ui.rooms import Rooms
from ui.tools_panel import WAYS_IN, tools_html
from ui.viewer.pictures import Pictures
from ui.viewer.volume import nifti, nifti_labels
from ui.words import suggestions

ANNA = "a" * 64
SPHERE = Sphere((70.0, 0.0, 0.0), 18.0)
SCAN, MASKS = chest_phantom((SPHERE,), spacing=(4.0, 4.0, 6.0))


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Rooms]:
    opened = Workspace.open(Settings(home=tmp_path / "home"))
    made = Rooms(opened)
    made.open(made.enter(ANNA), SCAN)
    yield made
    opened.close()


@pytest.fixture
def session(rooms: Rooms) -> Session:
    found = rooms.enter(ANNA).session
    assert found is not None
    return found


# What a script may ask for


@pytest.mark.parametrize(
    "sent",
    [
        None, 7, {}, {"do": "rm"}, {"do": "pick"}, {"do": ["pick"]},
        {"do": "pick", "plane": "axial", "index": 1, "across": "x", "down": 0.5},
        {"do": "pick", "plane": "axial", "index": 1, "across": float("nan"), "down": 0.5},
        {"do": "name", "lesion": 1, "name": "x" * 30_000}, {"do": "paint", "lesion": True},
        {"do": "context", "given": "age"},
    ],
)  # fmt: skip
def test_what_is_not_known_or_not_whole_does_nothing(rooms: Rooms, sent: Any) -> None:
    assert list(deed(Acts(rooms), ANNA, sent)) == []


def test_every_deed_names_an_act_and_its_arguments() -> None:
    import inspect

    for name, (act, takes) in DEEDS.items():
        known = list(inspect.signature(act).parameters)[2:]
        assert known == list(takes), name


def test_a_number_in_a_data_attribute_is_read(rooms: Rooms, session: Session) -> None:
    session.load_mask(MASKS[0].voxels, "nodule")
    last(deed(Acts(rooms), ANNA, {"do": "judge", "lesion": "1", "status": "accepted", "reason": ""}))
    assert session.record.lesion(1).status == "accepted"  # type: ignore[union-attr]


# Lesions


def test_a_verdict_is_shown_in_table_and_conversation_and_undone(rooms: Rooms, session: Session) -> None:
    acts = Acts(rooms)
    session.load_mask(MASKS[0].voxels, "nodule")
    shown = last(acts.judge(ANNA, 1, "rejected", "vessel"))
    assert "rejected: vessel" in shown["lesions"]
    assert "(vessel)" in shown["chat"]
    assert json.loads(shown["viewer"])["lesions"][0]["reason"] == "vessel"
    shown = last(acts.undo(ANNA))
    assert "rejected: vessel" not in shown["lesions"]
    assert "Accept" in shown["lesions"]


def test_a_stroke_is_measured_and_what_it_was_before_is_told(rooms: Rooms, session: Session) -> None:
    acts = Acts(rooms)
    session.load_mask(MASKS[0].voxels, "nodule")
    session.call("measure", lesion=1)
    before = json.loads(last(acts.arrive(ANNA))["viewer"])["lesions"][0]["size"]
    path = [[(170 - 70) / 340, 0.5], [(170 - 40) / 340, 0.5]]
    shown = last(acts.paint(ANNA, 1, "axial", 20, path, 6.0, erase=False))
    lesion = json.loads(shown["viewer"])["lesions"][0]
    assert lesion["before"] == before
    assert lesion["long"] > 30
    assert f"before {before}" in shown["lesions"]
    assert f"before {before}" in shown["chat"]
    back = json.loads(last(acts.undo(ANNA))["viewer"])["lesions"][0]
    assert back["size"] == before


def test_the_report_follows_what_is_done_by_hand(rooms: Rooms, session: Session) -> None:
    session.load_mask(MASKS[0].voxels, "nodule")
    session.call("measure", lesion=1)
    session.call("write_report")
    acts = Acts(rooms)
    last(acts.paint(ANNA, 1, "axial", 20, [[(170 - 40) / 340, 0.5]], 6.0, erase=False))
    long_axis = session.record.lesion(1).measurement.quantity("axial_long_axis")  # type: ignore[union-attr]
    assert f"{long_axis.value:.1f} mm" in last(acts.arrive(ANNA))["report"]  # type: ignore[union-attr]
    assert session.report.version == 2  # type: ignore[union-attr]


def test_a_name_of_the_readers_own_reaches_no_model_and_no_report(rooms: Rooms, session: Session) -> None:
    session.load_mask(MASKS[0].voxels, "nodule")
    shown = last(Acts(rooms).name(ANNA, 1, "Mr. Smith's <b>nodule</b>"))
    assert "Mr. Smith&#x27;s &lt;b&gt;nodule" in shown["lesions"]
    session.call("write_report")
    assert "Smith" not in json.dumps(session.card())
    assert "Smith" not in json.dumps(session.report.to_json())  # type: ignore[union-attr]


# Context


def test_the_form_states_what_is_given_once_and_chips_show_it(rooms: Rooms, session: Session) -> None:
    acts = Acts(rooms)
    assert last(acts.arrive(ANNA))["context"].count("sw-missing") == 5
    given = {"setting": "incidental", "age": "58", "known_cancer": "no", "sex": "", "smoking": ""}
    shown = last(acts.context(ANNA, given))
    assert session.record.stated("age") == 58.0
    assert session.record.stated("known_cancer") is False
    assert "sex" not in session.record.context
    assert shown["context"].count("sw-missing") == 2
    count = len(session.record.items)
    last(acts.context(ANNA, given))
    assert len(session.record.items) == count


def test_an_age_that_is_none_is_refused(rooms: Rooms, session: Session) -> None:
    shown = last(Acts(rooms).context(ANNA, {"age": "580"}))
    assert "from 0 to 120" in shown["chat"]
    assert "age" not in session.record.context


def test_of_a_pasted_report_size_and_interval_are_taken_and_no_finding(rooms: Rooms, session: Session) -> None:
    text = "CT chest. Right upper lobe nodule previously measured 6 mm. Former smoker, 30 pack-years. Aged 70."
    last(Acts(rooms).prior_report(ANNA, text))
    assert session.record.context["prior_report"].text == text
    assert "smoking" not in session.record.context
    assert "age" not in session.record.context
    session.call("write_report")
    said = [s.text for section in session.report.sections for s in section.statements]  # type: ignore[union-attr]
    assert not any("previously measured" in text for text in said)


# Guidelines, tools, settings


def test_an_endpoint_is_used_and_its_key_is_never_shown_or_sent_elsewhere(rooms: Rooms) -> None:
    acts, workspace = Acts(rooms), rooms.workspace
    shown = last(acts.endpoint(ANNA, "http://127.0.0.1:9/v1", "some-model", "sk-secret"))
    assert workspace.settings.base_url == "http://127.0.0.1:9/v1"
    assert workspace.settings.api_key == "sk-secret"
    assert all("sk-secret" not in str(value) for value in shown.values())
    assert "A key is set" in shown["settings"]
    last(acts.endpoint(ANNA, "http://127.0.0.1:9/v1", "another", ""))
    assert workspace.settings.api_key == "sk-secret"
    last(acts.endpoint(ANNA, "http://127.0.0.1:10/v1", "another", ""))
    assert workspace.settings.api_key is None
    last(acts.endpoint(ANNA, "", "", ""))
    assert not workspace.settings.uses_endpoint
    assert "starts with http" in last(acts.endpoint(ANNA, "file:///etc", "m", ""))["chat"]


def test_settings_that_are_the_operators_show_no_form(tmp_path: Path) -> None:
    shown = settings_html(Settings(home=tmp_path, base_url="http://x/v1", api_key="sk-secret"), "en", may_change=False)
    assert "sk-secret" not in shown
    assert "http://x" not in shown


def test_tools_say_how_good_by_whom_and_what_is_broken(rooms: Rooms) -> None:
    registry = rooms.workspace.registry
    registry.broken["my-tool"] = "it <imports> what is not there"
    shown = tools_html(registry, "cpu")
    for spec in registry.specs:
        assert spec.name in shown
        assert all(html.escape(a.metric) in shown and html.escape(a.by) in shown for a in spec.accuracy)
    assert "it &lt;imports&gt; what is not there" in shown


def test_tools_say_whether_they_feed_criteria_and_how_another_comes_in(rooms: Rooms) -> None:
    registry = rooms.workspace.registry
    name = "nodule-segmenter"
    assert f"tools allow {name}" not in tools_html(registry, "cpu")
    held = registry.tools[name]
    held.trusted, held.shipped, held.origin = False, False, "<own>.py"
    registry.waiting["lobes"] = "its weights are not fetched: scanwright tools fetch lobes"
    try:
        shown = tools_html(registry, "cpu")
    finally:
        held.trusted = held.shipped = True
    assert f"feed no guideline criteria until the operator allows it: scanwright tools allow {name}" in shown
    assert "Added by the operator (&lt;own&gt;.py)" in shown
    assert "scanwright tools fetch lobes" in shown
    assert all(html.escape(command) in shown for _, _, command in WAYS_IN)


def test_suggestions_fit_the_state_of_the_case(session: Session) -> None:
    assert suggestions(session, "en")[0] == "Find candidate nodules"
    session.load_mask(MASKS[0].voxels, "nodule")
    assert "Measure lesion 1" in suggestions(session, "en")
    session.call("measure", lesion=1)
    assert "Measure lesion 1" not in suggestions(session, "en")
    assert "写报告" in suggestions(session, "zh")
    session.call("write_report")
    assert "Write the report" not in suggestions(session, "en")


# What the browser draws


def test_the_runs_of_an_outline_are_its_voxels(rooms: Rooms, session: Session) -> None:
    session.load_mask(MASKS[0].voxels, "nodule")
    pictures = Pictures(rooms.workspace)
    total = 0
    for index in range(SCAN.shape[2]):
        for outline in pictures.marks(session.case_id, "axial", index)["outlines"]:
            total += sum(end - start for _, start, end in outline["runs"])
            assert all(0 <= v <= 1 for line in outline["lines"] for v in line)
    assert total == MASKS[0].voxels.sum()


def test_a_place_tells_position_value_and_crossing_slices(rooms: Rooms, session: Session) -> None:
    found = Pictures(rooms.workspace).probe(session.case_id, "axial", 20, (170 - 70) / 340, 0.5)
    assert found["mm"][:2] == pytest.approx([70.0, 0.0], abs=0.6)
    assert found["value"] > -200
    assert set(found["slices"]) == {"axial", "coronal", "sagittal"}


def test_the_volume_for_three_d_is_the_scan_and_its_lesions(rooms: Rooms, session: Session) -> None:
    import io

    import nibabel
    import numpy as np

    session.load_mask(MASKS[0].voxels, "nodule")
    read = nibabel.Nifti1Image.from_stream(io.BytesIO(nifti(SCAN)))
    assert np.allclose(read.affine, SCAN.affine)
    assert (np.asarray(read.dataobj) == SCAN.voxels).all()
    labels = nibabel.Nifti1Image.from_stream(io.BytesIO(nifti_labels(Pictures(rooms.workspace), session.case_id)))
    assert (np.asarray(labels.dataobj) == MASKS[0].voxels).all()
