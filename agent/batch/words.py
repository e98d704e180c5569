"""What a batch's page says, in English and Chinese. Fixed sentences; nothing is computed."""

from __future__ import annotations

from agent.notice import NOTICE, NOTICE_ZH
from tools.quantity import Language

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Results of a batch", "批量处理结果"),
    "notice": (NOTICE, NOTICE_ZH),
    "drafts": ("Every report is a draft that no reader has seen. Candidates come from a search; none is confirmed.",
               "所有报告均为尚无阅片者审阅的草稿。候选来自自动搜索,均未经确认。"),
    "studies": ("studies", "项检查"),
    "done": ("with candidates", "有候选"),
    "no_candidate": ("no candidate", "无候选"),
    "not_assessed": ("not assessed", "未评估"),
    "failed": ("failed", "失败"),
    "all": ("all", "全部"),
    "study": ("Study", "检查"),
    "scan": ("Scan", "图像"),
    "found": ("Found", "所见"),
    "size": ("Long × short axis", "长径 × 短径"),
    "volume": ("Volume", "体积"),
    "report": ("Report", "报告"),
    "slices": ("slices", "层"),
    "unknown": ("modality unknown", "模态未知"),
    "how.assumed": ("assumed", "推定"),
    "how.stated": ("stated", "操作者陈述"),
    "no_candidate.told": (
        "No candidate above threshold; sensitivity on whole scans is not established; not a negative read.",
        "未见超过阈值的候选;整幅扫描的敏感度未确定;不等于阴性结论。"),
    "not_assessed.told": ("Not assessed: no search could be made of it.", "未评估:无法对其进行搜索。"),
    "failed.told": ("Failed.", "失败。"),
    "more": ("{n} more candidates, not outlined", "另有 {n} 个候选,未勾画"),
    "nodule": ("nodule candidate", "结节候选"),
    "mass": ("mass candidate", "肿块候选"),
    "right": ("right lung", "右肺"),
    "left": ("left lung", "左肺"),
    "upper": ("upper third", "上三分之一"),
    "middle": ("middle third", "中三分之一"),
    "lower": ("lower third", "下三分之一"),
    "open": ("report", "报告"),
    "pdf": ("PDF", "PDF"),
    "notes": ("notes", "备注"),
    "table": ("The whole table", "完整表格"),
    "made": ("Made", "生成于"),
    "show": ("Show", "显示"),
}  # fmt: skip


def say(key: str, language: Language) -> str:
    """Return a phrase."""
    return WORDS[key][language == "zh"]
