"""The outcomes as CSV: one line per group, or one line per course as it is read."""

from __future__ import annotations

import csv
import io
from typing import IO, Final

from services.reports.cohort.outcomes import Outcomes
from services.rules.cohort.course import CourseOutcome
from services.rules.cohort.document import Cell, table_rows
from services.rules.wire import number

COURSE_COLUMNS: Final = (
    "patient_number",
    "product",
    "route",
    "phase",
    "sessions",
    "days",
    "last_session_on",
    "strict",
    "fate",
    "baseline_on",
    "baseline",
    "baseline_item9",
    "outcome_on",
    "outcome",
    "outcome_item9",
    "response_days",
    "response_lost",
)


def groups_csv(outcomes: Outcomes) -> str:
    """The groups with a header line (RFC 4180); each line ends with what it rests on, so that it
    stands alone.
    """
    out, cut = io.StringIO(), outcomes.cut()
    writer = csv.writer(out)
    for place, figures in enumerate(table_rows(outcomes.cohort)):
        row = figures | cut
        if place == 0:
            writer.writerow(row)
        writer.writerow([_plain(cell) for cell in row.values()])
    return out.getvalue()


class CourseLines:
    """Writes one line per course, as it comes. A patient is a number that says nothing of them."""

    def __init__(self, out: IO[str]) -> None:
        self._writer = csv.writer(out)
        self._writer.writerow(COURSE_COLUMNS)

    def write(self, patient_number: int, course: CourseOutcome) -> None:
        """One line."""
        before, after, duration = course.baseline, course.outcome, course.response_duration
        cells: tuple[Cell, ...] = (
            patient_number,
            course.product,
            course.route,
            course.phase,
            course.sessions,
            course.days,
            course.last_session_on.isoformat(),
            course.strict,
            course.fate,
            before.on.isoformat() if before else None,
            number(before.total if before else None),
            before.item9 if before else None,
            after.on.isoformat() if after else None,
            number(after.total if after else None),
            after.item9 if after else None,
            duration.days if duration else None,
            duration.is_event if duration else None,
        )
        self._writer.writerow([_plain(cell) for cell in cells])


def _plain(cell: Cell) -> Cell:
    """Booleans as in JSON; nothing is an empty cell."""
    return str(cell).lower() if isinstance(cell, bool) else cell
