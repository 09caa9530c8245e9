"""The printed page: one or two pages, its words selectable, nobody named but on request."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest

from services.reports.pictures.figures_in_words import figures_in_words
from services.reports.pictures.visit import visit_pdf
from services.rules.catalogue import CATALOGUE, NBSP
from services.rules.courses import Course
from services.rules.figures.item9 import Item9Series, LevelOn
from services.rules.figures.onset import Onset
from services.rules.figures.session_effect import (
    Duration,
    EarliestLosses,
    EffectDuration,
    SessionEffect,
)
from services.rules.figures.status import Improvement
from services.rules.figures.windows import WindowMean
from services.rules.schedule.due import Adherence
from services.rules.side_effects.burden import Burden, Tally
from services.rules.statistics import TrendTest
from services.rules.trend.document import OpenedAlert, TrendReport
from services.rules.trend.numbers import REPORT_NUMBERS
from services.rules.trend.treatment import CourseFigures, CourseResponse
from services.rules.worsening.return_of_symptoms import Relapse
from tests.builders.rules.changed_numbers import measured_otherwise
from tests.services.reports.pictures.drawn import bare, pages, report


def words(found: TrendReport, **who: Any) -> str:
    return " ".join(" ".join(pages(found, **who)).split())


def with_last_session(found: TrendReport, **changes: Any) -> TrendReport:
    """The same report with these changes of its last session's figures."""
    treatment = found.figures.treatment
    *others, last = treatment.sessions
    sessions = (*others, replace(last, **changes))
    return with_figures(found, treatment=replace(treatment, sessions=sessions))


def with_figures(found: TrendReport, **changes: Any) -> TrendReport:
    return replace(found, figures=replace(found.figures, **changes))


@pytest.mark.parametrize(
    ("code", "entries", "most"),
    [("phq9-daily", 0, 1), ("phq9-daily", 3, 1), ("phq9-daily", 400, 2), ("phq9", 27, 2)],
)
def test_a_visit_is_one_page_or_two(code: str, entries: int, most: int):
    assert 1 <= len(pages(report(code, entries))) <= most


def test_the_same_report_is_the_same_bytes():
    found = report("phq9-daily", 120)
    assert visit_pdf(found, name="Pat") == visit_pdf(replace(found), name="Pat")


def test_a_name_stands_where_it_is_asked_for_and_nowhere_else():
    found = report("phq9-daily", 3)
    assert "Zoë Łuczak-Đỗ MRN A-17" in words(found, name="Zoë Łuczak-Đỗ", mrn="A-17")
    assert "MRN" not in words(found)
    assert found.patient_id.encode() not in visit_pdf(found)


def test_letters_that_the_font_lacks_are_marked_and_explained(monkeypatch: pytest.MonkeyPatch):
    found = report("phq9-daily", 0)
    monkeypatch.setattr("services.reports.drawing.paper.fonts_for", lambda _: [])
    text = words(found, name="अदिति Rao", mrn="B-2")
    assert "????? Rao MRN B-2" in text
    # Two such names may look alike on paper.
    assert f"Record {found.patient_id}" in text
    assert "the record has the full name" in text
    assert "the record has" not in words(report("phq9-daily", 0), name="Aditi Rao")


def test_it_says_what_it_rests_on():
    found = report("phq9-daily", 120)
    text, document = words(found), found.document
    for part in (
        "Time zone America/New_York",
        f"revision {document['data_cut']['revision']} of",
        f"rules version {document['rules_version']}",
        document["content_hash"],
        "24-hour adaptation, not the validated PHQ-9",
        "Kaplan-Meier median counts such sessions",
        "Treatment sessions" if not document["sessions"] else "newest first",
    ):
        assert part in text


def test_the_words_of_the_drawings_can_be_selected_too():
    text = words(report("phq9", 27))
    assert "moderately severe 15–19" in text
    assert "days since treatment" in text


def test_sessions_are_listed_with_their_figures_and_their_status_in_words():
    found = report("phq9-daily", 120)
    day = date(2026, 4, 14)
    session = replace(found.sessions[-1].session, started_at=datetime(2026, 4, 14, 15, tzinfo=UTC))
    effect = SessionEffect(Fraction(143, 10), False, 6, date(2026, 4, 16), 5)
    last = {"session": session, "day": day, "effect": effect, "duration": Duration("censored")}
    text = words(with_last_session(found, **last))
    assert "14 Apr 2026" in text
    assert "14.3 6 (day 2) 8.3 – still held (censored)" in text


