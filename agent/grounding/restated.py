"""What a cited text says, told in other words or in the other language: "the rating is less sure" is 评分把握较低.

Each entry is a meaning: how a clause may say it, and how the cited text does. A clause that says the contrary, or says it
beside a text that does not, keeps its words unheld. Knows no number and no lesion.
"""

from __future__ import annotations

import re

_NOT_ZH = "(?:不是|并非|而非|不代表|不等于|不等同于|不能(?:代替|替代|取代)|不属于|非)"
_ALL_ZH = "(?:几乎|绝大多数|大多数|多数)?(?:所有|全部)?"
_RATED = r"(?:the |most |nearly |almost |virtually |practically |all |of |those |what |nodules? |lesions? |cases? |it |was |were |that |which |rating |model |used |in |for |seen |known |from |set |data |its )*"
_MEANINGS = tuple(
    (re.compile(said, re.IGNORECASE), re.compile(held, re.IGNORECASE))
    for said, held in (
        (rf"{_NOT_ZH}病理(?:结果|诊断|结论|所见)?|\b(?:not|no|never)(?: an?| the)? (?:replace|replacement for|substitutes?(?: for)?|equivalent to|the same as|stand for|amount to) (?:a )?(?:patholog\w+|histolog\w+)",
         r"not pathology|不是病理|非病理"),
        (r"\b(?:uncertain|unsure|less (?:certain|reliable|confident|sure)|lower confidence|reduced confidence|with (?:less|low) confidence)\b"
         r"|把握(?:较|更|比较|也)?(?:小|低|差|不足|不大|不高)|(?:不(?:太|大|那么)?|欠)(?:确定|可靠|可信)|(?:可信度|可靠性|确定性)(?:较|更|比较)?(?:低|小|差)", r"less sure|把握较小|不太确定"),
        (rf"\b(?:unlike|differs? from|different from|dissimilar (?:to|from)|not (?:like|similar to)|does not resemble) {_RATED}(?:training(?: (?:set|data|cases|nodules))?|trained(?: on| with)?)\b"
         rf"|与[^,。;]{{0,12}}训练[^,。;]{{0,10}}?{_ALL_ZH}[^,。;]{{0,6}}?(?:都|均|很)?(?:不(?:相|太|大|很)?(?:似|同|像|一样|类似)|(?:差别|差异|区别)(?:很|较|都很)?大|有别|迥异)", r"unlike (?:nearly|almost) all|几乎所有[^,。]{0,20}不同"),
        (r"\b(?:of|in|from) the training(?: (?:set|data|cases|nodules))?\b", r"trained on"),
        (r"(?:的)?(?:看法|观点|见解|主观意见|意见)|\b(?:view|judgement|judgment|opinion)\b", r"\bopinion\b|意见"),
        (r"\bwould be expected to (?=rate|score|give|assign)", r"readers would rate|阅片者"),
        (r"不(?:写入|进入|计入|用于|参与|纳入)[^,。;]{0,6}(?:印象|标准|准则|判据)", r"enters neither impression nor criteria"),
    )
)


def blanked(text: str, held: str) -> str:
    """Return a text with what the cited texts say in other words blanked.

    >>> blanked("the rating is uncertain", "the rating is less sure.")
    'the rating is          '
    >>> blanked("评分把握较大", "the rating is less sure.")
    '评分把握较大'
    """
    for said, source in _MEANINGS:
        if source.search(held):
            text = said.sub(lambda m: " " * len(m[0]), text)
    return text
