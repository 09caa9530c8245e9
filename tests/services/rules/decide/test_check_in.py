"""One door for the rules of a check-in: which rules decide it, and what keeps them from firing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.rules.catalogue import CATALOGUE
from services.rules.decide.check_in import (
    SeriesCase,
    series_decisions,
    session_decisions,
)
from services.rules.decision import Tier
from services.rules.worsening.numbers import FORM_RULE_THRESHOLDS, RULE_NUMBERS, RuleNumbers
from services.rules.worsening.repetition import NO_ALERTS_YET, PastOccurrence, alert_history
from tests.builders.rules.courses import session, treated
from tests.builders.rules.days import at, entries, entry, on

COURSE = treated(session(0), session(3), session(6), session(9))


def case(instrument, found, baseline=None, decided=None, **known) -> SeriesCase:
    known = {"untreated": baseline, **known}
    return SeriesCase(instrument, found, decided or found[-1], baseline, **known)


def total_of(items) -> int | None:
    return sum(items) if all(type(item) is int for item in items) else None


def asrm(*items, **known) -> SeriesCase:
    form = entry(10, total_of(items))
    answers = {f"q{n}": value for n, value in enumerate(items, start=1)}
    indications = frozenset({"bipolar depression"})
    return case("asrm", [form], answers=answers, indications=indications, **known)


def bladder(*items, earlier=(), **known) -> SeriesCase:
    form = entry(40, total_of(items))
    answers = {f"q{n}": value for n, value in enumerate(items, start=1)}
    return case("urinary", [*earlier, form], decided=form, answers=answers, **known)


RETURN = case("phq9", entries({-1: 20, 7: 8, 14: 15, 21: 15}), 20.0, treatment=COURSE)
NON_RESPONSE = case("phq9", entries({-1: 20, 7: 19, 10: 19}), 20.0, treatment=COURSE)
RELIABLE = case("phq9", entries({0: 18, 7: 5, 14: 5, 21: 5, 28: 11, 35: 11}), 18.0)
LASTING = case("phq9-daily", entries({**dict.fromkeys(range(15), 5), 15: 11, 16: 11, 17: 11}), 18.0)
AFTER_SESSION = case(
    "phq9-daily", entries({-2: 10, -1: 10, 1: 15}), 10.0, treatment=treated(session(0))
)
ANXIETY = case("gad7", entries({0: 4, 14: 10}))
TRAUMA = case("pcl5", entries({0: 20, 14: 30}))
MANIA = asrm(2, 2, 2, 0, 0)
BLADDER = bladder(0, 2, 0, 0, 0)

FIRING = [
    (RELIABLE, "M1"),
    (LASTING, "M2"),
    (RETURN, "M3"),
    (NON_RESPONSE, "M4"),
    (AFTER_SESSION, "M5"),
    (ANXIETY, "A1"),
    (TRAUMA, "A1"),
    (MANIA, "B1"),
    (BLADDER, "U1"),
]


def decided(found: SeriesCase, rule: str):
    return next(decision for decision in series_decisions(found) if decision.rule == rule)


@pytest.mark.parametrize(
    ("instrument", "rules"),
    [
        ("phq9", ["M1", "M3", "M4"]),
        ("phq9-daily", ["M2", "M5"]),
        ("gad7", ["A1"]),
        ("pcl5", ["A1"]),
        ("asrm", ["B1"]),
        ("urinary", ["U1"]),
        ("cssrs-screener", []),
        ("mood", []),
    ],
)
def test_every_instrument_is_decided_by_its_rules(instrument, rules):
    decisions = series_decisions(case(instrument, [entry(10, 0)]))

    assert [decision.rule for decision in decisions] == rules
    assert not any(decision.fired or decision.is_met for decision in decisions)
    assert all(decision.inputs["held"] is None for decision in decisions)


def test_a_rule_decides_with_a_tier_that_the_catalogue_gives_it():
    for found, rule in FIRING:
        assert decided(found, rule).tier in CATALOGUE[rule].tiers


@pytest.mark.parametrize(("found", "rule"), FIRING)
def test_each_rule_fires_alone(found, rule):
    fired = [decision.rule for decision in series_decisions(found) if decision.fired]

    assert fired == [rule] or (rule, fired) == ("M3", ["M1", "M3"])
    assert decided(found, rule).inputs["held"] is None


@pytest.mark.parametrize(("found", "rule"), FIRING)
def test_late_entries_hold_worsening_back_but_not_harm(found, rule):
    late = found.decided._replace(late=True)
    series = [late if one == found.decided else one for one in found.entries]

    decision = decided(replace(found, entries=series, decided=late), rule)

    assert decision.is_met
    assert decision.fired is (rule in ("B1", "U1"))
    assert decision.inputs["held"] == (None if rule in ("B1", "U1") else "late")


@pytest.mark.parametrize(("found", "rule"), FIRING[:7])
def test_a_form_without_a_total_raises_no_worsening(found, rule):
    day = (found.decided.mood_day - on(0)).days
    partial = entry(day, None, hour=20)

    decision = decided(replace(found, entries=[*found.entries, partial], decided=partial), rule)

    assert (decision.is_met, decision.fired) == (True, False)
    assert decision.inputs["held"] == "incomplete"


@pytest.mark.parametrize(
    ("name", "found", "fires"),
    [
        ("mania that is sure to reach the cut", asrm(3, 3, None, None, None), True),
        ("mania that may reach it", asrm(3, 2, None, None, None), False),
        ("mania declined", asrm("declined", "declined", 1, 1, None), False),
        ("no answer about mania", asrm(None, None, None, None, None), False),
        ("blood in a partial form", bladder(None, None, None, None, 1), True),
        ("an item of 2 in a partial form", bladder(2, None, None, "declined", None), True),
        ("a partial form of ones", bladder(1, 1, None, None, None), False),
    ],
)
def test_harm_in_a_partial_form_is_seen_and_never_guessed(name, found, fires):
    [decision] = series_decisions(found)

    assert decision.fired is fires, name


@pytest.mark.parametrize(("found", "rule"), FIRING)
def test_what_has_alerted_does_not_alert_again(found, rule):
    first = decided(found, rule)
    on_day = found.decided.mood_day
    history = alert_history([PastOccurrence(rule, on_day, first.tier, first.about)], on_day)

    again = decided(replace(found, alert_history=history), rule)

    once_each = rule in ("M3", "M4", "M5")
    assert (again.is_met, again.fired, again.tier) == (True, False, None)
    assert again.inputs["held"] == ("already_reported" if once_each else "same_episode")


def test_the_treatment_is_that_of_the_answer_and_not_of_what_came_later():
    before_the_fourth = replace(
        NON_RESPONSE, decided=NON_RESPONSE.decided._replace(recorded_at=at(9, hour=10))
    )

    assert decided(NON_RESPONSE, "M4").fired
    assert not decided(before_the_fourth, "M4").is_met


def test_the_morning_of_a_session_is_read_before_it():
    found = case(
        "phq9-daily",
        [entry(0, 10, hour=9), entry(0, 20, hour=20), entry(1, 15)],
        treatment=treated(session(0)),
    )

    assert decided(found, "M5").inputs["before"] == 10
    assert decided(found, "M5").fired


@pytest.mark.parametrize(
    ("shared_hours", "second", "morning"),
    [(72, session(3, hour=2), 0), (24, session(1, hour=20), 1)],
)
def test_a_window_that_is_tried_out_is_that_of_its_morning_too(shared_hours, second, morning):
    """With the 48 hours in force the window would begin on the day of the other session."""
    measures = RULE_NUMBERS.course.measures
    spans = replace(measures.session, shared_hours=shared_hours)
    numbers = RULE_NUMBERS.measured_by(replace(measures, session=spans))
    found = case(
        "phq9-daily",
        [entry(morning, 10, hour=9), entry(morning + 3, 15)],
        treatment=treated(session(0), second),
    )

    _, decision = series_decisions(found, numbers)

    assert (decision.rule, decision.inputs["before"]) == ("M5", 10)
    assert decision.fired


@pytest.mark.parametrize(
    ("name", "earlier", "baseline", "fires"),
    [
        ("3 above the first complete form", {10: 0}, None, True),
        ("2 above it", {10: 1}, None, False),
        ("a form without a total is no baseline", {5: None, 10: 0}, None, True),
        ("the first form and not the last", {5: 0, 10: 3}, None, True),
        ("a first form from before the entries", {10: 3}, 0.0, True),
        ("its own baseline", {}, None, False),
    ],
)
def test_the_bladder_is_compared_with_the_first_form(name, earlier, baseline, fires):
    found = bladder(1, 1, 1, 0, 0, earlier=entries(earlier), urinary_baseline=baseline)

    assert series_decisions(found)[0].fired is fires, name


def test_new_blood_is_paged_although_an_urgency_was_just_reported():
    history = alert_history([PastOccurrence("U1", on(38), Tier.MEDIUM)], on(40))

    [urgency] = series_decisions(bladder(0, 0, 2, 0, 0, alert_history=history))
    [blood] = series_decisions(bladder(0, 0, 2, 0, 1, alert_history=history))

    assert (urgency.fired, urgency.inputs["held"]) == (False, "same_episode")
    assert (blood.fired, blood.tier) == (True, Tier.HIGH)


def test_m4_is_decided_when_a_session_is_written():
    known = {"baseline": 20.0, "treatment": COURSE, "zone": at(0).tzinfo}
    readings = entries({-1: 20, 7: 19})

    [early] = session_decisions(readings, history=NO_ALERTS_YET, as_of=at(8), **known)
    [due] = session_decisions(readings, history=NO_ALERTS_YET, as_of=at(9, 15), **known)
    history = alert_history([PastOccurrence("M4", on(9), Tier.MEDIUM, due.about)], on(9))
    [again] = session_decisions(readings, history=history, as_of=at(9, 15), **known)

    assert (early.rule, early.is_met, early.inputs["held"]) == ("M4", False, None)
    assert (due.fired, due.tier, due.about) == (True, Tier.MEDIUM, "a")
    assert (again.is_met, again.fired) == (True, False)
    assert again.inputs["held"] == "already_reported"


def test_other_numbers_can_be_tried_out():
    stricter = replace(FORM_RULE_THRESHOLDS.a1, gad7_rise=7)
    numbers = RuleNumbers(form=replace(FORM_RULE_THRESHOLDS, version="trial", a1=stricter))

    [decision] = series_decisions(ANXIETY, numbers)

    assert (decision.rule_version, decision.fired) == ("trial", False)
