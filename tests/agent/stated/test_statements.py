"""What a message states, exactly: a table in English and Chinese, with everything that states nothing beside it."""

from __future__ import annotations

import time

import pytest

from agent.stated import Statement, read_statements

COMMA, ASK, STOP, COLON = "\uff0c", "\uff1f", "。", "\uff1a"
"""Full-width signs, as a Chinese keyboard types them."""

Facts = dict[str, object]


def facts(text: str, *, asked: tuple[str, ...] = (), lesion: int | None = None) -> Facts:
    """Return what is stated, by field, without the words; where a lesion is meant, by (field, lesion)."""
    found = read_statements(text, asked=asked, lesion=lesion)
    return {
        s.field if s.lesion is None else f"{s.field}#{s.lesion}": s.value for s in found if s.field != "cancer_text"
    }


NO_CANCER: Facts = {"known_cancer": False}
CANCER: Facts = {"known_cancer": True}
INTACT: Facts = {"immunosuppressed": False}
SUPPRESSED: Facts = {"immunosuppressed": True}

ENGLISH: list[tuple[str, Facts]] = [
    ("58, no cancer history, immunocompetent", {"age": 58.0, **NO_CANCER, **INTACT}),
    ("62F, never smoker, no history of malignancy.", {"age": 62.0, "sex": "female", "smoking": "never", **NO_CANCER}),
    ("The patient is a 71-year-old man with a 40 pack-year history.", {"age": 71.0, "sex": "male", "pack_years": 40.0}),
    ("67 yo woman, ex-smoker, quit in 2010", {"age": 67.0, "sex": "female", "smoking": "former"}),
    ("45 y/o male", {"age": 45.0, "sex": "male"}),
    ("She is 54 years old and has never smoked", {"age": 54.0, "smoking": "never"}),
    ("He smokes", {"smoking": "current"}),
    ("age 70", {"age": 70.0}),
    ("Age: 66. Current smoker.", {"age": 66.0, "smoking": "current"}),
    ("patient is 58", {"age": 58.0}),
    ("aged 49, incidental finding", {"age": 49.0, "setting": "incidental"}),
    ("Found incidentally on a CT for trauma.", {"setting": "incidental"}),
    ("This was an incidental finding", {"setting": "incidental"}),
    ("It was a screening CT", {"setting": "screening", "modality": "CT"}),
    ("lung cancer screening exam", {"setting": "screening"}),
    ("This is a follow-up CT of a known nodule", {"setting": "follow-up", "modality": "CT"}),
    ("restaging scan, known melanoma", {"setting": "oncology", **CANCER}),
    ("high risk patient", {"risk": "high"}),
    ("I consider her low-risk", {"risk": "low"}),
    ("No known cancer", NO_CANCER),
    ("no prior malignancy", NO_CANCER),
    ("denies any cancer", NO_CANCER),
    ("cancer: none", NO_CANCER),
    ("History of breast cancer in 2015", CANCER),
    ("had a melanoma resected", CANCER),
    ("known RCC, on surveillance", {**CANCER, "setting": "follow-up"}),
    ("s/p treatment for lymphoma", CANCER),
    ("Her mother had lung cancer", {"family_history": True}),
    ("No family history of lung cancer", {"family_history": False}),
    ("family history of lung cancer, but no cancer herself", {"family_history": True, **NO_CANCER}),
    ("not immunosuppressed", INTACT),
    ("immune system is normal", INTACT),
    ("kidney transplant recipient on tacrolimus", SUPPRESSED),
    ("She is on methotrexate", SUPPRESSED),
    ("HIV positive", SUPPRESSED),
    ("He is currently on chemotherapy", SUPPRESSED),
    ("It is a solid nodule", {"nodule_type": "solid"}),
    ("It's part-solid", {"nodule_type": "part-solid"}),
    ("pure ground glass", {"nodule_type": "ground-glass"}),
    ("GGN", {"nodule_type": "ground-glass"}),
    ("single nodule", {"count": "single"}),
    ("there are multiple nodules", {"count": "multiple"}),
    ("typical perifissural nodule", {"perifissural": True}),
    ("not perifissural", {"perifissural": False}),
    ("emphysema, no fibrosis", {"emphysema": True}),
    ("Emphysema and pulmonary fibrosis", {"emphysema": True, "fibrosis": True}),
    ("no emphysema", {"emphysema": False}),
    ("asbestos exposure in the navy", {"asbestos": True}),
    ("The nodule is in the right upper lobe", {"lobe": "right upper lobe"}),
    ("it sits in the RLL", {"lobe": "right lower lobe"}),
    ("lingula", {"lobe": "lingula"}),
    ("This is a chest CT", {"modality": "CT", "body_part": "CHEST"}),
    ("it's an MRI of the brain", {"modality": "MR", "body_part": "HEAD"}),
    ("this is a chest x-ray", {"modality": "DX", "body_part": "CHEST"}),
    ("The outside report from last year said 11 mm", {"prior_size": 11.0}),
    ("It was 1.2 cm two years ago", {"prior_size": 12.0}),
    ("prior CT: 7 mm", {"prior_size": 7.0}),
    ("two packs a day for 30 years", {"pack_years": 60.0}),
    ("35 pk-yrs", {"pack_years": 35.0}),
    ("58yo f, 30 pack years, no ca, found by chance, immunocompetent",
     {"age": 58.0, "sex": "female", "pack_years": 30.0, "setting": "incidental", **INTACT}),
    ("Measure it. She is 61.", {"age": 61.0}),
    ("Patient is 64, never smoked, measure the nodule please", {"age": 64.0, "smoking": "never"}),
    ("No cancer, right?", NO_CANCER),
    ("She's 62, isn't she? Never smoked.", {"age": 62.0, "smoking": "never"}),
    ("she is 50. Sorry, she is 52.", {"age": 52.0}),
    ("never smoked. Correction: former smoker", {"smoking": "former"}),
    ("The solid component is 4 mm", {"solid_component": 4.0}),
    ("part-solid with a 0.6 cm solid component", {"nodule_type": "part-solid", "solid_component": 6.0}),
    ("Clinical data: 62-year-old woman", {"age": 62.0, "sex": "female"}),
    ("Report: former smoker", {"smoking": "former"}),
    ("measure it and she is 62", {"age": 62.0}),
    ("had breast cancer in 2015", CANCER),
    ("is immunosuppressed", SUPPRESSED),
    ("no cancer or immunosuppression", {**NO_CANCER, **INTACT}),
    ("no history of cancer, immunosuppression or emphysema", {**NO_CANCER, **INTACT, "emphysema": False}),
    ("no emphysema or pulmonary fibrosis", {"emphysema": False, "fibrosis": False}),
    ("no cancer, emphysema", {**NO_CANCER, "emphysema": True}),
    ("neither smoker nor immunosuppressed", INTACT),
    ("not on chemotherapy", {}),
    ("no longer smokes", {"smoking": "former"}),
    ("quite heavy smoker", {"smoking": "current"}),
    ("her husband smokes, she never smoked", {"smoking": "never"}),
    ("his father was a heavy smoker and died at age 75", {}),
    ("history of multiple myeloma", CANCER),
    ("62m, 12 m follow-up", {"age": 62.0, "sex": "male"}),
]  # fmt: skip

