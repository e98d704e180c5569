"""The contract: what a request must say, and what a tool's scope refuses, each in one clear line."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from tools import Known, NotApplicable, Scan, SegmentRequest, ToolError, ToolSpec
from tools.contract import REQUESTS, RESULTS, Cancelled, MissingSpacing, ToolFailed, UnknownTool, outside

SPEC = ToolSpec(
    name="dot", task="segment", version="1.0.0", summary="s", not_for="n", modalities=("CT",), body_parts=("CHEST",),
    labels=(), licence="MIT",
)  # fmt: skip


def scan(modality: Known | None = None, body_part: Known | None = None, depth: int = 5) -> Scan:
    affine = np.diag([-2.0, -2.0, 3.0, 1.0])
    affine[:3, 3] = (40.0, 60.0, -100.0)
    return Scan.build(np.zeros((21, 31, depth)), affine, modality=modality, body_part=body_part)


@pytest.mark.parametrize("error", [UnknownTool, NotApplicable, MissingSpacing, ToolFailed, Cancelled])
def test_one_tree_of_errors(error: type[Exception]) -> None:
    assert issubclass(error, ToolError)


@pytest.mark.parametrize("how", ["known", "assumed", "stated"])
def test_in_scope(how: Any) -> None:
    SPEC.check_scope(scan(Known("CT", how), Known("CHEST", how)))


@pytest.mark.parametrize(
    ("modality", "body_part", "depth", "said"),
    [
        (Known("MR", "known"), Known("CHEST", "known"), 5, r"modality CT; this image is MR \(known\)"),
        (Known(), Known("CHEST", "known"), 5, "does not say its modality. State it"),
        (Known("CT", "known"), Known(), 5, "does not say its body part. State it .*--body-part CHEST"),
        (Known("CT", "known"), Known("HEAD", "assumed"), 5, r"body part CHEST; this image is HEAD \(assumed\)"),
        (Known("CT", "known"), Known("CHEST", "known"), 1, "single slice or picture"),
    ],
)
def test_out_of_scope(modality: Known, body_part: Known, depth: int, said: str) -> None:
    with pytest.raises(NotApplicable, match=said):
        SPEC.check_scope(scan(modality, body_part, depth))


def test_a_tool_for_everything_takes_everything() -> None:
    anything = dataclasses.replace(SPEC, modalities=(), body_parts=(), needs_3d=False)
    anything.check_scope(scan(depth=1))


def test_a_prompt_is_needed() -> None:
    with pytest.raises(NotApplicable, match="needs a point inside the lesion or a box"):
        SPEC.check_request(SegmentRequest(scan(Known("CT", "known"), Known("CHEST", "known"))))


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0, float("nan")])
def test_the_threshold_lies_between_zero_and_one(threshold: float) -> None:
    with pytest.raises(NotApplicable, match="between 0 and 1"):
        SegmentRequest(scan(), point=(0, 0, -95), threshold=threshold)


@pytest.mark.parametrize(
    "prompt",
    [
        {"point": (0.0, 0.0, 500.0)},
        {"point": (float("nan"), 0.0, -95.0)},
        {"point": (float("inf"), 0.0, -95.0)},
        {"box": ((0.0, 0.0, 500.0), (10.0, 10.0, 520.0))},
        {"point": (0.0, 0.0, -95.0), "clicks": (((0.0, 900.0, -95.0), True),)},
    ],
    ids=["far", "nan", "inf", "box", "click"],
)
def test_prompts_outside_the_image_are_told_where_it_is(prompt: dict[str, Any]) -> None:
    with pytest.raises(NotApplicable, match=r"outside the image, which spans x 0 to 40, y 0 to 60, z -100 to -88 mm"):
        SegmentRequest(scan(), **prompt)


def test_the_seed_is_the_point_or_the_middle_of_the_box() -> None:
    assert SegmentRequest(scan(), point=(1.0, 2.0, -95.0)).seed == (1.0, 2.0, -95.0)
    assert SegmentRequest(scan(), box=((0, 0, -100), (10, 20, -90))).seed == (5, 10, -95)


def test_the_sentence_names_point_and_range() -> None:
    text = outside(scan(), (1.0, 2.0, 3.0))
    assert text.startswith("The point (1.0, 2.0, 3.0) mm lies outside")
    assert text.endswith("Choose a point inside.")


def test_requests_and_results_are_frozen() -> None:
    assert set(REQUESTS) == set(RESULTS) == {"find", "segment", "classify", "measure", "prepare"}
    for kind in (*REQUESTS.values(), *RESULTS.values(), ToolSpec):
        assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_parameters_are_held_to_the_tools_schema() -> None:
    schema = {"type": "object", "properties": {"level": {"type": "number", "minimum": 0}}, "additionalProperties": False}
    spec = ToolSpec("t", "segment", "1", "s", "n", (), (), (), "MIT", parameters=schema)
    spec.check_parameters({})
    spec.check_parameters({"level": 2})
    for wrong in ({"level": -1}, {"level": "high"}, {"other": 1}):
        with pytest.raises(NotApplicable, match="does not take"):
            spec.check_parameters(wrong)
    with pytest.raises(NotApplicable, match="takes no parameters"):
        ToolSpec("t", "segment", "1", "s", "n", (), (), (), "MIT").check_parameters({"level": 1})
