"""Finds what identifies somebody by its form alone: a labelled field, a title, a number with a check digit.

    name            Name: Jane Roe, Patient: ROE, Jane, Mrs Roe, Dr A. Smith, J. Smith MD, 姓名:张三, 王医生, 患者李四,女
    number          MRN 77123, Accession: 8842117, NHS 943 476 5919, 123-45-6789, a DICOM UID, 住院号123456, 身份证号
    date of birth   DOB 3/2/1957, born on 3 Feb 1957, 出生日期:1957年3月2日
    phone, e-mail, address    with their labels or by their form

A size, an age, a date of a study, a share, a coordinate and a lesion's number have none of these forms and stay. A bare
name without label or title cannot be told from a word, and stays too. Knows no case; `known` knows the case's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.privacy.words import COMPOUND_SURNAMES, NO_NAMES, SURNAMES, everyday

_CJK = "\u3400-\u9fff"
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_DATE = (
    rf"(?:\d{{4}}\s?[-./\u5e74]\s?\d{{1,2}}\s?[-./\u6708]\s?\d{{1,2}}\s?[日号]?|\d{{1,2}}\s?[-./]\s?\d{{1,2}}\s?[-./]\s?\d{{2,4}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?[\s\-./]*(?:of\s+)?{_MONTH}[\s\-./,]*\d{{2,4}}|{_MONTH}\.?\s*\d{{1,2}}(?:st|nd|rd|th)?,?\s*\d{{4}}"
    rf"|{_MONTH}\.?,?\s*\d{{4}}|\d{{8}}|\d{{4}}年(?:\s?\d{{1,2}}月)?|(?:19|20)\d\d)(?!\d)"
)
_IS = r"\s*(?:[:\uff1a=#]|\bis\b|是|为)?\s*"
_COLON = r"[ \t]*[:\uff1a][ \t]*"
_NO_UNIT = r"(?!\s*(?:mm|cm|ml|cc|HU\b|%|days?\b|years?\b|slices?\b|months?\b|voxels?\b|毫米|厘米|岁|天|层|个月))"
_LETTER = rf"[^\W\d_{_CJK}]"
_WORD = rf"{_LETTER}(?:{_LETTER}|['\u2019\-](?={_LETTER}))*\.?"
"""One written word of a name; O'Neil and Smith-Jones are one."""
_WORDS = rf"{_WORD}(?:(?:\s*[,^]\s*|[ \t]+){_WORD}){{0,4}}"
_NUMBER = rf"[A-Z]{{0,6}}[-/]?\d[\dA-Z]*(?:[-/.][\dA-Z]*\d[\dA-Z]*)*(?: \d{{3,4}}(?![\d.]){_NO_UNIT})*"
"""A number as registries write it; groups after a space only where they are three or four digits and no size."""
_WHO = r"(?:patient|pt|full|first|last|family|given|middle|maiden|referring|requesting|reporting|attending|ordering|consulting|treating|responsible)"
_DOCTOR = r"(?:physician|doctor|clinician|consultant|radiologist|surgeon|provider|registrar|oncologist|practitioner)"
_DONE_BY = r"(?:electronically |digitally )?(?:reported|dictated|signed|authori[sz]ed|verified|approved|referred|requested|transcribed|typed|reviewed) by"
_DEGREE = r"(?:MD|M\.D\.|FRCR|FRCP|FRCS|MBBS|MBChB|PhD|FACR|MRCP)"
_DOCTOR_ZH = r"(?:主管|申请|报告|审核|书写|检查|主治|送检|诊断|经治|责任|接诊)(?:医生|医师)"
_TITLE_ZH = r"(?:医生|医师|大夫|主任医师|主任|教授|先生|女士|小姐|护士长|护士)"
_SURNAME = f"(?:{'|'.join(COMPOUND_SURNAMES)}|[{SURNAMES}])"
_STREET = r"(?:Street|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Mews|Crescent|Boulevard|Blvd|Terrace|Gardens|Court|Close|Grove)"


@dataclass(frozen=True)
class Found:
    """Where an identifier stands and of what kind it is."""

    start: int
    end: int
    kind: str


