"""What may be said of change: only what a cited comparison holds, in its own direction, beyond the readers' noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import scripted
import steered

from agent.grounding import check, fill
from agent.session import Session

THICK = "The slice interval is 1 mm now and 5 mm before: they may differ by 0.5 mm."
Check = Callable[..., list[str]]
Open = Callable[..., Check]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Check]]:
    """Compared cases: E8 is lesion 1's pair, E9 lesion 2's. Lesion 2 has not changed anywhere."""
    made: dict[str, Check] = {}
    opened = []
    for name, now, then, reasons, alone in (
        ("grown", 8.0, 6.0, (), ()), ("shrunk", 6.0, 8.0, (), ()), ("same", 8.0, 7.7, (), ()),
        ("refused", 8.0, 6.0, (THICK,), ()), ("alone", 8.0, 6.0, (), (1,)),
    ):  # fmt: skip
        folder: Path = tmp_path_factory.mktemp(name)
        workspace = scripted.workspace(folder / "home")
        opened.append(workspace)
        session = Session.open(scripted.balls(source=scripted.QUIMBY), workspace=workspace)
        steered.with_prior(session, now=now, then=then, reasons=reasons, alone=alone)
        session.call("compare")
        made[name] = _checker(session)
    yield made
    for workspace in opened:
        workspace.close()


def _checker(session: Session) -> Check:
    record = session.record
    names = {f"PAIR{e.inputs['lesion']}": e.id for e in record.comparisons}
    names |= {f"SIZE{x.number}": x.measurement.id for x in record.lesions if x.measurement}
    names |= {"PRIOR": record.priors[0].scan.id}

    def problems(clause: str) -> list[str]:
        for name, item in names.items():
            clause = clause.replace(name, item)
        return check(fill(clause, record.by_id, "en"), record.by_id, current=record.current)

    return problems


TRUE = [
    ("grown", "Lesion 1 is larger: +{PAIR1.change_axial_long_axis} [PAIR1]."),
    ("grown", "Lesion 1 has grown [PAIR1]."),
    ("grown", "Lesion 1: volume doubling time {PAIR1.doubling_time} [PAIR1]."),
    ("grown", "Lesion 1: long axis {PAIR1.prior_axial_long_axis} before, {PAIR1.current_axial_long_axis} now [PAIR1]."),
    ("grown", "Lesion 1 went from {PAIR1.prior_axial_long_axis} to {PAIR1.current_axial_long_axis} [PAIR1]."),
    ("grown", "The interval is {PAIR1.interval} [PAIR1]."),
    ("shrunk", "Lesion 1 is smaller: {PAIR1.change_axial_long_axis} [PAIR1]."),
    ("same", "Lesion 1: +{PAIR1.change_axial_long_axis}: within what two readers differ by [PAIR1]."),
    ("same", "Lesion 1 is unchanged within what two readers differ by [PAIR1]."),
    ("refused", "Lesion 1: mean diameter {PAIR1.prior_mean_diameter} before, {PAIR1.current_mean_diameter} now [PAIR1]."),
    ("refused", "I cannot judge growth of lesion 1 from this pair [PAIR1]."),
    ("refused", "Growth and doubling time of lesion 1 were not determined [PAIR1]."),
    ("refused", f"{THICK[:-1]} [PAIR1]."),
    ("refused", "无法判断病灶1的增长 [PAIR1]。"),
    ("alone", "Lesion 1 is new, as far as the prior is outlined [PAIR1]."),
    ("alone", "Lesion 3 has resolved as far as it is outlined [PAIR3]."),
    ("grown", "病灶1增大:+{PAIR1.change_axial_long_axis} [PAIR1]。"),
]
FALSE = [
    ("grown", "Lesion 1 is smaller [PAIR1].", "the other direction"),
    ("shrunk", "Lesion 1 has grown [PAIR1].", "the other direction"),
    ("grown", "Lesion 1 is stable [PAIR1].", "stable beside a change beyond noise"),
    ("grown", "Lesion 1 is unchanged within what two readers differ by [PAIR1].", "not within"),
    ("same", "Lesion 1 is stable [PAIR1].", "stable without what it means"),
    ("same", "Lesion 1 has grown [PAIR1].", "within noise"),
    ("refused", "Lesion 1 has grown [PAIR1].", "not allowed"),
    ("refused", "Lesion 1 is stable [PAIR1].", "not allowed"),
    ("refused", "Lesion 1 is unchanged within what two readers differ by [PAIR1].", "not allowed"),
    ("refused", "Lesion 1: +{PAIR1.change_axial_long_axis} [PAIR1].", "a change of a pair that allows none"),
    ("refused", "Lesion 1: volume +{PAIR1.change_volume_percent} [PAIR1].", "a change of a pair that allows none"),
    ("refused", "Lesion 1 has grown, I cannot judge by how much [PAIR1].", "a claim beside a limit"),
    ("refused", "I cannot name the lobe and lesion 1 has grown [PAIR1].", "a claim beside a limit"),
    ("refused", "Doubling time: 365 days [PAIR1].", "the interval told as a doubling time"),
    ("refused", "病灶1增大 [PAIR1]。", "not allowed"),
    ("grown", "Doubling time: 365 days [PAIR1].", "the interval told as a doubling time"),
    ("grown", "Lesion 1: {PAIR1.current_axial_long_axis} before, {PAIR1.prior_axial_long_axis} now [PAIR1].", "swapped"),
    ("grown", "Lesion 1 went from {PAIR1.current_axial_long_axis} to {PAIR1.prior_axial_long_axis} [PAIR1].", "swapped"),
    ("grown", "On the prior scan lesion 1 was {SIZE1.axial_long_axis} long [SIZE1, PAIR1].", "swapped"),
    ("grown", "Lesion 1 is new [PAIR1].", "matched, not new"),
    ("grown", "Lesion 1 has resolved [PAIR1].", "matched, not gone"),
    ("grown", "Lesion 2 has grown [PAIR1].", "another lesion"),
    ("grown", "Lesion 1 has grown [SIZE1].", "a size is no comparison"),
    ("grown", "Lesion 1 has grown [PRIOR].", "a scan is no comparison"),
    ("alone", "Lesion 3 is new [PAIR3].", "gone, not new"),
    ("alone", "Lesion 1 has grown [PAIR1].", "new, not grown"),
]


@pytest.mark.parametrize(("case", "clause"), TRUE)
def test_what_a_comparison_holds_passes(cases: dict[str, Check], case: str, clause: str) -> None:
    assert cases[case](clause) == []


@pytest.mark.parametrize(("case", "clause", "why"), FALSE)
def test_what_it_does_not_hold_falls(cases: dict[str, Check], case: str, clause: str, why: str) -> None:
    assert cases[case](clause), why
