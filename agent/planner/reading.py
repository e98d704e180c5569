"""One message made plain: capped, full-width signs folded, language told, split into clauses that each ask one thing.

Knows no function and no case.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Language = Literal["en", "zh"]

MAX_READ = 4000
"""Characters of a message that are planned from; more is a pasted document, not a request."""
MAX_CLAUSES = 12

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_QUOTE = re.compile(r"[\"“”「」『』](.{1,300}?)[\"“”「」『』]")

_TRADITIONAL = str.maketrans(
    "這個顆邊較變測對請檢結節顯視圖報導幫間隨訪標記開與們還沒麼時來進過後發現兩號層樣麗體積長徑徑厘總點擊選擇轉換縱軸窗矢狀冠狀雙側葉處輪廓"
    "擴張縮緊鬆勾畫範圍閾值評級險惡療癌腫瘤術緣鈣實質淺殘從見說話語寫給傳輸據應該動態觀察議規準類歲煙菸齡術書縮細預約會診斷簡單關於認識誰麼嗎調齊",
    "这个颗边较变测对请检结节显视图报导帮间随访标记开与们还没么时来进过后发现两号层样丽体积长径径厘总点击选择转换纵轴窗矢状冠状双侧叶处轮廓"
    "扩张缩紧松勾画范围阈值评级险恶疗癌肿瘤术缘钙实质浅残从见说话语写给传输据应该动态观察议规准类岁烟烟龄术书缩细预约会诊断简单关于认识谁么吗调齐",
)
"""Traditional characters of what is asked here, as simplified ones: the vocabulary is kept in one script."""

_FILLER = (
    r"(?:(?:and|then|also|please|pls|now|next|finally|afterwards?|after that|so|but|just|ok(?:ay)?|well|can you|"
    r"could you|would you|will you|can we|could we|i want you to|i'd like you to|i would like you to|go ahead and|"
    r"let'?s|kindly|maybe|first|thanks|great|good)[\s,]+)*"
)
_ASK_EN = (
    r"(?:what(?:'s)?|which|how|when|where|why|who|is|are|does|do|did|should|any(?:thing|one|more)?|guidance|guidelines?|advice|recommendations?|re-?\w+|find|search|scan|detect|locate|"
    r"segment|outline|contour|delineate|trace|draw|mark|highlight|measure|size|quantify|calculate|compute|classify|"
    r"rate|score|grade|characteri[sz]e|compare|assess|apply|evaluate|tell|give|get|cite|quote|look|check|show|go|jump|"
    r"scroll|zoom|switch|display|open|write|draft|generate|create|compose|produce|prepare|report|dictate|summari[sz]e|"
    r"export|save|send|download|email|list|recall|remind|repeat|explain|use|set|make|put|add|update|shorten|analy[sz]e|"
    r"run|do|take|start|exclude|include|remove|change|tighten|loosen|shrink|grow|expand|follow[- ]?up|same)\b"
)
_ASK_ZH = (
    r"(?:请|帮我?|麻烦|再|重新?|先|把|给我?|用|按照?|根据|然后|并且?|最后|顺便)*"
    r"(?:分割|勾|描|圈|标|画|测|量|查|找|搜|检|写|出|生成|起草|导出|发|存|保存|显示|看|打开|切|跳|定位|转|对比|比较|评|分类|分析|"
    r"告诉|列|总结|多大|多少|多久|怎么|怎样|如何|哪|什么|有没有|是不是|是否|需要|更新|修改|改|指南|给出|做|计算|打分|收紧|放宽|扩大|缩小|报告)"
)
_BY_TABLE_ZH = r"(?:请|再|那|就)?(?:按照?|根据|依据?|用|套用)\s*(?:fleischner|弗莱施纳|lung-?rads|recist|bts|brock|mayo|指南)"
_STARTS = re.compile(rf"^{_FILLER}{_ASK_EN}|^{_ASK_ZH}|^{_BY_TABLE_ZH}")
_ASKS_ZH = re.compile(
    r"什么|多少|多大|多久|多长|多严重|几(?:年|个月|天|号|枚|类|级|分|期)|吗$|呢$|哪|怎么|怎样|如何|是否|有没有|要不要|能不能"
)
_CUT = re.compile(
    r"(?:(?<!\bno)(?<!\bnr)(?<!\bvs)(?<!\bdr)(?<!\best)[.!?;](?=\s|$)|[。!?;\n])\s*|,\s*(?!\d{3}\b)|\s+and\s+(?:then\s+)?|\s+then\s+|、|"
    r"(?:然后|接着|随后|之后(?=再)|再(?=量|测|分割|看|写|出|给|勾)|并且?(?=量|测|分|写|出|生成|给|告|评|勾)|"
    r"和(?=测量|分割|写报告|出报告))|(?:(?<=勾出来)|(?<=画出来)|(?<=圈出来)|(?<=找出来)|(?<=标出来)|(?<=描出来)|(?<=出来)(?=量|测)|(?<=分割完)|(?<=勾完)|(?<=画完)|(?<=[割画量测勾]好)|(?<=[割画量测勾])后|(?<=[割画量测勾]完)后?)(?=(?:再|就)?(?:测|量|分割|勾画|评|看看?|写报告|出报告))(?!后)|(?:(?<=分割)|(?<=测量)|(?<=勾画)|(?<=检测)|(?<=评分)|(?<=找结节))(?=(?:测量|分割|勾画|写报告|出报告|生成报告|评分)(?!值|结果|的|数据))"
)
_DROPPED = re.compile(
    r"\b(?:don'?t|do not|no need to|never mind|rather than|instead of)\s+(?!includ|forget|let\b|take (?:in|along))(?:[\w-]+)(?:\s+(?:it|that|again|anything|"
    r"(?:the|a|this) \w+|lesion \d+))?|\bwithout \w+ing(?: it| anything)?"
    r"|(?<!要)(?:不要|不用|无需|不必|先不|先别)(?:再)?(?:分割|测量|测|量|写报告|写|导出|勾画|分类|找|查)[^,。;、然但只]{0,6}"
)
_ORDERS = re.compile(rf"^{_FILLER}(?:find|segment|outline|contour|delineate|measure|classify|rate|mark|size)\b")
_RUN_ON = re.compile(
    r"\b(it|this|that|them|one|both|\d{1,2}) (?=(?:then )?(?:segment|outline|measure|classify|rate it|write|draft|export|report it|tell me|give me|compare (?:it|with|to))\b)"
)
"""Orders dictated without a stop between them: "segment it measure it and tell me the follow-up"."""
_BY_HAND = re.compile(
    r"\b(?:because |since |as |after )?i(?:'ve| have)? (?:just |already |only |now |since )*(?:adjusted|edited|corrected|redrew|redrawn|fixed|touched up|moved|changed|modified|cleaned up|tweaked|repainted) "
    r"(?:the |its |that |this |my )?(?:outline|contour|mask|borders?|boundary|edges?|segmentation)(?: (?:a moment ago|just now|by hand|manually|myself|a bit|slightly|earlier|already))*"
    r"|我(?:刚(?:才|刚)?|已经?)?(?:手动)?(?:改|修|调|动)(?:整|正)?(?:过|了)(?:一下)?(?:它的)?(?:轮廓|边界|勾画|掩膜)了?|(?:轮廓|边界|勾画|掩膜)(?:我)?(?:刚(?:才|刚)?|已经?)?(?:手动)?(?:改|修|调)(?:整|正)?(?:过|了)"
)
"""What the reader did to the outline by hand: told, not asked for."""
_FALSE_START = re.compile(
    r"(?:\bno,? wait\b|\bwait,? (?:no\b|i mean\b)|\boops\b|\bcorrection\b:?|\bsorry,? no\b|\bmake that (?=(?:lesion|nodule|number|the|no\.?)? ?)|\bi meant?\b|\bsorry,? (?:i meant? )?(?=lesion|nodule|the|number|no\.)|\bscratch that\b|\b(?:actually,? )?(?:no,? )?(?:skip|forget) that\b[.,]?|"
    r"\bactually,? (?:no|make (?:it|that))\b|\bno,? (?=(?:the |number |no\.? ?)?\d{1,2}\b(?!\s*(?:mm|cm|%)))|\bno,? not\b.*?,|(?:[哦噢啊呃额唉][,,]?\s*)?不对[,,]?|(?:[哦噢啊呃额唉]|等等|等下)[,,]?\s*不[是要]?[,,]|不是[^,。]{0,8}[,,]是|(?:说|打|写|弄)错了?[,,]?|应该是|(?:我)?(?:的意思|指的?|说的?)是|(?<=[,,])改成?(?=第|\d|[一二三四五六七八九十]号|病灶|结节|另))"
)


_SCRATCHED = re.compile(r"^.*\b(?:scratch|skip|forget) that(?: (?:one|bit))?\b[.,;!]?\s*|^.*(?:算了|刚才的不算|不对不对)[,。]\s*")
"""An order taken back before the next one: "look for nodules... no, skip that. Measure lesion 1"."""
_NOT_THAT = re.compile(r"\b(?:not|isn't|is not|wasn't) (?:the )?(?:(?:lesion|nodule|number|no\.?|#) ?\d{1,2}|(?:first|second|third|other|bigger|smaller|left|right) (?:one|lesion|nodule))\b,?|不是(?:第?[一二三四五六七八九\d]+(?:号|个)|病灶\s*\d+)(?:病灶|结节)?[,,]?")
"""What is said not to be meant."""


def plain(text: str) -> str:
    """Return the text capped, without control characters, full-width signs folded, in lower case, single-spaced.

    >>> plain("Measure　lesion ２,please!")
    'measure lesion 2,please!'
    """
    folded = unicodedata.normalize("NFKC", _CONTROL.sub(" ", text[:MAX_READ]))
    folded = folded.translate(_TRADITIONAL).replace("’", "'").replace("‘", "'").replace("–", "-").replace("。", "。")
    return " ".join(folded.lower().split())


def language_of(text: str) -> Language:
    """Return ``zh`` when the text holds a Chinese character, else ``en``."""
    return "zh" if _CHINESE.search(text[:MAX_READ]) else "en"


def quoted(text: str) -> list[str]:
    """Return what stands in quotation marks."""
    return _QUOTE.findall(text[:MAX_READ])


def clauses(text: str) -> list[str]:
    """Split plain text into clauses, each of which begins as a request or a question does.

    What asks nothing by itself stays with its neighbour; what is told not to be done is left out.
    """
    whole = _without_quotes(text)
    rest = _SCRATCHED.sub("", whole)
    whole = rest if re.search(r"\w{2}", rest) else whole
    if _ORDERS.match(whole):
        whole = _RUN_ON.sub(r"\1, ", whole)
    kept = _DROPPED.sub(" ", whole)
    told = _BY_HAND.sub(" ", kept)
    kept = told if re.search(r"\w{2}", told) else kept
    pieces: list[str] = []
    start = 0
    for cut in _CUT.finditer(kept):
        rest = kept[cut.end() :].lstrip()
        sentence_end = cut[0].strip()[:1] in tuple(".!?;。") and cut[0].strip() != ""
        if rest and (_STARTS.match(rest) or sentence_end):
            pieces.append(kept[start : cut.end() if sentence_end else cut.start()].strip(" ,、"))
            start = cut.end()
    pieces.append(kept[start:].strip(" ,、"))
    said = [p for p in pieces if re.search(r"\w", p)]
    stands = [p for p in said if after_correction(p).strip()]  # "lesion 1, no wait" is taken back
    return (stands or said)[:MAX_CLAUSES]


def asks(clause: str) -> bool:
    """Return whether a clause begins as a request or a question does."""
    return bool(_STARTS.match(clause) or _ASKS_ZH.search(clause)) or clause.rstrip().endswith("?")


def after_correction(clause: str) -> str:
    """Return what stands after "no, wait" and the like, or the whole clause."""
    found = list(_FALSE_START.finditer(clause))
    kept = clause[found[-1].end() :].strip(" ,") if found else clause
    return _NOT_THAT.sub("", kept)


def _without_quotes(text: str) -> str:
    return _QUOTE.sub(" ", text)
