"""The CSV stands alone, is read by any reader, and runs nothing in a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from services.reports.pictures.sheet import COLUMNS, safe, trend_csv
from tests.services.reports.pictures.drawn import bare, report


def read(document: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(trend_csv(document), newline="")))


def test_one_row_a_mood_day_with_every_figure_of_the_series():
    document = report("phq9-daily", 60)
    rows = read(document)
    assert [row["mood_day"] for row in rows] == [row["mood_day"] for row in document["series"]]
    assert [row["value"] for row in rows] == [str(row["value"]) for row in document["series"]]


def test_each_row_says_what_it_is_from():
    document = report("phq9-daily", 3)
    for row in read(document):
        assert row["timezone"] == "America/New_York"
        assert row["instrument"] == "phq9-daily"
        assert row["cut_revision"] == "4"
        assert row["content_hash"] == document["content_hash"]


def test_days_count_from_the_last_session_on_or_before_the_day():
    sessions = [{"id": "s1", "number": 1, "started_at": "2026-03-02T15:00:00Z"}]
    rows = read(bare([("2026-03-01", 9), ("2026-03-02", 8), ("2026-03-05", 7)], sessions=sessions))
    assert [row["days_since_session"] for row in rows] == ["", "0", "3"]
    assert [row["session_id"] for row in rows] == ["", "s1", "s1"]
    assert rows[2]["session_started_at"] == "2026-03-02T15:00:00Z"


def test_the_session_that_the_report_names_is_believed():
    sessions = [
        {"id": "s1", "number": 1, "started_at": "2026-03-02T15:00:00Z"},
        {"id": "s2", "number": 2, "started_at": "2026-03-04T15:00:00Z"},
    ]
    document = bare([("2026-03-04", 9)], sessions=sessions)
    document["series"][0]["session_id"] = "s1"
    assert read(document)[0]["days_since_session"] == "2"


def test_what_is_not_known_is_empty_and_never_zero():
    rows = read(bare([("2026-03-01", None)]))
    assert (rows[0]["value"], rows[0]["q9_max"], rows[0]["baseline"]) == ("", "", "")


def test_a_report_without_answers_has_a_header_and_nothing_else():
    assert trend_csv(bare([])) == ",".join(COLUMNS) + "\r\n"


def test_lines_end_as_the_standard_says():
    written = trend_csv(bare([("2026-03-01", 9)], rules_version='a,"b"\nc'))
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
