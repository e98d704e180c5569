"""What one clause is: a function to call, a topic to answer at once, a statement, or two readings to choose between.

A few forms settle what they ask by themselves; the learned part decides the rest; the card decides between advice at large and advice for a lesion,
and between what a tool can do and what none at hand can.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.planner import again, beside, cues, refer, slots, why
from agent.planner.intents import Router, Utterances
from agent.planner.learned import Guess
from agent.planner.mention import reference
from agent.planner.reading import asks, clauses, plain, quoted
from agent.stated import read_statements

Card = Mapping[str, Any]

SURE = 0.25
"""Share below which the learned part's best guess is asked about: of other people's examples four of five were wrong there."""
SURELY = 0.9
"""Share from which a guess outweighs what a guideline could answer as well."""
SETTLED = 0.6
"""Share from which a guess is taken as what the words say, whatever stands beside them."""

_FINDINGS = re.compile(
    r"\b(?:effusions?|(?:free|pleural|pericardial) fluid|ascites|pneumothora\w+|cardiomegaly|heart enlarged|consolidat\w+|pneumonia|tuberculosis|\btb\b|covid\w*|fractures?|"
    r"embolism|embolus|\bpe\b|atelecta\w+|o?edema|emphysema|fibrosis|aneurysm|lymphadenopathy|bronchiectasis|hernia)\b"
    r"|积液|胸水|腹水|气胸|肺炎|结核|骨折|栓塞|肺不张|水肿|实变|心影|心脏(?:增)?大|肺气肿|纤维化|动脉瘤|新冠", re.ASCII
)
_ORGANS = re.compile(
    r"\b(?:segment|outline|contour|delineate|draw|mask|mark|trace|highlight)\b(?:(?!lesion|nodule|tumou?r|mass).)*\b(?:lungs?|lobes?|heart|liver|kidneys?|spleen|"
    r"aorta|airways?|trachea|vessels|bones?|ribs?|spine|brain|everything)\b(?! (?:lesion|nodule|mass|tumou?r))"
    r"|(?:肝脏?|心脏|肾脏?|脾脏?|左肺|右肺|全肺)(?!.{0,2}(?:结节|病灶|肿块|占位|转移))[^,。]{0,3}(?:分割|勾|描|圈|画出)|(?:分割|勾画|勾|描|圈)(?:一下|下|出)?(?:整个)?(?:左|右|双|全)?(?:肺(?!结节|内|部?病)|上叶|下叶|肝脏?(?!病)|心脏?|肾|脾|主动脉|气管|骨)", re.ASCII
)
_ORGAN = re.compile(r"lung|lobe|heart|liver|kidney|spleen|aorta|airway|trachea|vessel|bone|rib|spine|brain|[肺肝心肾脾骨]|主动脉|气管|上叶|下叶")
_ORGAN_SIZE = re.compile(
    r"\b(?:heart|cardiac|liver|spleen|kidneys?|aort\w+|thyroid|prostate|lungs?)(?:'s)? (?:size|volume|diameter|dimensions?|width)\b|"
    r"\b(?:size|volume|diameter|width) of the (?:heart|liver|spleen|kidneys?|aorta|thyroid|prostate|lungs?)\b(?! (?:nodule|lesion|mass|tumou?r))|"
    r"\bhow (?:big|large|wide) is the (?:heart|liver|spleen|kidney|aorta)\b(?! (?:nodule|lesion|mass|tumou?r))|"
    r"\b(?:heart|liver|spleen|kidneys?|thyroid|prostate|aorta) (?:enlarged|dilated|swollen|normal|too big)\b|\benlarged (?:heart|liver|spleen|kidneys?|thyroid|prostate)\b|"
    r"\b(?:measure|quantify|size) (?:the |his |her |this )?(?:heart|liver|spleen|kidneys?|aort\w+|thyroid|prostate|gall ?bladder|pancreas|ventricles?|trachea)\b(?! (?:nodule|lesion|mass|tumou?r|metast\w+))|"
    r"(?:心脏|肝脏?|脾脏?|肾脏?|主动脉|甲状腺|前列腺|胆囊|胰腺|气管)(?:的)?(?:有)?(?:多大|大小|体积|直径|大吗|大不大|增大|肿大)|(?<!左)(?<!右)[肝脾肾](?:脏)?(?:大不大|肿大|增大|大吗)|(?:量|测)(?:一下|量|下|出)?(?:心脏|肝脏?|脾脏?|肾脏?|主动脉|甲状腺|前列腺|胆囊|胰腺|气管)(?!.{0,2}(?:结节|病灶|肿块|占位|转移))", re.ASCII
)
_NODULE = re.compile(r"\b(?:nodules?|lesions?|mass(?:es)?|tumou?rs?)\b(?! ?#?\d)|结节|病灶|肿块", re.ASCII)
_SEVERAL = re.compile(r"\b(?:nodules|lesions|masses|candidates)\b|(?:结节|病灶)(?:都|们)", re.ASCII)
_NORMAL = re.compile(
    r"\b(?:normal|abnormal\w*|unremarkable|clear|clean)\b|\bwhat (?:findings|disease|pathology)\b|\bwhat (?:is|'s) (?:wrong|on)\b|\bwhat do you see\b|"
    r"正常|异常|(?:什么|有)问题|看出什么|什么毛病", re.ASCII
)
_NEGATIVE = re.compile(
    r"\bno (?:other |further |suspicious |pulmonary |lung |focal )*(?:nodules?|lesions?|mass(?:es)?|abnormalit\w+|findings?)\b|\b(?:unremarkable|normal|clear)\b|"
    r"未见(?:明显)?(?:异常|结节|病灶|肿块|[^,。]{0,6}(?:结节|病灶|病变|异常|占位|转移|肿块))|无(?:明显)?(?:异常|结节|病灶)|没有(?:结节|病灶|异常)|正常|清晰", re.ASCII
)
_WRITES = re.compile(r"\b(?:write|put|add|state|say|report|insert|include|note|dictate|conclude)\b|写|加|报告|注明|记录", re.ASCII)
_ON_OLDER = re.compile(
    r"\b(?:on|in|at) (?:the |his |her |that |this )?(?:prior|previous|earlier|old(?:er)?|last) (?:scan|ct|study|exam|film|one|images?|imaging)\b"
    r"|(?:上次|上一次|旧|老|以前|之前|既往)的?(?:片子?|ct|检查|扫描)[^,。]{0,4}(?:上|里|中|时|是|有|测|量|多)", re.ASCII
)
_LEAD = re.compile(r"^(?:in general|generally|usually|typically|as a rule|in practice|by the way|一般(?:来说|情况下)?|通常|总的来说)$")
"""What only opens the clause behind it."""
_RECORD = re.compile(r"^(?:and |then |please )*(?:add|note|record|remember|keep) (?:that|this|it)(?: down| in mind)?[.! ]*$|^(?:请)?(?:记录|记下|记住|加上)(?:一下|这个)?$", re.ASCII)
_DESCRIBES = re.compile(
    r"^(?:the )?(?:lesion|nodule|mass|it)\s*\d{0,2} (?:is|has|looks|appears) (?:\w+ )?(?:calcif\w+|cavit\w+|spiculat\w+|lobulat\w+|round|smooth|irregular|solid|fatty|cystic|\w+ margins?)[^\w\u3400-\u9fff]*$"
    r"|^(?:病灶|结节)?[一二三四五六七八九\d]*号?(?:病灶|结节)?(?:有|见|呈|是)(?:点)?(?:钙化|空洞|毛刺|分叶|脂肪|坏死)[^\w\u3400-\u9fff]*$", re.ASCII
)
"""A lesion described and nothing asked: what is meant by it is asked."""
_TAGGED = re.compile(r"(?:right|correct|isn't it|is it not|对吧|对吗|是吧|是不是)\s*\?\s*$", re.ASCII)
_WANTS = re.compile(
    r"\b(?:please|scor\w+|grad\w+|percent\w*|extent|severity|index|how|what|quantif\w+|estimate)\b|\?|多少|程度|评分|评估|定量|百分比|比例", re.ASCII
)
_PACS = re.compile(r"\b(?:e-?mail|whatsapp|fax)\b|邮件|邮箱|微信", re.ASCII)
_ACTS = ("measure", "segment", "show", "find", "classify", "recall.history")
_WISHES = ("find", "guideline", "write_report", "export", "analyse")
"""Orders that nobody states by the way."""
_TOOLS = ("segment", "measure", "classify", "compare", "assess", "show")
_SIZED = re.compile(r"\d\s*-?(?:mm|cm|毫米|厘米)")
_ORDERS = ("classify", "assess", "compare", "measure", "export", "segment", "talk.doubling")
_WITH_COMPARISON = ("prior_interval", "targets")
_TELLS_APART = ("lobe", "nodule_type", "perifissural", "spiculation")


@dataclass(frozen=True)
class Unsure:
    """Two readings, likeliest first."""

    first: str
    second: str


@dataclass(frozen=True)
class Sense:
    """What one clause is; at most one of intent, topic and unsure says what to do with it."""

    clause: str
    intent: str | None = None
    topic: str | None = None
    stated: bool = False
    unsure: Unsure | None = None
    settled: bool = True
    share: float = 1.0
    own: bool = False
    """Whether a tool's own sentences led here."""


