"""The guideline files: whole, in two languages, and with no number that their facts do not hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from knowledge import KnowledgeError, passage
from knowledge.facts import facts, sources
from knowledge.library import SHIPPED, Guideline, Section, language_of, read_guideline, shipped

SECTIONS = [pytest.param(g, s, id=f"{g.name}/{s.id}") for g in shipped() for s in g.sections]
_NAMES = re.compile(  # a guideline's own name, its edition and its lettered categories hold digits that are no figures
    r"Fleischner(?: Society)? 2017|Lung-RADS v?\d[\d.]*|(?:RECIST|WHO|BTS|USPSTF|RANO|LI-RADS|Bosniak|Mayo|Brock|VA)"
    r"(?: version)? v?\d[\d.]*|CURB-65|LR-\d|(?<![\d.])4[ABX]"
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def _says_what_is_missing(guideline: Guideline, section: Section) -> bool:
    return "not-covered" in (guideline.name, section.id)


def _numbers(text: str) -> set[str]:
    plain = text.replace(",", ",").replace("³", "3").replace("−", "-")
    return {number.lstrip("-") for number in _NUMBER.findall(plain)}


@pytest.mark.parametrize(("guideline", "section"), SECTIONS)
def test_a_passage_rests_on_facts_of_its_own_guideline(guideline: Guideline, section: Section) -> None:
    if _says_what_is_missing(guideline, section):
        assert not section.facts
        assert "not held" in section.texts["en"]
        assert "未收录" in section.texts["zh"]
        return
    assert section.facts, "a shipped passage rests on a fact"
    assert {facts()[name].guideline for name in section.facts} == {guideline.name}


@pytest.mark.parametrize(("guideline", "section"), SECTIONS)
def test_every_number_in_a_passage_stands_in_the_facts_it_cites(guideline: Guideline, section: Section) -> None:
    held = _numbers(" ".join(facts()[name].fact for name in section.facts))
    for language, text in section.texts.items():
        extra = _numbers(_NAMES.sub(" ", text)) - held
        assert not extra, f"{language}: {sorted(extra)} stand in no fact of {section.facts}"


@pytest.mark.parametrize(("guideline", "section"), SECTIONS)
def test_both_languages_give_the_same_numbers(guideline: Guideline, section: Section) -> None:
    english, chinese = (_numbers(_NAMES.sub(" ", section.texts[language])) for language in ("en", "zh"))
    assert english == chinese


@pytest.mark.parametrize(("guideline", "section"), SECTIONS)
def test_medium_confidence_is_marked_in_both_languages(guideline: Guideline, section: Section) -> None:
    marked = ("edium confidence" in section.texts["en"], "可信度中等" in section.texts["zh"])
    assert marked == ((True, True) if section.confidence == "medium" else (False, False))


@pytest.mark.parametrize(("guideline", "section"), SECTIONS)
def test_titles_texts_and_ways_of_asking_are_in_their_language(guideline: Guideline, section: Section) -> None:
    assert language_of(section.titles["en"] + section.texts["en"]) == "en"
    assert language_of(section.titles["zh"]) == "zh"
    assert language_of(section.texts["zh"]) == "zh"
    assert {language_of(ask) for ask in section.asks} == {"en", "zh"}


@pytest.mark.parametrize("guideline", shipped(), ids=lambda g: g.name)
def test_a_guideline_says_what_it_is_for_and_whom_it_is_not_for(guideline: Guideline) -> None:
    for both in (guideline.title, guideline.scope, guideline.not_for, guideline.technique):
        assert set(both) == {"en", "zh"}
        assert language_of(both["zh"]) == "zh"
    assert guideline.licence_note
    assert guideline.year
    assert len({section.id for section in guideline.sections}) == len(guideline.sections)


def test_every_fact_stands_in_a_passage_and_every_source_in_a_fact() -> None:
    cited = {name for guideline in shipped() for section in guideline.sections for name in section.facts}
    assert cited == set(facts())
    used = {str(source) for fact in facts().values() for source in fact.sources}
    heads = {guideline.source for guideline in shipped()}
    assert {str(source) for source in sources().values()} <= used | heads


def test_no_fact_is_of_low_confidence() -> None:
    assert {fact.confidence for fact in facts().values()} <= {"high", "medium"}


def test_a_passage_is_read_by_its_id_without_a_search() -> None:
    assert "no routine follow-up" in passage("fleischner-2017/ground-glass/en").text
    assert "doi:10.1148/radiol.2017161659" in passage("fleischner-2017/ground-glass/zh").source


def test_an_unknown_passage_id_says_how_ids_read() -> None:
    with pytest.raises(KnowledgeError, match="guideline/section/language"):
        passage("fleischner-2017/nothing/en")


def test_a_file_without_front_matter_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "x.md"
    broken.write_text("# no head\n", encoding="utf-8")
    with pytest.raises(KnowledgeError, match="front matter"):
        read_guideline(broken)


def test_a_section_without_chinese_is_refused(tmp_path: Path) -> None:
    text = (SHIPPED / "fleischner-2017.md").read_text(encoding="utf-8")
    broken = tmp_path / "x.md"
    broken.write_text(text.replace("### 中文", "### Deutsch", 1), encoding="utf-8")
    with pytest.raises(KnowledgeError, match="Deutsch"):
        read_guideline(broken)
