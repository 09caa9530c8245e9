"""What one decided entry sets off, written as one statement in the transaction that stores it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import structlog
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from models import PatientStatus, StandingPlan
from services.access import Actor
from services.alerts.chain import load_chain
from services.alerts.rules_failure import count_rules_failure
from services.alerts.writing import notify_statement
from services.exactly_once import Answered, Kind, keep_answer, render
from services.intake.alerting import Alarms, raise_alarms
from services.intake.background import Known, clinic_facts
from services.intake.deciding import Verdict
from services.intake.decision_rows import keep_decision
from services.intake.series_effects import series_effects, series_entry
from services.intake.worsening import Worsening
from services.patients.lock import LockedPatient
from services.rules.crisis_card import Receipt, card, generic_card
from services.rules.tiers import Tier
from services.rules.triage import RULES_VERSION, next_instrument
from services.together import Write, write_together

log = structlog.get_logger()

Safety = dict[str, object] | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry to be stored: its own writes, and its record once the card is known."""

    id: UUID
    kind: Kind
    digest: bytes
    instrument: str | None
    writes: tuple[Write, ...]
    record: Callable[[Safety], dict[str, Any]]
    root_id: UUID | None = None


def set_off(
    session: Session,
    actor: Actor,
    patient: LockedPatient,
    before: Known,
    verdict: Verdict,
    entry: Entry,
    now: datetime,
) -> Answered:
    """Write everything that follows from the entry and give the first answer's bytes.

    The status row is locked by the caller. Alerts without a patient are counted last.
    """
    counts = not actor.token_expired
    joined = series_entry(verdict, entry.root_id or entry.id) if counts else None
    worsening, figures = series_effects(session, patient.patient_id, entry.instrument, joined)
    alarms = raise_alarms(session, patient, verdict, worsening, entry.id, now)
    safety = _card(session, patient, verdict, now)
    body = render(entry.record(safety))
    write_together(
        session,
        [
            *entry.writes,
            *alarms.writes,
            *_plan_writes(before, verdict, now),
            _decision(patient, entry, verdict, worsening, now),
            _status(patient, verdict, entry, figures, now),
            keep_answer(
                record_id=entry.id,
                clinic_id=patient.clinic_id,
                patient_id=patient.patient_id,
                kind=entry.kind,
                digest=entry.digest,
                body=body,
                now=now,
            ),
        ],
    )
    _finish(session, patient, alarms, entry, now)
    return Answered(201, body)


def _card(session: Session, patient: LockedPatient, verdict: Verdict, now: datetime) -> Safety:
    level = verdict.card_level
    if level is None:
        return None
    clinic = clinic_facts(session, patient.clinic_id)
    receipt = Receipt(paged=verdict.is_risky, followed=patient.followed)
    try:
        return card(level, clinic, now, receipt, next_instrument(verdict.facts))
    except Exception as error:  # noqa: BLE001 -- a card that cannot be made must not cost the answer
        log.error("card_failed", kind=type(error).__name__)
        return generic_card(committed=True, level=level, country=clinic.country)


def _plan_writes(before: Known, verdict: Verdict, now: datetime) -> list[Write]:
    if before.plan_id is None:
        return []
    change = update(StandingPlan).where(StandingPlan.id == before.plan_id)
    if verdict.plan_ended is not None:
        return [change.values(ended_at=now, ended_because=verdict.plan_ended)]
    if verdict.spared_by_plan:
        return [change.values(recorded_ones=StandingPlan.recorded_ones + 1)]
    return []


def _decision(
    patient: LockedPatient, entry: Entry, verdict: Verdict, worsening: Worsening, now: datetime
) -> Write:
    tiers = [verdict.tier, *(Tier.from_word(d.severity) for d in worsening.decisions if d.severity)]
    tier = max((each for each in tiers if each is not None), default=None)
    by: Literal["rules", "fallback"] = (
        "rules" if verdict.by_rules and not worsening.failed else "fallback"
    )
    decided = [*verdict.stored(), *worsening.stored()]
    return keep_decision(patient, entry.id, by, tier, decided, now)


def _status(
    patient: LockedPatient,
    verdict: Verdict,
    entry: Entry,
    figures: dict[str, Any],
    now: datetime,
) -> Write:
    values = figures | risk_values(patient, verdict)
    if entry.kind != "help_request":
        values["last_check_in_at"] = func.greatest(PatientStatus.last_check_in_at, now)
    return (
        update(PatientStatus)
        .where(PatientStatus.patient_id == patient.patient_id)
        .values(revision=patient.next_revision, **values)
    )


def risk_values(patient: LockedPatient, verdict: Verdict) -> dict[str, Any]:
    """What the entry changes in the risk columns of the status row: they only ever move on."""
    facts = verdict.facts
    values: dict[str, Any] = {}
    if (facts.item9_number or 0) > 0:
        values["item9_positive_at"] = _later(patient.item9_positive_at, facts.recorded_at)
    if facts.cssrs in ("moderate", "high"):
        values["cssrs_moderate_at"] = _later(patient.cssrs_moderate_at, facts.recorded_at)
    day = verdict.read.placement.mood_day
    if verdict.read.cssrs_complete:
        values["last_cssrs_on"] = max(day, patient.last_cssrs_on or day)
    if facts.item9_number is not None and day >= (patient.last_item9_on or day):
        values |= {"last_item9_on": day, "last_item9": verdict.read.q9_highest}
    return values


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)


def _finish(
    session: Session, patient: LockedPatient, alarms: Alarms, entry: Entry, now: datetime
) -> None:
    """The last statements: failed rules are counted, and the worker is woken."""
    if alarms.pages:
        session.execute(notify_statement())
    if alarms.uncounted:
        count_rules_failure(
            session,
            clinic_id=patient.clinic_id,
            patient_id=patient.patient_id,
            entry_id=entry.id,
            rule_version=RULES_VERSION,
            chain=load_chain(session, patient.clinic_id),
            now=now,
        )
