"""What one decided entry sets off, written as one statement in the transaction that stores it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import structlog
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from models import PatientStatus, SessionFollowUp, StandingPlan
from services import audit
from services.access import Actor
from services.alerts.chain import load_chain
from services.alerts.rules_failure import count_rules_failure
from services.alerts.writing import notify_statement
from services.exactly_once import Answered, Kind, keep_answer, render
from services.intake.deciding.background import Known, clinic_facts
from services.intake.deciding.findings import NOTHING_FOUND, Findings
from services.intake.deciding.series_figures import series_effects, series_entry
from services.intake.deciding.series_rules import Joined
from services.intake.deciding.verdict import Verdict
from services.intake.storing.alarms import Alarms, raise_alarms
from services.intake.storing.decisions import keep_decision
from services.one_statement import Write, write_together
from services.patients.status.lock import LockedPatient
from services.rules.cards.crisis import Card, Receipt, card, generic_card
from services.rules.cards.medical import EMERGENCY, MedicalAdvice, medical_advice, medical_card
from services.rules.danger.numbers import RULES_VERSION
from services.rules.danger.triage import next_instrument
from services.rules.decision import highest
from services.rules.instruments.answers import Answers

log = structlog.get_logger()

Safety = dict[str, object] | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry to be stored: its own writes, and its record once the card is known.

    `answers`: those of a form; `findings`: what was decided of anything else.
    """

    id: UUID
    kind: Kind
    digest: bytes
    instrument: str | None
    writes: tuple[Write, ...]
    record: Callable[[Safety], dict[str, Any]]
    root_id: UUID | None = None
    answers: Answers = field(default_factory=dict)
    findings: Findings = NOTHING_FOUND


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
    unseen = actor.token_expired or before.unread
    joined = None if unseen else _joined(patient, before, verdict, entry, now)
    found, figures = series_effects(session, joined)
    findings = entry.findings.and_also(found).and_also(Findings(failed=before.unread))
    alarms = raise_alarms(session, patient, verdict, findings, entry.id, now)
    safety = _card(session, patient, verdict, findings, now)
    body = render(entry.record(safety))
    write_together(
        session,
        [
            *entry.writes,
            *alarms.writes,
            *_plan_writes(before, verdict, now),
            _decision(patient, entry, verdict, findings, now),
            _status(patient, verdict, entry, figures, now),
            *_heard(patient, verdict),
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
    if actor.patient_id is None:
        about = {"patient_id": patient.patient_id, "object_id": entry.id}
        audit.record(session, actor.user_id, f"{entry.kind}_written", now, **about)
    return Answered(201, body)


def _joined(
    patient: LockedPatient, before: Known, verdict: Verdict, entry: Entry, now: datetime
) -> Joined | None:
    as_entry = series_entry(verdict, entry.root_id or entry.id)
    if as_entry is None or entry.instrument is None:
        return None
    return Joined(
        patient_id=patient.patient_id,
        instrument=entry.instrument,
        entry=as_entry,
        answers=entry.answers,
        treatment=before.treatment,
        timezone=patient.timezone,
        now=now,
    )


def _card(
    session: Session,
    patient: LockedPatient,
    verdict: Verdict,
    findings: Findings,
    now: datetime,
) -> Safety:
    level, advice = verdict.card_level, _advice(findings)
    if level is None and advice is None:
        return None
    clinic = clinic_facts(session, patient.clinic_id)
    receipt = Receipt(paged=verdict.is_risky or findings.pages, followed=patient.followed)
    try:
        crisis: Card | None = None
        if level is not None:
            crisis = card(level, clinic, now, receipt, next_instrument(verdict.facts))
        return crisis if advice is None else medical_card(advice, clinic, now, receipt, crisis)
    except Exception as error:  # noqa: BLE001 -- a card that cannot be made must not cost the answer
        log.error("card_failed", kind=type(error).__name__)
        worst = level or (advice.level if advice else "support")
        return generic_card(committed=True, level=worst, country=clinic.country)


def _advice(findings: Findings) -> MedicalAdvice | None:
    try:
        return medical_advice(findings.answered)
    except Exception as error:  # noqa: BLE001 -- words that cannot be chosen must not cost the answer
        log.error("advice_failed", kind=type(error).__name__)
        return EMERGENCY if findings.emergency else None


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
    patient: LockedPatient, entry: Entry, verdict: Verdict, findings: Findings, now: datetime
) -> Write:
    tier = highest(each.tier for each in (*verdict.decisions, *findings.decisions))
    by: Literal["rules", "fallback"] = (
        "rules" if verdict.by_rules and not findings.failed else "fallback"
    )
    decided = [*verdict.stored(), *findings.stored()]
    return keep_decision(patient, entry.id, by, tier, decided, now)


def _status(
    patient: LockedPatient,
    verdict: Verdict,
    entry: Entry,
    figures: dict[str, Any],
    now: datetime,
) -> Write:
    values = figures | risk_values(patient, verdict)
    if entry.kind in ("check_in", "amendment"):
        values["last_check_in_at"] = func.greatest(PatientStatus.last_check_in_at, now)
    return (
        update(PatientStatus)
        .where(PatientStatus.patient_id == patient.patient_id)
        .values(revision=patient.next_revision, **values)
    )


def _heard(patient: LockedPatient, verdict: Verdict) -> list[Write]:
    """What was awaited after a session has come: N2 stays silent."""
    if not patient.treated or verdict.facts.kind == "help_request":
        return []
    at = verdict.facts.recorded_at
    return [
        update(SessionFollowUp)
        .where(
            SessionFollowUp.patient_id == patient.patient_id,
            SessionFollowUp.met_at.is_(None),
            SessionFollowUp.opens_at <= at,
            SessionFollowUp.due_at >= at,
        )
        .values(met_at=at)
    ]


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
