"""Pack-years told in two halves, and a cancer in the words that people use for it."""

from __future__ import annotations

import pytest

from agent.stated import read_statements


@pytest.mark.parametrize(("text", "years"), [
    ("患者66岁,抽烟45年,每天一包", 45.0), ("每天一包,抽了三十年", 30.0), ("每天一包半,抽了二十年", 30.0),
    ("烟龄30年,一天半包", 15.0), ("smoked for 45 years, a pack a day", 45.0), ("smoked for 20 years, one and a half packs a day", 30.0),
    ("62,每天一包,抽了三十年,没得过癌", 30.0), ("他没有每天一包抽三十年", None), ("一天一包,抽了三十多年", None), ("父亲抽烟45年,每天一包", None), ("抽烟45年,每天一包吗?", None), ("抽烟45年", None),
])  # fmt: skip
def test_packs_a_day_and_years_make_pack_years(text: str, years: float | None) -> None:
    stated = {s.field: s.value for s in read_statements(text)}
    assert stated.get("pack_years") == years


@pytest.mark.parametrize(("text", "cancer"), [
    ("他去年查出过前列腺癌", True), ("肾癌切了十年,没复发", True), ("prostate ca 2019", True),
    ("怀疑查出肺癌", None), ("father died of lung ca at 59", None), ("未查出肺癌", None),
])  # fmt: skip
def test_a_cancer_is_read_in_the_words_people_use(text: str, cancer: bool | None) -> None:
    assert {s.field: s.value for s in read_statements(text)}.get("known_cancer") == cancer


@pytest.mark.parametrize("text", ["oncology keeps ringing me for a number on lesion 1", "a letter for oncology please"])
def test_the_department_that_asks_is_no_setting(text: str) -> None:
    assert "setting" not in {s.field for s in read_statements(text)}
