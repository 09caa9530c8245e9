"""How long the effect of a session held: half of the gain lost, and who was watching."""

from __future__ import annotations

import pytest

from services.rules.figures.numbers import FIGURES
from services.rules.figures.session_effect import (
    Duration,
    duration,
    effect_duration,
    session_effect,
    session_windows,
)
from tests.builders.rules.courses import session
from tests.builders.rules.days import run, values

# The level before is 20, the nadir 6 on day 2: above 13 half of the gain is lost.
PRE = {7: 20, 8: 20, 9: 20}
FALL = run(11, 10, 6)


def duration_of(scores, days=(10,), window=0):
    found = session_windows([session(day) for day in days])[window]
    series = values(scores)
    return duration(found, session_effect(found, series), series)


def after(*scores):
    """Days 3, 4, ... after the session on day 10."""
    return {**PRE, **FALL, **run(13, *scores)}


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        ((7, 8, 14, 15), Duration("observed", 5)),
        ((7, 8, 13, 14, 14), Duration("observed", 6)),
        ((13, 13, 13, 13), Duration("censored", 6, censored_by="last_entry")),
        # One bad day is none; neither is the last day alone.
        ((7, 18, 7, 18), Duration("censored", 6, censored_by="last_entry")),
        # Two missing days do not part the pair, three do.
        ((7, 14, None, None, 14), Duration("observed", 4)),
        ((7, 14, None, None, None, 14), Duration("censored", 8, censored_by="last_entry")),
        ((7, 14, None, None, None, 14, 15), Duration("observed", 8)),
        # Four missing days before the loss leave an interval.
        ((7, None, None, None, None, 14, 15), Duration("interval_censored", 8, 3, 8)),
        ((7, None, None, None, 14, 15), Duration("observed", 7)),
        ((14, 14), Duration("observed", 3)),
        ((None, None, None, None, 14, 14), Duration("interval_censored", 7, 2, 7)),
        ((), Duration("censored", 2, censored_by="last_entry")),
    ],
)
def test_the_effect_is_lost_on_the_first_of_two_days_above_half_of_the_gain(scores, found):
    assert duration_of(after(*scores)) == found


@pytest.mark.parametrize(
    ("scores", "next_day", "found"),
    [
        ((7, 7, 7, 7), 17, Duration("censored", 7, censored_by="next_session")),
        ((7, 7, 14, 15), 17, Duration("observed", 5)),
        # The second of the pair would be the day of the next session.
        ((7, 7, 7, 14, 15), 17, Duration("censored", 7, censored_by="next_session")),
        # Three silent days before the next session are few, four are many.
        ((7, 7), 18, Duration("censored", 8, censored_by="next_session")),
        ((7, 7), 19, Duration("censored", 4, censored_by="last_entry")),
    ],
)
def test_the_next_session_ends_the_watch(scores, next_day, found):
    assert duration_of(after(*scores), (10, next_day)) == found


def test_a_slow_start_is_no_loss():
    # High on days 1 and 2, before there was anything to lose.
    assert duration_of({**PRE, **run(11, 19, 18, 6, 7, 15, 15)}).days == 5


def test_without_a_gain_there_is_nothing_to_lose():
    assert duration_of({**PRE, **run(11, 20, 21)}) == Duration("no_effect")
    assert duration_of({**PRE, **run(11, 22, 21)}) == Duration("no_effect")


@pytest.mark.parametrize("scores", [PRE, {**PRE, 11: 5}, FALL, {}])
def test_what_was_not_observed_has_no_duration(scores):
    assert duration_of(scores) == Duration("unknown")


def test_a_shared_window_counts_from_its_last_session():
    assert duration_of({**PRE, **run(12, 6, 7, 14, 15)}, (10, 11)).days == 3


def test_the_median_over_sessions_by_hand():
    found = effect_duration(
        [
            Duration("observed", 5),
            Duration("observed", 7),
            Duration("censored", 7, censored_by="next_session"),
            Duration("interval_censored", 10, 4, 10),
            Duration("no_effect"),
            Duration("unknown"),
        ]
    )

    # 3/4 after day 5; one of the three at risk on day 7: 1/2; the last on day 10: 0.
    assert (found.n, found.events, found.censored) == (4, 3, 1)
    assert (found.no_effect, found.unknown) == (1, 1)
    assert [(step.days, step.at_risk, step.survival) for step in found.curve] == [
        (5, 4, 0.75),
        (7, 3, 0.5),
        (10, 1, 0),
    ]
    assert found.median == 7
    # With the loss in the gap on its first day: 3/4 after day 4, 1/2 after 5, 1/4 after 7.
    first = found.earliest
    assert [(step.days, step.survival) for step in first.curve] == [(4, 0.75), (5, 0.5), (7, 0.25)]
    assert (first.median, first.percent) == (5, 95)
    assert (first.low, first.high) == (4, None)


def test_losses_that_were_seen_have_one_curve():
    found = effect_duration([Duration("observed", days) for days in (5, 7, 9)])

    assert found.earliest.curve == found.curve
    assert found.earliest.median == found.median == 7


def test_cuts_of_before_knew_the_last_day_only():
    durations = [Duration("observed", 5), Duration("interval_censored", 10, 4, 10)] * 2
    found = effect_duration(durations, FIGURES.known[0].session)

    assert (found.median, found.earliest) == (5, None)


def test_two_sessions_have_no_median():
    found = effect_duration([Duration("observed", 5), Duration("observed", 7)])

    assert (found.n, found.median, found.curve) == (2, None, ())


def test_while_more_than_half_hold_there_is_no_median():
    watched = [Duration("censored", 6, censored_by="last_entry")] * 2
    found = effect_duration([Duration("observed", 5), *watched])

    assert found.median is None
    assert found.curve[-1].survival == found.curve[0].survival > 0.5
