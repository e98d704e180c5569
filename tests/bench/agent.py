"""The agent: what the planner understands, what the checker catches, what a turn costs. All of it in one run.

    functions and arguments   utterances kept aside: written after the last rule, scored once, never mended from; an
                              older such set that was looked at; those that rules and examples came from; and what
                              every set scored while it was new, before anything was mended
    a new tool                fifteen sentences of its own, asked for in other words
    grounding                 true clauses let pass, altered ones caught, by kind of alteration and by language
    cost                      a planner turn without tool time; the graph beside a bare `create_agent` with the same
                              tool, in turn; a thread of 500 messages beside one of 12, and its database

Shares are given with 95 % Wilson intervals, the set kept aside with a bootstrap interval too. `--out FOLDER` keeps a raw log of every case as JSON lines.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
for folder in (str(HERE), str(HERE.parent)):
    if folder not in sys.path:
        sys.path.append(folder)

Z95 = 1.959964
ROUNDS = 15
TURNS = ("measure lesion 1", "which threshold did you use?", "what did you find so far?", "测量病灶1", "how big was it before?")
PARTS = ("aside", "fresh", "fit")
DRAWS = 2000
FREE_TEXT = ("question",)
FUNCTION_AIM, ARGUMENTS_AIM = {"en": 0.96, "zh": 0.94}, 0.88

NEW_TOOL = (
    "calcium score", "score the coronary calcium", "agatston score please", "how much coronary calcification is there",
    "quantify the calcium in the coronaries", "run the calcium scoring", "what is the CAC score", "CAC please",
    "estimate coronary artery calcium", "calcium burden of the LAD", "冠脉钙化评分", "算一下钙化积分", "冠状动脉钙化多少",
    "Agatston积分", "评估冠脉钙化",
)  # fmt: skip
NEW_ASKED = (
    "give me the agatston", "can you do a coronary calcium score", "how calcified are the coronaries", "CAC score for this patient",
    "calcium scoring", "what's his calcium score", "coronary calcium amount?", "compute the agatston score",
    "is there a lot of coronary calcium", "score calcium in the coronary arteries",
    "钙化积分是多少", "做一下冠脉钙化评分", "冠状动脉钙化程度", "给出Agatston评分", "冠脉钙化怎么样",
)  # fmt: skip


def run(arguments: Sequence[str]) -> dict[str, Any]:
    """Run the whole bench and return its figures."""
    options = _options(arguments)
    log = _Log(options.out)
    with tempfile.TemporaryDirectory() as folder:
        result = {
            "utterances": {part: _utterances(part, log) for part in PARTS},
            "first_runs": first_runs(),
            "new_tool": _new_tool(log),
            "grounding": _grounding(Path(folder) / "grounding", log),
            "cost": _cost(Path(folder) / "cost", options.rounds),
        }
        result["load"] = [round(x, 1) for x in os.getloadavg()]
    _table(result)
    return result


def wilson(right: int, of: int) -> dict[str, Any]:
    """Return a share with its 95 % Wilson interval."""
    if not of:
        return {"right": 0, "of": 0, "share": None, "interval": None}
    share, z2 = right / of, Z95**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z95 * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return {"right": right, "of": of, "share": round(share, 4), "interval": [round(middle - half, 4), round(middle + half, 4)]}


def rows(part: str) -> list[dict[str, Any]]:
    """Return the utterances of a part: text, language, card, expected first step."""
    lines = (HERE / "utterances" / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def first_runs() -> dict[str, Any]:
    """Return what each set scored at its first run, and all of them together; sets were mended from afterwards."""
    lines = (HERE / "utterances" / "first_runs.jsonl").read_text(encoding="utf-8").splitlines()
    runs = [json.loads(line) for line in lines]
    return {
        f"{name} {language}": {
            kind: wilson(sum(r[language][kind] for r in chosen), sum(r[language]["of"] for r in chosen))
            for kind in ("function", "exact")
        }
        for language in ("en", "zh")
        for name, chosen in (*((f"set {r['set']}", [r]) for r in runs), ("all sets", runs))
    }


def judge(row: dict[str, Any]) -> tuple[bool, bool, list[dict[str, Any]]]:
    """Return whether the function is right, whether the whole step is, and the step."""
    from planner_cards import CARDS

    from agent import plan

    got = [{"name": c.name, "arguments": c.arguments} for c in plan(row["text"], card=CARDS[row["card"]])]
    function = [c["name"] for c in got][:1] == [c["name"] for c in row["calls"]][:1]
    return function, _bare(got) == _bare(row["calls"]), got


def _bare(calls: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [(c["name"], {k: v for k, v in c["arguments"].items() if k not in FREE_TEXT}) for c in calls]


def _utterances(part: str, log: _Log) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for language in ("en", "zh"):
        asked = [r for r in rows(part) if r["lang"] == language]
        judged = [(r, *judge(r)) for r in asked]
        for row, function, exact, got in judged:
            log.write("utterances", {"part": part, **row, "got": got, "function": function, "exact": exact})
        found[language] = {
            kind: {**wilson(sum(j[at] for j in judged), len(judged)), "bootstrap": bootstrap([bool(j[at]) for j in judged])}
            for at, kind in ((1, "function"), (2, "exact"))
        }
    return found


def bootstrap(hits: Sequence[bool]) -> list[float]:
    """Return the 95 % interval of a share when its cases are drawn again and again; the draws are always the same."""
    rng = random.Random(len(hits))
    shares = sorted(sum(rng.choices(hits, k=len(hits))) / len(hits) for _ in range(DRAWS)) if hits else [0.0]
    return [round(shares[int(q * (len(shares) - 1))], 4) for q in (0.025, 0.975)]


def _new_tool(log: _Log) -> dict[str, Any]:
    from planner_cards import CARDS

    from agent import plan

    right = 0
    for text in NEW_ASKED:
        calls = plan(text, card=CARDS["single"], utterances={"classify": NEW_TOOL})
        hit = bool(calls) and calls[0].name == "classify"
        right += hit
        log.write("new_tool", {"text": text, "got": [c.name for c in calls], "right": hit})
    kept = [t for t, name in (("measure lesion 1", "measure"), ("find nodules", "find"), ("write the report", "write_report"))
            if plan(t, card=CARDS["single"], utterances={"classify": NEW_TOOL})[0].name != name]  # fmt: skip
    return {"routed": wilson(right, len(NEW_ASKED)), "taken_from_others": kept}


def _grounding(home: Path, log: _Log) -> dict[str, Any]:
    import alterations

    from agent.grounding import check

    rng = random.Random(20261124)
    total: Counter[tuple[str, str]] = Counter()
    caught: Counter[tuple[str, str]] = Counter()
    trues: Counter[str] = Counter()
    alarms: Counter[str] = Counter()
    said = []
    for true in alterations.cases(home):
        said.append(true)
        problems = check(true.text, true.evidence, current=true.current, strict=true.strict)
        trues[true.language] += 1
        alarms[true.language] += bool(problems)
        log.write("grounding", {"kind": "true", "text": true.text, "source": true.source, "problems": problems})
        for altered in alterations.alter(true, rng):
            problems = check(altered.text, true.evidence, current=true.current, strict=true.strict)
            total[altered.kind, true.language] += 1
            caught[altered.kind, true.language] += bool(problems)
            log.write("grounding", {"kind": altered.kind, "text": altered.text, "of": true.text, "problems": problems})
    kinds = sorted({kind for kind, _ in total})
    return {
        "caught": wilson(caught.total(), total.total()),
        "by_kind": {k: wilson(sum(caught[k, x] for x in ("en", "zh")), sum(total[k, x] for x in ("en", "zh"))) for k in kinds},
        "by_language": {
            x: wilson(sum(caught[k, x] for k in kinds), sum(total[k, x] for k in kinds)) for x in ("en", "zh")
        },
        "false_alarms": {x: wilson(alarms[x], trues[x]) for x in ("en", "zh")},
        "as_a_careless_model_writes": _told(home / "told", said, log),
    }


def _told(home: Path, said: list[Any], log: _Log) -> dict[str, Any]:
    """Score clauses as a careless model would write them, and what is true in the same forms."""
    import alterations_fresh
    import alterations_told
    import alterations_voices
    import truths_told
    import truths_voices
    import voices_again

    from agent.grounding import check

    rng = random.Random(11)
    found: Counter[tuple[str, bool]] = Counter()

    def judge(kind: str, text: str, evidence: Any, current: Any) -> None:
        problems = check(text, evidence, current=current)
        found[kind, bool(problems)] += 1
        log.write("grounding", {"kind": kind, "text": text, "problems": problems})

    for case in truths_told.cases_of(said):
        for kind, text in alterations_told.false(case, rng):
            judge(kind, text, case.evidence, case.current)
        for text in truths_told.true(case):
            judge("true", text, case.evidence, case.current)
        for true, text in alterations_fresh.clauses(case):
            judge("true, freely worded" if true else "told: freshly", text, case.evidence, case.current)
        for text in (*(t for _, t in truths_voices.true(case)), *voices_again.true(case)):
            judge(f"true, in other voices, {case.language}", text, case.evidence, case.current)
        for text in (*alterations_voices.false(case), *voices_again.false(case)):
            judge(f"told: in other voices, {case.language}", text, case.evidence, case.current)
    for language, text, book in truths_voices.cited_alone(home / "voices"):
        judge(f"true, in other voices, {language}", text, {e.id: e for e in book.all()}, {e.id for e in book.current()})
    rows = list(truths_told.rows(home))
    for text, _, _, item in rows:
        judge("true, of a passage", f"{text} [{item.id}].", {item.id: item}, {item.id})
    for text, _, item in alterations_told.passages(rows, rng):
        judge("told: another passage", f"{text} [{item.id}].", {item.id: item}, {item.id})
    kinds = sorted({kind for kind, _ in found})
    return {
        "caught": {k: wilson(found[k, True], found[k, True] + found[k, False]) for k in kinds if not k.startswith("true")},
        "false_alarms": {k: wilson(found[k, True], found[k, True] + found[k, False]) for k in kinds if k.startswith("true")},
    }


def _cost(home: Path, rounds: int) -> dict[str, Any]:
    import scripted

    workspace = scripted.workspace(home)
    try:
        return {"planner_step_ms": _steps(rounds), **_overhead(workspace, rounds), **_long(workspace, home, rounds)}
    finally:
        workspace.close()


def _steps(rounds: int) -> float:
    """Return the median time of one plan, the router fitted."""
    from planner_cards import CARDS

    from agent import plan

    asked = list(rows("fit"))[:60]
    plan("measure it", card=CARDS["single"])
    return round(statistics.median(_ms(lambda r=r: plan(r["text"], card=CARDS[r["card"]])) for r in asked for _ in range(max(1, rounds // 5))), 2)


def _overhead(workspace: Any, rounds: int) -> dict[str, Any]:
    """Compare a whole turn with a bare agent of the same model script and the same tool, in turn: one that keeps nothing,
    and one that keeps its thread as the graph does by itself."""
    import scripted
    from langchain.agents import create_agent
    from langchain_core.messages import AIMessage, HumanMessage
    from langchain_core.tools import tool
    from langgraph.checkpoint.sqlite import SqliteSaver

    from agent import Session

    planner = Session.open(scripted.balls(), workspace=workspace)
    planner.call("segment", point=list(scripted.BIG))
    graph = Session.open(scripted.balls(1), workspace=workspace, endpoint=scripted.ScriptedModel())
    graph.call("segment", point=list(scripted.BIG))

    @tool
    def recall() -> str:
        """Answer from the record."""
        return json.dumps(graph.call("recall", what="settings"))

    script = scripted.ScriptedModel()
    bare = create_agent(script, [recall])
    keeping = SqliteSaver.from_conn_string(str(workspace.settings.home / "bare.sqlite"))
    kept = create_agent(script, [recall], checkpointer=keeping.__enter__())
    thread = {"configurable": {"thread_id": "1"}}

    def answered(agent: Any, thread: Any = None) -> float:
        script.steps[:] = [scripted.call("recall"), AIMessage("Done.")]
        asked = {"messages": [HumanMessage("settings?")]}  # a new one: the graph gives it an id of its own
        return _ms(lambda: list(agent.stream(asked, thread, stream_mode=["messages", "updates"])))

    times: dict[str, list[float]] = {"bare": [], "kept": [], "graph": [], "planner": []}
    for number in range(rounds + 2):
        one, half = answered(bare), answered(kept, thread)
        graph._endpoint.steps[:] = [scripted.call("recall", what="settings"), AIMessage("Done.")]  # type: ignore[union-attr]
        two = _ms(lambda: list(graph.ask("settings?")))
        took: list[float] = []
        three = _ms(lambda n=number, t=took: _turn(planner, TURNS[n % len(TURNS)], t)) - sum(took)
        if number >= 2:  # the first two warm up
            for name, value in (("bare", one), ("kept", half), ("graph", two), ("planner", three)):
                times[name].append(value)
    keeping.__exit__(None, None, None)
    middle = {name: round(statistics.median(held), 1) for name, held in times.items()}
    return {
        "bare_agent_ms": middle["bare"], "bare_agent_kept_ms": middle["kept"], "graph_ms": middle["graph"], "graph_adds_ms": round(middle["graph"] - middle["bare"], 1),
        "planner_turn_ms": middle["planner"], "planner_turn_most_ms": round(max(times["planner"]), 1),
    }  # fmt: skip


def _turn(session: Any, text: str, tool_ms: list[float]) -> None:
    from agent import ToolFinished

    tool_ms += [e.seconds * 1000 for e in session.ask(text) if isinstance(e, ToolFinished)]


def _long(workspace: Any, home: Path, rounds: int) -> dict[str, Any]:
    """Compare a turn in a thread of 500 messages with one of 12, and give the database's size after all of it."""
    few, many = (_thread_of(workspace, n, shift) for n, shift in ((12, 2), (500, 3)))
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        both = [_ms(lambda s=s: list(s.ask("which threshold did you use?"))) for s in (few, many)]
        if number:
            times[0].append(both[0])
            times[1].append(both[1])
    short, long = (statistics.median(t) for t in times)
    ratios = sorted(b / a for a, b in zip(*times, strict=True))
    return {
        "turn_of_12_ms": round(short, 1), "turn_of_500_ms": round(long, 1), "ratio": round(statistics.median(ratios), 2),
        "ratio_of_rounds": [round(ratios[0], 2), round(ratios[-1], 2)],
        "database_kb": round((home / "conversations.sqlite").stat().st_size / 1024),
    }  # fmt: skip


