"""What a report says of change over time and of what the reader drew, in English and Chinese. See `phrases`."""

from __future__ import annotations

CHANGE_PHRASES: dict[str, tuple[str, str]] = {
    "prior.interval": ("Prior scan$which: made $value before this one ($how)", "既往扫描$which,早$value($how)"),
    "prior.no_interval": ("Prior scan$which: the interval is not known", "既往扫描$which,间隔未知"),
    "prior.by_headers": ("by the dates in both headers", "据两次文件头中的日期"),
    "prior.by_statement": ("as stated by the clinician", "由医生陈述"),
    "prior.same": ("By the headers of both scans they are of one patient", "据两次扫描的文件头,属同一患者"),
    "prior.not_verified": ("Identity not verified: the headers do not name the patient on both scans",
                           "身份未核实:两次扫描的文件头未同时标明患者"),
    "prior.slices": ("Slices: $then on the prior scan; $now on this scan", "层面:既往扫描$then;本次扫描$now"),
    "prior.not_compared": ("The prior scan in this case was not compared", "本病例中的既往扫描未作对比"),
    "pair.sizes": ("Lesion $n: $sizes", "病灶$n:$sizes"),
    "pair.size": ("$what $before before, $now now", "$what此前$before,现在$now"),
    "pair.within": ("Lesion $n: long axis $change: within what two readers differ by", "病灶$n:长径变化$change:在两位阅片者的差异范围内"),
    "pair.larger": ("Lesion $n: long axis $change: larger, by more than two readers differ", "病灶$n:长径变化$change:增大,超出两位阅片者的差异"),
    "pair.smaller": ("Lesion $n: long axis $change: smaller, by more than two readers differ", "病灶$n:长径变化$change:缩小,超出两位阅片者的差异"),
    "pair.volume": ("Lesion $n: change of the volume $change", "病灶$n:体积变化$change"),
    "pair.doubling": ("Lesion $n: volume doubling time $value", "病灶$n:体积倍增时间$value"),
    "pair.not_judged": ("Lesion $n: growth and doubling time were not determined", "病灶$n:增长及倍增时间未确定"),
    "pair.reason": ("Lesion $n, reason: $reason", "病灶$n,原因:$reason"),
    "pair.new": ("Lesion $n: no outline on the prior scan matches it: new as far as the prior is outlined",
                 "病灶$n:既往扫描上没有与之相合的轮廓:就既往已勾画者而言为新发"),
    "pair.gone": ("Lesion $n: outlined on the prior scan, and no outline on this scan matches it; whether it is still "
                  "there a reader must judge", "病灶$n:既往扫描上已勾画,本次扫描没有与之相合的轮廓;是否仍在须由阅片者判断"),
    "pair.unmatched": ("Lesion $n: no counterpart is outlined on the other scan; whether it was there was not determined",
                       "病灶$n:另一次扫描上没有相合的轮廓;当时是否存在未确定"),
    "sum.now": ("Sum of the long axes of the targets ($which): $now", "靶病灶($which)长径之和:$now"),
    "sum.both": ("Sum of the long axes of the targets ($which): $before before, $now now", "靶病灶($which)长径之和:此前$before,现在$now"),
    "left_out.response": ("No response category is given: it does not follow from targets alone", "不给出疗效分类:不能仅凭靶病灶得出"),
    "left_out.growth": ("Growth was not determined for $which: not comparable with the prior, as the comparison says",
                        "$which的增长未确定:配对不可比,见对比部分"),
    "sizes.long": ("axial long axis $long", "轴位长径 $long"),
    "sizes.by_reader": ("$which set by the reader", "$which由阅片者设定"),
    "axis.long": ("long axis", "长径"),
    "axis.both": ("both axes", "两径"),
    "line.of": ("Lesion $n: line drawn by the reader: $value", "病灶$n:阅片者所画线段:$value"),
    "line.free": ("Line drawn by the reader: $value", "阅片者所画线段:$value"),
}  # fmt: skip
CHANGE_HEAD = {"en": "Change", "zh": "变化"}
