"""The check-ins that a decision and the status row's figures rest on: one bounded read."""

from __future__ import annotations

from datetime import date, timedelta, tzinfo
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Date, ScalarSelect, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from models import CheckIn
from services.patients.history.check_ins import ENTRY_COLUMNS, counting, entry_of
from services.patients.status.figures import DAILY, SLOPE_DAYS
from services.rules.courses import Treatment
from services.rules.day_series import Entry
from services.rules.figures.baseline import baseline_anchor
from services.rules.figures.numbers import FIGURE_NUMBERS
from services.rules.figures.session_effect import session_windows
from services.rules.worsening.numbers import DAILY_LOOKBACK_DAYS

_PATIENT: Final = bindparam("patient_id", type_=CheckIn.patient_id.type)
_INSTRUMENT: Final = bindparam("instrument", type_=CheckIn.instrument.type)
_JOINED: Final = bindparam("joined", type_=CheckIn.root_id.type)


def _date(name: str) -> Any:
    return bindparam(name, type_=Date())


def _day(of: Any, *more: Any) -> ScalarSelect[Any]:
    other = aliased(CheckIn)
    return (
        select(of(other))
        .where(
            counting(_PATIENT, _INSTRUMENT, other),
            *(condition(other) for condition in more),
        )
        .scalar_subquery()
    )


def _statement() -> Select[Any]:
    """Other forms are few and all come. Of daily ones: the lookback, the days of the baseline (the
    first ones since the course before, and those before the first session of the course), those
    around the last session, and the fortnight that ends on the last complete one (what joins may
    have taken back the one that was).
    """
    untreated_since = _date("untreated_since")
    first = _day(
        lambda other: func.min(other.mood_day), lambda other: other.mood_day > untreated_since
    )
    last = _day(
        lambda other: func.max(other.mood_day),
        lambda other: other.total.is_not(None),
        lambda other: other.root_id != _JOINED,
    )
    since = _date("since")
    needed = or_(
        _INSTRUMENT != DAILY,
        CheckIn.mood_day >= since,
        CheckIn.mood_day >= _date("last_session_from"),
        CheckIn.mood_day.between(_date("anchor_from"), _date("anchor_to")),
        and_(
            CheckIn.mood_day > untreated_since,
            CheckIn.mood_day < first + FIGURE_NUMBERS.windows.baseline_days,
        ),
        CheckIn.mood_day > last - SLOPE_DAYS,
    )
    return select(*ENTRY_COLUMNS).where(counting(_PATIENT, _INSTRUMENT), needed)


# Built once: putting a statement together costs more than running it.
_SERIES: Final = _statement()


def load_series(
    session: Session,
    patient_id: UUID,
    instrument: str,
    joined: Entry,
    begun: Treatment,
    zone: tzinfo,
) -> list[Entry]:
    """The series that `joined` (not yet in the database) takes its place in, in no particular
    order; it replaces the earlier versions of its form. `begun`: the sessions that have started.
    """
    rows = session.execute(
        _SERIES,
        {
            "patient_id": patient_id,
            "instrument": instrument,
            "joined": UUID(joined.entry_id),
            "since": _back(joined.mood_day, DAILY_LOOKBACK_DAYS),
            **_around_sessions(begun, zone),
        },
    )
    others = (entry_of(row) for row in rows)
    return [*(each for each in others if each.entry_id != joined.entry_id), joined]


def _around_sessions(begun: Treatment, zone: tzinfo) -> dict[str, date]:
    """The days around the sessions; for the untreated, days on which there is nothing."""
    days = dict.fromkeys(("last_session_from", "anchor_from", "anchor_to"), date.max)
    untreated_since = date.min
    anchor = baseline_anchor(begun, zone)
    if anchor is not None:
        windows, spans = FIGURE_NUMBERS.windows, FIGURE_NUMBERS.measures.session
        first = anchor.session.day(zone)
        days["anchor_from"] = _back(first, windows.baseline_days)
        days["anchor_to"] = first
        last = session_windows(begun.sessions, zone)[-1]
        days["last_session_from"] = _back(last.first_day, spans.before_days)
        if anchor.after is not None:
            untreated_since = anchor.after.day(zone)
    return days | {"untreated_since": untreated_since}


def _back(day: date, days: int) -> date:
    return max(date.min + timedelta(days=days), day) - timedelta(days=days)