def sense(
    clause: str, raw: str, card: Card, learned: Router, utterances: Utterances, before: str = "", *, in_hand: bool = False
) -> Sense:
    """Return what a plain clause is on this card.

    `before`: the reader's message before this one. `in_hand`: an earlier clause has a lesion outlined or measured.
    """
    dictated = _dictated(clause, raw)
    if dictated:
        return Sense(clause, topic="contradiction" if refer.lesions(card) else "negative_read")
    if slots.contradicts(clause):
        return Sense(clause, topic="both_ways")
    if _RECORD.search(clause):
        return Sense(clause, stated=True)
    if settled(clause, learned) == "talk.capabilities":
        return Sense(clause, topic="capabilities")  # "which classifiers do you have": nothing is to be scored
    if beside.scored(clause, card):
        return Sense(clause, intent="classify")
    if beside.taken(clause, card) or beside.wanted(clause, card) or beside.places_tool(clause, card):
        return Sense(clause, intent="segment")
    own = learned.own(clause)
    if not (own and _WANTS.search(clause)) and _is_statement(clause, card, learned):
        if _TAGGED.search(raw) and slots.lobe(clause):
            return Sense(clause, intent="recall.location", stated=True)
        return Sense(clause, stated=True)
    intent = own or _from_before(clause, before, learned)
    share = 1.0
    if intent is None:
        best, second = reading(clause, learned)
        if best.share < SURE or _DESCRIBES.search(clause):
            return Sense(clause, unsure=Unsure(best.intent, second.intent), settled=False)
        intent, share = best.intent, best.share
    if intent == "show" and again.bare(clause) and _NODULE.search(clause) and "lesions" in card and not refer.lesions(card):
        intent = "find"  # "right lung nodule?": nothing is there to be shown yet
    if intent == "state":
        return Sense(clause, topic="told", settled=False)
    if intent == "talk.doubling" and (card.get("prior") or ("prior" not in card and refer.lesions(card))):
        intent = "compare"
    if intent.startswith("talk."):
        return Sense(clause, topic=intent.removeprefix("talk."))
    if intent == "segment" and slots.threshold_beyond(clause):
        return Sense(clause, topic="threshold_beyond")
    found = _as_the_case_allows(intent, clause, card, utterances, in_hand, share)
    return dataclasses.replace(found, settled=share >= SETTLED, share=share, own=own is not None)


