"""A message that says no more than which lesion: what was asked for before it, done there.

"Measure the nodule on the right" - "which one?" - "3" - "no, the left one" - "and the other two": each takes up the
request it follows. Also an answer to the planner's own question, and an order taken back. Knows no message thread.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from agent.planner import refer, slots
from agent.planner.goals import Card, Goal, Which
from agent.planner.mention import reference
from agent.planner.reading import after_correction

_HEAD = (
    r"(?:(?:and|so|then|now|next|ok(?:ay)?|or|but|also|well|hmm+|uh+|oh|please|no|nope|nah|wait|sorry|actually|oops|rather|instead|only|just|do|try|use|take|"
    r"what about|how about|what of|meant|i (?:meant?|want(?:ed)?|said|was asking (?:about|for))|(?:make|it's|it is|that's) (?:that|it)?|(?:the )?same(?: thing| again)?(?: (?:for|with|on|to))?|(?:for|on|with|of)|"
    r"not (?:that|this|it)(?: one)?|not (?:the )?(?:lesion |nodule |number |no\.? ?|#)?\d{1,2}|not the (?:left|right|first|second|third|bigger|smaller|other)(?: one)?)[\s,.:;-]+)*"
)
_HEAD_ZH = (
    r"(?:(?:那么?|再看看?|再来|再|还有|以及|和|然后|接着|接下来|哦|噢|啊|呃|额|嗯|哎|等等|等下|不对|不是(?:这个|那个|它|第?[一二三四五六七八九\d]+(?:号|个))?|错了|(?:说|打|弄|点)错了?|不|应该是|"
    r"我(?:说|问|指|要|想)(?:看)?的?是|要|换|是|(?:我的)?意思是|改成?|换成?|看|对|只要?|就|同样(?:的)?|一样(?:的)?|给|把|请)[\s,。:;、]*)*"
)
_ONE = (
    r"(?:(?:the |that |this |my )?(?:lesions?|nodules?|mass|candidates?|targets?|no\.?|numbers?|#|l)?\s*#?\d{1,2}(?:\s*(?:,|and|&|\+)\s*#?\d{1,2})*"
    r"|(?:lesion|nodule|number) (?:one|two|three|four|five|six)|(?:the )?(?:one|lesion|nodule|mass) (?:on|in|at) (?:the )?(?:(?:left|right|upper|lower|middle|other)(?: |$))*(?:side|lung|lobe|third|base|apex|lingula)?"
    r"|(?:the )?(?:(?:left|right|upper|lower|middle|first|second|third|fourth|fifth|1st|2nd|3rd|4th|last|other|bigger|larger|smaller|biggest|largest|smallest|big|small|rul|rml|rll|lul|lll|lingula\w*)(?:[- ]?sided)? ?){1,3}(?:of the (?:two|three|lot))?(?:lobe|lung)?(?: ?(?:one|lesion|nodule|mass))?"
    r"|both(?: of (?:them|those))?(?: (?:lesions|nodules))?|all(?: (?:of (?:them|those)|three|two|four|the (?:lesions|nodules|others?|rest)|lesions|nodules))?|the (?:others|rest|other two)|everything|each(?: of them| one)?|every one)"
)
_ONE_ZH = (
    r"(?:第?\s*[一二两三四五六七八九十\d]{1,3}\s*(?:个|号|枚|处)?(?:病灶|结节|肿块)?|(?:病灶|结节|肿块)\s*[一二三四五六七八九十\d]{1,2}|另(?:外)?(?:一)?(?:个|枚|处)|(?:其他|剩下|其余)的?(?:那)?(?:个|几个|两个)?|"
    r"(?:最|较|更|比较)?[大小]的?(?:那)?(?:个|枚|一个)?|(?:最|较|更|比较)[大小]的|[左右](?:[上中下])?(?:边|侧|肺)?(?:[上中下]叶)?(?:的|那个|的那个|那枚|这个|里?的那枚)?(?:病灶|结节|肿块)?|(?:上|下|中)(?:面|叶|肺)?(?:的|那个|的那个)(?:病灶|结节)?|"
    r"最后(?:那|一)?个|两个都|都|全部|所有的?(?:病灶|结节)?|每个|两个)"
)
_TAIL = r"(?:[\s,]*(?:too|as well|please|instead|then|now|again|also|i mean(?:t)?|same|呢|的|也(?:是|要|一样|来一下|做一下|做|来)?|吧|了|一样|同样|啊|嘛|(?:同样|照样|一样|也(?:是)?这样|照着|照)(?:的)?(?:处理|做|来|操作|办)))*"
_BARE = re.compile(rf"^{_HEAD}{_HEAD_ZH}(?:{_ONE}|{_ONE_ZH}){_TAIL}\s*[.?!。?!]*$", re.ASCII)
_UNDO = re.compile(
    r"^(?:(?:ok|hmm+|no|wait|sorry|oops|please|actually|can you|could you|now|and)[\s,.]+)*(?:undo|revert|roll ?back|take (?:that|it|this) back|go back|step back|back)"
    r"(?:\s+(?:that|it|this|the last (?:one|step|change)|the change|my last (?:\w+ )?(?:change|order)|one step|to (?:the )?(?:previous|last|old|earlier) (?:one|outline|mask|version)|to how it was|please|again|last|step))*[^\w\u3400-\u9fff]*$"
    r"|^(?:(?:let's|please|ok|can you|could you|now)[\s,.]+)*(?:go|get|roll|switch) back to (?:that|the|my) (?:first|old|earlier|original|previous|last) (?:outline|mask|contour|one|version)[^\w\u3400-\u9fff]*$"
    r"|^(?:请|把|帮我)?(?:撤销|撤回|回退|恢复|取消)(?:一下)?(?:上一步|刚才的?(?:操作|修改|那一?步|改动)?|上次的?(?:操作|修改)?|操作|修改|到?(?:之前|原来|上一个)的?(?:轮廓|样子|状态)?)?(?:吧|了)?[^\w\u3400-\u9fff]*$",
    re.ASCII,
)
_TAKE_OUT = re.compile(
    r"^(?:(?:ok|hmm+|no|wait|sorry|oops|please|actually|can you|could you|now|and)[\s,.]+)*(?:take|leave|cut|strike) (?:that|it|this|that one|the last (?:one|line|sentence|bit)) (?:back )?out(?: again| please)*[^\w\u3400-\u9fff]*$"
    r"|^(?:(?:ok|no|please|now|and)[\s,.]+)*(?:remove|delete|drop|scrap) (?:that|it|this|the last (?:one|line|sentence|bit))(?: again| please)*[^\w\u3400-\u9fff]*$|^(?:还是)?(?:把)?(?:它|这句|那句|刚才那句|上一句)?(?:再)?(?:删掉?|去掉|拿掉|删除)(?:它|这句|那句|刚才那句|上一句)?(?:吧|了)?[^\w\u3400-\u9fff]*$",
    re.ASCII,
)
"""What was put into a report just before, taken out again."""
_OF_A_LESION = ("segment", "measure", "classify", "assess", "show", "recall", "compare")
_PLACE = ("lesion", "point", "box", "slice")
"""Arguments that say where, which the new message says anew."""


def bare(said: str) -> bool:
    """Return whether a plain message says which lesion and nothing else.

    >>> bare("no, the left one"), bare("3"), bare("不对,我问的是左边的"), bare("same for the other")
    (True, True, True, True)
    >>> bare("measure 3"), bare("no"), bare("tighter")
    (False, False, False)
    """
    return _BARE.match(said) is not None


def taken_back(said: str) -> bool:
    """Return whether a plain message takes the last order back and says nothing else.

    >>> taken_back("hmm, undo that."), taken_back("撤销上一步"), taken_back("undo my last outline and do it again at 0.5")
    (True, True, False)
    """
    return _UNDO.match(said) is not None


def taken_out(said: str) -> bool:
    """Return whether a plain message says no more than that the last thing is to go out again.

    >>> taken_out("take that out again"), taken_out("leave the vessel out")
    (True, False)
    """
    return _TAKE_OUT.match(said) is not None


def there(said: str, goals: Sequence[Goal], asked: Which | None, card: Card) -> list[Goal] | Which | None:
    """Return what was wanted before, of the lesion that is said now; None where nothing before was of a lesion.

    Args:
        said: the plain message.
        goals: what the message before comes to. asked: or the question that it led to.
        card: the case card.
    """
    wanted = [Goal(asked.function, dict(asked.arguments))] if asked else _once(goals)
    if not wanted:
        return None
    offered = asked.between if asked else ()
    last = next((g.arguments["lesion"] for g in reversed(goals) if "lesion" in g.arguments), None)
    shown = {**card, "focus": card.get("focus") or last, "lesions": [x for x in refer.lesions(card) if not offered or x["id"] in offered]}
    reading = reference(after_correction(said))
    meant = refer.meant(reading, shown)
    numbers = tuple(int(x["id"]) for x in shown["lesions"]) if reading.every else meant.numbers
    if meant.between and not numbers:
        return Which(wanted[0].function, meant.between, wanted[0].arguments)
    if not numbers:
        return None
    return [g for n in numbers for goal in wanted if (g := _moved(goal, n, numbers)) is not None]


def opposite(before: str) -> Goal | None:
    """Return the order that undoes the one before: looser after tighter, tighter after looser."""
    change = slots.change(before)
    return Goal("segment", {"change": {"tighter": "looser", "looser": "tighter"}[change]}) if change else None


def _once(goals: Sequence[Goal]) -> list[Goal]:
    """Return what was wanted of a lesion, each once, without where, and without the look back at the old size."""
    found: list[Goal] = []
    for goal in goals:
        if goal.function not in _OF_A_LESION or (goal.function == "recall" and goal.same):
            continue
        one = dataclasses.replace(goal, arguments={k: v for k, v in goal.arguments.items() if k not in _PLACE})
        if one not in found:
            found.append(one)
    return found


def _moved(goal: Goal, number: int, numbers: Sequence[int]) -> Goal | None:
    if goal.function == "compare":
        if number != numbers[0]:
            return None
        return Goal("compare", {**goal.arguments, **_targets(goal, numbers)})
    if goal.same and len(numbers) == 1:
        return goal
    return Goal(goal.function, {"lesion": number, **goal.arguments})


def _targets(goal: Goal, numbers: Sequence[int]) -> dict[str, Any]:
    return {"targets": list(numbers)} if "targets" in goal.arguments else {}
