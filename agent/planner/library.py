"""Whether a whole message asks the guidelines, not this case: it describes its own patient, or asks about a rule.

"9 mm adrenal nodule: do I need to chase it?" brings its own finding; "this", "lesion 2" and an act to be done speak of
the scan at hand. The words of body parts and guidelines are knowledge's own. Knows no card and no search.
"""

from __future__ import annotations

import re

from agent.planner import cues, slots
from agent.planner.reading import plain
from agent.stated.letter import own_words

_CASE = re.compile(
    r"\b(?:lesions?|nodules?|candidates?|targets?|mass) ?#?\d{1,2}\b(?! ?(?:mm|cm|\d))|\b(?:this|these|those) (?:\w+ )?(?:one|lesions?|nodules?|mass|scan|case|ct|study|patient|report)\b|"
    r"\b(?:the|my) (?:(?:\w+ ){0,2}(?:lesion|nodule|mass|candidate|one)\b(?! is\b)|scan|report|case)\b|"
    r"\b(?:first|second|third|other|bigger|biggest|largest|smaller|last) one\b|^(?:is|what(?:'s| is)|and|apply|assess) (?:it|this|that)\b|\bhere\b|"
    r"这(?:个|枚|处|例|份)|该(?:结节|病灶|患者)|病灶\s*\d(?!\d*\s*(?:mm|毫米|cm|厘米|个))|[一二三四五六七八九\d]号|第[一二三四五\d]+(?:个|枚)|本例|报告|[给对把]它"
)
_ACT = re.compile(
    r"\b(?:segment|outline|contour|measure (?:it|this|the|lesion)|find (?:the|any|all|a|me)|search|detect|locate|show|scroll|display|zoom|export|save|send|write|draft|dictate|"
    r"compare (?:with|to|it|the|this)|click|mask|(?:look|check) (?:at|for|in)|where (?:is|are)|is there|are there|any (?:nodules|lesions)|do you see|report)\b|"
    r"分割|勾画|测量一下|量一下|寻找|搜索|检测|显示|导出|保存|写|对比|比较一下|在哪|有没有(?!必要)|窗宽|窗位"
)
_ASKS = re.compile(
    r"\?|:\s*$|:[^:]{0,40}$|\b(?:what|which|when|where|how|who|why|does|do|can|should|is|are|any|need|category|score|eligible|follow(?:-| )?up|plan|f/u|fu|next)\b|"
    r"吗|么|呢|多少|多久|多大|几|怎么|如何|是否|要不要|需要|需不需要|哪|什么|能否|算不算|随访|处理|分[级类]|定义|标准"
)
_SIZED = re.compile(
    r"\d(?:\.\d+)?\s*-?(?:mm|cm|毫米|厘米)|\b(?:several|multiple|scattered|tiny|small|growing|new|an?|solitary|single|pure|known) (?:[\w-]+ ){0,4}(?:nodules?|lesions?|cysts?|mass(?:es)?|ggns?|ggo|node)\b|"
    r"(?:单发|多发|纯|新发|孤立)[^,。]{0,6}(?:结节|病灶|囊肿|磨玻璃)"
)
_FINDING = re.compile(
    r"\b(?:nodules?|nods?|lesions?|cysts?|mass(?:es)?|ggns?|ggos?|ground-?glass|subsolid|part-?solid|lymph nodes?|micronodules?)\b|结节|病灶|囊肿|肿块|磨玻璃|淋巴结"
)
_RULE = re.compile(
    r"\b(?:targets? (?:overall|per|lesion size|can|should)|target lesions?|per organ|nadir|baseline sum|sum (?:went|of diameters)|how many targets|bidimensional|measurable|vdt|doubl\w+ (?:time|the volume)|"
    r"apparent pd|pseudoprogression|discharge a|stop (?:annual |ldct |lung )?(?:ldct|screening)|eligib\w+|egfr|metformin|contrast (?:media|agent|nephro)|what counts as|threshold growth|(?<!\w)[tb]r ?[1-5]\b|"
    r"\b4[abcx]\b|urea|punctate|macrocalcification|severity score|liver met|asymmetry|mammogra\w+)\b"
    r"|靶病灶|最低和|基线和|总和|倍增时间|二甲双胍|造影剂|对比剂|水化|包年|算pd|戒烟|强回声|纵横比"
)
_NAMED = re.compile(
    r"\w*rads\b|bosniak|curb-?65|\bm?i?recist|\brano\b|uspstf|\bchoi\b|fleischner|\bbts\b|\bbrock\b|\bmayo (?:clinic|model|nodule|score|risk)|\bwho criteria|"
    r"\b(?:score|criteria)\b|评分|模型"
)
_SIZED_AXES = re.compile(r"\b(?:prior|previous(?:ly)?|before|last (?:time|year)|was|measured)\b|既往|之前|上次")


