"""A refused request in which danger was found: it opens an alert and carries the card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models import CheckIn, PatientStatus, StandingPlan, UnreadableBody
from models.base import new_id
from models.encryption import keyring
from services.access import Actor
from services.accounts.token_check import acting
from services.alerts.opening import load_open_alert
from services.alerts.writing import notify_statement
from services.intake.deciding.background import clinic_facts
from services.intake.deciding.entry import Read
from services.intake.deciding.findings import Findings
from services.intake.deciding.verdict import Verdict
from services.intake.repeated import made_certain
from services.intake.storing.alarms import raise_alarms
from services.intake.storing.decisions import keep_decision
from services.one_statement import Write, write_together
from services.patients.status.lock import LockedPatient, lock_patient
from services.rules.cards.crisis import Receipt, card
from services.rules.catalogue import UNREADABLE_RISK
from services.rules.danger.entry import EntryFacts, RiskHistory
from services.rules.danger.refused_bodies import Danger, find_danger
from services.rules.danger.triage import card_level, next_instrument, triage
from services.rules.decision import Tier
from services.rules.mood_days import Placement

KEPT_BODIES: Final = 5
KEPT_BYTES: Final = 16_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused request: where it went, what was read of it, and the problem document so far."""

    path: str
    body: bytes
    problem: dict[str, Any]
    asks_for_help: bool = False
    check_in_id: UUID | None = None


@made_certain
def answer_refusal(actor: Actor, refused: Refused, now: datetime) -> dict[str, Any] | None:
    """The problem document with the card, after its alert is committed; None without danger.

    The same bytes again from this patient answer the same and change nothing, also after the alert
    was resolved. Raises `Unauthenticated` when the token no longer holds.
    """
    if actor.patient_id is None:
        return None
    if not any(_danger(refused, family) for family in _families(refused)):
        return None
    with acting(actor, now) as session:
        patient = lock_patient(session, actor.patient_id)
        digest = keyring.digest(refused.path.encode() + b"\x00" + refused.body, "refused body")
        earlier = session.scalar(
            select(UnreadableBody.answer).where(
                UnreadableBody.patient_id == patient.patient_id,
                UnreadableBody.body_digest == digest,
            )
        )
        if earlier is not None:
            return _shown_again(actor, earlier)
        danger = _danger(refused, _instrument(session, patient, refused.check_in_id))
        if danger is None:
            return None
        return _commit(session, patient, refused, danger, digest, now)


def _families(refused: Refused) -> tuple[str | None, ...]:
    """What the form may be: only an amendment's address knows it, and the database that."""
    return (None,) if refused.check_in_id is None else (None, "phq9", "cssrs-screener")


def _shown_again(actor: Actor, answer: str) -> dict[str, Any]:
    """The kept answer; an expired token sees no stored record in it."""
    kept: dict[str, Any] = orjson.loads(answer)
    return {
        key: said for key, said in kept.items() if not (actor.token_expired and key == "stored")
    }


def _danger(refused: Refused, instrument: str | None) -> Danger | None:
    found = find_danger(refused.body, instrument)
    if found is None and refused.asks_for_help:
        return Danger(Tier.CRITICAL, ("help_request",))
    return found


def _instrument(session: Session, patient: LockedPatient, check_in_id: UUID | None) -> str | None:
    """An amendment's body does not name the form that it amends."""
    if check_in_id is None:
        return None
    return session.scalar(
        select(CheckIn.instrument).where(
            CheckIn.patient_id == patient.patient_id, CheckIn.id == check_in_id
        )
    )


def _commit(
    session: Session,
    patient: LockedPatient,
    refused: Refused,
    danger: Danger,
    digest: bytes,
    now: datetime,
) -> dict[str, Any]:
    verdict = _verdict(patient, danger, now)
    entry_id = new_id()
    alarms = raise_alarms(session, patient, verdict, Findings(), entry_id, now)
    facts = verdict.facts
    safety = card(
        card_level(facts, verdict.decisions) or "support",
        clinic_facts(session, patient.clinic_id),
        now,
        Receipt(stored=False, paged=True, followed=patient.followed),
        next_instrument(facts),
    )
    problem = refused.problem | {"safety": safety}
    write_together(session, [*alarms.writes, *_risk_writes(patient, verdict, entry_id, now)])
    held = load_open_alert(session, patient.patient_id, UNREADABLE_RISK)
    if held is None:
        raise AssertionError("the alert that was just written is gone")
    _keep_body(session, patient, held.key.alert_id, entry_id, refused, problem, digest, now)
    session.execute(notify_statement())
    return problem


def _verdict(patient: LockedPatient, danger: Danger, now: datetime) -> Verdict:
    facts = EntryFacts(
        kind="unreadable", recorded_at=now, received_at=now, unreadable_tier=danger.tier
    )
    history = RiskHistory(patient.item9_positive_at, patient.cssrs_moderate_at)
    placement = Placement(now.date(), patient.timezone, frozenset(), now, now)
    return Verdict(
        read=Read(None, placement, facts, None, False),
        decisions=triage(facts, history, plan_holds=False),
        by_rules=True,
    )


def _risk_writes(
    patient: LockedPatient, verdict: Verdict, entry_id: UUID, now: datetime
) -> list[Write]:
    """It ends a standing plan and counts as item 9 of 1 or more from now on."""
    plan = (
        update(StandingPlan)
        .where(StandingPlan.patient_id == patient.patient_id, StandingPlan.ended_at.is_(None))
        .values(ended_at=now, ended_because="unreadable_risk")
    )
    status = (
        update(PatientStatus)
        .where(PatientStatus.patient_id == patient.patient_id)
        .values(
            revision=patient.next_revision,
            item9_positive_at=max(now, patient.item9_positive_at or now),
        )
    )
    decision = keep_decision(patient, entry_id, "rules", verdict.tier, verdict.stored(), now)
    return [plan, status, decision]


def _keep_body(
    session: Session,
    patient: LockedPatient,
    alert_id: UUID,
    entry_id: UUID,
    refused: Refused,
    problem: dict[str, Any],
    digest: bytes,
    now: datetime,
) -> None:
    """Keep the newest bodies, cut, for those who may act; the digests stay for ever."""
    mine = UnreadableBody.patient_id == patient.patient_id
    outdated = (
        select(UnreadableBody.id)
        .where(mine, UnreadableBody.body.is_not(None))
        .order_by(UnreadableBody.received_at.desc(), UnreadableBody.id.desc())
        .offset(KEPT_BODIES - 1)
    )
    session.execute(
        update(UnreadableBody).where(mine, UnreadableBody.id.in_(outdated)).values(body=None)
    )
    session.execute(
        insert(UnreadableBody).values(
            id=entry_id,
            clinic_id=patient.clinic_id,
            patient_id=patient.patient_id,
            alert_id=alert_id,
            body_digest=digest,
            body=refused.body[:KEPT_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd"),
            answer=orjson.dumps(problem).decode(),
            answer_status=problem["status"],
            received_at=now,
            revision=patient.next_revision,
        )
    )
