"""Words that settle what a clause asks, before the learned part is asked: the trade's own verbs and nouns.

Each rule names an intent, what has to stand in the clause, and what must not. The first that fits wins, so the
order goes from narrow to wide. A clause that no rule settles is the learned part's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.planner import slots, why

FOLLOW_UP = (
    r"\bwhat (?:do|should|can) (?:i|we) (?:tell|advise|say to|offer) (?:the |this |my )?(?:patient|him|her|them|family|gp)\b|下一步|(?:跟|和|对|告诉)(?:病人|患者|家属)[^,。]{0,4}(?:说|讲|交代|做)什么|follow(?:ed)?[- ]?(?:up|ing)|follow (?:it|this|the \w+|\w+ nodules?)|\bfollowed\b|surveillance|recommend\w*|guidance|guidelines?|manag(?:e|ed|ement|ing)\b|next step|\bwhat (?:now|next|then)\b|\bwhat (?:should|do|can|would) (?:we|i|you|one) do (?:with|about|for)\b|"
    r"(?:repeat|rescan|re-?scan|next|another|further) (?:the |a )?(?:ct|scan|imaging|study)(?! (?:window|slice))|come back|fleischner|"
    r"lung[- ]?rads|\bbts\b|i?recist|\bpet\b|biops\w+|随访|复查|下(?:一)?次(?:的)?(?:ct|检查|复查)|再(?:做|查|拍)(?:一次)?ct|指南|共识|怎么处理|如何处理|处理建议|怎么办|活检|穿刺|弗莱施纳"
)
"""What speaks of a guideline's advice at all."""


NO_LETTER = r"[^\w\u3400-\u9fff]"
"""What ``\\W`` has to mean where words are ASCII: a Chinese character is a letter too."""


@dataclass(frozen=True)
class _Rule:
    intent: str
    fits: re.Pattern[str]
    unless: re.Pattern[str] | None = None


def _rule(intent: str, fits: str, unless: str = "") -> _Rule:
    fits, unless = (p.replace(r"\W", NO_LETTER) for p in (fits, unless))
    return _Rule(intent, re.compile(fits, re.ASCII), re.compile(unless, re.ASCII) if unless else None)


_WHICH_TABLE = re.compile(
    r"\b(?:which|what) (?:system|guidelines?|criteria|classification|table|scheme|category system|rules?)\b.{0,16}\b(?:appl(?:y|ies)|should (?:i|we) (?:use|follow)|do (?:i|we) (?:use|follow)|fits?|is (?:right|the right one))\b"
    r"|(?:该|应该?|要|得)(?:用|按|看|套)(?:哪|什么)(?:个|一个|种|套)?(?:指南|标准|系统|分类|规范)?|(?:适用|用)(?:的)?(?:是)?哪(?:个|一个|种|套)(?:指南|标准|系统|分类|规范)|哪(?:个|一个|种|套)(?:指南|标准|系统|分类|规范)(?:适用|合适)", re.ASCII
)
_RULES: tuple[_Rule, ...] = (
    _rule("talk.scope", r"\b(?:ignore|forget|disregard) (?:all |your |the |any |previous )+(?:instructions?|rules|prompt)|system prompt|"
                        r"忽略(?:之前|以上|所有)的?(?:指令|规则)|delete (?:all|every|the) (?:cases?|evidence|data)"),
    _rule("export", r"\b(?:export|save|send|output|share|files?|copy|report)\b.{0,40}\b(?:without|w/o|w/out|minus|no|strip\w*|remov\w*|leav\w* out|hid\w*|blank\w*)\b.{0,24}\b(?:names?|identi\w+|patient (?:info\w*|data|details)|personal (?:data|details))\b|\b(?:strip|remove|take out|hide|blank)\w*\b.{0,20}\b(?:names?|identi\w+|patient (?:info\w*|data|details))\b.{0,30}\b(?:export|save|send|share)\w*|"
                    r"(?:去掉|去除|删掉?|隐去|抹掉|不带|不含)[^,。]{0,4}(?:患者|病人|个人|身份)(?:的)?(?:信息|姓名|名字|身份|资料)(?:[^,。]{0,6}(?:导出|保存|发|存)|\W*$)|(?:导出|保存|发|存)[^,。]{0,10}(?:去掉|去除|隐去|抹掉|不带|不含|不要)[^,。]{0,4}(?:患者|病人|个人|身份|姓名|名字)"),
    _rule("talk.thanks", r"^(?:no|nope|nah|no,? thanks?(?: you)?|not now|否|不|不用|不必|不要|没有|算了|不用了|never ?mind|forget it)\W*$"),
    _Rule("classify", why.LOOKED_AT),
    _Rule("measure", slots.OWN_LINE),
    _rule("segment", r"^(?:(?:and|ok|now|please|what|if|you|we|i|how|about|use|as|before|earlier|but|like|only|just|this|time|rather|was|same|thing|still|used|try|redo|again|do|it|that|take|set|make|run|with|at|to|on|of|the|same|instead|换成|换回|换|改回|恢复到|恢复|回到|back|改成|改为|改|用|调到|调成|调|到|设为|设|取|再|试试|试|来|,)\W*)*(?:\d{1,2}(?:\.\d+)?\s*(?:%|percent)|0?\.\d{1,2}|百分之[一二三四五六七八九十\d]{1,3})(?:\W*(?:instead|please|again|now|threshold|重新|再|来|一次|试|的|吧|分割|看看))*\W*$"),
)


