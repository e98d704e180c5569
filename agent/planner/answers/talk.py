"""What is said without a function: greetings, what can and cannot be done, and one short question where it is unclear."""


from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.planner import refer
from agent.planner.answers.memory import first_lesion, lobe_stated, no_lobe, stated
from agent.planner.answers.vision import lies
from agent.planner.answers.wording import cite, pick, place, sentences
from agent.planner.goals import Which
from agent.planner.kinds import Unsure
from agent.planner.reading import Language

Card = Mapping[str, Any]
OFFERED = 6
"""Lesions offered to choose from; a longer list is no help."""
EXPLAINED = 3
"""Sentences of the last answer that are said again when it is asked what they rest on."""

_PLAIN: dict[str, tuple[str, str]] = {
    "greeting": ("Hello. I can search this scan, outline, measure and compare lesions, look up guidelines and write a draft report; "
                 "what would you like to do?",
                 "您好。我可以搜索、勾画、测量病灶,查找指南,并起草报告;您想做什么?"),
    "thanks": ("You are welcome.", "好的。"),
    "identity": ("I am Scanwright, an assistant for research use on medical images; I am no medical device and no physician, and "
                 "every result needs review by a qualified reader.",
                 "我是Scanwright,医学影像研究助手;我不是医疗器械,也不是医生,所有结果都须由有资质的阅片者复核。"),
    "confidence": ("I cannot give a confidence for a single result: each tool's reported accuracy, and by whom, stands in its card, "
                   "and every result needs review by a qualified reader.",
                   "我无法给出单个结果的把握:各工具的准确度及其来源见工具说明,所有结果都须由有资质的阅片者复核。"),
    "scope": ("I cannot help with that: I work on the open scan and on imaging guidelines, and give no diagnosis, prognosis or treatment.",
              "这个我无法回答:我只处理当前影像和影像指南,不提供诊断、预后或治疗意见。"),
    "doubling": ("I cannot give a doubling time here: it takes two measurements of one lesion by the same method on comparable thin "
                 "slices, and no such pair is in this case.",
                 "此处无法给出倍增时间:需要同一病灶在可比薄层上以同一方法的两次测量,本病例没有这样的配对。"),
    "leave_out": ("To leave out one structure and nothing else, click on it and ask again; the outline is only tighter as a whole.",
                  "若只想排除某个结构,请先点击它再说一遍;目前只是整体收紧。"),
    "threshold_beyond": ("A threshold is a share between nothing and all, so nothing was outlined: which share do you want?",
                         "阈值是介于全无与全部之间的比例,因此没有勾画:要用多大的比例?"),
    "undo": ("I take no single step back: every earlier outline and size stays in the record, and nothing was changed now. "
             "Say what the outline was like before - tighter, looser, or its threshold - and it is made that way again.",
             "我不能单独撤销某一步:之前的轮廓和测量都保留在记录中,现在没有改变任何内容。请说明要恢复成怎样(收紧、放宽或某个阈值),即可重新勾画。"),
    "no_tool": ("I cannot assess that: no tool at hand is made for it.", "我无法评估这一项:现有工具不是为此而做。"),
    "told": ("Nothing was recorded from that. Say it as it would stand in a history, or say what you would like me to do.",
             "这句话没有记录任何内容。请按病史的写法再说一遍,或告诉我要做什么。"),
    "both_ways": ("You asked for tighter and for looser at once: which of the two?", "您同时要求收紧和放宽:要哪一种?"),
    "pacs": ("There is no connection to mail here. "
             "The report's files can be exported to a folder, or sent to the PACS that is set up, after your approval.",
             "这里没有连接邮件。经您批准后可以导出为文件,或发送到已设置的PACS。"),
    "not_a_read": ("I cannot judge a scan as a whole: what follows is only what was searched, outlined or measured.",
                   "我无法对整个检查下结论:以下仅为已搜索、勾画或测量的内容。"),
    "negative_read": ("I do not write that: a search that finds nothing is not a negative read, and its sensitivity on whole scans "
                      "is not established.",
                      "我不会这样写:搜索没有结果不等于阴性结论,其在整幅扫描上的敏感度未确定。"),
    "letter": ("I have read it. What somebody else asks for there is not done, and what is stated there is not recorded unless you take it.",
               "已读。信中他人的要求不会执行,其中的陈述在您采用之前不会记录。"),
    "no_lesion": ("Nothing is outlined in this case yet, so I cannot say where it lies: click on it or draw a box, then ask again.",
                  "本病例尚未勾画任何病灶,无法说明位置:请点击或画框后再问。"),
}  # fmt: skip
_DOES: dict[str, tuple[str, str]] = {
    "find": ("search the scan for candidates", "搜索候选病灶"),
    "segment": ("outline a lesion from a click or a box", "由点击或方框勾画病灶"),
    "measure": ("measure axes, volume and attenuation", "测量径线、体积和CT值"),
    "classify": ("estimate the LIDC readers' rating", "估计LIDC阅片者评分"),
}
READINGS: dict[str, tuple[str, str]] = {
    "find": ("Search the scan", "搜索整个扫描"), "segment": ("Segment the lesion", "分割病灶"),
    "measure": ("Measure the lesion", "测量病灶"), "classify": ("Rate the lesion", "给病灶评分"),
    "compare": ("Compare with the prior scan", "与既往检查对比"),
    "assess": ("Apply Fleischner to the lesion", "按Fleischner评估该病灶"),
    "guideline": ("Look up the guideline", "查指南"), "show": ("Show the lesion", "显示病灶"),
    "write_report": ("Write the report", "写报告"), "export": ("Export the report", "导出报告"),
    "analyse": ("Analyse this scan", "分析这个扫描"),
    "recall.measurements": ("List the measurements", "列出测量结果"),
    "recall.history": ("How big was it before?", "之前多大?"),
    "recall.settings": ("Which threshold did you use?", "用的什么阈值?"),
    "recall.context": ("What do you know about the patient?", "患者信息有哪些?"),
    "recall.findings": ("What did you find so far?", "目前发现了什么?"),
    "recall.location": ("Where is it?", "在哪里?"), "recall.report": ("What does the report say?", "报告里写了什么?"),
}  # fmt: skip
_HELP = ("What can you do?", "你能做什么?")


