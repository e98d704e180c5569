"""A chest film in the chat: the scores are evidence, no finding is read out of them, and no report takes them up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scripted

pytest.importorskip("torchxrayvision", reason="the extra xray is not installed")

from agent import Clause, Session, Struck
from tools import Known, Scan
from tools.fetch import ITEMS, fetch, in_place
from tools.models.chest_xray.convert import library
from tools.models.chest_xray.model import ChestXray
from tools.scan.grid import INDEX_FRAME


def test_scores_are_evidence_and_go_no_further(tmp_path: Path) -> None:
    import torch

    torch.save(library().models.DenseNet(num_classes=18), tmp_path / ITEMS["chest-xray"].file)
    fetch("chest-xray", tmp_path / "tools", lambda item, size: None, offline=tmp_path)
    workspace = scripted.workspace(tmp_path / "home", also=[in_place(ChestXray, tmp_path / "tools")])
    values = np.add.outer(np.arange(80), np.arange(90))[:, :, None]
    film = Scan.build(
        values, INDEX_FRAME, spacing=(None, None, None), calibration="none", laterality_known=False,
        modality=Known("DX", "known"), body_part=Known("CHEST", "known"),
    )  # fmt: skip
    session = Session.open(film, workspace=workspace)
    session.load_mask((values > 60).astype(np.uint8))
    events = list(session.ask("classify lesion 1"))
    scores = session.record.lesions[0].rating
    assert scores is not None
    assert (scores.producer, len(scores.quantities)) == ("chest-xray", 18)
    assert "they enter neither criteria nor impression" in scores.text
    said = " ".join(e.text for e in events if isinstance(e, Clause))
    assert "no diagnosis, and enters neither impression nor criteria" in said
    assert "readers' opinion" not in said
    assert not [e for e in events if isinstance(e, Struck)]
    session.call("write_report")
    report = session.report
    assert report is not None
    text = " ".join(x.text for section in report.sections for x in section.statements).lower()
    assert not [w for w in ("xray", "atelectasis", "pneumothorax", scores.id.lower() + "]") if w in text]
    workspace.close()