_CHANGE = re.compile(
    r"\bcompar(?:e|ed|ison)\b|\b(?:chang\w+|gr[eo]w\w*|shr[aiu]nk\w*|new|stable|progress\w*|response|bigger|larger|smaller)\b.{0,40}\b(?:since|than|from|versus|vs|against|last|prior|previous|before|baseline)\b|"
    r"\b(?:is|has|have|did|are) (?:it|this|they|the \w+|lesion \d+) (?:been )?(?:grow\w*|grew|chang\w+|shr\w+|stable)\b|\binterval (?:change|growth)|"
    r"对比|比较|相比|比(?:上次|之前|以前|前片|去年)|较(?:前|上次)|有(?:没有|什么)?变化|(?:变|长|增|缩)(?:大|小)了?(?:吗|没|多少|么)|新发"
)


def _of_change(low: str) -> bool:
    """Return whether a message asks to compare this case, with no figures but its lesions': "new since the last scan?"."""
    return (_CHANGE.search(low) is not None or slots.sum_wanted(low)) and (bool(slots.targets(low)) or not any(c.isdigit() for c in low))


_IS_IT_THAT_BIG = re.compile(
    r"^(?:so |is |and |the |right |left |upper |lower |lobe |lung |a |this |that |it |in )*(?:nodule|lesion|mass)?\s*(?:is |about |around |really |over |under |"
    r"more than |less than |bigger than |larger than )*\d+(?:\.\d+)?\s*-?(?:mm|cm)\s*(?:big|large|long|wide|across)?\s*\?\W*$"
    r"|^(?:那|这|这个|那个|左|右|侧|边|上|下|中|叶|肺|的|枚|颗)*(?:结节|病灶|肿块|它)?(?:真|到底|大小|直径)?(?:有|是|到|够|达到|超过|大于|小于|不到)(?:了)?\d+(?:\.\d+)?\s*"
    r"(?:毫米|厘米|公分|mm|cm)(?:大|左右)?(?:吗|么|嘛|没有?|不)?\W*$"
)
"""A size put as a question and nothing else: of this case."""


def asks_library(text: str) -> bool:
    """Return whether a message is a question for the guidelines as it stands.

    >>> asks_library("9 mm adrenal nodule: do I need to chase it?"), asks_library("how big is lesion 2?")
    (True, False)
    >>> asks_library("右侧结节有1.5厘米吗"), asks_library("nodule 2 mm?")
    (False, False)
    """
    from knowledge.subject import subject_of

    text = own_words(text)
    low = plain(text)
    if _IS_IT_THAT_BIG.search(low):
        return False
    if _CASE.search(low) or _ACT.search(low) or _of_change(low):
        return False
    if cues.applies(low) and not _SIZED.search(low):
        return False  # "62, never smoked, no cancer. Apply Fleischner": of this case, whatever is stated beside it
    subject = subject_of(text)
    if not _ASKS.search(low):
        return bool(_NAMED.search(low)) and not subject.names_alone
    if subject.names_untabled or subject.elsewhere:
        return bool(_FINDING.search(low) or _NAMED.search(low) or _RULE.search(low) or re.search(r"\d", low))
    if subject.names_tabled:
        return _SIZED.search(low) is not None or not subject.names_alone
    if _RULE.search(low):
        return True
    return bool(_FINDING.search(low) and _SIZED.search(low) and not _SIZED_AXES.search(low))
