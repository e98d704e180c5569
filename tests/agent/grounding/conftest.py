"""A small real case: two measured lesions, a scan, statements, a passage, a superseded measurement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import knowledge
from agent.grounding import check, fill
from tools.contract import MeasureRequest
from tools.evidence import CaseEvidence, Evidence, EvidenceStore
from tools.measure import LesionMeasure
from tools.phantom import SHOWN, chest_phantom
from tools.quantity import Quantity


@dataclass
class Case:
    """The evidence and a checker bound to it."""

    evidence: CaseEvidence

    @property
    def items(self) -> dict[str, Evidence]:
        return {e.id: e for e in self.evidence.all()}

    @property
    def current(self) -> set[str]:
        return {e.id for e in self.evidence.current()}

    def problems(self, clause: str, language: str = "en", *, strict: bool = False) -> list[str]:
        filled = fill(clause, self.items, language)  # type: ignore[arg-type]
        return check(filled, self.items, current=self.current, strict=strict)


@pytest.fixture(scope="session")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """E1 scan, E2 and E3 lesion 1 (right), E4 and E5 lesion 2 (left), E6-E9 stated, E10 passage, E11 E5's successor,
    E12 the lobe as stated, E13 a search."""
    folder: Path = tmp_path_factory.mktemp("case")
    scan, masks = chest_phantom(SHOWN, spacing=(1.4, 1.4, 2.5))
    book = EvidenceStore(folder).case("made")
    measure: Callable[[int], tuple[Quantity, ...]] = lambda n: LesionMeasure().run(  # noqa: E731
        MeasureRequest(scan, masks[n])
    ).quantities
    book.add("scan", "load_scan", scan_id=scan.id, inputs={"modality": "CT", "body_part": "CHEST", "contrast": None},
             quantities=(Quantity("slices", 96, "{slice}", "geometry"), Quantity("slice_interval", 2.5, "mm", "geometry")))  # fmt: skip
    for number, side, third in ((1, "right", "middle"), (2, "left", "lower")):
        book.add(
            "mask", "nodule-segmenter", "1.0.0", mask=masks[number - 1], scan_id=scan.id,
            inputs={"lesion": number, "label": "nodule", "side": side, "third": third, "where": f"{side} lung, {third} third"},
            quantities=(Quantity("threshold", 0.5, "1", "probability"),),
        )  # fmt: skip
        book.add("measurement", "lesion-measure", "1.0.0", scan_id=scan.id, parents=(f"E{2 * number}",),
                 inputs={"lesion": number}, quantities=measure(number - 1))  # fmt: skip
    for field, value, words in (
        ("age", 62.0, "62-year-old"), ("known_cancer", False, "no cancer"), ("nodule_type", "solid", "solid nodule"),
        ("setting", "incidental", "found by chance"),
    ):  # fmt: skip
        unit = (Quantity("age", 62.0, "a", "stated"),) if field == "age" else ()
        book.add("stated", "reader", text=words, inputs={"field": field, "value": value, "lesion": None}, quantities=unit)
    passage = knowledge.passage("fleischner-2017/solid-single/en")
    book.add("passage", "guidelines", "2017", text=passage.text,
             inputs={"passage": passage.id, "guideline": passage.guideline, "edition": passage.edition})  # fmt: skip
    book.add("measurement", "lesion-measure", "1.0.0", scan_id=scan.id, parents=("E4",), inputs={"lesion": 2},
             quantities=measure(1), supersedes=("E5",))  # fmt: skip
    book.add("stated", "reader", text="it is in the RLL", inputs={"field": "lobe", "value": "right lower lobe", "lesion": 1})
    book.add("search", "lung-candidates", "1.0.0", scan_id=scan.id, inputs={"side": None},
             quantities=(Quantity("candidates", 4, "{candidate}", "above threshold"),),
             text="The mediastinum was not searched.")  # fmt: skip
    return Case(book)
