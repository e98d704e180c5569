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

_REPORT = r"(?:reports?|impression|conclusions?|(?:summary )?letter|findings section|write-?up)"
_REPORT_ZH = r"(?:报告|结论|印象|诊断意见|小结)"
_EDIT = (
    r"(?:update|revise|edit|amend|shorten|lengthen|rewrite|rephrase|reword|correct|change|fix|trim|put|add|insert|include|"
    r"mention|remove|delete|drop|take out|leave out|append|note)"
)
_EDIT_ZH = r"(?:更新|修改|修订|改|重写|精简|缩短|短一点|补充|补上|补|加上|加入|加到|加进|写进|写入|写上|放进|删|去掉|注明)"
_SIZE = (
    r"(?:diameters?|sizes?|volumes?|dimensions?|(?:long|short|longest|shortest|major|minor)[- ]?(?:est)? ?(?:axis|axes|diameter)|"
    r"axes|area|attenuation|hounsfield|\bhu\b|density|sphericity|calipers?|measurements?|extent|recist diameter)"
)


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
    # Not work on the case
    _rule("talk.scope", r"股价|股市|彩票|\b(?:weather|recipe|joke|poem|football|stock|restaurant|traffic|president)\b|天气|笑话|股票|菜谱|红烧肉|餐馆|外卖|(?:早|午|晚)饭|吃什么(?!药)|电影|酒店|机票|彩票|\b(?:pizza|dinner|lunch|breakfast|movie|flight|hotel)\b"),
    _rule("talk.scope", r"\bprognosis\b|\bsurvival\b|how (?:long|much time) (?:will|does|do|has|have) (?:he|she|they|the patient|this patient|we|i) (?:still )?(?:got|have|live|left|survive)\b|how long (?:will|does|has) (?:he|she|the patient|this patient).*live|"
                        r"\b(?:what|which) (?:drug|dose|antibiotic|chemotherapy|medication|treatment should)|\bprescri\w+|"
                        r"\b(?:chemo\w*|radiotherapy|immunotherapy|surgery)\b(?!.*\b(?:history|previous|had|after)\b)|(?:他|她|病人|患者)[^,。]{0,3}还(?:有|能)(?:多少|多久|几)|\b(?:in)?operable\b|\bresectable\b|\b(?:can|should|could) (?:it|this|that|he|she|we) (?:be )?(?:operated?|resect\w*|removed|cut out)\b|\b(?:tnm|clinical|tumou?r) stag\w+|what stage\b|预后|能活多久|生存期|开什么药|用什么药|抗生素|(?:能|要|该|可以|需要?|建议)(?:不能|不要|不该|不可以)?(?:做)?(?:手术|切除|开刀)(?:吗|么|不|呢|治疗)?$|化疗|放疗|靶向药|手术方案|是几期|第几期|分期是"),
    _rule("talk.scope", r"\b(?:ignore|forget|disregard) (?:all |your |the |any |previous )+(?:instructions?|rules|prompt)|system prompt|"
                        r"忽略(?:之前|以上|所有)的?(?:指令|规则)|delete (?:all|every|the) (?:cases?|evidence|data)"),
    _rule("export", r"\b(?:export|save|send|output|share|files?|copy|report)\b.{0,40}\b(?:without|w/o|w/out|minus|no|strip\w*|remov\w*|leav\w* out|hid\w*|blank\w*)\b.{0,24}\b(?:names?|identi\w+|patient (?:info\w*|data|details)|personal (?:data|details))\b|\b(?:strip|remove|take out|hide|blank)\w*\b.{0,20}\b(?:names?|identi\w+|patient (?:info\w*|data|details))\b.{0,30}\b(?:export|save|send|share)\w*|"
                    r"(?:去掉|去除|删掉?|隐去|抹掉|不带|不含)[^,。]{0,4}(?:患者|病人|个人|身份)(?:的)?(?:信息|姓名|名字|身份|资料)(?:[^,。]{0,6}(?:导出|保存|发|存)|\W*$)|(?:导出|保存|发|存)[^,。]{0,10}(?:去掉|去除|隐去|抹掉|不带|不含|不要)[^,。]{0,4}(?:患者|病人|个人|身份|姓名|名字)"),
    _rule("talk.scope", r"(?:patient(?:'s|s)?|his|her) (?:full )?(?:name|id|birth ?date|date of birth|address|phone)\b|(?:患者|病人|他|她)(?:的)?[^,。]{0,4}(?:姓名|名字|叫什么|生日|电话|住址|身份证|住院号|手机)|(?:姓名|身份证号?|住院号|手机号)(?:是)?(?:多少|什么)"),
    _rule("talk.scope", r"\b(?:book|schedule|arrange|order|request|make) (?:her |him |them |me |us |the patient |an? |the )*(?:follow[- ]?up |next |new )?(?:appointment|slot|visit|clinic|referral|transport)s?\b|\b(?:call|phone|ring|text|refer) (?:her|him|the (?:patient|family|gp|ward|surgeon))\b|(?:预约|挂号|挂个?号|转诊|转院|开(?:检查)?单|打电话|通知(?:病人|患者|家属))"),
    _rule("talk.scope", r"\bgut (?:feeling|instinct|call)\b|\bbest guess\b|\boff the record\b|^(?:just |simply |please |so )*(?:a )?(?:yes or no|guess)\W*$|\bif you had to (?:guess|bet|choose)\b|凭(?:感觉|直觉|经验)|你(?:个人)?(?:觉得|认为)[^,。]{0,6}(?:癌|恶性|良性)|猜(?:一)?[下个猜]|^(?:就|直接)?(?:说|回答)?是(?:还是|或)(?:不是|否)"),
    _rule("talk.scope", r"\bwho(?:'s| is) (?:the|this|my|our) patient\b|(?:患者|病人)(?:是谁|姓什么|叫(?:啥|什么))"),
    _rule("talk.thanks", r"^(?:no|nope|nah|no,? thanks?(?: you)?|not now|否|不|不用|不必|不要|没有|算了|不用了|never ?mind|forget it)\W*$"),
    _rule("talk.doubling", r"doubling time|\bvdt\b|倍增时间"),
    _rule("talk.identity", r"\bwho (?:are|made|built|wrote|trained|developed|created) (?:you|this|the) ?(?:software|tool|program|app|assistant|system|thing)?\W*$|谁(?:开发|做|写|训练)的?(?:这个?)?(?:软件|系统|程序|工具)|(?:软件|系统|程序|工具)(?:是)?谁|\bare you (?:a|an|chatgpt|gpt)\b|你是谁|谁(?:开发|做|训练)了?的?你"),
    _rule("talk.capabilities", r"\bare you (?:allowed|able|supposed) to\b|\bwhat (?:kinds?|sorts?) of (?:things|questions)|\bwhat (?:can|could) you (?:do|help)|\bwhat (?:else )?are you able to|\bwhat(?:'s| is) possible\b|^how (?:do|can) i use (?:you|this)\b|怎么用(?:你|这个)|你有什么(?:本事|功能|用)|^(?:your |the |list (?:your |the |all )?|show (?:me )?(?:your |the |all )?|any )?(?:tools|functions|features|capabilities)\W*$|\b(?:what|which) (?:tools|models|functions|guidelines) "
                               r"(?:do you|are (?:there|installed|available))|^help\b|你(?:都)?(?:能|会|可以)(?:做|干|帮我做)?(?:些)?(?:什么|哪些)|有(?:哪些|什么)(?:工具|功能|模型)"),
    _rule("talk.capabilities", r"\b(?:what|which) (?:kinds? of |types? of |sorts? of |image |file |scan )*(?:file|image|format|scan|modalit\w+)(?:s| types?| formats?)? (?:can|do|could|are|does|may|will) (?:i|you|we|this|it|the \w+)?\s*(?:upload\w*|open|load|use|read|support\w*|accept\w*|take|handle|work)|(?:能|可以|支持)(?:上传|打开|读取?|导入|载入)?(?:什么|哪些|哪种)(?:文件|格式|图像|影像|类型)|支持(?:哪些|什么)"),
    _rule("talk.capabilities", r"\b(?:what|which|how many|list|any)\b.{0,24}\b(?:classifiers?|segmenters?|detectors?|finders?|networks?|algorithms?|models?|tools?)\b.{0,16}(?:\b(?:do you|have you|you (?:have|offer|know)|installed|available|are there|is there|ship\w*|come|on offer|at hand)\b)|^list (?:\w+ ){0,3}(?:classifiers|segmenters|detectors|finders|networks|algorithms|models|tools)\W*$|"
                               r"\bhow (?:do|can|should) (?:i|we|you) (?:upload|load|import|open|get in) (?:a |an |my |the |another |new )*(?:scans?|ct|cts|studies|study|series|dicoms?|images?|files?|pictures?)\b|(?:有|装了|带了?|能用)(?:哪些|什么|几个|几种|多少个?)[^,。]{0,8}(?:分类器|分割器|检测器|模型|算法|网络|工具)|(?:哪些|几个|几种)[^,。]{0,6}(?:分类器|分割器|检测器|模型|算法|网络|工具)(?:可用|能用|可以用)|(?:怎么|怎样|如何|在哪里?)(?:上传|导入|载入|加载|打开)(?:一个|新的?|我的)?(?:片子?|影像|图像|文件|ct|检查|dicom|扫描)"),
    _rule("talk.confidence", r"\b(?:what|which|how)\b.{0,24}\b(?:dice|sensitivity|specificity|auc|froc)\b|\b(?:validated|trained|tested|evaluated) on\b.{0,12}(?:\?|$)|(?:什么|哪些|哪个)(?:数据|数据集|病例)?(?:上|里|集)?(?:上)?(?:训练|测试|测|验证|评估)(?:的|过)|dice[^,。]{0,4}(?:是|有)?(?:多少|几)|(?:敏感|特异)(?:性|度)[^,。]{0,3}多少", r"guideline|\bpet\b|\blesion \d|指南"),
    _rule("talk.repeat", r"\b(?:repeat|(?<!did you )say) (?:that|what you|it again|your (?:last|previous)|the last answer)|再说一遍|重复(?:一下)?(?:刚才|上)"),
    _Rule("classify", why.LOOKED_AT),
    _rule("talk.explain", r"^(?:but )?why\b(?! not)|\bexplain (?:that|your|the last|how you)|为什么(?:这么|这样)|依据是什么|怎么得出"),
    _rule("talk.confidence", r"\bare you (?:really |quite |absolutely )?(?:sure|certain|confident|positive)\b|\bcan i (?:trust|rely on)\b|准(?:吗|不准|么)|靠(?:谱|得住)|信得过|\bhow (?:confident|sure|certain|accurate|reliable|good) (?:are|were|is|was)\b|你确定|多准|精度|精确(?:吗|么|度)|(?:多大|有多少)把握|准确(?:率|吗)|可靠吗|误差"),
    _Rule("assess", _WHICH_TABLE),
    # A named formula, applied
    _rule("assess", r"\b(?:apply|work out|calculat\w+|compute|run|use|do|give|get|need|want|plug|estimate|determine|what(?:'s| is| would)|figure out)\b.{0,24}\b(?:brock|mayo)\b|^(?:the |and |now |so |then )*(?:brock|mayo)\b(?: (?:clinic|model|score|risk|probability|estimate|number))*(?:,? (?:for|of|on|please|now|lesion|nodule|number)\b.*)?\W*$|(?:用|按|套用?|算|计算|做|跑|给|求|[代带填套]入|输入)[^,。]{0,8}(?:brock|mayo)|(?:brock|mayo)[^,。]{0,6}(?:算|评|打|是多少|多少|几分)",
          r"\b(?:what|how) (?:is|does|are|do) (?:the )?(?:brock|mayo)(?: clinic)? (?:model|score|formula)s?(?: (?:for|about|mean|work|based|used|take|include|need)\b(?! (?:it|this|that|lesion|nodule|number|#|the)))?\W*$|\b(?:variables|inputs|cover|explain|source|reference|paper|validated|published)\b|怎么(?:用|算的?|来)|如何|什么|哪些|出处|干什么"),
    # The reader's own line, and sums of targets
    _Rule("measure", slots.OWN_LINE),
    _rule("compare", slots.SUM.pattern, r"\b(?:define|definition|criteria|guidelines?|how (?:is|are|do|does))\b|定义|指南|标准|怎么"),
    # A size asked for with a figure: "nodule 2 mm?"
    _rule("measure", r"^(?:so |is |and |the |right |left |upper |lower |a |this |that |it |big |little )*(?:nodule|lesion|mass|it)?\s*(?:is |about |around |really |over |under |more than |less than )*\d+(?:\.\d+)?\s*(?:mm|cm)\s*(?:big|large|long|wide|or (?:more|less|so))?\s*\?\W*$"),
    _rule("classify", r"\bcompare\b.{0,12}\b(?:suspicio\w*|malignan\w*|ratings?|scores?|worr\w+)\b|哪(?:一)?个(?:更|最|比较)(?:可疑|危险|像恶性|恶性)|\bwhich (?:one |of (?:them|these) |nodule |lesion )?(?:is|looks) (?:the )?(?:more|most) (?:suspicious|worrying|worrisome|malignant)"),
    _rule("recall.findings", r"\b(?:run|walk|take|talk) me through\b.{0,20}\b(?:findings|lesions|nodules|case|results)\b|(?:汇报|过)(?:一下|一遍)(?:所有|全部)?(?:的)?(?:发现|结果|病灶)"),
    _rule("recall.location", r"\bremind me\b.{0,16}\b(?:where|which (?:side|lobe|lung))\b|\bwhere\b.{0,24}\b(?:sits?|lies|lives)\b|(?:它|结节|病灶)?(?:在哪(?:里|儿|边|侧)?|位置)来着"),
    _rule("recall.history", r"\bwhat was (?:the |its |his |her )?(?:size|diameter|volume|measurement|value|number|long axis)\b(?!.{0,12}\b(?:again|now)\b)|\bwas the (?:size|diameter|volume) (?:then|before|earlier)\b|^(?:the )?(?:size|diameter|volume|value)s? before\b"),
    _rule("recall.context", r"\bwhat (?:i|we) (?:have |had |'ve )?(?:said|told|stated|mentioned|typed|entered)\b|我(?:刚才|之前|前面)?(?:说|讲|提|告诉|输入)过?(?:你)?的?[^,。]{0,6}(?:病史|吸烟|年龄|情况|背景)(?:是|再)?(?:什么|怎样|说)?"),
    _rule("compare", r"\b(?:bigger|larger|smaller|grown|growth|changed?|shrunk|denser)\b[^\d]{0,16}\b(?:than|since|from)\b[^\d]{0,24}\b(?:scan|ct|study|exam|film|imaging)\b[^\d]{0,24}\b(?:before|earlier|previously|last|ago|back then|prior)\b|\breport (?:on )?(?:the |any )?(?:interval )?(?:changes?|growth|differences?)\W*$|^(?:co-?)?register(?: (?:it|them|both|the two|the scans?|the (?:prior|previous)\w*|with .{1,20}))?\W*$|配准"),
    # Days between two scans, and a size on the older one
    _rule("compare", r"\bhow (?:many (?:days|weeks|months|years)|long|much time) (?:is |was |lie |lies |are there |passed |went by )?(?:between|apart|since)\b(?!.{0,20}\b(?:appointments?|quit|stopped))|\b(?:interval|time|gap) between (?:the )?(?:two|them|both|scans?|studies|exams?|cts?)|\b(?:days|weeks|months) apart (?:are|were)\b|(?:间隔|相隔|相距|差|隔)(?:了)?(?:多久|多长时间|多少天|几天|几个月|多少个?月|几周)(?!再|做|查|复|随)|(?:两次|两个|前后)[^,。]{0,8}(?:间隔|相隔|差)(?:是)?(?:多久|多少|几)"),
    _rule("compare", r"^(?:(?:and|the|same|do|that|it|now|then|repeat|also|measure|show me|what about|how about|this|again|what was it|how was it)[ ,]*)*(?:on|for|in|with|at) the (?:prior|previous|earlier|old|older|last)(?: (?:scan|ct|study|exam|film|one|images?))?\W*$|^(?:那|再|也|同样)*(?:在)?(?:上次|上一次|旧|老|前|之前的?|既往的?)(?:片子?|ct|检查|扫描)(?:上|里|中)?(?:的)?(?:呢|也(?:量|测|一样)[^,。]{0,3})?\W*$"),
    # What a classifier is asked for
    _rule("classify", r"\bclassif\w+|\bcharacteri[sz]e\b|\breaders?\b.{0,12}\b(?:think|say|rate|rating|opinion|give|call|rank|score)|\b(?:malignan\w+|benign|cancerous)\b|\bis (?:it|this|that) (?:a )?(?:cancer|tumou?r)|\bdiagnos(?:is|e)\b|\b(?:suspicious|worrying|worrisome|concerning) (?:is|does|looking)|"
                      r"\b(?:rate|rating|score|scores|grade) (?:it|this|the (?:lesion|nodule|\w+ (?:one|lesion|nodule))|lesion|for|please)|\bwhat (?:findings|disease|pathology|abnormalit\w+)\b|\bwhat (?:is|'s) wrong\b|"
                      r"\b(?:abnormal(?:it\w+)?|cardiomegaly|effusions?|(?:free|pleural|pericardial) fluid|ascites|emphysema|fibrosis|pneumothorax|consolidation|pneumonia|tuberculosis|covid|fractures?|atelectasis|pulmonary embolism)\b|\b(?:scan|ct|chest|lungs?|study|film|image|it|x-?ray|this|everything) (?:looks? )?(?:normal|clear|clean|all right|okay|ok)\b|"
                      r"良恶性|良性|恶性|可疑(?:吗|么|不|程度|性)|像不像|像(?:是)?(?:癌|恶性?|肿瘤|坏)|(?:好|坏)的?还是(?:好|坏)|是癌|是不是癌|诊断(?:是|为)?什么|分类|异常|正常吗|实变|肺不张|水肿|气胸|积液|胸水|腹水|肺气肿|纤维化|肺炎|骨折|结核|肺栓塞|新冠|打分|评分",
          rf"\b(?:segment|outline|contour|mark|boundar\w+|highlight|measure|how (?:big|large))\b|guidelines?|manage\w*|fleischner|lung[- ]?rads|literature|recommend\w*|follow[- ]?up|rads|report|{'|'.join(('指南', '随访', '报告', '分割', '测量', '勾画', '病史', '句话', '那句'))}|previous|earlier|did you"),
    _rule("classify", r"^(?:is (?:it|this|that) )?(?:a )?(?:cancer|malignancy|tumou?r)(?: or (?:not|no))?\W*$|^(?:是)?(?:不是)?癌(?:症)?(?:吗|么|吧)?\W*$|^评(?:一下|下|个|一评)(?!估)|癌(?:吗|么)|打(?:几|多少)分|(?:几|多少)分$|(?:医生|阅片者|专家|放射科)[^,。]{0,8}(?:评|打|怎么看)|评(?:级|分)|恶性(?:可能|概率|程度)|\b(?:dangerous|worrisome|nasty|sinister)\b|危险吗|要紧吗|严重吗", r"句话|那句|sentence|报告|report|随访|指南|follow"),
    _rule("compare", r"比(?:上次|上回|之前|以前|去年|前片|原来)[^,。]{0,4}(?:大|小|变|长|缩)|(?:跟|和|与|同)[^,。]{0,12}(?:比(?!较好)|对照|对比)|对照|(?:跟|和|与)(?:上次|上回|以前|之前|去年|前片|旧片|老片)[^,。]{0,5}(?:差|不同|不一样|一样|区别)"),
    _rule("measure", r"\bre-?measur\w+|重(?:新)?(?:测|量)|再(?:测|量)一?(?:次|遍|下|测)", r"\bthreshold\b|\bbefore\b|\bwas\b|阈值|之前|原来|指南|分割|勾"),
    _rule("measure", r"^(?:(?:please|can you|could you|now|and|then|just|so|ok|re-?)[ ,]*)*(?:re-?)?size (?:(?:up )?(?:it|this|that|them|both|all|these|those|the|lesions?|nodules?|number|mass|#?\d)\b)|\bsize (?:it |this |that |them )?up\b|\bsize up\b|\b(?:more|less|bigger|larger|smaller|over|under|above|below)(?: than)? (?:an?|one|half an?|two|three) (?:cm|centimet\w+|inch)"),
    _rule("measure", r"\brecist (?:diameter|measurement|size|line|length)s?\b|\brecist\s*(?:的)?(?:长?径线?|直径|测量|大小)", r"\b(?:defin\w+|mean\w*|sum|criteria|how (?:is|are|do|does)|what (?:is|counts))\b|定义|标准|怎么|如何|之和|总和|什么(?:是|叫)"),
    _rule("measure", r"(?:超过|大于|小于|不到|达到|不足|够|超|满)(?:了)?\s*\d+(?:\.\d+)?\s*(?:毫米|mm|厘米|公分|cm)(?:吗|么|没|了吗|了没)?$|\d+(?:\.\d+)?\s*(?:毫米|mm|厘米|公分|cm)(?:吗|么|没有|不)$|球形度|圆不圆|表面积|[横纵]径|上下径|长短[径轴]|[长短]轴|径线|\bhu值|(?:有没有|有无|是否|是不是|够不够|到没到|到不到|超没超)[^,。]{0,6}\d+(?:\.\d+)?\s*(?:毫米|mm|厘米|公分|cm)", r"指南|随访|复查|需要|怎么|如何|建议|发现|找|轮廓|勾"),
    _rule("measure", r"\b(?:lad|long axis)\W{0,3}(?:and |plus )?(?:sad|short axis)\b"),
    _rule("measure", r"\b(?:longest|largest|greatest|biggest|max\w*|shortest) (?:axial |coronal |sagittal |transverse |in-plane |overall )?(?:dimension|extent|diameter|length|distance|chord)\b|\b3-?d (?:diameter|length|size|extent)\b|\bin any (?:direction|plane)\b|最[长大](?:三维)?(?:直径|径|距离)|三维(?:最大)?(?:直?径|长度|大小)|任意(?:方向|平面)", r"guideline|fleischner|recist|which (?:lesion|nodule|one)|\breport\b|指南|哪(?:个|一个|枚)"),
    _rule("measure", r"\bpca\b.{0,12}\b(?:ax[ie]s|lengths?|dimensions?|diameters?)\b|\bprincipal (?:ax[ie]s|dimensions?|lengths?)\b|主轴|主成分", r"\breport\b|guideline|报告|指南"),
    # Files and reports
    _rule("export", r"\b(?:de-?identif\w+|anonym\w+|pseudonym\w+)\b.{0,24}\b(?:cop(?:y|ies)|files?|version|report|results?|export|bundle|package|set|folder)\b|\b(?:cop(?:y|ies)|files?|report|results?)\b.{0,16}\b(?:de-?identif\w+|anonym\w+|without (?:the )?(?:name|patient|identit)\w*)|(?:脱敏|匿名|去标识)[^,。]{0,6}(?:报告|文件|结果|版|副本|一份)|(?:导|存|发|拷|给|来|要)[^,。]{0,6}(?:脱敏|匿名|去标识)"),
    _rule("export", r"(?:文件|结果|报告)[^,。]{0,4}(?:放|拷|写|存|保存)(?:到|进|入|在)\s*[/~a-z]|\b(?:put|copy|store|place|drop) (?:the |all |my )?(?:files?|reports?|results?|everything) (?:in|into|to|under|at) [/~.]|\b(?:export|download|e-?mail|upload|transmit)\b|\b(?:wants?|needs?|get|give|send|make|create|produce)\b(?: (?:me|us|him|her|them))?(?: (?:the|a|an|this|that|it|as|out|one|of|report|in|to))* (?:markdown|json|pdf|fhir|dicom|sr)\b|\b(?:save|send|push|write)\b.*\b(?:to (?:a |the |my )?(?:disk|folder|file|pacs|archive|"
                    r"json|pdf|markdown|desktop|doctor|gp|colleague)|(?:files?|results?|evidence|reports?)\b(?=.*\bto\b)|as (?:pdf|json|markdown|a file))|\b(?:as|in|to) (?:an? )?(?:json|pdf|markdown)\b|"
                    r"\b(?:save|send) (?:me )?(?:the |this |all )?(?:report|files?|results?|evidence|everything)\b"
                    r"|(?:要|给我?|来|出|整|转成?|弄)(?:一份|个|份)?\s*(?:json|markdown|md|pdf)(?:格式|版|文件|的)?|(?:json|markdown|pdf)(?:格式|版)|导出|下载|上传|保存(?:报告|结果|文件|到|为|成)?|(?:报告|结果|文件)[^,。]{0,4}(?:发|存|传|导)(?:给|到|送|成|为|下来|出去)|发送|存(?:成|为|到)|(?:报告|结果|文件)发(?:我|他|她|过来|一份)"),
    _rule("write_report", r"^(?:(?:please|also|and|then|now|can you|could you|oh)[ ,]*)*(?:add|note|append|insert|write|put|include|dictate)(?: (?:this|the following|a (?:line|sentence|note|comment)|one (?:line|sentence)|to (?:it|the end)|at the end))?\s*:|^(?:请|再|另外|还|帮我)*(?:加|补|添|写|注|补充|加上|添加)(?:一)?(?:句|条|行|段|上|下)?(?:话)?\s*:"),
    # A report is edited by what is put into it, whether or not it is named
    _rule("write_report", r"(?:印象|结论|所见|小结|报告)(?:里|中|部分)?[^,。]{0,4}(?:提(?:一下|到|及)|写上|加上|加入|说明|注明|补上|补充|删|改)|报告[^,。]{0,3}(?:短|长|详细|简单|简短|精简)"),
    _rule("write_report", r"^(?:(?:please|and|also|then|can you|could you|now)[ ,]*)*(?:put in|add|include|mention|state|insert) (?:a (?:line|sentence|note|remark|comment) )?(?:that|saying|about)\b(?!.*\bmargin)|^(?:请|再|另外|还要|还)*(?:加|补|写|添|插)(?:上|入|进|充)?(?:一)?(?:句|条|段|行)|(?:印象|结论|所见|小结)(?:部分)?[^,。]{0,4}(?:换|写|说法|措辞|短|长|详|精)"),
    _rule("write_report", r"\b(?:put|add|include|insert|enter|drop|work) (?:in )?(?:the |a |my |her |his |its )?(?:new|latest|updated|current|revised|corrected) (?:\w+ )?(?:size|measurement|volume|diameter|value|number|figure|result|outline)s?\b|"
                          r"\b(?:make|keep|shorten|trim|cut|tighten up|expand|lengthen) (?:the |its |that )?(?:impression|conclusion|findings section|report|summary)\b|"
                          r"(?:新|最新|更新后)的?(?:测量|大小|尺寸|体积|直径|数值|结果|值)[^,。]{0,6}(?:写|加|放|填|补|更新)|(?:写|加|放|填|补)(?:入|进|上|到)?[^,。]{0,6}(?:新|最新)的?(?:测量|大小|尺寸|体积|直径|数值|结果|值)"),
    _rule("write_report", r"\b(?:delete|remove|replace|drop|strike|cut|reword|rephrase|rewrite|fix|change|correct|move|swap|shorten|edit|keep)\b.{0,24}\b(?:sentences?|lines?|paragraphs?|wording|phrase|impression|conclusion|findings section|summary)\b|(?:删|去掉|去除|拿掉|改|换|替换|修改|缩短|移)[^,。]{0,10}(?:句|段|行|措辞|印象|结论|所见|小结)|(?:把)?(?:印象|结论|所见|小结)[^,。]{0,10}(?:删|去掉|改|换|替换|补|加|移|缩|精)", r"\b(?:my|the reader\'s|own) lines?\b|\bmask\b|outline|contour"),
    _rule("recall.report", r"^(?:(?:please|can you|could you|just|now)[ ,]*)*(?:display|view|open|bring up|pull up|read(?: me| out)?|print|show(?: me)?|let me see) (?:the |my |our |that )?(?:report|draft|impression)\W*$|\b(?:is|was|are) (?:the|my|our) (?:report|draft|impression) (?:done|ready|finished|written|complete\w*|there)\b|报告(?:好|写好|出来?|完成|弄好|做好|写完)(?:了)?(?:没|吗|么)|\b(?:what|which|where|is there|do we have|read|see|show(?: me)?)\b.{0,24}\b(?:report|impression|draft)\b(?:.{0,12}\b(?:say|yet|version|now)\b)?"
                           r"|报告(?:里|中|内容|怎么|(?:都)?(?:写|说)(?:了|的|的是)?(?:些)?什么|写好了)|(?:念|读|朗读|过)(?:一下|念|一遍|给我听)?(?:这份|那份)?报告|(?:看看|给我看|查看)(?:一下)?报告|有报告吗",
          rf"\b(?:write|draft|generate|make|{_EDIT})\b|outside|写(?![了好的]|些什么|什么)|出报告|生成|加|改|补|删|去掉|去除|拿掉|换|缩|精简|短|压缩|[导发存传](?:到|给|出|成)|(?:英|中)文|英语|汉语"),
    _rule("write_report", rf"\b(?:write|draft|generate|create|compose|produce|prepare|make|dictate|finali[sz]e|finish|redo|give me|i need|i want|i'd like|"
                          rf"can i (?:have|get)|summari[sz]e|do|get me|need|want|{_EDIT})\b.*\b{_REPORT}\b",
          r"\b(?:outside|external|prior|previous|old|referring) report\b(?! with)|\bsource for\b|report (?:cards?)\b"),
    _rule("write_report", r"^(?:and |then |please |now |a |the |finally |structured |radiology |full |short )*reports?(?: (?:it|this|please|in \w+|on \w+|everything|the \w+|back))*[ .!]*$|"
                          r"\bwrite (?:it|this|that|the case|everything) (?:all )?up\b|^(?:write|type) up|\bdocument (?:this|it|the case|everything)\b|\b(?:into|in|to|for) (?:the|a|my) report\b"),
    _rule("write_report", rf"(?:写|出|生成|起草|撰写|书写|做|给我|来|整理|总结|形成|完成|要|打|拟|再出|{_EDIT_ZH}).*{_REPORT_ZH}|{_REPORT_ZH}.*(?:{_EDIT_ZH}|写)"
                          rf"|报告[^,。]{{0,6}}(?:英文|中文|英语|汉语)|^(?:再)?(?:报告|出具报告)$|(?:书写|撰写|写)(?:影像)?所见",
          r"外院报告|报告(?:里|中)?(?:写|说)了什么"),
    # Then, what was done before
    _rule("recall.history", r"\b(?:size|diameter|volume|measurement|number|value)s? (?:that )?(?:you|we|i) (?:first |last )?(?:measured|gave|reported|had|got|told)\b"),
    _rule("recall.history", r"\b(?:how (?:big|large|wide|long|small)|what (?:size|diameter|volume|number|value)s?)\b.{0,20}\b(?:did )?you (?:first |originally |initially )?(?:say|said|give|gave|tell|told|report\w*|quote\w*|get|got|measure\w*|have|had)\b|(?:改|调|动|重新?勾|重新?画|重新?分割|修改)[^,。]{0,6}(?:之)?前[^,。]{0,6}(?:多少|多大|大小|几|直径|体积|测)", r"guideline|fleischner|\breport\b"),
    _rule("recall.settings", r"\b(?:which|what) (?:\w+ )?(?:tool|model|algorithm|segmenter)\b.{0,12}\b(?:did|made|drew|produced|was|outlined|used)\b|\b(?:which|what|whose) (?:threshold|cut-?off|probability|settings?|parameters?|model|tool|version|segmenter|algorithm)\b.{0,30}(?:\b(?:use|used|did|was|were|is|made|applied|do we|at)\b|\?|$)|"
                             r"\bhow (?:was|were|did you) (?:it|this|that|the \w+|lesion \d+)? ?(?:outline|outlined|segment|segmented|contoured|made)|\bwho (?:drew|outlined|segmented)\b|"
                             r"(?:用|使用)(?:的|了)?(?:是)?(?:什么|哪个|哪种|多少)(?:的)?(?:阈值|模型|参数|设置|工具|算法)|阈值(?:用的是|用的|用了|设的?是?|设了|是|为|取)?(?:多少|几)|(?:谁|哪个(?:模型|工具|软件))[^,。]{0,3}(?:勾|画|分割?|描|圈)|(?:什么|多少|多大|哪个)的?阈值|(?:什么|多少)阈值|怎么分割的|分割参数",
          r"\bshould\b|recommend|fleischner|(?:tools?|models?) (?:do you have|are there)|谁(?:来|能|可以|会)"),
    _rule("recall.history", rf"\b(?:how (?:big|large|wide|long|small)|what (?:size|diameter|volume|number)) (?:was|were|did (?:you|it|we))\b|(?:\b(?:was|were|did|had|last time|first time|reported|gave|told)\b.*\b(?:before|previous(?:ly)?|earlier|last time|last measurement|first time|originally|initially|at first|the first|reported|gave me|beforehand)\b.*(?:\?|$))"
                            rf"|\b(?:previous|earlier|old|former|last|original|initial|first) (?:{_SIZE}|value|number|result|reading)\b|\bmeasurement history\b|\bhistory of (?:it|lesion|the (?:lesion|nodule)|measurements)|"
                            r"(?:之前|以前|原来|先前|上次|上一次|上回|刚才|最初|一开始|第一次|前一次|此前|最开始|开始的时候)[^,。]{0,8}(?:多大|多少|大小|直径|体积|测|量|数值|结果|径)|测量历史|历史(?:记录|测量)|(?:一开始|最初|最早|第一次)[^,。]{0,4}测|(?:多大|大小).{0,3}(?:之前|以前|原来)",
          r"\bcompare|\bprior (?:scan|ct|study)|grow|change since|\bthreshold|\bsay|说|对比|比较|阈值|重新(?:测|量)|cancer|smok|癌|吸烟"),
    _rule("recall.context", r"\bwhat (?:do|did|have) you (?:know|got|have)\b.{0,12}\b(?:about|on) (?:the patient|this patient|him|her|my patient)\b"),
    _rule("recall.findings", r"\b(?:what|which)\b.{0,20}\b(?:find|found|have|know|got)\b.{0,20}\b(?:so far|until now|already|yet|up to now)|\bremind me\b.{0,20}\b(?:found|find|have|lesions?)|\brecap\b|\bsum (?:it |this )?up\b|\bwhere do we stand\b|"
                             r"\bwhat (?:did|have) (?:you|we) (?:find|found|got)|\bsummar\w+ (?:of )?(?:the |all )?(?:findings|lesions|what)(?!.*report)|\blist (?:the |all )?(?:lesions|findings|nodules|candidates)\b|"
                             r"\bwhat (?:can|do|would|could) you (?:say|know|tell me|report) (?:about|of|on) (?:it|lesion|nodule|number|the (?:\w+ )?(?:lesion|nodule|one|mass))|\btell me (?:more )?about (?:it|lesion|nodule|the \w+ (?:one|lesion|nodule))|(?:目前|到目前|至今|现在|已经|前面|刚才)(?:为止)?[^,。]{0,4}(?:发现|找到|有)了?(?:什么|哪些)|回顾(?:一下)?|总结(?:一下)?(?:目前|所见|发现)?$|列出(?:所有)?(?:病灶|结节)|有哪些病灶|(?:目前|现在|已经|一共|总共)[^,。]{0,3}(?:有|发现了?|找到了?)(?:几|多少)(?:个|枚)|(?:发现|找到|检出)了(?:几|多少)(?:个|枚)|(?:病灶|结节)[^。]{0,6}列(?:一下|个|出来|一列|表)"),
    _rule("recall.context", r"\bwhat (?:do|did) (?:you know|i (?:say|tell|state)\w*)|\bwhat have i (?:told|said|stated)|\bwhat (?:else )?(?:is|do you) (?:still )?(?:missing|need)|(?:我)(?:告诉|说|提供)过?(?:你)?(?:什么|哪些)|还(?:缺|需要)(?:什么|哪些)信息|(?:患者|病人)(?:的)?(?:信息|情况|年龄|病史)(?:有哪些|是什么|怎样|多大)?$"),
    _rule("recall.findings", r"\bdescribe (?:it|lesion|nodule|number|the (?:\w+ )?(?:lesions?|nodules?|one|mass|findings))|\boverview\b|(?:说说|讲讲|介绍一下)(?:病灶|结节|第|\d|[一二三四五六七八九]号|这个)|\bon (?:the|your|our|my) list\b|^(?:list|findings)(?: (?:so far|please|now))?\W*$"),
    _rule("recall.measurements", r"\b(?:list|show|table of|all|recap|current) (?:me )?(?:the |all )?(?:current )?(?:measurements|sizes|diameters)\b(?! of)|\bwhich (?:one|lesion|nodule|of \w+)\b.{0,12}\b(?:biggest|largest|smallest|bigger|larger)|(?:(?:目前|现在|当前|现有|已有)的?(?:测量|大小|尺寸|径线)(?:值|结果|数据)?|(?:全部|所有)的?(?:(?:测量|大小|尺寸|径线)(?:值|结果|数据)|大小|尺寸|径线))(?:是)?(?:多少|有哪些|什么)?$|(?:列出|汇总|显示)(?:所有|全部)?(?:的)?(?:测量|大小)|(?:测量|大小|尺寸|径)(?:值|结果)?(?:全|都|一起|统统)?(?:列|汇总)|哪(?:个|一个|枚)(?:病灶|结节)?(?:最[大小]|(?:更|比较|要)?[大小](?:一?些|一?点)?(?:呢|啊)?[?]?$)",
          r"\bmeasure\b|\bagain\b|\bredo\b|重新|测量一下"),
    # The viewer
    _rule("show", r"(?:给我|让我)(?:看看?|瞧瞧?)(?:一下)?(?:它|这个|那个|病灶|结节)|^(?:take|bring|move) me (?:there|to it)\b"),
    _rule("show", r"\b(?:coronal|sagittal|axial|transverse)\b(?! (?:long|short|diameter|axis|size|measure))|\b(?:lung|mediastin\w+|bone|brain|soft[- ]tissue) (?:window|settings?|preset|view)\b|\bwindow\b(?= (?:level|width|to))|"
                  r"\b(?:go|jump|scroll|navigate|pan|take me|zoom)(?: \w+)? (?:to|in|on)\b|\bcent(?:re|er)\b.*\bon\b|\b(?:show|display|bring up|open|see|view) (?:me )?(?:it|slice|lesion|the (?:\w+ )?(?:lesion|nodule|one|mass)|number|nodule|candidate|where)\b|"
                  r"^(?:(?:and|then|please|now|the|go to|ok|show)[ ,]*)*(?:the )?(?:next|previous) (?:one|lesion|nodule|candidate|slice)\b(?! (?:ct|scan|step))|^(?:再|看看?|到|去|请)*[上下]一(?:个|处|枚|层)(?:病灶|结节|候选)?\W*$|^(?:slice|image) \d+|冠状|矢状|横断|轴位(?!.*径)|(?:肺|纵隔|骨|脑|软组织)窗|跳(?:到|转)|转到|翻到|切(?:到|换)|定位到|(?:显示|看看?)(?:一下)?[大小]的|打开(?:第|病灶|结节|\d|[一二三四五六七八九十]号)|(?:显示|看看?)(?:一下)?(?:第|病灶|结节|\d|[一二三四五六七八九十]号)|第\s*\d+\s*(?:层|张|幅)|居中",
          r"\bmask\b|outline|contour|report|guideline|source|measure|轮廓|报告|多大|测"),
    # Location
    _rule("recall.location", r"\b(?:which|what) (?:lobe|lung(?![- ]?rads)|side|zone|third|lung segment|part of the lung)\b|\bwhere(?:abouts)?(?:'s|\b)(?: (?:is|are|exactly|does))?\b.{0,14}\b(?:one|lesion|nodule|mass|it)\b|\bwhere(?:abouts)? (?:is|are|exactly|does|in)\b.{0,20}(?:\b(?:it|lesion|nodule|mass|one|located|lie|sit)\b|$)|^(?:where|location|position)\W*$|\b(?:is|lies?|sits?|located) (?:it |this )?(?:\w+ )?in (?:the|which|what) (?:right|left|upper|lower|middle|which|lobe|lung|lingula)|\b(?:left|right|upper|middle|lower) or (?:the )?(?:left|right|upper|middle|lower)\b|"
                             r"\blocation of\b|\bis it (?:central|peripheral|on the (?:left|right))|哪(?:个|一)?(?:肺)?叶|哪(?:一)?侧|哪边|(?:是|在)[左右](?:肺|边|侧)(?:的)?(?:吗|么|吧)|左(?:肺|边|侧)?还是右|右(?:肺|边|侧)?还是左|在哪(?!找)|位于(?:哪|什么)|什么位置|位置$|哪个(?:肺)?段",
          r"\b(?:nodules|lesions|candidates) (?:are|in)\b|find|找|measure|segment|分割|recommend|follow"),
    # Comparison
    _rule("compare", r"\b(?:compare|comparison|compared)\b|\b(?:chang\w+|grown?|growth|grew|bigger|larger|smaller|different|progress\w*|shr\w+|new|stable)\b.{0,24}\b(?:since|than (?:last|(?:on |in |at |it was )?(?:the|his|her) (?:prior|previous|last|old|earlier|first)|before|in|it was)|from (?:the )?(?:prior|last|previous)|versus|vs|compared)|"
                     r"\b(?:is|has|have|did|are|was) (?:it|this|that|they|the \w+|lesion \d+|there)? ?(?:been )?(?:growing|grown|grow|grew|changed|changing|shrunk|shrinking|shrink|progress(?:ed|ing)|regress(?:ed|ing)|enlarg(?:ed|ing)|increas(?:ed|ing)|decreas(?:ed|ing)|stable|interval)\b|\binterval (?:change|growth)|\bany (?:interval )?(?:progression|regression|growth|change|shrinkage)\b|\b(?:bigger|larger|smaller) (?:now )?than (?:before|earlier|previously|last time)|比(?:之前|以前|原来|上次)[大小]|\b(?:getting|gotten|become|becoming|got) (?:any )?(?:bigger|larger|smaller|worse|better)\b|(?:在|正在)(?:变|长|增|缩)(?:大|小)|(?:变|长|缩|增)(?:大|小)(?:中|着)|\b(?:prior|previous|last|old|earlier) (?:scan|ct|study|exam)\b(?=.*\b(?:difference|change|match|versus|vs)\b)|\b(?:difference|change|match|growth)\b.*\b(?:prior|previous|last|old|earlier|both) (?:scans?|ct|study|exam)|"
                     r"对比|比较|比一下|相比|跟(?:上次|以前|之前|去年|前片)比|较(?:前|上次|去年)|长大了?|(?:变|增|缩)(?:大|小)了?(?:吗|没|多少|么|过)|(?:病灶|结节|它|大小|这个|\d号|[一二三四五六七八九]号)?(?:稳定|平稳)(?:吗|么|不|没|否)|是否稳定|稳不稳定|(?:长|变|大|小)了?没(?:有|长|变)?$|[变长]没[变长]|有(?:没有)?(?:进展|增长|缩小|增大|长大|变大)|(?:是不是|是否|有没有|有无)[^,。]{0,5}(?:缩小|变小|增大|变大|长大|进展|好转|恶化|新增)|(?:上次|之前|前片|以前)[^,。]{0,4}(?:之后|以来|以后)|(?:老|旧|前)(?:的)?(?:片|ct|检查|扫描)[^,。]{0,6}(?:不同|不一样|差|变|比|区别)|有(?:没有|什么)?变化|新发",
          r"\b(?:define|definition|criteria|recist|guidelines?)\b|\bdid i\b|\bthreshold\b|before (?:the )?(?:new|re-?seg)|定义|指南|标准"),
    # Outlining
    _rule("segment", r"^(?:(?:and|ok|now|please|what|if|you|we|i|how|about|use|as|before|earlier|but|like|only|just|this|time|rather|was|same|thing|still|used|try|redo|again|do|it|that|take|set|make|run|with|at|to|on|of|the|same|instead|换成|换|改成|改为|改|用|调到|调成|调|到|设为|设|取|再|试试|试|来|,)\W*)*(?:\d{1,2}(?:\.\d+)?\s*(?:%|percent)|百分之[一二三四五六七八九十\d]{1,3})(?:\W*(?:instead|please|again|now|threshold|重新|再|来|一次|试|的|吧|分割|看看))*\W*$"),
    _rule("segment", r"\b(?:drop|lower|raise|bring|set|put|change) (?:the )?(?:probability|prob|cut|level)\b.{0,12}\b(?:to|at|down|up)\b|(?:^|,)\s*(?:widen|narrow|enlarge) (?:it|the (?:outline|mask|contour))?\W*$|\byou (?:cut off|missed|left out)\b.{0,20}\b(?:spicul\w+|edge|rim|halo|part|border|margin|half|bit)|(?:血管|胸壁|胸膜|肋骨|气管|膈)[^,。]{0,3}(?:别|不要|不该|不)(?:算|包|划|勾|画)(?:进|在)?"),
    _rule("segment", r"\bcolou?r (?:(?:it|this|that|the \w+|them) )?in\b|\bfill (?:(?:it|this|that) )?in the (?:whole|entire|nodule|lesion|mass|thing|shape|shadow)\b|(?:涂|填)(?:满|色|上|出来)|\b(?:under|over)-?segment(?:ed|s)\b|偏[紧松大小](?=$|[,。了]|一)|\bmake (?:it|that|this) (?:more )(?:big|large|small|tight|loose|wide|narrow)\b"),
    _rule("segment", r"\bgo (?:a (?:bit|little|touch) )?(?:wider|narrower|looser|tighter)\b|\b(?:rim|edge|margin|border|part) (?:is|was) (?:missing|cut off|left out)\b|(?:勾|画|包|圈)到[^,。]{0,6}(?:血管|胸壁|胸膜|外面|肋|气管|膈|心)|(?:漏|溢|渗|跑|伸|越)(?:到|进|出)[^,。]{0,6}(?:血管|胸壁|胸膜|外面|肋|气管|膈|心|界)|(?:没|不)(?:有)?(?:勾|包|画|圈|描)(?:得)?(?:全|住|完|够|进)|(?:勾|包|画|圈|描)(?:得)?(?:不|太|过|有点|没)"),
    _rule("segment", r"\bmake (?:it|that|this|(?:lesion |nodule |number |no\.? )\d+|the (?:\w+ )?one) (?:a (?:bit|little|touch) )?(?:smaller|bigger|larger|tighter|looser|wider|narrower)\b|\bredr(?:aw|ew|awn)\b|(?:别|不要)把?[^,。]{0,6}(?:血管|胸壁|胸膜|肋骨|气管|支气管|膈)[^,。]{0,3}(?:包|算|勾|分|画)|\b(?:leave|keep|take|cut) (?:this|that|(?:the |that |this )?(?:\w+ )?(?:vessel|wall|rim|pleura|rib|airway|bronchus|heart|diaphragm|part|bit|structure|thing)) out\b|\b(?:not|don't) include\b.{0,12}\b(?:vessel|wall|pleura|rib|airway|bronchus|heart|diaphragm|this|that)\b"),
    _rule("segment", r"\b(?:re-?|auto-?)?segment(?:s|ed|ing|ation)?\b|\b(?:re-?)?(?:outline|contour|delineat\w+|trace)\b|\b(?:draw|paint|mark|annotate|make|create|get|show)\b.{0,20}\b(?:mask|outlines?|contours?|borders?|boundar\w+|edges?|around)\b|\bmask (?:the|it|this|lesion|out)|"
                     r"\bhighlight\b|\b(?:tighter|looser)\b|\b(?:tighten|loosen|shrink|grow|expand|smooth|dilate|erode)\b.{0,16}\b(?:mask|outline|contour|edge|it|segmentation|border)\b|\b(?:mask|outline|contour|segmentation|it)\b.{0,12}\b(?:leaks?|bleeds?|spills?|too (?:big|small|tight|loose|large|wide|generous|narrow)|misses|wrong|off)\b|"
                     r"\b(?:exclude|include|leave out)\b.{0,20}\b(?:vessel|wall|rim|pleura|halo|margin|rib|edge|airway|bronchus)|\b(?:use|set|raise|lower|try|with|at|change|increase|decrease|higher|reduce)\b.{0,20}\b(?:threshold|cut-?off)\b|"
                     r"分割|勾(?:画|勒|出|得|一|个|了)|描(?:边|出|画|绘)|圈(?:出|一下|起来)|(?:标|画)(?:出|记|一下)[^,。]{0,8}(?:边界|轮廓|范围|病灶|结节|肿块)|掩膜|(?:收紧|放宽|紧一点|松一点|紧一些|松一些|紧点|松点)|阈值|轮廓(?:太|不|再)|边界(?:不|太|重)|(?:排除|去掉|剔除)[^,。]{0,6}(?:血管|胸壁|胸膜|肋骨)",
          r"\b(?:measure\w*|volume|diameter|how (?:big|large)) .*\b(?:mask|outline|contour|segmentation)\b|\b(?:which|what|in) (?:lung )?segment\b|recommend|guideline"),
    # Measuring
    _rule("measure", rf"\b(?:re-?)?(?:measur(?:e|ing)|quantify)\b|\b(?:want|like|need|get|have|see)\b.{0,30}\bmeasured\b|\bhow (?:big|large|wide|long|tall|thick|dense|round|spherical|many (?:mm|millimet\w+|cm|cubic))\b|\bhow (?:small)\b|"
                     rf"\b(?:what|give|get|calculate|compute|tell|need|want|take|the|its|mean|total|and|max\w*)\b.{{0,24}}\b{_SIZE}\b|^{_SIZE}\b|\b{_SIZE}(?: of\b| in (?:mm|cm)|\?|$| please)|\bwhat size\b|"
                     r"\b(?:is|are) (?:it|this|that|the \w+|lesion \d+) (?:bigger|larger|smaller|more|less|over|under|above|below) (?:than )?\d|"
                     r"测(?:量|一|下|出|了)|再测|重测|(?:都|全)(?:量|测)|量了|(?:再|重新)量|量(?:一|下|出)|多大|(?:直|长|短|最大|平均)径|体积|大小|尺寸|(?:ct值|密度|面积)(?:是|为)?(?:多少|几)?|(?:多少|几)个?(?:毫米|厘米|公分|mm|cm)|算(?:一下)?(?:体积|直径|大小)|比\d+(?:毫米|mm)[大小]",
          rf"{FOLLOW_UP}|\bhow long (?:do|should|must|will|is the follow)|\breport\b|你|report|how (?:big|large) (?:a|must|should)|\btarget lesion\b|可测量(?:病灶)?的|多大(?:把握|年纪|岁)|how (?:big|large) is the (?:error|heart)|标准"),
    _rule("measure", r"\b(?:cal+ipers?|ruler) (?:it|on|across|to)\b|\b(?:ruler|cal+ipers?) (?:please|pls)\b|\bsz\b"),
    # Searching
    _rule("guideline", r"\b(?:what|how|when|why|explain)\b.{0,24}\b(?:brock|mayo|herder|panCan)\b|(?:brock|mayo|herder)\s*(?:模型|公式|评分)?(?:是|有|怎么|如何|什么)|\b(?:passages?|paragraphs?) (?:about|on|for)\b|\bguideline\b.*\b(?:cover|wrote|written|published|edition)|(?:段落|条文|原文)"),
    _rule("find", r"\b(?:top|best|first) (?:\d{1,2}|two|three|four|five|ten)(?: (?:candidates|nodules|lesions|ones))?(?: please)?\W*$|^(?:只|仅|就)?(?:给我?|列出?|要|取|看|找)?(?:前|头|最好的?|最像的?|最可疑的?)\s*[\d一二两三四五六七八九十]{1,3}\s*(?:个|名|位)(?:候选|结节|病灶)?\W*$|^(?:两?肺|肺部|胸部|片子)(?:里|里面|上|中)?(?:都)?有(?:些)?(?:什么|没有)(?:东西|问题)?\W*$"),
    _rule("find", r"\b(?:find|detect|locate|search|look|scan|hunt|check|screen|spot|identify|list|pick|are there|any|how many|see|is there)\b.{0,30}\b(?:nodules|lesions|masses|candidates|spots|tumou?rs|mets|metastases)\b(?!.{0,20}\b(?:guideline|recist|fleischner|allow))|"
                  r"\b(?:find|detect|locate|search for|look for) (?:a |the |any |an? (?:other|more) |me )?(?:\w+ )?(?:nodule|lesion|mass|tumou?r|candidate)s?\b|\b(?:run|start|begin|do|with|perform) (?:the |a |with )?(?:detection|detector|finder)\b|\b(?:search|scan|screen|examine|inspect|look (?:in|at|through)|check) (?:the |both |only the )?(?:\w+ )?(?:lungs?|side|chest|whole)\b|\bsearch (?:again|the scan)|\banything else\b.{0,12}\b(?:lung|chest|scan|side)|\b(?:run|start) (?:the )?(?:finder|detection|search)|"
                  r"(?:找|查找|搜索?|搜寻|检测|寻找|检出|筛查|定位)[^,。]{0,8}(?:结节|病灶|肿块|肿瘤|病变|候选)|(?:哪儿|哪里|哪)?有[^,。]{0,4}(?:小)?(?:疙瘩|肉疙瘩|小点|小球|团块)|(?:结节|病灶|肿块)[^,。]{0,4}(?:在哪里?,?找|找出来)|有(?:没有|无|几个|多少)?[^,。]{0,6}(?:结节|病灶|肿块|转移灶?|转移瘤|占位|病变|包块|结节影|阴影)(?:吗|么|没|不|$|\?)|(?:几|多少)(?:个|枚)(?:结节|病灶)|(?:对侧|另一侧|左肺|右肺|双肺|全肺)[^,。]{0,4}(?:找|搜|查)|(?:找|搜|查)(?:一下|找)?(?:左肺|右肺|对侧|另一侧|双肺|全肺)",
          rf"{FOLLOW_UP}|recommend|\bsegment\b|malignan|cancer|良|恶|target lesions?|靶病灶"),
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
