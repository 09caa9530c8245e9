"""Which alerts an entry opens, adds to or re-tiers: from decisions to occurrences."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from services.alerts.chain import load_chain
from services.alerts.opening import (
    HeldOccurrence,
    NewOccurrence,
    OpenAlert,
    Opened,
    load_open_alert,
    lower,
    open_or_add,
)
from services.alerts.rule_alerts import Cause, rule_alerts
from services.intake.deciding.findings import Findings
from services.intake.deciding.verdict import Verdict
from services.one_statement import Write
from services.patients.status.lock import LockedPatient
from services.rules.catalogue import CATALOGUE, SUICIDE_RISK, UNREADABLE_RISK
from services.rules.danger.entry import EntryFacts
from services.rules.danger.lowering import CssrsEntry, Occurrence, lower_all
from services.rules.danger.numbers import RULES_VERSION
from services.rules.decision import Decision, Tier

INTERRUPTING_ITEM9: Final = 3


@dataclass(slots=True)
class Alarms:
    """What to write. `uncounted`: the rules raised, and the fallback found nothing."""

    writes: list[Write] = field(default_factory=list)
    pages: bool = False
    uncounted: bool = False

    def add(self, opened: Opened) -> None:
        """Collect what one alert writes."""
        self.writes.extend(opened.writes)
        self.pages = self.pages or opened.pages


def raise_alarms(
    session: Session,
    patient: LockedPatient,
    verdict: Verdict,
    findings: Findings,
    entry_id: UUID,
    now: datetime,
) -> Alarms:
    """Open or add to the patient's alerts, and re-tier what a trusted C-SSRS lowers.

    The status row is locked by the caller; alerts are locked here, after it.
    """
    failed = findings.failed or not verdict.by_rules
    silent = verdict.tier is None and not any(each.fired for each in findings.decisions)
    alarms = Alarms(uncounted=failed and silent)
    desk = _Desk(session, patient, now)
    new = [occurrence_of(decision, verdict, entry_id) for decision in verdict.fired]
    family = UNREADABLE_RISK if verdict.facts.kind == "unreadable" else SUICIDE_RISK
    cssrs = reassuring_cssrs(verdict)
    if new or cssrs is not None:
        desk.add(alarms, family, RULES_VERSION, new, cssrs)
    others = rule_alerts(session, patient, findings.decisions, _cause(verdict.facts, entry_id), now)
    alarms.writes.extend(others.writes)
    alarms.pages = alarms.pages or others.pages
    return alarms


def _cause(facts: EntryFacts, entry_id: UUID) -> Cause:
    source = "side_effects" if facts.kind == "side_effects" else "worsening"
    return Cause(entry_id, source, facts.recorded_at, facts.received_at)


@dataclass(frozen=True, slots=True)
class _Desk:
    session: Session
    patient: LockedPatient
    now: datetime

    def add(
        self,
        alarms: Alarms,
        family: str,
        rule_version: str,
        new: list[NewOccurrence],
        cssrs: CssrsEntry | None,
    ) -> None:
        open_alert = load_open_alert(self.session, self.patient.patient_id, family)
        relieved = relieved_tiers(open_alert, cssrs)
        if not new:
            if open_alert is not None:
                alarms.writes.extend(lower(open_alert, relieved, now=self.now))
            return
        opened = open_or_add(
            open_alert,
            new,
            patient_id=self.patient.patient_id,
            clinic_id=self.patient.clinic_id,
            family=family,
            rule_version=rule_version,
            chain=load_chain(self.session, self.patient.clinic_id),
            now=self.now,
            revision=self.patient.next_revision,
            lowered=relieved,
        )
        alarms.add(opened)


def occurrence_of(decision: Decision, verdict: Verdict, entry_id: UUID) -> NewOccurrence:
    """What one fired decision adds to its alert."""
    facts = verdict.facts
    rule, tier = CATALOGUE[decision.rule], decision.tier or Tier.LOW
    interrupts = {
        "never": False,
        "when critical": tier is Tier.CRITICAL,
        "when item 9 is 3": facts.item9_number == INTERRUPTING_ITEM9,
    }
    return NewOccurrence(
        entry_id=entry_id,
        rule=rule.id,
        source=rule.cause,
        at=facts.recorded_at,
        received_at=facts.received_at,
        item9=facts.item9_number,
        cssrs=facts.cssrs,
        tier=tier.word,
        interrupts=interrupts[rule.interrupts],
    )


def reassuring_cssrs(verdict: Verdict) -> CssrsEntry | None:
    """The entry as a C-SSRS that may lower older occurrences; none when it is no complete one."""
    facts = verdict.facts
    if not verdict.by_rules or facts.cssrs is None or not verdict.read.cssrs_complete:
        return None
    return CssrsEntry(
        level=facts.cssrs,
        complete=True,
        recorded_at=facts.recorded_at,
        received_at=facts.received_at,
        flags=facts.flags,
        amended=facts.kind == "amendment",
    )


def relieved_tiers(open_alert: OpenAlert | None, cssrs: CssrsEntry | None) -> dict[UUID, str]:
    """Which occurrences of the open alert the C-SSRS lowers, and to what."""
    if open_alert is None or cssrs is None:
        return {}
    held = open_alert.occurrences
    after = lower_all(map(_as_rules_see, held), cssrs)
    return {
        one.id: then.tier.word
        for one, then in zip(held, after, strict=True)
        if then.tier.word != one.tier
    }


def _as_rules_see(held: HeldOccurrence) -> Occurrence:
    return Occurrence(held.rule, Tier.from_word(held.tier), held.at, held.received_at)
