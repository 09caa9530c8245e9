"""The card: help first, nothing promised, the same for the same arguments."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from phonenumbers import is_emergency_number

from services.rules.cards.crisis import (
    ClinicFacts,
    RequestOutcome,
    card,
    generic_card,
    notes_notice,
)
from services.rules.cards.lines import LINES
from services.rules.escalation.staffing import parse_staffing
from services.rules.numbers import DATA, NumbersError

NOW = datetime(2026, 11, 22, 3, 15, tzinfo=UTC)
OFFICE = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}
STAFFING = parse_staffing("America/New_York", [OFFICE], [])
CLINIC = ClinicFacts("US", STAFFING, "+1 212 555 0100")
PAGED = RequestOutcome(paged=True)
LIFELINE = "988 Suicide & Crisis Lifeline (veterans press 1)"
NOT_RECEIVED = "This did not reach your clinic"


def shown(found):
    return [each["name"] for each in found["resources"]]


def test_a_card_has_the_contracts_keys_and_help_first():
    found = card("crisis", CLINIC, NOW, PAGED)
    assert list(found) == ["level", "message", "resources", "monitoring"]
    assert found["level"] == "crisis"
    assert "call 911 now" in found["message"]
    assert found["resources"] == [
        {"name": "Emergency services 911", "phone": "911"},
        {
            "name": LIFELINE,
            "phone": "988",
            "text": "988",
            "url": "https://988lifeline.org",
        },
        {"name": "Your clinic", "phone": "+1 212 555 0100"},
    ]


@pytest.mark.parametrize("level", ["crisis", "support"])
def test_every_level_names_the_emergency_number(level):
    assert "immediate danger, call 911 now" in card(level, CLINIC, NOW, RequestOutcome())["message"]


def test_the_next_instrument_is_named_only_when_there_is_one():
    asked = card("support", CLINIC, NOW, RequestOutcome(), next_instrument="cssrs-screener")
    assert asked["next_instrument"] == "cssrs-screener"
    assert "next_instrument" not in card("support", CLINIC, NOW, RequestOutcome())


def test_without_a_clinic_phone_no_empty_resource_is_shown():
    assert "Your clinic" not in shown(card("crisis", replace(CLINIC, phone=None), NOW, PAGED))


def test_the_same_arguments_give_the_same_bytes():
    bodies = {json.dumps(card("crisis", CLINIC, NOW, PAGED)) for _ in range(3)}
    assert len(bodies) == 1


@pytest.mark.parametrize("code", ["US", "us", " us "])
def test_the_country_code_may_be_written_in_any_case(code):
    assert shown(card("crisis", replace(CLINIC, country=code), NOW, PAGED))[0].endswith("911")


@pytest.mark.parametrize("code", ["", "XX", "Atlantis"])
def test_an_unknown_country_gets_the_local_number_and_the_directory(code):
    found = card("crisis", replace(CLINIC, country=code, phone=None), NOW, PAGED)
    local, directory = found["resources"]
    assert local["name"].startswith("Your local emergency number")
    assert "phone" not in local
    assert directory["url"] == "https://findahelpline.com"
    assert "call your local emergency number now" in found["message"]


def test_a_country_without_a_checked_line_gets_its_number_and_the_directory():
    found = card("crisis", replace(CLINIC, country="IT", phone=None), NOW, PAGED)
    assert [each.get("phone") for each in found["resources"]] == ["112", None]


@pytest.mark.parametrize(
    ("today", "doubtful"),
    [
        (date(2026, 12, 21), False),
        (date(2026, 12, 22), True),
        (date(2030, 1, 1), True),
        (date(2025, 12, 22), False),
    ],
)
def test_a_number_checked_12_months_ago_is_served_with_a_warning(today, doubtful):
    now = datetime(today.year, today.month, today.day, tzinfo=UTC)
    found = card("crisis", replace(CLINIC, country="NZ"), now, PAGED)
    assert found["resources"][0]["phone"] == "111"
    assert ("1737, need to talk? (number last checked 2025-12-22)" in shown(found)) is doubtful
    assert ("does not answer, call 111" in found["message"]) is doubtful
    assert ("Find a helpline in your country" in shown(found)) is doubtful


def test_a_number_that_was_never_checked_says_so():
    found = card("crisis", replace(CLINIC, country="IE"), NOW, PAGED)
    assert "Samaritans (number not yet checked)" in shown(found)


def test_the_monitoring_text_is_that_of_the_clinic_and_its_hours():
    clinic = replace(CLINIC, monitoring_text="We call back on working days.")
    text = card("crisis", clinic, NOW, PAGED)["monitoring"]
    assert "before Monday 2026-11-23 09:00 (America/New_York, UTC-05:00)" in text
    assert "We call back on working days." in text


RECEIPTS = [
    RequestOutcome(received=received, stored=stored, paged=paged, followed=followed)
    for received in (True, False)
    for stored in (True, False)
    for paged in (True, False)
    for followed in (True, False)
]


@pytest.mark.parametrize("receipt", RECEIPTS, ids=range(len(RECEIPTS)))
def test_it_says_that_nothing_arrived_exactly_when_nothing_was_committed(receipt):
    text = card("crisis", CLINIC, NOW, receipt)["monitoring"]
    assert (NOT_RECEIVED in text) is (not receipt.received)
    assert ("Notes are not read around the clock" in text) is receipt.received


@pytest.mark.parametrize("receipt", RECEIPTS, ids=range(len(RECEIPTS)))
@pytest.mark.parametrize("level", ["crisis", "support"])
def test_it_never_says_that_anybody_is_safe(level, receipt):
    assert "safe" not in json.dumps(card(level, CLINIC, NOW, receipt)).casefold()


@pytest.mark.parametrize("paged", [True, False])
def test_the_card_of_a_discharged_patient_states_that_nobody_reads(paged):
    text = card("crisis", CLINIC, NOW, RequestOutcome(paged=paged, followed=False))["monitoring"]
    assert "your clinic no longer reads these answers" in text
    assert ("An alert went to the clinic on Saturday 2026-11-21 22:15" in text) is paged


def test_a_refused_answer_that_paged_is_not_called_saved():
    text = card("crisis", CLINIC, NOW, RequestOutcome(stored=False, paged=True))["monitoring"]
    assert "could not be saved" in text


def test_the_generic_card_says_whether_anything_arrived():
    nothing = generic_card(committed=False)
    assert nothing["monitoring"] == NOT_RECEIVED + "."
    assert nothing["level"] == "support"
    something = generic_card(committed=True, level="crisis", country="GB", today=NOW.date())
    assert NOT_RECEIVED not in something["monitoring"]
    assert "Notes are not read around the clock." in something["monitoring"]
    assert shown(something)[0] == "Emergency services 999"
    assert shown(something)[1].startswith("Samaritans")


def test_without_a_date_the_generic_card_trusts_no_number():
    found = generic_card(committed=False, country="US")
    assert "number last checked 2025-12-24" in shown(found)[1]


def test_every_country_has_an_emergency_number_and_every_line_a_source():
    assert len(LINES.countries) + len(LINES.emergency_only) == 41
    assert set(LINES.countries) >= {"CH", "NO", "MX", "JP", "ZA", "SG", "IL"}
    assert all(country.emergency for country in LINES.countries.values())
    lines = [line for country in LINES.countries.values() for line in country.lines]
    assert all(line.source for line in lines)
    assert all(line.verified_on is None or line.verified_on <= NOW.date() for line in lines)
    assert LINES.version


@pytest.mark.parametrize("code", [*LINES.countries, *LINES.emergency_only])
def test_every_emergency_number_is_one_of_the_countrys_own_plan(code):
    assert is_emergency_number(str(LINES.country(code).emergency), code)


def test_old_numbers_are_not_in_the_table():
    assert "08457" not in (DATA / "crisis_lines.toml").read_text("utf-8")
    assert all(line.phone != "141" for line in LINES.country("BR").lines)


def test_a_line_that_nobody_can_reach_is_an_error():
    with pytest.raises(NumbersError, match="no way to reach it"):
        replace(LINES.directory, url=None)


@pytest.mark.parametrize("missing", [{"emergency": None}, {"lines": ()}])
def test_a_country_has_an_emergency_number_and_a_line(missing):
    bare = replace(LINES.country("US"), **missing)
    with pytest.raises(NumbersError, match=r"^countries\.US: needs an emergency number and lines"):
        replace(LINES, countries={**LINES.countries, "US": bare})


def test_one_day_short_of_a_whole_month_is_not_a_month():
    line = replace(LINES.directory, verified_on=date(2025, 11, 22))
    assert LINES.doubtful(line, NOW.date())
    assert not LINES.doubtful(line, NOW.date() - timedelta(days=1))


@pytest.mark.parametrize("phone", ["+1 212 555 0100", None])
def test_whoever_sends_words_hears_that_nobody_reads_them_by_night_and_whom_to_call(phone):
    found = notes_notice(replace(CLINIC, phone=phone), NOW)
    assert "911" in found
    assert "988" in found
    assert ("Your clinic: +1 212 555 0100." in found) == (phone is not None)
