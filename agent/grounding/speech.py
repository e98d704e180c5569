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
matched matches mean meaning means mention mentioned merged model moved name named new nodule nodules note noted
now old open opened opinion order orientation outline outlined outlines pair paired part partly parts patient person
picture pictures place placed position possible previous previously prior probability processed provide provided
provisional question rate rated rater raters rating ratings read reader readers reading reads reason reasons recent
recommend record recorded records region reject rejected rely remark repeat repeated report reported reports request
requested required rest rests result results review reviewed row run said scan scans scanner score scored scores
scoring search searched section sections segmentation segmented segmenting select selected selection separate series
side sides similar sorry split stand stands start state stated statement states step steps study tell template
texture time today told tool tools type types unknown unless update updated upper visible volume whatever whereas
wish word words unlike work written yes accuracy action add advice agree alike authors back behind belong
bounds bring came carries carry categories centre chance choice class classifier column columns common
component counterpart covered cuts device drop edition everything example exist exists force gone hand held identity
detector inside joins kernel kernels key limit modality morphology mostly nearer node nodes nothing offered operator
overlap pane passage passages passed phantom piece pieces placeholder preferred problem projection
qualified quoted raised reconstructed
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
vol diam avg treat treated regard regarded mind caution cautious careful carefully care bear
slightly little bit somewhat instead cover covers covering head foot toe tall taller shared common equally exceeding
surpass surpasses trail trails likewise identical alike ascending descending rise rises rose
"""
_REPORTING = """
situated sited positioned localised localized localisation localization laterality sided contain contains contained
harbour harbours harbor harbors house houses housed host hosts inhabit inhabits nestle nestles dwell dwells project
projects projected projecting fall falls zone zones zonal quarter attain attains attained attaining breadth extent
lengthwise longways quantitative volumetric dimensional metric geometric geometrical arithmetic averaging summing
adding dividing multiplying rounding designate designated designation denominate denominated numbered naming tag
tagged dubbed indexed index identifier listed enumerated catalogued reference referenced references receive received
receives award awarded earn earned earns getting obtaining rank ranked ranking versus vs tape tapes tip tips ruler
enclose encloses enclosed enclosing delimit delimits delimited demarcate demarcated stretch stretches stretching run
runs running technique indication background comment comments commentary conclusion conclusions observation
observations narrative paragraph heading headings item items entries data dataset datasets datum parameter parameters
clinical history notes visualise visualised visualize visualized depict depicts depicted illustrate illustrates
illustrated observe observes observed recognise recognised recognize recognized discern discerned encounter
encountered evident interpret interpreted interpretation document documents documented documentation log logged per
likewise similarly concise concisely subject subjects patients individual aged whole-lesion in-plane automated
computerised computerized computer computer-aided algorithmic voxelwise pixelwise principal chief foremost major minor
utmost hello hi dear colleague colleagues regards above-mentioned below-mentioned interrogate interrogated query
queried queries gauge gauged gauges pertain pertains pertaining relate relates related relating relation reveal
reveals revealed revealing disclose discloses disclosed afford affords output outputs produce produces produced
producing generate generates generated encompass encompasses encompassed encompassing sizing technical spaced apart
readout readouts attach attached append appended appendix pending await awaits awaiting supply supplied supplies
furnish furnished originate originates originating approximates approximating close closely besides thereby therein
thereof whereby herein hereby formally informally literally strictly broadly presently nowadays altogether
collectively comparatively correspondingly consequently conversely inclusive exclusive explicitly implicitly expressly
plainly purely merely namely notionally official officially originally primarily secondarily tertiary ordinarily
routinely typical typically usual usually reader's readers' clinician's patient's lesion's nodule's scan's tool's
software's outline's segmentation's going speaking placement placements placing single convention conventional
unrounded bottom anatomical whereabouts coordinate coordinates site sites sector portion level spanning ranging
amounting counting scaled scaling noting informs informed informing tells telling based basis resulting resultant auto
hand-measured spot spotted flag flagged track tracks tracked signify signifies bring brings assessment computation
synopsis recap recapitulation inquiry enquiry instruction purpose purposes context perspective viewpoint standpoint
convenience completeness clarity sake accordance manner fashion format group couple trio interim contemporaneous
radiologist radiologists radiologist's doctor doctors physician physicians observer observers magnitude footprint
through-plane right angle angles chord endpoint endpoints end-to-end edge-to-edge tip-to-tip mathematical formula
whereupon whilst among amongst onto plus notwithstanding despite except indeed naturally yes-no short-form note-form
abbreviated abbreviation abbreviations shorthand expressed express expresses worded spelled spelt given-as written-out
figure-only annotation annotations label labels caption captions legend picture-in-picture slide slides frame frames
viewer viewer's screen on-screen displayed displaying print-out indices numeral numerals figure-wise size-wise quote
quotes sentence sentences wording phrase phrases line-by-line
"""
_CHINESE_REPORTING = """
对照 增至 减至 缩至 坐落 落在 落于 落入 给予 予以 赋予 垂直 正交 定量 截面 断面 切面 横断 双径 双侧径 一颗 这颗 那颗
该颗 跨度 横径 不详 个头 长在 运行 依次 逐一 逐个 记为 记作 标为 称作 称为 代号 图中 片中 影像上 影像中 检查所见
影像所见 临床资料 资料 扫描技术 检查技术 检查方式 扫描方式 告诉 获知 据悉 系 乃 近似 取平均 平均而言 求得 求出 相加
加和 除以 综合 可得 可知 归入 归为 归类 划入 列为 处理意见 推荐 应在 应于 当下 现阶段 眼下 此次 本例 本病例 该患者
受检者 被检者 答复 回复 汇报 敬请 烦请 谨此 特此 如上 后附 附图 附表 表中 栏 尺度 量度 度量 径值 读数 数据集 测算 推算
换成 转换 容积 层次 断层 该层 此层 同层 一侧 那侧 这侧 区域内 肺野 野 带 那枚 这枚 该枚 一枚 主轴 首位 其次 居于 列于
用户 使用者 医师 您好 你好 感谢 不客气 有待 待定 未定 未明 不明 不明确 不确定 不足以 不可 无从 难以 所以说 换言之
换句话说 简言之 简而言之 概言之 总而言之 总的来说 一般而言 具体而言 具体来说 需要说明 需要指出 值得一提 顺便 顺带 谨供
仅供 以便 以及其 并于 并在 并以 其中的 其长 其短 上面的 下面的 前面的 所提 所问 提到 问到 所列 所载 所记 所标 所画
所圈 所测 所算 所得的 得出的 测出的 算出的 画出的 圈出的 标出的 勾出 勾勒 描记 描画 圈画 框出 框定 编为 编作 定为 视作
看作 表示 表明 代表 意味 意指 即指 是指 指的是 呈报 记述 叙述 描述 陈述中 提示为 备注 附注 注释 说明中 依照 遵照 参照
对应的 相应的 相当 折成 约等于 大致为 大体 大体为 粗略为 粗算 精算 量测 丈量 量取 取值 读出 输出 产出 返回 反馈 给出的
生成的 自动化 人工 电脑 计算机 程序化 网络 算法 三个 四个 五个 六个 数目 数量 个数 总数 计数 名单 清单 序 排序 顺序
先前的 之前的 当前的 目前的 本次的 今 如今 过去 以前 早先 来 去 出 出自 归 归在 占 完毕 完 毕 卡尺 标尺 得 获 话 语 文
句 词 样 种 些 便 却 虽 既 又 才 仅有 来讲 来看 而论 起见 为便 算是 当作 该当 现将 兹将 已将 均已 俱已 皆已 现已 业已
方才 适才 首先 继而 随后 接着 最终 终于 终 始 不符 相符 解剖 解剖学 头尾 数字 距离 算得 长轴 短轴 横轴 均值 量值 坐标
位点 点位 区位 分布于 归属 归属于 隶属 从属 存于 存在于 出现在 出现于 显现 显示出 呈现 呈现为 展示 展现 登记 录入 收录
载明 注明 写明 写为 报为 报作 认定 认作 判读 识别 识别出 辨认 辨识 检出 检测到 查见 查得 查到 探及 找见 看见 观察到
观察 量出 测取 测到 测及 经计算 经测算 经量取 经核对 经确认 经分割 经勾画 经比较 前后 两次 两期 期间 其间 历时 相隔
时隔 距上次 距今 变动 变更 改为 总的 正好 恰好 恰为 刚好 整整 也即 亦即 亦 皆 俱 同为 请参阅 请见 请看 请知悉 知悉
供您 为您 替您 帮您 您要的 您要 您想 所需 所求 所查 应您要求 应要求 放射科 影像科 阅片 读片 读者 技师 病历 文中 文字
字段 字样 图上 屏幕 界面 一句话 如是 如此 两轴 两条 两端 端点 两点 连线 直线 弦 夹角 直角 毫米数 厘米数 此次的 最近
近期 最近一次 上一次 前一次 这一 那一 该项 此项 本项 各项的 每个 每一 逐层 单层
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
无法由 以外 支持 球形 球体 椭球 椭球法 略 稍 稍微 略微 较为 相匹配 匹配的 网格 体素法 网格法 同在 前者 后者 居中 介于
读片 高出 多出 超 出约 差距 差值 高于 低于 大于 小于 长于 短于 分布 分布在 波动 最后 两者
二者 三者 满分 相对 生长计算 时间点
"""
_TOKEN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2,}(?:-[A-Za-z]{2,})*(?:'[a-z]{0,2})?(?![A-Za-z0-9])")
_SHORTENED = re.compile(r"(?:n't|'[a-z]{0,2})$")
_CJK = re.compile(r"[\u3400-\u9fff]+")
_ENDINGS = ("s", "es", "ed", "d", "ing", "ly", "er", "est", "r", "st")
_NOT_INFLECTED = frozenset(("markedly",))
"""What looks like a listed word and says more than it."""
_NO_FRAME = ("patholog", "histolog", "cytolog", "metabol", "crit", "drast", "dramat", "atyp", "asymptomat")
"""Adverbs in -ically that say something of a lesion, or of how much it changed."""
_A_PLANE = re.compile(r"\b(?:coronal|sagittal)(?:ly)?\b|冠状|矢状", re.IGNORECASE)
_QUOTED = re.compile("[\"\u201c\u300c][^\"\u201d\u300d]*[\"\u201d\u300d]")
_EVERYWHERE = re.compile(
    r"\b(?:both|either) (?:lungs?|sides?)\b|[两双]肺|占据?肺叶?"
    r"|\d ?(?:mm|cm) of (?:the |its |a )?(?:lung|lobe|chest|thorax)\b", re.IGNORECASE,
)
"""Places that are said of no lesion by any word of its own: a size is of the lesion, not of the lung."""
_A_SIZE = re.compile(r"\d\s*(?:mm|cm|毫米|厘米)")
_HARMLESS_HERE = re.compile(
    r"\b(?:hu|ct|image|attenuation|signal) noise\b|\bnoise(?= \((?:sd|standard deviation)\))|"
    r"噪声(?=[^,。;]{0,6}(?:标准差|\d))|噪声(?=即)|"
    r"\bdominant (?=(?:long |axial )?(?:axis|diameter|dimension)\b)|\bat present\b"
    r"|\bpresent (?=(?:one|scan|ct|study|exam\w*|size|length|measurement|value|image|outline)\b)", re.IGNORECASE,
)
"""Words that claim something, where they do not."""
_COMPOUND = re.compile(
    r"对侧|占位|另[见有可][^,。;]{0,6}(?:结节|病灶|肿块)|距离?[近远]|[靠邻贴临]近|出入|来源于|发出"
    r"|[半周内外]径|周长|[前后尖背基]段|可疑"
)
"""Chinese words that say more than the listed words they are made of."""
_MEASURED_VERB = re.compile(
    r"\b[a-z]+(?<![su])s\s+(?:(?:a|an|the|at|in|by|of|only|just|about|over|across|its|long|short|axis|axial|diameter|volume)\s+){0,6}?"
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
    plain = _HARMLESS_HERE.sub("", text)
    plain = _MEASURED_VERB.sub(lambda m: " " * len(m[0].split()[0]) + m[0][len(m[0].split()[0]) :], plain)
    for pattern in _ELSEWHERE:
        plain = pattern.sub(lambda m: " " * len(m[0]), plain)
    return unlisted(plain, held)


def unlisted(plain: str, held: str) -> list[str]:
    """Return the words that are on no list and in nothing that is cited, be they judged elsewhere or not."""
    known = _held_words(held)
    found = [m[0] for m in _TOKEN.finditer(plain) if not _is_known(m[0].lower().rstrip("'"), known)]
    if _A_SIZE.search(plain):  # sizes are taken in the axial plane: another one is a claim
        found += [m[0] for m in _A_PLANE.finditer(plain) if m[0].lower() not in held]
    found += [m[0] for m in _EVERYWHERE.finditer(_QUOTED.sub(" ", plain)) if m[0].lower() not in held]
    signs = _CJK.findall(plain)
    left = [(run, rest) for run in signs for rest in [_signs().sub("", run)] if rest]
    left += [(m[0], m[0]) for run in signs for m in _COMPOUND.finditer(run)]
    return found + [rest for run, rest in left if not _quoted(run, rest, held)]


def _is_known(word: str, known: Collection[str]) -> bool:
    word = _SHORTENED.sub("", word)
    parts = word.split("-")
    if len(parts) > 1:
        return word in known or all(_is_known(p, known) for p in parts)
    if word.endswith("wise") and len(word) > len("likewise") - 2:  # "sizewise"
        return True
    if word.endswith("ically") and not word.startswith(_NO_FRAME):  # "anatomically,": how it is meant, and no claim
        return True
    listed = _listed()
    stems = (word, *(word[: -len(e)] for e in _ENDINGS if word.endswith(e) and len(word) - len(e) > 2))
    return word not in _NOT_INFLECTED and any(s in listed or s in known for s in stems)


def _quoted(whole: str, left: str, held: str) -> bool:
    return whole in held or left in held


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    return frozenset(" ".join((_JOINING, _MEASURING, _OF_THE_WORK, _TALKING, _REPORTING)).split())


@lru_cache(maxsize=1)
def _signs() -> re.Pattern[str]:
    return re.compile("|".join(sorted({*_CHINESE.split(), *_CHINESE_REPORTING.split()}, key=len, reverse=True)))


@lru_cache(maxsize=256)
def _held_words(held: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]{2,}", held))
