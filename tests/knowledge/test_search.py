"""Search answers with the right passage in the question's language, or with nothing."""

from __future__ import annotations

import pytest

from knowledge import BadInput, Store, UnknownGuideline, search
from knowledge.cues import cues_of, not_held
from knowledge.scoring import THRESHOLD, WEIGHTS
from knowledge.search import BESIDE, missing, signs_of


def first(question: str, store: Store) -> str:
    found = search(question, store=store)
    return found[0].id if found else ""


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("follow-up of a single 7 mm solid nodule, incidental, low risk", "fleischner-2017/solid-single/en"),
        ("单发7mm实性结节偶然发现,低危,多久复查?", "fleischner-2017/solid-single/zh"),
        ("RECIST: how many target lesions per organ?", "recist-1.1/targets/en"),
        ("RECIST淋巴结短径多大算靶病灶?", "recist-1.1/nodes/zh"),
    ],
)
def test_the_right_passage_comes_first_in_the_questions_language(question: str, passage: str, store: Store) -> None:
    assert first(question, store) == passage


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("follow-up of a 7 mm solid nodule", "fleischner-2017/solid-single/en"),
        ("7mm实性结节怎么随访?", "fleischner-2017/solid-single/zh"),
        ("7 mm part-solid nodule, incidental, follow-up", "fleischner-2017/part-solid/en"),
        ("8 mm ground glass nodule, incidental, how often to scan", "fleischner-2017/ground-glass/en"),
        ("偶然发现多发亚实性结节怎么随访?", "fleischner-2017/subsolid-multiple/zh"),
    ],
)
def test_the_type_of_a_nodule_and_their_number_decide_among_fleischners_passages(
    question: str, passage: str, store: Store
) -> None:
    assert first(question, store) == passage


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("fleishner, 4 mm solid ndule", "fleischner, 4 mm solid nodule"),
        ("Bosniak2 criteria on a kidny mass", "Bosniak 2 criteria on a kidney mass"),
        ("3毫米小节结,毛玻璃", "3毫米小结节,磨玻璃"),
        ("noodle soup in bad weather", "noodle soup in bad weather"),
    ],
)
def test_slips_of_the_keyboard_are_put_right_and_other_words_left(typed: str, meant: str, store: Store) -> None:
    assert store.speller.mended(typed) == meant


@pytest.mark.parametrize(
    "question",
    [
        "Wells score for PE", "HEART score 4, chest pain", "CHA2DS2-VASc of 3: anticoagulate?", "NEXUS rule",
        "Ottawa ankle rules", "Child-Pugh B", "pneumonia severity index class 4", "Wells评分怎么算?",
    ],
)  # fmt: skip
def test_a_score_that_is_not_held_is_not_answered_with_another(question: str, store: Store) -> None:
    assert missing(question, store=store)
    assert {p.id for p in search(question, store=store)} <= {"not-covered/clinical-scores/en", "not-covered/clinical-scores/zh"}


def test_curb_65_is_still_answered(store: Store) -> None:
    assert first("CURB-65 of 3, admit?", store).startswith("curb-65/")


def test_a_passage_comes_in_the_language_asked_for(store: Store) -> None:
    found = search("single solid nodule of 7 mm, Fleischner", language="zh", store=store)
    assert {p.language for p in found} == {"zh"}


@pytest.mark.parametrize("question", ["", "  ", "?!", "。。。"])
def test_an_empty_question_is_said_to_be_empty(question: str, store: Store) -> None:
    with pytest.raises(BadInput, match="empty"):
        search(question, store=store)


@pytest.mark.parametrize(
    "question",
    [
        "How do I roast a chicken?",
        "红烧肉怎么做才好吃?",
        "Wie wird das Wetter morgen?",
        "Какая погода завтра?",
        "明日の天気はどうですか",
        "sdkfj qwpoe zmxn",
        "12345 67",
        "What is the dose of amoxicillin for otitis media?",
        "Screening for colorectal cancer with colonoscopy: from which age?",
    ],
)
def test_a_question_from_elsewhere_gets_no_passage(question: str, store: Store) -> None:
    assert search(question, store=store) == []


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("What does the Chinese expert consensus say about a 6 mm nodule?", "Chinese expert consensus"),
        ("按中国肺结节专家共识,8mm磨玻璃结节怎么随访?", "Chinese expert consensus"),
        ("NCCN screening: 7 mm solid nodule", "NCCN"),
        ("Prostate lesion on MRI, PI-RADS 4?", "PI-RADS"),
    ],
)
def test_a_known_guideline_that_is_not_held_is_said_so_and_no_other_is_offered(
    question: str, name: str, store: Store
) -> None:
    assert any(name in each for each in missing(question, store=store))
    assert {p.id.partition("/")[0] for p in search(question, store=store)} <= {"not-covered"}


def test_a_question_that_also_names_a_held_guideline_is_answered(store: Store) -> None:
    assert first("Fleischner or NCCN for a 7 mm solid nodule?", store).startswith("fleischner-2017/")


def test_search_keeps_to_a_guideline_a_body_part_a_population(store: Store) -> None:
    question = "solid nodule of 7 mm, when to scan again?"
    only = search(question, guideline="recist-1.1", store=store)
    assert {p.id.partition("/")[0] for p in only} <= {"recist-1.1"}
    names = {g.name: g for g in store.guidelines}
    for found in search(question, body_part="CHEST", store=store):
        assert {"chest", "any"} & set(names[found.id.partition("/")[0]].body_parts)
    for found in search(question, population="screening", store=store):
        made_for = names[found.id.partition("/")[0]].population
        assert not made_for or "screening" in made_for


def test_unknown_names_and_senseless_counts_are_refused(store: Store) -> None:
    with pytest.raises(UnknownGuideline, match="fleischner-2017"):
        search("nodule", guideline="fleishner", store=store)
    with pytest.raises(BadInput, match="1 or more"):
        search("nodule", k=0, store=store)


def test_scores_are_calibrated_to_0_to_1_and_fall(store: Store) -> None:
    scores = [p.score for p in search("part-solid nodule, Fleischner", store=store)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] >= THRESHOLD
    assert all(BESIDE <= score <= 1 for score in scores)
    assert all(weight >= 0 for name, weight in WEIGHTS.items() if name != "intercept"), "each sign speaks for a section"


def test_a_long_paste_is_read_up_to_the_limit(store: Store) -> None:
    assert first("Fleischner single solid nodule 7 mm follow-up. " * 500, store).startswith("fleischner")


def test_who_the_word_is_not_who_the_guideline(store: Store) -> None:
    assert "who-1979" not in cues_of("Who needs a CT?", store.guidelines).named
    if any(g.name == "who-1979" for g in store.guidelines):
        assert "who-1979" in cues_of("WHO criteria for response", store.guidelines).named
    assert not_held("Fleischner single nodule", store.guidelines) == ()


def test_signs_are_levels_between_0_and_1_for_the_text_itself(store: Store) -> None:
    section = next(s for g in store.guidelines if g.name == "fleischner-2017" for s in g.sections)
    signs = signs_of(section.asks[0], store)[f"fleischner-2017/{section.id}"]
    assert signs.ask == pytest.approx(1.0, abs=0.02)
    assert signs.behind == pytest.approx(0.0, abs=0.02)
