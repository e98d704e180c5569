"""A message and the case card into a plan: ordered goals with what each depends on, or a topic to answer at once.

"Segment it, measure it and tell me the follow-up" becomes segment, measure, assess; a size asked for where nothing
is outlined begins with an outline. Knows no message thread and no result; `turn` and `model` walk the plan.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.planner import again, beside, refer, slots
from agent.planner.goals import MAX_TEXT, Card, Goal, Which, goals_for
from agent.planner.intents import Utterances, router
from agent.planner.kinds import Sense, Unsure, names_organ, orders_here, sense, whole_clauses
from agent.planner.library import asks_library
from agent.planner.mention import reference
from agent.planner.reading import MAX_READ, Language, after_correction, language_of, plain
from agent.planner.spelling import spelled
from agent.report.edit_words import opens_with_edit
from agent.stated import Statement, read_statements
from agent.stated.letter import accepts, own_words

_ORDER = ("find", "segment", "measure", "classify", "compare", "assess", "find_guideline", "write_report", "export")
"""What has to come before what, whatever order it was said in."""
SAID, GUESS_BESIDE = 0.8, 0.75
"""Beside a clause whose intent has the first share, one with less than the second is mostly its own explanation."""
_NEEDS_OUTLINE = ("measure", "classify", "assess")
_FOR_ADVICE = frozenset(
    "setting age smoking pack_years risk known_cancer cancer_text immunosuppressed nodule_type count perifissural "
    "solid_component family_history emphysema fibrosis asbestos timing growing solid_component_growing spiculation "
    "previous_category nodule_count upper_lobe smoker targets baseline_sum nadir_sum current_sum targets_gone new_lesions "
    "non_target".split()
)
"""Stated fields that a guideline's table, or the risk it takes, depends on."""


@dataclass(frozen=True)
class ToolCall:
    """A function and its arguments."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What a turn will do.

    Attributes:
        goals: calls in order.
        topics: what to say besides, or at once when there are no goals: ``greeting``, ``scope``, ``noted``…
        which: what to ask before anything is done.
        unsure: the two likeliest readings, when neither is likely.
        language: of the answer.
    """

    goals: tuple[Goal, ...] = ()
    topics: tuple[str, ...] = ()
    which: Which | None = None
    unsure: Unsure | None = None
    language: Language = "en"
    text: str = field(default="", repr=False)


def plan(
    text: str, card: Mapping[str, Any] | None = None, *, utterances: Utterances | None = None, before: str = ""
) -> list[ToolCall]:
    """Return the planner's first step for a text: the calls it makes at once; none means an answer or a question.

    Args:
        text: what the reader typed.
        card: the case card; any of its keys may be missing.
        utterances: sentences by task that installed tools bring along.
        before: what the reader had typed before, which "and the second one?" goes on from.

    >>> plan("measure the second one", card={"lesions": [{"id": 1}, {"id": 2}]})
    [ToolCall(name='measure', arguments={'lesion': 2})]
    """
    goals = make_plan(text, card or {}, utterances or {}, before).goals
    return [ToolCall(g.function, dict(g.arguments)) for g in first_step(goals)]


def first_step(goals: Sequence[Goal]) -> list[Goal]:
    """Return the leading goals that can be called together: the same function on several lesions."""
    if not goals:
        return []
    step = [goals[0]]
    for goal in goals[1:]:
        if goal.function != goals[0].function or goal.same or goal.function == "segment":
            break
        step.append(goal)
    return step


