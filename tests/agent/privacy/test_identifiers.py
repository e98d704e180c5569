"""What identifies somebody by its form is found; what a chat about a scan is made of never is, in either language."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from agent.card import PROMPT
from agent.privacy.identifiers import identifiers
from knowledge import guidelines

NAMED = [
    ("Name: Jane Roe", "name", "Roe"), ("Patient: ROE, Jane", "name", "ROE"), ("Patient name: jane roe, 62, female", "name", "roe"),
    ("Mrs Roe has a 5 mm nodule", "name", "Roe"), ("Dr A. Smith asked", "name", "Smith"), ("seen by Dr. Smith. Please measure", "name", "Smith"),
    ("mr quimby's nodule", "name", "quimby"), ("dr smith said", "name", "smith"), ("J. Smith MD", "name", "Smith"), ("Name: Long, Mary", "name", "Mary"),
    ("Patient Jane Roe, 62 years", "name", "Roe"), ("Reported by: A Smith", "name", "Smith"), ("Re: Mrs Jane ROE", "name", "ROE"),
    ("Referring physician: Dr John van der Berg", "name", "Berg"), ("her name is Jane Roe", "name", "Roe"),
    ("姓名\uff1a张三", "name", "张三"), ("患者姓名:李小明 性别:男", "name", "李小明"), ("患者李四\uff0c女\uff0c62岁", "name", "李四"), ("王医生说", "name", "王"),
    ("请张伟主任看一下", "name", "张伟"), ("主管医生\uff1a赵六", "name", "赵六"), ("患者:王小明,62岁", "name", "王小明"), ("李女士的结节", "name", "李"),
    ("MRN 77123", "number", "77123"), ("MRN: AX-9921, 62 years", "number", "9921"), ("hospital number 123456", "number", "123456"),
    ("Accession: 8842117", "number", "8842117"), ("NHS 943 476 5919", "number", "5919"), ("943 476 5919", "number", "5919"),
    ("123-45-6789", "number", "6789"), ("1.2.826.0.1.3680043.8.498.1", "number", "3680043"), ("patient id: P00431", "number", "431"),
    ("住院号123456", "number", "123456"), ("住院号\uff1aZY00123", "number", "123"), ("CT号:98765", "number", "98765"), ("身份证号11010519491231002X", "number", "1949"),
    ("证件 11010519491231002X", "number", "1949"), ("ref 123456789", "number", "123456789"), ("病历号是A2031", "number", "2031"),
    ("DOB 3/2/1957", "date of birth", "1957"), ("DOB: 1957-02-03", "date of birth", "1957"), ("born on 3 Feb 1957", "date of birth", "Feb"),
    ("born February 3, 1957", "date of birth", "Feb"), ("date of birth 03.02.57", "date of birth", "57"), ("born in 1957", "date of birth", "1957"),
    ("出生日期\uff1a1957年3月2日", "date of birth", "1957"), ("1957年3月2日出生", "date of birth", "1957"), ("生于1957-03-02", "date of birth", "1957"),
    ("Tel: 020 7946 0958", "phone", "7946"), ("+44 20 7946 0958", "phone", "7946"), ("13812345678", "phone", "1234"), ("(212) 555-0147", "phone", "0147"),
    ("电话\uff1a010-62345678", "phone", "6234"), ("手机13812345678", "phone", "1234"), ("jane.roe@example.org", "e-mail", "roe"),
    ("Address: 12 Larkspur Mews, Ambridge, age 62 years", "address", "Ambridge"), ("12 Larkspur Mews", "address", "Larkspur"),
    ("住址\uff1a北京市朝阳区建国路88号", "address", "建国路"), ("北京市朝阳区建国路88号", "address", "建国路"),
]  # fmt: skip

SUBJECTS = ("lesion 2", "the nodule in the right upper lobe", "nodule 3", "the mass", "the 2nd lesion", "it", "the left lung", "Lesion 1")
SIZES = ("5 mm", "12.4 x 9.8 mm", "1.2 cm", "402 mm3", "14,200 mm³", "-650 HU", "40 %", "6 to 8 mm")
TIMES = ("in 2019", "on the CT of 2019-03-04", "in March 2023", "12 months ago", "on 04.03.2023", "two years ago", "in the 2019 study", "on 3 Mar 2021")
SAYS = (
    "{s} was {z} {t}.", "Measure {s}; it was {z} {t}", "Is {s} bigger than {z} {t}?", "Patient: 62-year-old woman, {s} {z} {t}",
    "62 years, never smoked, 30 pack-years, {s} {z} {t}", "MR showed {s}, {z}, {t}", "add to the impression: {s} measures {z} {t}",
)  # fmt: skip
SUBJECTS_ZH = ("病灶2", "右肺上叶结节", "三号结节", "第二个", "左肺下叶肿块", "它", "5号病灶")
SIZES_ZH = ("5毫米", "12.4×9.8mm", "1.2厘米", "402立方毫米", "-650HU", "40%", "6到8毫米")
TIMES_ZH = ("2019年", "在2019年3月4日的CT上", "12个月前", "两年前", "在2019年的检查中", "2023-03-04", "上次")
SAYS_ZH = (
    "{s}{t}是{z}", "测量{s}\uff0c{t}为{z}", "{s}比{t}的{z}大吗\uff1f", "患者\uff1a女\uff0c62岁\uff0c从不吸烟\uff0c{s}{z}{t}", "患者62岁,吸烟30包年,{s}{t}{z}",
    "请主任医师看{s}\uff1a{t}{z}", "把{s}的{z}写进印象\uff0c{t}",
)  # fmt: skip
ORDINARY = (
    "measure was called with arguments it does not take (patient: Extra inputs are not permitted).", "Patient: Wants to know",
    "Patient: Former smoker, 62", "Patient: never smoked", "RE: lung nodule follow-up", "Re: Solid nodule RUL", "GP wants a follow-up", "Radiologist: please measure",
    "point -41.0, 12.5, -160.0", "box 12 30 44 60 80 90", "segment at +41 -12 +160", "slices 100 200 300", "patient 2 of 3", "series 4, image 120",
    "Brock 4.5 %, Mayo 12 %", "lesion id 2", "evidence E12", "the threshold was 0.45", "DR chest", "MR brain with contrast", "mr abdomen 2019", "dr said follow up",
    "CT no 2 of 2019", "tool name: nodule-segmenter", "what is the name of the tool?", "ID 2", "address the second question", "PSA 4.1, eGFR 62",
    "born a smoker", "The contact with the pleura is 12 mm", "phone call later", "Dr, please", "re-measure", "Dear all", "T1 2 mm", "L4 5 mm", "10.1148/radiol.2017161659",
    "高年资医师复核", "患者高血压", "患者:高龄\uff0c男\uff0c82岁", "周围型结节", "左上叶, 女, 62岁", "主任查房", "无症状,女,55岁", "双肺\uff0c男\uff0c62岁", "气道通畅", "第3号病灶",
    "于2019年手术", "随访12个月", "1号和2号病灶", "10号 CT", "万一变大怎么办", "任何结节都测", "结节毛刺", "影像号称清晰", "肺叶切除术后2年",
)  # fmt: skip


def without(text: str) -> str:
    """Return text without the identifiers that are found in it."""
    for one in reversed(identifiers(text)):
        text = text[: one.start] + text[one.end :]
    return text


@pytest.mark.parametrize(("typed", "kind", "gone"), NAMED)
def test_an_identifier_is_found_by_its_form(typed: str, kind: str, gone: str) -> None:
    assert kind in {f.kind for f in identifiers(typed)}
    assert gone not in without(typed)


@pytest.mark.parametrize("typed", [n[0] for n in NAMED])
def test_numbers_that_the_chat_needs_stay_beside_it(typed: str) -> None:
    for needed in ("Lesion 2 is 5 mm, 40 % of 2019.", "62 years, 30 pack-years.", "病灶2为5毫米。"):
        assert needed in without(f"{typed}\n{needed}")


def test_ordinary_sentences_are_never_altered() -> None:
    english = [say.format(s=s, z=z, t=t) for say, s, z, t in itertools.product(SAYS, SUBJECTS, SIZES, TIMES)]
    chinese = [say.format(s=s, z=z, t=t) for say, s, z, t in itertools.product(SAYS_ZH, SUBJECTS_ZH, SIZES_ZH, TIMES_ZH)]
    assert len(english) > 3000
    assert len(chinese) > 2000
    shown = [*ORDINARY, *english[::7], *chinese[::5]]
    assert [(t, identifiers(t)) for t in shown if identifiers(t)] == []


def test_neither_prompt_nor_passages_nor_what_readers_type_are_altered() -> None:
    texts = [PROMPT]
    for file in sorted(Path(str(guidelines.__path__[0])).rglob("*.md")):
        texts += file.read_text(encoding="utf-8").split("---\n", 2)[-1].split("\n\n")  # what stands above is no passage
    for file in sorted((Path(__file__).parents[2] / "bench" / "utterances").glob("*.jsonl")):
        texts += [str(json.loads(line).get("text", "")) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(texts) > 500
    assert [(t, [t[f.start : f.end] for f in found]) for t in texts if (found := identifiers(t))] == []
