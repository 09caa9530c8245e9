"""The trend as CSV (RFC 4180): one row a mood day, each of which stands alone."""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from datetime import date
from typing import Any, Final

from services.reports.pictures.reading import Day, Json, Treated, read_report, rows, table

COLUMNS: Final = (
    "mood_day",
    "timezone",
    "value",
    "q9_max",
    "entries",
    "range_low",
    "range_high",
    "session_id",
    "session_number",
    "session_started_at",
    "days_since_session",
    "instrument",
    "baseline",
    "cut_revision",
    "cut_at",
    "rules_version",
    "generated_at",
    "content_hash",
)
# What a spreadsheet would run as a formula (OWASP): it is shown with an apostrophe before it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def trend_csv(document: Json) -> str:
    """The series of a trend document with a header row and CRLF at line ends.

    `days_since_session` counts mood days from the session that the day belongs to; where the
    report names none, from the last session on or before the day. Absent figures are empty fields.
    """
    written = io.StringIO(newline="")
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    shared, report = _shared(document), read_report(document)
    started = {str(row.get("id")): row.get("started_at") for row in rows(document, "sessions")}
    named = {one.id: one for one in report.sessions}
    session_days = [one.day for one in report.sessions]
    days = {day.day: day for day in report.days}
    for row in rows(document, "series"):
        day = date.fromisoformat(str(row["mood_day"])[:10])
        begun = bisect_right(session_days, day)
        before = report.sessions[begun - 1] if begun else None
        session = named.get(str(row.get("session_id")), before)
        cells = shared | _day_cells(row, days[day])
        if session is not None:
            cells |= _session_cells(session, day) | {"session_started_at": started.get(session.id)}
        lines.writerow([safe(cells.get(column)) for column in COLUMNS])
    return written.getvalue()


def safe(cell: Any) -> str:
    """A cell as text that no spreadsheet takes for a formula; numbers stay numbers."""
    if cell is None:
        return ""
    words = str(cell)
    is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
    return f"'{words}" if words.startswith(_FORMULA) and not is_number else words


def _day_cells(row: Json, day: Day) -> dict[str, Any]:
    return {
        "mood_day": day.day.isoformat(),
        "value": row.get("value"),
        "q9_max": row.get("q9_max"),
        "entries": row.get("entries"),
        "range_low": day.low,
        "range_high": day.high,
    }


def _session_cells(session: Treated, day: date) -> dict[str, Any]:
    return {
        "session_id": session.id,
        "session_number": session.number,
        "days_since_session": (day - session.day).days,
    }


def _shared(document: Json) -> dict[str, Any]:
    cut, baseline = table(document, "data_cut"), table(document, "baseline")
    return {
        "timezone": document.get("timezone"),
        "instrument": document.get("instrument"),
        "baseline": baseline.get("value"),
        "cut_revision": cut.get("revision"),
        "cut_at": cut.get("at"),
        "rules_version": document.get("rules_version"),
        "generated_at": document.get("generated_at"),
        "content_hash": document.get("content_hash"),
    }
