"""Store one decided entry and all that follows from it, as one statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any, Literal
from uuid import UUID

import structlog
from sqlalchemy import update
from sqlalchemy.orm import Session

from models import PatientStatus, RecordId, StoredDecision, StoredPlan
from models.base import new_id
from models.entries.check_in import RecordKind
from services import audit
from services.access import Actor
from services.alerts.chain import Chain, ChainOf
from services.alerts.raising import AlertWrites, raise_alerts
from services.alerts.rules_failure import count_rules_failure
from services.alerts.writing import waking
from services.exactly_once import FirstAnswer, kept_answer, render
from services.intake.deciding.known import Known
from services.intake.deciding.outcome import Outcome
from services.intake.storing.follow_ups import follow_ups_met
from services.intake.storing.unwritten import Surroundings, TableRow, Unwritten
from services.patients.status.lock import LockedPatient
from services.patients.wording import in_their_words
from services.rules.cards.crisis import (
    Card,
    ClinicFacts,
    Level,
    RequestOutcome,
    card,
    generic_card,
    notes_notice,
)
from services.rules.cards.medical import EMERGENCY, MedicalAdvice, medical_advice, medical_card
from services.rules.catalogue import CATALOGUE, FALLBACK
from services.rules.danger import triage
from services.rules.danger.numbers import RULES_VERSION
from services.rules.danger.standing_plans import EndReason
from services.rules.danger.standing_plans import StandingPlan as PlanRules
from services.rules.danger.triage import next_instrument
from services.rules.decision import Decision, Tier, highest
from services.rules.languages.texts import ENGLISH
from services.rules.mood_days import IMPLAUSIBLE_TIME
from services.unit_of_work import Prepared, Write, changed_row, execute_writes, new_row

log = structlog.get_logger()

SafetyCard = dict[str, object] | None


@dataclass(frozen=True, slots=True)
class EntryWrites:
    """One entry to be stored: its own rows and other writes, and its record once the card is known.
    `has_note`: somebody wrote words in it; `is_plain`: it may wait for others, if it is harmless.
    """

    id: UUID
    root_id: UUID
    kind: RecordKind
    digest: bytes
    rows: Sequence[TableRow]
    writes: Sequence[Prepared]
    record: Callable[[SafetyCard], dict[str, Any]]
    has_note: bool
    is_plain: bool = False


def store_entry(
    session: Session,
    actor: Actor,
    known: Known,
    outcome: Outcome,
    entry: EntryWrites,
    now: datetime,
    later: Unwritten | None = None,
) -> FirstAnswer:
    """Write everything that follows from the entry and give the first answer's bytes.

    The status row is locked by the caller. Alerts without a patient are counted last. What is
    harmless is left to `later`, if that is given.
    """
    patient = known.patient
    around = (later.around if later else partial(Surroundings.of, session))(actor, patient, now)
    chain = around.chain
    is_calm = outcome.read.reassuring is None and all(one.tier is None for one in outcome.decisions)
    raised = AlertWrites() if is_calm else _raise(session, patient, outcome, entry.id, chain, now)
    read_by = cache(lambda: in_their_words(actor, chain().facts, around.own_language))
    record = entry.record(safety_card(outcome, patient, read_by, now))
    body = render(record | ({"notice": _notice(read_by(), now)} if entry.has_note else {}))
    rows = _rows(patient, entry, body, now)
    changed = _changed(patient, outcome, entry.kind, now)
    met = follow_ups_met(patient, outcome) if patient.treated else ()
    if later is not None and entry.is_plain and known.plan is None and is_calm:
        decided: TableRow = (StoredDecision, decision_row(patient, outcome, entry.id, now))
        changed |= {"revision": patient.next_revision}
        later.add((entry.id, entry.root_id), [*rows, decided], changed, [*entry.writes, *met])
        return FirstAnswer(201, body)
    if later is not None:
        later.write()
    others = [
        *(new_row(table, row) for table, row in rows),
        *entry.writes,
        *(_plan_writes(known.plan, outcome, now) if known.plan else ()),
        status_update(patient, changed),
        *met,
    ]
    by_staff, counts = actor.patient_id is None, outcome.failed and outcome.counts_as_failure
    is_last = not (later or by_staff or counts)
    store_outcome(session, patient, outcome, raised, entry.id, now, others, is_last=is_last)
    if counts:
        count_failure(session, patient, entry.id, chain(), now)
    if by_staff:
        action = f"{entry.kind}_written"
        audit.record(session, actor.user_id, action, now, patient.patient_id, entry.id)
    return FirstAnswer(201, body)


def _raise(
    session: Session,
    patient: LockedPatient,
    outcome: Outcome,
    entry_id: UUID,
    chain: ChainOf,
    now: datetime,
) -> AlertWrites:
    read, decisions = outcome.read, outcome.decisions
    return raise_alerts(
        session, patient, read.facts, decisions, entry_id, chain, now, read.reassuring
    )


def _rows(patient: LockedPatient, entry: EntryWrites, body: bytes, now: datetime) -> list[TableRow]:
    """The entry's own rows, and the one that keeps its answer."""
    kept = kept_answer(
        record_id=entry.id,
        clinic_id=patient.clinic_id,
        patient_id=patient.patient_id,
        kind=entry.kind,
        digest=entry.digest,
        body=body,
        now=now,
    )
    return [*entry.rows, (RecordId, kept)]


