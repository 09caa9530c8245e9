"""When relief set in: hours on the first two days, days until the seventh, forms at any time."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from fractions import Fraction

import pytest

from services.rules.day_series import SeriesEntry, day_rows, day_values
from services.rules.figures.numbers import FIGURES
from services.rules.figures.onset import Onset, onset
from tests.builders.rules.courses import session
from tests.builders.rules.days import at, entry, on

FIRST = session(10)


def set_in(instrument, baseline, entries, zone=UTC):
    series = day_values(day_rows(entries))
    return onset(instrument, entries, series, baseline, FIRST, zone)


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([entry(10, 12, 18)], Onset(on(10), 0, 4)),
        ([entry(10, 16, 18), entry(10, 12, 20.5)], Onset(on(10), 0, 6.5)),
        ([entry(10, 13, 18), entry(11, 12, 9)], Onset(on(11), 1, 19)),
        # What was answered before the session is no relief by it; nor is a partial form.
        ([entry(10, 5, 13), entry(10, None, 15)], None),
        ([entry(11, 13), entry(12, 12)], Onset(on(12), 2)),
        ([entry(11, 13), entry(17, 12)], Onset(on(17), 7)),
        ([entry(18, 0)], None),
        ([entry(9, 0), entry(11, 13)], None),
        ([], None),
    ],
)
def test_daily_relief_is_five_points_within_seven_days(entries, found):
    assert set_in("phq9-daily", 17, entries) == found


def test_an_evening_that_undoes_the_morning_does_not_undo_the_onset():
    assert set_in("phq9-daily", 17, [entry(11, 11, 9), entry(11, 17, 22)]).hours == 19


def test_an_answer_written_down_later_tells_the_day_and_not_the_hour():
    recalled = SeriesEntry(on(11), at(12, 9), at(12, 9), "told", 5, 0, late=True, recalled=True)

    assert set_in("phq9-daily", 17, [recalled]) == Onset(on(11), 1, None)


def test_the_first_day_is_the_onset_though_it_was_written_down_after_the_second():
    recalled = SeriesEntry(on(10), at(11, 20), at(11, 20), "told", 5, 0, late=True, recalled=True)
    entries = [entry(11, 9, 9), recalled]
    was = onset("phq9-daily", entries, (), 17, FIRST, UTC, FIGURES.known[1])

    assert set_in("phq9-daily", 17, entries) == Onset(on(10), 0, None)
    assert was == Onset(on(11), 1, 19)


def test_an_answer_that_was_days_on_its_way_tells_the_hour():
    """Day 11 of a phone in Tokyo began in the evening of day 10 on the session's clock."""
    on_its_way = SeriesEntry(on(11), at(10, 22), at(19, 9), "sent", 5, 0, late=True)
    was = onset("phq9-daily", [on_its_way], (), 17, FIRST, UTC, FIGURES.known[1])

    assert set_in("phq9-daily", 17, [on_its_way]) == Onset(on(11), 1, 8)
    assert was == Onset(on(11), 1, None)


@pytest.mark.parametrize(
    ("baseline", "entries", "found"),
    [
        (18, [entry(17, 10), entry(24, 9)], Onset(on(24), 14)),
        (18, [entry(11, 9)], Onset(on(11), 1, 22)),
        (Fraction(37, 2), [entry(17, 9)], Onset(on(17), 7)),
        (18, [entry(24, 10)], None),
        (9, [entry(17, 0)], None),
        (None, [entry(17, 0)], None),
    ],
)
def test_the_two_week_form_sets_in_with_the_first_response(baseline, entries, found):
    assert set_in("phq9", baseline, entries) == found


@pytest.mark.parametrize("instrument", ["gad7", "pcl5", "mood"])
def test_other_instruments_have_no_onset(instrument):
    assert set_in(instrument, 20, [entry(11, 0), entry(14, 0)]) is None


def test_the_days_are_those_of_the_patients_zone():
    west = timezone(timedelta(hours=-12))

    # 02:00 on the wall of day 10 there, which is still the mood day 9 of the session.
    night = SeriesEntry(on(9), at(10, 15), at(10, 15), "night", 5, 0)
    assert set_in("phq9-daily", 17, [night], west) == Onset(on(9), 0, 1)
