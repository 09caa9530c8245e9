"""The trend report of hand-made patients, figure by figure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from services.rules.day_series import DayValue, SeriesEntry
from services.rules.figures.baseline import Baseline
from services.rules.figures.windows import WindowMean
from services.rules.schedule.due import Adherence
from services.rules.trend.report import Trend, trend
from tests.builders.rules.days import at, entry, on


def report(instrument: str, entries: list[SeriesEntry], cut_day: int = 60, **choices) -> Trend:
    """The report as of noon on a day."""
    return trend(instrument, entries, timezone="Etc/UTC", data_cut_at=at(cut_day), **choices)


def daily(*scores: int | None) -> list[SeriesEntry]:
    return [entry(day, score) for day, score in enumerate(scores) if score is not None]


def test_a_responder_on_the_two_week_form():
    found = report("phq9", [entry(0, 18), entry(14, 9), entry(28, 5)], accepted_on=on(-1))

    assert found.baseline == Baseline(18, on(0), "provisional")
    assert found.current == DayValue(on(28), 5)
    assert (found.improvement.points, found.improvement.percent) == (13, Fraction(1300, 18))
    assert found.status == "baseline_only"
    assert found.slope_per_week is None
    assert found.m7 is None
    # 61 days since acceptance: five periods have begun, three of them have a form.
    assert found.adherence == Adherence(5, 3)


def test_a_daily_series_has_a_mean_and_a_slope_and_no_status():
    found = report("phq9-daily", daily(10, 9, 27, 7, 6), accepted_on=on(-1), cut_day=4)

    assert found.baseline.value == Fraction(59, 5)
    assert found.slope_per_week == -7
    assert found.m7 == WindowMean(Fraction(59, 5), 5)
    assert found.status is None
    assert found.adherence == Adherence(5, 5)


@pytest.mark.parametrize(
    ("scores", "m7"),
    [
        ((9, 9, 9, 1, 2, 3, None, None, None, 4), WindowMean(Fraction(10, 4), 4)),
        ((9, 9, 9, 1, 2, None, None, None, None, 4), None),
        ((1, 2, 3, 6, None, None, None), WindowMean(Fraction(12, 4), 4)),
        ((27, 0, 0, 0, 0, 0, 0, 0), WindowMean(Fraction(0), 7)),
    ],
)
def test_the_seven_day_mean_ends_on_the_last_value_and_needs_four_days(scores, m7):
    assert report("phq9-daily", daily(*scores)).m7 == m7


@pytest.mark.parametrize(
    ("scores", "slope"),
    [
        ((10, 10, 10, 10, 10), 0),
        ((4, 5, 6, 7), None),
        ((4, 5, 6, 7, 8), 7),
        # The first day is the fifteenth from the end and counts no more; then the fourteenth.
        ((14, *[None] * 10, 4, 5, 6, 7), None),
        # Slopes 1 (six times), -1, -9/11, -8/12 and -7/13 a day: the median is 1.
        ((14, *[None] * 9, 4, 5, 6, 7), 7),
    ],
)
def test_the_slope_needs_five_days_of_fourteen(scores, slope):
    assert report("phq9-daily", daily(*scores)).slope_per_week == slope


def test_a_missing_day_is_no_zero_and_no_row():
    found = report("phq9-daily", daily(5, None, 7))

    assert [(row.mood_day, row.value) for row in found.series] == [(on(0), 5), (on(2), 7)]


def test_a_day_with_only_a_partial_form_is_a_row_without_a_value():
    found = report("phq9", [entry(0, 18), entry(7, None, item9=2)])

    assert [(row.value, row.q9_max) for row in found.series] == [(18, 0), (None, 2)]
    assert found.current == DayValue(on(0), 18)


def test_a_patient_without_entries_has_a_report_too():
    found = report("phq9", [], accepted_on=on(50))

    assert found.baseline == Baseline(None, None, "missing")
    assert found.current is None
    assert found.status == "baseline_missing"
    assert found.adherence == Adherence(1, 0)
    assert report("phq9-daily", []).baseline.status == "missing"


def test_a_voided_form_is_no_answer():
    voided = SeriesEntry(
        on(3), entry(3, None).recorded_at, entry(3, None).received_at, "v", None, None, 0
    )

    assert report("phq9-daily", [voided], accepted_on=on(2), cut_day=3).adherence == Adherence(1, 0)


def test_from_bounds_the_series_and_adherence_only():
    entries = daily(*range(10, 20))
    whole = report("phq9-daily", entries, accepted_on=on(-1), cut_day=9)
    part = report("phq9-daily", entries, accepted_on=on(-1), cut_day=9, from_day=on(7))

    assert [row.mood_day for row in part.series] == [on(7), on(8), on(9)]
    assert part.adherence == Adherence(3, 3)
    assert (part.baseline, part.m7, part.slope_per_week) == (
        whole.baseline,
        whole.m7,
        whole.slope_per_week,
    )


def test_nothing_after_to_is_seen():
    entries = daily(*range(10, 20))
    until = report("phq9-daily", entries, to_day=on(4), accepted_on=on(-1))

    assert until == report("phq9-daily", entries[:5], to_day=on(4), accepted_on=on(-1))
    assert until.current == DayValue(on(4), 14)


def test_to_defaults_to_the_mood_day_of_the_cut_in_the_zone():
    entries = [entry(0, 18), entry(1, 9)]
    cut_at = datetime(2026, 3, 2, 8, 59, tzinfo=UTC)  # 03:59 in New York, 14:29 in Kolkata

    def current_in(timezone: str, at: datetime = cut_at) -> DayValue | None:
        return trend("phq9", entries, timezone=timezone, data_cut_at=at).current

    assert current_in("America/New_York") == DayValue(on(0), 18)
    assert current_in("America/New_York", cut_at + timedelta(minutes=1)) == DayValue(on(1), 9)
    assert current_in("Asia/Kolkata") == DayValue(on(1), 9)
    assert current_in("Nowhere") == DayValue(on(1), 9)


def test_days_without_item_9_are_counted_to_the_cut_even_if_the_report_goes_on():
    entries = [entry(0, 18, item9=2), entry(3, 18)]

    assert report("phq9", entries, cut_day=5, to_day=on(400)).item9.days_since_positive == 5
    assert report("phq9", entries, cut_day=5, to_day=on(4)).item9.days_since_positive == 4
    # Told in a zone that is a day ahead of the report's.
    assert report("phq9", entries, cut_day=2, to_day=on(400)).item9.days_since_positive == 3


def test_nothing_is_due_after_the_cut_even_if_the_report_goes_on():
    found = report("phq9-daily", daily(5, 5), cut_day=1, to_day=on(400), accepted_on=on(-1))

    assert found.adherence == Adherence(2, 2)


def test_the_day_of_a_mood_slider_is_a_mean_and_its_baseline_is_of_days():
    sliders = ((0, 3, 9), (0, 4, 20), (1, 5, 12), (2, 6, 12))
    entries = [entry(day, total, hour, item9=None) for day, total, hour in sliders]
    found = report("mood", entries)

    assert found.series[0].value == Fraction(7, 2)
    assert found.baseline.value == Fraction(29, 6)


@pytest.mark.parametrize("instrument", ["gad7", "pcl5"])
def test_other_forms_take_their_first_as_baseline_and_have_no_status(instrument):
    found = report(instrument, [entry(0, 15), entry(14, 6)])

    assert found.baseline == Baseline(15, on(0), "provisional")
    assert found.improvement.percent == 60
    assert found.status is None
