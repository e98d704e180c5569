"""Whether a sentence asks for what identifies somebody, or for a letter that was held back. Knows no case.

A language model is given neither and needs neither; a reader who is asked might type it.
"""

from __future__ import annotations

import re

_WHO_ZH = r"姓名|名字|出生日期|住院号|门诊号|病历号|身份证号?|电话|住址|家庭地址"
_WHO = (
    r"(?:patient|their|his|her|(?:referring|treating) (?:doctor|physician))(?:['\u2019]s)? (?:full |first |last )?name"
    r"|date of birth|\bDOB\b|\bMRN\b|medical record number|hospital number|patient id\b|home address|phone number|accession number"
)
_LETTER_ASKED = r"(?:full|whole|original|complete|rest of the|text of the|the) (?:text of the )?(?:letter|referral|pasted report)|(?:信件|转诊信|报告)(?:的)?(?:原文|全文)"
_ASKS = re.compile(
    rf"(?:\b(?:what|which|who|could you|can you|please|provide|give|tell|share|send|paste|enter|need|confirm)\b[^.!?\n]*(?:{_WHO}|{_LETTER_ASKED}))"
    rf"|(?:请|能否|可否|需要|提供|告诉|告知|输入|粘贴)[^。\uff01\uff1f\n]*(?:{_WHO_ZH}|{_LETTER_ASKED})|(?:{_WHO_ZH})是(?:什么|多少|谁)",
    re.IGNORECASE,
)


def asks_who(clause: str) -> bool:
    """Return whether a sentence asks for what identifies somebody, or for a letter that was held back.

    >>> asks_who("What is the patient's name?"), asks_who("Which lesion do you mean?")
    (True, False)
    """
    return _ASKS.search(clause) is not None
