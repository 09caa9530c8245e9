"""One answer, one decision: late entries, incomplete ones, and one report an episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pytest

from services.rules.day_series import DayValue, SeriesEntry
from services.rules.decide.check_in import SeriesCase, series_decisions
from services.rules.decision import Decision, RuleId, Tier
from services.rules.worsening.numbers import (
    DAILY_LOOKBACK_DAYS,
    WORSENING_THRESHOLDS,
    RuleNumbers,
    WorseningThresholds,
)
from services.rules.worsening.repetition import AlertHistory, m2_may_open
from tests.builders.rules.days import entry, on


def worsening_decisions(
    instrument: str,
    entries: Sequence[SeriesEntry],
    decided: SeriesEntry,
    baseline: float | None,
    last_opened_on: Mapping[RuleId, date],
    thresholds: WorseningThresholds = WORSENING_THRESHOLDS,
) -> list[Decision]:
    """M1 or M2 alone, of all that is decided for one answer."""
    # How grave it was is not told: taken for as grave as can be, it is a repetition.
    history = AlertHistory(last_opened_on, highest=dict.fromkeys(last_opened_on, Tier.HIGH))
    case = SeriesCase(instrument, entries, decided, baseline, alert_history=history)
    decisions = series_decisions(case, RuleNumbers(worsening=thresholds))
    return [decision for decision in decisions if decision.rule in ("M1", "M2")]


def series(*totals: int, every: int = 1) -> list[SeriesEntry]:
    return [entry(index * every, total) for index, total in enumerate(totals)]


FORMS = series(18, 5, 5, 5, 11, 11, every=7)
DAYS = series(*[5] * 14, 5, 11, 11, 11)


@pytest.mark.parametrize(
    ("instrument", "entries", "rule"), [("phq9", FORMS, "M1"), ("phq9-daily", DAYS, "M2")]
)
def test_a_worsening_fires_the_rule_of_its_instrument(instrument, entries, rule):
    [decision] = worsening_decisions(instrument, entries, entries[-1], 18.0, {})

    assert (decision.rule, decision.fired, decision.tier) == (rule, True, Tier.MEDIUM)
    assert decision.inputs["held"] is None
    assert decision.rule_version == "1"


@pytest.mark.parametrize("instrument", ["gad7", "pcl5", "cssrs-screener", "mood"])
def test_other_instruments_have_no_worsening_rule(instrument):
    assert worsening_decisions(instrument, DAYS, DAYS[-1], 18.0, {}) == []


def test_a_no_is_a_decision_too():
    steady = series(*[5] * 18)

    [decision] = worsening_decisions("phq9-daily", steady, steady[-1], 18.0, {})

    assert not decision.fired
    assert decision.tier is None
    assert decision.inputs["reference"] == 5.0


@pytest.mark.parametrize(
    ("instrument", "entries", "newest", "total"),
    [("phq9", FORMS, 35, 11), ("phq9-daily", DAYS, 17, 11)],
)
def test_a_late_entry_counts_but_does_not_fire(instrument, entries, newest, total):
    late = entry(newest, total, late=True)

    [decision] = worsening_decisions(instrument, [*entries[:-1], late], late, 18.0, {})

    assert (decision.is_met, decision.fired, decision.tier) == (True, False, None)
    assert decision.inputs["held"] == "late"


def test_a_late_entry_about_an_earlier_day_does_not_fire_either():
    late = entry(15, 11, late=True)
    entries = [*DAYS[:15], late, *DAYS[16:]]

    [now] = worsening_decisions("phq9-daily", entries, late, 18.0, {})
    [next_day] = worsening_decisions("phq9-daily", [*entries, entry(18, 11)], entry(18, 11), 18, {})

    assert (now.is_met, now.fired) == (True, False)
    assert next_day.fired, "the late day counts for whoever answers next"


def test_a_form_without_a_total_does_not_fire():
    partial = entry(17, None)

    [decision] = worsening_decisions("phq9-daily", [*DAYS, partial], partial, 18.0, {})

    assert (decision.is_met, decision.fired) == (True, False)
    assert decision.inputs["held"] == "incomplete"


@pytest.mark.parametrize(
    ("instrument", "entries", "rule", "last"),
    [("phq9", FORMS, "M1", on(28)), ("phq9-daily", DAYS, "M2", on(16))],
)
def test_an_episode_is_reported_once(instrument, entries, rule, last):
    [decision] = worsening_decisions(instrument, entries, entries[-1], 18.0, {rule: last})

    assert (decision.is_met, decision.fired, decision.tier) == (True, False, None)
    assert decision.inputs["held"] == "same_episode"


def test_the_other_rules_last_alert_holds_nothing_back():
    [decision] = worsening_decisions("phq9-daily", DAYS, DAYS[-1], 18.0, {"M1": on(17)})

    assert decision.fired


@pytest.mark.parametrize(
    ("last", "fires"), [(None, True), (21, True), (22, False), (35, False), (41, False)]
)
def test_m1_opens_again_after_fourteen_days(last, fires):
    opened = {} if last is None else {"M1": on(last)}

    [decision] = worsening_decisions("phq9", FORMS, FORMS[-1], 18.0, opened)

    assert decision.fired is fires


def values(*scores: int | None) -> list[DayValue]:
    return [DayValue(on(day), score) for day, score in enumerate(scores) if score is not None]


UP = (11, 11, 11)  # first holds on the third day when the baseline is 5


@pytest.mark.parametrize(
    ("name", "scores", "last", "may_open"),
    [
        ("never before", UP, None, True),
        ("still the same episode", (*UP, 11, 11), 2, False),
        ("thirteen days later", (*UP, *[11] * 13), 2, False),
        ("fourteen days later, still up", (*UP, *[11] * 14), 2, True),
        # The first two days of a new rise are still under: the rule does not hold on them.
        ("under for four days", (*UP, 1, 1, *UP), 2, False),
        ("under for five days", (*UP, 1, 1, 1, *UP), 2, True),
        ("four observed days and a missed one", (*UP, 1, None, 1, *UP), 2, False),
        ("five observed days and a missed one", (*UP, 1, None, 1, 1, *UP), 2, True),
        ("an interrupted return", (*UP, 1, 1, 1, *UP, 1, *UP), 8, False),
        ("under before the last alert does not count", (1, 1, 1, 1, 1, *UP, 11), 7, False),
        ("the day of the alert itself", UP, 2, False),
        ("a day before the last alert", UP, 9, False),
    ],
)
def test_m2_opens_again_after_five_days_under_or_fourteen_days(name, scores, last, may_open):
    found = m2_may_open(values(*scores), 5.0, None if last is None else on(last))

    assert found is may_open, name


def test_the_lookbacks_cover_all_that_the_rules_can_see():
    assert WORSENING_THRESHOLDS.measures.own_past.reference_days == 90
    # The oldest evaluation of deduplication is 13 days back and looks 17 days further.
    assert DAILY_LOOKBACK_DAYS >= 13 + 17
