"""What a check-in does in the series that it joins: rules, and the status row's figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import CheckIn, CheckInContent
from models.statements import Query, Statement
from services.alerts.alert_history import load_alert_history
from services.intake.deciding.known import NOWHERE, SERIES, Known, Sent
from services.intake.deciding.outcome import Outcome
from services.patients.history.check_ins import (
    OF_ITS_CHECK_IN,
    counting,
    entries_of_json,
    entry_of,
)
from services.patients.status.figures import AsOf, figures_of
from services.rules.courses import Treatment
from services.rules.day_series import SeriesEntry, day_rows
from services.rules.decide.check_in import INSTRUMENTS, SeriesCase, series_decisions
from services.rules.figures.baseline import baseline_anchor, find_baseline
from services.rules.figures.numbers import FIGURE_NUMBERS
from services.rules.figures.session_effect import session_windows
from services.rules.mood_days import ENTERED_LATE, find_zone, is_recalled
from services.rules.schedule.case import URINARY
from services.rules.worsening.numbers import DAILY_LOOKBACK_DAYS
from services.unit_of_work import ask

log = structlog.get_logger()
_SERIES: Final = Statement(SERIES)


def with_series(
    session: Session, known: Known, outcome: Outcome, sent: Sent, root_id: UUID, now: datetime
) -> Outcome:
    """The outcome with what the rules find in the series that the form joins, and the figures that
    it changes. A fault in them never stops the answer: it counts as failed rules.
    """
    asked, score = sent.instrument, outcome.read.score
    if asked is None or score is None or asked.code not in INSTRUMENTS:
        return outcome
    facts, placed = outcome.read.facts, outcome.read.placement
    joined = SeriesEntry(
        mood_day=placed.mood_day,
        recorded_at=facts.recorded_at,
        received_at=facts.received_at,
        entry_id=str(root_id),
        total=score.total,
        item9_max=outcome.read.q9_highest,
        answered=score.answered,
        late=ENTERED_LATE in facts.flags,
        recalled=is_recalled(placed.mood_day, facts.recorded_at, placed.zone, facts.flags),
    )
    try:
        zone = find_zone(known.patient.timezone) or UTC
        begun = known.treatment.until(now) if known.patient.treated else known.treatment
        series = _series(session, known, asked.code, joined, begun, zone)
        outcome = _with_rules(session, known, outcome, sent, joined, series, begun, zone)
        figures = figures_of(asked.code, series, AsOf(known.treatment, zone, now))
        return replace(outcome, figures=figures, joined=(asked.code, joined))
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 -- a cached figure must not cost the answer
        log.error("figures_failed", kind=type(error).__name__)
        return replace(outcome, failed=True)


def _with_rules(
    session: Session,
    known: Known,
    outcome: Outcome,
    sent: Sent,
    joined: SeriesEntry,
    series: list[SeriesEntry],
    begun: Treatment,
    zone: tzinfo,
) -> Outcome:
    instrument = sent.instrument.code if sent.instrument else ""
    try:
        found = find_baseline(instrument, series, day_rows(series), treatment=begun, zone=zone)
        case = SeriesCase(
            instrument=instrument,
            entries=series,
            decided=joined,
            baseline=None if found.value is None else float(found.value),
            untreated=None if found.untreated is None else float(found.untreated),
            treatment=known.treatment,
            zone=zone,
            indications=known.patient.indications,
            answers=sent.answers,
            seen_before=_seen_before(session, known, instrument, joined),
        )
        decisions = series_decisions(case)
        if any(decision.fired for decision in decisions):
            # Only now does it matter what has alerted before.
            newest = max(entry.mood_day for entry in series)
            history = load_alert_history(session, known.patient.patient_id, newest)
            decisions = series_decisions(replace(case, alert_history=history))
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 -- a fault in these rules must not cost the answer
        log.error("series_rules_failed", kind=type(error).__name__)
        return replace(outcome, failed=True)
    return replace(outcome, others=tuple(decisions))


def _seen_before(
    session: Session, known: Known, instrument: str, joined: SeriesEntry
) -> frozenset[str] | None:
    """Items above 0 in any other bladder form of this patient."""
    if instrument != URINARY:
        return None
    forms = session.scalars(
        select(CheckInContent.answers)
        .join(CheckIn, OF_ITS_CHECK_IN)
        .where(
            counting(known.patient.patient_id, instrument), CheckIn.root_id != UUID(joined.entry_id)
        )
    )
    given = (one for form in forms for one in form.items())
    return frozenset(link for link, value in given if type(value) is int and value > 0)


def _series(
    session: Session,
    known: Known,
    instrument: str,
    joined: SeriesEntry,
    begun: Treatment,
    zone: tzinfo,
) -> list[SeriesEntry]:
    """The series that `joined` (not yet in the database) takes its place in, in no particular
    order; it replaces the earlier versions of its form.
    """
    if known.series is not None:
        others = entries_of_json(known.series)
    else:
        others = load_series(session, known.patient.patient_id, instrument, joined, begun, zone)
    others += known.unwritten
    return [*(each for each in others if each.entry_id != joined.entry_id), joined]


def load_series(
    session: Session,
    patient_id: UUID,
    instrument: str,
    joined: SeriesEntry,
    begun: Treatment,
    zone: tzinfo,
) -> list[SeriesEntry]:
    """The check-ins around the sessions that have started (`begun`) and around `joined`."""
    query = Query(
        _SERIES,
        {
            "patient_id": patient_id,
            "instrument": instrument,
            "joined": UUID(joined.entry_id),
            "since": _back(joined.mood_day, DAILY_LOOKBACK_DAYS),
            **_around_sessions(begun, zone),
        },
    )
    ask(session, query)
    return [entry_of(row) for row in query.rows]


def _around_sessions(begun: Treatment, zone: tzinfo) -> dict[str, date]:
    """The days around the sessions, and one more on either side, where the clock of an answer may
    disagree with that of a session; for the untreated, days on which there is nothing.
    """
    days: dict[str, date] = dict(NOWHERE)
    anchor = baseline_anchor(begun, zone)
    if anchor is not None:
        windows, spans = FIGURE_NUMBERS.windows, FIGURE_NUMBERS.measures.session
        first = anchor.session.day(zone)
        days["anchor_from"] = _back(first, windows.baseline_days + 1)
        days["anchor_to"] = _on(first, (windows.provisional_days or 0) + 1)
        last = session_windows(begun.sessions, zone)[-1]
        days["last_session_from"] = _back(last.first_day, spans.before_days + 1)
    return days


def _back(day: date, days: int) -> date:
    return max(date.min + timedelta(days=days), day) - timedelta(days=days)


def _on(day: date, days: int) -> date:
    return min(date.max - timedelta(days=days), day) + timedelta(days=days)