def make_plan(text: str, card: Card, utterances: Utterances, before: str = "") -> Plan:
    """Return the whole plan of a message."""
    raw = text[:MAX_READ]
    language = language_of(raw)
    if opens_with_edit(raw):  # what follows are the report's words: nothing in them is a request
        spoken = {"language": language} if language == "zh" else {}
        return Plan((Goal("write_report", {**spoken, "instruction": raw[:500]}),), language=language, text=raw)
    if accepts(raw) and card.get("stated_now"):  # a yes to what a letter states: it is recorded by now
        again, noted = _after_statement([], (), [], card)
        return Plan(tuple(_with_needs(_ordered(again), card, language)), noted, language=language, text=raw)
    raw = own_words(raw)
    if not raw.strip() and text.strip():
        return Plan(topics=("letter",), language=language, text=text[:MAX_READ])
    if of_no_case(raw, card, utterances):
        return Plan((Goal("find_guideline", {"question": " ".join(raw.split())[:MAX_TEXT]}),), language=language, text=raw)
    stated = stated_in(raw, card)
    if before and all(s.field == "lobe" for s in stated) and (followed := _followed(raw, card, utterances, before, language)) is not None:
        return followed
    senses: list[Sense] = []
    learned = router(utterances)
    for clause in whole_clauses(spelled(plain(raw)), card, learned):
        in_hand = any(s.intent in ("segment", "measure", "classify", "analyse") for s in senses)
        senses.append(sense(clause, raw, card, learned, utterances, before, in_hand=in_hand))
    every, senses = senses, _without_idle(senses)
    topics = tuple(dict.fromkeys(s.topic for s in senses if s.topic))
    unsure = next((s.unsure for s in senses if s.unsure), None)
    goals: list[Goal] = []
    told: list[int] = []
    for part in every:
        here = _looking_at(told, card)
        told += [n for n in reference(after_correction(part.clause)).numbers[:1] if refer.lesion(card, n)]
        if part.intent is None or part not in senses:
            continue
        found = _analyse(card) if part.intent == "analyse" else goals_for(part.intent, part.clause, raw, here, language)
        if isinstance(found, Which):
            if _comes_from_before(goals):
                found = [Goal(found.function, {}, same=True)]
            else:
                return Plan(which=found, topics=topics, language=language, text=raw)
        goals += found
    if goals and all(g.function == "find_guideline" for g in goals):
        goals = [Goal("find_guideline", {"question": " ".join(raw.split())[:MAX_TEXT]})]  # of what, stands in the clause before
    if any(s.stated for s in senses) or (stated and not goals):
        goals, topics = _after_statement(goals, topics, stated, card)
    if goals or stated:
        topics = tuple(t for t in topics if t != "told")
    if goals:
        unsure = None
    if any(g.function == "segment" and "change" in g.arguments for g in goals) and slots.leaves_out(plain(raw)):
        topics = (*topics, "leave_out")  # nothing was clicked on: what is to be left out is not known
    organ = names_organ(plain(raw)) or any(s.own and s.intent == "segment" for s in senses)
    searched = {**card, "scan": None} if organ else card  # a search finds lesions, not organs
    return Plan(tuple(_with_needs(_ordered(goals), searched, language)), topics, None, unsure, language, raw)


def of_no_case(text: str, card: Card, utterances: Utterances) -> bool:
    """Return whether a message is a question for the guidelines that brings its own patient: nothing in it is of this case."""
    if not asks_library(text):
        return False
    learned = router(utterances)
    return not orders_here(whole_clauses(spelled(plain(own_words(text))), card, learned), learned)


def _looking_at(named: Sequence[int], card: Card) -> Card:
    """Return the card as it stands behind these clauses: "it" is the lesion that the one before named."""
    return {**card, "focus": named[-1]} if named else card


def _followed(raw: str, card: Card, utterances: Utterances, before: str, language: Language) -> Plan | None:
    """Return the plan of a message that only says which lesion, or takes the last order back; None for any other."""
    said = spelled(plain(raw))
    back, out = again.taken_back(said), again.taken_out(said)
    if not (back or out or again.bare(said)) or beside.taken(said, card):  # of outlines side by side, one may be the second
        return None
    earlier = make_plan(before, card, utterances)
    if back or out:
        if _has(earlier.goals, "write_report"):
            return Plan((Goal("write_report", {"instruction": raw[:MAX_TEXT]}),), language=language, text=raw)
        order = again.opposite(plain(before))
        if order is None or not back:
            return Plan(topics=("undo",), language=language, text=raw) if back else None
        return Plan(tuple(_with_needs([order], card, language)), language=language, text=raw)
    found = again.there(said, earlier.goals, earlier.which, card)
    if found is None:
        return None
    if isinstance(found, Which):
        return Plan(which=found, language=language, text=raw)
    return Plan(tuple(_with_needs(found, card, language)), language=language, text=raw)