def reading(clause: str, learned: Router) -> tuple[Guess, Guess]:
    """Return the two likeliest intents of a clause: the one that its own words settle, or the learned ones."""
    own = cues.settle(clause)
    best, second, third = learned.guess(clause)
    if own:
        return Guess(own, 1.0), best
    return (best, third) if second.intent == "state" else (best, second)


def settled(clause: str, learned: Router) -> str | None:
    """Return the intent of a clause that leaves little doubt, or None."""
    best, _ = reading(clause, learned)
    return best.intent if best.share >= SETTLED else None


def orders_here(clauses: Sequence[str], learned: Router) -> bool:
    """Return whether a message that a guideline could answer is an order for this case, and gives no size of its own."""
    if any(_SIZED.search(clause) for clause in clauses):
        return False
    best = [(clause, reading(clause, learned)[0]) for clause in clauses]
    return any(g.intent in _ORDERS and g.share >= SURELY and not cues.is_general(clause) for clause, g in best)


def _from_before(clause: str, before: str, learned: Router) -> str | None:
    """Return the intent of a clause that only goes on from the message before: a bare reference, a bare "why?"."""
    earlier = settled(plain(before), learned) if before else None
    if again.bare(clause):
        return earlier if earlier and not earlier.startswith("talk.") else "show"
    return "classify" if why.bare(clause) and earlier == "classify" else None


