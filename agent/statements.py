"""What the reader states about the patient or a lesion, read from one message in English or Chinese.

Deterministic and careful: a question, a request, a hypothesis or a quotation states nothing, and what is not clear is
not taken. Knows nothing of a case: which fields were asked for and which lesion is meant are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_MAX_READ = 20_000
"""Characters of a message that are read; more than anybody types."""
_MAX_WORDS = 200
"""Longest quotation of the reader's own words that is kept."""
_MAX_AGE, _MAX_PACK_YEARS, _MAX_PRIOR_MM = 120.0, 300.0, 500.0


@dataclass(frozen=True)
class Statement:
    """One fact the reader stated.

    Attributes:
        field: ``setting age sex smoking pack_years risk known_cancer cancer_text immunosuppressed nodule_type lobe
            modality body_part count prior_size perifissural family_history emphysema fibrosis asbestos``.
        value: text, number or truth; lengths in mm.
        words: the reader's own words.
        unit: UCUM code where the value is a number.
        lesion: the lesion's number where it is about one.
    """

    field: str
    value: str | float | bool
    words: str
    unit: str = ""
    lesion: int | None = None


_EDGES = " \t\r.!?。;-*•()\n"
_MEMBER_WORDS = 5
"""Words of one member of a list; more is a clause of its own."""


@dataclass(frozen=True)
class _Clause:
    text: str
    """Lower case, full-width signs made plain."""
    words: str
    lesion: int | None


_WIDE = {c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x2019: 0x27, 0x2018: 0x27, 0x2010: 0x2D,
                                                         0x2011: 0x2D, 0x2013: 0x2D}  # fmt: skip
