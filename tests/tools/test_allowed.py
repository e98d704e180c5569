"""What a newcomer outlines feeds no criteria until the operator allows this version with these weights."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import pytest
import scripted
from scripted import BIG, balls

from agent.session import Session
from tools import NotApplicable, Registry, ToolFailed, ToolSpec
from tools.allowed import allow, is_allowed

SPEC = ToolSpec(
    name="own", task="segment", version="1.0.0", summary="s", not_for="n", modalities=("CT",), body_parts=(), labels=("x",),
    licence="MIT", weights_sha256="a" * 64,
)  # fmt: skip
FILE = '''
from tools import SegmentResult, ToolSpec, VisionTool

class Own(VisionTool):
    spec = ToolSpec(name="own", task="segment", version="1.0.0", summary="s", not_for="n", modalities=("CT",), body_parts=(),
                    labels=("x",), licence="MIT"{more})

    def run(self, request, progress=lambda fraction, phrase: None):
        raise NotImplementedError
'''


def test_a_version_and_its_weights_are_allowed_and_taken_back(tmp_path: Path) -> None:
    assert not is_allowed(SPEC, tmp_path)
    assert not is_allowed(SPEC, None)
    allow(SPEC, tmp_path)
    assert is_allowed(SPEC, tmp_path)
    for change in ({"version": "1.0.1"}, {"weights_sha256": "b" * 64}, {"name": "other"}):
        assert not is_allowed(dataclasses.replace(SPEC, **change), tmp_path)
    allow(SPEC, tmp_path, yes=False)
    assert not is_allowed(SPEC, tmp_path)


def test_a_damaged_list_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "allowed.json").write_text("{nonsense")
    with pytest.raises(ToolFailed, match="allow the tools again"):
        is_allowed(SPEC, tmp_path)


def test_a_file_of_the_operators_is_trusted_only_when_allowed(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(FILE.format(more=""))
    found = Registry.discover(tmp_path).get("own")
    assert (found.shipped, found.trusted) == (False, False)
    allow(found.spec, tmp_path)
    assert Registry.discover(tmp_path).get("own").trusted
    assert Registry.discover(tmp_path).get("nodule-segmenter").trusted


def test_nobody_else_can_claim_to_report_for_scanwright(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    (tmp_path / "own.py").write_text(FILE.format(more=', reported_by="the Scanwright authors"'))
    assert "`reported_by` is who measured them" in Registry.discover(tmp_path).broken["own.py"]


def test_its_outline_feeds_no_criteria_until_then(tmp_path: Path) -> None:
    services = scripted.workspace(tmp_path)
    session = Session.open(balls(), workspace=services, case="a")
    made = session.call("segment", point=list(BIG))
    tool = services.registry.get(made["tool"])
    tool.trusted = False
    with pytest.raises(NotApplicable, match="feed no guideline criteria until the operator allows it"):
        session.call("assess", lesion=made["lesion"])
    assert session.call("measure", lesion=made["lesion"])["results"], "it is measured like anything else"
    report = session.call("write_report")["report"]
    assert any("has not allowed for guidelines" in line for line in report["lines"])
    assert report["problems"] == []
    assert "未获操作者准许" in str(session.call("write_report", language="zh")["report"]["lines"])
    tool.trusted = True
    assert session.call("assess", lesion=made["lesion"])["needs"]
    services.close()