def _as_the_case_allows(
    intent: str, clause: str, card: Card, utterances: Utterances, in_hand: bool, share: float
) -> Sense:
    """Turn an intent into what this card allows: a function, or a topic that says why not."""
    if intent in ("assess", "guideline"):
        return _advice(intent, clause, card, in_hand, share)
    if intent in ("measure", "compare", "recall.history", "classify") and card.get("tools") and _ORGAN_SIZE.search(clause) and not _offered("measure", clause, utterances):
        return Sense(clause, topic="no_tool")
    if intent in ("recall.history", "measure") and card.get("prior") and _ON_OLDER.search(clause):
        return Sense(clause, intent="compare")  # its size on another scan is that comparison's
    if intent == "classify":
        return _classify(clause, card, utterances)
    if intent == "segment" and card.get("tools") and _ORGANS.search(clause) and not _offered("segment", clause, utterances):
        return Sense(clause, topic="no_tool")
    if intent == "export" and _PACS.search(clause):
        return Sense(clause, topic="pacs")
    if intent == "measure" and _flat_without_lesion(card):
        return Sense(clause, topic="no_spacing")
    if intent == "recall.location" and _flat_without_lesion(card):
        return Sense(clause, topic="no_side")
    if intent == "recall.location" and "scan" in card and not refer.lesions(card):
        if _SEVERAL.search(clause):
            return Sense(clause, intent="find")  # "where are the nodules": nobody has looked yet
        return Sense(clause, topic="no_lesion")
    return Sense(clause, intent=intent)


def _advice(intent: str, clause: str, card: Card, in_hand: bool, share: float) -> Sense:
    """Advice for a lesion of this case is a table's; advice at large is a passage's."""
    if cues.which_table(clause) and refer.lesions(card):
        return Sense(clause, intent="assess")
    if cues.is_general(clause) or (intent == "guideline" and (share >= SURELY or not cues.about_advice(clause))):
        return Sense(clause, intent="find_guideline")
    scan = card.get("scan")
    if isinstance(scan, Mapping) and (scan.get("is_2d") or scan.get("modality") not in ("CT", None)):
        return Sense(clause, topic="not_ct")
    named = slots.guideline(clause)
    if named is not None and not _has_table(named):
        return Sense(clause, intent="find_guideline")
    if in_hand or refer.lesions(card) or card.get("selection") or cues.applies(clause):
        return Sense(clause, intent="assess")
    pointing = reference(clause)
    if intent == "assess" and (pointing.numbers or re.search(r"\b(?:for|of) (?:it|this (?:lesion|nodule|one))\b|(?:这|该)(?:个|枚)?(?:病灶|结节)", clause, re.ASCII)):
        return Sense(clause, intent="assess")
    return Sense(clause, intent="find_guideline")


def _classify(clause: str, card: Card, utterances: Utterances) -> Sense:
    """A finding that no tool at hand looks for is said to be so; "is it normal" is answered from what was found."""
    if _FINDINGS.search(clause) and card.get("tools") and not _offered("classify", clause, utterances):
        return Sense(clause, topic="no_tool")
    scan = card.get("scan")
    if isinstance(scan, Mapping) and _NORMAL.search(clause) and not scan.get("is_2d"):
        if refer.lesions(card):
            return Sense(clause, intent="recall.findings", topic="not_a_read")
        if scan.get("modality") == "CT" and not card.get("selection"):
            return Sense(clause, intent="find", topic="not_a_read")
    return Sense(clause, intent="classify")