_SENTENCE = re.compile(r"[^.!?。\n;]*(?:\.(?=\d|\w\.)[^.!?。\n;]*|\.(?=[a-z]/)[^.!?。\n;]*)*[.!?。\n;]?")
_CLAUSE = re.compile(r"(?:[^,、]|,(?=\d{3}\b))+")
_QUOTED = re.compile(r"[\"“”「『][^\"“”」』]*[\"“”」』]")
_TAG = re.compile(r"[,\s]*(?:right|correct|is(?:n't| it not)|yes|ok(?:ay)?|对吧|对吗|是吧|是不是|没错吧)\s*\?\s*$")
_ASKS = re.compile(
    r"^(?:and |or |but |so |then |please |also |ok(?:ay)?,? )*"
    r"(?:(?:what|which|how|when|where|who|why|whose|(?:does|do|did)(?! not\b)|can|could|should|would|will|may|might|shall|if|"
    r"suppose|assuming|imagine|in case|unless|whether|say|for an?|in an?)\b"
    r"|(?:is|are|was|were) (?:it|she|he|they|there|the|this|that|these|those|an?|any|my|his|her|we|you|i|lesions?|nodules?|"
    r"patients?|pt)\b|(?:has|have|had) (?:it|she|he|they|there|the|this|that|these|any|my|his|her|we|you|i|patients?|pt)\b)"
    r"|吗|呢|是否|有没有|有无|怎么|怎样|如何|什么|多大|多少|哪|几个?月|如果|假如|假设|要是|若是?|会不会|能不能|可否|是不是"
)
_ORDERS = re.compile(
    r"^(?:and |then |please |now |can you |could you |also |just |let'?s |ok(?:ay)?,? |so )*"
    r"(?:find|search|look|show|segment|outline|contour|delineate|measure|re-?\w+e|classify|rate|compare|assess|apply|"
    r"tell|give|get|cite|quote|write|draft|generate|make|create|export|send|save|screen|check|rule|exclude|explain|"
    r"report|summari[sz]e|go|zoom|switch|display|list|recall|use|run|add (?!that|:)|put|change|update|highlight|mark|"
    r"need|want|i need|i want|i'd like|we need)\b"
    r"|^(?:请|帮我?|再|然后|并|先|把|给我?|麻烦)*(?:分割|勾画|测|量|查|找|搜|写|出|生成|导出|发|显示|看|比较|对比|评估|分类|"
    r"告诉|列出|总结|更新|重新|检索|引用|打开|切换|按照?|根据)"
)
_RULES = re.compile(r"\b(?:guidelines?|criteria|fleischner|lung-?rads|recist|bts|according to|textbook)\b|指南|标准", re.ASCII)
"""What speaks of a rule speaks of no patient."""
_THEN_STATES = re.compile(r"\band (?=(?:she|he|(?:the )?patient|pt|this is|it is|it's)\b)")
_UNSURE = (
    r"suspect|suspicio|possib|probab|likely|maybe|perhaps|might|could|rule|r/o|exclude|concern|worr|query|screen|"
    r"risk of|risk for|cancer risk|fear|unsure|unknown|not sure|don't know|do not know|unclear|differential|\bvs\b|"
    r"怀疑|可疑|可能|疑似|排除|考虑|担心|筛查|风险|不清楚|不确定|不知道|待查|待排|鉴别"
)
_KIN = (
    r"family|mother|father|mom|mum|dad|sister|brother|aunt|uncle|grand|parent|relative|sibling|cousin|wife|husband|"
    r"\bson\b|daughter|家族|父|母|爸|妈|兄|弟|姐|妹|爷|奶奶|外公|外婆|姑|舅|叔|亲属|丈夫|妻子|儿子|女儿"
)
_OTHERS = (
    r"mother|father|mom|mum|dad|sister|brother|aunt|uncle|grand\w+|parents?|relative|sibling|cousin|wife|husband|\bson\b|"
    r"daughter|母|父|爸|妈|兄|弟|姐|妹|爷|奶奶|外公|外婆|姑|舅|叔|亲属|丈夫|妻子|儿子|女儿"
)
"""People other than the patient: what follows is said of them."""
_CANCER = (
    r"(?:cancers?|carcinomas?|adenocarcinomas?|malignanc(?:y|ies)|lymphomas?|leuk(?:a)?emia|melanomas?|sarcomas?|"
    r"myeloma|metasta\w+|\bmets\b|malignant (?:neoplasm|tumou?r|disease)|oncolog\w+ history|onc history|"
    r"\b(?:nsclc|sclc|rcc|hcc|crc)\b)"
)
_CANCER_ZH = r"(?:癌|恶性肿瘤|肿瘤|淋巴瘤|白血病|黑色素瘤|肉瘤|骨髓瘤)"
_NO_CANCER = re.compile(
    rf"\b(?:no|without|denies|negative for|never had|nil|not any|hasn't had|has not had|has no|had no|zero)\b"
    rf"(?: (?:any|a|an|known|prior|previous|personal|past|other|primary|active|history of|hx of|h/o|history|of))*"
    rf" {_CANCER}"
    rf"|\b(?:cancer|malignancy|oncologic)(?: history)?(?: is)?\s*(?::|=|-)?\s*(?:none|negative|no|nil)\b|^(?:not )?(?:a )?no cancers?\b"
    rf"|(?:无|没有|否认|没得过|未患过?|从未得过|没患过)(?:任何|已知|明确|既往|原发|的|其他|有)*"
    rf"(?:恶性肿瘤|肿瘤|癌症|癌)(?:疾?病史|史|病)?$"
)
_HAD_CANCER = re.compile(
    rf"(?:\b(?:had|has|have|with|history of|hx of|h/o|hx|known|prior|previous|prev|past|s/p|status post|treated for|"
    rf"treatment for|diagnosed with|remission from|resected|operated for|pmhx?|suffers from|developed|after|post|for)\b"
    rf"[^.]{{0,60}}?{_CANCER}|{_CANCER}[^.]{{0,20}}\b(?:patient|survivor|history|in (?:19|20)\d\d|(?:19|20)\d\d|"
    rf"\d+ years? ago|resect|treated|diagnosed)|^(?:an? |yes |yeah )?[a-z]+ (?:cancer|carcinoma|ca)$|^{_CANCER}$)"
)
_HAD_CANCER_ZH = re.compile(
    rf"(?:有|曾患|患有|患过|得过|既往|确诊|诊断|因|已知|(?:19|20)\d\d年|年前)[^,。]{{0,16}}{_CANCER_ZH}"
    rf"|{_CANCER_ZH}[^,。]{{0,4}}(?:病史|史|术后|切除|治疗|患者|病人|化疗|放疗|幸存)|^[乳肺肝胃肾肠结直前列腺甲状胰宫颈食管膀胱卵巢]+癌$"
)
_NO = r"\b(?:no|not|neither|without|denies|never|nor|non|isn't|is not|wasn't|negative for)\b|无|没有|否认|非|不|未"
_LISTED_NO = re.compile(r"^(?:(no|denies|without|negative for)\b|(无|没有|否认|未见?|未患))")
"""A negation at the head of a list: "no cancer, emphysema or fibrosis", "无肿瘤、免疫抑制"."""
_OWN_WORD = re.compile(r"^(?:and |but |或者?)*(?:no|not|never|denies|without|has|had|have|is|was|on|with|known|she|he|it|\d)\b|^\W*\d|^(?:无|没|否认|不|未|有|是|曾|已|患)")
_LOBES = {
    "right upper lobe": r"\brul\b|right upper lobe|右肺?上叶|右上肺叶?",
    "right middle lobe": r"\brml\b|(?:right )?middle lobe|右肺?中叶|右中肺叶?",
    "right lower lobe": r"\brll\b|right lower lobe|右肺?下叶|右下肺叶?",
    "left upper lobe": r"\blul\b|left upper lobe|左肺?上叶|左上肺叶?",
    "left lower lobe": r"\blll\b|left lower lobe|左肺?下叶|左下肺叶?",
    "lingula": r"\blingula\b|舌段|舌叶",
}
_MODALITIES = {"CT": r"\bct\b", "MR": r"\bmri?\b|磁共振|核磁", "DX": r"x-?ray|radiograph|chest film|平片|胸片|x线|x光",
               "PT": r"\bpet\b", "US": r"ultrasound|超声"}  # fmt: skip
