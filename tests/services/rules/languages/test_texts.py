"""Each language has every text, says the same, and calls nobody safe."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from shutil import copytree

import pytest

from schemas.base import LANGUAGES
from services.rules.instruments.definition import load_instruments
from services.rules.languages.forms import form_in
from services.rules.languages.texts import ENGLISH, TEXTS, read_texts
from services.rules.languages.wording import (
    IN_ENGLISH,
    Wording,
    chosen_language,
    is_reviewed,
    wording,
)
from services.rules.numbers import DATA, NumbersError
from services.rules.side_effects.coded_list import SIDE_EFFECTS

OTHERS = [language for language in TEXTS if language != "en"]
# Words of the languages that would promise what nobody can: that somebody is safe.
SAFE = r"\b(safe|sicher|sicherheit|sûre?|sécurité|segur[oa]s?|a salvo|veilige?)\b"
REVIEWED = {"de": {"version": TEXTS["de"].version, "name": "Dr. Weiß"}}


def test_english_comes_first_and_the_schemas_know_every_language() -> None:
    assert tuple(TEXTS) == LANGUAGES
    assert OTHERS == ["de", "es", "fr", "nl"]


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_a_label_for_every_side_effect_and_grade(language: str) -> None:
    texts = TEXTS[language]
    assert texts.effect_labels.keys() == SIDE_EFFECTS.effects.keys()
    assert texts.grade_labels.keys() == {str(grade) for grade in SIDE_EFFECTS.grades}


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_the_whole_daily_form_and_only_words_of_our_own(language: str) -> None:
    assert TEXTS[language].form_texts.keys() == {"mood", "phq9-daily", "urinary"}
    for code in TEXTS[language].form_texts:
        english = load_instruments()[code]
        found = form_in(Wording(TEXTS[language]), english)
        assert found.link_ids == english.link_ids
        assert found.validated is english.validated is False
        for own, other in zip(found.items, english.items, strict=True):
            assert own.text
            assert [one.value for one in own.options] == [one.value for one in other.options]
            assert own.scored == other.scored
            assert own.asked_when == other.asked_when


@pytest.mark.parametrize("language", OTHERS)
def test_a_form_of_others_stays_in_english_and_says_so(language: str) -> None:
    words = wording(language, {})
    for code, english in load_instruments().items():
        if code not in TEXTS[language].form_texts:
            found = form_in(words, english)
            assert found.items == english.items
            assert found.title == f"{english.title} ({TEXTS[language].card.english_only})"


def test_in_english_every_form_is_as_it_is() -> None:
    assert all(form_in(IN_ENGLISH, form) == form for form in load_instruments().values())


@pytest.mark.parametrize("language", TEXTS)
def test_no_text_calls_anybody_safe(language: str) -> None:
    texts = TEXTS[language]
    for words in (asdict(texts.card), dict(texts.app), dict(texts.letters)):
        assert re.search(SAFE, str(words), re.IGNORECASE) is None


@pytest.mark.parametrize("language", TEXTS)
def test_the_words_of_the_app_are_short_and_in_short_sentences(language: str) -> None:
    """Reading age 9: no sentence of more than 20 words, 8 on average, and no word left out."""
    sentences = [
        sentence.split()
        for text in TEXTS[language].app.values()
        for sentence in re.split(r"[.?!:](?:\s|$)", text)
        if sentence.strip()
    ]
    assert max(map(len, sentences)) <= 20
    assert sum(map(len, sentences)) / len(sentences) <= 8
    assert all(text.strip() == text != "" for text in TEXTS[language].app.values())


@pytest.mark.parametrize("language", TEXTS)
def test_a_reminder_names_nothing_of_what_is_asked(language: str) -> None:
    words = Wording(TEXTS[language])
    reminder = f"{words.app('reminder_title')} {words.app('reminder_body')}".lower()
    for word in ("watch", "monitor", "waiting", "phq", "suicid", "ketamin", "depress"):
        assert word not in reminder


def test_a_word_of_the_app_has_the_english_one_below_until_it_is_reviewed() -> None:
    german, english = TEXTS["de"].app["not_sent"], ENGLISH.app["not_sent"]
    assert wording("de", {}).app("not_sent") == f"{german}\n\n{english}"
    assert wording("de", REVIEWED).app("not_sent") == german
    assert IN_ENGLISH.app("not_sent") == english


@pytest.mark.parametrize("language", OTHERS)
def test_a_sentence_is_not_twice_as_long_as_the_english_one(language: str) -> None:
    own, english = (
        asdict(texts.card) | dict(texts.app) | {f"letters.{k}": v for k, v in texts.letters.items()}
        for texts in (TEXTS[language], ENGLISH)
    )
    for name, text in own.items():
        if name != "weekdays":
            assert len(text) < 2 * len(english[name]) + 20, name


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("rufen Sie an: {number}.", "rufen Sie an.", "card.no_answer: has other names in braces"),
        ("rufen Sie an: {number}.", "rufen Sie an: {number:d}.", "card.no_answer: has other names"),
        ("rufen Sie an: {number}.", "rufen Sie an: {number!a}.", "card.no_answer: has other names"),
        ('clinic = "Ihre Klinik"\n', "", "card.clinic: is missing"),
        ('save = "Speichern"\n', "", "app.save: is missing"),
        ('this_link = "diesen Link"\n', "", "letters.this_link: is missing"),
        ("Ihr Code: {code}", "Ihr Code.", "letters.password: has other names in braces"),
        ('save = "Speichern"\n', 'save = "x"\nsafe = "x"\n', "app.safe: is no English one"),
        ("Gesendet um {time}.", "Gesendet um {clock}.", "app.sent_at: has other names in braces"),
        ('"Samstag", ', "", "card.weekdays: needs seven days"),
        ('language = "de"', 'language = "fr"', "language: must be the name of the file"),
    ],
)
def test_a_language_with_a_fault_does_not_load(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    folder = Path(copytree(DATA / "texts", tmp_path / "texts"))
    text = (folder / "de.toml").read_text("utf-8")
    assert old in text
    (folder / "de.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(NumbersError, match=rf"^de\.toml: {re.escape(problem)}"):
        read_texts(folder)


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ((), "en"),
        ((None,), "en"),
        (("de",), "de"),
        (("de-AT",), "de"),
        (("ES_mx",), "es"),
        (("pl", "fr-CH"), "fr"),
        ((None, "xx", "", "nl"), "nl"),
        (("en-GB", "de"), "en"),
        (("deutsch",), "en"),
    ],
)
def test_the_first_language_that_we_have_is_chosen(
    wanted: tuple[str | None, ...], language: str
) -> None:
    assert chosen_language(*wanted) == language


@pytest.mark.parametrize(
    ("language", "reviews", "reviewed"),
    [
        ("en", {}, True),
        ("de", {}, False),
        ("de", REVIEWED, True),
        ("fr", REVIEWED, False),
        ("de", {"de": {"version": "de-2020.1.1"}}, False),
        ("de", {"de": "de-2026.11.1"}, False),
        ("xx", {}, True),
    ],
)
def test_only_a_review_of_the_present_version_counts(
    language: str, reviews: dict[str, object], *, reviewed: bool
) -> None:
    found = wording(language, reviews)
    assert found.reviewed is reviewed is is_reviewed(found.texts, reviews)
    assert found.languages == ((found.texts.language,) if reviewed else (language, "en"))


@pytest.mark.parametrize(
    ("words", "own", "label"),
    [
        (IN_ENGLISH, "Übelkeit", "Feeling sick"),
        (wording("de", {}), None, "Feeling sick"),
        (wording("de", {}), "Übelkeit", "Übelkeit / Feeling sick"),
        (wording("de", REVIEWED), "Übelkeit", "Übelkeit"),
    ],
)
def test_an_english_label_stands_beside_one_that_nobody_reviewed(
    words: Wording, own: str | None, label: str
) -> None:
    assert words.beside(own, "Feeling sick") == label
