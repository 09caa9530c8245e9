"""When a standing plan may be set, what it spares, and what ends it (clinical.md 5.1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.rules.danger.lowering import CssrsEntry, Occurrence
from services.rules.danger.notes import find_terms
from services.rules.danger.standing_plans import (
    Moment,
    StandingPlan,
    may_set,
    plan_ended,
    plan_holds,
)
from services.rules.danger.triage import EntryFacts
from services.rules.decision import Tier

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR, SECOND, DAY = timedelta(hours=1), timedelta(seconds=1), timedelta(days=1)
NEWEST = Occurrence("S2", Tier.HIGH, NOW - 3 * HOUR, NOW - 3 * HOUR)
GOOD = CssrsEntry("low", True, NOW - HOUR, NOW - HOUR)
PLAN = StandingPlan(set_at=NOW, until=NOW + 14 * DAY, set_on=date(2026, 11, 21))


def refused(cssrs=GOOD, until=NOW + 14 * DAY, reason="stable", family="suicide_risk", found=None):
    found = [NEWEST] if found is None else found
    return [each.field for each in may_set(NOW, until, reason, family, cssrs, found)]


def test_a_plan_may_be_set_when_all_its_conditions_hold():
    assert refused() == []
    assert refused(cssrs=replace(GOOD, level="none")) == []
    assert refused(found=[]) == []


@pytest.mark.parametrize(
    ("until", "fields"),
    [
        (NOW, ["standing_plan.until"]),
        (NOW + SECOND, []),
        (NOW + 14 * DAY, []),
        (NOW + 14 * DAY + SECOND, ["standing_plan.until"]),
    ],
)
def test_it_lasts_at_most_14_days(until, fields):
    assert refused(until=until) == fields


def test_it_needs_a_reason_and_a_suicide_risk_alert():
    assert refused(reason=" ") == ["standing_plan.reason"]
    assert refused(family="unreadable_risk") == ["standing_plan"]


@pytest.mark.parametrize(
    ("cssrs", "words"),
    [
        (None, "within the last 24 hours"),
        (replace(GOOD, recorded_at=NOW - DAY - SECOND), "within the last 24 hours"),
        (replace(GOOD, received_at=NOW - DAY - SECOND), "within the last 24 hours"),
        (replace(GOOD, recorded_at=NOW + SECOND), "doubt"),
        (replace(GOOD, complete=False), "complete"),
        (replace(GOOD, amended=True), "complete"),
        (replace(GOOD, level="unknown"), "complete"),
        (replace(GOOD, flags=frozenset({"entered_by_staff"})), "author"),
        (replace(GOOD, level="moderate"), "none or low"),
        (replace(GOOD, level="high"), "none or low"),
        (replace(GOOD, recorded_at=NEWEST.at), "after the newest"),
        (replace(GOOD, received_at=NEWEST.received_at), "after the newest"),
    ],
)
def test_it_needs_a_recent_complete_cssrs_of_none_or_low_after_the_newest_occurrence(cssrs, words):
    (refusal,) = may_set(NOW, NOW + DAY, "stable", "suicide_risk", cssrs, [NEWEST])
    assert refusal.field == "standing_plan"
    assert words in refusal.message


def test_exactly_24_hours_is_recent_enough():
    old = Occurrence("S2", Tier.HIGH, NOW - 2 * DAY, NOW - 2 * DAY)
    assert refused(replace(GOOD, recorded_at=NOW - DAY, received_at=NOW - DAY), found=[old]) == []


def test_the_cssrs_own_occurrence_does_not_bar_the_plan():
    own = Occurrence("S5", Tier.MEDIUM, GOOD.recorded_at, GOOD.received_at)
    assert refused(found=[NEWEST, own]) == []
    assert refused(found=[replace(own, rule="S2")]) == ["standing_plan"]


def test_all_reasons_are_named_at_once():
    assert len(refused(None, until=NOW, reason="", family="silence")) == 4


def answer(kind="check_in", at=NOW + DAY, **facts):
    return EntryFacts(kind, at, at, **{"item9": 1, **facts})


TODAY = Moment(mood_day=date(2026, 11, 22), last_answered_item9_on=date(2026, 11, 21))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (answer(item9=0), None),
        (answer(item9=1), None),
        (answer(item9=2), "item9_critical"),
        (answer(item9=3), "item9_critical"),
        (answer(item9="unknown"), "item9_unknown"),
        (answer(item9=None), None),
        (answer(item9=None, cssrs="none"), None),
        (answer(item9=None, cssrs="low"), None),
        (answer(item9=None, cssrs="moderate"), "cssrs_above_low"),
        (answer(item9=None, cssrs="high"), "cssrs_above_low"),
        (answer(item9=None, cssrs="unknown"), "cssrs_above_low"),
        (answer("help_request", item9=None), "help_request"),
        (answer("unreadable", item9=None), "unreadable_risk"),
        (answer("amendment", item9=2, earlier_item9=1), "item9_critical"),
        (answer("amendment", item9=2, earlier_item9=2), None),
        (answer("amendment", item9="unknown", earlier_item9=1), None),
        (answer(crisis_terms=find_terms("want to die")), None),
        (answer(at=PLAN.until - SECOND), None),
        (answer(at=PLAN.until), "until_passed"),
    ],
)
def test_what_ends_a_plan(facts, reason):
    assert plan_ended(PLAN, facts, TODAY) == reason
    assert plan_holds(PLAN, facts, TODAY) is (reason is None)


def test_discharge_and_withdrawn_consent_end_it():
    assert plan_ended(PLAN, answer(), replace(TODAY, discharged=True)) == "discharged"
    withdrawn = replace(TODAY, consent_withdrawn=True)
    assert plan_ended(PLAN, answer(), withdrawn) == "consent_withdrawn"


@pytest.mark.parametrize(
    ("last", "today", "reason"),
    [
        (date(2026, 11, 24), date(2026, 11, 24), None),
        (date(2026, 11, 24), date(2026, 11, 26), None),
        (date(2026, 11, 24), date(2026, 11, 27), "mood_days_missed"),
        (date(2026, 11, 24), date(2026, 11, 23), None),
        (None, date(2026, 11, 23), None),
        (None, date(2026, 11, 24), "mood_days_missed"),
        (date(2026, 11, 1), date(2026, 11, 23), None),
        (date(2026, 11, 1), date(2026, 11, 24), "mood_days_missed"),
    ],
)
def test_two_whole_mood_days_without_an_answered_item9_end_it(last, today, reason):
    assert plan_ended(PLAN, answer(), Moment(today, last)) == reason


@pytest.mark.parametrize(
    "flag", ["clock_skew", "entered_late", "token_expired", "entered_by_staff"]
)
def test_an_answer_in_doubt_is_paged_and_leaves_the_plan_standing(flag):
    doubtful = answer(flags=frozenset({flag}))
    assert not plan_holds(PLAN, doubtful, TODAY)
    assert plan_ended(PLAN, doubtful, TODAY) is None


def test_without_a_plan_nothing_is_spared():
    assert not plan_holds(None, answer(), TODAY)
