"""Decide again what the rules could not decide: after their repair, entry by entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from models import (
    CheckIn,
    RulesFailure,
    StoredDecision,
    StoredVitals,
    TreatmentSession,
    TreatmentSessionVersion,
)
from services.alerts.chain import ChainOf
from services.alerts.raising import raise_alerts
from services.exceptions import NotFound
from services.intake.check_in import CHECK_INS, CheckInEntry, read_columns
from services.intake.deciding.known import Known, Sent, load_known
from services.intake.deciding.outcome import (
    ENTERED_BY_STAFF,
    TOKEN_EXPIRED,
    Outcome,
    decide_by_rules,
)
from services.intake.deciding.treatment import decide_session, decide_vitals, decided_about_session
from services.intake.entry import Entry
from services.intake.side_effects import SIDE_EFFECT_REPORTS, SideEffectsEntry
from services.intake.storing.follow_ups import with_follow_ups
from services.intake.storing.store import end_plan, status_update, store_outcome
from services.intake.versions import VersionedEntry, load_versions
from services.patients.history.side_effects import read_effects
from services.patients.history.treatments import current_version
from services.patients.status.lock import lock_status_row
from services.patients.status.row import refresh
from services.rules.catalogue import CATALOGUE
from services.rules.decision import Decision, Tier, highest
from services.rules.instruments.definition import instrument
from services.rules.mood_days import Placement
from services.unit_of_work import Write, transaction


@dataclass(frozen=True, slots=True)
class Undecided:
    """One entry on which the fallback had to speak.

    `tier`: what the S rules or the fallback in their place gave it; `reported_tiers`: the other
    rules that have raised an alert about it already, and how grave.
    """

    clinic_id: UUID
    patient_id: UUID
    entry_id: UUID
    decided_at: datetime
    tier: Tier | None
    reported_tiers: Mapping[str, Tier] = field(default_factory=dict)


def undecided(clinic_id: UUID, since: datetime) -> list[Undecided]:
    """The clinic's entries since `since` that only the fallback decided, oldest first."""
    later = aliased(StoredDecision)
    again = exists().where(
        later.clinic_id == StoredDecision.clinic_id,
        later.patient_id == StoredDecision.patient_id,
        later.entry_id == StoredDecision.entry_id,
        later.by == "replay",
        # A session that is changed after a replay may fail again.
        later.revision > StoredDecision.revision,
    )
    with transaction(clinic_id) as session:
        rows = session.execute(
            select(
                StoredDecision.patient_id,
                StoredDecision.entry_id,
                StoredDecision.decided,
                StoredDecision.decided_at,
            )
            .where(StoredDecision.by == "fallback", StoredDecision.decided_at >= since, ~again)
            .order_by(StoredDecision.decided_at, StoredDecision.id)
        ).all()
    return [_undecided(clinic_id, row) for row in rows]


def _undecided(clinic_id: UUID, row: Any) -> Undecided:
    fired = [(one["rule"], Tier.from_word(one["tier"])) for one in row.decided if one["tier"]]
    return Undecided(
        clinic_id,
        row.patient_id,
        row.entry_id,
        row.decided_at,
        highest(tier for rule, tier in fired if CATALOGUE[rule].cause),
        {rule: tier for rule, tier in fired if not CATALOGUE[rule].cause},
    )


def replay(entry: Undecided, now: datetime) -> None:
    """Decide one entry by the rules in force; a help request needs no score.

    Writes its score, the decisions and, where the rules see more than the fallback did, the
    occurrence. Raises what the rules raise: the entry then stays undecided.
    """
    with transaction(entry.clinic_id) as session:
        status = lock_status_row(session, entry.patient_id)
        known = load_known(session, entry.patient_id, status)
        if known.unread:
            raise RuntimeError("the treatment still cannot be read")
        outcome, writes = _decide_again(session, known, entry, now)
        if outcome.failed:
            raise RuntimeError("the rules still fail")
        patient = known.patient
        raised = raise_alerts(
            session,
            patient,
            outcome.read.facts,
            _without_reported(entry, outcome),
            entry.entry_id,
            ChainOf(session, patient.clinic_id, now, patient.patient_id),
            now,
            outcome.read.reassuring,
        )
        done = (
            update(RulesFailure)
            .where(
                RulesFailure.patient_id == entry.patient_id,
                RulesFailure.entry_id == entry.entry_id,
            )
            .values(replayed_at=now)
        )
        others = [*writes, status_update(patient, {}), done]
        store_outcome(session, patient, outcome, raised, entry.entry_id, now, others, by="replay")
        refresh(session, entry.patient_id, now)