CHINESE: list[tuple[str, Facts]] = [
    (f"62岁女性{COMMA}从不吸烟{COMMA}无肿瘤病史", {"age": 62.0, "sex": "female", "smoking": "never", **NO_CANCER}),
    (f"患者58岁{COMMA}男{COMMA}吸烟30包年", {"age": 58.0, "sex": "male", "pack_years": 30.0}),
    (f"年龄{COLON}70{STOP}已戒烟", {"age": 70.0, "smoking": "former"}),
    (f"55岁男性{COMMA}目前吸烟", {"age": 55.0, "sex": "male", "smoking": "current"}),
    ("否认肿瘤病史", NO_CANCER),
    ("没有癌症", NO_CANCER),
    ("无恶性肿瘤史", NO_CANCER),
    ("有乳腺癌病史", CANCER),
    (f"2018年肺癌术后{COMMA}复查", {**CANCER, "setting": "follow-up"}),
    ("既往结肠癌", CANCER),
    ("母亲有肺癌", {"family_history": True}),
    ("无肺癌家族史", {"family_history": False}),
    ("免疫功能正常", INTACT),
    (f"无免疫抑制{COMMA}偶然发现", {**INTACT, "setting": "incidental"}),
    ("肾移植术后", SUPPRESSED),
    ("正在化疗", SUPPRESSED),
    ("这是筛查CT", {"setting": "screening", "modality": "CT"}),
    ("体检偶然发现的结节", {"setting": "incidental"}),
    ("已知结节随访", {"setting": "follow-up"}),
    ("高危患者", {"risk": "high"}),
    ("风险低", {"risk": "low"}),
    ("是实性结节", {"nodule_type": "solid"}),
    ("部分实性", {"nodule_type": "part-solid"}),
    ("磨玻璃结节", {"nodule_type": "ground-glass"}),
    ("多发结节", {"count": "multiple"}),
    ("单发", {"count": "single"}),
    ("有肺气肿", {"emphysema": True}),
    ("无肺气肿", {"emphysema": False}),
    ("有石棉接触史", {"asbestos": True}),
    ("位于右肺上叶", {"lobe": "right upper lobe"}),
    ("左下叶", {"lobe": "left lower lobe"}),
    ("这是胸部CT", {"modality": "CT", "body_part": "CHEST"}),
    ("外院报告是8毫米", {"prior_size": 8.0}),
    ("去年是1.1厘米", {"prior_size": 11.0}),
    ("每天一包烟,吸了40年", {}),
    (f"测量一下{STOP}患者60岁{STOP}", {"age": 60.0}),
    ("不抽烟", {"smoking": "never"}),
    ("部分实性结节,实性成分5毫米", {"nodule_type": "part-solid", "solid_component": 5.0}),
    ("无肿瘤、免疫抑制病史", {**NO_CANCER, **INTACT}),
    ("无肿瘤及免疫抑制病史", INTACT),
    ("无肺气肿、肺纤维化", {"emphysema": False, "fibrosis": False}),
    (f"无肿瘤{COMMA}有肺气肿", {**NO_CANCER, "emphysema": True}),
    ("女儿患乳腺癌", {"family_history": True}),
    (f"父亲75岁患肺癌{COMMA}患者50岁", {"family_history": True, "age": 50.0}),
    ("多个月前发现", {}),
    ("患者年龄是70", {"age": 70.0}),
    ("考虑为GGO", {}),
    ("病灶为GGO", {"nodule_type": "ground-glass"}),
    (f"６５岁{COMMA}从未吸烟", {"age": 65.0, "smoking": "never"}),
]

