"""Decide a report of side effects again, after the rules that failed on it were repaired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import SideEffectReport
from services.intake.background import Known
from services.intake.deciding import Verdict, decide_by_rules
from services.intake.effects_rules import decide_effects
from services.intake.facts import ENTERED_BY_STAFF, Sent
from services.intake.findings import Findings
from services.patients.lock import LockedPatient
from services.rules.mood_days import Placement
from services.rules.rule_decision import RuleDecision
from services.rules.tiers import Tier


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
    verdict = decide_by_rules(_sent(report, patient), placed, before.background)
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
            replace(each, fired=False, severity=None) if _is_heard(each, heard) else each
            for each in findings.decisions
        )
    )


def _is_heard(decision: RuleDecision, heard: Mapping[str, Tier]) -> bool:
    before = heard.get(decision.rule)
    if before is None or decision.severity is None:
        return False
    return Tier.from_word(decision.severity) <= before


def _sent(report: SideEffectReport, patient: LockedPatient) -> Sent:
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