_BODY = {"CHEST": r"chest|thora|lungs?\b|胸", "ABDOMEN": r"abdom|liver|腹", "HEAD": r"head|brain|头|颅|脑",
         "PELVIS": r"pelvi|盆", "NECK": r"\bneck\b|颈"}  # fmt: skip
_THIS_IS = re.compile(r"\b(?:this|it|image|scan|file|volume)(?:'s| is| was| are)\s+(?:an? |the |from )?|这(?:是|个是|张是)|这份是")
# Field, value, what says so. Each pattern is read inside one clause; the first that fits a field wins.
_PLAIN: tuple[tuple[str, str | bool, str], ...] = (
    ("setting", "screening", r"screening|筛查"),
    ("setting", "incidental", r"incidental|by chance|偶然|偶发|意外发现|无意中"),
    ("setting", "oncology", r"\boncolog(?:y|ic)(?! history)|\b(?:re)?staging\b|cancer follow|肿瘤(?:患者)?(?:随访|复查)|分期"),
    ("setting", "follow-up", r"follow[- ]?up (?:(?:ct|scan|study|exam)(?! (?:in|at|after) \d)|of (?:a |the )?known)|surveillance|known nodule|"
                             r"已知结节|结节(?:的)?(?:随访|复查)|^(?:at |on )?follow[- ]?up$|^(?:结节)?(?:随访|复查)$"),
    ("sex", "female", r"\b(?:woman|female|lady|girl)\b|\b\d{2,3}(?: ?yo? ?)?f\b(?!\s*(?:follow|ct\b|scan|interval))|\bf ?\d{2}\b|女(?!儿)"),
    ("sex", "male", r"\b(?:man|male|gentleman|boy)\b|\b\d{2,3}(?: ?yo? ?)?m\b(?!\s*(?:follow|ct\b|scan|interval|later|ago|prior))|\bm ?\d{2}\b|男"),
    ("smoking", "never", r"never[- ]?(?:a )?smok|non-?smok|no (?:history of )?smoking|never smoked|no tobacco|has never smoked|"
                         r"从不(?:吸|抽)烟|从未(?:吸|抽)烟|不(?:吸|抽)烟|无(?:吸|抽)烟史?|没有(?:吸|抽)(?:过)?烟|没(?:吸|抽)过烟|否认吸烟"),
    ("smoking", "former", r"\b(?:ex|former|previous|past|prior)[- ]?smok|\bquit\b|stopped smoking|no longer smok|used to smoke|gave up smoking|"
                          r"戒烟|曾(?:经)?(?:吸|抽)烟|既往(?:吸|抽)烟|以前(?:吸|抽)烟"),
    ("smoking", "current", r"(?:current|active|heavy|still|ongoing|chain|daily)[- ](?:a )?smok|\bsmokes\b|\bsmoker\b|"
                           r"(?:目前|现在|仍|还在|正在|长期)(?:吸|抽)烟|(?:吸|抽)烟者|烟民"),
    ("risk", "high", r"high[- ]risk(?! (?:nodule|lesion|feature|finding|plaque))|risk(?: is|:|=)? ?high|高危|高风险|风险(?:较)?高"),
    ("risk", "low", r"low[- ]risk(?! (?:nodule|lesion|feature|finding))|risk(?: is|:|=)? ?low|低危|低风险|风险(?:较)?低"),
    ("nodule_type", "part-solid", r"part(?:ly|ial|ially)?[- ]?solid|semi-?solid|mixed ground[- ]?glass|部分实性|混合(?:性|密度)?磨玻璃"),
    ("nodule_type", "ground-glass", r"ground[- ]?glass|\bggo\b|\bggn\b|non-?solid|磨玻璃|毛玻璃"),
    ("nodule_type", "solid", r"(?<!sub)(?<!sub-)\bsolid\b(?! (?:component|part|portion|core))|(?<!亚)(?<!部分)(?<!非)实性(?!成分|部分)"),
    ("count", "multiple", r"multiple(?! (?:myeloma|sclerosis|times|slices|scans))|several nodules|many nodules|more than one|(?:two|three|four|five) nodules|多发(?!性?骨髓瘤)|多个(?!月|小时)|好几个"),
    ("count", "single", r"\b(?:single|solitary)\b(?! (?:slice|window|scan|ct|pack|dose|lung|image|view|phase))|only one|just one|one nodule|only nodule|单发|单个|只有一个|仅一个|孤立"),
    ("perifissural", True, r"perifissural|intrapulmonary lymph node|叶间裂旁|肺内淋巴结"),
    ("emphysema", True, r"emphysema|肺气肿"),
    ("fibrosis", True, r"pulmonary fibrosis|lung fibrosis|\bipf\b|肺纤维化"),
    ("asbestos", True, r"asbestos|石棉"),
)  # fmt: skip
_NEGATABLE = {"perifissural", "emphysema", "fibrosis", "asbestos"}
_OF_PATIENT = {"sex", "smoking", "risk", "emphysema", "fibrosis", "asbestos"}
_REACH = 80
"""Characters before a word in which a negation can still govern it."""
_OF_LESION = {"nodule_type", "perifissural", "lobe", "prior_size"}
_COMPETENT = re.compile(
    r"immuno-?competent|immune[- ]competent|not? (?:\w+ )?immuno-?(?:suppress|compromis)|immun\w* (?:system |status )?"
    r"(?:is )?(?:fine|normal|intact|ok)|免疫(?:功能|系统|状态)?(?:正常|健全|良好)|(?:无|没有|非|不是?|未)(?:使用)?免疫(?:抑制|低下|缺陷|受损)"
)
_SUPPRESSED = re.compile(
    r"immuno-?suppress|immuno-?compromis|immuno-?deficien|\b(?:on|receiving|undergoing|getting|under) (?:\w+ )?"
    r"(?:chemo\w*|immunosuppress\w*|methotrexate|tacrolimus|ciclosporin|cyclosporine|high-dose steroids|mycophenolate)|"
    r"transplant (?:recipient|patient)|\w+ transplant\b|hiv(?: |-)?(?:positive|\+)|\baids\b|"
    r"免疫抑制|免疫(?:功能)?(?:低下|缺陷|受损)|(?:正在|接受|目前)[^,。]{0,4}化疗|化疗中|移植(?:后|术后|患者)|hiv阳性|艾滋"
)
_AGE = re.compile(
    r"(?<![\d.])(\d{1,3})(?: ?-? ?(?:years?|yrs?|y)(?:[- ]?old|[ /.]?o\b)|[- ]?y\.? ?/?o\.?\b|yo\b|(?:f|m)\b(?!\s*(?:follow|ct\b|scan|interval|later|ago|prior))| years of age| 岁|岁|周岁)"
    r"|(?:\b(?:aged?|age:|age is|age of)|年龄(?:是|为)?)\s*:?\s*(\d{1,3})\b(?! ?(?:mm|cm|%))"
    r"|\b(?:she|he|patient|pt)(?:'s| is| was)(?: now| about| actually| only)?\s+(\d{1,3})$"
    r"|\b(?:f|m) ?(\d{2})$",
    re.ASCII,
)
_BARE_AGE = re.compile(r"^(?:she is |he is |it's |its |是|她|他|大约|约)?(\d{1,3})(?: ?(?:years?|yrs?|岁))?$")
_PACK_YEARS = re.compile(r"(?<![\d.])(\d{1,4}(?:\.\d+)?)[- ]?(?:pack[- ]?(?:years?|yrs?)|pk-?yrs?|p-?y\b|包[·/ ]?年)")
_PACKS = re.compile(
    r"(?:(?<![\d.])(\d{1,2}(?:\.\d{1,2})?|\ba|\bone|\btwo|\bhalf a)\s*packs?\s*(?:a|per|/)\s*day|(?:每天|每日|一天)\s*(\d{1,2}(?:\.\d{1,2})?|一|两|二|半)\s*包)"
    r"\D{0,12}?(\d{1,2})\s*(?:years?|yrs?|年)"
)
_PACK_WORDS = {"a": 1.0, "one": 1.0, "two": 2.0, "half a": 0.5, "一": 1.0, "两": 2.0, "二": 2.0, "半": 0.5}
_SIZE = re.compile(r"(?<![\d.])(\d{1,4}(?:\.\d{1,4})?)\s*-?(mm|cm|millimet\w+|centimet\w+|毫米|厘米)")
_BEFORE = re.compile(
    r"(?:outside|prior|previous|old|earlier|last|referring|external)\b(?:[^.]|\.\d){0,25}(?:report|ct|scan|study|exam|film|imaging|hospital)|"
    r"\b(?:was|measured|used to be|were)\b(?:[^.]|\.\d){0,40}(?:ago|last (?:year|month|time)|in (?:19|20)\d\d|previously|before)|"
    r"(?:外院|以前|之前|上次|去年|前年|原来|既往|当时|\d{1,3} ?(?:年|个?月)前|[一两二三四五六]年前|半年前)"
)
_YES = re.compile(r"^(?:yes|yeah|yep|yup|correct|right|true|affirmative|是的?|有的?|对的?|嗯)$")
_NAY = re.compile(r"^(?:no|nope|none|nah|negative|not|never|false|否|没有?|无|没|不是|不)$")
_NEITHER = re.compile(r"^(?:no to (?:both|all|either)|neither|none of (?:them|those|these|the above)|both no|都没有|均无|都无|都不是)$")
_TRUTHS = {"known_cancer", "immunosuppressed", "perifissural"}
_LESION_NAMED = re.compile(
    r"(?:lesion|nodule|mass|no\.?|number|病灶|结节|肿块)\s*#?(\d{1,2})(?! ?(?:mm|cm|毫米|厘米|\.\d))\b|#(\d{1,2})\b|"
    r"(?<![\d.])(\d{1,2})号(?:病灶|结节)",
    re.ASCII,
)


