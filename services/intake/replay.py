"""Decide again what the rules could not decide: after their repair, entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from models import (
    CheckIn,
    CheckInContent,
    PatientStatus,
    RulesFailure,
    SideEffectReport,
    StandingPlan,
    StoredDecision,
)
from services.alerts.writing import notify_statement
from services.intake.deciding.background import Known, load_background
from services.intake.deciding.entry import ENTERED_BY_STAFF, TOKEN_EXPIRED, Sent
from services.intake.deciding.findings import NOTHING_FOUND, Findings
from services.intake.deciding.series_figures import series_effects, series_entry
from services.intake.deciding.series_rules import Joined
from services.intake.deciding.side_effects import decide_effects
from services.intake.deciding.verdict import Verdict, decide_by_rules
from services.intake.records.check_ins import SCORE_FIELDS
from services.intake.storing.alarms import raise_alarms
from services.intake.storing.contents import OF_ITS_CHECK_IN
from services.intake.storing.decisions import keep_decision
from services.one_statement import Write, write_together
from services.patients.history.treatments import load_treatment
from services.patients.status.lock import LockedPatient, lock_patient
from services.patients.status.row import refresh
from services.rules.catalogue import CATALOGUE
from services.rules.danger.standing_plans import EndReason
from services.rules.decision import Decision, Tier
from services.rules.instruments.lookup import instrument
from services.rules.mood_days import Placement
from services.unit_of_work import transaction


def load_report(session: Session, patient_id: UUID, entry_id: UUID) -> SideEffectReport | None:
    """The version that an entry is, if it is a report of side effects."""
    return session.scalars(
        select(SideEffectReport).where(
            SideEffectReport.patient_id == patient_id, SideEffectReport.id == entry_id
        )
    ).one_or_none()


def decide_again(
    session: Session, patient: LockedPatient, before: Known, report: SideEffectReport
) -> tuple[Verdict, Findings]:
    """What the rules say of it now; raises when they still fail."""
    placed = Placement(
        report.mood_day,
        report.zone,
        frozenset(report.flags),
        report.recorded_at,
        report.answered_at,
    )
    verdict = decide_by_rules(_report_sent(report, patient), placed, before.background)
    earlier = session.scalars(
        select(SideEffectReport).where(
            SideEffectReport.patient_id == patient.patient_id,
            SideEffectReport.root_id == report.root_id,
            SideEffectReport.version < report.version,
        )
    )
    findings = decide_effects(session, patient, report, list(earlier), before.treatment)
    if findings.failed:
        raise RuntimeError("the rules of side effects still fail")
    return verdict, findings


def unheard(findings: Findings, heard: Mapping[str, Tier]) -> Findings:
    """Without what was reported when the entry came, unless it is graver now."""
    return Findings(
        tuple(
            replace(each, fired=False, tier=None) if _is_heard(each, heard) else each
            for each in findings.decisions
        )
    )


def _is_heard(decision: Decision, heard: Mapping[str, Tier]) -> bool:
    before = heard.get(decision.rule)
    if before is None or decision.tier is None:
        return False
    return decision.tier <= before


def _report_sent(report: SideEffectReport, patient: LockedPatient) -> Sent:
    return Sent(
        kind="side_effects",
        instrument=None,
        answers={},
        note=report.note if report.version == 1 else report.reason,
        recorded_at=report.recorded_at,
        received_at=report.received_at,
        timezone=report.timezone,
        profile_timezone=patient.timezone,
        flags=frozenset(report.flags) & {ENTERED_BY_STAFF},
    )


# Rules that an answer itself fires: what the fallback stands in for.
OF_AN_ANSWER: Final = frozenset(rule.id for rule in CATALOGUE.values() if rule.cause)


@dataclass(frozen=True, slots=True)
class Undecided:
    """One entry on which the fallback had to speak.

    `tier`: what the S rules or the fallback in their place gave it; `heard`: the other rules
    that have raised an alert about it already, and how grave.
    """

    clinic_id: UUID
    patient_id: UUID
    entry_id: UUID
    tier: Tier | None
    heard: Mapping[str, Tier] = field(default_factory=dict)


def undecided(clinic_id: UUID, since: datetime) -> list[Undecided]:
    """The clinic's entries since `since` that only the fallback decided, oldest first."""
    later = aliased(StoredDecision)
    again = exists().where(
        later.clinic_id == StoredDecision.clinic_id,
        later.patient_id == StoredDecision.patient_id,
        later.entry_id == StoredDecision.entry_id,
        later.by == "replay",
    )
    with transaction(clinic_id) as session:
        rows = session.execute(
            select(StoredDecision.patient_id, StoredDecision.entry_id, StoredDecision.decided)
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
        max((tier for rule, tier in fired if rule in OF_AN_ANSWER), default=None),
        {rule: tier for rule, tier in fired if rule not in OF_AN_ANSWER},
    )


