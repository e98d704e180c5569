"""The agent's bench holds to its aims on a smaller run: utterances kept aside, altered clauses, one thread's growth."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from benches import load


@pytest.mark.parametrize(("language", "function", "exact"), [("en", 0.96, 0.88), ("zh", 0.94, 0.88)])
def test_what_rules_came_from_is_understood(language: str, function: float, exact: float) -> None:
    bench = load("agent")
    judged = [bench.judge(r) for r in bench.rows("fit") if r["lang"] == language]
    assert sum(j[0] for j in judged) / len(judged) >= function
    assert sum(j[1] for j in judged) / len(judged) >= exact


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_was_written_after_all_rules_is_understood(language: str) -> None:
    bench = load("agent")
    judged = [bench.judge(r) for r in bench.rows("fresh") if r["lang"] == language]
    assert len(judged) >= 30
    assert sum(j[0] for j in judged) / len(judged) >= 0.9
    assert sum(j[1] for j in judged) / len(judged) >= 0.85


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_was_kept_aside_is_understood(language: str) -> None:
    """Scored once before this was written, and never mended from: 0.96 and 0.97 of the functions were right then."""
    bench = load("agent")
    judged = [bench.judge(r) for r in bench.rows("aside") if r["lang"] == language]
    assert len(judged) >= 60
    assert sum(j[0] for j in judged) / len(judged) >= 0.92
    assert sum(j[1] for j in judged) / len(judged) >= 0.82


@pytest.mark.parametrize("part", ["fresh", "aside"])
def test_what_is_fresh_is_in_nothing_that_rules_came_from(part: str) -> None:
    from agent.planner.intents import examples

    bench = load("agent")
    learned = {r["text"].lower().strip(" ?.!") for r in bench.rows("fit")}
    if part == "aside":
        learned |= {line.lower().strip(" ?.!") for lines in examples().values() for line in lines}
    shared = [r["text"] for r in bench.rows(part) if r["text"].lower().strip(" ?.!") in learned]
    assert len(shared) <= 6, shared  # one-word views and the like


@pytest.mark.long
@pytest.mark.parametrize("passages", [False, True])
def test_altered_clauses_are_caught_and_true_ones_pass(tmp_path: Path, passages: bool) -> None:
    from agent.grounding import check

    alterations = load("alterations")
    rng = random.Random(7)
    missed, total, alarms = [], 0, []
    for number, true in enumerate(alterations.cases(tmp_path)):
        if number > 170 and not (passages and true.source.startswith("passage")):
            continue
        if check(true.text, true.evidence, current=true.current, strict=true.strict):
            alarms.append(true.text)
        for altered in alterations.alter(true, rng):
            total += 1
            if not check(altered.text, true.evidence, current=true.current, strict=true.strict):
                missed.append((altered.kind, altered.text))
    assert total > 500
    assert alarms == []
    assert len(missed) <= 0.005 * total, missed


@pytest.mark.long
def test_what_a_careless_model_would_write_is_caught_and_what_is_true_passes(tmp_path: Path) -> None:
    """First run: 541 of 2,213 false clauses passed and 63 of 1,416 true ones were refused. Mended by cause since."""
    from agent.grounding import check

    told, true = load("alterations_told"), load("truths_told")
    said = [s for s in load("truths").cases(tmp_path) if s.source == "own"]
    rng = random.Random(11)
    missed, alarms, counted = [], [], [0, 0]
    judged = [(kind, t, c.evidence, c.current) for c in true.cases_of(said) for kind, t in told.false(c, rng)]
    judged += [("true", t, c.evidence, c.current) for c in true.cases_of(said) for t in true.true(c)]
    rows = list(true.rows(tmp_path / "rows"))
    judged += [("true", f"{t} [{e.id}].", {e.id: e}, {e.id}) for t, _, _, e in rows]
    judged += [("passage", f"{t} [{e.id}].", {e.id: e}, {e.id}) for t, _, e in told.passages(rows, rng)]
    for kind, text, evidence, current in judged:
        problems = check(text, evidence, current=current)
        counted[kind == "true"] += 1
        if kind == "true" and problems:
            alarms.append((text, problems))
        elif kind != "true" and not problems:
            missed.append((kind, text))
    assert min(counted) > 1000
    assert len(missed) <= 0.005 * counted[0], missed
    assert len(alarms) <= 0.005 * counted[1], alarms


@pytest.mark.long
def test_writers_voices_pass_and_what_is_false_in_them_falls(tmp_path: Path) -> None:
    """First runs: 30.6 % and 27.4 % of the true clauses were refused in English and Chinese. Mended by cause since."""
    from agent.grounding import check

    true, false, again = load("truths_voices"), load("alterations_voices"), load("voices_again")
    said = [s for s in load("truths").cases(tmp_path) if s.source == "own"]
    judged: list[tuple[str, bool, str, bool]] = []
    for case in load("truths_told").cases_of(said):
        texts = [(True, t) for t in (*(t for _, t in true.true(case)), *again.true(case))]
        texts += [(False, t) for t in (*false.false(case), *again.false(case))]
        judged += [(case.language, right, t, bool(check(t, case.evidence, current=case.current))) for right, t in texts]
    for language, text, book in true.cited_alone(tmp_path / "voices"):
        items = {e.id: e for e in book.all()}
        judged.append((language, True, text, bool(check(text, items, current={e.id for e in book.current()}))))
    for language in ("en", "zh"):
        for right in (True, False):
            wrong = [t for spoken, true_, t, fell in judged if (spoken, true_) == (language, right) and fell == right]
            count = sum((spoken, true_) == (language, right) for spoken, true_, _, _ in judged)
            assert count > 700
            assert len(wrong) <= 0.005 * count, wrong


def test_a_thread_keeps_what_is_current_and_not_every_step(tmp_path: Path) -> None:
    import scripted

    from agent import Session

    made = scripted.workspace(tmp_path)
    session = Session.open(scripted.balls(), workspace=made)
    session.call("segment", point=list(scripted.BIG))
    sizes = []
    for _ in range(3):
        for _ in range(8):
            list(session.ask("which threshold did you use?"))
        rows = made.checkpoints.conn.execute("SELECT COUNT(*), SUM(LENGTH(checkpoint)) FROM checkpoints").fetchone()
        sizes.append(rows)
    made.close()
    assert [count for count, _ in sizes] == [1, 1, 1]
    assert sizes[2][1] - sizes[1][1] < 1.5 * (sizes[1][1] - sizes[0][1]) + 4096, "grows with the square"


@pytest.mark.long
def test_a_turn_in_a_thread_of_500_costs_at_most_twice_one_of_12(tmp_path: Path) -> None:
    import scripted

    made = scripted.workspace(tmp_path)
    found = load("agent")._long(made, tmp_path, 15)
    made.close()
    assert found["ratio"] <= 2.0, json.dumps(found)
