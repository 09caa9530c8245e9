"""Raise the alerts of what was decided about one entry: open, add to, or lower."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from services.alerts.chain import ChainOf
from services.alerts.opening import (
    NewOccurrence,
    OpenAlert,
    lower,
    open_alerts_of,
    open_or_add,
    with_outboxes,
)
from services.alerts.people import with_people
from services.patients.status.lock import LockedPatient
from services.rules.catalogue import CATALOGUE, ITEM9_HIGHEST, SUICIDE_RISK
from services.rules.danger.lowering import CssrsEntry, lower_all
from services.rules.danger.triage import EntryFacts
from services.rules.decision import Decision, Tier
from services.unit_of_work import Write

# Of rules that are not about danger, what fired them is the kind of the entry; forms are about
# worsening.
KINDS_AS_SOURCE: Final = frozenset({"side_effects", "vitals", "session", "unreadable"})


@dataclass(slots=True)
class AlertWrites:
    """What to write, whether a page was queued (then the workers are to be woken), and which alert
    of each family now has the occurrences.
    """

    writes: list[Write] = field(default_factory=list)
    pages: bool = False
    alert_ids: dict[str, UUID] = field(default_factory=dict)


def raise_alerts(
    session: Session,
    patient: LockedPatient,
    facts: EntryFacts,
    decisions: Iterable[Decision],
    entry_id: UUID,
    chain: ChainOf,
    now: datetime,
    reassuring: CssrsEntry | None = None,
) -> AlertWrites:
    """Open or add to the alert of every decision with a tier, and lower what a C-SSRS reassures.

    The status row is locked by the caller; alerts are locked here, after it.
    """
    found: dict[str, list[Decision]] = {} if reassuring is None else {SUICIDE_RISK: []}
    for decision in decisions:
        if decision.tier is not None:
            found.setdefault(CATALOGUE[decision.rule].family, []).append(decision)
    made = AlertWrites()
    if not found:
        return made
    question = open_alerts_of(patient.patient_id, sorted(found))
    chain.ask(question)
    open_alerts = with_outboxes(session, question.rows, now)
    for family, fired in found.items():
        open_alert = open_alerts.get(family)
        lowered = lowered_tiers(open_alert, reassuring if family == SUICIDE_RISK else None)
        if fired:
            added = [occurrence_of(decision, facts, entry_id) for decision in fired]
            owned = None if open_alert is None else open_alert.if_still_owned(added)
            opened = open_or_add(
                open_alert,
                added,
                patient_id=patient.patient_id,
                clinic_id=patient.clinic_id,
                family=family,
                rule_version=fired[0].rule_version,
                chain=with_people(session, chain(), patient, fired, owned),
                now=now,
                revision=patient.next_revision,
                lowered=lowered,
            )
            made.writes.extend(opened.writes)
            made.pages = made.pages or opened.pages
            made.alert_ids[family] = opened.alert_id
        elif open_alert is not None:
            made.writes.extend(lower(open_alert, lowered, now=now))
    return made


def occurrence_of(decision: Decision, facts: EntryFacts, entry_id: UUID | None) -> NewOccurrence:
    """What one fired decision adds to its alert."""
    tier, rule = decision.tier or Tier.LOW, CATALOGUE[decision.rule]
    of_its_kind = facts.kind if facts.kind in KINDS_AS_SOURCE else "worsening"
    interrupts = (rule.interrupts == "when critical" and tier is Tier.CRITICAL) or (
        rule.interrupts == "when item 9 is 3" and facts.item9_number == ITEM9_HIGHEST
    )
    return NewOccurrence(
        entry_id=entry_id,
        rule=decision.rule,
        source=rule.cause or of_its_kind,
        at=facts.recorded_at,
        received_at=facts.received_at,
        item9=facts.item9_number if rule.cause else None,
        cssrs=facts.cssrs if rule.cause else None,
        tier=tier,
        interrupts=interrupts,
        opens_only=rule.opens_only,
        about_id=None if decision.about is None else UUID(decision.about),
    )


def lowered_tiers(open_alert: OpenAlert | None, cssrs: CssrsEntry | None) -> dict[UUID, Tier]:
    """Which occurrences of the open alert the C-SSRS lowers, and to what."""
    if open_alert is None or cssrs is None:
        return {}
    before = open_alert.occurrences
    return {
        one.id: then.tier
        for one, then in zip(before, lower_all(before, cssrs), strict=True)
        if one.id is not None and then.tier != one.tier
    }