def test_a_table_is_never_parted_from_its_heading():
    first, second = pages(report("phq9-daily", 400))
    assert "newest first" not in first
    assert second.startswith("Latest 10 of 24 sessions, newest first")


def test_an_interval_is_printed_from_and_to():
    lost = Duration("interval_censored", 9, low=4, high=9)
    found = with_last_session(report("phq9-daily", 120), duration=lost)
    assert "4–9 lost within a gap" in words(found)


def test_words_too_long_for_a_column_are_cut_where_one_can_see_it():
    found = report("phq9-daily", 120)
    product = "a product with a name that no column is wide enough for"
    session = replace(found.sessions[-1].session, product=product)
    assert "a product with a name that no…" in words(with_last_session(found, session=session))


def test_side_effects_are_counted_over_all_sessions():
    found = report("phq9-daily", 60)
    none = Tally(0, None)
    burden = Burden(found.sessions[-1].session.id, Tally(3, 2), Tally(3, 2), none, none, 2, 3)
    text = words(with_figures(found, burdens=(burden,)))
    assert "3 effects over all sessions, highest grade 2 (CTCAE); 2 of 3" in text
    assert "3, gr. 2" in text


def test_the_newest_alerts_are_listed_in_the_patients_own_time():
    alerts = [
        OpenedAlert(
            str(place),
            "suicide_risk",
            "S1",
            "critical",
            datetime(2026, 1, place, 2, 30, tzinfo=UTC),
        )
        for place in range(1, 13)
    ]
    text = words(replace(report("phq9-daily", 3), alerts=tuple(alerts)))
    why = CATALOGUE["S1"].words.replace(NBSP, " ")
    assert f"11 Jan 2026, 21:30 critical {why[:1].upper()}{why[1:30]}" in text
    assert "S1" not in text
    assert "The newest 8 of 12." in text
    assert "3 Jan 2026, 21:30" not in text


def test_figures_are_printed_only_where_they_are_known():
    assert figures_in_words(bare([])) == [
        ("Baseline", "missing: no change can be told"),
        ("Current", "no complete answer"),
        ("Item 9", "never answered"),
    ]


def lasting(n: int, median: int | None, **more: Any) -> EffectDuration:
    return replace(EffectDuration(n, n, 0, 0, 0, median, ()), **more)


def bounds(median: int | None, low: int | None, high: int | None) -> EarliestLosses:
    return EarliestLosses(median, (), 95, low, high)


SESSIONS = report("phq9-daily", 60).sessions[:1]


