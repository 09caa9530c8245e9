"""What a check-in does in the series that it joins: rules, and the status row's figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import CheckIn, CheckInContent
from services.alerts.alert_history import load_alert_history
from services.intake.deciding.known import Known, Sent, SeriesSoFar, stored_series
from services.intake.deciding.outcome import Outcome
from services.patients.history.check_ins import (
    OF_ITS_CHECK_IN,
    counting,
    entries_of_json,
)
from services.patients.status.figures import AsOf, figures_of
from services.rules.courses import Treatment
from services.rules.day_series import Series, SeriesEntry, day_rows
from services.rules.decide.check_in import INSTRUMENTS, SeriesCase, series_decisions
from services.rules.figures.baseline import find_baseline
from services.rules.mood_days import ENTERED_LATE, find_zone, is_recalled
from services.rules.schedule.case import URINARY

log = structlog.get_logger()


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
        before = known.so_far.series.get(asked.code)
        joins = _with_joined(stored_series(session, known, sent, root_id), before, joined)
        series = joins.series
        outcome = _with_rules(session, known, outcome, sent, joined, series, begun, zone)
        figures = figures_of(asked.code, series, AsOf(known.treatment, zone, now))
        so_far = replace(known.so_far, series={**known.so_far.series, asked.code: joins})
        return replace(outcome, figures=figures, so_far=so_far)
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
    series: Series,
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


def _with_joined(
    stored: Sequence[Sequence[Any]], before: SeriesSoFar | None, joined: SeriesEntry
) -> SeriesSoFar:
    """The series that `joined` (not yet in the database) takes its place in. What is not stored yet
    replaces the earlier versions of its form.
    """
    unwritten = before.unwritten if before else ()
    if before is not None and before.stored is stored:
        series = before.series
    else:
        replaced = {each.entry_id for each in unwritten}
        others = (one for one in entries_of_json(stored) if one.entry_id not in replaced)
        series = Series([*others, *unwritten])
    if any(each.entry_id == joined.entry_id for each in series):
        series = Series(each for each in series if each.entry_id != joined.entry_id)
    return SeriesSoFar(series.joined_by(joined), stored, (*unwritten, joined))