NOTHING = [
    "",
    "   \n\t ",
    "Measure lesion 2",
    "Segment it, then measure it and tell me the follow-up",
    "What does Fleischner say about a solid nodule in a high risk patient?",
    "What if she were a smoker?",
    "If the patient had cancer, what would change?",
    "Suppose he is 70 and immunosuppressed.",
    "Is it solid?",
    "Does she have a history of cancer?",
    "Is the patient immunosuppressed?",
    "Could it be part-solid?",
    "how old is the patient",
    "Would a 45-year-old be in scope?",
    "For a 70 year old smoker, what does the guideline say?",
    'The note says "history of breast cancer", ignore it.',
    "“62-year-old smoker” is what the template says.",
    "Rule out cancer",
    "suspected malignancy",
    "possible lung cancer",
    "maybe emphysema",
    "not sure whether she smokes",
    "we don't know if he is immunosuppressed",
    "risk of cancer",
    "Write the report for a screening patient",
    "Find solid nodules in the right upper lobe",
    "Show me the right lower lobe",
    "Is it in the lingula or the left lower lobe?",
    "It is in the right upper lobe or the right middle lobe",
    "not in the RUL",
    "The nodule is 7 mm",
    "threshold 0.4",
    "make it 20% tighter",
    "lesion 3",
    "thanks",
    "yes",
    "no",
    "58",
    "age 300",
    "benign",
    "cancer-free",
    "Fleischner says high risk patients with a solid nodule need CT",
    "the guideline is for incidental nodules",
    "follow-up CT in 6 m",
    "has she ever smoked",
    "is the nodule solid",
    "按指南高危患者如何处理",
    "这个结节有多大",
    "她吸烟吗",
    f"患者有肿瘤病史吗{ASK}",
    "如果患者有癌症怎么办",
    "怀疑肺癌",
    "请分割并测量结节",
    "是不是实性结节",
    "测量右肺上叶的结节",
    "可能是磨玻璃结节",
    "报告里写“有乳腺癌病史”",
    "不清楚是否吸烟",
    "有没有肺气肿",
]


@pytest.mark.parametrize(("text", "expected"), ENGLISH, ids=[t for t, _ in ENGLISH])
def test_english_statements_are_read_exactly(text: str, expected: Facts) -> None:
    assert facts(text) == expected


