"""Why a pair's change cannot be judged, in the language of the answer: the comparison tool says it in English.

A reason with no wording here is quoted as the tool said it, never translated by guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tools.quantity import Language

_ZH: tuple[tuple[str, str], ...] = (
    (r"The slice interval is ([\d.]+) mm now and ([\d.]+) mm before: they may differ by ([\d.]+) mm",
     r"层间距现为\1 mm,此前为\2 mm;相差不得超过\3 mm"),
    (r"The slice thickness is ([\d.]+) mm now and ([\d.]+) mm before: they may differ by ([\d.]+) mm",
     r"层厚现为\1 mm,此前为\2 mm;相差不得超过\3 mm"),
    (r"A slice interval is ([\d.]+) mm: above ([\d.]+) mm no growth and no doubling time is given",
     r"层间距为\1 mm;超过\2 mm时无法判断增长及倍增时间"),
    (r"The two scans were reconstructed with different kernels", "两次扫描的重建卷积核不同"),
    (r"How an outline was made is not known.*", "某一轮廓的来源未知,两次可能不是同一方法"),
    (r"The outlines are by different methods: .*", "两次轮廓由不同方法得到"),
    (r"The image cuts off .*", "图像边缘截断了轮廓:大小为下限"),
    (r"Prior lesions .* only their volumes together are compared", "数个病灶相合,仅比较合计体积"),
    (r"The tool outlined the prior by itself.*", "既往轮廓由工具在配准位置自行勾画,尚无阅片者复核:请载入既往轮廓后再判断"),
    (r"There is one time point only", "仅有一个时间点"),
    (r"The (?:prior|current) scan does not show this place.*", "另一次扫描未覆盖该处"),
)  # fmt: skip
_END = re.compile(r"[.。;\s]+$")


def reason(text: str, language: Language) -> str:
    """Return a reason without its full stop.

    >>> reason("The two scans were reconstructed with different kernels.", "zh")
    '两次扫描的重建卷积核不同'
    """
    plain = _END.sub("", text)
    if language == "zh":
        for pattern, words in _ZH:
            found = re.fullmatch(pattern, plain)
            if found is not None:
                return found.expand(words)
    return plain


def reasons(texts: Sequence[str], language: Language) -> list[str]:
    """Return reasons, each once."""
    return list(dict.fromkeys(reason(str(t), language) for t in texts))