def read_statements(text: str, *, asked: Sequence[str] = (), lesion: int | None = None) -> list[Statement]:
    """Return what a message states, in the order of its words; of two on one field the later one.

    Args:
        text: what the reader typed.
        asked: names of the inputs last asked for; a bare "no" or "58" is only an answer to one of these.
        lesion: the lesion in focus, which "it" means.
    """
    found: dict[tuple[str, int | None], Statement] = {}
    clauses = list(_clauses(text, lesion))
    for clause in clauses:
        for statement in _read(clause, asked):
            found.pop((statement.field, statement.lesion), None)
            found[statement.field, statement.lesion] = statement
    if not any(s.field == "age" for s in found.values()) and ("age" in asked or found):
        for clause in clauses:
            age = _BARE_AGE.match(clause.text)
            if age and 0 <= float(age[1]) <= _MAX_AGE and (len(clauses) > 1 or "age" in asked):
                found["age", None] = Statement("age", float(age[1]), clause.words, "a")
                break
    return list(found.values())


def _clauses(text: str, lesion: int | None) -> Iterator[_Clause]:
    """Yield the clauses that state something: no question, request, hypothesis or quotation."""
    raw = text[:_MAX_READ]
    plain = raw.translate(_WIDE).lower()
    if len(plain) != len(raw):  # a rare capital grows when lowered; then positions would not match
        raw = plain
    plain = _QUOTED.sub(lambda m: " " * len(m[0]), plain)
    for sentence in _SENTENCE.finditer(plain):
        body = sentence[0]
        tag = _TAG.search(body)
        parts = [(m.start(), m[0]) for m in _CLAUSE.finditer(body[: tag.start()] if tag else body)]
        asking = body.rstrip().endswith("?") and not tag
        if asking and parts and _ASKS.search(parts[0][1].strip()):
            continue
        denial = ""
        for number, (start, part) in enumerate(parts):
            last = number == len(parts) - 1
            start, part = _past_label(start, part)
            trimmed = part.strip(_EDGES)
            listed = _LISTED_NO.match(trimmed)
            if listed:
                denial = next(g for g in listed.groups() if g)
            elif denial and not _carries(denial, [p for _, p in parts[number:]], body[start - 1 : start]):
                denial = ""
            if not trimmed or (asking and last) or _no_statement(trimmed):
                continue
            at = sentence.start() + start
            words = raw[at : at + len(part)].strip(_EDGES + "\uff01\uff1f\uff1b")[:_MAX_WORDS]
            named = _LESION_NAMED.search(trimmed)
            which = int(next(g for g in named.groups() if g)) if named else lesion
            if denial and not listed:
                trimmed = f"{denial} {trimmed}" if denial.isascii() else f"{denial}{trimmed}"
            for joined in _and_split(trimmed, words):
                yield _Clause(joined[0], joined[1], which)


