"""The CSV stands alone, is read by any reader, and runs nothing in a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.reports.pictures.sheet import COLUMNS, safe, trend_csv
from services.rules.trend.document import TrendReport
from tests.services.reports.pictures.drawn import bare, report, session


def read(found: TrendReport) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(trend_csv(found), newline="")))


def test_one_row_a_mood_day_with_every_figure_of_the_series():
    found = report("phq9-daily", 60)
    rows, series = read(found), found.document["series"]
    assert [row["mood_day"] for row in rows] == [row["mood_day"] for row in series]
    assert [row["value"] for row in rows] == [str(row["value"]) for row in series]


def test_each_row_says_what_it_is_from():
    found = report("phq9-daily", 3)
    rows = read(found)
    assert len(rows) == len(found.document["series"]) > 0
    for row in rows:
        assert row["timezone"] == "America/New_York"
        assert row["instrument"] == "phq9-daily"
        assert row["cut_revision"] == "4"
        assert row["content_hash"] == found.document["content_hash"]


def test_days_count_from_the_last_session_on_or_before_the_day():
    sessions = (session(1, datetime(2026, 3, 2, 15, tzinfo=UTC)),)
    rows = read(bare([("2026-03-01", 9), ("2026-03-02", 8), ("2026-03-05", 7)], sessions=sessions))
    assert [row["days_since_session"] for row in rows] == ["", "0", "3"]
    assert [row["session_id"] for row in rows] == ["", "s1", "s1"]
    assert rows[2]["session_started_at"] == "2026-03-02T15:00:00Z"


def test_what_is_not_known_is_empty_and_never_zero():
    rows = read(bare([("2026-03-01", None)]))
    assert (rows[0]["value"], rows[0]["q9_max"], rows[0]["baseline"]) == ("", "", "")


def test_a_report_without_answers_has_a_header_and_nothing_else():
    assert trend_csv(bare([])) == ",".join(COLUMNS) + "\r\n"


def test_lines_end_as_the_standard_says():
    found = bare([("2026-03-01", 9)])
    numbers = replace(found.numbers, version='a,"b"\nc')
    written = trend_csv(replace(found, numbers=numbers))
    assert written.count("\r\n") == 2
    assert '"a,""b""\nc"' in written


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        (-1.5, "-1.5"),
        (0, "0"),
        (None, ""),
        ("phq9", "phq9"),
    ],
)
def test_a_cell_is_never_a_formula(cell: object, shown: str):
    assert safe(cell) == shown