def store_outcome(
    session: Session,
    patient: LockedPatient,
    outcome: Outcome,
    raised: AlertWrites,
    entry_id: UUID,
    now: datetime,
    others: Sequence[Write] = (),
    by: Literal["replay"] | None = None,
    *,
    is_last: bool = False,
) -> None:
    """Write the decisions, yes and no alike, the alerts that they raise, and `others`, as one
    statement; wake the workers when a page was queued. `is_last` as in `execute_writes`.
    """
    decisions = decision_row(patient, outcome, entry_id, now, by)
    writes = [*others, *raised.writes, new_row(StoredDecision, decisions)]
    wake = [waking()] if raised.pages else []
    execute_writes(session, writes, *wake, is_last=is_last)


def decision_row(
    patient: LockedPatient,
    outcome: Outcome,
    entry_id: UUID,
    now: datetime,
    by: Literal["replay"] | None = None,
) -> dict[str, Any]:
    """What was decided, as it is stored."""
    tier = highest(one.tier for one in outcome.decisions)
    return {
        "id": new_id(),
        "clinic_id": patient.clinic_id,
        "patient_id": patient.patient_id,
        "entry_id": entry_id,
        "rule_version": RULES_VERSION,
        "by": by or ("fallback" if outcome.failed else "rules"),
        "tier": tier.word if tier else None,
        "decided": [one.stored() for one in outcome.decisions],
        "decided_at": now,
        "revision": patient.next_revision,
    }


def count_failure(
    session: Session, patient: LockedPatient, entry_id: UUID, chain: Chain, now: datetime
) -> None:
    """Count an entry whose rules failed. Entries of all patients queue for this: it comes last."""
    count_rules_failure(
        session,
        clinic_id=patient.clinic_id,
        patient_id=patient.patient_id,
        entry_id=entry_id,
        rule_version=RULES_VERSION,
        chain=chain,
        now=now,
    )


def end_plan(plan_id: UUID, reason: EndReason, now: datetime) -> Write:
    """A standing plan is over."""
    return changed_row(StoredPlan, {"id": plan_id}, {"ended_at": now, "ended_because": reason})


def _plan_writes(plan: PlanRules, outcome: Outcome, now: datetime) -> list[Write]:
    if plan.id is None:
        return []
    if outcome.plan_ended is not None:
        return [end_plan(plan.id, outcome.plan_ended, now)]
    if any(one.fired and one.rule == "S2p" for one in outcome.danger):
        change = update(StoredPlan).where(StoredPlan.id == plan.id)
        return [change.values(recorded_ones=StoredPlan.recorded_ones + 1)]
    return []