def _thread_of(workspace: Any, messages: int, shift: int) -> Any:
    import scripted
    from langchain_core.messages import AIMessage, HumanMessage

    from agent import Session

    session = Session.open(scripted.balls(shift), workspace=workspace)
    session.call("segment", point=list(scripted.BIG))
    session.call("measure", lesion=1)
    said: list[Any] = []
    for n in range(messages // 2):
        said += [HumanMessage(f"how big is it now, {n}?", id=f"h{n}"), AIMessage(f"Lesion 1 measures 16.8 mm [E3]. {n}", id=f"a{n}")]
    session.graph.update_state(session.thread.config, {"messages": said})
    session.thread.settle({})
    return session


def _ms(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


class _Log:
    """Raw lines, one file a part, where a folder is given."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._begun: set[str] = set()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def write(self, part: str, line: dict[str, Any]) -> None:
        """Add a line; the first of a run begins the file anew."""
        if self._folder is None:
            return
        mode = "a" if part in self._begun else "w"
        self._begun.add(part)
        with (self._folder / f"{part}.jsonl").open(mode, encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scanwright bench agent", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, help="folder for the raw log of every case")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of what is timed")
    return parser.parse_args(list(arguments))


def _table(result: dict[str, Any]) -> None:
    def line(name: str, held: dict[str, Any], aim: str = "") -> None:
        low, high = held["interval"] or (0, 0)
        print(f"{name:34} {held['right']:5}/{held['of']:<5} {held['share'] or 0:6.3f}  {low:.3f}-{high:.3f}  {aim}")

    for part, languages in result["utterances"].items():
        for language, held in languages.items():
            for kind, name, aim in (("function", "function", FUNCTION_AIM[language]), ("exact", "step and arguments", ARGUMENTS_AIM)):
                low, high = held[kind]["bootstrap"]
                line(f"{part} {language}: {name}", held[kind], f"bootstrap {low:.3f}-{high:.3f}, aim {aim}" if part == "aside" else "")
    for name, held in result["first_runs"].items():
        line(f"first run, {name}: function", held["function"])
        line(f"first run, {name}: step and arguments", held["exact"])
    line("new tool, 15 sentences", result["new_tool"]["routed"], "aim 0.9")
    grounding = result["grounding"]
    line("altered clauses caught", grounding["caught"], "aim 0.995")
    for kind, held in grounding["by_kind"].items():
        line(f"  {kind}", held)
    for language, held in grounding["false_alarms"].items():
        line(f"false alarms {language}", held, "aim under 0.005")
    print(f"machine load while timed (1, 5, 15 minutes): {result['load']}, cores: {os.cpu_count()}")
    for name, value in result["cost"].items():
        print(f"{name:34} {value}")