def stated_in(text: str, card: Card) -> list[Statement]:
    """Return what a message states, read as the session reads it."""
    asked = card.get("asked") or {}
    needs = asked.get("needs", ()) if isinstance(asked, Mapping) else ()
    return read_statements(text, asked=list(needs), lesion=refer.focus(card))


def _without_idle(senses: list[Sense]) -> list[Sense]:
    """Drop thanks, a look and a list of findings where something definite is asked for as well."""
    if any(s.intent and s.share >= SAID for s in senses):
        senses = [s for s in senses if s.stated or s.intent is None or s.share >= GUESS_BESIDE]
    definite = [s for s in senses if s.intent not in (None, "analyse", "recall.findings")]
    if not definite:
        busy = any(s.intent or s.stated for s in senses)
        return [s for s in senses if not (busy and s.topic in ("thanks", "greeting"))]
    return [s for s in senses if s in definite or s.stated or (s.topic and s.topic not in ("thanks", "greeting"))]


def _after_statement(
    goals: list[Goal], topics: tuple[str, ...], stated: list[Statement], card: Card
) -> tuple[list[Goal], tuple[str, ...]]:
    """Assess (again) when what was stated answers a question, or changes the ground of advice that was given."""
    if any(g.function in ("assess", "find_guideline") for g in goals):
        return goals, topics
    bears = any(s.field in _FOR_ADVICE for s in stated) or any(
        s.get("field") in _FOR_ADVICE for s in card.get("stated_now") or []
    )
    advised = [x for x in refer.lesions(card) if x.get("category")]
    asked = card.get("asked") or {}
    if bears and (asked.get("function") == "assess" or card.get("withdrawn") or advised):
        arguments: dict[str, Any] = {}
        if asked.get("guideline"):
            arguments["guideline"] = asked["guideline"]
        lesion = asked.get("lesion") or (advised[0]["id"] if len(advised) == 1 else refer.focus(card))
        if lesion is not None:
            arguments["lesion"] = lesion
        return [*goals, Goal("assess", arguments)], topics
    return goals, topics if goals else (*topics, "noted")


def _analyse(card: Card) -> list[Goal]:
    """The whole job, from wherever the case stands."""
    if card.get("selection"):
        return [Goal("segment"), Goal("measure", same=True), Goal("classify", same=True)]
    there = refer.lesions(card)
    if not there:
        found = [Goal("find")]
        return [*found, Goal("segment", same=True), Goal("measure", same=True)] if _can_search(card) else found
    unmeasured = [x for x in there if x.get("outlined", True) and not x.get("axial_long_axis")]
    return [Goal("measure", {"lesion": x["id"]}) for x in unmeasured] or [Goal("recall", {"what": "findings"})]


def _ordered(goals: list[Goal]) -> list[Goal]:
    """Return the goals in the order their dependencies want, each once."""
    ranks: list[tuple[int, int]] = []
    last = -1
    for at, goal in enumerate(goals):
        last = _ORDER.index(goal.function) if goal.function in _ORDER else last
        ranks.append((last, at))
    unique: list[Goal] = []
    for _, at in sorted(ranks):
        goal = goals[at]
        before = unique[-1] if unique else None
        if before is not None and before.function == goal.function == "segment" and not _apart(before, goal):
            # "The outline is too small, loosen it" is one wish in two clauses.
            unique[-1] = dataclasses.replace(before, arguments={**before.arguments, **goal.arguments})
        elif before is not None and before.function == goal.function == "classify" and goal.arguments.get("explain") and _one_of(before, goal):
            unique[-1] = dataclasses.replace(before, arguments={**before.arguments, **goal.arguments})  # "rate it and show why"
        elif before is not None and before.function == goal.function and goal.function != "segment" and before.arguments.items() <= goal.arguments.items():
            unique[-1] = goal  # asked for twice, once of which lesion
        elif before is not None and before.function == goal.function == "write_report":
            unique[-1] = _both_edits(before, goal)
        elif any(goal.function == g.function and goal.arguments.items() <= g.arguments.items() and goal.same == g.same for g in unique):
            continue  # "there is one on the left, look for it"
        elif goal not in unique:
            unique.append(goal)
    return unique


