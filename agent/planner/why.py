"""Words that ask what a classifier looked at: a map over the picture. Knows no case."""

from __future__ import annotations

import re

LOOKED_AT = re.compile(
    r"\bwhat (?:did )?(?:it|the (?:model|tool|classifier|network|rating)) (?:look(?:ed|s)? at|saw|sees?|focus\w*|based)\b|"
    r"\bwhere (?:did )?(?:it|the (?:model|tool|classifier|network)) look(?:ed|s)?\b|"
    r"\b(?:attention|saliency|occlusion|heat|explanation)[- ]?maps?\b|\bheat ?maps?\b|\bgrad-?cam\b|"
    r"\b(?:what|which) (?:parts?|regions?|areas?|bits?|pixels?|voxels?|features?)(?: of (?:the |this |that |it)?(?:image|picture|scan|nodule|lesion|slice)?)?\b.{0,16}\b(?:dr(?:o|i)ves?|led|made|matter\w*|contribut\w*|caused|decid\w*|count(?:s|ed)|weigh\w*|look(?:s|ed) at)\b|"
    r"\bwhat (?:drove|drives|led to|is behind|explains) (?:the|that|this|its) (?:score|rating|result)\b|(?:哪(?:个|一|些)?(?:部分|区域|部位|地方|块))[^,。]{0,8}(?:影响|决定|导致|贡献|起作用|打的?分|评的?分)|"
    r"\bwhy (?:that|this|the|such an?|is the|was the) (?:rating|score)\b|\bexplain (?:the|this|that) (?:rating|score)\b|"
    r"(?:它|模型|分类器|网络)(?:看了什么|看的是什么|看的哪里|关注)|关注的?(?:区域|部位|点|地方)|热(?:力)?图|saliency|heat ?map|注意力图|显著图|为什么(?:是这个|给这个)?(?:评分|分数)"
)
_BARE = re.compile(r"^(?:but |and |so )?why\W*$|^(?:那)?为(?:什么|啥|何)(?:呢)?\W*$")


def looked_at(clause: str) -> bool:
    """Return whether a clause asks for the map, by its own words or as a bare "why" (after a rating).

    >>> looked_at("show me what it looked at"), looked_at("why"), looked_at("why is it so large")
    (True, True, False)
    """
    return LOOKED_AT.search(clause) is not None or bare(clause)


def bare(clause: str) -> bool:
    """Return whether a clause is "why" alone: of what the message before was about."""
    return _BARE.match(clause.strip()) is not None
