"""The printed page: one or two pages, its words selectable, nobody named but on request."""

from __future__ import annotations

from typing import Any

import pypdfium2
import pytest

from services.reports.pictures.figures_in_words import figures_in_words
from services.reports.pictures.visit import visit_pdf
from tests.services.reports.pictures.drawn import bare, report


def pages(document: dict[str, Any], **who: Any) -> list[str]:
    """The words of each page."""
    made = pypdfium2.PdfDocument(visit_pdf(document, **who))
    return [page.get_textpage().get_text_range() for page in made]


def words(document: dict[str, Any], **who: Any) -> str:
    return " ".join(" ".join(pages(document, **who)).split())


@pytest.mark.parametrize(
    ("code", "entries", "most"),
    [("phq9-daily", 0, 1), ("phq9-daily", 3, 1), ("phq9-daily", 400, 2), ("phq9", 27, 2)],
)
def test_a_visit_is_one_page_or_two(code: str, entries: int, most: int):
    assert 1 <= len(pages(report(code, entries))) <= most


def test_the_same_report_is_the_same_bytes():
    document = report("phq9-daily", 120)
    assert visit_pdf(document, name="Pat") == visit_pdf(dict(document), name="Pat")


def test_a_name_stands_where_it_is_asked_for_and_nowhere_else():
    document = report("phq9-daily", 3)
    assert "Zoë Łuczak-Đỗ MRN A-17" in words(document, name="Zoë Łuczak-Đỗ", mrn="A-17")
    assert "MRN" not in words(document)
    assert document["patient_id"].encode() not in visit_pdf(document)


def test_letters_that_the_font_lacks_are_marked_and_explained():
    document = report("phq9-daily", 0)
    said = words(document, name="अदिति Rao", mrn="B-2")
    assert "????? Rao MRN B-2" in said
    # Two such names may look alike on paper.
    assert f"Record {document['patient_id']}" in said
    assert "the record has the full name" in said
    assert "the record has" not in words(report("phq9-daily", 0), name="Aditi Rao")


def test_it_says_what_it_rests_on():
    document = report("phq9-daily", 120)
    said = words(document)
    for part in (
        "Time zone America/New_York",
        f"revision {document['data_cut']['revision']} of",
        f"rules version {document['rules_version']}",
        document["content_hash"],
        "24-hour adaptation, not the validated PHQ-9",
        "Kaplan-Meier median counts such sessions",
        "Treatment sessions" if not document["sessions"] else "newest first",
    ):
        assert part in said


def test_the_words_of_the_drawings_can_be_selected_too():
    said = words(report("phq9", 27))
    assert "moderately severe 15–19" in said
    assert "days since treatment" in said


def test_sessions_are_listed_with_their_figures_and_their_status_in_words():
    document = report("phq9-daily", 120)
    session = document["sessions"][-1]
    session.update(pre=14.3, nadir=6, nadir_on="2026-04-16", effect=8.3, duration_days=None)
    session.update(started_at="2026-04-14T15:00:00Z", duration_status="censored")
    said = words(document)
    assert "14 Apr 2026" in said
    assert "14.3 6 (day 2) 8.3 – still held (censored)" in said


def test_a_table_is_never_parted_from_its_heading():
    first, second = pages(report("phq9-daily", 400))
    assert "newest first" not in first
    assert second.startswith("Latest 10 of 24 sessions, newest first")


def test_an_interval_is_told_from_and_to():
    document = report("phq9-daily", 120)
    document["sessions"][-1].update(
        duration_days=9, duration_status="interval_censored", interval={"low": 4, "high": 9}
    )
    assert "4–9 lost within a gap" in words(document)


def test_words_too_long_for_a_column_are_cut_where_one_can_see_it():
    document = report("phq9-daily", 120)
    document["sessions"][-1]["product"] = "a product with a name that no column is wide enough for"
    assert "a product with a name that no…" in words(document)