def _no_statement(text: str) -> bool:
    """Return whether a clause asks, orders, or speaks of a rule."""
    return any(pattern.search(text) is not None for pattern in (_ASKS, _ORDERS, _RULES))


def _past_label(start: int, part: str) -> tuple[int, str]:
    """Return a clause and its place without what orders before it: "Note: 62-year-old", "measure it and she is 62"."""
    for cut in (":", _THEN_STATES):
        if isinstance(cut, str):
            label, found, rest = part.partition(cut)
            length = len(label) + len(found)
        else:
            joined = cut.search(part)
            label, length = (part[: joined.start()], joined.end()) if joined else (part, len(part))
            rest = part[length:]
        if rest.strip() and _no_statement(label.strip(_EDGES)):
            start, part = start + length, rest
    return start, part


def _carries(denial: str, rest: Sequence[str], joint: str) -> bool:
    """Return whether a negation at the head of a list still reaches its next member, ``rest[0]``."""
    member = rest[0].strip(_EDGES)
    if _OWN_WORD.match(member) or len(member.split()) > _MEMBER_WORDS:
        return False
    if not denial.isascii():
        return joint == "、"
    return any(re.search(r"\bn?or\b", part) for part in rest)


def _and_split(text: str, words: str) -> Iterator[tuple[str, str]]:
    """Split at "and"/"but", so that a "no" reaches only its own half."""
    if len(text) != len(words) or re.search(_OTHERS, text):  # "his father smoked and died at 75" is all about one
        yield text, words
        return
    start = 0
    for found in re.finditer(r"\s+(?:and|but)\s+|[但且](?=无|没|有|不|免疫)", text):
        if found.start() > start:
            yield text[start : found.start()], words[start : found.start()]
        start = found.end()
    yield text[start:], words[start:]


