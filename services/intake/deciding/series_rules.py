"""The M, A, B and U rules for one check-in, decided from the series that it joins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import Patient
from services.alerts.alert_history import load_alert_history
from services.intake.deciding.findings import Findings
from services.rules.catalogue import CATALOGUE
from services.rules.courses import Treatment
from services.rules.day_series import Entry, day_rows
from services.rules.decide.check_in import SeriesCase, series_decisions
from services.rules.figures.baseline import find_baseline
from services.rules.instruments.answers import Answers
from services.rules.mood_days import find_zone

log = structlog.get_logger()

# Rule B1 looks for a switch towards mania in those who are treated for bipolar depression.
BY_INDICATION: Final = CATALOGUE["B1"].looks_at


@dataclass(frozen=True, slots=True)
class Joined:
    """A check-in that joins the series of its instrument: as the rules see it, its answers, and
    what is known of the treatment (`timezone` is the patient's).
    """

    patient_id: UUID
    instrument: str
    entry: Entry
    answers: Answers
    treatment: Treatment
    timezone: str
    now: datetime

    @property
    def begun(self) -> Treatment:
        """The sessions that have started by now."""
        return self.treatment.until(self.now)


def decide_series(session: Session, joined: Joined, series: list[Entry]) -> Findings:
    """Decide the rules of the instrument over the series that the entry is part of; a fault in them
    never stops the answer, it is reported as failed rules.
    """
    try:
        case = _case(session, joined, series)
        decisions = series_decisions(case)
        if any(decision.fired for decision in decisions):
            # Only now does it matter what has alerted before.
            history = load_alert_history(session, joined.patient_id, _newest(series))
            decisions = series_decisions(replace(case, alert_history=history))
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 -- a fault in these rules must not cost the answer
        log.error("series_rules_failed", kind=type(error).__name__)
        return Findings(failed=True)
    return Findings(tuple(decisions))


def _case(session: Session, joined: Joined, series: list[Entry]) -> SeriesCase:
    zone = find_zone(joined.timezone) or UTC
    found = find_baseline(
        joined.instrument, series, day_rows(series), treatment=joined.begun, zone=zone
    )
    return SeriesCase(
        instrument=joined.instrument,
        entries=series,
        decided=joined.entry,
        baseline=None if found.value is None else float(found.value),
        treatment=joined.treatment,
        zone=zone,
        indications=_indications(session, joined),
        answers=joined.answers,
    )


def _indications(session: Session, joined: Joined) -> frozenset[str]:
    if joined.instrument not in BY_INDICATION:
        return frozenset()
    found = session.execute(
        select(Patient.indications).where(Patient.id == joined.patient_id)
    ).scalar_one()
    return frozenset(found)


def _newest(series: list[Entry]) -> date:
    return max(entry.mood_day for entry in series)
