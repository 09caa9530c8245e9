"""The trend columns of the status row, from entries alone: what is cached can be recomputed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from fractions import Fraction
from functools import partial
from typing import Any, Final
from uuid import UUID

from services.rules.courses import UNTREATED, Treatment
from services.rules.day_series import (
    DayRow,
    DayValue,
    SeriesEntry,
    day_rows,
    in_order,
    values_of,
)
from services.rules.figures.baseline import Baseline, begun_courses, find_baseline
from services.rules.figures.sides import on_their_side
from services.rules.figures.standing import UNTREATED_STANDING, standing
from services.rules.figures.status import StatusCase, improvement, phq9_status
from services.rules.figures.windows import mean_of_week, slope_per_week
from services.rules.mood_days import day_start
from services.rules.worsening.non_response import due_by_time_on, m4
from services.rules.worsening.numbers import COURSE_RULE_THRESHOLDS

TWO_WEEKS: Final = "phq9"
DAILY: Final = "phq9-daily"
# In the cache alone: a `no_response` of which nobody can tell whether it is one.
NOT_JUDGED: Final = "not_judged"


@dataclass(frozen=True, slots=True)
class AsOf:
    """What is known of the treatment, in which zone, and when: only sessions that had started by
    `at` count (None: none did).
    """

    treatment: Treatment = UNTREATED
    zone: tzinfo = UTC
    at: datetime | None = None

    @property
    def begun(self) -> Treatment:
        """The courses with the sessions that had started."""
        if self.at is None or not self.treatment.sessions:
            return UNTREATED
        return self.treatment.until(self.at)

    def values(self, entries: Iterable[SeriesEntry]) -> tuple[DayValue, ...]:
        """The day values, each on its side of the sessions."""
        return values_of(on_their_side(entries, self.begun.sessions, self.zone))


NOW_UNTREATED: Final = AsOf()


Figures = dict[str, Any]


def figures_of(
    instrument: str, entries: Collection[SeriesEntry], as_of: AsOf = NOW_UNTREATED
) -> Figures:
    """The cached columns that this instrument's series gives; none for the others."""
    made = {TWO_WEEKS: two_week_figures, DAILY: daily_figures}.get(instrument)
    return {} if made is None else made(entries, as_of)


def two_week_figures(entries: Collection[SeriesEntry], as_of: AsOf = NOW_UNTREATED) -> Figures:
    """`baseline` and `current` in points (0-27), `trend_status` and `non_response` (M4), of
    the `phq9`; all forms of the patient.
    """
    entries = in_order(entries)
    rows, values = day_rows(entries), values_of(entries)
    # M4 is decided by time as well, and a reading counts from its own day on (of another zone).
    days = [reading.day for reading in values]
    days += [
        due_by_time_on(sessions[0].day(as_of.zone), COURSE_RULE_THRESHOLDS)
        for _, sessions in begun_courses(as_of.treatment)
    ]
    make = partial(_two_week_figures, entries, rows, values)
    return {
        "two_week_figures_at": as_of.at,
        **(now := make(as_of)),
        "two_week_forecast": _forecast(make, as_of, now, days),
    }


def _two_week_figures(
    entries: Sequence[SeriesEntry], rows: Sequence[DayRow], values: Sequence[DayValue], as_of: AsOf
) -> Figures:
    begun = as_of.begun
    found = find_baseline(TWO_WEEKS, entries, rows, treatment=begun, zone=as_of.zone)
    current = values[-1].value if values else None
    case = StatusCase(
        baseline=found.value,
        current=current,
        percent=improvement(found.untreated, current).percent,
        is_answered_since=found.is_followed(entries),
        is_treated=bool(begun.sessions),
    )
    return {
        "non_response": _is_non_response(as_of.values(entries), found.untreated, as_of),
        "baseline": _number(found.value),
        "current": _number(current),
        # Null stands for "baseline_missing", so that a patient without a form needs no write.
        "trend_status": None if found.value is None else _cached_status(case, found),
    }


def _cached_status(case: StatusCase, found: Baseline) -> str:
    """The status; `NOT_JUDGED` where it says nothing only because the baseline came too late."""
    status = phq9_status(case)
    return NOT_JUDGED if found.after_treatment and status == "no_response" else status


def _is_non_response(
    values: Sequence[DayValue], baseline: int | Fraction | None, as_of: AsOf
) -> bool:
    begun = as_of.begun
    if as_of.at is None or not begun.sessions:
        return False
    level = None if baseline is None else float(baseline)
    decision = m4(values, level, begun, as_of.zone, as_of.at)
    return decision.is_met and decision.inputs["reason"] is None


def daily_figures(entries: Collection[SeriesEntry], as_of: AsOf = NOW_UNTREATED) -> Figures:
    """`daily_m7` in points and `daily_slope` in points a week, of the `phq9-daily`, and where
    the patient stands between sessions.

    The 14 mood days that end on the last complete one, and those from 3 days before the last
    session on, are enough; more changes nothing.
    """
    entries = in_order(entries)
    values = values_of(entries)
    week = mean_of_week(values)
    make = partial(_standing_figures, entries)
    return {
        "daily_figures_at": as_of.at,
        **(now := make(as_of)),
        "daily_m7": _number(week.value if week else None),
        "daily_slope": _number(slope_per_week(values)),
        "daily_forecast": _forecast(make, as_of, now) if as_of.treatment.sessions else [],
    }


def _standing_figures(entries: Sequence[SeriesEntry], as_of: AsOf) -> Figures:
    begun, stands = as_of.begun, UNTREATED_STANDING
    if begun.sessions:
        sided = on_their_side(entries, begun.sessions, as_of.zone)
        stands = standing(values_of(sided), begun, as_of.zone, sided)
    planned = [one for one in as_of.treatment.sessions if as_of.at and one.started_at > as_of.at]
    return {
        "last_session_id": UUID(stands.last_session_id) if stands.last_session_id else None,
        "last_session_at": stands.last_session_at,
        "sessions_in_course": stands.sessions_in_course,
        "next_session_id": UUID(planned[0].id) if planned else None,
        "next_session_at": planned[0].started_at if planned else None,
        "wearing_off_on": stands.wearing_off_on,
        "maintenance_due_on": stands.maintenance_due_on,
    }


def _forecast(
    make: Callable[[AsOf], Figures], as_of: AsOf, known: Figures, days: Iterable[date] = ()
) -> list[dict[str, Any]]:
    """What time alone makes of the figures that are `known` now: with each planned session, and as
    one of `days` begins.

    Each step has the columns that differ from now's, as JSON; the last one that has come holds.
    """
    now = as_of.at
    if now is None:
        return []
    starts = {day_start(day, as_of.zone) for day in days}
    starts |= {one.started_at for one in as_of.treatment.sessions}
    steps: list[dict[str, Any]] = [{"from": "", "figures": {}}]
    for instant in sorted(start for start in starts if start > now):
        then = make(replace(as_of, at=instant))
        changed = {name: _json(then[name]) for name in known if then[name] != known[name]}
        if changed != steps[-1]["figures"]:
            steps.append({"from": _json(instant), "figures": changed})
    return steps[1:]


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, (date, UUID)) else value


def _number(value: int | Fraction | None) -> float | None:
    return None if value is None else float(value)