ON = date(2026, 3, 4)
COURSE = CourseFigures(
    Course("c", "ketamine", "induction", date(2026, 3, 1)),
    (report("phq9-daily", 60).sessions[0].session,),
    CourseResponse("censored", 18),
)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"status": "response"}, ("Status", "response (at least 50 % better)")),
        (
            {"instrument": "phq9", "improvement": Improvement(9, Fraction(50))},
            ("Improvement", "9 points (50 %); positive is better"),
        ),
        (
            {"instrument": "phq9", "improvement": Improvement(-1, None)},
            ("Improvement", "−1 point (no percentage below a baseline of 10); positive is better"),
        ),
        (
            {"improvement": Improvement(9, Fraction(50))},
            ("Improvement", "9 points; positive is better"),
        ),
        ({"m7": WindowMean(Fraction("8.43"), 6)}, ("7-day mean", "8.4 points, from 6 of 7 days")),
        (
            {
                "slope_per_week": Fraction("-1.25"),
                "trend_test": TrendTest(-9, Fraction(20), 0.0123, "falling"),
            },
            ("Slope", "−1.25 points a week; negative is improving (Mann-Kendall p = 0.012)"),
        ),
        (
            {"instrument": "mood", "slope_per_week": Fraction("-1.25")},
            ("Slope", "−1.25 points a week; positive is improving"),
        ),
        ({"onset": Onset(ON, 3)}, ("Onset", "4 Mar 2026, day 3")),
        (
            {"sessions": SESSIONS, "effect_duration": lasting(2, None)},
            (
                "Effect of a session",
                "no median: fewer than three effects to follow"
                " (Kaplan-Meier; 2 effects followed, 2 losses seen)",
            ),
        ),
        # Eight sessions are no "fewer than three": most of them had nothing to follow.
        (
            {"sessions": SESSIONS, "effect_duration": lasting(1, None, no_effect=4, unknown=3)},
            (
                "Effect of a session",
                "no median: fewer than three effects to follow (4 without a gain, 3 with too few"
                " answers) (Kaplan-Meier; 1 effect followed, 1 loss seen)",
            ),
        ),
        (
            {"sessions": SESSIONS, "effect_duration": lasting(8, None, events=1, censored=7)},
            (
                "Effect of a session",
                "no median: more than half of the effects still held when last seen"
                " (Kaplan-Meier; 8 effects followed, 1 loss seen)",
            ),
        ),
        (
            {
                "sessions": SESSIONS,
                "effect_duration": lasting(9, 11, events=6, earliest=bounds(11, 7, 15)),
            },
            (
                "Effect of a session",
                "half of the gain was lost after 11 days in the median"
                " (Kaplan-Meier; 95 % interval 7 to 15 days; 9 effects followed, 6 losses seen)",
            ),
        ),
        (
            {
                "sessions": SESSIONS,
                "effect_duration": lasting(3, 11, events=3, earliest=bounds(8, 5, None)),
            },
            (
                "Effect of a session",
                "half of the gain was lost after 8 to 11 days in the median (Kaplan-Meier;"
                " 95 % interval at least 5 days; 3 effects followed, 3 losses seen)",
            ),
        ),
        (
            {"relapses": (Relapse(ON, ON, "lost_response"),)},
            ("Relapse", "4 Mar 2026 (first of the readings that confirm it)"),
        ),
        (
            {"relapses": tuple(Relapse(ON.replace(day=n), ON, "above_nadir") for n in (4, 9, 20))},
            (
                "Relapse",
                "4 Mar 2026 (first of the readings that confirm it);"
                " again on 9 Mar 2026 and 20 Mar 2026",
            ),
        ),
        (
            {
                "slope_per_week": Fraction("-1.25"),
                "trend_test": TrendTest(-90, Fraction(20), 0.0004, "falling"),
            },
            ("Slope", "−1.25 points a week; negative is improving (Mann-Kendall p < 0.001)"),
        ),
        (
            {"item9": Item9Series(ON, 0, 2, ())},
            ("Item 9", "last 1 or more on 4 Mar 2026; highest ever 2"),
        ),
        (
            {"item9": Item9Series(None, None, None, (LevelOn(ON, "moderate"),))},
            ("C-SSRS", "moderate on 4 Mar 2026"),
        ),
        (
            {"adherence": Adherence(14, 12)},
            ("Answered", "12 of 14 check-ins that were due"),
        ),
        (
            {"course": COURSE},
            ("Response of course", "18 days since the last induction (censored)"),
        ),
    ],
)
def test_a_figure_in_words(fields: dict[str, Any], text: tuple[str, str]):
    assert text in figures_in_words(bare([], **fields))


@pytest.mark.parametrize(
    ("highest", "text"),
    [(0, "0 whenever it was answered, which is no proof of safety"), (None, "never answered")],
)
def test_an_item_9_of_0_is_never_called_safe(highest: int | None, text: str):
    found = with_figures(bare([]), item9=Item9Series(None, None, highest, ()))
    assert ("Item 9", text) in figures_in_words(found)


def of_another_version(**figures: Any) -> dict[str, str]:
    """The words of a report whose cut has other numbers than those in force."""
    change = replace(REPORT_NUMBERS.measures.change, partial_percent=30, response_percent=60)
    numbers = measured_otherwise(change=change)
    parts = numbers.figures
    limits = replace(parts.session, lost_percent=40, median_min_sessions=4)
    parts = replace(parts, session=limits, windows=replace(parts.windows, mean_days=5))
    report_then = replace(
        bare([], instrument="phq9", **figures), numbers=replace(numbers, figures=parts)
    )
    return dict(figures_in_words(report_then))


@pytest.mark.parametrize(
    ("figures", "name", "words"),
    [
        ({"status": "no_response"}, "Status", "no response (less than 30 % better)"),
        ({"status": "partial_response"}, "Status", "partial response (30 to 59 % better)"),
        ({"status": "response"}, "Status", "response (at least 60 % better)"),
        ({"m7": WindowMean(Fraction(8), 4)}, "5-day mean", "8 points, from 4 of 5 days"),
        (
            {"sessions": SESSIONS, "effect_duration": lasting(2, None)},
            "Effect of a session",
            "no median: fewer than four effects to follow"
            " (Kaplan-Meier; 2 effects followed, 2 losses seen)",
        ),
        (
            {"sessions": SESSIONS, "effect_duration": lasting(9, 11)},
            "Effect of a session",
            "40 % of the gain was lost after 11 days in the median"
            " (Kaplan-Meier; 9 effects followed, 9 losses seen)",
        ),
    ],
)
def test_printed_words_carry_the_numbers_of_the_cut(
    figures: dict[str, Any], name: str, words: str
) -> None:
    assert of_another_version(**figures)[name] == words
