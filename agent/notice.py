"""What stands over everything that Scanwright makes or shows, in both languages."""

from __future__ import annotations

NOTICE = "Research use only. Not a medical device. Every result needs review by a qualified reader."
NOTICE_ZH = "仅供研究使用。不是医疗器械。所有结果均须由有资质的阅片者复核。"
