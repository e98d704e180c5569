"""Every sentence a report can say, in English and Chinese, with places for what the evidence holds.

No number stands in a phrase: numbers come in as references such as ``{E9.axial_long_axis}`` and code fills them in.
A phrase has no final stop and no citation; `Material.say` adds both. Knows nothing of a case.
"""

from __future__ import annotations

from string import Template
from typing import Any

from agent.notice import NOTICE, NOTICE_ZH
from agent.report.change_phrases import CHANGE_PHRASES
from tools.quantity import Language

PHRASES: dict[str, tuple[str, str]] = {
    # Above the sections
    "title": ("Scan report", "影像报告"),
    "draft": ("DRAFT, not signed", "草稿,未签署"),
    "amended": ("ADDENDUM, DRAFT, not signed", "补充报告,草稿,未签署"),
    "signed": ("Signed by “$reader” at `$signed` [$id]", "由“$reader”于`$signed`签署 [$id]"),
    "notice": (NOTICE, NOTICE_ZH),
    "nameless.gone": ("De-identified copy: dates were taken out; where a date must stand, a placeholder does",
                      "去标识副本:日期已去除,必须有日期之处为占位日期"),
    "nameless.moved": ("De-identified copy: dates were moved by a number of days of the patient's own",
                       "去标识副本:日期已按该患者特有的天数平移"),
    "phantom": ("This scan is a generated phantom, not a patient", "本图像为生成的模体,不是患者"),
    # Section titles
    "about": ("About this scan", "关于本图像"),
    "context": ("Indication and context, as stated", "检查指征与临床信息(由医生陈述)"),
    "technique": ("Technique", "检查技术"),
    "comparison": ("Comparison", "对比"),
    "findings": ("Findings", "所见"),
    "measurements": ("Measurements", "测量"),
    "targets": ("Target lesions", "靶病灶"),
    "pictures": ("Key images", "关键图像"),
    "addendum": ("Addendum", "补充报告"),
    "impression": ("Impression", "印象"),
    "recommendation": ("Recommendation", "建议"),
    "not_assessed": ("Not assessed", "未评估内容"),
    "provenance": ("Provenance", "来源"),
    # Context
    "context.none": ("No clinical context was stated", "未陈述临床信息"),
    "context.said": ("$what, as stated by the clinician: “$words”", "$what(医生陈述:“$words”)"),
    # Technique
    "technique.kind": ("Modality: $modality ($modality_how); body part: $part ($part_how)",
                       "检查类型:$modality($modality_how);部位:$part($part_how)"),
    "technique.geometry": ("Geometry: $parts", "几何参数:$parts"),
    "technique.picture": ("a single picture", "单幅图像"),
    "technique.slices": ("$slices", "共$slices"),
    "technique.interval": ("slice interval $value", "层间距$value"),
    "technique.no_interval": ("slice interval not known", "层间距未知"),
    "technique.thickness": ("slice thickness $value", "层厚$value"),
    "technique.no_thickness": ("slice thickness not known", "层厚未知"),
    "technique.pixels": ("pixel spacing $first × $second", "像素间距$first × $second"),
    "technique.contrast": ("Contrast agent: $how", "对比剂:$how"),
    "technique.kernel": ("Reconstruction kernel: $kernel", "重建卷积核:$kernel"),
    "technique.no_mm": ("The image has no pixel spacing: sizes are in pixels, not in millimetres",
                        "图像无像素间距:大小以像素计,不以毫米计"),
    "technique.projected": (
        "Lengths are in the plane of the detector, where the projection magnifies: they are no lengths in the patient",
        "长度在探测器平面内测得,投影有放大:不是患者体内的长度"),
    "technique.no_side": ("The side of the body is not known from this image", "无法由本图像得知身体侧别"),
    "technique.note": ("Note on reading the file: $note", "读取文件的说明(原文):$note"),
    "technique.type_provisional": (
        "With {$scan.$name} as $words, the type of a nodule is provisional",
        "$words为{$scan.$name},结节类型为暂定"),
    "technique.too_thick": (
        "With {$scan.$name} as $words, part-solid type, growth category and doubling time are not determined",
        "$words为{$scan.$name},不能判断部分实性、增长分类及倍增时间",
    ),
    # Comparison
    "comparison.none": ("No prior scan was compared", "未与既往图像对比"),
    "comparison.stated": (
        "Prior size of $which, as stated by the clinician and not re-measured here: $value (“$words”)",
        "$which的既往大小(由医生陈述,此处未重新测量):$value(“$words”)"),
    # Findings
    "lesion": ("lesion $n", "病灶$n"),
    "lesion.unconfirmed": ("$label candidate of the search, which no reader has accepted",
                           "搜索所得$label候选,尚未经阅片者确认"),
    "unnamed_lesion": ("a lesion", "某病灶"),
    "finding.outlined": ("Lesion $n ($label): $place; outlined $how$accepted",
                         "病灶$n($label):$place;$how勾画$accepted"),
    "finding.accepted": ("; accepted by the reader", ";阅片者已确认"),
    "finding.candidate": (
        "Lesion $n: candidate of the search ($label), $place; a rough region, not outlined$measured$accepted",
        "病灶$n:搜索所得候选($label),$place;仅为粗略区域,未勾画$measured$accepted"),
    "finding.unmeasured": (", not measured", ",未测量"),
    "finding.size": ("Lesion $n: $sizes", "病灶$n:$sizes"),
    "sizes.axes": ("axial long axis $long, short axis $short", "轴位长径 $long、短径 $short"),
    "sizes.one": ("$what $value", "$what $value"),
    "finding.seen_on": (" ($slice)", "($slice)"),
    "finding.beside": (" ($what: $value)", "($what:$value)"),
    "cell.rough": ("$n (rough region)", "$n(粗略区域)"),
    "finding.rough_size": ("Lesion $n, measured on the search's rough region and not on an outline: $sizes",
                           "病灶$n(在搜索的粗略区域上测量,并非勾画轮廓):$sizes"),
    "finding.not_measured": ("Lesion $n is outlined and not measured", "病灶$n已勾画,未测量"),
    "finding.cut": ("Lesion $n: the outline touches the edge of the image, so its sizes are lower bounds",
                    "病灶$n:轮廓触及图像边缘,所示大小为下限"),
    "finding.said": ("Lesion $n: $what, as stated by the clinician: “$words”",
                     "病灶$n:$what(医生陈述:“$words”)"),
    "finding.lobe": ("Lesion $n lies in the $lobe as outlined by the lobe model",
                     "病灶$n位于$lobe(按肺叶模型的轮廓)"),
    "finding.sides_differ": (
        "Lesion $n: the lobe stated ($lobe) and the side of the outline ($place) do not agree; please check",
        "病灶$n:所陈述的肺叶($lobe)与轮廓所在侧别($place)不一致,请核对"),
    "finding.attributes": (
        "Lesion $n: further LIDC readers' ratings, 1-5, as the tool estimates them: $parts",
        "病灶$n:工具估计的其他LIDC阅片者评分,1-5:$parts"),
    "finding.rating": (
        "Lesion $n: LIDC readers' rating, 1-5: $rating$beside; it is no diagnosis and enters neither impression "
        "nor criteria",
        "病灶$n:LIDC阅片者评分,1-5:$rating$beside;并非诊断,不进入印象与标准"),
    "finding.no_candidate": (
        "Search of $where by $tool: no candidate above threshold; sensitivity on whole scans is not established; "
        "not a negative read",
        "$tool搜索$where:未见超过阈值的候选;整幅扫描的敏感度未确定;不等于阴性结论",
    ),
    "finding.none_left": (
        "Search of $where by $tool: no candidate is kept after review; sensitivity on whole scans is "
        "not established; not a negative read",
        "$tool搜索$where:复核后无保留的候选;整幅扫描的敏感度未确定;不等于阴性结论",
    ),
    "finding.candidates": (
        "Search of $where by $tool: what it listed and the reader has not rejected stands here; it may miss lesions, "
        "its sensitivity on whole scans is not established",
        "$tool搜索$where:其列出且未被阅片者排除者见此处;可能遗漏病灶,整幅扫描的敏感度未确定"),
    "finding.nothing": (
        "Nothing is outlined, and the scan was not searched",
        "尚未勾画任何内容,也未搜索本图像",
    ),
    "finding.none_kept": (
        "Nothing is kept in this case: the reader rejected what was recorded",
        "本病例未保留任何内容:已记录者均被阅片者排除",
    ),
    "where.both": ("both lungs", "双肺"),
    "where.right": ("the right lung only", "仅右肺"),
    "where.left": ("the left lung only", "仅左肺"),
    # Impression
    "impression.measured": ("Lesion $n: $label, $sizes, $place", "病灶$n:$label,$sizes,$place"),
    "impression.outlined": ("Lesion $n: $label outlined, not measured, $place", "病灶$n:$label,已勾画,未测量,$place"),
    "impression.rest": ("Also outlined, see the measurements: $which", "其余已勾画病灶见测量表:$which"),
    "impression.candidates": ("For review, listed by the search and not outlined: $which",
                              "供复核(搜索列出,未勾画):$which"),
    # Recommendation
    "advice.row": ("Lesion $n: $title, row $row, if $stated: $action", "病灶$n:$title,条目$row,若$stated:$action"),
    "advice.row_category": ("Lesion $n: $title, row $row, if $stated: $category; $action",
                            "病灶$n:$title,条目$row,若$stated:$category;$action"),
    "advice.differ": ("Lesion $n: $one and $other differ; $one: $action; $other: $second",
                      "病灶$n:$one与$other不一致;$one:$action;$other:$second"),
    "advice.mean": ("mean diameter $value (to one decimal)", "平均直径$value(保留一位小数)"),
    "advice.longest": ("axial long axis $value", "轴位长径$value"),
    "advice.needs_brock": (
        "$which: $title is not applied yet: it goes by the Brock probability; not stated: $needs",
        "$which:尚未应用$title:其依据Brock概率;未陈述:$needs"),
    "advice.counted": (" (lesions outlined in this case)", "(本病例已勾画者)"),
    "advice.size": ("mean diameter $value (nearest whole mm)", "平均直径$value(取整至毫米)"),
    "advice.out_of_scope": ("Lesion $n: $title was not applied: $reason", "病灶$n:未应用$title:$reason"),
    "advice.caveat": ("Lesion $n: $caveat", "病灶$n:$caveat"),
    "advice.source": ("Source of $title: $source", "$title来源:$source"),
    "advice.needs": (
        "$which: $title is not applied yet; not stated: $needs",
        "$which:尚未应用$title;未陈述:$needs",
    ),
    "advice.ready": ("Lesion $n: $title is not applied yet; all that it needs is recorded",
                     "病灶$n:尚未应用$title;所需信息均已记录"),
    "advice.no_mm": ("Lesion $n: no guideline is applied; a size rule needs a mean diameter in millimetres",
                     "病灶$n:未应用指南;按大小的规则需要以毫米计的平均直径"),
    "advice.not_allowed": (
        "Lesion $n: no guideline is applied; its outline is by a tool that the operator has not allowed for guidelines",
        "病灶$n:未应用指南;其轮廓所用工具的结果尚未获操作者准许用于指南"),
    "advice.not_chest": (
        "$title is not applied: it is for chest CT, and this scan is not known to be one",
        "未应用$title:其适用于胸部CT,而本图像并不确知为胸部CT"),
    "advice.nothing": (
        "No guideline is applied: no lesion is outlined and measured",
        "未应用指南:尚无已勾画并测量的病灶",
    ),
    # Not assessed
    "left_out.chest": (
        "Mediastinum, heart, vessels, pleura, chest wall, bones and upper abdomen were not assessed",
        "纵隔、心脏、血管、胸膜、胸壁、骨骼及上腹部未评估",
    ),
    "left_out.lung": (
        "Everything else in the lungs was not assessed",
        "肺内其他内容未评估",
    ),
    "left_out.rest": (
        "Everything in the scan but the lesions listed was not assessed",
        "图像中除所列病灶以外的内容未评估",
    ),
    "left_out.lobe": (
        "Lobes were not determined from the image",
        "未由图像确定肺叶",
    ),
    "left_out.type": (
        "The type of a nodule (solid, ground-glass, part-solid) was not determined by a tool",
        "工具未确定结节类型(实性、磨玻璃、部分实性)",
    ),
    "left_out.change": (
        "Change over time was not assessed: no prior scan was compared",
        "随时间的变化未评估:未与既往图像对比",
    ),
    "left_out.no_search": (
        "The scan as a whole was not searched: only what the reader pointed at was looked at",
        "整幅扫描未搜索:仅处理阅片者指定之处",
    ),
    "left_out.search": (
        "What a search may miss is not known: its sensitivity on whole scans is not established",
        "搜索可能遗漏病灶:其在整幅扫描上的敏感度未确定",
    ),
    "left_out.one_side": (
        "A search covered $where; the other lung was not searched by it",
        "某次搜索的范围为$where;另一侧肺未搜索",
    ),
    "left_out.search_said": ("In the search tool's own words: $words", "搜索工具的说明(原文):$words"),
    "left_out.unmeasured": (
        "Sizes of $which were not measured",
        "$which的大小未测量",
    ),
    "left_out.sentences": ("Sentences that their evidence does not carry were left out; they are listed with the case",
                           "证据不支持的语句已略去;见本病例的问题列表"),
    # Beside the report
    "wish.unknown": ("Not understood, and not followed: “$part”", "未能理解,也未照办:“$part”"),
    "wish.known": (
        "A report can be asked for in English or Chinese, in full, short, or with a brief impression; a lesion leaves "
        "it when the reader "
        "rejects the lesion, and everything else in it follows the evidence",
        "报告可用英文或中文,可完整、简短或仅印象精简;阅片者排除某病灶后,该病灶即不再列入,其余内容均依据证据",
    ),
    # The clinician's own words, and what follows a signature
    "edit.changed": ("(clinician's wording)", "(医生改写)"),
    "edit.added": ("(added by the clinician)", "(医生补充)"),
    "edit.changed.not_measured": ("(clinician's wording, not as measured here)", "(医生改写,与此处测量不一致)"),
    "edit.added.not_measured": ("(added by the clinician, not measured here)", "(医生补充,非此处测量)"),
    "edit.removed": ("Sentences removed by the clinician: $ids", "医生删除的语句:$ids"),
    "addendum.lead": ("Amends the report signed by “$reader” at `$signed`", "对“$reader”于`$signed`签署的报告作补充"),
    "addendum.before": ("Previously: ", "此前:"),
    "addendum.now": ("Now: ", "现为:"),
    # Key images
    "picture.lesion": ("Lesion $n, $plane slice $index of $count, $window window (centre $centre, width $width$unit); "
                       "outline and calipers as in the evidence",
                       "病灶$n,$plane第$index/$count层,$window窗(窗位$centre,窗宽$width$unit);轮廓与测量线取自证据"),
    "picture.candidate": ("Lesion $n, candidate of the search, $plane slice $index of $count, $window window (centre "
                          "$centre, width $width$unit); a rough region, not an outline",
                          "病灶$n,搜索所得候选,$plane第$index/$count层,$window窗(窗位$centre,窗宽$width$unit);仅为粗略区域"),
    "picture.more": ("Key images show the largest lesions; the others are in the table",
                     "关键图像仅示最大的病灶;其余见测量表"),
    "page": ("Page $page of $pages", "第$page页,共$pages页"),
    "watermark": ("DRAFT", "草稿"),
    "problems": ("To be settled before signing", "签署前待处理"),
    # Provenance: identifiers stand in `code spans`, each held by the evidence as it is
    "from.tool": ("`$tool`, version `$version`, weights `$weights`, last used `$created`: $ids",
                  "`$tool`,版本`$version`,权重`$weights`,最近使用`$created`:$ids"),
    "from.plain": ("`$tool`, version `$version`, without weights, last used `$created`: $ids",
                   "`$tool`,版本`$version`,无权重,最近使用`$created`:$ids"),
    "from.scan": ("Scan `$scan`", "图像`$scan`"),
    "from.accuracy": ("`$tool`, reported accuracy: `$said`", "`$tool`,所报告的准确度(原文):`$said`"),
    "from.no_accuracy": ("none reported", "未报告"),
    "from.record": ("Composed `$composed` from a record of `$count` pieces of evidence, kept in evidence.json",
                    "于`$composed`根据`$count`条证据编写,证据见evidence.json"),
}  # fmt: skip

PHRASES |= CHANGE_PHRASES

COLUMNS: dict[Language, tuple[str, ...]] = {
    "en": ("Lesion", "Place", "Long axis", "Short axis", "Mean diameter", "Volume", "Mean attenuation", "Evidence"),
    "zh": ("病灶", "位置", "长径", "短径", "平均直径", "体积", "平均CT值", "证据"),
}
EMPTY_CELL = "–"


def phrase(key: str, language: Language, **values: Any) -> str:
    """Return a phrase with its places filled.

    >>> phrase("finding.size", "en", n=1, sizes="axial long axis {E9.axial_long_axis}")
    'Lesion 1: axial long axis {E9.axial_long_axis}'
    """
    return Template(PHRASES[key][language == "zh"]).substitute(values)