def settle(clause: str) -> str | None:
    """Return the intent that a plain clause's own words settle, or None."""
    for rule in _RULES:
        if rule.fits.search(clause) and not (rule.unless and rule.unless.search(clause)):
            return rule.intent
    return None


_ABOUT_ADVICE = re.compile(FOLLOW_UP, re.ASCII)
_GENERAL = re.compile(
    r"\b(?:look up|search|literature|cite|quote|source|reference|define[sd]?|definition|which guideline|what (?:does|do) (?:the )?\w+(?:[- ]\w+){0,2} "
    r"(?:mean|define|say about|count)|covers?|in general|generally|usually|criteria for|target lesions?|how many|what counts|"
    r"(?:an?|for|of|any|all|multiple|several|about|which|most) (?:[\w-]+ ){0,4}(?:nodules|lesions|masses|patients|emboli|pe|disease)|"
    r"(?:an?|under|over|below|above) (?:incidental |solitary |small |stable )?(?:[\w-]+ ){0,3}(?:\d+(?:\.\d+)?[- ]?(?:mm|cm)|(?:solid|ground[- ]glass|part-solid|subsolid|perifissural) (?:nodule|lesion)))\b|"
    r"\bacr\b|\bcategory \d|lung[- ]?rads \d|\b4[abx]\b|(?:怎么|如何)(?:算|定义|规定|界定|分类|分级)|算不算|什么(?:意思|含义|叫|算)|查一?下|查找|检索|引用|出处|文献|定义|哪个指南|哪些指南|一般|通常|指南(?:怎么|如何)?(?:规定|定义)|什么是|标准|靶病灶|"
    r"(?:结节|肿块)\s*\d+(?:\.\d+)?\s*(?:mm|毫米|cm|厘米)|哪些人|适用于|不适用|\d+(?:\.\d+)?\s*(?:mm|毫米|cm|厘米)(?:的)?(?:实性|磨玻璃|部分实性|亚实性)?(?:结节|肿块)|4a|分类(?!是?(?:多少|几|什么)?\W*$)", re.ASCII
)
_THIS = re.compile(
    r"\b(?:it|this|that|these|lesion \d+|nodule \d+|(?:first|second|third|bigger|biggest|larger|largest|other|last) (?:one|lesion|nodule)|this patient|the patient|he|she|her|him|here)\b|"
    r"这(?:个|枚|处)?|该|它|病灶\s*\d|[一二三四五六七八九\d]号|第[一二三四五六\d]+(?:个|枚)|患者|病人", re.ASCII
)
_APPLY = re.compile(r"\b(?:apply|assess|evaluate|work out|run) (?:the )?(?:fleischner|lung[- ]?rads|recist|bts|criteria|guideline|it|this|lesion|nodule|category)|评估|套用|[代带填套]入[^,。]{0,6}(?:brock|mayo)|按\s*(?:照)?(?:fleischner|指南|弗莱施纳)", re.ASCII)


def which_table(clause: str) -> bool:
    """Return whether a clause asks which guideline is this case's.

    >>> which_table("then which system applies?"), which_table("which guideline covers adrenal nodules")
    (True, False)
    """
    return _WHICH_TABLE.search(clause) is not None


def about_advice(clause: str) -> bool:
    """Return whether a clause asks what a guideline advises or says."""
    return _ABOUT_ADVICE.search(clause) is not None


def is_general(clause: str) -> bool:
    """Return whether a question about advice is about guidelines at large, not about a lesion of this case."""
    return _GENERAL.search(clause) is not None and _THIS.search(clause) is None


def applies(clause: str) -> bool:
    """Return whether a clause asks for a table to be applied, whatever is in the case."""
    return _APPLY.search(clause) is not None