def replay(entry: Undecided, now: datetime) -> Verdict | None:
    """Decide one entry by the rules in force; None for a help request, which needs no score.

    Writes its score, the decisions and, where the rules see more than the fallback did, the
    occurrence. Raises what the rules raise: the entry then stays undecided.
    """
    with transaction(entry.clinic_id) as session:
        patient = lock_patient(session, entry.patient_id)
        row = _load(session, entry)
        before = load_background(session, patient)
        if before.unread:
            raise RuntimeError("the treatment still cannot be read")
        if row is None:
            return _replay_other(session, patient, before, entry, now)
        placed = Placement(
            row.mood_day, row.zone, frozenset(row.flags), row.recorded_at, row.answered_at
        )
        verdict = decide_by_rules(_sent(session, row, patient), placed, before.background)
        findings = _series(session, patient, row, verdict, now)
        _finish(session, patient, entry, verdict, findings, [_rescore(entry, verdict)], now)
        plan = before.background.plan
        if verdict.plan_ended is not None and plan is not None and plan.set_at <= row.received_at:
            _end_plan(session, before, verdict.plan_ended, now)
        return verdict


def _replay_other(
    session: Session, patient: LockedPatient, before: Known, entry: Undecided, now: datetime
) -> Verdict | None:
    """An entry that is no form: a report of side effects, or a help request (nothing to score)."""
    report = load_report(session, entry.patient_id, entry.entry_id)
    if report is None:
        _finish(session, patient, entry, None, NOTHING_FOUND, [], now)
        return None
    verdict, findings = decide_again(session, patient, before, report)
    _finish(session, patient, entry, verdict, findings, [], now)
    return verdict


def _end_plan(session: Session, before: Known, reason: EndReason, now: datetime) -> None:
    session.execute(
        update(StandingPlan)
        .where(StandingPlan.id == before.plan_id)
        .values(ended_at=now, ended_because=reason)
    )


def _load(session: Session, entry: Undecided) -> Any:
    return session.execute(
        select(
            *CheckIn.__table__.c, CheckInContent.answers, CheckInContent.note, CheckInContent.reason
        )
        .join(CheckInContent, OF_ITS_CHECK_IN)
        .where(CheckIn.patient_id == entry.patient_id, CheckIn.id == entry.entry_id)
    ).one_or_none()


def _sent(session: Session, row: Any, patient: LockedPatient) -> Sent:
    earlier = session.scalars(
        select(CheckInContent.answers)
        .join(CheckIn, OF_ITS_CHECK_IN)
        .where(
            CheckIn.patient_id == patient.patient_id,
            CheckIn.root_id == row.root_id,
            CheckIn.version < row.version,
        )
        .order_by(CheckIn.version)
    )
    return Sent(
        kind="check_in" if row.version == 1 else "amendment",
        instrument=instrument(row.instrument),
        answers=row.answers,
        note=row.note or row.reason,
        recorded_at=row.recorded_at,
        received_at=row.received_at,
        timezone=row.timezone,
        profile_timezone=patient.timezone,
        flags=frozenset(row.flags) & {TOKEN_EXPIRED, ENTERED_BY_STAFF},
        earlier=tuple(earlier),
    )


def _finish(
    session: Session,
    patient: LockedPatient,
    entry: Undecided,
    verdict: Verdict | None,
    findings: Findings,
    writes: list[Write],
    now: datetime,
) -> None:
    pages = False
    if verdict is not None:
        alarms = raise_alarms(
            session,
            patient,
            _unheard(entry, verdict),
            unheard(findings, entry.heard),
            entry.entry_id,
            now,
        )
        writes += alarms.writes
        pages = alarms.pages
    tier = verdict.tier if verdict else entry.tier
    decided = [*(verdict.stored() if verdict else []), *findings.stored()]
    writes.append(keep_decision(patient, entry.entry_id, "replay", tier, decided, now))
    writes.append(
        update(PatientStatus)
        .where(PatientStatus.patient_id == patient.patient_id)
        .values(revision=patient.next_revision)
    )
    writes.append(
        update(RulesFailure)
        .where(RulesFailure.patient_id == entry.patient_id, RulesFailure.entry_id == entry.entry_id)
        .values(replayed_at=now)
    )
    write_together(session, writes)
    refresh(session, patient.patient_id, now)
    if pages:
        session.execute(notify_statement())


def _rescore(entry: Undecided, verdict: Verdict) -> Any:
    read = verdict.read
    return (
        update(CheckIn)
        .where(CheckIn.patient_id == entry.patient_id, CheckIn.id == entry.entry_id)
        .values(
            **{field: getattr(read.score, field) for field in SCORE_FIELDS},
            q9=read.facts.item9_number,
            q9_highest=read.q9_highest,
            q9_unknown=read.facts.item9 == "unknown",
            cssrs_level=read.facts.cssrs,
            flags=sorted(read.facts.flags),
        )
    )


def _unheard(entry: Undecided, verdict: Verdict) -> Verdict:
    """Only what is above the tier that the fallback gave: the rest stands on an alert already."""
    if entry.tier is None or (verdict.tier is not None and verdict.tier > entry.tier):
        return verdict
    return replace(verdict, decisions=())


def _series(
    session: Session, patient: LockedPatient, row: Any, verdict: Verdict, now: datetime
) -> Findings:
    """The rules of the series again, for a version that is current and counts."""
    as_entry = series_entry(verdict, row.root_id)
    if row.superseded or not row.counts_in_trend or as_entry is None:
        return NOTHING_FOUND
    joined = Joined(
        patient_id=patient.patient_id,
        instrument=row.instrument,
        entry=as_entry,
        answers=row.answers,
        treatment=load_treatment(session, patient.patient_id),
        timezone=patient.timezone,
        now=now,
    )
    findings, _ = series_effects(session, joined)
    if findings.failed:
        raise RuntimeError("the rules of the series still fail")
    return findings
