"""What a patient's alerts have been about: for rules that do not repeat themselves."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Date, Select, bindparam, cast, func, select
from sqlalchemy.orm import Session

from models import AlertOccurrence, CheckIn, SideEffectReport
from models.statements import Query, Statement
from services.rules.catalogue import CATALOGUE
from services.rules.decision import Tier
from services.rules.worsening.repetition import AlertHistory, PastOccurrence, alert_history
from services.unit_of_work import ask

REMEMBERED: Final = [rule.id for rule in CATALOGUE.values() if rule.repeats.is_suppressed]


def _occurrences() -> Select[*tuple[Any, ...]]:
    occurrence, form, report = AlertOccurrence, CheckIn, SideEffectReport
    mine = occurrence.patient_id == bindparam("patient_id", type_=occurrence.patient_id.type)
    return (
        select(
            occurrence.rule,
            occurrence.first_tier,
            occurrence.about_id,
            func.coalesce(form.mood_day, report.mood_day, cast(occurrence.at, Date)).label("on"),
        )
        .outerjoin(
            form,
            (form.clinic_id == occurrence.clinic_id)
            & (form.patient_id == occurrence.patient_id)
            & (form.id == occurrence.entry_id),
        )
        .outerjoin(
            report,
            (report.clinic_id == occurrence.clinic_id)
            & (report.patient_id == occurrence.patient_id)
            & (report.id == occurrence.entry_id),
        )
        .where(mine, occurrence.rule.in_(REMEMBERED))
    )


_OCCURRENCES: Final = Statement(_occurrences())


def past_occurrences(patient_id: UUID) -> Query:
    """What asks for the occurrences of the patient that rules remember."""
    return Query(_OCCURRENCES, {"patient_id": patient_id})


def load_alert_history(session: Session, patient_id: UUID, on: date) -> AlertHistory:
    """Ask for them, and sum them up as `history_on` does."""
    ask(session, occurrences := past_occurrences(patient_id))
    return history_on(on, occurrences)


def history_on(on: date, occurrences: Query) -> AlertHistory:
    """Sum up what `past_occurrences` has asked, as it is to be seen on a mood day.

    An occurrence is dated by the mood day of its entry.
    """
    return alert_history(
        (
            PastOccurrence(
                row.rule,
                row.on,
                Tier.from_word(row.first_tier),
                str(row.about_id) if row.about_id else None,
            )
            for row in occurrences.rows
        ),
        on,
    )