def _read(clause: _Clause, asked: Sequence[str]) -> Iterator[Statement]:
    """Yield every statement of one clause."""
    text, words = clause.text, clause.words
    yield from _answers(text, words, asked, clause.lesion)
    seen: set[str] = set()
    for name, value, pattern in _PLAIN:
        hit = re.search(pattern, text, re.ASCII)
        if not hit or name in seen or (name in _OF_PATIENT and _of_another(text, hit.start())):
            continue
        denied = _denied(text, hit.start())
        unsure = re.search(_UNSURE, text) is not None and name != "setting" and name != "risk"
        if name == "setting" and value == "screening" and re.search(r"screening (?:guideline|criteria|age)|指南", text):
            continue
        if unsure or (denied and name not in _NEGATABLE):
            continue
        seen.add(name)
        which = clause.lesion if name in _OF_LESION else None
        yield Statement(name, not denied if name in _NEGATABLE else value, words, lesion=which)
    yield from _cancer(text, words)
    yield from _immunity(text, words)
    yield from _numbers(text, words, clause.lesion)
    yield from _places(text, words, clause.lesion)


def _denied(text: str, at: int) -> bool:
    """Return whether a negation reaches what stands at a place: right before it, or through "or"."""
    before = text[:at]
    return re.search(
        rf"(?:{_NO})(?:[^,]{{0,10}}|[^,]*\bn?or\s+(?:[\w-]+\s+){{0,2}}|[^,但有]*[或和及与、][^,]{{0,4}})$", before[-_REACH:]
    ) is not None  # fmt: skip