def test_side_effects_are_counted_over_all_sessions():
    document = report("phq9-daily", 60)
    document["side_effects"] = [
        {
            "session_id": document["sessions"][-1]["id"],
            "count": 3,
            "max_grade": 2,
            "resolved_within_24h": {"resolved": 2, "known": 3, "percent": 66.7},
        }
    ]
    said = words(document)
    assert "3 effects over all sessions, highest grade 2 (CTCAE); 2 of 3" in said
    assert "3, gr. 2" in said


def test_the_newest_alerts_are_listed_in_the_patients_own_time():
    document = report("phq9-daily", 3)
    document["alerts"] = [
        {
            "id": str(place),
            "family": "suicide_risk",
            "rule": "S1",
            "severity": "critical",
            "triggered_at": f"2026-01-{place:02}T02:30:00Z",
        }
        for place in range(1, 13)
    ]
    said = words(document)
    assert "11 Jan 2026, 21:30 critical S1 suicide risk" in said
    assert "The newest 8 of 12." in said
    assert "3 Jan 2026, 21:30" not in said


def test_figures_are_told_only_where_they_are_known():
    assert figures_in_words(bare([])) == [
        ("Baseline", "missing: no change can be told"),
        ("Current", "no complete answer"),
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "response"}, ("Status", "response (at least 50 % better)")),
        (
            {"instrument": "phq9", "improvement": {"points": 9, "percent": 50}},
            ("Improvement", "9 points (50 %); positive is better"),
        ),
        (
            {"instrument": "phq9", "improvement": {"points": -1, "percent": None}},
            ("Improvement", "−1 point (no percentage below a baseline of 10); positive is better"),
        ),
        (
            {"improvement": {"points": 9, "percent": 50}},
            ("Improvement", "9 points; positive is better"),
        ),
        ({"m7": {"value": 8.43, "n": 6}}, ("7-day mean", "8.4 points, from 6 of 7 days")),
        (
            {"slope_per_week": -1.25, "trend_test": {"p": 0.0123}},
            ("Slope", "−1.25 points a week; negative is improving (Mann-Kendall p = 0.012)"),
        ),
        ({"onset": {"on": "2026-03-04", "days": 3}}, ("Onset", "4 Mar 2026, day 3")),
        (
            {"effect_duration": {"n": 2, "median_days": None}},
            (
                "Effect of a session",
                "no median: fewer than three sessions, or most effects still hold"
                " (Kaplan-Meier, n = 2)",
            ),
        ),
        (
            {"effect_duration": {"n": 9, "median_days": 11}},
            (
                "Effect of a session",
                "half of the gain was lost after 11 days in the median (Kaplan-Meier, n = 9)",
            ),
        ),
        (
            {"relapse": {"on": "2026-03-04"}},
            ("Relapse", "4 Mar 2026 (first of the readings that confirm it)"),
        ),
        (
            {"item9": {"last_positive_on": "2026-03-04", "highest": 2}},
            ("Item 9", "last 1 or more on 4 Mar 2026; highest ever 2"),
        ),
        (
            {"item9": {"cssrs": [{"on": "2026-03-04", "level": "moderate"}]}},
            ("C-SSRS", "moderate on 4 Mar 2026"),
        ),
        (
            {"adherence": {"due": 14, "answered": 12}},
            ("Answered", "12 of 14 check-ins that were due"),
        ),
        (
            {
                "course": {
                    "product": "ketamine",
                    "phase": "induction",
                    "started_on": "2026-03-01",
                    "sessions": 1,
                    "response_duration_days": 18,
                    "response_status": "censored",
                }
            },
            ("Response of course", "18 days since the last induction (censored)"),
        ),
    ],
)
def test_a_figure_in_words(fields: dict[str, Any], said: tuple[str, str]):
    assert said in figures_in_words(bare([], **fields))


@pytest.mark.parametrize(
    ("highest", "said"),
    [(0, "0 whenever it was answered, which is no proof of safety"), (None, "never answered")],
)
def test_an_item_9_of_0_is_never_called_safe(highest: int | None, said: str):
    item9 = {"last_positive_on": None, "highest": highest}
    assert ("Item 9", said) in figures_in_words(bare([], item9=item9))