def _offered(task: str, clause: str, utterances: Utterances) -> bool:
    """Return whether some tool of a task brings sentences that speak of what the clause speaks of."""
    words = {m[0].strip() for pattern in (_FINDINGS, _ORGAN) for m in pattern.finditer(clause)}
    return any(word in sentence.lower() for sentence in utterances.get(task, ()) for word in words)


def names_organ(text: str) -> bool:
    """Return whether an outline of an organ is asked for, not of a lesion."""
    return _ORGANS.search(text) is not None


def _has_table(guideline: str) -> bool:
    from knowledge import criteria_names

    return guideline in criteria_names()


def _flat_without_lesion(card: Card) -> bool:
    scan = card.get("scan")
    flat = isinstance(scan, Mapping) and bool(scan.get("is_2d")) and not scan.get("has_mm")
    return flat and not refer.lesions(card)


def _is_statement(clause: str, card: Card, learned: Router) -> bool:
    asked = card.get("asked") or {}
    needs = list(asked.get("needs", ())) if isinstance(asked, Mapping) else []
    best, _ = reading(clause, learned)
    wish = best.intent if best.share >= SETTLED else None
    if asks(clause) and not _TAGGED.search(clause) and not re.match(r"^(?:no|yes)\b", clause):
        return False
    if wish in _WISHES or (wish in _TOOLS and best.share >= SURELY):
        return False  # "rectal cancer, find the nodules", "emphysema grading": told in passing, and heard as told all the same
    if cues.about_advice(clause) and cues.is_general(clause):
        return False  # "low risk, 6 to 8 mm: follow-up interval": a question about patients like that
    found = read_statements(clause, asked=needs, lesion=refer.focus(card))
    if wish == "compare" and all(s.field in _WITH_COMPARISON for s in found):
        return False  # "with the CT from 90 days ago": said in passing
    if wish in _ACTS and all(s.field in _TELLS_APART for s in found):
        return False  # "diameter of the lingula nodule": said to tell lesions apart
    return bool(found)


def whole_clauses(text: str, card: Card, learned: Router) -> list[str]:
    """Return a plain text's clauses, those that ask nothing and state nothing joined to the one they lead up to."""
    found: list[str] = []
    lead = ""
    pieces = clauses(text)
    if slots.sum_wanted(text) and not any(slots.sum_wanted(p) for p in pieces):
        pieces = [text]  # "take 1 and 2 as targets and give me the sum": which, then what of them
    for clause in pieces:
        whole = f"{lead}, {clause}" if lead else clause
        if found and not lead and again.bare(clause) and _names_none(found[-1], learned):
            found[-1] += f", {clause}"  # "i want it measured, lesion 2": what, then which
            continue
        last = len(found) + 1 >= len(pieces)
        if not last and (again.bare(clause) or _LEAD.match(clause)):
            lead = whole  # "the other one, how big": which one, then what of it
        elif asks(whole) or asks(clause) or settled(whole, learned) not in (None, "state") or _is_statement(clause, card, learned):
            found.append(whole)
            lead = ""
        else:
            lead = whole
    return [*found, lead] if lead else found


def _names_none(clause: str, learned: Router) -> bool:
    """Return whether a clause asks for something without saying of which lesion."""
    said = reference(clause)
    return bool(asks(clause) or settled(clause, learned)) and not (said.numbers or said.place or said.by_size or said.other or said.side or said.every)


def _dictated(clause: str, raw: str) -> bool:
    """Return whether the clause orders a negative read to be written."""
    said = [q for q in quoted(raw) if _NEGATIVE.search(q.lower())]
    if said and _WRITES.search(clause):
        return True
    order = re.search(
        r"\b(?:write|put|state|add|report|say|conclude) (?:in the report )?(?:that )?(?:there (?:is|are) |the )?(?:(?:[\w-]+ ){0,3}(?:is|are|looks?) )?(?:otherwise |completely |entirely |all )?(no |normal|unremarkable|clear|negative)|"
        r"(?:写|报告)(?:里|中|上)?(?:写|加)?(?:成|为|上)?[^,。]{0,8}(?:未见|正常|无异常|无结节|清晰|没有(?:异常|结节|病灶|病变)|阴性)",
        clause,
    )
    return order is not None and _NEGATIVE.search(clause) is not None