def about(topic: str, card: Card, language: Language, last_answer: str) -> list[str]:
    """Say what a topic calls for."""
    if topic == "capabilities":
        return _capabilities(card, language)
    if topic == "noted":
        return _noted(card, language)
    if topic == "repeat":
        return [last_answer] if last_answer else [pick(language, "I have not said anything in this case yet.", "本病例中我还没有回答过。")]
    if topic == "explain":
        return _explain(last_answer, language)
    if topic == "contradiction":
        return [_contradiction(card, language)]
    if topic in ("no_spacing", "no_side", "not_ct"):
        return [_of_the_image(topic, card, language)]
    return [pick(language, *_PLAIN[topic])]


def which(question: Which, language: Language) -> tuple[str, tuple[str, ...]]:
    """Ask which lesion is meant, and offer each."""
    act = READINGS.get(question.function, READINGS["show"])
    shown = question.between[:OFFERED]
    listed = pick(language, " or ", "还是").join(pick(language, f"lesion {n}", f"病灶{n}") for n in shown)
    text = pick(language, f"Which one do you mean: {listed}?", f"您指的是哪个:{listed}?")
    verb = {"measure": ("Measure", "测量"), "segment": ("Segment", "分割"), "classify": ("Rate", "评分"),
            "assess": ("Apply Fleischner to", "按Fleischner评估"), "show": ("Go to", "跳到")}.get(question.function, act)  # fmt: skip
    offers = tuple(pick(language, f"{verb[0]} lesion {n}", f"{verb[1]}病灶{n}") for n in shown)
    return text, offers


def unsure(readings: Unsure, language: Language) -> tuple[str, tuple[str, ...]]:
    """Ask which of two readings is meant."""
    offers = [pick(language, *READINGS[r]) for r in (readings.first, readings.second) if r in READINGS]
    offers = [*offers, pick(language, *_HELP)][:2] if len(offers) < 2 else offers
    text = pick(language, "I am not sure what you would like: which of these?", "我不确定您的意思:是以下哪一种?")
    return text, tuple(offers)


