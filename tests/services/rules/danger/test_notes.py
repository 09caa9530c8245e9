"""S7: crisis terms are found however they are typed, in every language at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.danger.notes import LANGUAGES, Term, find_terms, note_tier
from services.rules.decision import Tier
from services.rules.numbers import NumbersError
from services.rules.words import fold
from tests.builders.rules.growth import grows_evenly


def ids(note: str | None) -> set[str]:
    return {one.term for one in find_terms(note)}


@pytest.mark.parametrize(
    ("note", "term"),
    [
        ("I want to kill myself", "en:kill-myself"),
        ("i WANT to  KILL\n\tmyself!!!", "en:kill-myself"),
        ("kill-myself", "en:kill-myself"),
        ("k\u200bill my\u00adself", "en:kill-myself"),
        ("Ｋｉｌｌ ｍｙｓｅｌｆ", "en:kill-myself"),
        ("feeling suicidal.", "en:suicide"),
        ("SUICIDE?", "en:suicide"),
        ("I don't want to live", "en:not-want-to-live"),
        ("I don’t want to live", "en:not-want-to-live"),
        ("I don´t want to live", "en:not-want-to-live"),
        ("I dont want to live", "en:not-want-to-live"),
        ("I do not want to die", "en:wish-to-die"),
        ("they'd be better off without me", "en:better-without-me"),
        ("thinking of ending it all", "en:end-life"),
        ("I self-harmed again", "en:self-harm"),
        ("Ich möchte sterben", "de:sterben-wollen"),
        ("ich moechte sterben", "de:sterben-wollen"),
        ("ich mo\u0308chte sterben", "de:sterben-wollen"),
        ("Ich bringe mich um.", "de:absicht"),
        ("Selbstmordgedanken", "de:suizid"),
        ("mich erschiessen", "de:mich-umbringen"),
        ("Ya no quiero vivir", "es:no-vivir"),
        ("ojala estuviera muerta", "es:querer-morir"),
        ("J'ai envie de mourir", "fr:vouloir-mourir"),
        ("je veux m’ouvrir les veines", "fr:methode"),
        ("Je ne veux plus vivre", "fr:ne-plus-vivre"),
        ("ik wil niet meer leven", "nl:niet-meer-leven"),
        ("zelfmoordgedachten", "nl:zelfmoord"),
        ("मैं मरना चाहता हूँ।", "hi:marna-chahna"),
        ("मर जाऊं", "hi:marna-chahna"),
        ("ख़ुदकुशी", "hi:aatmahatya"),
        ("main marna chahti hun", "hi:marna-chahna"),
        ("sucide", "en:suicide"),
        ("suicdie", "en:suicide"),
        ("su1cide", "en:suicide"),
        ("suicidde", "en:suicide"),
        ("i want to diiiiie", "en:wish-to-die"),
        ("KILLLL myself", "en:kill-myself"),
        ("k i l l myself", "en:kill-myself"),
        ("k.i.l.l. my self", "en:kill-myself"),
        ("k🔪i🔪l🔪l myself", "en:kill-myself"),
        ("so sad😢want😢to😢die", "en:wish-to-die"),
        ("#killmyself", "en:kill-myself"),
        ("took all my sleeping pills", "en:overdose"),
        ("wrote a goodbye letter", "en:preparation"),
        ("nearly jumped in front of a train", "en:attempt"),
        ("I od'd last week", "en:overdose"),
        ("I can't keep myself safe", "en:intent"),
        ("I don't feel safe with myself", "en:intent"),
        ("I might do something stupid", "en:intent"),
        ("I don't think I will be here next week", "en:goodbye"),
        ("not going to stop myself this time", "en:intent"),
        ("if I had a gun I would use it", "en:method"),
        ("I know how I would do it", "en:method"),
        ("SH urges very strong", "en:self-harm"),
        ("I want the pain to end forever", "en:wish-to-die"),
        ("mar jaana chahta hoon", "hi:marna-chahna"),
    ],
)
def test_a_crisis_term_is_found_however_it_is_typed(note, term):
    assert term in ids(note)


@pytest.mark.parametrize(
    "note",
    [
        None,
        "",
        "   ",
        "I slept badly but went for a walk",
        "my battery died",
        "skill myself in chess",
        "killing time, myself and I",
        "the cyanosuicidx",
        "Ich war müde und habe gestern viel gelesen",
        "hoy he dormido bien",
        "j'ai bien dormi",
        "ik heb goed geslapen",
        "आज अच्छा लगा",
        "nearly jumped into the car and drove off",
        "I felt odd last week",
        "I can't stop myself from eating chocolate",
        "I don't feel safe in that neighbourhood",
        "want the painting to be over by Friday",
    ],
)
def test_everyday_notes_are_left_alone(note):
    assert not find_terms(note)


def test_all_terms_of_a_note_are_named_and_the_note_is_not():
    found = ids("suicidal; ich will sterben; Ann")
    assert {"en:suicide", "de:sterben-wollen"} <= found
    assert not any("Ann" in each for each in found)


def test_six_languages_are_loaded():
    assert [each.language for each in LANGUAGES] == ["de", "en", "es", "fr", "hi", "nl"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_around_a_term_hides_it(before, after):
    assert "en:kill-myself" in ids(f"{before} kill myself {after}")


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


LONG = {
    "nothing": ("kill my ", "shelf"),
    "terms": ("i want to die ", ""),
    "terms with a no": ("i do not want to die, ", ""),
    "one clause": ("not kill myself tonight ", ""),
    "one word": ("suicid", ""),
    "one word typed apart": ("k.i.l.l ", ""),
    "one letter drawn out": ("o", ""),
    "pictures": ("\U0001f52a\u0301", ""),
}


@pytest.mark.parametrize(("piece", "end"), LONG.values(), ids=LONG.keys())
def test_work_grows_with_the_length_of_a_note(piece, end):
    notes = {n: piece * (n // len(piece)) + end for n in (4_000, 16_000)}
    assert grows_evenly(lambda n: find_terms(notes[n]), 4_000)


def test_a_very_long_note_in_which_nothing_stands():
    assert find_terms("kill my " * 20_000 + "shelf") == ()


def test_a_phrase_of_which_nothing_is_left_is_an_error():
    with pytest.raises(NumbersError, match="is not one word"):
        Term("x", "thought", ("kill myself", "*"))


@pytest.mark.parametrize("text", ["", ".. myself", "kill ..", "self-harm"])
def test_a_phrase_that_would_find_too_much_or_nothing_is_an_error(text):
    with pytest.raises(NumbersError):
        Term("x", "thought", (text,))


HIGH, MEDIUM = Tier.HIGH, Tier.MEDIUM


@pytest.mark.parametrize(
    ("note", "tier", "beside_a_positive_answer"),
    [
        ("I want to die", MEDIUM, MEDIUM),
        ("I want to die. Tonight.", HIGH, HIGH),
        ("I want to die tonight", HIGH, HIGH),
        ("I want to die, see you tomorrow", MEDIUM, MEDIUM),
        ("I don't want to die", None, MEDIUM),
        ("I don't want to die tonight", MEDIUM, HIGH),
        ("no suicidal thoughts", None, MEDIUM),
        ("no, suicidal thoughts", MEDIUM, MEDIUM),
        ("no but suicidal thoughts", MEDIUM, MEDIUM),
        ("never not suicidal", MEDIUM, MEDIUM),
        ("not big old long bad suicidal", None, MEDIUM),
        ("not big old long bad grey suicidal", MEDIUM, MEDIUM),
        ("not only suicidal", MEDIUM, MEDIUM),
        ("the suicidal thoughts are gone", None, MEDIUM),
        ("are gone suicidal thoughts", MEDIUM, MEDIUM),
        ("suicidal thoughts no", MEDIUM, MEDIUM),
        ("my brother was suicidal", None, MEDIUM),
        ("the suicide of my brother", None, MEDIUM),
        ("the suicide of big old long bad brother", MEDIUM, MEDIUM),
        ("my brother wants me to kill myself", MEDIUM, MEDIUM),
        ("would not hang myself", MEDIUM, MEDIUM),
        ("I did not hurt myself", MEDIUM, MEDIUM),
        ("I did not take an overdose", MEDIUM, HIGH),
        ("I have no plan to kill myself", MEDIUM, HIGH),
        ("my sister attempted suicide", MEDIUM, HIGH),
        ("I attempted suicide", HIGH, HIGH),
        ("took no pills, not all the pills", None, None),
    ],
)
def test_a_cue_lowers_by_one_tier_and_never_beside_a_positive_answer(
    note, tier, beside_a_positive_answer
):
    found = find_terms(note)
    assert note_tier(found) == tier
    assert note_tier(found, nothing_is_negated=True) == beside_a_positive_answer


@pytest.mark.parametrize(
    "word", ["lying", "farming", "charming", "banging", "overdone", "trying", "filling", "suicune"]
)
def test_a_real_word_is_no_misspelling(word):
    assert word == "suicune" or not ids(f"{word} myself, {word}, to {word}")
