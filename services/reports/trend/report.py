"""The trend report of a patient, as of a data cut: the same cut gives the same fingerprint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services import audit
from services.access import Action, Actor
from services.accounts.tokens.token_check import acting
from services.exceptions import Invalid
from services.patients.history.pauses import load_pauses_at
from services.patients.history.treatments import load_treatment
from services.patients.view import visible_patient
from services.reports.trend.cut import (
    Cut,
    alerts_at,
    effects_at,
    entries_at,
    item9_elsewhere_at,
    levels_at,
    load_cut,
)
from services.rules.courses import Treatment
from services.rules.day_series import SeriesEntry
from services.rules.instruments.definition import UnknownInstrument, instrument
from services.rules.mood_days import find_zone, mood_day_at
from services.rules.trend.document import TrendReport
from services.rules.trend.numbers import REPORTS
from services.rules.trend.report import Beside, trend


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: an instrument, the reported mood days (both included), a revision."""

    instrument: str = "phq9"
    from_day: date | None = None
    to_day: date | None = None
    cut: int | None = None


def get_trend(actor: Actor, patient_id: UUID, asked: Question, now: datetime) -> TrendReport:
    """The report of a patient in view; the read is recorded.

    Raises `NotFound`, `Forbidden`, and `Invalid` for an unknown instrument, a revision to
    come or days in the wrong order.
    """
    check_question(asked)
    with acting(actor, now) as session:
        visible_patient(session, actor, Action.READ_ENTRIES, patient_id, now)
        report = build(session, load_cut(session, patient_id, asked.cut), asked, now)
        audit.record_read(session, actor, "trend_read", now, patient_id)
        return report


def build(session: Session, cut: Cut, asked: Question, now: datetime) -> TrendReport:
    """The report as of a cut, with the numbers that were in force at the cut."""
    return report_of(session, cut, asked, gather(session, cut, asked.instrument), now)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a report is made of: the check-ins of its instrument, and what stands beside them."""

    entries: Sequence[SeriesEntry]
    treatment: Treatment
    beside: Beside


def gather(session: Session, cut: Cut, instrument: str) -> Gathered:
    """Read what was known at a cut."""
    first_edition = REPORTS.at(cut.at).figures.is_first_edition
    treatment = load_treatment(session, cut.patient_id, cut.revision)
    beside = Beside(
        treatment.in_patients_zone() if first_edition else treatment,
        levels_at(session, cut, named=not first_edition),
        effects_at(session, cut),
        () if first_edition else item9_elsewhere_at(session, cut, instrument),
    )
    return Gathered(entries_at(session, cut, instrument), treatment, beside)


def report_of(
    session: Session, cut: Cut, asked: Question, gathered: Gathered, now: datetime
) -> TrendReport:
    """The report from what was read for it."""
    zone = find_zone(cut.timezone) or UTC
    numbers = REPORTS.at(cut.at)
    first_edition = numbers.figures.is_first_edition
    entries, treatment, beside = gathered.entries, gathered.treatment, gathered.beside
    # Who answers in a zone ahead of their profile's may be in the next mood day already, and so
    # may a session in its own.
    known_days = [*(entry.mood_day for entry in entries), *beside.days()]
    known_days += () if first_edition else treatment.days_begun(cut.at, zone)
    found = trend(
        asked.instrument,
        entries,
        timezone=cut.timezone,
        data_cut_at=cut.at,
        from_day=asked.from_day,
        to_day=asked.to_day or max([mood_day_at(cut.at, zone), *known_days]),
        accepted_on=cut.accepted_on,
        away=load_pauses_at(session, cut.patient_id, cut.revision),
        indications=cut.indications,
        beside=beside,
        numbers=numbers,
    )
    return TrendReport(
        patient_id=str(cut.patient_id),
        instrument=asked.instrument,
        generated_at=now,
        revision=cut.revision,
        cut_at=cut.at,
        timezone=cut.timezone,
        numbers=numbers,
        figures=found,
        alerts=alerts_at(session, cut),
        from_day=asked.from_day,
        to_day=asked.to_day,
        courses=treatment.courses,
    )


def check_question(asked: Question) -> None:
    """Raises `Invalid` for an unknown instrument or days in the wrong order."""
    try:
        instrument(asked.instrument)
    except UnknownInstrument as error:
        raise Invalid({"instrument": ["Unknown instrument."]}) from error
    if asked.from_day and asked.to_day and asked.from_day > asked.to_day:
        raise Invalid({"from": ["Must not be after `to`."]})