def status_update(patient: LockedPatient, values: Mapping[str, Any]) -> Write:
    """Raise the revision of the patient, with these columns of the status row."""
    changed = {"revision": patient.next_revision, **values}
    return changed_row(PatientStatus, {"patient_id": patient.patient_id}, changed)


def _changed(
    patient: LockedPatient, outcome: Outcome, kind: RecordKind, now: datetime
) -> dict[str, Any]:
    """What the entry changes in the status row. The columns of risk only ever move on."""
    read, facts = outcome.read, outcome.read.facts
    day, item9 = read.placement.mood_day, facts.item9_number
    # Risk of an unknown time is as new as its receipt; what ends a silence needs a time.
    is_believed = IMPLAUSIBLE_TIME not in facts.flags
    at = facts.recorded_at if is_believed else facts.received_at
    values: dict[str, Any] = dict(outcome.figures)
    if is_believed and kind in ("check_in", "amendment"):
        values["last_check_in_at"] = max(now, patient.last_check_in_at or now)
    if item9 is not None and item9 > 0:
        values["item9_positive_at"] = max(at, patient.item9_positive_at or at)
    if facts.cssrs in ("moderate", "high"):
        values["cssrs_moderate_at"] = max(at, patient.cssrs_moderate_at or at)
    if is_believed and read.reassuring is not None:
        values["last_cssrs_on"] = max(day, patient.last_cssrs_on or day)
    if is_believed and item9 is not None and day >= (patient.last_item9_on or day):
        values |= {"last_item9_on": day, "last_item9": read.q9_highest}
    return values


def safety_card(
    outcome: Outcome,
    patient: LockedPatient,
    facts: Callable[[], ClinicFacts],
    now: datetime,
    *,
    is_stored: bool = True,
) -> SafetyCard:
    """The card for danger, for a bodily emergency, or for both; None for neither. `is_stored`: the
    answer itself is, not only an alert of what was read in a refused one. `facts`: the clinic's,
    in the words of whoever reads.
    """
    level, answered = _level(outcome), (*outcome.others, *outcome.already_reported)
    advice = _advice(answered) if any(CATALOGUE[one.rule].is_bodily for one in answered) else None
    if level is None and advice is None:
        return None
    clinic = facts()
    paged = any(one.tier is not None and one.tier >= Tier.HIGH for one in outcome.decisions)
    receipt = RequestOutcome(stored=is_stored, paged=paged, followed=patient.followed)
    try:
        crisis: Card | None = None
        if level is not None:
            crisis = card(level, clinic, now, receipt, next_instrument(outcome.read.facts))
        return crisis if advice is None else medical_card(advice, clinic, now, receipt, crisis)
    except Exception as error:  # noqa: BLE001 -- a card that cannot be made must not cost the answer
        log.error("card_failed", kind=type(error).__name__)
        worst = level or (advice.level if advice else "support")
        return generic_card(committed=True, level=worst, country=clinic.country)


def _notice(clinic: ClinicFacts, now: datetime) -> str:
    try:
        return notes_notice(clinic, now)
    except Exception as error:  # noqa: BLE001 -- words that cannot be made must not cost the answer
        log.error("notice_failed", kind=type(error).__name__)
        return ENGLISH.card.notes_unwatched


def _level(outcome: Outcome) -> Level | None:
    try:
        if not any(one.rule == FALLBACK for one in outcome.danger):
            return triage.card_level(outcome.read.facts, outcome.danger)
    except Exception as error:  # noqa: BLE001 -- a card that cannot be chosen must not cost the answer
        log.error("card_level_failed", kind=type(error).__name__)
    tier = triage.occurrence_tier(outcome.danger)
    return "crisis" if tier is Tier.CRITICAL else "support" if tier else None


def _advice(answered: Sequence[Decision]) -> MedicalAdvice | None:
    try:
        return medical_advice(answered)
    except Exception as error:  # noqa: BLE001 -- words that cannot be chosen must not cost the answer
        log.error("advice_failed", kind=type(error).__name__)
        is_emergency = any(one.fired and one.rule == "E1" for one in answered)
        return EMERGENCY if is_emergency else None