def identifiers(text: str) -> list[Found]:
    """Return what identifies somebody by its form, in order, none overlapping another.

    >>> [f.kind for f in identifiers("Mrs Roe, MRN 77123, lesion 2 is 5 mm, CT of 2019")]
    ['name', 'number']
    """
    kept: list[Found] = []
    for one in sorted(_all(text), key=lambda f: (f.start, -f.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
        elif one.end > kept[-1].end:
            kept[-1] = Found(kept[-1].start, one.end, kept[-1].kind)
    return kept


def _all(text: str) -> Iterator[Found]:
    for kind, pattern, trim in _RULES:
        for match in pattern.finditer(text):
            value = match["v"]
            length = len(value.rstrip(" \t,;.")) if trim is None else trim(value)
            if length:
                yield Found(match.start("v"), match.start("v") + length, kind)


def _name(value: str, *, any_case: bool) -> int:
    """Return how much of some words is a name: up to the first word of the trade, of every day, or in small letters."""
    end = 0
    for word in re.finditer(_WORD, value):
        bare = word[0].strip(".").lower()
        if len(bare) == 1 and word[0][0].isupper():  # an initial; it is part of the name that follows it
            end = word.end() if end else end
            continue
        if everyday(bare) or (not any_case and not word[0][0].isupper() and bare not in ("van", "von", "der", "de", "den", "al", "bin")):
            break
        end = word.end()
        if word[0].endswith(".") and len(bare) > 1:  # "Dr Roe. Please": the sentence ends here
            return end - 1
    return end


def _labelled(value: str) -> int:
    """Return a name's length behind the plain label "name"; a name made of words of the trade is one too."""
    found = _name(value, any_case=True)
    words = re.findall(_WORD, value.split("\n")[0])
    if not found and 2 <= len(words) <= 3 and not all(everyday(w.strip(".").lower()) for w in words) and "," in value:
        return len(value.rstrip())
    return found


def _titled(value: str) -> int:
    return _name(value, any_case=False)


def _after_label(value: str) -> int:
    """Return a name's length behind "Patient:"; one capital letter that goes on in small ones begins a sentence."""
    found = _titled(value)
    alone = len(re.findall(_WORD, value[:found])) == 1
    return 0 if alone and re.match(r"[ \t]+[^\W\d_]", value[found:]) else found


def _typed_small(value: str) -> int:
    """Return the length of the one word in small letters behind "mrs" or "dr", if it is no word of the trade."""
    word = value.lower()
    shaped = re.search(r"(?:graphy|scopy|metry|gram|ing|ed|ic|al)$", word)
    return 0 if everyday(word) or len(word) < 3 or shaped else len(value)


def _chinese(value: str) -> int:
    return 0 if any(word in value for word in NO_NAMES) else len(value)


def _place(value: str) -> int:
    """Return an address's length: its segments up to the first that is about something else."""
    end = 0
    for part in re.finditer(r"[^,\uff0c]+(?:[,\uff0c]\s*|$)", value):
        words = re.findall(r"[^\W\d_]+", part[0])
        if not words or everyday(words[0].lower()) or (end and not part[0].strip()[:1].isupper() and not part[0].strip()[:1].isdigit()):
            break
        if any(everyday(w.lower()) for w in words) and re.search(r"\d+\s*(?:years?|mm|cm|岁|毫米)", part[0]):
            break
        end = part.end()
    return len(value[:end].rstrip(" \t,\uff0c;."))


def _citizen(value: str) -> int:
    """Return the length where a Chinese citizen's number has its right check digit (GB 11643), else 0."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    right = "10X98765432"[sum(int(d) * w for d, w in zip(value, weights, strict=False)) % 11]
    return len(value) if value[-1].upper() == right else 0


def _nhs(value: str) -> int:
    """Return the length where a British health number has its right check digit, else 0."""
    digits = [int(d) for d in value if d.isdigit()]
    check = 11 - sum(d * w for d, w in zip(digits, range(10, 1, -1), strict=False)) % 11
    return len(value) if check % 11 == digits[9] and check != 10 else 0


def _long(value: str) -> int:
    """Return the length of a run of digits that is no date with a time."""
    dated = re.match(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?$", value)
    return 0 if dated else len(value)


def _phone(value: str) -> int:
    return len(value) if sum(c.isdigit() for c in value) >= 9 else 0


def _rule(kind: str, pattern: str, trim: Callable[[str], int] | None = None, *, cased: bool = False) -> tuple[str, re.Pattern[str], Callable[[str], int] | None]:
    return kind, re.compile(pattern, re.MULTILINE | (0 if cased else re.IGNORECASE)), trim


_RULES = (
    # names
    _rule("name", rf"(?<![\w-])(?<!tool )(?<!model )(?<!file )(?<!function )(?<!series )(?<!guideline )(?:{_WHO}(?:['\u2019]s)?\s+)?(?:sur|fore)?names?{_COLON}(?P<v>{_WORDS})", _labelled),
    _rule("name", rf"\b(?:patient|pt|client|next of kin|nok|cc|re|{_DOCTOR}|(?:{_WHO}\s+){_DOCTOR}){_COLON}(?P<v>{_WORDS})", _after_label),
    _rule("name", rf"\b{_DONE_BY}(?:{_COLON}|\s+)(?:(?:dr|prof|mr|mrs|ms)\.?\s+)?(?P<v>{_WORDS})", _titled),
    _rule("name", rf"(?i:\b(?:my|her|his|the patient['\u2019]s|patient) name is)\s+(?P<v>{_WORDS})", _titled, cased=True),
    _rule("name", rf"\b(?:Mrs|Mr|Ms|Miss|Dr|Prof|Professor|MRS|PROF|DR|Herr|Frau|Mme)\b\.?[ \t]+(?P<v>{_WORDS})", _titled, cased=True),
    _rule("name", r"\b(?:mrs|mr|dr|prof)\b\.?[ \t]+(?P<v>[a-z]+)(?![\w-])", _typed_small, cased=True),
    _rule("name", rf"(?P<v>(?<![\w.])[A-Z][\w'\u2019\-]*\.?(?:[ \t]+[A-Z][\w'\u2019\-]*\.?){{0,3}}),?[ \t]+{_DEGREE}\b", _titled, cased=True),
    _rule("name", r"\b(?:[Pp]atient|[Pp]t\.?)[ \t]+(?P<v>[A-Z][a-z][\w'\u2019\-]*[ \t]+[A-Z][a-z][\w'\u2019\-]*)(?!\w)", lambda v: len(v) if _titled(v) == len(v) else 0, cased=True),
    _rule("name", rf"(?:姓名|联系人|签名|签字|家属){_COLON}(?P<v>[{_CJK}](?:[{_CJK}·]{{1,3}}|[{_CJK}·]{{1,14}}·[{_CJK}]+))(?![{_CJK}])", _chinese),
    _rule("name", rf"(?:姓名|联系人|签名|签字){_COLON}(?P<v>{_WORDS})", _labelled),
    _rule("name", rf"{_DOCTOR_ZH}{_COLON}(?P<v>[{_CJK}]{{2,4}})(?![{_CJK}])", _chinese),
    _rule("name", rf"(?:患者|病人){_COLON}(?P<v>{_SURNAME}[{_CJK}]{{1,2}})(?:(?![{_CJK}])|(?=男|女))", _chinese),
    _rule("name", rf"(?:患者|病人|^|[,\uff0c。;\uff1b、:\uff1a\s])(?P<v>{_SURNAME}[{_CJK}]{{1,2}})\s*[,\uff0c、]?\s*(?=[男女](?:性)?(?:[,\uff0c、。;\uff1b\s\d]|$))", _chinese),
    _rule("name", rf"(?<![主责])(?P<v>{_SURNAME}[{_CJK}]{{0,2}}?)(?={_TITLE_ZH})", _chinese),
    _rule("name", rf"(?:名叫|名字叫|名字是|姓名是)\s*(?P<v>{_SURNAME}[{_CJK}]{{1,2}})(?![{_CJK}])", _chinese),
    # numbers
    _rule("number", rf"\b(?:MRN|M\.R\.N\.|URN|UHID|NHI|HKID|NRIC|SSN|NHS|accession|social security|(?:medical record|hospital|patient|pt|chart|admission|visit|encounter|episode|insurance|policy|passport|medicare|member|specimen|registration)(?:['\u2019]s)?(?=\s*(?:no\b|nr\b|num|id\b|#|card))|(?:national|identity) (?=id\b|card|number))\s*(?:(?:no|nr|num|number|id|card|code)\b\.?|#)?{_IS}(?P<v>{_NUMBER})(?![\d.]*\d)"),
    _rule("number", rf"^\s*ID{_COLON}(?P<v>[A-Z]{{0,6}}-?\d{{4,}}[\dA-Z-]*)"),
    _rule("number", r"(?:住院号|门诊号|病案号|病历号|登记号|检查号|影像号|放射号|CT号|X线号|MR号|磁共振号|超声号|就诊卡号?|医保卡?号|社保卡?号|患者编号|患者ID|病人ID|ID号|病理号|流水号|条码号|床号)(?:码)?\s*[:\uff1a]?\s*(?:是|为)?\s*(?P<v>[A-Za-z]{0,6}-?\d[\dA-Za-z-]*)"),
    _rule("number", r"(?:身份证|护照)(?:号码?)?\s*[:\uff1a]?\s*(?:是|为)?\s*(?P<v>[A-Z]?\d{6,17}[\dXx])"),
    _rule("number", r"(?<![\w.])(?P<v>[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx])(?!\w)", _citizen),
    _rule("number", r"(?<![\d.,])(?P<v>\d{3}-\d{2}-\d{4})(?![\d-])"),
    _rule("number", r"(?<![\d.,])(?P<v>\d{3}[ -]\d{3}[ -]\d{4})(?![\d.])", _nhs),
    _rule("number", r"(?<![\w.])(?P<v>[012](?:\.\d+){5,})(?!\w)"),
    # dates of birth
    _rule("date of birth", rf"(?:\bD\.?O\.?B\b\.?|\bdate of birth\b|\bbirth ?date\b|\bborn(?: on| in)?\b|\bb\.(?=\s*\d)|\bgeb\.)\s*[:\uff1a=]?\s*(?:the\s+)?(?P<v>{_DATE}){_NO_UNIT}"),
    _rule("date of birth", rf"(?:出生(?:日期|年月日?|时间)?|生日|生于|出生于)\s*[:\uff1a]?\s*(?:是|为|于)?\s*(?P<v>{_DATE})"),
    _rule("date of birth", rf"(?P<v>{_DATE})\s*(?:出生|生人|生[,\uff0c])"),
    # how to reach somebody
    _rule("phone", r"(?:\b(?:tel|phone|telephone|mobile|cell|fax|contact|ph)\b\.?|电话|手机号?|联系方式|联系电话|传真)\s*(?:no\b\.?|number\b|号码?)?\s*[:\uff1a]?\s*(?:is\s+|是|为)?(?P<v>\+?\(?\d[\d \t().\-]{4,}\d)(?!\d)(?![ \t]*(?:mm|cm|years?|%|岁|毫米))"),
    _rule("phone", r"(?<![\d.])(?P<v>1[3-9]\d-?\d{4}-?\d{4})(?![\d.])"),
    _rule("phone", r"(?<![\d.])(?P<v>\+\d{1,3}(?:[ -]?\(?\d{2,4}\)?){2,5})(?![\d.])", _phone),
    _rule("phone", r"(?<![\d.,])(?P<v>0\d{2,4}[ -]\d{3,4}[ -]?\d{3,4})(?![\d.])", _phone),
    _rule("phone", r"(?<![\d.,])(?P<v>(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4})(?![\d.-])"),
    _rule("e-mail", r"(?P<v>[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+)"),
    _rule("address", r"\b(?:home |postal |mailing )?addr(?:ess)?\s*[:\uff1a]\s*(?P<v>(?:[A-Z]|\d)[^\n;\x22]{3,120})", _place, cased=True),
    _rule("address", r"\b(?:home |postal |mailing )?(?:Address|ADDRESS)\s*[:\uff1a]\s*(?P<v>[^\W_][^\n;\x22]{3,120})", _place, cased=True),
    _rule("address", rf"(?<![\w.])(?P<v>\d{{1,5}}[A-Za-z]?,?[ \t]+(?:[A-Z][\w'\u2019\-]+[ \t]+){{1,3}}{_STREET}\b)", cased=True),
    _rule("address", r"(?:家庭|现|通讯|联系|户籍)?(?:住址|地址)\s*[:\uff1a]\s*(?P<v>[^\n;\uff1b。,\uff0c\x22]{2,60})"),
    _rule("address", rf"(?P<v>(?:[{_CJK}]{{2,6}}(?:省|自治区))?[{_CJK}]{{2,5}}市[{_CJK}]{{1,8}}[区县市][{_CJK}\d]{{1,20}}[号室村街路](?:[{_CJK}\d\-]{{0,12}}[号室栋])?)"),
    _rule("address", rf"(?P<v>[{_CJK}]{{2,8}}(?:路|大街|街|大道|巷|弄)\d{{1,5}}[号弄](?:[{_CJK}\d\-]{{0,12}}[号室栋])?)"),
    _rule("number", rf"(?<![\w.\-+/])(?P<v>\d{{9,}})(?![\w./]){_NO_UNIT}", _long),
)  # fmt: skip
