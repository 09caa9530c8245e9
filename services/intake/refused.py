"""A refused request in which danger was found: it opens an alert and carries the card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models import CheckIn, Patient, StoredPlan, UnreadableBody
from models.base import new_id
from models.encryption import keyring
from models.sealing import sealed
from services.access import Actor
from services.accounts.tokens.token_check import acting
from services.alerts.chain import ChainOf
from services.alerts.raising import raise_alerts
from services.exceptions import NotFound, Unauthenticated
from services.intake.deciding.outcome import Outcome, Read, placed_at
from services.intake.storing.store import safety_card, status_update, store_outcome
from services.patients.status.lock import LockedPatient, lock_patient
from services.patients.wording import for_reader
from services.rules.cards.crisis import ClinicFacts
from services.rules.catalogue import EMERGENCY, UNREADABLE_RISK
from services.rules.danger import triage
from services.rules.danger.numbers import RULES_VERSION
from services.rules.danger.refused_bodies import Danger, find_danger, found_emergency
from services.rules.danger.triage import EntryFacts, RiskHistory
from services.rules.decision import Decision, Tier
from services.rules.instruments.definition import LIFETIME_CSSRS
from services.unit_of_work import (
    Write,
    may_be_committed,
    retry_unknown_outcome,
    transaction,
    watch_commits,
)

log = structlog.get_logger()

KEPT_BODIES: Final = 5
KEPT_BYTES: Final = 16_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused request: where it went, what was read of it, and the problem document so far."""

    path: str
    body: bytes
    problem: dict[str, Any]
    asks_for_help: bool = False
    sender_verified: bool = True
    check_in_id: UUID | None = None


@retry_unknown_outcome
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
        return _searched(session, actor, refused, now)


@retry_unknown_outcome
def note_unverified(actor: Actor, refused: Refused, now: datetime) -> None:
    """Where danger stands in a request whose token, signed by us, does not hold, an alert of its
    account's patient says so (`sender not verified`), and nothing else follows from it.
    """
    if not any(_danger(refused, family) for family in _families(refused)):
        return
    before = may_be_committed()
    with transaction(actor.clinic_id) as session:
        account = (Patient.id == actor.patient_id, Patient.user_id == actor.user_id)
        known = session.scalar(select(Patient.id).where(*account)) is not None
        if known:
            _searched(session, actor, refused, now)
    if not known:
        watch_commits(committed=before)  # nothing was written for somebody who is not there


def _searched(
    session: Session, actor: Actor, refused: Refused, now: datetime
) -> dict[str, Any] | None:
    if actor.patient_id is None:
        return None
    try:
        patient = lock_patient(session, actor.patient_id)
    except NotFound as error:
        raise Unauthenticated from error  # erased while this waited for the lock
    purpose = "refused body" if refused.sender_verified else "unverified body"
    digest = keyring.digest(refused.path.encode() + b"\x00" + refused.body, purpose)
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
    return _commit(session, actor, patient, refused, danger, digest, now)


def _families(refused: Refused) -> tuple[str | None, ...]:
    """What the form may be: only an amendment's address knows it, and the database that."""
    return (None,) if refused.check_in_id is None else (None, "phq9", LIFETIME_CSSRS)


def _shown_again(actor: Actor, answer: str) -> dict[str, Any]:
    """The kept answer; an expired token sees no stored record in it."""
    kept: dict[str, Any] = orjson.loads(answer)
    return {
        key: value for key, value in kept.items() if not (actor.token_expired and key == "stored")
    }


def _danger(refused: Refused, instrument: str | None) -> Danger | None:
    found = find_danger(refused.body, instrument)
    if refused.asks_for_help:
        return Danger(Tier.CRITICAL, ("help_request",), found is not None and found.is_emergency)
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
    actor: Actor,
    patient: LockedPatient,
    refused: Refused,
    danger: Danger,
    digest: bytes,
    now: datetime,
) -> dict[str, Any]:
    outcome, entry_id = _decide(patient, danger, refused.sender_verified, now), new_id()
    counts = refused.sender_verified and danger.tier is not None
    facts = outcome.read.facts
    chain = ChainOf(session, patient.clinic_id, now, patient.patient_id)
    raised = raise_alerts(session, patient, facts, outcome.decisions, entry_id, chain, now)

    def read_by() -> ClinicFacts:
        return for_reader(session, actor, chain().facts)

    safety = safety_card(outcome, patient, read_by, now, is_stored=False)
    problem = refused.problem | {"safety": safety}
    row = {
        "clinic_id": patient.clinic_id,
        "id": entry_id,
        "patient_id": patient.patient_id,
        "alert_id": raised.alert_ids.get(UNREADABLE_RISK) or raised.alert_ids[EMERGENCY],
        "body_digest": digest,
        "body": refused.body[:KEPT_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd"),
        "answer": orjson.dumps(problem).decode(),
        "answer_status": problem["status"],
        "counts_as_risk": counts,
        "received_at": now,
        "revision": patient.next_revision,
    }
    body = insert(UnreadableBody).values(sealed(UnreadableBody, row))
    risk = _risk_writes(patient, now) if counts else [status_update(patient, {})]
    others = [*risk, _drop_old_bodies(patient), body]
    store_outcome(session, patient, outcome, raised, entry_id, now, others)
    return problem


def _decide(
    patient: LockedPatient, danger: Danger, sender_verified: bool, now: datetime
) -> Outcome:
    tier = danger.tier if sender_verified or not danger.is_emergency else Tier.CRITICAL
    facts = EntryFacts(
        "unreadable", now, now, unreadable_tier=tier, sender_verified=sender_verified
    )
    read = Read(facts, placed_at(now, patient.timezone))
    bodily = (found_emergency(danger),) if danger.is_emergency and sender_verified else ()
    if tier is None:
        return Outcome(read, others=bodily)
    history = RiskHistory(patient.item9_positive_at, patient.cssrs_moderate_at)
    try:
        return Outcome(read, triage.triage(facts, history, plan_holds=False), bodily)
    except Exception as error:  # noqa: BLE001 - whatever the rules raise, danger must still page
        log.error("rules_failed", kind=type(error).__name__, rule_version=RULES_VERSION)
        rules = ("S10b", "S10a") if sender_verified else ("S10d", "S10c")
        rule = rules[0] if tier is Tier.HIGH else rules[1]
        found = Decision.with_tier(rule, RULES_VERSION, tier, {"kind": facts.kind})
        return Outcome(read, (found,), bodily, failed=True)


def _risk_writes(patient: LockedPatient, now: datetime) -> list[Write]:
    """It ends a standing plan and counts as item 9 of 1 or more from now on."""
    plan = (
        update(StoredPlan)
        .where(StoredPlan.patient_id == patient.patient_id, StoredPlan.ended_at.is_(None))
        .values(ended_at=now, ended_because="unreadable_risk")
    )
    positive_at = max(now, patient.item9_positive_at or now)
    return [plan, status_update(patient, {"item9_positive_at": positive_at})]


def _drop_old_bodies(patient: LockedPatient) -> Write:
    """The newest bodies are kept, cut, for those who may act; the digests stay for ever."""
    mine = UnreadableBody.patient_id == patient.patient_id
    outdated = (
        select(UnreadableBody.id)
        .where(mine, UnreadableBody.body.is_not(None))
        .order_by(UnreadableBody.received_at.desc(), UnreadableBody.id.desc())
        .offset(KEPT_BODIES - 1)
    )
    return update(UnreadableBody).where(mine, UnreadableBody.id.in_(outdated)).values(body=None)
