"""Alerts of the rules beside the S rules: each rule has a family of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.alerts.chain import load_chain
from services.alerts.opening import NewOccurrence, Opened, load_open_alert, open_or_add
from services.one_statement import Write
from services.patients.status.lock import LockedPatient
from services.rules.decision import Decision, Tier


@dataclass(frozen=True, slots=True)
class Cause:
    """What was decided on: an entry, where it came from, when it was said and when received."""

    entry_id: UUID | None
    source: str
    at: datetime
    received_at: datetime


@dataclass(slots=True)
class RuleAlerts:
    """What to write, and whether a page was queued (then run `notify_statement()` as well)."""

    writes: list[Write] = field(default_factory=list)
    pages: bool = False

    def add(self, opened: Opened) -> None:
        """Collect what one alert writes."""
        self.writes.extend(opened.writes)
        self.pages = self.pages or opened.pages


def rule_alerts(
    session: Session,
    patient: LockedPatient,
    decisions: Iterable[Decision],
    cause: Cause,
    now: datetime,
) -> RuleAlerts:
    """Open or add to the alert of every rule that fired. The status row is locked by the caller;
    alerts are locked here, after it, in the order of the rules.
    """
    made = RuleAlerts()
    fired = [decision for decision in decisions if decision.fired]
    for rule in sorted({decision.rule for decision in fired}):
        same = [decision for decision in fired if decision.rule == rule]
        made.add(_open(session, patient, rule, same, cause, now))
    return made


def _open(
    session: Session,
    patient: LockedPatient,
    rule: str,
    decisions: Sequence[Decision],
    cause: Cause,
    now: datetime,
) -> Opened:
    family = rule.lower()
    return open_or_add(
        load_open_alert(session, patient.patient_id, family),
        [_occurrence(decision, cause) for decision in decisions],
        patient_id=patient.patient_id,
        clinic_id=patient.clinic_id,
        family=family,
        rule_version=decisions[0].rule_version,
        chain=load_chain(session, patient.clinic_id),
        now=now,
        revision=patient.next_revision,
    )


def _occurrence(decision: Decision, cause: Cause) -> NewOccurrence:
    return NewOccurrence(
        entry_id=cause.entry_id,
        rule=decision.rule,
        source=cause.source,
        at=cause.at,
        received_at=cause.received_at,
        item9=None,
        cssrs=None,
        tier=(decision.tier or Tier.LOW).word,
        interrupts=False,
        about_id=None if decision.about is None else UUID(decision.about),
    )