def _both_edits(first: Goal, second: Goal) -> Goal:
    """Return one redraft for two: "the impression is too long, shorten it"."""
    said = [g.arguments["instruction"] for g in (first, second) if "instruction" in g.arguments]
    joined = {"instruction": ", ".join(said)[:MAX_TEXT]} if said else {}
    return dataclasses.replace(second, arguments={**first.arguments, **second.arguments, **joined})


def _one_of(first: Goal, second: Goal) -> bool:
    """Return whether the second is of the first's lesion, or does not say of which."""
    return second.arguments.get("lesion") in (None, first.arguments.get("lesion"))


def _apart(first: Goal, second: Goal) -> bool:
    """Return whether two outlines are wanted: both say of what, and not of the same."""
    what = [{k: v for k, v in g.arguments.items() if k in ("lesion", "point", "box")} for g in (first, second)]
    return bool(what[0]) and bool(what[1]) and what[0] != what[1]


def _with_needs(goals: list[Goal], card: Card, language: Language) -> list[Goal]:
    """Put what a goal depends on before it, and what follows from it behind."""
    done: list[Goal] = []
    for goal in goals:
        if goal.function == "segment":
            done += _outline(goal, done, card)
        elif goal.function in _NEEDS_OUTLINE:
            done += _before_measuring(goal, done, card)
        elif goal.function == "export" and not _has(done, "write_report") and _unwritten(goal, card):
            done += [Goal("write_report", {"language": "zh"} if language == "zh" else {}), goal]
        else:
            done.append(goal)
    return done


def _unwritten(goal: Goal, card: Card) -> bool:
    """Return whether a report has to be written before it can go out. A card that does not say is believed when
    a form or a folder was named."""
    return not card["report"] if "report" in card else not goal.arguments


def _outline(goal: Goal, done: list[Goal], card: Card) -> list[Goal]:
    if goal.arguments.get("tool") in beside.anatomy(card):
        return [goal]
    named = goal.arguments.keys() & {"lesion", "point", "box"}
    if goal.same or named or card.get("selection") or refer.lesions(card):
        old = refer.lesion(card, goal.arguments.get("lesion") or refer.focus(card))
        again = goal.arguments.keys() & {"change", "threshold", "add", "avoid"} or not (named or card.get("selection"))
        again = again and "tools" not in goal.arguments  # what lies side by side is measured at once
        if again and old.get("axial_long_axis"):
            return [goal, Goal("measure", same=True), Goal("recall", {"what": "history"}, same=True)]
        return [goal]
    if _has(done, "find") or not _can_search(card):
        return [dataclasses.replace(goal, same=_has(done, "find"))]
    return [Goal("find"), dataclasses.replace(goal, same=True)]


def _before_measuring(goal: Goal, done: list[Goal], card: Card) -> list[Goal]:
    number = goal.arguments.get("lesion")
    made_here = _has(done, "segment")
    if made_here:
        if number is None:
            goal = dataclasses.replace(goal, same=True)
        return [] if goal in done else [goal]
    if number is None and not refer.lesions(card):
        if card.get("selection"):
            return [Goal("segment"), dataclasses.replace(goal, same=True)]
        if _can_search(card):
            found = [] if _has(done, "find") else [Goal("find")]
            return [*found, Goal("segment", same=True), dataclasses.replace(goal, same=True)]
        return [goal]
    target = refer.lesion(card, number if number is not None else refer.focus(card))
    if target.get("outlined") is False:
        return [Goal("segment", {"lesion": target["id"]}), goal]
    return [goal]


def _has(goals: Sequence[Goal], function: str) -> bool:
    return any(g.function == function for g in goals)


def _comes_from_before(goals: Sequence[Goal]) -> bool:
    """Return whether an earlier goal of this turn settles what "it" is."""
    return any(g.function in ("segment", "find", "measure", "show") for g in goals)


def _can_search(card: Card) -> bool:
    """Return whether the card is of a volume that the finder takes: a CT of the chest, or of a part not named."""
    scan = card.get("scan")
    if not isinstance(scan, Mapping) or scan.get("is_2d"):
        return False
    return scan.get("modality") == "CT" and scan.get("body_part") in ("CHEST", None)