def _of_another(text: str, at: int) -> bool:
    """Return whether somebody else was named before a place."""
    return re.search(_OTHERS, text[:at]) is not None


def _immunity(text: str, words: str) -> Iterator[Statement]:
    hit = _SUPPRESSED.search(text)
    if re.search(_UNSURE, text) or (hit and _of_another(text, hit.start())):
        return
    if _COMPETENT.search(text):
        yield Statement("immunosuppressed", False, words)
    elif hit and not _denied(text, hit.start()):
        yield Statement("immunosuppressed", True, words)
    elif hit and re.match(r"immuno|免疫", hit[0]):  # "not on chemotherapy" says nothing of immunity, this does
        yield Statement("immunosuppressed", False, words)


def _cancer(text: str, words: str) -> Iterator[Statement]:
    kin = re.search(_KIN, text)
    cancer = re.search(rf"{_CANCER}|{_CANCER_ZH}", text)
    if kin and (cancer or "family history" in text or "家族史" in text):
        denied = re.search(_NO, text[: kin.start()]) is not None
        yield Statement("family_history", not denied, words)
        return
    if not cancer or re.search(_UNSURE, text):
        return
    if _NO_CANCER.search(text):
        yield Statement("known_cancer", False, words)
        return
    if re.search(_NO, text[: cancer.start()]) or re.search(r"recurren|free|良性|benign", text):
        return
    if _HAD_CANCER.search(text) or _HAD_CANCER_ZH.search(text):
        yield Statement("known_cancer", True, words)
        yield Statement("cancer_text", words, words)


def _numbers(text: str, words: str, lesion: int | None) -> Iterator[Statement]:
    for found in _AGE.finditer(text):
        age = float(next(g for g in found.groups() if g))
        another = re.search(r"(?:\bnot|不是)\s*$", text[: found.start()]) or _of_another(text, found.start())
        if 0 <= age <= _MAX_AGE and not another:
            yield Statement("age", age, words, "a")
            break
    years = None
    if found_years := _PACK_YEARS.search(text):
        years = float(found_years[1])
    elif found_packs := _PACKS.search(text):
        packs = found_packs[1] or found_packs[2]
        years = (_PACK_WORDS.get(packs) or float(packs)) * float(found_packs[3])
    if years is not None and years <= _MAX_PACK_YEARS and not re.search(_OTHERS, text):
        yield Statement("pack_years", years, words, "{pack-years}")
    size = _SIZE.search(text)
    if size and _BEFORE.search(text):
        value = float(size[1]) * (10.0 if size[2][0] in "c厘" else 1.0)
        if 0 < value <= _MAX_PRIOR_MM:
            yield Statement("prior_size", round(value, 3), words, "mm", lesion)


def _places(text: str, words: str, lesion: int | None) -> Iterator[Statement]:
    named = [name for name, pattern in _LOBES.items() if re.search(pattern, text, re.ASCII)]
    if len(named) == 1 and not re.search(rf"{_NO}|{_UNSURE}", text):
        yield Statement("lobe", named[0], words, lesion=lesion)
    if _THIS_IS.search(text) and not re.search(_NO, text):
        kind = next((name for name, pattern in _MODALITIES.items() if re.search(pattern, text, re.ASCII)), None)
        if kind is not None:
            yield Statement("modality", kind, words)
            part = next((name for name, pattern in _BODY.items() if re.search(pattern, text, re.ASCII)), None)
            if part is not None:
                yield Statement("body_part", part, words)


def _answers(text: str, words: str, asked: Sequence[str], lesion: int | None) -> Iterator[Statement]:
    """Yield what a bare word says when one thing was asked, or "neither" when several were."""
    truths = [name for name in asked if name in _TRUTHS]
    if len(asked) == 1 and truths and (_YES.match(text) or _NAY.match(text)):
        yield Statement(truths[0], bool(_YES.match(text)), words)
    elif _NEITHER.match(text):
        yield from (Statement(name, False, words) for name in truths)
    elif "risk" in asked and (level := re.match(r"^(?:it's |is )?(low|high|低|高)(?:危|风险)?$", text)):
        yield Statement("risk", "high" if level[1] in ("high", "高") else "low", words)
    elif "count" in asked and re.match(r"^(?:just |only )?(?:one|1|一个|1个)$", text):
        yield Statement("count", "single", words)
