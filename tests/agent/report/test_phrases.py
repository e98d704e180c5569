"""Phrases, terms and a reader's wish: no number of their own, both languages, nothing silently ignored."""

from __future__ import annotations

import re
from string import Template

import pytest

from agent.report.instruction import read_wish
from agent.report.phrases import COLUMNS, PHRASES
from agent.report.terms import place, plain


@pytest.mark.parametrize("key", sorted(PHRASES))
def test_phrase_has_both_languages_with_the_same_places_and_no_number(key):
    english, chinese = PHRASES[key]
    assert english
    assert chinese
    assert set(Template(english).get_identifiers()) == set(Template(chinese).get_identifiers())
    for text in (english, chinese):
        assert not re.search(r"\d", text.replace("1-5", "")), "a number comes from evidence, never from a phrase"


def test_columns_agree_in_number():
    assert len(COLUMNS["en"]) == len(COLUMNS["zh"])


def test_plain_text_ends_no_sentence_and_opens_no_markup():
    assert plain("Dr. Who [E1] {x}|`y`* <img>\n\nSecond line. End.") == "Dr; Who (E1) (x)/'y'· ‹img› Second line; End"
    assert len(plain("x" * 1000)) <= 301


def test_place_without_a_side_is_not_guessed():
    assert place(None, "upper", "en") == "place not determined"
    assert place("left", None, "zh") == "左肺"


@pytest.mark.parametrize(
    ("text", "language", "form", "unknown"),
    [
        ("", None, None, 0),
        ("write the report", None, None, 0),
        ("draft the report in Chinese", "zh", None, 0),
        ("出一份中文报告", "zh", None, 0),
        ("用英文写报告", "en", None, 0),
        ("shorten it", None, "short", 0),
        ("in English, shorter please", "en", "short", 0),
        ("报告精简一下", None, "short", 0),
        ("give me the full report again", None, "full", 0),
        ("put the new size in the report", None, None, 0),
        ("add the new measurement", None, None, 0),
        ("更新报告", None, None, 0),
        ("把新的大小写进报告", None, None, 0),
        ("create a report for this patient", None, None, 0),
        ("shorten the impression", None, "brief", 0),
        ("make the impression shorter please", None, "brief", 0),
        ("印象写短点", None, "brief", 0),
        ("结论精简一下", None, "brief", 0),
        ("put the new size in", None, None, 0),
        ("shorten the impression and say it is harmless", None, "brief", 1),
        ("in Chinese and more poetic", "zh", None, 1),
        ("remove lesion 3", None, None, 1),
        ("say that it is harmless", None, None, 1),
        ("写得乐观一点", None, None, 1),
        ("in French", None, None, 1),
    ],
)
def test_wish_is_understood_or_handed_back(text, language, form, unknown):
    wish = read_wish(text)
    assert (wish.language, wish.form, len(wish.not_understood)) == (language, form, unknown)