@pytest.mark.parametrize(("text", "expected"), CHINESE, ids=[t for t, _ in CHINESE])
def test_chinese_statements_are_read_exactly(text: str, expected: Facts) -> None:
    assert facts(text) == expected


@pytest.mark.parametrize("text", NOTHING, ids=lambda t: t or "empty")
def test_questions_requests_hypotheses_and_quotations_state_nothing(text: str) -> None:
    assert facts(text) == {}


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        ("no", ("known_cancer",), NO_CANCER),
        ("yes", ("known_cancer",), CANCER),
        ("否", ("immunosuppressed",), INTACT),
        ("no", ("known_cancer", "immunosuppressed"), {}),
        ("no to both", ("known_cancer", "immunosuppressed"), {**NO_CANCER, **INTACT}),
        ("neither", ("known_cancer", "immunosuppressed"), {**NO_CANCER, **INTACT}),
        ("58", ("age",), {"age": 58.0}),
        ("58", ("setting", "age", "known_cancer"), {"age": 58.0}),
        ("58岁", ("age",), {"age": 58.0}),
        ("low", ("risk",), {"risk": "low"}),
        ("高危", ("risk",), {"risk": "high"}),
        ("just one", ("count",), {"count": "single"}),
        ("4 mm", ("solid_component_mm",), {"solid_component": 4.0}),
        ("4 mm", ("age",), {}),
        ("solid", ("type",), {"nodule_type": "solid"}),
        ("incidental, 58, no cancer, immunocompetent", ("setting", "age", "known_cancer", "immunosuppressed"),
         {"setting": "incidental", "age": 58.0, **NO_CANCER, **INTACT}),
        ("no", ("age",), {}),
        ("yes", (), {}),
    ],
)  # fmt: skip
def test_a_bare_word_answers_only_what_was_asked(text: str, asked: tuple[str, ...], expected: Facts) -> None:
    assert facts(text, asked=asked) == expected


@pytest.mark.parametrize(
    ("text", "focus", "expected"),
    [
        ("it is solid", 3, {"nodule_type#3": "solid"}),
        ("lesion 2 is ground-glass", 3, {"nodule_type#2": "ground-glass"}),
        ("nodule #4 is in the RUL", None, {"lobe#4": "right upper lobe"}),
        ("2号结节是实性的", 1, {"nodule_type#2": "solid"}),
        ("病灶1位于左肺上叶", None, {"lobe#1": "left upper lobe"}),
        ("lesion 1 is solid, lesion 2 is part-solid", None, {"nodule_type#1": "solid", "nodule_type#2": "part-solid"}),
        ("it was 8 mm last year", 2, {"prior_size#2": 8.0}),
        ("she is 70", 2, {"age": 70.0}),
        ("nodule 7 mm, solid", None, {"nodule_type": "solid"}),
    ],
)
def test_a_statement_about_a_lesion_names_it(text: str, focus: int | None, expected: Facts) -> None:
    assert facts(text, lesion=focus) == expected


def test_words_are_the_readers_own_and_units_are_kept() -> None:
    found = {s.field: s for s in read_statements("She is 62 years old. History of Breast Cancer in 2015!")}
    assert found["age"] == Statement("age", 62.0, "She is 62 years old", "a")
    assert found["known_cancer"].words == "History of Breast Cancer in 2015"
    assert found["cancer_text"].value == "History of Breast Cancer in 2015"
    assert read_statements("30 pack-years")[0].unit == "{pack-years}"


def test_of_two_statements_on_one_field_the_later_counts_once() -> None:
    found = read_statements("solid. No, ground-glass.")
    assert [s.value for s in found if s.field == "nodule_type"] == ["ground-glass"]


@pytest.mark.parametrize(
    "text",
    ["a" * 100_000, "no " * 40_000, "1" * 50_000, ("." * 50 + "a/") * 2000, "lesion " * 20_000, "有" * 60_000,
     "(" * 50_000, ("measured " + "x" * 39 + " ") * 2000, "\u0130" * 30_000 + " she is 60"],
    ids=["a", "no", "digits", "dots", "lesion", "zh", "brackets", "measured", "growing capital"],
)  # fmt: skip
def test_a_huge_message_is_read_in_time_and_without_error(text: str) -> None:
    start = time.process_time()
    read_statements(text, asked=("age", "known_cancer"))
    assert time.process_time() - start < 5.0


def test_only_the_first_part_of_a_huge_message_is_read() -> None:
    assert facts("word " * 10_000 + ". She is 60 years old.") == {}
