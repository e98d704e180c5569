"""The words in which a lesion of the case may be spoken of: a closed list, so that what is on no list is a claim.

A list of findings can never be complete; a list of how sizes, places, outlines and ratings are talked about can. In a
clause that cites a measurement, an outline, a comparison or a rating, a word that is neither here, nor in what is
cited, nor judged elsewhere (sides, places, qualifiers, findings, comparisons) is held by nothing: "which abuts the
fissure", "worrisome", "hypermetabolic". Knows no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from agent.grounding import vocabulary as words

_JOINING = """
a about above according across after again against ago all allow allowed alone along already also although an and
another any are around as at based be because been before being below beside between beyond both but by can cannot
could did do does done down during each either else end even every first for found from further get give given gives
go goes got had has have having here how i if in into is it its itself just last later least less let like made make
makes many may me might mine more most much must my need needed needs neither next no none nor not now of off on
once one only or other others our out over own per place please rather regarding respective respectively same say
says second see seen set several shall she he should show shown shows since so some still such take taken than that
the their them then there these they third this those though through thus to together too towards two under until up
upon us use used uses using very via want was we well went were far what when where whether which while who whole
whose why will with within without would yet you your yours
"""
_MEASURING = """
above area attenuation average axes axial axis big bigger biggest calculate calculated calipers cc centimeter
centimeters centimetre centimetres cm compute computed confidence coronal cranio craniocaudal craniocaudally cubic
current currently days dense denser density deviation diameter diameters differ difference differences different
dimension dimensional dimensions direction distance double edge ellipsoid end ends equal estimate estimated
estimates estimation exact exactly exceed exceeds extend extends extent five four greater greatest half height high
higher highest hounsfield hu image images index intensity interval intervals inch large larger largest length
lengths line lines long longer longest longitudinal low lower lowest main maximal maximum mean measurable measure
measured measurement measurements measures measuring median method methods mid millimeter millimeters millimetre
millimetres mm minimal minimum ml month months nearest number numbers orthogonal overall percent percentile
perpendicular pixel pixels plane point points product quantities quantity range ranges rank reading round rounded
sagittal scale sd share sharper sharp short shorter shortest six size sized sizes slice slices small smaller
smallest spacing sphere sphericity spherical square standard sum surface target targets thick thickness three
threshold times top total transverse value values volume volumes voxel voxels week weeks wide width within year
years one two seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
twenty thirty forty fifty sixty seventy eighty ninety hundred thousand zero approximately approx roughly nearly
almost circa
"""
_OF_THE_WORK = """
accept accepted added age sex history lobe lobes answer answered apart appear appears applied apply approve approved
ask asked assess assessed assumed baseline box brief calibration candidate candidates card case cases category
certain change changed changes check checked choose chosen cite cited classified classify clause clear clearly click
clicked clinician come comes comparable compare compared comparing comparison complete confirm confirmed consider
considered contour contours contrast copy correct correspond corresponding corresponds count counted create created
criteria ct date day decide decided depend depends describe described detail details detect detected detection
determine determined diagnosis draft draw drawn earlier edit edited editing enter enters entry established evidence
exam examination export exported fact facts figure figures file files find finder finding findings first follow
follows following former formerly geometry guidance guideline guidelines header help hold holds how identified image
imaging impression include included includes including information input inspect joined judge judged judgement
judgment keep keeps kept kind kinds know known label labelled labeled later lesion lesions lidc lie lies list listed
load loaded locate located location look looked looking lung lungs margin mark marked marker marks mask masks match
matched matches mean meaning means mention mentioned merged model moved mri name named new nodule nodules note noted
now old open opened opinion order orientation outline outlined outlines pair paired part partly parts patient person
pet picture pictures place placed position possible previous previously prior probability processed provide provided
provisional question rate rated rater raters rating ratings read reader readers reading reads reason reasons recent
recommend record recorded records region reject rejected rely remark repeat repeated report reported reports request
requested required rest rests result results review reviewed row run said scan scans scanner score scored scores
scoring search searched section sections segmentation segmented segmenting select selected selection separate series
side sides similar sorry split stand stands start state stated statement states step steps study tell template
texture time today told tool tools type types unknown unless update updated upper visible volume whatever wish word
words work written yes accuracy action add advice agree alike authors back behind belong bounds bring came carries
carry categories centre chance choice class classifier column columns common component counterpart covered cuts
detector device drop edition everything example exist exists force gone hand held identity inside joins kernel
kernels key limit modality morphology mostly nearer node nodes nothing offered operator overlap pane passage
passages passed phantom piece pieces placeholder preferred problem projection qualified quoted raised reconstructed
reconstruction removed response rise risk rough rule scope screen settled shipped signed source space status stay
stays stroke sure table technique touch touches true understood unit verified version versions viewer way weights
withdrawn write wrote tighter looser orange blue amber dotted dashed dot dots line
"""
_TALKING = """
ca wo
put puts turn turns gave give occupy occupies reside resides rest sit sits comprise comprises constitute constitutes
register registers display displays bear bears carry carries possess possesses feature features demonstrate
demonstrates exhibit exhibits assign assigned assigns allocate allocated attribute attributed come comes became
become becomes form forms arrive arrives average averages clock clocks tally tallies work worked figure figures
indicate indicates indicated denote denotes denoted represent represents represented translate translates translated
convert converted converts conversion amount equate equates sum sums add adds total totalled volumetric volumetry
linear planar spatial numeric numerical digital metric metrics caliper bidimensional two-dimensional
three-dimensional unidimensional dimensionally voxel-based pixel-based mesh ellipsoidal planimetric extracted
extract extraction plotted plot tabulated tabulate print printed table tables row rows listed column heading
respectively individually jointly combined separately alone together chiefly solely essentially practically
effectively numerically notably interest focus focused focuses questioned asked demand demanded target targeted
click clicked pick picked chosen choice seed seeded prompted prompt rerun rerunning refined refine refines adjust
adjusted adjustment edit updated refreshed revised revision corrected correction correct right-hand left-hand
hand-drawn drawn drew draw draws drawing trace traces traced circle circled bounding boundary boundaries left right
side-by-side rounded rounding decimal decimals digit digits unit units place accuracy precision tolerance error
margin range spread minus plus times ratio mean-based per-slice peak overall hereafter henceforth aforementioned
said mentioned preceding former latter foregoing body thorax chest hemithorax whole half image-based scan-based
acquisition acquired study studies timepoint visit session today's absolute absolutely accordingly accurate
accurately actual actually additional additionally addition afterwards algorithm algorithms amounts annotate
annotated annotation approximate apply automatic automatically available averaged brief briefly bullet call called
certainly completed concerning contoured contouring course cross cross-sectional delineated delineation derive
derived done ease equivalent equals etc evaluated evaluation executed feel final finally finished followed following
furthermore glad good great happy hence hereby however initial initially kindly latest level levels manual manually
meanwhile moreover namely newest next obtain obtained okay ok original otherwise overview perform performed
performing precise precisely program provides providing quantified quantification quantitative question questions
quick quickly quoted ran re ready reach reached reaches reassessed recalculated recomputed refer referred referring
refers remain remains remeasured respect return returned returns save saved sectional semi shape simple simply
software span spans specific specifically stored subsequent subsequently summarise summarised summarize summarized
summary system taking term termed terms thank thanks therefore totalling totals typed unavailable view views welcome
whichever willing wished yield yielded yields assistant understand understanding help helpful want wants let's let
below above first second third firstly secondly lastly
"""
_CHINESE = """
病灶 结节 肿块 候选 肺叶 年龄 性别 病史 已知 未见 不适用 最大径 最小径 靶病灶 靶 长径 短径 直径 平均 最大 最小 最长
最短 径线 两径 乘积 体积 面积 表面积 球形度 密度 信号 强度 数值 标准差 中位 百分位 三维 头足 方向 轴位 冠状位 矢状位
横断面 层面 层厚 层间距 层 图像 影像 扫描 检查 本次 上次 前次 前片 既往 此前 之前 先前 目前 现在 当前 现为 现 原
原为 为 是 有 在 位于 处于 于 由 从 到 至 变为 变到 变化 变 相比 相比的 对比 比较 比 较 大小 尺寸 数 个 枚 处 名
两个 三个 两 约 大约 大概 左右 上下 接近 近 多 不到 不足 超过 超出 以上 以下 以内 之间 之内 之和 总和 合计 共 共有
总共 共计 分别 分别为 均 均为 都 各 各为 其 该 此 这 那 这个 那个 它 本 的 了 着 地 得 和 与 及 或 并 且 而 但 则 又
也 还 仍 再 已 曾 被 把 对 将 可 可以 可能的 能 会 应 请 您 我 患者 医生 阅片者 两位 差异 范围 测得 测量 测出 测量值
测量结果 测 勾画 轮廓 分割 标记 标注 标出 绘制 载入 记录 所示 显示 示 见 可见 看到 发现 找到 搜索 搜索到 评分 评价
评级 分数 分 意见 估计 估计值 估算 计算 得出 得到 工具 模型 方法 阈值 依据 根据 按 据 基于 来自 见于 结果 报告 印象
诊断 标准 指南 分类 类别 类型 建议 复查 随访 间隔 时间 天 周 月 个月 年 岁 毫米 厘米 公分 立方 平方 微米 毫升 单位
值 间 内 中 上 下 前 后 侧 侧别 侧肺 肺 部 部位 位置 左 右 三分之一 如 如下 如您 所述 所陈述 陈述 您所 称 称其 未 无
没有 不 非 否 是否 并非 不是 无法 不能 未知 未确定 不进入 判断 给出 说明 取整 保留 一位 小数 第 首次 同一 同 编号 号
序号 较大 较小 较长 较短 更大 更小 大 小 大者 小者 者 长 短 宽 高 低 越 最高 最低 最 点 线 轴 面 边缘 毛刺 致密 锐利
质地 实性 成分 倍增 增长 倍 下限 上限 像素 体素 分辨率 完整 总 全 另 另一 其他 其余 以及 同时 此外 因此 所以 因为
由于 原因 若 如果 时 当 后再 然后 此后 之后 以后 更 很 非常 十 百 千 零 一 二 三 四 五 六 七 八 九 半 可比 配对 相合
相应 对应 匹配 合并 分裂 参见 见下 详见 已有 需要 需 进行 完成 确认 选择 选中 查看 情况 内容 信息 病例 名称 概率
风险 偶然 筛查 排除 以 所 即 仅 只 只有 至少 至多 等 等于 相等 考虑 之 就 而言 须 为准 取 条目 应用 尚未 使用 未使用
未应用 结合 部分 长轴 短轴 长度 宽度 高度 厚度 体 平面 方位 读取 测值 一致 符合 次 次数 张 帧 图 幅 序列 区域 形态
定位 大致 精确 准确 所见 关于 有关 名为 命名 属 属于 包括 包含 含 组 项 条 份 供 供复核 规则 线段 计 以像素计 截断
图像边缘 配准 自行 作 作为 早 早于 相差 相连 之一 列 列出 列入 列表 表 单 单独 核实 身份 文件头 标明 日期 卷积核
重建 核 覆盖 粗略 视为 计入 融合 触及 边界 去除 探测器 投影 放大 距 薄 薄层 采用 重叠 重新 随 随时间 确定 未达 达
提供 指明 凭 仅凭 推定 设定 复核 须由 资质 版本 权重 来源 某 任何 其中 主要 自己 解释 影响 旁边 橙色 蓝色 升高 上升
降低 参数 几何 排名 靠后 度 角度 方式 方框 点击 校准 暂定 告知 哪些 哪个 哪里 什么 多大 先 让 恢复 理解 回答 问题 问
草稿 签署 导出 写 写入 写出 读 读值 基线 累加 疗效 结论 敏感度 评估 遗漏 迄今 条件 依 尚 尚无 存在 当时 向 头 身
整个 整幅 全部 阴影 实线 虚线 刻度 圆点 方块 做 作出 给 用 例 到达 指 所用 获 准许 操作者 画 段落 类 史 家族史 某个
哪 哪种 证据 次序 核对叶间裂 叶 视为肿大的 久 框 画框 改变 改写 窗 窗位 窗宽 肺窗 纵隔窗 骨窗 脑窗 软组织窗 窗格
更新 免疫状态 不等于阴性结论 补充 原文 文件 编写 研究使用 删除 语句 副本 去标识 搜索所得 尚未经 处理 指定 得知 身体
适用于 适用 确知 照办 临床 生成 技术 指征 取自 页 男性 女性 自带 先后 排列 头足向径 冠状面 矢状面 视图 移动 移到
使其 性质 经 经过 好 好的 软件 系统 自动 手动 半自动 程序 算法 汇总 概括 简要 总结 上述 下述 综上 具体 具体为 对应于
相当于 为止 最新 新的 再次 已经 刚刚 刚才 这次 该次 按照 要求 注意 参考 供参考 可供 另外 还有 同样 也就是 即为 换算
换算为 折合 折算 约合 接近于 数据 指标 项目 各项 方面 来看 来说 总体 整体 如需 是否需要 继续 下一步 进一步 谢谢 抱歉
当然 没问题 您的 我们 你 你的 吗 呢 吧 啊 嗯 的话 起来 出来 上面 下面 里面 看 看来 说 讲 所得 得值 测定 测定值 量
量得 轮廓线 描绘 圈出 圈定 标示 径 轴面 所占 乘 乘以 里 测的 处在 这里 英文 中文 精简 简短 占位 关键图像
无法由 以外 支持
"""
_TOKEN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2,}(?:-[A-Za-z]{2,})*(?:'[a-z]{0,2})?(?![A-Za-z0-9])")
_SHORTENED = re.compile(r"(?:n't|'[a-z]{0,2})$")
_CJK = re.compile(r"[\u3400-\u9fff]+")
_ENDINGS = ("s", "es", "ed", "d", "ing")
_COMPOUND = re.compile(r"对侧|[半周内外]径|周长|[前后尖背基]段|可疑")
"""Chinese words that say more than the listed words they are made of."""
_MEASURED_VERB = re.compile(
    r"\b[a-z]+(?<![su])s\s+(?:(?:a|an|the|at|in|to|by|of|only|just|about|out|over|across|up|its|long|short|axis|axial|diameter|volume)\s+){0,6}?"
    r"(?:\d|(?<=in )(?:the )?(?:right|left)|(?<=in the )(?:right|left))", re.IGNORECASE,
)
"""A verb between a lesion and its size or its lung, whichever: "occupies 882 mm³", "resides in the right lung"."""
_JUDGED = (words.SIDES, words.PLACES, words.QUALIFIERS, words.FINDINGS, words.COMPARISONS)
_ELSEWHERE = tuple(pattern for group in _JUDGED for pattern in group.values())
"""Words that are judged by what they mean."""


def unknown(text: str, held: str) -> list[str]:
    """Return the words of a text that are on no list and in nothing that is cited.

    Args:
        text: what a clause asserts, without citations.
        held: what is cited, in lower case.

    >>> unknown("Lesion 1 measures 14.2 mm, which abuts the fissure", "")
    ['abuts', 'fissure']
    """
    if not unlisted(text, held):
        return []
    plain = _MEASURED_VERB.sub(lambda m: " " * len(m[0].split()[0]) + m[0][len(m[0].split()[0]) :], text)
    for pattern in _ELSEWHERE:
        plain = pattern.sub(lambda m: " " * len(m[0]), plain)
    return unlisted(plain, held)


def unlisted(plain: str, held: str) -> list[str]:
    """Return the words that are on no list and in nothing that is cited, be they judged elsewhere or not."""
    known = _held_words(held)
    found = [m[0] for m in _TOKEN.finditer(plain) if not _is_known(m[0].lower().rstrip("'"), known)]
    signs = _CJK.findall(plain)
    left = [(run, rest) for run in signs for rest in [_signs().sub("", run)] if rest]
    left += [(m[0], m[0]) for run in signs for m in _COMPOUND.finditer(run)]
    return found + [rest for run, rest in left if not _quoted(run, rest, held)]


def _is_known(word: str, known: Collection[str]) -> bool:
    word = _SHORTENED.sub("", word)
    parts = word.split("-")
    if len(parts) > 1:
        return word in known or all(_is_known(p, known) for p in parts)
    listed = _listed()
    stems = (word, *(word[: -len(e)] for e in _ENDINGS if word.endswith(e) and len(word) - len(e) > 2))
    return any(s in listed or s in known for s in stems)


def _quoted(whole: str, left: str, held: str) -> bool:
    return whole in held or left in held


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    return frozenset(" ".join((_JOINING, _MEASURING, _OF_THE_WORK, _TALKING)).split())


@lru_cache(maxsize=1)
def _signs() -> re.Pattern[str]:
    return re.compile("|".join(sorted(set(_CHINESE.split()), key=len, reverse=True)))


@lru_cache(maxsize=256)
def _held_words(held: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]{2,}", held))
