"""The bench of scale: ways timed in turn, a page that reads, and parts that run on tiny inputs. Nothing here is timed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ui import bench


@pytest.fixture(autouse=True)
def modules() -> Iterator[None]:
    was = list(sys.path)
    sys.path.append(str(bench.FOLDER))
    yield
    sys.path[:] = was


def test_ways_take_turns_and_the_first_is_the_measure() -> None:
    from side_by_side import in_turn

    order: list[str] = []
    found = in_turn({name: lambda n=name: order.append(n) for name in "abc"}, 3, warm=1)
    assert "".join(order) == "abc" * 4
    assert found["a"]["ratio"] == found["a"]["least"] == found["a"]["most"] == 1.0


def test_a_process_of_its_own_gives_its_answer_or_says_what_failed() -> None:
    from side_by_side import in_a_process

    assert in_a_process("side_by_side", "peak_mb()") > 1
    with pytest.raises(RuntimeError, match="no_such failed"):
        in_a_process("side_by_side", "no_such")
    with pytest.raises(RuntimeError, match="took longer than 1 s"):
        in_a_process("side_by_side", "time.sleep(20)", 1.0)


def test_a_series_is_written_and_read_by_all(tmp_path: Path) -> None:
    import scale_reading

    from tools.scan.load import read_scan

    scale_reading.write(tmp_path, 3, 16)
    assert read_scan(tmp_path).shape == (16, 16, 3)


def test_lesions_of_a_made_volume_are_all_found() -> None:
    import scale_cases

    found = scale_cases.measured(3)
    assert found["lesions"] == 3


def test_the_page_holds_every_figure() -> None:
    import scale

    way = {"seconds": 1.5, "ratio": 0.5, "least": 0.4, "most": 0.6}
    result: dict[str, Any] = {
        "quick": True, "machine": {"processor": "P", "load": [1, 2, 3]}, "aims": scale.AIMS,
        "inference": {"volume": [8, 8, 8], "ways": {"MONAI": way, "ours": way}},
        "slices": [{"slices": 10, "ms": 2.0}, {"slices": 20, "ms": 4.0}],
        "threads": {"database_share": 0.02}, "others": {"states": {"skipped": "not here"}},
    }  # fmt: skip
    page = scale.markdown(result)
    assert "quick: they say that it runs" in page
    for row in ("| ours | 1.500 | 0.50 | 0.40-0.60 |", "| 20 | 4.0 |", "| database_share | 0.02 |", "not here"):
        assert row in page


def test_every_aim_has_a_line_and_says_where_there_is_no_gpu() -> None:
    import scale
    import scale_aims

    def ways(**ratios: float) -> dict[str, Any]:
        return {"ways": {name.replace("_", " "): {"ratio": r, "seconds": 0.01 * r, "least": r, "most": r} for name, r in ratios.items()}}

    seen: dict[str, Any] = {
        "machine": {"gpu": "none"},
        "inference": ways(MONAI_as_usually_called=1.0, MONAI_at_its_best=0.5, bare_forward=0.44, ours=0.45),
        "prompted": ways(one_click=1.0), "chest": [{"slices": 500, "seconds": 4.0}],
        "lesions": [{"ms_a_lesion": 90.0}, {"ms_a_lesion": 5.0}, {"ms_a_lesion": 9.0}],
        "others": {"engines": [{"engine": "local", "ms a call, median": 25.0}]}, "crowd": [{"cases": 32, "failures": []}],
    }  # fmt: skip
    rows = scale_aims.rows(seen)
    assert len(rows) == len(scale_aims.AIMS)
    assert sum(r[2] == scale_aims.NO_GPU for r in rows) == sum(a.on == "gpu" for a in scale_aims.AIMS) == 5
    told = {r[0]: r[1:] for r in rows}
    assert told["a volume, of MONAI as usually called"] == ("at most 0.5", "0.45", "met")
    assert told["a volume, of the bare forward passes"] == ("at most 1.02", "1.02", "missed")
    assert told["time a lesion, most of middle"] == ("at most 1.5", "1.8", "missed")
    assert told["a call in process adds, ms"][1:] == ("25", "missed")
    assert told["a call on Ray adds, ms"][1:] == (scale_aims.NOT_RUN, "")
    assert told["failures of 32 cases at once"][1:] == ("0", "met")
    assert told["reading a series, of SimpleITK"][1:] == (scale_aims.NOT_RUN, "")
    on_gpu = {r[:2]: r[2:] for r in scale_aims.rows({**seen, "machine": {"gpu": "H100"}})}
    assert on_gpu["a volume, of MONAI as usually called", "at most 0.333333"] == ("0.45", "missed")
    assert on_gpu["a prompted nodule end to end, ms", "at most 15"] == ("10", "met")
    assert on_gpu["500 slices from voxels to measured lesions, s", "at most 5"] == ("4", "met")
    assert f"| {' | '.join(rows[0])} |" in scale.markdown({**seen, "quick": True})


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.run("scale", ["--only", "everything"])
    assert "invalid choice" in capsys.readouterr().err
