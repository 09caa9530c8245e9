"""The trend picture shows what the report says, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from services.reports.drawing.paint import INK, LINE, PAPER
from services.reports.pictures.trend_picture import trend_svg
from services.rules.courses import Course
from services.rules.figures.baseline import Baseline
from services.rules.instruments.definition import load_instruments
from services.rules.trend.treatment import SessionFigures
from services.rules.worsening.return_of_symptoms import Relapse
from tests.services.reports.pictures.drawn import (
    bare,
    commands,
    parsed,
    paths,
    report,
    session,
    texts,
)

START = date(2026, 3, 1)


def series(*values: float | None) -> list[tuple[str, float | None]]:
    """Consecutive days from 1 March; None leaves the day out."""
    return [
        ((START + timedelta(days=place)).isoformat(), value)
        for place, value in enumerate(values)
        if value is not None
    ]


def line(svg: str) -> list[tuple[str, tuple[float, ...]]]:
    """The line of day values, in the picture (not in the legend)."""
    return commands(paths(svg, stroke=LINE, stroke_width="1.6", fill="none")[0])


def test_the_line_goes_through_every_value():
    drawn = line(trend_svg(bare(series(10, 12, 8))))
    assert [letter for letter, _ in drawn] == ["M", "L", "L"]
    heights = [numbers[1] for _, numbers in drawn]
    assert heights[1] < heights[0] < heights[2], "more points lie higher on the paper"


def test_two_missed_days_are_bridged_and_three_break_the_line():
    bridged = trend_svg(bare(series(10, 11, None, None, 12, 13)))
    assert [letter for letter, _ in line(bridged)] == ["M", "L", "L", "L"]
    broken = trend_svg(bare(series(10, 11, None, None, None, 12, 13)))
    assert [letter for letter, _ in line(broken)] == ["M", "L", "M", "L"]
    assert "broken by 1 gap" in (parsed(broken).findtext("{*}desc") or "")


def test_the_two_week_form_is_joined_over_its_fortnight():
    found = [("2026-03-01", 18.0), ("2026-03-15", 12.0), ("2026-04-01", 9.0)]
    drawn = trend_svg(bare(found, instrument="phq9"))
    assert [letter for letter, _ in line(drawn)] == ["M", "L"], "17 days later is a gap"


def test_a_value_that_stands_alone_is_a_dot():
    drawn = trend_svg(bare(series(10)))
    assert len(paths(drawn, stroke=LINE, stroke_linecap="round")) == 3  # all, alone, the legend's


def test_a_day_without_a_value_is_neither_zero_nor_joined():
    days = [("2026-03-01", 10), ("2026-03-02", None), ("2026-03-03", 12)]
    assert len(line(trend_svg(bare(days, q9=[None, 2])))) == 2


def test_ten_years_keep_every_value_of_the_line():
    values = [float(7 + place % 13) for place in range(3650)]
    drawn = trend_svg(bare(series(*values)))
    found = commands(paths(drawn, stroke=LINE, stroke_width="0.8", fill="none")[0])
    assert len(found) == 3650
    years = {words for words in texts(drawn) if words.isdigit() and len(words) == 4}
    assert years >= {str(year) for year in range(2027, 2036)}


def test_severity_bands_are_named_for_the_validated_form_only():
    forms, daily = trend_svg(report("phq9", 5)), trend_svg(report("phq9-daily", 5))
    for words in ("minimal 0–4", "mild 5–9", "moderate 10–14", "severe 20–27", "remission: < 5"):
        assert words in texts(forms)
        assert words not in texts(daily)
    assert "moderately severe 15–19" in texts(forms)
    assert any("not the validated PHQ-9" in words for words in texts(daily))


@pytest.mark.parametrize(
    ("base", "labels"),
    [(18, ["baseline 18", "50 % better: 9"]), (9, ["baseline 9"]), (None, [])],
)
def test_reference_lines_follow_the_baseline(base: float | None, labels: list[str]):
    baseline = Baseline(base, None, "missing")
    drawn = texts(trend_svg(bare(series(5), instrument="phq9", baseline=baseline)))
    assert [words for words in drawn if words.startswith(("baseline", "50 %"))] == labels


def treated(number: int, day: int, dose: float | None = 35) -> SessionFigures:
    at = datetime.combine(START + timedelta(days=day), time(15), tzinfo=UTC)
    return session(number, at, dose)


def test_each_session_is_a_line_with_its_number_and_the_dose_where_it_changes():
    sessions = (treated(1, 0), treated(2, 4), treated(3, 8, 42.5), treated(4, 12, None))
    drawn = trend_svg(bare(series(*range(14)), sessions=sessions))
    lines = paths(drawn, stroke_dasharray="5 2 1 2", stroke_width="0.9")
    assert len(lines) == 4
    assert [words for words in texts(drawn) if words in "1234"][:4] == ["1", "4", "2", "3"]
    assert [words for words in texts(drawn) if words.endswith(" mg")] == ["35 mg", "42.5 mg"]


def test_a_course_begins_with_its_phase_product_and_route():
    courses = (Course("c", "ketamine", "induction", START),)
    found = bare(series(*range(14)), sessions=(treated(1, 0), treated(2, 4)))
    assert "induction: ketamine iv" in texts(trend_svg(replace(found, courses=courses)))
    assert "ketamine iv" in texts(trend_svg(found)), "a course that nobody knows has no phase"


def test_the_mean_of_a_week_is_drawn_where_a_form_is_answered_every_day():
    drawn = trend_svg(bare(series(*[9, 12] * 5)))
    assert "7-day mean" in texts(drawn)
    (mean, _) = paths(drawn, stroke_dasharray="6 3")
    assert len(commands(mean)) == 7, "from the fourth day on"
    assert "7-day mean" not in texts(trend_svg(bare(series(10, 12), instrument="phq9")))


def test_silence_is_marked_where_there_is_some_and_named_only_then():
    silent = trend_svg(bare(series(10, 11, None, None, None, None, 12)))
    assert "nothing answered" in texts(silent)
    assert len(paths(silent, stroke_dasharray="1.2 3")) == 2  # the gap, the legend
    assert "nothing answered" not in texts(trend_svg(bare(series(10, 11, 12))))


def test_the_legend_names_what_is_drawn_and_nothing_else():
    drawn = texts(trend_svg(bare(series(10, 12), q9=(0, 1))))
    assert [words[:9] for words in drawn if words.startswith("item 9: ")] == ["item 9: 1"]
    nothing = texts(trend_svg(bare([])))
    assert not [words for words in nothing if words.startswith("value of a day")]


def test_a_session_before_four_in_the_morning_belongs_to_the_day_before():
    early, late = (
        session(1, datetime(2026, 3, day, hour, tzinfo=UTC)) for day, hour in ((2, 3), (1, 15))
    )

    def drawn(one: SessionFigures) -> str:
        found = bare(series(9, 8, 7), sessions=(one,))
        return trend_svg(found).replace(found.content_hash[:12], "")

    assert drawn(early) == drawn(late)


def test_crowded_sessions_keep_their_upper_ends_only():
    sessions = tuple(treated(number, 2 * number) for number in range(1, 200))
    drawn = trend_svg(bare(series(*range(20)), sessions=sessions))
    lengths = set()
    for data in paths(drawn, stroke_width="0.9"):
        (_, start), (_, end) = commands(data)
        lengths.add(round(end[1] - start[1]))
    assert lengths == {11}


def test_item_9_has_a_shape_and_a_row_for_each_answer():
    drawn = trend_svg(bare(series(*[10] * 6), q9=(0, 1, 2, 3, None, 2)))
    diamonds = paths(drawn, fill=INK)
    assert [data.count("Z") for data in diamonds] == [1, 1]  # the day, the legend
    rings = paths(drawn, stroke=PAPER)
    assert [data.count("M") for data in rings] == [1, 1]
    triangles = [data for data in paths(drawn, stroke_width="1.1") if "h-8" in data]
    assert [data.count("Z") for data in triangles] == [2, 1]
    assert any("No mark is no proof of safety" in words for words in texts(drawn))


def test_a_form_without_item_9_has_no_row_for_it():
    assert "item 9" not in texts(trend_svg(bare(series(4), instrument="gad7")))


def test_a_relapse_is_marked_on_its_day():
    relapse = Relapse(date(2026, 3, 3), date(2026, 3, 5), "lost_response")
    drawn = trend_svg(bare(series(9, 8, 7, 8, 9), relapses=(relapse,)))
    assert "relapse 3 Mar 2026" in texts(drawn)


def test_every_relapse_is_marked_and_described():
    days = (date(2026, 3, 2), date(2026, 3, 4))
    relapses = tuple(Relapse(day, day, "above_nadir") for day in days)
    drawn = trend_svg(bare(series(9, 8, 7, 8, 9), relapses=relapses))
    assert {"relapse 2 Mar 2026", "relapse 4 Mar 2026"} <= set(texts(drawn))
    assert "Relapse on 2 Mar 2026 and 4 Mar 2026." in drawn


@pytest.mark.parametrize("on", [None, date(2020, 1, 1)])
def test_no_relapse_within_the_picture_is_no_mark(on: date | None):
    relapses = (Relapse(on, on, "lost_response"),) if on else ()
    drawn = texts(trend_svg(bare(series(9, 8, 7), relapses=relapses)))
    assert not [words for words in drawn if words.startswith("relapse 2") or "Mar 2020" in words]


def test_the_range_of_a_day_with_many_answers_is_drawn():
    drawn = trend_svg(bare(series(9, 8), ranges={START: (4, 11)}))
    assert len(paths(drawn, stroke=LINE, stroke_width="0.7")) == 2  # the day and the legend


def test_a_period_bounds_the_axis():
    first, last = START + timedelta(days=5), START + timedelta(days=9)
    known = [(day, value) for day, value in series(*range(10)) if day >= first.isoformat()]
    early = tuple(treated(number, day) for number, day in ((1, 2), (2, 7)))
    drawn = trend_svg(bare(known, from_day=first, to_day=last, sessions=early))
    assert "1 session." in (parsed(drawn).findtext("{*}desc") or "")
    assert "5 day values from 6 Mar 2026 to 10 Mar 2026" in (
        parsed(drawn).findtext("{*}desc") or ""
    )


def test_it_says_what_it_rests_on():
    found = report("phq9-daily", 3)
    words, document = " ".join(texts(trend_svg(found))), found.document
    for part in ("revision 4", document["data_cut"]["at"], document["content_hash"][:12]):
        assert part in words


def test_nothing_answered_is_stated_in_words():
    drawn = trend_svg(bare([], instrument="phq9"))
    assert "Nothing answered yet" in texts(drawn)
    assert "No complete answer in this report" in texts(drawn)


def test_a_title_is_text_and_never_mark_up():
    drawn = trend_svg(bare(series(4)), title='Zoë <script>&"quagga"\x00')
    assert parsed(drawn).findtext("{*}title", "").startswith('Zoë <script>&"quagga" ·')
    assert "<script" not in drawn


@pytest.mark.parametrize("code", sorted(load_instruments()))
def test_every_instrument_can_be_drawn(code: str):
    assert parsed(trend_svg(bare(series(3, 4), instrument=code))) is not None


def test_a_period_without_an_answer_is_not_called_the_beginning():
    drawn = texts(trend_svg(bare([], from_day=date(2026, 4, 1))))

    assert "Nothing answered on the days asked for" in drawn


def test_a_report_asked_for_until_the_end_of_time_is_drawn():
    drawn = texts(trend_svg(bare([("2026-03-01", 7.0)], from_day=date.min, to_day=date.max)))

    assert "8000" in drawn
