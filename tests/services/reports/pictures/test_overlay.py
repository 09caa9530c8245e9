"""The overlay counts days from each session, and stops at the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.reports.pictures.overlay import after_sessions, medians, overlay_svg
from services.rules.trend.document import TrendReport
from tests.services.reports.pictures.drawn import bare, parsed, report, session, texts

START = datetime(2026, 3, 1, 15, tzinfo=UTC)


def treated(session_days: list[int], values: dict[int, float]) -> TrendReport:
    def on(day: int) -> datetime:
        return START + timedelta(days=day)

    sessions = tuple(session(place, on(day), pre=14.5) for place, day in enumerate(session_days, 1))
    series = [(on(day).date().isoformat(), value) for day, value in values.items()]
    return bare(series, sessions=sessions)


def test_days_count_from_the_session_and_stop_before_the_next():
    found = treated([0, 4], {0: 15, 1: 9, 3: 8, 4: 12, 5: 6, 30: 11, 32: 12, 33: 13})
    first, second = after_sessions(found)
    assert first.points == ((1, 9), (3, 8))
    assert first.cut_short
    assert second.points == ((1, 6), (26, 11), (28, 12)), "four weeks and no longer"
    assert not second.cut_short


def test_the_session_two_on_one_day_share_what_follows():
    one, two = after_sessions(treated([0, 0], {1: 9}))
    assert one.points == two.points == ((1, 9),)


def test_a_median_needs_three_sessions():
    found = treated([0, 10, 20], {1: 4, 2: 5, 11: 6, 12: 7, 21: 11})
    assert medians(after_sessions(found), 3) == [(1, 6)]


def test_the_picture_states_n_and_what_ended():
    drawn = overlay_svg(treated([0, 10, 20], {1: 4, 2: 5, 11: 6, 12: 7, 21: 11}))
    shown = texts(drawn)
    assert any(words.endswith("n = 3 sessions") for words in shown)
    assert "the latest, number 3" in shown
    assert "next session came (censored)" in shown
    assert "Median on day 1: 6 points." in (parsed(drawn).findtext("{*}desc") or "")


def test_no_session_and_no_answer_are_stated_in_words():
    assert "No treatment session in this report" in texts(overlay_svg(bare([("2026-03-01", 4)])))
    silent = overlay_svg(treated([0], {0: 12}), title="Pat")
    assert "No complete answer after a treatment session" in texts(silent)
    assert parsed(silent).findtext("{*}title", "").startswith("Pat · ")


def test_a_real_report_has_a_line_for_each_followed_session():
    found = report("phq9-daily", 120)
    followed = [one for one in after_sessions(found) if one.points]
    assert f"{len(followed)} sessions" in " ".join(texts(overlay_svg(found)))
