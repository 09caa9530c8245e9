"""The card in a language: whom to call leads, and English stands below what nobody reviewed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.rules.cards.crisis import (
    ClinicFacts,
    RequestOutcome,
    card,
    generic_card,
    notes_notice,
)
from services.rules.cards.medical import EMERGENCY, medical_card
from services.rules.escalation.staffing import parse_staffing
from services.rules.languages.texts import TEXTS
from services.rules.languages.wording import wording

NOW = datetime(2026, 11, 22, 3, 15, tzinfo=UTC)
OFFICE = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}
ENGLISH = ClinicFacts("DE", parse_staffing("Europe/Berlin", [OFFICE], []), "+49 30 901820")
OTHERS = [language for language in TEXTS if language != "en"]
RECEIPTS = [
    RequestOutcome(received=received, stored=stored, paged=paged, followed=followed)
    for received in (True, False)
    for stored in (True, False)
    for paged in (True, False)
    for followed in (True, False)
]


def reading(language, *, reviewed=False):
    reviews = {language: {"version": TEXTS[language].version}} if reviewed else {}
    return replace(ENGLISH, wording=wording(language, reviews))


@pytest.mark.parametrize("level", ["crisis", "support"])
@pytest.mark.parametrize("language", OTHERS)
def test_number_and_line_lead_and_the_english_card_stands_below(language, level):
    found = card(level, reading(language), NOW, RequestOutcome(paged=True), "cssrs-screener")
    english = card(level, ENGLISH, NOW, RequestOutcome(paged=True), "cssrs-screener")
    lead, own, below = found["message"].split("\n\n")
    assert lead == "112 · TelefonSeelsorge 0800 1110111"
    assert getattr(TEXTS[language].card, f"opening_{level}") in own
    assert "112" in own
    assert below == english["message"]
    assert found["monitoring"].endswith("\n\n" + english["monitoring"])
    for one, other in zip(found["resources"], english["resources"], strict=True):
        assert {**one, "name": other["name"]} == other
    assert found["languages"] == [language, "en"]
    assert found["next_instrument"] == "cssrs-screener"


@pytest.mark.parametrize("language", OTHERS)
def test_reviewed_words_stand_alone(language):
    found = card("crisis", reading(language, reviewed=True), NOW, RequestOutcome(paged=True))
    texts = TEXTS[language].card
    assert found["message"].startswith(texts.opening_crisis)
    assert "Thank you for telling us" not in found["message"]
    assert "\n" not in str(found)
    assert found["resources"][0]["name"] == texts.emergency_services.format(number="112")
    assert found["monitoring"].startswith(texts.stored)
    assert texts.weekdays[0] in found["monitoring"]
    assert found["languages"] == [language]


def test_an_english_card_says_nothing_of_languages():
    assert "languages" not in card("crisis", ENGLISH, NOW, RequestOutcome())
    assert "languages" not in generic_card(committed=False)


@pytest.mark.parametrize("receipt", RECEIPTS, ids=range(len(RECEIPTS)))
@pytest.mark.parametrize("language", OTHERS)
def test_every_word_of_what_became_of_it_is_there(language, receipt):
    texts = TEXTS[language].card
    text = card("crisis", reading(language, reviewed=True), NOW, receipt)["monitoring"]
    assert (texts.not_received in text) is (not receipt.received)
    assert (texts.no_longer_read in text) is (receipt.received and not receipt.followed)
    assert (texts.notes_unwatched in text) is receipt.received
    assert "{" not in text


@pytest.mark.parametrize("committed", [True, False, None])
@pytest.mark.parametrize("language", OTHERS)
def test_the_generic_card_is_in_the_language_that_was_asked_for(language, committed):
    found = generic_card(committed=committed, wording=wording(language, {}))
    english = generic_card(committed=committed)
    assert found["message"].endswith("\n\n" + english["message"])
    assert found["monitoring"].endswith("\n\n" + english["monitoring"])
    assert found["message"].startswith(TEXTS[language].card.opening_support)


@pytest.mark.parametrize("also", [True, False])
@pytest.mark.parametrize("language", OTHERS)
def test_a_bodily_emergency_leads_with_the_number(language, also):
    clinic, receipt = reading(language), RequestOutcome(paged=True)
    crisis = card("support", clinic, NOW, receipt) if also else None
    found = medical_card(EMERGENCY, clinic, NOW, receipt, crisis)
    lead, own, english, *rest = found["message"].split("\n\n")
    assert lead == "112"
    assert own == TEXTS[language].card.bodily_emergency.format(number="112")
    assert english == TEXTS["en"].card.bodily_emergency.format(number="112")
    assert bool(rest) is also
    assert found["level"] == "crisis"


@pytest.mark.parametrize("phone", ["+49 30 901820", None])
@pytest.mark.parametrize("language", OTHERS)
def test_whoever_sends_words_reads_whom_to_call_in_their_language(language, phone):
    clinic = replace(reading(language), phone=phone)
    lead, own, english = notes_notice(clinic, NOW).split("\n\n")
    assert lead == "112 · TelefonSeelsorge 0800 1110111"
    assert own.startswith(TEXTS[language].card.notes_unwatched)
    assert english == notes_notice(replace(ENGLISH, phone=phone), NOW)
    nowhere = notes_notice(replace(clinic, country="IT"), NOW)
    assert TEXTS[language].card.helplines in nowhere