def _without_reported(entry: Undecided, outcome: Outcome) -> list[Decision]:
    """What the rules see beyond what was reported when the entry came: the rest stands on an alert
    already.
    """
    danger, before = highest(one.tier for one in outcome.danger), entry.tier
    graver = before is None or (danger is not None and danger > before)
    others = [
        one
        for one in outcome.others
        if one.tier is not None and one.tier > entry.reported_tiers.get(one.rule, 0)
    ]
    return [*(outcome.danger if graver else ()), *others]


def _decide_again(
    session: Session, known: Known, entry: Undecided, now: datetime
) -> tuple[Outcome, list[Write]]:
    """What the rules say of the entry now, whatever it is, and what that changes of it."""
    for kind, decide_version in ((CHECK_INS, _check_in), (SIDE_EFFECT_REPORTS, _side_effects)):
        row, earlier = _versions(session, kind, entry)
        if row is not None:
            return decide_version(session, known, row, earlier, now)
    return _about_session(session, known, entry), []


def _versions(
    session: Session, kind: VersionedEntry, entry: Undecided
) -> tuple[Any | None, Sequence[Any]]:
    """The version that an entry is, and those before it; None when it is of another kind."""
    try:
        versions = load_versions(session, kind, entry.patient_id, entry.entry_id)
    except NotFound:
        return None, ()
    row = next(version for version in versions if version.id == entry.entry_id)
    return row, [version for version in versions if version.version < row.version]


def _check_in(
    session: Session, known: Known, row: Any, earlier: Sequence[Any], now: datetime
) -> tuple[Outcome, list[Write]]:
    again = CheckInEntry(
        id=row.id,
        kind="check_in" if row.version == 1 else "amendment",
        digest=b"",
        sent=_sent(
            row,
            kind="check_in" if row.version == 1 else "amendment",
            instrument=instrument(row.instrument),
            answers=row.answers,
            note=row.note or row.reason,
            flags=frozenset(row.flags) & {TOKEN_EXPIRED, ENTERED_BY_STAFF},
            earlier=tuple(version.answers for version in earlier),
        ),
        versions=earlier,
        author={},
        counts=row.counts_in_trend and not row.superseded,
    )
    outcome = _decided(session, known, again, row, now)
    rescored = (
        update(CheckIn)
        .where(CheckIn.patient_id == row.patient_id, CheckIn.id == row.id)
        .values(**read_columns(outcome))
    )
    plan, reason = known.plan, outcome.plan_ended
    if plan is None or plan.id is None or reason is None or plan.set_at > row.received_at:
        return outcome, [rescored]
    return outcome, [rescored, end_plan(plan.id, reason, now)]


def _side_effects(
    session: Session, known: Known, row: Any, earlier: Sequence[Any], now: datetime
) -> tuple[Outcome, list[Write]]:
    again = SideEffectsEntry(
        id=row.id,
        kind="side_effects" if row.version == 1 else "side_effects_amendment",
        digest=b"",
        sent=_sent(
            row,
            kind="side_effects",
            instrument=None,
            answers={},
            note=row.note if row.version == 1 else row.reason,
            flags=frozenset(row.flags) & {ENTERED_BY_STAFF},
        ),
        versions=earlier,
        author={},
        effects=read_effects(row.effects),
        vitals={},
        session_id=row.session_id,
    )
    return _decided(session, known, again, row, now), []


def _sent(row: Any, **answered: Any) -> Sent:
    return Sent(
        recorded_at=row.recorded_at,
        received_at=row.received_at,
        timezone=row.timezone,
        **answered,
    )


def _decided(session: Session, known: Known, again: Entry, row: Any, now: datetime) -> Outcome:
    """It keeps its place in time, also where the rules of then would no longer give it."""
    placed = Placement(
        row.mood_day, row.zone, frozenset(row.flags), row.recorded_at, row.answered_at
    )
    outcome = decide_by_rules(again.sent, placed, known)
    return again.decide(session, known, outcome, row._asdict(), now)


def _about_session(session: Session, known: Known, entry: Undecided) -> Outcome:
    """Vital signs, or a session; a help request needs no more than it got."""
    patient, at = known.patient, entry.decided_at
    mine = (entry.patient_id, entry.entry_id)
    taken = session.execute(
        select(*StoredVitals.__table__.c).where(
            tuple_(StoredVitals.patient_id, StoredVitals.id) == mine,
            StoredVitals.superseded_revision.is_(None),
        )
    ).one_or_none()
    if taken is not None:
        key = TreatmentSessionVersion.session_id
        at_session = current_version(session, key, entry.patient_id, taken.session_id)
        return decide_vitals(session, patient, at_session, taken, taken.received_at)
    is_session = session.scalar(
        select(TreatmentSession.id).where(
            tuple_(TreatmentSession.patient_id, TreatmentSession.id) == mine
        )
    )
    if is_session is None:
        return decided_about_session(patient, at, ())
    return with_follow_ups(session, patient, decide_session(session, patient, at), at)