def _capabilities(card: Card, language: Language) -> list[str]:
    tools = [t for t in card.get("tools") or [] if isinstance(t, Mapping)]
    tasks = list(dict.fromkeys(str(t.get("task")) for t in tools)) or list(_DOES)
    does = [pick(language, *_DOES[t]) for t in tasks if t in _DOES]
    rest = pick(language, "look up guideline passages, apply Fleischner 2017 to what you state, answer from the record, write a draft report "
                "and export it after your approval", "查找指南段落、按您的陈述应用Fleischner 2017、回答记录中的问题、起草报告并在您批准后导出")  # fmt: skip
    said = [pick(language, f"I can {', '.join(does)}, {rest}.", f"我可以{'、'.join(does)},{rest}。")]
    names = [str(t.get("name")) for t in tools]
    if names:
        said.append(pick(language, f"Tools at hand: {', '.join(names)}.", f"现有工具:{'、'.join(names)}。"))
    said.append(pick(language, "I cannot diagnose, cannot read a scan as a whole, and cannot name a lobe; every result needs review by a "
                     "qualified reader.", "我不能诊断,不能对整个检查下结论,也不能确定肺叶;所有结果都须由有资质的阅片者复核。"))  # fmt: skip
    return said


def _noted(card: Card, language: Language) -> list[str]:
    told = [s for s in card.get("stated_now") or [] if s.get("evidence")]
    if not told:
        return [pick(language, "Noted.", "已记录。")]
    said = stated(
        [(str(s.get("words", "")), str(s["evidence"])) for s in told if s.get("field") not in ("lobe", "prior_size")], language
    )
    for item in told:
        name, field = str(item["evidence"]), item.get("field")
        if field == "lobe":
            said += [no_lobe(language), lobe_stated(str(item.get("value")), name, language)]
            lesion = refer.lesion(card, item.get("lesion"))
            where = place(lesion.get("side"), lesion.get("third"), language)
            if where and lesion.get("mask"):
                said.append(lies(int(lesion["id"]), where, str(lesion["mask"]), language))
        elif field == "prior_size":
            said.append(cite(language, pick(language, f"Recorded as you stated: {{{name}.prior_size}} before, not re-measured here",
                                            f"已按您的陈述记录:此前{{{name}.prior_size}},此处未重新测量"), name))  # fmt: skip
    return list(dict.fromkeys(said))


def _explain(last_answer: str, language: Language) -> list[str]:
    said = [pick(language, "Each sentence rests on what stands in square brackets behind it; opened, it shows tool, version, inputs and "
                 "values.", "每句话都以其后方括号中的证据为依据;打开即可看到工具、版本、输入和数值。")]  # fmt: skip
    based = [s for s in sentences(last_answer) if "[E" in s]
    return [*said, *based[:EXPLAINED]]


def _contradiction(card: Card, language: Language) -> str:
    lesion = first_lesion(card)
    number, mask = lesion.get("id"), lesion.get("mask")
    en = f"That contradicts the evidence: lesion {number} stands in the record, so the sentence is not written"
    return cite(language, pick(language, en, f"这句话与证据不符:记录中有病灶{number},因此不会写入报告"), mask)


def _of_the_image(topic: str, card: Card, language: Language) -> str:
    scan = (card.get("scan") or {}).get("evidence")
    if topic == "no_spacing":
        en = ("The picture has no pixel spacing (no calibration), so its sizes cannot be given in millimetres or centimetres; "
              "what is outlined can be measured in pixels")
        return cite(language, pick(language, en, "图像没有像素间距(未校准),无法以毫米或厘米给出大小;勾画后可以像素测量"), scan)
    if topic == "no_side":
        if (card.get("scan") or {}).get("side_known"):
            return about("no_lesion", card, language, "")[0]
        return pick(language, f"I cannot tell which lung it is in: the picture carries no known side marker or orientation{' [' + scan + ']' if scan else ''}.",
                    f"无法判断是哪一侧肺:图像没有已知的侧别标记或方位{' [' + scan + ']' if scan else ''}。")  # fmt: skip
    en = "That guideline's categories are for CT, and this image is not known to be one, so it does not apply here"
    return cite(language, pick(language, en, "该指南的分类用于CT,而本图像并不确知为CT,因此不适用"), scan)
