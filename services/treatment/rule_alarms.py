"""What rules found about a treatment becomes alerts, decisions and pages, inside the same write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert

from models import Decision
from models.base import new_id
from services.alerts.rule_alerts import Cause, rule_alerts
from services.alerts.writing import notify_statement
from services.intake.findings import stored
from services.rules.rule_decision import RuleDecision
from services.rules.tiers import Tier
from services.rules.triage import RULES_VERSION
from services.together import write_together
from services.treatment.once import Writing


def raise_rule_alarms(
    writing: Writing,
    decisions: Sequence[RuleDecision],
    entry_id: UUID,
    source: str,
    at: datetime,
) -> None:
    """Keep the decisions, yes and no alike, and open or add to the alerts of those that fired."""
    if not decisions:
        return
    cause = Cause(entry_id, source, at, writing.now)
    alarms = rule_alerts(writing.session, writing.patient, decisions, cause, writing.now)
    tiers = [Tier.from_word(each.severity) for each in decisions if each.severity]
    kept = insert(Decision).values(
        id=new_id(),
        entry_id=entry_id,
        rule_version=RULES_VERSION,
        by="rules",
        tier=max(tiers).word if tiers else None,
        decided=[stored(each) for each in decisions],
        decided_at=writing.now,
        **writing.stamp,
    )
    write_together(writing.session, [*alarms.writes, kept])
    if alarms.pages:
        writing.session.execute(notify_statement())
