"""The trend picture shows what the document says, and nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reports.drawing.paint import INK, LINE, PAPER
from services.reports.pictures.trend_picture import trend_svg
from services.rules.instruments.lookup import load_instruments
from tests.services.reports.pictures.drawn import bare, commands, parsed, paths, report, texts

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
    day = {"mood_day": "2026-03-02", "value": None, "q9_max": 2, "entries": 1}
    document = bare(series(10, None, 12))
    document["series"].insert(1, day)
    assert len(line(trend_svg(document))) == 2


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
    ("base", "said"),
    [(18, ["baseline 18", "50 % better: 9"]), (9, ["baseline 9"]), (None, [])],
)
def test_reference_lines_follow_the_baseline(base: float | None, said: list[str]):
    baseline = {"value": base, "on": None, "status": "missing"}
    drawn = texts(trend_svg(bare(series(5), instrument="phq9", baseline=baseline)))
    assert [words for words in drawn if words.startswith(("baseline", "50 %"))] == said


def session(number: int, day: int, dose: float | None = 35, **fields: Any) -> dict[str, Any]:
    given_dose = None if dose is None else {"value": dose, "unit": "mg"}
    started = f"{(START + timedelta(days=day)).isoformat()}T15:00:00Z"
    return {
        "id": f"s{number}", "number": number, "started_at": started, "dose": given_dose, **fields
    }  # fmt: skip


def test_each_session_is_a_line_with_its_number_and_the_dose_where_it_changes():
    sessions = [session(1, 0), session(2, 4), session(3, 8, 42.5), session(4, 12, None)]
    drawn = trend_svg(bare(series(*range(14)), sessions=sessions))
    lines = paths(drawn, stroke_dasharray="5 2 1 2", stroke_width="0.9")
    assert len(lines) == 4
    assert [words for words in texts(drawn) if words in "1234"][:4] == ["1", "4", "2", "3"]
    assert [words for words in texts(drawn) if words.endswith(" mg")] == ["35 mg", "42.5 mg"]


def test_a_session_before_four_in_the_morning_belongs_to_the_day_before():
    early = {"id": "s", "number": 1, "started_at": "2026-03-02T03:30:00Z"}
    late = {"id": "s", "number": 1, "started_at": "2026-03-01T15:00:00Z"}
    values = series(9, 8, 7)
    assert trend_svg(bare(values, sessions=[early])) == trend_svg(bare(values, sessions=[late]))


def test_crowded_sessions_keep_their_upper_ends_only():
    sessions = [session(number, 2 * number) for number in range(1, 200)]
    drawn = trend_svg(bare(series(*range(20)), sessions=sessions))
    lengths = set()
    for data in paths(drawn, stroke_width="0.9"):
        (_, start), (_, end) = commands(data)
        lengths.add(round(end[1] - start[1]))
    assert lengths == {11}


def test_item_9_has_a_shape_and_a_row_for_each_answer():
    document = bare(series(*[10] * 6))
    for row, answer in zip(document["series"], (0, 1, 2, 3, None, 2), strict=True):
        row["q9_max"] = answer
    drawn = trend_svg(document)
    diamonds = paths(drawn, fill=INK)
    assert [data.count("Z") for data in diamonds] == [1, 1]  # the day, the legend
    rings = paths(drawn, stroke=PAPER)
    assert [data.count("M") for data in rings] == [1, 1]
    triangles = [data for data in paths(drawn, stroke_width="1.1") if "h-8" in data]
    assert [data.count("Z") for data in triangles] == [2, 1]
    assert any("No mark is no proof of safety" in words for words in texts(drawn))


def test_a_form_without_item_9_has_no_row_for_it():
    assert "item 9" not in texts(trend_svg(bare(series(4), instrument="gad7")))


@pytest.mark.parametrize("told", ["2026-03-03", {"on": "2026-03-03", "form": "lost_response"}])
def test_a_relapse_is_marked_on_its_day(told: Any):
    drawn = trend_svg(bare(series(9, 8, 7, 8, 9), relapse=told))
    assert "relapse 3 Mar 2026" in texts(drawn)


@pytest.mark.parametrize("told", [None, "2020-01-01", {"on": None}])
def test_no_relapse_within_the_picture_is_no_mark(told: Any):
    drawn = texts(trend_svg(bare(series(9, 8, 7), relapse=told)))
    assert not [words for words in drawn if words.startswith("relapse 2") or "Mar 2020" in words]


def test_the_range_of_a_day_with_many_answers_is_drawn():
    document = bare(series(9, 8))
    document["series"][0]["range"] = {"low": 4, "high": 11}
    drawn = trend_svg(document)
    assert len(paths(drawn, stroke=LINE, stroke_width="0.7")) == 2  # the day and the legend
    document["series"][0]["range"] = [4, 11]
    assert trend_svg(document) == drawn


def test_a_period_bounds_the_axis():
    document = bare(series(*range(20)))
    drawn = trend_svg(document, first=START + timedelta(days=5), last=START + timedelta(days=9))
    assert "5 day values from 6 Mar 2026 to 10 Mar 2026" in (
        parsed(drawn).findtext("{*}desc") or ""
    )


def test_it_says_what_it_rests_on():
    document = report("phq9-daily", 3)
    words = " ".join(texts(trend_svg(document)))
    for part in ("revision 4", document["data_cut"]["at"], document["content_hash"][:12]):
        assert part in words


def test_nothing_answered_is_said_in_words():
    drawn = trend_svg({"instrument": "phq9"})
    assert "Nothing answered yet" in texts(drawn)
    assert "No complete answer in this report" in texts(drawn)


def test_a_title_is_text_and_never_mark_up():
    drawn = trend_svg(bare(series(4)), title='Zoë <script>&"quagga"\x00')
    assert parsed(drawn).findtext("{*}title", "").startswith('Zoë <script>&"quagga" ·')
    assert "<script" not in drawn


@pytest.mark.parametrize("code", sorted(load_instruments()))
def test_every_instrument_can_be_drawn(code: str):
    assert parsed(trend_svg(bare(series(3, 4), instrument=code))) is not None


JSON_SCRAPS = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.lists(st.none())


@given(st.dictionaries(st.sampled_from(list(report("phq9-daily", 40))), JSON_SCRAPS, max_size=6))
def test_an_absent_or_strange_field_never_spoils_the_picture(changes: dict[str, Any]):
    document = report("phq9-daily", 40)
    kept = {name: None for name, value in changes.items() if value is None}
    fields = ("generated_at", "instrument", "relapse", "data_cut", "timezone")
    strange = {k: v for k, v in changes.items() if k not in fields}
    changed = {**document, **strange, **kept, "instrument": "phq9-daily"}
    assert parsed(trend_svg(changed)).get("role") == "img"


def test_a_period_without_an_answer_is_not_called_the_beginning():
    drawn = texts(trend_svg(bare([("2026-03-01", 7.0)]), first=date(2026, 4, 1)))

    assert "Nothing answered on the days asked for" in drawn


def test_a_report_asked_for_until_the_end_of_time_is_drawn():
    drawn = texts(trend_svg(bare([("2026-03-01", 7.0)]), first=date.min, last=date.max))

    assert "8000" in drawn
