"""The trend as CSV (RFC 4180): one row a mood day, each of which stands alone."""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from datetime import date
from typing import Any, Final

from services.rules.day_series import DayRow
from services.rules.instruments.definition import instrument
from services.rules.trend.document import TrendReport
from services.rules.trend.treatment import SessionFigures
from services.rules.wire import instant, number

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
    "direction",
    "validated",
    "baseline",
    "cut_revision",
    "cut_at",
    "rules_version",
    "generated_at",
    "content_hash",
)
# What a spreadsheet would run as a formula (OWASP): it is shown with an apostrophe before it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def trend_csv(report: TrendReport) -> str:
    """The reported days with a header row and CRLF at line ends.

    `days_since_session` counts mood days from the last session on or before the day. Absent
    figures are empty fields.
    """
    written = io.StringIO(newline="")
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    shared, sessions = _shared(report), report.figures.treatment.sessions
    for row in report.figures.series:
        begun = bisect_right(sessions, row.mood_day, key=lambda one: one.day)
        cells = shared | _day_cells(row, report.figures.ranges.get(row.mood_day))
        if begun:
            cells |= _session_cells(sessions[begun - 1], row.mood_day)
        lines.writerow([safe(cells.get(column)) for column in COLUMNS])
    return written.getvalue()


def safe(cell: Any) -> str:
    """A cell as text that no spreadsheet takes for a formula; numbers stay numbers."""
    if cell is None:
        return ""
    words = str(cell)
    is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
    return f"'{words}" if words.startswith(_FORMULA) and not is_number else words


def _day_cells(row: DayRow, between: tuple[int, int] | None) -> dict[str, Any]:
    low, high = between or (None, None)
    return {
        "mood_day": row.mood_day.isoformat(),
        "value": number(row.value),
        "q9_max": row.q9_max,
        "entries": row.entries,
        "range_low": low,
        "range_high": high,
    }


def _session_cells(one: SessionFigures, day: date) -> dict[str, Any]:
    return {
        "session_id": one.session.id,
        "session_number": one.number,
        "session_started_at": instant(one.session.started_at),
        "days_since_session": (day - one.day).days,
    }


def _shared(report: TrendReport) -> dict[str, Any]:
    return {
        "timezone": report.timezone,
        "instrument": report.instrument,
        "direction": instrument(report.instrument).direction,
        "validated": str(instrument(report.instrument).validated).lower(),
        "baseline": number(report.figures.baseline.value),
        "cut_revision": report.revision,
        "cut_at": instant(report.cut_at),
        "rules_version": report.numbers.version,
        "generated_at": instant(report.generated_at),
        "content_hash": report.content_hash,
    }
